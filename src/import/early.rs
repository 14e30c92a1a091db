//! Which variables the compiler must know: they become params. Legacy JSON has them only in names of builds and in keys; in HCL2
//! every variable is known before anything is built, and templates make use of it.
//!
//! It knows the draft and nothing of the schema: a value that only flows, into an option, a list or a text, may stay late.

use rustc_hash::FxHashSet;

use super::draft::{Draft, Entry, Kind, Name, Operator, Piece, Type, Value};

/// The names of the variables that must be known when the program is compiled; of some it is known already.
pub(super) fn early(draft: &Draft, known: &FxHashSet<String>) -> FxHashSet<String> {
    let mut walk = Walk { draft, variables: FxHashSet::default(), locals: FxHashSet::default() };
    for variable in &draft.variables {
        let null = variable.default.as_ref().is_some_and(|d| matches!(d.kind, Kind::Null));
        if null || !is_late(&variable.ty) || variable.default.as_ref().is_some_and(|d| !is_late_value(d)) {
            walk.must(&variable.name);
        }
    }
    known.iter().for_each(|name| walk.must(name));
    draft.builders.iter().filter_map(|b| b.said.as_ref()).for_each(|said| walk.value(said, true));
    let blocks = draft.builders.iter().map(|b| &b.block);
    let blocks = blocks.chain(&draft.provisioners).chain(&draft.cleanups).chain(draft.posts.iter().flatten());
    for entry in blocks.flat_map(|b| b.options.iter().chain(b.overrides.iter().flat_map(|(_, entries)| entries))) {
        walk.value(&entry.value, false);
    }
    draft.locals.iter().for_each(|local| walk.value(&local.value, false));
    walk.variables
}

/// Whether a variable of the type may be late: a scalar or a list of scalars.
fn is_late(ty: &Type) -> bool {
    match ty {
        Type::Map(_) | Type::Record(_) => false,
        Type::List(inner) => !matches!(**inner, Type::List(_) | Type::Map(_) | Type::Record(_)),
        Type::Any | Type::Text | Type::Number | Type::Bool | Type::OneOf(_) | Type::Matches(_) => true,
    }
}

fn is_late_value(value: &Value) -> bool {
    match &value.kind {
        Kind::Record(_) => false,
        Kind::List(values) => values.iter().all(|v| !matches!(v.kind, Kind::List(_) | Kind::Record(_))),
        _ => true,
    }
}

struct Walk<'d> {
    draft: &'d Draft,
    variables: FxHashSet<String>,
    /// Locals that must be known, all of which have been walked.
    locals: FxHashSet<&'d str>,
}

impl<'d> Walk<'d> {
    fn local(&self, name: &str) -> Option<&'d Entry> {
        self.draft.locals.iter().find(|local| local.key == name)
    }

    /// A variable must be known, and so must those in its default.
    fn must(&mut self, name: &str) {
        if self.variables.insert(name.to_owned())
            && let Some(variable) = self.draft.variables.iter().find(|v| v.name == name)
            && let Some(default) = &variable.default
        {
            self.value(default, true);
        }
    }

    /// `known`: the value stands where the compiler must know it.
    fn value(&mut self, value: &'d Value, known: bool) {
        match &value.kind {
            Kind::Name(Name::Variable(name)) => {
                if known {
                    self.must(name);
                }
            }
            Kind::Name(Name::Local(name)) => {
                if known
                    && let Some(local) = self.local(name)
                    && self.locals.insert(&local.key)
                {
                    self.value(&local.value, true);
                }
            }
            Kind::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value) = piece {
                        self.value(value, known);
                    }
                }
            }
            Kind::List(values) => values.iter().for_each(|v| self.value(v, known)),
            Kind::Record(entries) => entries.iter().for_each(|e| self.value(&e.value, known)),
            // What there is must be known, not what it holds.
            Kind::Spread(inner) => self.value(inner, known || matches!(inner.kind, Kind::Name(Name::Variable(_)))),
            Kind::Field(base, field) => self.selected(base, Some(field), known),
            Kind::Index(base, indices) => {
                indices.iter().for_each(|v| self.value(v, true));
                let key = match &indices[..] {
                    [one] => one.plain(),
                    _ => None,
                };
                self.selected(base, key, known);
            }
            Kind::Call(_, values) => values.iter().for_each(|v| self.value(v, true)),
            Kind::Not(inner) | Kind::Negative(inner) => self.value(inner, true),
            Kind::Operation(op, a, b) => {
                let known = known || *op != Operator::Else;
                self.value(a, known);
                self.value(b, known);
            }
            Kind::If(condition, a, b) => {
                self.value(condition, true);
                self.value(a, known);
                self.value(b, known);
            }
            Kind::Match(value, arms) => {
                self.value(value, true);
                for (patterns, value) in arms {
                    patterns.iter().for_each(|v| self.value(v, true));
                    self.value(value, known);
                }
            }
            Kind::For(each) => {
                self.value(&each.over, true);
                each.condition.iter().chain(&each.makes_key).for_each(|v| self.value(v, true));
                self.value(&each.makes, known);
            }
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Number(_) | Kind::Duration(_) | Kind::Size(_) => {}
            Kind::Name(Name::Bound(_)) => {}
        }
    }

    /// A part of a value: of a record that is written down, only the one that is meant.
    fn selected(&mut self, base: &'d Value, key: Option<&str>, known: bool) {
        if let (Some(key), Kind::Name(Name::Local(name))) = (key, &base.kind)
            && let Some(local) = self.local(name)
            && let Kind::Record(entries) = &local.value.kind
            && entries.iter().all(|e| !matches!(e.value.kind, Kind::Spread(_)))
            && let Some(entry) = entries.iter().find(|e| e.key == key)
        {
            return self.value(&entry.value, known);
        }
        self.value(base, true);
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::Variable;
    use super::*;
    use crate::text::{FileId, Span};

    const HERE: Span = Span { file: FileId(0), start: 0, end: 0 };

    fn value(kind: Kind) -> Value {
        Value::new(kind, HERE)
    }

    fn variable(name: &str, ty: Type, default: Option<Kind>) -> Variable {
        let default = default.map(value);
        Variable { name: name.into(), ty, default, sensitive: false, doc: Vec::new(), comments: Vec::new(), span: HERE }
    }

    fn name(name: &str) -> Value {
        value(Kind::Name(Name::Variable(name.into())))
    }

    fn local(key: &str, value: Value) -> Entry {
        Entry { key: key.into(), value, comments: Vec::new(), span: HERE }
    }

    #[test]
    fn what_only_flows_may_be_late() {
        let records = value(Kind::Record(vec![local("a", name("kept")), local("b", name("other"))]));
        let field = value(Kind::Field(value(Kind::Name(Name::Local("r".into()))).into(), "a".into()));
        let choice = value(Kind::If(name("decides").into(), name("flows").into(), field.into()));
        let draft = Draft {
            variables: vec![
                variable("decides", Type::Bool, None),
                variable("flows", Type::Text, None),
                variable("map", Type::Map(Type::Text.into()), None),
                variable("null", Type::Text, Some(Kind::Null)),
            ],
            locals: vec![local("r", records), local("c", choice)],
            ..Draft::default()
        };
        let found = |known: &[&str]| {
            let known = known.iter().map(|k| (*k).to_owned()).collect();
            let mut found: Vec<String> = early(&draft, &known).into_iter().collect();
            found.sort();
            found
        };
        assert_eq!(found(&[]), ["decides", "map", "null"]);
        assert_eq!(found(&["flows"]), ["decides", "flows", "map", "null"]);
    }
}

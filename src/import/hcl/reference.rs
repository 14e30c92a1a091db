//! References: variables, locals, what binds a name, and what only the run knows.

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};

use crate::import::draft::{Entry, For, Kind, Name, Piece, Value, Variable};
use crate::text::Span;

use super::defaults::is_default;
use super::module::Local;
use super::{Bound, Came, Place, Reader, Said, Where, Why};

/// How many locals may stand between one and what it is made of.
const DEEPEST: usize = 500;
/// How many parts the path to a value may have.
const LONGEST: usize = 64;

/// How it begins that a local has no value.
const NEEDS: &str = "it needs the local ";

type Operators<'a> = &'a [Decorated<TraversalOperator>];

impl<'a> Reader<'a> {
    pub(super) fn traversal(&mut self, traversal: &'a Traversal, span: Span, place: &Place<'a>) -> Said {
        let operators = &traversal.operators[..];
        let Expression::Variable(root) = &traversal.expr else {
            let base = self.value(&traversal.expr, place)?;
            return self.selected(base, operators, place, span);
        };
        let root = root.value().as_str();
        let fail = |why: String| Err(Why { why, span });
        if let Some(bound) = place.bound.iter().rev().find(|b| b.name == root) {
            if let (Some((key, value)), Some(part)) = (&bound.known, operators.first().and_then(|o| name_of(o.value())))
            {
                let base = if part == "key" { key.clone() } else { value.clone() };
                return self.selected(base, &operators[1..], place, span);
            }
            if let Some(value) = &bound.stands {
                return self.selected((**value).clone(), operators, place, span);
            }
            let (name, rest) = if bound.iterator {
                match operators.first().map(|o| name_of(o.value())) {
                    Some(Some("key")) => (bound.key.clone(), &operators[1..]),
                    Some(Some("value")) => (bound.value.clone(), &operators[1..]),
                    _ => return fail(format!("`{root}` has a `key` and a `value`, and nothing else")),
                }
            } else {
                (bound.value.clone(), operators)
            };
            let base = Value::bound(name.unwrap_or_default(), span);
            return self.selected(base, rest, place, span);
        }
        let first = operators.first().and_then(|o| name_of(o.value()));
        let Some(first) = first else {
            return fail(format!("`{root}` is nothing that Packer knows"));
        };
        let rest = operators.get(1..).unwrap_or_default();
        let action = |action: String| Ok(Value::new(Kind::Text(vec![Piece::Action(action)]), span));
        match root {
            "var" => {
                let base = self.variable(first, span, place)?;
                self.selected(base, rest, place, span)
            }
            "local" => {
                let base = self.local(first, span, place)?;
                self.selected(base, rest, place, span)
            }
            "data" => {
                let mut names = operators.iter().map(|o| name_of(o.value()));
                match (names.next().flatten(), names.next().flatten(), names.next()) {
                    (Some(kind), Some(label), field) => {
                        let field = field.flatten().unwrap_or("value");
                        let rest = operators.get(3..).unwrap_or_default();
                        self.data_value((kind, label, field), rest, place, span)
                    }
                    _ => fail("a data source is named by its kind and its label".to_owned()),
                }
            }
            "path" if first == "root" => action("{{template_dir}}".into()),
            "path" if first == "cwd" => action("{{pwd}}".into()),
            "packer" if first == "version" => action("{{packer_version}}".into()),
            "source" if first == "type" => action("{{build_type}}".into()),
            "source" if first == "name" => match (&place.called, place.at) {
                (Some(name), _) => Ok(Value::text(name.as_str(), span)),
                (None, Where::Step(false)) => fail(
                    "`source.name` is not the name of every build that comes here; two sources of one name have longer names".to_owned(),
                ),
                _ => action("{{build_name}}".into()),
            },
            "build" if first == "name" => match &place.build {
                Some(name) => Ok(Value::text(name.as_str(), span)),
                // What `packer hcl2_upgrade` once made of `{{build_name}}`.
                None => action("{{build_name}}".into()),
            },
            "build" => action(format!("{{{{build `{first}`}}}}")),
            _ => fail(format!("`{root}` is nothing that Packer knows")),
        }
    }

    /// A name that stands alone.
    pub(super) fn word(&mut self, word: &str, span: Span, place: &Place<'a>) -> Said {
        match place.bound.iter().rev().find(|b| b.name == word && !b.iterator) {
            Some(Bound { stands: Some(value), .. }) => Ok((**value).clone()),
            Some(bound) => Ok(Value::bound(bound.value.clone().unwrap_or_default(), span)),
            None => Err(Why { why: format!("`{word}` is no value; a text stands in quotes"), span }),
        }
    }

    fn variable(&mut self, name: &str, span: Span, place: &Place<'a>) -> Said {
        if place.at == Where::Default {
            let why = "the default of a variable cannot be made of others; Packer says so too".to_owned();
            return Err(Why { why, span });
        }
        // One that is declared nowhere is told of by the back half.
        Ok(Value::new(Kind::Name(Name::Variable(name.to_owned())), span))
    }

    fn local(&mut self, name: &str, span: Span, place: &Place<'a>) -> Said {
        if place.at == Where::Default {
            let why = "the default of a variable cannot be made of locals; Packer says so too".to_owned();
            return Err(Why { why, span });
        }
        self.read_local(name);
        match self.locals.get(name) {
            // It became a variable.
            Some(Came::Value(Value { kind: Kind::Name(Name::Variable(other)), .. }))
                if self.stands_for(name, other) =>
            {
                Ok(Value::new(Kind::Name(Name::Variable(other.clone())), span))
            }
            // `local.region = var.region` is the variable by another name that would be the same.
            Some(Came::Value(Value { kind: Kind::Name(Name::Variable(other)), .. })) if name == other => {
                Ok(Value::new(Kind::Name(Name::Variable(other.clone())), span))
            }
            Some(Came::Value(_)) => Ok(Value::new(Kind::Name(Name::Local(name.to_owned())), span)),
            // The first reason is the one to be mended.
            Some(Came::Nothing(why)) if why.starts_with(NEEDS) => Err(Why { why: why.clone(), span }),
            Some(Came::Nothing(why)) => Err(Why { why: format!("{NEEDS}`{name}`: {why}"), span }),
            Some(Came::Busy) => Err(Why { why: format!("the local `{name}` needs itself"), span }),
            None => {
                let why = "no file that was read declares it; it became a variable that must be set";
                let key = format!("local.{name}");
                if !self.made.iter().any(|(made, _)| *made == key) {
                    self.lose(format!("the local `{name}`"), why, span);
                }
                Ok(self.stand_in(&key, name, None, false, span))
            }
        }
    }

    fn stands_for(&self, local: &str, variable: &str) -> bool {
        self.made.iter().any(|(key, name)| name == variable && key.strip_prefix("local.") == Some(local))
    }

    /// A variable that stands for something, made once.
    pub(super) fn stand_in(
        &mut self,
        key: &str,
        name: &str,
        default: Option<Value>,
        sensitive: bool,
        span: Span,
    ) -> Value {
        let found = self.made.iter().find(|(made, _)| made == key).map(|(_, name)| name.clone());
        let name = found.unwrap_or_else(|| {
            let mut fresh = name.to_owned();
            let own = key.strip_prefix("local.") == Some(name);
            while self.variables.contains_key(&fresh) || !own && self.is_taken(&fresh.replace('-', "_")) {
                fresh.push('_');
            }
            self.made.push((key.to_owned(), fresh.clone()));
            self.declare(Variable { default, sensitive, ..Variable::unsaid(fresh.clone(), span) });
            fresh
        });
        Value::new(Kind::Name(Name::Variable(name)), span)
    }

    /// What operators take out of a value.
    pub(super) fn selected(&mut self, base: Value, operators: Operators<'a>, place: &Place<'a>, span: Span) -> Said {
        let mut base = base;
        if operators.len() > LONGEST {
            return Err(Why { why: format!("it has more than {LONGEST} parts"), span });
        }
        for (i, operator) in operators.iter().enumerate() {
            let rest = operators.get(i + 1..).unwrap_or_default();
            base = match operator.value() {
                TraversalOperator::GetAttr(name) => self.member(base, name.value().as_str(), span)?,
                TraversalOperator::Index(index) => {
                    let index = self.value(index, place)?;
                    self.known(&index)?;
                    self.known_selection(&base)?;
                    Value::new(Kind::Index(base.into(), vec![index]), span)
                }
                TraversalOperator::LegacyIndex(index) => {
                    let index = Value::new(Kind::Int(i64::try_from(*index.value()).unwrap_or(i64::MAX)), span);
                    Value::new(Kind::Index(base.into(), vec![index]), span)
                }
                TraversalOperator::FullSplat(_) => return self.splat(base, rest, &[], place, span),
                TraversalOperator::AttrSplat(_) => {
                    let attributes = rest.iter().take_while(|o| matches!(o.value(), TraversalOperator::GetAttr(_)));
                    let (each, then) = rest.split_at(attributes.count());
                    return self.splat(base, each, then, place, span);
                }
            };
        }
        Ok(base)
    }

    fn member(&mut self, base: Value, name: &str, span: Span) -> Said {
        self.known_selection(&base)?;
        let identifier = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        Ok(if identifier {
            Value::new(Kind::Field(base.into(), name.to_owned()), span)
        } else {
            Value::new(Kind::Index(base.into(), vec![Value::text(name, span)]), span)
        })
    }

    /// A record may hold what only the run knows; a text that only the run knows has no parts.
    fn known_selection(&self, base: &Value) -> Result<(), Why> {
        match self.followed(base).kind {
            Kind::Text(_) => self.known(base),
            _ => Ok(()),
        }
    }

    fn splat(&mut self, base: Value, each: Operators<'a>, then: Operators<'a>, place: &Place<'a>, span: Span) -> Said {
        self.known(&base)?;
        let mut inner = place.clone();
        let name = self.bind(&mut inner, "each", Some(&base));
        let makes = self.selected(Value::bound(name.clone(), span), each, &inner, span)?;
        let made = For { key: None, value: name, over: base, condition: None, makes_key: None, makes };
        let list = Value::new(Kind::For(Box::new(made)), span);
        self.selected(list, then, place, span)
    }

    /// Reads a local, once.
    pub(super) fn read_local(&mut self, name: &str) {
        if self.locals.contains_key(name) {
            return;
        }
        let Some(local) = self.module.locals.get(name).cloned() else { return };
        self.locals.insert(name.to_owned(), Came::Busy);
        let outer = std::mem::take(&mut self.comments);
        let place = Place::new(local.file, Where::Local);
        let lenient = std::mem::replace(&mut self.lenient, false);
        let said = if self.reading.len() < DEEPEST {
            self.reading.push(name.to_owned());
            let said = self.value(local.expression, &place);
            self.reading.pop();
            said
        } else {
            Err(Why { why: format!("more than {DEEPEST} locals need each other"), span: local.span })
        };
        let within = std::mem::replace(&mut self.comments, outer);
        let mut comments = local.comments.clone();
        let came = match said.and_then(|value| self.kept_secret(name, &local, value)) {
            Ok(value) => {
                comments.extend(within);
                self.read(name, value, comments, local.span)
            }
            Err(why) => self.unsaid_local(name, comments, why, local.span, local.file),
        };
        self.lenient = lenient;
        self.locals.insert(name.to_owned(), came);
    }

    /// Takes a local that was read into the draft.
    fn read(&mut self, name: &str, value: Value, comments: Vec<String>, span: Span) -> Came {
        if let Some(why) = self.only_at_run(&value) {
            self.late.insert(name.to_owned(), why);
        }
        if self.holds_secret(&value) {
            self.secret_locals.insert(name.to_owned());
        }
        let made =
            matches!(&value.kind, Kind::Name(Name::Variable(other)) if other == name || self.stands_for(name, other));
        if !made {
            self.draft.locals.push(Entry { key: name.to_owned(), value: value.clone(), comments, span });
        }
        Came::Value(value)
    }

    /// A local that nobody may see: a secret, unless what it is made of is one already.
    fn kept_secret(&mut self, name: &str, local: &Local<'a>, value: Value) -> Said {
        if !local.sensitive || self.holds_secret(&value) {
            return Ok(value);
        }
        if is_default(&value) {
            return Ok(self.stand_in(&format!("local.{name}"), name, Some(value), true, local.span));
        }
        let why = "only texts can be secrets; this is shown wherever it goes";
        self.lose(format!("`sensitive` of the local `{name}`"), why, local.span);
        Ok(value)
    }
}

/// The name that an operator takes, `.name` or `["name"]`.
pub(super) fn name_of(operator: &TraversalOperator) -> Option<&str> {
    match operator {
        TraversalOperator::GetAttr(name) => Some(name.value().as_str()),
        TraversalOperator::Index(Expression::String(name)) => Some(name.value()),
        _ => None,
    }
}

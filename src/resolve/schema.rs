//! The kinds of a resolved program as the plain data of [`schema`](crate::schema): for those who write plans, and for `doc`.
//!
//! It knows how kinds are declared; what becomes of the data is its readers' matter.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::fact::FactName;
use super::hir::{Declared, Expr, ExprKind, Fact, FactArg, Ident, Kind, Program, Require, TextPart};
use super::walk::each_local;
use crate::load::prelude;
use crate::schema::{self, Category, Kinds, Rule};
use crate::syntax::ast::ExternKind;
use crate::text::{Sources, Span};
use crate::ty::Ty;

/// The kinds of a program, as those need them who write plans: without what only documentation tells.
pub fn kinds(program: &Program, sources: &Sources) -> Kinds {
    each(program, |kind| plain(program, sources, kind))
}

/// The kinds of a program with all that there is to tell of them.
pub fn documented(program: &Program, sources: &Sources) -> Kinds {
    each(program, |kind| told(program, sources, kind))
}

fn each(program: &Program, make: impl Fn(&Kind) -> schema::Kind) -> Kinds {
    program.kinds.values().map(|kind| ((category(kind.category), kind.name.name.clone()), make(kind))).collect()
}

fn category(external: ExternKind) -> Category {
    match external {
        ExternKind::Builder => Category::Builder,
        ExternKind::Post => Category::Post,
        ExternKind::Provisioner | ExternKind::Options => Category::Provisioner,
    }
}

fn plain(program: &Program, sources: &Sources, kind: &Kind) -> schema::Kind {
    let declared = &program.records[kind.record];
    schema::Kind {
        name: kind.name.name.clone(),
        doc: kind.doc.clone(),
        file: (!kind.prelude).then(|| sources.get(kind.name.span.file).path().as_ref().into()),
        options: declared.fields.clone(),
        emit_only: declared.facts_of(FactName::EmitOnly).next().is_some(),
        ..schema::Kind::default()
    }
}

/// With the sets of options that it takes over, and what must hold.
fn told(program: &Program, sources: &Sources, kind: &Kind) -> schema::Kind {
    let declared = &program.records[kind.record];
    let home = |at: Span| kind.sets.iter().position(|s| s.span.file == at.file && s.span.overlaps(at));
    let mut record_rules = BTreeMap::new();
    for field in declared.fields.values() {
        rules_of_records(program, sources, &field.ty, &mut record_rules);
    }
    let set = |set: &super::hir::OptionSet| {
        let source = sources.get(set.span.file);
        let file = source.path().strip_prefix(prelude::FOLDER).filter(|_| set.span.file.is_builtin());
        let file = file.unwrap_or(source.path()).into();
        schema::OptionSet { name: set.name.name.clone(), file, doc: set.doc.clone() }
    };
    schema::Kind {
        homes: declared.fields.values().map(|f| home(f.span)).collect(),
        sets: kind.sets.iter().map(set).collect(),
        rules: rules(sources, declared, &home),
        record_rules,
        ..plain(program, sources, kind)
    }
}

/// The rules of the record types that a type is made of.
fn rules_of_records(program: &Program, sources: &Sources, ty: &Ty, found: &mut BTreeMap<u32, Vec<Rule>>) {
    match ty {
        Ty::Named(named) => rules_of_records(program, sources, &named.ty, found),
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => {
            rules_of_records(program, sources, inner, found);
        }
        Ty::Union(members) => members.iter().for_each(|m| rules_of_records(program, sources, m, found)),
        Ty::Record(record) => {
            if let Some(index) = record.declared {
                if found.contains_key(&index) {
                    return;
                }
                let rules = program.records.get(index as usize).map(|d| rules(sources, d, &|_| None));
                found.insert(index, rules.unwrap_or_default());
            }
            record.fields.values().for_each(|f| rules_of_records(program, sources, &f.ty, found));
        }
        _ => {}
    }
}

/// What must hold: the rules as written, the questions to EC2's facts and what must be unique, in words.
fn rules(sources: &Sources, declared: &Declared, home: &dyn Fn(Span) -> Option<usize>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for rule in &declared.rules {
        let message = message(sources, &rule.message);
        rules.push(Rule { message, about: about(declared, rule), home: home(rule.span) });
    }
    for fact in &declared.facts {
        let Some(message) = fact_words(declared, fact) else { continue };
        let options = fact.args.iter().filter_map(|a| option_name(declared, a)).collect();
        rules.push(Rule { message, about: options, home: home(fact.span) });
    }
    for unique in &declared.uniques {
        let name = |index: usize| declared.fields.get_index(index).map(|(n, _)| n.clone()).unwrap_or_default();
        let option = name(unique.option);
        let per: Vec<String> = unique.per.iter().map(|p| format!("`{}`", name(*p))).collect();
        let place = if per.is_empty() { String::new() } else { format!(" of one {}", per.join(" and ")) };
        let message = format!("two builds{place} share their `{option}`").into();
        rules.push(Rule { message, about: vec![option], home: None });
    }
    rules
}

/// The options at which a rule is shown, then the others that it reads.
fn about(declared: &Declared, rule: &Require) -> Vec<SmolStr> {
    let mut names: Vec<SmolStr> = rule.at.iter().map(|i: &Ident| i.name.clone()).collect();
    each_local(&rule.condition, &mut |local| {
        if let Some((name, _)) = declared.fields.get_index(local as usize)
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    });
    names
}

/// A message with its `${…}` as they are written.
fn message(sources: &Sources, message: &Expr) -> SmolStr {
    let ExprKind::Text(text) = &message.kind else { return sources.slice(message.span).into() };
    let part = |part: &TextPart| match part {
        TextPart::Chars(chars) => chars.to_string(),
        TextPart::Action(action) => action.source.to_string(),
        TextPart::Value(value) => format!("${{{}}}", sources.slice(value.span)),
    };
    text.parts.iter().map(part).collect::<String>().into()
}

fn option_name(declared: &Declared, arg: &FactArg) -> Option<SmolStr> {
    match arg {
        FactArg::Option(index) => declared.fields.get_index(*index).map(|(n, _)| n.clone()),
        FactArg::Text(_) => None,
    }
}

/// What is said when EC2's facts deny what a question demands; `None` where it only says what an option means.
fn fact_words(declared: &Declared, fact: &Fact) -> Option<SmolStr> {
    let words = |arg: &FactArg| match arg {
        FactArg::Text(text) => text.clone(),
        option => option_name(declared, option).unwrap_or_default(),
    };
    let args: Vec<SmolStr> = fact.args.iter().map(words).collect();
    let [first, rest @ ..] = &args[..] else { return None };
    let second = rest.first().map_or("", SmolStr::as_str);
    let third = rest.get(1).map_or("", SmolStr::as_str);
    Some(
        match fact.name {
            FactName::Boots => format!("EC2 boots no image of this `{second}` on this `{first}`"),
            FactName::Builds => format!("this `{first}` does not run images of this `{second}`"),
            FactName::Offered => format!("EC2 does not offer this `{first}` in this `{second}`"),
            FactName::RootDevice => format!("EC2 gives this `{first}` no root device of the kind `{second}`"),
            FactName::Architecture => format!("this `{first}` is of another `{second}`"),
            FactName::Enclave => format!("this `{first}` runs no Nitro Enclaves, which `{second}` asks for"),
            FactName::Remote => format!("`{first}` does not exist on this machine (where `{second}` is not `{third}`)"),
            FactName::Later => {
                format!("`{first}` does not exist when the plan is made (where `{second}` is not `{third}`)")
            }
            FactName::PrivateKey => format!("`{first}` holds no private key"),
            FactName::File => format!("`{first}` is a folder"),
            FactName::Folder => format!("`{first}` is a file"),
            FactName::Ami | FactName::NoAmi | FactName::Placed | FactName::Copied | FactName::EmitOnly => return None,
            FactName::Holds => format!("`{first}` lacks `{second}`"),
            FactName::OnePartition => format!("`{second}` holds a region of another partition than `{first}`"),
            FactName::Unconnected | FactName::Connects | FactName::Takes | FactName::TakesAny | FactName::Passes => {
                return None;
            }
        }
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Problems;
    use crate::load::{Memory, load};

    fn of(source: &str) -> Kinds {
        let mut problems = Problems::new();
        let loaded = load(&Memory::of([("x.bake", source)]), "x.bake", &mut problems);
        let program = crate::resolve::resolve(&loaded, &mut problems);
        assert!(!problems.has_errors());
        documented(&program, &loaded.sources)
    }

    #[test]
    fn options_and_rules_know_the_set_that_declares_them() {
        let kinds = of("/// Place of it.\nextern options place { a: int? \n rule a != 1, \"not `${a}`\" at a }\n\
             extern builder k { ...place \n b: { c: int? \n rule c != a(c), \"c\" }? \n rule b == null, \"no b\" }\n\
             fn a(x: int?) -> int? = x");
        let kind = &kinds[0];
        assert_eq!((kind.home(0), kind.home(1)), (Some(0), None));
        assert_eq!((kind.sets[0].name.as_str(), kind.sets[0].doc.as_str()), ("place", "Place of it."));
        let rules: Vec<(&str, Vec<SmolStr>, Option<usize>)> =
            kind.rules.iter().map(|r| (r.message.as_str(), r.about.clone(), r.home)).collect();
        assert_eq!(rules, [("not `${a}`", vec!["a".into()], Some(0)), ("no b", vec!["b".into()], None)]);
        assert_eq!(kind.record_rules.values().flatten().map(|r| r.message.as_str()).collect::<Vec<_>>(), ["c"]);
    }
}

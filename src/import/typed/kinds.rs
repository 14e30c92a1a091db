//! Kinds that the schema lacks, declared from what the template says of them.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::import::draft::{Block, Draft, Entry, Kind, Name, Operator, Piece, Type, Value};
use crate::schema::{Category, Kinds};
use crate::template::{OperandKind, Piece as Part, parse};

/// The declaration of a kind.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct Extern {
    pub(in crate::import) category: Category,
    pub(in crate::import) kind: String,
    /// Options with their types as the language writes them.
    pub(in crate::import) options: Vec<(String, String)>,
}

/// What is known of a value's type.
#[derive(Clone, Debug, PartialEq)]
enum Sort {
    /// Nothing: an empty list or a null.
    Nothing,
    Bool,
    Int,
    Number,
    /// With the run-time fields that it uses.
    Text(BTreeSet<String>),
    List(Box<Sort>),
    Record(IndexMap<String, (Sort, bool)>),
    /// Values that agree in nothing.
    Any(Vec<Sort>),
}

/// Declarations of the kinds that a draft uses and the schema lacks.
pub(super) fn missing(draft: &Draft, kinds: &Kinds) -> Vec<Extern> {
    let mut found: IndexMap<(Category, String), Vec<&Block>> = IndexMap::new();
    let builders = draft.builders.iter().map(|b| (Category::Builder, &b.block));
    let steps = draft.provisioners.iter().chain(&draft.cleanups).map(|s| (Category::Provisioner, s));
    let posts = draft.posts.iter().flatten().map(|s| (Category::Post, s));
    for (category, block) in builders.chain(steps).chain(posts) {
        if !kinds.contains_key(&(category, block.kind.as_str().into())) {
            found.entry((category, block.kind.clone())).or_default().push(block);
        }
    }
    let declare = |((category, kind), blocks): ((Category, String), Vec<&Block>)| {
        let mut all: Option<IndexMap<String, (Sort, bool)>> = None;
        for block in blocks {
            let own = members(&block.options, draft);
            all = Some(match all {
                None => own,
                Some(all) => both(all, own),
            });
            for (_, entries) in &block.overrides {
                let own = members(entries, draft).into_iter().map(|(k, (s, _))| (k, (s, true))).collect();
                all = all.map(|all| both(all.clone(), own).into_iter().map(|(k, v)| keep(&all, k, v)).collect());
            }
        }
        let options = all.unwrap_or_default().into_iter().map(|(name, (sort, optional))| {
            let mark = if optional { "?" } else { "" };
            (name, format!("{}{mark}", sort.word(optional)))
        });
        Extern { category, kind, options: options.collect() }
    };
    found.into_iter().map(declare).collect()
}

/// An override adds options; it does not make those optional that it leaves alone.
fn keep(
    before: &IndexMap<String, (Sort, bool)>,
    key: String,
    (sort, optional): (Sort, bool),
) -> (String, (Sort, bool)) {
    let optional = before.get(&key).map_or(optional, |(_, before)| *before);
    (key, (sort, optional))
}

fn members(entries: &[Entry], draft: &Draft) -> IndexMap<String, (Sort, bool)> {
    let mut members = IndexMap::new();
    for entry in entries.iter().filter(|e| e.value.kind != Kind::Null) {
        match (&entry.value.kind, sort(&entry.value, draft)) {
            (Kind::Spread(_), Sort::Record(spread)) => members.extend(spread),
            (_, sort) => drop(members.insert(entry.key.clone(), (sort, false))),
        }
    }
    members
}

fn sort(value: &Value, draft: &Draft) -> Sort {
    match &value.kind {
        Kind::Null => Sort::Nothing,
        Kind::Bool(_) => Sort::Bool,
        Kind::Int(_) => Sort::Int,
        Kind::Number(_) => Sort::Number,
        Kind::List(values) => Sort::List(Box::new(values.iter().map(|v| sort(v, draft)).fold(Sort::Nothing, join))),
        Kind::Record(entries) => Sort::Record(members(entries, draft)),
        Kind::If(_, a, b) | Kind::Operation(Operator::Else, a, b) => join(sort(a, draft), sort(b, draft)),
        // A list that is spread within another one.
        Kind::Spread(inner) => match sort(inner, draft) {
            Sort::List(inner) => *inner,
            other => other,
        },
        Kind::For(each) if each.makes_key.is_none() => Sort::List(Box::new(sort(&each.makes, draft))),
        Kind::For(each) => Sort::Record([(String::new(), (sort(&each.makes, draft), true))].into()),
        // Locals that need each other have been refused.
        Kind::Name(Name::Local(name)) => match draft.locals.iter().find(|local| local.key == *name) {
            Some(local) => sort(&local.value, draft),
            None => Sort::Text(BTreeSet::new()),
        },
        Kind::Name(Name::Variable(name)) => match draft.variables.iter().find(|v| v.name == *name).map(|v| &v.ty) {
            Some(Type::List(_)) => Sort::List(Box::new(Sort::Text(BTreeSet::new()))),
            Some(Type::Map(_)) => Sort::Record([(String::new(), (Sort::Text(BTreeSet::new()), true))].into()),
            _ => Sort::Text(BTreeSet::new()),
        },
        Kind::Not(_) => Sort::Bool,
        _ => Sort::Text(fields(value, &draft.locals)),
    }
}

/// Whether texts in a value read run-time fields.
pub(super) fn has_fields(value: &Value) -> bool {
    !fields(value, &[]).is_empty()
}

/// The run-time fields that a text uses, also by the values that stand in it.
fn fields(value: &Value, locals: &[Entry]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut see = |source: &str| {
        for part in parse(source).pieces {
            if let Part::Action { action, .. } = &part
                && let Some(pipeline) = action.pipeline()
            {
                pipeline.each_operand(&mut |operand| {
                    if let OperandKind::Field(path) = &operand.kind {
                        found.extend(path.first().cloned());
                    }
                });
            }
        }
    };
    let mut waiting: Vec<String> = Vec::new();
    let mut done: Vec<String> = Vec::new();
    let mut walk = |value: &Value, waiting: &mut Vec<String>| {
        value.each(&mut |value| match &value.kind {
            Kind::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Action(source) = piece {
                    see(source);
                }
            }),
            Kind::Name(Name::Local(name)) => waiting.push(name.clone()),
            _ => {}
        });
    };
    walk(value, &mut waiting);
    while let Some(name) = waiting.pop() {
        if done.contains(&name) {
            continue;
        }
        if let Some(local) = locals.iter().find(|l| l.key == name) {
            walk(&local.value, &mut waiting);
        }
        done.push(name);
    }
    found
}

/// What holds both.
fn join(a: Sort, b: Sort) -> Sort {
    match (a, b) {
        (a, b) if a == b => a,
        (Sort::Nothing, other) | (other, Sort::Nothing) => other,
        (Sort::Int, Sort::Number) | (Sort::Number, Sort::Int) => Sort::Number,
        (Sort::Text(a), Sort::Text(b)) => Sort::Text(a.union(&b).cloned().collect()),
        // Such texts stand in no union; other scalars are written as texts there.
        (Sort::Text(fields), Sort::Bool | Sort::Int | Sort::Number)
        | (Sort::Bool | Sort::Int | Sort::Number, Sort::Text(fields))
            if !fields.is_empty() =>
        {
            Sort::Text(fields)
        }
        (Sort::List(a), Sort::List(b)) => Sort::List(Box::new(join(*a, *b))),
        (Sort::Record(a), Sort::Record(b)) => Sort::Record(both(a, b)),
        (Sort::Any(mut all), other) | (other, Sort::Any(mut all)) => {
            if !all.contains(&other) {
                all.push(other);
            }
            Sort::Any(all)
        }
        (a, b) => Sort::Any(vec![a, b]),
    }
}

/// The members of either; those that one lacks may be absent.
fn both(a: IndexMap<String, (Sort, bool)>, mut b: IndexMap<String, (Sort, bool)>) -> IndexMap<String, (Sort, bool)> {
    let mut all = IndexMap::new();
    for (name, (sort, optional)) in a {
        let member = match b.shift_remove(&name) {
            Some((other, absent)) => (join(sort, other), optional || absent),
            None => (sort, true),
        };
        all.insert(name, member);
    }
    all.extend(b.into_iter().map(|(name, (sort, _))| (name, (sort, true))));
    all
}

impl Sort {
    fn word(&self, tight: bool) -> String {
        match self {
            Sort::Text(fields) if !fields.is_empty() => {
                let fields: Vec<String> = fields.iter().map(|field| format!(".{field}")).collect();
                format!("template<{}>", fields.join(", "))
            }
            Sort::Nothing | Sort::Text(_) => "string".into(),
            Sort::Bool => "bool".into(),
            Sort::Int => "int".into(),
            Sort::Number => "number".into(),
            Sort::List(inner) => format!("[{}]", inner.word(false)),
            Sort::Record(members) => match Self::map(members) {
                Some(inner) => format!("map<{inner}>"),
                None => {
                    let members: Vec<String> = members
                        .iter()
                        .map(|(name, (sort, optional))| {
                            let mark = if *optional { "?" } else { "" };
                            format!("{}: {}{mark}", key(name), sort.word(*optional))
                        })
                        .collect();
                    format!("{{ {} }}", members.join(", "))
                }
            },
            Sort::Any(all) => {
                let words = all.iter().map(|s| s.word(false)).collect::<Vec<_>>().join(" | ");
                if tight { format!("({words})") } else { words }
            }
        }
    }

    /// The type of a map's values, where all members are of one sort that is said in a word.
    fn map(members: &IndexMap<String, (Sort, bool)>) -> Option<String> {
        // A key that is worked out belongs to a map, whatever its values are.
        let worked_out = members.contains_key("");
        let mut values = members.values().map(|(sort, _)| sort.clone());
        let Some(first) = values.next() else { return Some("string".into()) };
        match values.fold(first, join) {
            Sort::List(_) | Sort::Record(_) | Sort::Any(_) if !worked_out => None,
            simple => Some(simple.word(false)),
        }
    }
}

/// A member's name as a declaration writes it.
fn key(name: &str) -> String {
    crate::import::write::key(name)
}

//! Kinds, options and types as they are shown: the schema's data in words. It is also the form of the JSON.

use serde::{Serialize, Serializer};
use smol_str::SmolStr;

use super::example::example;
use crate::schema::{Category, Kind};
use crate::ty::{Encoding, Field, Literal, Named, Record, Ty};

/// A kind of builder, provisioner or post-processor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindDoc {
    /// What it is a kind of.
    #[serde(serialize_with = "word")]
    pub category: Category,
    /// Its name.
    pub name: SmolStr,
    /// Documentation.
    pub doc: SmolStr,
    /// The user's file that declares it; absent for a kind that bakec knows itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<SmolStr>,
    /// Sets of options that it shares with other kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<SetDoc>,
    /// Its options in the order of their declaration.
    pub options: Vec<OptionDoc>,
    /// What must hold of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDoc>,
    /// The named types of its options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TypeDoc>,
}

/// A set of options that kinds share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetDoc {
    /// Its name.
    pub name: SmolStr,
    /// The file that declares it.
    pub file: SmolStr,
    /// Documentation.
    pub doc: SmolStr,
}

/// An option, or a member of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptionDoc {
    /// Its name.
    pub name: SmolStr,
    /// Its type, as the language writes it.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is where it is not given, as the schema writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<SmolStr>,
    /// Documentation.
    pub doc: SmolStr,
    /// The set that declares it, an index into [`KindDoc::sets`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<usize>,
    /// The first version of Packer that knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SmolStr>,
    /// Names that it had before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<SmolStr>,
    /// What to use instead, where it is deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<SmolStr>,
    /// What to write instead, where bakec refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<SmolStr>,
    /// Its shape in Packer's JSON, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packer: Option<&'static str>,
    /// The values that it may have, as the language writes them, where they can be counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Run-time fields that its text may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<SmolStr>,
    /// The name of the record type whose members these are, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<SmolStr>,
    /// Members of its records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<OptionDoc>,
    /// What must hold of the members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub member_rules: Vec<RuleDoc>,
    /// What must hold of it together with others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<SmolStr>,
    /// A line that sets it.
    pub example: String,
    /// The named types that it is made of, its members' among them.
    #[serde(skip)]
    pub names: Vec<SmolStr>,
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleDoc {
    /// What is said where it does not.
    pub message: SmolStr,
    /// The options that it is about, the first one to blame first.
    pub options: Vec<SmolStr>,
    /// The set that declares it, an index into [`KindDoc::sets`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<usize>,
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeDoc {
    /// Its name.
    pub name: SmolStr,
    /// What it stands for.
    #[serde(rename = "type")]
    pub ty: String,
    /// Documentation.
    pub doc: SmolStr,
    /// The values that it has, where they can be counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Run-time fields that its text may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<SmolStr>,
    /// Members of its records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<OptionDoc>,
    /// What must hold of the members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub member_rules: Vec<RuleDoc>,
}

impl KindDoc {
    /// Where the user declares it, in words.
    pub(super) fn declared_in(&self) -> Option<&str> {
        self.file.as_deref().map(|file| if file == "-" { "standard input" } else { file })
    }
}

impl OptionDoc {
    /// `type = default`, with a `?` where it may be left out.
    pub fn value(&self) -> String {
        match &self.default {
            Some(default) => format!("{} = {default}", self.ty),
            None => self.ty.clone(),
        }
    }

    /// Whether somebody may write it.
    pub fn is_open(&self) -> bool {
        self.refused.is_none()
    }
}

/// A kind as it is shown.
pub fn kind(category: Category, kind: &Kind) -> KindDoc {
    let rules: Vec<RuleDoc> = kind
        .rules
        .iter()
        .map(|r| RuleDoc { message: r.message.clone(), options: r.about.clone(), set: r.home })
        .collect();
    let options = kind.options.iter().enumerate().map(|(index, (name, field))| {
        let about = |r: &&RuleDoc| r.options.contains(name);
        OptionDoc {
            set: kind.home(index),
            rules: rules.iter().filter(about).map(|r| r.message.clone()).collect(),
            ..option(kind, name, field)
        }
    });
    let sets = kind.sets.iter().map(|s| SetDoc { name: s.name.clone(), file: s.file.clone(), doc: s.doc.clone() });
    let mut types = Vec::new();
    for field in kind.options.values().filter(|f| !f.is_refused()) {
        named_types(kind, &field.ty, &mut types);
    }
    KindDoc {
        category,
        name: kind.name.clone(),
        doc: kind.doc.clone(),
        file: kind.file.clone(),
        sets: sets.collect(),
        options: options.collect(),
        rules,
        types,
    }
}

fn option(kind: &Kind, name: &SmolStr, field: &Field) -> OptionDoc {
    let notes = field.notes.as_deref().cloned().unwrap_or_default();
    let record = record(&field.ty);
    OptionDoc {
        name: name.clone(),
        ty: {
            let (text, union) = (words(&field.ty), matches!(field.ty, Ty::Union(_) | Ty::Matches(_) | Ty::Range(_)));
            match field.optional && !field.default {
                true if union => format!("({text})?"),
                true => format!("{text}?"),
                false => text,
            }
        },
        required: !field.optional,
        packer: packer(notes.encoding, &field.ty),
        example: format!("{name} = {}", example(field)),
        default: notes.default_text,
        doc: field.doc.clone(),
        set: None,
        since: notes.since,
        formerly: notes.formerly,
        deprecated: notes.deprecated,
        refused: notes.refused,
        values: values(&field.ty),
        fields: fields(&field.ty),
        record: record.and_then(|(named, _)| named.map(|n| n.name.clone())),
        members: record.map(|(_, r)| members(kind, r)).unwrap_or_default(),
        member_rules: record.map(|(_, r)| member_rules(kind, r)).unwrap_or_default(),
        rules: Vec::new(),
        names: {
            let mut names = Vec::new();
            type_names(&field.ty, &mut names);
            names
        },
    }
}

fn members(kind: &Kind, record: &Record) -> Vec<OptionDoc> {
    record.fields.iter().map(|(name, field)| option(kind, name, field)).collect()
}

fn member_rules(kind: &Kind, record: &Record) -> Vec<RuleDoc> {
    let rules = record.declared.and_then(|index| kind.record_rules.get(&index));
    let shown = |r: &crate::schema::Rule| RuleDoc { message: r.message.clone(), options: r.about.clone(), set: None };
    rules.into_iter().flatten().map(shown).collect()
}

/// The named types that a type is made of, each once, those inside a type behind it.
fn named_types(kind: &Kind, ty: &Ty, found: &mut Vec<TypeDoc>) {
    match ty {
        Ty::Named(named) => {
            if found.iter().any(|t| t.name == named.name) {
                return;
            }
            let record = record(&named.ty).filter(|(inner, _)| inner.is_none()).map(|(_, r)| r);
            found.push(TypeDoc {
                name: named.name.clone(),
                ty: words(&named.ty),
                doc: named.doc.clone(),
                values: values(&named.ty),
                fields: fields(&named.ty),
                members: record.map(|r| members(kind, r)).unwrap_or_default(),
                member_rules: record.map(|r| member_rules(kind, r)).unwrap_or_default(),
            });
            named_types(kind, &named.ty, found);
        }
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => named_types(kind, inner, found),
        Ty::Union(members) => members.iter().for_each(|m| named_types(kind, m, found)),
        Ty::Record(record) => record.fields.values().for_each(|f| named_types(kind, &f.ty, found)),
        _ => {}
    }
}

/// The names among the types that a type is made of.
fn type_names(ty: &Ty, found: &mut Vec<SmolStr>) {
    match ty {
        Ty::Named(named) if !found.contains(&named.name) => {
            found.push(named.name.clone());
            type_names(&named.ty, found);
        }
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => type_names(inner, found),
        Ty::Union(members) => members.iter().for_each(|m| type_names(m, found)),
        Ty::Record(record) => record.fields.values().for_each(|f| type_names(&f.ty, found)),
        _ => {}
    }
}

/// The record that a type holds, and the name of its type.
fn record(ty: &Ty) -> Option<(Option<&Named>, &Record)> {
    match ty {
        Ty::Named(named) => record(&named.ty).map(|(inner, r)| (inner.or(Some(&**named)), r)),
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => record(inner),
        Ty::Union(members) => members.iter().find_map(record),
        Ty::Record(record) => Some((None, record)),
        _ => None,
    }
}

/// A type as the language writes it; a record without its members, which are shown apart.
fn words(ty: &Ty) -> String {
    match ty {
        Ty::Record(_) => "{ … }".into(),
        Ty::List(inner) => format!("[{}]", words(inner)),
        Ty::Map(inner) => format!("map<{}>", words(inner)),
        Ty::Late(inner) => format!("late {}", words(inner)),
        Ty::Optional(inner) if matches!(**inner, Ty::Union(_)) => format!("({})?", words(inner)),
        Ty::Optional(inner) => format!("{}?", words(inner)),
        Ty::Union(members) => members.iter().map(words).collect::<Vec<_>>().join(" | "),
        other => other.to_string(),
    }
}

/// The values of a type, where they can be counted and are no mere `true` and `false`.
fn values(ty: &Ty) -> Vec<String> {
    match ty {
        Ty::Named(named) => values(&named.ty),
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => values(inner),
        Ty::Literal(Literal::Bool(_)) | Ty::Bool => Vec::new(),
        other => other.literals().unwrap_or_default().iter().map(ToString::to_string).collect(),
    }
}

/// The run-time fields of a type's texts.
fn fields(ty: &Ty) -> Vec<SmolStr> {
    match ty {
        Ty::Named(named) => fields(&named.ty),
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => fields(inner),
        Ty::Union(members) => members.iter().map(fields).find(|f| !f.is_empty()).unwrap_or_default(),
        Ty::Template(fields) => fields.iter().map(|f| format!(".{f}").into()).collect(),
        _ => Vec::new(),
    }
}

/// The shape of an option in Packer's JSON, where it is not that of the language.
fn packer(encoding: Option<Encoding>, ty: &Ty) -> Option<&'static str> {
    let base = match ty.plain() {
        Ty::Range(range) => &range.base,
        other => other,
    };
    Some(match (encoding, base.plain()) {
        (Some(Encoding::Pairs), _) => "a list of texts `NAME=value`",
        (Some(Encoding::Gib), _) => "a whole number of GiB",
        (Some(Encoding::Minutes), _) => "a whole number of minutes",
        (Some(Encoding::Seconds), _) => "a whole number of seconds",
        (None, Ty::Duration) => "a text such as `\"1h30m\"`",
        (None, Ty::Size) => "a number of bytes",
        (None, _) => return None,
    })
}

fn word<S: Serializer>(category: &Category, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(category.word())
}

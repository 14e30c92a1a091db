//! What a variable is, from the places that it flows into. Legacy JSON says nothing of it, HCL2 half of it.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::import::draft::{Block, Draft, Entry, Kind, Name, Type, Value};
use crate::schema::{Category, Kinds};
use crate::text::{FileId, Span};
use crate::ty::{Field, Literal, Pattern, Record, Ty};

use super::flows::Flows;
use super::mend::{duration, split};
use super::{expressions, locals};

/// What a variable is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct Written {
    /// Its type as the schema has it, without what only a value can show.
    pub(in crate::import) ty: Ty,
    /// The same as the language writes it.
    pub(in crate::import) word: String,
    /// Whether it is a text.
    pub(in crate::import) text: bool,
    /// Whether it is a list.
    pub(in crate::import) list: bool,
    /// Whether it must never be shown.
    pub(in crate::import) secret: bool,
    /// Whether the compiler must know it.
    pub(in crate::import) early: bool,
    /// Whether its default is no value of its type, but something to be filled in.
    pub(super) unsaid: bool,
    /// Whether it is a text whose parts between commas make a list.
    pub(super) split: bool,
}

/// Options whose values are nobody's business. The id of an access key is public, it stands in every request.
const SECRET_OPTIONS: &[&str] = &["secret_key", "token", "mfa_code"];
/// Parts of names that say so.
const SECRET_WORDS: &[&str] =
    &["secret", "password", "passwd", "passphrase", "token", "credential", "api_key", "apikey", "private_key"];

pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    // A file or its path is no secret.
    let place = ["_file", "_path", "_dir", "_name", "_id", "_version", "_arn"].iter().any(|end| name.ends_with(end));
    SECRET_WORDS.iter().any(|word| name.contains(word)) && !place
}

/// Whether a text stands for a value that somebody has to fill in.
fn is_blank(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "fill_in",
        "fillin",
        "fill_me",
        "fillme",
        "change_me",
        "changeme",
        "replace",
        "your_",
        "todo",
        "tbd",
        "xxx",
        "placeholder",
        "insert_",
        "example",
        "...",
    ];
    let word = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    word.starts_with('<') && word.ends_with('>') || WORDS.iter().any(|w| word.contains(w))
}

/// The variables that hold secrets: by a word of the template, by their names, or by the options that they flow into.
pub(super) fn secrets(draft: &Draft) -> FxHashSet<String> {
    let named = draft.variables.iter().filter(|v| v.sensitive || is_secret(&v.name)).map(|v| v.name.clone());
    let mut secrets: FxHashSet<String> = named.collect();
    for entry in blocks(draft).flat_map(entries) {
        if SECRET_OPTIONS.contains(&entry.key.as_str()) || is_secret(&entry.key) {
            entry.value.each(&mut |value| {
                if let Kind::Name(Name::Variable(variable)) = &value.kind {
                    secrets.insert(variable.clone());
                }
            });
        }
    }
    secrets
}

/// All blocks of a draft.
fn blocks(draft: &Draft) -> impl Iterator<Item = &Block> {
    let builders = draft.builders.iter().map(|b| &b.block);
    builders.chain(&draft.provisioners).chain(&draft.cleanups).chain(draft.posts.iter().flatten())
}

/// The options of a block, those of its overrides too.
pub(super) fn entries(block: &Block) -> impl Iterator<Item = &Entry> {
    block.options.iter().chain(block.overrides.iter().flat_map(|(_, entries)| entries))
}

/// The types of all variables of a draft. `early` are those that the compiler must know, `knowable` those that it can know.
pub(super) fn types(
    draft: &Draft,
    kinds: &Kinds,
    early: &FxHashSet<String>,
    knowable: &FxHashSet<String>,
) -> (FxHashMap<String, Written>, locals::Wanted) {
    let secrets = secrets(draft);
    let mut flows = Flows { locals: &draft.locals, ..Flows::default() };
    each_value(draft, &mut |value| flows.decides(value));
    for builder in &draft.builders {
        flows.block(&builder.block, Category::Builder, kinds);
    }
    draft.provisioners.iter().chain(&draft.cleanups).for_each(|s| flows.block(s, Category::Provisioner, kinds));
    draft.posts.iter().flatten().for_each(|s| flows.block(s, Category::Post, kinds));
    let written = |variable: &crate::import::draft::Variable| {
        let in_text = flows.in_text.contains(&variable.name);
        // Where it must also be one, or stands within a text, it is no list.
        let wanted = flows.wanted.get(&variable.name).into_iter().flatten();
        let one = in_text || wanted.clone().any(|t| !matches!(t, Ty::List(_)));
        let wanted_list = wanted.clone().any(|t| matches!(t, Ty::List(_)));
        let wanted: Vec<&Ty> = wanted.filter(|t| !(one && matches!(t, Ty::List(_)))).collect();
        let default = variable.default.as_ref().filter(|d| !matches!(d.kind, Kind::Call(..)));
        // A list that is one text elsewhere is taken apart, which only the compiler can do.
        let parted = default.and_then(Value::plain).is_some_and(|d| d.is_empty() || d.contains(','));
        let split = draft.late && one && parted && wanted_list && knowable.contains(&variable.name);
        let composed = flows.composed.contains(&variable.name) && knowable.contains(&variable.name);
        let early = early.contains(&variable.name) || split || composed;
        let default = default.filter(|d| d.kind != Kind::Null);
        let declared = declared(&variable.ty, early, default.is_some_and(is_whole));
        // Text flows into most places; what is no text must be said. Of several, the first decides.
        let strict = wanted.iter().copied().find(|t| !t.is_text());
        // Of what is no text, an empty default says nothing.
        let empty = strict.is_some_and(|t| !matches!(t, Ty::List(_))) && default.is_some_and(|d| d.plain() == Some(""));
        // Nor does one that waits for somebody to fill it in.
        let form = wanted.iter().copied().find(|t| match t {
            Ty::String => false,
            Ty::List(inner) => **inner != Ty::String,
            _ => true,
        });
        let blank = form.is_some_and(|form| {
            default.and_then(Value::plain).is_some_and(|d| is_blank(d) && !takes(form, &Value::text(d, variable.span)))
        });
        let unsaid = empty || blank;
        let default = default.filter(|_| !unsaid);
        let fits = |ty: &&Ty| default.is_none_or(|d| takes(ty, d));
        let ty = match (strict, &declared) {
            (Some(strict), _) => Some(strict).filter(fits),
            (None, Some(declared)) => Some(declared),
            (None, None) => {
                let named: Vec<&Ty> = wanted.iter().copied().filter(|t| **t != Ty::String).collect();
                let one = named.first().filter(|first| named.iter().all(|t| t == *first)).copied();
                one.filter(fits)
            }
        };
        let ty = ty.cloned().unwrap_or(Ty::String);
        let secret = secrets.contains(&variable.name);
        let null = variable.default.as_ref().is_some_and(|d| d.kind == Kind::Null);
        let word = if null { Ty::Optional(ty.clone().into()).to_string() } else { ty.to_string() };
        let (text, list) = (ty.is_text(), matches!(ty, Ty::List(_)));
        (variable.name.clone(), Written { word, ty, text, list, secret: secret && !early, early, unsaid, split })
    };
    let types = draft.variables.iter().map(written).collect();
    (types, flows.wanted_locals)
}

/// What a declaration says, as far as a variable can be it.
/// `whole`: the numbers of its default are whole, as those of most options must be.
fn declared(ty: &Type, early: bool, whole: bool) -> Option<Ty> {
    let part = |ty: &Type| match ty {
        Type::Number if whole => Ty::Int,
        ty => declared(ty, early, whole).unwrap_or(Ty::String),
    };
    match ty {
        Type::Number => Some(Ty::Number),
        Type::Bool => Some(Ty::Bool),
        Type::List(inner) => Some(Ty::List(declared(inner, early, whole).unwrap_or(Ty::String).into())),
        Type::Map(inner) if early => Some(Ty::Map(part(inner).into())),
        Type::Record(members) if early => {
            let field = |(name, ty, optional): &(String, Type, bool)| {
                let ty = part(ty);
                let (doc, span) = (Default::default(), Span::file_start(FileId(0)));
                let field = Field { ty, optional: *optional, default: false, doc, notes: None, span };
                (name.as_str().into(), field)
            };
            Some(Ty::Record(Record { fields: members.iter().map(field).collect(), declared: None }.into()))
        }
        Type::OneOf(texts) => {
            let literal = |text: &String| Ty::Literal(Literal::Text(text.as_str().into()));
            Some(match &texts[..] {
                [one] => literal(one),
                _ => Ty::Union(texts.iter().map(literal).collect()),
            })
        }
        Type::Matches(pattern) => {
            let pattern = Pattern::lazy(pattern.replace('/', "\\/").into());
            pattern.compile().is_ok().then(|| Ty::Matches(pattern.into()))
        }
        Type::Any | Type::Text | Type::Map(_) | Type::Record(_) => None,
    }
}

/// Whether all numbers of a value are whole.
fn is_whole(value: &Value) -> bool {
    let mut whole = true;
    value.each(&mut |part| whole &= !matches!(part.kind, Kind::Number(_)));
    whole
}

/// Whether a default is of a type, once mended.
fn takes(ty: &Ty, default: &Value) -> bool {
    match ty {
        Ty::List(inner) => match &default.kind {
            Kind::Text(pieces) if pieces.is_empty() => true,
            Kind::Text(pieces) => split(pieces, Span::file_start(FileId(0))).iter().all(|d| takes(inner, d)),
            Kind::List(values) => values.iter().all(|d| takes(inner, d)),
            _ => takes(inner, default),
        },
        Ty::Bool => {
            matches!(default.kind, Kind::Bool(_)) || default.plain().is_some_and(|t| matches!(t, "true" | "false"))
        }
        Ty::Int => matches!(default.kind, Kind::Int(_)) || default.plain().is_some_and(|t| t.parse::<i64>().is_ok()),
        Ty::Number => default.plain().is_some_and(|t| t.parse::<f64>().is_ok()),
        Ty::Duration => default.plain().is_some_and(|t| duration(t).is_some()),
        Ty::Domain(domain) => default.plain().is_some_and(|t| domain.check(t).is_ok()),
        Ty::Union(members) => members.iter().any(|m| takes(m, default)),
        Ty::Literal(Literal::Text(text)) => default.plain() == Some(text),
        Ty::Literal(_) => false,
        _ => true,
    }
}

/// Some value of a type, as a literal for `--set`.
pub(in crate::import) fn specimen(ty: &Ty) -> String {
    match expressions::bare(ty) {
        Ty::Bool => "false".into(),
        Ty::Int | Ty::Number => "1".into(),
        Ty::Duration => "1s".into(),
        Ty::Size => "8GiB".into(),
        Ty::List(inner) if inner.is_text() => format!("[\"{}\"]", specimen(inner)),
        Ty::List(inner) => format!("[{}]", specimen(inner)),
        Ty::Map(_) => "{}".into(),
        Ty::Record(record) => {
            let quoted = |ty: &Ty| if ty.is_text() { format!("\"{}\"", specimen(ty)) } else { specimen(ty) };
            let needed = record.fields.iter().filter(|(_, field)| !field.optional);
            let entries: Vec<String> =
                needed.map(|(name, field)| format!("\"{name}\" = {}", quoted(&field.ty))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Ty::Domain(domain) => domain.example().into(),
        Ty::Union(members) => members.first().map(specimen).unwrap_or_default(),
        Ty::Literal(Literal::Text(text)) => text.to_string(),
        _ => "specimen".into(),
    }
}

/// Calls `see` with every value of a draft, also those within others.
pub(in crate::import) fn each_value(draft: &Draft, see: &mut dyn FnMut(&Value)) {
    draft.builders.iter().filter_map(|b| b.said.as_ref()).for_each(|said| said.each(see));
    blocks(draft).flat_map(entries).for_each(|entry| entry.value.each(see));
    draft.locals.iter().for_each(|e| e.value.each(see));
    draft.variables.iter().filter_map(|v| v.default.as_ref()).for_each(|d| d.each(see));
}

/// Changes every value of a draft, also those within others.
pub(super) fn each_value_mut(draft: &mut Draft, change: &dyn Fn(&mut Value)) {
    draft.builders.iter_mut().filter_map(|b| b.said.as_mut()).for_each(|said| said.change(change));
    let blocks = draft.builders.iter_mut().map(|b| &mut b.block);
    let blocks =
        blocks.chain(&mut draft.provisioners).chain(&mut draft.cleanups).chain(draft.posts.iter_mut().flatten());
    for block in blocks {
        let entries = block.options.iter_mut().chain(block.overrides.iter_mut().flat_map(|(_, e)| e));
        entries.for_each(|entry| entry.value.change(change));
    }
    draft.locals.iter_mut().for_each(|e| e.value.change(change));
    draft.variables.iter_mut().filter_map(|v| v.default.as_mut()).for_each(|d| d.change(change));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::draft::Piece;

    #[test]
    fn names_tell_secrets() {
        for name in ["aws_secret_key", "db-password", "API_TOKEN", "secret_access_key"] {
            assert!(is_secret(name), "{name}");
        }
        for name in
            ["secret_name", "private_key_file", "key_name", "region", "token_path", "access_key_id", "aws_access_key"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn lists_are_split_at_commas() {
        let text = Value::text("a,b", Span::file_start(FileId(0)));
        assert!(matches!(&text.kind, Kind::Text(pieces) if matches!(&pieces[..], [Piece::Chars(_)])));
        assert!(takes(&Ty::List(Ty::String.into()), &text));
        assert!(!takes(&Ty::List(Ty::Int.into()), &text));
    }
}

//! From what is typed to what is meant: `amazon-ebs`, `amazon-ebs.tags`, `post shell-local`, `post/shell-local.inline`.

use serde::Serialize;

use super::all;
use super::view::{KindDoc, OptionDoc, SetDoc, TypeDoc};
use crate::schema::{Category, Kinds};
use crate::text::suggest::nearest;

/// Something that there is documentation of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Topic {
    /// A kind.
    Kind(Box<KindDoc>),
    /// An option, or a member of one.
    Option(Box<OptionTopic>),
    /// A named type.
    Type(Box<TypeTopic>),
}

/// An option and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptionTopic {
    /// The kinds that have it, as `builder amazon-ebs`.
    pub kinds: Vec<String>,
    /// The name of the kind, then those on the way to the option.
    pub path: String,
    /// The set that declares it.
    #[serde(rename = "from", skip_serializing_if = "Option::is_none")]
    pub set: Option<SetDoc>,
    /// The option.
    #[serde(flatten)]
    pub option: OptionDoc,
    /// The named types that it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TypeDoc>,
}

/// A named type and who uses it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeTopic {
    /// The type.
    #[serde(flatten)]
    pub of: TypeDoc,
    /// The kinds whose options it is found in, as `builder amazon-ebs`.
    pub kinds: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// All kinds, or those of a category.
    List(Vec<KindDoc>),
    /// What was asked for.
    Topics(Vec<Topic>),
}

impl Found {
    /// What was found, one by one.
    pub fn into_topics(self) -> Vec<Topic> {
        match self {
            Found::List(kinds) => kinds.into_iter().map(|k| Topic::Kind(Box::new(k))).collect(),
            Found::Topics(topics) => topics,
        }
    }
}

/// Nothing was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// What is missing.
    pub message: String,
    /// What there is instead.
    pub help: String,
}

/// What the words lead to. No words lead to all kinds, a category alone to its kinds; a kind of two categories is found twice.
///
/// # Errors
/// What is not there, and what may have been meant.
pub fn find(kinds: &Kinds, words: &[String]) -> Result<Found, Missing> {
    let joined = words.join(" ");
    let names: Vec<&str> = joined.split([' ', '/', '.']).filter(|n| !n.is_empty()).collect();
    let everything = all(kinds, None);
    let (category, names) = match names.split_first() {
        Some((first, rest)) if !everything.iter().any(|k| k.name == *first) => match category(first) {
            Some(category) => (Some(category), rest),
            None => (None, &names[..]),
        },
        _ => (None, &names[..]),
    };
    let everything: Vec<KindDoc> =
        everything.into_iter().filter(|k| category.is_none_or(|wanted| wanted == k.category)).collect();
    let Some((name, path)) = names.split_first() else {
        return Ok(Found::List(everything));
    };
    let named: Vec<KindDoc> = everything.iter().filter(|k| k.name == *name).cloned().collect();
    if named.is_empty() {
        let of = |k: &KindDoc| k.types.iter().find(|t| t.name == *name).cloned();
        return match everything.iter().find_map(of).filter(|_| path.is_empty()) {
            Some(found) => {
                let kinds = everything.iter().filter(|k| of(k).is_some()).map(title).collect();
                Ok(Found::Topics(vec![Topic::Type(Box::new(TypeTopic { of: found, kinds }))]))
            }
            None => Err(no_kind(&everything, name)),
        };
    }
    if path.is_empty() {
        return Ok(Found::Topics(named.into_iter().map(|k| Topic::Kind(Box::new(k))).collect()));
    }
    let mut found: Vec<OptionTopic> = Vec::new();
    let mut missing = None;
    for kind in &named {
        match member(kind, path) {
            Ok(option) => match found.iter_mut().find(|f| f.option == option.option) {
                Some(same) => same.kinds.extend(option.kinds),
                None => found.push(option),
            },
            Err(none) => missing = missing.or(Some(none)),
        }
    }
    match missing.filter(|_| found.is_empty()) {
        Some(missing) => Err(missing),
        None => Ok(Found::Topics(found.into_iter().map(|o| Topic::Option(Box::new(o))).collect())),
    }
}

/// What can be asked for: kinds, their options, and members of these.
pub fn topics(kinds: &Kinds) -> Vec<(String, String)> {
    fn below(prefix: &str, options: &[OptionDoc], found: &mut Vec<(String, String)>) {
        for option in options.iter().filter(|o| o.is_open()) {
            let path = format!("{prefix}.{}", option.name);
            found.push((path.clone(), super::first_sentence(&option.doc)));
            below(&path, &option.members, found);
        }
    }
    let mut found = Vec::new();
    for kind in all(kinds, None) {
        found.push((kind.name.to_string(), super::first_sentence(&kind.doc)));
        below(&kind.name, &kind.options, &mut found);
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|(path, _)| seen.insert(path.clone()));
    found
}

/// `builder amazon-ebs`
pub(super) fn title(kind: &KindDoc) -> String {
    format!("{} {}", kind.category.word(), kind.name)
}

/// A category by its word, that of its statements, or Packer's.
fn category(word: &str) -> Option<Category> {
    let plain = |word: &str| word.to_ascii_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    Category::ALL.into_iter().find(|c| {
        let plural = plain(c.plural());
        word == c.word() || word == c.statement() || word == plural || Some(word.as_str()) == plural.strip_suffix('s')
    })
}

fn no_kind(everything: &[KindDoc], name: &str) -> Missing {
    let message = format!("there is no kind `{name}`");
    let with: Vec<&KindDoc> = everything.iter().filter(|k| option_of(&k.options, name).is_some()).collect();
    if let Some(first) = with.first() {
        let help = format!(
            "`{name}` is an option of {}: `bakec doc {}.{name}`",
            with.iter().map(|k| format!("`{}`", k.name)).collect::<Vec<_>>().join(", "),
            first.name
        );
        return Missing { message, help };
    }
    let like: Vec<String> =
        everything.iter().filter(|k| has_word(&k.name, name)).map(|k| format!("`{}`", k.name)).collect();
    if !like.is_empty() {
        return Missing { message, help: format!("did you mean {}?", any_of(&like)) };
    }
    if TYPES.contains(&name) {
        let help = format!("`{name}` is a type of the language, which the book's chapter on the language tells about");
        return Missing { message, help };
    }
    let names = everything.iter().map(|k| k.name.as_str());
    let help = match nearest(name, names.chain(everything.iter().flat_map(|k| &k.types).map(|t| t.name.as_str()))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`bakec doc` lists all kinds".into(),
    };
    Missing { message, help }
}

/// The language's own types: they are no kinds, and yet looked for.
const TYPES: [&str; 7] = ["bool", "int", "number", "string", "duration", "size", "path"];

/// Whether a name has one of its words, or the beginning of one, of another.
fn has_word(name: &str, word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.len() > 2 && name.match_indices(word.as_str()).any(|(at, _)| at == 0 || name[..at].ends_with('-'))
}

fn any_of(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// An option by its name, or by one that it had before.
fn option_of<'o>(options: &'o [OptionDoc], name: &str) -> Option<&'o OptionDoc> {
    let by_name = options.iter().find(|o| o.name == name);
    by_name.or_else(|| options.iter().find(|o| o.formerly.iter().any(|f| f == name)))
}

fn member(kind: &KindDoc, path: &[&str]) -> Result<OptionTopic, Missing> {
    let mut options = &kind.options;
    let mut at = kind.name.to_string();
    let mut found: Option<&OptionDoc> = None;
    let mut set = None;
    for name in path {
        let Some(option) = option_of(options, name) else {
            let message = match found {
                None => format!("{} `{}` has no option `{name}`", kind.category.word(), kind.name),
                Some(_) => format!("`{at}` has no member `{name}`"),
            };
            let help = match nearest(name, options.iter().map(|o| o.name.as_str())) {
                Some(near) => format!("did you mean `{near}`? `bakec doc {at}.{near}`"),
                None if options.is_empty() => format!("`bakec doc {at}` shows what it is"),
                None => format!("`bakec doc {at}` lists them"),
            };
            return Err(Missing { message, help });
        };
        if found.is_none() {
            set = option.set.and_then(|index| kind.sets.get(index)).cloned();
        }
        at = format!("{at}.{}", option.name);
        (options, found) = (&option.members, Some(option));
    }
    let Some(mut option) = found.cloned() else { return Err(no_kind(&[], &at)) };
    option.set = None;
    let types = option.names.iter().filter_map(|name| kind.types.iter().find(|t| t.name == *name)).cloned().collect();
    Ok(OptionTopic { kinds: vec![title(kind)], path: at, set, option, types })
}

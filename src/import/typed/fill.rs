//! What nobody has filled in: values and defaults that the compiler refuses become variables that must be given.

use indexmap::IndexMap;

use crate::import::draft::{Draft, Entry, Kind, Lost, Name, Value, Variable};
use crate::import::learn::Lessons;
use crate::text::{Sources, Span};

use super::marked;

/// A variable that takes the place of a value.
struct Asked {
    name: String,
    why: String,
    comment: String,
    span: Span,
}

/// Puts variables in the places of what was refused.
pub(super) fn fill(draft: &mut Draft, lessons: &Lessons, source: &Sources) {
    for variable in &mut draft.variables {
        let Some(why) = lessons.blank.get(&variable.name) else { continue };
        let Some(default) = variable.default.take() else { continue };
        let empty = if default.plain() == Some("") { "empty " } else { "" };
        draft.lost.push(Lost {
            what: format!("the {empty}default of `{}`", variable.name),
            why: format!("{why}; a value must be given"),
            span: variable.span,
        });
    }
    if lessons.refused.is_empty() {
        return;
    }
    let mut filler = Filler { lessons, source, variables: &draft.variables, asked: IndexMap::new() };
    let blocks = draft.builders.iter_mut().map(|b| &mut b.block);
    let blocks =
        blocks.chain(&mut draft.provisioners).chain(&mut draft.cleanups).chain(draft.posts.iter_mut().flatten());
    for block in blocks {
        filler.entries(&mut block.options);
        block.overrides.iter_mut().for_each(|(_, entries)| filler.entries(entries));
    }
    for ((key, _), asked) in filler.asked {
        let Asked { name, why, comment, span } = asked;
        let why = format!("{why}; it is the variable `{name}`, and a value must be given");
        draft.lost.push(Lost { what: format!("the value of `{key}`"), why, span });
        draft.variables.push(Variable { comments: vec![comment], ..Variable::unsaid(name, span) });
    }
}

struct Filler<'f> {
    lessons: &'f Lessons,
    source: &'f Sources,
    variables: &'f [Variable],
    /// By option and value.
    asked: IndexMap<(String, String), Asked>,
}

impl Filler<'_> {
    fn entries(&mut self, entries: &mut [Entry]) {
        for entry in entries {
            if let Some((words, why)) = self.refused(&entry.key, &entry.value) {
                let comment = marked(entry, self.source);
                let name = self.name(&entry.key, words, why, comment, entry.span);
                entry.value.kind = name;
            } else {
                let (key, comment) = (entry.key.clone(), marked(entry, self.source));
                self.within(&key, &comment, &mut entry.value);
            }
        }
    }

    fn within(&mut self, key: &str, comment: &str, value: &mut Value) {
        match &mut value.kind {
            Kind::Record(entries) => self.entries(entries),
            Kind::List(values) => {
                for value in values {
                    match self.refused(key, value) {
                        Some((words, why)) => value.kind = self.name(key, words, why, comment.to_owned(), value.span),
                        None => self.within(key, comment, value),
                    }
                }
            }
            _ => {}
        }
    }

    /// What was refused of a value, and why.
    fn refused(&self, key: &str, value: &Value) -> Option<(String, String)> {
        let find = |words: &str| self.lessons.refused.get(&(key.to_owned(), words.to_owned()));
        let whole = match &value.kind {
            Kind::Int(int) => int.to_string(),
            Kind::Number(written) => written.clone(),
            Kind::Bool(bool) => bool.to_string(),
            Kind::List(values) => {
                // A list of nothing else is asked for as a whole.
                let all: Option<Vec<(String, String)>> = values
                    .iter()
                    .map(|v| if let Kind::List(_) | Kind::Record(_) = v.kind { None } else { self.refused(key, v) })
                    .collect();
                return all?.into_iter().next();
            }
            _ => value.plain()?.to_owned(),
        };
        let part = |words: &str| words.contains(',').then(|| words.split(',').find_map(find)).flatten();
        let why = find(&whole).or_else(|| find(whole.trim())).or_else(|| part(&whole))?;
        Some((whole, why.clone()))
    }

    /// The variable for a value, the same for each place that says it so.
    fn name(&mut self, key: &str, words: String, why: String, comment: String, span: Span) -> Kind {
        let known = (key.to_owned(), words);
        if let Some(asked) = self.asked.get(&known) {
            return Kind::Name(Name::Variable(asked.name.clone()));
        }
        let taken = |name: &String| {
            self.variables.iter().any(|v| v.name == *name) || self.asked.values().any(|asked| asked.name == *name)
        };
        let numbered = (2..).map(|number| format!("{key}_{number}"));
        let name = std::iter::once(key.to_owned()).chain(numbered).find(|name| !taken(name));
        let name = name.unwrap_or_else(|| key.to_owned());
        self.asked.insert(known, Asked { name: name.clone(), why, comment, span });
        Kind::Name(Name::Variable(name))
    }
}

//! Loose values become what the schema wants: `"true"` a truth value, `"8"` a number, `"a,b"` a list, `K=V` a record.
//!
//! It knows the schema and the draft, neither the template's language nor the shape of the program to come. `mend` is the inverse of
//! what emitters do to a value, `variables` finds what a variable is from where it flows, `kinds` declares the kinds that nobody
//! knows, `paths` tells paths from the program's place.

mod kinds;
mod mend;
pub(super) mod paths;
mod variables;

use rustc_hash::FxHashMap;

use crate::schema::{Category, Kind as Schema, Kinds};
use crate::text::suggest::nearest;
use crate::text::{Source, Span};

use super::draft::{Block, Draft, Entry, Lost, Variable};

pub(super) use kinds::Extern;
pub(super) use variables::Written;

use mend::Mender;
use paths::Paths;

/// A draft whose values have the types of their places.
pub(super) struct Typed {
    pub(super) draft: Draft,
    /// What each variable is, by its name in the template.
    pub(super) variables: FxHashMap<String, Written>,
    /// Declarations of kinds that the schema lacks.
    pub(super) externs: Vec<Extern>,
}

/// Gives the values of a draft their types.
pub(super) fn typed(mut draft: Draft, kinds: &Kinds, source: &Source, paths: &Paths<'_>) -> Typed {
    undeclared(&mut draft);
    let externs = kinds::missing(&draft, kinds);
    let variables = variables::types(&draft, kinds);
    let mut lost = std::mem::take(&mut draft.lost);
    let mut mender = Mender { variables: &variables, paths, lost: Vec::new() };
    let mut pass = Pass { kinds, source, mender: &mut mender };
    for builder in &mut draft.builders {
        pass.block(&mut builder.block, Category::Builder);
    }
    let steps = draft.provisioners.iter_mut().chain(&mut draft.cleanups);
    steps.for_each(|step| pass.block(step, Category::Provisioner));
    draft.posts.iter_mut().flatten().for_each(|link| pass.block(link, Category::Post));
    for variable in &mut draft.variables {
        if let Some(written) = variables.get(&variable.name) {
            mender.default(variable, written);
        }
    }
    lost.append(&mut mender.lost);
    draft.lost = lost;
    Typed { draft, variables, externs }
}

/// Variables that the template uses and nowhere declares: Packer would ask for them.
fn undeclared(draft: &mut Draft) {
    let mut missing: Vec<(String, Span)> = Vec::new();
    variables::each_value(draft, &mut |value| {
        if let super::draft::Kind::Name(super::draft::Name::Variable(name)) = &value.kind
            && draft.variables.iter().all(|v| v.name != *name)
            && missing.iter().all(|(m, _)| m != name)
        {
            missing.push((name.clone(), value.span));
        }
    });
    for (name, span) in missing {
        let near = nearest(&name, draft.variables.iter().map(|v| v.name.as_str()));
        let near = near.map(|near| format!(", or was `{near}` meant?")).unwrap_or_default();
        draft.lost.push(Lost {
            what: format!("the variable `{name}`"),
            why: format!("the template does not declare it; the program does, and wants a value{near}"),
            span,
        });
        draft.variables.push(Variable {
            name,
            ty: super::draft::Type::Any,
            default: None,
            sensitive: false,
            doc: Vec::new(),
            comments: Vec::new(),
            span,
        });
    }
}

struct Pass<'p, 'm> {
    kinds: &'p Kinds,
    source: &'p Source,
    mender: &'p mut Mender<'m>,
}

impl Pass<'_, '_> {
    fn block(&mut self, block: &mut Block, category: Category) {
        let Some(kind) = self.kinds.get(&(category, block.kind.as_str().into())) else {
            let entries = block.options.iter_mut().chain(block.overrides.iter_mut().flat_map(|(_, e)| e));
            entries.for_each(|entry| self.mender.loose(&mut entry.value));
            return;
        };
        let left = self.entries(&mut block.options, kind);
        block.end.splice(0..0, left);
        for (_, entries) in &mut block.overrides {
            let left = self.entries(entries, kind);
            block.end.extend(left);
        }
    }

    /// Mends entries; those that cannot be said become comments of what follows. What is left has no place.
    fn entries(&mut self, entries: &mut Vec<Entry>, kind: &Schema) -> Vec<String> {
        let mut waiting: Vec<String> = Vec::new();
        let mut kept: Vec<Entry> = Vec::new();
        for mut entry in std::mem::take(entries) {
            let why = self.entry(&mut entry, kind, &kept);
            match why {
                None => {
                    entry.comments.splice(0..0, std::mem::take(&mut waiting));
                    kept.push(entry);
                }
                Some(why) => {
                    waiting.append(&mut entry.comments);
                    waiting.push(self.marked(&entry));
                    waiting.push(format!("        {why}"));
                    let what = format!("the option `{}`", entry.key);
                    self.mender.lost.push(Lost { what, why, span: entry.span });
                }
            }
        }
        *entries = kept;
        waiting
    }

    /// Mends an entry, or says why it cannot be said.
    fn entry(&mut self, entry: &mut Entry, kind: &Schema, kept: &[Entry]) -> Option<String> {
        if matches!(entry.value.kind, super::draft::Kind::Null) {
            return None;
        }
        let renamed = kind.options.iter().find(|(_, field)| field.was_named(&entry.key));
        let known = kind.options.get_key_value(entry.key.as_str());
        let Some((name, field)) = known.or(renamed) else {
            let near = nearest(&entry.key, kind.options.keys().map(|k| k.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Some(format!("`{}` has no such option{near}", kind.name));
        };
        if let Some(instead) = field.notes.as_ref().and_then(|n| n.refused.as_ref()) {
            return Some(instead.to_string());
        }
        if kept.iter().any(|e| e.key == *name) {
            return Some(format!("`{name}` is its name today, and is said already"));
        }
        entry.key = name.to_string();
        self.mender.value(&mut entry.value, &field.ty, field.encoding()).err()
    }

    /// The entry as the template has it, on one line.
    fn marked(&self, entry: &Entry) -> String {
        let span = if entry.span.file == entry.value.span.file { entry.span.to(entry.value.span) } else { entry.span };
        let written = self.source.text().get(span.range()).unwrap_or(&entry.key);
        format!("import: {}", written.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

//! Loose values become what the schema wants: `"true"` a truth value, `"8"` a number, `"a,b"` a list, `K=V` a record.
//!
//! It knows the schema and the draft, neither the template's language nor the shape of the program to come. `mend` is the inverse of
//! what emitters do to a value, `composed` works out what variables are a part of, `variables` finds what a variable is from where it
//! `flows`, `declared` looks after what the template says of it, `names` keeps variables in names and keys, `fill` asks for what nobody has filled in, `kinds` declares the kinds that nobody
//! knows, `paths` tells paths from the program's place.

mod composed;
mod declared;
mod expressions;
mod fill;
mod flows;
mod kinds;
mod locals;
mod mend;
mod names;
pub(super) mod paths;
mod variables;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::schema::{Category, Kind as Schema, Kinds};
use crate::text::Sources;
use crate::text::suggest::nearest;
use crate::ty::Ty;

use super::draft::{Block, Draft, Entry, Kind, Lost, Variable};
use super::early::early;
use super::learn::Lessons;
use super::problem::ImportProblem;

pub(super) use kinds::Extern;
pub(super) use variables::{Written, each_value, specimen};

pub(super) use mend::duration;

use mend::Mender;
use paths::Paths;

/// A draft whose values have the types of their places.
pub(super) struct Typed {
    pub(super) draft: Draft,
    /// What each variable is, by its name in the template.
    pub(super) variables: FxHashMap<String, Written>,
    /// Declarations of kinds that the schema lacks.
    pub(super) externs: Vec<Extern>,
    /// What there is to say beside what is lost.
    pub(super) problems: Vec<ImportProblem>,
    /// Options that were left out because an empty text stood for them.
    pub(super) emptied: Vec<String>,
}

/// Gives the values of a draft their types, with what the compiler has said of a program that was made of it before.
pub(super) fn typed(mut draft: Draft, kinds: &Kinds, source: &Sources, paths: &Paths<'_>, lessons: &Lessons) -> Typed {
    declared::fields_in_defaults(&mut draft);
    variables::each_value_mut(&mut draft, &|value| {
        if let Kind::Call(function, arguments) = &mut value.kind
            && function == "file"
        {
            arguments.iter_mut().for_each(|path| paths.beside(path));
        }
    });
    fill::fill(&mut draft, lessons, source);
    let problems = declared::undeclared(&mut draft);
    let knowable = names::knowable(&draft);
    names::builds(&mut draft, &knowable);
    if draft.late {
        names::keys(&mut draft, &knowable);
    }
    let externs = kinds::missing(&draft, kinds);
    declared::null_secrets(&mut draft);
    let mut wanted: FxHashSet<String> = lessons.early.clone();
    if draft.late {
        wanted.retain(|name| knowable.contains(name));
    }
    let (variables, flows) = variables::types(&draft, kinds, &early(&draft, &wanted), &knowable);
    declared::params(&mut draft, &variables);
    let known = draft.locals.iter().map(|e| (e.key.clone(), e.value.clone())).collect();
    let plain = |v: &Variable| Some((v.name.clone(), v.default.as_ref()?.plain()?.to_owned()));
    let defaults = draft.variables.iter().filter_map(plain).collect();
    let mut lost = std::mem::take(&mut draft.lost);
    let mut mender = Mender { variables: &variables, locals: &known, paths, defaults: &defaults, lost: Vec::new() };
    let mut pass = Pass { kinds, source, mender: &mut mender, emptied: Vec::new() };
    for builder in &mut draft.builders {
        pass.block(&mut builder.block, Category::Builder);
    }
    let steps = draft.provisioners.iter_mut().chain(&mut draft.cleanups);
    steps.for_each(|step| pass.block(step, Category::Provisioner));
    draft.posts.iter_mut().flatten().for_each(|link| pass.block(link, Category::Post));
    let emptied = std::mem::take(&mut pass.emptied);
    locals::mend(&mut draft.locals, &flows, &mut mender);
    for variable in &mut draft.variables {
        if let Some(written) = variables.get(&variable.name) {
            mender.default(variable, written);
        }
    }
    lost.append(&mut mender.lost);
    draft.lost = lost;
    Typed { draft, variables, externs, problems, emptied }
}

/// An empty text where something of a certain form stands.
fn is_empty_form(entry: &Entry, kind: &Schema) -> bool {
    fn refuses(ty: &Ty) -> bool {
        match ty.plain() {
            Ty::Domain(domain) => domain.check("").is_err(),
            Ty::Matches(pattern) => !pattern.is_match(""),
            Ty::Union(members) => members.iter().all(refuses),
            Ty::Duration | Ty::Size | Ty::Int | Ty::Number | Ty::Range(_) | Ty::Literal(_) => true,
            _ => false,
        }
    }
    let field = kind.options.get(entry.key.as_str());
    entry.value.plain() == Some("") && field.is_some_and(|field| field.optional && refuses(&field.ty))
}

struct Pass<'p, 'm> {
    kinds: &'p Kinds,
    source: &'p Sources,
    mender: &'p mut Mender<'m>,
    /// Options that were left out because an empty text stands for them.
    emptied: Vec<String>,
}

impl Pass<'_, '_> {
    fn block(&mut self, block: &mut Block, category: Category) {
        let Some(kind) = self.kinds.get(&(category, block.kind.as_str().into())) else {
            let entries = block.options.iter_mut().chain(block.overrides.iter_mut().flat_map(|(_, e)| e));
            for entry in entries {
                self.mender.loose(&mut entry.value);
                if kinds::has_fields(&entry.value) {
                    self.mender.texts(&mut entry.value);
                }
            }
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
            if is_empty_form(&entry, kind) {
                // Packer takes an empty text for none.
                waiting.append(&mut entry.comments);
                waiting.push(marked(&entry, self.source));
                self.emptied.push(entry.key);
                continue;
            }
            let why = self.entry(&mut entry, kind, &kept);
            match why {
                None => {
                    entry.comments.splice(0..0, std::mem::take(&mut waiting));
                    kept.push(entry);
                }
                Some(why) => {
                    waiting.append(&mut entry.comments);
                    waiting.push(marked(&entry, self.source));
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
        if matches!(entry.value.kind, Kind::Null) {
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
}

/// The entry as the template has it, on one line.
fn marked(entry: &Entry, source: &Sources) -> String {
    let (key, value) = (entry.span, entry.value.span);
    let span = if key.file == value.file && key.start <= value.start { key.to(value) } else { key };
    let written = source.get(span.file).text().get(span.range()).unwrap_or(&entry.key);
    format!("import: {}", written.split_whitespace().collect::<Vec<_>>().join(" "))
}

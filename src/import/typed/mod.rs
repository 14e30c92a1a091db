//! Loose values become what the schema wants: `"true"` a truth value, `"8"` a number, `"a,b"` a list, `K=V` a record.
//!
//! It knows the schema and the draft, neither the template's language nor the shape of the program to come. `mend` is the inverse of
//! what emitters do to a value, `variables` finds what a variable is from where it flows, `kinds` declares the kinds that nobody
//! knows, `paths` tells paths from the program's place.

mod expressions;
mod kinds;
mod locals;
mod mend;
pub(super) mod paths;
mod variables;

use rustc_hash::FxHashMap;

use crate::schema::{Category, Kind as Schema, Kinds};
use crate::template::{OperandKind, Piece as Part, parse};
use crate::text::suggest::nearest;
use crate::text::{FileId, Sources, Span};
use crate::ty::Ty;

use super::draft::{Block, Draft, Entry, Kind, Lost, Name, Piece, Type, Value, Variable};
use super::early::early;
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
}

/// Gives the values of a draft their types.
pub(super) fn typed(mut draft: Draft, kinds: &Kinds, source: &Sources, paths: &Paths<'_>) -> Typed {
    fields_in_defaults(&mut draft);
    variables::each_value_mut(&mut draft, &|value| {
        if let Kind::Call(function, arguments) = &mut value.kind
            && function == "file"
        {
            arguments.iter_mut().for_each(|path| paths.beside(path));
        }
    });
    build_names(&mut draft);
    let problems = undeclared(&mut draft);
    let externs = kinds::missing(&draft, kinds);
    null_secrets(&mut draft);
    let (variables, flows) = variables::types(&draft, kinds, &early(&draft));
    let known = draft.locals.iter().map(|e| (e.key.clone(), e.value.clone())).collect();
    let mut lost = std::mem::take(&mut draft.lost);
    let mut mender = Mender { variables: &variables, locals: &known, paths, lost: Vec::new() };
    let mut pass = Pass { kinds, source, mender: &mut mender };
    for builder in &mut draft.builders {
        pass.block(&mut builder.block, Category::Builder);
    }
    let steps = draft.provisioners.iter_mut().chain(&mut draft.cleanups);
    steps.for_each(|step| pass.block(step, Category::Provisioner));
    draft.posts.iter_mut().flatten().for_each(|link| pass.block(link, Category::Post));
    locals::mend(&mut draft.locals, &flows, &mut mender);
    for variable in &mut draft.variables {
        if let Some(written) = variables.get(&variable.name) {
            mender.default(variable, written);
        }
    }
    lost.append(&mut mender.lost);
    draft.lost = lost;
    Typed { draft, variables, externs, problems }
}

/// Variables that the template uses and nowhere declares: Packer wants a value for them.
fn undeclared(draft: &mut Draft) -> Vec<ImportProblem> {
    let mut missing: Vec<(String, Span)> = Vec::new();
    variables::each_value(draft, &mut |value| {
        if let Kind::Name(Name::Variable(name)) = &value.kind
            && draft.variables.iter().all(|v| v.name != *name)
            && missing.iter().all(|(m, _)| m != name)
        {
            missing.push((name.clone(), value.span));
        }
    });
    let mut problems = Vec::new();
    for (name, at) in missing {
        let near = nearest(&name, draft.variables.iter().map(|v| v.name.as_str())).map(str::to_owned);
        problems.push(ImportProblem::Undeclared { name: name.clone(), near, at });
        draft.variables.push(Variable {
            name,
            ty: Type::Any,
            default: None,
            sensitive: false,
            doc: Vec::new(),
            comments: Vec::new(),
            span: at,
        });
    }
    problems
}

/// A secret is never known early, so it cannot be null; Packer takes an empty text for none.
fn null_secrets(draft: &mut Draft) {
    for variable in &mut draft.variables {
        let secret = variable.sensitive || variables::is_secret(&variable.name);
        if let Some(default) = &mut variable.default
            && secret
            && default.kind == Kind::Null
        {
            default.kind = Kind::Text(Vec::new());
        }
    }
}

/// Names of builds have a form of their own; others become the nearest.
fn build_names(draft: &mut Draft) {
    const LONGEST: usize = 128;
    let mut taken: Vec<String> = Vec::new();
    for builder in &mut draft.builders {
        let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        let mut name: String = builder.name.chars().map(letter).take(LONGEST).collect();
        name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        if name.is_empty() {
            name = "build".into();
        }
        let wanted = name.clone();
        let mut number = 2;
        while taken.contains(&name) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        if name != builder.name {
            let what = format!("the name `{}`", builder.name);
            let why = format!("names of builds are letters, digits, `.`, `_` and `-`; it is called `{name}`");
            let span = builder.block.span.unwrap_or(Span::file_start(FileId(0)));
            draft.lost.push(Lost { what, why, span });
            builder.name = name.clone();
        }
        taken.push(name);
    }
}

/// Defaults that speak of what only an option knows, such as `{{.KeyPath}}`: the variable becomes a value with a name.
fn fields_in_defaults(draft: &mut Draft) {
    let speaks = |variable: &Variable| {
        let Some(Value { kind: Kind::Text(pieces), .. }) = &variable.default else { return false };
        pieces.iter().any(|piece| matches!(piece, Piece::Action(source) if has_field(source)))
    };
    let (moved, kept) = std::mem::take(&mut draft.variables).into_iter().partition::<Vec<_>, _>(speaks);
    draft.variables = kept;
    for variable in moved {
        let Some(value) = variable.default else { continue };
        let why = "its default speaks of what only an option knows, so it is a `let`, and `-var` does not reach it";
        let what = format!("the variable `{}`", variable.name);
        draft.lost.push(Lost { what, why: why.into(), span: variable.span });
        variables::each_value_mut(draft, &|value| {
            if matches!(&value.kind, Kind::Name(Name::Variable(name)) if *name == variable.name) {
                value.kind = Kind::Name(Name::Local(variable.name.clone()));
            }
        });
        draft.locals.push(Entry { key: variable.name, value, comments: variable.comments, span: variable.span });
    }
}

/// Whether an action reads a field.
fn has_field(source: &str) -> bool {
    let mut found = false;
    for piece in parse(source).pieces {
        if let Part::Action { action, .. } = &piece
            && let Some(pipeline) = action.pipeline()
        {
            pipeline.each_operand(&mut |operand| found |= matches!(operand.kind, OperandKind::Field(_)));
        }
    }
    found
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
            if is_empty_form(&entry, kind) {
                // Packer takes an empty text for none.
                waiting.append(&mut entry.comments);
                waiting.push(self.marked(&entry));
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

    /// The entry as the template has it, on one line.
    fn marked(&self, entry: &Entry) -> String {
        let span = if entry.span.file == entry.value.span.file { entry.span.to(entry.value.span) } else { entry.span };
        let written = self.source.get(span.file).text().get(span.range()).unwrap_or(&entry.key);
        format!("import: {}", written.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

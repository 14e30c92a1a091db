//! What a symbol is in words: its declaration as one would write it, its documentation, what there is of it.
//!
//! Hover shows all of it, completion a line. Types describe themselves.

use std::borrow::Cow;
use std::fmt::Write;

use super::{View, builds};
use crate::resolve::builtin;
use crate::resolve::hir::{Image, MatrixStep, Parameter};
use crate::resolve::mention::Symbol;
use crate::schema::Category;
use crate::syntax::ast::{Doc, ExternKind, ItemKind};
use crate::text::Span;
use crate::text::words::count;
use crate::ty::{Field, Ty};

/// Longer values lose their end, in characters.
const LONGEST_VALUE: usize = 240;

/// What is said of a symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The declaration, in the language.
    pub code: String,
    /// Documentation, in Markdown.
    pub doc: String,
    /// More sentences, in Markdown.
    pub notes: Vec<String>,
}

/// What is said of a symbol; nothing of one that the program does not declare.
pub(super) fn words(view: &View, symbol: Symbol) -> Option<Words> {
    let program = view.program();
    let checked = &view.analysis.checked;
    Some(match symbol {
        Symbol::Param(i) => {
            let input = program.params.get(i)?;
            let ty = typed(input.ty.as_ref(), checked.params.get(i));
            let code =
                format!("param {}{ty}{}", input.name.name, default(view, input.default.as_ref().map(|d| d.span)));
            let mut words = Words { code, doc: input.doc.to_string(), notes: Vec::new() };
            let value = view.analysis.compiled.params.iter().find(|(name, _)| *name == input.name.name);
            words.notes.extend(value.map(|(_, value)| format!("Its value here is {}.", code_span(&value.to_string()))));
            if input.default.is_none() {
                words.notes.push("Required: it has no default.".into());
            }
            words
        }
        Symbol::Variable(i) => {
            let input = program.variables.get(i)?;
            let word = if input.secret { "secret" } else { "variable" };
            let ty = typed(input.ty.as_ref(), checked.variables.get(i));
            let code =
                format!("{word} {}{ty}{}", input.name.name, default(view, input.default.as_ref().map(|d| d.span)));
            let note =
                if input.default.is_none() { "Required when the plan runs." } else { "Known when the plan runs." };
            Words { code, doc: input.doc.to_string(), notes: vec![note.into()] }
        }
        Symbol::Let(i) => {
            let item = program.lets.get(i)?;
            let code = format!("let {}{}", item.name.name, typed(item.ty.as_ref(), checked.lets.get(i)));
            Words { code, doc: doc_above(view, item.name.span), notes: Vec::new() }
        }
        Symbol::Function(i) => {
            let item = program.functions.get(i)?;
            let result = typed_arrow(item.result.as_ref().or(checked.function_results.get(i)));
            let code = format!("fn {}({}){result}", item.name.name, parameters(view, &item.params));
            Words { code, doc: doc_above(view, item.name.span), notes: Vec::new() }
        }
        Symbol::Table(i) => {
            let item = program.tables.get(i)?;
            let key: Vec<&str> =
                item.ty.key.iter().filter_map(|k| item.ty.columns.get_index(*k)).map(|(n, _)| n.as_str()).collect();
            let mut code = format!("table {}", item.name.name);
            if !key.is_empty() {
                let _ = write!(code, " key ({})", key.join(", "));
            }
            let columns: Vec<String> = item.ty.columns.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
            let _ = write!(code, " {{ | {} | }}", columns.join(" | "));
            let notes = vec![count(item.rows.len(), "row") + "."];
            Words { code, doc: doc_above(view, item.name.span), notes }
        }
        Symbol::Image(i) => {
            let item = program.images.get(i)?;
            let axes = axes(item);
            let code = match axes.is_empty() {
                true => format!("image {}", item.name.name),
                false => format!("image {}[{}]", item.name.name, axes.join(", ")),
            };
            let notes = builds::of_image(view, &item.name).map(|builds| count(builds.len(), "build") + ".");
            Words { code, doc: item.doc.to_string(), notes: notes.into_iter().collect() }
        }
        Symbol::Group(i) => {
            let item = program.groups.get(i)?;
            let code = format!("group {}({})", item.name.name, parameters(view, &item.params));
            Words { code, doc: doc_above(view, item.name.span), notes: Vec::new() }
        }
        Symbol::Policy(i) => {
            let item = program.policies.get(i)?;
            let notes = vec![count(item.requires.len(), "requirement") + "."];
            Words { code: format!("policy {}", item.name.name), doc: doc_above(view, item.name.span), notes }
        }
        Symbol::Type(at) => {
            let item = program.types.iter().find(|item| item.name.span == at)?;
            let (doc, stands_for) = match &item.ty {
                Ty::Named(named) => (named.doc.to_string(), named.ty.to_string()),
                other => (String::new(), other.to_string()),
            };
            Words { code: format!("type {} = {stands_for}", item.name.name), doc, notes: Vec::new() }
        }
        Symbol::OptionSet(at) => {
            Words { code: format!("extern options {}", view.slice(at)), doc: doc_above(view, at), notes: Vec::new() }
        }
        Symbol::Kind(i) => {
            let (_, kind) = program.kinds.get_index(i)?;
            let options = program.records.get(kind.record).map_or(0, |r| r.fields.len());
            let notes = vec![count(options, "option") + "."];
            Words { code: format!("{} {}", category(kind.category), kind.name.name), doc: kind.doc.to_string(), notes }
        }
        Symbol::Builtin(which) => {
            let signature = builtin::ALL.iter().find(|s| s.builtin == which)?;
            Words { code: signature.usage(), doc: signature.doc.into(), notes: Vec::new() }
        }
        Symbol::File(file) => {
            let doc = view.tree(file).and_then(|tree| tree.doc.as_ref()).map(|doc| doc.text.to_string());
            let code = format!("import \"{}\"", view.source(file).path());
            Words { code, doc: doc.unwrap_or_default(), notes: Vec::new() }
        }
        Symbol::Local(at) => local(view, at),
        Symbol::Member(at) => member(view, at)?,
    })
}

/// An option, field or column that is declared at a place.
fn member(view: &View, at: Span) -> Option<Words> {
    let program = view.program();
    for (_, kind) in &program.kinds {
        let Some(record) = program.records.get(kind.record) else { continue };
        if let Some((name, field)) = record.fields.iter().find(|(_, field)| field.span == at) {
            return Some(field_words(name, field));
        }
    }
    for table in &program.tables {
        if let Some(column) = table.ty.places.iter().position(|place| *place == at) {
            let (name, ty) = table.ty.columns.get_index(column)?;
            let note = format!("A column of the table `{}`.", table.name.name);
            return Some(Words { code: format!("{name}: {ty}"), doc: String::new(), notes: vec![note] });
        }
    }
    // A field of a record type, wherever it is used.
    let wanted = view.analysis.seen.wants.iter().map(|(_, ty)| ty);
    if let Some((name, field)) = wanted.chain(program.types.iter().map(|t| &t.ty)).find_map(|ty| field_at(ty, at, 4)) {
        return Some(field_words(name, field));
    }
    // A key of a record that was written without a type.
    Some(Words { code: view.slice(at).to_owned(), ..Words::default() })
}

fn field_at(ty: &Ty, at: Span, depth: usize) -> Option<(&smol_str::SmolStr, &Field)> {
    let depth = depth.checked_sub(1)?;
    match ty.plain() {
        Ty::Record(record) => record
            .fields
            .iter()
            .find(|(_, field)| field.span == at)
            .or_else(|| record.fields.values().find_map(|field| field_at(&field.ty, at, depth))),
        Ty::Optional(inner) | Ty::Late(inner) | Ty::List(inner) | Ty::Map(inner) => field_at(inner, at, depth),
        Ty::Union(members) => members.iter().find_map(|member| field_at(member, at, depth)),
        _ => None,
    }
}

/// What is said of an option or field.
pub(super) fn field_words(name: &str, field: &Field) -> Words {
    let notes = field.notes.as_deref();
    let default = notes.and_then(|n| n.default_text.as_ref());
    let mark = if field.optional && default.is_none() { "?" } else { "" };
    let default_text = default.map(|d| format!(" = {d}")).unwrap_or_default();
    let mut words =
        Words { code: format!("{name}: {}{mark}{default_text}", field.ty), doc: field.doc.to_string(), notes: vec![] };
    if !field.optional {
        words.notes.push("Required.".into());
    }
    if let Some(notes) = notes {
        words.notes.extend(notes.refused.as_ref().map(|instead| format!("**Refused:** {instead}")));
        words.notes.extend(notes.deprecated.as_ref().map(|instead| format!("**Deprecated:** {instead}")));
        words.notes.extend(notes.since.as_ref().map(|since| format!("Since Packer {since}.")));
        if !notes.formerly.is_empty() {
            let names: Vec<String> = notes.formerly.iter().map(|name| format!("`{name}`")).collect();
            words.notes.push(format!("Formerly {}.", names.join(", ")));
        }
    }
    words
}

/// An axis, a `let` of an image, a parameter, a loop's variable.
fn local(view: &View, at: Span) -> Words {
    let program = view.program();
    let name = view.slice(at);
    for (index, image) in program.images.iter().enumerate() {
        let Some(column) = image.columns.iter().position(|c| c.span == at) else { continue };
        let ty = view.analysis.checked.columns.get(index).and_then(|columns| columns.get(column));
        let is_axis = image.matrix.iter().any(|step| match step {
            MatrixStep::Axis(axis) => axis.names.iter().any(|n| n.span == at),
            MatrixStep::Let { .. } | MatrixStep::Exclude(_) => false,
        });
        let word = if is_axis { "axis" } else { "let" };
        let note = format!("Of the image `{}`.", image.name.name);
        return Words { code: format!("{word} {name}{}", typed(None, ty)), doc: String::new(), notes: vec![note] };
    }
    let parameters =
        program.functions.iter().flat_map(|f| &f.params).chain(program.groups.iter().flat_map(|g| &g.params));
    for parameter in parameters {
        if parameter.name.span == at {
            let code = format!("{name}: {}{}", parameter.ty, default(view, parameter.default.as_ref().map(|d| d.span)));
            return Words { code, doc: String::new(), notes: vec!["A parameter.".into()] };
        }
    }
    Words { code: name.to_owned(), ..Words::default() }
}

/// The axes of an image, as it is indexed by them.
pub(super) fn axes(image: &Image) -> Vec<&str> {
    let axes = image.matrix.iter().filter_map(|step| if let MatrixStep::Axis(axis) = step { Some(axis) } else { None });
    axes.flat_map(|axis| axis.names.iter().map(|name| name.name.as_str())).collect()
}

/// The word before a kind where it is used.
pub(super) fn category(category: ExternKind) -> &'static str {
    match category {
        ExternKind::Builder => Category::Builder.statement(),
        ExternKind::Provisioner => Category::Provisioner.statement(),
        ExternKind::Post => Category::Post.statement(),
        ExternKind::Options => "options",
    }
}

/// Text in the type of code, in Markdown, as far as anybody looks.
pub(super) fn code_span(text: &str) -> String {
    let text = cut(text, LONGEST_VALUE);
    // The fence is longer than any within.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let (fence, space) = ("`".repeat(longest + 1), if longest > 0 { " " } else { "" });
    format!("{fence}{space}{text}{space}{fence}")
}

/// A text without what is beyond so many characters.
pub(super) fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{} …", &text[..end]).into(),
        None => text.into(),
    }
}

fn typed(written: Option<&Ty>, found: Option<&Ty>) -> String {
    match written.or(found) {
        Some(Ty::Poison) | None => String::new(),
        Some(ty) => format!(": {ty}"),
    }
}

fn typed_arrow(ty: Option<&Ty>) -> String {
    match ty {
        Some(Ty::Poison) | None => String::new(),
        Some(ty) => format!(" -> {ty}"),
    }
}

fn default(view: &View, at: Option<Span>) -> String {
    let text = at.map(|at| view.slice(at)).unwrap_or_default();
    match text.lines().next() {
        Some(line) if line.len() == text.len() => format!(" = {}", cut(line, LONGEST_VALUE)),
        Some(_) => " = …".into(),
        None => String::new(),
    }
}

fn parameters(view: &View, parameters: &[Parameter]) -> String {
    let shown =
        |p: &Parameter| format!("{}: {}{}", p.name.name, p.ty, default(view, p.default.as_ref().map(|d| d.span)));
    parameters.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// The documentation of the item whose name stands at a place.
fn doc_above(view: &View, name: Span) -> String {
    let text = |doc: &Option<Doc>| doc.as_ref().map(|doc| doc.text.to_string()).unwrap_or_default();
    let items = view.tree(name.file).into_iter().flat_map(|tree| &tree.items);
    let found = items.filter(|item| item.span.start <= name.start && name.end <= item.span.end).find(|item| {
        let declared = match &item.kind {
            ItemKind::Let(b) => b.name.span,
            ItemKind::Fn(f) => f.name.span,
            ItemKind::Table(t) => t.name.span,
            ItemKind::Group(g) => g.name.span,
            ItemKind::Policy(p) => p.name.span,
            ItemKind::Extern(e) => e.kind.span,
            _ => return false,
        };
        declared == name
    });
    found.map(|item| text(&item.doc)).unwrap_or_default()
}

//! What can be done about a mistake with one key: the replacement that the diagnostic proposes, options and arms that are
//! missing.

use super::View;
use super::tree::{Node, walk};
use crate::diagnostic::{Diagnostic, code};
use crate::resolve::hir::{self, Entry};
use crate::syntax::ast::{self, Block, Expr, ExprKind, Pattern};
use crate::text::{FileId, Span};
use crate::ty::{Domain, Field, Literal, Record, Ty};

/// A replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does, as a menu says it.
    pub title: String,
    /// The diagnostic that it answers, by its place among those of the program.
    pub diagnostic: usize,
    /// The changes.
    pub edits: Vec<Edit>,
    /// Whether it is the one that is most probably wanted.
    pub preferred: bool,
}

/// What can be done about the mistakes in a range of a file.
pub fn actions(view: &View, file: FileId, range: Span) -> Vec<Action> {
    let mut found = Vec::new();
    for (index, diagnostic) in view.analysis.compiled.diagnostics.iter().enumerate() {
        let at = diagnostic.span();
        let touched = at.file == file && at.start <= range.end && range.start <= at.end;
        if touched {
            found.extend(of_diagnostic(view, diagnostic, index));
        }
    }
    found
}

/// What can be done about one mistake.
fn of_diagnostic(view: &View, diagnostic: &Diagnostic, index: usize) -> Vec<Action> {
    let mut actions = Vec::new();
    if let Some(fix) = &diagnostic.fix
        && !fix.span.file.is_builtin()
    {
        let title = title(view, fix.span, &fix.text);
        let edits = vec![Edit { span: fix.span, text: fix.text.clone() }];
        actions.push(Action { title, diagnostic: index, edits, preferred: true });
    }
    let more = match diagnostic.code {
        code::OPTION_MISSING => missing_options(view, diagnostic.span()),
        code::TYPE_NOT_EXHAUSTIVE => missing_arms(view, diagnostic.span()),
        code::OPTION_DEPRECATED => renamed(view, diagnostic.span()),
        _ => None,
    };
    if let Some((title, edits)) = more {
        actions.push(Action { title, diagnostic: index, edits, preferred: actions.is_empty() });
    }
    actions
}

fn title(view: &View, span: Span, text: &str) -> String {
    let shown = |text: &str| text.trim().chars().map(|c| if c == '\n' { ' ' } else { c }).take(60).collect::<String>();
    let before = view.slice(span);
    match (before.trim().is_empty(), text.trim().is_empty()) {
        (true, _) => format!("Insert `{}`", shown(text)),
        (false, true) => format!("Remove `{}`", shown(before)),
        (false, false) => format!("Change to `{}`", shown(text)),
    }
}

/// Adds the required options that a block lacks, or the required fields that a record does.
fn missing_options(view: &View, at: Span) -> Option<(String, Vec<Edit>)> {
    let needed = |(name, field): (&str, &Field)| (name.to_owned(), example(&field.ty));
    let (span, what, lacking): (Span, &str, Vec<(String, String)>) = match block_at(view, at) {
        Some(block) => {
            let lacking = offered(view, block).into_iter().filter(|(_, field, given)| !given && is_required(field));
            (block.span, "option", lacking.map(|(name, field, _)| needed((name, field))).collect())
        }
        None => {
            let entries = record_at(view, at)?;
            let given = |name: &str| {
                entries.iter().any(|entry| matches!(entry, ast::Entry::Field { key, .. } if key.name == name))
            };
            let record = view.wanted(at).and_then(record_of)?;
            let lacking = record.fields.iter().filter(|(name, field)| !given(name) && is_required(field));
            (at, "field", lacking.map(|(name, field)| needed((name, field))).collect())
        }
    };
    let title = match lacking.as_slice() {
        [] => return None,
        [(one, _)] => format!("Add the required {what} `{one}`"),
        several => format!("Add the {} required {what}s", several.len()),
    };
    Some((title, vec![into_braces(view, span, &lacking)?]))
}

fn is_required(field: &Field) -> bool {
    !field.optional && !field.is_refused()
}

/// The record that a place takes.
pub(super) fn record_of(ty: &Ty) -> Option<&Record> {
    match ty.plain() {
        Ty::Record(record) => Some(record),
        Ty::Optional(inner) | Ty::Late(inner) => record_of(inner),
        Ty::Union(members) => members.iter().find_map(record_of),
        _ => None,
    }
}

/// The entries of the record literal at exactly this place.
fn record_at(view: &View, at: Span) -> Option<&[ast::Entry]> {
    let mut found = None;
    walk(view.tree(at.file)?, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Record(entries), span }) = node
            && *span == at
        {
            found = Some(entries.as_slice());
        }
        let span = node.span();
        span.start <= at.start && at.end <= span.end
    });
    found
}

/// The options of a block's kind with whether they are given, also by a spread.
pub(super) fn offered<'v>(view: &'v View, block: &Block) -> Vec<(&'v str, &'v Field, bool)> {
    let program = view.program();
    let kind = program.kinds.get(&(block.statement.category(), block.kind.name.clone()));
    let Some(record) = kind.and_then(|kind| program.records.get(kind.record)) else { return Vec::new() };
    let body = hir_block(view, block).map(|block| block.body.as_slice()).unwrap_or_default();
    let given = |name: &str| {
        body.iter().any(|entry| match entry {
            Entry::Field { key, .. } => key.name == name,
            Entry::Spread { value, .. } => match view.type_of(value.span).map(Ty::plain) {
                Some(Ty::Record(record)) => record.fields.contains_key(name),
                _ => false,
            },
        })
    };
    record.fields.iter().map(|(name, field)| (name.as_str(), field, given(name))).collect()
}

fn hir_block<'v>(view: &'v View, block: &Block) -> Option<&'v hir::Block> {
    let program = view.program();
    let groups = program.groups.iter().flat_map(|group| &group.steps);
    let steps = program.images.iter().flat_map(|image| &image.steps).chain(groups);
    let steps = steps.filter_map(|step| if let hir::Step::Block(block) = step { Some(block) } else { None });
    let posts = program.images.iter().flat_map(|image| &image.posts).flat_map(|post| &post.links);
    let mut all = program.images.iter().flat_map(|image| &image.builders).chain(steps).chain(posts);
    all.find(|found| found.span == block.span)
}

/// The block whose header is underlined at a place.
fn block_at(view: &View, at: Span) -> Option<&Block> {
    let mut found = None;
    walk(view.tree(at.file)?, &mut |node| {
        if let Node::Block(block) = node
            && block.keyword.start == at.start
        {
            found = Some(block);
        }
        let span = node.span();
        span.start <= at.start && at.start <= span.end
    });
    found
}

/// An edit that adds lines before the closing brace of a block or record, in its own indentation. None where it is not closed.
fn into_braces(view: &View, braces: Span, lines: &[(String, String)]) -> Option<Edit> {
    let text = view.source(braces.file).text();
    let close = braces.start as usize + text.get(braces.range())?.strip_suffix('}')?.len();
    let line_start = |offset: usize| text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let indent_at = |offset: usize| {
        let start = line_start(offset);
        text[start..].chars().take_while(|c| *c == ' ' || *c == '\t').collect::<String>()
    };
    let outer = indent_at(braces.start as usize);
    let (inner, end) = (format!("{outer}    "), line_end(text));
    let added: String = lines.iter().map(|(name, value)| format!("{inner}{name} = {value}{end}")).collect();
    let own_line = text[line_start(close)..close].trim().is_empty();
    if own_line {
        let at = line_start(close);
        return Some(Edit { span: Span::new(braces.file, at, at), text: added });
    }
    // `{ }` on one line: what stands in it keeps its place.
    let blank = text[..close].len() - text[..close].trim_end().len();
    let span = Span::new(braces.file, close - blank, close);
    Some(Edit { span, text: format!("{end}{added}{outer}") })
}

/// A value to begin with.
pub(super) fn example(ty: &Ty) -> String {
    match ty.plain() {
        Ty::Bool => "false".into(),
        Ty::Int | Ty::Number => "0".into(),
        Ty::Range(range) => match range.base.plain() {
            Ty::Duration => crate::ty::describe::duration(range.low.unwrap_or(0)),
            Ty::Size => crate::ty::describe::size(u64::try_from(range.low.unwrap_or(0)).unwrap_or(0)),
            _ => range.low.unwrap_or(0).to_string(),
        },
        Ty::Duration => "10m".into(),
        Ty::Size => "8GiB".into(),
        Ty::Literal(literal) => literal.to_string(),
        Ty::Domain(Domain::Region) => "\"us-east-1\"".into(),
        Ty::List(_) => "[]".into(),
        Ty::Map(_) | Ty::Record(_) => "{}".into(),
        Ty::Optional(inner) | Ty::Late(inner) => example(inner),
        Ty::Union(members) => members.first().map_or_else(|| "\"\"".into(), example),
        _ => "\"\"".into(),
    }
}

/// The line end of a text: that of its first line.
fn line_end(text: &str) -> &'static str {
    if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Adds the arms that a `match` lacks.
fn missing_arms(view: &View, at: Span) -> Option<(String, Vec<Edit>)> {
    let matched = match_at(view, at)?;
    let ExprKind::Match(subject, arms) = &matched.kind else { return None };
    let written: Vec<String> = arms
        .iter()
        .flat_map(|arm| &arm.patterns)
        .filter_map(|pattern| if let Pattern::Literal(literal) = pattern { Some(literal) } else { None })
        .map(|literal| match &literal.kind {
            ExprKind::Text(text) => Literal::Text(text.as_plain().unwrap_or_default()).to_string(),
            _ => view.slice(literal.span).to_owned(),
        })
        .collect();
    let ty = view.type_of(subject.span)?;
    let missing: Vec<String> = match ty.early().non_null().literals() {
        Some(literals) => {
            let null = ty.admits_null().then(|| "null".to_owned());
            literals.iter().map(Literal::to_string).chain(null).filter(|l| !written.contains(l)).collect()
        }
        None => vec!["_".into()],
    };
    let title = match missing.as_slice() {
        [] => return None,
        [one] => format!("Add the arm `{one}`"),
        several => format!("Add the {} missing arms", several.len()),
    };
    let text = view.source(matched.span.file).text();
    let close = matched.span.start as usize + text.get(matched.span.range())?.strip_suffix('}')?.len();
    let line_start = text[..close].rfind('\n').map_or(0, |at| at + 1);
    let indent = |offset: usize| {
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        text[start..].chars().take_while(|c| *c == ' ' || *c == '\t').collect::<String>()
    };
    let value = arms.last().map_or("null", |arm| view.slice(arm.value.span));
    let arm = |pattern: &String| format!("{pattern} => {value}");
    let edit = if text[line_start..close].trim().is_empty() {
        let inner = format!("{}    ", indent(close));
        let lines: String =
            missing.iter().map(|pattern| format!("{inner}{}{}", arm(pattern), line_end(text))).collect();
        Edit { span: Span::new(matched.span.file, line_start, line_start), text: lines }
    } else {
        let blank = text[..close].len() - text[..close].trim_end().len();
        let all = missing.iter().map(arm).collect::<Vec<_>>().join(", ");
        let comma = match text[..close].trim_end().ends_with(['{', ',']) {
            true => " ",
            false => ", ",
        };
        Edit { span: Span::new(matched.span.file, close - blank, close), text: format!("{comma}{all} ") }
    };
    Some((title, vec![edit]))
}

fn match_at(view: &View, at: Span) -> Option<&Expr> {
    let mut found = None;
    walk(view.tree(at.file)?, &mut |node| {
        if let Node::Expr(expr) = node
            && matches!(expr.kind, ExprKind::Match(..))
            && expr.span.start <= at.start
            && at.end <= expr.span.end
        {
            found = Some(expr);
        }
        let span = node.span();
        span.start <= at.start && at.end <= span.end
    });
    found
}

/// Writes the option that a deprecated one names as the one to use, where it takes the same values.
fn renamed(view: &View, at: Span) -> Option<(String, Vec<Edit>)> {
    let name = view.slice(at);
    let mut block = None;
    walk(view.tree(at.file)?, &mut |node| {
        let span = node.span();
        let around = span.start <= at.start && at.end <= span.end;
        if let Node::Block(found) = node
            && around
        {
            block = Some(found);
        }
        around
    });
    let options = offered(view, block?);
    let (_, old, _) = options.iter().find(|(option, _, _)| *option == name)?;
    let instead = old.notes.as_ref()?.deprecated.as_ref()?;
    // The words name it in backticks.
    let now = instead.split('`').skip(1).step_by(2).find(|word| options.iter().any(|(option, _, _)| option == word))?;
    let (_, new, given) = options.iter().find(|(option, _, _)| *option == now)?;
    let same = crate::ty::flow::flows(&old.ty, &new.ty, crate::ty::flow::Lateness::Ignored);
    if *given || !same || now == name {
        return None;
    }
    Some((format!("Change to `{now}`"), vec![Edit { span: at, text: now.to_owned() }]))
}

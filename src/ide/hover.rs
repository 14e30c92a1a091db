//! What is shown of the place that is pointed at: what a name is, what type an expression has and what it is worth in each
//! build, how many builds a block makes.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::declare::{Words, code_span, cut, words};
use super::tree::{Node, around};
use super::{View, builds};
use crate::compile::{Options, answer};
use crate::eval::Answer;
use crate::load::World;
use crate::syntax::ast::{ExprKind, ImageItem, Item, ItemKind, MatrixItem, TextPart};
use crate::template::{Piece, functions, parse};
use crate::text::words::count;
use crate::text::{FileId, Span};
use crate::ty::Ty;

/// So many different values are shown.
const MOST_VALUES: usize = 8;
/// So many builds are named behind each.
const MOST_NAMES: usize = 3;
/// Longer types lose their end, in characters.
const LONGEST_CODE: usize = 1_500;

/// What is shown of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// What is shown of a place; nothing where there is nothing to say.
pub fn hover(view: &View, world: &dyn World, options: &Options, file: FileId, offset: u32) -> Option<Hover> {
    let nodes = around(view.tree(file)?, offset);
    if let Some(mention) = view.names_at(file, offset).find(|mention| mention.at.start <= offset) {
        // Of the names at a place the one that says most: an option rather than the key of a record.
        let at = mention.at;
        let all = view.names_at(file, offset).filter(|m| m.at == at).filter_map(|m| words(view, m.symbol));
        let said = all.max_by_key(|words| (words.doc.len() + words.notes.len(), words.code.len()))?;
        let mut text = shown(&said);
        if let Some(expr) = named_expression(&nodes, at)
            && let Some(answer) = answer(world, &view.analysis, options, expr)
        {
            text.push_str(&values(&answer));
        }
        return Some(Hover { span: at, text });
    }
    if let Some(hover) = action(&nodes, offset) {
        return Some(hover);
    }
    if let Some(hover) = statement(view, &nodes, offset) {
        return Some(hover);
    }
    expression(view, world, options, &nodes)
}

/// The expression that a name is: itself, or the field at its end.
fn named_expression(nodes: &[Node<'_>], name: Span) -> Option<Span> {
    let expr = nodes.iter().rev().find_map(|node| if let Node::Expr(expr) = node { Some(*expr) } else { None })?;
    let named = match &expr.kind {
        ExprKind::Name(_) => expr.span == name,
        ExprKind::Field(_, field) => field.span == name,
        _ => false,
    };
    named.then_some(expr.span)
}

fn expression(view: &View, world: &dyn World, options: &Options, nodes: &[Node<'_>]) -> Option<Hover> {
    let expr = nodes.iter().rev().find_map(|node| if let Node::Expr(expr) = node { Some(*expr) } else { None })?;
    let ty = view.type_of(expr.span).filter(|ty| **ty != Ty::Poison)?;
    let answer = answer(world, &view.analysis, options, expr.span);
    // A literal says what it is.
    let plain = matches!(
        expr.kind,
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Number(_) | ExprKind::Regex(_)
    );
    if plain || matches!(ty, Ty::Literal(_)) && !matches!(expr.kind, ExprKind::If(..) | ExprKind::Match(..)) {
        return None;
    }
    let mut text = code(&ty.to_string());
    if let Some(answer) = answer {
        text.push_str(&values(&answer));
    }
    Some(Hover { span: expr.span, text })
}

/// The function of a `{{…}}`.
fn action(nodes: &[Node<'_>], offset: u32) -> Option<Hover> {
    let text = nodes.iter().rev().find_map(|node| match node {
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    })?;
    let chars = text.parts.iter().filter_map(|part| if let TextPart::Chars(chars) = part { Some(chars) } else { None });
    for chars in chars {
        for piece in parse(&chars.value).pieces {
            let Piece::Action { range, .. } = piece else { continue };
            let span = chars.span_of(range.start, range.end);
            if span.start <= offset && offset < span.end {
                let inside = &chars.value[range];
                let word = |function: &&crate::template::Function| {
                    inside.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == function.name)
                };
                let said = match functions().iter().find(word) {
                    Some(function) => format!("{}: {}.\n\n", function.name, function.summary),
                    None => String::new(),
                };
                return Some(Hover { span, text: format!("{said}Filled in when the plan runs.") });
            }
        }
    }
    None
}

/// How many builds a block or matrix makes, where its keyword is pointed at.
fn statement(view: &View, nodes: &[Node<'_>], offset: u32) -> Option<Hover> {
    let node = nodes.iter().rev().find(|node| matches!(node, Node::Block(_) | Node::Statement(_) | Node::Step(_)))?;
    let over = |span: Span| (span.start <= offset && offset <= span.end).then_some(span);
    let image = nodes.iter().find_map(|node| match node {
        Node::Item(Item { kind: ItemKind::Image(image), .. }) => Some(&image.name),
        _ => None,
    });
    let (span, builds) = match node {
        Node::Block(block) => (over(block.keyword)?, Cow::Owned(builds::of_block(view, block)?)),
        Node::Statement(ImageItem::Matrix(matrix)) => {
            (over(matrix.keyword)?, Cow::Borrowed(builds::of_image(view, image?)?))
        }
        Node::Step(MatrixItem::Exclude(exclude)) => {
            let span = over(Span { end: exclude.span.start + "exclude".len() as u32, ..exclude.span })?;
            return Some(Hover { span, text: "Leaves the cells of the matrix out for which this holds.".into() });
        }
        _ => return None,
    };
    let mut text = format!("{}.", count(builds.len(), "build"));
    for name in builds::names(view, &builds).take(MOST_VALUES) {
        text.push_str(&format!("\n- {name}"));
    }
    if builds.len() > MOST_VALUES {
        text.push_str(&format!("\n- … {} more", builds.len() - MOST_VALUES));
    }
    Some(Hover { span, text })
}

/// The different values of an expression, in the order of the builds: a list, which is read as easily where Markdown is shown as it
/// is written.
fn values(answer: &Answer) -> String {
    let of = |builds: &[SmolStr]| match builds.len() == answer.asked {
        true => format!("all {} builds", answer.asked),
        false => format!("{} of {}", builds.len(), count(answer.asked, "build")),
    };
    let mut text = String::from("\n\n");
    match answer.values.as_slice() {
        [(value, _)] if answer.asked <= 1 => text.push_str(&format!("= {}", code_span(value))),
        [(value, builds)] if builds.len() == answer.asked => {
            text.push_str(&format!("= {} in {}", code_span(value), of(builds)));
        }
        several => {
            for (value, builds) in several.iter().take(MOST_VALUES) {
                text.push_str(&format!("- {} in {}: {}\n", code_span(value), of(builds), first_names(builds)));
            }
            if several.len() > MOST_VALUES {
                text.push_str(&format!("- … {} more\n", count(several.len() - MOST_VALUES, "value")));
            }
        }
    }
    if answer.asked < answer.builds {
        text.push_str(&format!("\n\nThese are the first of {} builds.", answer.builds));
    }
    text
}

fn first_names(builds: &[SmolStr]) -> String {
    let mut names: Vec<&str> = builds.iter().take(MOST_NAMES).map(SmolStr::as_str).collect();
    if builds.len() > MOST_NAMES {
        names.push("…");
    }
    names.join(", ")
}

fn shown(words: &Words) -> String {
    let mut text = code(&words.code);
    for paragraph in std::iter::once(&words.doc).chain(&words.notes).filter(|paragraph| !paragraph.is_empty()) {
        text.push_str("\n\n");
        text.push_str(paragraph);
    }
    text
}

fn code(code: &str) -> String {
    format!("```bake\n{}\n```", cut(code, LONGEST_CODE))
}

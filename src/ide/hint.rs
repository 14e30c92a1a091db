//! What an editor writes between the lines: how many builds a matrix makes, the types of names that are written without one, and
//! the builds of an image behind a click. What the line says itself is not said again.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::tree::{Node, walk};
use super::{View, builds};
use crate::syntax::ast::{
    Binding, BlockKind, Element, Entry, Expr, ExprKind, Ident, ImageItem, Item, ItemKind, MatrixItem,
};
use crate::text::words::count;
use crate::text::{FileId, Span};
use crate::ty::Ty;

/// Longer types would push the line off the screen.
const LONGEST_TYPE: usize = 40;

/// Words behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Behind which byte.
    pub at: u32,
    /// What is written there.
    pub text: String,
}

/// An image and how many builds it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The name of the image.
    pub span: Span,
    /// The image.
    pub image: SmolStr,
    /// Whether builds are known, so that they can be listed.
    pub counted: bool,
    /// What stands there.
    pub title: String,
}

/// The words between the lines of a part of a file.
pub fn hints(view: &View, part: Span) -> Vec<Hint> {
    let Some(tree) = view.tree(part.file) else { return Vec::new() };
    let types = types(view);
    let mut hints = Vec::new();
    let mut image: Option<&Ident> = None;
    walk(tree, &mut |node| {
        let span = node.span();
        if span.end < part.start || part.end < span.start {
            return false;
        }
        if let Node::Item(Item { kind, .. }) = node {
            image = if let ItemKind::Image(image) = kind { Some(&image.name) } else { None };
        }
        match node {
            Node::Statement(ImageItem::Matrix(matrix)) => {
                if let Some(builds) = image.and_then(|image| builds::of_image(view, image)) {
                    hints.push(Hint { at: matrix.keyword.end, text: count(builds.len(), "build") });
                }
            }
            Node::Block(block) if block.statement != BlockKind::Post => {
                let all = match image {
                    Some(image) => builds::of_image(view, image).map(<[u32]>::len),
                    None => view.builds().map(|(plan, _)| plan.builds.len()),
                };
                if let (Some(when), Some(all)) = (&block.when, all)
                    && let Some(builds) = builds::of_block(view, block)
                {
                    hints.push(Hint { at: when.span.end, text: format!("{} of {all} builds", builds.len()) });
                }
            }
            Node::Step(MatrixItem::Axis(axis)) if !says_its_type(&axis.source) => {
                hints.extend(axis.names.iter().filter_map(|name| typed(&types, name)));
            }
            Node::Step(MatrixItem::Let(binding)) | Node::Statement(ImageItem::Let(binding)) => {
                hints.extend(of_binding(&types, binding));
            }
            Node::Item(Item {
                kind: ItemKind::Param(b) | ItemKind::Variable(b) | ItemKind::Secret(b) | ItemKind::Let(b),
                ..
            }) => hints.extend(of_binding(&types, b)),
            _ => {}
        }
        !matches!(node, Node::Expr(_) | Node::Type(_))
    });
    hints.retain(|hint| part.start <= hint.at && hint.at <= part.end);
    hints
}

/// The types of all names that can be written without one, by where they are declared.
fn types(view: &View) -> FxHashMap<Span, &Ty> {
    let (program, checked) = (view.program(), &view.analysis.checked);
    let columns = program.images.iter().zip(&checked.columns);
    let columns = columns.flat_map(|(image, types)| image.columns.iter().map(|column| column.span).zip(types));
    let params = program.params.iter().map(|input| input.name.span).zip(&checked.params);
    let variables = program.variables.iter().map(|input| input.name.span).zip(&checked.variables);
    let lets = program.lets.iter().map(|item| item.name.span).zip(&checked.lets);
    columns.chain(params).chain(variables).chain(lets).collect()
}

fn of_binding(types: &FxHashMap<Span, &Ty>, binding: &Binding) -> Option<Hint> {
    let told = binding.ty.is_some() || binding.value.as_ref().is_none_or(says_its_type);
    if told { None } else { typed(types, &binding.name) }
}

/// The type of a name, where it is short enough to stand in the line.
fn typed(types: &FxHashMap<Span, &Ty>, name: &Ident) -> Option<Hint> {
    let ty = types.get(&name.span)?;
    let text = ty.to_string();
    let worth_it = !matches!(ty.plain(), Ty::Poison | Ty::Never) && text.chars().count() <= LONGEST_TYPE;
    worth_it.then(|| Hint { at: name.span.end, text: format!(": {text}") })
}

/// Whether the type of an expression can be read off it: literals, and what holds nothing else.
fn says_its_type(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Number(_)
        | ExprKind::Duration(_)
        | ExprKind::Size(_)
        | ExprKind::Regex(_)
        | ExprKind::Text(_)
        | ExprKind::Bad => true,
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => says_its_type(inner),
        ExprKind::List(elements) => elements.iter().all(|element| match element {
            Element::Value(value) => says_its_type(value),
            Element::Spread(..) => false,
        }),
        ExprKind::Record(entries) => entries.iter().all(|entry| match entry {
            Entry::Field { value, .. } => says_its_type(value),
            Entry::Spread { .. } | Entry::Bad(_) => false,
        }),
        ExprKind::If(_, then, otherwise) => says_its_type(then) && says_its_type(otherwise),
        ExprKind::Match(_, arms) => arms.iter().all(|arm| says_its_type(&arm.value)),
        ExprKind::Name(_)
        | ExprKind::Field(..)
        | ExprKind::Index(..)
        | ExprKind::Call(..)
        | ExprKind::Binary(..)
        | ExprKind::ForList(..)
        | ExprKind::ForRecord(..) => false,
    }
}

/// The images of a file with the numbers of their builds.
pub fn lenses(view: &View, file: FileId) -> Vec<Lens> {
    let lens = |name: &Ident| {
        let builds = builds::of_image(view, name);
        let title = match &builds {
            Some(builds) => format!("{} · list", count(builds.len(), "build")),
            None => without(view)?,
        };
        Some(Lens { span: name.span, image: name.name.clone(), counted: builds.is_some(), title })
    };
    images(view, file).filter_map(lens).collect()
}

/// The names of the builds of an image that a file declares.
pub fn builds_of<'v>(view: &'v View, file: FileId, image: &str) -> impl Iterator<Item = &'v SmolStr> {
    let name = images(view, file).find(|name| name.name == image);
    let numbers = name.and_then(|name| builds::of_image(view, name)).unwrap_or_default();
    builds::names(view, numbers)
}

fn images(view: &View, file: FileId) -> impl Iterator<Item = &Ident> {
    view.tree(file).into_iter().flat_map(|tree| &tree.items).filter_map(|item| match &item.kind {
        ItemKind::Image(image) => Some(&image.name),
        _ => None,
    })
}

/// Why builds are not known, where that is no mistake.
fn without(view: &View) -> Option<String> {
    let missing = &view.analysis.compiled.missing_params;
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("builds not evaluated: {} without a value", names.join(", ")))
}

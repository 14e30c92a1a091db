//! What an editor writes between the lines: how many builds a matrix makes, and the builds of an image behind a click.

use smol_str::SmolStr;

use super::declare::count;
use super::tree::{Node, walk};
use super::{View, builds};
use crate::syntax::ast::{BlockKind, ImageItem, ItemKind, MatrixItem};
use crate::text::{FileId, Span};
use crate::ty::Ty;

/// Words behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Behind which byte.
    pub at: u32,
    /// What is written there.
    pub text: String,
}

/// An image and its builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The name of the image.
    pub span: Span,
    /// The image.
    pub image: SmolStr,
    /// Its builds; none where builds were not evaluated.
    pub builds: Option<Vec<SmolStr>>,
    /// What stands there.
    pub title: String,
}

/// The words between the lines of a file: builds at `matrix` and at blocks that only some builds have, types of axes and `let`s.
pub fn hints(view: &View, file: FileId) -> Vec<Hint> {
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let mut hints = Vec::new();
    let all = view.analysis.compiled.plan.as_ref().map(|plan| plan.builds.len());
    walk(tree, &mut |node| {
        match node {
            Node::Statement(ImageItem::Matrix(matrix)) => {
                if let Some(builds) = builds::of_matrix(view, matrix.keyword) {
                    hints.push(Hint { at: matrix.keyword.end, text: count(builds.len(), "build", "builds") });
                }
            }
            Node::Block(block) if block.when.is_some() && block.statement != BlockKind::Post => {
                let when = block.when.as_ref().map_or(block.span.start, |when| when.span.end);
                if let (Some(builds), Some(all)) = (builds::of_block(view, block), all) {
                    hints.push(Hint { at: when, text: format!("{} of {all} builds", builds.len()) });
                }
            }
            Node::Step(MatrixItem::Axis(axis)) => {
                for name in &axis.names {
                    hints.extend(column(view, name.span).map(|text| Hint { at: name.span.end, text }));
                }
            }
            Node::Step(MatrixItem::Let(binding)) if binding.ty.is_none() => {
                hints.extend(column(view, binding.name.span).map(|text| Hint { at: binding.name.span.end, text }));
            }
            _ => {}
        }
        !matches!(node, Node::Expr(_) | Node::Type(_))
    });
    hints
}

/// The type of an axis or `let` of an image, where it is short enough to stand in the line.
fn column(view: &View, name: Span) -> Option<String> {
    let images = view.program().images.iter().zip(&view.analysis.checked.columns);
    let (image, columns) = images.into_iter().find(|(image, _)| image.columns.iter().any(|c| c.span == name))?;
    let ty = columns.get(image.columns.iter().position(|column| column.span == name)?)?;
    let text = ty.to_string();
    let worth_it = !matches!(ty.plain(), Ty::Poison | Ty::Never) && text.chars().count() <= 40;
    worth_it.then(|| format!(": {text}"))
}

/// The images of a file with their builds.
pub fn lenses(view: &View, file: FileId) -> Vec<Lens> {
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let images = tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Image(image) => Some(&image.name),
        _ => None,
    });
    let lens = |name: &crate::syntax::ast::Ident| {
        let builds = builds::of_image(view, &name.name);
        let title = match &builds {
            Some(builds) => format!("{} · list", count(builds.len(), "build", "builds")),
            None => without(view)?,
        };
        Some(Lens { span: name.span, image: name.name.clone(), builds, title })
    };
    images.filter_map(lens).collect()
}

/// Why builds are not known, where that is no mistake.
fn without(view: &View) -> Option<String> {
    let missing = &view.analysis.compiled.missing_params;
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("builds not evaluated: {} without a value", names.join(", ")))
}

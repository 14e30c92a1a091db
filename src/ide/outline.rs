//! The outline of a file: what it declares, and what its images hold; and what of it can be folded.
//!
//! It needs no meaning, only the tree, so it is there as long as the text can be read at all.

use super::tree::{Node, walk};
use crate::syntax::ast::{
    Block, Comment, CommentKind, Entry, ExprKind, ExternKind, File, ImageItem, Item, ItemKind, MatrixItem, Member,
    TypeKind,
};
use crate::text::{Source, Span};

/// What a symbol is, in the words of editors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SymbolKind {
    Import,
    Param,
    Variable,
    Let,
    Function,
    Type,
    Table,
    Column,
    Image,
    Axis,
    Block,
    Group,
    Policy,
    Output,
    Kind,
    Option,
}

/// A symbol of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// A few words more.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole declaration.
    pub span: Span,
    /// Its name, inside `span`.
    pub selection: Span,
    /// What it holds.
    pub children: Vec<Symbol>,
}

/// The outline of a file.
pub fn symbols(file: &File) -> Vec<Symbol> {
    file.items.iter().filter_map(item).collect()
}

fn item(item: &Item) -> Option<Symbol> {
    let symbol = |name: &str, detail: &str, kind, selection, children| {
        // A broken item may end before its name does.
        let span: Span = item.span;
        Some(Symbol { name: named(name), detail: detail.into(), kind, span: span.to(selection), selection, children })
    };
    match &item.kind {
        ItemKind::Import(import) => {
            let name = import.alias.as_ref().map(|a| a.name.clone()).or_else(|| import.path.as_plain())?;
            symbol(&name, "import", SymbolKind::Import, import.path.span, Vec::new())
        }
        ItemKind::Param(b) => symbol(&b.name.name, "param", SymbolKind::Param, b.name.span, Vec::new()),
        ItemKind::Variable(b) => symbol(&b.name.name, "variable", SymbolKind::Variable, b.name.span, Vec::new()),
        ItemKind::Secret(b) => symbol(&b.name.name, "secret", SymbolKind::Variable, b.name.span, Vec::new()),
        ItemKind::Let(b) => symbol(&b.name.name, "let", SymbolKind::Let, b.name.span, Vec::new()),
        ItemKind::Fn(f) => symbol(&f.name.name, "fn", SymbolKind::Function, f.name.span, Vec::new()),
        ItemKind::Type(t) => symbol(&t.name.name, "type", SymbolKind::Type, t.name.span, Vec::new()),
        ItemKind::Table(t) => {
            let columns = t.columns.iter().map(|column| Symbol {
                name: named(&column.name.name),
                detail: String::new(),
                kind: SymbolKind::Column,
                span: column.name.span.to(column.ty.span),
                selection: column.name.span,
                children: Vec::new(),
            });
            symbol(&t.name.name, "table", SymbolKind::Table, t.name.span, columns.collect())
        }
        ItemKind::Image(i) => {
            let children = i.body.iter().flat_map(statement).collect();
            symbol(&i.name.name, "image", SymbolKind::Image, i.name.span, children)
        }
        ItemKind::Group(g) => {
            let children = g.body.iter().flat_map(statement).collect();
            symbol(&g.name.name, "group", SymbolKind::Group, g.name.span, children)
        }
        ItemKind::Policy(p) => symbol(&p.name.name, "policy", SymbolKind::Policy, p.name.span, Vec::new()),
        ItemKind::Output(o) => {
            let name = o.file.as_plain().unwrap_or_else(|| "output".into());
            symbol(&name, "output", SymbolKind::Output, o.file.span, Vec::new())
        }
        ItemKind::Extern(e) => {
            let options = e.body.iter().filter_map(|member| match member {
                Member::Field(field) => Some(Symbol {
                    name: named(&field.name.name),
                    detail: String::new(),
                    kind: SymbolKind::Option,
                    span: field.span.to(field.name.span),
                    selection: field.name.span,
                    children: Vec::new(),
                }),
                _ => None,
            });
            let detail = match e.category {
                ExternKind::Builder => "extern builder",
                ExternKind::Provisioner => "extern provisioner",
                ExternKind::Post => "extern post",
                ExternKind::Options => "extern options",
            };
            symbol(&e.kind.name, detail, SymbolKind::Kind, e.kind.span, options.collect())
        }
        ItemKind::Bad => None,
    }
}

fn statement(item: &ImageItem) -> Vec<Symbol> {
    match item {
        ImageItem::Matrix(matrix) => matrix.items.iter().flat_map(axis).collect(),
        ImageItem::Block(b) => vec![block(b)],
        ImageItem::Post(post) => post.links.iter().map(block).collect(),
        ImageItem::Let(binding) => vec![Symbol {
            name: named(&binding.name.name),
            detail: "let".into(),
            kind: SymbolKind::Let,
            span: binding.span.to(binding.name.span),
            selection: binding.name.span,
            children: Vec::new(),
        }],
        ImageItem::Use(r#use) => r#use
            .group
            .last()
            .map(|name| Symbol {
                name: named(&name.name),
                detail: "use".into(),
                kind: SymbolKind::Group,
                span: r#use.span.to(name.span),
                selection: name.span,
                children: Vec::new(),
            })
            .into_iter()
            .collect(),
        ImageItem::Name { .. } | ImageItem::Retain { .. } | ImageItem::Bad(_) => Vec::new(),
    }
}

fn axis(item: &MatrixItem) -> Vec<Symbol> {
    let (names, span, detail, kind) = match item {
        MatrixItem::Axis(axis) => (axis.names.as_slice(), axis.span, "axis", SymbolKind::Axis),
        MatrixItem::Let(binding) => (std::slice::from_ref(&binding.name), binding.span, "let", SymbolKind::Let),
        MatrixItem::Exclude(_) | MatrixItem::Bad(_) => return Vec::new(),
    };
    let symbol = |name: &crate::syntax::ast::Ident| Symbol {
        name: named(&name.name),
        detail: detail.into(),
        kind,
        span: span.to(name.span),
        selection: name.span,
        children: Vec::new(),
    };
    names.iter().map(symbol).collect()
}

fn block(block: &Block) -> Symbol {
    let label = block.label.as_ref().and_then(|label| label.as_plain());
    let word = match block.statement {
        crate::syntax::ast::BlockKind::Builder => "builder",
        crate::syntax::ast::BlockKind::Provision => "provision",
        crate::syntax::ast::BlockKind::Cleanup => "cleanup",
        crate::syntax::ast::BlockKind::Test => "test",
        crate::syntax::ast::BlockKind::Post => "post",
    };
    Symbol {
        name: named(&format!("{word} {}", block.kind.name)),
        detail: label.map(String::from).unwrap_or_default(),
        kind: SymbolKind::Block,
        span: block.span.to(block.keyword).to(block.kind.span),
        selection: block.keyword.to(block.kind.span),
        children: Vec::new(),
    }
}

/// Editors refuse empty names.
fn named(name: &str) -> String {
    if name.is_empty() { "…".into() } else { name.into() }
}

/// Something that can be folded: from the line of its start to that of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What disappears but for its first line.
    pub span: Span,
    /// What it is.
    pub kind: FoldKind,
}

/// What is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FoldKind {
    Region,
    Comment,
    Imports,
}

/// What can be folded, by place: items, statements, records, lists and texts of several lines, runs of comments, imports.
pub fn folds(file: &File, source: &Source) -> Vec<Fold> {
    let mut folds = Vec::new();
    walk(file, &mut |node| {
        let wanted = match node {
            Node::Item(item) => !matches!(item.kind, ItemKind::Import(_)),
            Node::Statement(_) | Node::Step(_) | Node::Block(_) => true,
            Node::Entry(entry) => !matches!(entry, Entry::Bad(_)),
            Node::Expr(expr) => {
                matches!(expr.kind, ExprKind::Record(_) | ExprKind::List(_) | ExprKind::Match(..) | ExprKind::Text(_))
            }
            Node::Type(ty) => matches!(ty.kind, TypeKind::Record(_)),
            _ => false,
        };
        if wanted {
            folds.push(Fold { span: node.span(), kind: FoldKind::Region });
        }
        true
    });
    let imports = file.items.iter().take_while(|item| matches!(item.kind, ItemKind::Import(_)));
    folds.extend(imports.map(|i| i.span).reduce(Span::to).map(|span| Fold { span, kind: FoldKind::Imports }));
    folds.extend(runs(&file.comments, source).map(|span| Fold { span, kind: FoldKind::Comment }));
    let line = |offset: u32| source.line_number(offset);
    folds.retain(|fold| line(fold.span.start) < line(fold.span.end));
    folds.sort_by_key(|fold| (fold.span.start, std::cmp::Reverse(fold.span.end)));
    // One fold a line: of those that begin on it, the outermost.
    folds.dedup_by_key(|fold| line(fold.span.start));
    folds
}

/// Comments of one kind on lines that follow each other.
fn runs(comments: &[Comment], source: &Source) -> impl Iterator<Item = Span> {
    let mut runs: Vec<(CommentKind, u32, Span)> = Vec::new();
    for comment in comments {
        let line = source.line_number(comment.span.start);
        match runs.last_mut() {
            Some((kind, last, span)) if *kind == comment.kind && *last + 1 == line => {
                *last = line;
                *span = span.to(comment.span);
            }
            _ => runs.push((comment.kind, line, comment.span)),
        }
    }
    runs.into_iter().map(|(_, _, span)| span)
}

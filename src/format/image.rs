//! The statements of images and groups, and the matrix.

use pretty::RcDoc;

use super::layout::{Body, Class, Doc, STEP, concat, join, nest, text};
use super::printer::{Braces, Printer};
use crate::syntax::ast::{Axis, Block, BlockKind, Entry, Exclude, ImageItem, Matrix, MatrixItem, Post, Use};
use crate::text::Span;

impl<'a> Printer<'a> {
    /// `{ … }` with the statements of an image or group.
    pub(super) fn statements(&self, items: &[ImageItem], open: u32, close: u32, indent: usize) -> Doc<'a> {
        let bodies = items.iter().map(|item| (statement_span(item), Body::Plain(self.statement(item, indent + STEP))));
        self.block(bodies.collect(), open, close, indent)
    }

    /// A block of statements; only a single one may share a line with the braces.
    fn block(&self, bodies: Vec<(Span, Body<'a>)>, open: u32, close: u32, indent: usize) -> Doc<'a> {
        let layout = match bodies.as_slice() {
            [(_, body)] if !self.trivia.breaks(open, close) => Braces::Flat(body.whole()),
            _ => Braces::Broken,
        };
        self.braced(self.gather(open, close, bodies), layout, indent)
    }

    fn statement(&self, item: &ImageItem, indent: usize) -> Doc<'a> {
        match item {
            ImageItem::Matrix(matrix) => self.matrix(matrix, indent),
            ImageItem::Let(binding) => self.binding("let ", binding, indent),
            ImageItem::Name { value, .. } => text("name = ").append(self.expr(value, indent)),
            ImageItem::Block(block) => {
                let keyword = match block.statement {
                    BlockKind::Builder => "builder ",
                    BlockKind::Provision => "provision ",
                    BlockKind::Cleanup => "cleanup ",
                    BlockKind::Test => "test ",
                    BlockKind::Post => "post ",
                };
                text(keyword).append(self.kind_block(block, indent))
            }
            ImageItem::Use(statement) => self.use_group(statement, indent),
            ImageItem::Post(post) => self.post(post, indent),
            ImageItem::Retain { body, keyword, span } => {
                text("retain ").append(self.entry_block(body, *keyword, *span, indent))
            }
            ImageItem::Bad(span) => self.verbatim(*span),
        }
    }

    /// Entries in braces, which open somewhere behind `header`; `span` ends with them.
    fn entry_block(&self, body: &[Entry], header: Span, span: Span, indent: usize) -> Doc<'a> {
        let open = self.trivia.behind(self.trivia.end(header), '{');
        self.entries(body, open, self.inner_end(span), indent)
    }

    /// `KIND "label" when e { … }`.
    fn kind_block(&self, block: &Block, indent: usize) -> Doc<'a> {
        let mut doc = self.ident(&block.kind);
        let mut header = block.kind.span;
        if let Some(label) = &block.label {
            doc = doc.append(text(" ")).append(self.verbatim(label.span));
            header = label.span;
        }
        if let Some(when) = &block.when {
            doc = doc.append(text(" when ")).append(self.expr(when, indent));
            header = when.span;
        }
        concat([doc, text(" "), self.entry_block(&block.body, header, block.span, indent)])
    }

    fn use_group(&self, statement: &Use, indent: usize) -> Doc<'a> {
        let name = statement.group.last().map_or(statement.span.start, |g| self.trivia.end(g.span));
        let open = self.trivia.behind(name, '(');
        let last = statement.args.last().map_or(open, |arg| self.trivia.end(arg.value.span));
        let close = self.trivia.behind(last, ')').saturating_sub(1);
        let args = self.args(("(", ")"), &statement.args, open, close, indent);
        let mut doc = concat([text("use "), self.idents(&statement.group, "."), args]);
        if let Some(when) = &statement.when {
            doc = doc.append(text(" when ")).append(self.expr(when, indent));
        }
        doc
    }

    fn post(&self, post: &Post, indent: usize) -> Doc<'a> {
        let mut doc = text("post ");
        let mut header = post.keyword;
        if let Some(when) = &post.when {
            doc = concat([doc, text("when "), self.expr(when, indent), text(" ")]);
            header = when.span;
        }
        if let ([link], false) = (post.links.as_slice(), post.chain) {
            return doc.append(self.kind_block(link, indent));
        }
        let bodies: Vec<(Span, Body<'a>)> = post
            .links
            .iter()
            .enumerate()
            .map(|(i, link)| {
                let then = if i == 0 { RcDoc::nil() } else { text("then ") };
                (link.span, Body::Plain(then.append(self.kind_block(link, indent + STEP))))
            })
            .collect();
        let open = self.trivia.behind(self.trivia.end(header), '{');
        let close = self.inner_end(post.span);
        let flat = join(bodies.iter().map(|(_, body)| body.whole()), text(" "));
        let layout = if self.trivia.breaks(open, close) { Braces::Broken } else { Braces::Flat(flat) };
        doc.append(self.braced(self.gather(open, close, bodies), layout, indent))
    }

    fn matrix(&self, matrix: &Matrix, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let bodies = matrix.items.iter().map(|item| match item {
            MatrixItem::Axis(axis) => (axis.span, self.axis(axis, inner)),
            MatrixItem::Let(binding) => (binding.span, Body::Plain(self.binding("let ", binding, inner))),
            MatrixItem::Exclude(exclude) => (exclude.span, self.exclude(exclude, inner)),
            MatrixItem::Bad(span) => (*span, Body::Plain(self.verbatim(*span))),
        });
        let open = self.trivia.behind(self.trivia.end(matrix.keyword), '{');
        text("matrix ").append(self.block(bodies.collect(), open, self.inner_end(matrix.span), indent))
    }

    fn axis(&self, axis: &Axis, indent: usize) -> Body<'a> {
        let source = text("in ").append(self.expr(&axis.source, indent));
        let names = self.idents(&axis.names, ", ");
        if axis.columns {
            Body::Plain(concat([text("axis { "), names, text(" } "), source]))
        } else {
            Body::columns(Class::Axis, text("axis ").append(names), source)
        }
    }

    fn exclude(&self, exclude: &Exclude, indent: usize) -> Body<'a> {
        let left = text("exclude when ").append(self.expr(&exclude.when, indent));
        let Some(because) = &exclude.because else { return Body::Plain(left) };
        let right = text("because ").append(self.verbatim(because.span));
        let whole = left.clone().append(nest(RcDoc::line().append(right.clone()))).group();
        Body::Columns { class: Class::Exclude, left, right, whole }
    }
}

fn statement_span(item: &ImageItem) -> Span {
    match item {
        ImageItem::Matrix(matrix) => matrix.span,
        ImageItem::Let(binding) => binding.span,
        ImageItem::Name { span, .. } | ImageItem::Retain { span, .. } | ImageItem::Bad(span) => *span,
        ImageItem::Block(block) => block.span,
        ImageItem::Use(statement) => statement.span,
        ImageItem::Post(post) => post.span,
    }
}

//! Images and groups with their statements.

use super::super::ast::{
    Axis, Block, BlockKind, Exclude, Expr, ExprKind, Group, Image, ImageItem, ItemKind, Matrix, MatrixItem, Post, Use,
};
use super::super::parser::Rule;
use super::super::problem::SyntaxProblem;
use super::super::report::Part;
use super::{Lower, Pair, Parts};
use crate::text::Span;

impl Lower<'_> {
    /// `image name { … }`
    pub(super) fn image_item(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let body = self.statements(parts);
        ItemKind::Image(Image { name, body })
    }

    /// `group name(params) { … }`
    pub(super) fn group_item(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let params = parts.take();
        let params = self.params(params);
        let body = self.statements(parts);
        ItemKind::Group(Group { name, params, body })
    }

    fn statements(&mut self, parts: Parts<'_>) -> Vec<ImageItem> {
        let mut matrix: Option<Span> = None;
        let mut name: Option<Span> = None;
        let mut body = Vec::new();
        for pair in parts.list {
            let item = self.statement(pair);
            match &item {
                ImageItem::Matrix(m) => match matrix {
                    Some(first) => self.note(SyntaxProblem::MatrixTwice { first, second: m.keyword }),
                    None => matrix = Some(m.keyword),
                },
                ImageItem::Name { span, .. } => {
                    let word = Span { end: span.start + 4, ..*span };
                    match name {
                        Some(first) => {
                            self.note(SyntaxProblem::KeyTwice { name: "name".to_owned(), first, second: word })
                        }
                        None => name = Some(word),
                    }
                }
                _ => {}
            }
            body.push(item);
        }
        body
    }

    fn statement(&mut self, pair: Pair<'_>) -> ImageItem {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::block => ImageItem::Block(self.block(pair)),
            Rule::line => self.line(pair),
            Rule::matrix => ImageItem::Matrix(self.matrix(pair)),
            Rule::post => ImageItem::Post(self.post(pair)),
            Rule::retain => {
                let keyword = Span { end: span.start + "retain".len() as u32, ..span };
                let mut parts = self.parts(pair);
                let body = parts.take();
                let parts = self.parts(body);
                ImageItem::Retain { body: self.entries(parts), keyword, span }
            }
            _ => ImageItem::Bad(self.bad(&pair, Part::Statement)),
        }
    }

    fn line(&mut self, pair: Pair<'_>) -> ImageItem {
        let mut outer = self.parts(pair);
        let pair = outer.take();
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::binding => {
                let mut binding = self.binding(pair);
                if outer.bad {
                    binding.value = Some(Expr { kind: ExprKind::Bad, span });
                }
                ImageItem::Let(binding)
            }
            Rule::name_is => {
                let mut parts = self.parts(pair);
                let value = parts.take();
                let mut value = self.value(value);
                if outer.bad {
                    value = Expr { kind: ExprKind::Bad, span: value.span };
                }
                ImageItem::Name { value, span }
            }
            _ => {
                let mut parts = self.parts(pair);
                let group = parts.take();
                let group = self.names(group);
                let call = parts.take();
                let args = self.arguments(call, ")");
                let when = parts.take_if(Rule::when).map(|pair| self.when(pair));
                ImageItem::Use(Use { group, args, when, span })
            }
        }
    }

    /// `when e`
    pub(super) fn when(&mut self, pair: Pair<'_>) -> Expr {
        let mut parts = self.parts(pair);
        let value = parts.take();
        self.expr(value)
    }

    fn block(&mut self, pair: Pair<'_>) -> Block {
        let (start, _) = self.range(&pair);
        let span = self.span(&pair);
        let doc = self.doc(start);
        let mut parts = self.parts(pair);
        let word = parts.take();
        let statement = match word.as_str() {
            "builder" => BlockKind::Builder,
            "provision" => BlockKind::Provision,
            "cleanup" => BlockKind::Cleanup,
            _ => BlockKind::Test,
        };
        let keyword = self.span(&word);
        Block { doc, keyword, span, ..self.link(parts, statement) }
    }

    /// `KIND ["label"] [when e] { entries }`; keyword and span are the kind's until the caller knows better.
    fn link(&mut self, mut parts: Parts<'_>, statement: BlockKind) -> Block {
        let kind = self.ident(&parts.take());
        let label = parts.take_if(Rule::text).map(|pair| self.plain_text(pair, "a label"));
        let when = parts.take_if(Rule::when).map(|pair| self.when(pair));
        let body = parts.take();
        let parts = self.parts(body);
        let body = self.entries(parts);
        let at = kind.span;
        Block { doc: None, statement, keyword: at, kind, label, when, body, span: at }
    }

    fn post(&mut self, pair: Pair<'_>) -> Post {
        let (start, _) = self.range(&pair);
        let span = self.span(&pair);
        let keyword = Span { end: span.start + 4, ..span };
        let doc = self.doc(start);
        let mut parts = self.parts(pair);
        let form = parts.take();
        if form.as_rule() == Rule::link {
            let parts = self.parts(form);
            let link = Block { doc, keyword, span, ..self.link(parts, BlockKind::Post) };
            return Post { chain: false, links: vec![link], when: None, keyword, span };
        }
        let mut parts = self.parts(form);
        let when = parts.take_if(Rule::when).map(|pair| self.when(pair));
        let mut links = Vec::new();
        for pair in parts.list {
            let (start, _) = self.range(&pair);
            let span = self.span(&pair);
            let doc = self.doc(start).or_else(|| if links.is_empty() { doc.clone() } else { None });
            let parts = self.parts(pair);
            links.push(Block { doc, span, ..self.link(parts, BlockKind::Post) });
        }
        Post { chain: true, links, when, keyword, span }
    }

    fn matrix(&mut self, pair: Pair<'_>) -> Matrix {
        let span = self.span(&pair);
        let keyword = Span { end: span.start + "matrix".len() as u32, ..span };
        let parts = self.parts(pair);
        let items = parts.list.map(|pair| self.matrix_item(pair)).collect();
        Matrix { items, keyword, span }
    }

    fn matrix_item(&mut self, pair: Pair<'_>) -> MatrixItem {
        if pair.as_rule() != Rule::matrix_item {
            return MatrixItem::Bad(self.bad(&pair, Part::MatrixItem));
        }
        let mut outer = self.parts(pair);
        let pair = outer.take();
        let span = self.span(&pair);
        let bad = |value: Expr| if outer.bad { Expr { kind: ExprKind::Bad, span: value.span } } else { value };
        match pair.as_rule() {
            Rule::axis => {
                let mut parts = self.parts(pair);
                let names = parts.take();
                let columns = names.as_rule() == Rule::axis_columns;
                let names = if columns { self.names(names) } else { vec![self.ident(&names)] };
                let source = parts.take();
                let source = bad(self.expr(source));
                MatrixItem::Axis(Axis { names, columns, source, span })
            }
            Rule::exclude => {
                let mut parts = self.parts(pair);
                let when = parts.take();
                let when = bad(self.when(when));
                let because = parts.take_if(Rule::because).map(|pair| {
                    let mut parts = self.parts(pair);
                    let text = parts.take();
                    self.plain_text(text, "a reason")
                });
                MatrixItem::Exclude(Exclude { when, because, span })
            }
            _ => {
                let mut binding = self.binding(pair);
                binding.value = binding.value.map(bad);
                MatrixItem::Let(binding)
            }
        }
    }
}

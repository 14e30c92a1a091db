//! Items: what stands at the top of a file.

use super::super::ast::{
    Binding, Cell, CellKind, Column, Expr, ExprKind, Extern, ExternKind, Function, Ident, Import, Item, ItemKind,
    Output, Parameter, Policy, Require, Row, Table, TypeItem,
};
use super::super::habit;
use super::super::parser::Rule;
use super::super::problem::SyntaxProblem;
use super::super::report::{self, Part};
use super::{Lower, Pair};
use crate::text::Span;

impl Lower<'_> {
    /// An item.
    pub(in super::super) fn item(&mut self, pair: Pair<'_>) -> Item {
        let (start, end) = self.range(&pair);
        let span = self.place.span(start, end);
        let doc = self.doc(start);
        self.depth = 0;
        let mut parts = self.parts(pair);
        let pair = parts.take();
        let kind = match pair.as_rule() {
            Rule::binding => self.binding_item(pair),
            Rule::image => self.image_item(pair),
            Rule::group => self.group_item(pair),
            Rule::extern_item => self.extern_item(pair),
            Rule::type_item => {
                let mut parts = self.parts(pair);
                let name = self.ident(&parts.take());
                let ty = parts.take();
                ItemKind::Type(TypeItem { name, ty: self.some_type(ty) })
            }
            Rule::function => self.function(pair),
            Rule::import => self.import(pair),
            Rule::table => self.table(pair),
            Rule::policy => self.policy(pair),
            Rule::output => self.output(pair),
            other => unreachable!("invariant: {other:?} is no item"),
        };
        Item { doc, kind, span }
    }

    fn import(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let path = parts.take();
        let path = self.plain_text(path, "the path of an import");
        let alias = parts.list.next().map(|pair| self.ident(&pair));
        ItemKind::Import(Import { path, alias })
    }

    fn binding_item(&mut self, pair: Pair<'_>) -> ItemKind {
        let word = pair.as_str();
        let make = match word {
            _ if word.starts_with("param") => ItemKind::Param,
            _ if word.starts_with("variable") => ItemKind::Variable,
            _ if word.starts_with("secret") => ItemKind::Secret,
            _ => ItemKind::Let,
        };
        let mut binding = self.binding(pair);
        // At the top the documentation is the item's.
        binding.doc = None;
        make(binding)
    }

    /// `let name: T = e`, and the same for parameters and variables.
    pub(super) fn binding(&mut self, pair: Pair<'_>) -> Binding {
        let (start, _) = self.range(&pair);
        let span = self.span(&pair);
        let doc = self.doc(start);
        let mut parts = self.parts(pair);
        let word = parts.take().as_str().to_owned();
        let name = parts.take();
        if let Some(settings) = parts.take_if(Rule::settings) {
            return self.settings(&word, &name, &settings, span, doc);
        }
        let name = self.ident(&name);
        let ty = parts.take_if(Rule::annotation).map(|pair| {
            let mut parts = self.parts(pair);
            let ty = parts.take();
            self.some_type(ty)
        });
        let mut value = parts.take_if(Rule::initial).map(|pair| self.initial(pair));
        if word == "let" && value.is_none() {
            self.note(SyntaxProblem::LetWithoutValue { name: name.span, span });
            value = Some(Expr { kind: ExprKind::Bad, span: span.after() });
        } else if ty.is_none() && value.is_none() {
            self.note(SyntaxProblem::NeitherTypeNorValue { span: name.span, word, name: name.name.to_string() });
            value = Some(Expr { kind: ExprKind::Bad, span: span.after() });
        }
        Binding { doc, name, ty, value, span }
    }

    /// `variable "x" { type = string }`: what stands in the braces says how it is written here.
    fn settings(
        &mut self,
        word: &str,
        name: &Pair<'_>,
        settings: &Pair<'_>,
        span: Span,
        doc: Option<super::super::ast::Doc>,
    ) -> Binding {
        let meant = name.as_str().trim_matches('"').replace('-', "_");
        let help = habit::declaration(word, &meant, settings.as_str());
        let at = settings.as_span().start() + self.offset;
        let expected = if word == "let" { vec!["`=`".to_owned()] } else { vec!["`:`".to_owned(), "`=`".to_owned()] };
        let (_, problem) = report::unexpected(self.place, self.source, at, &expected, Some(help));
        self.note_at(at, problem);
        let value = Some(Expr { kind: ExprKind::Bad, span: span.after() });
        Binding { doc, name: Ident { name: meant.into(), span: self.span(name) }, ty: None, value, span }
    }

    /// `= e`
    fn initial(&mut self, pair: Pair<'_>) -> Expr {
        let mut parts = self.parts(pair);
        let value = parts.take();
        self.value(value)
    }

    fn function(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let params = parts.take();
        let params = self.params(params);
        let result = parts.take_if(Rule::result).map(|pair| {
            let mut parts = self.parts(pair);
            let ty = parts.take();
            self.some_type(ty)
        });
        let body = parts.take();
        let body = self.initial(body);
        ItemKind::Fn(Function { name, params, result, body })
    }

    /// `(a: T, b: T = d)`
    pub(super) fn params(&mut self, pair: Pair<'_>) -> Vec<Parameter> {
        let parts = self.parts(pair);
        let mut params = Vec::new();
        for pair in parts.list {
            let span = self.span(&pair);
            let mut parts = self.parts(pair);
            let name = self.ident(&parts.take());
            let ty = parts.take();
            let ty = self.some_type(ty);
            let default = parts.take_if(Rule::initial).map(|pair| self.initial(pair));
            params.push(Parameter { name, ty, default, span });
        }
        params
    }

    fn table(&mut self, pair: Pair<'_>) -> ItemKind {
        let whole = self.span(&pair);
        let brace = pair.clone().into_inner().find(|p| p.as_rule() == Rule::open_brace);
        let braces = brace.map_or(whole, |p| Span { start: self.span(&p).start, ..whole });
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let key = parts.take();
        let key = self.parts(key).list.map(|pair| self.ident(&pair)).collect();
        let header = parts.take();
        let columns = self.parts(header).list.map(|pair| self.column(pair)).collect();
        let mut rows = Vec::new();
        for pair in parts.list {
            match pair.as_rule() {
                Rule::row => rows.push(self.row(pair)),
                _ => {
                    // One bad cell, so that nothing more is said about this row.
                    let span = self.bad(&pair, Part::Row);
                    let bad = Expr { kind: ExprKind::Bad, span };
                    rows.push(Row { cells: vec![Cell { kind: CellKind::Literal(bad), span }], span });
                }
            }
        }
        ItemKind::Table(Table { name, key, columns, rows, braces })
    }

    fn column(&mut self, pair: Pair<'_>) -> Column {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let ty = parts.take();
        Column { name, ty: self.some_type(ty) }
    }

    fn row(&mut self, pair: Pair<'_>) -> Row {
        let mut span = self.span(&pair);
        let parts = self.parts(pair);
        let mut cells = Vec::new();
        for pair in parts.list {
            match pair.as_rule() {
                Rule::open_cell => {
                    let at = self.span(&pair);
                    let mut parts = self.parts(pair);
                    let cell = parts.take();
                    let cell = self.cell(cell);
                    span = Span { end: cell.span.end, ..span };
                    self.note(SyntaxProblem::UnclosedRow { span: Span { end: cell.span.end, ..at } });
                    cells.push(cell);
                }
                _ => cells.push(self.cell(pair)),
            }
        }
        Row { cells, span }
    }

    fn cell(&mut self, pair: Pair<'_>) -> Cell {
        let place = pair.as_span();
        let between = self.place.span(place.start() + self.offset, place.end() + self.offset);
        let mut parts = self.parts(pair);
        let Some(inner) = parts.list.next() else { return Cell { kind: CellKind::Empty, span: between } };
        let span = self.span(&inner);
        let kind = match inner.as_rule() {
            Rule::cell_word if inner.as_str() == "-" => CellKind::Absent,
            Rule::cell_word => CellKind::Word(inner.as_str().into()),
            Rule::bad_cell => {
                let masked = self.masked.iter().any(|&(start, end)| {
                    let (from, to) = self.range(&inner);
                    start < to && from < end
                });
                if !masked {
                    self.note(SyntaxProblem::BadCell { span, found: inner.as_str().trim().to_owned() });
                }
                CellKind::Literal(Expr { kind: ExprKind::Bad, span })
            }
            _ => CellKind::Literal(self.primary(inner)),
        };
        Cell { kind, span }
    }

    fn policy(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let (name, variable, domain) = (parts.take(), parts.take(), parts.take());
        let (name, variable, domain) = (self.ident(&name), self.ident(&variable), self.ident(&domain));
        let when = parts.take_if(Rule::when).map(|pair| self.when(pair));
        let mut requires = Vec::new();
        for pair in parts.list {
            if pair.as_rule() != Rule::require_item {
                self.bad(&pair, Part::Require);
                continue;
            }
            let mut outer = self.parts(pair);
            let pair = outer.take();
            let span = self.span(&pair);
            let mut parts = self.parts(pair);
            let (condition, message) = (parts.take(), parts.take());
            let (condition, message) = (self.expr(condition), self.expr(message));
            requires.push(Require { condition, message, span });
        }
        ItemKind::Policy(Policy { name, variable, domain, when, requires })
    }

    fn output(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let file = parts.take();
        let file = self.plain_text(file, "the file of an output");
        let value = parts.take();
        let value = self.initial(value);
        ItemKind::Output(Output { file, value })
    }

    fn extern_item(&mut self, pair: Pair<'_>) -> ItemKind {
        let mut parts = self.parts(pair);
        let category = match parts.take().as_str() {
            "builder" => ExternKind::Builder,
            "provisioner" => ExternKind::Provisioner,
            "post" => ExternKind::Post,
            _ => ExternKind::Options,
        };
        let kind: Ident = self.ident(&parts.take());
        ItemKind::Extern(Extern { category, kind, body: self.members(parts) })
    }
}

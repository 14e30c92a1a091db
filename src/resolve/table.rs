//! Tables: the header gives types, and every cell becomes a literal of its column's type.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::hir::{Expr, ExprKind, Row, TextLiteral, TextPart};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::scope::Scope;
use super::{Lowerer, hir};
use crate::syntax::ast::{self, CellKind};
use crate::syntax::parse_literal;
use crate::text::{FileId, Span};
use crate::ty::{Literal, TableTy, Ty};

/// The most columns of a table.
pub const MOST_COLUMNS: usize = 1000;

impl<'a> Lowerer<'a> {
    /// Lowers a table.
    pub(super) fn table(&mut self, module: usize, table: &'a ast::Table, index: usize) {
        if let Some(last) = table.columns.get(MOST_COLUMNS) {
            let (name, at) = (table.name.name.clone(), last.name.span);
            self.report(ResolveProblem::TooMany { what: "table", name, most: MOST_COLUMNS, parts: "columns", at });
            return;
        }
        let mut columns = indexmap::IndexMap::new();
        let mut places: FxHashMap<&SmolStr, Span> = FxHashMap::default();
        let mut declared = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let ty = self.ty(module, &column.ty);
            let second = column.name.span;
            let first = *places.entry(&column.name.name).or_insert(second);
            if first != second {
                self.report(ResolveProblem::Duplicate {
                    what: "column",
                    name: column.name.name.clone(),
                    first,
                    second,
                });
                continue;
            }
            columns.insert(column.name.name.clone(), ty);
            declared.push(second);
            self.introduce(&column.name, Symbol::Member(second));
        }
        let mut key = Vec::new();
        for name in &table.key {
            if let Some(place) = columns.get_index_of(&name.name).and_then(|column| declared.get(column)) {
                self.mention(name.span, Symbol::Member(*place));
            }
            match columns.get_index_of(&name.name) {
                Some(column) if !key.contains(&column) => key.push(column),
                Some(_) => {}
                None => {
                    let nearest = self.nearest(&name.name, columns.keys().map(SmolStr::as_str));
                    let help = Some("the key names columns of the table".into());
                    self.report(ResolveProblem::Unknown {
                        what: "column",
                        name: name.name.clone(),
                        at: name.span,
                        nearest,
                        help,
                    });
                    // A column of which nothing is known, so that nothing more is said of the key.
                    key.push(columns.insert_full(name.name.clone(), Ty::Poison).0);
                    declared.push(name.span);
                }
            }
        }
        let ty =
            Arc::new(TableTy { index: index as u32, name: table.name.name.clone(), columns, places: declared, key });
        let mut rows = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            rows.extend(self.row(module, table, &ty, row));
        }
        self.check_keys(&ty, &rows);
        self.program.tables[index] = hir::Table { name: table.name.clone(), ty, rows };
    }

    fn row(&mut self, module: usize, table: &'a ast::Table, ty: &TableTy, row: &'a ast::Row) -> Option<Row> {
        if row.cells.len() != table.columns.len() {
            let header = match (table.columns.first(), table.columns.last()) {
                (Some(first), Some(last)) => first.name.span.to(last.ty.span),
                _ => table.name.span,
            };
            let problem = ResolveProblem::RowLength {
                cells: row.cells.len(),
                columns: table.columns.len(),
                at: row.span,
                header,
            };
            self.report(problem);
        }
        if self.problems.is_full() {
            return None;
        }
        let mut cells = Vec::with_capacity(ty.columns.len());
        for (position, column_ty) in ty.columns.values().enumerate() {
            let cell = match (row.cells.get(position), table.columns.get(position)) {
                (Some(cell), Some(column)) => self.cell(module, cell, column, column_ty),
                _ => Expr::poison(row.span),
            };
            cells.push(cell);
        }
        Some(Row { cells, span: row.span })
    }

    fn cell(&mut self, module: usize, cell: &'a ast::Cell, column: &ast::Column, ty: &Ty) -> Expr {
        let at = cell.span;
        match &cell.kind {
            CellKind::Absent if ty.admits_null() => Expr { kind: ExprKind::Null, span: at },
            CellKind::Absent => {
                let problem =
                    ResolveProblem::AbsentCell { column: column.name.name.clone(), at, declared: column.ty.span };
                self.report(problem);
                Expr::poison(at)
            }
            CellKind::Empty => {
                self.report(ResolveProblem::EmptyCell { at });
                Expr::poison(at)
            }
            CellKind::Word(word) => match word_as(word, ty, at) {
                Some(kind) => Expr { kind, span: at },
                None => {
                    let problem = ResolveProblem::Cell {
                        text: word.clone(),
                        ty: ty.non_null().to_string(),
                        at,
                        column: column.ty.span,
                    };
                    self.report(problem);
                    Expr::poison(at)
                }
            },
            CellKind::Literal(literal) => match &literal.kind {
                // Text of a table is data: its `{{` is no template.
                ast::ExprKind::Text(text) => {
                    let text = self.plain_text(text, "a table's cell");
                    text_expr(text, at)
                }
                _ => self.expr(&mut Scope::new(module), literal),
            },
        }
    }

    fn check_keys(&mut self, ty: &TableTy, rows: &[Row]) {
        if ty.key.is_empty() {
            return;
        }
        let mut seen: FxHashMap<Vec<String>, Span> = FxHashMap::default();
        for row in rows {
            let mut key = Vec::with_capacity(ty.key.len());
            for &column in &ty.key {
                match row.cells[column].kind {
                    ExprKind::Poison => break,
                    ref kind => key.push(key_text(kind)),
                }
            }
            if key.len() < ty.key.len() {
                continue;
            }
            let shown = format!("`{}`", key.join(", "));
            if let Some(first) = seen.insert(key, row.span) {
                self.report(ResolveProblem::SameKey { key: shown, first, second: row.span });
            }
        }
    }
}

/// A text literal without template or interpolation.
fn text_expr(text: SmolStr, span: Span) -> Expr {
    Expr { kind: ExprKind::Text(Arc::new(TextLiteral { parts: vec![TextPart::Chars(text)], span })), span }
}

/// What a bare word means in a column of this type.
fn word_as(word: &SmolStr, ty: &Ty, at: Span) -> Option<ExprKind> {
    match ty.plain() {
        Ty::Optional(inner) | Ty::Late(inner) => word_as(word, inner, at),
        ty if ty.is_text() => {
            let allowed = ty.literals();
            let fits = allowed.is_none_or(|all| all.iter().any(|l| matches!(l, Literal::Text(t) if t == word)));
            fits.then(|| text_expr(word.clone(), at).kind)
        }
        Ty::Union(members) => members.iter().find_map(|m| word_as(word, m, at)),
        Ty::Range(range) => word_as(word, &range.base, at),
        Ty::Poison => Some(ExprKind::Poison),
        ty => {
            let literal = parse_literal(FileId(0), word).ok()?;
            match (literal.kind, ty) {
                (ast::ExprKind::Bool(b), Ty::Bool) => Some(ExprKind::Bool(b)),
                (ast::ExprKind::Bool(b), Ty::Literal(Literal::Bool(l))) if b == *l => Some(ExprKind::Bool(b)),
                (ast::ExprKind::Int(i), Ty::Int) => Some(ExprKind::Int(i)),
                (ast::ExprKind::Int(i), Ty::Literal(Literal::Int(l))) if i == *l => Some(ExprKind::Int(i)),
                (ast::ExprKind::Int(i), Ty::Number) => Some(ExprKind::Int(i)),
                (ast::ExprKind::Number(n), Ty::Number) => Some(ExprKind::Number(n)),
                (ast::ExprKind::Duration(d), Ty::Duration) => Some(ExprKind::Duration(d)),
                (ast::ExprKind::Size(s), Ty::Size) => Some(ExprKind::Size(s)),
                _ => None,
            }
        }
    }
}

fn key_text(kind: &ExprKind) -> String {
    match kind {
        ExprKind::Text(text) => text.as_plain().unwrap_or_default().to_string(),
        ExprKind::Int(i) => i.to_string(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Number(n) => n.to_string(),
        ExprKind::Duration(d) => crate::ty::describe::duration(*d),
        ExprKind::Size(s) => crate::ty::describe::size(*s),
        _ => "null".into(),
    }
}

//! Tables: a header and rows with aligned columns.

use unicode_width::UnicodeWidthStr;

use super::layout::{Body, Doc, concat, text};
use super::printer::{Braces, Printer};
use crate::syntax::ast::{Cell, CellKind, Table};
use crate::text::Span;

impl<'a> Printer<'a> {
    /// `table name key (a, b) { header and rows }`.
    pub(super) fn table(&self, table: &Table) -> Doc<'a> {
        let mut head = text("table ").append(self.ident(&table.name));
        if !table.key.is_empty() {
            head = concat([head, text(" key ("), self.idents(&table.key, ", "), text(")")]);
        }
        let mut lines: Vec<(Span, Vec<String>)> = Vec::new();
        if let (Some(first), Some(last)) = (table.columns.first(), table.columns.last()) {
            let cells = table.columns.iter().map(|c| format!("{}: {}", c.name.name, self.flat_type(&c.ty)));
            lines.push((first.name.span.to(last.ty.span), cells.collect()));
        }
        for row in &table.rows {
            lines.push((row.span, row.cells.iter().map(|cell| self.cell(cell)).collect()));
        }
        let count = lines.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
        let width_of = |column: usize| lines.iter().filter_map(|(_, cells)| cells.get(column)).map(|c| c.width()).max();
        let widths: Vec<usize> = (0..count).map(|column| width_of(column).unwrap_or(0)).collect();
        let bodies: Vec<(Span, Body<'a>)> =
            lines.iter().map(|(span, cells)| (*span, Body::Plain(text(bars(cells, &widths))))).collect();
        let open = table.braces.start + 1;
        let rows = self.gather(open, self.inner_end(table.braces), bodies);
        concat([head, text(" "), self.braced(rows, Braces::Broken, 0)])
    }

    fn cell(&self, cell: &Cell) -> String {
        match &cell.kind {
            CellKind::Word(word) => word.to_string(),
            CellKind::Literal(literal) => self.flat_expr(literal),
            CellKind::Absent => "-".to_string(),
            CellKind::Empty => String::new(),
        }
    }
}

fn bars(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from("|");
    for (cell, width) in cells.iter().zip(widths) {
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        line.push_str(&format!(" {cell}{padding} |"));
    }
    line
}

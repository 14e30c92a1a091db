//! A table for a width: wide columns give way first; those that still have no room are named below it.

use std::fmt::Write as _;

use console::{measure_text_width, truncate_str};

use crate::diagnostic::render::Style;
use crate::report::paint::{self, painted};

/// Spaces between columns, and before the first.
const GAP: usize = 2;
/// No column is made narrower.
const LEAST: usize = 12;

pub(super) struct Column {
    name: &'static str,
    /// Whether it may go where there is no room.
    may_go: bool,
}

impl Column {
    pub(super) fn first(name: &'static str) -> Self {
        Column { name, may_go: false }
    }

    pub(super) fn of(name: &'static str) -> Self {
        Column { name, may_go: true }
    }
}

pub(super) fn laid_out(columns: &[Column], rows: &[Vec<String>], style: Style) -> String {
    let natural: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| measure_text_width(cell));
            cells.chain([measure_text_width(column.name)]).max().unwrap_or(0)
        })
        .collect();
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut gone: Vec<&str> = Vec::new();
    let widths = loop {
        match fitted(&natural, &shown, style.width) {
            Some(widths) => break widths,
            None => match shown.iter().rposition(|n| columns[*n].may_go) {
                Some(last) => gone.insert(0, columns[shown.remove(last)].name),
                None => break shown.iter().map(|n| natural[*n]).collect(),
            },
        }
    };
    let mut out = String::new();
    let mut line = |cells: Vec<&str>, colour: &str, bold: bool| {
        let mut text = String::new();
        for (cell, width) in cells.into_iter().zip(&widths) {
            let cell = truncate_str(cell, *width, if style.unicode { "…" } else { "~" });
            let gap = width.saturating_sub(measure_text_width(&cell)) + GAP;
            let _ = write!(text, "{cell}{:gap$}", "");
        }
        let text = text.trim_end();
        let text = if colour.is_empty() { text.to_owned() } else { painted(style.colour, bold, colour, text) };
        let _ = writeln!(out, "{:GAP$}{text}", "");
    };
    line(shown.iter().map(|n| columns[*n].name).collect(), paint::BRIGHT, true);
    for row in rows {
        line(shown.iter().map(|n| row.get(*n).map_or("", String::as_str)).collect(), "", false);
    }
    if !gone.is_empty() {
        let words = format!("no room for: {}", gone.join(", "));
        let _ = writeln!(out, "{:GAP$}{}", "", painted(style.colour, false, paint::DIM, &words));
    }
    out
}

/// The widths of the columns, where they have room: the widest ones give way, as far as they can.
fn fitted(natural: &[usize], shown: &[usize], width: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = shown.iter().map(|n| natural[*n]).collect();
    let room = width.saturating_sub(GAP * shown.len());
    while widths.iter().sum::<usize>() > room {
        let widest = widths.iter_mut().filter(|w| **w > LEAST).max_by_key(|w| **w)?;
        *widest -= 1;
    }
    Some(widths)
}

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
    let dots = if style.unicode { "…" } else { "~" };
    let mut rows = rows.to_vec();
    let mut natural: Vec<usize> = (0..columns.len()).map(|n| widest(&columns[n], &rows, n)).collect();
    // What all values have in common tells nothing apart.
    while natural.iter().sum::<usize>() + GAP * columns.len() > style.width {
        let wide = (0..columns.len()).filter(|n| columns[*n].may_go && natural[*n] > LEAST);
        let Some(n) = wide.filter(|n| shortened(&rows, *n, dots).is_some()).max_by_key(|n| natural[*n]) else { break };
        if let Some(cells) = shortened(&rows, n, dots) {
            rows.iter_mut().zip(cells).filter(|(row, _)| n < row.len()).for_each(|(row, cell)| row[n] = cell);
        }
        natural[n] = widest(&columns[n], &rows, n);
    }
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut gone: Vec<&str> = Vec::new();
    let widths = loop {
        match fitted(columns, &natural, &shown, style.width) {
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
            let cell = truncate_str(cell, *width, dots);
            let gap = width.saturating_sub(measure_text_width(&cell)) + GAP;
            let _ = write!(text, "{cell}{:gap$}", "");
        }
        let text = text.trim_end();
        let text = if colour.is_empty() { text.to_owned() } else { painted(style.colour, bold, colour, text) };
        let _ = writeln!(out, "{:GAP$}{text}", "");
    };
    line(shown.iter().map(|n| columns[*n].name).collect(), paint::BRIGHT, true);
    for row in &rows {
        line(shown.iter().map(|n| row.get(*n).map_or("", String::as_str)).collect(), "", false);
    }
    if !gone.is_empty() {
        let words = format!("no room for: {}", gone.join(", "));
        let _ = writeln!(out, "{:GAP$}{}", "", painted(style.colour, false, paint::DIM, &words));
    }
    out
}

fn widest(column: &Column, rows: &[Vec<String>], n: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| measure_text_width(cell));
    cells.chain([measure_text_width(column.name)]).max().unwrap_or(0)
}

/// The values of a column without what all of them begin and end with; nothing where that is little.
fn shortened(rows: &[Vec<String>], n: usize, dots: &str) -> Option<Vec<String>> {
    /// So much is worth two marks.
    const MUCH: usize = 5;
    let cells: Vec<Vec<char>> = rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().collect()).collect();
    let first = cells.first()?;
    let least = cells.iter().map(Vec::len).min()?;
    let same = |at: &dyn Fn(&Vec<char>) -> Option<char>| cells.iter().all(|cell| at(cell) == at(first));
    let head = (0..least).take_while(|i| same(&|cell| cell.get(*i).copied())).count();
    let tail = (0..least - head).take_while(|i| same(&|cell| cell.len().checked_sub(i + 1).map(|i| cell[i]))).count();
    if head + tail < MUCH || cells.len() < 2 {
        return None;
    }
    let mark = |length: usize| if length > 0 { dots } else { "" };
    let short = |cell: &Vec<char>| {
        let middle: String = cell[head..cell.len() - tail].iter().collect();
        format!("{}{middle}{}", mark(head), mark(tail))
    };
    Some(cells.iter().map(short).collect())
}

/// The widths of the columns, where they have room: the widest ones give way, as far as they can. Names give way last.
fn fitted(columns: &[Column], natural: &[usize], shown: &[usize], width: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = shown.iter().map(|n| natural[*n]).collect();
    let room = width.saturating_sub(GAP * shown.len());
    while widths.iter().sum::<usize>() > room {
        let may = |n: usize| shown.len() == 1 || columns[shown[n]].may_go;
        let wide = widths.iter().enumerate().filter(|(n, w)| may(*n) && **w > LEAST);
        let widest = wide.max_by_key(|(_, w)| **w).map(|(n, _)| n)?;
        widths[widest] -= 1;
    }
    Some(widths)
}

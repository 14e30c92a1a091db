//! Documents and rows: how statements, entries and elements stand below each other, and how their columns line up.
//!
//! Knows the document algebra of `pretty`, and of the syntax tree only the marks of comments.

use std::fmt;

use pretty::RcDoc;
use unicode_width::UnicodeWidthStr;

use crate::syntax::ast::CommentKind;

/// A document; it borrows from the source.
pub(super) type Doc<'a> = RcDoc<'a, ()>;

/// The width that lines keep to where they can.
pub(super) const WIDTH: usize = 120;
/// One step of indentation.
pub(super) const STEP: usize = 4;

/// A comment on its own line, and whether an empty line stands above it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead<'a> {
    pub(super) text: &'a str,
    pub(super) blank: bool,
    pub(super) kind: CommentKind,
}

/// One statement, entry or element on its own line or lines.
pub(super) struct Row<'a> {
    /// Comments above it.
    pub(super) lead: Vec<Lead<'a>>,
    /// Whether an empty line stands between it and what is above.
    pub(super) blank: bool,
    /// The row itself.
    pub(super) body: Body<'a>,
    /// The comment at the end of its last line.
    pub(super) trailing: Option<&'a str>,
}

/// What a row holds.
pub(super) enum Body<'a> {
    /// Nothing: comments before the end of a block.
    None,
    /// One document.
    Plain(Doc<'a>),
    /// Two columns; neighbouring one-line rows of the same class line up. `whole` is the row on its own.
    Columns { class: Class, left: Doc<'a>, right: Doc<'a>, whole: Doc<'a> },
}

/// Which rows line up with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `key | = value`
    Entry,
    /// `axis a | in e`
    Axis,
    /// `exclude when e | because "…"`
    Exclude,
    /// `pattern | => value`
    Arm,
    /// `require e, | "message"`
    Require,
}

impl<'a> Body<'a> {
    /// A row of two columns that are apart by one blank when it stands alone.
    pub(super) fn columns(class: Class, left: Doc<'a>, right: Doc<'a>) -> Self {
        let whole = left.clone().append(RcDoc::space()).append(right.clone());
        Body::Columns { class, left, right, whole }
    }

    /// The row on its own.
    pub(super) fn whole(&self) -> Doc<'a> {
        match self {
            Body::None => RcDoc::nil(),
            Body::Plain(doc) | Body::Columns { whole: doc, .. } => doc.clone(),
        }
    }
}

/// A text without line breaks.
pub(super) fn text<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Doc<'a> {
    RcDoc::text(text)
}

/// All documents in a row, as a balanced tree: a long one is as harmless as a short one.
pub(super) fn concat<'a>(docs: impl IntoIterator<Item = Doc<'a>>) -> Doc<'a> {
    let mut docs: Vec<Doc<'a>> = docs.into_iter().collect();
    while docs.len() > 1 {
        let mut halved = Vec::with_capacity(docs.len().div_ceil(2));
        let mut pairs = docs.into_iter();
        while let Some(left) = pairs.next() {
            halved.push(match pairs.next() {
                Some(right) => left.append(right),
                None => left,
            });
        }
        docs = halved;
    }
    docs.pop().unwrap_or_else(RcDoc::nil)
}

/// All documents with `separator` between them.
pub(super) fn join<'a>(docs: impl IntoIterator<Item = Doc<'a>>, separator: Doc<'a>) -> Doc<'a> {
    let parts = docs.into_iter().enumerate();
    concat(parts.map(|(i, doc)| if i == 0 { doc } else { separator.clone().append(doc) }))
}

/// One step further in.
pub(super) fn nest(doc: Doc<'_>) -> Doc<'_> {
    doc.nest(STEP as isize)
}

/// A text that may hold line breaks; its lines keep their own indentation.
pub(super) fn verbatim(source: &str) -> Doc<'_> {
    if source.contains('\n') {
        join(source.split('\n').map(text), RcDoc::hardline()).nest(-(isize::MAX / 2))
    } else {
        text(source)
    }
}

/// The document on one line, where it can stand on one line of this width.
pub(super) fn one_line(doc: &Doc<'_>, width: usize) -> Option<String> {
    let mut line = Line(String::new());
    doc.render_fmt(width, &mut line).ok().map(|()| line.0)
}

/// A writer that gives up at the first line break.
struct Line(String);

impl fmt::Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if s.contains('\n') {
            return Err(fmt::Error);
        }
        self.0.push_str(s);
        Ok(())
    }
}

/// Rows below each other, columns and trailing comments of neighbours aligned. `indent` is the column they begin in.
pub(super) fn stack<'a>(rows: Vec<Row<'a>>, indent: usize) -> Doc<'a> {
    let width = WIDTH.saturating_sub(indent);
    let mut lines: Vec<Option<String>> = rows.iter().map(|row| one_line(&row.body.whole(), width)).collect();
    for run in runs(&rows, is_aligned, &lines) {
        align(&rows, &mut lines, run, width);
    }
    let comment_columns = comment_columns(&rows, &lines);
    let mut parts: Vec<Doc<'a>> = Vec::new();
    for ((row, line), column) in rows.into_iter().zip(lines).zip(comment_columns) {
        let Row { lead, blank, body, trailing } = row;
        for lead in lead {
            parts.push(line_break(parts.is_empty(), lead.blank));
            parts.push(text(lead.text));
        }
        if matches!(body, Body::None) {
            continue;
        }
        parts.push(line_break(parts.is_empty(), blank));
        let used = line.as_deref().map_or(0, UnicodeWidthStr::width);
        parts.push(line.map_or_else(|| body.whole(), text));
        if let Some(comment) = trailing {
            parts.push(text(format!("{}{comment}", " ".repeat(column.saturating_sub(used) + 1))));
        }
    }
    concat(parts)
}

/// What stands between two rows: nothing at the start of a block, else a line break, perhaps an empty line.
fn line_break<'a>(first: bool, blank: bool) -> Doc<'a> {
    match (first, blank) {
        (true, _) => RcDoc::nil(),
        (false, false) => RcDoc::hardline(),
        (false, true) => empty_line().append(RcDoc::hardline()),
    }
}

/// A line break after which the next one begins a line again: an empty line without blanks on it.
pub(super) fn empty_line<'a>() -> Doc<'a> {
    // `pretty` would indent it, as it indents every line that a break of its own begins.
    text("\n")
}

fn is_aligned(above: &Row<'_>, below: &Row<'_>) -> bool {
    match (&above.body, &below.body) {
        (Body::Columns { class: a, .. }, Body::Columns { class: b, .. }) => a == b,
        _ => false,
    }
}

/// Ranges of neighbouring one-line rows that `together` joins.
fn runs(
    rows: &[Row<'_>],
    together: impl Fn(&Row<'_>, &Row<'_>) -> bool,
    lines: &[Option<String>],
) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for i in 1..=rows.len() {
        let joined = i < rows.len()
            && lines[i - 1].is_some()
            && lines[i].is_some()
            && !rows[i].blank
            && rows[i].lead.is_empty()
            && together(&rows[i - 1], &rows[i]);
        if !joined {
            runs.push(start..i);
            start = i;
        }
    }
    runs
}

/// Pads the left columns of a run. A row that would be too wide only by the padding, and that could be broken, stays
/// as it is and divides the run.
fn align(rows: &[Row<'_>], lines: &mut [Option<String>], run: std::ops::Range<usize>, width: usize) {
    // Between two stretches of free text one blank would be lost.
    let gap = if matches!(rows[run.start].body, Body::Columns { class: Class::Exclude, .. }) { 2 } else { 1 };
    let cells: Vec<Cells> = run
        .filter_map(|i| match &rows[i].body {
            Body::Columns { class, left, right, .. } if lines[i].is_some() => {
                let left = one_line(&left.clone().group(), usize::MAX)?;
                // A message may also stand on a line of its own.
                let breakable = *class == Class::Require || one_line(right, 1).is_none();
                Some((i, left, one_line(&right.clone().group(), usize::MAX)?, breakable))
            }
            _ => None,
        })
        .collect();
    align_cells(&cells, lines, width, gap);
}

/// The index of a row, its two columns, and whether it could be broken in or before the second.
type Cells = (usize, String, String, bool);

fn align_cells(cells: &[Cells], lines: &mut [Option<String>], width: usize, gap: usize) {
    // Alone, the parts of a row are one blank apart.
    let gap = if cells.len() > 1 { gap } else { 1 };
    let column = cells.iter().map(|(_, left, ..)| left.width()).max().unwrap_or(0) + gap;
    let too_wide =
        |(_, left, right, breakable): &Cells| *breakable && column > left.width() + 1 && column + right.width() > width;
    if cells.iter().any(too_wide) {
        for part in cells.split(too_wide) {
            align_cells(part, lines, width, gap);
        }
        return;
    }
    for (row, left, right, _) in cells {
        lines[*row] = Some(format!("{left}{}{right}", " ".repeat(column - left.width())));
    }
}

/// The width up to which each row is filled before its trailing comment.
fn comment_columns(rows: &[Row<'_>], lines: &[Option<String>]) -> Vec<usize> {
    let mut columns = vec![0; rows.len()];
    for run in runs(rows, |a, b| a.trailing.is_some() && b.trailing.is_some(), lines) {
        let widest = lines[run.clone()].iter().flatten().map(|l| l.width()).max().unwrap_or(0);
        columns[run].fill(widest);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(body: Body<'a>, blank: bool, trailing: Option<&'a str>) -> Row<'a> {
        Row { lead: Vec::new(), blank, body, trailing }
    }

    fn entry<'a>(key: &'a str, value: Doc<'a>) -> Body<'a> {
        Body::columns(Class::Entry, text(key), text("= ").append(value))
    }

    fn rendered(rows: Vec<Row<'_>>) -> String {
        let doc = concat([text("{"), nest(RcDoc::hardline().append(stack(rows, STEP))), RcDoc::hardline(), text("}")]);
        doc.pretty(WIDTH).to_string()
    }

    #[test]
    fn empty_lines_hold_no_blanks() {
        let rows = vec![row(Body::Plain(text("a")), false, None), row(Body::Plain(text("b")), true, None)];
        assert_eq!(rendered(rows), "{\n    a\n\n    b\n}");
    }

    #[test]
    fn the_lines_of_a_text_keep_their_indentation() {
        let rows = vec![
            row(entry("a", verbatim("'''\n  x\n\n y'''")), false, None),
            row(entry("bcd", text("1")), false, None),
        ];
        assert_eq!(rendered(rows), "{\n    a = '''\n  x\n\n y'''\n    bcd = 1\n}");
    }

    #[test]
    fn columns_and_comments_line_up_until_an_empty_line() {
        let rows = vec![
            row(entry("a", text("1")), false, Some("// x")),
            row(entry("bcd", text("22")), false, Some("// y")),
            row(entry("ef", text("3")), true, Some("// z")),
        ];
        assert_eq!(rendered(rows), "{\n    a   = 1  // x\n    bcd = 22 // y\n\n    ef = 3 // z\n}");
    }

    #[test]
    fn a_long_row_of_documents_is_no_deep_tree() {
        let rows = (0..200_000).map(|_| row(Body::Plain(text("a")), false, None)).collect();
        assert_eq!(rendered(rows).lines().count(), 200_002);
    }
}

//! Texts that differ only by the values of axes, and texts that differ only in the middle.

use crate::import::draft::{Kind, Piece, Value};

use super::cells::Cells;

/// One text for all builds, with axes in place of their values; nothing where the texts differ otherwise.
pub(super) fn generalised(cells: &Cells, builds: &[usize], present: &[&Value]) -> Option<Value> {
    let mut made: Option<Vec<Piece>> = None;
    for (build, value) in builds.iter().zip(present) {
        let own = with_axes(cells, *build, pieces(value)?);
        match &made {
            Some(made) if *made != own => return None,
            Some(_) => {}
            None => made = Some(own),
        }
    }
    made.map(|pieces| Value::new(Kind::Text(pieces), cells.span))
}

/// The common begin, what differs, and the common end, where what is common is worth it.
pub(super) fn middle(
    cells: &Cells,
    builds: &[usize],
    present: &[&Value],
) -> Option<(Vec<Piece>, Vec<Value>, Vec<Piece>)> {
    let all: Option<Vec<Vec<Piece>>> =
        builds.iter().zip(present).map(|(b, v)| Some(with_axes(cells, *b, pieces(v)?))).collect();
    let all: Vec<Vec<Unit>> = all?.iter().map(|p| units(p)).collect();
    let first = all.first()?.clone();
    let (begin, end) = common(&all, &|c| c.is_whitespace()).or_else(|| common(&all, &|c| !c.is_alphanumeric()))?;
    let before = joined(&first[..begin]);
    let behind = joined(&first[first.len() - end..]);
    let inner = all.iter().map(|u| Value::new(Kind::Text(joined(&u[begin..u.len() - end])), cells.span)).collect();
    Some((before, inner, behind))
}

/// How long the common begin and the common end are; both stop where words part.
fn common(all: &[Vec<Unit>], parts: &dyn Fn(char) -> bool) -> Option<(usize, usize)> {
    /// Fewer common characters are no reason to take a text apart.
    const WORTH: usize = 12;
    let first = all.first()?;
    let shortest = all.iter().map(Vec::len).min()?;
    let parted = |unit: Option<&Unit>| match unit {
        Some(Unit::Char(c)) => parts(*c),
        Some(Unit::Piece(_)) | None => true,
    };
    let same = |at: usize| all.iter().all(|u| u[at] == first[at]);
    let mut begin = (0..shortest).take_while(|at| same(*at)).count();
    while begin > 0 && !parted(first.get(begin - 1)) {
        begin -= 1;
    }
    let from_end = |back: usize| all.iter().all(|u| u[u.len() - 1 - back] == first[first.len() - 1 - back]);
    let mut end = (0..shortest - begin).take_while(|back| from_end(*back)).count();
    let torn = |end: usize| {
        let before = |u: &Vec<Unit>| (u.len() - end).checked_sub(1).and_then(|at| u.get(at)).cloned();
        !parted(first.get(first.len() - end)) && !all.iter().all(|u| parted(before(u).as_ref()))
    };
    while end > 0 && torn(end) {
        end -= 1;
    }
    (begin + end >= WORTH).then_some((begin, end))
}

/// The pieces of a text, or of what is one in another place.
fn pieces(value: &Value) -> Option<&[Piece]> {
    match &value.kind {
        Kind::Text(pieces) => Some(pieces),
        _ => None,
    }
}

/// A text with axes in place of the build's values on them.
fn with_axes(cells: &Cells, build: usize, pieces: &[Piece]) -> Vec<Piece> {
    let mut axes: Vec<usize> = (0..cells.axes.len()).filter(|a| cells.value(build, *a).len() > 1).collect();
    axes.sort_by_key(|a| std::cmp::Reverse(cells.value(build, *a).len()));
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Chars(chars) => replaced(cells, build, &axes, chars, &mut out),
            other => out.push(other.clone()),
        }
    }
    out
}

fn replaced(cells: &Cells, build: usize, axes: &[usize], chars: &str, out: &mut Vec<Piece>) {
    let mut rest = chars;
    let mut last: Option<char> = None;
    let mut plain = String::new();
    while let Some(c) = rest.chars().next() {
        let found = axes.iter().find(|axis| {
            let value = cells.value(build, **axis);
            let behind = rest.strip_prefix(value).map(|r| r.chars().next());
            // Whole words only: `pv` in `pvgrub` is none.
            behind.is_some_and(|next| !joins(last, value.chars().next()) && !joins(value.chars().last(), next))
        });
        match found {
            Some(axis) => {
                let value = cells.value(build, *axis);
                if !plain.is_empty() {
                    out.push(Piece::Chars(std::mem::take(&mut plain)));
                }
                out.push(Piece::Value(Box::new(cells.axis(*axis))));
                last = value.chars().last();
                rest = &rest[value.len()..];
            }
            None => {
                plain.push(c);
                last = Some(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        out.push(Piece::Chars(plain));
    }
}

fn joins(a: Option<char>, b: Option<char>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.is_alphanumeric() && b.is_alphanumeric())
}

/// A character, or a piece that is not taken apart.
#[derive(Clone, PartialEq)]
enum Unit {
    Char(char),
    Piece(Piece),
}

fn units(pieces: &[Piece]) -> Vec<Unit> {
    let unit = |piece: &Piece| match piece {
        Piece::Chars(chars) => chars.chars().map(Unit::Char).collect(),
        other => vec![Unit::Piece(other.clone())],
    };
    pieces.iter().flat_map(unit).collect()
}

fn joined(units: &[Unit]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for unit in units {
        match (unit, pieces.last_mut()) {
            (Unit::Char(c), Some(Piece::Chars(last))) => last.push(*c),
            (Unit::Char(c), _) => pieces.push(Piece::Chars(c.to_string())),
            (Unit::Piece(piece), _) => pieces.push(piece.clone()),
        }
    }
    pieces
}

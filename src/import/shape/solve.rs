//! One expression for the values that builds have in one place: equal, an axis, a text made of axes, a condition, a column.

use crate::import::draft::{Entry, Kind, Piece, Value};

use super::cells::Cells;
use super::columns::Columns;
use super::substitute::{generalised, middle};

/// Finds expressions for values, and gathers the columns of tables that they need.
pub(super) struct Solver<'s> {
    pub(super) cells: &'s Cells,
    pub(super) columns: Columns,
    /// Parts of texts that are too long to stand within them.
    pub(super) lets: Vec<Entry>,
}

/// The value of each build in one place; none where it says nothing there.
pub(super) type Values = Vec<Option<Value>>;

impl Solver<'_> {
    /// The expression for values of some builds. `hint` names the place.
    pub(super) fn solve(&mut self, builds: &[usize], values: Values, hint: &str) -> Value {
        let span = self.cells.span;
        let null = || Value::new(Kind::Null, span);
        let Some(first) = values.first().cloned() else { return null() };
        if values.iter().all(|v| *v == first) {
            return first.unwrap_or_else(null);
        }
        let present: Option<Vec<&Value>> = values.iter().map(Option::as_ref).collect();
        if let Some(present) = &present {
            if let Some(axis) = self.axis(builds, present) {
                return self.cells.axis(axis);
            }
            if let Some(record) = self.record(builds, present) {
                return record;
            }
            if let Some(list) = self.list(builds, present, hint) {
                return list;
            }
            if let Some(text) = generalised(self.cells, builds, present) {
                return text;
            }
        }
        if let Some(present) = &present
            && let Some((before, inner, behind)) = middle(self.cells, builds, present)
        {
            let name = part_name(&inner).unwrap_or_else(|| format!("{hint}_part"));
            let inner = self.solve(builds, inner.into_iter().map(Some).collect(), &name);
            let inner = self.named(inner, &name);
            let mut pieces = before;
            match inner.kind {
                Kind::Text(own) => pieces.extend(own),
                _ => pieces.push(Piece::Value(Box::new(inner))),
            }
            pieces.extend(behind);
            return Value::new(Kind::Text(pieces), span);
        }
        if let Some(value) = self.condition(builds, &values) {
            return value;
        }
        let axes = self.determining(builds, &values);
        if self.is_short(&axes) {
            return self.branches(builds, &values, &axes);
        }
        if values.iter().flatten().all(is_cell)
            && let Some(column) = self.columns.add(self.cells, builds, &axes, &values, hint)
        {
            return column;
        }
        self.branches(builds, &values, &axes)
    }

    /// An expression that stands within a text: one of several branches gets a name of its own.
    fn named(&mut self, value: Value, name: &str) -> Value {
        if !matches!(value.kind, Kind::If(..) | Kind::Match(..)) {
            return value;
        }
        let same = self.lets.iter().find(|l| l.value == value).map(|l| l.key.clone());
        let name = same.unwrap_or_else(|| {
            let name = self.columns.names.fresh(name);
            let span = self.cells.span;
            self.lets.push(Entry { key: name.clone(), value, comments: Vec::new(), span });
            name
        });
        Value::bound(name, self.cells.span)
    }

    /// Whether an axis has so few values, and others stand beside it, that nobody would make a table for it.
    fn is_short(&self, axes: &[usize]) -> bool {
        const FEW: usize = 3;
        matches!(axes, [axis] if self.cells.axes[*axis].values.len() <= FEW && self.cells.axes.len() > 1)
    }

    /// The axis that holds these values.
    fn axis(&self, builds: &[usize], present: &[&Value]) -> Option<usize> {
        let holds = |axis: &usize| {
            builds.iter().zip(present).all(|(build, value)| value.plain() == Some(self.cells.value(*build, *axis)))
        };
        (0..self.cells.axes.len()).find(holds)
    }

    /// Records, member by member.
    fn record(&mut self, builds: &[usize], present: &[&Value]) -> Option<Value> {
        let records: Option<Vec<&[Entry]>> = present
            .iter()
            .map(|v| match &v.kind {
                Kind::Record(entries) => Some(entries.as_slice()),
                _ => None,
            })
            .collect();
        let entries = self.entries(builds, &records?);
        Some(Value::new(Kind::Record(entries), self.cells.span))
    }

    /// Entries of several blocks or records as one.
    pub(super) fn entries(&mut self, builds: &[usize], blocks: &[&[Entry]]) -> Vec<Entry> {
        let mut order: Vec<String> = Vec::new();
        for block in blocks {
            let mut after = 0;
            for entry in *block {
                match order.iter().position(|k| *k == entry.key) {
                    Some(at) => after = at + 1,
                    None => {
                        order.insert(after.min(order.len()), entry.key.clone());
                        after += 1;
                    }
                }
            }
        }
        let mut entries = Vec::new();
        for key in order {
            let own: Vec<Option<&Entry>> = blocks.iter().map(|b| b.iter().find(|e| e.key == key)).collect();
            let Some(first) = own.iter().flatten().next() else { continue };
            let (span, mut comments) = (first.span, Vec::new());
            for entry in own.iter().flatten() {
                for comment in &entry.comments {
                    if !comments.contains(comment) {
                        comments.push(comment.clone());
                    }
                }
            }
            let values = own.into_iter().map(|e| e.map(|e| e.value.clone())).collect();
            let value = self.solve(builds, values, &key);
            entries.push(Entry { key, value, comments, span });
        }
        entries
    }

    /// Lists of one length, element by element.
    fn list(&mut self, builds: &[usize], present: &[&Value], hint: &str) -> Option<Value> {
        let lists: Option<Vec<&[Value]>> = present
            .iter()
            .map(|v| match &v.kind {
                Kind::List(values) => Some(values.as_slice()),
                _ => None,
            })
            .collect();
        let lists = lists?;
        let length = lists.first()?.len();
        if length == 0 || lists.iter().any(|l| l.len() != length) {
            return None;
        }
        let element = |at: usize| lists.iter().map(|l| Some(l[at].clone())).collect::<Values>();
        let elements = (0..length).map(|at| self.solve(builds, element(at), hint)).collect();
        Some(Value::new(Kind::List(elements), self.cells.span))
    }

    /// Two values, or one and none: an `if`, where nobody would make a column of it.
    fn condition(&mut self, builds: &[usize], values: &Values) -> Option<Value> {
        let mut distinct: Vec<&Option<Value>> = Vec::new();
        for value in values {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        let [a, b] = distinct[..] else { return None };
        let truth = |v: &Option<Value>| matches!(v, Some(Value { kind: Kind::Bool(_), .. }));
        let nothing = |v: &Option<Value>| v.as_ref().is_none_or(|v| v.plain() == Some(""));
        let plain = nothing(a) || nothing(b) || truth(a) || truth(b) || !values.iter().flatten().all(is_cell);
        let plain = plain || self.is_exception(values);
        if !plain {
            return None;
        }
        if truth(a) && truth(b) {
            let yes = |value: &Option<Value>| matches!(value, Some(Value { kind: Kind::Bool(true), .. }));
            let some: Vec<usize> = builds.iter().zip(values).filter(|(_, v)| yes(v)).map(|(b, _)| *b).collect();
            return self.cells.condition(&some, builds);
        }
        Some(self.branches(builds, values, &[]))
    }

    /// Whether one build of many has a value of its own.
    fn is_exception(&self, values: &Values) -> bool {
        const MANY: usize = 3;
        let first = values.iter().filter(|v| Some(*v) == values.first()).count();
        values.len() >= MANY && (first == 1 || first + 1 == values.len())
    }

    /// One branch a value.
    fn branches(&mut self, builds: &[usize], values: &Values, axes: &[usize]) -> Value {
        let span = self.cells.span;
        let mut groups: Vec<(Option<Value>, Vec<usize>)> = Vec::new();
        for (build, value) in builds.iter().zip(values) {
            match groups.iter_mut().find(|(v, _)| v == value) {
                Some((_, own)) => own.push(*build),
                None => groups.push((value.clone(), vec![*build])),
            }
        }
        let said = |value: Option<Value>| value.unwrap_or_else(|| Value::new(Kind::Null, span));
        // The rarer case is asked for; what is said stands before what is not.
        if let [(a, own), (b, others)] = &groups[..]
            && (a.is_none() || b.is_some() && others.len() < own.len())
        {
            groups.swap(0, 1);
        }
        if groups.len() > 2
            && let [axis] = axes
        {
            let arm = |(value, own): &(Option<Value>, Vec<usize>)| {
                let mut patterns: Vec<Value> = Vec::new();
                for build in own {
                    let pattern = Value::text(self.cells.value(*build, *axis), span);
                    if !patterns.contains(&pattern) {
                        patterns.push(pattern);
                    }
                }
                (patterns, said(value.clone()))
            };
            let whole = builds.len() == self.cells.of.len();
            let mut arms: Vec<(Vec<Value>, Value)> = groups.iter().map(arm).collect();
            if !whole && let Some(last) = arms.last_mut() {
                last.0.clear();
            }
            return Value::new(Kind::Match(Box::new(self.cells.axis(*axis)), arms), span);
        }
        let mut left = builds.to_vec();
        let mut cases: Vec<(Value, Value)> = Vec::new();
        let mut last = Value::new(Kind::Null, span);
        for (value, own) in groups {
            match self.cells.condition(&own, &left) {
                Some(condition) => cases.push((condition, said(value))),
                None => last = said(value),
            }
            left.retain(|b| !own.contains(b));
        }
        cases.into_iter().rev().fold(last, |no, (condition, yes)| {
            Value::new(Kind::If(Box::new(condition), Box::new(yes), Box::new(no)), span)
        })
    }

    /// The fewest axes that decide a value.
    fn determining(&self, builds: &[usize], values: &Values) -> Vec<usize> {
        let all: Vec<usize> = (0..self.cells.axes.len()).collect();
        let mut best = all.clone();
        for mask in 1..1_usize << all.len() {
            let axes: Vec<usize> = all.iter().copied().filter(|a| mask >> a & 1 == 1).collect();
            if axes.len() < best.len() && self.decides(&axes, builds, values) {
                best = axes;
            }
        }
        best
    }

    fn decides(&self, axes: &[usize], builds: &[usize], values: &Values) -> bool {
        let mut seen: rustc_hash::FxHashMap<Vec<usize>, &Option<Value>> = rustc_hash::FxHashMap::default();
        builds.iter().zip(values).all(|(build, value)| {
            let key = axes.iter().map(|a| self.cells.of[*build][*a]).collect();
            *seen.entry(key).or_insert(value) == value
        })
    }
}

/// A name for what differs in a text: its first word of letters.
fn part_name(values: &[Value]) -> Option<String> {
    let word = |value: &Value| {
        let Kind::Text(pieces) = &value.kind else { return None };
        pieces.iter().find_map(|piece| match piece {
            Piece::Chars(chars) => {
                chars.split(|c: char| !c.is_ascii_alphabetic()).find(|word| word.len() > 3).map(str::to_ascii_lowercase)
            }
            _ => None,
        })
    };
    values.iter().find_map(word)
}

/// Whether a value may stand in a cell of a table: a scalar, all of it known.
fn is_cell(value: &Value) -> bool {
    match &value.kind {
        Kind::Bool(_) | Kind::Int(_) | Kind::Size(_) | Kind::Duration(_) => true,
        Kind::Text(_) => value.plain().is_some_and(|t| !t.contains(['\n', '|']) && t.len() < 80),
        _ => false,
    }
}

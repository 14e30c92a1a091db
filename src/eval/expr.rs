//! The interpreter: an expression and a frame give a value.
//!
//! Evaluation is total: programs have no recursion, sizes are bounded, and every failure is a [`Stop`]. In a frame that
//! *decides* (rules, policies) whatever needs a late value becomes [`Data::Unknown`] instead of a failure.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Evaluator;
use super::frame::Frame;
use super::problem::{EvalProblem, Stop};
use super::text::{MAX_TEXT, TextBuilder};
use super::value::{Data, Field, Part, Record, Text, Value};
use crate::resolve::hir::{Arm, Entry, Expr, ExprKind, For, Ident, IndexArg, TextLiteral, TextPart};
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::text::Span;

/// What evaluation gives.
pub(super) type Outcome = Result<Value, Stop>;

/// The most elements of a list: what keeps evaluation bounded.
pub const MAX_ELEMENTS: usize = 1_000_000;

impl<'a> Evaluator<'a> {
    /// Evaluates an expression.
    pub(super) fn eval(&self, expr: &Expr, frame: &mut Frame) -> Outcome {
        self.spend(1, expr.span)?;
        let value = self.deeper(expr.span, || self.eval_kind(expr, frame))?;
        // What an expression makes is weighed; what it only names has been.
        if makes(&expr.kind) {
            self.weigh(&value, expr.span)?;
        }
        Ok(value)
    }

    fn eval_kind(&self, expr: &Expr, frame: &mut Frame) -> Outcome {
        let origin = expr.span;
        let data = match &expr.kind {
            ExprKind::Poison => return Err(Stop::Poison),
            ExprKind::Null => Data::Null,
            ExprKind::Bool(b) => Data::Bool(*b),
            ExprKind::Int(i) => Data::Int(*i),
            ExprKind::Number(n) => Data::Number(*n),
            ExprKind::Duration(d) => Data::Duration(*d),
            ExprKind::Size(s) => Data::Size(*s),
            ExprKind::Text(text) => return self.text(text, frame),
            ExprKind::Param(index) => return self.param(*index),
            ExprKind::Variable(index) => Data::Variable(*index),
            ExprKind::Let(index) => return self.global_let(*index),
            ExprKind::Local(index) => return self.local(*index, frame),
            ExprKind::Table(index) => Data::Table(*index),
            ExprKind::Image(index) => return self.image_value(*index, origin),
            ExprKind::Builds => return self.all_builds(origin),
            ExprKind::Field(base, name) => {
                let base_value = self.eval(base, frame)?;
                return self.field(&base_value, &name.name, name.span, frame);
            }
            ExprKind::Index(base, args) => return self.index(base, args, origin, frame),
            ExprKind::CallFunction(index, args) => {
                let function = &self.program().functions[*index];
                let mut values = Vec::with_capacity(function.params.len());
                for (position, param) in function.params.iter().enumerate() {
                    values.push(match (args.get(position).and_then(Option::as_ref), &param.default) {
                        (Some(arg), _) => self.eval(arg, frame)?,
                        (None, Some(default)) => self.eval(default, &mut Frame::closed(frame.deciding))?,
                        (None, None) => return Err(Stop::Poison),
                    });
                }
                return self.eval(&function.body, &mut Frame::of(values, frame.deciding));
            }
            ExprKind::Call(builtin, args) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.eval(arg, frame)?);
                }
                return self.call(*builtin, values, origin, frame);
            }
            ExprKind::Unary(op, inner) => {
                let value = self.eval(inner, frame)?;
                match (op, value.data) {
                    (_, Data::Unknown) => Data::Unknown,
                    (UnaryOp::Not, Data::Bool(b)) => Data::Bool(!b),
                    (UnaryOp::Negate, Data::Int(i)) => {
                        Data::Int(i.checked_neg().ok_or(EvalProblem::Overflow { at: origin })?)
                    }
                    (UnaryOp::Negate, Data::Number(n)) => Data::Number(-n),
                    (UnaryOp::Negate, Data::Duration(d)) => {
                        Data::Duration(d.checked_neg().ok_or(EvalProblem::Overflow { at: origin })?)
                    }
                    (_, data) => return self.stuck(&data, frame, origin),
                }
            }
            ExprKind::Binary(op, at, left, right) => return self.binary(*op, *at, left, right, origin, frame),
            ExprKind::Matches(subject, pattern, _) => {
                let value = self.eval(subject, frame)?;
                match self.contents(&value, frame) {
                    Some(text) => {
                        self.look_at(&value, origin)?;
                        Data::Bool(pattern.is_match(&text))
                    }
                    None if value.is_null() => return Err(EvalProblem::NullMatches { at: subject.span }.into()),
                    None => return self.stuck(&value.data, frame, origin),
                }
            }
            ExprKind::If(condition, then, otherwise) => {
                let value = self.eval(condition, frame)?;
                return match value.data {
                    Data::Bool(true) => self.eval(then, frame),
                    Data::Bool(false) => self.eval(otherwise, frame),
                    data => self.stuck(&data, frame, origin),
                };
            }
            ExprKind::Match(subject, arms) => return self.match_value(subject, arms, origin, frame),
            ExprKind::List(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                for (element, spread) in elements {
                    let value = self.eval(element, frame)?;
                    if *spread {
                        match value.data {
                            Data::List(inner) => list.extend(inner.iter().cloned()),
                            Data::Null => return Err(EvalProblem::NullInList { at: element.span }.into()),
                            data => return self.stuck(&data, frame, origin),
                        }
                        self.bounded(list.len(), origin)?;
                    } else if value.is_null() && !frame.deciding {
                        return Err(EvalProblem::NullInList { at: element.span }.into());
                    } else {
                        list.push(value);
                    }
                }
                Data::List(Arc::new(list))
            }
            ExprKind::Record(entries) => Data::Record(Arc::new(self.record(entries, frame)?)),
            ExprKind::ForList(clause, element) => {
                let mut list = Vec::new();
                let unknown = self.each(clause, frame, &mut |evaluator, frame| {
                    let value = evaluator.eval(element, frame)?;
                    if value.is_null() {
                        return Err(EvalProblem::NullInList { at: element.span }.into());
                    }
                    list.push(value);
                    evaluator.bounded(list.len(), origin)
                })?;
                if unknown { Data::Unknown } else { Data::List(Arc::new(list)) }
            }
            ExprKind::ForRecord(clause, key, element) => {
                let mut record = Record::default();
                let unknown = self.each(clause, frame, &mut |evaluator, frame| {
                    let name = evaluator.eval(key, frame)?;
                    let Some(text) = name.display() else {
                        return if frame.deciding { Ok(()) } else { Err(Stop::Poison) };
                    };
                    let value = evaluator.eval(element, frame)?;
                    if record.contains_key(&text) {
                        return Err(EvalProblem::SameKey { key: text, at: key.span }.into());
                    }
                    if !value.is_null() {
                        record.insert(text, Field { key: key.span, value });
                    }
                    evaluator.bounded(record.len(), origin)
                })?;
                if unknown { Data::Unknown } else { Data::Record(Arc::new(record)) }
            }
        };
        Ok(Value { data, origin })
    }

    /// Evaluates a condition; `None` where it is undecided.
    pub(super) fn truth(&self, expr: &Expr, frame: &mut Frame) -> Result<Option<bool>, Stop> {
        match self.eval(expr, frame)?.data {
            Data::Bool(b) => Ok(Some(b)),
            Data::Unknown | Data::Variable(_) if frame.deciding => Ok(None),
            _ => Err(Stop::Poison),
        }
    }

    /// An operation on data that it does not take: undecided where we decide, else a mistake that the checker has reported.
    pub(super) fn stuck(&self, _data: &Data, frame: &Frame, origin: Span) -> Outcome {
        if frame.deciding { Ok(Value::new(Data::Unknown, origin)) } else { Err(Stop::Poison) }
    }

    /// Refuses sizes that no plan needs.
    pub(super) fn bounded(&self, length: usize, at: Span) -> Result<(), Stop> {
        if length > MAX_ELEMENTS { Err(EvalProblem::TooLarge { at }.into()) } else { Ok(()) }
    }

    /// The characters of a text; where we decide, a specimen of a late one.
    pub(super) fn contents(&self, value: &Value, frame: &Frame) -> Option<SmolStr> {
        match &value.data {
            Data::Text(Text::Plain(text)) => Some(text.clone()),
            Data::Text(Text::Parts(_)) | Data::Variable(_) if frame.deciding => self.specimen(value),
            _ => None,
        }
    }

    fn text(&self, literal: &TextLiteral, frame: &mut Frame) -> Outcome {
        let origin = literal.span;
        match literal.parts.as_slice() {
            [] => return Ok(Value::text("", origin)),
            [TextPart::Chars(chars)] => return Ok(Value::text(chars.clone(), origin)),
            _ => {}
        }
        let mut builder = TextBuilder::default();
        for part in &literal.parts {
            match part {
                TextPart::Chars(chars) => builder.chars(chars),
                TextPart::Action(action) => builder.part(Part::Action(action.clone())),
                TextPart::Value(expr) => {
                    let value = self.eval(expr, frame)?;
                    if !builder.value(&value) {
                        return self.stuck(&value.data, frame, origin);
                    }
                }
            }
            if builder.len() > MAX_TEXT {
                return Err(EvalProblem::TooLarge { at: origin }.into());
            }
        }
        Ok(Value::new(Data::Text(builder.finish()), origin))
    }

    fn match_value(&self, subject: &Expr, arms: &[Arm], origin: Span, frame: &mut Frame) -> Outcome {
        let value = self.eval(subject, frame)?;
        for arm in arms {
            if arm.any {
                return self.eval(&arm.value, frame);
            }
            for pattern in &arm.patterns {
                match value.equals(&self.eval(pattern, frame)?) {
                    Some(true) => return self.eval(&arm.value, frame),
                    Some(false) => {}
                    None => return self.stuck(&value.data, frame, origin),
                }
            }
        }
        // The checker has named the arm that is missing, or the pattern that stands in its place.
        Err(Stop::Poison)
    }

    /// Evaluates the entries of a record: in order, a later key wins, null removes.
    pub(super) fn record(&self, entries: &[Entry], frame: &mut Frame) -> Result<Record, Stop> {
        let mut record = Record::default();
        let mut removed = false;
        for entry in entries {
            match entry {
                Entry::Field { key, value } => {
                    let value = self.eval(value, frame)?;
                    if !value.is_null() {
                        record.insert(key.name.clone(), Field { key: key.span, value });
                    } else if let Some(field) = record.get_mut(&key.name) {
                        // Taken out at the end: one by one each would move all that follow.
                        field.value = value;
                        removed = true;
                    }
                }
                Entry::Spread { value, span } => {
                    let value = self.eval(value, frame)?;
                    match &value.data {
                        Data::Record(inner) => {
                            self.spend(4 * inner.len(), *span)?;
                            for (key, field) in inner.iter() {
                                record.insert(key.clone(), field.clone());
                            }
                        }
                        Data::Null => {}
                        data => {
                            self.stuck(data, frame, *span)?;
                        }
                    }
                    self.bounded(record.len(), *span)?;
                }
            }
        }
        if removed {
            record.retain(|_, field| !field.value.is_null());
        }
        Ok(record)
    }

    /// Runs over what a `for` names. The answer says whether the elements themselves are unknown.
    fn each(
        &self,
        clause: &For,
        frame: &mut Frame,
        body: &mut dyn FnMut(&Self, &mut Frame) -> Result<(), Stop>,
    ) -> Result<bool, Stop> {
        // An image without axes stands for its AMI elsewhere; here it is its builds.
        let source = match clause.source.kind {
            ExprKind::Image(index) => Value::new(Data::Image(index), clause.source.span),
            _ => self.eval(&clause.source, frame)?,
        };
        let origin = source.origin;
        let pairs: Vec<(Value, Value)> = match &source.data {
            Data::List(list) => {
                list.iter().enumerate().map(|(i, v)| (Value::new(Data::Int(i as i64), origin), v.clone())).collect()
            }
            Data::Record(record) => {
                record.iter().map(|(k, f)| (Value::text(k.clone(), f.key), f.value.clone())).collect()
            }
            Data::Table(index) => {
                let rows = &self.table(*index).rows;
                rows.iter().enumerate().map(|(i, r)| (Value::new(Data::Int(i as i64), origin), r.clone())).collect()
            }
            Data::Image(index) => {
                let Some(cells) = self.builds_of(*index as u32) else {
                    let image = self.program().images[*index].name.name.clone();
                    return Err(EvalProblem::BuildsTooEarly { image, at: clause.source.span }.into());
                };
                cells
                    .into_iter()
                    .enumerate()
                    .map(|(i, c)| (Value::new(Data::Int(i as i64), origin), Value::new(Data::Build(c), origin)))
                    .collect()
            }
            Data::Null => Vec::new(),
            _ if frame.deciding => return Ok(true),
            _ => return Err(Stop::Poison),
        };
        let depth = frame.depth();
        let mut unknown = false;
        for (key, value) in pairs {
            match clause.locals.as_slice() {
                [_] => frame.push(value),
                _ => {
                    frame.push(key);
                    frame.push(value);
                }
            }
            let outcome = match &clause.condition {
                None => body(self, frame),
                Some(condition) => match self.truth(condition, frame) {
                    Ok(Some(true)) => body(self, frame),
                    Ok(Some(false)) => Ok(()),
                    Ok(None) => {
                        unknown = true;
                        Ok(())
                    }
                    Err(stop) => Err(stop),
                },
            };
            frame.truncate(depth);
            outcome?;
        }
        Ok(unknown)
    }

    /// The left side of `??`: a key that a map or record does not hold gives null there.
    fn or_null(&self, expr: &Expr, frame: &mut Frame) -> Outcome {
        let ExprKind::Index(base, args) = &expr.kind else { return self.eval(expr, frame) };
        if matches!(base.kind, ExprKind::Image(_)) {
            return self.eval(expr, frame);
        }
        let base_value = self.or_null(base, frame)?;
        if base_value.is_null() {
            return Ok(base_value);
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push((arg.name.as_ref(), self.eval(&arg.value, frame)?));
        }
        if let (Data::Record(record), [(None, key)]) = (&base_value.data, values.as_slice())
            && key.display().is_some_and(|name| record.get(name.as_str()).is_none())
        {
            return Ok(Value::new(Data::Null, expr.span));
        }
        self.indexed(&base_value, &values, args, expr.span, frame)
    }

    fn index(&self, base: &Expr, args: &[IndexArg], origin: Span, frame: &mut Frame) -> Outcome {
        // An image without axes is used as `base`; indexed, it is always the image itself.
        let base_value = match base.kind {
            ExprKind::Image(index) => Value::new(Data::Image(index), base.span),
            _ => self.eval(base, frame)?,
        };
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push((arg.name.as_ref(), self.eval(&arg.value, frame)?));
        }
        self.indexed(&base_value, &values, args, origin, frame)
    }

    fn indexed(
        &self,
        base: &Value,
        values: &[(Option<&Ident>, Value)],
        args: &[IndexArg],
        origin: Span,
        frame: &Frame,
    ) -> Outcome {
        match (&base.data, values) {
            (Data::Table(index), _) => self.table_row(*index, values, origin, frame),
            (Data::Image(index), _) => self.image_cell(*index, values, origin),
            (Data::List(list), [(None, index)]) => match index.data {
                Data::Int(i) => {
                    let position = if i < 0 { i + list.len() as i64 } else { i };
                    let found = usize::try_from(position).ok().and_then(|p| list.get(p));
                    found.cloned().ok_or_else(|| {
                        EvalProblem::OutOfRange { index: i, length: list.len(), at: index_span(args, origin) }.into()
                    })
                }
                ref data => self.stuck(data, frame, origin),
            },
            (Data::Record(record), [(None, key)]) => match key.display() {
                Some(name) => self.record_field(record, &name, index_span(args, origin), frame),
                None => self.stuck(&key.data, frame, origin),
            },
            (Data::Null, _) if frame.deciding => Ok(Value::new(Data::Null, origin)),
            (data, _) => self.stuck(data, frame, origin),
        }
    }

    /// `base.name`
    pub(super) fn field(&self, base: &Value, name: &str, at: Span, frame: &Frame) -> Outcome {
        match &base.data {
            Data::Record(record) => match record.get(name) {
                Some(field) => Ok(field.value.clone()),
                // The checker knows the field: it is absent because it was null.
                None => Ok(Value::new(Data::Null, at)),
            },
            Data::Build(cell) => self.build_field(*cell, name, at),
            Data::Null if frame.deciding => Ok(Value::new(Data::Null, at)),
            data => self.stuck(data, frame, at),
        }
    }

    fn record_field(&self, record: &Record, name: &str, at: Span, frame: &Frame) -> Outcome {
        match record.get(name) {
            Some(field) => Ok(field.value.clone()),
            None if frame.deciding => Ok(Value::new(Data::Null, at)),
            None => {
                self.spend(record.len(), at)?;
                let nearest =
                    crate::text::suggest::nearest(name, record.keys().map(SmolStr::as_str)).map(SmolStr::from);
                Err(EvalProblem::NoKey { key: name.into(), nearest, at }.into())
            }
        }
    }

    fn binary(&self, op: BinaryOp, at: Span, left: &Expr, right: &Expr, origin: Span, frame: &mut Frame) -> Outcome {
        if let BinaryOp::And | BinaryOp::Or = op {
            return self.logic(op, left, right, origin, frame);
        }
        if op == BinaryOp::Default {
            let left_value = self.or_null(left, frame)?;
            return if left_value.is_null() { self.eval(right, frame) } else { Ok(left_value) };
        }
        let left_value = self.eval(left, frame)?;
        let right_value = self.eval(right, frame)?;
        // Contents are compared, all of them.
        self.weigh_parts(&left_value, origin)?;
        if let BinaryOp::Equal | BinaryOp::NotEqual = op {
            return match left_value.equals(&right_value) {
                Some(equal) => Ok(Value::new(Data::Bool(equal == (op == BinaryOp::Equal)), origin)),
                None => self.stuck(&left_value.data, frame, origin),
            };
        }
        self.look_at(&right_value, origin)?;
        if op == BinaryOp::In {
            return self.contained(&left_value, &right_value, origin, frame);
        }
        match super::arithmetic::apply(op, &left_value.data, &right_value.data) {
            Ok(Some(data)) => {
                if let Data::List(list) = &data {
                    self.bounded(list.len(), origin)?;
                }
                Ok(Value::new(data, origin))
            }
            Ok(None) => self.stuck(&left_value.data, frame, origin),
            Err(failure) => Err(failure.at(at, right.span).into()),
        }
    }

    fn logic(&self, op: BinaryOp, left: &Expr, right: &Expr, origin: Span, frame: &mut Frame) -> Outcome {
        let decisive = op == BinaryOp::Or;
        let left_truth = self.truth(left, frame)?;
        if left_truth == Some(decisive) {
            return Ok(Value::new(Data::Bool(decisive), origin));
        }
        let right_truth = self.truth(right, frame)?;
        let data = match (left_truth, right_truth) {
            (_, Some(truth)) if truth == decisive => Data::Bool(decisive),
            (Some(_), Some(_)) => Data::Bool(!decisive),
            _ => Data::Unknown,
        };
        Ok(Value::new(data, origin))
    }

    /// `item in container`
    pub(super) fn contained(&self, item: &Value, container: &Value, origin: Span, frame: &Frame) -> Outcome {
        if matches!(item.data, Data::List(_) | Data::Record(_)) {
            self.weigh_parts(container, origin)?;
        }
        let data = match &container.data {
            Data::List(list) => {
                let mut known = true;
                let mut found = false;
                for element in list.iter() {
                    match element.equals(item) {
                        Some(true) => {
                            found = true;
                            break;
                        }
                        Some(false) => {}
                        None => known = false,
                    }
                }
                match (found, known) {
                    (true, _) => Data::Bool(true),
                    (false, true) => Data::Bool(false),
                    (false, false) => return self.stuck(&Data::Unknown, frame, origin),
                }
            }
            Data::Record(record) => match item.as_text() {
                Some(key) => Data::Bool(record.contains_key(key)),
                None => return self.stuck(&item.data, frame, origin),
            },
            Data::Null if frame.deciding => Data::Bool(false),
            data => match (self.contents(container, frame), self.contents(item, frame)) {
                (Some(text), Some(part)) => Data::Bool(text.contains(part.as_str())),
                _ => return self.stuck(data, frame, origin),
            },
        };
        Ok(Value::new(data, origin))
    }
}

/// Whether an expression makes a value that may be larger than those it is made from.
fn makes(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::ForList(..)
            | ExprKind::ForRecord(..)
            | ExprKind::Call(..)
            | ExprKind::Binary(BinaryOp::Add, ..)
    ) || matches!(kind, ExprKind::Text(text) if text.parts.len() > 1)
}

fn index_span(args: &[IndexArg], origin: Span) -> Span {
    args.first().map_or(origin, |a| a.value.span)
}

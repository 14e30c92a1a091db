//! Expressions of HCL as values.

use hcl_edit::Span as _;
use hcl_edit::expr::{Array, BinaryOperator, Conditional, Expression, ForExpr, Object, ObjectKey, UnaryOperator};

use crate::import::draft::{Entry, For, Kind, Operator, Piece, Value};
use crate::text::Span;

use super::fold::value_of;
use super::gaps;
use super::{Bound, Place, Reader, Said, Why};

impl<'a> Reader<'a> {
    pub(super) fn span(&self, place: &Place<'_>, part: &impl hcl_edit::Span) -> Span {
        self.files[place.file].file.place(part)
    }

    /// Keeps the comments of a stretch without code for the entry at hand.
    pub(super) fn gap(&mut self, place: &Place<'_>, range: std::ops::Range<usize>) {
        let gap = gaps::comments(self.files[place.file].file.text, range);
        self.comments.extend(gap.behind);
        self.comments.extend(gap.above);
    }

    /// An expression as a value.
    pub(super) fn value(&mut self, expression: &'a Expression, place: &Place<'a>) -> Said {
        let span = self.span(place, expression);
        let kind = match expression {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(bool) => Kind::Bool(*bool.value()),
            Expression::Number(number) => number_of(&number.value().to_string()),
            Expression::String(text) => return self.plain(text.value(), span),
            Expression::Array(array) => Kind::List(self.list(array, place)?),
            Expression::Object(object) => Kind::Record(self.record(object, place)?),
            Expression::StringTemplate(template) => {
                return self.template_text(template.iter().collect(), place, span);
            }
            Expression::HeredocTemplate(heredoc) => {
                return self.template_text(heredoc.template.iter().collect(), place, span);
            }
            Expression::Parenthesis(inner) => return self.value(inner.inner(), place),
            Expression::Variable(name) => return self.word(name.value().as_str(), span, place),
            Expression::Conditional(choice) => {
                if let Some((asked, other)) = unless_null(choice) {
                    let (asked, other) = (self.value(asked, place)?, self.value(other, place)?);
                    return Ok(Value::new(Kind::Operation(Operator::Else, asked.into(), other.into()), span));
                }
                let condition = self.value(&choice.cond_expr, place)?;
                self.known(&condition)?;
                let (yes, no) = (self.value(&choice.true_expr, place)?, self.value(&choice.false_expr, place)?);
                if let Kind::Bool(holds) = condition.kind {
                    return Ok(if holds { yes } else { no });
                }
                Kind::If(condition.into(), yes.into(), no.into())
            }
            Expression::FuncCall(call) => return self.call(call, span, place),
            Expression::Traversal(traversal) => return self.traversal(traversal, span, place),
            Expression::UnaryOp(operation) => {
                let inner = self.value(&operation.expr, place)?;
                self.known(&inner)?;
                match operation.operator.value() {
                    UnaryOperator::Neg => Kind::Negative(inner.into()),
                    UnaryOperator::Not => Kind::Not(inner.into()),
                }
            }
            Expression::BinaryOp(operation) => {
                let (a, b) = (self.value(&operation.lhs_expr, place)?, self.value(&operation.rhs_expr, place)?);
                return self.operation(*operation.operator.value(), a, b, span);
            }
            Expression::ForExpr(each) => return self.comprehension(each, place, span),
        };
        Ok(Value::new(kind, span))
    }

    fn operation(&mut self, op: BinaryOperator, a: Value, b: Value, span: Span) -> Said {
        self.known(&a)?;
        self.known(&b)?;
        let op = match op {
            BinaryOperator::Eq => Operator::Equal,
            BinaryOperator::NotEq => Operator::Unequal,
            BinaryOperator::LessEq => Operator::LessEqual,
            BinaryOperator::GreaterEq => Operator::GreaterEqual,
            BinaryOperator::Less => Operator::Less,
            BinaryOperator::Greater => Operator::Greater,
            BinaryOperator::Plus => Operator::Add,
            BinaryOperator::Minus => Operator::Subtract,
            BinaryOperator::Mul => Operator::Multiply,
            BinaryOperator::Div => Operator::Divide,
            BinaryOperator::Mod => Operator::Remainder,
            BinaryOperator::And => Operator::And,
            BinaryOperator::Or => Operator::Or,
        };
        let whole = Value::new(Kind::Operation(op, a.into(), b.into()), span);
        // Whole numbers are divided otherwise here than there.
        let worked_out = if op == Operator::Divide { self.constant(&whole) } else { None };
        Ok(worked_out.map_or(whole, |found| value_of(&found, span)))
    }

    fn list(&mut self, array: &'a Array, place: &Place<'a>) -> Result<Vec<Value>, Why> {
        let range = array.span().unwrap_or_default();
        let mut done = (range.start + 1).min(range.end);
        let mut values = Vec::with_capacity(array.len());
        for element in array {
            let at = element.span().unwrap_or(done..done);
            self.gap(place, done..at.start.max(done));
            values.push(self.value(element, place)?);
            done = at.end;
        }
        self.gap(place, done..range.end.saturating_sub(1).max(done));
        Ok(values)
    }

    fn record(&mut self, object: &'a Object, place: &Place<'a>) -> Result<Vec<Entry>, Why> {
        let range = object.span().unwrap_or_default();
        let mut done = (range.start + 1).min(range.end);
        let mut entries: Vec<Entry> = Vec::with_capacity(object.len());
        // Comments of the record so far belong to what holds it.
        let outer = std::mem::take(&mut self.comments);
        for (key, value) in object {
            let (at, key_span) = match key {
                ObjectKey::Ident(name) => (name.span(), self.span(place, name)),
                ObjectKey::Expression(e) => (e.span(), self.span(place, e)),
            };
            let at = at.unwrap_or(done..done);
            let gap = gaps::comments(self.files[place.file].file.text, done..at.start.max(done));
            if let Some(last) = entries.last_mut() {
                last.comments.extend(gap.behind);
            } else {
                self.comments.extend(gap.behind);
            }
            self.comments.extend(gap.above);
            done = value.expr().span().map_or(at.end, |r| r.end);
            let key = match key {
                ObjectKey::Ident(name) => Ok(name.value().as_str().to_owned()),
                ObjectKey::Expression(e) => {
                    let key = self.value(e, place)?;
                    self.key(key)?
                }
            };
            let value = self.value(value.expr(), place)?;
            let comments = std::mem::take(&mut self.comments);
            let mut entry = keyed(key, value, key_span);
            entry.comments = comments;
            // The last one of a name counts.
            entries.retain(|e| e.key.is_empty() || e.key != entry.key);
            entries.push(entry);
        }
        let gap = gaps::comments(self.files[place.file].file.text, done..range.end.saturating_sub(1).max(done));
        let last = entries.last_mut().map_or(&mut self.comments, |e| &mut e.comments);
        last.extend(gap.behind);
        last.extend(gap.above);
        self.comments.splice(0..0, outer);
        Ok(entries)
    }

    /// A key of a record: its characters, or what they must be worked out from.
    pub(super) fn key(&mut self, key: Value) -> Result<Result<String, Value>, Why> {
        self.known(&key)?;
        Ok(match self.constant(&key) {
            Some(serde_json::Value::String(text)) => Ok(text),
            Some(other) if !other.is_object() && !other.is_array() => Ok(other.to_string()),
            _ => Err(key),
        })
    }

    fn comprehension(&mut self, each: &'a ForExpr, place: &Place<'a>, span: Span) -> Said {
        if each.grouping {
            let why =
                "values that are grouped by their keys have no such form here; write out what it makes".to_owned();
            return Err(Why { why, span });
        }
        let over = self.value(&each.intro.collection_expr, place)?;
        self.known(&over)?;
        let mut inner = place.clone();
        let mut names = Vec::new();
        let key = each.intro.key_var.as_ref().map(|key| self.bind(&mut inner, key.value().as_str(), &mut names));
        let value = self.bind(&mut inner, each.intro.value_var.value().as_str(), &mut names);
        let condition = match &each.cond {
            Some(condition) => Some(self.value(&condition.expr, &inner)?),
            None => None,
        };
        let makes_key = match &each.key_expr {
            Some(key) => Some(self.value(key, &inner)?),
            None => None,
        };
        let makes = self.value(&each.value_expr, &inner)?;
        for value in condition.iter().chain(&makes_key) {
            self.known(value)?;
        }
        let made = For { key: None, value, over, condition, makes_key, makes };
        let made = self.in_order(with_key(made, key), span);
        Ok(Value::new(Kind::For(Box::new(made)), span))
    }

    /// Binds a name within a place, and says what it is called from now on.
    pub(super) fn bind(&self, place: &mut Place<'a>, name: &str, names: &mut Vec<String>) -> String {
        let plain = name.replace('-', "_");
        let outer: Vec<String> =
            place.bound.iter().flat_map(|b| b.key.iter().chain(&b.value)).chain(names.iter()).cloned().collect();
        let mut given = plain.clone();
        // A word of the program must not be hidden by it: the expression may need that too.
        while self.is_taken(&given) || outer.contains(&given) {
            given.push('_');
        }
        names.push(given.clone());
        place.bound.push(Bound {
            name: name.to_owned(),
            key: None,
            value: Some(given.clone()),
            iterator: false,
            known: None,
        });
        given
    }

    pub(super) fn is_taken(&self, identifier: &str) -> bool {
        let declared = self.module.variables.keys().chain(self.module.locals.keys());
        declared.chain(self.made.iter().map(|(_, name)| name)).any(|name| name.replace('-', "_") == identifier)
    }
}

/// `x == null ? other : x`
fn unless_null(choice: &Conditional) -> Option<(&Expression, &Expression)> {
    let mut condition = &choice.cond_expr;
    while let Expression::Parenthesis(inner) = condition {
        condition = inner.inner();
    }
    let Expression::BinaryOp(operation) = condition else { return None };
    let asked = match (&operation.lhs_expr, &operation.rhs_expr) {
        (asked, Expression::Null(_)) | (Expression::Null(_), asked) => asked,
        _ => return None,
    };
    let (null, set) = match operation.operator.value() {
        BinaryOperator::Eq => (&choice.true_expr, &choice.false_expr),
        BinaryOperator::NotEq => (&choice.false_expr, &choice.true_expr),
        _ => return None,
    };
    let same = matches!((asked, set), (Expression::Traversal(_), Expression::Traversal(_)))
        && asked.to_string().trim() == set.to_string().trim();
    same.then_some((asked, null))
}

/// A comprehension with its key, if anything needs it.
pub(super) fn with_key(mut each: For, key: Option<String>) -> For {
    let mut used = false;
    let parts = [Some(&each.makes), each.condition.as_ref(), each.makes_key.as_ref()];
    for part in parts.into_iter().flatten() {
        part.each(&mut |value| {
            if let Kind::Name(crate::import::draft::Name::Bound(name)) = &value.kind {
                used |= Some(name) == key.as_ref();
            }
        });
    }
    each.key = key.filter(|_| used);
    each
}

/// An entry whose key may have to be worked out.
pub(super) fn keyed(key: Result<String, Value>, value: Value, span: Span) -> Entry {
    let (key, value) = match key {
        Ok(key) => (key, value),
        Err(key) => {
            let at = value.span;
            let over = Value::new(Kind::List(vec![key]), at);
            let makes_key = Some(Value::bound("key", at));
            let each = For { key: None, value: "key".into(), over, condition: None, makes_key, makes: value };
            let made = Value::new(Kind::For(Box::new(each)), at);
            (String::new(), Value::new(Kind::Spread(Box::new(made)), at))
        }
    };
    Entry { key, value, comments: Vec::new(), span }
}

/// A number as the draft has it.
pub(super) fn number_of(written: &str) -> Kind {
    match written.parse() {
        Ok(int) => Kind::Int(int),
        Err(_) => Kind::Number(written.to_owned()),
    }
}

/// A value as a part of a text.
pub(super) fn pieces_of(value: Value) -> Vec<Piece> {
    match value.kind {
        Kind::Text(pieces) => pieces,
        Kind::Bool(bool) => vec![Piece::Chars(bool.to_string())],
        Kind::Int(int) => vec![Piece::Chars(int.to_string())],
        Kind::Number(number) => vec![Piece::Chars(number)],
        kind => vec![Piece::Value(Box::new(Value::new(kind, value.span)))],
    }
}

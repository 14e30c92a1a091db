//! Expressions of HCL as values.

use std::rc::Rc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Array, BinaryOperator, Conditional, Expression, ForExpr, Object, ObjectKey, UnaryOperator};
use rustc_hash::FxHashMap;

use crate::import::draft::{Entry, For, Kind, Name, Operator, Piece, Value};
use crate::resolve::builtin::ALL;
use crate::text::Span;

use super::blanks::Form;
use super::fold::value_of;
use super::gaps;
use super::order::{Collection, small};
use super::pure;
use super::{Bound, Place, Reader, Said, Why};

impl<'a> Reader<'a> {
    pub(super) fn span(&self, place: &Place<'_>, part: &impl hcl_edit::Span) -> Span {
        self.files[place.file].place(part)
    }

    /// Keeps the comments of a stretch without code for the entry at hand.
    pub(super) fn gap(&mut self, place: &Place<'_>, range: std::ops::Range<usize>) {
        let gap = gaps::comments(self.files[place.file].text, range);
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
                return self.template_text(template.iter().collect(), Form::Quoted, place, span);
            }
            Expression::HeredocTemplate(heredoc) => {
                let form = if self.is_indented(span, place) { Form::Indented } else { Form::Lines };
                return self.template_text(heredoc.template.iter().collect(), form, place, span);
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
                let condition = truth(condition);
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
                    UnaryOperator::Neg => Kind::Negative(self.counted(inner).into()),
                    UnaryOperator::Not => Kind::Not(truth(inner).into()),
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

    /// Whether a heredoc begins with `<<-`.
    fn is_indented(&self, span: Span, place: &Place<'_>) -> bool {
        self.files[place.file].text.get(span.range()).is_some_and(|text| text.trim_start().starts_with("<<-"))
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
        let (a, b) = match op {
            Operator::And | Operator::Or => (truth(a), truth(b)),
            // Values of two types are never equal there, and cannot be compared here.
            Operator::Equal | Operator::Unequal => match (self.constant(&a), self.constant(&b)) {
                (Some(one), Some(other)) if !one.is_null() && !other.is_null() && sort(&one) != sort(&other) => {
                    return Ok(Value::new(Kind::Bool(op == Operator::Unequal), span));
                }
                _ => (a, b),
            },
            _ => (self.counted(a), self.counted(b)),
        };
        if op != Operator::Divide && !self.is_decimal(op, &a, &b, span) {
            return Ok(Value::new(Kind::Operation(op, a.into(), b.into()), span));
        }
        // Whole numbers are divided otherwise here than there.
        let whole = Value::new(Kind::Operation(op, a.clone().into(), b.clone().into()), span);
        if let Some(found) = self.constant(&whole) {
            return Ok(value_of(&found, span));
        }
        let (a, b) = match b.kind {
            Kind::Int(divisor) => (a, Value::new(Kind::Number(format!("{divisor}.0")), b.span)),
            Kind::Number(_) => (a, b),
            _ => {
                let one = Value::new(Kind::Number("1.0".into()), a.span);
                (Value::new(Kind::Operation(Operator::Multiply, a.into(), one.into()), span), b)
            }
        };
        Ok(Value::new(Kind::Operation(Operator::Divide, a.into(), b.into()), span))
    }

    /// Whether a calculation gives a number that is not whole, which is another here in its last digits.
    fn is_decimal(&self, op: Operator, a: &Value, b: &Value, span: Span) -> bool {
        let whole = Value::new(Kind::Operation(op, a.clone().into(), b.clone().into()), span);
        self.constant(&whole).is_some_and(|found| found.is_f64())
    }

    /// A value as a number: HCL takes the number that a text holds.
    fn counted(&self, value: Value) -> Value {
        if !matches!(self.followed(&value).kind, Kind::Text(_)) {
            return value;
        }
        match self.constant(&value).and_then(|text| pure::number(pure::float(&text)?)) {
            Some(number) => value_of(&number, value.span),
            None => Value::new(Kind::Call("int".into(), vec![value.clone()]), value.span),
        }
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
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        for (key, value) in object {
            let (at, key_span) = match key {
                ObjectKey::Ident(name) => (name.span(), self.span(place, name)),
                ObjectKey::Expression(e) => (e.span(), self.span(place, e)),
            };
            let at = at.unwrap_or(done..done);
            let gap = gaps::comments(self.files[place.file].text, done..at.start.max(done));
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
            // The last one of a name counts. A key that must be worked out is that of a spread.
            let spread = matches!(entry.value.kind, Kind::Spread(_));
            match places.get(&entry.key).copied().filter(|_| !spread) {
                Some(at) => entries[at] = entry,
                None => {
                    if !spread {
                        places.insert(entry.key.clone(), entries.len());
                    }
                    entries.push(entry);
                }
            }
        }
        let gap = gaps::comments(self.files[place.file].text, done..range.end.saturating_sub(1).max(done));
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
        let collection = self.collection(&each.intro.collection_expr, place)?;
        let mut inner = place.clone();
        let key = each.intro.key_var.as_ref().map(|key| key.value().as_str());
        let (key, value) = self.bind_both(&mut inner, key, each.intro.value_var.value().as_str(), &collection);
        let over = collection.over;
        let condition = match &each.cond {
            Some(condition) => Some(truth(self.value(&condition.expr, &inner)?)),
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
        if each.grouping {
            return self.grouped(made, key, &inner, span);
        }
        let made = self.in_order(with_key(made, key), place, span)?;
        Ok(Value::new(Kind::For(Box::new(made)), span))
    }

    /// Values grouped by their keys: for each key there is, the list of those that have it.
    fn grouped(&mut self, each: For, key: Option<String>, place: &Place<'a>, span: Span) -> Said {
        small(&each.over)?;
        let Some(own) = each.makes_key.clone() else {
            return Err(Why { why: "values are grouped in a map only".to_owned(), span });
        };
        let call = |name: &str, of: Value| Value::new(Kind::Call(name.into(), vec![of]), span);
        let operation = |op, a: Value, b: Value| Value::new(Kind::Operation(op, a.into(), b.into()), span);
        let own = if matches!(own.kind, Kind::Text(_)) { own } else { call("string", own) };
        let group = self.fresh("group", place);
        let list = |condition: Option<Value>, makes: Value| -> Said {
            let each = For { key: None, makes_key: None, condition, makes, ..each.clone() };
            Ok(Value::new(Kind::For(self.in_order(with_key(each, key.clone()), place, span)?.into()), span))
        };
        let keys = list(each.condition.clone(), own.clone())?;
        let same = operation(Operator::Equal, own, Value::bound(group.clone(), span));
        let condition = match &each.condition {
            Some(condition) => operation(Operator::And, condition.clone(), same),
            None => same,
        };
        let makes = list(Some(condition), each.makes.clone())?;
        let makes_key = Some(Value::bound(group.clone(), span));
        let over = call("sort", call("distinct", keys));
        let made = For { key: None, value: group, over, condition: None, makes_key, makes };
        Ok(Value::new(Kind::For(made.into()), span))
    }

    /// Binds the names of a `for`, and says what they are called from now on.
    pub(super) fn bind_both(
        &self,
        place: &mut Place<'a>,
        key: Option<&str>,
        value: &str,
        collection: &Collection,
    ) -> (Option<String>, String) {
        if collection.set {
            let given = self.bind(place, value, Some(&collection.over));
            // An element of a set is its own key.
            place.bound.extend(key.map(|key| Bound::plain(key, &given)));
            return (None, given);
        }
        let key = key.map(|key| self.bind(place, key, None));
        (key, self.bind(place, value, Some(&collection.over)))
    }

    /// Binds a name within a place, and says what it is called from now on.
    pub(super) fn bind(&self, place: &mut Place<'a>, name: &str, over: Option<&Value>) -> String {
        let given = self.fresh(name, place);
        let over = over.map(|over| Rc::new(over.clone()));
        place.bound.push(Bound { over, ..Bound::plain(name, &given) });
        given
    }

    /// A name for something new within a place.
    pub(super) fn fresh(&self, name: &str, place: &Place<'_>) -> String {
        let mut given = name.replace('-', "_");
        let outer = |given: &String| {
            place.bound.iter().any(|b| b.key.as_ref() == Some(given) || b.value.as_ref() == Some(given))
        };
        // A word of the program must not be hidden by it: the expression may need that too.
        let is_function = |given: &String| ALL.iter().any(|function| function.name == *given);
        while self.is_taken(&given) || outer(&given) || is_function(&given) {
            given.push('_');
        }
        given
    }

    pub(super) fn is_taken(&self, identifier: &str) -> bool {
        let declared = self.module.variables.keys().chain(self.module.locals.keys());
        declared.chain(self.made.iter().map(|(_, name)| name)).any(|name| name.replace('-', "_") == identifier)
    }
}

/// A value as a truth value: HCL takes the one that a text holds.
pub(super) fn truth(value: Value) -> Value {
    match value.plain() {
        Some(text @ ("true" | "false")) => Value::new(Kind::Bool(text == "true"), value.span),
        _ => value,
    }
}

/// Of which type a value is.
fn sort(value: &serde_json::Value) -> u8 {
    match value {
        serde_json::Value::Null => 0,
        serde_json::Value::Bool(_) => 1,
        serde_json::Value::Number(_) => 2,
        serde_json::Value::String(_) => 3,
        serde_json::Value::Array(_) => 4,
        serde_json::Value::Object(_) => 5,
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
            if let Kind::Name(Name::Bound(name)) = &value.kind {
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
            // A `for` over what it makes: it has a name of its own, for the value may need any other.
            let at = value.span;
            let mut name = "key".to_owned();
            while named(&value, &name) {
                name.push('_');
            }
            let over = Value::new(Kind::List(vec![key]), at);
            let makes_key = Some(Value::bound(name.clone(), at));
            let each = For { key: None, value: name, over, condition: None, makes_key, makes: value };
            let made = Value::new(Kind::For(Box::new(each)), at);
            (String::new(), Value::new(Kind::Spread(Box::new(made)), at))
        }
    };
    Entry { key, value, comments: Vec::new(), span }
}

/// Whether a value holds a name that is written so.
fn named(value: &Value, word: &str) -> bool {
    let mut found = false;
    value.each(&mut |part| {
        if let Kind::Name(Name::Variable(name) | Name::Local(name) | Name::Bound(name)) = &part.kind {
            found |= name.replace('-', "_") == word;
        }
    });
    found
}

/// A number as the draft has it; `1.0` and `1e3` are whole ones.
pub(super) fn number_of(written: &str) -> Kind {
    let whole = || pure::number(written.parse().ok()?)?.as_i64();
    match written.parse().ok().or_else(whole) {
        Some(int) => Kind::Int(int),
        None => Kind::Number(written.to_owned()),
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

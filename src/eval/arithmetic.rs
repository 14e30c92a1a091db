//! Infix operators on known values: numbers, durations, sizes, texts and lists.

use std::cmp::Ordering;
use std::sync::Arc;

use super::problem::EvalProblem;
use super::text::{MAX_TEXT, TextBuilder};
use super::value::{Data, Text, Value};
use crate::syntax::ast::BinaryOp::{self, *};
use crate::text::Span;

/// Why two values have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Overflow,
    Zero,
    TooLarge,
}

impl Failure {
    pub(super) fn at(self, operator: Span, divisor: Span) -> EvalProblem {
        match self {
            Failure::Overflow => EvalProblem::Overflow { at: operator },
            Failure::TooLarge => EvalProblem::TooLarge { at: operator },
            Failure::Zero => EvalProblem::DivisionByZero { at: divisor },
        }
    }
}

/// Applies an operator; `None` where it does not take such values (or they are late).
pub(super) fn apply(op: BinaryOp, left: &Data, right: &Data) -> Result<Option<Data>, Failure> {
    if let Less | LessEqual | Greater | GreaterEqual = op {
        return Ok(order(left, right).map(|ordering| {
            Data::Bool(match op {
                Less => ordering == Ordering::Less,
                LessEqual => ordering != Ordering::Greater,
                Greater => ordering == Ordering::Greater,
                _ => ordering != Ordering::Less,
            })
        }));
    }
    Ok(Some(match (left, right) {
        (Data::Int(a), Data::Int(b)) => Data::Int(int(op, *a, *b)?),
        (Data::Int(a), Data::Number(b)) => Data::Number(number(op, *a as f64, *b)?),
        (Data::Number(a), Data::Int(b)) => Data::Number(number(op, *a, *b as f64)?),
        (Data::Number(a), Data::Number(b)) => Data::Number(number(op, *a, *b)?),
        (Data::Duration(a), Data::Duration(b)) if matches!(op, Add | Subtract) => Data::Duration(int(op, *a, *b)?),
        (Data::Duration(a), Data::Int(b)) if matches!(op, Multiply | Divide) => Data::Duration(int(op, *a, *b)?),
        (Data::Int(a), Data::Duration(b)) if op == Multiply => Data::Duration(int(op, *a, *b)?),
        (Data::Size(a), Data::Size(b)) if matches!(op, Add | Subtract) => Data::Size(size(op, *a, *b)?),
        (Data::Size(a), Data::Int(b)) if matches!(op, Multiply | Divide) => {
            Data::Size(size(op, *a, u64::try_from(*b).map_err(|_| Failure::Overflow)?)?)
        }
        (Data::Int(a), Data::Size(b)) if op == Multiply => {
            Data::Size(size(op, u64::try_from(*a).map_err(|_| Failure::Overflow)?, *b)?)
        }
        (Data::List(a), Data::List(b)) if op == Add => {
            let mut list = Vec::with_capacity(a.len() + b.len());
            list.extend(a.iter().cloned());
            list.extend(b.iter().cloned());
            Data::List(Arc::new(list))
        }
        (Data::Text(_) | Data::Variable(_), Data::Text(_) | Data::Variable(_)) if op == Add => {
            let mut builder = TextBuilder::default();
            let place = Span::file_start(crate::text::FileId(0));
            builder.value(&Value::new(left.clone(), place));
            builder.value(&Value::new(right.clone(), place));
            if builder.len() > MAX_TEXT {
                return Err(Failure::TooLarge);
            }
            Data::Text(builder.finish())
        }
        _ => return Ok(None),
    }))
}

fn int(op: BinaryOp, a: i64, b: i64) -> Result<i64, Failure> {
    match op {
        Add => a.checked_add(b),
        Subtract => a.checked_sub(b),
        Multiply => a.checked_mul(b),
        Divide | Remainder if b == 0 => return Err(Failure::Zero),
        Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    }
    .ok_or(Failure::Overflow)
}

fn size(op: BinaryOp, a: u64, b: u64) -> Result<u64, Failure> {
    match op {
        Add => a.checked_add(b),
        Subtract => a.checked_sub(b),
        Multiply => a.checked_mul(b),
        _ if b == 0 => return Err(Failure::Zero),
        _ => a.checked_div(b),
    }
    .ok_or(Failure::Overflow)
}

fn number(op: BinaryOp, a: f64, b: f64) -> Result<f64, Failure> {
    let result = match op {
        Add => a + b,
        Subtract => a - b,
        Multiply => a * b,
        Divide | Remainder if b == 0.0 => return Err(Failure::Zero),
        Divide => a / b,
        _ => a % b,
    };
    if result.is_finite() { Ok(result) } else { Err(Failure::Overflow) }
}

/// The order of two values of one sort; `None` where they have none.
pub(super) fn order(left: &Data, right: &Data) -> Option<Ordering> {
    match (left, right) {
        (Data::Int(a), Data::Int(b)) | (Data::Duration(a), Data::Duration(b)) => Some(a.cmp(b)),
        (Data::Size(a), Data::Size(b)) => Some(a.cmp(b)),
        (Data::Int(a), Data::Number(b)) => (*a as f64).partial_cmp(b),
        (Data::Number(a), Data::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Data::Number(a), Data::Number(b)) => a.partial_cmp(b),
        (Data::Text(Text::Plain(a)), Data::Text(Text::Plain(b))) => Some(a.cmp(b)),
        (Data::Bool(a), Data::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

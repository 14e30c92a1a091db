//! How much work an evaluation may take. Programs have no recursion, so each ends; but calls of calls and lists of lists can double
//! at every step, and sixty steps of that outlast the machine.
//!
//! Work is counted in steps: an expression is one, so is an element of a list or a kilobyte of a text. The allowance grows with
//! the cells of the matrices, so that it never stands in the way of a large plan.

use std::cell::Cell;

use super::Evaluator;
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Part, Text, Value};
use crate::text::Span;

/// Steps that any program may take.
const STEPS: u64 = 5_000_000;
/// Steps that each cell of a matrix adds.
const STEPS_OF_CELL: u64 = 20_000;
/// How deep expressions and what they name may nest: lets of lets, functions that call functions.
const MAX_DEPTH: u32 = 20_000;
/// The most parts of a value, all that it holds counted as often as it stands there.
const MAX_PARTS: usize = 1_000_000;
/// Bytes of text that count as one step.
const BYTES_OF_STEP: usize = 1024;

/// What is left of the allowance.
pub(super) struct Work {
    left: Cell<u64>,
    depth: Cell<u32>,
}

impl Default for Work {
    fn default() -> Self {
        Work { left: Cell::new(STEPS), depth: Cell::new(0) }
    }
}

impl Evaluator<'_> {
    /// Allows more work for the cells of a matrix.
    pub(super) fn allow_cells(&self, cells: usize) {
        let left = self.work.left.get();
        // Once it is used up it stays so: everything that is still asked for fails at once.
        if left > 0 {
            self.work.left.set(left.saturating_add((cells as u64).saturating_mul(STEPS_OF_CELL)));
        }
    }

    /// Takes steps from the allowance. When it is used up, that is reported once.
    pub(super) fn spend(&self, steps: usize, at: Span) -> Result<(), Stop> {
        let left = self.work.left.get();
        match left.checked_sub(steps as u64) {
            Some(rest) if rest > 0 => {
                self.work.left.set(rest);
                Ok(())
            }
            _ => {
                if left > 0 {
                    self.work.left.set(0);
                    self.stopped(&EvalProblem::TooMuchWork { at }.into());
                }
                Err(Stop::Poison)
            }
        }
    }

    /// Goes one level deeper for `inner`.
    pub(super) fn deeper<T>(&self, at: Span, inner: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
        let depth = self.work.depth.get();
        if depth >= MAX_DEPTH {
            return Err(EvalProblem::TooDeep { at }.into());
        }
        self.work.depth.set(depth + 1);
        let outcome = inner();
        self.work.depth.set(depth);
        outcome
    }

    /// Refuses a value that has more parts than any plan needs, and takes the steps that looking at them took.
    pub(super) fn weigh(&self, value: &Value, at: Span) -> Result<(), Stop> {
        let mut left = MAX_PARTS;
        let fits = weigh(&value.data, &mut left);
        self.spend(MAX_PARTS - left, at)?;
        if fits { Ok(()) } else { Err(EvalProblem::TooLarge { at }.into()) }
    }
}

/// Takes the parts of a value from what is left; false where that is not enough.
fn weigh(data: &Data, left: &mut usize) -> bool {
    let own = match data {
        Data::List(list) => list.len(),
        Data::Record(record) => record.len(),
        Data::Text(Text::Plain(text)) => text.len() / BYTES_OF_STEP,
        Data::Text(Text::Parts(parts)) => {
            parts.iter().map(|p| if let Part::Chars(c) = p { 1 + c.len() / BYTES_OF_STEP } else { 1 }).sum()
        }
        _ => 0,
    };
    match left.checked_sub(own) {
        Some(rest) => *left = rest,
        None => {
            *left = 0;
            return false;
        }
    }
    match data {
        Data::List(list) => list.iter().all(|v| weigh(&v.data, left)),
        Data::Record(record) => record.values().all(|f| weigh(&f.value.data, left)),
        _ => true,
    }
}

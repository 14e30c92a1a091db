//! How much work an evaluation may take. Programs have no recursion, so each ends; but calls of calls and lists of lists can double
//! at every step, and sixty steps of that outlast the machine.
//!
//! Work is counted in steps: an expression is one, so is an element of a list or a line of a text. The allowance grows with the
//! cells of the matrices, so that it never stands in the way of a large plan. What texts take is bounded once more, by their
//! bytes: those stay until the plan is written.

use std::cell::Cell;

use super::Evaluator;
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Part, Text, Value};
use crate::text::Span;

/// Steps that any program may take.
pub const STEPS: u64 = 10_000_000;
/// Steps that each cell of a matrix adds.
pub const STEPS_OF_CELL: u64 = 2_000;
/// How deep expressions and what they name may nest: lets of lets, functions that call functions.
const MAX_DEPTH: u32 = 20_000;
/// The most parts of a value, all that it holds counted as often as it stands there.
pub const MAX_PARTS: usize = 1_000_000;
/// So many steps may be taken for an answer that nobody waits for any more.
const STEPS_BETWEEN_QUESTIONS: u64 = 2_000;
/// Bytes of text that count as one step.
const BYTES_OF_STEP: usize = 64;
/// Bytes of all texts that a program may put together.
pub const MAX_BYTES: usize = 256 << 20;

/// What is left of the allowance.
pub(super) struct Work {
    left: Cell<u64>,
    bytes: Cell<usize>,
    depth: Cell<u32>,
    /// Whether the plan needs none of what is worked at: then it may as well be left.
    idle: Cell<bool>,
    /// What was left when it was last asked whether anybody waits for the answer.
    asked: Cell<u64>,
}

impl Default for Work {
    fn default() -> Self {
        Work {
            left: Cell::new(STEPS),
            bytes: Cell::new(MAX_BYTES),
            depth: Cell::new(0),
            idle: Cell::new(false),
            asked: Cell::new(STEPS),
        }
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
                if self.work.asked.get().abs_diff(rest) < STEPS_BETWEEN_QUESTIONS {
                    return Ok(());
                }
                self.work.asked.set(rest);
                if self.world.given_up() { Err(Stop::Poison) } else { Ok(()) }
            }
            _ => Err(self.exhausted(at)),
        }
    }

    /// The end of all work, reported once.
    fn exhausted(&self, at: Span) -> Stop {
        if self.work.left.replace(0) > 0 && !self.work.idle.get() {
            self.stopped(&EvalProblem::TooMuchWork { at }.into());
        }
        Stop::Poison
    }

    /// From now on, work is done only as long as there is an allowance for it.
    pub(super) fn idle(&self) {
        self.work.idle.set(true);
    }

    /// Takes the steps that looking at a value takes, what it holds not counted.
    pub(super) fn look_at(&self, value: &Value, at: Span) -> Result<(), Stop> {
        self.spend(own_parts(&value.data) / 8, at)
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

    /// Takes the steps that looking at a value takes, with all that it holds.
    pub(super) fn weigh_parts(&self, value: &Value, at: Span) -> Result<(), Stop> {
        let mut left = MAX_PARTS;
        weigh(&value.data, &mut left);
        self.spend((MAX_PARTS - left) / 8, at)
    }

    /// Refuses a value that has more parts than any plan needs, and takes the steps that looking at them took.
    pub(super) fn weigh(&self, value: &Value, at: Span) -> Result<(), Stop> {
        if let Data::Text(text) = &value.data {
            match self.work.bytes.get().checked_sub(bytes(text)) {
                Some(rest) => self.work.bytes.set(rest),
                None => return Err(self.exhausted(at)),
            }
        }
        let mut left = MAX_PARTS;
        let fits = weigh(&value.data, &mut left);
        self.spend(MAX_PARTS - left, at)?;
        if fits { Ok(()) } else { Err(EvalProblem::TooLarge { at }.into()) }
    }
}

/// The parts of a value, without those of its parts.
fn own_parts(data: &Data) -> usize {
    match data {
        Data::List(list) => list.len(),
        Data::Record(record) => record.len(),
        Data::Text(text) => bytes(text) / BYTES_OF_STEP,
        _ => 0,
    }
}

/// The bytes of a text; a part that is not text counts as a line.
fn bytes(text: &Text) -> usize {
    match text {
        Text::Plain(text) => text.len(),
        Text::Parts(parts) => {
            parts.iter().map(|p| BYTES_OF_STEP + if let Part::Chars(c) = p { c.len() } else { 0 }).sum()
        }
    }
}

/// Takes the parts of a value from what is left; false where that is not enough.
fn weigh(data: &Data, left: &mut usize) -> bool {
    match left.checked_sub(own_parts(data)) {
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

//! What a rendering may take and has taken, and how it is refused beyond that.
//!
//! It knows numbers only: `value` and `filters` count into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use minijinja::{Error, ErrorKind};

/// How much a rendering may take, beyond what its values bring.
#[derive(Debug)]
pub(super) struct Limits {
    /// Instructions.
    pub(super) fuel: u64,
    /// Bytes of one value.
    pub(super) value: u64,
    /// Bytes of all texts that are made, output included.
    pub(super) made: u64,
    /// Bytes of all lists and maps that live at one time.
    pub(super) held: u64,
    /// Bytes that are looked at.
    pub(super) work: u64,
}

const LIMITS: Limits = Limits { fuel: 10_000_000, value: 16 << 20, made: 512 << 20, held: 256 << 20, work: 4 << 30 };

impl Limits {
    /// The limits beside values of this weight: what a program brings is there already, and a template may go over it a
    /// number of times.
    pub(super) fn beside(weight: u64) -> Limits {
        Limits {
            fuel: LIMITS.fuel.saturating_add(weight),
            value: LIMITS.value.saturating_add(weight.saturating_mul(4)),
            made: LIMITS.made.saturating_add(weight.saturating_mul(8)),
            held: LIMITS.held.saturating_add(weight.saturating_mul(4)),
            work: LIMITS.work.saturating_add(weight.saturating_mul(64)),
        }
    }
}

/// Stands between words and help in the detail of an error.
pub(super) const HELP: &str = "\u{0}";
/// What to do about a template that grows.
pub(super) const LESS: &str =
    "print the pieces as they come, or collect them in a list and `join` it; do not add to one text over and over";

/// A refusal for the sake of a limit.
pub(super) fn refused(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{what}{HELP}{LESS}"))
}

/// What a rendering has used of its limits.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    made: AtomicU64,
    held: AtomicU64,
    work: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Budget { limits, made: AtomicU64::new(0), held: AtomicU64::new(0), work: AtomicU64::new(0) }
    }

    /// Whether a value of so many bytes may be made at all.
    pub(super) fn fits(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.limits.value { Err(refused("a value grows beyond what any plan needs")) } else { Ok(()) }
    }

    /// Counts the bytes of a text.
    pub(super) fn make(&self, bytes: u64) -> Result<(), Error> {
        self.fits(bytes)?;
        self.print(bytes)
    }

    /// Counts bytes that are written.
    pub(super) fn print(&self, bytes: u64) -> Result<(), Error> {
        let made = self.made.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if made > self.limits.made { Err(refused("the template makes more text than any plan needs")) } else { Ok(()) }
    }

    /// Counts bytes that are looked at.
    pub(super) fn look(&self, bytes: u64) -> Result<(), Error> {
        let work = self.work.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if work > self.limits.work {
            return Err(refused("the template takes more work than any plan needs"));
        }
        Ok(())
    }

    /// Counts a list or map for as long as it lives.
    pub(super) fn hold(self: &Arc<Self>, own: u64) -> Result<Held, Error> {
        let held = self.held.fetch_add(own, Relaxed).saturating_add(own);
        let own = Held { budget: Some(Arc::clone(self)), own };
        if held > self.limits.held { Err(refused("its values grow beyond what any plan needs")) } else { Ok(own) }
    }
}

/// A share of the budget, given back when its value goes.
#[derive(Debug)]
pub(super) struct Held {
    budget: Option<Arc<Budget>>,
    own: u64,
}

impl Held {
    /// The share of a value that was there before.
    pub(super) const GIVEN: Held = Held { budget: None, own: 0 };
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.held.fetch_sub(self.own, Relaxed);
        }
    }
}

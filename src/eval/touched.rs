//! The builds that a failure touches, as its message tells them.

use smol_str::SmolStr;

/// The builds that a failure touches, in words.
pub(super) struct Touched {
    pub(super) count: usize,
    pub(super) all: usize,
    pub(super) first: SmolStr,
}

impl Touched {
    /// `in 16 of 32 builds, first us-east-1-1404-pv`; empty where there is one build in all.
    pub(super) fn words(&self) -> String {
        match (self.count, self.all) {
            (0, _) | (_, 1) => String::new(),
            (1, all) => format!("in 1 of {all} builds, {}", self.first),
            (count, all) if count == all => format!("in all {all} builds"),
            (count, all) => format!("in {count} of {all} builds, first {}", self.first),
        }
    }
}

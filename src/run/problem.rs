//! What can go wrong in a run, as data: what kind of end it means, a message, help, and where in a `.bake` file it was asked for.
//!
//! Messages keep the style of the compiler's diagnostics. Who shows them is not known here. Neighbours: everyone in `run`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, code};
use crate::packer::document::Place;

/// What an error means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The build failed.
    Failed,
    /// Nothing was started: the plan, a file or the account does not allow it.
    Refused,
    /// Somebody wanted it to end.
    Cancelled,
    /// Something may be left behind in the account.
    Left,
}

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What it means for the run.
    pub kind: Kind,
    /// The code, whose page stands in the book.
    #[schemars(with = "String")]
    pub code: Code,
    /// One line: no capital, no full stop, the user's input in backticks.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A place in a source, as plans carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Origin {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl From<&Place> for Origin {
    fn from(place: &Place) -> Self {
        Origin { file: place.file.to_string(), line: place.line, column: place.column }
    }
}

impl Problem {
    /// A build's failure.
    pub fn failed(code: Code, message: impl Into<String>) -> Self {
        Problem { kind: Kind::Failed, code, message: message.into(), help: None, origin: None }
    }

    /// Something that is refused before anything starts.
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Problem { kind: Kind::Refused, ..Problem::failed(code, message) }
    }

    /// The end that somebody wanted.
    pub fn cancelled() -> Self {
        Problem { kind: Kind::Cancelled, ..Problem::failed(code::RUN_CANCELLED, "cancelled") }
    }

    /// Something that may be left behind.
    pub fn left(code: Code, message: impl Into<String>) -> Self {
        Problem { kind: Kind::Left, ..Problem::failed(code, message) }
    }

    /// With what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the place that asked for it; one that is known stays.
    pub fn at(mut self, origin: Option<Origin>) -> Self {
        self.origin = self.origin.or(origin);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

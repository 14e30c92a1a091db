//! What options see of variables and the moment, with an eye on secrets: a text that a function has made of a secret is secret too.
//!
//! Neighbours: `variables` makes the values, `options` renders with them; `run::render` does the rendering.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::run::problem::Problem;
use crate::run::render::{Given, RenderError, RunValues, render};
use crate::run::secret::{Gate, Secret};

/// Values for one build.
pub(super) struct Values<'a> {
    given: &'a Given,
    gate: &'a Gate,
    /// Names of secret variables.
    secrets: Arc<BTreeSet<String>>,
}

/// Values that note which secrets are read, and have something for every fact where asked to.
struct Watch<'a> {
    given: &'a Given,
    secrets: &'a BTreeSet<String>,
    read: Mutex<BTreeSet<String>>,
    facts: Facts,
}

/// Whether facts about the machine are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Facts {
    /// There is no machine yet.
    None,
    /// Any text stands for them, to see whether the rest is right.
    Any,
}

impl RunValues for Watch<'_> {
    fn moment(&self) -> Timestamp {
        self.given.moment
    }

    fn named(&self, function: &str) -> Option<String> {
        self.given.named(function)
    }

    fn user(&self, name: &str) -> Option<String> {
        if self.secrets.contains(name) {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        }
        self.given.user(name)
    }

    fn build(&self, name: &str) -> Option<String> {
        // Long enough to be cut to pieces.
        (self.facts == Facts::Any).then(|| format!("{name}-0-1-2-3-4-5-6-7-8-9"))
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(given: &'a Given, gate: &'a Gate, secrets: Arc<BTreeSet<String>>) -> Self {
        Values { given, gate, secrets }
    }

    /// The text as it is before there is a machine.
    pub(super) fn early(&self, text: &str) -> Result<String, Problem> {
        self.rendered(text, Facts::None).map_err(|e| refused(e, text))
    }

    /// Whether the text can be rendered once there is a machine.
    pub(super) fn late(&self, text: &str) -> Result<(), Problem> {
        match self.rendered(text, Facts::Any) {
            // What a fact will be like is not known; how the text is cut or compared cannot be judged.
            Err(_) if speaks_of_facts(text) && crate::template::parse(text).problems.is_empty() => Ok(()),
            other => other.map(drop).map_err(|e| refused(e, text)),
        }
    }

    /// Hides a text, because the option that holds it says so.
    pub(super) fn hide(&self, text: &str) -> Secret {
        let secret = Secret::new(text);
        self.gate.hide(&secret);
        secret
    }

    fn rendered(&self, text: &str, facts: Facts) -> Result<String, RenderError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let watch = Watch { given: self.given, secrets: &self.secrets, read: Mutex::default(), facts };
        let out = render(text, &watch)?;
        let read = watch.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        let verbatim = |name: &String| self.given.users.get(name).is_none_or(|secret| out.contains(secret.trim()));
        if !read.iter().all(verbatim) {
            self.gate.hide(&Secret::new(out.as_str()));
        }
        Ok(out)
    }
}

/// Whether the text needs a machine.
fn speaks_of_facts(text: &str) -> bool {
    text.contains("build `")
        || text.contains("build \"")
        || text.contains(" .")
        || text.contains("{.")
        || text.contains("(.")
}

fn refused(error: RenderError, text: &str) -> Problem {
    let problem = error.problem(text);
    Problem { kind: crate::run::problem::Kind::Refused, ..problem }
}

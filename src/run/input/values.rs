//! What options see of variables and the moment, with an eye on secrets: a text that a function has made of a secret is secret too.
//!
//! Neighbours: `variables` makes the values, `options` renders with them; `run::render` does the rendering.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::WAY_OUT;
use crate::diagnostic::code;
use crate::run::facts;
use crate::run::problem::Problem;
use crate::run::render::{Given, RenderError, RunValues, render};
use crate::run::secret::{Gate, Secret};
use crate::template::{Piece, parse, user_variables};
use crate::text::suggest::nearest;
use crate::text::words;

/// Values for one build.
pub(super) struct Values<'a> {
    given: &'a Given,
    gate: &'a Gate,
    /// Names of secret variables.
    secrets: Arc<BTreeSet<String>>,
    /// The kind of the builder.
    builder: &'a str,
    /// The facts that it gives; any where that is not known.
    facts: Option<Vec<&'static str>>,
}

/// Values that note which secrets are read, and have something for every fact where asked to.
struct Watch<'a> {
    given: &'a Given,
    secrets: &'a BTreeSet<String>,
    read: Mutex<BTreeSet<String>>,
    facts: Facts<'a>,
    /// The first fact that was asked for and that nobody gives.
    unknown: Mutex<Option<String>>,
}

/// Whether facts about the machine are there.
#[derive(Clone, Copy)]
enum Facts<'a> {
    /// There is no machine yet.
    None,
    /// Some text stands for those of a list, or for any, to see whether the rest is right.
    Some(Option<&'a [&'static str]>, &'a [&'a str]),
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
        let Facts::Some(known, _) = self.facts else { return None };
        if known.is_none_or(|known| known.contains(&name)) {
            return Some(sample(name));
        }
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| name.to_owned());
        None
    }

    fn field(&self, name: &str) -> Option<String> {
        match self.facts {
            Facts::Some(_, own) if own.contains(&name) => Some(sample(name)),
            _ => self.build(name),
        }
    }
}

/// What stands for a fact: long enough to be cut to pieces.
fn sample(name: &str) -> String {
    format!("{name}-0-1-2-3-4-5-6-7-8-9")
}

impl<'a> Values<'a> {
    pub(super) fn new(given: &'a Given, gate: &'a Gate, secrets: Arc<BTreeSet<String>>, builder: &'a str) -> Self {
        Values { given, gate, secrets, builder, facts: facts::of(builder) }
    }

    /// The text as it is before there is a machine.
    pub(super) fn early(&self, text: &str) -> Result<String, Problem> {
        self.rendered(text, Facts::None).map_err(|(e, _)| refused(e, text))
    }

    /// Whether the text can be rendered once there is a machine; `own` are the fields that the option has beside the facts.
    pub(super) fn late(&self, text: &str, own: &[&str]) -> Result<(), Problem> {
        match self.rendered(text, Facts::Some(self.facts.as_deref(), own)) {
            Err((error, Some(fact))) => Err(self.no_fact(error, text, &fact, own)),
            // What a fact will be like is not known; how the text is cut or compared cannot be judged.
            Err(_) if speaks_of_facts(text) && crate::template::parse(text).problems.is_empty() => Ok(()),
            other => other.map(drop).map_err(|(e, _)| refused(e, text)),
        }
    }

    /// Why a fact is none.
    fn no_fact(&self, error: RenderError, text: &str, fact: &str, own: &[&str]) -> Problem {
        if facts::UNEXECUTED.contains(&fact) {
            let message = format!("the fact `{fact}` is not known to templates yet by `bakec run`");
            return Problem::refused(code::RUN_UNEXECUTED, message).help(WAY_OUT);
        }
        let known = self.facts.iter().flatten().copied().chain(own.iter().copied());
        let help = match nearest(fact, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
                format!("a build by `{}` has {}", self.builder, words::list(&known, "and"))
            }
        };
        refused(error, text).help(help)
    }

    /// The secret variable that a text reads, where it reads one.
    pub(super) fn secret_in(&self, text: &str) -> Option<String> {
        let actions = parse(text).pieces.into_iter().filter_map(|piece| match piece {
            Piece::Action { action, .. } => Some(action),
            Piece::Text(_) => None,
        });
        let mut names =
            actions.flat_map(|action| user_variables(&action).into_iter().map(str::to_owned).collect::<Vec<_>>());
        names.find(|name| self.secrets.contains(name))
    }

    /// Hides a text, because the option that holds it says so.
    pub(super) fn hide(&self, text: &str) -> Secret {
        let secret = Secret::new(text);
        self.gate.hide(&secret);
        secret
    }

    /// The text; or why not, with the fact that nobody gives.
    fn rendered(&self, text: &str, facts: Facts<'_>) -> Result<String, (RenderError, Option<String>)> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let (read, unknown) = (Mutex::default(), Mutex::default());
        let watch = Watch { given: self.given, secrets: &self.secrets, read, facts, unknown };
        let out = match render(text, &watch) {
            Ok(out) => out,
            Err(error) => return Err((error, watch.unknown.into_inner().unwrap_or_else(PoisonError::into_inner))),
        };
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

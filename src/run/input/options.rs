//! Options taken one by one, with Packer's looseness: a number may be a text, one element a list, a truth value `"true"`.
//!
//! What nobody has taken at the end is refused by name. It must not know which options there are. Neighbours: `values` renders;
//! `ebs`, `null` and `steps` take.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value as Json;

use super::values::Values;
use super::{WAY_OUT, Warning};
use crate::diagnostic::code;
use crate::run::problem::{Origin, Problem};
use crate::run::secret::Secret;
use crate::text::suggest::nearest;

/// When a text is rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Now.
    Early,
    /// Once there is a machine, with these fields of its own beside the facts; now it is only looked at.
    Late(&'static [&'static str]),
    /// Never.
    Raw,
}

/// The options of a block, of which some are taken.
pub(super) struct Take<'a> {
    /// Whose they are: `` `amazon-ebs` ``.
    label: &'a str,
    options: &'a [(String, Json)],
    places: &'a dyn Fn(&str) -> Option<Origin>,
    values: &'a Values<'a>,
    environment: &'a BTreeMap<String, String>,
    taken: BTreeSet<String>,
    problems: Vec<Problem>,
    /// What does not stop the run.
    pub(super) warnings: Vec<Warning>,
}

impl<'a> Take<'a> {
    pub(super) fn new(
        label: &'a str,
        options: &'a [(String, Json)],
        places: &'a dyn Fn(&str) -> Option<Origin>,
        values: &'a Values<'a>,
        environment: &'a BTreeMap<String, String>,
    ) -> Self {
        let (taken, problems, warnings) = (BTreeSet::new(), Vec::new(), Vec::new());
        Take { label, options, places, values, environment, taken, problems, warnings }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Where an option stands.
    pub(super) fn place(&self, option: &str) -> Option<Origin> {
        (self.places)(option)
    }

    /// A mistake in an option.
    pub(super) fn wrong(&mut self, option: &str, message: impl Display, help: Option<&str>) {
        let problem = Problem::refused(code::RUN_OPTION, message.to_string()).at(self.place(option));
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    /// Something that the user should look at.
    pub(super) fn warn(&mut self, message: &str, help: Option<&str>) {
        self.warnings.push(Warning { message: message.to_owned(), help: help.map(str::to_owned) });
    }

    /// The secret variable that a text reads, where it reads one.
    pub(super) fn secret_in(&self, text: &str) -> Option<String> {
        self.values.secret_in(text)
    }

    /// Takes what does not count, whatever is wrong with it.
    pub(super) fn silently<T>(&mut self, take: impl FnOnce(&mut Take<'_>) -> T) -> T {
        let (problems, warnings) = (self.problems.len(), self.warnings.len());
        let taken = take(self);
        self.problems.truncate(problems);
        self.warnings.truncate(warnings);
        taken
    }

    /// An option that is not executed yet.
    pub(super) fn unexecuted(&mut self, option: &str) {
        let message = format!("the option `{option}` of {} is not executed yet by `bakec run`", self.label);
        self.problems.push(Problem::refused(code::RUN_UNEXECUTED, message).help(WAY_OUT).at(self.place(option)));
    }

    /// The value as it stands; `null` counts as nothing.
    pub(super) fn raw(&mut self, option: &str) -> Option<&'a Json> {
        self.taken.insert(option.to_owned());
        let value = self.options.iter().find(|(name, _)| name == option).map(|(_, value)| value);
        value.filter(|v| !v.is_null())
    }

    /// A variable of the environment that stands in for an option.
    pub(super) fn environment(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|v| !v.is_empty()).cloned()
    }

    /// A text; an empty one counts as nothing.
    pub(super) fn text(&mut self, option: &str) -> Option<String> {
        self.scalar(option, When::Early).filter(|t| !t.is_empty())
    }

    /// A text that is rendered once there is a machine.
    pub(super) fn late(&mut self, option: &str) -> Option<String> {
        self.late_with(option, &[])
    }

    /// The same, where the option has fields of its own.
    pub(super) fn late_with(&mut self, option: &str, fields: &'static [&'static str]) -> Option<String> {
        self.scalar(option, When::Late(fields)).filter(|t| !t.is_empty())
    }

    /// A text in which nothing is rendered.
    pub(super) fn verbatim(&mut self, option: &str) -> Option<String> {
        self.scalar(option, When::Raw).filter(|t| !t.is_empty())
    }

    /// A text that is hidden from now on.
    pub(super) fn secret(&mut self, option: &str) -> Option<Secret> {
        let text = self.text(option)?;
        Some(self.values.hide(&text))
    }

    /// A truth value; `false` where there is none.
    pub(super) fn flag(&mut self, option: &str) -> bool {
        self.choice(option).unwrap_or_default()
    }

    /// A truth value that may be absent.
    pub(super) fn choice(&mut self, option: &str) -> Option<bool> {
        if let Json::Bool(truth) = self.raw(option)? {
            return Some(*truth);
        }
        match self.text(option)?.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            other => {
                let message = format!("`{option}` is neither `true` nor `false`, but `{other}`");
                self.wrong(option, message, None);
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn number<N: FromStr>(&mut self, option: &str) -> Option<N> {
        let text = self.text(option)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong(option, format!("`{option}` is no number that fits: `{text}`"), None);
        }
        number
    }

    /// A length of time, as Go writes it.
    pub(super) fn time(&mut self, option: &str) -> Option<Duration> {
        let raw = self.raw(option)?;
        if raw.as_f64() == Some(0.0) {
            return Some(Duration::ZERO);
        }
        let text = self.text(option)?;
        let time = go_duration(&text);
        if time.is_none() {
            self.wrong(
                option,
                format!("`{option}` is no length of time: `{text}`"),
                Some("write it with units, such as `90s`, `5m` or `1h30m`"),
            );
        }
        time
    }

    /// Texts; one alone is a list too, and commas part them.
    pub(super) fn list(&mut self, option: &str) -> Vec<String> {
        let Some(raw) = self.raw(option) else { return Vec::new() };
        let items = match raw {
            Json::Array(items) => items.iter().filter_map(|item| self.one(option, item, When::Early)).collect(),
            other => self.one(option, other, When::Early).map_or_else(Vec::new, |t| parts(&t)),
        };
        items.into_iter().filter(|t| !t.is_empty()).collect()
    }

    /// Texts as they stand, to be rendered once there is a machine; commas part nothing.
    pub(super) fn late_list(&mut self, option: &str) -> Option<Vec<String>> {
        self.late_list_with(option, &[])
    }

    /// The same, where the option has fields of its own.
    pub(super) fn late_list_with(&mut self, option: &str, fields: &'static [&'static str]) -> Option<Vec<String>> {
        match self.raw(option)? {
            Json::Array(items) => {
                Some(items.iter().filter_map(|item| self.one(option, item, When::Late(fields))).collect())
            }
            other => self.one(option, other, When::Late(fields)).map(|t| vec![t]),
        }
    }

    /// Names and values, in order; values are rendered once there is a machine.
    pub(super) fn pairs(&mut self, option: &str) -> Vec<(String, String)> {
        let Some(raw) = self.raw(option) else { return Vec::new() };
        // Packer takes a list of maps for one.
        let maps: Vec<&Json> = raw.as_array().map_or_else(|| vec![raw], |a| a.iter().collect());
        let mut pairs: Vec<(String, String)> = Vec::new();
        for map in maps {
            let Some(members) = map.as_object() else {
                self.wrong(option, format!("`{option}` holds no names with values"), None);
                continue;
            };
            for (name, value) in members {
                if let Some(value) = self.one(option, value, When::Late(&[])) {
                    pairs.retain(|(n, _)| n != name);
                    pairs.push((name.clone(), value));
                }
            }
        }
        pairs
    }

    /// Names and values, in order, rendered now; a value may be empty.
    pub(super) fn pairs_early(&mut self, option: &str) -> Vec<(String, String)> {
        let Some(raw) = self.raw(option) else { return Vec::new() };
        let maps: Vec<&Json> = raw.as_array().map_or_else(|| vec![raw], |a| a.iter().collect());
        let mut pairs: Vec<(String, String)> = Vec::new();
        for map in maps {
            let Some(members) = map.as_object() else {
                self.wrong(option, format!("`{option}` holds no names with values"), None);
                continue;
            };
            for (name, value) in members {
                if let Some(value) = self.one(option, value, When::Early) {
                    pairs.retain(|(known, _)| known != name);
                    pairs.push((name.clone(), value));
                }
            }
        }
        pairs
    }

    /// The blocks of a list, or the one that stands alone: their members.
    pub(super) fn blocks(&mut self, option: &str) -> Vec<Vec<(String, Json)>> {
        let Some(raw) = self.raw(option) else { return Vec::new() };
        let all: Vec<&Json> = raw.as_array().map_or_else(|| vec![raw], |a| a.iter().collect());
        let mut blocks = Vec::new();
        for block in all {
            match block.as_object() {
                Some(members) => blocks.push(members.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
                None => self.wrong(option, format!("`{option}` is no record"), None),
            }
        }
        blocks
    }

    /// Takes the members of a block; what is left of them is refused.
    pub(super) fn within<T>(
        &mut self,
        option: &str,
        members: &[(String, Json)],
        known: &[&str],
        take: impl FnOnce(&mut Take<'_>) -> T,
    ) -> T {
        let label = format!("`{option}`");
        let place = self.place(option);
        let places = |_: &str| place.clone();
        let mut inner = Take::new(&label, members, &places, self.values, self.environment);
        let taken = take(&mut inner);
        inner.refuse_rest(Some(known.to_vec()));
        let Take { problems, warnings, .. } = inner;
        self.problems.extend(problems);
        self.warnings.extend(warnings);
        taken
    }

    fn scalar(&mut self, option: &str, when: When) -> Option<String> {
        let raw = self.raw(option)?;
        self.one(option, raw, when)
    }

    fn one(&mut self, option: &str, value: &Json, when: When) -> Option<String> {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(truth) => truth.to_string(),
            Json::Array(items) if items.len() == 1 => return self.one(option, &items[0], when),
            Json::Array(_) | Json::Object(_) | Json::Null => {
                self.wrong(option, format!("`{option}` is no text"), None);
                return None;
            }
        };
        let rendered = match when {
            When::Early => self.values.early(&text),
            // What is wrong with it has been told; that there is none would be a second mistake.
            When::Late(fields) => {
                let looked = self.values.late(&text, fields);
                self.problems.extend(looked.err().map(|problem| problem.at(self.place(option))));
                return Some(text);
            }
            When::Raw => return Some(text),
        };
        rendered.map_err(|problem| self.problems.push(problem.at(self.place(option)))).ok()
    }

    /// Takes the rest as it is: the block is refused as a whole.
    pub(super) fn ignore_rest(&mut self) {
        self.taken.extend(self.options.iter().map(|(name, _)| name.clone()));
    }

    /// Refuses what nobody took: what is not executed yet, and, where all options are known, what is none.
    pub(super) fn refuse_rest(&mut self, known: Option<Vec<&str>>) {
        for (option, value) in self.options {
            if self.taken.contains(option) {
                continue;
            }
            let is_known = known.as_ref().is_none_or(|known| known.contains(&option.as_str()));
            if !is_known {
                let near = known.iter().flatten().copied();
                let help = nearest(option, near)
                    .map_or_else(|| "take it out".to_owned(), |near| format!("did you mean `{near}`?"));
                let message = format!("{} has no option `{option}`", self.label);
                let problem = Problem::refused(code::RUN_OPTION, message).help(help).at(self.place(option));
                self.problems.push(problem);
            } else if !is_nothing(value) {
                self.unexecuted(option);
            }
        }
        self.ignore_rest();
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }
}

/// Whether a value is what Packer takes for no value at all.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty() || text == "false",
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
    }
}

fn parts(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_owned()).collect()
}

/// A length of time as Go writes it: `1h30m`, `1.5s`, `300ms`. A negative one counts as none.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit = &rest[end..];
        let unit = &unit[..unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len())];
        nanos += number
            * match unit {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = &rest[end + unit.len()..];
    }
    if text.is_empty() || !nanos.is_finite() || nanos > 9.2e18 {
        return None;
    }
    Some(if negative { Duration::ZERO } else { Duration::from_nanos(nanos.round() as u64) })
}

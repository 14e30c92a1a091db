//! What a single value can get wrong, in words that the checker and the evaluator share.

use smol_str::SmolStr;

use crate::diagnostic::{Diagnostic, code};
use crate::facts::{Facts, regions};
use crate::text::Span;
use crate::ty::{Domain, Literal, Named, Pattern, Range, describe};

/// Why a text is no value of a domain type.
#[derive(Clone, Debug, PartialEq)]
pub enum DomainProblem {
    /// It does not have the form.
    Form {
        /// The type.
        domain: Domain,
        /// The text.
        text: SmolStr,
        /// What such a text looks like.
        expected: &'static str,
    },
    /// A region that AWS does not have, named by itself or by a zone.
    Region {
        /// The text.
        text: SmolStr,
        /// Whether the text is a zone.
        zone: bool,
        /// What was probably meant.
        nearest: Option<SmolStr>,
    },
    /// An instance type that the facts do not hold.
    InstanceType {
        /// The text.
        text: SmolStr,
        /// What was probably meant.
        nearest: Option<SmolStr>,
        /// Where the facts come from.
        provenance: SmolStr,
    },
}

/// Judges a text by its domain type: its form, and with facts also whether such a region or instance type exists.
///
/// # Errors
/// What is wrong with the text.
pub fn domain_value(domain: Domain, text: &str, facts: Option<&Facts>) -> Result<(), DomainProblem> {
    let owned = || SmolStr::from(text);
    if let Err(expected) = domain.check(text) {
        // A region in capitals is still the region that was meant.
        if domain == Domain::Region && facts.is_some() && regions::nearest(text).is_some() {
            return unknown_region(text, false, text);
        }
        return Err(DomainProblem::Form { domain, text: owned(), expected });
    }
    let Some(facts) = facts else { return Ok(()) };
    match domain {
        Domain::Region if regions::find(text).is_none() => unknown_region(text, false, text),
        Domain::Zone if regions::of_zone(text).is_none() => {
            unknown_region(text, true, text.trim_end_matches(|c: char| c.is_ascii_lowercase()))
        }
        Domain::InstanceType if facts.instance_type(text).is_none() => Err(DomainProblem::InstanceType {
            text: owned(),
            nearest: facts.nearest_type(text).map(SmolStr::from),
            provenance: facts.provenance().into(),
        }),
        _ => Ok(()),
    }
}

fn unknown_region(text: &str, zone: bool, region: &str) -> Result<(), DomainProblem> {
    let nearest = regions::nearest(region).map(|near| match zone {
        true => SmolStr::from(format!("{}{}", near.name, text.strip_prefix(region).unwrap_or("a"))),
        false => near.name.into(),
    });
    Err(DomainProblem::Region { text: text.into(), zone, nearest })
}

impl DomainProblem {
    /// What is said of the text; it stands at `at`.
    pub fn diagnostic(&self, at: Span) -> Diagnostic {
        const SKIP: &str = "`--no-facts` skips this check";
        let meant =
            |nearest: &Option<SmolStr>| nearest.as_ref().map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
        match self {
            DomainProblem::Form { domain, text, expected } => {
                let help = format!("expected {expected}");
                let message = match text.is_empty() {
                    true => format!("an empty text is no `{}`", domain.name()),
                    false => format!("`{text}` is no `{}`", domain.name()),
                };
                let help = if text.is_empty() { format!("{help}; with `null` an option is left out") } else { help };
                Diagnostic::error(code::VALUE_DOMAIN, message).label(at, "").help(help)
            }
            DomainProblem::Region { text, zone, nearest } => {
                let message = match zone {
                    _ if text.is_empty() => "an empty text is no region".to_owned(),
                    true => format!("`{text}` is a zone of no region"),
                    false => format!("there is no region `{text}`"),
                };
                Diagnostic::error(code::FACTS_REGION, message)
                    .label(at, if *zone { "no such zone" } else { "no such region" })
                    .help(format!("{}{SKIP}", meant(nearest)))
            }
            DomainProblem::InstanceType { text, nearest, provenance } => {
                Diagnostic::error(code::FACTS_INSTANCE_TYPE, format!("EC2 has no instance type `{text}`"))
                    .label(at, "no such type")
                    .help(format!("{}by {provenance}; {SKIP}", meant(nearest)))
            }
        }
    }
}

impl DomainProblem {
    /// The same of a literal, with what to write in its place: in quotes, or as the bare word of a table's cell.
    pub fn of_literal(&self, at: Span) -> Diagnostic {
        let diagnostic = self.diagnostic(at);
        match self {
            DomainProblem::Region { text, nearest: Some(near), .. }
            | DomainProblem::InstanceType { text, nearest: Some(near), .. } => {
                let bare = (at.end - at.start) as usize == text.len();
                let instead = if bare { near.to_string() } else { Literal::Text(near.clone()).to_string() };
                diagnostic.fix(at, instead)
            }
            _ => diagnostic,
        }
    }
}

/// What is said of a text that does not match its pattern.
pub fn pattern_problem(pattern: &Pattern, text: &str, at: Span, named: Option<&Named>) -> Diagnostic {
    let shown = if text.is_empty() { "an empty text".to_owned() } else { format!("`{text}`") };
    Diagnostic::error(code::VALUE_PATTERN, format!("{shown} does not match /{}/", pattern.source))
        .label(at, named.map_or(String::new(), |n| format!("no `{}`", n.name)))
        .help_opt(named.and_then(named_help))
}

/// What is said of a number, duration (in ns) or size (in bytes) outside of its range.
pub fn range_problem(range: &Range, value: i64, at: Span, named: Option<&Named>) -> Diagnostic {
    use crate::ty::Ty;
    let shown = match range.base.plain() {
        Ty::Duration => describe::duration(value),
        Ty::Size => describe::size(u64::try_from(value).unwrap_or(0)),
        _ => value.to_string(),
    };
    Diagnostic::error(code::VALUE_RANGE, format!("`{shown}` is outside of {range}"))
        .label(at, "")
        .help(named.and_then(named_help).unwrap_or_else(|| ends(range)))
}

/// What a value within the range is, in words.
pub fn ends(range: &Range) -> String {
    use crate::ty::Ty;
    let shown = |value: i64| match range.base.plain() {
        Ty::Duration => describe::duration(value),
        Ty::Size => describe::size(u64::try_from(value).unwrap_or(0)),
        _ => value.to_string(),
    };
    match (range.low, range.high) {
        (Some(low), Some(high)) => format!("write a value from `{}` to `{}`, both included", shown(low), shown(high)),
        (Some(low), None) => format!("write `{}` or more", shown(low)),
        (None, Some(high)) => format!("write `{}` or less", shown(high)),
        (None, None) => "every value of the type is within it".to_owned(),
    }
}

fn named_help(named: &Named) -> Option<String> {
    let doc = named.doc.lines().next().filter(|line| !line.is_empty())?;
    Some(format!("`{}`: {doc}", named.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_asked_only_where_they_are_given() {
        let facts = Some(Facts::builtin());
        assert_eq!(domain_value(Domain::Region, "us-east-1", facts), Ok(()));
        assert_eq!(domain_value(Domain::Region, "us-esat-1", None), Ok(()));
        let nearest = |domain, text| match domain_value(domain, text, facts) {
            Err(DomainProblem::Region { nearest, .. } | DomainProblem::InstanceType { nearest, .. }) => nearest,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(nearest(Domain::Region, "us-esat-1").as_deref(), Some("us-east-1"));
        assert_eq!(nearest(Domain::Zone, "us-esat-1b").as_deref(), Some("us-east-1b"));
        assert_eq!(nearest(Domain::InstanceType, "m3.mediun").as_deref(), Some("m3.medium"));
        assert!(matches!(domain_value(Domain::AmiId, "ami-1", None), Err(DomainProblem::Form { .. })));
    }
}

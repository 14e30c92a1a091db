//! Patterns of a selection: reading them, and matching them with builds. It knows builds and axes.

use std::borrow::Cow;
use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};

use crate::plan::{Build, Plan, Scalar};

use super::problem::Mistake;

/// Terms that must all match.
pub(super) struct Pattern {
    /// Where it stands in its argument.
    pub(super) range: Range<usize>,
    pub(super) terms: Vec<Term>,
}

/// A glob on the name, or on the value of an axis.
pub(super) struct Term {
    /// Where it stands in its argument.
    pub(super) range: Range<usize>,
    pub(super) axis: Option<String>,
    pub(super) wanted: String,
    /// `None` where the wanted text is no glob.
    glob: Option<GlobMatcher>,
}

/// What a term looks at in the builds of one image.
#[derive(Clone, Copy)]
enum Subject {
    Name,
    Axis(usize),
    Image,
    Kind,
    /// The image has no such axis.
    Nothing,
}

/// The patterns of an argument.
pub(super) fn parse(argument: &str) -> Result<Vec<Pattern>, (Range<usize>, Mistake)> {
    let mut patterns = Vec::new();
    for range in split(argument, 0..argument.len(), ',') {
        if argument[range.clone()].trim().is_empty() {
            continue;
        }
        let mut terms = Vec::new();
        for term in split(argument, range.clone(), '+') {
            terms.push(Term::parse(argument, term)?);
        }
        patterns.push(Pattern { range, terms });
    }
    if patterns.is_empty() {
        return Err((0..argument.len(), Mistake::Empty));
    }
    Ok(patterns)
}

/// The parts of a range between separators, trimmed. A separator within `{…}` or `[…]` belongs to a glob.
fn split(text: &str, range: Range<usize>, separator: char) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (range.start, 0_u32);
    let mut part = |start: usize, end: usize| {
        let piece = &text[start..end];
        let begin = start + piece.len() - piece.trim_start().len();
        parts.push(begin..begin + piece.trim().len());
    };
    for (i, c) in text[range.clone()].char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                part(start, range.start + i);
                start = range.start + i + 1;
            }
            _ => {}
        }
    }
    part(start, range.end);
    parts
}

impl Term {
    fn parse(argument: &str, range: Range<usize>) -> Result<Self, (Range<usize>, Mistake)> {
        let text = &argument[range.clone()];
        let (axis, wanted) = match text.split_once('=') {
            Some((axis, wanted)) => (Some(axis.trim().to_owned()), wanted.trim()),
            None => (None, text),
        };
        if text.is_empty() || axis.as_deref() == Some("") {
            return Err((range, Mistake::Empty));
        }
        let glob = if wanted.contains(['*', '?', '[', '{', '\\']) {
            match GlobBuilder::new(wanted).backslash_escape(true).build() {
                Ok(glob) => Some(glob.compile_matcher()),
                Err(error) => return Err((range, Mistake::NoGlob(error.kind().to_string()))),
            }
        } else {
            None
        };
        Ok(Term { range, axis, wanted: wanted.to_owned(), glob })
    }

    fn accepts(&self, text: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(text),
            None => self.wanted == text,
        }
    }

    /// Whether the term alone matches some build.
    pub(super) fn matches_any(&self, plan: &Plan) -> bool {
        let subjects = self.subjects(plan);
        plan.builds.iter().any(|b| self.matches(plan, b, &subjects))
    }

    /// What the term looks at, by image.
    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        let subject = |axes: &[smol_str::SmolStr]| {
            let Some(axis) = &self.axis else { return Subject::Name };
            match (axes.iter().position(|a| a == axis), axis.as_str()) {
                (Some(index), _) => Subject::Axis(index),
                (None, "image") => Subject::Image,
                (None, "kind") => Subject::Kind,
                (None, _) => Subject::Nothing,
            }
        };
        plan.images.iter().map(|i| subject(&i.axes)).collect()
    }

    fn matches(&self, plan: &Plan, build: &Build, subjects: &[Subject]) -> bool {
        let image = build.image as usize;
        match subjects.get(image).copied().unwrap_or(Subject::Nothing) {
            Subject::Name => self.accepts(&build.name),
            Subject::Axis(index) => build.axes.get(index).is_some_and(|v| self.accepts(&value(v))),
            Subject::Image => plan.images.get(image).is_some_and(|i| self.accepts(&i.name)),
            Subject::Kind => self.accepts(&build.kind),
            Subject::Nothing => false,
        }
    }
}

/// The value of an axis as a pattern sees it.
pub(super) fn value(value: &Scalar) -> Cow<'_, str> {
    match value {
        Scalar::Text(text) => Cow::Borrowed(text),
        Scalar::Bool(true) => Cow::Borrowed("true"),
        Scalar::Bool(false) => Cow::Borrowed("false"),
        Scalar::Int(int) => Cow::Owned(int.to_string()),
    }
}

/// A pattern that knows the images of a plan.
pub(super) struct Bound<'p> {
    terms: Vec<(&'p Term, Vec<Subject>)>,
}

impl Pattern {
    /// The name of the one build that the pattern can match.
    pub(super) fn plain_name(&self) -> Option<&str> {
        match &self.terms[..] {
            [Term { axis: None, glob: None, wanted, .. }] => Some(wanted),
            _ => None,
        }
    }

    pub(super) fn bind(&self, plan: &Plan) -> Bound<'_> {
        Bound { terms: self.terms.iter().map(|t| (t, t.subjects(plan))).collect() }
    }
}

impl Bound<'_> {
    pub(super) fn matches(&self, plan: &Plan, build: &Build) -> bool {
        self.terms.iter().all(|(term, subjects)| term.matches(plan, build, subjects))
    }
}

//! A mistake is told once, by the phase that saw it first: what a later phase says of the same place follows from it.

use rustc_hash::FxHashMap;

use crate::diagnostic::{Code, Problems, Severity, code};
use crate::text::{FileId, Span};

/// Takes over what a phase found, without what follows from an error of an earlier one.
pub(super) fn add_news(problems: &mut Problems, found: Problems) {
    let told = Told::of(problems);
    for diagnostic in found.into_sorted() {
        let follows = diagnostic.labels.iter().enumerate().any(|(position, label)| {
            // A policy is shown at the option first, and what is wrong in it stands at its second label.
            let anywhere = position == 0 || diagnostic.code == code::POLICY_BROKEN;
            told.covers(label.span, (!anywhere).then_some(diagnostic.code))
        });
        if !follows {
            problems.report(diagnostic);
        }
    }
}

/// Where errors have been told: by file and code, and by file alone.
#[derive(Default)]
struct Told(FxHashMap<(FileId, Option<Code>), Vec<Span>>);

impl Told {
    fn of(problems: &Problems) -> Self {
        let mut told = Told::default();
        for diagnostic in problems.iter().filter(|d| d.severity == Severity::Error) {
            for code in [None, Some(diagnostic.code)] {
                told.0.entry((diagnostic.span().file, code)).or_default().push(diagnostic.span());
            }
        }
        for spans in told.0.values_mut() {
            spans.sort_unstable();
            // Each is stretched to the end that those before it reach, so that the last one before a place decides.
            let mut end = 0;
            for span in spans {
                end = span.end.max(end);
                span.end = end;
            }
        }
        told
    }

    /// Whether an error (of the code, where one is given) has been told at a place.
    fn covers(&self, place: Span, code: Option<Code>) -> bool {
        let Some(spans) = self.0.get(&(place.file, code)) else { return false };
        let before = spans.partition_point(|span| span.start < place.end);
        before.checked_sub(1).is_some_and(|last| place.start < spans[last].end) || spans.binary_search(&place).is_ok()
    }
}

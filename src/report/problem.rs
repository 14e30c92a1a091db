//! An error of a run as people see it: as the compiler's diagnostics look, with its place where that can be shown.
//!
//! It knows the diagnostics' renderer, no file system: sources come through a function.

use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{Format, Style, render};
use crate::run::problem::{Origin, Problem};
use crate::text::{Source, Sources, Span};

/// The problem with its place and help. The text ends with a line's end.
pub(super) fn rendered(problem: &Problem, style: Style, read: &dyn Fn(&str) -> Option<String>) -> String {
    let mut sources = Sources::new();
    let told = diagnostic(problem, &mut sources, read);
    render(&[told], &sources, &Format::Human(style))
}

/// The problem as the compiler tells its own. Where its place cannot be shown the message names it.
pub fn diagnostic(problem: &Problem, sources: &mut Sources, read: &dyn Fn(&str) -> Option<String>) -> Diagnostic {
    let known = |sources: &Sources, path: &str| sources.iter().find(|(_, s)| &**s.path() == path).map(|(id, _)| id);
    let place = problem.origin.as_ref().and_then(|origin| {
        let file = match known(sources, &origin.file) {
            Some(file) => file,
            None => sources.add(Source::new(origin.file.as_str(), read(&origin.file)?)),
        };
        let (start, end) = span(sources.get(file), origin)?;
        Some(Span::new(file, start, end))
    });
    match place {
        Some(span) => Diagnostic::error(problem.code, &problem.message).label(span, ""),
        None => Diagnostic::error(problem.code, super::words::placed(problem)),
    }
    .help_opt(problem.help.clone())
}

/// The word that stands at a place, in bytes; nothing where the file has no such place.
fn span(source: &Source, origin: &Origin) -> Option<(usize, usize)> {
    let line = source.line(origin.line);
    let skipped = usize::try_from(origin.column).ok()?.checked_sub(1)?;
    let (at, _) = line.char_indices().nth(skipped)?;
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let rest = &line[at..];
    let length = rest.find(|c| !word(c)).unwrap_or(rest.len()).max(rest.chars().next()?.len_utf8());
    let start = source.line_range(origin.line).start + at;
    Some((start, start + length))
}

//! Diagnostics as text: for people, for programs, for GitHub's annotations and for SARIF viewers.
//!
//! Floor 1. It knows diagnostics and sources, not the language and not the terminal: what the caller found out about the
//! terminal comes in as [`Style`]. One file a format; [`place`] finds lines and columns for all of them, [`excerpt`] cuts
//! out the lines that the human format shows.

mod excerpt;
mod github;
mod human;
mod json;
mod place;
mod sarif;

use super::{Code, Diagnostic, Severity};
use crate::text::{Sources, words};

/// Where the book stands in public. `None` leaves links out of every format.
const BOOK_URL: Option<&str> = None;

/// The form of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Source excerpts with labels, for people.
    Human(Style),
    /// One JSON array of objects.
    Json,
    /// GitHub's workflow commands, one line a diagnostic.
    Github,
    /// One SARIF 2.1.0 log.
    Sarif,
}

/// What the terminal of the human format can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Colours by ANSI escapes.
    pub colour: bool,
    /// Lines and arrows from Unicode; plain ASCII without.
    pub unicode: bool,
    /// Codes are hyperlinks to the book's page.
    pub links: bool,
    /// Columns at which messages and help are wrapped. Source lines are never wrapped.
    pub width: usize,
}

/// The diagnostics as text, in the order given. The text ends with a newline unless it is empty.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, format: &Format) -> String {
    match format {
        Format::Human(style) => human::render(diagnostics, sources, *style),
        Format::Json => json::render(diagnostics, sources),
        Format::Github => github::render(diagnostics, sources),
        Format::Sarif => sarif::render(diagnostics, sources),
    }
}

/// The last line of the human format, such as `2 errors, 1 warning`; nothing when there is nothing to count.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| {
        let n = diagnostics.iter().filter(|d| d.severity == severity).count();
        (n > 0).then(|| words::count(n, severity_word(severity)))
    };
    let parts: Vec<String> = [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The page of the book about a mistake, where the book has an address.
pub fn page_url(code: Code) -> Option<String> {
    BOOK_URL.map(|book| format!("{}/errors/{}.html", book.trim_end_matches('/'), code.slug()))
}

#[cfg(test)]
mod tests;

//! Diagnostics as data: a code, a message, labelled places, help. Every phase reports into one [`Problems`].
//!
//! Floor 1. It knows sources and spans, not the language. [`render`] is the only place that turns a diagnostic into
//! text. Each phase has one `problem.rs` with an enum of its mistakes; `From<…> for Diagnostic` stands beside it, one arm a
//! mistake, so that message, labels and help are read together.

pub mod code;
pub mod render;

pub use code::Code;

use crate::text::{FileId, Span, floor_char_boundary};

/// Longer texts lose their middle, in bytes.
const LONGEST: usize = 4000;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// No plan comes out.
    Error,
    /// A plan comes out, and the user should look at this.
    Warning,
}

/// A place and what is to be said of it. An empty text underlines only.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Label {
    /// The underlined place.
    pub span: Span,
    /// The words under it.
    pub text: String,
}

/// A replacement that mends the mistake.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fix {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// One thing to tell the user.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Diagnostic {
    /// Stable name of the mistake, a page in the book.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One line: no capital, no full stop, the user's input in backticks.
    pub message: String,
    /// The first label is the place of the mistake.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// The same for a machine.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error without labels yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: one_line(message.into()),
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// A warning without labels yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a labelled place; the first one added is the primary place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: one_line(text.into()) });
        self
    }

    /// Sets the help text.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(shortened(text.into()));
        self
    }

    /// Sets the help text where there is one.
    pub fn help_opt(mut self, text: Option<String>) -> Self {
        self.help = text.map(shortened).or(self.help);
        self
    }

    /// Sets the replacement that mends the mistake.
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, text: text.into() });
        self
    }

    /// Where the mistake stands; the start of the first file for a diagnostic about no place at all.
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::file_start(FileId(0)), |l| l.span)
    }
}

/// Text with line ends made visible: what a user wrote may hold some, and a message is one line.
fn one_line(text: String) -> String {
    let text = shortened(text);
    if text.contains(['\n', '\r']) { text.replace('\r', "␍").replace('\n', "␊") } else { text }
}

/// Text without its middle where it is too long to be read: a user's name or literal may be a megabyte.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        let start = floor_char_boundary(&text, LONGEST * 3 / 4);
        let end = floor_char_boundary(&text, text.len() - LONGEST / 4);
        text.replace_range(start..end, " … ");
    }
    text
}

/// So many errors are shown to a person, and so many a phase looks for: then the first ones are to be mended first.
pub const MOST: usize = 500;

/// The sink that all phases report into.
#[derive(Clone, Default, Debug)]
pub struct Problems {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Problems {
    /// Nothing reported yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports one problem. The same one reported twice counts twice here; [`into_sorted`](Self::into_sorted) keeps it once.
    pub fn report(&mut self, problem: impl Into<Diagnostic>) {
        let problem = problem.into();
        self.errors += usize::from(problem.severity == Severity::Error);
        self.list.push(problem);
    }

    /// Whether an error (not only warnings) has been reported.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether so many errors have been reported that it is no use to look for more.
    pub fn is_full(&self) -> bool {
        self.errors >= MOST
    }

    /// What has been reported so far, in the order of the reports.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// All problems by place, each once.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by(|a, b| {
            (a.span(), a.severity, a.code, &a.message).cmp(&(b.span(), b.severity, b.code, &b.message))
        });
        self.list.dedup();
        self.list
    }
}

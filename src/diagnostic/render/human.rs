//! Diagnostics for people, drawn by miette's graphical handler.
//!
//! It knows the handler and the excerpts. The handler takes one source a report: labels of other files, and labels that
//! would be drawn over one another, follow as advice with a snippet of their own; the help stands last.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles};

use super::excerpt::{Excerpt, Mark, shown};
use super::place::Places;
use super::{Style, page_url};
use crate::diagnostic::{Code, Diagnostic, Label, Severity, code};
use crate::text::{FileId, Sources, Span};

/// Narrower terminals are treated as this wide.
const NARROWEST: usize = 40;

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let places = Places::new(sources);
    let handler = handler(style);
    let mut out = String::new();
    for (i, diagnostic) in diagnostics.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        for report in reports(diagnostic, &places, style) {
            let mut text = String::new();
            handler
                .render_report(&mut text, &report)
                .expect("invariant: a `String` takes all text, and excerpts hold their own labels");
            for line in text.lines() {
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
    }
    out
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(NARROWEST))
        .with_urls(style.links)
        .with_context_lines(0)
        .without_syntax_highlighting()
        // Names such as `us-east-1` stay in one piece, to be copied.
        .with_break_words(false)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace)
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// What the handler draws at once: one message, labels of one source, perhaps help.
struct Report {
    code: Option<String>,
    url: Option<String>,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    snippet: Option<(Excerpt, Vec<Mark>)>,
}

/// The reports of one diagnostic: the main one, then one for each further group of labels.
fn reports(diagnostic: &Diagnostic, places: &Places, style: Style) -> Vec<Report> {
    let mut reports = vec![Report {
        code: (diagnostic.code != Code::UNLISTED).then(|| diagnostic.code.to_string()),
        url: page_url(diagnostic.code),
        severity: match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        },
        message: shown(&diagnostic.message),
        help: None,
        snippet: None,
    }];
    let ellipsis = if style.unicode { "…" } else { "..." };
    // Of a file that could not be read there is no line to show: the message names it.
    let empty = |label: &Label| {
        let source = places.source(label.span.file);
        label.text.is_empty() && source.text().is_empty() && diagnostic.code == code::LOAD_READ
    };
    let labels: Vec<Label> = diagnostic.labels.iter().filter(|l| !empty(l)).cloned().collect();
    for (i, (file, labels)) in groups(&labels, places).into_iter().enumerate() {
        let snippet = Some(Excerpt::new(places, file, &labels, ellipsis));
        if i == 0 {
            reports[0].snippet = snippet;
            continue;
        }
        reports.push(Report {
            code: None,
            url: None,
            severity: miette::Severity::Advice,
            message: format!("also in `{}`", shown(places.source(file).path())),
            help: None,
            snippet,
        });
    }
    if let Some(last) = reports.last_mut() {
        last.help = diagnostic.help.as_deref().map(shown);
    }
    reports
}

type Group = (FileId, Vec<(Span, String, bool)>);

/// The labels by snippet: the primary label's first. Labels of one span become one label; labels that overlap on a line
/// go to different snippets, as their underlines would hide each other.
fn groups(labels: &[Label], places: &Places) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        let same = groups.iter_mut().flat_map(|(_, of)| of.iter_mut()).find(|(span, _, _)| *span == label.span);
        if let Some((_, text, _)) = same {
            if !label.text.is_empty() && !text.split("; ").any(|t| t == label.text) {
                let joint = if text.is_empty() { "" } else { "; " };
                *text = format!("{text}{joint}{}", label.text);
            }
            continue;
        }
        let entry = (label.span, label.text.clone(), i == 0);
        let free = groups.iter_mut().find(|(file, of)| {
            *file == label.span.file && !of.iter().any(|(other, _, _)| hide_each_other(places, *other, label.span))
        });
        match free {
            Some((_, of)) => of.push(entry),
            None => groups.push((label.span.file, vec![entry])),
        }
    }
    groups
}

/// Whether both stand on one line, whole, with a character in common.
fn hide_each_other(places: &Places, a: Span, b: Span) -> bool {
    let ((a_start, a_end), (b_start, b_end)) = (places.ends(a), places.ends(b));
    let one_line = a_start.line == a_end.line && b_start.line == b_end.line && a_start.line == b_start.line;
    one_line && a.start < b.end.max(b.start + 1) && b.start < a.end.max(a.start + 1)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.url.as_ref().map(|url| Box::new(url) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|(excerpt, _)| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, marks) = self.snippet.as_ref()?;
        Some(Box::new(marks.iter().map(|mark| {
            let text = (!mark.text.is_empty()).then(|| mark.text.clone());
            let span = (mark.range.start, mark.range.len());
            if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

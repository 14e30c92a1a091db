//! How results, diagnostics and words leave the program.
//!
//! Results go to standard output, everything else to standard error. It knows which of them is a terminal and what it shows.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

use crate::diagnostic::render::{Format, Style, render, summary};
use crate::diagnostic::{Diagnostic, MOST, Severity};
use crate::text::Sources;

use super::args::When;
use super::{Outcome, Stop};

/// The width where there is no terminal to ask.
const WIDTH: usize = 100;

/// Whether the locale draws boxes: its first variable that is set says so; where none is, they are drawn.
fn speaks_unicode(set: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    locale.is_none_or(|l| l.to_string_lossy().to_ascii_lowercase().replace('-', "").contains("utf8"))
}

pub(super) struct Terminal {
    style: Style,
    colour_out: bool,
    reads_out: bool,
    #[cfg(feature = "run")]
    draws_out: bool,
    width_out: usize,
    quiet: bool,
}

impl Terminal {
    pub(super) fn new(when: When, quiet: bool) -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|t| t == "dumb");
        let error = io::stderr().is_terminal() && !dumb;
        let output = io::stdout().is_terminal() && !dumb;
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let choice = Choice {
            when,
            no_color: set("NO_COLOR").is_some(),
            forced: set("CLICOLOR_FORCE").is_some_and(|v| v != "0"),
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let wide = |size: Option<(terminal_size::Width, terminal_size::Height)>| size.map(|(w, _)| usize::from(w.0));
        let width = columns.or_else(|| wide(terminal_size::terminal_size_of(io::stderr()))).unwrap_or(WIDTH);
        let width_out = columns.or_else(|| wide(terminal_size::terminal_size_of(io::stdout()))).unwrap_or(WIDTH);
        let colour = choice.colour(error);
        let style = Style { colour, unicode: !dumb && speaks_unicode(set), links: error && colour, width };
        Terminal {
            style,
            colour_out: choice.colour(output),
            reads_out: io::stdout().is_terminal(),
            #[cfg(feature = "run")]
            draws_out: output,
            width_out,
            quiet,
        }
    }

    /// Whether standard output is a terminal that can be drawn on.
    #[cfg(feature = "run")]
    pub(super) fn draws_out(&self) -> bool {
        self.draws_out
    }

    /// What standard output can show.
    #[cfg(feature = "run")]
    pub(super) fn style_out(&self) -> Style {
        Style { colour: self.colour_out, links: self.draws_out && self.colour_out, width: self.width_out, ..self.style }
    }

    /// Whether only what is wrong is to be said.
    #[cfg(feature = "run")]
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether standard output is to be painted.
    pub(super) fn colour_out(&self) -> bool {
        self.colour_out
    }

    /// Whether a person reads standard output.
    pub(super) fn reads_out(&self) -> bool {
        self.reads_out
    }

    /// The columns of standard output.
    pub(super) fn width_out(&self) -> usize {
        self.width_out
    }

    /// Writes a result to standard output.
    pub(super) fn result(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Outcome {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        self.written(write(&mut out).and_then(|()| out.flush()))
    }

    /// What became of a result on standard output.
    pub(super) fn written(&self, result: io::Result<()>) -> Outcome {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Stop::Closed),
            Err(error) => Err(self.fail(&format!("standard output cannot be written: {error}"), None)),
        }
    }

    /// Writes diagnostics with their count to standard error; under `--quiet` only errors.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        let errors: Vec<Diagnostic>;
        let shown = if self.quiet {
            errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
            &errors
        } else {
            diagnostics
        };
        let first = &shown[..shown.len().min(MOST)];
        let mut text = render(first, sources, &Format::Human(self.style));
        // Phases end their search at as many.
        match shown.len().checked_sub(MOST) {
            None => {}
            Some(0) => text.push_str("\n… and perhaps more: mend the first ones first\n"),
            Some(more) => text.push_str(&format!("\n… and {more} more: mend the first ones first\n")),
        }
        if let Some(summary) = summary(shown) {
            text.push('\n');
            text.push_str(&summary);
            text.push('\n');
        }
        say(&text);
    }

    /// Writes a line to standard error, unless under `--quiet`.
    pub(super) fn note(&self, line: &str) {
        if !self.quiet {
            say(&format!("{line}\n"));
        }
    }

    /// Writes a warning to standard error, unless under `--quiet`.
    pub(super) fn warn(&self, message: &str, help: Option<&str>) {
        if !self.quiet {
            self.told("33", "warning", message, help);
        }
    }

    /// Says why the program cannot go on.
    pub(super) fn fail(&self, message: &str, help: Option<&str>) -> Stop {
        self.told("31", "error", message, help);
        Stop::Mistakes
    }

    fn told(&self, paint: &str, word: &str, message: &str, help: Option<&str>) {
        let painted = |paint: &str, word: &str| match self.style.colour {
            true => format!("\x1b[{paint}m{word}:\x1b[0m"),
            false => format!("{word}:"),
        };
        let help = help.map(|h| format!("  {} {h}\n", painted("36", "help"))).unwrap_or_default();
        say(&format!("{} {message}\n{help}", painted(paint, word)));
    }
}

/// Whether to paint, as arguments and environment have it.
#[derive(Clone, Copy)]
struct Choice {
    when: When,
    no_color: bool,
    forced: bool,
}

impl Choice {
    fn colour(self, terminal: bool) -> bool {
        match self.when {
            When::Always => true,
            When::Never => false,
            When::Auto => !self.no_color && (self.forced || terminal),
        }
    }
}

/// Writes to standard error. If nobody listens there is nobody to tell.
pub(super) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says that bakec itself failed.
pub(super) fn say_bug(what: &str) {
    let version = env!("CARGO_PKG_VERSION");
    say(&format!(
        "error: bakec {version} failed, which is a bug of bakec's and no mistake of yours\n  {what}\n  \
         help: please report it with the command and the file that caused it\n"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_argument_then_environment_then_terminal() {
        let colour = |when, no_color, forced, terminal| Choice { when, no_color, forced }.colour(terminal);
        assert!(colour(When::Auto, false, false, true) && !colour(When::Auto, false, false, false));
        assert!(!colour(When::Auto, true, true, true) && colour(When::Auto, false, true, false));
        assert!(colour(When::Always, true, false, false) && !colour(When::Never, false, true, true));
    }
}

//! Packer's run-time language, rendered: the text that an option stands for once its values are known.
//!
//! It must not know options; a caller gives the values. Neighbours: `template` reads the language, `value` is what it computes with.

mod evaluate;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;

use super::problem::Problem;
use crate::diagnostic::code;
use crate::template::{self, Action, Block, Piece, Pipeline};
use crate::text::{FileId, Span};
use evaluate::Scope;
pub use value::Value;

/// The longest text that a template may render to, in bytes.
const LONGEST: usize = 1 << 24;

/// What is known where a template is rendered.
pub trait RunValues: Sync {
    /// When the run began: `timestamp`, `isotime` and `strftime` all speak of it.
    fn moment(&self) -> Timestamp;
    /// The value of the functions without arguments: `build_name`, `build_type`, `packer_version`, `pwd`, `template_dir`, `uuid`.
    fn named(&self, function: &str) -> Option<String>;
    /// A variable of the plan.
    fn user(&self, name: &str) -> Option<String>;
    /// What ``{{build `NAME`}}`` stands for.
    fn build(&self, name: &str) -> Option<String>;
    /// What `{{.NAME}}` stands for; where an option has no such field, the build's facts are there by that name too.
    fn field(&self, name: &str) -> Option<String> {
        self.build(name)
    }
    /// Any other function, such as `env` where it is allowed: nothing where it is not.
    fn function(&self, name: &str, arguments: &[String]) -> Option<Result<String, String>> {
        let _ = (name, arguments);
        None
    }
}

/// Values that are all there beforehand.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// When the run began.
    pub moment: Timestamp,
    /// The functions without arguments, by name.
    pub named: BTreeMap<String, String>,
    /// The plan's variables.
    pub users: BTreeMap<String, String>,
    /// Facts about the build: `ID`, `Host`, `Port`, `User`, `Password`, `ConnType`, `PackerRunUUID`, `SourceAMI`, …
    pub build: BTreeMap<String, String>,
}

impl RunValues for Given {
    fn moment(&self) -> Timestamp {
        self.moment
    }

    fn named(&self, function: &str) -> Option<String> {
        self.named.get(function).cloned()
    }

    fn user(&self, name: &str) -> Option<String> {
        self.users.get(name).cloned()
    }

    fn build(&self, name: &str) -> Option<String> {
        self.build.get(name).cloned()
    }
}

/// Values with the fields that one option has.
pub struct With<'a> {
    /// All other values.
    pub values: &'a dyn RunValues,
    /// The fields, without the dot.
    pub fields: &'a [(&'a str, &'a str)],
}

impl RunValues for With<'_> {
    fn moment(&self) -> Timestamp {
        self.values.moment()
    }

    fn named(&self, function: &str) -> Option<String> {
        self.values.named(function)
    }

    fn user(&self, name: &str) -> Option<String> {
        self.values.user(name)
    }

    fn build(&self, name: &str) -> Option<String> {
        self.values.build(name)
    }

    fn field(&self, name: &str) -> Option<String> {
        let own = self.fields.iter().find(|(field, _)| *field == name);
        own.map(|(_, value)| (*value).to_owned()).or_else(|| self.values.field(name))
    }

    fn function(&self, name: &str, arguments: &[String]) -> Option<Result<String, String>> {
        self.values.function(name, arguments)
    }
}

/// Why a text cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// One line.
    pub message: String,
    /// Where in the text.
    pub range: Range<usize>,
}

impl RenderError {
    /// As an error of a build; `text` is what was rendered.
    pub fn problem(self, text: &str) -> Problem {
        let action = text.get(self.range.clone()).unwrap_or_default();
        Problem::failed(code::RUN_TEMPLATE, format!("`{}` cannot be rendered: {}", shortened(action), self.message))
    }
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 60 { line.chars().take(60).chain(['…']).collect() } else { line.to_owned() }
}

/// The text with all its actions rendered.
pub fn render(text: &str, values: &dyn RunValues) -> Result<String, RenderError> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let parsed = template::parse(text);
    if let Some(problem) = parsed.problems.into_iter().next() {
        let diagnostic = problem.into_diagnostic(&|found| Span::new(FileId(0), found.start, found.end));
        let place = diagnostic.labels.first().map_or(0..text.len(), |l| l.span.start as usize..l.span.end as usize);
        return Err(RenderError { message: diagnostic.message, range: place });
    }
    let mut walk = Walk { text, pieces: &parsed.pieces, out: String::new(), trim: false };
    let mut scope = Scope::new(values);
    walk.list(0, &mut scope, true)?;
    Ok(walk.out)
}

/// Rendered, as a value for a build's error.
pub fn rendered(text: &str, values: &dyn RunValues) -> Result<String, Problem> {
    render(text, values).map_err(|e| e.problem(text))
}

/// How a list of pieces ended.
enum End {
    /// At `{{end}}`, or with the text.
    Here(usize),
    /// At `{{else}}`.
    Else(usize),
}

struct Walk<'a> {
    text: &'a str,
    pieces: &'a [Piece],
    out: String,
    /// Whether white space at the start of the next piece goes.
    trim: bool,
}

impl Walk<'_> {
    /// Prints the pieces from one on, up to the end of their list; `alive` says whether they are printed at all.
    fn list(&mut self, mut at: usize, scope: &mut Scope<'_>, alive: bool) -> Result<End, RenderError> {
        while let Some(piece) = self.pieces.get(at) {
            let (range, trims_before, trims_after, action) = match piece {
                Piece::Text(range) => {
                    if alive {
                        self.print(range.clone(), at)?;
                    }
                    at += 1;
                    continue;
                }
                Piece::Action { range, trims_before, trims_after, action } => {
                    (range.clone(), *trims_before, *trims_after, action)
                }
            };
            // What stands before was cut when it was printed.
            let _ = trims_before;
            self.trim = trims_after;
            match action {
                Action::Comment => {}
                Action::Print(pipeline) => {
                    if alive {
                        let value = scope.pipeline(pipeline)?;
                        if pipeline.variables.is_empty() {
                            self.out.push_str(&value.print());
                        }
                        self.fits(&range)?;
                    }
                }
                Action::Open(block, pipeline) => {
                    at = self.block(at + 1, *block, pipeline, &range, scope, alive)?;
                }
                Action::Else(_) => return Ok(End::Else(at)),
                Action::End => return Ok(End::Here(at)),
                Action::Leave | Action::Broken => {
                    return Err(RenderError { message: "loops are not rendered".to_owned(), range });
                }
            }
            at += 1;
        }
        Ok(End::Here(at))
    }

    /// Walks through `if` or `with` up to its end, and says where that is.
    fn block(
        &mut self,
        mut at: usize,
        block: Block,
        pipeline: &Pipeline,
        range: &Range<usize>,
        scope: &mut Scope<'_>,
        alive: bool,
    ) -> Result<usize, RenderError> {
        let mut branch = Some((block, pipeline));
        let mut open = alive;
        loop {
            let depth = scope.open();
            let mut taken = false;
            match branch {
                Some((Block::Range, _)) => {
                    let message = "`range` goes over lists, and there are none here".to_owned();
                    return Err(RenderError { message, range: range.clone() });
                }
                Some((block, pipeline)) if open => {
                    let value = scope.pipeline(pipeline)?;
                    taken = value.truth();
                    if taken && block == Block::With {
                        scope.rebind(value);
                    }
                }
                Some(_) => {}
                None => taken = open,
            }
            let end = self.list(at, scope, taken);
            scope.close(depth);
            open &= !taken;
            match end? {
                End::Here(end) => return Ok(end),
                End::Else(end) => {
                    branch = match self.pieces.get(end) {
                        Some(Piece::Action { action: Action::Else(Some((block, pipeline))), .. }) => {
                            Some((*block, pipeline))
                        }
                        _ => None,
                    };
                    at = end + 1;
                }
            }
        }
    }

    fn print(&mut self, range: Range<usize>, at: usize) -> Result<(), RenderError> {
        let mut text = self.text.get(range.clone()).unwrap_or_default();
        if std::mem::take(&mut self.trim) {
            text = text.trim_start_matches(SPACE);
        }
        if let Some(Piece::Action { trims_before: true, .. }) = self.pieces.get(at + 1) {
            text = text.trim_end_matches(SPACE);
        }
        self.out.push_str(text);
        self.fits(&range)
    }

    fn fits(&self, range: &Range<usize>) -> Result<(), RenderError> {
        if self.out.len() <= LONGEST {
            return Ok(());
        }
        Err(RenderError { message: "the text becomes too long".to_owned(), range: range.clone() })
    }
}

/// What trim marks take away.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests;

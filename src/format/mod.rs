//! The one canonical style of `.bake` files.
//!
//! Floor 3. It knows text and the syntax tree; no option name, no type, no file system. `printer` holds what all nodes
//! share, `items`, `image`, `table`, `types` and `expr` print the nodes, `trivia` keeps comments and empty lines, and
//! `layout` lines columns up. [`diff`] shows what formatting would change.
//!
//! The formatter trusts nobody, itself least: what it has printed is parsed again and compared with what it was given.

pub mod diff;

mod expr;
mod image;
mod items;
mod layout;
mod printer;
mod table;
mod trivia;
mod types;

#[cfg(test)]
mod tests;

use crate::syntax::ast::{Comment, CommentKind, File};
use crate::syntax::{Parse, SyntaxProblem, parse, same};
use crate::text::FileId;

/// How often the output is formatted again until nothing changes.
const ROUNDS: usize = 4;

/// Why a text was left as it is.
#[derive(Debug)]
pub enum FormatProblem {
    /// The text has mistakes of form; their spans are of file 0.
    DoesNotParse(Vec<SyntaxProblem>),
    /// The formatter's own mistake: what it printed means something else.
    SelfCheck {
        /// The file.
        path: String,
    },
}

impl std::fmt::Display for FormatProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FormatProblem::DoesNotParse(_) => f.write_str("the file does not parse"),
            FormatProblem::SelfCheck { path } => {
                write!(
                    f,
                    "`{path}` was left as it is: the formatter made something else of it, which is a bug of bakec's"
                )
            }
        }
    }
}

/// The text in canonical style. When there is a problem the text is to be left as it is.
pub fn format(path: &str, text: &str) -> Result<String, FormatProblem> {
    let Parse { problems, .. } = parse(FileId(0), text);
    if !problems.is_empty() {
        return Err(FormatProblem::DoesNotParse(problems));
    }
    let failed = || FormatProblem::SelfCheck { path: path.to_string() };
    let original = text.replace("\r\n", "\n");
    let mut file = clean(&original).ok_or_else(failed)?;
    let mut current = original.clone();
    let written = comments(&original, &file);
    for _ in 0..ROUNDS {
        let printed = print(&current, &file);
        let again = clean(&printed).ok_or_else(failed)?;
        if comments(&printed, &again) != written || !same((&bare(&file), ""), (&bare(&again), "")) {
            return Err(failed());
        }
        if printed == current {
            break;
        }
        (current, file) = (printed.clone(), again);
    }
    Ok(current)
}

/// A file without its comments: they are compared apart, since one from the middle of a node may have moved above it.
fn bare(file: &File) -> File {
    File { comments: Vec::new(), ..file.clone() }
}

/// The tree of a text without mistakes of form.
fn clean(text: &str) -> Option<File> {
    let Parse { file, problems } = parse(FileId(0), text);
    problems.is_empty().then_some(file)
}

/// A file in canonical style, with a line break at its end unless it is empty.
fn print(source: &str, file: &File) -> String {
    let mut out = String::with_capacity(source.len());
    let rendered = printer::Printer::new(source, file).file(file).render_fmt(layout::WIDTH, &mut out);
    debug_assert!(rendered.is_ok(), "writing to a string does not fail");
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The comments of a file as written, in an order that does not depend on their places.
fn comments<'a>(text: &'a str, file: &File) -> Vec<(CommentKind, &'a str)> {
    let written = |c: &Comment| (c.kind, text.get(c.span.range()).unwrap_or("").trim_end());
    let mut comments: Vec<_> = file.comments.iter().map(written).collect();
    comments.sort_unstable();
    comments
}

//! What can go wrong on the way from a path to parsed modules.

use smol_str::SmolStr;

use super::ReadError;
use crate::diagnostic::{Diagnostic, code};
use crate::text::{Source, Sources, Span};

/// A mistake in files and imports.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum LoadProblem {
    /// A file that cannot be read, and what is said of the place that names it.
    Read { path: String, error: ReadError, at: Span, label: &'static str },
    /// The files of a cycle, in order.
    Cycle { files: Vec<String>, at: Span },
    /// A file name that is no identifier.
    NeedsAlias { stem: SmolStr, at: Span },
    /// `${…}` in the path.
    Interpolated { at: Span },
    /// Two imports under one name.
    SameNamespace { name: SmolStr, first: Span, second: Span },
}

impl LoadProblem {
    /// A file that the user names outside of programs, told at its own start: the root, a template, values of params.
    pub fn unreadable(path: &str, error: ReadError, sources: &mut Sources) -> Self {
        let file = sources.add(Source::new(path, ""));
        LoadProblem::Read { path: path.to_owned(), error, at: Span::file_start(file), label: "" }
    }
}

impl From<LoadProblem> for Diagnostic {
    fn from(problem: LoadProblem) -> Self {
        match problem {
            LoadProblem::Read { path, error, at, label } => {
                let (what, help) = error.words();
                Diagnostic::error(code::LOAD_READ, format!("cannot read `{path}`: {what}")).label(at, label).help(help)
            }
            LoadProblem::Cycle { files, at } => {
                let message = match files.as_slice() {
                    [one] => format!("`{one}` imports itself"),
                    _ => format!(
                        "an import cycle: {}",
                        files.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(" → ")
                    ),
                };
                Diagnostic::error(code::LOAD_CYCLE, message)
                    .label(at, "this import closes the cycle")
                    .help("move what both files need into a third file that imports neither")
            }
            LoadProblem::NeedsAlias { stem, at } => {
                Diagnostic::error(code::LOAD_NAMESPACE, format!("`{stem}` cannot be the name of a namespace"))
                    .label(at, "not an identifier")
                    .help(format!("name it: `import \"…\" as {}`", identifier(&stem)))
            }
            LoadProblem::Interpolated { at } => {
                Diagnostic::error(code::LOAD_NAMESPACE, "an import path is a plain text")
                    .label(at, "holds `${…}`")
                    .help("write the path out: imports are followed before anything is evaluated")
            }
            LoadProblem::SameNamespace { name, first, second } => {
                Diagnostic::error(code::LOAD_NAMESPACE, format!("two imports are named `{name}`"))
                    .label(second, "imported under the same name")
                    .label(first, "first here")
                    .help("give one of them another name with `as`")
            }
        }
    }
}

fn identifier(stem: &str) -> String {
    let name: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

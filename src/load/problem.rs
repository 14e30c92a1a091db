//! What can go wrong on the way from a path to parsed modules.

use smol_str::SmolStr;

use super::world::MAX_FILE;
use super::{ReadError, World};
use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;
use crate::text::suggest::nearest;

/// A mistake in files and imports.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum LoadProblem {
    /// A file that the command line names cannot be read; one beside it may be meant.
    Root { path: SmolStr, error: ReadError, near: Option<String>, at: Span },
    /// An imported file cannot be read; one beside it may be meant.
    Import { path: String, error: ReadError, near: Option<String>, at: Span },
    /// The files of a cycle, in order.
    Cycle { files: Vec<String>, at: Span },
    /// A file name that is no identifier.
    NeedsAlias { stem: SmolStr, at: Span },
    /// `${…}` in the path.
    Interpolated { at: Span },
    /// Two imports under one name.
    SameNamespace { name: SmolStr, first: Span, second: Span },
}

impl From<LoadProblem> for Diagnostic {
    fn from(problem: LoadProblem) -> Self {
        match problem {
            LoadProblem::Root { path, error, near, at } => {
                let (what, help) = words(&error);
                let here = "paths on the command line are relative to the current folder";
                let help = if error == ReadError::NotFound { here } else { help };
                let name = if path == "-" { "standard input".to_owned() } else { format!("`{path}`") };
                Diagnostic::error(code::LOAD_READ, format!("cannot read {name}: {what}"))
                    .label(at, "")
                    .help(meant(near).unwrap_or_else(|| help.to_owned()))
            }
            LoadProblem::Import { path, error, near, at } => {
                let (what, help) = words(&error);
                Diagnostic::error(code::LOAD_READ, format!("cannot read `{path}`: {what}"))
                    .label(at, "imported here")
                    .help(meant(near).unwrap_or_else(|| help.to_owned()))
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

impl LoadProblem {
    /// A file that the command line names and that cannot be read.
    pub fn root(world: &dyn World, path: &str, error: ReadError, at: Span) -> Self {
        LoadProblem::Root { path: path.into(), near: near(world, path, &error), error, at }
    }
}

/// The file that may be meant where there is none.
pub(super) fn near(world: &dyn World, path: &str, error: &ReadError) -> Option<String> {
    if *error != ReadError::NotFound {
        return None;
    }
    let names = world.beside(path);
    nearest(path, names.iter().map(String::as_str)).filter(|name| !world.is_folder(name)).map(str::to_owned)
}

fn meant(near: Option<String>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

/// The words for a file that cannot be read, and what to do about it.
pub fn words(error: &ReadError) -> (String, &'static str) {
    match error {
        ReadError::NotFound => ("no such file".into(), "paths are relative to the file that names them"),
        ReadError::Folder => ("it is a folder".into(), "name a file in it"),
        ReadError::Denied => ("permission denied".into(), "check the file's owner and mode"),
        ReadError::TooLarge(bytes) => (
            format!("{} is more than the limit of {} MiB", crate::ty::describe::size(*bytes), MAX_FILE >> 20),
            "a `.bake` file describes images; keep large data out of it",
        ),
        ReadError::NotText(offset) => {
            (format!("not UTF-8 text (byte {offset} is the first bad one)"), "save the file as UTF-8")
        }
        ReadError::Nothing => (
            "nothing came".into(),
            "pipe a program into it: `cat main.bake | bakec check -`; what wrote it may have failed",
        ),
        ReadError::Other(words) => (words.clone(), "see the system's message"),
    }
}

fn identifier(stem: &str) -> String {
    let name: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

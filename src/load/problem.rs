//! What can go wrong on the way from a path to parsed modules.

use smol_str::SmolStr;

use super::{ReadError, World};
use crate::diagnostic::{Diagnostic, code};
use crate::text::suggest::nearest;
use crate::text::{Source, Sources, Span};

/// A mistake in files and imports.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum LoadProblem {
    /// A file that the command line names cannot be read; one beside it may be meant.
    Root { path: SmolStr, error: ReadError, near: Option<String>, at: Span },
    /// An imported file cannot be read; one beside it may be meant, here as it would be written.
    Import { path: String, error: ReadError, near: Option<String>, at: Span },
    /// The files of a cycle, in order.
    Cycle { files: Vec<String>, at: Span },
    /// A file name that is no identifier.
    NeedsAlias { stem: SmolStr, at: Span },
    /// Two imports under one name.
    SameNamespace { name: SmolStr, first: Span, second: Span },
}

impl LoadProblem {
    /// A file that the command line names and that cannot be read, told at its own start.
    pub fn unreadable(world: &dyn World, path: &str, error: ReadError, sources: &mut Sources) -> Self {
        let at = Span::file_start(sources.add(Source::new(path, "")));
        LoadProblem::Root { path: path.into(), near: near(world, path, path, &error), error, at }
    }
}

impl From<LoadProblem> for Diagnostic {
    fn from(problem: LoadProblem) -> Self {
        match problem {
            LoadProblem::Root { path, error, near, at } => {
                let (what, help) = error.words();
                let here = "paths on the command line are relative to the current folder";
                let help = if error == ReadError::NotFound { here } else { help };
                let name = if path == "-" { "standard input".to_owned() } else { format!("`{path}`") };
                Diagnostic::error(code::LOAD_READ, format!("cannot read {name}: {what}"))
                    .label(at, "")
                    .help(meant(near).unwrap_or_else(|| help.to_owned()))
            }
            LoadProblem::Import { path, error, near, at } => {
                let (what, help) = error.words();
                let diagnostic = Diagnostic::error(code::LOAD_READ, format!("cannot read `{path}`: {what}"))
                    .label(at, "imported here")
                    .help(meant(near.clone()).unwrap_or_else(|| help.to_owned()));
                match near.filter(|near| !near.contains(['"', '\\', '$', '{'])) {
                    Some(near) => diagnostic.fix(at, format!("\"{near}\"")),
                    None => diagnostic,
                }
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
            LoadProblem::SameNamespace { name, first, second } => {
                Diagnostic::error(code::LOAD_NAMESPACE, format!("two imports are named `{name}`"))
                    .label(second, "imported under the same name")
                    .label(first, "first here")
                    .help("give one of them another name with `as`")
            }
        }
    }
}

/// The file that may be meant where there is none, written as the path of the missing one is.
pub(super) fn near(world: &dyn World, path: &str, written: &str, error: &ReadError) -> Option<String> {
    if *error != ReadError::NotFound {
        return None;
    }
    let parts = |path: &'_ str| path.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, name) = path.split_at(parts(path));
    // What all names end with makes none of them alike.
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let beside = world.beside(path);
    let stems = beside.iter().filter_map(|other| other[parts(other)..].strip_suffix(ending));
    let found = format!("{}{ending}", nearest(name.strip_suffix(ending)?, stems)?);
    let is_folder = world.is_folder(&format!("{folder}{found}"));
    (!is_folder).then(|| format!("{}{found}", &written[..parts(written)]))
}

fn meant(near: Option<String>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

fn identifier(stem: &str) -> String {
    let name: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

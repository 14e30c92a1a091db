//! What an import may have to say beside the mistakes of the template's form.

use crate::diagnostic::{Diagnostic, code};

use crate::text::Span;

use super::draft::Lost;

/// What is not as the template says it.
#[derive(Clone, PartialEq, Debug)]
pub enum ImportProblem {
    /// Something that is not said, or not as the template says it.
    Lost(Lost),
    /// A variable that is used and declared nowhere.
    Undeclared {
        /// Its name.
        name: String,
        /// One that may have been meant.
        near: Option<String>,
        /// Its first use.
        at: Span,
    },
}

impl From<ImportProblem> for Diagnostic {
    fn from(problem: ImportProblem) -> Self {
        match problem {
            ImportProblem::Lost(lost) => {
                Diagnostic::warning(code::IMPORT_LOST, format!("{} is not taken over as it stands", lost.what))
                    .label(lost.span, "")
                    .help(lost.why)
            }
            ImportProblem::Undeclared { name, near, at } => {
                let near = near.map(|near| format!(", or was `{near}` meant?")).unwrap_or_default();
                Diagnostic::warning(code::IMPORT_UNDECLARED, format!("the template declares no variable `{name}`"))
                    .label(at, "used here")
                    .help(format!("the program declares it, and wants a value for it{near}"))
            }
        }
    }
}

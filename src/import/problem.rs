//! What an import may have to say beside the mistakes of the template's form.

use crate::diagnostic::{Diagnostic, code};

use super::draft::Lost;

/// What is not as the template says it.
#[derive(Clone, PartialEq, Debug)]
pub enum ImportProblem {
    /// Something that is not said, or not as the template says it.
    Lost(Lost),
}

impl From<ImportProblem> for Diagnostic {
    fn from(problem: ImportProblem) -> Self {
        match problem {
            ImportProblem::Lost(lost) => {
                Diagnostic::warning(code::IMPORT_LOST, format!("{} is not taken over as it stands", lost.what))
                    .label(lost.span, "")
                    .help(lost.why)
            }
        }
    }
}

//! What can be wrong with a file that is to be a plan.

use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;
use crate::text::suggest::nearest;

/// A mistake in a plan's file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReadProblem {
    /// A value of another form than Packer reads.
    Shape { what: String, expected: &'static str, found: &'static str, at: Span },
    /// A file without builders.
    NoBuilders { at: Span },
    /// A builder or step without its kind.
    NoType { what: String, at: Span },
    /// Two builders of one name.
    SameName { name: String, at: Span },
    /// A key that no template has.
    UnknownKey { name: String, at: Span },
    /// `only` or `except` names a build that there is not.
    UnknownBuild { name: String, near: Option<String>, at: Span },
}

impl From<ReadProblem> for Diagnostic {
    fn from(problem: ReadProblem) -> Self {
        match problem {
            ReadProblem::Shape { what, expected, found, at } => {
                Diagnostic::error(code::PACKER_SHAPE, format!("{what} is not {expected}"))
                    .label(at, format!("expected {expected}, found {found}"))
            }
            ReadProblem::NoBuilders { at } => Diagnostic::error(code::PACKER_SHAPE, "the file has no `builders`")
                .label(at, "no plan and no template of Packer's JSON")
                .help("a plan is what `bakec compile` writes; templates in HCL are not read"),
            ReadProblem::NoType { what, at } => Diagnostic::error(code::PACKER_SHAPE, format!("{what} has no `type`"))
                .label(at, "")
                .help("`type` names the kind: \"type\": \"amazon-ebs\""),
            ReadProblem::SameName { name, at } => {
                Diagnostic::error(code::PACKER_SHAPE, format!("two builders are named `{name}`"))
                    .label(at, "the second one")
                    .help("give each a `name`; without one a builder is named as its `type`")
            }
            ReadProblem::UnknownKey { name, at } => {
                let near =
                    nearest(&name, super::read::ROOT.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                Diagnostic::error(code::PACKER_SHAPE, format!("a template has no key `{name}`"))
                    .label(at, "unknown key")
                    .help(near.unwrap_or_else(|| "a key that begins with `_` may hold anything".into()))
            }
            ReadProblem::UnknownBuild { name, near, at } => {
                Diagnostic::error(code::PACKER_SHAPE, format!("there is no builder `{name}`"))
                    .label(at, "no `name` of a builder")
                    .help_opt(near.map(|near| format!("did you mean `{near}`?")))
            }
        }
    }
}

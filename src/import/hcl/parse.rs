//! Files of HCL as trees, and what is wrong with those that are none.

use hcl_edit::structure::Body;

use crate::diagnostic::{Diagnostic, code};
use crate::text::{FileId, Span};

/// A file to be read.
#[derive(Clone, Copy, Debug)]
pub struct File<'t> {
    /// What its spans name.
    pub id: FileId,
    /// Its text.
    pub text: &'t str,
}

/// A file that was read.
pub(super) struct Parsed<'t> {
    pub(super) file: File<'t>,
    pub(super) body: Body,
}

/// What makes a text no HCL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HclProblem {
    /// Where reading stopped, and why.
    Syntax { span: Span, why: String },
}

impl From<HclProblem> for Diagnostic {
    fn from(problem: HclProblem) -> Self {
        match problem {
            HclProblem::Syntax { span, why } => Diagnostic::error(code::IMPORT_HCL, format!("this is no HCL: {why}"))
                .label(span, "")
                .help("mend the file first; `packer validate` may say more of it"),
        }
    }
}

/// Reads a file.
pub(super) fn parse(file: File<'_>) -> Result<Parsed<'_>, HclProblem> {
    match hcl_edit::parser::parse_body(file.text) {
        Ok(body) => Ok(Parsed { file, body }),
        Err(error) => {
            let at = crate::text::floor_char_boundary(file.text, error.location().offset());
            let end = file.text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
            let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            Err(HclProblem::Syntax { span: Span::new(file.id, at, end), why })
        }
    }
}

impl File<'_> {
    /// The place of a part of the tree.
    pub(super) fn place(&self, part: &impl hcl_edit::Span) -> Span {
        let range = part.span().unwrap_or(0..0);
        Span::new(self.id, range.start, range.end.max(range.start))
    }

    /// What is written at a place, on one line.
    pub(super) fn written(&self, span: Span) -> String {
        let written = self.text.get(span.range()).unwrap_or("");
        written.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

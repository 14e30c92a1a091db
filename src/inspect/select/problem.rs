//! What can be wrong with a selection, and the words for it.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, code};
use crate::text::{FileId, Span};

/// A selection that cannot be followed, and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct SelectProblem {
    /// `--only` or `--except`.
    pub option: &'static str,
    /// Which of the option's arguments, from 0.
    pub argument: usize,
    /// The argument.
    pub text: String,
    /// Where in the argument.
    pub range: Range<usize>,
    /// What is wrong.
    pub mistake: Mistake,
}

/// What is wrong.
#[derive(Clone, PartialEq, Debug)]
pub enum Mistake {
    /// Nothing is written.
    Empty,
    /// Not a glob; why.
    NoGlob(String),
    /// No image has the axis.
    UnknownAxis {
        /// The axis.
        axis: String,
        /// One of a name like it.
        near: Option<String>,
        /// All axes.
        axes: Vec<String>,
    },
    /// The axis has no such value.
    NoValue {
        /// The axis.
        axis: String,
        /// The value or glob.
        wanted: String,
        /// A value like it.
        near: Option<String>,
    },
    /// No build has such a name.
    NoName {
        /// The name or glob.
        wanted: String,
        /// A name like it.
        near: Option<String>,
        /// An axis that has it as a value.
        axis: Option<String>,
    },
    /// The terms match builds, but not the same.
    NoCombination,
    /// All builds are excepted.
    NothingLeft,
}

impl SelectProblem {
    /// The problem as a diagnostic; the file's text is the argument.
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        let option = self.option;
        let mean = |near: &Option<String>| near.as_ref().map(|n| format!("did you mean `{n}`?"));
        let diagnostic = match &self.mistake {
            Mistake::Empty => Diagnostic::error(code::SELECT_PATTERN, format!("`{option}` names nothing here"))
                .help(format!("write a name, a glob or an axis: `{option} 'us-east-1-*,region=eu-west-1+virt=hvm'`")),
            Mistake::NoGlob(why) => Diagnostic::error(code::SELECT_PATTERN, format!("not a pattern: {why}"))
                .help("`*` is any text, `?` a character, `[ab]` one of them, `{a,b}` one of the texts"),
            Mistake::UnknownAxis { axis, near, axes } => {
                let all = axes.iter().map(|a| format!("`{a}`")).collect::<Vec<_>>().join(", ");
                Diagnostic::error(code::SELECT_AXIS, format!("no image has an axis `{axis}`"))
                    .help(mean(near).unwrap_or_else(|| format!("the axes are {all}")))
            }
            Mistake::NoValue { axis, wanted, near } => {
                Diagnostic::error(code::SELECT_UNMATCHED, format!("no build has `{wanted}` on the axis `{axis}`"))
                    .help(mean(near).unwrap_or_else(|| LIST.into()))
            }
            Mistake::NoName { wanted, near, axis } => {
                let help = match axis {
                    Some(axis) => format!("`{wanted}` is a value of an axis: write `{option} {axis}={wanted}`"),
                    None => mean(near).unwrap_or_else(|| format!("`{option}` matches whole names; {LIST}")),
                };
                Diagnostic::error(code::SELECT_UNMATCHED, format!("no build has the name `{wanted}`")).help(help)
            }
            Mistake::NoCombination => {
                Diagnostic::error(code::SELECT_UNMATCHED, "no build has all of this at once").help(
                    "terms joined by `+` must hold for the same build; a comma between patterns takes what either matches",
                )
            }
            Mistake::NothingLeft => {
                Diagnostic::error(code::SELECT_UNMATCHED, "no build is left").help("`--except` takes away all that was selected")
            }
        };
        diagnostic.label(Span::new(file, self.range.start, self.range.end), "")
    }
}

const LIST: &str = "`bakec list` shows all builds with their axes";

//! Texts as templates of Packer's run-time language. It knows the parts of a text and how the language escapes data.

use std::borrow::Cow;

use crate::plan::{Part, Text};
use crate::template::{self, Part as Piece};

use super::edges::Edges;
use super::paths::Paths;

/// How a text is written.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    /// What a path is relative to; `None` for a text that is no path.
    pub(super) path: Option<&'a Paths>,
    /// Whether Packer renders it a second time.
    pub(super) twice: bool,
}

/// A call of the run-time language with one text as its argument.
pub(super) fn call(function: &str, argument: &str) -> String {
    if argument.contains('`') {
        // Both languages write texts in double quotes alike, but for characters that names do not hold.
        format!("{{{{{function} {}}}}}", serde_json::Value::from(argument))
    } else {
        format!("{{{{{function} `{argument}`}}}}")
    }
}

/// The text as a template.
pub(super) fn template<'t>(text: &'t Text, writing: Writing<'_>, edges: &mut Edges<'_>) -> Cow<'t, str> {
    match text {
        Text::Plain(plain) => {
            let rebased = writing.path.and_then(|p| p.rebased(plain));
            match rebased {
                Some(rebased) => Cow::Owned(format!("{TEMPLATE_DIR}{}", data(&rebased, writing.twice))),
                None => data(plain, writing.twice),
            }
        }
        Text::Parts(parts) => Cow::Owned(composed(parts, writing, edges)),
    }
}

const TEMPLATE_DIR: &str = "{{template_dir}}/";

fn data(plain: &str, twice: bool) -> Cow<'_, str> {
    let once = template::escape(plain);
    if !twice {
        return once;
    }
    match template::escape(&once) {
        Cow::Borrowed(_) => once,
        Cow::Owned(both) => Cow::Owned(both),
    }
}

fn composed(parts: &[Part], writing: Writing<'_>, edges: &mut Edges<'_>) -> String {
    let mut pieces: Vec<(bool, Cow<'_, str>)> = Vec::with_capacity(parts.len() + 1);
    for (i, part) in parts.iter().enumerate() {
        let piece = match part {
            Part::Chars(chars) => {
                let mut chars = Cow::Borrowed(chars.as_str());
                if i == 0
                    && let Some(rebased) = writing.path.and_then(|p| p.rebased(&chars))
                {
                    pieces.push((true, Cow::Borrowed(TEMPLATE_DIR)));
                    chars = Cow::Owned(rebased);
                }
                // The first of two renderings is escaped by `compose`, which sees the seams.
                if writing.twice && chars.contains("{{") {
                    chars = Cow::Owned(template::escape(&chars).into_owned());
                }
                (false, chars)
            }
            Part::Action(source) => (true, Cow::Borrowed(source.as_str())),
            Part::Variable(name) => (true, Cow::Owned(call("user", name))),
            Part::Ami(ami) => (true, Cow::Owned(call("user", &edges.variable(ami)))),
        };
        pieces.push(piece);
    }
    template::compose(pieces.iter().map(|(action, s)| if *action { Piece::Action(s) } else { Piece::Plain(s) }))
}

//! Texts as templates of Packer's run-time language. It knows the parts of a text and how the language escapes data.

use std::borrow::Cow;

use crate::plan::{Form, Part, Text, Variable};
use crate::template::{self, Part as Piece};

use super::edges::Edges;
use super::paths::Paths;

/// A call of the run-time language with one text as its argument.
pub(super) fn call(function: &str, argument: &str) -> String {
    if argument.contains('`') {
        // Both languages write texts in double quotes alike, but for characters that names do not hold.
        format!("{{{{{function} {}}}}}", serde_json::Value::from(argument))
    } else {
        format!("{{{{{function} `{argument}`}}}}")
    }
}

/// The text as a template; of a path where it is given what paths are relative to.
pub(super) fn template<'t>(text: &'t Text, paths: Option<&Paths>, edges: &mut Edges<'_>) -> Cow<'t, str> {
    match text {
        Text::Plain(plain) => {
            let rebased = paths.and_then(|p| p.rebased(plain));
            match rebased {
                Some(rebased) => Cow::Owned(format!("{TEMPLATE_DIR}{}", template::escape(&rebased))),
                None => template::escape(plain),
            }
        }
        Text::Parts(parts) => Cow::Owned(composed(parts, paths, edges)),
    }
}

const TEMPLATE_DIR: &str = "{{template_dir}}/";

fn composed(parts: &[Part], paths: Option<&Paths>, edges: &mut Edges<'_>) -> String {
    let mut pieces: Vec<(bool, Cow<'_, str>)> = Vec::with_capacity(parts.len() + 1);
    for (i, part) in parts.iter().enumerate() {
        let piece = match part {
            Part::Chars(chars) => {
                let mut chars = Cow::Borrowed(chars.as_str());
                if i == 0
                    && let Some(rebased) = paths.and_then(|p| p.rebased(&chars))
                {
                    pieces.push((true, Cow::Borrowed(TEMPLATE_DIR)));
                    chars = Cow::Owned(rebased);
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

/// The default of a variable as a template.
pub(super) fn default(variable: &Variable, text: &Text, paths: &Paths, edges: &mut Edges<'_>) -> String {
    let paths = (variable.form == Form::Path).then_some(paths);
    if !variable.list {
        return template(text, paths, edges).into_owned();
    }
    let elements: Vec<String> = elements(text).iter().map(|e| template(e, paths, edges).into_owned()).collect();
    elements.join(",")
}

/// The default of a list: its elements, which are joined by commas.
pub(super) fn elements(text: &Text) -> Vec<Text> {
    let parts = match text {
        Text::Plain(plain) if plain.is_empty() => return Vec::new(),
        Text::Plain(plain) => return plain.split(',').map(|e| Text::Plain(e.into())).collect(),
        Text::Parts(parts) => parts,
    };
    let mut elements: Vec<Vec<Part>> = vec![Vec::new()];
    for part in parts.iter() {
        let Part::Chars(chars) = part else {
            elements.last_mut().into_iter().for_each(|e| e.push(part.clone()));
            continue;
        };
        for (position, chars) in chars.split(',').enumerate() {
            if position > 0 {
                elements.push(Vec::new());
            }
            if !chars.is_empty() {
                elements.last_mut().into_iter().for_each(|e| e.push(Part::Chars(chars.into())));
            }
        }
    }
    let text = |parts: Vec<Part>| match &parts[..] {
        [] => Text::Plain(Default::default()),
        [Part::Chars(chars)] => Text::Plain(chars.clone()),
        _ => Text::Parts(parts.into()),
    };
    elements.into_iter().map(text).collect()
}

/// Whether the text holds a `{{` that is data.
pub(super) fn holds_braces(text: &Text) -> bool {
    match text {
        Text::Plain(plain) => plain.contains("{{"),
        Text::Parts(parts) => parts.iter().any(|p| matches!(p, Part::Chars(chars) if chars.contains("{{"))),
    }
}

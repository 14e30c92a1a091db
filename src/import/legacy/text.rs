//! Texts of a template, taken apart: what refers to a variable, what is left to the run, and what is plain text.

use crate::import::draft::{Kind, Name, Piece, Value};
use crate::template::{Action, OperandKind, Piece as Part, parse, user_variables};
use crate::text::Span;

/// A text as a value; one that is nothing but a variable is the variable.
pub(in crate::import) fn value(text: &str, span: Span) -> Value {
    let mut pieces = pieces(text, span);
    if let [Piece::Value(_)] = &pieces[..]
        && let Some(Piece::Value(value)) = pieces.pop()
    {
        return *value;
    }
    Value::new(Kind::Text(pieces), span)
}

/// The default of a variable, where the environment may be asked.
pub(super) fn default(text: &str, span: Span) -> Value {
    if let [Part::Action { action, .. }] = &parse(text).pieces[..]
        && let Some(name) = argument(action, "env")
    {
        return Value::new(Kind::Call("env".into(), vec![Value::text(name, span)]), span);
    }
    value(text, span)
}

/// The variables that a text refers to, anywhere in its actions.
pub(in crate::import) fn variables(text: &str) -> Vec<String> {
    if !text.contains("{{") {
        return Vec::new();
    }
    let parsed = parse(text);
    let actions = parsed.pieces.iter().filter_map(|part| match part {
        Part::Action { action, .. } => Some(action),
        Part::Text(_) => None,
    });
    actions.flat_map(|action| user_variables(action)).map(str::to_owned).collect()
}

fn pieces(text: &str, span: Span) -> Vec<Piece> {
    let parsed = parse(text);
    let mut pieces: Vec<Piece> = Vec::new();
    for part in &parsed.pieces {
        let source = text.get(part.range()).unwrap_or_default();
        pieces.push(match part {
            Part::Text(_) => Piece::Chars(source.to_owned()),
            Part::Action { action, trims_before: false, trims_after: false, .. } => match argument(action, "user") {
                Some(name) => Piece::Value(Box::new(Value::new(Kind::Name(Name::Variable(name.to_owned())), span))),
                None => Piece::Action(source.to_owned()),
            },
            Part::Action { .. } => Piece::Action(source.to_owned()),
        });
    }
    pieces
}

/// The text that a function is called with, if the action is such a call and nothing else.
fn argument<'a>(action: &'a Action, function: &str) -> Option<&'a str> {
    let Action::Print(pipeline) = action else { return None };
    let [command] = &pipeline.commands[..] else { return None };
    match (&command.head.kind, &command.arguments[..]) {
        (OperandKind::Function(name), [argument]) if name == function && pipeline.variables.is_empty() => {
            match &argument.kind {
                OperandKind::Text(text) => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    #[test]
    fn references_are_told_from_the_rest() {
        let span = Span::file_start(FileId(0));
        let variable = |name: &str| Kind::Name(Name::Variable(name.into()));
        assert_eq!(value("{{user `a`}}", span).kind, variable("a"));
        assert_eq!(value("{{ user \"a-b\" }}", span).kind, variable("a-b"));
        let Kind::Text(pieces) = value("x{{user `a`}} {{.Path}}", span).kind else { panic!("a text") };
        let value_of = |name| Piece::Value(Box::new(Value::new(variable(name), span)));
        assert_eq!(
            pieces,
            [Piece::Chars("x".into()), value_of("a"), Piece::Chars(" ".into()), Piece::Action("{{.Path}}".into())]
        );
        assert!(matches!(value("{{user `a` | upper}}", span).kind, Kind::Text(_)));
        assert_eq!(default("{{env `HOME`}}", span).kind, Kind::Call("env".into(), vec![Value::text("HOME", span)]));
    }
}

//! Writing data into a text of the run-time language, so that the engine prints it as it is.

use std::borrow::Cow;

/// One part of a text that is put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// To be printed as it is, whatever it holds.
    Plain(&'a str),
    /// Source of the run-time language, with its braces.
    Action(&'a str),
}

/// Data as the run-time language writes it: every run of two and more `{` becomes an action that prints the run.
///
/// This is right for data that is a whole text. Data between other parts goes through [`compose()`], which sees that a
/// `{` at the end of one part and a `{` at the start of the next make a `{{` together.
pub fn escape(data: &str) -> Cow<'_, str> {
    if data.contains("{{") { Cow::Owned(escaped(data, false)) } else { Cow::Borrowed(data) }
}

/// Puts parts together: actions as they are, plain text so that it prints as it is between its neighbours.
pub fn compose<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> String {
    let mut text = String::new();
    let mut plain = String::new();
    for part in parts {
        match part {
            Part::Plain(data) => plain.push_str(data),
            Part::Action("") => {}
            Part::Action(source) => {
                text.push_str(&escaped(&plain, true));
                plain.clear();
                text.push_str(source);
            }
        }
    }
    text.push_str(&escaped(&plain, false));
    text
}

/// Data that stands before an action, or before anything else that could begin with a `{`.
pub fn escape_before(data: &str) -> Cow<'_, str> {
    if data.contains("{{") || data.ends_with('{') { Cow::Owned(escaped(data, true)) } else { Cow::Borrowed(data) }
}

fn escaped(plain: &str, before_action: bool) -> String {
    let mut text = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find('{') {
        let (head, tail) = rest.split_at(at);
        text.push_str(head);
        let run = tail.len() - tail.trim_start_matches('{').len();
        let last = run == tail.len();
        if run > 1 || (last && before_action) {
            text.push_str("{{`");
            text.push_str(&tail[..run]);
            text.push_str("`}}");
        } else {
            text.push('{');
        }
        rest = &tail[run..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Action, OperandKind, Piece, parse};
    use super::*;

    /// What the engine prints for a text of plain stretches and actions that are one text each.
    fn printed(text: &str) -> String {
        let parsed = parse(text);
        assert_eq!(parsed.problems, [], "{text}");
        let piece = |piece: &Piece| match piece {
            Piece::Text(range) => text[range.clone()].to_owned(),
            Piece::Action { action: Action::Print(pipeline), .. } => match &pipeline.commands[0].head.kind {
                OperandKind::Text(data) => data.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        parsed.pieces.iter().map(piece).collect()
    }

    #[test]
    fn only_double_braces_are_escaped() {
        assert_eq!(escape("{a} {"), "{a} {");
        assert_eq!(escape("{{.State}}"), "{{`{{`}}.State}}");
        assert_eq!(escape("{{{x}}}"), "{{`{{{`}}x}}}");
        assert_eq!(escape("{{{{"), "{{`{{{{`}}");
    }

    #[test]
    fn braces_at_the_seams_do_not_join() {
        assert_eq!(
            compose([Part::Plain("{"), Part::Action("{{timestamp}}"), Part::Plain("}")]),
            "{{`{`}}{{timestamp}}}"
        );
        assert_eq!(escape_before("{{a{"), "{{`{{`}}a{{`{`}}");
        assert_eq!(escape_before("{a"), "{a");
        assert_eq!(compose([Part::Plain("a{"), Part::Plain("{b")]), "a{{`{{`}}b");
        assert_eq!(compose([Part::Plain("{"), Part::Action(""), Part::Plain("x")]), "{x");
    }

    proptest! {
        #[test]
        fn data_is_printed_as_it_is(data in "[{}`a \\-]{0,12}") {
            prop_assert_eq!(printed(&escape(&data)), data);
        }

        #[test]
        fn parts_are_printed_as_they_are(parts in proptest::collection::vec(("[{}a-]{0,4}", any::<bool>()), 0..6)) {
            let wanted: String = parts.iter().map(|(data, _)| data.as_str()).collect();
            let sources: Vec<(String, bool)> =
                parts.into_iter().map(|(data, action)| (if action { format!("{{{{`{data}`}}}}") } else { data }, action)).collect();
            let text = compose(sources.iter().map(|(s, action)| if *action { Part::Action(s) } else { Part::Plain(s) }));
            prop_assert_eq!(printed(&text), wanted);
        }
    }
}

//! The run-time language: pieces cover the text, problems lie in it, and escaped data is printed as it is.

use std::ops::Range;

use bakec::template::{
    Action, Context, OperandKind, Parsed, Part, Piece, TemplateProblem, check as check_pieces, compose, escape, parse,
    specimen, user_variables,
};
use bakec::text::{FileId, Span};

use super::sound;

/// What a specimen may print at most: the texts of the bounds stand in the library.
const PRINTED: usize = 16 << 20;

pub(crate) fn check(text: &str) {
    let parsed = parse(text);
    let mut end = 0;
    for piece in &parsed.pieces {
        let range = piece.range();
        assert_eq!(range.start, end, "a gap before {range:?}");
        assert!(text.get(range.clone()).is_some_and(|t| !t.is_empty()), "{range:?} is no stretch of the text");
        end = range.end;
    }
    assert_eq!(end, text.len(), "a gap at the end");
    let again = parse(text);
    assert!(again.pieces == parsed.pieces && again.problems == parsed.problems, "parsed twice, it gives two results");

    let broken = parsed.pieces.iter().any(|p| matches!(p, Piece::Action { action: Action::Broken, .. }));
    assert!(!broken || !parsed.problems.is_empty(), "broken without a problem");
    for context in [
        Context::default(),
        Context { fields: &["Path", "Vars", "KeyPath"], build_vars: true, variables: false },
        Context { fields: &["A"], build_vars: false, variables: true },
    ] {
        check_pieces(&parsed.pieces, &context).into_iter().for_each(|problem| told(text, problem));
    }
    actions(&parsed);
    parsed.problems.into_iter().for_each(|problem| told(text, problem));

    assert_eq!(printed(&escape(text)), text, "escaped, it is printed otherwise");
    seams(text);
}

fn told(text: &str, problem: TemplateProblem) {
    let to_span = |range: Range<usize>| {
        assert!(text.get(range.clone()).is_some(), "{range:?} does not lie in a text of {}", text.len());
        Span::new(FileId(0), range.start, range.end)
    };
    sound(&problem.into_diagnostic(&to_span));
}

fn actions(parsed: &Parsed) {
    let actions = parsed.pieces.iter().filter_map(|piece| match piece {
        Piece::Action { action, .. } => Some(action),
        Piece::Text(_) => None,
    });
    for action in actions {
        user_variables(action);
        let one = specimen(action, &|name| (name.len() % 2 == 0).then(|| name.repeat(3)));
        let two = specimen(action, &|name| (name.len() % 2 == 0).then(|| name.repeat(3)));
        assert_eq!(one, two, "two specimens of one action");
        assert!(one.is_none_or(|text| text.len() <= PRINTED), "a specimen without bound");
    }
}

/// Data cut at every `|` and put together again, every other part as an action that prints it.
fn seams(text: &str) {
    let parts: Vec<String> = text
        .split('|')
        .enumerate()
        .map(
            |(n, part)| {
                if n % 2 == 0 { part.to_owned() } else { format!("{{{{`{}`}}}}", part.replace(['`', '\r'], "")) }
            },
        )
        .collect();
    let composed = compose(parts.iter().enumerate().map(|(n, part)| match n % 2 {
        0 => Part::Plain(part),
        _ => Part::Action(part),
    }));
    let wanted: String = text
        .split('|')
        .enumerate()
        .map(|(n, part)| if n % 2 == 0 { part.to_owned() } else { part.replace(['`', '\r'], "") })
        .collect();
    assert_eq!(printed(&composed), wanted, "put together, it is printed otherwise: {composed}");
}

/// What the engine prints for a text of plain stretches and actions that are one text each.
fn printed(text: &str) -> String {
    let parsed = parse(text);
    assert!(parsed.problems.is_empty(), "{:?} in {text:?}", parsed.problems);
    let piece = |piece: &Piece| match piece {
        Piece::Text(range) => text[range.clone()].to_owned(),
        Piece::Action { action: Action::Print(pipeline), .. } => match &pipeline.commands[0].head.kind {
            OperandKind::Text(data) => data.clone(),
            other => panic!("{other:?} in {text:?}"),
        },
        other => panic!("{other:?} in {text:?}"),
    };
    parsed.pieces.iter().map(piece).collect()
}

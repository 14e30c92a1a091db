//! Parsing of texts, right and wrong ones, and its totality.

use proptest::prelude::*;

use super::super::{Context, TemplateProblem as P, check, specimen, user_variables};
use super::*;
use crate::text::{FileId, Span};

fn wrong(text: &str) -> Vec<P> {
    parse(text).problems
}

fn action(text: &str) -> Action {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    match parsed.pieces.into_iter().next() {
        Some(Piece::Action { action, .. }) => action,
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_and_actions_alternate() {
    let parsed = parse("-k {{.KeyPath}} }} {x}");
    assert_eq!(parsed.problems, []);
    let ranges: Vec<_> = parsed.pieces.iter().map(Piece::range).collect();
    assert_eq!(ranges, [0..3, 3..15, 15..22]);
    let Piece::Action { action: Action::Print(pipeline), .. } = &parsed.pieces[1] else { panic!() };
    assert_eq!(pipeline.commands[0].head, Operand { kind: OperandKind::Field(vec!["KeyPath".into()]), range: 5..13 });
}

#[test]
fn what_people_write_is_read() {
    for text in [
        "",
        "plain } text {",
        "{{timestamp}}",
        "{{ isotime \"2006-01-02\" | clean_resource_name }}",
        "{{isotime}}-{{uuid}}",
        "chmod +x {{ .Path }}; {{ .Vars }} sudo -E sh '{{ .Path }}'",
        "{{user `a`}}{{user \"b\"}}",
        "{{split (user `v`) \".\" 0}}",
        "{{user `v` | replace \".\" \"-\" -1 | upper}}",
        "{{if .X}}a{{else if eq .Y `z`}}b{{else}}c{{end}}",
        "{{range $i, $e := .List}}{{$i}}{{$e.Name}}{{break}}{{end}}",
        "{{with $x := .A}}{{$x}}{{end}}",
        "a {{- timestamp -}} b",
        "{{-3}}",
        "{{/* a }} comment */}} {{- /* another */ -}}",
        "{{`}}`}}{{\"{{\"}}",
        "{{printf `%d %c` 0x1F 'a'}}",
        "{{.A.B.C}}{{(index .A 0).B}}{{$.A}}{{.}}",
        "{{aws_secretsmanager `a`}}{{aws_secretsmanager `a` `b`}}{{aws_secretsmanager_raw `a`}}",
        "{{\n  isotime\n}}",
        "{{and true nil}}",
    ] {
        assert_eq!(wrong(text), [], "{text}");
    }
}

#[test]
fn actions_have_their_kinds() {
    assert_eq!(action("{{/* x */}}"), Action::Comment);
    assert_eq!(action("{{ timestamp }}").pipeline().map(|p| p.range.clone()), Some(3..12));
    assert!(matches!(action("{{if .X}}{{end}}"), Action::Open(Block::If, _)));
    // A keyword is one only as a whole word.
    assert!(matches!(parse("{{iffy}}").problems[..], [P::UnknownFunction { .. }]));
}

#[test]
fn trim_marks_need_white_space() {
    let trims = |text: &str| match &parse(text).pieces[0] {
        Piece::Action { trims_before, trims_after, .. } => (*trims_before, *trims_after),
        Piece::Text(_) => panic!(),
    };
    assert_eq!(trims("{{- timestamp -}}"), (true, true));
    assert_eq!(trims("{{-1}}"), (false, false));
    assert_eq!(trims("{{- /* c */ -}}"), (true, true));
}

#[test]
fn unclosed_things_are_named_and_the_rest_is_read() {
    assert_eq!(wrong("a {{timestamp"), [P::Unclosed { range: 2..4 }]);
    assert_eq!(wrong("{{user `a` and {{uuid}}"), [P::Unclosed { range: 0..2 }]);
    assert_eq!(wrong("{{user `a}} {{uuid}}"), [P::UnclosedText { range: 7..8 }]);
    assert_eq!(wrong("{{user \"a\n\"}}"), [P::UnclosedText { range: 7..8 }]);
    assert_eq!(wrong("{{/* x"), [P::UnclosedComment { range: 0..4 }]);
    assert_eq!(wrong("{{/* x */ y}}"), [P::UnclosedComment { range: 0..9 }]);
    assert_eq!(wrong("{{}}{{ }}"), [P::Empty { range: 0..4 }, P::Empty { range: 4..9 }]);
    assert_eq!(wrong("{{{timestamp}}}"), [P::Brace { range: 0..3 }]);
    let last = parse("{{}} {{timestamp}}").pieces.pop();
    assert!(matches!(last, Some(Piece::Action { action: Action::Print(_), .. })));
}

#[test]
fn functions_are_known_with_their_arguments() {
    let argument = |text: &str| match wrong(text).as_slice() {
        [P::ArgumentCount { function, takes, given, range, .. }] => (*function, takes.clone(), *given, range.clone()),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(wrong("{{isotme}}"), [P::UnknownFunction { name: "isotme".into(), range: 2..8, argument: false }]);
    assert_eq!(wrong("{{user name}}"), [P::UnknownFunction { name: "name".into(), range: 7..11, argument: true }]);
    assert!(matches!(wrong("{{isotime | clean_ami_name}}")[..], [P::Renamed { now: "clean_resource_name", .. }]));
    assert!(matches!(wrong("{{sed `a` `b`}}")[..], [P::Removed { .. }]));
    assert_eq!(argument("{{user}}"), ("user", "one argument".into(), 0, 2..6));
    assert_eq!(argument("{{timestamp `x`}}").1, "no argument");
    assert_eq!(argument("{{isotime `a` `b`}}").1, "at most 1 argument");
    assert_eq!(argument("{{split `a` `b`}}").1, "3 arguments");
    assert_eq!(argument("{{aws_secretsmanager}}").1, "1 or 2 arguments");
    assert_eq!(argument("{{timestamp | uuid}}"), ("uuid", "no argument".into(), 1, 14..18));
    assert_eq!(argument("{{upper user}}").0, "user");
    assert!(matches!(wrong("{{user 5}}")[..], [P::ArgumentKind { wanted: "text", found: "a number", .. }]));
    assert!(matches!(wrong("{{split `a` `b` `c`}}")[..], [P::ArgumentKind { wanted: "a whole number", .. }]));
    assert!(matches!(wrong("{{split `a` `b` 1.5}}")[..], [P::ArgumentKind { .. }]));
    assert!(matches!(wrong("{{.X `a`}}")[..], [P::NotCallable { argument: Some(_), .. }]));
    assert!(matches!(wrong("{{timestamp | `a`}}")[..], [P::NotCallable { argument: None, .. }]));
}

#[test]
fn texts_have_the_quotes_and_escapes_of_go() {
    assert_eq!(wrong("{{user 'name'}}"), [P::SingleQuotes { range: 7..13, text: "name".into() }]);
    assert_eq!(wrong(r#"{{user "a\qb"}}"#), [P::BadEscape { range: 9..11, escape: "\\q".into() }]);
    let Action::Print(pipeline) = action(r#"{{printf "a\tb" `c\t`}}"#) else { panic!() };
    let texts: Vec<_> = pipeline.commands[0].arguments.iter().map(|a| a.kind.clone()).collect();
    assert_eq!(texts, [OperandKind::Text("a\tb".into()), OperandKind::Text("c\\t".into())]);
}

#[test]
fn what_the_grammar_refuses_says_what_was_expected() {
    let unexpected = |text: &str| match wrong(text).as_slice() {
        [P::Unexpected { range, found, expected }] => (range.clone(), found.clone(), expected.clone()),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(unexpected("{{timestamp |}}").0, 13..13);
    assert_eq!(unexpected("{{isotime(`x`)}}").1, "(");
    assert_eq!(unexpected("{{split `a`, `b` 0}}").1, ",");
    assert_eq!(unexpected("{{user \\\"x\\\"}}").1, "\\");
    assert!(unexpected("{{(timestamp}}").2.contains("`)`"));
    assert_eq!(unexpected("{{if}}{{end}}").0, 4..4);
    assert!(matches!(wrong(&format!("{{{{{}", "(".repeat(5000)))[..], [P::TooDeep { .. }]));
}

#[test]
fn blocks_are_balanced() {
    assert_eq!(wrong("{{if .X}}a"), [P::MissingEnd { word: "if", range: 0..9 }]);
    assert!(matches!(wrong("a{{end}}")[..], [P::Stray { .. }]));
    assert!(matches!(wrong("{{else}}")[..], [P::Stray { .. }]));
    assert!(matches!(wrong("{{if .X}}{{else}}{{else}}{{end}}")[..], [P::Stray { .. }]));
    assert!(matches!(wrong("{{if .X}}{{break}}{{end}}")[..], [P::Stray { .. }]));
    // The broken action may have opened the block: one mistake, one message.
    assert_eq!(wrong("{{if}}a{{end}}").len(), 1);
}

#[test]
fn variables_are_declared_before_their_use() {
    let wrong = wrong("{{$name := user `a`}}{{$name}}{{$nmae}}");
    assert_eq!(wrong, [P::UnknownVariable { name: "nmae".into(), range: 32..37, near: Some("name".into()) }]);
}

fn shown(text: &str) -> String {
    let problem = wrong(text).remove(0);
    let d = problem.into_diagnostic(&|range| Span::new(FileId(0), range.start, range.end));
    format!("{} | {} | {}", d.message, d.labels[0].text, d.help.unwrap_or_default())
}

#[test]
fn messages_say_what_to_write() {
    assert_eq!(shown("{{isotme}}"), "no run-time function `isotme` | unknown function | did you mean `isotime`?");
    assert_eq!(
        shown("{{user name}}"),
        "no run-time function `name` | unknown function | write `name` in backticks if it is a text"
    );
    assert_eq!(
        shown("{{user 'x y'}}"),
        "single quotes hold one character in the run-time language | expected backticks or double quotes | write `x y`"
    );
    assert_eq!(shown("{{user}}"), "`user` takes one argument | got 0 | write it as in {{user `name`}}");
}

fn total(text: &str) {
    let parsed = parse(text);
    let mut at = 0;
    for piece in &parsed.pieces {
        let range = piece.range();
        assert_eq!(range.start, at);
        assert!(text.get(range.clone()).is_some_and(|t| !t.is_empty()), "{range:?} of {text:?}");
        at = range.end;
        if let Piece::Action { action, .. } = piece {
            user_variables(action);
            specimen(action, &|name| Some(name.to_owned()));
            if *action == Action::Broken {
                assert!(!parsed.problems.is_empty());
            }
        }
    }
    assert_eq!(at, text.len());
    let context = Context { fields: &["A"], ..Context::default() };
    for problem in parsed.problems.iter().cloned().chain(check(&parsed.pieces, &context)) {
        let span = |range: std::ops::Range<usize>| {
            assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
            Span::new(FileId(0), range.start, range.end)
        };
        assert!(!problem.into_diagnostic(&span).labels.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text_has_a_result(text in "\\PC{0,60}") {
        total(&text);
    }

    #[test]
    fn any_mixture_of_its_words_has_a_result(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "{{", "}}", "{", "}", "`", "\"", "'", "\\", "/*", "*/", "-", " ", "\n", "(", ")", "|", ".", "$", ":=", ",", "é",
                "if", "else", "end", "range", "break", "isotime", "user", "split", "build", "env", ".A", ".B", "$x", "5", "`a`", "\"b\"", "'c'",
            ]),
            0..24,
        ),
    ) {
        total(&words.concat());
    }
}

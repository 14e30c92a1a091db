//! Every mistake by its name, the way on behind it, and totality.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::text::FileId;

/// The value in JSON's shortest form.
fn compact(node: &Node) -> String {
    let text = |s: &str| serde_json::Value::from(s).to_string();
    match &node.kind {
        NodeKind::Null => "null".into(),
        NodeKind::Bool(b) => b.to_string(),
        NodeKind::Number(n) => n.clone(),
        NodeKind::Text(t) => text(t),
        NodeKind::List(list) => format!("[{}]", list.iter().map(compact).collect::<Vec<_>>().join(",")),
        NodeKind::Record(members) => {
            let members: Vec<_> = members.iter().map(|(k, v)| format!("{}:{}", text(&k.name), compact(v))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn read(text: &str) -> Parse {
    parse(FileId(0), text)
}

/// The value (`-` for none), and each problem's variant with its primary place and what a fix would write.
fn outcome(text: &str) -> (String, Vec<String>) {
    let parse = read(text);
    let problems = parse.problems.into_iter().map(|problem| {
        let name = format!("{problem:?}");
        let name = name.split([' ', '{']).next().unwrap_or_default().to_string();
        let diagnostic = Diagnostic::from(problem);
        let fix = diagnostic.fix.as_ref().map(|f| format!(" -> {}", f.text)).unwrap_or_default();
        format!("{name} {}{fix}", &text[diagnostic.span().range()])
    });
    (parse.value.as_ref().map_or("-".into(), compact), problems.collect())
}

#[track_caller]
fn check(text: &str, value: &str, problems: &[&str]) {
    let (got, found) = outcome(text);
    assert_eq!((got.as_str(), found), (value, problems.iter().map(|p| p.to_string()).collect()), "for {text}");
}

#[test]
fn values_of_every_sort() {
    check(
        r#" {"a": [1, -0.5e+3, 0], "b": {"c": null}, "d": [true, false], "": [], "e": {}} "#,
        r#"{"a":[1,-0.5e+3,0],"b":{"c":null},"d":[true,false],"":[],"e":{}}"#,
        &[],
    );
    check(
        r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ü""#,
        &serde_json::Value::from("\"\\/\u{8}\u{c}\n\r\té😀ü").to_string(),
        &[],
    );
    check("\u{feff}1", "1", &[]);
}

#[test]
fn comments_are_read_over() {
    check(
        "// a\n{ # b\r\n /* c\n} */ \"k\" /**/ : /* ** */ 1 // d\n, \"l\": \"//#/*\" } #e",
        r#"{"k":1,"l":"//#/*"}"#,
        &[],
    );
}

#[test]
fn spans_cover_values_and_keys() {
    let text = r#" { "ä" : [ 10 , "x" ] } "#;
    let root = read(text).value.expect("it is JSON");
    assert_eq!(&text[root.span.range()], r#"{ "ä" : [ 10 , "x" ] }"#);
    let NodeKind::Record(members) = &root.kind else { panic!("a record") };
    assert_eq!(&text[members[0].0.span.range()], r#""ä""#);
    let NodeKind::List(elements) = &members[0].1.kind else { panic!("a list") };
    assert_eq!(elements.iter().map(|e| &text[e.span.range()]).collect::<Vec<_>>(), ["10", r#""x""#]);
}

#[test]
fn commas() {
    check("[1, 2, ]", "[1,2]", &["TrailingComma , -> "]);
    check(
        r#"{"a": 1, // x
    }"#,
        r#"{"a":1}"#,
        &["TrailingComma , -> "],
    );
    check("[,1,,2]", "[1,2]", &["ExtraComma , -> ", "ExtraComma , -> "]);
    check("[1 2 \"x\"]", "[1,2,\"x\"]", &["MissingComma 2 -> ,", "MissingComma \" -> ,"]);
    check("{\"a\": 1\n \"b\": 2}", r#"{"a":1,"b":2}"#, &["MissingComma \" -> ,"]);
    check(r#"{"a": 1; "b": 2}"#, r#"{"a":1,"b":2}"#, &["InsteadOf ; -> ,"]);
    check(r#"{"a": 10 GB, "b": 2}"#, r#"{"a":10,"b":2}"#, &["Unexpected G"]);
}

#[test]
fn a_missing_comma_is_mended_behind_the_entry_before_it() {
    let text = "[1 /* one */ 2]";
    let [problem] = &read(text).problems[..] else { panic!("one problem") };
    let fix = Diagnostic::from(problem.clone()).fix.expect("it has a fix");
    assert_eq!((fix.span.start, fix.span.end), (2, 2));
}

#[test]
fn duplicate_keys_name_both_places_and_the_first_stays() {
    let text = r#"{"a": 1, "b": {"a": 2}, "\u0061": 3, "a": 4}"#;
    check(text, r#"{"a":1,"b":{"a":2}}"#, &[r#"DuplicateKey "\u0061""#, r#"DuplicateKey "a""#]);
    let diagnostic = Diagnostic::from(read(text).problems[1].clone());
    assert_eq!(diagnostic.message, "the key `a` stands twice in one record");
    assert_eq!(diagnostic.labels.iter().map(|l| l.span.start).collect::<Vec<_>>(), [37, 1]);
}

#[test]
fn quotes() {
    check(
        r#"{'a': 'it\'s "x"'}"#,
        r#"{"a":"it's \"x\""}"#,
        &["SingleQuotes 'a' -> \"a\"", r#"SingleQuotes 'it\'s "x"' -> "it's \"x\"""#],
    );
    check(
        "{a-b: 1, c = 2, \"d\" => 3}",
        r#"{"a-b":1,"c":2,"d":3}"#,
        &["UnquotedKey a-b -> \"a-b\"", "UnquotedKey c -> \"c\"", "InsteadOf = -> :", "InsteadOf => -> :"],
    );
    check("[foo, 1]", "[1]", &["Word foo -> \"foo\""]);
    check("[“a”, 1]", "[1]", &["Unexpected “"]);
}

#[test]
fn words_that_are_nearly_values() {
    check(
        "[True, None, ture, yes]",
        "[true,null,true]",
        &["Word True -> true", "Word None -> null", "Word ture -> true", "Word yes -> true"],
    );
}

#[test]
fn numbers() {
    check("[NaN, -Infinity, Infinity, 1]", "[1]", &["NotFinite NaN", "NotFinite -Infinity", "NotFinite Infinity"]);
    check(
        "[+1, .5, 1., 0x1F, 1_000, -.5]",
        "[1,0.5,1.0,31,1000,-0.5]",
        &[
            "BadNumber +1 -> 1",
            "BadNumber .5 -> 0.5",
            "BadNumber 1. -> 1.0",
            "BadNumber 0x1F -> 31",
            "BadNumber 1_000 -> 1000",
            "BadNumber -.5 -> -0.5",
        ],
    );
    check(
        "[0644, 1e, -, 10GB, 1.2.3, 0x, 4]",
        "[4]",
        &["BadNumber 0644", "BadNumber 1e", "BadNumber -", "BadNumber 10GB", "BadNumber 1.2.3", "BadNumber 0x"],
    );
}

#[test]
fn escapes_and_characters_in_texts() {
    check(r#"["\q", 1]"#, r#"["q",1]"#, &[r"BadEscape \q"]);
    check(
        r#"["\u12", "\uD800x", "\uDC00"]"#,
        "[\"\",\"\u{fffd}x\",\"\u{fffd}\"]",
        &[r"BadEscape \u12", r"LoneSurrogate \uD800", r"LoneSurrogate \uDC00"],
    );
    check("\"a\tb\"", r#""a\tb""#, &["ControlCharacter \t -> \\t"]);
    check("[1,\u{a0}\u{200b}2]", "[1,2]", &["OddBlank \u{a0}\u{200b} ->  "]);
}

#[test]
fn what_is_not_closed() {
    check("[1, {\"a\": [2", "[1,{\"a\":[2]}]", &["Unclosed ["]);
    check("{\"a\": [1, \"b\": 2}", "{\"a\":[1,\"b\"]}", &["Unexpected :", "Unclosed ["]);
    check("{\"a\": [1}", "{\"a\":[1]}", &["Unclosed ["]);
    check("[1}", "[1]", &["Mismatched } -> ]"]);
    check("{\"a\": \"b\n, \"c\": 1}", r#"{"c":1}"#, &["UnclosedText \""]);
    check("[\"a", "[]", &["UnclosedText \""]);
    check("[1 /* x", "[1]", &["UnclosedComment /*"]);
    check("/* x", "-", &["UnclosedComment /*"]);
}

#[test]
fn members_without_value_or_colon() {
    check(
        r#"{"a": , "b", "c": 1, "d" 2, "e": }"#,
        r#"{"c":1,"d":2}"#,
        &[r#"MissingValue "a""#, r#"MissingValue "b""#, "MissingColon 2 -> :", r#"MissingValue "e""#],
    );
    check(r#"{"a": @{"x": [1, 2]}, "b": 1}"#, r#"{"b":1}"#, &["Unexpected @"]);
    check(r#"{[1]: 1, "b": 1}"#, r#"{"b":1}"#, &["Unexpected ["]);
}

#[test]
fn one_value_a_file() {
    check("", "-", &["Empty "]);
    check(" // only a comment", "-", &["Empty "]);
    check("{} {} \n x", "{}", &["Leftover {}"]);
    check("]", "-", &["Unexpected ]"]);
}

#[test]
fn depth_is_limited() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    check(&nested(MAX_DEPTH), &nested(MAX_DEPTH), &[]);
    check(&nested(MAX_DEPTH + 1), &nested(MAX_DEPTH), &["TooDeep ["]);
    let (_, problems) = outcome(&"[{\"a\":".repeat(100_000));
    assert_eq!(problems, ["TooDeep [", "Unclosed {"]);
}

#[test]
fn problems_are_bounded() {
    assert_eq!(read(&format!("[{}]", ",".repeat(100_000))).problems.len(), 200);
}

/// Pieces out of which mistakes arise far more often than out of random characters.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", ";", "=", "\"", "'", "\\", "\\u", "d83d", "a", "\"k\"", "\"k\":", "1", "-", "0x",
        ".", "e", "NaN", "true", "//", "#", "/*", "*/", "/", "\n", "\r", " ", "\t", "ü", "😀", "\u{a0}", "\u{feff}",
        "“", "\0",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

fn spans_are_sound(node: &Node, text: &str) {
    assert!(text.get(node.span.range()).is_some_and(|t| !t.is_empty()), "{node:?} is a place in {text:?}");
    let inside = |s: Span| node.span.start < s.start && s.end <= node.span.end;
    match &node.kind {
        NodeKind::List(list) => {
            for n in list {
                assert!(inside(n.span));
                spans_are_sound(n, text);
            }
        }
        NodeKind::Record(members) => {
            for (k, n) in members {
                assert!(inside(k.span) && inside(n.span) && k.span.end <= n.span.start);
                spans_are_sound(n, text);
            }
        }
        _ => {}
    }
}

fn is_total(text: &str) {
    let parse = read(text);
    assert!(parse.value.is_some() || !parse.problems.is_empty(), "no value is a problem: {text:?}");
    if let Some(node) = &parse.value {
        spans_are_sound(node, text);
        if parse.problems.is_empty() {
            let again = read(&compact(node));
            assert!(again.problems.is_empty());
            assert_eq!(again.value.as_ref().map(compact), Some(compact(node)));
        }
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() && !has_duplicates(text) && !text.contains("\\u") {
        assert!(parse.problems.is_empty(), "what is JSON is read without problems: {text:?} {:?}", parse.problems);
    }
    for problem in parse.problems {
        let diagnostic = Diagnostic::from(problem);
        assert!(!diagnostic.message.contains('\n'));
        let fix = diagnostic.fix.iter().map(|f| f.span);
        for span in diagnostic.labels.iter().map(|l| l.span).chain(fix) {
            assert!(text.get(span.range()).is_some(), "{span:?} is a place in {text:?}");
        }
    }
}

fn has_duplicates(text: &str) -> bool {
    read(text).problems.iter().any(|p| matches!(p, JsonProblem::DuplicateKey { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_total_on_any_text(text in "\\PC*") {
        is_total(&text);
    }

    #[test]
    fn reading_is_total_on_broken_json(text in pieces()) {
        is_total(&text);
    }
}

<<<<<<< HEAD
//! Reading of JSON: good files, every mistake, and totality.

use proptest::prelude::*;

use super::JsonProblem as P;
=======
//! Every mistake by its name, the way on behind it, and totality.

use proptest::prelude::*;

>>>>>>> json
use super::*;
use crate::diagnostic::Diagnostic;
use crate::text::FileId;

<<<<<<< HEAD
const FILE: FileId = FileId(0);

fn read(text: &str) -> Parse {
    parse(FILE, text)
}

/// The value in the plain data of another reader.
fn plain(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(b) => (*b).into(),
        Kind::Number(n) => serde_json::from_str(n).expect("a number"),
        Kind::Text(t) => t.as_str().into(),
        Kind::List(l) => l.iter().map(plain).collect(),
        Kind::Record(m) => m.iter().map(|(k, v)| (k.name.clone(), plain(v))).collect(),
    }
}

fn good(text: &str) -> Node {
    let parsed = read(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.value.expect("a value")
}

/// The problems as `start..end message`, and what could be read all the same.
fn wrong(text: &str) -> (Vec<String>, String) {
    let parsed = read(text);
    let problems = parsed.problems.into_iter().map(|problem| {
        let diagnostic = Diagnostic::from(problem);
        format!("{:?} {}", diagnostic.span().range(), diagnostic.message)
    });
    (problems.collect(), parsed.value.map_or("nothing".to_owned(), |v| plain(&v).to_string()))
}

#[test]
fn values_have_places() {
    let node = good("{ \"a\": [1, -2.5e3], // why\n # and\n \"b\" /* c */ : null, \"c\": {\"d\": true} }");
    assert_eq!(plain(&node).to_string(), r#"{"a":[1,-2500.0],"b":null,"c":{"d":true}}"#);
    let members = node.record().expect("a record");
    assert_eq!((members[0].0.span.range(), members[0].1.span.range()), (2..5, 7..18));
    assert_eq!(node.get("a").and_then(Node::list).map(|l| l[1].span.range()), Some(11..17));
    assert_eq!(
        node.get("a").and_then(Node::list).map(|l| (l[0].integer(), l[1].number())),
        Some((Some(1), Some(-2500.0)))
    );
    assert_eq!(node.get("b").map(Node::describe), Some("`null`"));
    assert_eq!(node.get("x"), None);
}

#[test]
fn texts_are_decoded() {
    assert_eq!(good(r#""a\n\t\"\\\/\u00e9\ud83d\ude00é""#).text(), Some("a\n\t\"\\/é😀é"));
    assert_eq!(good("\u{feff}\"x\"").span.range(), 3..6);
    assert_eq!(
        wrong(r#"["a\q", "\ud800", "\u12", "b"]"#).0,
        [
            "3..5 `\\q` is no escape of JSON",
            "9..15 `\\ud800` is no escape of JSON",
            "19..21 `\\u` is no escape of JSON"
        ]
    );
    assert_eq!(wrong("\"a\tb\"").0, ["2..3 a control character in a text"]);
    assert_eq!(good("\"a\u{7f}b\"").text(), Some("a\u{7f}b"));
}

#[test]
fn each_mistake_is_named_and_the_rest_is_read() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("", &["0..0 the file ends where a value should stand"], "nothing"),
        ("[1, 2,]", &["5..6 a comma before `]`"], "[1,2]"),
        ("{\"a\": 1,}", &["7..8 a comma before `}`"], r#"{"a":1}"#),
        ("[1 2]", &["2..2 a comma is missing"], "[1,2]"),
        ("{\"a\": 1\n\"b\": 2}", &["7..7 a comma is missing"], r#"{"a":1,"b":2}"#),
        ("[1,,2]", &["3..4 unexpected `,`"], "[1,2]"),
        ("[,1]", &["1..2 unexpected `,`"], "[1]"),
        ("{\"a\" = 1}", &["5..6 `=` between key and value"], r#"{"a":1}"#),
        ("{\"a\" 1, \"b\": 2}", &["5..6 unexpected `1`"], r#"{"b":2}"#),
        ("{a: 1}", &["1..2 the key `a` has no quotes"], r#"{"a":1}"#),
        ("{'a': 'b'}", &["1..4 a text in single quotes", "6..9 a text in single quotes"], r#"{"a":"b"}"#),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", &["17..20 the key `a` is written twice"], r#"{"a":1,"b":2}"#),
        ("{\"a\": }", &["6..7 unexpected `}`"], "{}"),
        ("{\"a\": [1, {\"b\": ?}, 3]}", &["16..17 unexpected `?`"], r#"{"a":[1,{},3]}"#),
        ("{1: 2, \"b\": 3}", &["1..2 unexpected `1`"], r#"{"b":3}"#),
        ("[1, 2", &["0..1 the list is not closed"], "[1,2]"),
        ("{\"a\": [1, 2}", &["11..12 the brackets do not match", "0..1 the record is not closed"], r#"{"a":[1,2]}"#),
        ("{\"a\": \"b\n, \"c\": 1}", &["6..7 the text is not closed"], r#"{"c":1}"#),
        ("1 /* x", &["2..4 the comment is not closed"], "1"),
        ("{} {}", &["3..4 a JSON file holds one value"], "{}"),
        (
            "[True, nul, yes, x]",
            &[
                "1..5 no value `True` in JSON",
                "7..10 no value `nul` in JSON",
                "12..15 no value `yes` in JSON",
                "17..18 no value `x` in JSON",
            ],
            "[]",
        ),
        ("?", &["0..1 unexpected `?`"], "nothing"),
    ];
    for (text, problems, value) in cases {
        let (mut wanted, (found, read)) = (problems.to_vec(), wrong(text));
        wanted.sort_unstable_by_key(|p| p.split("..").next().and_then(|n| n.parse::<usize>().ok()));
        assert_eq!((found, read), (wanted.into_iter().map(str::to_owned).collect(), (*value).to_owned()), "{text}");
    }
}

#[test]
fn numbers_are_those_of_json() {
    for text in ["0", "-0", "10", "1.5", "1e5", "1E-5", "-1.25e+10"] {
        assert_eq!(good(text).kind, Kind::Number(text.to_owned()));
    }
    for text in ["01", "1.", ".5", "+1", "-", "1e", "0x10", "1_000", "1.2.3", "--1"] {
        assert!(matches!(read(text).problems[..], [P::BadNumber { .. }]), "{text}");
    }
}

#[test]
fn deep_and_hopeless_files_end() {
    let deep = "[".repeat(100_000);
    assert!(matches!(read(&deep).problems[..], [P::Unclosed { .. }, .., P::TooDeep { .. }] | [P::TooDeep { .. }, ..]));
    assert!(read(&format!("{}{}", "[".repeat(100), "]".repeat(100))).problems.is_empty());
    let hopeless = read(&"[?,".repeat(1000));
    assert!(hopeless.problems.len() < 60);
    assert!(hopeless.problems.iter().any(|p| matches!(p, P::TooMany { .. })));
}

#[test]
fn both_places_of_a_duplicate_are_shown() {
    let problem = read("{\"a\": 1, \"a\": 2}").problems.remove(0);
    let diagnostic = Diagnostic::from(problem);
    let places: Vec<_> = diagnostic.labels.iter().map(|l| l.span.range()).collect();
    assert_eq!(places, [9..12, 1..4]);
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_another_writer_writes_is_read(value in any_value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let parsed = read(&text);
            prop_assert_eq!(&parsed.problems, &vec![]);
            prop_assert_eq!(parsed.value.as_ref().map(plain), Some(value.clone()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{},:=\"'\\\\/*# \\n\\ta1.+u?é-]{0,60}") {
        let parsed = read(&text);
        prop_assert!(parsed.value.is_some() || !parsed.problems.is_empty());
        let strict = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        let twice_only = parsed.problems.iter().all(|p| matches!(p, P::DuplicateKey { .. }));
        prop_assert!(twice_only || !strict);
        for problem in parsed.problems {
            let diagnostic = Diagnostic::from(problem);
            for label in &diagnostic.labels {
                prop_assert!(text.get(label.span.range()).is_some());
            }
        }
=======
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
>>>>>>> json
    }
}

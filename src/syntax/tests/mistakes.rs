//! Mistakes: each is named, once, at its place, and what stands around it stays.

use super::super::ast::*;
use super::{complaints, read};
use crate::diagnostic::{Diagnostic, Severity};

/// Every line of the body of a block holds one mistake: its code and the text at its place.
const ENTRIES: &[(&str, &str, &str)] = &[
    ("a : 3", "colon_for_equals", ":"),
    ("a == 3", "double_equals", "=="),
    ("a = = 3", "unexpected", "="),
    ("a = 1 + ]", "unexpected", "]"),
    ("a =", "unexpected", ""),
    ("a = \"\\q\"", "bad_escape", "\\q"),
    ("a = \"\\$x\"", "bad_escape", "\\$"),
    ("a = \"\\u{110000}\"", "bad_escape", "\\u{110000}"),
    ("a = \"${}\"", "bad_interpolation", "${}"),
    ("a = \"${b c}\"", "bad_interpolation", "c"),
    ("a = \"${b\"", "unclosed_interpolation", "${"),
    ("a = [\"${b\", \"c\"]", "unclosed_interpolation", "${"),
    ("a = \"open", "unclosed_quote", "\""),
    ("a = 'open", "unclosed_quote", "'"),
    ("a = { b = \"open }", "unclosed_quote", "\""),
    ("a = [\"b\", c\"]", "unclosed_quote", "\""),
    ("a = \"{{isotime \"2006\"}}\"", "quote_in_template", "\"2006\""),
    ("a = 1; b = 2", "semicolon", ";"),
    ("a = [1; 2]", "semicolon", ";"),
    ("a = [1 2]", "missing_comma", "2"),
    ("a = [1\n [2]]", "missing_comma", "["),
    ("a = [b\n (2)]", "missing_comma", "("),
    ("a = [b\n -2]", "missing_comma", "-"),
    ("a = [1 -2]", "missing_comma", "-2"),
    ("a = [\"b\" [\"c\"]]", "missing_comma", "[\"c\"]"),
    ("a = [b (1)]", "missing_comma", "(1)"),
    ("a = [1,, 2]", "extra_comma", ","),
    ("a = [1, = , 2]", "unexpected", "="),
    ("a = f(1, )2", "unexpected", "2"),
    ("a { b = 1 }", "block_without_equals", "a"),
    ("a = b == c == d", "chained_comparison", "=="),
    ("a = if b then c", "missing_else", ""),
    ("a = if b c else d", "unexpected", "c"),
    ("a = if b { c } else { d }", "unexpected", "{"),
    ("a = if b { c } else if d { e } else { f }", "unexpected", "{"),
    ("a = if b then c else if d { e } else { f }", "unexpected", "{"),
    ("a = if b then c elif d then e else f", "unexpected", "elif"),
    ("a = b ? c : d", "unexpected", "?"),
    ("a = b and c", "unexpected", "and"),
    ("a = [b for b in c]", "unexpected", "for"),
    ("a = [for b in c: b if b]", "unexpected", "if"),
    ("a = b /* c */", "unexpected", "/*"),
    ("a = <<EOF\n  b {\nEOF", "unexpected", "<<EOF"),
    ("a = { b = 1, b = 2 }", "key_twice", "b"),
    ("a = 12abc", "bad_number", "12abc"),
    ("a = 1.2.3", "bad_number", "1.2.3"),
    ("a = 9223372036854775808", "number_too_large", "9223372036854775808"),
    ("a = match b { pv => 1, _ => 2 }", "name_as_pattern", "pv"),
    ("a = match b { 1 > 2, _ => 2 }", "unexpected", ">"),
    ("a = b matches /x", "unclosed_regex", "/x"),
    ("a = \"${f(\n1)}\"", "newline_in_interpolation", "${"),
    ("\"${a}\" = 1", "not_plain", "\"${a}\""),
    ("? = 1", "unexpected", "?"),
    ("a = f(1\nb = 2", "unclosed_bracket", "("),
    ("a = [1\nb = 2", "unclosed_bracket", "["),
];

#[test]
fn a_mistake_in_an_entry_is_named_once_and_damages_nothing_else() {
    let mut wrong = Vec::new();
    for (entry, code, at) in ENTRIES {
        let text =
            format!("image i {{\n  builder k {{\n    first = 1\n    {entry}\n    last = 2\n  }}\n}}\nlet z = 1\n");
        let found = complaints(&text);
        if found != [((*code).to_owned(), (*at).to_owned())] {
            wrong.push(format!("{entry}: {found:?}"));
        }
        let file = read(&text).file;
        assert_eq!(file.items.len(), 2, "{text}");
        let ItemKind::Image(image) = &file.items[0].kind else { panic!("an image: {text}") };
        let [ImageItem::Block(block)] = &image.body[..] else { panic!("a block: {text}") };
        let keys: Vec<&str> = block
            .body
            .iter()
            .filter_map(|e| if let Entry::Field { key, .. } = e { Some(key.name.as_str()) } else { None })
            .collect();
        assert_eq!((keys.first(), keys.last()), (Some(&"first"), Some(&"last")), "{text}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_of_them_in_one_file_are_all_named() {
    let mut text = String::new();
    for (index, (entry, ..)) in ENTRIES.iter().enumerate() {
        text.push_str(&format!("image i{index} {{\n  builder k {{\n    {entry}\n  }}\n}}\n"));
    }
    let codes: Vec<String> = complaints(&text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ENTRIES.iter().map(|e| e.1.to_owned()).collect::<Vec<_>>());
}

#[test]
fn a_mistake_in_an_item_is_named_once() {
    let mut wrong = Vec::new();
    for (item, code, at) in [
        ("lett a = 1", "unexpected", "lett"),
        ("let a", "missing_value", "a"),
        ("param a", "missing_value", "a"),
        ("variable \"a\" {\n  type = string\n}", "unexpected", "{"),
        ("image \"a\" { }", "unexpected", "\"a\""),
        ("build {\n  b = 1\n}", "unexpected", "build"),
        ("let a: list(string) = []", "unexpected", "("),
        ("image a {\n  builder \"b\" { c = 1 }\n}", "unexpected", "\"b\""),
        ("image a {\n  post-processor \"b\" {\n    c = 1\n  }\n}", "unexpected", "post"),
        ("image a {\n  matrix {\n    axis b: string in [1]\n  }\n}", "unexpected", ":"),
        ("let a = 1 2", "unexpected", "2"),
        ("let a: = 1", "unexpected", "="),
        ("fn f(a) = 1", "unexpected", ")"),
        ("import \"${a}\"", "not_plain", "\"${a}\""),
        ("type T = ", "unexpected", ""),
        ("type T = { a: int a: int }", "key_twice", "a"),
        ("type T = { a: int since \"1\" since \"2\" }", "modifier_twice", "since \"2\""),
        ("table t key (a) {\n  | a: int |\n  | 1 2 |\n}", "bad_cell", "1 2"),
        ("table t key (a) {\n  | a: int |\n  | 1\n}", "unclosed_row", " 1"),
        ("table t key (a) {\n  | a: int |\n  1 |\n}", "unexpected", "1"),
        ("image a { matrix { } matrix { } }", "matrix_twice", "matrix"),
        ("image a {\n  builder { b = 1 }\n}", "unexpected", "{"),
        ("image a {\n  provisoin shell { b = 1 }\n}", "unexpected", "provisoin"),
        ("image a {\n  matrix {\n    axis b of [1]\n  }\n}", "unexpected", "of"),
        ("image a {\n  matrix {\n    exclude when b because c\n  }\n}", "unexpected", "c"),
        ("image a {\n  builder b {\n    c = 1\n  provision d { }\n}", "unclosed_bracket", "{"),
        ("image a {\n  post b { } then c { }\n}", "unexpected", "then"),
        ("image a {\n  post { b { } c { } }\n}", "unexpected", "c"),
        ("image a { }\n}", "unexpected", "}"),
        ("image a {\n  builder b { c = 1 }", "unclosed_bracket", "{"),
        ("let a = \"\"\"\n  open\n", "unclosed_quote", "\"\"\""),
        ("policy p for b in builds {\n  require a \"m\"\n}", "unexpected", "\"m\""),
        ("policy p for b in builds {\n  requires a, \"m\"\n}", "unexpected", "requires"),
        ("extern builder a {\n  b string\n}", "unexpected", "string"),
        ("extern bilder a { }", "unexpected", "bilder"),
        ("§", "unexpected", "§"),
    ] {
        let text = format!("let before = 1\n{item}\nlet after = 2\n");
        let found = complaints(&text);
        if found != [(code.to_owned(), at.to_owned())] {
            wrong.push(format!("{item}: {found:?}"));
        }
        let file = read(&text).file;
        let names: Vec<&str> = file
            .items
            .iter()
            .filter_map(|i| if let ItemKind::Let(binding) = &i.kind { Some(binding.name.name.as_str()) } else { None })
            .collect();
        assert_eq!((names.first(), names.last()), (Some(&"before"), Some(&"after")), "{text}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_brace_that_is_open_is_the_one_that_is_shown() {
    let text = "image a {\n  builder b {\n    tags = {\n      c = 1\n    d = 2\n  }\n}\nimage e {\n}\n";
    let problems = read(text).problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].span().start as usize, text.find("{\n      c").expect("is there"));
}

#[test]
fn documentation_of_nothing_is_a_warning() {
    for (text, code) in [
        ("let a = 1\n/// lost\n", "dangling_doc"),
        ("let a = 1 /// behind\nlet b = 2\n", "dangling_doc"),
        ("image a {\n  builder b {\n    /// not here\n    c = 1\n  }\n}\n", "dangling_doc"),
        ("let a = 1\n//! late\n", "misplaced_file_doc"),
    ] {
        let diagnostics: Vec<Diagnostic> = read(text).problems.into_iter().map(Into::into).collect();
        assert_eq!(complaints(text)[0].0, code, "{text}");
        assert!(matches!(&diagnostics[..], [one] if one.severity == Severity::Warning), "{text}");
    }
}

#[test]
fn names_of_broken_items_are_kept() {
    let file = read("fn f(a) = 1\nlet b = f(2)\n").file;
    assert_eq!(file.broken_names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["f"]);
}

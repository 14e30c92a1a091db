//! Texts: decoding, and the way back to the source.

use super::super::ast::*;
use super::{complaints, value};

fn parts(text: &str) -> Vec<TextPart> {
    match value(text).kind {
        ExprKind::Text(text) => text.parts,
        other => panic!("no text: {other:?}"),
    }
}

fn decoded(text: &str) -> String {
    let show = |part: &TextPart| match part {
        TextPart::Chars(chars) => chars.value.to_string(),
        TextPart::Interpolation(_) => "<>".to_owned(),
    };
    parts(text).iter().map(show).collect()
}

#[test]
fn escapes_and_quotes() {
    assert_eq!(decoded(r#""a\n\r\t\"\\\u{e9}$${x} $5 $$ {{.A}}""#), "a\n\r\t\"\\é${x} $5 $$ {{.A}}");
    assert_eq!(decoded(r"'a\n${x}'"), "a\\n${x}");
    assert_eq!(decoded(r#""a${b}c${"d${e}"}""#), "a<>c<>");
    assert_eq!(decoded(r#""{{isotime \"2006\"}} ${x}}""#), "{{isotime \"2006\"}} <>}");
    assert_eq!(decoded("\"\""), "");
}

#[test]
fn multi_line_texts_lose_the_indentation_of_their_closing_quotes() {
    assert_eq!(decoded("\"\"\"\n    a\n      b ${c}\n\n  \n    \\td\n    \"\"\""), "a\n  b <>\n\n\n\td\n");
    assert_eq!(decoded("'''\r\n  a\r\n  b\r\n  '''"), "a\nb\n");
    assert_eq!(decoded("\"\"\"one \"two\" three\"\"\""), "one \"two\" three");
    assert_eq!(decoded("\"\"\"\n  \"\"\""), "");
    assert_eq!(decoded("'''\na'''"), "a");
    assert_eq!(complaints("let x = '''\n  a\n b\n  '''\n"), [("bad_indent".to_owned(), " b".to_owned())]);
}

#[test]
fn every_decoded_byte_knows_its_place() {
    let text = "\"\"\"\n    a\\tb é\\u{e9}$${\r\n\n      c\n    \"\"\"";
    let source = format!("let x = {text}\n");
    let [TextPart::Chars(chars)] = &parts(text)[..] else { panic!("one part") };
    assert_eq!(chars.value, "a\tb éé${\n\n  c\n");
    let written = |decoded: &str| {
        let start = chars.value.find(decoded).expect("is there");
        &source[chars.span_of(start, start + decoded.len()).range()]
    };
    assert_eq!(written("a"), "a");
    assert_eq!(written("\t"), "\\t");
    assert_eq!(written("b é"), "b é");
    assert_eq!(written("${"), "$${");
    assert_eq!(written("éé"), "é\\u{e9}");
    assert_eq!(written("  c"), "  c");
    assert_eq!(&source[chars.span.range()].chars().next(), &Some('a'));
}

#[test]
fn a_text_without_escapes_needs_no_map() {
    let [TextPart::Chars(chars)] = &parts("\"plain ä text\"")[..] else { panic!("one part") };
    assert!(chars.map.is_empty());
    assert_eq!(chars.span.start, 9);
}

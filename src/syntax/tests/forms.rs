//! What parses, and to what.

use super::super::ast::*;
use super::super::{parse_expr, parse_literal};
use super::{EXTERN, OFFICIAL, read, shape, sound, value};
use crate::text::FileId;

#[test]
fn the_examples_of_the_design_parse() {
    let file = sound(OFFICIAL);
    assert_eq!(file.items.len(), 19);
    assert!(file.doc.is_some_and(|d| d.text.starts_with("ComboAMI, the official images")));
    assert_eq!(file.comments.len(), 6);
    assert_eq!(sound(EXTERN).items.len(), 1);
}

#[test]
fn windows_line_endings_and_a_byte_order_mark_do_not_count() {
    let text = format!("\u{feff}{}", OFFICIAL.replace('\n', "\r\n"));
    let file = sound(&text);
    assert!(super::super::same((&file, &text), (&sound(OFFICIAL), OFFICIAL)));
    assert_eq!(&text[file.items[0].span.range()], "import \"lib/ubuntu.bake\"");
}

#[test]
fn operators_bind_as_the_design_says() {
    assert_eq!(
        shape(&value("a || b && c == d ?? e + f * -g.h")),
        "(a || (b && (c == (d ?? (e + (f * Negate(g.h)))))))"
    );
    assert_eq!(shape(&value("a - b - c")), "((a - b) - c)");
    assert_eq!(shape(&value("!a.b[1](2) && (c)")), "(Not(a.b<1>(1)) && [c])");
    assert_eq!(shape(&value("a in b || c")), "((a in b) || c)");
    assert_eq!(shape(&value("if a then b else if c then d else e + f")), "if a b if c d (e + f)");
    assert_eq!(shape(&value("a\n  .b\n  && c")), "(a.b && c)");
}

#[test]
fn a_line_ends_an_operand_before_brackets_and_minus() {
    for text in ["let x = a\n[b]", "let x = a\n(b)", "let x = a\n-b"] {
        assert!(!read(text).problems.is_empty(), "{text}");
    }
}

#[test]
fn keywords_are_words_where_any_word_may_stand() {
    sound(
        "image a {
            builder null { image = 1 output = 2 when = 3 for = 4 in = 5 if = 6 matches = 7 else = 8 true = 9 let = x.in.if.when }
            post amazon-import when a == b { then = 1 post = 2 }
            post when a { x { } then y \"label\" { } }
            provision when { }
            use ubuntu.hardening(late = 1) when late
        }
        extern options image { as: string as pairs since: string since \"1.0.0\" rule: int? in 1..5 matches: int
            formerly: string formerly a, b
            refused: [string] = [] refused \"no\" deprecated \"yes\"
            rule given(a, b) == 1, \"one\" at a, b
            fact offered(region) unique a per b, c
            ...ubuntu.common
        }",
    );
}

#[test]
fn types_have_all_their_forms() {
    let file = sound(
        "type A = | \"pv\" | 5 | -3 | true | null\ntype B = string matches /^a\\/b\\/\\/$/\ntype C = int in 1..64\n\
         type D = [map<late string?>]?\ntype E = { a: T = 1 as pairs, b: (A | B)? }\ntype F = template<.A, .B>\ntype G = int in ..5\n",
    );
    let kinds: Vec<&TypeKind> = file
        .items
        .iter()
        .map(|item| match &item.kind {
            ItemKind::Type(item) => &item.ty.kind,
            other => panic!("no type: {other:?}"),
        })
        .collect();
    assert!(matches!(kinds[0], TypeKind::Union(members) if members.len() == 5));
    assert!(matches!(kinds[1], TypeKind::Matches(_, regex) if regex.pattern == "^a/b//$"));
    assert!(matches!(kinds[2], TypeKind::Range(_, Some(_), Some(_))));
    assert!(matches!(kinds[3], TypeKind::Optional(_)));
    assert!(matches!(kinds[4], TypeKind::Record(members) if members.len() == 2));
    assert!(matches!(kinds[5], TypeKind::Template(fields) if fields.len() == 2));
    assert!(matches!(kinds[6], TypeKind::Range(_, None, Some(_))));
}

#[test]
fn cells_are_words_literals_absent_or_empty() {
    let file = sound(
        "table t key (a) {\n  | a: string | b: [int]? | c: path |\n  | us-east-1 | [1, 2] | https://x/#y | // why\n\
         | \"a|b\" | - | |\n}\n",
    );
    let ItemKind::Table(table) = &file.items[0].kind else { panic!("a table") };
    let kinds: Vec<Vec<&CellKind>> = table.rows.iter().map(|r| r.cells.iter().map(|c| &c.kind).collect()).collect();
    assert!(
        matches!(kinds[0][..], [CellKind::Word(_), CellKind::Literal(_), CellKind::Word(url)] if url == "https://x/#y")
    );
    assert!(matches!(kinds[1][..], [CellKind::Literal(_), CellKind::Absent, CellKind::Empty]));
    assert_eq!(file.comments.len(), 1);
}

#[test]
fn documentation_goes_to_what_follows() {
    let text = "//! file\n//! more\n\n/// item\n/// two\nimage a {\n  /// inner\n  let x = 1\n  /// block\n  provision b { }\n}\n\
                extern builder c {\n  /// option\n  // aside\n  o: string\n}\n";
    let file = sound(text);
    let doc = |d: &Option<Doc>| d.as_ref().map(|d| d.text.to_string());
    assert_eq!(doc(&file.doc).as_deref(), Some("file\nmore"));
    assert_eq!(doc(&file.items[0].doc).as_deref(), Some("item\ntwo"));
    let ItemKind::Image(image) = &file.items[0].kind else { panic!("an image") };
    assert!(matches!(&image.body[0], ImageItem::Let(b) if doc(&b.doc).as_deref() == Some("inner")));
    assert!(matches!(&image.body[1], ImageItem::Block(b) if doc(&b.doc).as_deref() == Some("block")));
    let ItemKind::Extern(decl) = &file.items[1].kind else { panic!("an extern") };
    assert!(matches!(&decl.body[0], Member::Field(f) if doc(&f.doc).as_deref() == Some("option")));
}

#[test]
fn lists_records_and_loops() {
    assert!(matches!(value("[1, ...b, 2,]").kind, ExprKind::List(e) if e.len() == 3));
    assert!(matches!(value("[for x in xs if x != null: x.y]").kind, ExprKind::ForList(c, _) if c.condition.is_some()));
    assert!(matches!(value("{ for k, v in m: k.a = v }").kind, ExprKind::ForRecord(c, ..) if c.names.len() == 2));
    assert!(matches!(value("{ for = 1, a-b = 2 \"c d\" = 3, ...e }").kind, ExprKind::Record(e) if e.len() == 4));
    assert!(
        matches!(value("match x { \"a\" | \"b\" => 1\n -1 => 2, _ => 3 }").kind, ExprKind::Match(_, arms) if arms.len() == 3)
    );
}

#[test]
fn values_from_outside_are_literals() {
    let literal = |text| parse_literal(FileId(0), text);
    assert!(matches!(literal("1h30m").map(|e| e.kind), Ok(ExprKind::Duration(5_400_000_000_000))));
    assert!(matches!(literal("8GiB").map(|e| e.kind), Ok(ExprKind::Size(8_589_934_592))));
    assert!(matches!(literal("[\"a\", -1, { b = null }]").map(|e| e.kind), Ok(ExprKind::List(_))));
    for bad in ["", "a", "[1", "\"${x}\"", "1 + 1", "\"open", "[...x]"] {
        assert!(literal(bad).is_err(), "{bad}");
    }
    assert!(parse_expr(FileId(0), "a + 1 // sum").is_ok());
    assert!(parse_expr(FileId(0), "a + 1 b").is_err());
}

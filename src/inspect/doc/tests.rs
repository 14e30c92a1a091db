//! Documentation texts, examples of types, and the order of options. What pages look like is shown by `tests/corpus/doc`.

use std::sync::Arc;

use indexmap::IndexMap;

use super::example::example;
use super::groups::groups;
use super::view::kind;
use super::*;
use crate::schema::{Kind, OptionSet};
use crate::text::{FileId, Span};
use crate::ty::{Field, Literal, Notes, Range, Record, Ty};

fn field(ty: Ty, optional: bool, notes: Notes) -> Field {
    let default = notes.default_text.is_some();
    let optional = optional || default;
    Field { ty, optional, default, doc: "".into(), notes: Some(Arc::new(notes)), span: Span::file_start(FileId(0)) }
}

fn with_default(ty: Ty, default: &str) -> Field {
    field(ty, false, Notes { default_text: Some(default.into()), ..Notes::default() })
}

fn plain(ty: Ty) -> Field {
    field(ty, false, Notes::default())
}

#[test]
fn texts_are_taken_apart() {
    assert_eq!(paragraphs("one\ntwo\n\n\n  three \n"), ["one two", "three"]);
    assert_eq!(first_sentence("Does it. Then ends.\n\nMore."), "Does it");
    assert_eq!(first_sentence("Since `1.7.0` all is well."), "Since `1.7.0` all is well");
    assert_eq!((first_sentence(""), paragraphs("").len()), (String::new(), 0));
}

#[test]
fn examples_differ_from_defaults_that_show_nothing() {
    let union = || Ty::union([Ty::Literal(Literal::Text("a".into())), Ty::Literal(Literal::Text("b".into()))]);
    let record = Record {
        fields: IndexMap::from([
            ("x".into(), field(Ty::Int, true, Notes::default())),
            ("y".into(), plain(Ty::Domain(crate::ty::Domain::Region))),
        ]),
        declared: None,
    };
    let range = Ty::Range(Arc::new(Range { base: Ty::Int, low: Some(6), high: None }));
    let gone = Ty::Matches(Arc::new(crate::ty::Pattern::lazy("^nobody writes this$".into())));
    for (field, wanted) in [
        (with_default(Ty::Bool, "true"), "false"),
        (with_default(Ty::Bool, "false"), "true"),
        (with_default(union(), "\"a\""), "\"b\""),
        (with_default(Ty::Int, "10"), "10"),
        (with_default(Ty::List(Arc::new(Ty::String)), "[]"), "[\"example\"]"),
        (plain(Ty::Map(Arc::new(Ty::Int))), "{ Name = 2 }"),
        (plain(Ty::Record(Arc::new(record))), "{ y = \"us-east-1\" }"),
        (plain(Ty::Template(["A".into()].into())), "\"example {{.A}}\""),
        (plain(range), "6"),
        (plain(Ty::Size.optional()), "8GiB"),
        (plain(gone), "\"…\""),
    ] {
        assert_eq!(example(&field), wanted);
    }
}

#[test]
fn what_must_be_given_comes_first_and_shared_options_last() {
    let optional = || field(Ty::Int, true, Notes::default());
    let refused = field(Ty::Int, true, Notes { refused: Some("no".into()), ..Notes::default() });
    let set = |doc: &str| OptionSet { name: "set".into(), file: "a.bake".into(), doc: doc.into() };
    let options = IndexMap::from([
        ("a".into(), optional()),
        ("b".into(), plain(Ty::Int)),
        ("c".into(), optional()),
        ("d".into(), optional()),
        ("e".into(), refused),
    ]);
    let homes = vec![Some(0), Some(0), Some(1), None, None];
    let sets = vec![set("First set. It is old."), set("")];
    let kind = kind(Category::Builder, &Kind { name: "k".into(), options, homes, sets, ..Kind::default() });
    let shown: Vec<(String, Vec<&str>)> = groups(&kind)
        .into_iter()
        .map(|g| ([vec![g.title], g.text].concat().join("; "), g.options.iter().map(|o| o.name.as_str()).collect()))
        .collect();
    let wanted = [
        ("Required", vec!["b"]),
        ("Options of its own", vec!["d"]),
        ("set", vec!["c"]),
        ("First set; It is old.", vec!["a"]),
    ];
    assert_eq!(shown, wanted.map(|(title, options)| (title.to_owned(), options)));
}

//! Plans as they are read.

use serde_json::json;

use super::*;

fn document(text: &str) -> Document {
    let (document, problems) = read(FileId(0), text);
    document.unwrap_or_else(|| panic!("{problems:?}"))
}

#[test]
fn a_template_of_a_person_is_read() {
    let document = document(
        r#"{
  "min_packer_version": "1.2.0",
  "variables": { "a": "1", "b": null, "n": 5 },
  "sensitive-variables": ["b"],
  "builders": [{ "type": "null", "communicator": "none" }, { "type": "null", "name": "two", "x": [1, { "y": 1.5 }] }],
  "provisioners": [
    { "type": "shell", "only": ["two"], "inline": ["true"] },
    { "type": "shell", "except": ["two"], "inline": ["false"] },
    { "type": "shell", "only": ["two", "null"] }
  ],
  "post-processors": ["compress", [{ "type": "a" }, { "type": "b" }]]
}"#,
    );
    let names: Vec<_> = document.builds.iter().map(|b| (b.name.as_str(), b.kind.as_str())).collect();
    assert_eq!(names, [("null", "null"), ("two", "null")]);
    assert_eq!(document.builds[1].options, [("x".to_owned(), json!([1, { "y": 1.5 }]))]);
    let only: Vec<_> = document.provisioners.iter().map(|s| s.builds.clone()).collect();
    assert_eq!(only, [Some(vec!["two".to_owned()]), Some(vec!["null".to_owned()]), None]);
    let kinds: Vec<Vec<_>> = document.posts.iter().map(|c| c.iter().map(|s| s.kind.as_str()).collect()).collect();
    assert_eq!(kinds, [vec!["compress"], vec!["a", "b"]]);
    let variables: Vec<_> =
        document.variables.iter().map(|v| (v.name.as_str(), v.default.as_deref(), v.secret)).collect();
    assert_eq!(variables, [("a", Some("1"), false), ("b", None, true), ("n", Some("5"), false)]);
    assert_eq!((document.min_packer_version.as_deref(), document.comment), (Some("1.2.0"), CommentState::Absent));
}

#[test]
fn a_comment_that_does_not_belong_is_left_alone() {
    let text = "{\n  \"_bakec\": \"{}\",\n  \"builders\": []\n}\n";
    assert_eq!(document(text).comment, CommentState::Stale);
}

#[test]
fn what_is_no_plan_is_named() {
    let said = |text: &str| {
        let (document, problems) = read(FileId(0), text);
        assert!(document.is_none(), "{text}");
        problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(said("[]"), "a plan is not a record");
    assert_eq!(said("{\"source\": {}}"), "the file has no `builders`");
    assert_eq!(said("{\"builders\": {}}"), "`builders` is not a list");
    assert_eq!(
        said("{\"builders\": [{}, 1]}"),
        "an entry of `builders` has no `type`; an entry of `builders` is not a record"
    );
    assert_eq!(said("{\"builders\": [{\"type\": \"a\"}, {\"type\": \"a\"}]}"), "two builders are named `a`");
    assert_eq!(said("{\"builders\": [], \"variables\": {\"a\": []}}"), "the variable `a` is not a text or `null`");
    assert!(said("{\"builders\": [").contains("not closed"));
}

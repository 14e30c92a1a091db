//! `bakec show RUN --html`: one page that is complete in itself, by its structure.

use std::collections::BTreeMap;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::run::{bakec, folder};

const PROGRAM: &str = r#"secret password = "correct horse"

image web {
    matrix {
        axis n in [1, 2]
    }

    name = "web-${n}"

    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-d05e75b8"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "web ${n}"
    }

    provision shell "greet & meet" { inline = ["echo ${n}"] }
    post manifest { custom_data = { word = password } }
}
"#;

/// The elements of a page by name, with their attributes, and all its text.
#[derive(Default)]
struct Seen {
    elements: Vec<(String, BTreeMap<String, String>)>,
    text: String,
}

impl Seen {
    fn of(page: &str) -> Seen {
        // But for its first line and elements without an end a page is XML.
        let body = page.strip_prefix("<!doctype html>").expect("a page says what it is");
        let void = regex::Regex::new(r"<(meta|link)([^>]*[^/])>").expect("the pattern is a regex");
        let body = void.replace_all(body, "<$1$2/>");
        let bare = regex::Regex::new(r"<details class=\x22build\x22 open>").expect("the pattern is a regex");
        let body = bare.replace_all(&body, "<details class=\"build\" open=\"\">").into_owned();
        let mut reader = Reader::from_str(&body);
        let mut seen = Seen::default();
        loop {
            match reader.read_event().expect("the page is well-formed") {
                Event::Start(tag) | Event::Empty(tag) => {
                    let text = str::to_owned;
                    let of = |a: quick_xml::events::attributes::Attribute<'_>| (text(a.key.as_ref()), text(&a.value));
                    let attributes = tag.attributes().map(|a| of(a.expect("an attribute"))).collect();
                    seen.elements.push((text(tag.name().as_ref()), attributes));
                }
                Event::Text(text) => seen.text.push_str(&text),
                Event::Eof => break,
                _ => {}
            }
        }
        seen
    }

    fn count(&self, name: &str, class: &str) -> usize {
        let has = |a: &BTreeMap<String, String>| {
            class.is_empty() || a.get("class").is_some_and(|c| c.split(' ').any(|c| c == class))
        };
        self.elements.iter().filter(|(element, attributes)| element == name && has(attributes)).count()
    }
}

fn page(folder: &Path, more: &[&str]) -> String {
    let arguments = [&["run", "--rehearse", "web.bake", "--runs", "runs"], more].concat();
    bakec(folder, &arguments, "");
    bakec(folder, &["show", "last", "--html", "--runs", "runs"], "").done()
}

/// Lets the first build of the run have waited for something; how many builds have.
fn waits(runs: &Path, what: &str) -> usize {
    let logs = regex::Regex::new(r"(?m)^(\S+) waiting: ").expect("the pattern is a regex");
    let run = std::fs::read_dir(runs).expect("the run").next().expect("one run").expect("its folder").path();
    let first = run.join("logs/web-1.log");
    let log = std::fs::read_to_string(&first).expect("its log");
    let moment = log.split_once(' ').expect("a line begins with its time").0.to_owned();
    std::fs::write(&first, format!("{log}{moment} waiting: {what}\n")).expect("the log is written");
    let waited = |build: &str| logs.is_match(&std::fs::read_to_string(run.join("logs").join(build)).expect("a log"));
    ["web-1.log", "web-2.log"].into_iter().filter(|build| waited(build)).count()
}

#[test]
fn a_page_holds_all_of_a_run_and_fetches_nothing() {
    let folder = folder(&[("web.bake", PROGRAM)]);
    page(folder.path(), &["--fault", "image-fails@1"]);
    // A machine that is busy with other things has nothing to wait for in a rehearsal: here is a wait all the same.
    let waited = waits(&folder.path().join("runs"), "the instance is pending");
    let html = bakec(folder.path(), &["show", "last", "--html", "--runs", "runs"], "").done();
    let seen = Seen::of(&html);
    assert_eq!((seen.count("details", "build"), seen.count("svg", ""), seen.count("script", "")), (2, 2, 0));
    let fetched = |(element, attributes): &&(String, BTreeMap<String, String>)| {
        let outside = attributes.iter().any(|(key, value)| {
            matches!(key.as_str(), "src" | "href" | "srcset" | "action" | "data") && !value.starts_with("data:")
        });
        outside || matches!(element.as_str(), "iframe" | "object" | "script")
    };
    assert_eq!(seen.elements.iter().find(fetched), None);
    assert!(!html.contains("url(") && !html.contains("@import"));
    // One failed, and its error is as a terminal shows it, with its place in the program.
    assert_eq!((seen.count("pre", "error"), seen.count("rect", "undone") > 3), (1, true));
    assert!(html.contains("bake::run::image") && html.contains("╭─[web.bake:"), "{html}");
    // Steps, what was made, calls by action, output.
    assert!(
        seen.count("rect", "done") > 10 && seen.count("table", "resources") == 2 && seen.count("table", "actions") == 1
    );
    let counted = (seen.count("path", "calls"), seen.count("ul", "waits"), seen.count("pre", "output"));
    assert_eq!(counted, (2, waited, 2), "{html}");
    for words in
        ["web-2", "greet &amp; meet", "RunInstances", "the instance is pending", "post manifest", "it was a rehearsal"]
    {
        assert!(html.to_lowercase().contains(&words.to_lowercase()), "no {words:?} in\n{html}");
    }
    // What is read aloud, and looked at by night.
    let html_element = seen.elements.iter().find(|(name, _)| name == "html").expect("a root");
    assert_eq!(html_element.1.get("lang").map(String::as_str), Some("en"));
    let labelled = seen
        .elements
        .iter()
        .filter(|(name, _)| name == "svg")
        .all(|(_, a)| a.get("role").is_some_and(|r| r == "img") && a.contains_key("aria-label"));
    assert!(labelled && html.contains("prefers-color-scheme: dark") && html.contains("@media print"));
    let scoped = seen.elements.iter().filter(|(name, _)| name == "th").all(|(_, a)| a.contains_key("scope"));
    assert!(scoped && seen.count("caption", "") == seen.count("table", ""));
    assert!(!html.contains("correct horse"));
}

#[test]
fn a_page_is_written_whole_or_to_standard_output() {
    let folder = folder(&[("web.bake", PROGRAM)]);
    let html = page(folder.path(), &[]);
    let said = bakec(folder.path(), &["show", "--html", "-o", "run.html", "--runs", "runs"], "").done();
    assert_eq!((said.as_str(), std::fs::read_to_string(folder.path().join("run.html")).ok()), ("", Some(html)));
    assert_eq!(bakec(folder.path(), &["show", "--html", "--json", "--runs", "runs"], "").code, 2);
}

#[test]
fn a_run_of_a_thousand_builds_has_a_page() {
    let many = r#"image many {
    matrix {
        axis n in range(0, 1000)
    }
    builder null { communicator = "none" }
    post artifice { files = ["none"] }
}
"#;
    let folder = folder(&[("web.bake", many)]);
    let html = page(folder.path(), &[]);
    let seen = Seen::of(&html);
    assert_eq!((seen.count("details", "build"), seen.count("rect", "done")), (1000, 1000));
    assert!(html.len() < 3 << 20, "{} KiB", html.len() >> 10);
}

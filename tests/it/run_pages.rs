//! The pages of the executor's codes: each shows a run that went wrong, which is made here again, or else words of the sources.
//!
//! A page holds files, each below a line "Here `NAME` is", and a block of `console`: its commands run in a folder with these files,
//! on a rehearsal or on a `bakec rehearse-server` that the block starts. Of what a run says the page shows errors and what is left
//! behind; `…` stands for the rest, and what differs from run to run is replaced. What no rehearsal can bring about stands in a block
//! of `text`, whose messages must be those of the sources. `UPDATE=1` rewrites the blocks of `console`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;

use bakec::diagnostic::{Code, code};
use regex::{Regex, escape};
use serde_json::Value;

use crate::console::{WIDTH, words};
use crate::run::{command, finish};
use crate::support::{beside, expect, files_below, none, pages_are_mine, prose, read, with_blocks};

const PAGES: &str = "book/src/errors";
/// Where the pages have their rehearsed EC2.
const ENDPOINT: &str = "http://127.0.0.1:4566";
/// Pages whose runs are made at once: most of the time they wait.
const AT_ONCE: usize = 6;
/// Pages that show words of the sources, since no rehearsal comes to them in a moment.
const WORDS: usize = 7;

fn of_runs() -> Vec<Code> {
    code::ALL.iter().map(|(code, _)| *code).filter(|code| code.area() == "run").collect()
}

#[test]
fn every_page_of_a_run_shows_what_is_said() {
    let _mine = pages_are_mine();
    let (open, mistakes) = (Mutex::new(of_runs()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(code) = open.lock().ok().and_then(|mut open| open.pop()) {
                    let found = page(code);
                    mistakes.lock().expect("nobody panics").extend(found);
                }
            });
        }
    });
    let mut mistakes = mistakes.into_inner().expect("nobody panics");
    mistakes.sort();
    none(mistakes);
    let told = of_runs().into_iter().filter(|code| !text_of(*code).contains("```console")).count();
    assert!(told <= WORDS, "{told} pages show no run");
}

fn path_of(code: Code) -> String {
    format!("{PAGES}/{}.md", code.slug())
}

fn text_of(code: Code) -> String {
    read(&path_of(code))
}

/// What is wrong with the page of a code.
fn page(code: Code) -> Vec<String> {
    let (path, text) = (path_of(code), text_of(code));
    let mut mistakes = Vec::new();
    let headings = [format!("# `{code}`"), "## What goes wrong".to_owned(), "## What to do".to_owned()];
    let found: Vec<&str> = prose(&text).filter(|line| line.starts_with('#')).collect();
    if found != headings {
        mistakes.push(format!("{path} has not the three parts of a page of a run: {found:?}"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut server = None;
    let mut shown = BTreeSet::new();
    let changed = with_blocks(&text, |block| {
        if let Some(name) = beside(&text, block.line) {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a file has a folder")).expect("the folder can be made");
            let right = match block.language.as_str() {
                "bake" => bakec::format::format(name, &block.text).unwrap_or_else(|_| {
                    mistakes.push(format!("{path}:{}: this is not bake", block.line));
                    block.text.clone()
                }),
                _ => block.text.clone(),
            };
            fs::write(&file, &right).expect("the file can be written");
            return Some(right);
        }
        match block.language.as_str() {
            "console" => {
                let commands = block.text.lines().filter_map(|line| line.strip_prefix("$ "));
                let now: String =
                    commands.map(|c| format!("$ {c}\n{}", run(&path, c, folder.path(), &mut server))).collect();
                shown.extend(codes(&now));
                Some(now)
            }
            "text" => {
                shown.extend(block.text.lines().next().and_then(Code::find));
                mistakes.extend(unsaid(&block.text).map(|said| format!("{path}: no source says {said:?}")));
                None
            }
            // What to do: nothing is there to do it to.
            "sh" => None,
            other => {
                mistakes.push(format!("{path}:{}: a block of `{other}` that is no file", block.line));
                None
            }
        }
    });
    // A mistake in the program stands in the way of the run that is to be shown.
    if !shown.contains(&code) || shown.iter().any(|other| other.area() != "run") {
        mistakes.push(format!("{path} does not show `{code}`:\n{changed}"));
    }
    mistakes.extend(expect(&path, &changed).err());
    mistakes
}

/// The codes that a text shows, in lines of their own or in brackets.
fn codes(text: &str) -> Vec<Code> {
    let alone = |line: &str| line.rsplit_once('[').map_or(line.to_owned(), |(_, code)| code.replace(']', ""));
    text.lines().filter_map(|line| Code::find(&alone(line))).collect()
}

/// A rehearsed EC2 that ends with its page.
struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is shown of what a command says.
fn run(path: &str, line: &str, folder: &Path, server: &mut Option<Server>) -> String {
    if let Some((text, file)) = line.strip_prefix("echo '").and_then(|rest| rest.split_once("' > ")) {
        fs::write(folder.join(file), format!("{text}\n")).expect("the file can be written");
        return String::new();
    }
    let line = line.replace(ENDPOINT, server.as_ref().map_or(ENDPOINT, |Server(_, endpoint)| endpoint));
    let words = words(&line.replace("--port 4566", "--port 0"));
    let Some(("bakec", arguments)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        panic!("{path}: `{line}` does not run bakec");
    };
    let behind = arguments.last().is_some_and(|last| last == "&");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "&").collect();
    let mut bakec = command(folder, &arguments);
    bakec.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).env("NO_COLOR", "1").env("LANG", "C.UTF-8");
    bakec.env("COLUMNS", WIDTH).env("AWS_EC2_METADATA_DISABLED", "true");
    if server.is_some() {
        bakec.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x");
    }
    if behind {
        let mut child = bakec.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("its output is a pipe")).read_line(&mut said).expect("it says where");
        let said: Value = serde_json::from_str(&said).expect("it is JSON");
        *server = Some(Server(child, said["endpoint"].as_str().expect("it has an endpoint").to_owned()));
        return String::new();
    }
    let said = finish(&mut bakec, "").said();
    let said = match server {
        Some(Server(_, endpoint)) => said.replace(&**endpoint, ENDPOINT),
        None => said,
    };
    excerpt(&steady(&said))
}

/// The text with one word for each that differs from run to run.
fn steady(said: &str) -> String {
    let mut text = said.to_owned();
    for (pattern, word) in [
        (r"\b(i|ami|sg|key|snap|vol)-[0-9a-f]{17}\b", "$1-0c4a1e7f2b9d35860"),
        (r"\b\d{8}-\d{6}-[0-9a-f]{6}\b", "20260718-093005-3f9c1a"),
        (r"\bbakec_[0-9a-f]{20}\b", "bakec_5d0f3a9c417e28b6d1f0"),
        (r"\b127\.0\.0\.1:(3[2-9]\d{3}|[456]\d{4})\b", "127.0.0.1:40022"),
        (r"/script_\d+\.sh\b", "/script_4711.sh"),
    ] {
        text = Regex::new(pattern).expect("the pattern is a regex").replace_all(&text, word).into_owned();
    }
    text
}

/// Errors, their number, and what is left behind; `…` stands for all between them.
fn excerpt(said: &str) -> String {
    let (mut text, mut inside, mut gap) = (String::new(), false, false);
    let count = Regex::new(r"^\d+ errors?$").expect("the pattern is a regex");
    let told = Regex::new(r"^    [^ ]+: ").expect("the pattern is a regex");
    for line in said.lines() {
        let starts = Code::find(line).is_some()
            || line == "==> Something may be left behind:"
            || line.starts_with("error: ")
            || count.is_match(line);
        // A problem's lines are indented, and those of what a build says too.
        let goes_on = line.is_empty() && text.lines().last().is_some_and(|last| Code::find(last).is_some())
            || line.starts_with([' ', '-']) && !told.is_match(line);
        inside = starts || inside && goes_on;
        if inside {
            if starts && !text.is_empty() && !gap {
                text.push('\n');
            }
            gap = false;
            text.push_str(line);
            text.push('\n');
        } else if !line.is_empty() && !gap {
            text.push_str("…\n");
            gap = true;
        }
    }
    text
}

/// What a block claims to be said and no source can say.
fn unsaid(block: &str) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for line in block.lines().skip(1) {
        let line = line.trim_end();
        match line.strip_prefix("  × ").or_else(|| line.strip_prefix("  help: ")) {
            Some(first) => said.push(first.to_owned()),
            None => {
                let more = line.strip_prefix("  │ ").or_else(|| line.strip_prefix("        "));
                if let (Some(more), Some(last)) = (more, said.last_mut()) {
                    *last = format!("{last} {more}");
                }
            }
        }
    }
    assert!(!said.is_empty(), "a block of text without a message:\n{block}");
    let patterns = patterns();
    said.into_iter().find(|said| !patterns.iter().any(|pattern| pattern.is_match(said)))
}

/// The texts of the executor's sources, with anything at their holes.
fn patterns() -> Vec<Regex> {
    let literal = Regex::new(r#""((?:[^"\\]|\\[\s\S])*)""#).expect("the pattern is a regex");
    let hole = Regex::new(r"\{[a-z_.()]*\}").expect("the pattern is a regex");
    let joined = Regex::new(r"\\\n\s*").expect("the pattern is a regex");
    let mut all = Vec::new();
    for file in files_below("src/run").into_iter().filter(|file| file.ends_with(".rs")) {
        for found in literal.captures_iter(&read(&format!("src/run/{file}"))) {
            let text = joined.replace_all(&found[1], "");
            let fixed: Vec<String> = hole.split(&text).map(escape).collect();
            // A text of holes alone would allow anything.
            if fixed.concat().len() >= 9 && !text.contains('\n') {
                all.extend(Regex::new(&format!("^{}$", fixed.join(".+"))));
            }
        }
    }
    assert!(all.len() > 300, "only {} texts in the sources", all.len());
    all
}

#[test]
fn an_excerpt_holds_errors_and_what_is_left() {
    let said = "==> web: a\nBuild 'web' errored: b\nbake::run::image\n\n  × b\n   ╭─[x:1:1]\n 1 │ b\n   ╰────\n    web: c\n==> d\n\n\
                ==> Something may be left behind:\n--> e\n    undo it: f\n\n==> g\n\n1 error\n";
    let right = "…\nbake::run::image\n\n  × b\n   ╭─[x:1:1]\n 1 │ b\n   ╰────\n…\n==> Something may be left behind:\n--> e\n    undo it: f\n…\n1 error\n";
    assert_eq!(excerpt(said), right);
    assert_eq!(unsaid("bake::run::x\n\n  × the journal cannot be\n  │ written: full\n"), None);
    assert_eq!(unsaid("bake::run::x\n\n  × nobody says this at all\n").as_deref(), Some("nobody says this at all"));
}

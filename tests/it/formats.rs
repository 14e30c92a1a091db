//! What bakec writes for others and for later: events and journals are as their schemas say, and what older ones have written is
//! read for ever.
//!
//! Below `tests/formats` there is a folder for each format of the journal, with runs as a bakec of then has left them. They are never
//! written anew: a new format gets a folder of its own.

use std::path::Path;

use bakec::run::event::Event;
use jsonschema::Validator;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ec2::Ec2;
use crate::run::{Ran, bakec, command, finish, folder};
use crate::support::{files_below, read};

/// The formats of which there are runs.
const FORMATS: [&str; 1] = ["1"];
const RUNS: [&str; 3] = ["built", "failed", "interrupted"];

/// The validator of a schema that bakec writes.
fn schema(what: &str) -> Validator {
    let text = bakec(Path::new("."), &["schema", what], "").done();
    let schema: Value = serde_json::from_str(&text).expect("it is JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "{what} is no schema");
    jsonschema::draft202012::new(&schema).expect("the schema can be read")
}

#[track_caller]
fn all_valid(valid: &Validator, text: &str, what: &str) {
    assert!(text.lines().count() > 5, "{what} is short: {text}");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {line}"));
        let mistakes: Vec<String> = valid.iter_errors(&line).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(mistakes.is_empty(), "{what}: {line}: {mistakes:?}");
    }
}

/// A run of an older bakec in a folder of its own, as if it had been made there.
fn old(format: &str, run: &str) -> TempDir {
    let base = format!("tests/formats/{format}");
    let folder = folder(&[("web.bake", &read(&format!("{base}/web.bake"))), ("motd", &read(&format!("{base}/motd")))]);
    let name = read(&format!("{base}/{run}/journal.jsonl"))
        .split("\"run\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .map(str::to_owned);
    let name = name.expect("a journal names its run");
    for file in files_below(&format!("{base}/{run}")) {
        let path = folder.path().join(run).join(&name).join(&file);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("it can be made");
        let text = read(&format!("{base}/{run}/{file}"));
        std::fs::write(path, text.replace("FOLDER", &folder.path().display().to_string())).expect("it can be written");
    }
    folder
}

#[test]
fn events_and_journals_of_all_formats_are_read() {
    let (events, journal) = (schema("events"), schema("journal"));
    for format in FORMATS {
        let base = format!("tests/formats/{format}");
        for name in ["built", "failed", "interrupted", "refused"] {
            let text = read(&format!("{base}/{name}.events.jsonl"));
            let parsed: Result<Vec<Event>, _> = text.lines().map(serde_json::from_str::<Event>).collect();
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
            all_valid(&events, &text, name);
        }
        for name in RUNS {
            all_valid(&journal, &read(&format!("{base}/{name}/journal.jsonl")), name);
        }
    }
}

#[test]
fn runs_of_all_formats_are_shown() {
    for format in FORMATS {
        let shown = |run: &str, words: &[&str]| {
            let folder = old(format, run);
            let text = bakec(folder.path(), &["show", "--runs", run], "").done();
            let html = bakec(folder.path(), &["show", "--html", "--runs", run], "").done();
            let data: Value =
                serde_json::from_str(&bakec(folder.path(), &["show", "--json", "--runs", run], "").done())
                    .expect("it is JSON");
            for word in words {
                assert!(text.contains(word) && html.contains(word), "no {word:?} in\n{text}\n{html}");
            }
            assert_eq!(data["builds"].as_array().map(Vec::len), Some(2));
            assert!(bakec(folder.path(), &["runs", "--runs", run], "").done().contains("1 run;"));
            data
        };
        let built = shown("built", &["built", "ami-", "us-west-2", "RunInstances", "packages"]);
        assert_eq!(built["state"], "built");
        let calls = built["actions"].as_array().into_iter().flatten().find(|a| a["action"] == "RunInstances");
        assert_eq!(calls.map(|a| (a["count"].clone(), a["errors"].clone())), Some((json!(2), json!(0))));
        let failed = shown("failed", &["failed", "bake::run::image", "in eu-central-1 is failed:"]);
        assert_eq!(failed["state"], "failed");
        assert_eq!(shown("interrupted", &["interrupted", "perhaps"])["state"], "interrupted");
    }
}

fn on(ec2: &Ec2, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(folder, arguments);
    command.args(["--endpoint-url", &ec2.endpoint, "--endpoint-scale", "500"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIDREHEARSAL").env("AWS_SECRET_ACCESS_KEY", "secret");
    finish(&mut command, "")
}

#[test]
fn runs_of_all_formats_go_on_and_are_cleaned() {
    for format in FORMATS {
        let ec2 = Ec2::start(&["--scale", "500", "--no-throttle"]);
        let folder = old(format, "interrupted");
        let port = format!("port={}", ec2.ssh.port());
        let ran = on(&ec2, folder.path(), &["resume", "last", "--runs", "interrupted", "--var", &port]);
        assert_eq!(ran.code, 0, "{}", ran.said());
        assert_eq!(ec2.all("images").len(), 3, "{}", ran.said());
        assert!(bakec(folder.path(), &["show", "--runs", "interrupted"], "").done().contains(": built"));
        let other = old(format, "interrupted");
        let ran = on(&ec2, other.path(), &["clean", "last", "--runs", "interrupted"]);
        assert_eq!((ran.code, ec2.all("images").len(), ec2.all("key_pairs").len()), (0, 3, 0), "{}", ran.said());
        assert!(bakec(other.path(), &["show", "--runs", "interrupted"], "").done().contains(": cleaned"));
        // What is over has nothing to go on with, nor to undo.
        for run in ["built", "failed"] {
            let over = old(format, run);
            assert_eq!(on(&ec2, over.path(), &["resume", "last", "--runs", run, "--var", &port]).code, 2);
            assert_eq!(on(&ec2, over.path(), &["clean", "last", "--runs", run]).code, 0);
        }
    }
}

#[test]
fn what_is_written_today_is_as_the_schemas_say() {
    let (events, journal) = (schema("events"), schema("journal"));
    let program = "image web {\n    builder amazon-ebs {\n        region        = \"us-east-1\"\n        source_ami    = \"ami-d05e75b8\"\n        \
                   instance_type = \"m3.medium\"\n        ssh_username  = \"ubuntu\"\n        ami_name      = \"web\"\n        ami_regions   = \
                   [\"us-west-2\"]\n    }\n    provision shell { inline = [\"true\"] }\n    post {\n        manifest {}\n        then artifice { files = \
                   [\"[\"] }\n    }\n}\n";
    for (more, code) in
        [(&[][..], 1), (&["--fault", "image-fails@1"], 1), (&["--fault", "throttle@DescribeImages:50%"], 1)]
    {
        let folder = folder(&[("web.bake", program)]);
        let ran = bakec(folder.path(), &[&["run", "--rehearse", "--events", "json"], more].concat(), "");
        assert_eq!(ran.code, code, "{}", ran.said());
        all_valid(&events, &ran.out, "events");
        let last: Value = ran.out.lines().last().and_then(|l| serde_json::from_str(l).ok()).expect("an event");
        let actions = last["actions"].as_array().expect("actions");
        let count: u64 = actions.iter().filter_map(|a| a["count"].as_u64()).sum();
        assert_eq!((last["event"].as_str(), Some(count)), (Some("run_done"), last["calls"].as_u64()), "{last:#}");
        let runs = folder.path().join(".bakec/runs");
        let run = std::fs::read_dir(runs).expect("runs").flatten().next().expect("a run").path();
        all_valid(&journal, &std::fs::read_to_string(run.join("journal.jsonl")).expect("a journal"), "journal");
        // The same is read off the logs afterwards.
        let shown: Value =
            serde_json::from_str(&bakec(folder.path(), &["show", "--json"], "").done()).expect("it is JSON");
        assert_eq!(shown["actions"], last["actions"], "{shown:#}");
    }
}

#[test]
fn the_schemas_know_what_they_describe() {
    let journal = schema("journal");
    let line = read("tests/formats/1/built/journal.jsonl").lines().next().map(str::to_owned).expect("a line");
    let line: Value = serde_json::from_str(&line).expect("it is JSON");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut line = line.clone();
        change(&mut line);
        journal.is_valid(&line)
    };
    assert!(with(&|_| ()));
    assert!(!with(&|line| line["line"]["entry"] = json!("nothing")), "an entry that there is not");
    assert!(!with(&|line| line["line"]["more"] = json!(1)), "a member that nobody knows");
    assert!(!with(&|line| line["sum"] = json!("0")), "no checksum");
    assert!(
        !with(&|line| drop(line["line"].as_object_mut().and_then(|l| l.remove("salt")))),
        "a first line without salt"
    );
}

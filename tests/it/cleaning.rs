//! `bakec clean` of runs whose plan is not at hand any more, and beside runs that cannot be undone.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::executor::Server;
use crate::run::{command, folder};

#[test]
fn cleaning_needs_the_journal_alone() {
    let folder = folder(&[("data.txt", "#cloud-config")]);
    let server = Server::start("200");
    let program = format!("/// A password.\nsecret password: string\n\n{}", server.program())
        .replace("web {{timestamp}}", "web ${password}")
        .replace("ami_name", "user_data_file = \"data.txt\"\n        ami_name");
    fs::write(folder.path().join("web.bake"), program).expect("it can be written");
    server.killed(folder.path(), "StopInstances", 1, &["--var", "password=hunter22"]);
    assert!(server.passing() > 2);
    let run =
        fs::read_dir(folder.path().join(".bakec/runs")).expect("runs").next().expect("a run").expect("a run").path();
    for gone in [folder.path().join("data.txt"), run.join("plan.json"), run.join("asked.json")] {
        fs::remove_file(&gone).unwrap_or_else(|e| panic!("{}: {e}", gone.display()));
    }
    let ran = server.settle(folder.path(), &["clean", "last"]);
    assert_eq!((ran.code, server.passing(), server.images()), (0, 0, 0), "{}", ran.said());
}

#[test]
fn keys_of_the_plan_are_read_in_the_plan() {
    let folder = folder(&[]);
    let server = Server::start("200");
    let keys = "access_key = \"AKIDEXAMPLE\"\n        secret_key = \"not/a+secret/of/anyone\"\n        ami_name";
    fs::write(folder.path().join("web.bake"), server.program().replace("ami_name", keys)).expect("it can be written");
    server.killed(folder.path(), "StopInstances", 1, &[]);
    let run =
        fs::read_dir(folder.path().join(".bakec/runs")).expect("runs").next().expect("a run").expect("a run").path();
    let journal = fs::read_to_string(run.join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("\"keys\":true") && !journal.contains("AKIDEXAMPLE") && !journal.contains("not/a+secret"));
    fs::rename(run.join("plan.json"), run.join("away")).expect("it can be moved");
    let without = server.settle(folder.path(), &["clean", "last"]);
    assert!(without.code == 2 && without.errors.contains("plan.json` cannot be read"), "{}", without.said());
    fs::rename(run.join("away"), run.join("plan.json")).expect("it can be moved");
    let ran = server.settle(folder.path(), &["clean", "last"]);
    assert_eq!((ran.code, server.passing()), (0, 0), "{}", ran.said());
}

#[test]
fn a_journal_that_cannot_be_used_keeps_nobody_from_the_others() {
    let folder = folder(&[
        (".bakec/runs/20200101-000000-aaaaaa/journal.jsonl", ""),
        (".bakec/runs/20990101-000000-bbbbbb/journal.jsonl", "no line of a journal\n"),
    ]);
    let server = Server::start("200");
    fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    server.killed(folder.path(), "StopInstances", 1, &[]);
    let ran = server.settle(folder.path(), &["clean"]);
    assert_eq!((ran.code, server.passing()), (3, 0), "{}", ran.said());
    for words in ["20200101-000000-aaaaaa` has no whole line", "20990101-000000-bbbbbb` is damaged in line 1"] {
        assert!(ran.errors.contains(words), "no {words:?} in {}", ran.errors);
    }
}

#[cfg(unix)]
#[test]
fn who_ends_the_cleaning_ends_all_of_it() {
    let folder = folder(&[]);
    let server = Server::start("200");
    fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    for _ in 0..2 {
        server.killed(folder.path(), "StopInstances", 1, &[]);
    }
    let hold = server.0.ask("POST", "hold", &json!({ "when": "before", "at": 1, "action": "TerminateInstances" }));
    let mut cleaning = command(folder.path(), &["clean"]);
    cleaning.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "not-a-secret").stdin(Stdio::null());
    let child = cleaning.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let held = server.0.ask("GET", &format!("hold/{}?while=armed&wait=20", hold["hold"]), &Value::Null);
    assert_eq!(held["state"], "held", "the call never came");
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.expect("there is `kill`").success());
    std::thread::sleep(Duration::from_millis(300));
    server.0.ask("DELETE", &format!("hold/{}", hold["hold"]), &Value::Null);
    let start = Instant::now();
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(start.elapsed() < Duration::from_secs(60), "{said}");
    // The run that was begun with is undone whole, the other one not at all.
    assert_eq!((ended.status.code(), server.0.all("instances").len()), (Some(130), 1), "{said}");
}

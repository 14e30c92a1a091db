//! The peer: builds on moto that are killed as soon as a call has had its effect, then cleaned or gone on with.
//!
//! moto knows no held calls and no lost answers: the whole matrix is that of the embedded EC2. It runs only with `BAKEC_PEER=1`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::peer_builds::{Account, images};
use crate::peer_sshd::asked_for;

/// After the first answer to which of these calls the process is killed.
const POINTS: [&str; 8] = [
    "ImportKeyPair",
    "CreateSecurityGroup",
    "RunInstances",
    "StopInstances",
    "CreateImage",
    "CopyImage",
    "TerminateInstances",
    "DeleteKeyPair",
];

/// How much faster than AWS's moto's clock goes: things are there at once, and nobody needs to wait for them as long as for AWS's.
const SCALE: &str = "20";

fn bakec(account: &Account, verb: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
    command.arg(verb).args(["--endpoint-url", &account.endpoint, "--endpoint-scale", SCALE]).args(arguments);
    for name in ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"] {
        command.env_remove(name);
    }
    command.env("AWS_ACCESS_KEY_ID", "AKIDREHEARSAL").env("AWS_SECRET_ACCESS_KEY", "secret");
    command.current_dir(account.folder.path()).stdin(Stdio::null());
    command
}

/// Begins a build, and kills it after a call. Whether its images were being marked as final by then: a killer may be late.
fn killed(account: &Account, after: &str) -> bool {
    let mut command = bakec(account, "run", &["--events", "json", "template.json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("bakec starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap_or_default());
    let is_final = |event: &Value| event["event"] == "step_started" && event["step"] == "final";
    let mut late = false;
    let hit = events.any(|event| {
        late |= is_final(&event);
        event["action"] == after && event["error"].is_null()
    });
    child.kill().expect("it is there");
    child.wait().expect("it has ended");
    assert!(hit, "{after} is never called");
    events.any(|event| is_final(&event)) || late
}

#[test]
fn peer_killed_builds_on_moto_are_cleaned_or_finished() {
    if !asked_for() {
        return;
    }
    let account = Account::start();
    let mut template = account.template(
        &json!({ "ami_regions": ["eu-west-1"], "tags": { "who": "image" } }),
        json!([{ "type": "shell", "inline": ["echo hello"] }]),
    );
    for name in ["access_key", "secret_key", "custom_endpoint_ec2", "skip_metadata_api_check"] {
        template["builders"][0].as_object_mut().expect("a builder").remove(name);
    }
    fs::write(account.folder.path().join("template.json"), template.to_string()).expect("a template");
    for after in POINTS {
        for verb in ["clean", "resume"] {
            account.reset();
            let empty = account.inventory();
            let _ = fs::remove_dir_all(account.folder.path().join(".bakec"));
            let is_final = killed(&account, after);
            let out = bakec(&account, verb, &["last"]).output().expect("bakec");
            let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert!(out.status.success(), "{verb} after {after}: {said}");
            let left = account.inventory();
            // What is final stays, whoever cleans.
            let made = if verb == "resume" || is_final { 2 } else { 0 };
            assert_eq!(images(&left), made, "{verb} after {after}: {left:#} {said}");
            for (region, things) in left.as_object().expect("regions") {
                for kind in ["instances", "volumes", "key_pairs", "security_groups"] {
                    assert_eq!(things[kind], empty[region][kind], "{verb} after {after}: {kind} in {region}: {said}");
                }
                assert_eq!(things["snapshots"].as_array().map(Vec::len), things["images"].as_array().map(Vec::len));
            }
        }
    }
    eprintln!("moto: {} points tried, all right", 2 * POINTS.len());
}

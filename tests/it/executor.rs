//! The commands of the executor, as a user types them: `run`, `resume`, `clean`, `runs`, `show`, on a rehearsed EC2.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ec2::Ec2;
use crate::run::{Ran, bakec, command, finish, folder};

const WEB: &str = r#"image web {
    name = "web"

    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-d05e75b8"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "web {{timestamp}}"
    }
}
"#;

/// A template that people wrote, with a variable and a comment.
const TEMPLATE: &str = r#"{
    // made by hand
    "variables": { "size": "m3.medium", "name": null },
    "builders": [
        { "type": "amazon-ebs", "name": "one", "region": "us-east-1", "source_ami": "ami-d05e75b8",
          "instance_type": "{{user `size`}}", "ssh_username": "ubuntu", "ami_name": "{{user `name`}} one" },
        { "type": "amazon-ebs", "name": "two", "region": "us-east-1", "source_ami": "ami-d05e75b8",
          "instance_type": "{{user `size`}}", "ssh_username": "ubuntu", "ami_name": "{{user `name`}} two" }
    ]
}
"#;

fn rehearsed(folder: &Path, more: &[&str]) -> Ran {
    bakec(folder, &[&["run", "--rehearse"], more].concat(), "")
}

/// Lines of JSON.
fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

#[test]
fn a_folder_with_one_program_is_rehearsed_whole() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = rehearsed(folder.path(), &[]);
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""), "{}", ran.out);
    for words in [
        "==> web: launching a m3.medium from ami-d05e75b8\n",
        "--> web: AMIs were created:\nus-east-1: ami-",
        "\nThis was a rehearsal: no image was built, and AWS was not called.\n",
        "  us-east-1: 1 image, 1 snapshot\n    web 1",
        "and made and removed again 1 instance, 1 key pair and 1 security group.\n",
    ] {
        assert!(ran.out.contains(words), "no {words:?} in\n{}", ran.out);
    }
    let list = bakec(folder.path(), &["runs"], "").done();
    assert!(list.contains("1 of 1  built, a rehearsal") && list.contains("1 run;"), "{list}");
    let shown = bakec(folder.path(), &["show"], "").done();
    assert!(shown.contains("of web.bake: built, a rehearsal") && shown.contains("terminated"), "{shown}");
    let log = shown.lines().find_map(|line| line.trim().strip_prefix("log: ")).expect("there is a log");
    let log = std::fs::read_to_string(folder.path().join(log)).expect("the log can be read");
    assert!(log.contains(" call RunInstances us-east-1 (") && log.contains(" build done: us-east-1:ami-"), "{log}");
    assert_eq!(std::fs::read_to_string(folder.path().join(".bakec/.gitignore")).ok().as_deref(), Some("*\n"));
    // What a rehearsal made is gone: there is nothing to go on with, nor to undo.
    let over = bakec(folder.path(), &["resume", "last"], "");
    assert!(over.code == 2 && over.errors.contains("is over"), "{}", over.errors);
    let clean = bakec(folder.path(), &["clean"], "");
    assert_eq!((clean.code, clean.errors.as_str()), (0, "no run has left anything\n"));
}

#[test]
fn a_build_that_fails_is_1_and_leaves_nothing() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = rehearsed(folder.path(), &["--fault", "image-fails@1"]);
    assert_eq!(ran.code, 1, "{}", ran.said());
    assert!(ran.out.contains("Build 'web' errored") && ran.out.contains("╭─[web.bake:"), "{}", ran.out);
    assert!(ran.out.contains("It would have made no image.") && !ran.out.contains("would have left"), "{}", ran.out);
    assert!(bakec(folder.path(), &["show"], "").done().contains(": failed"));
}

#[test]
fn mistakes_are_2() {
    let folder = folder(&[("web.bake", &WEB.replace("region ", "regoin ")), ("a.json", TEMPLATE)]);
    let of = |arguments: &[&str], words: &str| {
        let ran = rehearsed(folder.path(), arguments);
        assert!(ran.code == 2 && ran.errors.contains(words), "{arguments:?}: {} {}", ran.code, ran.said());
    };
    of(&["web.bake"], "did you mean `region`?");
    of(&["wbe.bake"], "did you mean `web.bake`?");
    of(&["a.json", "--only", "ones"], "did you mean `one`?");
    of(&["a.json", "--set", "a=1"], "variables of a plan are given by `--var`");
    of(&["a.json", "--var", "name"], "write `--var NAME=VALUE`");
    of(&["a.json", "-on-error=ask"], "`--on-error ask` asks at a terminal");
    of(&["a.json", "--timeout", "90"], "`90` is no span of time");
    assert!(!folder.path().join(".bakec").exists());
}

#[test]
fn what_preflight_refuses_is_3_and_points_at_its_line() {
    // Its root is on the instance.
    let store = WEB.replace("ami-d05e75b8", "ami-eb6b8480");
    let folder = folder(&[("web.bake", &store)]);
    let ran = rehearsed(folder.path(), &[]);
    assert_eq!(ran.code, 3, "{}", ran.said());
    // The rest of the sentence may stand on the next line.
    for words in
        ["the image `ami-eb6b8480` keeps its root on the instance", "╭─[web.bake:6:9]", "source_ami    = ", "--ami"]
    {
        assert!(ran.errors.contains(words), "no {words:?} in\n{}", ran.errors);
    }
    assert_eq!(bakec(folder.path(), &["runs"], "").code, 0);
    assert!(!folder.path().join(".bakec/runs").exists(), "nothing was begun");
    let known = rehearsed(folder.path(), &["--ami", "us-east-1/ami-eb6b8480"]);
    assert_eq!(known.code, 0, "{}", known.said());
    let told = rehearsed(folder.path(), &["--events", "json"]);
    let last = events(&told.out).pop().expect("there are events");
    assert_eq!((told.code, &last["event"], &last["problem"]["origin"]["line"]), (3, &json!("refused"), &json!(6)));
    let told = rehearsed(folder.path(), &["-machine-readable"]);
    assert!(told.code == 3 && told.out.contains(",,ui,error,==> web.bake:6:9: the image"), "{}", told.out);
}

#[test]
fn the_official_instance_store_build_is_refused_by_name() {
    let examples = crate::support::root().join("examples");
    let runs = tempfile::tempdir().expect("a temporary folder");
    let runs = runs.path().join("runs").display().to_string();
    let ran = rehearsed(&examples, &["official.bake", "--only", "us-east-1-1404-pv", "--runs", &runs]);
    assert_eq!(ran.code, 3, "{}", ran.said());
    for words in ["does not build instance-store images yet", "╭─[official.bake:", "`builder amazon-ebs { … }`"] {
        assert!(ran.errors.contains(words), "no {words:?} in\n{}", ran.errors);
    }
}

#[test]
fn what_abort_leaves_is_4() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = rehearsed(folder.path(), &["-on-error=abort", "--fault", "image-fails@1"]);
    assert_eq!(ran.code, 4, "{}", ran.said());
    for words in ["Something may be left behind:", "it was a rehearsal: all of it is gone with its EC2"] {
        assert!(ran.out.contains(words), "no {words:?} in\n{}", ran.out);
    }
    assert!(ran.out.contains("It would have left 1 instance"), "{}", ran.out);
}

#[test]
fn packers_spellings_run_packers_templates() {
    let folder = folder(&[("a.json", TEMPLATE), ("vars.json", r#"{ "name": "from-a-file" }"#)]);
    let line = "-color=false -only=two -var size=m3.large -var-file=vars.json -parallel=false -parallel-builds=2 -machine-readable a.json";
    let ran = rehearsed(folder.path(), &line.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{}", ran.said());
    assert!(ran.out.contains(",two,artifact,0,id,us-east-1:ami-") && !ran.out.contains(",one,"), "{}", ran.out);
    assert!(ran.out.contains("launching a m3.large"), "{}", ran.out);
    for line in ran.out.lines() {
        assert!(
            line.split(',').count() >= 4 && line.split(',').next().is_some_and(|t| t.parse::<u64>().is_ok()),
            "{line}"
        );
    }
    let both = rehearsed(folder.path(), &["-var", "name=x", "-timestamp-ui", "-force", "-except=one", "a.json"]);
    assert!(both.code == 0 && both.out.contains("Z: ==> two: launching"), "{}", both.said());
}

#[test]
fn a_plan_comes_from_standard_input() {
    let folder = folder(&[("web.bake", WEB)]);
    let plan = bakec(folder.path(), &["compile", "web.bake"], "");
    let ran = bakec(folder.path(), &["run", "--rehearse", "-"], &plan.out);
    assert_eq!(ran.code, 0, "{}", ran.said());
    let program = bakec(folder.path(), &["run", "--rehearse", "-"], &WEB.replace("ami-d05e75b8", "ami-eb6b8480"));
    assert!(program.code == 3 && program.errors.contains("source_ami    ="), "{}", program.said());
}

#[test]
fn events_are_as_their_schema_says() {
    let folder = folder(&[("web.bake", WEB)]);
    let schema: Value =
        serde_json::from_str(&bakec(folder.path(), &["schema", "events"], "").done()).expect("it is JSON");
    let valid = jsonschema::draft202012::new(&schema).expect("the schema can be read");
    let ran = rehearsed(folder.path(), &["--events", "json", "--on-error", "cleanup"]);
    let all = events(&ran.out);
    for event in &all {
        let mistakes: Vec<String> = valid.iter_errors(event).map(|e| e.to_string()).collect();
        assert!(mistakes.is_empty(), "{event}: {mistakes:?}");
    }
    let of = |kind: &str| all.iter().filter(|e| e["event"] == kind).count();
    assert_eq!((of("run_started"), of("build_done"), of("run_done"), of("step_undone")), (1, 1, 1, 3), "{}", ran.out);
    let calls = all.last().map(|e| e["calls"].clone());
    assert_eq!(calls, Some(json!(of("call"))), "each call is an event");
}

#[test]
fn quiet_says_what_came_of_it() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = rehearsed(folder.path(), &["--quiet"]);
    assert!(ran.code == 0 && ran.errors.is_empty() && !ran.out.contains("launching"), "{}", ran.said());
    assert!(ran.out.contains("us-east-1: ami-"), "{}", ran.out);
}

#[test]
fn secrets_are_hidden_in_every_form_everywhere() {
    use base64::Engine;
    let secret = "s3cret it's (quoted)";
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("usr:{secret}"));
    let quoted = secret.replace('\'', r"'\''");
    let template = TEMPLATE
        .replace(r#""name": null"#, r#""name": "n", "password": null, "encoded": null, "quoted": null"#)
        .replace("    \"builders\"", "    \"sensitive-variables\": [\"password\"],\n    \"builders\"")
        .replace("{{user `name`}} one", "one {{user `password`}}")
        .replace("{{user `name`}} two", "two {{user `encoded`}} {{user `password` | upper}}")
        .replacen("\"ssh_username\": \"ubuntu\"", "\"ssh_username\": \"{{user `quoted`}}\"", 1);
    let folder = folder(&[("a.json", &template)]);
    for form in [&["--events", "lines"][..], &["--events", "json"], &["-machine-readable"]] {
        let vars = [format!("password={secret}"), format!("encoded={encoded}"), format!("quoted={quoted}")];
        let mut arguments = vec!["run", "--rehearse", "a.json"];
        vars.iter().for_each(|var| arguments.extend(["--var", var]));
        arguments.extend(form);
        let ran = finish(command(folder.path(), &arguments).env("BAKEC_LOG_PATH", "all.log"), "");
        assert_eq!(ran.code, 0, "{}", ran.said());
        let mut texts = vec![("output".to_owned(), ran.said())];
        texts.push(("log".to_owned(), std::fs::read_to_string(folder.path().join("all.log")).expect("there is a log")));
        let run = bakec(folder.path(), &["show"], "").done();
        for line in run.lines().filter_map(|line| line.trim().strip_prefix("log: ")) {
            texts.push((line.to_owned(), std::fs::read_to_string(folder.path().join(line)).expect("there is a log")));
        }
        texts.push(("show".to_owned(), run));
        let base = &encoded[8..encoded.len() - 4];
        for (what, text) in &texts {
            for shown in ["s3cret", "S3CRET", "(quoted)", base] {
                assert!(!text.contains(shown), "{form:?}: {shown:?} is in {what}:\n{text}");
            }
        }
        assert!(texts[0].1.contains("<sensitive>") && texts[1].1.contains("<sensitive>"), "{}", texts[0].1);
    }
}

#[test]
fn logs_go_where_the_environment_says() {
    let folder = folder(&[("web.bake", WEB)]);
    let run = |name: &str, value: &str| {
        let mut command = command(folder.path(), &["run", "--rehearse"]);
        for name in ["BAKEC_LOG", "BAKEC_LOG_PATH", "PACKER_LOG", "PACKER_LOG_PATH"] {
            command.env_remove(name);
        }
        let ran = finish(command.env(name, value).env("PACKER_LOG_PATH", "packer.log"), "");
        (ran, std::fs::read_to_string(folder.path().join("packer.log")).ok())
    };
    let (ran, file) = run("BAKEC_LOG", "1");
    assert!(ran.errors.contains("[web] call RunInstances us-east-1 (") && file.is_none(), "{}", ran.errors);
    let (ran, file) = run("PACKER_LOG", "0");
    assert!(ran.errors.is_empty() && file.is_none(), "{}", ran.errors);
    let (ran, file) = run("PACKER_LOG", "1");
    let file = file.unwrap_or_default();
    assert!(
        ran.errors.is_empty() && file.contains("[web] step launch: launching a m3.medium"),
        "{} {file}",
        ran.errors
    );
}

#[test]
fn a_pause_after_each_step_is_ended_by_the_keyboard() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = bakec(folder.path(), &["run", "--rehearse", "-debug"], &"\n".repeat(50));
    let pauses = ran.out.matches("Enter goes on").count();
    assert!(ran.code == 0 && pauses > 6, "{pauses}: {}", ran.out);
    let ran = rehearsed(folder.path(), &["--debug"]);
    let pauses = ran.out.matches("Enter goes on").count();
    assert!(ran.code == 0 && pauses == 1 && ran.out.contains("there is no keyboard"), "{pauses}: {}", ran.out);
}

/// An EC2, and who calls it.
pub(crate) struct Server(pub(crate) Ec2);

impl Server {
    pub(crate) fn start(scale: &str) -> Server {
        Server(Ec2::start(&["--scale", scale]))
    }

    /// Leases of all that is there end long ago.
    fn end_leases(&self) {
        let inventory = self.0.ask("GET", "inventory", &Value::Null);
        let lists = inventory.as_object().into_iter().flat_map(|lists| lists.values()).filter_map(Value::as_array);
        let ids = lists.flatten().filter_map(|thing| thing["id"].as_str()).enumerate();
        let ids: String = ids.map(|(n, id)| format!("&ResourceId.{}={id}", n + 1)).collect();
        let body =
            format!("Action=CreateTags&Version=2016-11-15&Tag.1.Key=bakec:lease&Tag.1.Value=2020-01-01T00:00:00Z{ids}");
        let scope =
            "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let answer = self.0.send("POST /", &format!("Authorization: {scope}\r\n"), &body);
        assert!(answer.contains("CreateTagsResponse"), "{answer}");
    }

    /// Everything that exists, but images and snapshots.
    pub(crate) fn passing(&self) -> usize {
        let kinds = ["instances", "volumes", "key_pairs", "security_groups"];
        kinds.iter().map(|kind| self.0.all(kind).len()).sum()
    }

    pub(crate) fn images(&self) -> usize {
        self.0.all("images").len()
    }

    /// A program whose machines are reached here.
    pub(crate) fn program(&self) -> String {
        let port = self.0.ssh.port();
        let ssh = format!("ssh_username  = \"ubuntu\"\n        ssh_host = \"127.0.0.1\"\n        ssh_port = {port}");
        WEB.replace("ssh_username  = \"ubuntu\"", &ssh)
    }

    pub(crate) fn run(&self, folder: &Path, scale: &str, more: &[&str]) -> Command {
        let mut command = command(folder, &["run", "--endpoint-url", &self.0.endpoint, "--endpoint-scale", scale]);
        command.args(more).env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "not-a-secret");
        command
    }

    /// Lets a call stand still when it comes: what tells that it does.
    fn hold(&self, when: &str, action: &str, at: u32) -> impl Fn() {
        let hold = self.0.ask("POST", "hold", &json!({ "when": when, "at": at, "action": action }));
        move || {
            let held = self.0.ask("GET", &format!("hold/{}?while=armed&wait=20", hold["hold"]), &Value::Null);
            assert_eq!(held["state"], "held", "the call never came");
        }
    }

    /// A run that is killed when a call has had its effect, and before its answer.
    pub(crate) fn killed(&self, folder: &Path, action: &str, at: u32, more: &[&str]) {
        let held = self.hold("after", action, at);
        let mut command = self.run(folder, "200", more);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        held();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    pub(crate) fn settle(&self, folder: &Path, arguments: &[&str]) -> Ran {
        finish(
            command(folder, arguments).env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            "",
        )
    }
}

#[test]
fn a_run_that_was_killed_goes_on_to_one_image() {
    let folder = folder(&[]);
    let server = Server::start("200");
    std::fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    server.killed(folder.path(), "CreateImage", 1, &[]);
    assert!(bakec(folder.path(), &["runs"], "").done().contains("0 of 1  interrupted"));
    let shown = bakec(folder.path(), &["show"], "").done();
    for words in [
        "may be left:\n  perhaps the image of `web`",
        "instance i-",
        "go on: bakec resume 20",
        "undo it: bakec clean 20",
    ] {
        assert!(shown.contains(words), "no {words:?} in\n{shown}");
    }
    let listed = server.settle(folder.path(), &["clean", "--dry-run"]);
    assert!(listed.code == 0 && listed.out.contains("security group sg-") && server.passing() > 2, "{}", listed.out);
    let ran = server.settle(folder.path(), &["resume", "last"]);
    assert_eq!((ran.code, server.passing(), server.images()), (0, 0, 1), "{}", ran.said());
    assert!(ran.out.contains("looking what came of a step that was begun"), "{}", ran.out);
    // Nothing that is finished is undone.
    assert_eq!((server.settle(folder.path(), &["clean", "last"]).code, server.images()), (0, 1));
}

#[test]
fn what_a_killed_run_left_is_undone() {
    let folder = folder(&[("other/x", "")]);
    let server = Server::start("200");
    std::fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    // The first one is a dry run.
    server.killed(folder.path(), "RunInstances", 2, &[]);
    // From another folder the run is named with its place.
    let other = folder.path().join("other");
    let none = server.settle(&other, &["clean", "last"]);
    assert!(none.code == 2 && none.errors.contains("there are no runs in `.bakec/runs`"), "{}", none.said());
    let ran = server.settle(&other, &["clean", "last", "--runs", "../.bakec/runs"]);
    assert_eq!((ran.code, server.passing(), server.images()), (0, 0, 0), "{}", ran.said());
    assert!(ran.errors.contains("nothing is left of the run"), "{}", ran.errors);
    assert!(bakec(folder.path(), &["runs"], "").done().contains("cleaned"));
}

#[test]
fn without_its_records_a_run_is_undone_by_its_tags() {
    let folder = folder(&[]);
    let server = Server::start("200");
    std::fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    server.killed(folder.path(), "StopInstances", 1, &[]);
    std::fs::remove_dir_all(folder.path().join(".bakec")).expect("the records can be lost");
    let endpoint = &server.0.endpoint;
    let sweep = |more: &[&str]| {
        let by = ["clean", "--region", "us-east-1,eu-west-1", "--endpoint-url", endpoint, "--endpoint-scale", "200"];
        server.settle(folder.path(), &[&by[..], more].concat())
    };
    let young = sweep(&[]);
    assert!(young.code == 0 && young.out.contains("stays, its run") && server.passing() > 2, "{}", young.said());
    let living = sweep(&["--older-than", "0s"]);
    assert!(living.code == 0 && living.out.contains("stays, its run lives until"), "{}", living.said());
    assert!(server.passing() > 2, "a lease lives");
    // A run that was killed lives as long as its lease.
    server.end_leases();
    let listed = sweep(&["--older-than", "0s", "--dry-run"]);
    assert!(listed.out.contains("  instance i-") && server.passing() > 2, "{}", listed.out);
    let swept = sweep(&["--older-than", "0s"]);
    assert_eq!((swept.code, server.passing()), (0, 0), "{}", swept.said());
    assert!(sweep(&[]).out.contains("no run has left anything in `us-east-1` or `eu-west-1`"));
    let near = bakec(folder.path(), &["clean", "--region", "us-esat-1"], "");
    assert!(near.code == 2 && near.errors.contains("did you mean `us-east-1`?"), "{}", near.errors);
}

#[cfg(unix)]
#[test]
fn signals_end_a_run_in_steps() {
    let folder = folder(&[]);
    let server = Server::start("10");
    std::fs::write(folder.path().join("web.bake"), server.program()).expect("it can be written");
    let signal = |child: &Child, name: &str| {
        let done = Command::new("kill").args([name, &child.id().to_string()]).status().expect("there is `kill`");
        assert!(done.success());
    };
    let until = |what: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < Duration::from_secs(30), "it never came");
            std::thread::sleep(Duration::from_millis(30));
        }
    };
    let start = || {
        let mut child = server
            .run(folder.path(), "10", &[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let launched = || !server.0.all("instances").is_empty();
        until(&launched);
        assert!(child.try_wait().is_ok_and(|ended| ended.is_none()));
        child
    };
    let child = start();
    signal(&child, "-TERM");
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!((ended.status.code(), server.passing()), (Some(130), 0), "{said}");
    assert!(said.contains("Build 'web' was cancelled") && said.contains("Cleanly cancelled builds"), "{said}");
    // Three of them end it at once, and say what remains.
    let held = server.hold("before", "TerminateInstances", 1);
    let mut child = start();
    signal(&child, "-INT");
    held();
    signal(&child, "-INT");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("nothing is waited for any more")));
    signal(&child, "-INT");
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(4), "{said}");
    assert!(said.contains(" of `web`\n") && said.contains("undo it: bakec clean 20"), "{said}");
    let clean = server.settle(folder.path(), &["clean", "last"]);
    assert_eq!((clean.code, server.passing()), (0, 0), "{}", clean.said());
}

#[test]
fn runs_are_found_by_what_tells_them_apart() {
    let folder = folder(&[("web.bake", WEB)]);
    let none = bakec(folder.path(), &["show", "last"], "");
    assert!(none.code == 2 && none.errors.contains("there are no runs in `.bakec/runs`"), "{}", none.errors);
    for _ in 0..2 {
        assert_eq!(rehearsed(folder.path(), &["--quiet"]).code, 0);
    }
    let all: Value = serde_json::from_str(&bakec(folder.path(), &["runs", "--json"], "").out).expect("it is JSON");
    let names: Vec<&str> = all.as_array().expect("a list").iter().filter_map(|run| run["run"].as_str()).collect();
    assert_eq!((names.len(), &all[0]["state"], &all[0]["rehearsed"]), (2, &json!("built"), &json!(true)));
    let shown = |name: &str| bakec(folder.path(), &["show", name, "--json"], "");
    let last: Value = serde_json::from_str(&shown("last").out).expect("it is JSON");
    assert_eq!((&last["run"], &last["builds"][0]["state"]), (&json!(names[0]), &json!("built")));
    assert_eq!(shown(names[1]).code, 0);
    let several = shown("20");
    assert!(several.code == 2 && several.errors.contains("several runs begin with `20`"), "{}", several.errors);
    let near = shown(&names[0].replace('-', "_"));
    assert!(near.code == 2 && near.errors.contains(&format!("did you mean `{}`?", names[0])), "{}", near.errors);
}

#[test]
fn secrets_are_asked_for_again() {
    let folder = folder(&[]);
    let server = Server::start("200");
    let program = format!("/// A password.\nsecret password: string\n\n{}", server.program())
        .replace("web {{timestamp}}", "web ${password}");
    std::fs::write(folder.path().join("web.bake"), program).expect("it can be written");
    server.killed(folder.path(), "StopInstances", 1, &["--var", "password=hunter22"]);
    let ran = server.settle(folder.path(), &["resume", "last"]);
    assert!(ran.code == 3 && ran.errors.contains("`password` must be given again"), "{}", ran.said());
    let ran = server.settle(folder.path(), &["resume", "last", "-var", "password=hunter22"]);
    assert_eq!((ran.code, server.passing(), server.images()), (0, 0, 1), "{}", ran.said());
    assert!(!ran.said().contains("hunter22"), "{}", ran.said());
}

#[test]
fn files_are_looked_for_under_the_names_that_variables_give_them() {
    let template = |source: &str| {
        TEMPLATE.replacen(
            "\"builders\"",
            &format!("\"provisioners\": [{{ \"type\": \"file\", \"source\": \"{source}\", \"destination\": \"/tmp/a\" }}],\n    \"builders\""),
            1,
        )
    };
    let folder = folder(&[
        ("right.json", &template("{{user `name`}}/a")),
        ("wrong.json", &template("{{user `size`}}/a")),
        ("files/a", "a\n"),
    ]);
    let right = rehearsed(folder.path(), &["right.json", "--only", "one", "-var", "name=files"]);
    assert!(right.code == 0 && right.out.contains("uploaded `files/a` to `/tmp/a`"), "{}", right.said());
    let wrong = rehearsed(folder.path(), &["wrong.json", "-var", "name=files"]);
    assert!(wrong.code == 3 && wrong.errors.contains("the file `m3.medium/a` cannot be read"), "{}", wrong.said());
    // Both builds want it, and it is told once.
    assert!(wrong.errors.contains("\n1 error\n"), "{}", wrong.errors);
}

#[test]
fn a_region_that_does_not_exist_is_no_matter_of_credentials() {
    let folder = folder(&[("web.json", &TEMPLATE.replace("us-east-1", "us-esat-1"))]);
    let ran = rehearsed(folder.path(), &["web.json"]);
    assert_eq!(ran.code, 3, "{}", ran.said());
    for words in ["bake::run::region", "AWS does not answer for `us-esat-1`", "did you mean `us-east-1`?"] {
        assert!(ran.errors.contains(words), "no {words:?} in\n{}", ran.errors);
    }
}

#[test]
fn what_an_aborted_rehearsal_leaves_is_not_said_to_be_gone() {
    let folder = folder(&[("web.bake", WEB)]);
    let ran = rehearsed(folder.path(), &["--on-error", "abort", "--fault", "image-fails@1"]);
    assert!(ran.code == 4 && ran.out.contains("image, stop") && ran.out.contains("[bake::run::abort]"), "{}", ran.out);
    assert!(ran.out.contains("It would have left 1 instance") && !ran.out.contains("removed again"), "{}", ran.out);
}

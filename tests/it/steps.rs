//! Options of provisioners that are accepted are honoured: each is given two values, and what is done differs.
//!
//! What is done is the session on a machine of the embedded EC2, with the files that lie there, what commands here write, what people
//! are told, and how it ends. Neighbours: `steps_table` has the values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::InstanceType;
use bakec::packer::read_placed;
use bakec::rehearse::{Server, Settings as Rehearsal};
use bakec::run::aws::{Cloud, Reach};
use bakec::run::build::{Access, Build, Ssh};
use bakec::run::cancel::Cancel;
use bakec::run::event::{Event, Events, What};
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::key;
use bakec::run::problem::Problem;
use bakec::run::provision::{Ground, provision};
use bakec::run::render::Given;
use bakec::run::secret::Gate;
use bakec::run::ssh::{HostKeyPin, Shell, Target, connect};
use bakec::schema::{Category, Kinds};
use bakec::text::FileId;
use regex::Regex;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::prelude::kinds;
use crate::steps_table::{Case, KINDS, cases, elsewhere, refused};
use crate::support::none;

/// A machine, and who is told what is done on it.
pub(crate) struct Bench {
    server: Server,
    shell: Shell,
    ssh: Ssh,
    key: PathBuf,
    events: Events,
    told: UnboundedReceiver<Event>,
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new(faults: &[&str]) -> Bench {
        let faults = faults.iter().map(|fault| fault.parse().expect("a fault")).collect();
        let rehearsal = Rehearsal { scale: 1000.0, throttle: false, record: true, faults, ..Rehearsal::default() };
        let server = Server::start(rehearsal).await.expect("a server");
        let folder = tempfile::tempdir().expect("a folder");
        let (events, told) = Events::new(Gate::default());
        let reach = Reach { endpoint: Some(server.endpoint.clone()), any_credentials: true, ..Reach::default() };
        let access = Access { region: "us-east-1".to_owned(), ..Access::default() };
        let cloud =
            Cloud::open(&access, &reach, &events, &Cancel::never(), Default::default()).await.expect("an account");
        let ec2 = &cloud.region("us-east-1").ec2;
        let private = key::make("ed25519", None).expect("a key");
        let file = folder.path().join("key.pem");
        key::write(&private, &file).expect("a key file");
        let public = key::public_line(&private, "steps").expect("its public half");
        ec2.import_key_pair().key_name("steps").public_key_material(Blob::new(public)).send().await.expect("a pair");
        let group = ec2.create_security_group().group_name("steps").description("steps").send().await.expect("a group");
        let group = group.group_id().expect("its id");
        let open = ec2.authorize_security_group_ingress().group_id(group).ip_protocol("tcp").cidr_ip("127.0.0.1/32");
        open.from_port(22).to_port(22).send().await.expect("it is open");
        let launch = ec2.run_instances().image_id("ami-d05e75b8").instance_type(InstanceType::M3Medium);
        let launch = launch.key_name("steps").security_group_ids(group).min_count(1).max_count(1);
        launch.send().await.expect("a machine");
        let ssh = Ssh {
            port: 22,
            username: "ubuntu".to_owned(),
            timeout: std::time::Duration::from_secs(60),
            handshake_attempts: 10,
            ..Ssh::default()
        };
        let target = Target { host: "127.0.0.1".to_owned(), port: server.ssh.port() };
        let keys = [key::read(&file).expect("the key")];
        let shell =
            connect(&target, &ssh, &keys, &HostKeyPin::default(), &events, &Cancel::never()).await.expect("a shell");
        Bench { server, shell, ssh, key: file, events, told, folder }
    }

    /// Does the step of a plan: what was done, told, and how it ended.
    pub(crate) async fn done(
        &mut self,
        kinds: &Arc<Kinds>,
        step: &Value,
    ) -> Result<(String, Result<(), Problem>), Vec<Problem>> {
        let build = read(kinds, step)?;
        let Some(work) = build.provisioners.first() else { return Ok(("no step".to_owned(), Ok(()))) };
        // Nothing of an earlier step lies there.
        self.shell.run("rm -rf /tmp /var/tmp /home/ubuntu", None, &mut |_, _| ()).await.expect("an empty machine");
        while self.told.try_recv().is_ok() {}
        let before = self.server.commands().len();
        let mut values: Given = build.values.clone();
        for (name, value) in [("ID", "i-1"), ("Host", "127.0.0.1"), ("PackerHTTPAddr", "")] {
            values.build.insert(name.to_owned(), value.to_owned());
        }
        let cancel = Cancel::never();
        let mut ground = Ground {
            shell: Some(&mut self.shell),
            machine: Some((&self.ssh, Some(&self.key))),
            build: "one",
            ..Ground::here(&values, &self.events, &cancel)
        };
        let ended = provision(work, &mut ground).await;
        let mut text = String::new();
        for command in self.server.commands().into_iter().skip(before) {
            text += &format!("$ {}\n", command.line);
            for (path, bytes) in command.files {
                text += &format!("  {path}: {:?}\n", String::from_utf8_lossy(&bytes));
            }
        }
        while let Ok(event) = self.told.try_recv() {
            match event.what {
                What::Say { text: said } | What::Warn { text: said } => text += &format!("# {said}\n"),
                What::Output { line, .. } => text += &format!("> {line}\n"),
                _ => {}
            }
        }
        text += &format!("{:?}\n", ended.as_ref().map_err(|problem| &problem.message));
        Ok((self.plain(&text), ended))
    }

    /// The text without what differs from run to run.
    fn plain(&self, text: &str) -> String {
        let random = Regex::new(
            r"(script_|varfile_)\d+|[0-9a-f]{32}|(bakec-shell|bakec-ansible-inventory|ansible-local)[A-Za-z0-9]+|/tmp/\.tmp\w+|up since.*",
        );
        let text = random.expect("a pattern").replace_all(text, "${1}${2}N");
        text.replace(&self.server.ssh.port().to_string(), "PORT")
    }
}

/// The build of a plan that has one step.
fn read(kinds: &Arc<Kinds>, step: &Value) -> Result<Build, Vec<Problem>> {
    let builder = |name: &str| json!({ "type": "null", "name": name, "ssh_host": "127.0.0.1", "ssh_username": "ubuntu", "ssh_password": "x" });
    let text = json!({ "builders": [builder("one"), builder("two")], "provisioners": [step] }).to_string();
    let (document, problems) = read_placed(FileId(0), "plan.json", &text);
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: BTreeMap::new(),
        kinds: kinds.clone(),
        except_posts: Vec::new(),
    };
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    let (builds, _) = builds(&document, &inputs, &Gate::default())?;
    Ok(builds.into_iter().next().expect("a build"))
}

/// A step with these options beside those that it needs; `null` takes one away.
fn step(case: &Case, value: &Value) -> Value {
    let mut all = Map::new();
    all.insert("type".to_owned(), json!(case.kind));
    for options in [&case.base, &case.with] {
        all.extend(options.as_object().cloned().into_iter().flatten());
    }
    all.insert(case.option.to_owned(), value.clone());
    all.retain(|_, value| !value.is_null());
    Value::Object(all)
}

/// All options of the kinds, by the schema.
fn options(kinds: &Kinds) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for kind in KINDS {
        let known = kinds.get(&(Category::Provisioner, (*kind).into())).unwrap_or_else(|| panic!("no kind `{kind}`"));
        all.extend(known.options.keys().map(|option| ((*kind).to_owned(), option.to_string())));
    }
    all
}

#[test]
fn every_option_of_a_provisioner_is_in_the_table() {
    let kinds = kinds();
    let (all, folder) = (options(&kinds), Path::new("/nowhere"));
    let mut tabled: BTreeMap<(String, String), usize> = BTreeMap::new();
    let honoured: BTreeSet<(String, String)> =
        cases(folder).iter().map(|case| (case.kind.to_owned(), case.option.to_owned())).collect();
    let of = |(kind, option, _): &(&str, &str, &str)| ((*kind).to_owned(), (*option).to_owned());
    for option in honoured.iter().cloned().chain(elsewhere().iter().map(of)).chain(refused().iter().map(of)) {
        *tabled.entry(option).or_default() += 1;
    }
    let mut mistakes: Vec<String> = Vec::new();
    for (kind, option) in &all {
        match tabled.get(&(kind.clone(), option.clone())) {
            Some(1) => {}
            Some(count) => mistakes.push(format!("`{option}` of `{kind}` stands in {count} tables")),
            None => mistakes.push(format!("`{option}` of `{kind}` stands in no table")),
        }
    }
    mistakes.extend(tabled.keys().filter(|known| !all.contains(*known)).map(|known| format!("there is no {known:?}")));
    let (refused, elsewhere) = (refused(), elsewhere());
    println!(
        "{} options of {} provisioners: {} honoured here, {} elsewhere, {} not",
        all.len(),
        KINDS.len(),
        honoured.len(),
        elsewhere.len(),
        refused.len()
    );
    // Other tests are named, and are there.
    let tests: String =
        ["steps.rs", "stopped.rs"].map(|file| crate::support::read(&format!("tests/it/{file}"))).concat();
    mistakes.extend(
        elsewhere.iter().filter(|(.., test)| !tests.contains(&format!("fn {test}("))).map(|e| format!("{e:?}")),
    );
    none(mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_option_of_a_provisioner_makes_a_difference() {
    let kinds = Arc::new(kinds());
    let mut bench = Bench::new(&[]).await;
    let folder = bench.folder.path().to_owned();
    crate::steps_table::furnish(&folder);
    let mut mistakes = Vec::new();
    for case in cases(&folder) {
        let mut done = Vec::new();
        for value in [&case.one, &case.other] {
            match bench.done(&kinds, &step(&case, value)).await {
                Ok((text, _)) => done.push(text),
                Err(problems) => {
                    mistakes.push(format!("{} of {}: {value} is refused: {problems:?}", case.option, case.kind))
                }
            }
        }
        if let [one, other] = &done[..]
            && one == other
        {
            mistakes.push(format!("{} of {} makes no difference:\n{one}", case.option, case.kind));
        }
    }
    none(mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_step_does_the_same() {
    let kinds = Arc::new(kinds());
    let mut bench = Bench::new(&[]).await;
    let folder = bench.folder.path().to_owned();
    crate::steps_table::furnish(&folder);
    for kind in KINDS {
        let base = crate::steps_table::base(kind, &folder);
        let case = Case { kind, option: "pause_before", one: Value::Null, other: Value::Null, with: json!({}), base };
        let mut done = Vec::new();
        for _ in 0..2 {
            done.push(bench.done(&kinds, &step(&case, &Value::Null)).await.expect("a step").0);
        }
        assert!(
            kind.contains("restart") || *kind == "reboot" || done[0] == done[1],
            "{kind}:\n{}\n{}",
            done[0],
            done[1]
        );
    }
}

#[test]
fn what_is_not_done_is_refused_by_name() {
    let kinds = Arc::new(kinds());
    let mut mistakes = Vec::new();
    for (kind, option, why) in refused() {
        let Some(value) = crate::steps_table::refused_value(option) else { continue };
        let base = crate::steps_table::base(kind, Path::new("/nowhere"));
        let case = Case { kind, option, one: value.clone(), other: Value::Null, with: json!({}), base };
        let named = |problem: &Problem| problem.message.contains(&format!("`{option}`"));
        match read(&kinds, &step(&case, &value)) {
            Err(problems) if problems.iter().any(named) => {}
            other => mistakes.push(format!("`{option}` of `{kind}`, {why}: {:?}", other.map(|b| b.provisioners))),
        }
    }
    none(mistakes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_tried_again_while_its_time_lasts() {
    let kinds = Arc::new(kinds());
    for (kind, fault) in [("shell", "ssh-reset@2"), ("powershell", "ssh-reset@2")] {
        for (time, good) in [("0s", false), ("1m", true)] {
            let mut bench = Bench::new(&[fault]).await;
            let step = json!({ "type": kind, "inline": ["echo hello"], "start_retry_timeout": time });
            let (text, ended) = bench.done(&kinds, &step).await.expect("a step");
            assert_eq!(ended.is_ok(), good, "{kind} {time}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_may_be_expected() {
    let kinds = Arc::new(kinds());
    let disconnect = json!([0, 2_300_218]);
    for (kind, session, options, good) in [
        ("shell", 5, json!({ "expect_disconnect": false }), false),
        ("shell", 5, json!({ "expect_disconnect": true }), true),
        ("shell", 5, json!({ "valid_exit_codes": disconnect }), true),
        ("powershell", 6, json!({}), false),
        ("powershell", 6, json!({ "valid_exit_codes": disconnect }), true),
    ] {
        let mut bench = Bench::new(&[&format!("ssh-no-exit@{session}")]).await;
        let mut step = json!({ "type": kind, "inline": ["echo hello"], "skip_clean": true });
        step.as_object_mut().expect("a step").extend(options.as_object().cloned().expect("options"));
        let (text, ended) = bench.done(&kinds, &step).await.expect("a step");
        assert_eq!(ended.is_ok(), good, "{kind} {options}: {text}");
        assert!(good || text.contains("was lost while the inline script ran"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_of_commands_here_are_not_in_their_arguments() {
    let kinds = Arc::new(kinds());
    let mut bench = Bench::new(&[]).await;
    let look =
        "for all in /proc/[0-9]*/cmdline; do case \"$(tr '\\0' ' ' 2>&- < $all)\" in *\"$T\"*) echo seen;; esac; done";
    let value = format!("it's {:x}", rand::random::<u64>());
    let step = |more: Value| {
        let mut step = json!({ "type": "shell-local", "inline": ["echo \"$T of $PACKER_BUILD_NAME\"", look], "env": { "T": value } });
        step.as_object_mut().expect("a step").extend(more.as_object().cloned().expect("options"));
        step
    };
    let (text, ended) = bench.done(&kinds, &step(json!({}))).await.expect("a step");
    assert!(ended.is_ok() && text.contains(&format!("> {value} of one\n")) && !text.contains("seen"), "{text}");
    // Who writes the command himself says where they go.
    for own in [
        json!({ "execute_command": ["/bin/sh", "-c", "{{.Vars}} {{.Script}}; true"] }),
        json!({ "env_var_format": "%s='%s' " }),
    ] {
        let (text, ended) = bench.done(&kinds, &step(own.clone())).await.expect("a step");
        assert!(ended.is_ok() && text.contains(&format!("> {value} of one\n")), "{own}: {text}");
    }
    let bare = json!({ "execute_command": ["/bin/sh", "-c", "{{.Script}}"] });
    let (text, ended) = bench.done(&kinds, &step(bare)).await.expect("a step");
    assert!(ended.is_ok() && text.contains(">  of \n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_proven_by_the_start_of_the_machine() {
    let kinds = Arc::new(kinds());
    let mut bench = Bench::new(&[]).await;
    for kind in ["reboot", "windows-restart"] {
        let (text, ended) = bench.done(&kinds, &json!({ "type": kind })).await.expect("a step");
        assert!(ended.is_ok() && text.contains("# the machine is back"), "{text}");
        // A command that restarts nothing is found out, though the machine answers all the time.
        let step = json!({ "type": kind, "restart_command": "true", "restart_timeout": "2s" });
        let (text, ended) = bench.done(&kinds, &step).await.expect("a step");
        assert!(
            ended.is_err_and(|p| p.code.as_str() == "bake::run::wait" && p.message.contains("within 2 s")),
            "{text}"
        );
        let (text, ended) =
            bench.done(&kinds, &json!({ "type": kind, "restart_command": "exit 3" })).await.expect("a step");
        assert!(ended.is_err_and(|p| p.message.contains("exit status 3")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_as_another_user_runs_as_a_task_that_is_gone_afterwards() {
    let kinds = Arc::new(kinds());
    let mut bench = Bench::new(&[]).await;
    let step = json!({
        "type": "powershell", "inline": ["whoami"], "elevated_user": "Administrator", "elevated_password": "it's",
        "skip_clean": true, "environment_vars": ["A=a $b"],
    });
    let (text, ended) = bench.done(&kinds, &step).await.expect("a step");
    assert!(ended.is_ok(), "{text}");
    for wanted in [
        "$ powershell -ExecutionPolicy Bypass -File c:/Windows/Temp/bakec-elevated-N.ps1",
        "Register-ScheduledTask -TaskName $name",
        "-Password 'it''s' -RunLevel Highest",
        "Unregister-ScheduledTask",
        "$env:A=\\\"a `$b\\\"; ",
        "Remove-Item -Force -LiteralPath 'c:/Windows/Temp/bakec-elevated-N.ps1'",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    // Nobody is shown the password, in either form.
    let shown = bench.events.gate().pass("a: it's, a: it''s");
    assert_eq!(shown, "a: <sensitive>, a: <sensitive>");
    // What hinders that its file goes away is not why the script has failed.
    let mut bench = Bench::new(&["ssh-no-exit@8", "ssh-no-exit@9"]).await;
    let mut step = step;
    step["start_retry_timeout"] = json!("0s");
    let (text, ended) = bench.done(&kinds, &step).await.expect("a step");
    assert!(ended.is_err_and(|p| p.message.contains("was lost while the inline script ran")), "{text}");
    assert!(text.contains("# what holds the password of the elevated user may still be on the machine"), "{text}");
    let wrong = json!({
        "type": "powershell", "inline": ["whoami"], "elevated_user": "a", "elevated_password": "{{.WinRMPassword}}",
    });
    let problems = read(&kinds, &wrong).expect_err("there is no such password over SSH");
    assert!(problems.iter().any(|p| p.message.contains("`WinRMPassword` is the password of")), "{problems:?}");
}

//! Steps that are stopped, asked about, or wait: here and on the machine, and what a run that goes on makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakec::diagnostic::code;
use bakec::packer::read_placed;
use bakec::run::bake;
use bakec::run::cancel::Cancel;
use bakec::run::event::{Event, Events, What};
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::journal::line::Entry;
use bakec::run::journal::{FILE, fold, peek};
use bakec::run::pause::{Answer, Pause, Question};
use bakec::run::secret::Gate;
use bakec::run::settings::{OnError, Outcome};
use bakec::run::settle::resume;
use bakec::text::FileId;
use serde_json::{Value, json};

use crate::baked::{House, failure, is_done, program};
use crate::ended::{problem, told};
use crate::image::image;

/// A house in which steps here are really done.
async fn house() -> House {
    let mut house = House::new().await;
    house.settings.rehearsed = false;
    house
}

fn web(steps: &str) -> String {
    image("web", "ami_name = \"web\"", steps)
}

/// A step here, of one command.
fn local(command: &str) -> String {
    format!("provision shell-local \"here\" {{ inline = [{}] }}", serde_json::Value::from(command))
}

/// How often a machine was launched.
fn launches(house: &House) -> usize {
    house.server.calls().iter().filter(|call| call.action == "RunInstances" && call.effect).count()
}

fn lines(events: &[What]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|what| if let What::Output { line, .. } = what { Some(line.as_str()) } else { None })
        .collect()
}

/// Makes the build of a plan that has these steps: how it ended, and what was told.
async fn planned(house: &House, steps: Value) -> (Outcome, Vec<What>) {
    let plan = json!({
        "variables": { "password": "hunter22" },
        "sensitive-variables": ["password"],
        "builders": [{
            "type": "amazon-ebs", "name": "web", "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
            "ssh_username": "ubuntu", "ami_name": "web {{uuid}}",
        }],
        "provisioners": steps,
    });
    let (document, problems) = read_placed(FileId(0), "plan.json", &plan.to_string());
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: BTreeMap::new(),
        kinds: Arc::default(),
        except_posts: Vec::new(),
    };
    let gate = Gate::default();
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    let (builds, _) = builds(&document, &inputs, &gate).unwrap_or_else(|problems| panic!("{problems:?}"));
    let (events, mut reader) = Events::new(gate);
    let outcome = bake(builds, house.settings.clone(), events, Cancel::never()).await;
    let mut told = Vec::new();
    while let Ok(event) = reader.try_recv() {
        told.push(event.what);
    }
    (outcome, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_here_know_the_machine_and_tell_no_secrets() {
    let house = house().await;
    let step = json!({
        "type": "shell-local", "environment_vars": ["P={{user `password`}}", "M={{build `ID`}}"],
        "inline": ["echo $P on $M as $PACKER_BUILD_NAME"],
    });
    let (outcome, events) = planned(&house, json!([step])).await;
    assert!(is_done(&outcome), "{outcome:?}");
    let line = lines(&events).into_iter().find(|line| line.ends_with("as web")).expect("its line");
    assert!(line.starts_with("<sensitive> on i-"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_does_nothing_here() {
    let house = House::new().await;
    let mark = house.settings.runs.join("mark");
    let steps = format!(
        "{}\nprovision breakpoint {{ note = \"look\" }}\nprovision file {{ source = \"no-such-file\", destination = \"/tmp/x\", generated = true }}",
        local(&format!("touch {}", mark.display()))
    );
    let (outcome, events) = told(&house, &web(&steps), |_| false).await;
    assert!(is_done(&outcome), "{outcome:?}");
    let text = format!("{events:?}");
    for said in
        ["the inline script was not run on this machine", "would wait for Enter here", "a rehearsal does not run"]
    {
        assert!(text.contains(said), "no {said:?}: {text}");
    }
    assert!(!mark.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_here_that_is_cancelled_ends_with_all_that_it_has_started() {
    let house = house().await;
    let mark = house.settings.runs.join("inner");
    let steps = local(&format!("sh -c 'echo $$ > {}; echo begun; sleep 100' & wait", mark.display()));
    let start = Instant::now();
    let (outcome, _) =
        told(&house, &web(&steps), |what| matches!(what, What::Output { line, .. } if line == "begun")).await;
    assert!(outcome.cancelled && outcome.left.is_empty() && start.elapsed() < Duration::from_secs(60), "{outcome:?}");
    gone(&mark);
    house.holds(&[]);
    let late = steps.replace("inline = ", "timeout = 200ms\n inline = ");
    let outcome = house.bake(&web(&late)).await;
    assert_eq!(failure(&outcome), "`shell-local \"here\"` did not end within 200 ms");
}

/// Waits until the process of that number is gone, or is dead.
fn gone(mark: &Path) {
    let id = fs::read_to_string(mark).expect("its number");
    let end = Instant::now() + Duration::from_secs(10);
    while fs::read_to_string(format!("/proc/{}/stat", id.trim())).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < end, "{} is still there", id.trim());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_here_is_told_before_anything_begins() {
    let house = house().await;
    let steps = json!([
        { "type": "shell-local", "script": "no-script.sh" },
        { "type": "powershell", "script": "no-script.ps1" },
        { "type": "ansible", "playbook_file": "no-play.yml", "command": "no-ansible" },
        { "type": "ansible-local", "playbook_file": "no-local.yml", "role_paths": ["no-role"], "group_vars": "Cargo.toml" },
        { "type": "file", "source": "no-file", "destination": "/tmp/x" },
        { "type": "file", "source": "made-later", "destination": "/tmp/x", "generated": true },
    ]);
    let refused = |outcome: &Outcome| {
        assert!(outcome.run.is_none(), "{outcome:?}");
        outcome.refused.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let text = refused(&planned(&house, steps).await.0);
    for name in ["no-script.sh", "no-script.ps1", "no-play.yml", "no-local.yml", "no-role", "no-file"] {
        assert!(text.contains(&format!("`{name}` cannot be read")), "no {name:?} in {text}");
    }
    assert!(text.contains("`Cargo.toml` is no folder") && !text.contains("made-later"), "{text}");
    // A program that runs a playbook is asked for its version, unless that is not wanted.
    let playbook = house.settings.runs.join("play.yml");
    fs::write(&playbook, "---\n").expect("a playbook");
    let ansible = |skip: bool| json!([{ "type": "ansible", "playbook_file": playbook, "command": "no-ansible", "skip_version_check": skip }]);
    let text = refused(&planned(&house, ansible(false)).await.0);
    assert!(text.contains("there is no program `no-ansible`"), "{text}");
    let (outcome, _) = planned(&house, ansible(true)).await;
    assert!(outcome.run.is_some() && failure(&outcome).contains("no-ansible"), "{outcome:?}");
}

/// Somebody at the keyboard, who answers as he is told.
fn keyboard(mut answer: impl FnMut(Question) -> Answer + Send + 'static) -> Pause {
    let (pause, mut asked) = Pause::new();
    tokio::spawn(async move {
        while let Some(waiting) = asked.recv().await {
            let said = answer(waiting.question);
            // Who does not wait any more needs no answer.
            let _ = waiting.answer.send(said);
        }
    });
    pause
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakpoint_waits_for_somebody() {
    let mut house = house().await;
    let steps = "provision breakpoint { note = \"look here\" }";
    // Nobody is there.
    let (outcome, events) = told(&house, &web(steps), |_| false).await;
    assert!(is_done(&outcome) && format!("{events:?}").contains("there is no keyboard"), "{outcome:?}");
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    house.settings.keyboard = Some(keyboard(move |question| {
        said.send(question).expect("somebody listens");
        Answer::GoOn
    }));
    let text = web(steps).replace("image web", "image other").replace("\"web\"", "\"other\"");
    assert!(is_done(&house.bake(&text).await));
    assert_eq!(heard.recv().await, Some(Question::Halt("the breakpoint \"look here\"".to_owned())));
    // Somebody who never answers: its time ends it, as often as it is tried, and so does the wish that the run ends.
    let (silent, _asked) = Pause::new();
    house.settings.keyboard = Some(silent);
    let steps = "provision breakpoint { timeout = 50ms, max_retries = 1 }";
    let text = image("third", "ami_name = \"third\"", steps);
    let (outcome, events) = told(&house, &text, |_| false).await;
    assert_eq!(failure(&outcome), "`breakpoint` did not end within 50 ms");
    assert!(format!("{events:?}").contains("trying once more"), "{events:?}");
    let text = image("fourth", "ami_name = \"fourth\"", "provision breakpoint {}");
    let begun = |what: &What| matches!(what, What::StepStarted { step, .. } if step == "provision");
    let (outcome, _) = told(&house, &text, begun).await;
    assert!(outcome.cancelled && outcome.left.is_empty(), "{outcome:?}");
}

fn entries(house: &House, outcome: &Outcome) -> Vec<Entry> {
    let bytes = fs::read(house.run(outcome).join(FILE)).expect("a journal");
    fold::lines(&bytes).into_iter().map(|line| line.entry).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioner_that_failed_is_tried_again_on_the_same_machine() {
    let mut house = house().await;
    let flag = house.settings.runs.join("flag");
    let steps =
        format!("{}\ncleanup shell {{ inline = [\"echo bye\"] }}", local(&format!("[ -e {} ]", flag.display())));
    house.settings.on_error = OnError::Ask;
    house.settings.keyboard = Some(keyboard(move |question| {
        assert!(matches!(&question, Question::Failed(why) if why.contains("exit status 1")), "{question:?}");
        fs::write(&flag, "").expect("a flag");
        Answer::Again
    }));
    let (outcome, events) = told(&house, &web(&steps), |_| false).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(launches(&house), 1);
    assert!(!format!("{events:?}").contains("cleaning up by"), "{events:?}");
    let entries = entries(&house, &outcome);
    let intents = entries.iter().filter(|e| matches!(e, Entry::Intent { step, .. } if step == "provision")).count();
    let voids = entries.iter().filter(|e| matches!(e, Entry::Void { .. })).count();
    assert_eq!((intents, voids), (2, 1), "{entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_elsewhere_is_tried_again_from_the_beginning() {
    let mut house = house().await;
    house.fault("image-fails@CreateImage:1");
    house.settings.on_error = OnError::Ask;
    house.settings.keyboard = Some(keyboard(|_| Answer::Again));
    let outcome = house.bake(&web(&local("true"))).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(launches(&house), 2);
    assert_eq!(peek(&house.run(&outcome)).expect("a journal").builds["web"].attempt, 2);
    house.holds(&["us-east-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_left_or_undone_as_it_is_answered() {
    for (answer, machines) in [(Answer::Abort, 1), (Answer::GoOn, 0)] {
        let mut house = house().await;
        house.settings.on_error = OnError::Ask;
        let (asked, mut times) = tokio::sync::mpsc::unbounded_channel();
        house.settings.keyboard = Some(keyboard(move |_| {
            asked.send(()).expect("somebody listens");
            answer
        }));
        let steps = format!("{}\ncleanup shell {{ inline = [\"echo bye\"] }}", local("exit 3"));
        let (outcome, events) = told(&house, &web(&steps), |_| false).await;
        assert_eq!(failure(&outcome), "the inline script ended with the exit status 3");
        assert_eq!(house.all("instances").len(), machines, "{outcome:?}");
        assert_eq!(format!("{events:?}").contains("cleaning up by"), machines == 0);
        assert_eq!(outcome.left.is_empty(), machines == 0, "{outcome:?}");
        assert!(times.recv().await.is_some() && times.try_recv().is_err(), "it is asked once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cleans_up_is_run_and_the_machine_stays() {
    let mut house = house().await;
    house.settings.on_error = OnError::RunCleanupProvisioner;
    let steps = format!("{}\ncleanup shell-local {{ inline = [\"echo bye\"] }}", local("exit 3"));
    let (outcome, events) = told(&house, &web(&steps), |_| false).await;
    assert_eq!(problem(&outcome).code, code::RUN_SCRIPT);
    assert!(lines(&events).contains(&"bye"), "{events:?}");
    assert_eq!(house.all("instances").len(), 1);
}

/// A run that ended as if it were killed, in a step that had begun: its folder.
fn killed(world: &tokio::runtime::Runtime, house: &House, text: &str) -> PathBuf {
    let first = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (_baking, _wish, mut told) = {
        let _inside = first.enter();
        house.begin(text)
    };
    world.block_on(async {
        while let Some(Event { what, .. }) = told.recv().await {
            if matches!(&what, What::Output { line, .. } if line == "begun") {
                return;
            }
        }
        panic!("the step has not begun");
    });
    first.shutdown_timeout(Duration::from_secs(10));
    let mut entries =
        fs::read_dir(&house.settings.runs).expect("a folder of runs").filter_map(|e| Some(e.ok()?.path()));
    entries.find(|path| path.is_dir()).expect("a run")
}

#[test]
fn a_step_here_without_an_end_needs_consent() {
    let world = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut house = world.block_on(house());
    let flag = house.settings.runs.join("flag");
    let text = web(&local(&format!("echo begun; [ -e {} ] || sleep 100", flag.display())));
    let run = killed(&world, &house, &text);
    fs::write(&flag, "").expect("a flag");
    let on = |house: &House| {
        let gate = Gate::default();
        let (builds, _) = program(&text, &gate);
        let (events, _reader) = Events::new(gate);
        world.block_on(resume(&run, builds, house.settings.clone(), events, Cancel::never()))
    };
    let outcome = on(&house);
    let refused = outcome.refused.first().expect("it is refused");
    assert_eq!(refused.code, code::RUN_RESUME);
    assert!(refused.message.contains("`shell-local \"here\"` of `web` was interrupted"), "{refused:?}");
    assert!(refused.help.as_deref().is_some_and(|help| help.contains("--again")) && refused.origin.is_some());
    house.settings.again = true;
    let outcome = on(&house);
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(launches(&house), 1, "it is the same machine");
    house.holds(&["us-east-1"]);
}

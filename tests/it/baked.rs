//! Whole builds on the embedded EC2, in this process: what is there afterwards, whatever goes wrong meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bakec::compile::{Options, compile};
use bakec::diagnostic::code;
use bakec::emit::{Emit, packer_json};
use bakec::load::Memory;
use bakec::packer::read_placed;
use bakec::rehearse::{Fault, FaultKind, HoldAt, HoldState, Server, Settings as Rehearsal, When};
use bakec::run::aws::{Cloud, Reach};
use bakec::run::bake;
use bakec::run::build::{Access, Build};
use bakec::run::cancel::Cancel;
use bakec::run::event::{Event, Events, What};
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::journal::fold::lines;
use bakec::run::journal::line::{End, Entry, Head};
use bakec::run::journal::{FILE, Journal, peek};
use bakec::run::secret::Gate;
use bakec::run::settings::{OnError, Outcome, Settings, is_cancelled};
use bakec::run::settle::{clean, resume};
use bakec::run::sweep::{self, Kept, Kind, Wanted};
use bakec::text::FileId;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::image::{COPIES, REGIONS, SHELL, USERS};

/// How fast the clock of the embedded EC2 runs.
const SCALE: f64 = 1000.0;

/// A program whose images have names of their own.
fn image(options: &str, steps: &str) -> String {
    crate::image::image("web", &format!("ami_name = \"web {{{{uuid}}}}\"\n{options}"), steps)
}

fn plain() -> String {
    image("", SHELL)
}

fn copied() -> String {
    image(COPIES, SHELL)
}

/// The builds of a program.
pub(crate) fn program(text: &str, gate: &Gate) -> (Vec<Build>, String) {
    let world = Memory::of([("main.bake", text)]);
    let compiled = compile(&world, "main.bake", &Options::default());
    let plan = compiled.plan.expect("the program has a plan");
    let text = packer_json(&plan, &compiled.kinds, &Emit::default()).text();
    let (document, problems) = read_placed(FileId(0), "main.bake", &text);
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: BTreeMap::new(),
        kinds: Arc::new(compiled.kinds),
        except_posts: Vec::new(),
    };
    let (builds, _) = builds(&document, &inputs, gate).unwrap_or_else(|problems| panic!("{problems:?}"));
    (builds, text)
}

/// A server, a folder of runs, and how builds are made.
pub(crate) struct House {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
    pub(crate) settings: Settings,
}

impl House {
    pub(crate) async fn of(rehearsal: Rehearsal) -> House {
        let scale = if rehearsal.scale == 1.0 { SCALE } else { rehearsal.scale };
        let server = Server::start(Rehearsal { scale, ..rehearsal }).await.expect("a server");
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings {
            runs: folder.path().to_owned(),
            reach: Reach {
                endpoint: Some(server.endpoint.clone()),
                scale: Some(scale),
                any_credentials: true,
                ask: None,
            },
            ssh_at: Some(server.ssh),
            rehearsed: true,
            ..Settings::default()
        };
        House { server, folder, settings }
    }

    pub(crate) async fn new() -> House {
        House::of(Rehearsal { throttle: false, ..Rehearsal::default() }).await
    }

    pub(crate) fn fault(&self, fault: &str) {
        self.server.fault(fault.parse().expect("a fault"));
    }

    /// A fault from the first call of an action on.
    pub(crate) fn always(&self, kind: FaultKind, action: &str) {
        self.server.fault(Fault { times: Some(1000), ..Fault::at(kind, Some(action), 1) });
    }

    pub(crate) async fn bake(&self, text: &str) -> Outcome {
        self.bake_until(text, |_| false).await
    }

    /// Makes the builds of a program, and ends it without any more waiting when an event says so.
    pub(crate) async fn bake_forced(&self, text: &str, ends: impl Fn(&What) -> bool) -> Outcome {
        self.bake_to(text, 2, ends).await
    }

    /// Makes the builds of a program, and ends it when an event says so.
    pub(crate) async fn bake_until(&self, text: &str, ends: impl Fn(&What) -> bool) -> Outcome {
        self.bake_to(text, 1, ends).await
    }

    async fn bake_to(&self, text: &str, level: u8, ends: impl Fn(&What) -> bool) -> Outcome {
        let (baking, wish, mut told) = self.begin(text);
        while let Some(Event { what, .. }) = told.recv().await {
            if ends(&what) {
                wish.send_replace(level);
            }
        }
        baking.await.expect("it does not panic")
    }

    /// Begins with the builds of a program: the run, the wish that it ends, and what it tells.
    pub(crate) fn begin(&self, text: &str) -> (JoinHandle<Outcome>, watch::Sender<u8>, UnboundedReceiver<Event>) {
        let gate = Gate::default();
        let (builds, plan) = program(text, &gate);
        let (events, told) = Events::new(gate);
        let (wish, cancel) = Cancel::new();
        let settings = Settings { plan, ..self.settings.clone() };
        (tokio::spawn(bake(builds, settings, events, cancel)), wish, told)
    }

    pub(crate) fn run(&self, outcome: &Outcome) -> PathBuf {
        self.folder.path().join(outcome.run.as_deref().expect("a run"))
    }

    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        self.server.inventory()[kind].as_array().cloned().unwrap_or_default()
    }

    /// What the journals say of a build: its own lines, and the answers to them.
    pub(crate) fn told_of(&self, build: &str) -> String {
        let journals = names(self.folder.path()).into_iter().map(|run| self.folder.path().join(run).join(FILE));
        let text: String = journals.filter_map(|journal| std::fs::read_to_string(journal).ok()).collect();
        let mut asked = BTreeSet::new();
        let mut told = Vec::new();
        for line in text.lines() {
            let read: Value = serde_json::from_str(line).expect("a line of a journal");
            let entry = &read["line"];
            if entry["build"] == build {
                asked.insert(entry["n"].as_u64());
            } else if entry["intent"].is_null() || !asked.contains(&entry["intent"].as_u64()) {
                continue;
            }
            told.push(entry.to_string());
        }
        told.join("\n")
    }

    /// Nothing is there but images that are final with their snapshots, one in each of the regions.
    #[track_caller]
    pub(crate) fn holds(&self, regions: &[&str]) {
        let inventory = self.server.inventory();
        for (kind, list) in inventory.as_object().expect("kinds") {
            let list = list.as_array().expect("a list");
            let stays = matches!(kind.as_str(), "images" | "snapshots");
            assert_eq!(list.len(), if stays { regions.len() } else { 0 }, "{kind}: {inventory:#}");
            for (thing, region) in list.iter().zip(regions) {
                assert_eq!(
                    (thing["region"].as_str(), &thing["tags"]["bakec:state"]),
                    (Some(*region), &Value::from("final")),
                    "{thing:#}"
                );
            }
        }
    }
}

pub(crate) fn is_done(outcome: &Outcome) -> bool {
    let done = |(_, end): &(String, End)| matches!(end, End::Done { .. });
    outcome.refused.is_empty() && outcome.left.is_empty() && !outcome.ends.is_empty() && outcome.ends.iter().all(done)
}

pub(crate) fn failure(outcome: &Outcome) -> &str {
    match outcome.ends.first() {
        Some((_, End::Failed { problem })) => &problem.message,
        other => panic!("{other:?} of {outcome:?}"),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_build_leaves_its_image_alone() {
    let house = House::new().await;
    let outcome = house.bake(&plain()).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&["us-east-1"]);
    let folder = house.run(&outcome);
    assert!(peek(&folder).expect("a journal").closed);
    assert!(names(&folder).iter().all(|name| !name.ends_with(".pem")), "the private key is gone");
    assert!(outcome.calls <= 45, "{} calls", outcome.calls);
    assert_eq!(outcome.calls as usize, house.server.calls().len());
    // Short builds do not renew leases.
    assert_eq!(house.server.calls().iter().filter(|c| c.action == "CreateTags").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_shared_and_tagged_as_the_image_is() {
    let house = House::new().await;
    let options = format!(
        "{COPIES}\n{USERS}\n snapshot_users = [\"210987654321\"]\n tags = {{ Name = \"web\" }}\n \
         snapshot_tags = {{ Kind = \"disk\" }}\n ami_description = \"of {{{{.SourceAMI}}}}\""
    );
    let outcome = house.bake(&image(&options, SHELL)).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&REGIONS);
    for image in house.all("images") {
        assert_eq!(image["users"], serde_json::json!(["123456789012"]), "{image:#}");
        assert_eq!(image["description"], "of ami-d05e75b8");
        assert_eq!((&image["tags"]["Name"], &image["tags"]["bakec:lease"]), (&"web".into(), &"ended".into()));
    }
    for snapshot in house.all("snapshots") {
        assert_eq!(snapshot["users"], serde_json::json!(["210987654321"]), "{snapshot:#}");
        assert_eq!(
            (&snapshot["tags"]["Name"], &snapshot["tags"]["Kind"]),
            (&"web".into(), &"disk".into()),
            "{snapshot:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_script_leaves_nothing() {
    let house = House::new().await;
    house.fault("ssh-exit=7@4");
    let outcome = house.bake(&copied()).await;
    assert!(failure(&outcome).contains('7'), "{outcome:?}");
    assert_eq!(outcome.left, []);
    house.holds(&[]);
    assert!(peek(&house.run(&outcome)).expect("a journal").closed);
}

/// What somebody did not want any more is undone whole, and nothing is to be gone on with.
#[track_caller]
fn cancelled_whole(house: &House, outcome: &Outcome, at: &str) {
    assert!(outcome.cancelled && outcome.refused.is_empty() && outcome.left.is_empty(), "{at}: {outcome:?}");
    assert!(outcome.ends.len() == 1 && is_cancelled(&outcome.ends[0].1), "{at}: {outcome:?}");
    house.holds(&[]);
    assert!(peek(&house.run(outcome)).expect("a journal").closed, "{at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_at_any_step_it_leaves_nothing() {
    let house = House::new().await;
    for last in ["key", "group", "ingress", "launch", "connect", "provision", "stop", "image", "copy"] {
        let outcome =
            house.bake_until(&copied(), |what| matches!(what, What::StepDone { step, .. } if step == last)).await;
        cancelled_whole(&house, &outcome, last);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_it_shares_it_leaves_nothing() {
    // At the first of three images, and at the last: what follows would make them final.
    for at in [1, 3] {
        let house = House::new().await;
        let action = Some("ModifyImageAttribute".to_owned());
        let hold = house.server.hold(HoldAt { when: When::Before, at, action });
        let (baking, wish, _told) = house.begin(&image(&format!("{COPIES}\n{USERS}"), SHELL));
        let held = house.server.hold_leaves(hold, HoldState::Armed);
        let held = tokio::time::timeout(Duration::from_secs(60), held).await.expect("the call comes");
        assert_eq!(held.map(|hold| hold.state), Some(HoldState::Held));
        assert_eq!(house.all("images").len(), 3);
        wish.send_replace(1);
        assert!(house.server.release(hold));
        let outcome = baking.await.expect("it does not panic");
        cancelled_whole(&house, &outcome, &format!("call {at}"));
        // The call that was in flight has its end, and no other begins.
        let shared = house.server.calls().iter().filter(|call| call.action == "ModifyImageAttribute").count();
        assert_eq!(shared as u64, at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_too_late_it_is_finished() {
    let house = House::new().await;
    let outcome =
        house.bake_until(&copied(), |what| matches!(what, What::StepStarted { step, .. } if step == "final")).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&REGIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_slows_and_does_not_stop() {
    let house = House::of(Rehearsal { seed: Some(3), ..Rehearsal::default() }).await;
    house.fault("throttle@15%");
    let outcome = house.bake(&copied()).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&REGIONS);
}

/// Every action of a build whose answer may be lost.
const CHANGES: [&str; 13] = [
    "ImportKeyPair",
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "RunInstances:2",
    "StopInstances",
    "CreateImage",
    "CopyImage:1",
    "CopyImage:2",
    "ModifyImageAttribute",
    "CreateTags:1",
    "TerminateInstances",
    "DeleteSecurityGroup",
    "DeleteKeyPair",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_made_up_for() {
    for (kind, actions) in
        [("lost", &CHANGES[..]), ("cut", &CHANGES), ("internal", &CHANGES[..4]), ("unavailable", &CHANGES[4..8])]
    {
        for action in actions {
            let house = House::new().await;
            let place = if action.contains(':') { (*action).to_owned() } else { format!("{action}:1") };
            house.fault(&format!("{kind}@{place}"));
            let outcome = house.bake(&image(&format!("{COPIES}\n{USERS}"), SHELL)).await;
            assert!(is_done(&outcome), "{kind} at {place}: {outcome:?}");
            house.holds(&REGIONS);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_does_not_make_leaves_nothing() {
    for fault in [
        "launch-fails@RunInstances:2",
        "capacity@RunInstances:2",
        "image-fails@CreateImage:1",
        "image-fails@CopyImage:2",
        "instance-gone@StopInstances:1",
    ] {
        let house = House::new().await;
        house.fault(fault);
        let outcome = house.bake(&copied()).await;
        assert!(!is_done(&outcome), "{fault}: {:#?}", house.server.calls());
        assert_eq!(outcome.left, [], "{fault}");
        house.holds(&[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_may_be_seen_late() {
    let late = || Rehearsal { throttle: false, visible_after: Duration::from_secs(20), ..Rehearsal::default() };
    let house = House::of(late()).await;
    let outcome = house.bake(&copied()).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&REGIONS);
    for last in ["key", "group", "launch", "image", "copy"] {
        let house = House::of(late()).await;
        let outcome =
            house.bake_until(&copied(), |what| matches!(what, What::StepDone { step, .. } if step == last)).await;
        assert!(outcome.cancelled && outcome.left.is_empty(), "{last}: {outcome:?}");
        house.holds(&[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_builds_renew_their_leases() {
    let mut house = House::new().await;
    house.settings.lease = Some(Duration::from_secs(60));
    let outcome = house.bake(&copied()).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&REGIONS);
    let renewals = house
        .server
        .calls()
        .into_iter()
        .filter(|c| c.parameters.values().any(|v| v == "bakec:lease") && c.action == "CreateTags");
    let renewals: Vec<_> = renewals.filter(|c| !c.parameters.values().any(|v| v == "bakec:state")).collect();
    assert!(renewals.len() > 3, "{renewals:?}");
    assert!(renewals.iter().any(|c| c.region == "eu-west-1"));
    let together =
        |c: &&bakec::rehearse::Call| c.parameters.keys().filter(|name| name.starts_with("ResourceId")).count() >= 3;
    assert!(renewals.iter().any(|c| together(&c)), "{renewals:?}");
}

/// A run that failed late, and left all that it made.
async fn abandoned(house: &mut House, lease: Duration) -> Outcome {
    house.always(FaultKind::Unavailable, "ModifyImageAttribute");
    house.settings.on_error = OnError::Abort;
    house.settings.lease = Some(lease);
    let options = format!("{COPIES}\n{USERS}\n max_retries = 1");
    let outcome = house.bake(&image(&options, SHELL)).await;
    assert!(!outcome.left.is_empty(), "{outcome:?}");
    assert_eq!(house.all("images").iter().filter(|i| i["tags"]["bakec:state"] == "building").count(), 3);
    outcome
}

pub(crate) async fn cloud(house: &House) -> (Cloud, Events) {
    let (events, _) = Events::new(Gate::default());
    let access = Access { region: "us-east-1".to_owned(), ..Access::default() };
    (
        Cloud::open(&access, &house.settings.reach, &events, &Cancel::never(), Default::default())
            .await
            .expect("an account"),
        events,
    )
}

fn wanted(run: Option<&str>, older_than: u64) -> Wanted {
    let regions = REGIONS.map(str::to_owned).to_vec();
    Wanted { regions, older_than: Duration::from_secs(older_than), run: run.map(str::to_owned) }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_alone_are_enough_to_clean() {
    let mut house = House::new().await;
    // A former run with its images, which nobody touches.
    assert!(is_done(&house.bake(&copied()).await));
    let outcome = abandoned(&mut house, Duration::from_secs(1)).await;
    let run = outcome.run.as_deref().expect("a run");
    std::fs::remove_dir_all(house.run(&outcome)).expect("the folder is lost");
    let (cloud, events) = cloud(&house).await;
    let young = sweep::list(&cloud, &wanted(None, 24 * 3600)).await.expect("a list");
    assert!(young.iter().all(|l| matches!(l.kept, Some(Kept::Young(Some(_))))), "{young:?}");
    assert_eq!(sweep::undo(&cloud, &wanted(None, 24 * 3600), &young, &events).await, []);
    assert_eq!(sweep::list(&cloud, &wanted(Some("another"), 0)).await.expect("a list"), []);
    let left = sweep::list(&cloud, &wanted(Some(run), 0)).await.expect("a list");
    let count = |kind| left.iter().filter(|l| l.kind == kind).count();
    let kinds = [Kind::Instance, Kind::Image, Kind::Snapshot, Kind::Volume, Kind::SecurityGroup, Kind::KeyPair];
    assert_eq!(kinds.map(count), [1, 3, 3, 1, 1, 1], "{left:?}");
    assert!(left.iter().all(|l| l.kept.is_none() && l.run == run && l.build == "web"), "{left:?}");
    // Only what was listed goes.
    let (key, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|l| l.kind == Kind::KeyPair);
    assert_eq!(sweep::undo(&cloud, &wanted(Some(run), 0), &rest, &events).await, []);
    assert_eq!(house.all("key_pairs").len(), 1);
    assert_eq!(sweep::undo(&cloud, &wanted(None, 0), &key, &events).await, []);
    house.holds(&REGIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lives_is_not_cleaned() {
    let mut house = House::new().await;
    let outcome = abandoned(&mut house, Duration::from_secs(1_000_000)).await;
    let (cloud, events) = cloud(&house).await;
    let left = sweep::list(&cloud, &wanted(None, 0)).await.expect("a list");
    assert!(!left.is_empty() && left.iter().all(|l| l.lease().is_some()), "{left:?}");
    let before = house.server.inventory();
    assert_eq!(sweep::undo(&cloud, &wanted(None, 0), &left, &events).await, []);
    assert_eq!(house.server.inventory(), before);
    // On another host neither, by its journal.
    let folder = house.run(&outcome);
    move_to_another_host(&folder).await;
    let (builds, _) = program(&copied(), &Gate::default());
    let refused = clean(&folder, builds.clone(), house.settings.clone(), events.clone(), Cancel::never()).await.refused;
    assert!(refused.len() == 1 && refused[0].code == code::RUN_LEASE, "{refused:?}");
    let refused = resume(&folder, builds, house.settings.clone(), events, Cancel::never()).await.refused;
    assert!(refused.len() == 1 && refused[0].code == code::RUN_LEASE, "{refused:?}");
    assert_eq!(house.server.inventory(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_takes_over_when_the_lease_is_over() {
    let mut house = House::new().await;
    let outcome = abandoned(&mut house, Duration::from_secs(1)).await;
    let folder = house.run(&outcome);
    move_to_another_host(&folder).await;
    let (builds, _) = program(&copied(), &Gate::default());
    let (events, _) = Events::new(Gate::default());
    let cleaned = clean(&folder, builds, house.settings.clone(), events, Cancel::never()).await;
    assert_eq!((&cleaned.refused[..], &cleaned.left[..]), (&[][..], &[][..]));
    house.holds(&[]);
    assert!(peek(&folder).expect("a journal").closed);
}

/// Writes the journal of a run as another host would have.
async fn move_to_another_host(folder: &Path) {
    let file = folder.join(FILE);
    let all = lines(&std::fs::read(&file).expect("a journal"));
    std::fs::remove_file(&file).expect("it goes");
    let mut all = all.into_iter().map(|line| line.entry);
    let Some(Entry::Run(head)) = all.next() else { panic!("a journal begins with its run") };
    let journal = Journal::create(folder, Head { host: "another".to_owned(), ..head }).expect("a journal");
    for entry in all {
        assert!(journal.append(entry).await.is_ok());
    }
}

/// Tells another process of this test which run it wants.
const FOLDER: &str = "BAKEC_TEST_JOURNAL";

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_kept_out() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        std::process::exit(match Journal::open(folder.as_ref()) {
            Err(bakec::run::journal::OpenError::Held) => 7,
            Ok(_) => 8,
            Err(_) => 9,
        });
    }
    let house = House::new().await;
    let folder = house.run(&house.bake(&plain()).await);
    let other = || {
        let mut command = std::process::Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "baked::another_process_is_kept_out"]).env(FOLDER, &folder);
        command.output().expect("it runs").status.code()
    };
    let journal = Journal::open(&folder);
    assert!(journal.is_ok());
    assert_eq!(other(), Some(7));
    drop(journal);
    assert_eq!(other(), Some(8));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_in_the_records() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::new().await;
    house.settings.on_error = OnError::Abort;
    house.fault("ssh-exit=7@3");
    let outcome = house.bake(&image("user_data = \"#cloud-config: hunter2hunter2\"", SHELL)).await;
    let folder = house.run(&outcome);
    let journal = std::fs::read_to_string(folder.join(FILE)).expect("a journal");
    let key = names(&folder).into_iter().find(|name| name.ends_with(".pem")).expect("a private key");
    assert_eq!(std::fs::metadata(folder.join(&key)).expect("a file").permissions().mode() & 0o777, 0o600);
    let private = std::fs::read_to_string(folder.join(&key)).expect("a key");
    let line = private.lines().nth(1).expect("a line");
    assert!(journal.contains("\"launch\"") && journal.contains("blake3:"));
    for secret in ["hunter2", "PRIVATE KEY", line] {
        assert!(!journal.contains(secret), "{secret}");
    }
    let (builds, _) = program(&image("user_data = \"#cloud-config: hunter2hunter2\"", SHELL), &Gate::default());
    let (events, _) = Events::new(Gate::default());
    let cleaned = clean(&folder, builds, house.settings.clone(), events, Cancel::never()).await;
    assert!(cleaned.left.is_empty() && cleaned.refused.is_empty(), "{cleaned:?}");
    house.holds(&[]);
    assert!(names(&folder).iter().all(|name| !name.ends_with(".pem")));
}

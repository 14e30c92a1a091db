//! The kill matrix: at every call of a build something happens, and afterwards nothing is left and nothing is double.
//!
//! `bakec run` is a process of its own, killed by SIGKILL, and so is the EC2 that survives it. A sample is tried by default; all points
//! by `BAKEC_KILL=all`, and some by `BAKEC_KILL=12:after,40:lost`. EC2 shows what is new at once, and late by `BAKEC_KILL_LATE=5s`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ec2::Ec2;
use crate::image::{COPIES, REGIONS, SHELL, USERS, image};

/// How fast the clock of the EC2 runs.
const SCALE: &str = "500";

/// How long a process may take.
const PATIENCE: Duration = Duration::from_secs(120);

impl Ec2 {
    /// Everything that exists, by kind and id.
    fn inventory(&self) -> BTreeMap<(String, String), Value> {
        let all = self.ask("GET", "inventory", &Value::Null);
        let kinds = all.as_object().expect("kinds").iter();
        let things =
            kinds.flat_map(|(kind, list)| list.as_array().into_iter().flatten().map(move |thing| (kind, thing)));
        things.map(|(kind, t)| ((kind.clone(), t["id"].as_str().unwrap_or_default().to_owned()), t.clone())).collect()
    }

    fn calls(&self) -> usize {
        self.ask("GET", "calls", &Value::Null).as_array().map_or(0, Vec::len)
    }

    fn hold(&self, when: &str, at: usize) -> u64 {
        self.ask("POST", "hold", &json!({ "when": when, "at": at }))["hold"].as_u64().expect("a hold")
    }

    fn release(&self, hold: u64) {
        self.ask("DELETE", &format!("hold/{hold}"), &Value::Null);
    }

    /// The state of a hold, once it is no longer that one or a moment has passed.
    fn state(&self, hold: u64, not: &str) -> String {
        let told = self.ask("GET", &format!("hold/{hold}?while={not}&wait=0.5"), &Value::Null);
        told["state"].as_str().unwrap_or_default().to_owned()
    }
}

/// What is built, and where it leaves an image.
#[derive(Clone, Copy)]
struct Plan {
    name: &'static str,
    /// Options of the builder.
    options: &'static [&'static str],
    regions: &'static [&'static str],
}

/// An image and two copies.
const COPIED: Plan = Plan { name: "copies", options: &[COPIES, USERS], regions: &REGIONS };

/// The same of a machine of the spot market, with a role of its own.
const SPOT: Plan = Plan {
    name: "a spot instance",
    options: &[
        COPIES,
        USERS,
        r#"spot_price = "auto"
 temporary_iam_instance_profile_policy_document = {
     Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = ["*"] }]
 }"#,
    ],
    regions: &REGIONS,
};

/// Encrypted copies alone, by way of an intermediary image, protected at the end.
const ENCRYPTED: Plan = Plan {
    name: "encryption",
    options: &[
        COPIES,
        USERS,
        "encrypt_boot = true",
        r#"region_kms_key_ids = { "eu-west-1" = "alias/there", "us-west-2" = "alias/yonder" }"#,
        "skip_save_build_region = true",
        "deregistration_protection = { enabled = true }",
    ],
    regions: &["eu-west-1", "us-west-2"],
};

/// What happens to a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum How {
    Before,
    After,
    Lost,
    Throttled,
    Cancelled,
}

const ALL: [(How, &str); 5] = [
    (How::Before, "before"),
    (How::After, "after"),
    (How::Lost, "lost"),
    (How::Throttled, "throttled"),
    (How::Cancelled, "cancelled"),
];

/// What is done afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    Clean,
    Resume,
}

type Point = (usize, How, Then);

/// What came of a point.
#[derive(Default, Debug)]
struct Seen {
    /// Things that should not be there.
    left: usize,
    /// Images of which there are two in a region.
    doubles: usize,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

fn bakec(folder: &Path, ec2: &Ec2, arguments: &[&str]) -> Child {
    let log = |name: &str| {
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true).open(folder.join(name)).expect("a log")
    };
    let mut command = super::run::command(folder, arguments);
    command.args(["--events", "lines"]).stdin(Stdio::null()).stdout(log("log.txt")).stderr(log("log.txt"));
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env_remove("AWS_PROFILE");
    command.args(["--endpoint-url", &ec2.endpoint]);
    if arguments[0] == "run" {
        command.args(["--endpoint-scale", SCALE]);
    }
    command.spawn().expect("bakec starts")
}

/// The exit code of a process; none where it was killed or does not end.
fn end(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    Some(-1)
}

/// Waits until a call is held; false where the process ended before.
fn held(ec2: &Ec2, hold: u64, child: &mut Child) -> bool {
    let start = Instant::now();
    loop {
        if ec2.state(hold, "armed") == "held" {
            return true;
        }
        if start.elapsed() > PATIENCE || child.try_wait().expect("it can be waited for").is_some() {
            return false;
        }
    }
}

/// Kills a process for good while a call of its is held, and waits until the server knows it.
fn kill(ec2: &Ec2, hold: u64, child: &mut Child) {
    child.kill().expect("it is killed");
    let _ = child.wait();
    while ec2.state(hold, "held") == "held" {}
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.is_ok_and(|s| s.success()), "it is told to end");
}

/// Tries a point.
fn attempt(ec2: &Ec2, plan: Plan, (n, how, then): Point) -> Seen {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("main.bake"), program(plan, ec2)).expect("a program");
    let before = ec2.inventory();
    let mut seen = Seen::default();
    // How the process ended, and whether it was given the time to say so.
    let code = match how {
        How::Lost | How::Throttled => {
            let kind = if how == How::Lost { "lost" } else { "throttle" };
            ec2.ask("POST", "faults", &json!({ "kind": kind, "at": n }));
            let mut child = bakec(folder, ec2, &["run"]);
            let code = end(&mut child);
            ec2.ask("DELETE", "faults", &Value::Null);
            code
        }
        How::Before | How::After => {
            let hold = ec2.hold(if how == How::Before { "before" } else { "after" }, n);
            let mut child = bakec(folder, ec2, &["run"]);
            if held(ec2, hold, &mut child) {
                kill(ec2, hold, &mut child);
                None
            } else {
                ec2.release(hold);
                end(&mut child)
            }
        }
        How::Cancelled => {
            let hold = ec2.hold("before", n);
            let mut child = bakec(folder, ec2, &["run"]);
            if held(ec2, hold, &mut child) {
                interrupt(&child);
                // Whoever resumes finds it killed while it went back.
                let second = (then == Then::Resume).then(|| ec2.hold("after", 2));
                ec2.release(hold);
                match second {
                    Some(second) if held(ec2, second, &mut child) => {
                        kill(ec2, second, &mut child);
                        None
                    }
                    second => {
                        second.iter().for_each(|hold| ec2.release(*hold));
                        end(&mut child)
                    }
                }
            } else {
                ec2.release(hold);
                end(&mut child)
            }
        }
    };
    let begun = std::fs::read_dir(folder.join(".bakec/runs")).is_ok_and(|mut runs| runs.next().is_some());
    let mut wrong = |words: String| seen.wrong.push(words);
    match (how, code) {
        (_, None) | (_, Some(0)) => {}
        (How::Cancelled, Some(130)) => {}
        // A question before anything was begun may fail as a whole.
        (_, Some(3)) if !begun => {}
        (_, Some(code)) => wrong(format!("`run` ended with {code}")),
    }
    // Afterwards, and once more: the second time there is nothing to do.
    let whole = match code {
        Some(0) => true,
        Some(_) => false,
        None => begun && then == Then::Resume,
    };
    if begun && code.is_none() {
        let verb = if then == Then::Clean { "clean" } else { "resume" };
        if how == How::After {
            // Killed once more on its way.
            let hold = ec2.hold("after", 1 + n % 12);
            let mut child = bakec(folder, ec2, &[verb, "last"]);
            if held(ec2, hold, &mut child) {
                kill(ec2, hold, &mut child);
            } else {
                ec2.release(hold);
                end(&mut child);
            }
        }
        let code = end(&mut bakec(folder, ec2, &[verb, "last"]));
        // Who was killed after the last line of the journal has left nothing to go on with.
        if code != Some(0) && !(how == How::After && code == Some(2)) {
            wrong(format!("`{verb}` ended with {code:?}"));
        }
    }
    if begun && then == Then::Clean {
        let code = end(&mut bakec(folder, ec2, &["clean", "last"]));
        if code != Some(0) {
            wrong(format!("`clean` once more ended with {code:?}"));
        }
    }
    judge(ec2, &before, whole, plan.regions, &mut seen);
    let keys = files(folder).into_iter().filter(|name| name.ends_with(".pem")).count();
    if keys > 0 {
        seen.wrong.push(format!("{keys} private keys are left"));
    }
    if !seen.wrong.is_empty() {
        let log = std::fs::read_to_string(folder.join("log.txt")).unwrap_or_default();
        let journal = files(folder).into_iter().find(|f| f.ends_with("journal.jsonl"));
        let journal = journal.and_then(|f| std::fs::read_to_string(f).ok()).unwrap_or_default();
        seen.wrong.push(format!("{log}\n{journal}"));
    }
    seen
}

fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => all.extend(files(&path)),
            path => all.push(path.display().to_string()),
        }
    }
    all
}

/// Compares what is there with what was there before.
fn judge(ec2: &Ec2, before: &BTreeMap<(String, String), Value>, whole: bool, wanted: &[&str], seen: &mut Seen) {
    let after = ec2.inventory();
    for (id, thing) in before {
        if after.get(id) != Some(thing) {
            seen.wrong.push(format!("{id:?} was there before, and was changed"));
        }
    }
    let new: Vec<_> = after.iter().filter(|(id, _)| !before.contains_key(id)).collect();
    let is_final = |thing: &Value| thing["tags"]["bakec:state"] == "final";
    for ((kind, id), thing) in &new {
        if !(is_final(thing) && (kind == "images" || kind == "snapshots")) {
            seen.left += 1;
            seen.wrong.push(format!("left behind: {kind} {id} {thing}"));
        }
    }
    let images: Vec<&str> =
        new.iter().filter(|((kind, _), _)| kind == "images").filter_map(|(_, i)| i["region"].as_str()).collect();
    let regions: BTreeSet<&str> = images.iter().copied().collect();
    seen.doubles += images.len() - regions.len();
    let snapshots = new.iter().filter(|((kind, _), _)| kind == "snapshots").count();
    // All of the images or none: none is final as long as one is missing.
    let fits = if regions.is_empty() { !whole } else { regions == wanted.iter().copied().collect() };
    if !fits || images.len() != regions.len() || snapshots != images.len() {
        seen.wrong.push(format!("images in {images:?} with {snapshots} snapshots"));
    }
}

fn program(plan: Plan, ec2: &Ec2) -> String {
    let (ssh, bastion) = (ec2.ssh.port(), ec2.bastion.port());
    let machine = format!(
        "ssh_host = \"127.0.0.1\"\n ssh_port = {ssh}\n ssh_clear_authorized_keys = true\n
         ssh_bastion_host = \"127.0.0.1\"\n ssh_bastion_port = {bastion}\n ssh_bastion_username = \"guard\"\n
         ssh_bastion_password = \"word\"\n temporary_security_group_source_cidrs = [\"127.0.0.1/32\"]"
    );
    let named = "ami_name = \"web {{uuid}}\"\n tags = { Name = \"web\" }";
    image("web", &[&[machine.as_str(), named], plan.options].concat().join("\n"), SHELL)
}

/// The points that are wanted, of a build with so many calls.
fn wanted(calls: usize) -> Vec<Point> {
    let every = |ns: &[usize], hows: &[How]| -> Vec<Point> {
        let both = |(n, how)| [(n, how, Then::Clean), (n, how, Then::Resume)];
        ns.iter().flat_map(|n| hows.iter().map(move |how| (*n, *how))).flat_map(both).collect()
    };
    let hows = ALL.map(|(how, _)| how);
    match std::env::var("BAKEC_KILL").ok().as_deref() {
        Some("all") => every(&(1..=calls + 2).collect::<Vec<_>>(), &hows),
        Some(list) if !list.is_empty() => {
            let points = list.split(',').map(|point| {
                let (n, how) = point.split_once(':').expect("a point is N:HOW");
                let how =
                    ALL.iter().find(|(_, name)| *name == how).expect("before, after, lost, throttled or cancelled").0;
                every(&[n.parse().expect("a number")], &[how])
            });
            points.flatten().collect()
        }
        // Each way at calls all over the build; what is done afterwards alternates.
        _ => (0..20)
            .map(|i| {
                let n = 8 + (i * (calls - 8)).div_ceil(19).min(calls - 8);
                (n, hows[i % 5], if (i / 5) % 2 == 0 { Then::Resume } else { Then::Clean })
            })
            .collect(),
    }
}

#[test]
fn no_moment_loses_anything() {
    matrix(COPIED);
}

#[test]
fn no_moment_loses_anything_of_an_encrypted_image() {
    matrix(ENCRYPTED);
}

#[test]
fn no_moment_loses_anything_of_a_spot_instance_with_a_role() {
    matrix(SPOT);
}

/// Tries the points that are wanted.
fn matrix(plan: Plan) {
    let late = std::env::var("BAKEC_KILL_LATE").unwrap_or_else(|_| "0s".to_owned());
    let start = || Ec2::start(&["--scale", SCALE, "--no-throttle", "--visible-after", &late]);
    let ec2 = start();
    // A build that nothing happens to: how many calls it has, and images that are not to be touched.
    let seen = attempt(&ec2, plan, (usize::MAX / 2, How::Throttled, Then::Clean));
    assert!(seen.wrong.is_empty(), "{}", seen.wrong.join("\n"));
    let calls = ec2.calls();
    assert!(calls > 20, "{calls} calls");
    let points = wanted(calls);
    let tried = points.len();
    let points = Mutex::new(VecDeque::from(points));
    let failed = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(1, 4);
    std::thread::scope(|scope| {
        for first in std::iter::once(Some(ec2)).chain(std::iter::repeat_with(|| None)).take(workers) {
            scope.spawn(|| {
                let ec2 = first.unwrap_or_else(start);
                while let Some(point) = { points.lock().expect("points").pop_front() } {
                    let seen = attempt(&ec2, plan, point);
                    if std::env::var_os("BAKEC_KILL").is_some() {
                        let left = points.lock().expect("points").len();
                        println!("{point:?}: {}, {left} left", if seen.wrong.is_empty() { "right" } else { "wrong" });
                    }
                    if !seen.wrong.is_empty() {
                        failed.lock().expect("failures").push((point, seen));
                        // What is left there would be counted again.
                        ec2.ask("POST", "reset", &Value::Null);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("failures");
    let (left, doubles) = failed.iter().fold((0, 0), |(l, d), (_, seen)| (l + seen.left, d + seen.doubles));
    println!(
        "kill matrix of {}: {calls} calls in a build, {tried} points tried, {} wrong, {left} leftovers, {doubles} doubles",
        plan.name,
        failed.len()
    );
    for ((n, how, then), seen) in &failed {
        println!("\n#### call {n}, {how:?}, then {then:?}: {}", seen.wrong.join("\n"));
    }
    let points: Vec<_> =
        failed.iter().map(|((n, how, then), seen)| format!("{n} {how:?} {then:?}: {}", seen.wrong[0])).collect();
    assert!(failed.is_empty(), "\n{}", points.join("\n"));
}

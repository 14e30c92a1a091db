//! What a run must be allowed: the policy that is printed suffices, on an EC2 that asks policies, and without any one of its actions the
//! preflight refuses; and the table behind it holds what runs call, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bakec::packer::read_placed;
use bakec::rehearse::{Allowed, Server, Settings as Rehearsal};
use bakec::run::aws::Reach;
use bakec::run::bake;
use bakec::run::build::Build;
use bakec::run::cancel::Cancel;
use bakec::run::event::{Events, What};
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::journal::line::End;
use bakec::run::key;
use bakec::run::outlook::outlook;
use bakec::run::permission::policy::{Policy, policy};
use bakec::run::permission::table::TABLE;
use bakec::run::permission::{Asking, calls, needed};
use bakec::run::preflight::Depth;
use bakec::run::preview::{Preview, preview};
use bakec::run::secret::Gate;
use bakec::run::settings::{Outcome, Settings};
use bakec::text::FileId;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::run::{bakec, folder as folder_of};

const SCALE: f64 = 2000.0;

/// A plan, and what must be there before it is made.
struct Case {
    name: &'static str,
    builders: Vec<Value>,
    /// What is made by one who may do everything, before.
    before: Vec<Value>,
    /// Whether a key pair `mine` is there.
    key: bool,
}

fn builder(name: &str, options: Value) -> Value {
    let mut builder = json!({
        "type": "amazon-ebs", "name": name, "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
        "ssh_username": "ubuntu", "ami_name": name, "access_key": "AKIDREHEARSAL", "secret_key": "secret",
    });
    for (option, value) in options.as_object().into_iter().flatten() {
        builder[option] = value.clone();
    }
    builder
}

/// Plans that need all that the table has.
fn cases(folder: &Path) -> Vec<Case> {
    let case = |name, builders, before, key| Case { name, builders, before, key };
    let force = json!({
        "ami_regions": ["eu-west-1"], "force_deregister": true, "force_delete_snapshot": true, "ami_name": "again",
    });
    let mut all = vec![
        case("plain", vec![builder("web", json!({})), builder("data", json!({ "tags": { "a": "b" } }))], vec![], false),
        case(
            "copies",
            vec![builder(
                "web",
                json!({
                    "ami_regions": ["eu-west-1", "eu-central-1"], "tags": { "Name": "web" }, "ami_users": ["123456789013"],
                    "snapshot_users": ["123456789013"], "imds_support": "v2.0", "ena_support": true,
                }),
            )],
            vec![],
            false,
        ),
        case("force", vec![builder("web", force.clone())], vec![builder("before", force)], false),
        case(
            "own",
            vec![builder(
                "web",
                json!({
                    "ssh_private_key_file": folder.join("mine.pem"), "ssh_keypair_name": "mine",
                    "security_group_filter": null, "iam_instance_profile": "images", "skip_region_validation": true,
                    "disable_stop_instance": false,
                }),
            )],
            vec![],
            true,
        ),
        case(
            "encrypted",
            vec![builder(
                "web",
                json!({
                    "launch_block_device_mappings": [{
                        "device_name": "/dev/sdf", "volume_size": 8, "encrypted": true, "delete_on_termination": false,
                        "kms_key_id": "11111111-2222-3333-4444-555555555555",
                    }],
                }),
            )],
            vec![],
            false,
        ),
        case("no image", vec![builder("web", json!({ "skip_create_ami": true }))], vec![], false),
    ];
    all.iter_mut().flat_map(|c| &mut c.builders).for_each(|b| {
        b.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    });
    all
}

fn read(builders: &[Value]) -> Vec<Build> {
    let steps = json!([{ "type": "shell", "inline": ["true"] }]);
    let text = json!({ "builders": builders, "provisioners": steps }).to_string();
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
        kinds: Arc::default(),
        except_posts: Vec::new(),
    };
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    builds(&document, &inputs, &Gate::default()).unwrap_or_else(|problems| panic!("{problems:?}")).0
}

fn settings(server: &Server, folder: &Path) -> Settings {
    Settings {
        runs: folder.join("runs"),
        reach: Reach { endpoint: Some(server.endpoint.clone()), scale: Some(SCALE), any_credentials: true, ask: None },
        ssh_at: Some(server.ssh),
        ..Settings::default()
    }
}

async fn baked(server: &Server, folder: &Path, builders: &[Value]) -> Outcome {
    let (events, _reader) = Events::new(Gate::default());
    bake(read(builders), settings(server, folder), events, Cancel::never()).await
}

async fn previewed(server: &Server, folder: &Path, builders: &[Value]) -> Preview {
    let (events, _reader) = Events::new(Gate::default());
    preview(&read(builders), settings(server, folder), events, Cancel::never()).await
}

fn is_done(outcome: &Outcome) -> bool {
    let done = |(_, end): &(String, End)| matches!(end, End::Done { .. });
    outcome.refused.is_empty() && outcome.left.is_empty() && !outcome.ends.is_empty() && outcome.ends.iter().all(done)
}

fn allow(server: &Server, text: &str) {
    let policy = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    server.allow(vec![Allowed { key: None, policy }]);
}

/// The policy without an action.
fn without(policy: &Policy, action: &str) -> String {
    let mut policy = policy.clone();
    policy.statement.iter_mut().for_each(|s| s.action.retain(|a| *a != action));
    policy.statement.retain(|s| !s.action.is_empty());
    policy.text()
}

/// A server on which a plan can be made, and the plan's folder.
async fn server(case: &Case, folder: &Path) -> Server {
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, ..Rehearsal::default() };
    let server = Server::start(rehearsal).await.expect("a server");
    if !case.before.is_empty() {
        let outcome = baked(&server, folder, &case.before).await;
        assert!(is_done(&outcome), "{outcome:?}");
    }
    if case.key {
        let private = key::make("ed25519", None).expect("a key");
        let file = folder.join("mine.pem");
        if !file.exists() {
            key::write(&private, &file).expect("it can be written");
        }
        let private = key::read(&file).expect("it can be read");
        let public = STANDARD.encode(key::public_line(&private, "mine").expect("a public half"));
        let public = form_urlencoded(&public);
        post(&server, &format!("Action=ImportKeyPair&Version=2016-11-15&KeyName=mine&PublicKeyMaterial={public}"));
    }
    let named = case.builders.iter().chain(&case.before).find_map(|b| b["iam_instance_profile"].as_str());
    if let Some(name) = named {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let trust = trust.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
        for call in [
            format!("CreateInstanceProfile&InstanceProfileName={name}"),
            format!("CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}"),
            format!("AddRoleToInstanceProfile&InstanceProfileName={name}&RoleName={name}"),
        ] {
            let answer = post_to("iam", &server, &format!("Version=2010-05-08&Action={call}"));
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        // EC2 hears of profiles a little later.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    server
}

fn form_urlencoded(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// A call as AWS's clients make it.
fn post(server: &Server, body: &str) -> String {
    post_to("ec2", server, body)
}

fn post_to(service: &str, server: &Server, body: &str) -> String {
    let address = server.endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server is there");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIDREHEARSAL/20261121/us-east-1/{service}/aws4_request, Signature=0\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    write!(stream, "{head}{body}").expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn denied(server: &Server) -> Vec<String> {
    let calls = server.calls().into_iter().filter(|c| c.outcome == "UnauthorizedOperation");
    calls.map(|c| format!("{} in {}: {:?}", c.action, c.region, c.parameters)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_policy_suffices_and_nothing_of_it_can_be_spared() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases(folder.path()) {
        let server = server(&case, folder.path()).await;
        let plan = read(&case.builders);
        let plan: Vec<&Build> = plan.iter().collect();
        let policy = policy(&plan);
        allow(&server, &policy.text());
        let live = previewed(&server, folder.path(), &case.builders).await;
        assert!(live.problems.is_empty(), "{}: {:?}\n{}", case.name, live.problems, policy.text());
        let never: BTreeSet<&str> =
            TABLE.iter().filter(|row| matches!(row.asked, Asking::Never(_))).map(|row| row.action).collect();
        assert_eq!(live.unasked.keys().copied().collect::<BTreeSet<_>>(), &never & &policy.actions(), "{}", case.name);
        for action in policy.actions() {
            allow(&server, &without(&policy, action));
            if never.contains(action) {
                let outcome = baked(&server, folder.path(), &case.builders).await;
                assert!(outcome.refused.is_empty() && !is_done(&outcome), "{}, {action}: {outcome:?}", case.name);
                continue;
            }
            let live = previewed(&server, folder.path(), &case.builders).await;
            let told: Vec<String> = live
                .problems
                .iter()
                .map(|p| format!("{} {}", p.message, p.help.as_deref().unwrap_or_default()))
                .collect();
            assert!(told.iter().any(|t| t.contains(action)), "{}, {action}: {told:?}", case.name);
        }
        // Nothing was made by asking.
        allow(&server, &policy.text());
        let outcome = baked(&server, folder.path(), &case.builders).await;
        assert!(is_done(&outcome), "{}: {outcome:?}\n{:#?}", case.name, denied(&server));
        let left = server.inventory();
        assert_eq!((&left["instances"], &left["security_groups"]), (&json!([]), &json!([])), "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_is_undone_by_what_the_policy_allows() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases(folder.path()) {
        for fault in
            ["image-fails@CreateImage:1", "lost@CreateImage:1", "internal@CopyImage:1", "instance-gone@StopInstances:1"]
        {
            let server = server(&case, folder.path()).await;
            let before = server.inventory()["images"].as_array().map(Vec::len);
            let plan = read(&case.builders);
            allow(&server, &policy(&plan.iter().collect::<Vec<_>>()).text());
            server.fault(fault.parse().expect("a fault"));
            let outcome = baked(&server, folder.path(), &case.builders).await;
            assert!(outcome.refused.is_empty() && outcome.left.is_empty(), "{}, {fault}: {outcome:?}", case.name);
            assert_eq!(denied(&server), [""; 0], "{}, {fault}", case.name);
            if !is_done(&outcome) && case.builders.len() == 1 {
                let after = server.inventory()["images"].as_array().map(Vec::len);
                assert_eq!(before, after, "{}, {fault}", case.name);
            }
        }
    }
}

/// What AWS is asked by nobody's leave.
const FREE: &str = "GetCallerIdentity";

#[tokio::test(flavor = "multi_thread")]
async fn the_table_holds_what_runs_call_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut called: BTreeSet<String> = BTreeSet::new();
    for case in cases(folder.path()) {
        let plan = read(&case.builders);
        let plan: Vec<&Build> = plan.iter().collect();
        let may: BTreeSet<&str> = needed(&plan).iter().map(|need| need.row.action).collect();
        for fault in [
            "",
            "image-fails@CreateImage:1",
            "lost@CreateImage:1",
            "lost@ImportKeyPair:1",
            "lost@CreateSecurityGroup:1",
        ] {
            let server = server(&case, folder.path()).await;
            let start = server.calls().len();
            if !fault.is_empty() {
                server.fault(fault.parse().expect("a fault"));
            }
            baked(&server, folder.path(), &case.builders).await;
            for call in server.calls().into_iter().skip(start) {
                let service = if call.action.contains("InstanceProfile") { "iam" } else { "ec2" };
                let action = format!("{service}:{}", call.action);
                assert!(
                    call.action == FREE || may.contains(&*action),
                    "{}, {fault}: {action} is not in the table",
                    case.name
                );
                called.insert(action);
            }
        }
    }
    // What is asked of AWS by other services is known by what a launch needs.
    let idle: Vec<&str> = TABLE
        .iter()
        .map(|row| row.action)
        .filter(|action| action.starts_with("ec2:") && !called.contains(*action))
        .collect();
    assert_eq!(idle, RARE, "no run calls these");
}

/// Called only when a former image is restored that was to be deprecated: `former` tests it.
const RARE: [&str; 1] = ["ec2:EnableImageDeprecation"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_asks_few_questions_however_many_builds_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let many: Vec<Value> =
        (0..50).map(|n| builder(&format!("bld{n}"), json!({ "ami_regions": ["eu-west-1"] }))).collect();
    let questions = async |depth: Depth| {
        let rehearsal = Rehearsal { scale: SCALE, throttle: false, ..Rehearsal::default() };
        let server = Server::start(rehearsal).await.expect("a server");
        allow(
            &server,
            r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "NotAction": "ec2:StopInstances", "Resource": "*" }] }"#,
        );
        let (events, _reader) = Events::new(Gate::default());
        let settings = Settings { depth, ..settings(&server, folder.path()) };
        let outcome = match depth {
            Depth::All => preview(&read(&many), settings, events, Cancel::never()).await.problems,
            _ => bake(read(&many), settings, events, Cancel::never()).await.refused,
        };
        let dry = server.calls().into_iter().filter(|c| c.parameters.get("DryRun").is_some_and(|d| d == "true"));
        (dry.count(), outcome.into_iter().map(|p| (p.code.to_string(), p.message)).collect::<Vec<_>>())
    };
    let wanted =
        ("bake::run::permission".to_owned(), "the credentials may not `ec2:StopInstances` in us-east-1".to_owned());
    let (asked, refused) = questions(Depth::Run).await;
    assert_eq!(refused, std::slice::from_ref(&wanted));
    // Stop, terminate, image and tags, a copy and tags of it, and the launch.
    assert_eq!(asked, 7);
    let (asked, refused) = questions(Depth::All).await;
    assert_eq!(refused, [wanted]);
    assert!((20..=30).contains(&asked), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_and_calls_that_are_told_are_those_of_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases(folder.path()) {
        let server = server(&case, folder.path()).await;
        let start = server.calls().len();
        let plan = read(&case.builders);
        let told = outlook(&plan);
        let (events, mut reader) = Events::new(Gate::default());
        let outcome = bake(read(&case.builders), settings(&server, folder.path()), events, Cancel::never()).await;
        assert!(is_done(&outcome), "{}: {outcome:?}", case.name);
        let mut steps: BTreeMap<String, Vec<String>> = BTreeMap::new();
        while let Ok(event) = reader.try_recv() {
            if let (Some(build), What::StepStarted { step, .. }) = (event.build, event.what) {
                steps.entry(build.to_string()).or_default().push(step);
            }
        }
        for row in &told.builds {
            let bare = |step: &String| match row.provisioners.contains(step) {
                true => "provision".to_owned(),
                false => step.split(' ').next().unwrap_or_default().to_owned(),
            };
            let known: BTreeSet<String> = steps[&row.name].iter().cloned().collect();
            let wanted: Vec<String> = row.steps.iter().map(bare).filter(|step| known.contains(step)).collect();
            assert_eq!(wanted, steps[&row.name], "{}, {}", case.name, row.name);
            let silent: Vec<&String> = row.steps.iter().filter(|step| !known.contains(&bare(step))).collect();
            assert!(silent.is_empty(), "{}: {silent:?}", case.name);
        }
        // Some go together: there are at most as many as are told.
        let expected = calls(&plan.iter().collect::<Vec<_>>());
        let mut made: BTreeMap<String, u32> = BTreeMap::new();
        for call in server.calls().into_iter().skip(start).filter(|call| call.effect) {
            *made.entry(format!("ec2:{}", call.action)).or_default() += 1;
        }
        for (action, times) in &expected {
            let real = made.get(*action).copied().unwrap_or_default();
            assert!((1..=*times).contains(&real), "{}, {action}: {real}, not up to {times}", case.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_ec2_answers_questions_as_aws_does() {
    let server = Server::start(Rehearsal::default()).await.expect("a server");
    let stop = "Action=StopInstances&Version=2016-11-15&DryRun=true&InstanceId.1=i-00000000000000000";
    assert!(post(&server, stop).contains("<Code>InvalidInstanceID.NotFound</Code>"));
    allow(&server, r#"{ "Version": "2012-10-17", "Statement": [] }"#);
    let answer = post(&server, stop);
    for words in [
        "HTTP/1.1 403",
        "<Code>UnauthorizedOperation</Code>",
        "is not authorized to perform: ec2:StopInstances on resource: \
         arn:aws:ec2:us-east-1:123456789012:instance/i-00000000000000000 because no identity-based policy allows",
        "Encoded authorization failure message: ey",
    ] {
        assert!(answer.contains(words), "no {words:?} in {answer}");
    }
    // A policy for one key is none for another.
    let policy = r#"{ "Version": "2012-10-17", "Statement": [] }"#.parse().expect("a policy");
    server.allow(vec![Allowed { key: Some("ANOTHER".to_owned()), policy }]);
    assert!(post(&server, stop).contains("InvalidInstanceID.NotFound"));
}

const WEB: &str = r#"image web {
    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-d05e75b8"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "web"
    }
}
"#;

#[test]
fn a_plan_is_told_without_a_word_to_anyone() {
    let folder = folder_of(&[("web.bake", WEB)]);
    let told = bakec(folder.path(), &["plan"], "");
    assert_eq!((told.code, told.errors.as_str()), (0, ""), "{}", told.out);
    for words in ["web.bake: 1 build of amazon-ebs in us-east-1\n", "  image         web\n", "1 image and 1 snapshot\n"]
    {
        assert!(told.out.contains(words), "no {words:?} in\n{}", told.out);
    }
    assert!(!folder.path().join(".bakec").exists() && !told.out.contains("since"), "{}", told.out);
    let data: Value = serde_json::from_str(&bakec(folder.path(), &["plan", "--json"], "").done()).expect("JSON");
    assert_eq!((&data["builds"][0]["region"], &data["calls"]["ec2:RunInstances"]), (&json!("us-east-1"), &json!(1)));
    // Packer's way of writing options is understood as well.
    assert_eq!(bakec(folder.path(), &["plan", "-only=web"], "").code, 0);
    let none = bakec(folder.path(), &["plan", "--only", "wbe"], "");
    assert!(none.code == 2 && none.errors.contains("did you mean `web`?"), "{}", none.errors);
}

#[test]
fn what_has_changed_since_the_last_run_is_told() {
    let folder = folder_of(&[("web.bake", WEB)]);
    bakec(folder.path(), &["run", "--rehearse"], "").done();
    // Lines are parted where the terminal ends.
    let words = || bakec(folder.path(), &["plan"], "").done().split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words();
    assert!(told.ends_with("1 build, built, a rehearsal: nothing has changed"), "{told}");
    let other = WEB.replace("m3.medium", "m3.large");
    std::fs::write(folder.path().join("web.bake"), other).expect("it can be written");
    let told = words();
    assert!(told.contains("`instance_type` of 1 build: m3.medium, now m3.large "), "{told}");
    let (_, command) = told.split_once("all of it: bakec ").expect("a command");
    let differs = bakec(folder.path(), &command.split(' ').collect::<Vec<_>>(), "");
    assert!(differs.code == 1 && differs.out.contains("m3.large"), "{}", differs.said());
}

#[test]
fn aws_is_asked_and_what_it_refuses_is_3() {
    let folder = folder_of(&[("web.bake", WEB), ("other.bake", &WEB.replace("d05e75b8", "d05e75b9"))]);
    let live = bakec(folder.path(), &["plan", "web.bake", "--live", "--rehearse"], "");
    assert_eq!((live.code, live.errors.as_str()), (0, ""), "{}", live.out);
    for words in
        ["ami-d05e75b8 (ubuntu/", "123456789012, as user/rehearsal", "temporary, for 127.0.0.1/32", "nothing was begun"]
    {
        assert!(live.out.contains(words), "no {words:?} in\n{}", live.out);
    }
    let other = bakec(folder.path(), &["plan", "other.bake", "--live", "--rehearse"], "");
    assert!(other.code == 3 && other.errors.contains("other.bake:4:9"), "{}", other.said());
    assert!(!folder.path().join(".bakec").exists());
}

#[test]
fn a_rehearsal_takes_the_policy_that_is_printed() {
    let folder = folder_of(&[("web.bake", WEB)]);
    let policy = bakec(folder.path(), &["plan", "--iam"], "").done();
    std::fs::write(folder.path().join("policy.json"), &policy).expect("it can be written");
    let with =
        |more: &[&str]| bakec(folder.path(), &[&["run", "--rehearse", "--policy", "policy.json"], more].concat(), "");
    assert_eq!(with(&[]).code, 0);
    let less = policy.replace("\"ec2:StopInstances\",", "").replace("\"ec2:StopInstances\"", "\"ec2:StartInstances\"");
    std::fs::write(folder.path().join("policy.json"), less).expect("it can be written");
    let refused = with(&[]);
    assert!(
        refused.code == 3 && refused.errors.contains("may not `ec2:StopInstances` in us-east-1"),
        "{}",
        refused.said()
    );
    let late = with(&["--no-permission-check"]);
    assert!(late.code != 0 && late.said().contains("`bakec plan --iam`"), "{}", late.said());
    std::fs::write(folder.path().join("policy.json"), "{}").expect("it can be written");
    let wrong = with(&[]);
    assert!(wrong.code == 2 && wrong.errors.contains("the policy `policy.json` is not understood"), "{}", wrong.said());
}

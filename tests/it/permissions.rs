//! What a run must be allowed: the policy that is printed suffices, on an EC2 that asks policies, and without any one of its actions the
//! preflight refuses; and the table behind it holds what runs call, and nothing else.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bakec::packer::read_placed;
use bakec::rehearse::{Allowed, Server, Settings as Rehearsal};
use bakec::run::aws::Reach;
use bakec::run::aws::fault::service;
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
use futures_util::future::join_all;
use serde_json::{Value, json};

use self::cases::{Case, WINDOWS, builder, cases};
use crate::run::{bakec, folder as folder_of};

const SCALE: f64 = 2000.0;

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

/// A folder for runs, with a key for those who bring their own.
fn house() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let private = key::make("ed25519", None).expect("a key");
    key::write(&private, &folder.path().join("mine.pem")).expect("it can be written");
    folder
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
    let amis = vec![WINDOWS.parse().expect("an image")];
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, amis, ..Rehearsal::default() };
    let server = Server::start(rehearsal).await.expect("a server");
    if !case.before.is_empty() {
        let outcome = baked(&server, folder, &case.before).await;
        assert!(is_done(&outcome), "{outcome:?}");
    }
    if case.key {
        let private = key::read(&folder.join("mine.pem"), None).expect("it can be read");
        let public = STANDARD.encode(key::public_line(&private, "mine").expect("a public half"));
        let public = form_urlencoded(&public);
        post(&server, &format!("Action=ImportKeyPair&Version=2016-11-15&KeyName=mine&PublicKeyMaterial={public}"));
    }
    if case.builders.iter().any(|b| b.get("security_group_filter").is_some()) {
        post(&server, "Action=CreateSecurityGroup&Version=2016-11-15&GroupName=build&GroupDescription=build");
        let port =
            "IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=127.0.0.1/32";
        let rule = format!("GroupName=build&IpPermissions.1.IpProtocol=tcp&{port}");
        let answer = post(&server, &format!("Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&{rule}"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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

/// What was refused by the policy, but for what a fault refuses. An instance that has ended is forgotten some time, tags and all: to end it
/// once more is refused then, as the executor knows.
fn denied(server: &Server, but: &str) -> Vec<String> {
    let refused = ["UnauthorizedOperation", "AccessDenied"];
    let calls = server.calls().into_iter().filter(|c| refused.contains(&c.outcome.as_str()));
    let calls = calls.filter(|c| c.action != but && c.action != "TerminateInstances");
    calls.map(|c| format!("{} in {}: {:?}", c.action, c.region, c.parameters)).collect()
}

/// What is there beside images and what was there before.
fn left(server: &Server) -> Vec<String> {
    let all = server.inventory();
    let kinds = all.as_object().expect("kinds").iter().filter(|(kind, _)| *kind != "images" && *kind != "snapshots");
    let things =
        kinds.flat_map(|(kind, list)| list.as_array().into_iter().flatten().map(move |t| format!("{kind}: {t}")));
    things.filter(|t| t.contains("bakec:run")).collect()
}

/// What of a plan nobody can be asked about.
fn never<'a>(plan: &[&'a Build]) -> BTreeSet<&'a str> {
    let all = needed(plan);
    all.iter().filter(|need| matches!(need.row.asked, Asking::Never(_))).map(|need| need.row.action).collect()
}

/// Looks at all plans at once, and tells all that is wrong.
async fn each_of<'f, F: Future<Output = Vec<String>>>(folder: &'f Path, look: impl Fn(Case, &'f Path) -> F) {
    let all = join_all(cases(folder).into_iter().map(|case| look(case, folder))).await;
    let wrong = all.concat();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_policy_suffices_and_nothing_of_it_can_be_spared() {
    let folder = house();
    each_of(folder.path(), suffices).await;
}

async fn suffices(case: Case, folder: &Path) -> Vec<String> {
    let server = server(&case, folder).await;
    let plan = read(&case.builders);
    let plan: Vec<&Build> = plan.iter().collect();
    let policy = policy(&plan);
    let mut wrong = Vec::new();
    let mut tell = |what: String| wrong.push(format!("{}: {what}", case.name));
    allow(&server, &policy.text());
    let live = previewed(&server, folder, &case.builders).await;
    if !live.problems.is_empty() {
        tell(format!("{:?}\n{}", live.problems, policy.text()));
    }
    let never = never(&plan);
    let unasked: BTreeSet<&str> = live.unasked.keys().copied().collect();
    if unasked != never {
        tell(format!("not asked: {unasked:?}, not {never:?}"));
    }
    for action in policy.actions() {
        if never.contains(action) {
            let server = self::server(&case, folder).await;
            allow(&server, &without(&policy, action));
            let outcome = baked(&server, folder, &case.builders).await;
            if !outcome.refused.is_empty() || is_done(&outcome) {
                tell(format!("without {action}: {outcome:?}"));
            }
            continue;
        }
        allow(&server, &without(&policy, action));
        let live = previewed(&server, folder, &case.builders).await;
        let told = live.problems.iter().map(|p| format!("{} {}", p.message, p.help.as_deref().unwrap_or_default()));
        let told: Vec<String> = told.collect();
        if !told.iter().any(|t| t.contains(action)) {
            tell(format!("without {action}: {told:?}"));
        }
    }
    // Nothing was made by asking.
    allow(&server, &policy.text());
    let outcome = baked(&server, folder, &case.builders).await;
    if !is_done(&outcome) {
        tell(format!("{outcome:?}"));
    }
    if !left(&server).is_empty() {
        tell(format!("is left: {:?}", left(&server)));
    }
    wrong
}

/// What happens to runs, at calls that not all of them make.
const FAULTS: [&str; 16] = [
    "image-fails@CreateImage:1",
    "lost@CreateImage:1",
    "lost@ImportKeyPair:1",
    "lost@CreateSecurityGroup:1",
    "internal@CopyImage:1",
    "instance-gone@StopInstances:1",
    "lost@CreateFleet:1",
    "denied@CreateFleet:1",
    "lost@CreateLaunchTemplate:1",
    "lost@CreateRole:1",
    "denied@PutRolePolicy:1",
    "lost@CreateInstanceProfile:1",
    "lost@EnableFastLaunch:1",
    "denied@ModifyImageAttribute:1",
    "denied@EnableImageDeregistrationProtection:2",
    "denied@EnableImageDeprecation:2",
];

/// The action that a fault is about.
fn struck(fault: &str) -> &str {
    fault.split(['@', ':']).nth(1).unwrap_or_default()
}

/// Calls that all plans make alike: one that is struck is enough.
const ALIKE: [&str; 2] = ["ImportKeyPair", "CreateSecurityGroup"];

/// Faults at calls that a plan makes.
fn faults(case: &Case, plan: &[&Build]) -> Vec<&'static str> {
    let may: BTreeSet<&str> = needed(plan).iter().map(|need| need.row.action).collect();
    let is_met = |fault: &&&str| {
        let action = struck(fault);
        may.contains(&*format!("{}:{action}", service(action))) && (case.name == "plain" || !ALIKE.contains(&action))
    };
    FAULTS.iter().filter(is_met).copied().collect()
}

/// What AWS is asked by nobody's leave.
const FREE: &str = "GetCallerIdentity";

/// Called only when a former image is restored that was disabled, as `kept` tests it; on the way back where the policy of a role is seen
/// late; and when a call is refused.
const RARE: [&str; 3] = ["ec2:DisableImage", "iam:ListRolePolicies", "sts:DecodeAuthorizationMessage"];

#[tokio::test(flavor = "multi_thread")]
async fn builds_that_fail_are_undone_by_what_the_policy_allows_and_the_table_holds_no_more() {
    let folder = house();
    let called: Mutex<BTreeSet<String>> = Mutex::default();
    let failed: Mutex<BTreeSet<&str>> = Mutex::default();
    each_of(folder.path(), |case, folder| undone(case, folder, &called, &failed)).await;
    let (called, failed) = (called.into_inner().expect("a set"), failed.into_inner().expect("a set"));
    for name in ["spot", "keys", "away", "protected", "cooldown", "fast launch", "encrypted again"] {
        assert!(failed.contains(name), "`{name}` has failed by none of the faults: {failed:?}");
    }
    // What is asked of AWS by other services is known by what a call needs.
    let implied = ["iam:PassRole", "iam:TagInstanceProfile", "iam:TagRole"];
    let all: BTreeSet<&str> = TABLE.iter().map(|row| row.action).collect();
    let is_idle = |action: &&str| !action.starts_with("kms:") && !implied.contains(action) && !called.contains(*action);
    assert_eq!(all.into_iter().filter(is_idle).collect::<Vec<_>>(), RARE, "no run calls these");
}

async fn undone(
    case: Case,
    folder: &Path,
    called: &Mutex<BTreeSet<String>>,
    failed: &Mutex<BTreeSet<&str>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let plan = read(&case.builders);
    let plan: Vec<&Build> = plan.iter().collect();
    let may: BTreeSet<&str> = needed(&plan).iter().map(|need| need.row.action).collect();
    for fault in faults(&case, &plan).into_iter().chain([""]) {
        let mut tell = |what: String| wrong.push(format!("{}, {fault}: {what}", case.name));
        let server = server(&case, folder).await;
        let start = server.calls().len();
        let images = || server.inventory()["images"].as_array().map(Vec::len);
        let before = images();
        allow(&server, &policy(&plan).text());
        if !fault.is_empty() {
            server.fault(fault.parse().expect("a fault"));
        }
        let outcome = baked(&server, folder, &case.builders).await;
        if !outcome.refused.is_empty() || !outcome.left.is_empty() {
            tell(format!("{outcome:?}"));
        }
        for what in [denied(&server, struck(fault)), left(&server)].concat() {
            tell(what);
        }
        if !is_done(&outcome) && case.builders.len() == 1 {
            failed.lock().expect("a set").insert(case.name);
            if before != images() {
                tell(format!("images: {:#}", server.inventory()["images"]));
            }
        }
        // Questions show nothing.
        let calls = server.calls().into_iter().skip(start);
        for call in calls.filter(|c| c.action == "RunInstances" || !c.parameters.contains_key("DryRun")) {
            let action = format!("{}:{}", service(&call.action), call.action);
            if call.action != FREE && !may.contains(&*action) {
                tell(format!("{action} is not in the table"));
            }
            called.lock().expect("a set").insert(action);
        }
    }
    wrong
}

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
    let folder = house();
    each_of(folder.path(), told).await;
}

async fn told(case: Case, folder: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tell = |what: String| wrong.push(format!("{}: {what}", case.name));
    let server = server(&case, folder).await;
    let start = server.calls().len();
    let plan = read(&case.builders);
    let told = outlook(&plan);
    let (events, mut reader) = Events::new(Gate::default());
    let outcome = bake(read(&case.builders), settings(&server, folder), events, Cancel::never()).await;
    if !is_done(&outcome) {
        tell(format!("{outcome:?}"));
    }
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
        let wanted: Vec<String> = row.steps.iter().map(bare).collect();
        if steps.get(&row.name) != Some(&wanted) {
            tell(format!("{} does {:?}, and not {wanted:?}", row.name, steps.get(&row.name)));
        }
    }
    // Some go together: there are at most as many as are told.
    let expected = calls(&plan.iter().collect::<Vec<_>>());
    let mut made: BTreeMap<String, u32> = BTreeMap::new();
    for call in server.calls().into_iter().skip(start).filter(|call| call.effect) {
        *made.entry(format!("{}:{}", service(&call.action), call.action)).or_default() += 1;
    }
    for (action, times) in &expected {
        let real = made.remove(*action).unwrap_or_default();
        // What is there before is let go as well.
        if real == 0 || real > *times && case.before.is_empty() {
            tell(format!("{action}: {real}, not up to {times}"));
        }
    }
    if !made.is_empty() && case.before.is_empty() {
        tell(format!("also calls {made:?}"));
    }
    let images = server.inventory()["images"].as_array().map(Vec::len);
    if case.before.is_empty() && images != Some(told.staying.get("image").copied().unwrap_or_default()) {
        tell(format!("{images:?} images, not {:?}", told.staying));
    }
    wrong
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

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_iam_knows_paths_and_tags() {
    let server = Server::start(Rehearsal::default()).await.expect("a server");
    let statement = |actions: &str, more: &str| {
        format!(
            r#"{{ "Effect": "Allow", "Action": {actions}, "Resource": "arn:aws:iam::*:role/bakec/*", "Condition": {{ {more} }} }}"#
        )
    };
    let tagged = r#""StringLike": { "aws:RequestTag/bakec:run": "*" }"#;
    let policy = |statements: &[String]| {
        allow(&server, &format!(r#"{{ "Version": "2012-10-17", "Statement": [{}] }}"#, statements.join(", ")));
    };
    let trust = "%7B%22Statement%22:%5B%7B%7D%5D%7D";
    let create = |name: &str, path: &str, more: &str| {
        let role = format!("RoleName={name}&Path={path}&AssumeRolePolicyDocument={trust}{more}");
        post_to("iam", &server, &format!("Version=2010-05-08&Action=CreateRole&{role}"))
    };
    let tags = "&Tags.member.1.Key=bakec:run&Tags.member.1.Value=run-1";
    policy(&[statement(r#""iam:CreateRole""#, tagged)]);
    assert!(create("a", "/other/", tags).contains("<Code>AccessDenied</Code>"));
    assert!(create("a", "/bakec/x/", "").contains("<Code>AccessDenied</Code>"), "it has no tags");
    assert!(create("a", "/bakec/x/", tags).contains("not authorized to perform: iam:TagRole on resource"));
    policy(&[
        statement(r#"["iam:CreateRole", "iam:TagRole"]"#, tagged),
        statement(r#""iam:DeleteRole""#, r#""StringEquals": { "aws:ResourceTag/bakec:run": "run-1" }"#),
    ]);
    assert!(create("a", "/bakec/x/", tags).starts_with("HTTP/1.1 200"));
    // It is known by the path that it has, and by its tags.
    let delete = |name: &str| post_to("iam", &server, &format!("Version=2010-05-08&Action=DeleteRole&RoleName={name}"));
    assert!(delete("b").contains("role/b because no identity-based policy allows"));
    assert!(delete("a").starts_with("HTTP/1.1 200"));
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

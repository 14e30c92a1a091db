//! The server as a client sees it: over its sockets, with requests written by hand.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A server whose clock runs a thousand times as fast.
async fn server(settings: Settings) -> Server {
    Server::start(Settings { scale: 1000.0, seed: Some(1), ..settings }).await.unwrap()
}

/// Sends bytes, and reads until the server closes.
async fn exchange(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.endpoint.trim_start_matches("http://")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has told what it had to tell.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn request(region: &str, form: &str) -> String {
    let body = format!("Version=2016-11-15&{form}");
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=AK/20261121/{region}/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    )
}

/// The status and body of an answer; nothing where the connection was closed without one.
async fn ask_in(server: &Server, region: &str, form: &str) -> Option<(u16, String)> {
    let answer = exchange(server, &request(region, form)).await;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_string()))
}

async fn ask(server: &Server, form: &str) -> Option<(u16, String)> {
    ask_in(server, "us-east-1", form).await
}

/// The body of an answer that has to be a success.
async fn fine(server: &Server, form: &str) -> String {
    let (status, body) = ask(server, form).await.expect("an answer");
    assert_eq!(status, 200, "{form}: {body}");
    body
}

/// The code of a refusal.
async fn code(server: &Server, form: &str) -> String {
    let (status, body) = ask(server, form).await.expect("an answer");
    assert_ne!(status, 200, "{form}: {body}");
    field(&body, "Code")
}

fn field(body: &str, name: &str) -> String {
    let from = body.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("no {name} in {body}"));
    from.split("</").next().unwrap_or_default().to_string()
}

async fn control(server: &Server, method: &str, path: &str, body: &str) -> Value {
    let text = format!(
        "{method} /_bakec/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(server, &text).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_string()))
}

fn count(server: &Server, kind: &str) -> usize {
    server.inventory()[kind].as_array().unwrap().len()
}

const LAUNCH: &str = "Action=RunInstances&ImageId=ami-d05e75b8&MinCount=1&MaxCount=1&InstanceType=m3.medium";

/// Waits until something described has become something.
async fn until(server: &Server, form: &str, text: &str) -> String {
    for _ in 0..400 {
        let body = fine(server, form).await;
        if body.contains(text) {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{form} never showed {text}");
}

/// An instance that is stopped.
async fn stopped(server: &Server) -> String {
    let id = field(&fine(server, LAUNCH).await, "instanceId");
    until(server, &format!("Action=DescribeInstances&InstanceId.1={id}"), "<name>running</name>").await;
    fine(server, &format!("Action=StopInstances&InstanceId.1={id}")).await;
    until(server, &format!("Action=DescribeInstances&InstanceId.1={id}"), "<name>stopped</name>").await;
    id
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let s = server(Settings::default()).await;
    assert_eq!(code(&s, "Action=DescribeNothing").await, "InvalidAction");
    assert_eq!(code(&s, "Action=DescribeImages&Colour=red").await, "UnknownParameter");
    assert_eq!(
        code(&s, "Action=DescribeImages&Filter.1.Name=colour&Filter.1.Value.1=red").await,
        "InvalidParameterValue"
    );
    assert_eq!(code(&s, "Action=DescribeImages&ImageId.1=ami-00000000").await, "InvalidAMIID.NotFound");
    assert_eq!(code(&s, "Action=DescribeImages&ImageId.1=x").await, "InvalidAMIID.Malformed");
    let unsigned =
        exchange(&s, "GET /?Action=DescribeImages&Version=2016-11-15 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
    assert!(unsigned.contains("MissingAuthenticationToken") && unsigned.starts_with("HTTP/1.1 403"), "{unsigned}");
    assert!(s.calls().iter().all(|call| !call.effect && call.outcome != "open"));
}

#[test]
fn no_action_and_no_parameter_stands_twice() {
    let mut names = std::collections::BTreeSet::new();
    for action in actions::all() {
        assert!(names.insert(action.name), "{}", action.name);
        let takes: Vec<&str> = action.takes.iter().flat_map(|part| part.iter().copied()).collect();
        let set: std::collections::BTreeSet<&str> = takes.iter().copied().collect();
        assert_eq!(takes.len(), set.len(), "{}", action.name);
    }
    assert!(names.len() > 50);
}

#[tokio::test]
async fn a_dry_run_checks_and_does_nothing() {
    let s = server(Settings::default()).await;
    assert_eq!(code(&s, &format!("{LAUNCH}&DryRun=true")).await, "DryRunOperation");
    assert_eq!(code(&s, &format!("{LAUNCH}&DryRun=true&KeyName=none")).await, "InvalidKeyPair.NotFound");
    assert_eq!(count(&s, "instances"), 0);
}

#[tokio::test]
async fn a_client_token_makes_one_instance() {
    let s = server(Settings::default()).await;
    let first = field(&fine(&s, &format!("{LAUNCH}&ClientToken=t")).await, "instanceId");
    let second = field(&fine(&s, &format!("{LAUNCH}&ClientToken=t")).await, "instanceId");
    assert_eq!(first, second);
    assert_eq!(code(&s, &format!("{LAUNCH}&ClientToken=t&KeyName=x")).await, "IdempotentParameterMismatch");
    assert_eq!(count(&s, "instances"), 1);
    let effects: Vec<bool> = s.calls().iter().map(|call| call.effect).collect();
    assert_eq!(effects, [true, false, false]);
}

#[tokio::test]
async fn an_image_has_its_name_alone_and_its_snapshots_as_long_as_it_lives() {
    let s = server(Settings::default()).await;
    let instance = stopped(&s).await;
    let create = format!("Action=CreateImage&InstanceId={instance}&Name=one");
    let image = field(&fine(&s, &create).await, "imageId");
    assert_eq!(code(&s, &create).await, "InvalidAMIName.Duplicate");
    let shown = until(&s, &format!("Action=DescribeImages&ImageId.1={image}"), "<imageState>available<").await;
    let snapshot = field(&shown, "snapshotId");
    let delete = format!("Action=DeleteSnapshot&SnapshotId={snapshot}");
    assert_eq!(code(&s, &delete).await, "InvalidSnapshot.InUse");
    fine(&s, &format!("Action=EnableImageDeregistrationProtection&ImageId={image}")).await;
    assert_eq!(code(&s, &format!("Action=DeregisterImage&ImageId={image}")).await, "OperationNotPermitted");
    fine(&s, &format!("Action=DisableImageDeregistrationProtection&ImageId={image}")).await;
    fine(&s, &format!("Action=DeregisterImage&ImageId={image}")).await;
    fine(&s, &delete).await;
    assert_eq!(code(&s, &delete).await, "InvalidSnapshot.NotFound");
    fine(&s, &create).await;
    assert_eq!((count(&s, "images"), count(&s, "snapshots")), (1, 1));
}

#[tokio::test]
async fn copies_land_in_the_region_of_the_call() {
    let s = server(Settings::default()).await;
    let instance = stopped(&s).await;
    let image = field(&fine(&s, &format!("Action=CreateImage&InstanceId={instance}&Name=one")).await, "imageId");
    let copy = format!("Action=CopyImage&SourceRegion=us-east-1&SourceImageId={image}&Name=one&ClientToken=c");
    let (_, early) = ask_in(&s, "eu-west-1", &copy).await.unwrap();
    assert_eq!(field(&early, "Code"), "InvalidRequest");
    until(&s, &format!("Action=DescribeImages&ImageId.1={image}"), "<imageState>available<").await;
    let (_, first) = ask_in(&s, "eu-west-1", &copy).await.unwrap();
    let (_, again) = ask_in(&s, "eu-west-1", &copy).await.unwrap();
    assert_eq!(field(&first, "imageId"), field(&again, "imageId"));
    let images = s.inventory()["images"].clone();
    let regions: Vec<&str> = images.as_array().unwrap().iter().filter_map(|i| i["region"].as_str()).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
}

#[tokio::test]
async fn a_group_in_use_stays_and_volumes_end_with_their_instance() {
    let s = server(Settings::default()).await;
    let group = field(&fine(&s, "Action=CreateSecurityGroup&GroupName=g&GroupDescription=d").await, "groupId");
    let id = field(&fine(&s, &format!("{LAUNCH}&SecurityGroupId.1={group}")).await, "instanceId");
    let delete = format!("Action=DeleteSecurityGroup&GroupId={group}");
    assert_eq!(code(&s, &delete).await, "DependencyViolation");
    assert_eq!(count(&s, "volumes"), 1);
    fine(&s, &format!("Action=TerminateInstances&InstanceId.1={id}")).await;
    until(&s, &format!("Action=DescribeInstances&InstanceId.1={id}"), "<name>terminated</name>").await;
    fine(&s, &delete).await;
    assert_eq!((count(&s, "volumes"), count(&s, "instances"), count(&s, "security_groups")), (0, 0, 0));
}

#[tokio::test]
async fn what_is_new_is_not_seen_at_once() {
    let hour = Duration::from_secs(3600);
    let s = server(Settings { visible_after: hour, ..Settings::default() }).await;
    let tagged = format!(
        "{LAUNCH}&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v"
    );
    let id = field(&fine(&s, &tagged).await, "instanceId");
    let by_id = format!("Action=DescribeInstances&InstanceId.1={id}");
    assert_eq!(code(&s, &by_id).await, "InvalidInstanceID.NotFound");
    let by_tag = "Action=DescribeInstances&Filter.1.Name=tag:k&Filter.1.Value.1=v";
    assert!(!fine(&s, by_tag).await.contains(&id));
    // What is there all the same.
    assert_eq!(count(&s, "instances"), 1);
    tokio::time::sleep(Duration::from_millis(3700)).await;
    assert!(fine(&s, by_tag).await.contains(&id));
    fine(&s, &format!("Action=CreateTags&ResourceId.1={id}&Tag.1.Key=k&Tag.1.Value=w")).await;
    assert!(fine(&s, by_tag).await.contains(&id), "the former tag is seen meanwhile");
}

#[tokio::test]
async fn faults_strike_as_they_are_told() {
    let s = server(Settings::default()).await;
    let set =
        control(&s, "POST", "faults", r#"["throttle@1", {"kind": "lost", "action": "RunInstances", "at": 1}]"#).await;
    assert_eq!(set, json!({ "set": 2 }));
    let (status, body) = ask(&s, "Action=DescribeRegions").await.unwrap();
    assert_eq!((status, field(&body, "Code").as_str()), (503, "RequestLimitExceeded"));
    assert_eq!(ask(&s, LAUNCH).await, None, "no byte is answered");
    assert_eq!(count(&s, "instances"), 1);
    for (fault, status, expected) in [
        ("unavailable@1", 503, "Unavailable"),
        ("internal@1", 500, "InternalError"),
        ("capacity@1", 500, "InsufficientInstanceCapacity"),
    ] {
        control(&s, "POST", "faults", &json!(fault).to_string()).await;
        let (got, body) = ask(&s, LAUNCH).await.unwrap();
        assert_eq!((got, field(&body, "Code").as_str()), (status, expected));
    }
    control(&s, "POST", "faults", r#""cut@1""#).await;
    assert_eq!(ask(&s, LAUNCH).await, None);
    assert_eq!(count(&s, "instances"), 1);
    control(&s, "POST", "faults", r#""instance-gone@1""#).await;
    until(&s, "Action=DescribeInstances", "<name>terminated</name>").await;
    control(&s, "POST", "faults", r#""launch-fails@1""#).await;
    let id = field(&fine(&s, LAUNCH).await, "instanceId");
    let gone = until(&s, &format!("Action=DescribeInstances&InstanceId.1={id}"), "<name>terminated</name>").await;
    assert!(gone.contains("Server.InternalError"), "{gone}");
    let wrong = control(&s, "POST", "faults", r#""thrttle@1""#).await;
    assert!(wrong.as_str().is_some_and(|words| words.contains("thrttle")), "{wrong}");
}

#[tokio::test]
async fn a_failed_image_says_why() {
    let s = server(Settings { faults: vec!["image-fails@1".parse().unwrap()], ..Settings::default() }).await;
    let instance = stopped(&s).await;
    let image = field(&fine(&s, &format!("Action=CreateImage&InstanceId={instance}&Name=one")).await, "imageId");
    let shown = until(&s, &format!("Action=DescribeImages&ImageId.1={image}"), "<imageState>failed<").await;
    assert!(shown.contains("<stateReason><code>Server.InternalError<"), "{shown}");
}

#[tokio::test]
async fn a_call_that_is_held_and_left_before_its_effect_has_none() {
    let s = server(Settings::default()).await;
    for (when, effect) in [(When::Before, 0), (When::After, 1)] {
        s.reset();
        let hold = s.hold(HoldAt { when, at: 2, action: None });
        fine(&s, "Action=DescribeRegions").await;
        let mut stream = TcpStream::connect(s.endpoint.trim_start_matches("http://")).await.unwrap();
        stream.write_all(request("us-east-1", LAUNCH).as_bytes()).await.unwrap();
        let held = s.hold_leaves(hold, HoldState::Armed).await.unwrap();
        assert_eq!(
            (held.state, held.call, held.held_action.as_deref()),
            (HoldState::Held, Some(2), Some("RunInstances"))
        );
        assert_eq!(count(&s, "instances"), effect);
        // Others are not held up.
        fine(&s, "Action=DescribeRegions").await;
        drop(stream);
        let left = tokio::time::timeout(Duration::from_secs(5), s.hold_leaves(hold, HoldState::Held)).await;
        assert_eq!(left.unwrap().unwrap().state, HoldState::Left);
        assert!(!s.release(99));
        s.release(hold);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(count(&s, "instances"), effect);
        let call = &s.calls()[1];
        assert_eq!((call.outcome.as_str(), call.effect), ("left", effect == 1));
    }
}

#[tokio::test]
async fn a_call_that_is_let_go_is_answered() {
    let s = server(Settings::default()).await;
    let armed = control(&s, "POST", "hold", r#"{"when": "before", "at": 1, "action": "RunInstances"}"#).await;
    assert_eq!(armed, json!({ "hold": 1 }));
    let (answer, ()) = tokio::join!(ask(&s, LAUNCH), async {
        let held = control(&s, "GET", "hold/1?while=armed&wait=5", "").await;
        assert_eq!(held["state"], "held");
        assert_eq!(count(&s, "instances"), 0);
        control(&s, "DELETE", "hold/1", "").await;
    });
    assert_eq!(answer.unwrap().0, 200);
    assert_eq!(count(&s, "instances"), 1);
    assert_eq!(control(&s, "GET", "hold/1", "").await["state"], "released");
}

#[tokio::test]
async fn calls_are_throttled_as_ec2_throttles_them() {
    // A clock so slow that no token comes back.
    let s = Server::start(Settings { scale: 0.001, ..Settings::default() }).await.unwrap();
    for _ in 0..5 {
        fine(&s, LAUNCH).await;
    }
    assert_eq!(code(&s, LAUNCH).await, "RequestLimitExceeded");
    fine(&s, "Action=DescribeInstances").await;
    let free = Server::start(Settings { scale: 0.001, throttle: false, ..Settings::default() }).await.unwrap();
    for _ in 0..20 {
        fine(&free, LAUNCH).await;
    }
}

#[tokio::test]
async fn quotas_hold() {
    let mut settings = Settings::default();
    settings.quotas.vcpus = 2;
    let s = server(settings).await;
    fine(&s, LAUNCH).await;
    fine(&s, LAUNCH).await;
    assert_eq!(code(&s, LAUNCH).await, "VcpuLimitExceeded");
}

#[tokio::test]
async fn a_record_keeps_no_secrets_and_a_reset_forgets() {
    let s = server(Settings::default()).await;
    fine(&s, &format!("{LAUNCH}&UserData=c2VjcmV0")).await;
    let calls = control(&s, "GET", "calls", "").await;
    assert!(!calls.to_string().contains("c2VjcmV0"), "{calls}");
    assert_eq!(calls[0]["parameters"]["UserData"], "(8 bytes)");
    assert_eq!(calls[0]["effect"], true);
    control(&s, "POST", "reset", "").await;
    assert_eq!(control(&s, "GET", "calls", "").await, json!([]));
    assert_eq!(count(&s, "instances"), 0);
}

#[tokio::test]
async fn pages_and_the_console() {
    let s = server(Settings::default()).await;
    let id = field(&fine(&s, &format!("{LAUNCH}&MaxCount=7").replace("MaxCount=1&", "")).await, "instanceId");
    let first = fine(&s, "Action=DescribeInstances&MaxResults=5").await;
    let next = field(&first, "nextToken");
    let second =
        fine(&s, &format!("Action=DescribeInstances&MaxResults=5&NextToken={}", next.replace('=', "%3D"))).await;
    assert_eq!((first.matches("<instanceId>").count(), second.matches("<instanceId>").count()), (5, 2));
    let shown = until(&s, &format!("Action=GetConsoleOutput&InstanceId={id}"), "<output>").await;
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.decode(field(&shown, "output")).unwrap();
    assert!(String::from_utf8(text).unwrap().contains(&s.host_key));
}

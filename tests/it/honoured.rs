//! Options that are accepted are honoured: what EC2 is asked for them, and what is refused before anything is made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bakec::packer::read_placed;
use bakec::rehearse::{Call, Server, Settings as Rehearsal};
use bakec::run::aws::Reach;
use bakec::run::bake;
use bakec::run::build::{Build, Builder};
use bakec::run::cancel::Cancel;
use bakec::run::event::{Events, What};
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::journal::line::End;
use bakec::run::secret::Gate;
use bakec::run::settings::{Outcome, Settings};
use bakec::run::settle::resume;
use bakec::text::FileId;
use serde_json::{Value, json};

const SCALE: f64 = 1000.0;

async fn server() -> Server {
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, ..Rehearsal::default() };
    Server::start(rehearsal).await.expect("a server")
}

/// A builder with these options beside those it needs.
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

fn read(builders: &[Value], packer_defaults: bool) -> Vec<Build> {
    let text = json!({ "builders": builders }).to_string();
    let (document, problems) = read_placed(FileId(0), "plan.json", &text);
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults,
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

/// How runs are made on a server; where the plan names the endpoint itself it is not named here.
fn settings(server: &Server, runs: &Path, own: bool) -> Settings {
    let endpoint = (!own).then(|| server.endpoint.clone());
    Settings {
        runs: runs.join("runs"),
        reach: Reach { endpoint, scale: Some(SCALE), any_credentials: true },
        ssh_at: Some(server.ssh),
        ..Settings::default()
    }
}

async fn baked(server: &Server, builders: &[Value]) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let (events, _reader) = Events::new(Gate::default());
    bake(read(builders, false), settings(server, folder.path(), false), events, Cancel::never()).await
}

#[track_caller]
fn is_done(outcome: &Outcome) {
    assert!(outcome.refused.is_empty() && outcome.left.is_empty() && !outcome.ends.is_empty(), "{outcome:?}");
    assert!(outcome.ends.iter().all(|(_, end)| matches!(end, End::Done { .. })), "{outcome:?}");
}

fn calls(server: &Server, action: &str) -> Vec<Call> {
    server.calls().into_iter().filter(|call| call.action == action).collect()
}

fn images(server: &Server) -> Vec<Value> {
    server.inventory()["images"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_address_is_not_the_world_also_by_packers_defaults() {
    let server = server().await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = read(&[builder("web", json!({ "temporary_security_group_source_public_ip": true }))], true);
    let (events, _reader) = Events::new(Gate::default());
    let settings = Settings { packer_defaults: true, ..settings(&server, folder.path(), false) };
    is_done(&bake(plan, settings, events, Cancel::never()).await);
    let opened = calls(&server, "AuthorizeSecurityGroupIngress");
    let ranges: Vec<&String> =
        opened.iter().flat_map(|c| &c.parameters).filter(|(k, _)| k.ends_with("CidrIp")).map(|(_, v)| v).collect();
    assert_eq!(ranges, ["127.0.0.1/32"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn enhanced_networking_is_set_on_the_stopped_machine_and_in_the_image() {
    for fault in [None, Some("lost@ModifyInstanceAttribute:1"), Some("internal@ModifyInstanceAttribute:2")] {
        let server = server().await;
        if let Some(fault) = fault {
            server.fault(fault.parse().expect("a fault"));
        }
        let options = json!({ "ena_support": true, "sriov_support": true, "ami_regions": ["eu-west-1"] });
        is_done(&baked(&server, &[builder("web", options)]).await);
        let images = images(&server);
        assert_eq!(images.len(), 2);
        for image in images {
            assert_eq!((&image["ena"], &image["sriov"]), (&json!(true), &json!(true)), "{image:#}");
        }
    }
    let server = server().await;
    is_done(&baked(&server, &[builder("web", json!({}))]).await);
    assert!(calls(&server, "ModifyInstanceAttribute").is_empty());
    assert_eq!((&images(&server)[0]["ena"], &images(&server)[0]["sriov"]), (&json!(false), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn enhanced_networking_needs_hvm() {
    let ami = "us-east-1/ami-12345678,name=mine,virtualization=paravirtual".parse().expect("an image");
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, amis: vec![ami], ..Rehearsal::default() };
    let server = Server::start(rehearsal).await.expect("a server");
    let of = |options: Value| {
        let mut builder = builder("web", options);
        builder["source_ami"] = json!("ami-12345678");
        builder
    };
    for option in ["ena_support", "sriov_support"] {
        let outcome = baked(&server, &[of(json!({ option: true }))]).await;
        assert!(outcome.run.is_none() && outcome.refused.len() == 1, "{outcome:?}");
        assert!(outcome.refused[0].message.starts_with(&format!("`{option}` needs an image")), "{outcome:?}");
    }
    is_done(&baked(&server, &[of(json!({ "ena_support": false }))]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_beforehand_is_the_launch() {
    let server = server().await;
    let options = |name: &str, kind: &str| {
        json!({
            "run_tags": { "Owner": name }, "instance_type": kind, "metadata_options": { "http_tokens": "required" },
            "launch_block_device_mappings": [{ "device_name": "/dev/sda1", "volume_size": 9, "delete_on_termination": true }],
        })
    };
    let all = [
        builder("one", options("one", "m3.medium")),
        builder("two", options("two", "m3.medium")),
        builder("three", options("three", "m3.large")),
    ];
    is_done(&baked(&server, &all).await);
    let (asked, done): (Vec<Call>, Vec<Call>) =
        calls(&server, "RunInstances").into_iter().partition(|c| c.parameters.contains_key("DryRun"));
    assert_eq!((asked.len(), done.len()), (2, 3), "builds of which only values of tags differ ask one question");
    let shape = |call: &Call| {
        let own = |k: &&String| !["DryRun", "ClientToken", "KeyName", "SecurityGroupId.1"].contains(&k.as_str());
        call.parameters.keys().filter(own).cloned().collect::<Vec<String>>()
    };
    assert_eq!(shape(&asked[0]), shape(&done[0]));
    assert_eq!(asked[0].parameters["MetadataOptions.HttpTokens"], "required");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_build_is_asked_about_and_not_only_the_first() {
    let server = server().await;
    let wrong = builder("two", json!({ "subnet_id": "subnet-00000000000000000" }));
    let outcome = baked(&server, &[builder("one", json!({})), wrong]).await;
    assert!(outcome.run.is_none() && outcome.refused.len() == 1, "{outcome:?}");
    assert!(outcome.refused[0].message.contains("subnet-0"), "{outcome:?}");
    assert!(calls(&server, "ImportKeyPair").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_asked_about_their_own_builds() {
    let (first, second) = (server().await, server().await);
    is_done(&baked(&first, &[builder("web", json!({}))]).await);
    let folder = tempfile::tempdir().expect("a folder");
    let of = |server: &Server, name: &str, options: Value| {
        let mut builder = builder(name, options);
        builder["custom_endpoint_ec2"] = json!(server.endpoint);
        builder["communicator"] = json!("none");
        builder
    };
    let run = async |builders: &[Value]| {
        let (events, _reader) = Events::new(Gate::default());
        bake(read(builders, false), settings(&first, folder.path(), true), events, Cancel::never()).await
    };
    // The other account has no image of that name.
    let outcome = run(&[of(&first, "other", json!({})), of(&second, "mine", json!({ "ami_name": "web" }))]).await;
    is_done(&outcome);
    assert_eq!((images(&first).len(), images(&second).len()), (2, 1));
    // And now it has, whatever the first account says of it.
    let outcome = run(&[of(&first, "third", json!({})), of(&second, "again", json!({ "ami_name": "web" }))]).await;
    assert!(outcome.refused.len() == 1 && outcome.refused[0].message.contains("`web`"), "{outcome:?}");
    // Two names for one account are one account.
    let twin = json!({ "ami_name": "twin", "access_key": "AKIDOTHER" });
    let outcome = run(&[of(&first, "a", json!({ "ami_name": "twin" })), of(&first, "b", twin)]).await;
    assert!(outcome.refused.len() == 1 && outcome.refused[0].message.contains("would both make"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_names_than_a_filter_holds_are_asked_in_parts() {
    let server = server().await;
    let all: Vec<Value> =
        (0..201).map(|n| builder(&format!("image-{n}"), json!({ "subnet_id": "subnet-0" }))).collect();
    assert!(!baked(&server, &all).await.refused.is_empty());
    let filters = |call: &Call| call.parameters.keys().filter(|k| k.starts_with("Filter.1.Value.")).count();
    let asked: Vec<usize> = calls(&server, "DescribeImages").iter().map(filters).filter(|n| *n > 0).collect();
    assert_eq!(asked.iter().sum::<usize>(), 201, "{asked:?}");
    assert!(asked.iter().all(|n| *n <= 200), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_tags_with_one_key_the_last_counts() {
    let server = server().await;
    let options = json!({
        "tags": { "Name": "map", "NAME": "first" }, "tag": [{ "key": "Name", "value": "one" }, { "key": "Name", "value": "two" }],
        "run_tags": { "{{upper `k`}}": "rendered" }, "run_tag": { "key": "K", "value": "written" },
    });
    is_done(&baked(&server, &[builder("web", options)]).await);
    let image = &images(&server)[0];
    assert_eq!((&image["tags"]["Name"], &image["tags"]["NAME"]), (&json!("two"), &json!("first")), "{image:#}");
    let launched = calls(&server, "RunInstances").pop().expect("a launch");
    assert!(launched.parameters.values().any(|v| v == "written"));
    assert!(!launched.parameters.values().any(|v| v == "rendered"), "{launched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_who_calls_where_that_is_not_wanted() {
    let server = server().await;
    is_done(&baked(&server, &[builder("web", json!({ "skip_credential_validation": true }))]).await);
    assert!(calls(&server, "GetCallerIdentity").is_empty());
    is_done(&baked(&server, &[builder("other", json!({}))]).await);
    assert_eq!(calls(&server, "GetCallerIdentity").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_connects_from_within_a_vpc_has_to_say_from_where() {
    let server = server().await;
    let outcome = baked(&server, &[builder("web", json!({ "ssh_interface": "private_ip" }))]).await;
    assert!(outcome.run.is_none() && outcome.refused.len() == 1, "{outcome:?}");
    let help = outcome.refused[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("temporary_security_group_source_cidrs"), "{outcome:?}");
    assert!(calls(&server, "ImportKeyPair").is_empty() && calls(&server, "CreateSecurityGroup").is_empty());
    let said = json!({ "ssh_interface": "private_ip", "temporary_security_group_source_cidrs": ["10.0.0.0/8"] });
    is_done(&baked(&server, &[builder("web", said)]).await);
}

#[test]
fn a_run_that_goes_on_from_another_place_is_let_in() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (world, first) = (runtime(), runtime());
    let server = world.block_on(server());
    let folder = tempfile::tempdir().expect("a folder");
    let plan = || read(&[builder("web", json!({}))], false);
    let settings = settings(&server, folder.path(), false);
    let (events, mut reader) = Events::new(Gate::default());
    first.spawn(bake(plan(), settings.clone(), events, Cancel::never()));
    world.block_on(async {
        while let Some(event) = reader.recv().await {
            if matches!(&event.what, What::StepDone { step, .. } if step == "ingress") {
                break;
            }
        }
    });
    // It ends as if it were killed: nothing is undone.
    first.shutdown_timeout(Duration::from_secs(10));
    let mut entries = std::fs::read_dir(&settings.runs).expect("a folder of runs");
    let run = entries.next().expect("a run").expect("an entry").path();
    let mut moved = plan();
    for build in &mut moved {
        let Builder::Ebs(ebs) = &mut build.builder else { panic!("{build:?}") };
        ebs.network.cidrs = vec!["10.1.0.0/16".to_owned()];
    }
    let (events, _reader) = Events::new(Gate::default());
    is_done(&world.block_on(resume(&run, moved, settings, events, Cancel::never())));
    let opened = calls(&server, "AuthorizeSecurityGroupIngress");
    let ranges: Vec<&String> =
        opened.iter().flat_map(|c| &c.parameters).filter(|(k, _)| k.ends_with("CidrIp")).map(|(_, v)| v).collect();
    assert_eq!(ranges, ["127.0.0.1/32", "10.1.0.0/16"]);
    let left = server.inventory();
    assert_eq!(
        (&left["security_groups"], &left["key_pairs"], &left["instances"]),
        (&json!([]), &json!([]), &json!([]))
    );
}

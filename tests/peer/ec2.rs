//! The peer: foreign clients of the embedded EC2. boto3, OpenSSH and Packer build on it; boto3 compares it with moto.
//!
//! It runs only with `BAKEC_PEER=1`. It must not know how the server works. What the clients do stands beside it in `ec2/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::peer_builds::{Account, images, leave_the_same};
use crate::peer_moto::python;
use crate::peer_sshd::asked_for;
use crate::support::root;

fn script(name: &str) -> PathBuf {
    root().join("tests/peer/ec2").join(name)
}

/// What a Python program prints.
#[track_caller]
fn printed(name: &str, arguments: &[&str]) -> String {
    let out = Command::new(python()).arg(script(name)).args(arguments).output().expect("Python with boto3");
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("it prints UTF-8")
}

#[test]
fn peer_boto3_and_openssh_build_on_the_embedded_ec2() {
    if !asked_for() {
        return;
    }
    let account = Account::rehearsed(200);
    let said = printed("build.py", &[&account.endpoint, &account.ssh_port.to_string()]);
    assert!(said.contains("all parameters of them read"), "{said}");
}

/// Packer's own template of everything that it can ask of the embedded EC2.
#[test]
fn peer_packer_builds_on_the_embedded_ec2() {
    if !asked_for() {
        return;
    }
    let account = Account::rehearsed(200);
    let (good, bad) = (account.folder.path().join("good.sh"), account.folder.path().join("bad.sh"));
    fs::write(&good, "#!/bin/sh\necho fine\n").expect("a script");
    fs::write(&bad, "#!/bin/sh\nif then\n").expect("a script");
    let down = account.folder.path().join("downloaded");
    let build = |script: &PathBuf, more: &[&str]| {
        let vars = [
            format!("endpoint={}", account.endpoint),
            format!("ssh_port={}", account.ssh_port),
            format!("script={}", script.display()),
            format!("file={}", down.display()),
        ];
        let mut arguments: Vec<&str> = vars.iter().flat_map(|var| ["-var", var]).collect();
        arguments.extend(more);
        account.packer_of(&self::script("packer.json"), &arguments)
    };
    // The second device is to outlive its instance: Packer leaves it behind with every build, as it is told.
    let kept = |inventory: &Value| inventory["us-east-1"]["volumes"].as_u64();

    let mut empty = account.inventory();
    let (done, said) = build(&bad, &[]);
    assert!(!done, "a script that fails: {said}");
    let after = account.inventory();
    assert_eq!(kept(&after), Some(1), "{said}");
    empty["us-east-1"]["volumes"] = json!(1);
    assert_eq!(after, empty, "{said}");

    let (done, said) = build(&good, &[]);
    assert!(done, "{said}");
    assert_eq!(kept(&account.inventory()), Some(2), "{said}");
    assert_eq!(fs::read(&down).expect("the file is downloaded"), fs::read(&good).expect("the script"));
    let first = account.inventory();
    for region in ["us-east-1", "eu-west-1", "us-west-2"] {
        let found = &first[region];
        let [image] = &found["images"].as_array().expect("a list")[..] else { panic!("{region}: {found:#}") };
        assert_eq!((&image["Name"], &image["State"]), (&json!("from packer"), &json!("available")), "{region}");
        assert!(image["Description"].as_str().is_some_and(|d| d.starts_with("of ami-")), "{image:#}");
        assert_eq!(image["Tags"]["who"], "image", "{image:#}");
        assert!(image["Tags"]["source"].as_str().is_some_and(|s| s.starts_with("ubuntu/images/")), "{image:#}");
        assert_eq!(image["Launch"], json!([{ "Group": "all" }, { "UserId": "210987654321" }]), "{image:#}");
        assert_eq!((&image["EnaSupport"], &image["Public"]), (&json!(true), &json!(true)), "{image:#}");
        let snapshots = found["snapshots"].as_array().expect("a list");
        let sizes: Vec<_> = snapshots.iter().filter_map(|s| s["Size"].as_u64()).collect();
        assert_eq!(sizes, [20, 5], "{found:#}");
        for snapshot in snapshots {
            assert_eq!(snapshot["Tags"]["who"], "snapshot", "{snapshot:#}");
            assert_eq!(snapshot["Shared"], json!([{ "UserId": "210987654321" }]), "{snapshot:#}");
        }
        for kind in ["instances", "key_pairs", "security_groups"] {
            assert_eq!(found[kind], 0, "{region}: {kind}");
        }
    }

    // The name is taken: nothing changes. By force the images are others, and as many.
    let (done, said) = build(&good, &[]);
    assert!(!done, "a name that is taken: {said}");
    assert_eq!(account.inventory(), first);
    let (done, said) = build(&good, &["-force"]);
    assert!(done, "{said}");
    assert_eq!(images(&account.inventory()), 3);
}

#[test]
fn peer_packer_and_bakec_leave_the_same_on_the_embedded_ec2() {
    // No faster: EC2 shows what is terminated for an hour of its own time, and either program looks only now and then.
    if asked_for() {
        leave_the_same(&Account::rehearsed(100), &json!({ "ami_description": "of {{.SourceAMI}}" }));
    }
}

/// What one server answered in a scenario.
#[derive(Deserialize)]
struct Told {
    calls: Vec<(String, Value)>,
}

/// One scenario in which the servers differ.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Difference {
    scenario: String,
    /// Who answers as AWS's documentation has it: `embedded`, `moto`, `both` where it allows either.
    right: String,
    why: String,
    /// The calls that are answered differently, by their number in the scenario.
    calls: Vec<Differing>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Differing {
    call: String,
    embedded: Value,
    moto: Value,
}

fn told(account: &Account, reset: &str) -> BTreeMap<String, Told> {
    serde_json::from_str(&printed("scenarios.py", &[&account.endpoint, reset])).expect("scenarios are told in JSON")
}

fn differing(embedded: &Told, moto: &Told) -> Vec<Differing> {
    let none = (String::new(), Value::Null);
    let longest = embedded.calls.len().max(moto.calls.len());
    let pairs = (0..longest).map(|n| (n, embedded.calls.get(n).unwrap_or(&none), moto.calls.get(n).unwrap_or(&none)));
    let differ = pairs.filter(|(_, embedded, moto)| embedded != moto);
    let told = differ.map(|(n, embedded, moto)| {
        let name = if embedded.0.is_empty() { &moto.0 } else { &embedded.0 };
        Differing { call: format!("{} {name}", n + 1), embedded: embedded.1.clone(), moto: moto.1.clone() }
    });
    told.collect()
}

/// `UPDATE=1` writes what is answered now; who is right, and why, is for people to say.
#[test]
fn peer_scenarios_differ_from_moto_as_listed() {
    if !asked_for() {
        return;
    }
    let (embedded, moto) = (Account::rehearsed(60), Account::moto());
    let (embedded, moto) = std::thread::scope(|scope| {
        let own = scope.spawn(|| told(&embedded, "/_bakec/reset"));
        let other = told(&moto, "/moto-api/reset");
        (own.join().expect("the embedded EC2 tells them all"), other)
    });
    assert!(embedded.keys().eq(moto.keys()) && embedded.len() >= 40, "{} scenarios", embedded.len());

    let path = script("differences.json");
    let listed: Vec<Difference> = fs::read(&path)
        .map(|text| serde_json::from_slice(&text).expect("differences.json is JSON of its form"))
        .unwrap_or_default();
    let mut found: Vec<Difference> = Vec::new();
    for (name, own) in &embedded {
        let calls = differing(own, &moto[name]);
        if calls.is_empty() {
            continue;
        }
        let known = listed.iter().find(|l| l.scenario == *name);
        let (right, why) = known.map_or_else(Default::default, |l| (l.right.clone(), l.why.clone()));
        found.push(Difference { scenario: name.clone(), right, why, calls });
    }
    let text = |list: &[Difference]| serde_json::to_string_pretty(list).expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some_and(|v| v == "1") {
        fs::write(&path, text(&found)).expect("differences.json can be written");
        return;
    }
    for Difference { scenario, right, why, .. } in &found {
        let said = matches!(right.as_str(), "embedded" | "moto" | "both") && why.len() > 20;
        assert!(said, "`{scenario}`: differences.json says who is right (embedded, moto, both), and why");
        assert!(right != "moto", "`{scenario}`: the embedded EC2 is wrong by AWS's documentation: {why}");
    }
    let (theirs, own) = (text(&listed), text(&found));
    let diff = similar::TextDiff::from_lines(&theirs, &own);
    assert!(theirs == own, "{}", diff.unified_diff().header("listed", "found"));
    let calls: usize = embedded.values().map(|told| told.calls.len()).sum();
    eprintln!("{} scenarios, {calls} answers; {} scenarios differ", embedded.len(), found.len());
}

//! What a plan takes to be in an account is there in a rehearsal, which has none; and it says so.

use serde_json::json;

use crate::run::{bakec, folder};

fn plan(options: serde_json::Value) -> String {
    let mut builder = json!({
        "type": "amazon-ebs", "name": "web", "region": "eu-west-1", "instance_type": "t3.micro", "ssh_username": "admin",
        "ami_name": "web image",
    });
    for (name, value) in options.as_object().into_iter().flatten() {
        builder[name] = value.clone();
    }
    json!({ "builders": [builder], "provisioners": [{ "type": "shell", "inline": ["true"] }] }).to_string()
}

/// The lines in which a rehearsal says what it has taken to be there, and whether it went well.
fn rehearsed(options: serde_json::Value) -> (bool, Vec<String>) {
    let folder = folder(&[("plan.json", &plan(options))]);
    let out = bakec(folder.path(), &["run", "--rehearse", "plan.json"], "");
    let told = out.errors.lines().filter(|line| line.contains("taken to be there")).map(str::to_owned).collect();
    (out.code == 0, told)
}

#[test]
fn what_a_plan_names_is_there() {
    let (done, said) = rehearsed(json!({
        "source_ami": "ami-0123456789abcdef0", "subnet_id": "subnet-11111111", "vpc_id": "vpc-22222222",
        "security_group_ids": ["sg-33333333"], "iam_instance_profile": "images",
        "launch_block_device_mappings": [{ "device_name": "/dev/sdf", "snapshot_id": "snap-44444444", "delete_on_termination": true }],
    }));
    assert!(done, "{said:?}");
    let names = ["ami-0123456789abcdef0", "vpc-22222222", "subnet-11111111", "sg-33333333", "images", "snap-44444444"];
    assert_eq!(said, [format!("rehearsal: {} and {} are taken to be there", names[..5].join(", "), names[5])]);
}

#[test]
fn what_filters_are_to_find_is_there() {
    let (done, said) = rehearsed(json!({
        "source_ami_filter": { "filters": { "name": "base-*-v?", "architecture": "x86_64", "tag:Stage": "prod" }, "owners": ["self"], "most_recent": true },
        "vpc_filter": { "filters": { "tag:Name": "build" } },
        "subnet_filter": { "filters": { "tag:Class": "public" }, "random": true },
        "security_group_filter": { "filters": { "group-name": "open*" } },
    }));
    assert!(done, "{said:?}");
    assert_eq!(said.len(), 1);
    for part in ["(`base-*-v?`)", "(`build`)", "vpc-0", "subnet-0", "sg-0"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
}

#[test]
fn what_is_there_is_not_made_again() {
    let ubuntu = json!({ "name": "ubuntu/images/*ubuntu-jammy-22.04-amd64-server-*", "virtualization-type": "hvm" });
    let (done, said) = rehearsed(json!({
        "source_ami_filter": { "filters": ubuntu, "owners": ["099720109477"], "most_recent": true },
        "vpc_filter": { "filters": { "is-default": "true" } },
    }));
    assert_eq!((done, said.as_slice()), (true, &[][..]));
}

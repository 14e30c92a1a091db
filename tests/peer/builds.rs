//! The peer: whole builds by Packer 1.6.6 and by bakec, from the same template, on the same moto and OpenSSH server.
//!
//! What they leave behind must be the same. It runs only with `BAKEC_PEER=1`. It must not know how bakec works: it runs the two
//! programs. `moto/inventory.py` is what looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::ec2::Ec2;
use crate::peer_moto::{self as moto, Process, python};
use crate::peer_sshd::{Sshd, asked_for, keygen, user};
use crate::support::root;

/// An account in a process of its own, and one machine that all its instances are.
pub(crate) struct Account {
    _server: Process,
    /// Where a POST empties it.
    reset: &'static str,
    /// Where the API answers.
    pub(crate) endpoint: String,
    /// Where the machine answers, and to whom.
    pub(crate) ssh_port: u16,
    ssh_username: String,
    _sshd: Option<Sshd>,
    /// What the programs work in.
    pub(crate) folder: tempfile::TempDir,
}

/// The AMI that every build begins with; moto has it, the embedded EC2 is told of it.
pub(crate) const BASE: &str =
    "us-east-1/ami-1e749f67,name=ubuntu/images/hvm-ssd/ubuntu-trusty-14.04-amd64-server-20170727";

impl Account {
    /// moto alone: no machine answers.
    pub(crate) fn moto() -> Account {
        let (server, port) = moto::start(None);
        Account {
            _server: server,
            reset: "/moto-api/reset",
            endpoint: format!("http://127.0.0.1:{port}"),
            ssh_port: 0,
            ssh_username: user(),
            _sshd: None,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// moto, and an OpenSSH server.
    pub(crate) fn start() -> Account {
        let sshd = Sshd::of_any_key();
        let mut account = Account::moto();
        account.ssh_port = sshd.port;
        account._sshd = Some(sshd);
        account
    }

    /// The embedded EC2 in a process of its own, which is the machine as well.
    pub(crate) fn rehearsed(scale: u32) -> Account {
        let Ec2 { process, endpoint, ssh, .. } =
            Ec2::start(&["--no-throttle", "--ami", BASE, "--scale", &scale.to_string()]);
        Account {
            _server: process,
            reset: "/_bakec/reset",
            endpoint,
            ssh_port: ssh.port(),
            ssh_username: "ubuntu".to_owned(),
            _sshd: None,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Empties the account.
    pub(crate) fn reset(&self) {
        let reset = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], method='POST')).read()";
        let at = format!("{}{}", self.endpoint, self.reset);
        let done = Command::new(python()).args(["-c", reset, &at]).status().expect("Python");
        assert!(done.success());
    }

    /// Imports a key pair of one's own.
    fn import(&self, name: &str, private: &Path) {
        let import = "import boto3, sys\n\
            ec2 = boto3.client('ec2', 'us-east-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')\n\
            ec2.import_key_pair(KeyName=sys.argv[2], PublicKeyMaterial=open(sys.argv[3] + '.pub', 'rb').read())";
        let done = Command::new(python()).args(["-c", import, &self.endpoint, name]).arg(private).status();
        assert!(done.expect("Python with boto3").success());
    }

    /// What stands there.
    pub(crate) fn inventory(&self) -> Value {
        let script = root().join("tests/peer/moto/inventory.py");
        let out = Command::new(python())
            .arg(script)
            .arg(&self.endpoint)
            .args(["us-east-1", "eu-west-1", "us-west-2"])
            .output();
        let out = out.expect("Python with boto3");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).expect("an inventory is JSON")
    }

    /// A template of one build, with further options.
    pub(crate) fn template(&self, options: &Value, provisioners: Value) -> Value {
        let mut builder = json!({
            "type": "amazon-ebs", "name": "web",
            "access_key": "AKIDREHEARSAL", "secret_key": "secret", "region": "us-east-1",
            "custom_endpoint_ec2": self.endpoint, "skip_region_validation": true, "skip_metadata_api_check": true,
            "ssh_host": "127.0.0.1", "ssh_port": self.ssh_port, "ssh_username": self.ssh_username,
            "source_ami": "ami-1e749f67", "instance_type": "t2.micro", "ami_name": "web image",
        });
        for (name, value) in options.as_object().into_iter().flatten() {
            builder[name] = value.clone();
        }
        json!({ "builders": [builder], "provisioners": provisioners })
    }

    /// A template, as a file.
    fn file(&self, template: &Value) -> PathBuf {
        let path = self.folder.path().join("template.json");
        fs::write(&path, template.to_string()).expect("a template");
        path
    }

    /// Runs a program on a template: whether it went well, and all that it said.
    fn run(&self, mut command: Command, template: &Path) -> (bool, String) {
        command.arg(template).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"] {
            command.env_remove(name);
        }
        let out = command.env("CHECKPOINT_DISABLE", "1").output().expect("the program");
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        (out.status.success(), said)
    }

    pub(crate) fn packer(&self, template: &Value, arguments: &[&str]) -> (bool, String) {
        self.packer_of(&self.file(template), arguments)
    }

    /// The same of a template that is a file already.
    pub(crate) fn packer_of(&self, template: &Path, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("packer");
        command.args(["build", "-color=false"]).args(arguments);
        // It waits 15 seconds between two looks where nothing is said.
        command.env("AWS_POLL_DELAY_SECONDS", "1").env("AWS_MAX_ATTEMPTS", "120");
        self.run(command, template)
    }

    pub(crate) fn bakec(&self, template: &Value, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
        command.args(["run", "--packer-defaults"]).args(arguments);
        self.run(command, &self.file(template))
    }

    /// Both programs build from an empty account, and leave the same behind. What that is.
    #[track_caller]
    fn both(&self, wanted: bool, template: &Value, arguments: &[&str], before: impl Fn(&Account)) -> Value {
        self.reset();
        before(self);
        let (done, said) = self.packer(template, arguments);
        assert_eq!(done, wanted, "Packer: {said}");
        let packers = self.inventory();
        self.reset();
        before(self);
        let (done, said) = self.bakec(template, arguments);
        assert_eq!(done, wanted, "bakec: {said}");
        let ours = self.inventory();
        let (theirs, own) = (format!("{packers:#}\n"), format!("{ours:#}\n"));
        let diff = similar::TextDiff::from_lines(&theirs, &own);
        assert!(packers == ours, "{}{said}", diff.unified_diff().header("Packer leaves", "bakec leaves"));
        ours
    }
}

pub(crate) fn images(inventory: &Value) -> usize {
    inventory.as_object().into_iter().flatten().filter_map(|(_, region)| Some(region["images"].as_array()?.len())).sum()
}

/// Both programs build, and leave the same: plain, with copies, encrypted by one key and by several, elsewhere alone,
/// by filter and with devices, by force, a script that fails, with
/// an own key. `more` are options of the builds with copies.
#[track_caller]
pub(crate) fn leave_the_same(account: &Account, more: &Value) {
    let hello = json!([{ "type": "shell", "inline": ["echo hello"] }]);
    let nothing = |_: &Account| {};

    let plain = account.template(&json!({}), hello.clone());
    assert_eq!(images(&account.both(true, &plain, &[], nothing)), 1);

    let mut copies = json!({
        "ami_regions": ["eu-west-1", "us-west-2"], "ami_users": ["210987654321"], "snapshot_users": ["210987654321"],
        "tags": { "who": "image" }, "snapshot_tags": { "kind": "snapshot" },
        "run_tags": { "who": "run" }, "run_volume_tags": { "who": "volume" },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        copies[name] = value.clone();
    }
    let copies = account.template(&copies, hello.clone());
    assert_eq!(images(&account.both(true, &copies, &[], nothing)), 3);

    // Encryption makes an image of a passing name, and copies it.
    let encrypted = json!({ "encrypt_boot": true, "kms_key_id": "alias/own", "tags": { "who": "image" } });
    let encrypted = account.template(&encrypted, hello.clone());
    assert_eq!(images(&account.both(true, &encrypted, &[], nothing)), 1);
    let keys = json!({
        "encrypt_boot": true, "ami_regions": ["eu-west-1", "us-west-2"], "kms_key_id": "alias/own",
        "region_kms_key_ids": { "eu-west-1": "alias/there", "us-west-2": "alias/yonder" },
        "ami_users": ["210987654321"], "snapshot_users": ["210987654321"],
    });
    let keys = account.template(&keys, hello.clone());
    assert_eq!(images(&account.both(true, &keys, &[], nothing)), 3);
    let elsewhere = json!({
        "skip_save_build_region": true, "ami_regions": ["eu-west-1"], "tags": { "who": "image" },
        "snapshot_tags": { "kind": "snapshot" }, "ami_groups": ["all"],
    });
    let elsewhere = account.template(&elsewhere, hello.clone());
    assert_eq!(images(&account.both(true, &elsewhere, &[], nothing)), 1);
    // Packer 1.6.6 always makes an image.
    let none = account.template(&json!({ "skip_create_ami": true, "run_tags": { "who": "run" } }), hello.clone());
    account.reset();
    let (done, said) = account.bakec(&none, &[]);
    assert!(done, "{said}");
    assert_eq!(images(&account.inventory()), 0);

    let devices = json!({
        "source_ami": null,
        "source_ami_filter": { "filters": { "name": "amzn2-ami-hvm-*", "root-device-type": "ebs", "architecture": "x86_64" }, "owners": ["137112412989"], "most_recent": true },
        "launch_block_device_mappings": [
            { "device_name": "/dev/xvda", "volume_size": 20, "volume_type": "gp2", "delete_on_termination": true },
            { "device_name": "/dev/sdf", "volume_size": 5, "volume_type": "gp2", "delete_on_termination": true },
        ],
        "ami_block_device_mappings": [{ "device_name": "/dev/sdg", "volume_size": 3, "delete_on_termination": true }],
    });
    let devices = account.template(&devices, hello.clone());
    assert_eq!(images(&account.both(true, &devices, &[], nothing)), 1);

    // One of the name is there already.
    let forced = account.template(&json!({ "force_deregister": true, "force_delete_snapshot": true }), hello.clone());
    let former = |account: &Account| {
        let (done, said) = account.packer(&plain, &[]);
        assert!(done, "{said}");
    };
    assert_eq!(images(&account.both(true, &forced, &[], former)), 1);
    assert_eq!(images(&account.both(true, &plain, &["-force"], former)), 1);

    // A script that fails leaves nothing. A machine that only reads scripts sees what is wrong in the second line.
    let failing = account.template(&json!({}), json!([{ "type": "shell", "inline": ["exit 7", "if then"] }]));
    assert_eq!(images(&account.both(false, &failing, &[], nothing)), 0);

    let key = keygen(account.folder.path(), "own", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let own = json!({ "ssh_private_key_file": key, "ssh_keypair_name": "own" });
    let own = account.template(&own, hello);
    let left = account.both(true, &own, &[], |account| account.import("own", &key));
    assert_eq!(
        (images(&left), &left["us-east-1"]["key_pairs"]),
        (1, &json!(1)),
        "the pair was there before, and stays"
    );
}

/// The same of what a machine stands in and carries: a network by filters, a tenancy, a role of its own; and one of the spot market.
#[test]
fn peer_machines_leave_the_same() {
    if !asked_for() {
        return;
    }
    let account = Account::start();
    let hello = json!([{ "type": "shell", "inline": ["echo hello"] }]);
    let placed = account.template(
        &json!({
            "vpc_filter": { "filters": { "isDefault": "true" } },
            "subnet_filter": { "filters": { "default-for-az": "true" }, "most_free": true },
            "availability_zone": "us-east-1a", "tenancy": "dedicated",
            "security_group_filter": { "filters": { "group-name": "default" } },
        }),
        hello.clone(),
    );
    assert_eq!(images(&account.both(true, &placed, &[], |_| {})), 1);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }] });
    let role = account.template(&json!({ "temporary_iam_instance_profile_policy_document": policy }), hello.clone());
    assert_eq!(images(&account.both(true, &role, &[], |_| {})), 1);
    // Packer 1.6.6 does not give an image the tags of its machine, as later ones do: the image's own are of the same name.
    let spot = json!({ "spot_price": "auto", "run_tags": { "who": "run" }, "tags": { "who": "image" } });
    let spot = account.template(&spot, hello);
    assert_eq!(images(&account.both(true, &spot, &[], |_| {})), 1);
}

#[test]
fn peer_builds_leave_the_same() {
    if asked_for() {
        // No description: Packer gives it by ModifyImageAttribute, which moto does not remember.
        leave_the_same(&Account::start(), &json!({}));
    }
}

//! The peer: whole builds by Packer 1.6.6 and by bakec, from the same template, on the same moto and OpenSSH server.
//!
//! What they leave behind must be the same. It runs only with `BAKEC_PEER=1`. It must not know how bakec works: it runs the two
//! programs. `moto/inventory.py` is what looks.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::peer_sshd::{Sshd, asked_for, free_port, keygen, user};
use crate::support::root;

/// An account in a process of its own, and one machine that all its instances are.
pub(crate) struct Account {
    moto: Child,
    /// Where the API answers.
    pub(crate) endpoint: String,
    /// The machine.
    pub(crate) sshd: Sshd,
    /// What the programs work in.
    pub(crate) folder: tempfile::TempDir,
}

/// The Python that has moto.
fn python() -> PathBuf {
    std::env::var_os("BAKEC_MOTO_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

impl Account {
    /// Starts both.
    pub(crate) fn start() -> Account {
        let port = free_port();
        let moto = Command::new(python())
            .args(["-c", "from moto.server import main; main()", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python with moto: pip install 'moto[server]' boto3");
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not start: pip install 'moto[server]' boto3");
            sleep(Duration::from_millis(50));
        }
        // Any key is a user's: the machine is everyone's, as an instance is its key pair's.
        let command = Path::new("/usr/local/sbin/bakec-peer-any-key");
        fs::create_dir_all("/usr/local/sbin").expect("a folder of root's");
        fs::write(command, "#!/bin/sh\necho \"$1 $2\"\n").expect("a command of root's");
        fs::set_permissions(command, fs::Permissions::from_mode(0o755)).expect("its mode");
        let settings = format!("AuthorizedKeysCommand {} %t %k\nAuthorizedKeysCommandUser root\n", command.display());
        let folder = tempfile::tempdir().expect("a folder");
        let sshd = Sshd::start(&settings, &[]);
        Account { moto, endpoint: format!("http://127.0.0.1:{port}"), sshd, folder }
    }

    /// Empties the account.
    pub(crate) fn reset(&self) {
        let reset = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1] + '/moto-api/reset', method='POST')).read()";
        let done = Command::new(python()).args(["-c", reset, &self.endpoint]).status().expect("Python");
        assert!(done.success());
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
            "ssh_host": "127.0.0.1", "ssh_port": self.sshd.port, "ssh_username": user(),
            "source_ami": "ami-1e749f67", "instance_type": "t2.micro", "ami_name": "web image",
        });
        for (name, value) in options.as_object().into_iter().flatten() {
            builder[name] = value.clone();
        }
        json!({ "builders": [builder], "provisioners": provisioners })
    }

    /// Runs a program on a template: whether it went well, and all that it said.
    fn run(&self, mut command: Command, template: &Value) -> (bool, String) {
        let path = self.folder.path().join("template.json");
        fs::write(&path, template.to_string()).expect("a template");
        command.arg(&path).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"] {
            command.env_remove(name);
        }
        let out = command.env("CHECKPOINT_DISABLE", "1").output().expect("the program");
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        (out.status.success(), said)
    }

    pub(crate) fn packer(&self, template: &Value, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("packer");
        command.args(["build", "-color=false"]).args(arguments);
        self.run(command, template)
    }

    pub(crate) fn bakec(&self, template: &Value, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
        command.args(["run", "--packer-defaults"]).args(arguments);
        self.run(command, template)
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

impl Drop for Account {
    fn drop(&mut self) {
        let _ = self.moto.kill();
        let _ = self.moto.wait();
    }
}

fn images(inventory: &Value) -> usize {
    inventory.as_object().into_iter().flatten().filter_map(|(_, region)| Some(region["images"].as_array()?.len())).sum()
}

#[test]
fn peer_builds_leave_the_same() {
    if !asked_for() {
        return;
    }
    let account = Account::start();
    let hello = json!([{ "type": "shell", "inline": ["echo hello"] }]);
    let nothing = |_: &Account| {};

    let plain = account.template(&json!({}), hello.clone());
    assert_eq!(images(&account.both(true, &plain, &[], nothing)), 1);

    // No description: Packer gives it by ModifyImageAttribute, which moto does not remember.
    let copies = json!({
        "ami_regions": ["eu-west-1", "us-west-2"], "ami_users": ["210987654321"], "snapshot_users": ["210987654321"],
        "tags": { "who": "image" }, "snapshot_tags": { "kind": "snapshot" },
        "run_tags": { "who": "run" }, "run_volume_tags": { "who": "volume" },
    });
    let copies = account.template(&copies, hello.clone());
    assert_eq!(images(&account.both(true, &copies, &[], nothing)), 3);

    let devices = json!({
        "source_ami": null,
        "source_ami_filter": { "filters": { "name": "amzn2-ami-hvm-*", "root-device-type": "ebs" }, "owners": ["137112412989"], "most_recent": true },
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

    // A script that fails leaves nothing.
    let failing = account.template(&json!({}), json!([{ "type": "shell", "inline": ["exit 7"] }]));
    assert_eq!(images(&account.both(false, &failing, &[], nothing)), 0);

    let key = keygen(account.folder.path(), "own", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let own = account.template(&json!({ "ssh_private_key_file": key }), hello);
    assert_eq!(images(&account.both(true, &own, &[], nothing)), 1);
}

//! Whole builds by bakec and by Packer 1.6.6, side by side on one moto and one OpenSSH server: calls, CPU, memory of the process
//! tree, processes and wall time at 1, 10 and 50 builds.
//!
//! It needs Packer, OpenSSH's server and Python with moto (`BAKEC_MOTO_PYTHON` names it). Linux only: it reads `/proc`.

#[path = "../peer/moto.rs"]
mod peer_moto;
#[allow(dead_code)]
#[path = "../peer/sshd.rs"]
mod peer_sshd;
#[path = "process.rs"]
mod process;

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use peer_sshd::{Sshd, user};
use process::{Took, measured};
use serde_json::{Value, json};

const PACKER: &str = "Packer 1.6.6";

/// Who builds: Packer first; then bakec as it is, and as Packer does it, with RSA keys, which Packer leaves EC2 to make.
const PROGRAMS: [(&str, &[&str]); 3] = [
    (PACKER, &["build", "-color=false"]),
    ("bakec", &["run"]),
    ("bakec --packer-defaults", &["run", "--packer-defaults"]),
];

fn template(port: u16, ssh: u16, builds: usize) -> Value {
    let builder = |n: usize| {
        json!({
            "type": "amazon-ebs", "name": format!("web-{n}"), "access_key": "AKIDREHEARSAL", "secret_key": "secret",
            "region": "us-east-1", "custom_endpoint_ec2": format!("http://127.0.0.1:{port}"), "skip_region_validation": true,
            "skip_metadata_api_check": true, "ssh_host": "127.0.0.1", "ssh_port": ssh, "ssh_username": user(),
            "source_ami": "ami-1e749f67", "instance_type": "t2.micro", "ami_name": format!("image {n}"),
        })
    };
    let all: Vec<Value> = (1..=builds).map(builder).collect();
    json!({ "builders": all, "provisioners": [{ "type": "shell", "inline": ["echo hello"] }] })
}

fn main() {
    let sshd = Sshd::of_any_key();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("template.json");
    println!(
        "| builds | program | EC2 calls | CPU | memory | processes | wall |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    for builds in [1, 10, 50] {
        let mut theirs = None;
        for (name, options) in PROGRAMS {
            let calls = Arc::<AtomicU64>::default();
            let (_moto, port) = peer_moto::start(Some(calls.clone()));
            fs::write(&path, template(port, sshd.port, builds).to_string()).expect("a template");
            let program = if name == PACKER { "packer" } else { env!("CARGO_BIN_EXE_bakec") };
            let mut run = Command::new(program);
            run.args(options).arg(&path).current_dir(folder.path()).env("CHECKPOINT_DISABLE", "1");
            let (took, _) = measured(run);
            sleep(Duration::from_millis(200));
            let made = calls.load(Ordering::Relaxed);
            println!(
                "| {builds} | {name} | {made} | {:.2} s | {:.0} MiB | {} | {:.1} s |",
                took.cpu, took.memory, took.processes, took.wall
            );
            let (Took { cpu, memory, processes, wall }, calls) = *theirs.get_or_insert((took, made));
            if name != PACKER {
                println!(
                    "| {builds} | {name} / Packer | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} |",
                    made as f64 / calls.max(1) as f64,
                    took.cpu / cpu.max(0.01),
                    took.memory / memory.max(1.0),
                    took.processes as f64 / processes.max(1) as f64,
                    took.wall / wall.max(0.01),
                );
            }
        }
    }
}

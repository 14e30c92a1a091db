//! Whole builds by bakec and by Packer 1.6.6, side by side on one moto and one OpenSSH server: calls, CPU, memory of the process
//! tree, processes and wall time at 1, 10 and 50 builds.
//!
//! It needs Packer, OpenSSH's server and Python with moto (`BAKEC_MOTO_PYTHON` names it). Linux only: it reads `/proc`.

#[path = "../peer/moto.rs"]
mod peer_moto;
#[allow(dead_code)]
#[path = "../peer/sshd.rs"]
mod peer_sshd;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use peer_sshd::{Sshd, user};
use serde_json::{Value, json};

const PACKER: &str = "Packer 1.6.6";

/// Who builds: Packer first; then bakec as it is, and as Packer does it, with RSA keys, which Packer leaves EC2 to make.
const PROGRAMS: [(&str, &[&str]); 3] = [
    (PACKER, &["build", "-color=false"]),
    ("bakec", &["run"]),
    ("bakec --packer-defaults", &["run", "--packer-defaults"]),
];

/// What a program took.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    calls: u64,
    cpu: f64,
    /// MiB, each page counted once.
    memory: f64,
    processes: usize,
    wall: f64,
}

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

/// Processes below one, itself included.
fn tree(root: u32) -> Vec<u32> {
    let mut parents: Vec<(u32, u32)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let Some((_, behind)) = stat.rsplit_once(')') else { continue };
        if let Some(parent) = behind.split_whitespace().nth(1).and_then(|p| p.parse().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        all.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        next += 1;
    }
    all
}

/// What a process uses of memory, in MiB, its share of shared pages.
fn pss(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("Pss:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The CPU time of children that have ended, in seconds.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit_once(')').map_or("", |(_, b)| b);
    let ticks: f64 = behind.split_whitespace().skip(13).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    // Linux counts in hundredths.
    ticks / 100.0
}

fn measured(mut command: Command, calls: &AtomicU64) -> Took {
    calls.store(0, Ordering::Relaxed);
    let (cpu, start) = (children(), Instant::now());
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let mut out = child.stdout.take().expect("its output");
    let mut errors = child.stderr.take().expect("its errors");
    let said = thread::spawn(move || std::io::read_to_string(&mut out).unwrap_or_default());
    let complained = thread::spawn(move || std::io::read_to_string(&mut errors).unwrap_or_default());
    let mut took = Took::default();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state") {
            break status;
        }
        let all = tree(child.id());
        took.processes = took.processes.max(all.len());
        took.memory = took.memory.max(all.into_iter().map(pss).sum());
        sleep(Duration::from_millis(100));
    };
    took.wall = start.elapsed().as_secs_f64();
    let (said, complained) = (said.join().unwrap_or_default(), complained.join().unwrap_or_default());
    assert!(status.success(), "{said}{complained}");
    took.cpu = children() - cpu;
    sleep(Duration::from_millis(200));
    took.calls = calls.load(Ordering::Relaxed);
    took
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
            let took = measured(run, &calls);
            println!(
                "| {builds} | {name} | {} | {:.2} s | {:.0} MiB | {} | {:.1} s |",
                took.calls, took.cpu, took.memory, took.processes, took.wall
            );
            let Took { calls, cpu, memory, processes, wall } = *theirs.get_or_insert(took);
            if name != PACKER {
                println!(
                    "| {builds} | {name} / Packer | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} |",
                    took.calls as f64 / calls.max(1) as f64,
                    took.cpu / cpu.max(0.01),
                    took.memory / memory.max(1.0),
                    took.processes as f64 / processes.max(1) as f64,
                    took.wall / wall.max(0.01),
                );
            }
        }
    }
}

//! Whole builds by bakec and by Packer 1.6.6, side by side on one moto and one OpenSSH server: calls, CPU, memory of the process
//! tree, processes and wall time at 1, 10 and 50 builds.
//!
//! It needs Packer, OpenSSH's server and Python with moto (`BAKEC_MOTO_PYTHON` names it). Linux only: it reads `/proc`.

#[allow(dead_code)]
#[path = "../peer/sshd.rs"]
mod peer_sshd;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use peer_sshd::{Sshd, free_port, user};
use serde_json::{Value, json};

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

struct Moto {
    child: Child,
    port: u16,
    calls: Arc<AtomicU64>,
}

impl Moto {
    fn start() -> Moto {
        let port = free_port();
        let python = std::env::var_os("BAKEC_MOTO_PYTHON").unwrap_or_else(|| "python3".into());
        let mut child = Command::new(python)
            .args(["-c", "from moto.server import main; main()", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python with moto: pip install 'moto[server]'");
        let log = BufReader::new(child.stderr.take().expect("its log"));
        let calls = Arc::new(AtomicU64::new(0));
        let counted = calls.clone();
        thread::spawn(move || {
            // A line of its log for every call.
            for line in log.lines().map_while(Result::ok) {
                if line.contains("\"POST / ") || line.contains("POST /") && !line.contains("moto-api") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not start");
            sleep(Duration::from_millis(50));
        }
        Moto { child, port, calls }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

fn measured(mut command: Command, moto: &Moto) -> Took {
    moto.calls.store(0, Ordering::Relaxed);
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
    took.calls = moto.calls.load(Ordering::Relaxed);
    took
}

fn main() {
    let command = Path::new("/usr/local/sbin/bakec-peer-any-key");
    fs::create_dir_all("/usr/local/sbin").expect("a folder of root's");
    fs::write(command, "#!/bin/sh\necho \"$1 $2\"\n").expect("a command of root's");
    fs::set_permissions(command, fs::Permissions::from_mode(0o755)).expect("its mode");
    let settings = format!("AuthorizedKeysCommand {} %t %k\nAuthorizedKeysCommandUser root\n", command.display());
    let sshd = Sshd::start(&settings, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("template.json");
    println!(
        "| builds | program | EC2 calls | CPU | memory | processes | wall |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    for builds in [1, 10, 50] {
        let mut both = Vec::new();
        for program in ["Packer 1.6.6", "bakec"] {
            let moto = Moto::start();
            fs::write(&path, template(moto.port, sshd.port, builds).to_string()).expect("a template");
            let mut run = if program == "bakec" {
                let mut run = Command::new(env!("CARGO_BIN_EXE_bakec"));
                run.args(["run", "--packer-defaults"]);
                run
            } else {
                let mut run = Command::new("packer");
                run.args(["build", "-color=false"]).env("CHECKPOINT_DISABLE", "1");
                run
            };
            run.arg(&path).current_dir(folder.path());
            let took = measured(run, &moto);
            println!(
                "| {builds} | {program} | {} | {:.2} s | {:.0} MiB | {} | {:.1} s |",
                took.calls, took.cpu, took.memory, took.processes, took.wall
            );
            both.push(took);
        }
        let [theirs, ours] = both[..] else { continue };
        println!(
            "| {builds} | bakec / Packer | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} |",
            ours.calls as f64 / theirs.calls.max(1) as f64,
            ours.cpu / theirs.cpu.max(0.01),
            ours.memory / theirs.memory.max(1.0),
            ours.processes as f64 / theirs.processes.max(1) as f64,
            ours.wall / theirs.wall.max(0.01),
        );
    }
}

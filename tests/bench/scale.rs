//! Many builds at once by one process, on the embedded EC2 in a process of its own: calls, CPU and memory at 100, 1,000 and 5,000 builds.
//!
//! Linux only: it reads `/proc`. `BAKEC_SCALE=100,1000` names other numbers.

#[path = "process.rs"]
mod process;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use process::measured;
use serde_json::{Value, json};

/// How fast the clock of the EC2 runs: a build of five minutes takes six seconds, and the limits of AWS's calls are as many times wider.
const PACE: &str = "50";

/// Where the builds are made: no region holds more groups than its quota.
const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];

/// The process of a server, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server, its endpoint, and the address at which all machines answer SSH.
fn server() -> (Server, String, (String, u16)) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
    command.args(["rehearse-server", "--scale", PACE, "--vcpus", "1000000"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says where it is");
    let said: Value = serde_json::from_str(&line).expect("a line of JSON");
    let (host, port) = said["ssh"].as_str().and_then(|at| at.rsplit_once(':')).expect("an address");
    let at = (host.to_owned(), port.parse().expect("a port"));
    (Server(child), said["endpoint"].as_str().expect("an endpoint").to_owned(), at)
}

fn template((host, port): &(String, u16), builds: usize) -> Value {
    let builder = |n: usize| {
        json!({
            "type": "amazon-ebs", "name": format!("web-{n}"), "access_key": "AKIDREHEARSAL", "secret_key": "secret",
            "region": REGIONS[n % REGIONS.len()], "ssh_host": host, "ssh_port": port, "ssh_username": "ubuntu",
            "source_ami_filter": { "filters": { "name": "ubuntu/images/*ubuntu-jammy-22.04-amd64-server-*" },
                                   "owners": ["099720109477"], "most_recent": true },
            "instance_type": "t3.micro", "ami_name": format!("image {n}"),
            "temporary_security_group_source_cidrs": ["127.0.0.1/32"],
        })
    };
    let all: Vec<Value> = (0..builds).map(builder).collect();
    json!({ "builders": all, "provisioners": [{ "type": "shell", "inline": ["echo hello"] }] })
}

fn main() {
    let wanted = std::env::var("BAKEC_SCALE").unwrap_or_else(|_| "100,1000,5000".to_owned());
    println!("| builds | calls | calls a build | CPU a build | memory | wall |\n| --- | --- | --- | --- | --- | --- |");
    for builds in wanted.split(',').map(|n| n.parse::<usize>().expect("a number of builds")) {
        let (_server, endpoint, ssh) = server();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("template.json");
        fs::write(&path, template(&ssh, builds).to_string()).expect("a template");
        let mut run = Command::new(env!("CARGO_BIN_EXE_bakec"));
        run.args(["run", "--quiet", "--endpoint-scale", PACE, "--endpoint-url", &endpoint]).arg(&path);
        run.current_dir(folder.path());
        let (took, said) = measured(run);
        let end = said.lines().rev().find(|line| line.contains("calls to AWS")).unwrap_or_default();
        let calls: u64 = end.split_whitespace().filter_map(|word| word.parse().ok()).next_back().unwrap_or_default();
        println!(
            "| {builds} | {calls} | {:.1} | {:.0} ms | {:.0} MiB | {:.0} s |",
            calls as f64 / builds as f64,
            1000.0 * took.cpu / builds as f64,
            took.memory,
            took.wall
        );
    }
}

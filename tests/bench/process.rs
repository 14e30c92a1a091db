//! What a program and its children take, as Linux counts it in `/proc`.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// What a program took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    /// Seconds of its processors.
    pub cpu: f64,
    /// MiB, each page counted once.
    pub memory: f64,
    /// Its processes.
    pub processes: usize,
    /// Seconds.
    pub wall: f64,
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

/// Runs a program to its end, which must be a good one: what it took, and what it said.
pub(crate) fn measured(mut command: Command) -> (Took, String) {
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
    (took, said)
}

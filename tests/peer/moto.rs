//! moto, an account in a process of its own, for the tests and measurements beside what talks to it.
//!
//! It must not know how bakec works.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::peer_sshd::free_port;

/// A process that ends with its value.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Python that has moto.
pub(crate) fn python() -> PathBuf {
    std::env::var_os("BAKEC_MOTO_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

/// Starts it: its process and its port. Calls are counted where somebody wants that.
pub(crate) fn start(calls: Option<Arc<AtomicU64>>) -> (Process, u16) {
    let port = free_port();
    let mut child = Command::new(python())
        .args(["-c", "from moto.server import main; main()", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(if calls.is_some() { Stdio::piped() } else { Stdio::null() })
        .spawn()
        .expect("Python with moto: pip install 'moto[server]' boto3");
    if let (Some(calls), Some(log)) = (calls, child.stderr.take()) {
        thread::spawn(move || {
            // A line of its log for every call.
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if line.contains("POST /") && !line.contains("moto-api") {
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    let (server, start) = (Process(child), Instant::now());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(60), "moto does not start: pip install 'moto[server]' boto3");
        sleep(Duration::from_millis(50));
    }
    (server, port)
}

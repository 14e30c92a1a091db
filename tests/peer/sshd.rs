//! A real OpenSSH server on loopback, for the tests of what talks to one.
//!
//! It must not know how bakec works. It runs as whoever runs the tests, with keys of its own, and ends with its value.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The server.
pub(crate) struct Sshd {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    child: Child,
}

/// Whether the tests with a real server are wanted.
pub(crate) fn asked_for() -> bool {
    let wanted = std::env::var_os("BAKEC_PEER").is_some_and(|v| v == "1");
    if !wanted {
        eprintln!("skipped, BAKEC_PEER=1 runs it against OpenSSH");
    }
    wanted
}

/// A port that nobody uses now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

/// A key pair by OpenSSH's own tool: the private half's path.
pub(crate) fn keygen(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-f"]).arg(&path).args(arguments).output().expect("ssh-keygen");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    path
}

/// The user who runs the tests.
pub(crate) fn user() -> String {
    let id = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

impl Sshd {
    /// Starts it. `settings` come first and so win over those that every test needs; `keys` are lines of `authorized_keys`.
    pub(crate) fn start(settings: &str, keys: &[&Path]) -> Sshd {
        let folder = tempfile::tempdir().expect("a folder");
        let host_keys = [keygen(folder.path(), "host_ed25519", &["-t", "ed25519", "-N", ""])];
        Self::start_in(folder, settings, keys, &host_keys, free_port())
    }

    /// A server that takes any key as a user's: the machine is everyone's, as an instance is its key pair's.
    pub(crate) fn of_any_key() -> Sshd {
        let command = Path::new("/usr/local/sbin/bakec-peer-any-key");
        fs::create_dir_all("/usr/local/sbin").expect("a folder of root's");
        fs::write(command, "#!/bin/sh\necho \"$1 $2\"\n").expect("a command of root's");
        fs::set_permissions(command, fs::Permissions::from_mode(0o755)).expect("its mode");
        let settings = format!("AuthorizedKeysCommand {} %t %k\nAuthorizedKeysCommandUser root\n", command.display());
        Sshd::start(&settings, &[])
    }

    pub(crate) fn start_in(
        folder: tempfile::TempDir,
        settings: &str,
        keys: &[&Path],
        host_keys: &[PathBuf],
        port: u16,
    ) -> Sshd {
        let mut lines = String::new();
        for key in keys {
            let public = PathBuf::from(format!("{}.pub", key.display()));
            lines += &fs::read_to_string(public).expect("a public key");
        }
        fs::write(folder.path().join("authorized_keys"), lines).expect("authorized_keys");
        let hosts: String = host_keys.iter().map(|k| format!("HostKey {}\n", k.display())).collect();
        let sftp = "Subsystem sftp internal-sftp\n";
        let sftp = if settings.contains("no-sftp") || settings.contains("Subsystem") { "" } else { sftp };
        let config = format!(
            "{settings}\nListenAddress 127.0.0.1\nPort {port}\n{hosts}{sftp}AuthorizedKeysFile {folder}/authorized_keys\n\
             StrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 1000\nMaxSessions 1000\nPidFile none\n\
             PrintMotd no\nLogLevel VERBOSE\n",
            folder = folder.path().display(),
        )
        .replace("no-sftp\n", "");
        let path = folder.path().join("sshd_config");
        fs::write(&path, config).expect("sshd_config");
        // Where the system keeps it; the server wants it even when it does not use it.
        let _ = fs::create_dir_all("/run/sshd");
        let log = fs::File::options().append(true).create(true).open(folder.path().join("log")).expect("a log");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the OpenSSH server: apt-get install openssh-server");
        let server = Sshd { folder, port, child };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not start: {}", server.log());
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it, and gives its folder to another one.
    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.end();
        let empty = tempfile::tempdir().expect("a folder");
        std::mem::replace(&mut self.folder, empty)
    }

    /// Ends the server and the sessions that it has started: a machine that is switched off.
    fn end(&mut self) {
        let mut all = vec![self.child.id().to_string()];
        let mut next = 0;
        while let Some(parent) = all.get(next) {
            let below = Command::new("ps").args(["-o", "pid=", "--ppid", parent]).output().map(|o| o.stdout);
            all.extend(String::from_utf8_lossy(&below.unwrap_or_default()).split_whitespace().map(str::to_owned));
            next += 1;
        }
        let _ = Command::new("kill").arg("-KILL").args(&all).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.end();
    }
}

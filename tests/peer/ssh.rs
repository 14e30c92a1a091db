//! The peer: bakec's connection against OpenSSH's own server, in all the ways in which a machine can answer, or not.
//!
//! What starts the server runs only with `BAKEC_PEER=1`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_sdk_ec2::primitives::Blob;
use bakec::diagnostic::code;
use bakec::rehearse::{Server, Settings};
use bakec::run::aws::{Cloud, Reach};
use bakec::run::build::{Access, Ssh};
use bakec::run::cancel::Cancel;
use bakec::run::event::{Event, Events, What};
use bakec::run::key;
use bakec::run::problem::Problem;
use bakec::run::secret::Gate;
use bakec::run::ssh::{Check, Exit, HostKeyPin, Pipe, Shell, Target, connect};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::peer_sshd::{Sshd, asked_for, free_port, keygen, user};

/// One side of a test.
pub(crate) struct Bench {
    pub(crate) ssh: Ssh,
    pub(crate) pin: HostKeyPin,
    pub(crate) events: Events,
    pub(crate) told: UnboundedReceiver<Event>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let (events, told) = Events::new(Gate::default());
        let ssh = Ssh {
            port: 22,
            username: user(),
            timeout: Duration::from_secs(20),
            handshake_attempts: 3,
            keep_alive: Duration::from_secs(5),
            ..Ssh::default()
        };
        Bench { ssh, pin: HostKeyPin::default(), events, told }
    }

    pub(crate) async fn connect(&self, port: u16, key: Option<&Path>) -> Result<Shell, Problem> {
        let keys: Vec<_> = key.map(key::read).transpose()?.into_iter().collect();
        let target = Target { host: "127.0.0.1".to_owned(), port };
        connect(&target, &self.ssh, &keys, &self.pin, &self.events, &Cancel::never()).await
    }

    pub(crate) fn told(&mut self) -> Vec<What> {
        let mut all = Vec::new();
        while let Ok(event) = self.told.try_recv() {
            all.push(event.what);
        }
        all
    }

    pub(crate) fn warnings(&mut self) -> Vec<String> {
        self.told().into_iter().filter_map(|w| if let What::Warn { text } = w { Some(text) } else { None }).collect()
    }
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

async fn lines(shell: &mut Shell, command: &str) -> (Result<Exit, Problem>, Vec<(Pipe, String)>) {
    let mut all = Vec::new();
    let exit = shell.run(command, None, &mut |pipe, line| all.push((pipe, line.to_owned()))).await;
    (exit, all)
}

async fn out(shell: &mut Shell, command: &str) -> String {
    let (exit, all) = lines(shell, command).await;
    assert_eq!(exit, Ok(Exit::Status(0)), "{command}: {all:?}");
    all.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A folder with one key pair, and a server that takes it.
fn pair(settings: &str) -> (tempfile::TempDir, PathBuf, Sshd) {
    let folder = folder();
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start(settings, &[&key]);
    (folder, key, server)
}

#[test]
fn peer_ssh_takes_every_kind_of_key() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = |name: &str, arguments: &[&str]| keygen(folder.path(), name, arguments);
    let mut keys = vec![
        key("ed25519", &["-t", "ed25519", "-N", ""]),
        key("ecdsa", &["-t", "ecdsa", "-b", "384", "-N", ""]),
        key("rsa", &["-t", "rsa", "-b", "2048", "-N", ""]),
        key("pkcs1", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]),
        key("pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", ""]),
    ];
    let locked = [
        key("locked", &["-t", "ed25519", "-N", "open sesame"]),
        key("locked8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "open sesame"]),
        key("locked1", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "open sesame"]),
    ];
    for (kind, bits) in [("ed25519", None), ("rsa", Some(2048))] {
        let made = key::make(kind, bits).expect("a key");
        let path = folder.path().join(format!("made_{kind}"));
        key::write(&made, &path).expect("a file");
        let line = key::public_line(&made, "bakec").expect("a line");
        fs::write(folder.path().join(format!("made_{kind}.pub")), format!("{line}\n")).expect("a file");
        keys.push(path);
    }
    let paths: Vec<&Path> = keys.iter().map(PathBuf::as_path).collect();
    let server = Sshd::start("", &paths);
    run(async {
        for path in &keys {
            let mut bench = Bench::new();
            let mut shell = bench.connect(server.port, Some(path)).await.unwrap_or_else(|e| panic!("{path:?}: {e}"));
            assert_eq!(out(&mut shell, "echo in").await, "in", "{path:?}");
            shell.close().await;
            assert_eq!(bench.warnings(), Vec::<String>::new(), "{path:?}");
        }
        // One that has a passphrase is for an agent.
        for path in &locked {
            let problem = key::read(path).expect_err("a passphrase");
            assert!(problem.code == code::RUN_KEY_FILE && problem.message.contains("has a passphrase"), "{problem:?}");
            assert!(problem.help.is_some_and(|help| help.contains("`ssh_agent_auth = true`")), "{path:?}");
        }
    });
}

#[test]
fn peer_ssh_old_servers_are_taken_with_a_warning() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = keygen(folder.path(), "id", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let host = keygen(folder.path(), "host", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let old = "KexAlgorithms diffie-hellman-group14-sha1\nHostKeyAlgorithms ssh-rsa\nMACs hmac-sha1\nCiphers aes128-ctr\n\
               PubkeyAcceptedAlgorithms ssh-rsa\n";
    let server = Sshd::start_in(self::folder(), old, &[&key], &[host], free_port());
    run(async {
        let mut bench = Bench::new();
        let mut shell =
            bench.connect(server.port, Some(&key)).await.unwrap_or_else(|e| panic!("{e}\n{}", server.log()));
        assert_eq!(out(&mut shell, "echo old").await, "old");
        let warnings = bench.warnings().join("");
        for name in ["diffie-hellman-group14-sha1", "ssh-rsa", "hmac-sha1", "SHA-1"] {
            assert!(warnings.contains(name), "{name} is not in: {warnings}");
        }
    });
}

#[test]
fn peer_ssh_phases_are_told_apart() {
    if !asked_for() {
        return;
    }
    let (folder, key, server) = pair("PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
    let other = keygen(folder.path(), "other", &["-t", "ed25519", "-N", ""]);
    let rsa = keygen(folder.path(), "other_rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    run(async {
        let mut bench = Bench::new();
        let error = |result: Result<Shell, Problem>| result.err().map(|e| (e.code, e.message)).unwrap_or_default();
        // Refusals count, and end the attempts.
        bench.ssh.handshake_attempts = 2;
        for key in [&other, &rsa] {
            let (code, message) = error(bench.connect(server.port, Some(key)).await);
            assert_eq!(code, code::RUN_SSH_AUTH);
            assert!(message.contains("refused our key for the user") && message.contains("tried 2 times"), "{message}");
            assert!(message.contains("it takes `publickey`"), "{message}");
        }
        let (_, message) = error(bench.connect(server.port, None).await);
        assert!(message.contains("no key or password"), "{message}");

        bench.ssh.timeout = Duration::from_secs(2);
        bench.ssh.handshake_attempts = 0;
        let (_, message) = error(bench.connect(server.port, Some(&other)).await);
        assert!(message.contains("refused our key") && message.contains("tried for"), "{message}");

        let start = Instant::now();
        let (code, message) = error(bench.connect(free_port(), Some(&key)).await);
        assert_eq!(code, code::RUN_SSH_CONNECT);
        assert!(message.contains("the port is closed"), "{message}");
        assert!(start.elapsed() < Duration::from_secs(4));

        let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (_, message) = error(bench.connect(mute.local_addr().expect("its number").port(), Some(&key)).await);
        assert!(message.contains("no SSH server names itself"), "{message}");

        let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = web.local_addr().expect("its number").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = web.accept().await {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        });
        let (_, message) = error(bench.connect(port, Some(&key)).await);
        assert!(message.contains("it said `HTTP/1.1 400 Bad Request`"), "{message}");

        let target = Target { host: "no-such-host.invalid".to_owned(), port: 22 };
        let nowhere = connect(&target, &bench.ssh, &[], &bench.pin, &bench.events, &Cancel::never()).await;
        assert!(error(nowhere).1.contains("the name has no address"));

        // A machine that comes up late is waited for.
        let port = free_port();
        let bench = Bench::new();
        let late = std::thread::spawn({
            let key = key.clone();
            move || {
                std::thread::sleep(Duration::from_secs(1));
                let folder = tempfile::tempdir().expect("a folder");
                let host = keygen(folder.path(), "host", &["-t", "ed25519", "-N", ""]);
                Sshd::start_in(folder, "", &[&key], &[host], port)
            }
        });
        let mut shell = bench.connect(port, Some(&key)).await.expect("a shell");
        let server = late.join().expect("a server");
        assert_eq!(out(&mut shell, "echo late").await, "late");
        drop(server);

        // Cancelling ends the waiting.
        let (wish, cancel) = Cancel::new();
        let target = Target { host: "127.0.0.1".to_owned(), port: free_port() };
        let waiting = connect(&target, &bench.ssh, &[], &bench.pin, &bench.events, &cancel);
        let raise = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            wish.send_replace(1);
        };
        let (ended, ()) = tokio::join!(waiting, raise);
        assert_eq!(error(ended).0, code::RUN_CANCELLED);
    });
}

#[test]
fn peer_ssh_the_host_key_stays() {
    if !asked_for() {
        return;
    }
    let (_folder, key, server) = pair("");
    run(async {
        let bench = Bench::new();
        let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
        let fingerprint = bench.pin.fingerprint().expect("a pinned key");
        let port = server.port;
        // The machine restarts with more host keys than before, the old one among them: the old one is asked for.
        let folder = server.stop();
        let old = folder.path().join("host_ed25519");
        let ecdsa = keygen(folder.path(), "host_ecdsa", &["-t", "ecdsa", "-N", ""]);
        let server = Sshd::start_in(folder, "", &[&key], &[ecdsa.clone(), old], port);
        assert_eq!(out(&mut shell, "echo again").await, "again");
        assert_eq!(bench.pin.fingerprint().as_deref(), Some(fingerprint.as_str()));
        // It restarts with other keys only.
        let folder = server.stop();
        let server = Sshd::start_in(folder, "", &[&key], &[ecdsa], port);
        let (exit, _) = lines(&mut shell, "echo never").await;
        let problem = exit.expect_err("an error");
        assert_eq!(problem.code, code::RUN_SSH_HOST_KEY);
        assert!(problem.message.contains(&fingerprint), "{}", problem.message);
        assert!(bench.connect(server.port, Some(&key)).await.is_err_and(|e| e.code == code::RUN_SSH_HOST_KEY));
    });
}

#[test]
fn peer_ssh_exits_and_lines() {
    if !asked_for() {
        return;
    }
    let (_folder, key, server) = pair("");
    run(async {
        let mut bench = Bench::new();
        let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
        assert!(shell.server().starts_with("SSH-2.0-OpenSSH"), "{}", shell.server());
        let (exit, all) = lines(&mut shell, "echo out; echo err >&2; printf 'half'; exit 3").await;
        assert_eq!(exit, Ok(Exit::Status(3)));
        assert!(all.contains(&(Pipe::Out, "out".to_owned())) && all.contains(&(Pipe::Error, "err".to_owned())));
        assert!(all.contains(&(Pipe::Out, "half".to_owned())), "{all:?}");

        // Half lines come together; what is no text is replaced; nothing is lost of much.
        let (_, all) = lines(&mut shell, "printf 'a'; sleep 0.3; printf 'b\\nc\\377\\r\\n'").await;
        assert_eq!(all, [(Pipe::Out, "ab".to_owned()), (Pipe::Out, "c\u{fffd}".to_owned())]);
        let (exit, all) = lines(&mut shell, "seq 1 200000; exit 7").await;
        assert_eq!((exit, all.len()), (Ok(Exit::Status(7)), 200_000));
        assert!(all.iter().enumerate().all(|(i, (_, line))| *line == (i + 1).to_string()));
        let (_, all) = lines(&mut shell, "head -c 1000000 /dev/zero | tr '\\0' x").await;
        assert_eq!(all.iter().map(|(_, line)| line.len()).sum::<usize>(), 1_000_000);
        // A question without a line end is seen while it waits.
        let start = Instant::now();
        let mut seen = None;
        let exit = shell.run("printf 'really? '; sleep 6", None, &mut |_, _| seen = Some(start.elapsed())).await;
        assert!(seen.is_some_and(|at| at < Duration::from_secs(5)) && exit == Ok(Exit::Status(0)));

        let (exit, _) = lines(&mut shell, "kill -KILL $$").await;
        assert_eq!(exit, Ok(Exit::Signal("KILL".to_owned())));

        // A command that takes its own connection down has no exit status, and none is made up.
        let (exit, _) = lines(&mut shell, "echo bye; kill -KILL $(ps -o ppid= -p $$)").await;
        assert!(matches!(exit, Ok(Exit::Lost(_))), "{exit:?}");
        // What comes next connects again.
        assert_eq!(out(&mut shell, "echo back").await, "back");

        let mut said = Vec::new();
        let mut input: &[u8] = b"from here\n";
        let exit = shell.run("cat", Some(&mut input), &mut |_, line| said.push(line.to_owned())).await;
        assert_eq!((exit, said), (Ok(Exit::Status(0)), vec!["from here".to_owned()]));

        // A deadline ends what runs; a terminal takes the command with it.
        let late = || Some(tokio::time::Instant::now() + Duration::from_millis(700));
        shell.set_deadline(late());
        let (exit, _) = lines(&mut shell, "sleep 77").await;
        assert!(exit.is_err_and(|e| e.code == code::RUN_TIMEOUT));
        shell.set_deadline(None);
        assert_eq!(out(&mut shell, "echo on").await, "on");

        bench.ssh.pty = true;
        let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
        assert_eq!(out(&mut shell, "test -t 1 && stty size").await, "40 80");
        shell.set_deadline(late());
        let (exit, _) = lines(&mut shell, "exec sleep 78").await;
        assert!(exit.is_err_and(|e| e.code == code::RUN_TIMEOUT));
        shell.set_deadline(None);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(out(&mut shell, "pgrep -fx 'sleep 78' || true").await, "", "the command was left running");
    });
}

/// What has a beginning, a middle and an end that differ.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

#[test]
fn peer_ssh_files_by_sftp_and_by_scp() {
    if !asked_for() {
        return;
    }
    for settings in ["", "no-sftp\n"] {
        let (folder, key, server) = pair(settings);
        run(async {
            let bench = Bench::new();
            let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
            let there = folder.path().join("there");
            fs::create_dir(&there).expect("a folder");
            for (name, count, mode) in [("empty", 0, 0o644), ("one", 1, 0o600), ("it's two", 700_001, 0o755)] {
                let content = bytes(count);
                let path = there.join(name);
                let mut input = content.as_slice();
                let done = shell.upload(&mut input, count as u64, &path.display().to_string(), mode).await;
                let done = done.unwrap_or_else(|e| panic!("{settings}{name}: {e}"));
                assert_eq!((done.bytes, done.check), (count as u64, Check::Sha256));
                assert_eq!(fs::read(&path).expect("the file"), content);
                assert_eq!(permissions(&path), mode, "{settings}{name}");
                let mut back = Vec::new();
                let read = shell.download(&path.display().to_string(), &mut back).await;
                assert_eq!((read, back == content), (Ok(count as u64), true), "{settings}{name}");
            }
            // A shorter file takes a longer one's place, and a file that changes is not taken for whole.
            let path = there.join("it's two").display().to_string();
            shell.upload(&mut &b"short"[..], 5, &path, 0o644).await.expect("an upload");
            assert_eq!(fs::read(&path).expect("the file"), b"short");
            for size in [4, 6] {
                let result = shell.upload(&mut &b"short"[..], size, &path, 0o644).await;
                assert!(
                    result.as_ref().is_err_and(|e| e.message.contains("has changed while it was read")),
                    "{result:?}"
                );
            }
            for (path, says) in [(there.join("no/such/folder"), "no such file"), (there.clone(), "cannot be written")] {
                let result = shell.upload(&mut &b"x"[..], 1, &path.display().to_string(), 0o644).await;
                let problem = result.expect_err("an error");
                assert!(problem.message.contains(says) && problem.code == code::RUN_UPLOAD, "{settings}{problem:?}");
                let mut nothing = Vec::new();
                let result = shell.download(&path.display().to_string(), &mut nothing).await;
                assert!(result.is_err_and(|e| e.code == code::RUN_DOWNLOAD), "{settings}{path:?}");
            }
            trees(&mut shell, folder.path(), settings).await;
            assert!(!shell.is_lost());
        });
    }
}

/// Folders there and back, with and without a slash.
async fn trees(shell: &mut Shell, folder: &Path, settings: &str) {
    let source = folder.join("tree");
    fs::create_dir_all(source.join("a/b")).expect("folders");
    fs::create_dir_all(source.join("empty")).expect("folders");
    fs::write(source.join("top.txt"), "top").expect("a file");
    fs::write(source.join("a/b/it's.txt"), bytes(70_000)).expect("a file");
    std::os::unix::fs::symlink("../top.txt", source.join("a/link")).expect("a link");
    let shown = |path: &Path| path.display().to_string();
    for (from, to, result) in [
        (format!("{}/", shown(&source)), "t1", "t1"),
        (shown(&source), "t2", "t2/tree"),
        (shown(&source), "t3", "t3"),
        (format!("{}/", shown(&source)), "t4/", "t4"),
    ] {
        if matches!(to, "t1" | "t2") {
            fs::create_dir(folder.join(to)).expect("a folder");
        }
        let done = shell.upload_tree(&from, &format!("{}/{to}", shown(folder))).await;
        let done = done.unwrap_or_else(|e| panic!("{settings}{from} to {to}: {e}"));
        assert_eq!((done.files, done.bytes, done.checked), (3, 70_006, true), "{settings}{to}");
        assert_eq!(listing(&folder.join(result)), listing(&source), "{settings}{from} to {to}");
    }
    for (from, to, result) in [("tree/", "d1", "d1/tree"), ("tree", "d2", "d2/tree")] {
        let done = shell.download_tree(&format!("{}/{from}", shown(folder)), &folder.join(to)).await;
        let done = done.unwrap_or_else(|e| panic!("{settings}{from} to {to}: {e}"));
        assert_eq!((done.files, done.bytes), (3, 70_006), "{settings}{to}");
        assert_eq!(listing(&folder.join(result)), listing(&source), "{settings}{from} to {to}");
    }
    let found = shell.expand(&format!("{}/a/*", shown(&source))).await.expect("paths");
    assert_eq!(found, [shown(&source.join("a/b")), shown(&source.join("a/link"))]);
    for made in ["t1", "t2", "t3", "t4", "d1", "d2", "tree"] {
        fs::remove_dir_all(folder.join(made)).expect("gone");
    }
}

/// All paths below a folder with what the files hold.
pub(crate) fn listing(root: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}")) {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            if path.is_dir() {
                open.push(path);
                found.push((name, None));
            } else {
                found.push((name, Some(fs::read(&path).expect("a file"))));
            }
        }
    }
    found.sort();
    found
}

fn permissions(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).expect("a file").permissions()) & 0o7777
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number") / 1024
}

#[test]
fn peer_ssh_a_large_file_needs_little_memory() {
    large("peer_ssh_a_large_file_needs_little_memory", "");
}

#[test]
fn peer_ssh_a_large_file_by_scp_needs_little_memory() {
    large("peer_ssh_a_large_file_by_scp_needs_little_memory", "no-sftp\n");
}

/// A file there and back, in little memory.
fn large(test: &str, settings: &str) {
    if !asked_for() {
        return;
    }
    // `BAKEC_LARGE=4300` MiB goes beyond what 32 bits count.
    let size = std::env::var("BAKEC_LARGE").map_or(300, |mib| mib.parse::<u64>().expect("a number of MiB")) << 20;
    // The memory of a process is that of all its tests: this one gets a process of its own.
    if std::env::var_os("BAKEC_ALONE").is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().expect("this program"));
        let ended =
            alone.args(["--exact", &format!("peer_ssh::{test}"), "--nocapture"]).env("BAKEC_ALONE", "1").status();
        assert!(ended.expect("a process").success());
        return;
    }
    let (folder, key, server) = pair(settings);
    run(async {
        let bench = Bench::new();
        let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
        let path = folder.path().join("large").display().to_string();
        let before = peak();
        let start = Instant::now();
        let mut input = tokio::io::AsyncReadExt::take(tokio::io::repeat(0), size);
        let done = shell.upload(&mut input, size, &path, 0o644).await.expect("an upload");
        let grown = peak() - before;
        eprintln!("{} MiB up {settings:?}: {:?}, {grown} MiB more", size >> 20, start.elapsed());
        assert_eq!((done.bytes, done.check), (size, Check::Sha256));
        assert!(grown < 64, "{grown} MiB");
        let mut back = tokio::io::sink();
        // What comes is sparse as well: it is the way that counts, not the disk.
        fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|f| f.set_len(0).and_then(|()| f.set_len(size)))
            .expect("a file");
        let start = Instant::now();
        assert_eq!(shell.download(&path, &mut back).await, Ok(size));
        eprintln!("{} MiB down {settings:?}: {:?}, {} MiB more", size >> 20, start.elapsed(), peak() - before);
        assert!(peak() - before < 64, "{} MiB", peak() - before);
    });
}

#[test]
fn peer_ssh_key_pairs_have_the_fingerprints_that_others_compute() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let shell = |line: &str| {
        let out = std::process::Command::new("sh").args(["-c", line]).current_dir(folder.path()).output().expect("sh");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    for (kind, bits, command) in [
        ("rsa", Some(2048), "ssh-keygen -e -m PKCS8 -f rsa | openssl pkey -pubin -outform DER | openssl md5 -c"),
        ("ed25519", None, "ssh-keygen -l -E sha256 -f ed25519"),
    ] {
        let made = key::make(kind, bits).expect("a key");
        let path = folder.path().join(kind);
        key::write(&made, &path).expect("a file");
        assert_eq!(permissions(&path), 0o600);
        assert!(key::write(&made, &path).is_err(), "a key was written over");
        let shown = run(imported(key::public_line(&made, "bakec").expect("a line")));
        let others = shell(command);
        assert!(shown.len() > 40 && others.contains(shown.trim_end_matches('=')), "{others} is not {shown}");
    }
}

/// The fingerprint that the embedded EC2 shows for a key that is imported.
async fn imported(line: String) -> String {
    let server = Server::start(Settings::default()).await.expect("a server");
    let reach = Reach { endpoint: Some(server.endpoint.clone()), any_credentials: true, ..Reach::default() };
    let access = Access { region: "us-east-1".to_owned(), ..Access::default() };
    let (events, _) = Events::new(Gate::default());
    let cloud = Cloud::open(&access, &reach, &events, &Cancel::never(), Default::default()).await.expect("an account");
    let call = cloud.region("us-east-1").ec2.import_key_pair().key_name("own");
    let answer = call.public_key_material(Blob::new(line)).send().await.expect("it is imported");
    answer.key_fingerprint().unwrap_or_default().to_owned()
}

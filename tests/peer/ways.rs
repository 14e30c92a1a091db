//! The peer: options of the connection as a plan has them, and what a server then sees: OpenSSH's own, its agent and its proxy, and the
//! proxies of others. What starts them runs only with `BAKEC_PEER=1`.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakec::diagnostic::code;
use bakec::packer::read_placed;
use bakec::run::build::{Builder, Key, Ssh};
use bakec::run::cancel::Cancel;
use bakec::run::event::Events;
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::key;
use bakec::run::problem::Problem;
use bakec::run::secret::Gate;
use bakec::run::ssh::{Exit, HostKeyPin, Pipe, Shell, Target, connect, wrong_files};
use bakec::text::FileId;
use serde_json::{Value, json};

use crate::peer_door::Door;
use crate::peer_moto::Process;
use crate::peer_ssh::run;
use crate::peer_sshd::{Sshd, free_port, keygen, user};

/// A connection as a plan's options make it.
pub(crate) struct Line {
    pub(crate) ssh: Ssh,
    key: Option<PathBuf>,
    pub(crate) pin: HostKeyPin,
}

/// Reads the options of a null builder on this machine.
pub(crate) fn line(port: u16, options: Value, agent: Option<&Path>) -> Result<Line, Vec<Problem>> {
    let mut builder = json!({ "type": "null", "ssh_host": "127.0.0.1", "ssh_port": port, "ssh_username": user(), "ssh_timeout": "15s",
                              "ssh_handshake_attempts": 2 });
    for (option, value) in options.as_object().into_iter().flatten() {
        builder[option] = value.clone();
    }
    let Builder::Null(null) = read(&builder, agent)? else { panic!("another builder") };
    Ok(Line { ssh: null.ssh.expect("a connection"), key: null.key_file, pin: HostKeyPin::default() })
}

/// Reads a builder, on a system that has this agent.
pub(crate) fn read(builder: &Value, agent: Option<&Path>) -> Result<Builder, Vec<Problem>> {
    let text = json!({ "builders": [builder] }).to_string();
    let (document, problems) = read_placed(FileId(0), "plan.json", &text);
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: agent
            .map(|at| ("SSH_AUTH_SOCK".to_owned(), at.display().to_string()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        kinds: Arc::default(),
        except_posts: Vec::new(),
    };
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    Ok(builds(&document, &inputs, &Gate::default())?.0.remove(0).builder)
}

impl Line {
    pub(crate) async fn open(&self) -> Result<Shell, Problem> {
        if let Some(problem) = wrong_files(&self.ssh, self.key.as_deref()).into_iter().next() {
            return Err(problem);
        }
        let keys: Vec<_> = self.key.iter().map(|file| key::read(file).expect("a key")).collect();
        let target = Target { host: self.ssh.host.clone().expect("a host"), port: self.ssh.port };
        let (events, _) = Events::new(Gate::default());
        connect(&target, &self.ssh, &keys, &self.pin, &events, &Cancel::never()).await
    }
}

/// Opens a connection by options.
pub(crate) async fn open(port: u16, options: Value, agent: Option<&Path>) -> Result<Shell, Problem> {
    match line(port, options, agent) {
        Ok(line) => line.open().await,
        Err(mut problems) => Err(problems.remove(0)),
    }
}

/// What a command writes.
pub(crate) async fn said(shell: &mut Shell, command: &str) -> String {
    let mut all = Vec::new();
    let mut more = Vec::new();
    // A server that tells all that it does tells it on the standard error.
    let on_line =
        &mut |pipe, line: &str| if pipe == Pipe::Out { all.push(line.to_owned()) } else { more.push(line.to_owned()) };
    let exit = shell.run(command, None, on_line).await;
    assert!(matches!(exit, Ok(Exit::Status(0))), "{command}: {exit:?} {all:?} {more:?}");
    all.join("\n")
}

#[track_caller]
pub(crate) fn refused(result: Result<Shell, Problem>) -> Problem {
    match result {
        Ok(_) => panic!("it was let in"),
        Err(problem) => problem,
    }
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(crate) fn ed25519(folder: &Path, name: &str) -> PathBuf {
    keygen(folder, name, &["-t", "ed25519", "-N", ""])
}

/// Waits until something listens.
pub(crate) fn up(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn spawned(command: &mut Command) -> Process {
    let child: Child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    Process(child)
}

pub(crate) fn log_is(settings: &str) -> String {
    format!("LogLevel DEBUG1\n{settings}")
}

/// How often a server has let somebody in.
pub(crate) fn let_in(server: &Sshd) -> usize {
    server.log().lines().filter(|line| line.starts_with("Accepted ") && line.contains(" port ")).count()
}

#[test]
fn passwords_and_questions_are_answered() {
    run(async {
        let (door, bastion) = (Door::open("sesame", false).await, Door::open("open", false).await);
        let mut shell =
            open(door.port, json!({ "ssh_password": "sesame", "ssh_username": "ali" }), None).await.expect("in");
        assert_eq!(said(&mut shell, "x").await, "done");
        assert_eq!(door.seen(), ["password of ali: true", "a command: x"]);
        let problem = refused(open(door.port, json!({ "ssh_password": "barley" }), None).await);
        assert!(problem.code == code::RUN_SSH_AUTH && problem.message.contains("refused the password"), "{problem:?}");

        // A server that asks in its own words is given the password as well.
        let asks = Door::open("sesame", true).await;
        open(asks.port, json!({ "ssh_password": "sesame", "ssh_username": "ali" }), None).await.expect("in");
        assert_eq!(asks.seen(), ["answer of ali: true"]);

        // The bastion has a user and a password of its own.
        let through = json!({ "ssh_password": "sesame", "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": bastion.port,
            "ssh_bastion_username": "guard", "ssh_bastion_password": "open" });
        open(door.port, through.clone(), None).await.expect("in");
        assert_eq!(bastion.seen(), ["password of guard: true", &format!("on to 127.0.0.1:{}", door.port)]);
        let mut wrong = through;
        wrong["ssh_bastion_password"] = json!("shut");
        let problem = refused(open(door.port, wrong, None).await);
        let bastions = format!("no SSH connection to the bastion `127.0.0.1:{}`", bastion.port);
        assert!(problem.code == code::RUN_SSH_AUTH && problem.message.starts_with(&bastions), "{problem:?}");
        assert!(problem.help.as_deref().is_some_and(|help| help.contains("`ssh_bastion_username`")), "{problem:?}");
    });
}

/// At a terminal of `script`'s: the bastion's question is seen, and what is typed is its answer.
#[cfg(target_os = "linux")]
#[test]
fn questions_of_a_bastion_are_answered_at_the_terminal() {
    use std::io::{Read, Write};

    let folder = folder();
    run(async {
        let (machine, bastion) = (Door::open("sesame", false).await, Door::open("open", true).await);
        let plan = json!({
            "builders": [{ "type": "null", "ssh_host": "127.0.0.1", "ssh_port": machine.port, "ssh_username": "ali",
                "ssh_password": "sesame", "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": bastion.port,
                "ssh_bastion_username": "guard", "ssh_bastion_interactive": true }],
        });
        fs::write(folder.path().join("plan.json"), plan.to_string()).expect("a plan");
        let line = format!("{} run plan.json", env!("CARGO_BIN_EXE_bakec"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(folder.path()).env("TERM", "xterm");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = Process(child.expect("script, of bsdutils"));
        let (mut keys, mut screen) = (child.0.stdin.take().expect("keys"), child.0.stdout.take().expect("a screen"));
        let watched = tokio::task::spawn_blocking(move || {
            let (mut all, mut byte, mut typed) = (Vec::new(), [0], false);
            while let Ok(1) = screen.read(&mut byte) {
                all.push(byte[0]);
                if !typed && all.ends_with(b"the word: ") {
                    // Once the terminal shows nothing of what is typed; a board would be drawn anew in the meantime.
                    std::thread::sleep(Duration::from_millis(1500));
                    keys.write_all(b"open\n").expect("somebody listens");
                    typed = true;
                }
            }
            (String::from_utf8_lossy(&all).into_owned(), typed)
        });
        let (shown, typed) =
            tokio::time::timeout(Duration::from_secs(60), watched).await.expect("an end").expect("bytes");
        let behind = shown.split_once("the word: ").map_or("", |(_, behind)| behind);
        assert!(behind.starts_with("\r\n"), "the question is drawn over: {shown:?}");
        assert!(typed && shown.contains("say the word") && !shown.contains("open\r\n"), "{shown}");
        assert!(child.0.wait().expect("its end").success(), "{shown}");
        assert_eq!(bastion.seen(), ["answer of guard: true", &format!("on to 127.0.0.1:{}", machine.port)]);
        assert_eq!(machine.seen()[0], "password of ali: true");
    });
}

#[test]
fn a_terminal_and_the_agent_are_asked_for_only_when_wanted() {
    run(async {
        let socket = Path::new("/nowhere/agent");
        for (options, seen) in [
            (json!({}), vec!["a command: x"]),
            (json!({ "ssh_pty": true }), vec!["a terminal: xterm 80x40", "a command: x"]),
            (json!({ "ssh_disable_agent_forwarding": true }), vec!["a command: x"]),
            (json!({ "ssh_disable_agent_forwarding": false }), vec!["an agent", "a command: x"]),
        ] {
            let door = Door::open("sesame", false).await;
            let mut all = options.clone();
            all["ssh_password"] = json!("sesame");
            let mut shell = open(door.port, all, Some(socket)).await.expect("in");
            said(&mut shell, "x").await;
            assert_eq!(door.seen()[1..], seen, "{options}");
        }
    });
}

#[test]
fn limits_of_time_and_attempts_are_kept() {
    run(async {
        let door = Door::open("sesame", false).await;
        for (attempts, says) in [(1, "tried once"), (3, "tried 3 times")] {
            let options = json!({ "ssh_password": "barley", "ssh_handshake_attempts": attempts });
            let before = door.seen().len();
            let problem = refused(open(door.port, options, None).await);
            let tries = door.seen().len() - before;
            assert!(problem.message.contains(says) && tries == attempts, "{tries}: {problem:?}");
        }
        for (options, least) in [
            (json!({ "ssh_timeout": "1s" }), 0.5),
            (json!({ "ssh_timeout": "3s" }), 1.5),
            (json!({ "ssh_timeout": "1s", "ssh_wait_timeout": "3s" }), 1.5),
        ] {
            let mut all = options.clone();
            all["ssh_password"] = json!("sesame");
            let start = Instant::now();
            let problem = refused(open(free_port(), all, None).await);
            let took = start.elapsed().as_secs_f64();
            assert!(
                problem.message.contains("tried for") && (least..least + 10.0).contains(&took),
                "{options}: {took} s"
            );
        }
        let elsewhere = json!({ "ssh_password": "sesame", "ssh_host": "no-such-host.invalid", "ssh_timeout": "1s" });
        assert!(refused(open(door.port, elsewhere, None).await).message.contains("no-such-host.invalid"));
    });
}

#[test]
fn files_go_by_the_way_that_is_named() {
    run(async {
        for (options, seen) in [
            (json!({}), "a subsystem: sftp"),
            (json!({ "ssh_file_transfer_method": "sftp" }), "a subsystem: sftp"),
            (json!({ "ssh_file_transfer_method": "scp" }), "a command: scp -t /tmp"),
        ] {
            let door = Door::open("sesame", false).await;
            let mut all = options.clone();
            all["ssh_password"] = json!("sesame");
            let mut shell = open(door.port, all, None).await.expect("in");
            let gone = shell.upload(&mut &b"x"[..], 1, "/tmp/x", 0o600).await;
            assert!(gone.is_err() && door.seen()[1] == seen, "{options}: {:?}", door.seen());
            // Where there is no SFTP, the other way is gone.
            assert_eq!(door.seen().last().map(String::as_str), Some("a command: scp -t /tmp"), "{options}");
        }
    });
}

#[test]
fn who_shows_the_agents_keys_or_a_password_gets_no_temporary_pair() {
    let key = |options: Value| {
        let mut builder = json!({ "type": "amazon-ebs", "region": "us-east-1", "source_ami": "ami-1", "instance_type": "t2.micro",
            "ssh_username": "me", "ami_name": "one", "access_key": "a", "secret_key": "b" });
        for (option, value) in options.as_object().into_iter().flatten() {
            builder[option] = value.clone();
        }
        match read(&builder, Some(Path::new("/agent"))) {
            Ok(Builder::Ebs(ebs)) => ebs.key,
            other => panic!("{other:?}"),
        }
    };
    let known = || Key::Known { name: "ours".to_owned() };
    assert!(matches!(key(json!({})), Key::Temporary { .. }));
    assert_eq!(key(json!({ "ssh_agent_auth": true })), Key::None);
    assert_eq!(key(json!({ "ssh_agent_auth": true, "ssh_keypair_name": "ours" })), known());
    assert_eq!(key(json!({ "ssh_password": "p" })), Key::None);
    let own = json!({ "ssh_private_key_file": "/k", "ssh_keypair_name": "ours" });
    assert_eq!(key(own), Key::Own { name: Some("ours".to_owned()), file: "/k".into() });
    // Who names the temporary pair wants one.
    let named = json!({ "ssh_password": "p", "temporary_key_pair_name": "it", "temporary_key_pair_type": "ed25519" });
    assert_eq!(key(named), Key::Temporary { name: "it".to_owned(), kind: Some("ed25519".to_owned()), bits: None });
}

#[test]
fn what_cannot_be_is_refused_at_input() {
    let folder = folder();
    let (key, other) = (ed25519(folder.path(), "id"), ed25519(folder.path(), "other"));
    let locked = keygen(folder.path(), "locked", &["-t", "ed25519", "-N", "open sesame"]);
    let wrong = |options: Value| -> String {
        let mut all = json!({ "ssh_private_key_file": key });
        for (option, value) in options.as_object().into_iter().flatten() {
            all[option] = value.clone();
        }
        match line(22, all, None) {
            Err(problems) => problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join(" | "),
            Ok(line) => {
                let all = wrong_files(&line.ssh, line.key.as_deref());
                all.into_iter().map(|p| p.message).collect::<Vec<_>>().join(" | ")
            }
        }
    };
    let sign = |name: &str, more: &[&str]| {
        let copy = folder.path().join(name);
        fs::copy(&key, &copy).expect("a copy");
        fs::copy(key.with_extension("pub"), copy.with_extension("pub")).expect("a copy");
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-s"])
            .arg(&other)
            .args(["-I", "it", "-n", "me"])
            .args(more)
            .arg(copy.with_extension("pub"));
        assert!(command.status().expect("ssh-keygen").success());
        folder.path().join(format!("{name}-cert.pub"))
    };
    let (good, late, host) = (sign("good", &[]), sign("late", &["-V", "20010101:20010102"]), sign("host", &["-h"]));
    assert_eq!(wrong(json!({})), "");
    assert_eq!(wrong(json!({ "ssh_certificate_file": good })), "");
    for (options, says) in [
        (json!({ "ssh_private_key_file": folder.path().join("none") }), "there is no private key at"),
        (json!({ "ssh_private_key_file": key.with_extension("pub") }), "is a public key"),
        (json!({ "ssh_private_key_file": locked }), "has a passphrase"),
        (
            json!({ "ssh_bastion_host": "b", "ssh_bastion_username": "u", "ssh_bastion_private_key_file": locked }),
            "has a passphrase",
        ),
        (json!({ "ssh_certificate_file": late }), "has expired"),
        (json!({ "ssh_certificate_file": host }), "is for a host"),
        (json!({ "ssh_certificate_file": key }), "is no certificate"),
        (json!({ "ssh_certificate_file": good, "ssh_private_key_file": other }), "is of another key"),
        (json!({ "ssh_certificate_file": good, "ssh_private_key_file": "" }), "needs `ssh_private_key_file`"),
        (
            json!({ "ssh_bastion_host": "b", "ssh_bastion_username": "u", "ssh_bastion_private_key_file": "/no/key" }),
            "there is no private key at `/no/key`",
        ),
        (
            json!({ "ssh_bastion_host": "b", "ssh_bastion_username": "u", "ssh_bastion_certificate_file": good }),
            "`ssh_bastion_certificate_file` needs",
        ),
        (json!({ "ssh_bastion_host": "b" }), "needs `ssh_bastion_username`"),
        (json!({ "ssh_bastion_host": "a, u@b:x" }), "`u@b:x` names no bastion"),
        (
            json!({ "ssh_bastion_host": "b", "ssh_bastion_username": "u", "ssh_private_key_file": "", "ssh_password": "p" }),
            "the bastion needs",
        ),
        (json!({ "ssh_bastion_host": "b", "ssh_bastion_username": "u", "ssh_proxy_host": "p" }), "not through both"),
        (json!({ "ssh_proxy_host": "ftp://p" }), "no proxy that speaks `ftp`"),
        (json!({ "ssh_agent_auth": true, "ssh_private_key_file": "" }), "`SSH_AUTH_SOCK` names none"),
        (json!({ "ssh_password": "p" }), "exclude each other in a null build"),
        (json!({ "ssh_private_key_file": "" }), "needs a way to log in"),
        (json!({ "ssh_ciphers": ["aes128-ctx"] }), "`ssh_ciphers` names no cipher that bakec knows: `aes128-ctx`"),
        (json!({ "ssh_key_exchange_algorithms": ["none"] }), "names no key exchange that bakec knows"),
        (json!({ "ssh_local_tunnels": ["80:x"] }), "which is no tunnel"),
        (json!({ "ssh_remote_tunnels": ["x:h:1"] }), "which is no tunnel"),
        (json!({ "communicator": "winrm" }), "the option `communicator` of `null` is not executed yet"),
    ] {
        let told = wrong(options.clone());
        assert!(told.contains(says), "{options}: {told}");
    }
    // One that is known is enough.
    let some = line(22, json!({ "ssh_private_key_file": key, "ssh_ciphers": ["arcfour", "aes256-ctr"] }), None);
    assert_eq!(some.unwrap_or_else(|problems| panic!("{problems:?}")).ssh.ciphers, ["aes256-ctr"]);
}

//! The peer: options of the connection as a plan has them, and what a server then sees: OpenSSH's own, its agent and its proxy, and the
//! proxies of others. What starts them runs only with `BAKEC_PEER=1`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
use crate::peer_sshd::{Sshd, asked_for, free_port, keygen, user};

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
fn read(builder: &Value, agent: Option<&Path>) -> Result<Builder, Vec<Problem>> {
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
        let keys: Vec<_> = self.key.iter().map(|file| key::read(file, None).expect("a key")).collect();
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
fn refused(result: Result<Shell, Problem>) -> Problem {
    match result {
        Ok(_) => panic!("it was let in"),
        Err(problem) => problem,
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn ed25519(folder: &Path, name: &str) -> PathBuf {
    keygen(folder, name, &["-t", "ed25519", "-N", ""])
}

/// Waits until something listens.
fn up(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn spawned(command: &mut Command) -> Process {
    let child: Child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    Process(child)
}

fn log_is(settings: &str) -> String {
    format!("LogLevel DEBUG1\n{settings}")
}

/// How often a server has let somebody in.
fn let_in(server: &Sshd) -> usize {
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
            assert!(problem.message.contains(says) && door.seen().len() >= before + attempts, "{problem:?}");
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
            "ssh_username": "me", "ami_name": "it", "access_key": "a", "secret_key": "b" });
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

#[test]
fn peer_ways_one_bastion_and_several() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let (key, own, other) =
        (ed25519(folder.path(), "id"), ed25519(folder.path(), "own"), ed25519(folder.path(), "other"));
    let machine = Sshd::start(&log_is(""), &[&key]);
    let (first, second) = (Sshd::start(&log_is(""), &[&own, &key]), Sshd::start(&log_is(""), &[&own]));
    let closed = Sshd::start("AllowTcpForwarding no\n", &[&own]);
    run(async {
        // The machine's key serves for the bastion too, or the bastion has its own.
        let base = json!({ "ssh_private_key_file": key, "ssh_bastion_username": user() });
        let with = |more: Value| {
            let mut all = base.clone();
            for (option, value) in more.as_object().into_iter().flatten() {
                all[option] = value.clone();
            }
            all
        };
        open(machine.port, with(json!({})), None).await.expect("straight").close().await;
        assert_eq!((let_in(&machine), let_in(&first)), (1, 0));
        let by_one = with(json!({ "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": first.port }));
        let mut shell = open(machine.port, by_one.clone(), None).await.expect("through one");
        assert_eq!(said(&mut shell, "echo in").await, "in");
        assert_eq!((let_in(&machine), let_in(&first)), (2, 1));
        assert!(
            first.log().contains(&format!("connect_to 127.0.0.1 port {}", machine.port))
                || first.log().contains("direct-tcpip")
        );
        shell.close().await;

        // Two in a row, of which each has its own place and user.
        let hosts = format!("127.0.0.1:{}, {}@127.0.0.1:{}", first.port, user(), second.port);
        let by_two = with(json!({ "ssh_bastion_host": hosts, "ssh_bastion_private_key_file": own }));
        let line = line(machine.port, by_two, None).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut shell = line.open().await.expect("through two");
        assert_eq!(said(&mut shell, "echo in").await, "in");
        assert_eq!((let_in(&machine), let_in(&first), let_in(&second)), (3, 2, 1));
        assert_eq!(line.pin.lines_before().len(), 2);
        assert!(line.pin.lines_before().iter().all(|l| l.starts_with("ssh-ed25519 ")) && line.pin.line().is_some());
        // Files of some size go through.
        let there = folder.path().join("file").display().to_string();
        let bytes = vec![7_u8; 3_000_000];
        shell.upload(&mut bytes.as_slice(), 3_000_000, &there, 0o600).await.expect("an upload");
        // The connection is lost at a bastion, and made again on the same way.
        let (_, port) = ((), second.port);
        let kept = second.stop();
        let host = kept.path().join("host_ed25519");
        let second = Sshd::start_in(kept, &log_is(""), &[&own], &[host], port);
        assert_eq!(said(&mut shell, "echo again").await, "again");
        // Another server takes the bastion's place.
        let kept = second.stop();
        let strange = ed25519(kept.path(), "strange");
        let _second = Sshd::start_in(kept, "", &[&own], &[strange], port);
        let problem = shell.run("echo never", None, &mut |_, _| {}).await.expect_err("another key");
        assert!(problem.code == code::RUN_SSH_HOST_KEY && problem.message.contains("to the bastion"), "{problem:?}");

        // What can go wrong, by its name.
        let problem = refused(
            open(
                machine.port,
                with(json!({ "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": first.port,
            "ssh_bastion_private_key_file": other })),
                None,
            )
            .await,
        );
        assert!(
            problem.code == code::RUN_SSH_AUTH
                && problem.message.contains("to the bastion")
                && problem.message.contains("refused our key"),
            "{problem:?}"
        );
        let problem = refused(
            open(
                machine.port,
                with(json!({ "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": closed.port,
            "ssh_bastion_private_key_file": own })),
                None,
            )
            .await,
        );
        assert!(problem.message.contains("lets nobody through"), "{problem:?}");
        let mut nowhere = by_one;
        nowhere["ssh_timeout"] = json!("2s");
        let problem = refused(open(free_port(), nowhere.clone(), None).await);
        assert!(problem.message.contains("does not get to it") && problem.message.contains("tried for"), "{problem:?}");
        nowhere["ssh_bastion_port"] = json!(free_port());
        let problem = refused(open(machine.port, nowhere, None).await);
        assert!(
            problem.message.contains("to the bastion") && problem.message.contains("the port is closed"),
            "{problem:?}"
        );
    });
}

#[test]
fn peer_ways_certificates() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let ca = ed25519(folder.path(), "ca");
    let settings = log_is(&format!("TrustedUserCAKeys {}\n", ca.with_extension("pub").display()));
    let (machine, bastion) = (Sshd::start(&settings, &[]), Sshd::start(&settings, &[]));
    run(async {
        for (name, arguments) in [
            ("ed25519", &["-t", "ed25519", "-N", ""][..]),
            ("ecdsa", &["-t", "ecdsa", "-N", ""]),
            ("rsa", &["-t", "rsa", "-b", "2048", "-N", ""]),
        ] {
            let key = keygen(folder.path(), name, arguments);
            let mut sign = Command::new("ssh-keygen");
            sign.args(["-q", "-s"]).arg(&ca).args(["-I", name, "-n", &user()]).arg(key.with_extension("pub"));
            assert!(sign.status().expect("ssh-keygen").success());
            let certificate = folder.path().join(format!("{name}-cert.pub"));
            let without = refused(open(machine.port, json!({ "ssh_private_key_file": key }), None).await);
            assert!(without.code == code::RUN_SSH_AUTH, "{without:?}");
            let with = json!({ "ssh_private_key_file": key, "ssh_certificate_file": certificate });
            let mut shell =
                open(machine.port, with, None).await.unwrap_or_else(|e| panic!("{name}: {e}\n{}", machine.log()));
            assert_eq!(said(&mut shell, "echo in").await, "in");
            assert!(machine.log().contains(&format!("ID {name} ")), "{}", machine.log());

            // The machine's certificate serves for the bastion, as its key does; or the bastion has its own.
            let before = let_in(&bastion);
            for own in [false, true] {
                let mut through = json!({ "ssh_private_key_file": key, "ssh_certificate_file": certificate,
                    "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": bastion.port, "ssh_bastion_username": user() });
                if own {
                    through["ssh_bastion_private_key_file"] = json!(key);
                    let problem = refused(open(machine.port, through.clone(), None).await);
                    assert!(problem.message.contains("to the bastion"), "{problem:?}");
                    through["ssh_bastion_certificate_file"] = json!(certificate);
                }
                open(machine.port, through, None).await.expect("through the bastion").close().await;
            }
            assert_eq!(let_in(&bastion), before + 2);
        }
    });
}

/// An agent of OpenSSH's with these keys.
fn agent(folder: &Path, keys: &[&Path]) -> (Process, PathBuf) {
    let socket = folder.join("agent");
    let process = spawned(Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket));
    let start = Instant::now();
    while !socket.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "the agent does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    for key in keys {
        let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &socket).status();
        assert!(added.is_ok_and(|status| status.success()));
    }
    (process, socket)
}

#[test]
fn peer_ways_the_agents_keys() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let (key, other) = (ed25519(folder.path(), "id"), ed25519(folder.path(), "other"));
    let rsa = keygen(folder.path(), "rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let (machine, bastion) = (Sshd::start(&log_is(""), &[&key]), Sshd::start(&log_is(""), &[&rsa]));
    let (_process, socket) = agent(folder.path(), &[&other, &rsa, &key]);
    run(async {
        let own = json!({ "ssh_agent_auth": true });
        let mut shell = open(machine.port, own.clone(), Some(&socket)).await.expect("by the agent");
        // It is not lent to the machine, unless somebody wants it.
        assert_eq!(said(&mut shell, "echo \"agent: $SSH_AUTH_SOCK\"").await, "agent: ");
        let lent = json!({ "ssh_agent_auth": true, "ssh_disable_agent_forwarding": false });
        let mut shell = open(machine.port, lent, Some(&socket)).await.expect("by the agent");
        assert_eq!(said(&mut shell, "ssh-add -l | wc -l").await.trim(), "3");

        let mut through = own.clone();
        through["ssh_bastion_host"] = json!(format!("{}@127.0.0.1:{}", user(), bastion.port));
        through["ssh_bastion_agent_auth"] = json!(true);
        open(machine.port, through, Some(&socket)).await.expect("by the agent, twice").close().await;
        assert_eq!(let_in(&bastion), 1);

        let problem = refused(open(machine.port, own, Some(Path::new("/nowhere/agent"))).await);
        assert!(problem.code == code::RUN_SSH_AUTH && problem.message.contains("agent cannot be asked"), "{problem:?}");
    });
}

#[test]
fn peer_ways_proxies() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = ed25519(folder.path(), "id");
    let machine = Sshd::start(&log_is(""), &[&key]);
    // OpenSSH's own client is a SOCKS proxy; another one knows users.
    let (socks, guarded, http, http_guarded) = (free_port(), free_port(), free_port(), free_port());
    let _socks = spawned(
        Command::new("ssh")
            .args(["-N", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-i"])
            .arg(&key)
            .args([
                "-p",
                &machine.port.to_string(),
                "-D",
                &format!("127.0.0.1:{socks}"),
                &format!("{}@127.0.0.1", user()),
            ]),
    );
    let _guarded = spawned(Command::new("microsocks").args([
        "-i",
        "127.0.0.1",
        "-p",
        &guarded.to_string(),
        "-u",
        "me",
        "-P",
        "word",
    ]));
    let web = |port: u16, more: &str| {
        let config = folder.path().join(format!("tinyproxy-{port}"));
        let log = folder.path().join(format!("tinyproxy-{port}.log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nLogFile \"{}\"\nLogLevel Connect\n{more}",
            log.display()
        );
        fs::write(&config, text).expect("a file");
        (spawned(Command::new("tinyproxy").arg("-d").arg("-c").arg(config)), log)
    };
    let (_http, log) = web(http, "");
    let (_http_guarded, _) = web(http_guarded, "BasicAuth me word\n");
    [socks, guarded, http, http_guarded].into_iter().for_each(up);
    run(async {
        let by = async |more: Value| {
            let mut options = json!({ "ssh_private_key_file": key, "ssh_timeout": "4s" });
            for (option, value) in more.as_object().into_iter().flatten() {
                options[option] = value.clone();
            }
            open(machine.port, options, None).await
        };
        let before = let_in(&machine);
        for more in [
            json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": socks }),
            json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": guarded, "ssh_proxy_username": "me", "ssh_proxy_password": "word" }),
            json!({ "ssh_proxy_host": "http://127.0.0.1", "ssh_proxy_port": http }),
            json!({ "ssh_proxy_host": format!("http://127.0.0.1:{http_guarded}"), "ssh_proxy_username": "me", "ssh_proxy_password": "word" }),
        ] {
            let mut shell = by(more.clone()).await.unwrap_or_else(|e| panic!("{more}: {e}"));
            assert_eq!(said(&mut shell, "echo in").await, "in", "{more}");
            shell.close().await;
        }
        assert_eq!(let_in(&machine), before + 4);
        let logged = fs::read_to_string(log).expect("a log");
        assert!(logged.contains(&format!("CONNECT 127.0.0.1:{}", machine.port)), "{logged}");
        for (more, says) in [
            (
                json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": guarded, "ssh_proxy_username": "me", "ssh_proxy_password": "wrong" }),
                "refuses the user or the password",
            ),
            (json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": guarded }), "it wants to know who asks"),
            (json!({ "ssh_proxy_host": format!("http://127.0.0.1:{http_guarded}") }), "it wants to know who asks"),
            (
                json!({ "ssh_proxy_host": format!("http://127.0.0.1:{http_guarded}"), "ssh_proxy_username": "you", "ssh_proxy_password": "word" }),
                "refuses the user or the password",
            ),
            (json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": http }), "does not say whether it connects"),
            (json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": free_port() }), "the port is closed"),
            (
                json!({ "ssh_proxy_host": "http://127.0.0.1", "ssh_proxy_port": http, "ssh_port": free_port() }),
                "does not get to",
            ),
            (json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": socks, "ssh_port": free_port() }), "the proxy"),
        ] {
            let problem = refused(by(more.clone()).await);
            assert!(problem.message.contains(says) && problem.code == code::RUN_SSH_CONNECT, "{more}: {problem:?}");
        }
    });
}

/// Answers everyone who comes with what he says, once.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut all = Vec::new();
                let _ = stream.read_to_end(&mut all);
                let _ = stream.write_all(&all);
            });
        }
    });
    port
}

/// Sends bytes and takes what comes back.
fn echoed(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    let mut writer = stream.try_clone().expect("a handle");
    let sent = bytes.to_vec();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).expect("it is sent");
        writer.shutdown(std::net::Shutdown::Write).expect("it ends");
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("it comes back");
    writing.join().expect("it was written");
    back
}

#[test]
fn peer_ways_tunnels_carry_data() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = ed25519(folder.path(), "id");
    let machine = Sshd::start(&log_is(""), &[&key]);
    let (echo, here, there) = (echo(), free_port(), free_port());
    let bytes: Vec<u8> = (0..1_500_000_u32).map(|n| (n % 251) as u8).collect();
    run(async {
        let options = json!({ "ssh_private_key_file": key, "ssh_local_tunnels": [format!("{here}:127.0.0.1:{echo}")],
            "ssh_remote_tunnels": [format!("{there}:localhost:{echo}")] });
        let first = line(machine.port, options.clone(), None).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut shell = first.open().await.expect("in");
        let both = |bytes: Vec<u8>| async move {
            for port in [here, there] {
                let sent = bytes.clone();
                let back = tokio::task::spawn_blocking(move || echoed(port, &sent)).await.expect("an answer");
                assert!(back == bytes, "{port}: {} bytes", back.len());
            }
        };
        both(bytes.clone()).await;
        // A port that is taken is told of by its number.
        let problem = refused(open(machine.port, options.clone(), None).await);
        assert!(problem.message.contains(&format!("port {here} here cannot be listened on")), "{problem:?}");
        // They lead over the next connection, where one is lost.
        let exit = shell.run("kill -KILL $(ps -o ppid= -p $$)", None, &mut |_, _| {}).await;
        assert!(matches!(exit, Ok(Exit::Lost(_))), "{exit:?}");
        assert_eq!(said(&mut shell, "echo back").await, "back");
        both(bytes.clone()).await;
        shell.close().await;
        assert!(TcpStream::connect(("127.0.0.1", here)).is_err(), "the tunnel is open still");
        let without = open(machine.port, json!({ "ssh_private_key_file": key }), None).await.expect("in");
        assert!(TcpStream::connect(("127.0.0.1", here)).is_err() && TcpStream::connect(("127.0.0.1", there)).is_err());
        without.close().await;
    });
    let closed = Sshd::start("AllowTcpForwarding local\n", &[&key]);
    run(async {
        let options =
            json!({ "ssh_private_key_file": key, "ssh_remote_tunnels": [format!("{there}:localhost:{echo}")] });
        let problem = refused(open(closed.port, options, None).await);
        assert!(problem.message.contains(&format!("does not listen on its port {there}")), "{problem:?}");
    });
}

#[test]
fn peer_ways_algorithms_are_those_that_are_named() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = ed25519(folder.path(), "id");
    let by = |cipher: Option<&str>, exchange: Option<&str>| {
        let mut options = json!({ "ssh_private_key_file": key, "ssh_timeout": "90s", "ssh_handshake_attempts": 1 });
        if let Some(cipher) = cipher {
            options["ssh_ciphers"] = json!([cipher]);
        }
        if let Some(exchange) = exchange {
            options["ssh_key_exchange_algorithms"] = json!([exchange]);
        }
        options
    };
    let every = "Ciphers aes128-cbc,aes192-cbc,aes256-cbc,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,\
                 chacha20-poly1305@openssh.com\nKexAlgorithms +diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,\
                 diffie-hellman-group1-sha1\n";
    let server = Sshd::start(&log_is(every), &[&key]);
    run(async {
        for cipher in bakec::run::ssh::ciphers() {
            let mut shell =
                open(server.port, by(Some(cipher), None), None).await.unwrap_or_else(|e| panic!("{cipher}: {e}"));
            assert_eq!(said(&mut shell, "echo in").await, "in", "{cipher}");
            assert!(server.log().contains(&format!("cipher: {cipher} ")), "{cipher}: {}", server.log());
            shell.close().await;
        }
        // Large groups take long where nothing is optimised: one that is not, of each kind.
        for exchange in
            ["curve25519-sha256", "ecdh-sha2-nistp521", "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1"]
        {
            let opened = open(server.port, by(None, Some(exchange)), None).await;
            opened.unwrap_or_else(|e| panic!("{exchange}: {e}")).close().await;
            assert!(server.log().contains(&format!("kex: algorithm: {exchange} ")), "{exchange}: {}", server.log());
        }
    });
    // Servers that allow one only, which is offered only where it is named.
    let (cbc, nistp521) =
        (Sshd::start("Ciphers aes128-cbc\n", &[&key]), Sshd::start("KexAlgorithms ecdh-sha2-nistp521\n", &[&key]));
    run(async {
        let problem = refused(open(cbc.port, by(None, None), None).await);
        assert!(problem.message.contains("no cipher algorithm in common"), "{problem:?}");
        open(cbc.port, by(Some("aes128-cbc"), None), None).await.expect("in").close().await;
        open(nistp521.port, by(None, None), None).await.expect("in").close().await;
        let problem = refused(open(nistp521.port, by(None, Some("curve25519-sha256")), None).await);
        assert!(problem.message.contains("in common; the server offers ecdh-sha2-nistp521"), "{problem:?}");
    });
}

#[test]
fn peer_ways_signs_of_life() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = ed25519(folder.path(), "id");
    let alive = |options: Value| {
        let server = Sshd::start(&log_is(""), &[&key]);
        let mut all = json!({ "ssh_private_key_file": key });
        for (option, value) in options.as_object().into_iter().flatten() {
            all[option] = value.clone();
        }
        let exit = run(async {
            let mut shell = open(server.port, all, None).await.expect("in");
            shell.run("sleep 3", None, &mut |_, _| {}).await
        });
        (exit, server.log().matches("keepalive@openssh.com").count())
    };
    let (exit, signs) = alive(json!({ "ssh_keep_alive_interval": "250ms" }));
    assert!(exit == Ok(Exit::Status(0)) && signs >= 5, "{exit:?}, {signs} signs of life");
    let (exit, signs) = alive(json!({ "ssh_keep_alive_interval": "-1s" }));
    assert!(exit == Ok(Exit::Status(0)) && signs == 0, "{exit:?}, {signs} signs of life");
    // Who gives no sign of life for so long is gone.
    let (exit, _) = alive(json!({ "ssh_keep_alive_interval": "-1s", "ssh_read_write_timeout": "1s" }));
    assert!(matches!(&exit, Ok(Exit::Lost(why)) if why.contains("`ssh_read_write_timeout`")), "{exit:?}");
}

#[test]
fn peer_ways_a_frozen_server_is_found() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let key = ed25519(folder.path(), "id");
    let server = Sshd::start("", &[&key]);
    run(async {
        let mut shell =
            open(server.port, json!({ "ssh_private_key_file": key, "ssh_keep_alive_interval": "1s" }), None)
                .await
                .expect("in");
        let start = Instant::now();
        let mut frozen = None;
        let exit = shell
            .run("echo $PPID; sleep 600", None, &mut |_, line| {
                // All of the server that this session is.
                let _ = Command::new("kill").args(["-STOP", line]).status();
                frozen = Some(line.to_owned());
            })
            .await;
        let pid = frozen.expect("the session's process");
        let _ = Command::new("kill").args(["-CONT", &pid]).status();
        assert!(matches!(&exit, Ok(Exit::Lost(why)) if why.contains("no sign of life")), "{exit:?}");
        assert!((Duration::from_secs(50)..Duration::from_secs(80)).contains(&start.elapsed()), "{:?}", start.elapsed());
    });
}

#[test]
fn peer_ways_transfers_that_break_off_say_so() {
    if !asked_for() {
        return;
    }
    for settings in ["", "no-sftp\n"] {
        let folder = folder();
        let key = ed25519(folder.path(), "id");
        let server = Sshd::start(settings, &[&key]);
        let (path, port) = (folder.path().join("large").display().to_string(), server.port);
        fs::File::create(folder.path().join("there")).and_then(|f| f.set_len(4 << 30)).expect("a sparse file");
        run(async {
            let mut shell = open(port, json!({ "ssh_private_key_file": key }), None).await.expect("in");
            let died = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(1500));
                server.stop()
            });
            let mut endless = tokio::io::repeat(0);
            let problem = shell.upload(&mut endless, 4 << 30, &path, 0o600).await.expect_err("it broke off");
            assert!(problem.code == code::RUN_SSH_LOST && problem.message.contains("while `"), "{settings}{problem:?}");
            let kept = died.join().expect("it died");
            let host = kept.path().join("host_ed25519");
            let server = Sshd::start_in(kept, settings, &[&key], &[host], port);
            let died = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(2500));
                server.stop()
            });
            // A file that did not come whole does not stand under its name.
            let (from, to) = (folder.path().join("there").display().to_string(), folder.path().join("here"));
            let problem = shell.download_file(&from, &to).await.expect_err("it broke off");
            assert!(problem.code == code::RUN_SSH_LOST && !to.exists(), "{settings}{problem:?}");
            died.join().expect("it died");
        });
    }
}

#[test]
fn peer_ways_the_key_is_forgotten_and_nothing_else() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let (key, other) = (ed25519(folder.path(), "id"), ed25519(folder.path(), "other"));
    let text = |path: &Path| fs::read_to_string(path.with_extension("pub")).expect("a public key");
    // A home of its own, and a `sudo` that only looks so.
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".ssh")).expect("a folder");
    let file = home.join(".ssh/authorized_keys");
    let root = folder.path().join("root_keys");
    fs::create_dir_all(folder.path().join("bin")).expect("a folder");
    let sudo = folder.path().join("bin/sudo");
    let script = format!(
        "#!/bin/bash\nargs=(\"$@\"); for i in \"${{!args[@]}}\"; do args[$i]=${{args[$i]//\\/root\\/.ssh\\/authorized_keys/{}}}; done\nexec \"${{args[@]:1}}\"\n",
        root.display().to_string().replace('/', "\\/")
    );
    fs::write(&sudo, script).expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    fs::set_permissions(&sudo, mode(0o755)).expect("its mode");
    let settings =
        format!("SetEnv HOME={} PATH={}:/usr/bin:/bin\n", home.display(), folder.path().join("bin").display());
    let server = Sshd::start(&settings, &[&key]);
    let blob = text(&key).split_whitespace().nth(1).expect("a key").to_owned();
    let forced = format!("no-pty,command=\"echo 'Please login as the user'\" {}", text(&key));
    fs::write(&file, format!("# mine\n{}{}", text(&other), text(&key))).expect("keys");
    fs::write(&root, format!("{forced}{}", text(&other))).expect("keys");
    fs::set_permissions(&file, mode(0o600)).expect("its mode");
    run(async {
        let mut shell = open(server.port, json!({ "ssh_private_key_file": key }), None).await.expect("in");
        assert_eq!(shell.forget_key(&blob).await, Ok(Vec::new()));
        assert_eq!(fs::read_to_string(&file).expect("keys"), format!("# mine\n{}", text(&other)));
        assert_eq!(fs::read_to_string(&root).expect("keys"), text(&other));
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("a file").permissions()) & 0o777,
            0o600
        );
        // The last key leaves an empty file; none at all is no mistake.
        fs::write(&file, text(&key)).expect("keys");
        fs::remove_file(&root).expect("it is gone");
        assert_eq!(shell.forget_key(&blob).await, Ok(Vec::new()));
        assert_eq!(fs::read_to_string(&file).expect("keys"), "");
        assert!(!root.exists());
    });
}

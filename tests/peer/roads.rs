//! Roads to a machine, by real OpenSSH servers and proxies: bastions, certificates, the agent's keys, proxies and tunnels.
//!
//! It runs only with `BAKEC_PEER=1`, and needs tinyproxy and microsocks. Neighbours: `ways` has the options and what both share.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bakec::diagnostic::code;
use bakec::run::ssh::Exit;
use serde_json::{Value, json};

use crate::peer_moto::Process;
use crate::peer_ssh::run;
use crate::peer_sshd::{Sshd, asked_for, free_port, keygen, user};
use crate::peer_ways::{ed25519, folder, let_in, line, log_is, open, refused, said, spawned, up};

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
pub(crate) fn agent(folder: &Path, keys: &[&Path]) -> (Process, PathBuf) {
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

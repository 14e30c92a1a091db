//! A connection that stands, to a real OpenSSH server: its algorithms, its signs of life, transfers that break off, and the key that is
//! forgotten.
//!
//! It runs only with `BAKEC_PEER=1`. Neighbours: `ways` has the options and what both share.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bakec::diagnostic::code;
use bakec::run::ssh::Exit;
use serde_json::{Value, json};

use crate::peer_ssh::run;
use crate::peer_sshd::{Sshd, asked_for};
use crate::peer_ways::{ed25519, folder, log_is, open, refused, said};

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

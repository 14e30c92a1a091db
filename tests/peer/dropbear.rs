//! The peer: bakec's connection against Dropbear, the server of small machines.
//!
//! It runs only with `BAKEC_PEER=1`, and is passed over by name where there is no Dropbear, or no right to give it a home of its own: it
//! reads a user's keys from the home alone.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bakec::run::ssh::{Check, Exit, Shell};
use serde_json::{Value, json};

use crate::peer_moto::Process;
use crate::peer_ssh::{listing, run};
use crate::peer_sshd::{asked_for, free_port, keygen};
use crate::peer_ways::{ed25519, folder, open, refused, said};

/// The server, and its port; nothing where there cannot be one.
fn dropbear(folder: &Path, keys: &[&Path]) -> Option<(Process, u16)> {
    let home = folder.join("home");
    let own = home.join(".ssh");
    fs::create_dir_all(&own).expect("folders");
    let lines = keys.iter().map(|key| fs::read_to_string(format!("{}.pub", key.display())).expect("a public key"));
    fs::write(own.join("authorized_keys"), lines.collect::<String>()).expect("the keys");
    for path in [&home, &own] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("its mode");
    }
    let host = folder.join("host");
    let made = Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&host).output().ok()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (port, log) = (free_port(), fs::File::create(folder.join("log")).expect("a log"));
    // Another home for this process alone.
    let start = format!(
        "mount --bind {} \"$(getent passwd \"$(id -un)\" | cut -d: -f6)\" && exec dropbear -F -E -s -p 127.0.0.1:{port} -r {} -P {}",
        home.display(),
        host.display(),
        folder.join("pid").display(),
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &start]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut server = Process(command.spawn().ok()?);
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if server.0.try_wait().expect("its state").is_some() {
            return None;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "dropbear does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some((server, port))
}

#[test]
fn peer_ssh_dropbear_is_a_server_too() {
    if !asked_for() {
        return;
    }
    let folder = folder();
    let (key, other) = (ed25519(folder.path(), "id"), ed25519(folder.path(), "other"));
    let rsa = keygen(folder.path(), "rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let Some((_server, port)) = dropbear(folder.path(), &[&key, &rsa]) else {
        eprintln!("peer_ssh_dropbear: skipped, it needs `dropbear` (dropbear-bin) and the right to mount");
        return;
    };
    run(async {
        for key in [&key, &rsa] {
            let mut shell = open(port, json!({ "ssh_private_key_file": key }), None).await.expect("in");
            assert_eq!(said(&mut shell, "echo in").await, "in");
            assert!(shell.server().starts_with("SSH-2.0-dropbear"), "{}", shell.server());
            shell.close().await;
        }
        let problem = refused(open(port, json!({ "ssh_private_key_file": other }), None).await);
        assert!(problem.message.contains("refused our key"), "{problem:?}");

        let with = |more: Value| {
            let mut all = json!({ "ssh_private_key_file": key });
            all.as_object_mut().expect("options").extend(more.as_object().cloned().expect("options"));
            open(port, all, None)
        };
        let mut shell = with(json!({})).await.expect("in");
        let none = &mut |_, _: &str| {};
        assert_eq!(shell.run("exit 7", None, none).await, Ok(Exit::Status(7)));
        assert_eq!(shell.run("kill -KILL $$", None, none).await, Ok(Exit::Signal("KILL".to_owned())));
        assert_eq!(said(&mut shell, "seq 1 100000 | tail -1").await, "100000");
        // A command that takes its connection along, and the next one.
        let exit = shell.run("kill -KILL $(ps -o ppid= -p $$)", None, none).await;
        assert!(matches!(exit, Ok(Exit::Lost(_))), "{exit:?}");
        assert_eq!(said(&mut shell, "echo back").await, "back");
        carried(&mut shell, folder.path()).await;
        let mut by_scp = with(json!({ "ssh_file_transfer_method": "scp" })).await.expect("in");
        carried(&mut by_scp, folder.path()).await;
        let mut terminal = with(json!({ "ssh_pty": true })).await.expect("in");
        assert_eq!(said(&mut terminal, "test -t 1 && stty size").await, "40 80");
        // A tunnel that leads to the server itself.
        let here = free_port();
        let tunnel = with(json!({ "ssh_local_tunnels": [format!("{here}:127.0.0.1:{port}")] })).await.expect("in");
        let mut through = open(here, json!({ "ssh_private_key_file": key }), None).await.expect("through the tunnel");
        assert_eq!(said(&mut through, "echo through").await, "through");
        through.close().await;
        tunnel.close().await;
    });
}

/// Files and folders there and back.
async fn carried(shell: &mut Shell, folder: &Path) {
    let shown = |path: &Path| path.display().to_string();
    let there = folder.join("it's there");
    let bytes: Vec<u8> = (0..700_001_u32).map(|n| (n % 251) as u8).collect();
    let done = shell.upload(&mut bytes.as_slice(), bytes.len() as u64, &shown(&there), 0o640).await.expect("an upload");
    assert_eq!((done.bytes, done.check), (bytes.len() as u64, Check::Sha256));
    assert_eq!(fs::metadata(&there).expect("the file").permissions().mode() & 0o777, 0o640);
    let mut back = Vec::new();
    shell.download(&shown(&there), &mut back).await.expect("a download");
    assert!(back == bytes && fs::read(&there).expect("the file") == bytes);
    let (tree, up, down) = (folder.join("tree"), folder.join("up"), folder.join("down"));
    fs::create_dir_all(tree.join("a/b")).expect("folders");
    fs::write(tree.join("a/b/c"), "c").expect("a file");
    fs::create_dir_all(&up).expect("a folder");
    shell.upload_tree(&format!("{}/", shown(&tree)), &shown(&up)).await.expect("a folder there");
    shell.download_tree(&shown(&up), &down).await.expect("and back");
    assert_eq!((listing(&up), listing(&down.join("up"))), (listing(&tree), listing(&tree)));
    for made in [&up, &down] {
        fs::remove_dir_all(made).expect("gone");
    }
}

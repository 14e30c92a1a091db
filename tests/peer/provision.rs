//! The peer: bakec's provisioners against an OpenSSH server, beside those of Packer with the same work on the same server.
//!
//! What starts the server or Packer runs only with `BAKEC_PEER=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bakec::diagnostic::code;
use bakec::run::build::{Carry, Provisioner, Script, Shell as Scripts, Work};
use bakec::run::cancel::Cancel;
use bakec::run::event::What;
use bakec::run::problem::Problem;
use bakec::run::provision::{Ground, provision};
use bakec::run::render::Given;
use bakec::run::ssh::Shell;
use regex::Regex;
use serde_json::{Value, json};

use crate::peer_ssh::{Bench, listing, run};
use crate::peer_sshd::{Sshd, asked_for, keygen, user};

/// What `shell` is where nothing is said.
fn scripts(scripts: Vec<Script>) -> Scripts {
    Scripts {
        scripts,
        environment: Vec::new(),
        env_var_format: "%s='%s' ".to_owned(),
        use_env_var_file: false,
        execute_command: "chmod +x {{.Path}}; {{.Vars}} {{.Path}}".to_owned(),
        binary: false,
        remote_folder: "/tmp".to_owned(),
        remote_file: None,
        remote_path: None,
        skip_clean: false,
        expect_disconnect: false,
        valid_exit_codes: vec![0],
        start_retry_timeout: Duration::from_secs(60),
        pause_after: Duration::ZERO,
    }
}

fn inline(lines: &[&str]) -> Scripts {
    scripts(vec![Script::Inline(format!("#!/bin/sh -e\n{}\n", lines.join("\n")))])
}

fn step(work: Work) -> Provisioner {
    Provisioner {
        kind: if matches!(work, Work::Shell(_)) { "shell" } else { "file" }.to_owned(),
        label: None,
        origin: None,
        pause_before: Duration::ZERO,
        timeout: None,
        max_retries: 0,
        work,
    }
}

fn shell(scripts: Scripts) -> Provisioner {
    step(Work::Shell(Box::new(scripts)))
}

fn carry(sources: &[String], destination: String, download: bool) -> Provisioner {
    step(Work::File(Carry { sources: sources.to_vec(), content: None, destination, download, generated: false }))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn given(port: u16) -> Given {
    let map = |all: &[(&str, &str)]| pairs(all).into_iter().collect();
    let mut given = Given {
        named: map(&[("build_name", "n1"), ("build_type", "null")]),
        users: map(&[("v", "its")]),
        build: map(&[("ID", "Null"), ("Host", "127.0.0.1"), ("ConnType", "ssh")]),
        ..Given::default()
    };
    given.build.insert("Port".to_owned(), port.to_string());
    given.build.insert("User".to_owned(), user());
    given
}

async fn provisioned(bench: &Bench, shell: &mut Shell, port: u16, steps: &[Provisioner]) -> Result<(), Problem> {
    for step in steps {
        let (given, cancel) = (given(port), Cancel::never());
        let mut ground = Ground { shell: Some(&mut *shell), ..Ground::here(&given, &bench.events, &cancel) };
        provision(step, &mut ground).await?;
    }
    Ok(())
}

/// The same work, as Packer's template and as bakec's steps.
fn both(at: &Path) -> (Vec<Value>, Vec<Provisioner>) {
    let p = |name: &str| at.join(name).display().to_string();
    let env =
        |extra: &str| format!("(env | grep -E '^(A|B|C|Z|PACKER[A-Z_]*)=' | sort; echo {extra}) >> {}", p("seen"));
    let facts = "{{build `ID`}} {{user `v`}} {{build `Host`}} {{build `Port`}} {{build `User`}} {{build `ConnType`}} {{build_name}}";
    let special = "chmod +x {{.Path}}; {{.Vars}} sh '{{.Path}}' # {{build_name}} {{user `v`}}";
    let mut packer = Vec::new();
    let mut ours = Vec::new();

    packer.push(json!({ "type": "shell", "inline": [env(facts), "pwd"],
        "environment_vars": ["Z=z z", "A=it's", "B={{build `Port`}}", "C=a=b"] }));
    let environment = pairs(&[("Z", "z z"), ("A", "it's"), ("B", "{{build `Port`}}"), ("C", "a=b")]);
    ours.push(shell(Scripts { environment, ..inline(&[&env(facts), "pwd"]) }));

    packer.push(json!({ "type": "shell", "scripts": [p("crlf.sh"), p("second.sh")], "environment_vars": ["A=1"] }));
    let files = ["crlf.sh", "second.sh"].map(|name| Script::File(PathBuf::from(p(name)))).into();
    ours.push(shell(Scripts { environment: pairs(&[("A", "1")]), ..scripts(files) }));

    packer.push(
        json!({ "type": "shell", "inline": [env("file")], "environment_vars": ["A=it's"], "use_env_var_file": true }),
    );
    ours.push(shell(Scripts {
        environment: pairs(&[("A", "it's")]),
        env_var_format: "export %s='%s'\n".to_owned(),
        use_env_var_file: true,
        execute_command: "chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}".to_owned(),
        ..inline(&[&env("file")])
    }));

    packer.push(json!({ "type": "shell", "inline": ["exit 7"], "valid_exit_codes": [7], "remote_path": p("remote.sh"),
        "skip_clean": true, "execute_command": special }));
    ours.push(shell(Scripts {
        valid_exit_codes: vec![7],
        remote_path: Some(p("remote.sh")),
        skip_clean: true,
        execute_command: special.to_owned(),
        ..inline(&["exit 7"])
    }));

    packer.push(json!({ "type": "shell", "inline": ["cat \"$0\" > /dev/null"], "remote_folder": p("dst"), "remote_file": "own.sh" }));
    ours.push(shell(Scripts {
        remote_folder: p("dst"),
        remote_file: Some("own.sh".to_owned()),
        ..inline(&["cat \"$0\" > /dev/null"])
    }));

    for (from, to) in [
        ("src", "dst"),
        ("src/", "dst"),
        ("src", "dst_new"),
        ("src/top.txt", "dst/as_name"),
        ("src/top.txt", "dst/sub/"),
        ("second.sh", "dst/{{build `ID`}}"),
    ] {
        packer.push(json!({ "type": "file", "source": p(from), "destination": p(to) }));
        ours.push(carry(&[p(from)], p(to), false));
    }
    for (from, to) in [
        ("src/", "down1"),
        ("src/", "down2/"),
        ("src/top.txt", "down3/"),
        ("src/top.txt", "down4/x"),
        ("src/top.txt", "down5"),
    ] {
        packer.push(json!({ "type": "file", "direction": "download", "source": p(from), "destination": p(to) }));
        ours.push(carry(&[p(from)], p(to), true));
    }
    (packer, ours)
}

/// What scripts and files the work needs, in a fresh folder.
fn furnish(at: &Path) {
    fs::create_dir_all(at.join("src/sub/deep")).expect("folders");
    fs::create_dir_all(at.join("dst")).expect("folders");
    fs::write(at.join("src/top.txt"), "top").expect("a file");
    fs::write(at.join("src/sub/deep/s.txt"), "s").expect("a file");
    let seen = at.join("seen").display().to_string();
    fs::write(at.join("crlf.sh"), format!("echo \"$A\" crlf >> {seen}\r\necho done >> {seen}\r\n")).expect("a file");
    fs::write(at.join("second.sh"), format!("#!/bin/sh\necho second \"$A\" >> {seen}\n")).expect("a file");
}

/// The commands that the server was given, without those that carry or check files, which each does in its own way.
fn commands(log: &Path) -> Vec<String> {
    let number = Regex::new(r"(script|varfile)_\d+\.sh").expect("a pattern");
    let text = fs::read_to_string(log).unwrap_or_default();
    let carries = ["scp ", "/usr/lib/openssh/sftp-server", "sh -c 'sha256sum <", "sh -c 'cd \"$1\" && xargs"];
    text.split("CMD ")
        .map(str::trim_end)
        .filter(|c| !c.is_empty() && *c != "rm -f" && !carries.iter().any(|skip| c.starts_with(skip)))
        .map(|c| number.replace_all(c, "${1}_N.sh").into_owned())
        .collect()
}

#[test]
fn peer_provision_does_what_packer_does() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let log = folder.path().join("commands");
    let force = folder.path().join("force");
    let line = format!(
        "#!/bin/sh\nprintf 'CMD %s\\n' \"$SSH_ORIGINAL_COMMAND\" >> {}\nexec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
        log.display()
    );
    fs::write(&force, line).expect("a file");
    assert!(Command::new("chmod").arg("755").arg(&force).status().expect("chmod").success());
    let settings = format!("ForceCommand {}\nSubsystem sftp /usr/lib/openssh/sftp-server\n", force.display());
    let server = Sshd::start(&settings, &[&key]);
    let at = folder.path().join("work");

    furnish(&at);
    let (packer, _) = both(&at);
    let template = json!({
        "variables": { "v": "its" },
        "builders": [{ "type": "null", "name": "n1", "ssh_host": "127.0.0.1", "ssh_port": server.port,
            "ssh_username": user(), "ssh_private_key_file": key }],
        "provisioners": packer,
    });
    let plan = folder.path().join("plan.json");
    fs::write(&plan, template.to_string()).expect("a plan");
    let ended = Command::new("packer").args(["build", "-color=false"]).arg(&plan).output().expect("packer");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let theirs = (commands(&log), listing(&at));
    fs::remove_file(&log).expect("gone");
    fs::remove_dir_all(&at).expect("gone");

    furnish(&at);
    let (_, steps) = both(&at);
    run(async {
        let bench = Bench::new();
        let mut shell = bench.connect(server.port, Some(&key)).await.expect("a shell");
        provisioned(&bench, &mut shell, server.port, &steps).await.unwrap_or_else(|e| panic!("{e:?}"));
    });
    let ours = (commands(&log), listing(&at));
    eprintln!(
        "{} commands and {} files, first commands:\n{}",
        theirs.0.len(),
        theirs.1.len(),
        theirs.0[..3].join("\n")
    );
    assert_eq!(ours.0, theirs.0);
    let names = |all: &[(String, Option<Vec<u8>>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours.1), names(&theirs.1));
    for ((name, ours), (_, theirs)) in ours.1.iter().zip(&theirs.1) {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
        assert_eq!(text(ours), text(theirs), "{name}");
    }
    assert!(theirs.0.len() > 18 && theirs.1.len() > 40, "{theirs:?}");
}

#[test]
fn peer_provision_failures_are_failures() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start("", &[&key]);
    let p = |name: &str| folder.path().join(name).display().to_string();
    let dies = "p=$PPID; while [ \"$(cat /proc/$p/comm)\" != sshd ]; do p=$(ps -o ppid= -p $p | tr -d ' '); done; \
                kill -KILL $p";
    run(async {
        let mut bench = Bench::new();
        let mut shell_ = bench.connect(server.port, Some(&key)).await.expect("a shell");
        let port = server.port;
        let mut tried = async |step: Provisioner| {
            provisioned(&bench, &mut shell_, port, &[step]).await.err().map(|e| (e.code, e.message)).unwrap_or_default()
        };

        let (code, message) = tried(shell(inline(&["echo before", "exit 3"]))).await;
        assert_eq!((code, message.as_str()), (code::RUN_SCRIPT, "the inline script ended with the exit status 3"));
        let (code, message) = tried(shell(inline(&["kill -TERM $$"]))).await;
        assert_eq!((code, message.as_str()), (code::RUN_SCRIPT, "the inline script was ended by the signal `TERM`"));
        // Nobody knows how it ended, and so it has failed.
        let (code, message) = tried(shell(inline(&[dies, "sleep 5"]))).await;
        assert!(code == code::RUN_SSH_LOST && message.contains("nobody knows"), "{code}: {message}");
        // Unless that was expected: then what comes next has a new connection.
        for expected in [
            Scripts { expect_disconnect: true, ..inline(&[dies, "sleep 5"]) },
            Scripts { valid_exit_codes: vec![0, 2_300_218], ..inline(&[dies, "sleep 5"]) },
        ] {
            assert_eq!(tried(shell(expected)).await.1, "");
        }
        assert_eq!(tried(shell(inline(&["true"]))).await.1, "");

        let mut slow = shell(inline(&["sleep 20"]));
        slow.timeout = Some(Duration::from_secs(1));
        slow.pause_before = Duration::from_millis(1200);
        let start = Instant::now();
        assert_eq!(tried(slow).await.1, "`shell` did not end within 1 s");
        assert!(
            (Duration::from_millis(2200)..Duration::from_secs(12)).contains(&start.elapsed()),
            "{:?}",
            start.elapsed()
        );

        // Each try leaves a mark; the third one is good.
        let marks = p("marks");
        let mut retried = shell(inline(&[&format!("echo x >> {marks}; [ $(wc -l < {marks}) = 3 ]")]));
        retried.max_retries = 1;
        assert_eq!(tried(retried.clone()).await.0, code::RUN_SCRIPT);
        assert_eq!(fs::read_to_string(&marks).expect("marks"), "x\nx\n");
        assert_eq!(tried(retried).await.1, "");

        for (sources, to, download, code) in [
            (vec![p("nothing")], p("x"), false, code::RUN_UPLOAD),
            (vec![p("marks")], p("no/such/folder/x"), false, code::RUN_UPLOAD),
            (vec![p("nothing")], p("x"), true, code::RUN_DOWNLOAD),
            (vec![p("nothing*")], p("x"), true, code::RUN_DOWNLOAD),
            (vec!["{{build `Nothing`}}".to_owned()], p("x"), false, code::RUN_TEMPLATE),
        ] {
            let (found, message) = tried(carry(&sources, to, download)).await;
            assert_eq!(found, code, "{sources:?}: {message}");
        }
        assert!(!folder.path().join("x").exists());
        let written = Carry {
            sources: Vec::new(),
            content: Some("port {{build `Port`}}\n".to_owned()),
            destination: p("written"),
            download: false,
            generated: false,
        };
        assert_eq!(tried(step(Work::File(written))).await.1, "");
        assert_eq!(fs::read_to_string(p("written")).expect("the file"), format!("port {port}\n"));
        assert_eq!(tried(carry(&[p("w*"), p("m?rks")], p("all"), true)).await.1, "");
        assert_eq!(listing(&folder.path().join("all")).len(), 2);

        let lines: Vec<String> = bench
            .told()
            .into_iter()
            .filter_map(|what| if let What::Output { line, .. } = what { Some(line) } else { None })
            .collect();
        assert!(lines.contains(&"before".to_owned()), "{lines:?}");
    });
}

#[test]
fn peer_provision_a_cancelled_script_ends() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start("", &[&key]);
    run(async {
        let bench = Bench::new();
        let (wish, cancel) = Cancel::new();
        let keys = [bakec::run::key::read(&key).expect("a key")];
        let target = bakec::run::ssh::Target { host: "127.0.0.1".to_owned(), port: server.port };
        let mut shell_ = bakec::run::ssh::connect(&target, &bench.ssh, &keys, &bench.pin, &bench.events, &cancel)
            .await
            .expect("a shell");
        let work = Provisioner { max_retries: 5, ..shell(inline(&["sleep 30"])) };
        let given = given(server.port);
        let start = Instant::now();
        let mut ground = Ground { shell: Some(&mut shell_), ..Ground::here(&given, &bench.events, &cancel) };
        let (result, ()) = tokio::join!(provision(&work, &mut ground), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            wish.send_replace(1);
        });
        assert!(result.is_err_and(|e| e.code == code::RUN_CANCELLED));
        assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    });
}

#[test]
fn peer_provision_reboot_for_packer_is_what_packer_can_do() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start("", &[&key]);
    let at = folder.path().display();
    // A machine that goes down: the session's server goes, and the machine is ready somewhat later.
    let down = format!(
        "p=$$; while [ \\\"$(ps -o comm= -p $p)\\\" != sshd ]; do p=$(ps -o ppid= -p $p); done; (sleep 15; touch {at}/ready) & \
         echo down >> {at}/seen; kill -KILL $p"
    );
    let program = |restart: &str, time: &str| {
        format!(
            "image one {{\n    builder null {{\n        ssh_host = \"127.0.0.1\"\n        ssh_port = {}\n        ssh_username = \"{}\"\n        \
             ssh_private_key_file = \"{}\"\n    }}\n    provision reboot \"again\" {{\n        restart_command = verbatim(\"{restart}\")\n        \
             restart_check_command = verbatim(\"test -e {at}/ready\")\n        restart_timeout = {time}\n    }}\n    provision shell {{ inline = \
             [\"echo after >> {at}/seen\"] }}\n}}\n",
            server.port,
            user(),
            key.display(),
        )
    };
    let packer = |text: String| {
        fs::write(folder.path().join("main.bake"), text).expect("a program");
        let ran = crate::run::bakec(folder.path(), &["compile", "-o", "plan.json"], "");
        assert!(ran.code == 0 && ran.said().contains("Packer knows no step `reboot`"), "{}", ran.said());
        crate::run::packer(folder.path(), &["build", "-color=false", "plan.json"]).expect("packer")
    };
    let ended = packer(program(&down, "1m"));
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("seen")).expect("the steps"), "down\nafter\n", "{said}");
    assert!(folder.path().join("ready").exists(), "it did not wait for the check");
    // A command that restarts nothing is found out.
    let ended = packer(program("true", "2s"));
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(!ended.status.success() && said.contains("the machine has not restarted within 2 s"), "{said}");
}

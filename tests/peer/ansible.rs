//! The peer: a plan with a real Ansible, here and on the machine, built by bakec and by Packer against an OpenSSH server; and Ansible
//! on each way by which bakec itself gets to a machine.
//!
//! It runs only with `BAKEC_PEER=1`, and wants Ansible in the folder that `BAKEC_ANSIBLE` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

use crate::peer_roads::agent;
use crate::peer_ssh::listing;
use crate::peer_sshd::{Sshd, asked_for, free_port, keygen, user};
use crate::peer_ways::{ed25519, let_in, log_is, spawned, up};
use crate::run::{command, finish};
use crate::support::root;

/// Where Ansible's programs lie.
fn ansible() -> PathBuf {
    let folder =
        std::env::var_os("BAKEC_ANSIBLE").map_or_else(|| root().join("target/tools/ansible/bin"), PathBuf::from);
    assert!(folder.join("ansible-playbook").exists(), "no Ansible in {}: `.ci/run` installs it", folder.display());
    folder
}

/// What steps read, in a fresh folder.
fn furnish(at: &Path) {
    for (name, text) in [
        ("script.sh", "#!/bin/sh\necho \"script $PACKER_BUILD_NAME\" >> AT/local\nexit 3\n"),
        (
            "play.yml",
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - copy:\n        content: \"{{ inventory_hostname }} \
             {{ packer_build_name }} {{ packer_builder_type }} {{ own }} {{ groups['none'] | length }}\\n\"\n        \
             dest: \"{{ at }}/ansible\"\n",
        ),
        ("inv/group_vars/web.yml", "own: of the group\n"),
        (
            "local.yml",
            "- hosts: web\n  gather_facts: false\n  roles: [greet]\n  tasks:\n    - copy:\n        content: \
             \"{{ packer_build_name }} {{ packer_builder_type }} {{ wide }}\\n\"\n        dest: \"{{ at }}/ansible-local\"\n",
        ),
        (
            "second.yml",
            "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {content: second, dest: \"{{ at }}/second\"}\n",
        ),
        ("roles/greet/tasks/main.yml", "- copy: {content: \"{{ word }}\", dest: \"{{ at }}/greeting\"}\n"),
        ("roles/greet/defaults/main.yml", "word: hello\n"),
        ("gv/web.yml", "wide: as the world\n"),
    ] {
        let path = at.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(&path, text.replace("AT", &at.display().to_string())).expect("a file");
    }
    assert!(Command::new("chmod").arg("755").arg(at.join("script.sh")).status().expect("chmod").success());
}

fn plan(at: &Path, port: u16, key: &Path) -> Value {
    let p = |name: &str| at.join(name).display().to_string();
    let ansible = ansible();
    let python = format!("ansible_python_interpreter={}", ansible.join("python").display());
    let program = ansible.join("ansible-playbook").display().to_string();
    let extra = json!(["-e", format!("at={}", at.display()), "-e", python]);
    json!({
        "builders": [{ "type": "null", "name": "n1", "ssh_host": "127.0.0.1", "ssh_port": port,
            "ssh_username": user(), "ssh_private_key_file": key }],
        "provisioners": [
            { "type": "shell-local", "environment_vars": ["A=it's"],
                "inline": [format!("echo \"$A $PACKER_BUILD_NAME $PACKER_BUILDER_TYPE\" > {}", p("local"))] },
            { "type": "shell-local", "script": p("script.sh"), "valid_exit_codes": [3] },
            { "type": "shell-local", "command": format!("echo command >> {}", p("local")) },
            { "type": "ansible", "use_proxy": false, "user": user(), "playbook_file": p("play.yml"), "command": program,
                "extra_arguments": extra, "groups": ["web"], "empty_groups": ["none"], "host_alias": "machine",
                "inventory_directory": p("inv"), "skip_version_check": true, "ansible_env_vars": ["ANSIBLE_NOCOLOR=1"] },
            { "type": "ansible-local", "playbook_file": p("local.yml"), "role_paths": [p("roles/greet")], "group_vars": p("gv"),
                "inventory_groups": ["web"], "command": format!("LC_ALL=C.UTF-8 {program}"), "extra_arguments": extra,
                "staging_directory": p("staging") },
            { "type": "ansible-local", "playbook_files": [p("second.yml")], "command": format!("LC_ALL=C.UTF-8 {program}"),
                "extra_arguments": extra, "staging_directory": p("gone"), "clean_staging_directory": true },
        ],
    })
}

#[test]
fn peer_ansible_leaves_what_packer_leaves() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start("", &[&key]);
    let at = folder.path().join("work");
    let text = plan(&at, server.port, &key).to_string();
    fs::write(folder.path().join("plan.json"), text).expect("a plan");
    // The inventory that is made has a name of its own each time.
    let random = Regex::new("(ansible-local)[0-9]+").expect("a pattern");
    let left = || -> Vec<(String, Option<String>)> {
        let plain = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let all = listing(&at).into_iter();
        all.map(|(name, bytes)| (random.replace_all(&name, "${1}N").into_owned(), bytes.map(plain))).collect()
    };

    furnish(&at);
    let ended = crate::run::packer(folder.path(), &["build", "-color=false", "plan.json"]).expect("packer");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let theirs = left();
    fs::remove_dir_all(&at).expect("gone");

    furnish(&at);
    let ran = finish(&mut command(folder.path(), &["run", "plan.json"]), "");
    let said = ran.done();
    assert_eq!(said.matches("PLAY RECAP").count(), 3, "{said}");
    assert_eq!(left(), theirs);
    let of = |name: &str| {
        let found = theirs.iter().find(|(path, _)| path == name).unwrap_or_else(|| panic!("no {name}: {theirs:?}"));
        found.1.clone().expect("a file")
    };
    assert_eq!(of("local"), "it's n1 null\nscript n1\ncommand\n");
    assert_eq!(of("ansible"), "machine n1 null of the group 0\n");
    assert_eq!(of("ansible-local"), "n1 null as the world\n");
    assert_eq!((of("greeting"), of("second")), ("hello".to_owned(), "second".to_owned()));
    assert!(!at.join("gone").exists() && at.join("staging/local.yml").exists());
}

#[test]
fn peer_ansible_knows_the_machine_by_its_host_key_and_fails_as_it_should() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let key = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let server = Sshd::start("", &[&key]);
    let at = folder.path().join("work");
    furnish(&at);
    let mut plan = plan(&at, server.port, &key);
    let step = plan["provisioners"][3].take();
    let runs = |step: Value| {
        let mut plan = plan.clone();
        plan["provisioners"] = json!([step]);
        fs::write(folder.path().join("plan.json"), plan.to_string()).expect("a plan");
        finish(&mut command(folder.path(), &["run", "plan.json"]), "")
    };
    // Another machine at the same place is none that Ansible may work on: the port leads elsewhere behind bakec's back.
    let other = Sshd::start("", &[&key]);
    let mut elsewhere = step.clone();
    let line =
        format!("{{{{.HostAlias}}}} ansible_host={{{{.Host}}}} ansible_user={{{{.User}}}} ansible_port={}", other.port);
    elsewhere["inventory_file_template"] = json!(line);
    let ran = runs(elsewhere);
    assert!(ran.code == 1 && ran.said().contains("Host key verification failed"), "{}", ran.said());
    // A playbook that fails fails the build.
    fs::write(at.join("play.yml"), "- hosts: all\n  gather_facts: false\n  tasks: [{fail: {msg: no}}]\n")
        .expect("a playbook");
    let mut failing = step;
    failing["keep_inventory_file"] = json!(true);
    let ran = runs(failing);
    assert!(ran.code == 1 && ran.said().contains("ended with the exit status 2"), "{}", ran.said());
    // What one wants to look at then is there.
    let kept = inventories(&at.join("inv"));
    assert!(kept.len() == 1 && kept[0].contains(&format!("ansible_port={}", server.port)), "{kept:?}");
}

/// The inventories that lie in a folder.
fn inventories(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let made = files.filter(|file| file.is_file());
    made.map(|file| fs::read_to_string(file).expect("an inventory")).collect()
}

#[test]
fn peer_ansible_goes_the_way_that_the_connection_goes() {
    if !asked_for() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // OpenSSH takes a certificate beside its key by itself: this one lies elsewhere.
    let apart = folder.path().join("it's apart");
    fs::create_dir(&apart).expect("a folder");
    let (key, other) = (ed25519(folder.path(), "id"), ed25519(folder.path(), "other"));
    let ca = ed25519(folder.path(), "ca");
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-s"]).arg(&ca).args(["-I", "it", "-n", &user()]).arg(other.with_extension("pub"));
    assert!(sign.status().expect("ssh-keygen").success());
    let certificate = apart.join("other-cert.pub");
    fs::rename(folder.path().join("other-cert.pub"), &certificate).expect("it is moved");
    let trusts = log_is(&format!("TrustedUserCAKeys {}\n", ca.with_extension("pub").display()));
    let machine = Sshd::start(&trusts, &[&key]);
    let (first, second) = (Sshd::start(&log_is(""), &[&other]), Sshd::start(&log_is(""), &[&other]));
    let (_agent, socket) = agent(folder.path(), &[&key]);
    let socks = free_port();
    let _socks = spawned(Command::new("microsocks").args(["-i", "127.0.0.1", "-p", &socks.to_string()]));
    up(socks);
    let target = format!("target 127.0.0.1 port {}", machine.port);
    let through = |server: &Sshd| server.log().lines().filter(|line| line.trim_end().ends_with(&target)).count();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", first.port, second.port);
    let bastion =
        json!({ "ssh_bastion_host": hosts, "ssh_bastion_username": user(), "ssh_bastion_private_key_file": other });
    for (name, options) in [
        ("bastions", bastion),
        ("proxy", json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": socks })),
        ("certificate", json!({ "ssh_private_key_file": other, "ssh_certificate_file": certificate })),
        ("agent", json!({ "ssh_private_key_file": null, "ssh_agent_auth": true })),
    ] {
        let at = folder.path().join(format!("by-{name}"));
        furnish(&at);
        let mut plan = plan(&at, machine.port, &key);
        for (option, value) in options.as_object().into_iter().flatten() {
            plan["builders"][0][option] = value.clone();
        }
        let mut step = plan["provisioners"][3].take();
        step["keep_inventory_file"] = json!(true);
        // Ansible keeps its connections for a while, and would take that of the way before.
        let own = format!("ANSIBLE_SSH_CONTROL_PATH_DIR={}", at.join("cp").display());
        step["ansible_env_vars"] = json!(["ANSIBLE_NOCOLOR=1", own]);
        plan["provisioners"] = json!([step]);
        let file = format!("{name}.json");
        fs::write(folder.path().join(&file), plan.to_string()).expect("a plan");
        let (before, passed) = (let_in(&machine), through(&second));
        let mut run = command(folder.path(), &["run", &file]);
        let said = finish(run.env("SSH_AUTH_SOCK", &socket), "").done();
        assert!(said.contains("PLAY RECAP"), "{name}: {said}");
        let left = fs::read_to_string(at.join("ansible")).unwrap_or_else(|e| panic!("{name}: {e}: {said}"));
        assert_eq!(left, "machine n1 null of the group 0\n", "{name}");
        // bakec was let in, and Ansible beside it.
        assert_eq!(let_in(&machine), before + 2, "{name}");
        let straight = inventories(&at.join("inv")).concat().contains(&format!("ansible_port={}", machine.port));
        assert_eq!(straight, matches!(name, "certificate" | "agent"), "{name}");
        assert_eq!(through(&second) - passed, if name == "bastions" { 2 } else { 0 }, "{name}: {}", second.log());
    }
    assert_eq!((let_in(&first), let_in(&second)), (1, 1));
    // The port that leads there is another one each time: no file can name it.
    let plan_file = folder.path().join("bastions.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&plan_file).expect("a plan")).expect("JSON");
    let step = plan["provisioners"][0].as_object_mut().expect("a step");
    step.remove("keep_inventory_file");
    step.insert("inventory_file".to_owned(), json!("hosts"));
    fs::write(&plan_file, plan.to_string()).expect("a plan");
    let before = let_in(&first);
    let ran = finish(&mut command(folder.path(), &["run", "bastions.json"]), "");
    assert!(ran.code == 3 && ran.said().contains("`inventory_file` cannot say where"), "{}", ran.said());
    assert_eq!(let_in(&first), before);
}

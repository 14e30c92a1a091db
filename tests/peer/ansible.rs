//! The peer: a plan with a real Ansible, here and on the machine, built by bakec and by Packer against an OpenSSH server.
//!
//! It runs only with `BAKEC_PEER=1`, and wants Ansible in the folder that `BAKEC_ANSIBLE` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

use crate::peer_ssh::listing;
use crate::peer_sshd::{Sshd, asked_for, keygen, user};
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
    let ran = runs(step);
    assert!(ran.code == 1 && ran.said().contains("ended with the exit status 2"), "{}", ran.said());
}

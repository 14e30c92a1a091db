//! The options of provisioners with two values each, and those that are shown elsewhere or not done, with the reason.
//!
//! Neighbours: `steps` does the steps and compares.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

/// The kinds that are executed.
pub(crate) const KINDS: &[&str] = &[
    "shell",
    "file",
    "shell-local",
    "breakpoint",
    "powershell",
    "windows-restart",
    "reboot",
    "ansible",
    "ansible-local",
];

/// Two values of an option.
pub(crate) struct Case {
    pub(crate) kind: &'static str,
    pub(crate) option: &'static str,
    pub(crate) one: Value,
    pub(crate) other: Value,
    /// What else is said for it.
    pub(crate) with: Value,
    /// What every step of the kind needs.
    pub(crate) base: Value,
}

/// The files that steps read.
pub(crate) fn furnish(folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(&path, text).expect("the file can be written");
        path
    };
    for (name, text) in [
        ("a.sh", "#!/bin/sh\necho a \"$0\"\r\n"),
        ("b.sh", "#!/bin/sh\necho b \"$0\"\n"),
        (
            "tool",
            "#!/bin/sh\necho \"tool $*\"; env | grep ANSIBLE_ | sort\nwhile [ $# -gt 0 ]; do [ \"$1\" = -i ] && cat \"$2\"; shift; done\nls \"$(dirname \"$0\")/inv\"\n",
        ),
        ("other", "#!/bin/sh\necho \"other $*\"\n"),
    ] {
        fs::set_permissions(write(name, text), fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    for name in [
        "play.yml",
        "play2.yml",
        "dir/in.yml",
        "dir2/in2.yml",
        "role/tasks/main.yml",
        "role2/tasks/main.yml",
        "gv/all.yml",
    ] {
        write(name, &format!("--- # {name}\n"));
    }
    write("hosts", "own ansible_host=1.2.3.4\n");
    write("roles.yml", "roles:\n  - a\n");
    write("both.yml", "roles:\n  - a\ncollections:\n  - a.b\n");
    write("inv/group_vars/all.yml", "---\n");
}

/// What a step of the kind needs.
pub(crate) fn base(kind: &str, folder: &Path) -> Value {
    let p = |name: &str| folder.join(name).display().to_string();
    match kind {
        "shell" | "shell-local" | "powershell" => json!({ "inline": ["echo hello"] }),
        "file" => json!({ "source": p("a.sh"), "destination": "/tmp/there" }),
        "ansible" => json!({ "playbook_file": p("play.yml"), "command": p("tool"), "galaxy_command": p("tool") }),
        "ansible-local" => json!({ "playbook_file": p("play.yml") }),
        _ => json!({}),
    }
}

/// All options that make a difference, each with two values.
pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let p = |name: &str| json!(folder.join(name).display().to_string());
    let mut all = Vec::new();
    let mut add = |kind: &'static str, rows: Vec<(&'static str, Value, Value, Value)>| {
        let base = base(kind, folder);
        all.extend(rows.into_iter().map(|(option, one, other, with)| Case {
            kind,
            option,
            one,
            other,
            with,
            base: base.clone(),
        }));
    };
    let (no, nil) = (json!({}), Value::Null);
    for kind in KINDS {
        let fails = match *kind {
            "shell" | "powershell" => json!({ "execute_command": "exit 7 # {{.Path}}" }),
            "file" => json!({ "source": "/no/such" }),
            "shell-local" => json!({ "inline": ["exit 7"] }),
            "windows-restart" | "reboot" => json!({ "restart_command": "exit 7" }),
            "ansible" => json!({ "command": "/no/such" }),
            "ansible-local" => json!({ "command": "exit 7;" }),
            _ => json!({}),
        };
        let slow = match *kind {
            "shell-local" => json!({ "inline": ["sleep 0.1"] }),
            _ => json!({ "pause_after": "50ms" }),
        };
        add(
            kind,
            vec![
                ("pause_before", json!("1ms"), json!("2ms"), no.clone()),
                ("only", json!(["one"]), json!(["two"]), no.clone()),
                ("except", json!(["one"]), json!(["two"]), no.clone()),
                (
                    "override",
                    json!({ "one": { "pause_before": "1ms" } }),
                    json!({ "two": { "pause_before": "1ms" } }),
                    no.clone(),
                ),
            ],
        );
        if *kind != "breakpoint" {
            add(kind, vec![("max_retries", json!(0), json!(1), fails)]);
        }
        match *kind {
            "shell" | "shell-local" | "powershell" => add(kind, vec![("timeout", json!("1ms"), nil.clone(), slow)]),
            "ansible" => add(kind, vec![("timeout", json!("1ms"), nil.clone(), no.clone())]),
            "breakpoint" => {}
            _ => add(kind, vec![("timeout", json!("1ns"), nil.clone(), no.clone())]),
        }
    }
    for kind in ["shell", "shell-local", "powershell"] {
        let command = json!({ "environment_vars": ["A=1"] });
        let seen = if kind == "shell-local" { json!({ "inline": ["echo $A"] }) } else { no.clone() };
        add(
            kind,
            vec![
                ("inline", json!(["echo one"]), json!(["echo two"]), no.clone()),
                ("script", p("a.sh"), p("b.sh"), json!({ "inline": nil })),
                ("scripts", json!([p("a.sh")]), json!([p("a.sh"), p("b.sh")]), json!({ "inline": nil })),
                ("environment_vars", json!(["A=1"]), json!(["A=2"]), seen.clone()),
                ("env", json!({ "A": "1" }), json!({ "A": "2" }), seen),
                (
                    "env_var_format",
                    json!("%s='%s' "),
                    json!("%s='x%s' "),
                    match kind {
                        "shell-local" => json!({ "inline": ["echo $A"], "environment_vars": ["A=1"] }),
                        _ => command,
                    },
                ),
            ],
        );
    }
    add(
        "shell",
        vec![
            ("valid_exit_codes", json!([0]), json!([7]), json!({ "execute_command": "exit 7 # {{.Path}}" })),
            ("binary", json!(false), json!(true), json!({ "inline": nil, "script": p("a.sh") })),
            ("remote_path", json!("/tmp/one.sh"), json!("/tmp/two.sh"), no.clone()),
            ("remote_folder", json!("/tmp"), json!("/var/tmp"), no.clone()),
            ("remote_file", json!("one.sh"), json!("two.sh"), no.clone()),
            ("execute_command", json!("{{.Vars}} {{.Path}}"), json!("sh {{.Path}}"), no.clone()),
            ("inline_shebang", json!("/bin/sh -e"), json!("/bin/bash"), no.clone()),
            ("pause_after", json!("1ms"), json!("2ms"), no.clone()),
            ("use_env_var_file", json!(false), json!(true), no.clone()),
            ("skip_clean", json!(false), json!(true), no.clone()),
        ],
    );
    add(
        "file",
        vec![
            ("source", p("a.sh"), p("b.sh"), no.clone()),
            (
                "sources",
                json!([p("a.sh")]),
                json!([p("a.sh"), p("b.sh")]),
                json!({ "source": nil, "destination": "/tmp/" }),
            ),
            ("content", json!("one"), json!("two"), json!({ "source": nil })),
            ("destination", json!("/tmp/one"), json!("/tmp/two"), no.clone()),
            ("direction", json!("upload"), json!("download"), json!({ "destination": p("down") })),
        ],
    );
    add(
        "shell-local",
        vec![
            ("command", json!("echo one"), json!("echo two"), json!({ "inline": nil })),
            ("valid_exit_codes", json!([0]), json!([7]), json!({ "inline": ["exit 7"] })),
            ("execute_command", json!(["/bin/sh", "-c", "{{.Script}}"]), json!(["/bin/echo", "{{.Vars}}"]), no.clone()),
            ("inline_shebang", json!("/bin/sh -e"), json!("/bin/sh"), json!({ "inline": ["false; echo on"] })),
            ("only_on", json!(["windows"]), json!(["linux", "darwin"]), no.clone()),
            ("tempfile_extension", json!("one"), json!("two"), json!({ "inline": ["echo $0"] })),
            (
                "use_linux_pathing",
                json!(false),
                json!(true),
                json!({
                    "inline": nil, "script": "tests/corpus/kinds/files/a.sh", "execute_command": ["/bin/echo", "{{.Script}}"],
                }),
            ),
        ],
    );
    add(
        "breakpoint",
        vec![("note", json!("one"), json!("two"), no.clone()), ("disable", json!(false), json!(true), no.clone())],
    );
    let elevated = json!({ "elevated_user": "Administrator", "environment_vars": ["A=1"] });
    add(
        "powershell",
        vec![
            ("valid_exit_codes", json!([0]), json!([7]), json!({ "execute_command": "exit 7 # {{.Path}}" })),
            ("elevated_env_var_format", json!("$env:%s=\"%s\""), json!("$env:%s='%s'"), elevated.clone()),
            ("remote_path", json!("c:/one.ps1"), json!("c:/two.ps1"), no.clone()),
            ("remote_env_var_path", json!("c:/one.ps1"), json!("c:/two.ps1"), no.clone()),
            ("execute_command", nil.clone(), json!("powershell -File {{.Path}}"), no.clone()),
            ("elevated_execute_command", nil.clone(), json!("powershell -File {{.Path}}"), elevated.clone()),
            ("elevated_user", nil.clone(), json!("SYSTEM"), no.clone()),
            ("elevated_password", json!("word-1"), json!("word-2"), elevated),
            ("execution_policy", json!("bypass"), json!("none"), no.clone()),
            ("debug_mode", json!(0), json!(2), no.clone()),
            ("skip_clean", json!(false), json!(true), no.clone()),
            ("pause_after", json!("1ms"), json!("2ms"), no.clone()),
            ("use_pwsh", json!(false), json!(true), no.clone()),
        ],
    );
    for kind in ["windows-restart", "reboot"] {
        add(
            kind,
            vec![
                ("restart_command", json!("reboot"), json!("sudo reboot"), no.clone()),
                ("restart_check_command", nil.clone(), json!("true"), no.clone()),
                ("restart_timeout", json!("1s"), json!("2s"), json!({ "restart_command": "true" })),
            ],
        );
    }
    add(
        "windows-restart",
        vec![
            ("check_registry", json!(false), json!(true), no.clone()),
            ("registry_keys", json!(["HKLM:one"]), json!(["HKLM:two"]), json!({ "check_registry": true })),
        ],
    );
    let roles = json!({ "galaxy_file": p("roles.yml") });
    add(
        "ansible",
        vec![
            ("playbook_file", p("play.yml"), p("play2.yml"), no.clone()),
            ("command", p("tool"), p("other"), no.clone()),
            ("extra_arguments", json!(["-v"]), json!(["-vv", "a b"]), no.clone()),
            ("ansible_env_vars", json!(["ANSIBLE_A=1"]), json!(["ANSIBLE_A=2"]), no.clone()),
            ("ansible_ssh_extra_args", nil.clone(), json!(["-o IdentitiesOnly=no"]), no.clone()),
            ("groups", json!(["web"]), json!(["web", "db"]), no.clone()),
            ("empty_groups", json!(["web"]), json!(["db"]), no.clone()),
            ("host_alias", json!("one"), json!("two"), no.clone()),
            ("user", nil.clone(), json!("me"), no.clone()),
            ("use_sftp", json!(false), json!(true), no.clone()),
            ("inventory_directory", nil.clone(), p("inv"), no.clone()),
            ("inventory_file_template", nil.clone(), json!("{{.HostAlias}} at={{.Host}}"), no.clone()),
            ("inventory_file", nil.clone(), p("hosts"), no.clone()),
            ("keep_inventory_file", json!(false), json!(true), json!({ "inventory_directory": p("inv") })),
            ("galaxy_file", p("roles.yml"), p("both.yml"), no.clone()),
            ("galaxy_command", p("tool"), p("other"), roles.clone()),
            ("galaxy_force_install", json!(false), json!(true), roles.clone()),
            ("galaxy_force_with_deps", json!(false), json!(true), roles.clone()),
            ("roles_path", nil.clone(), json!("own"), roles.clone()),
            ("collections_path", nil.clone(), json!("own"), json!({ "galaxy_file": p("both.yml") })),
        ],
    );
    add(
        "ansible-local",
        vec![
            ("playbook_file", p("play.yml"), p("play2.yml"), no.clone()),
            (
                "playbook_files",
                json!([p("play.yml")]),
                json!([p("play.yml"), p("play2.yml")]),
                json!({ "playbook_file": nil }),
            ),
            ("playbook_dir", p("dir"), p("dir2"), no.clone()),
            ("playbook_paths", json!([p("dir")]), json!([p("dir"), p("dir2")]), no.clone()),
            ("role_paths", json!([p("role")]), json!([p("role"), p("role2")]), no.clone()),
            ("collection_paths", json!([p("role")]), json!([p("role2")]), no.clone()),
            ("group_vars", nil.clone(), p("gv"), no.clone()),
            ("host_vars", nil.clone(), p("gv"), no.clone()),
            ("command", json!("ansible-playbook"), json!("sudo ansible-playbook"), no.clone()),
            ("extra_arguments", json!(["-v"]), json!(["-vv"]), no.clone()),
            ("staging_directory", nil.clone(), json!("/tmp/own"), no.clone()),
            ("clean_staging_directory", json!(false), json!(true), no.clone()),
            ("inventory_file", nil.clone(), p("hosts"), no.clone()),
            ("inventory_groups", json!(["web"]), json!(["db"]), no.clone()),
            ("galaxy_file", nil.clone(), p("roles.yml"), no.clone()),
            ("galaxy_command", json!("ansible-galaxy"), json!("sudo ansible-galaxy"), roles.clone()),
            ("galaxy_force_install", json!(false), json!(true), roles.clone()),
            ("galaxy_roles_path", nil.clone(), json!("/own"), roles),
            ("galaxy_collections_path", nil, json!("/own"), json!({ "galaxy_file": p("both.yml") })),
        ],
    );
    all
}

/// Options that other tests show: the kind, the option, the test.
pub(crate) fn elsewhere() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("shell", "start_retry_timeout", "a_start_is_tried_again_while_its_time_lasts"),
        ("shell", "expect_disconnect", "a_lost_connection_may_be_expected"),
        ("powershell", "start_retry_timeout", "a_start_is_tried_again_while_its_time_lasts"),
        ("file", "generated", "what_is_missing_here_is_told_before_anything_begins"),
        ("breakpoint", "timeout", "a_breakpoint_waits_for_somebody"),
        ("breakpoint", "max_retries", "a_breakpoint_waits_for_somebody"),
        ("ansible", "skip_version_check", "what_is_missing_here_is_told_before_anything_begins"),
    ]
}

/// Options that are not done: the kind, the option, the reason.
pub(crate) fn refused() -> Vec<(&'static str, &'static str, &'static str)> {
    let adapter = "it is for a server between Ansible and the machine, and there is none";
    let mut all: Vec<_> = KINDS.iter().map(|kind| (*kind, "type", "it is the kind itself")).collect();
    all.extend([
        ("ansible", "use_proxy", adapter),
        ("ansible", "local_port", adapter),
        ("ansible", "ssh_host_key_file", adapter),
        ("ansible", "ssh_authorized_key_file", adapter),
        ("ansible", "ansible_proxy_key_type", adapter),
        ("ansible", "sftp_command", adapter),
        ("ansible", "ansible_winrm_use_http", "it is for connections by WinRM, which are not made"),
        ("powershell", "binary", "scripts always go byte for byte: PowerShell reads either line end"),
    ]);
    all
}

/// A value that is refused by name; none for what is no option of a step, or changes nothing by its nature.
pub(crate) fn refused_value(option: &str) -> Option<Value> {
    match option {
        "type" | "binary" => None,
        "use_proxy" | "ansible_winrm_use_http" => Some(json!(true)),
        "local_port" => Some(json!(2222)),
        "ansible_proxy_key_type" => Some(json!("RSA")),
        _ => Some(json!("some/file")),
    }
}

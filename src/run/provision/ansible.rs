//! `ansible`: a playbook that runs here against the machine.
//!
//! Ansible connects by itself, with the build's key, as the build's user, and to no other host key than the pinned one; no server
//! stands between. Neighbours: `process` runs it, `galaxy` says what is installed before.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Ground, galaxy};
use crate::diagnostic::code;
use crate::run::build::{Ansible, Build, Builder, Galaxy, Ssh, Work};
use crate::run::problem::Problem;
use crate::run::process::{Command, Ended};
use crate::run::render::{With, rendered};
use crate::run::ssh::Target;

/// The inventory's line for the machine.
const LINE: &str = "{{.HostAlias}} ansible_host={{.Host}} ansible_user={{.User}} ansible_port={{.Port}}\n";

/// What stands in the way of steps that need Ansible here: each program is asked once for its version.
pub async fn ready(builds: &[Build]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut asked = BTreeSet::new();
    for build in builds {
        let ssh = match &build.builder {
            Builder::Ebs(ebs) => ebs.ssh.as_ref(),
            Builder::Null(null) => null.ssh.as_ref(),
        };
        for step in build.provisioners.iter().chain(&build.cleanups) {
            let Work::Ansible(work) = &step.work else { continue };
            if ssh.is_some_and(|ssh| ssh.passphrase.is_some()) {
                let message = "Ansible cannot use a private key that has a passphrase";
                let help = "name a key without one, or let EC2 have a temporary key";
                problems.push(Problem::refused(code::RUN_KEY_FILE, message).help(help).at(step.origin.clone()));
            }
            if work.skip_version_check || !asked.insert(work.command.clone()) {
                continue;
            }
            let told = Command::of(&work.command, ["--version"]).ask(std::future::pending()).await;
            let problem = match told {
                Ok(Some(_)) => continue,
                Ok(None) => Problem::refused(code::RUN_FILE, format!("`{} --version` does not succeed", work.command)),
                Err(problem) => Problem::refused(code::RUN_FILE, problem.message),
            };
            let help = "install Ansible here, or name its program by `command`; `skip_version_check` asks nothing";
            problems.push(problem.help(help).at(step.origin.clone()));
        }
    }
    problems
}

pub(super) async fn run(work: &Ansible, ground: &mut Ground<'_>) -> Result<(), Problem> {
    let shell = ground.connected()?;
    let (target, pin) = (shell.target().clone(), shell.pin().line());
    let none = || Problem::failed(code::RUN_CONNECT, "the step needs a connection, and the builder has none");
    let (ssh, key) = ground.machine.ok_or_else(none)?;
    let io =
        |e: std::io::Error| Problem::failed(code::RUN_SCRIPT, format!("what Ansible needs cannot be written: {e}"));
    let folder = tempfile::tempdir().map_err(io)?;
    let environment = environment(work, ground)?;
    if let Some(list) = &work.galaxy {
        install(list, &environment, ground).await?;
    }
    let inventory = inventory(work, ssh, &target, ground)?;
    let mut arguments = facts(ground);
    if let Some(pin) = pin {
        let known = folder.path().join("known_hosts");
        std::fs::write(&known, known_hosts(&target, &pin)).map_err(io)?;
        arguments.push(format!(
            "--ssh-common-args=-o UserKnownHostsFile={} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes",
            known.display()
        ));
    }
    let own = ["-o IdentitiesOnly=yes".to_owned()];
    let extra: &[String] = if work.ssh_extra_args.is_empty() { &own } else { &work.ssh_extra_args };
    arguments.push(format!("--ssh-extra-args={}", extra.join(" ")));
    if let Some(key) = key {
        let key = std::path::absolute(key).map_err(io)?;
        arguments.extend(["-e".to_owned(), format!("ansible_ssh_private_key_file={}", key.display())]);
    } else if let Some(password) = &ssh.password {
        let secrets = folder.path().join("secrets.json");
        let text = serde_json::json!({ "ansible_password": password.reveal() }).to_string();
        std::fs::write(&secrets, text).map_err(io)?;
        arguments.extend(["-e".to_owned(), format!("@{}", secrets.display())]);
    }
    for argument in &work.extra_arguments {
        arguments.push(rendered(argument, ground.values)?);
    }
    arguments.extend(["-i".to_owned(), inventory.path().display().to_string(), work.playbook.display().to_string()]);
    let command = Command { environment, ..Command::of(&work.command, arguments) };
    if ground.rehearsed {
        ground.events.say(format!("rehearsal: `{}` was not run on this machine", work.command));
        return Ok(());
    }
    ground.events.say(format!("running `{}` with `{}`", work.command, work.playbook.display()));
    ended(&work.command, command.told(ground.events, ground.stop()).await?)?;
    if work.keep_inventory_file
        && let Inventory::Made(file) = inventory
    {
        let kept = file.into_temp_path().keep().map_err(|e| io(e.error))?;
        ground.events.say(format!("the inventory is kept at `{}`", kept.display()));
    }
    Ok(())
}

fn ended(program: &str, ended: Ended) -> Result<(), Problem> {
    match ended {
        Ended::Status(0) => Ok(()),
        Ended::Status(status) => {
            Err(Problem::failed(code::RUN_SCRIPT, format!("`{program}` ended with the exit status {status}")))
        }
        Ended::Signal(signal) => {
            Err(Problem::failed(code::RUN_SCRIPT, format!("`{program}` was ended by the signal {signal}")))
        }
    }
}

/// The variables of Ansible's environment: bakec's own first, so that those of the step win.
fn environment(work: &Ansible, ground: &Ground<'_>) -> Result<Vec<(String, String)>, Problem> {
    let full = |path: &String| std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).display().to_string();
    let mut all = vec![("ANSIBLE_HOST_KEY_CHECKING".to_owned(), "True".to_owned())];
    all.extend(work.roles_path.as_ref().map(|path| ("ANSIBLE_ROLES_PATH".to_owned(), full(path))));
    all.extend(work.collections_path.as_ref().map(|path| ("ANSIBLE_COLLECTIONS_PATH".to_owned(), full(path))));
    for (name, value) in &work.environment {
        all.push((rendered(name, ground.values)?, rendered(value, ground.values)?));
    }
    Ok(all)
}

/// What playbooks know of the build, by Packer's names.
fn facts(ground: &Ground<'_>) -> Vec<String> {
    let named = |function: &str| ground.values.named(function).unwrap_or_default();
    let mut facts = vec![
        format!("packer_build_name=\"{}\"", named("build_name")),
        format!("packer_builder_type={}", named("build_type")),
    ];
    if let Some(address) = ground.values.build("PackerHTTPAddr").filter(|a| !a.is_empty()) {
        facts.push(format!("packer_http_addr={address}"));
    }
    facts.into_iter().flat_map(|fact| ["-e".to_owned(), fact]).collect()
}

fn known_hosts(target: &Target, pin: &str) -> String {
    format!("{0} {pin}\n[{0}]:{1} {pin}\n", target.host, target.port)
}

/// The inventory that Ansible reads.
enum Inventory {
    /// The user's own.
    Own(PathBuf),
    /// One that goes with the step.
    Made(tempfile::NamedTempFile),
}

impl Inventory {
    fn path(&self) -> &Path {
        match self {
            Inventory::Own(path) => path,
            Inventory::Made(file) => file.path(),
        }
    }
}

fn inventory(work: &Ansible, ssh: &Ssh, target: &Target, ground: &Ground<'_>) -> Result<Inventory, Problem> {
    if let Some(path) = &work.inventory_file {
        return Ok(Inventory::Own(path.clone()));
    }
    let port = target.port.to_string();
    let user = work.user.as_deref().unwrap_or(&ssh.username);
    let fields = [("Host", target.host.as_str()), ("HostAlias", &work.host_alias), ("Port", &port), ("User", user)];
    let template = work.inventory_template.as_deref().unwrap_or(LINE);
    let mut line = rendered(template, &With { values: ground.values, fields: &fields })?;
    if !line.ends_with('\n') {
        line.push('\n');
    }
    let mut text = line.clone();
    for group in &work.groups {
        text += &format!("[{group}]\n{line}");
    }
    for group in &work.empty_groups {
        text += &format!("[{group}]\n");
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix("bakec-ansible-inventory");
    let made = match &work.inventory_directory {
        Some(folder) => builder.tempfile_in(folder),
        None => builder.tempfile(),
    };
    let made = made.and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
    made.map(Inventory::Made)
        .map_err(|e| Problem::failed(code::RUN_SCRIPT, format!("the inventory cannot be written: {e}")))
}

/// Installs what is listed.
async fn install(list: &Galaxy, environment: &[(String, String)], ground: &Ground<'_>) -> Result<(), Problem> {
    let text = tokio::fs::read_to_string(&list.file).await.map_err(|e| {
        Problem::failed(code::RUN_SCRIPT, format!("the list `{}` cannot be read: {e}", list.file.display()))
    })?;
    let force = galaxy::force(list.force, list.force_with_deps);
    let full = |path: &Option<String>| {
        path.as_ref().map(|p| std::path::absolute(p).unwrap_or_else(|_| PathBuf::from(p)).display().to_string())
    };
    let (roles, collections) = (full(&list.roles_path), full(&list.collections_path));
    let file = list.file.display().to_string();
    for arguments in galaxy::arguments(&text, &file, force, roles.as_deref(), collections.as_deref()) {
        if ground.rehearsed {
            ground.events.say(format!("rehearsal: `{}` was not run on this machine", list.command));
            continue;
        }
        ground.events.say(format!("running `{} {}`", list.command, arguments.join(" ")));
        let command = Command { environment: environment.to_vec(), ..Command::of(&list.command, arguments) };
        ended(&list.command, command.told(ground.events, ground.stop()).await?)?;
    }
    Ok(())
}

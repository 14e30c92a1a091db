//! `ansible`: a playbook that runs here against the machine.
//!
//! Ansible connects by itself, with what the build's user is proved by, and to no other host key than the pinned one. Where bastions or
//! a proxy stand before the machine, it comes by a port here that leads there on the way of the open connection. Neighbours: `process`
//! runs it, `galaxy` says what is installed before.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::{Ground, galaxy};
use crate::diagnostic::code;
use crate::run::build::{Ansible, Build, Galaxy, Ssh, Work};
use crate::run::problem::Problem;
use crate::run::process::{Command, Ended};
use crate::run::render::{With, rendered};
use crate::run::ssh::{Door, Target};

/// The inventory's line for the machine.
const LINE: &str = "{{.HostAlias}} ansible_host={{.Host}} ansible_user={{.User}} ansible_port={{.Port}}\n";

/// What stands in the way of steps that need Ansible here: each program is asked once for its version.
pub async fn ready(builds: &[Build]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut asked = BTreeSet::new();
    for build in builds {
        for step in build.provisioners.iter().chain(&build.cleanups) {
            let Work::Ansible(work) = &step.work else { continue };
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
    let pin = shell.pin().line();
    // It goes with the step.
    let door = shell.door().await?;
    let place = Place::of(shell.target(), door.as_ref().map(Door::port));
    let none = || Problem::failed(code::RUN_OPTION, "the step needs a connection, and the builder has none");
    let (ssh, key) = ground.machine.ok_or_else(none)?;
    let io =
        |e: std::io::Error| Problem::failed(code::RUN_SCRIPT, format!("what Ansible needs cannot be written: {e}"));
    let folder = tempfile::tempdir().map_err(io)?;
    let environment = environment(work, ssh, ground)?;
    if let Some(list) = &work.galaxy {
        install(list, &environment, ground).await?;
    }
    let inventory = inventory(work, ssh, &place.target, ground)?;
    let mut arguments = facts(ground);
    let mut known = None;
    if let Some(pin) = pin {
        let file = folder.path().join("known_hosts");
        std::fs::write(&file, place.known_hosts(&pin)).map_err(io)?;
        known = Some(file);
    }
    let certificate = ssh.certificate.as_ref().map(std::path::absolute).transpose().map_err(io)?;
    arguments.extend(common(known.as_deref(), place.alias.as_deref(), certificate.as_deref()));
    // Packer's own, which keeps the keys of an agent away: not where they are what the user is proved by.
    let own: &[String] = if ssh.agent_auth { &[] } else { &["-o IdentitiesOnly=yes".to_owned()] };
    let extra = if work.ssh_extra_args.is_empty() { own } else { &work.ssh_extra_args };
    if !extra.is_empty() {
        arguments.push(format!("--ssh-extra-args={}", extra.join(" ")));
    }
    if let Some(key) = key {
        let key = std::path::absolute(key).map_err(io)?;
        let fact = serde_json::json!({ "ansible_ssh_private_key_file": key.display().to_string() });
        arguments.extend(["-e".to_owned(), fact.to_string()]);
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
    let result = command.told(ground.events, ground.stop()).await;
    // Most of all after a failure one wants to look at it.
    if work.keep_inventory_file
        && let Inventory::Made(file) = inventory
    {
        match file.into_temp_path().keep() {
            Ok(kept) => ground.events.say(format!("the inventory is kept at `{}`", kept.display())),
            Err(error) => ground.events.warn(format!("the inventory cannot be kept: {}", error.error)),
        }
    }
    ended(&work.command, result?)
}

/// What all connections of Ansible get: the host keys that are known, by which name, and the certificate of the key.
fn common(known: Option<&Path>, alias: Option<&str>, certificate: Option<&Path>) -> Option<String> {
    let mut options = Vec::new();
    if let Some(known) = known {
        options.push(option("UserKnownHostsFile", known));
        options.extend(["-o GlobalKnownHostsFile=/dev/null", "-o StrictHostKeyChecking=yes"].map(str::to_owned));
        options.extend(alias.map(|alias| format!("-o HostKeyAlias={alias}")));
    }
    options.extend(certificate.map(|file| option("CertificateFile", file)));
    (!options.is_empty()).then(|| format!("--ssh-common-args={}", options.join(" ")))
}

/// A path as Ansible, which parts words as a shell does, and then OpenSSH, which knows `%` and quotes, take it.
fn option(name: &str, path: &Path) -> String {
    let path = path.display().to_string().replace('%', "%%");
    match path.contains(|c: char| c.is_whitespace() || "'\"\\#".contains(c)) {
        true => format!("-o '{name}=\"{}\"'", path.replace('\'', r#"'"'"'"#)),
        false => format!("-o {name}={path}"),
    }
}

/// Where Ansible finds the machine.
struct Place {
    target: Target,
    /// By which name its host key is known, where the place is not its own.
    alias: Option<String>,
}

impl Place {
    /// The machine's own place, or a port here that leads there.
    fn of(machine: &Target, door: Option<u16>) -> Place {
        match door {
            None => Place { target: machine.clone(), alias: None },
            Some(port) => Place {
                target: Target { host: Ipv4Addr::LOCALHOST.to_string(), port },
                alias: Some(machine.host.clone()),
            },
        }
    }

    fn known_hosts(&self, pin: &str) -> String {
        match (&self.alias, &self.target) {
            (Some(alias), _) => format!("{alias} {pin}\n"),
            (None, Target { host, port }) => format!("{host} {pin}\n[{host}]:{port} {pin}\n"),
        }
    }
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
fn environment(work: &Ansible, ssh: &Ssh, ground: &Ground<'_>) -> Result<Vec<(String, String)>, Problem> {
    let full = |path: &String| std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).display().to_string();
    let mut all = vec![("ANSIBLE_HOST_KEY_CHECKING".to_owned(), "True".to_owned())];
    all.extend(work.roles_path.as_ref().map(|path| ("ANSIBLE_ROLES_PATH".to_owned(), full(path))));
    all.extend(work.collections_path.as_ref().map(|path| ("ANSIBLE_COLLECTIONS_PATH".to_owned(), full(path))));
    let agent = ssh.agent.as_ref().filter(|_| ssh.agent_auth);
    all.extend(agent.map(|socket| ("SSH_AUTH_SOCK".to_owned(), socket.display().to_string())));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ansible_is_told_whom_it_may_meet() {
        let path = Path::new;
        assert_eq!(common(None, Some("10.0.0.5"), None), None);
        assert_eq!(
            common(Some(path("/t/known")), None, None).as_deref(),
            Some(
                "--ssh-common-args=-o UserKnownHostsFile=/t/known -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
            )
        );
        let all = common(Some(path("/t/it's one")), Some("10.0.0.5"), Some(path("/k/100%-cert.pub"))).unwrap();
        assert!(all.starts_with(r#"--ssh-common-args=-o 'UserKnownHostsFile="/t/it'"'"'s one"' -o Global"#), "{all}");
        assert!(all.ends_with(" -o HostKeyAlias=10.0.0.5 -o CertificateFile=/k/100%%-cert.pub"), "{all}");
    }

    #[test]
    fn a_machine_behind_others_is_known_by_its_own_name() {
        let machine = Target { host: "10.0.0.5".to_owned(), port: 2222 };
        let place = Place::of(&machine, None);
        assert_eq!(
            (&place.target, place.known_hosts("ssh-x K")),
            (&machine, "10.0.0.5 ssh-x K\n[10.0.0.5]:2222 ssh-x K\n".to_owned())
        );
        let place = Place::of(&machine, Some(4000));
        assert_eq!(place.target.to_string(), "127.0.0.1:4000");
        assert_eq!(
            (place.known_hosts("ssh-x K"), place.alias.as_deref()),
            ("10.0.0.5 ssh-x K\n".to_owned(), Some("10.0.0.5"))
        );
    }
}

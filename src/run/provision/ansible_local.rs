//! `ansible-local`: playbooks with all that they need go to the machine, and run there.
//!
//! Neighbours: `galaxy` says what is installed before; `ssh` carries files and folders.

use std::path::Path;

use tokio::fs;

use super::galaxy;
use super::shell::output;
use crate::diagnostic::code;
use crate::run::build::AnsibleLocal;
use crate::run::event::Events;
use crate::run::problem::Problem;
use crate::run::render::{RunValues, rendered};
use crate::run::ssh::{Exit, Shell, permissions, quote};

/// Where all of it goes below a name of its own.
const STAGING: &str = "/tmp/packer-provisioner-ansible-local";

pub(super) async fn run(
    work: &AnsibleLocal,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
) -> Result<(), Problem> {
    let staging =
        work.staging_directory.clone().unwrap_or_else(|| format!("{STAGING}/{:032x}", rand::random::<u128>()));
    let mut there = There { shell, events, staging: staging.trim_end_matches('/') };
    events.say(format!("bringing playbooks to `{staging}`"));
    there.folder("").await?;
    if let Some(folder) = &work.playbook_dir {
        there.bring(folder, "").await?;
    }
    let mut playbooks = Vec::new();
    for playbook in &work.playbooks {
        playbooks.push(there.playbook(playbook, work.playbook_dir.as_deref()).await?);
    }
    let inventory = match &work.inventory_file {
        Some(file) => {
            there.file(file).await?;
            base(file)
        }
        None => {
            let name = format!("packer-provisioner-ansible-local{}", rand::random::<u32>());
            let groups: String = work.inventory_groups.iter().map(|group| format!("[{group}]\n127.0.0.1\n")).collect();
            there.write(if groups.is_empty() { "127.0.0.1\n" } else { &groups }, &name).await?;
            name
        }
    };
    let mut lists = Vec::new();
    if let Some(list) = &work.galaxy {
        there.file(&list.file).await?;
        let text = fs::read_to_string(&list.file).await.map_err(|e| unread(&list.file, &e))?;
        let force = galaxy::force(list.force, list.force_with_deps);
        let at = |own: &Option<String>, name: &str| own.clone().unwrap_or_else(|| format!("{}/{name}", there.staging));
        let (roles, collections) = (at(&list.roles_path, "roles"), at(&list.collections_path, "collections"));
        let file = format!("{}/{}", there.staging, base(&list.file));
        for words in galaxy::arguments(&text, &file, force, Some(&roles), Some(&collections)) {
            let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
            lists.push(format!("{} {}", list.command, words.join(" ")));
        }
    }
    for path in &work.playbook_paths {
        there.bring(path, "").await?;
    }
    for (kind, paths) in [("roles", &work.role_paths), ("collections", &work.collection_paths)] {
        for path in paths {
            let name = format!("{kind}/{}", base(path));
            there.bring(path, &name).await?;
        }
    }
    for (name, folder) in [("group_vars", &work.group_vars), ("host_vars", &work.host_vars)] {
        if let Some(folder) = folder {
            there.bring(folder, name).await?;
        }
    }
    for command in lists {
        there.run(&command, "ansible-galaxy").await?;
    }
    for playbook in playbooks {
        let command = there.command(work, &playbook, &inventory, values)?;
        there.run(&command, "ansible-playbook").await?;
    }
    if work.clean_staging_directory {
        there.ok(&format!("rm -rf {}", quote(there.staging)), "cannot be removed").await?;
    }
    Ok(())
}

fn base(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn unread(path: &Path, error: &std::io::Error) -> Problem {
    Problem::failed(code::RUN_UPLOAD, format!("`{}` cannot be read: {error}", path.display()))
}

/// The folder on the machine.
struct There<'a> {
    shell: &'a mut Shell,
    events: &'a Events,
    staging: &'a str,
}

impl There<'_> {
    fn path(&self, name: &str) -> String {
        if name.is_empty() { self.staging.to_owned() } else { format!("{}/{name}", self.staging) }
    }

    async fn folder(&mut self, name: &str) -> Result<(), Problem> {
        let path = self.path(name);
        self.ok(&format!("mkdir -p {}", quote(&path)), "cannot be made").await
    }

    async fn ok(&mut self, command: &str, why: &str) -> Result<(), Problem> {
        match self.shell.run(command, None, &mut |_, _| ()).await? {
            Exit::Status(0) => Ok(()),
            Exit::Lost(why) => Err(Problem::failed(code::RUN_SSH_LOST, format!("the SSH connection was lost: {why}"))),
            Exit::Status(_) | Exit::Signal(_) => {
                let message = format!("the folder `{}` {why} on the machine", self.staging);
                Err(Problem::failed(code::RUN_SCRIPT, message).help("choose another one with `staging_directory`"))
            }
        }
    }

    /// Brings what a folder holds.
    async fn bring(&mut self, folder: &Path, name: &str) -> Result<(), Problem> {
        self.folder(name).await?;
        let from = format!("{}/", folder.display().to_string().trim_end_matches('/'));
        self.shell.upload_tree(&from, &self.path(name)).await.map(|_| ())
    }

    async fn file(&mut self, file: &Path) -> Result<(), Problem> {
        let about = fs::metadata(file).await.map_err(|e| unread(file, &e))?;
        let mut opened = fs::File::open(file).await.map_err(|e| unread(file, &e))?;
        let to = self.path(&base(file));
        self.shell.upload(&mut opened, about.len(), &to, permissions(&about)).await.map(|_| ())
    }

    async fn write(&mut self, text: &str, name: &str) -> Result<(), Problem> {
        let to = self.path(name);
        self.shell.upload(&mut text.as_bytes(), text.len() as u64, &to, 0o644).await.map(|_| ())
    }

    /// Brings a playbook, unless it lies in the folder that was brought; where it lies there.
    async fn playbook(&mut self, file: &Path, folder: Option<&Path>) -> Result<String, Problem> {
        let full = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Some(inside) = folder.and_then(|f| full(file).strip_prefix(full(f)).ok().map(Path::to_owned)) {
            return Ok(inside.display().to_string());
        }
        self.file(file).await?;
        Ok(base(file))
    }

    /// The command that runs a playbook.
    fn command(
        &self,
        work: &AnsibleLocal,
        playbook: &str,
        inventory: &str,
        values: &dyn RunValues,
    ) -> Result<String, Problem> {
        let named = |function: &str| values.named(function).unwrap_or_default();
        let http = values.build("PackerHTTPAddr").unwrap_or_default();
        let facts = format!(
            "packer_build_name={} packer_builder_type={} packer_http_addr={http}",
            named("build_name"),
            named("build_type")
        );
        let mut words = vec![work.command.clone(), quote(&self.path(playbook)), "--extra-vars".to_owned()];
        words.push(format!("\"{facts}\""));
        for argument in &work.extra_arguments {
            words.push(rendered(argument, values)?);
        }
        words.extend(["-c local -i".to_owned(), quote(&self.path(inventory))]);
        Ok(words.join(" "))
    }

    async fn run(&mut self, command: &str, program: &str) -> Result<(), Problem> {
        let line = format!("cd {} && {command}", quote(self.staging));
        let events = self.events;
        match self.shell.run(&line, None, &mut |pipe, line| output(events, pipe, line)).await? {
            Exit::Status(0) => Ok(()),
            Exit::Status(127) => {
                let message = format!("there is no `{program}` on the machine");
                Err(Problem::failed(code::RUN_SCRIPT, message).help("an earlier step has to install Ansible there"))
            }
            Exit::Status(status) => {
                let message = format!("`{program}` ended with the exit status {status} on the machine");
                Err(Problem::failed(code::RUN_SCRIPT, message))
            }
            Exit::Signal(signal) => {
                let message = format!("`{program}` was ended by the signal `{signal}` on the machine");
                Err(Problem::failed(code::RUN_SCRIPT, message))
            }
            Exit::Lost(why) => {
                let message =
                    format!("the connection was lost while `{program}` ran, so nobody knows how it ended: {why}");
                Err(Problem::failed(code::RUN_SSH_LOST, message))
            }
        }
    }
}

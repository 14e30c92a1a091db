//! `ansible` and `ansible-local`.
//!
//! What only a server between Ansible and the machine has a use for is left untaken, and so refused by name.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::variables;
use crate::run::build::{Ansible, AnsibleLocal, Galaxy};
use crate::run::input::options::Take;

pub(super) fn ansible(take: &mut Take<'_>) -> Ansible {
    // Ansible connects by itself.
    if take.choice("use_proxy") == Some(true) {
        take.unexecuted("use_proxy");
    }
    let playbook = take.text("playbook_file").unwrap_or_default();
    if playbook.is_empty() {
        take.wrong("playbook_file", "an ansible step runs a `playbook_file`", None);
    }
    let mut environment = Vec::new();
    variables(take, "ansible_env_vars", &mut environment);
    if take.flag("use_sftp") {
        environment.insert(0, ("ANSIBLE_SSH_TRANSFER_METHOD".to_owned(), "sftp".to_owned()));
    }
    let galaxy = galaxy(take, "roles_path", "collections_path");
    let (roles_path, collections_path) = (take.text("roles_path"), take.text("collections_path"));
    let path = |text: Option<String>| text.map(PathBuf::from);
    Ansible {
        playbook: PathBuf::from(playbook),
        command: take.text("command").unwrap_or_else(|| "ansible-playbook".to_owned()),
        extra_arguments: take.late_list("extra_arguments").unwrap_or_default(),
        environment,
        ssh_extra_args: words(take, "ansible_ssh_extra_args"),
        groups: words(take, "groups"),
        empty_groups: words(take, "empty_groups"),
        host_alias: take.text("host_alias").unwrap_or_else(|| "default".to_owned()),
        user: take.text("user"),
        skip_version_check: take.flag("skip_version_check"),
        inventory_directory: path(take.text("inventory_directory")),
        inventory_template: take.late_with("inventory_file_template", &["Host", "HostAlias", "Port", "User"]),
        inventory_file: path(take.text("inventory_file")),
        keep_inventory_file: take.flag("keep_inventory_file"),
        galaxy,
        roles_path,
        collections_path,
    }
}

pub(super) fn local(take: &mut Take<'_>) -> AnsibleLocal {
    let file = take.text("playbook_file");
    let files = paths(take, "playbook_files");
    match (&file, files.is_empty()) {
        (None, true) => {
            take.wrong("playbook_file", "an ansible-local step runs `playbook_file` or `playbook_files`", None);
        }
        (Some(_), false) => {
            take.wrong("playbook_files", "`playbook_file` and `playbook_files` exclude each other", None);
        }
        _ => {}
    }
    let galaxy = galaxy(take, "galaxy_roles_path", "galaxy_collections_path");
    let path = |text: Option<String>| text.map(PathBuf::from);
    AnsibleLocal {
        playbooks: path(file).into_iter().chain(files).collect(),
        playbook_dir: path(take.text("playbook_dir")),
        playbook_paths: paths(take, "playbook_paths"),
        role_paths: paths(take, "role_paths"),
        collection_paths: paths(take, "collection_paths"),
        group_vars: path(take.text("group_vars")),
        host_vars: path(take.text("host_vars")),
        command: take
            .text("command")
            .unwrap_or_else(|| "ANSIBLE_FORCE_COLOR=1 PYTHONUNBUFFERED=1 ansible-playbook".to_owned()),
        extra_arguments: take.late_list("extra_arguments").unwrap_or_default(),
        staging_directory: take.text("staging_directory"),
        clean_staging_directory: take.flag("clean_staging_directory"),
        inventory_file: path(take.text("inventory_file")),
        inventory_groups: words(take, "inventory_groups"),
        galaxy,
    }
}

/// What is installed beforehand, where a list is named.
fn galaxy(take: &mut Take<'_>, roles: &str, collections: &str) -> Option<Galaxy> {
    let command = take.text("galaxy_command").unwrap_or_else(|| "ansible-galaxy".to_owned());
    let (force, force_with_deps) = (take.flag("galaxy_force_install"), take.flag("galaxy_force_with_deps"));
    let (roles_path, collections_path) = (take.text(roles), take.text(collections));
    let file = PathBuf::from(take.text("galaxy_file")?);
    Some(Galaxy { file, command, force, force_with_deps, roles_path, collections_path })
}

fn paths(take: &mut Take<'_>, option: &str) -> Vec<PathBuf> {
    words(take, option).into_iter().map(PathBuf::from).collect()
}

/// Texts, of which none is parted at a comma.
fn words(take: &mut Take<'_>, option: &str) -> Vec<String> {
    match take.raw(option) {
        Some(Json::String(_)) => take.text(option).into_iter().collect(),
        _ => take.list(option),
    }
}

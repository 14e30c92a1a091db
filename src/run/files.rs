//! The files here that builds read: whether they are there, and the digests by which a run that goes on knows them again.
//!
//! Neighbours: `mod` asks before anything else; `begin` keeps the digests; `settle` compares them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::build::{Build, Builder, Galaxy, Key, Post, PostWork, Provisioner, Script, Ssh, Work};
use super::problem::{Origin, Problem};
use super::{render, ssh};
use crate::diagnostic::code;

/// A file that a step reads, and what it is to the step.
type Wanted = (PathBuf, &'static str);

/// The files that a step reads here, as far as they are known before there is a machine. What is `generated` may appear later.
fn wanted(step: &Provisioner, build: &Build) -> Vec<Wanted> {
    let scripts = |all: &[Script]| all.iter().filter_map(script).map(|path| (path.clone(), "script")).collect();
    let list = |galaxy: &Option<Galaxy>| galaxy.as_ref().map(|galaxy| (galaxy.file.clone(), "list"));
    let folders = |all: &[PathBuf]| all.iter().map(|path| (path.clone(), "folder")).collect::<Vec<_>>();
    match &step.work {
        Work::Shell(shell) => scripts(&shell.scripts),
        Work::Local(local) => scripts(&local.scripts),
        Work::PowerShell(shell) => scripts(&shell.scripts),
        Work::File(carry) if !carry.download && !carry.generated => {
            let sources = carry.sources.iter().filter_map(|source| render::rendered(source, &build.values).ok());
            sources.map(|path| (PathBuf::from(path), "file")).collect()
        }
        Work::File(_) | Work::Breakpoint(_) | Work::Restart(_) | Work::Reboot(_) => Vec::new(),
        Work::Ansible(work) => {
            let own = |path: &Option<PathBuf>, what| path.as_ref().map(|path| (path.clone(), what));
            let mut all = vec![(work.playbook.clone(), "playbook")];
            all.extend(own(&work.inventory_file, "inventory"));
            // What is made in the folder goes again, and the rest is for the playbook to read.
            all.extend(
                work.inventory_directory
                    .iter()
                    .flat_map(|folder| {
                        ["group_vars", "host_vars"]
                            .map(|name| folder.join(name))
                            .into_iter()
                            .filter(|path| path.is_dir())
                    })
                    .map(|path| (path, "folder")),
            );
            all.extend(list(&work.galaxy));
            all
        }
        Work::AnsibleLocal(work) => {
            let mut all: Vec<Wanted> = work.playbooks.iter().map(|path| (path.clone(), "playbook")).collect();
            all.extend(work.inventory_file.iter().map(|path| (path.clone(), "inventory")));
            all.extend(list(&work.galaxy));
            for paths in [&work.playbook_paths, &work.role_paths, &work.collection_paths] {
                all.extend(folders(paths));
            }
            for path in [&work.playbook_dir, &work.group_vars, &work.host_vars].into_iter().flatten() {
                all.push((path.clone(), "folder"));
            }
            all
        }
    }
}

fn script(script: &Script) -> Option<&PathBuf> {
    match script {
        Script::File(path) => Some(path),
        Script::Inline(_) => None,
    }
}

/// The scripts of post-processors.
fn posts(build: &Build) -> impl Iterator<Item = (&Post, &PathBuf)> {
    build.posts.iter().flatten().flat_map(|post| {
        let scripts: &[Script] = match &post.work {
            PostWork::Local(local) => &local.scripts,
            _ => &[],
        };
        scripts.iter().filter_map(script).map(move |path| (post, path))
    })
}

/// The steps of a build, also those that clean up.
fn steps(build: &Build) -> impl Iterator<Item = &Provisioner> {
    build.provisioners.iter().chain(&build.cleanups)
}

/// What is wrong with the files: those that builds read must be there, and keys be keys.
pub fn missing(builds: &[Build]) -> Vec<Problem> {
    let mut found = Vec::new();
    for build in builds {
        for step in steps(build) {
            let wanted = wanted(step, build).into_iter();
            found.extend(wanted.filter_map(|(path, what)| unread(&path, what, step.origin.as_ref())));
            if let Work::Ansible(work) = &step.work {
                let folder = work.inventory_directory.iter();
                found.extend(folder.filter_map(|path| unread(path, "folder", step.origin.as_ref())));
            }
        }
        found.extend(posts(build).filter_map(|(post, path)| unread(path, "script", post.origin.as_ref())));
        // Whoever connects would learn it too, when the machine is paid for.
        let ssh = match &build.builder {
            Builder::Ebs(ebs) => ebs.ssh.as_ref(),
            Builder::Null(null) => null.ssh.as_ref(),
        };
        if let Some(ssh) = ssh {
            let own = own_key(&build.builder).map(|(file, _)| file);
            let wrong = ssh::wrong_files(ssh, own).into_iter();
            found.extend(wrong.map(|problem| problem.at(build.origin.clone())));
        }
    }
    // What several builds want is told once.
    let mut told = BTreeSet::new();
    found.retain(|problem| told.insert(problem.message.clone()));
    found
}

/// The user's own key file, and the connection that it is for.
fn own_key(builder: &Builder) -> Option<(&Path, Option<&Ssh>)> {
    match builder {
        Builder::Ebs(ebs) => match &ebs.key {
            Key::Own { file, .. } => Some((file, ebs.ssh.as_ref())),
            Key::None | Key::Known { .. } | Key::Temporary { .. } => None,
        },
        Builder::Null(null) => null.key_file.as_deref().map(|file| (file, null.ssh.as_ref())),
    }
}

fn unread(path: &Path, what: &str, origin: Option<&Origin>) -> Option<Problem> {
    let message = match std::fs::File::open(path) {
        Ok(_) if what == "folder" && !path.is_dir() => format!("`{}` is no folder", path.display()),
        Ok(_) if matches!(what, "script" | "playbook" | "list") && path.is_dir() => {
            format!("the {what} `{}` is a folder", path.display())
        }
        Ok(_) => return None,
        Err(error) => format!("the {what} `{}` cannot be read: {error}", path.display()),
    };
    let problem = Problem::refused(code::RUN_FILE, message)
        .help("paths are relative to the folder in which bakec was started")
        .at(origin.cloned());
    Some(problem)
}

/// Digests of the files that builds read, folders with all that is in them.
///
/// # Errors
/// Where one cannot be read.
pub fn digests(builds: &[Build]) -> std::io::Result<Vec<(String, String)>> {
    let all = builds.iter().flat_map(|build| steps(build).flat_map(move |step| wanted(step, build)));
    let mut paths: BTreeSet<PathBuf> = all.map(|(path, _)| path).collect();
    paths.extend(builds.iter().flat_map(posts).map(|(_, path)| path.clone()));
    paths.iter().map(|path| Ok((path.display().to_string(), digest(path)?))).collect()
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, path)?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

fn feed(hasher: &mut blake3::Hasher, path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        inside.sort();
        for entry in inside {
            hasher.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
            feed(hasher, &entry)?;
        }
    } else {
        hasher.update_reader(std::fs::File::open(path)?)?;
    }
    Ok(())
}

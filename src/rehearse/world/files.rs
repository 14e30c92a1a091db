//! The files of an instance, in memory: what was uploaded, and what commands made of it.
//!
//! Folders need not be made before files are put into them, for an image's own folders are not known here. `ssh` reads and
//! writes it; an image takes it over from its instance.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by an instance and its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(Arc<Mutex<Tree>>);

pub(crate) type Tree = BTreeMap<String, Entry>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    File(Arc<Vec<u8>>),
    Folder,
}

impl Files {
    pub(crate) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy that goes its own way, as a snapshot does.
    pub(crate) fn copy(&self) -> Files {
        Files(Arc::new(Mutex::new(self.tree().clone())))
    }
}

/// An absolute path without `.`, `..` and doubled slashes; relative ones begin at the user's home.
pub(crate) fn path(text: &str, user: &str) -> String {
    let home = home(user);
    let full = match text {
        "~" => home,
        text if text.starts_with("~/") => format!("{home}/{}", &text[2..]),
        text if text.starts_with('/') => text.to_string(),
        text => format!("{home}/{text}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

pub(crate) fn home(user: &str) -> String {
    if user == "root" { "/root".to_string() } else { format!("/home/{user}") }
}

/// Whether a folder is there: one that was made, one with something in it, or one that every Linux has.
pub(crate) fn is_folder(tree: &Tree, path: &str) -> bool {
    const EVERYWHERE: &[&str] = &[
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/mnt",
        "/opt",
        "/proc",
        "/root",
        "/run",
        "/sbin",
        "/srv",
        "/sys",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/local",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/share",
        "/var",
        "/var/lib",
        "/var/log",
        "/var/tmp",
    ];
    let inside = format!("{}/", path.trim_end_matches('/'));
    EVERYWHERE.contains(&path)
        || path.strip_prefix("/home/").is_some_and(|user| !user.is_empty() && !user.contains('/'))
        || matches!(tree.get(path), Some(Entry { kind: Kind::Folder, .. }))
        || tree.range(inside.clone()..).next().is_some_and(|(name, _)| name.starts_with(&inside))
}

/// The names directly in a folder.
pub(crate) fn children<'t>(tree: &'t Tree, folder: &str) -> Vec<(&'t str, bool)> {
    let inside = format!("{}/", folder.trim_end_matches('/'));
    let mut found: Vec<(&str, bool)> = Vec::new();
    for (path, entry) in tree.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside)) {
        let rest = &path[inside.len()..];
        let (name, folder) = match rest.split_once('/') {
            Some((name, _)) => (name, true),
            None => (rest, entry.kind == Kind::Folder),
        };
        if found.last().is_none_or(|(last, _)| *last != name) {
            found.push((name, folder));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_plain() {
        assert_eq!(path("a//b/./../c", "ubuntu"), "/home/ubuntu/a/c");
        assert_eq!(path("/tmp/../../x", "root"), "/x");
        assert_eq!((path("~", "root"), path("~/y", "u")), ("/root".to_string(), "/home/u/y".to_string()));
    }

    #[test]
    fn folders_are_seen_by_what_is_in_them() {
        let file = Entry { mode: 0o644, kind: Kind::File(Arc::default()) };
        let tree = Tree::from([("/tmp/a/b".to_string(), file.clone()), ("/tmp/c".to_string(), file)]);
        assert!(is_folder(&tree, "/tmp/a") && is_folder(&tree, "/") && is_folder(&tree, "/home/ubuntu"));
        assert!(!is_folder(&tree, "/tmp/c") && !is_folder(&tree, "/nowhere"));
        assert_eq!(children(&tree, "/tmp"), [("a", true), ("c", false)]);
        assert_eq!(children(&tree, "/"), [("tmp", true)]);
    }
}

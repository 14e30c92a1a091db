//! Commands that read, write, move and list files, all in memory.
//!
//! Neighbour: `shell` finds out which of them is meant.

use sha2::{Digest, Sha256};

use super::*;

impl Shell {
    pub(super) fn cat(&mut self, args: &[String], input: Option<Vec<u8>>, out: &mut Vec<u8>) -> u32 {
        let names: Vec<&String> = args.iter().filter(|arg| *arg == "-" || !arg.starts_with('-')).collect();
        if names.is_empty() {
            out.extend(input.or_else(|| self.input.take()).unwrap_or_default());
        }
        for name in names {
            match self.read(name) {
                Some(bytes) => out.extend(bytes),
                None => return self.fail(&format!("cat: {name}: No such file or directory"), 1),
            }
        }
        0
    }

    /// Of files, or of what comes in.
    pub(super) fn sha256sum(&mut self, args: &[String], input: Option<Vec<u8>>, out: &mut Vec<u8>) -> u32 {
        let mut names: Vec<&str> = plain(args).map(String::as_str).collect();
        let input = input.or_else(|| self.input.take());
        if names.is_empty() {
            names.push("-");
        }
        for name in names {
            let bytes = if name == "-" { Some(input.clone().unwrap_or_default()) } else { self.read(name) };
            let Some(bytes) = bytes else {
                return self.fail(&format!("sha256sum: {name}: No such file or directory"), 1);
            };
            let digest = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
            say(out, &format!("{digest}  {name}"));
        }
        0
    }

    pub(super) fn tee(&mut self, args: &[String], input: Option<Vec<u8>>, out: &mut Vec<u8>) -> u32 {
        let bytes = input.or_else(|| self.input.take()).unwrap_or_default();
        let append = args.iter().any(|arg| arg == "-a" || arg == "--append");
        for name in plain(args) {
            if !self.write(name, bytes.clone(), append, None) {
                return self.fail(&format!("tee: {name}: cannot be written"), 1);
            }
        }
        out.extend(bytes);
        0
    }

    pub(super) fn chmod(&mut self, args: &[String]) -> u32 {
        let recursive = args.iter().any(|arg| arg == "-R" || arg == "--recursive");
        let mut words = args.iter().filter(|arg| !matches!(arg.as_str(), "-R" | "--recursive" | "-v" | "-f" | "--"));
        let Some(mode) = words.next() else { return self.fail("chmod: missing operand", 1) };
        for name in words {
            let full = self.full(name);
            let below = format!("{full}/");
            let mut found = self.is_missing(name);
            let missing = found;
            for (path, entry) in self.files.tree().iter_mut() {
                if *path == full || (recursive && path.starts_with(&below)) {
                    found = true;
                    match changed(entry.mode, mode) {
                        Some(mode) => entry.mode = mode,
                        None => return u32::from(true),
                    }
                }
            }
            if missing && found {
                return self.fail(&format!("chmod: cannot access '{name}': No such file or directory"), 1);
            }
        }
        0
    }

    pub(super) fn mkdir(&mut self, args: &[String]) -> u32 {
        let parents = args
            .iter()
            .any(|arg| arg == "--parents" || (arg.starts_with('-') && !arg.starts_with("--") && arg.contains('p')));
        let mode_at = args.iter().position(|arg| arg == "-m");
        let mode = mode_at.and_then(|at| u32::from_str_radix(args.get(at + 1)?, 8).ok()).unwrap_or(0o755);
        let skip = mode_at.map(|at| at + 1);
        let names: Vec<String> = args
            .iter()
            .enumerate()
            .filter(|(at, arg)| Some(*at) != skip && !arg.starts_with('-'))
            .map(|(_, arg)| arg.clone())
            .collect();
        for name in names {
            let full = self.full(&name);
            let mut tree = self.files.tree();
            let (file, folder) = (tree.contains_key(&full) && !is_folder(&tree, &full), is_folder(&tree, &full));
            if !folder && !file {
                tree.insert(full, Entry { mode, kind: Kind::Folder });
            }
            drop(tree);
            if file || (folder && !parents) {
                return self.fail(&format!("mkdir: cannot create directory '{name}': File exists"), 1);
            }
        }
        0
    }

    pub(super) fn rm(&mut self, args: &[String]) -> u32 {
        let flag = |letter: char| {
            args.iter().any(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.contains(letter))
        };
        let (force, recursive) = (flag('f'), flag('r') || flag('R'));
        let names: Vec<String> = plain(args).cloned().collect();
        for name in names {
            let full = self.full(&name);
            let below = format!("{full}/");
            let mut tree = self.files.tree();
            let before = tree.len();
            // `*` at the end is all that lies there.
            match full.strip_suffix("/*") {
                Some(folder) => tree.retain(|path, _| !path.starts_with(&format!("{folder}/"))),
                None => tree.retain(|path, _| *path != full && !(recursive && path.starts_with(&below))),
            }
            let gone = tree.len() < before;
            drop(tree);
            if !gone && !force && self.is_missing(&format!("./{name}")) {
                return self.fail(&format!("rm: cannot remove '{name}': No such file or directory"), 1);
            }
        }
        0
    }

    pub(super) fn copy(&mut self, args: &[String], away: bool) -> u32 {
        let names: Vec<String> = plain(args).cloned().collect();
        let Some((to, from)) = names.split_last().filter(|(_, from)| !from.is_empty()) else {
            return self.fail("a source and a target are wanted", 1);
        };
        for name in from {
            let (source, mut target) = (self.full(name), self.full(to));
            let mut tree = self.files.tree();
            if to.ends_with('/') || is_folder(&tree, &target) {
                target = format!("{}/{}", target.trim_end_matches('/'), source.rsplit('/').next().unwrap_or_default());
            }
            let below = format!("{source}/");
            let moved: Vec<(String, Entry)> = tree
                .iter()
                .filter(|(path, _)| **path == source || path.starts_with(&below))
                .map(|(path, entry)| (format!("{target}{}", &path[source.len()..]), entry.clone()))
                .collect();
            let none = moved.is_empty();
            if away && source != target {
                tree.retain(|path, _| *path != source && !path.starts_with(&below));
            }
            tree.extend(moved);
            drop(tree);
            if none && self.is_missing(&format!("./{name}")) {
                return self.fail(&format!("cannot stat '{name}': No such file or directory"), 1);
            }
        }
        0
    }

    pub(super) fn ls(&mut self, args: &[String], out: &mut Vec<u8>) -> u32 {
        let mut names: Vec<String> = plain(args).cloned().collect();
        if names.is_empty() {
            names.push(self.folder.clone());
        }
        for name in names {
            let full = self.full(&name);
            let tree = self.files.tree();
            if tree.contains_key(&full) && !is_folder(&tree, &full) {
                out.extend_from_slice(format!("{name}\n").as_bytes());
            } else if is_folder(&tree, &full) {
                for (child, _) in children(&tree, &full) {
                    out.extend_from_slice(format!("{child}\n").as_bytes());
                }
            } else {
                drop(tree);
                return self.fail(&format!("ls: cannot access '{name}': No such file or directory"), 2);
            }
        }
        0
    }
}

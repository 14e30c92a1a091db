//! The prelude's files, as they are embedded in the program, and which file declares which kind.
//!
//! A file is parsed only when a program names one of its kinds.

use crate::syntax::ast::ExternKind::{self, Builder, Post, Provisioner};
use crate::text::FileId;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../schema/prelude/", $name)))),*];
    };
}

files! {
    "access.bake",
    "amazon-chroot.bake",
    "amazon-ebs.bake",
    "amazon-ebssurrogate.bake",
    "amazon-ebsvolume.bake",
    "amazon-import.bake",
    "amazon-instance.bake",
    "ami.bake",
    "ansible-local.bake",
    "ansible.bake",
    "artifice.bake",
    "breakpoint.bake",
    "checksum.bake",
    "chef-client.bake",
    "chef-solo.bake",
    "chef.bake",
    "common.bake",
    "communicator.bake",
    "compress.bake",
    "docker-import.bake",
    "docker-push.bake",
    "docker-tag.bake",
    "docker.bake",
    "ebs.bake",
    "file.bake",
    "goss.bake",
    "manifest.bake",
    "null.bake",
    "powershell.bake",
    "puppet-masterless.bake",
    "puppet-server.bake",
    "puppet.bake",
    "reboot.bake",
    "run.bake",
    "salt-masterless.bake",
    "shell-local.bake",
    "shell.bake",
    "types.bake",
    "vagrant.bake",
    "windows-restart.bake",
    "windows-shell.bake",
    "windows.bake",
}

/// Every kind of the prelude, with the file that declares it.
pub const KINDS: &[(ExternKind, &str, &str)] = &[
    (Builder, "amazon-ebs", "amazon-ebs.bake"),
    (Builder, "amazon-ebssurrogate", "amazon-ebssurrogate.bake"),
    (Builder, "amazon-ebsvolume", "amazon-ebsvolume.bake"),
    (Builder, "amazon-chroot", "amazon-chroot.bake"),
    (Builder, "amazon-instance", "amazon-instance.bake"),
    (Builder, "null", "null.bake"),
    (Provisioner, "shell", "shell.bake"),
    (Provisioner, "file", "file.bake"),
    (Provisioner, "shell-local", "shell-local.bake"),
    (Provisioner, "powershell", "powershell.bake"),
    (Provisioner, "windows-shell", "windows-shell.bake"),
    (Provisioner, "windows-restart", "windows-restart.bake"),
    (Provisioner, "ansible", "ansible.bake"),
    (Provisioner, "ansible-local", "ansible-local.bake"),
    (Provisioner, "breakpoint", "breakpoint.bake"),
    (Provisioner, "chef-solo", "chef-solo.bake"),
    (Provisioner, "chef-client", "chef-client.bake"),
    (Provisioner, "puppet-masterless", "puppet-masterless.bake"),
    (Provisioner, "puppet-server", "puppet-server.bake"),
    (Provisioner, "reboot", "reboot.bake"),
    (Provisioner, "salt-masterless", "salt-masterless.bake"),
    (Provisioner, "goss", "goss.bake"),
    (Post, "shell-local", "shell-local.bake"),
    (Post, "manifest", "manifest.bake"),
    (Post, "checksum", "checksum.bake"),
    (Post, "compress", "compress.bake"),
    (Post, "artifice", "artifice.bake"),
    (Post, "amazon-import", "amazon-import.bake"),
    (Post, "vagrant", "vagrant.bake"),
    (Post, "docker-import", "docker-import.bake"),
    (Post, "docker-tag", "docker-tag.bake"),
    (Post, "docker-push", "docker-push.bake"),
];

/// What the paths of its files begin with among the sources of a program.
pub const FOLDER: &str = "prelude/";

/// How many files there are.
pub const COUNT: usize = FILES.len();

/// The text of a file of the prelude.
pub fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The id of a file of the prelude, the same in every compilation.
pub fn file_id(name: &str) -> Option<FileId> {
    let position = FILES.iter().position(|(n, _)| *n == name)?;
    Some(FileId(FileId::FIRST_BUILTIN.0 + position as u32))
}

/// The position of a file among those of the prelude: less than [`COUNT`].
pub fn position(file: FileId) -> Option<usize> {
    let position = file.0.checked_sub(FileId::FIRST_BUILTIN.0)? as usize;
    (position < COUNT).then_some(position)
}

/// The text of a file of the prelude by its id.
pub fn text(file: FileId) -> Option<&'static str> {
    FILES.get(position(file)?).map(|(_, text)| *text)
}

/// The files that a file of the prelude imports: they stand at its top, one a line.
fn imports(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter_map(|line| line.strip_prefix("import \"")?.strip_suffix('"'))
}

/// The files and all that they import, each once and before what it imports.
pub fn with_imports(names: &[&'static str]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut open: Vec<&'static str> = names.iter().rev().copied().collect();
    while let Some(name) = open.pop() {
        if let Some(text) = file(name)
            && !found.contains(&name)
        {
            found.push(name);
            let imported: Vec<_> = imports(text).collect();
            open.extend(imported.into_iter().rev());
        }
    }
    found
}

/// The file that declares a kind.
pub fn file_of(category: ExternKind, kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|(c, k, _)| *c == category && *k == kind).map(|(_, _, file)| *file)
}

/// The options of all kinds of builders and of the sets that they include. The files are not parsed for it.
pub fn builder_options() -> impl Iterator<Item = &'static str> {
    FILES.iter().flat_map(|(_, text)| {
        let mut inside = false;
        text.lines().filter_map(move |line| {
            if !line.starts_with([' ', '}']) && !line.is_empty() {
                inside = line.starts_with("extern builder ") || line.starts_with("extern options ");
            }
            let member = line
                .strip_prefix("    ")
                .filter(|rest| inside && rest.starts_with(|c: char| c.is_ascii_lowercase()))?;
            member.split_once(':').map(|(name, _)| name).filter(|name| !name.contains(' '))
        })
    })
}

/// The prelude's kinds of a category.
pub fn names(category: ExternKind) -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(move |(c, _, _)| *c == category).map(|(_, k, _)| *k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::ItemKind;
    use crate::syntax::parse;

    #[test]
    fn imports_are_found_without_parsing() {
        for (name, text) in FILES {
            let parsed = parse(FileId(0), text);
            assert!(parsed.problems.is_empty(), "{name}");
            let written = parsed.file.items.iter().filter_map(|item| match &item.kind {
                ItemKind::Import(import) => Some(import.path.as_plain()?.to_string()),
                _ => None,
            });
            assert_eq!(imports(text).collect::<Vec<_>>(), written.collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn what_is_imported_comes_along_once() {
        let found = with_imports(&["amazon-ebs.bake", "amazon-instance.bake"]);
        assert_eq!(found.first(), Some(&"amazon-ebs.bake"));
        for name in &found {
            assert!(imports(file(name).expect("a file of the prelude")).all(|i| found.contains(&i)), "{name}");
            assert_eq!(found.iter().filter(|n| *n == name).count(), 1, "{name}");
        }
    }
}

//! What `ansible-galaxy` installs: roles and collections of one list, each by a command of its own.
//!
//! Neighbours: `ansible` runs the commands here, `ansible_local` on the machine.

/// The commands' arguments for a list, roles first: `text` is the list, `file` where it lies for the command.
pub(super) fn arguments(
    text: &str,
    file: &str,
    force: &[&str],
    roles_path: Option<&str>,
    collections_path: Option<&str>,
) -> Vec<Vec<String>> {
    let has =
        |name: &str| text.lines().any(|line| line.trim_end().strip_prefix(name).is_some_and(|r| r.starts_with(':')));
    let (roles, collections) = (has("roles"), has("collections"));
    let words = |head: &[&str], path: Option<&str>| -> Vec<String> {
        let place = path.map(|path| ["-p", path]);
        head.iter().chain(&["-r", file]).chain(place.iter().flatten()).chain(force).map(|w| (*w).to_owned()).collect()
    };
    let mut all = Vec::new();
    // The older form is a list of roles alone.
    if roles || !collections {
        all.push(words(&["install"], roles_path));
    }
    if collections {
        all.push(words(&["collection", "install"], collections_path));
    }
    all
}

/// The options that install anew.
pub(super) fn force(force: bool, with_deps: bool) -> &'static [&'static str] {
    match (force, with_deps) {
        (_, true) => &["--force-with-deps"],
        (true, false) => &["-f"],
        (false, false) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_for_roles_collections_or_both() {
        let shown = |text: &str| -> Vec<String> {
            arguments(text, "x.yml", &["-f"], Some("r"), None).into_iter().map(|words| words.join(" ")).collect()
        };
        let (roles, collections) = ("install -r x.yml -p r -f", "collection install -r x.yml -f");
        assert_eq!(shown("- src: a\n"), [roles]);
        assert_eq!(shown("roles:\n  - a\n"), [roles]);
        assert_eq!(shown("---\ncollections:\n  - a.b\n"), [collections]);
        assert_eq!(shown("collections: []\nroles: []\n"), [roles, collections]);
    }
}

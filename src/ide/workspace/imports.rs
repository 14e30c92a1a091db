//! Who imports whom, among all files that are known: found in the lines of the files, so that none is parsed for it. A line that only
//! looks like an import is found, too; the programs tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::load::join;

/// The imports of files, both ways.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// What each known file imports.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// Who imports a file, also one that is not known.
    importers: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// A file is known, and has this text.
    pub(super) fn set(&mut self, path: &str, text: &str) {
        let now = imports(path, text);
        if self.targets.get(path) == Some(&now) {
            return;
        }
        self.remove(path);
        for target in &now {
            self.importers.entry(target.clone()).or_default().insert(path.to_owned());
        }
        self.targets.insert(path.to_owned(), now);
    }

    /// A file is not known any more.
    pub(super) fn remove(&mut self, path: &str) {
        for target in self.targets.remove(path).into_iter().flatten() {
            if let Some(importers) = self.importers.get_mut(&target) {
                importers.remove(path);
                if importers.is_empty() {
                    self.importers.remove(&target);
                }
            }
        }
    }

    /// Whether a file is known.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.targets.contains_key(path)
    }

    /// The known files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.targets.keys().map(String::as_str)
    }

    /// The known files below a folder.
    pub(super) fn below(&self, folder: &str) -> Vec<String> {
        let inside = format!("{}/", folder.trim_end_matches('/'));
        self.targets
            .range(inside.clone()..)
            .map(|(path, _)| path.clone())
            .take_while(|p| p.starts_with(&inside))
            .collect()
    }

    /// The files that nobody imports and that lead to a file; none where there are only circles.
    pub(super) fn roots<'i>(&'i self, path: &'i str) -> Vec<&'i str> {
        let mut seen: BTreeSet<&str> = BTreeSet::from([path]);
        let mut waiting: Vec<&str> = vec![path];
        let mut roots: Vec<&str> = Vec::new();
        while let Some(file) = waiting.pop() {
            match self.importers.get(file) {
                Some(importers) => waiting.extend(importers.iter().map(String::as_str).filter(|i| seen.insert(i))),
                None => roots.push(file),
            }
        }
        roots
    }
}

/// What a file imports.
fn imports(path: &str, text: &str) -> BTreeSet<String> {
    let quoted = |line: &str| {
        let rest = line.trim_start().strip_prefix("import")?.trim_start();
        let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        rest[1..].split_once(quote).map(|(written, _)| join(path, written))
    };
    text.trim_start_matches('\u{feff}').lines().filter_map(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_from_leaf_to_top() {
        let mut all = Imports::default();
        all.set("/main.bake", "\u{feff}import \"lib/a.bake\"\n  import 'lib/b.bake' as c\nimport up\n");
        all.set("/lib/a.bake", "import \"b.bake\"\n");
        all.set("/other.bake", "import \"./lib/../lib/b.bake\"");
        assert_eq!(all.roots("/lib/b.bake"), ["/other.bake", "/main.bake"]);
        assert_eq!(all.roots("/lib/a.bake"), ["/main.bake"]);
        assert_eq!(all.roots("/nobody.bake"), ["/nobody.bake"]);
        assert_eq!(all.below("/lib"), ["/lib/a.bake"]);
        all.set("/main.bake", "");
        assert_eq!(all.roots("/lib/a.bake"), ["/lib/a.bake"]);
        all.remove("/other.bake");
        assert_eq!(all.roots("/lib/b.bake"), ["/lib/a.bake"]);
        all.set("/lib/b.bake", "import \"a.bake\"");
        assert_eq!(all.roots("/lib/b.bake"), [""; 0]);
    }
}

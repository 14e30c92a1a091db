//! `artifice`: files in place of what was made. The image stays all the same.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::{Product, Scene};
use crate::diagnostic::code;
use crate::run::problem::Problem;

/// The files that the patterns find now.
pub(super) fn run(patterns: &[String], scene: &Scene<'_>) -> Result<Product, Problem> {
    let mut files = Vec::new();
    for pattern in patterns {
        files.extend(matching(pattern).map_err(|why| {
            Problem::failed(code::RUN_POST, format!("`{pattern}` is no pattern of files: {why}"))
                .help("`*` and `?` stand for any characters but `/`, `[a-c]` for one of several")
        })?);
    }
    let told = if files.is_empty() { "no file is there".to_owned() } else { files.join(", ") };
    scene.cx.events.say(format!("going on with these files: {told}"));
    Ok(Product { id: String::new(), files })
}

/// The files of a pattern, sorted, each part of which matches names of one folder.
fn matching(pattern: &str) -> Result<Vec<String>, globset::Error> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !part.contains(['*', '?', '[', '\\']) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let matcher = GlobBuilder::new(part).literal_separator(true).build()?.compile_matcher();
        let mut next = Vec::new();
        for folder in &found {
            let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = std::fs::read_dir(at).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name()).filter(|name| matcher.is_match(Path::new(name)));
            next.extend(names.map(|name| folder.join(name)));
        }
        next.sort();
        found = next;
    }
    Ok(found.into_iter().filter(|path| path.exists()).map(|path| path.display().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_files_as_a_shell_does() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.txt", "b.txt", "c.bin", "sub/d.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let base = folder.path().display().to_string();
        let of = |pattern: &str| -> Vec<String> {
            let found = matching(&format!("{base}/{pattern}")).unwrap();
            found.iter().map(|path| path.strip_prefix(&format!("{base}/")).unwrap().to_owned()).collect()
        };
        assert_eq!(of("*.txt"), ["a.txt", "b.txt"]);
        assert_eq!(of("*/*.txt"), ["sub/d.txt"]);
        assert_eq!(of("[bc].*"), ["b.txt", "c.bin"]);
        assert_eq!(of("c.bin"), ["c.bin"]);
        assert_eq!(of("none"), [""; 0]);
        assert!(matching("[").is_err());
    }
}

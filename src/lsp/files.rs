//! Files as the protocol names them, by address, and as the compiler does, by path; and the `.bake` files of a folder.

use std::path::Path;

use lsp_types::Uri;

use crate::load::world::normalise;

/// So many files of a folder are looked at.
const MOST_FILES: usize = 5_000;

/// The path of an address. What is no file, such as a text that has not been saved yet, keeps its address as a path.
pub(super) fn path(uri: &Uri) -> String {
    let file = url::Url::parse(uri.as_str()).ok().filter(|url| url.scheme() == "file");
    match file.and_then(|url| url.to_file_path().ok()) {
        Some(path) => normalise(&path.to_string_lossy()),
        None => uri.as_str().to_owned(),
    }
}

/// The address of a path; none where it has none.
pub(super) fn uri(path: &str) -> Option<Uri> {
    match url::Url::from_file_path(path) {
        Ok(url) => url.as_str().parse().ok(),
        Err(()) => path.parse().ok(),
    }
}

/// The `.bake` files of a folder and those below it, without hidden ones and those that git leaves out.
pub(super) fn bake_files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let walk = ignore::WalkBuilder::new(folder).follow_links(false).max_depth(Some(16)).build();
    for entry in walk.flatten() {
        let path: &Path = entry.path();
        if path.extension().is_some_and(|ending| ending == "bake")
            && entry.file_type().is_some_and(|kind| !kind.is_dir())
        {
            found.push(normalise(&path.to_string_lossy()));
        }
        if found.len() == MOST_FILES {
            break;
        }
    }
    found
}

//! The `.bake` files of a folder: for editors, which know of a file by whom it is imported.

use super::world::normalise;

/// So many files are looked for.
const MOST_FILES: usize = 5_000;
/// So many files and folders are looked at for it: an editor may be opened at the top of a machine.
const MOST_ENTRIES: usize = 100_000;
/// Folders below these are left alone.
const DEEPEST: usize = 16;

/// The `.bake` files of a folder and those below it, without hidden ones and those that git leaves out.
pub fn bake_files(folder: &str) -> Vec<String> {
    let walk = ignore::WalkBuilder::new(folder).follow_links(false).max_depth(Some(DEEPEST)).build();
    let files = walk.take(MOST_ENTRIES).flatten().filter(|entry| {
        let named = entry.path().extension().is_some_and(|ending| ending == "bake");
        named && entry.file_type().is_some_and(|kind| !kind.is_dir())
    });
    files.take(MOST_FILES).map(|entry| normalise(&entry.path().to_string_lossy())).collect()
}

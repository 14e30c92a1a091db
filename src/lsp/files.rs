//! Files as the protocol names them, by address, and as the compiler does, by path.

use lsp_types::Uri;

use crate::load::world::normalise;

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

//! Files as the protocol names them, by address, and as the compiler does, by path.

use std::fmt::Write;

use lsp_types::Uri;

use crate::load::world::normalise;

/// The path of an address. What is no file, such as a text that has not been saved yet, keeps its address as a path, so that such
/// texts find each other as files do.
pub(super) fn path(uri: &Uri) -> String {
    let file = url::Url::parse(uri.as_str()).ok().filter(|url| url.scheme() == "file");
    match file.and_then(|url| url.to_file_path().ok()) {
        Some(path) => normalise(&path.to_string_lossy()),
        None => normalise(uri.as_str()),
    }
}

/// The address of a file; none of what is no file.
pub(super) fn uri(path: &str) -> Option<Uri> {
    let url = url::Url::from_file_path(path).ok()?;
    let mut address = String::with_capacity(url.as_str().len());
    for c in url.as_str().chars() {
        // Browsers take these as they are, the protocol's grammar does not.
        match c {
            '[' | ']' | '^' | '|' | '\\' | '`' | '{' | '}' => _ = write!(address, "%{:02X}", u32::from(c)),
            c => address.push(c),
        }
    }
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_comes_back_from_its_address() {
        for file in
            ["/a b/c.bake", "/50%/ä 🦀/#?&;=@:+,$!'()*.bake", "/a[1]{2}|^`\\\"<>~.bake", "/c:/x.bake", "/%41.bake"]
        {
            let address = uri(file).unwrap_or_else(|| panic!("{file} has no address"));
            assert_eq!(path(&address), file, "{}", address.as_str());
        }
        assert_eq!(uri("relative.bake"), None);
        assert_eq!(uri("--set"), None);
    }

    #[test]
    fn what_is_no_file_has_its_address_for_a_path() {
        let of = |address: &str| path(&address.parse().unwrap_or_else(|_| panic!("{address} is no address")));
        assert_eq!(of("untitled:Untitled-1"), "untitled:Untitled-1");
        assert_eq!(of("vscode-remote://host/a/main.bake"), "vscode-remote:/host/a/main.bake");
        assert_eq!(of("file:///a%20b/../c.bake"), "/c.bake");
        assert_eq!(of("file:///C%3A/x.bake"), "/C:/x.bake");
    }
}

//! Names of files that are made of other names, such as a build's.

/// As many characters of a name as its file keeps.
const LONGEST: usize = 100;

/// A name as that of a file, without an extension: what any system takes as it is stays, and two names never share one.
pub fn file_name(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let kept: String = name.chars().take(LONGEST).map(|c| if safe(c) { c } else { '_' }).collect();
    if kept == name && !name.is_empty() && !name.starts_with(['.', '-']) {
        return kept;
    }
    let digest = blake3::hash(name.as_bytes()).to_hex();
    format!("{}~{}", kept.trim_start_matches(['.', '-']), &digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_never_share_a_file() {
        assert_eq!(file_name("us-east-1-1404-pv"), "us-east-1-1404-pv");
        let long = ["x".repeat(300), "x".repeat(301), "é".repeat(500)];
        let hostile = ["../../etc/passwd", "", ".", "..", "a/b", "a b", "a\\b", "a_b", "-rf", "x", "a\nb", "ü"];
        let names: Vec<&str> = hostile.into_iter().chain(long.iter().map(String::as_str)).collect();
        let files: std::collections::BTreeSet<String> = names.iter().map(|name| file_name(name)).collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
        for file in files {
            assert!(!file.is_empty() && file.len() < 120 && !file.starts_with(['.', '-']), "{file}");
            assert!(file.chars().all(|c| c.is_ascii_alphanumeric() || "_-.~".contains(c)), "{file}");
        }
    }
}

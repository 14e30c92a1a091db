//! Lists and counts as messages write them.

/// `a, b and c`: parts with commas between them, and a word before the last one.
pub fn list(parts: &[impl AsRef<str>], word: &str) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}

/// `1 build`, `2 builds`.
pub fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_counts_read_well() {
        assert_eq!(list(&["a"; 0], "or"), "");
        assert_eq!(list(&["a"], "or"), "a");
        assert_eq!(list(&["a", "b"], "or"), "a or b");
        assert_eq!(list(&["a".to_owned(), "b".to_owned(), "c".to_owned()], "and"), "a, b and c");
        assert_eq!([0, 1, 2].map(|n| count(n, "build")), ["0 builds", "1 build", "2 builds"]);
    }
}

//! Words for a shell.

/// The word so that a POSIX shell takes it as one, as it is; a `~` for a home at its start keeps its meaning.
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    if word == "~" {
        return word.to_owned();
    }
    if let Some(rest) = word.strip_prefix("~/") {
        return if rest.is_empty() { word.to_owned() } else { format!("~/{}", quote(rest)) };
    }
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_stay_words() {
        assert_eq!(quote("/tmp/a.sh"), "/tmp/a.sh");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("~/my file"), "~/'my file'");
        assert_eq!(quote("a~"), "'a~'");
    }
}

//! Packer's options are written with one dash; ours with two, and both are understood where a run is meant.
//!
//! It rewrites words before `clap` reads them. It knows the options' names, not what they do.

use std::ffi::OsString;

/// The commands that take Packer's options.
const COMMANDS: &[&str] = &["run", "plan", "resume", "clean"];

/// Packer's options, and whether a value follows as a word of its own.
const OPTIONS: &[(&str, bool)] = &[
    ("color", false),
    ("debug", false),
    ("except", true),
    ("force", false),
    ("machine-readable", false),
    ("on-error", true),
    ("only", true),
    ("parallel", false),
    ("parallel-builds", true),
    ("timestamp-ui", false),
    ("var", true),
    ("var-file", true),
];

/// The words with two dashes before Packer's options, where the command is one that takes them.
pub(super) fn rewritten(words: Vec<OsString>) -> Vec<OsString> {
    let is_command = |word: &&str| !word.starts_with('-') && !["auto", "always", "never"].contains(word);
    let command = words.iter().skip(1).find_map(|word| word.to_str().filter(is_command));
    if !command.is_some_and(|command| COMMANDS.contains(&command)) {
        return words;
    }
    let mut all = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            all.push(word);
            break;
        }
        let read = word.to_str().and_then(option);
        match read {
            Some((written, takes)) => {
                all.extend(written.map(OsString::from));
                // A value is nobody's option, whatever it begins with.
                all.extend(takes.then(|| words.next()).flatten());
            }
            None => all.push(word),
        }
    }
    all.extend(words);
    all
}

/// An option as we write it, where it is to be written at all, and whether its value follows.
fn option(word: &str) -> Option<(Option<String>, bool)> {
    let bare = word.strip_prefix('-')?;
    let bare = bare.strip_prefix('-').unwrap_or(bare);
    let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
    let (name, takes) = OPTIONS.iter().find(|(known, _)| *known == name)?;
    let is_flag = matches!(*name, "debug" | "force" | "machine-readable" | "timestamp-ui");
    let written = match (*name, value) {
        ("color", Some("false" | "0" | "f")) => "--color=never".to_owned(),
        ("color", Some("true" | "1" | "t")) => "--color=always".to_owned(),
        (_, Some("true")) if is_flag => format!("--{name}"),
        // What is off is not written.
        (_, Some("false")) if is_flag => return Some((None, false)),
        (_, Some(value)) => format!("--{name}={value}"),
        (_, None) => return Some((Some(format!("--{name}")), *takes)),
    };
    Some((Some(written), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> String {
        let words = rewritten(line.split(' ').map(OsString::from).collect());
        words.iter().filter_map(|w| w.to_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_dash_becomes_two() {
        assert_eq!(
            of("bakec run -only=x -var k=v -var-file=f -debug -parallel=false -parallel-builds=2 a.json"),
            "bakec run --only=x --var k=v --var-file=f --debug --parallel=false --parallel-builds=2 a.json"
        );
        assert_eq!(
            of("bakec run -machine-readable -force -on-error=abort -color=false -timestamp-ui"),
            "bakec run --machine-readable --force --on-error=abort --color=never --timestamp-ui"
        );
        assert_eq!(of("bakec --color never resume -color=true last"), "bakec --color never resume --color=always last");
    }

    #[test]
    fn values_and_other_words_stay() {
        assert_eq!(of("bakec run -var -force -q -"), "bakec run --var -force -q -");
        assert_eq!(of("bakec run --var -only=x"), "bakec run --var -only=x");
        assert_eq!(of("bakec run -- -only=x"), "bakec run -- -only=x");
        assert_eq!(of("bakec list -only=x"), "bakec list -only=x");
        assert_eq!(of("bakec run -onyl=x -debug=false"), "bakec run -onyl=x");
    }
}

//! Values that must not be told: those of passwords, tokens and keys that stand in a plan as they are.
//!
//! A program says what is secret; a template that a person wrote seldom does, so a name says it too. A value that only refers to
//! a variable is not secret itself.

use serde_json::Value as Json;

use super::value::Change;
use super::{Builds, Diff, Entries, Steps};

/// What stands in place of a secret.
const HIDDEN: &str = "(a secret)";

/// Names that end so are those of secrets.
const ENDINGS: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "token", "access_key", "secret_key", "private_key"];

/// Whether the value of a name is a secret, written out.
pub(super) fn is_secret(name: &str, value: &Json) -> bool {
    names_secret(name) && is_written_out(value)
}

/// Hides secrets wherever a difference tells values.
pub(super) fn hide(diff: &mut Diff) {
    let Builds { changed, .. } = &mut diff.builds;
    changed.iter_mut().flat_map(|b| &mut b.changes).for_each(change);
    for steps in [&mut diff.provisioners, &mut diff.cleanups, &mut diff.tests, &mut diff.post_processors] {
        let Steps { added, removed, changed, .. } = steps;
        changed.iter_mut().flat_map(|s| &mut s.changes).for_each(change);
        for (name, value) in added.iter_mut().chain(removed).flat_map(|s| s.options.iter_mut()) {
            cover(name, value);
        }
    }
    for Entries { added, removed, changed } in [&mut diff.outputs, &mut diff.retain] {
        changed.iter_mut().flat_map(|e| &mut e.changes).for_each(change);
        added.iter_mut().chain(removed).filter_map(|e| e.value.as_mut()).for_each(|value| cover("", value));
    }
}

fn change(change: &mut Change) {
    let sides = || [&change.before, &change.after].into_iter().flatten();
    if change.path.split(['.', '[', ']']).any(names_secret) && sides().any(is_written_out) {
        *change = Change::hidden(&change.path);
        return;
    }
    // Both sides of a list may be the same where only what is hidden differs.
    let before = [change.before.clone(), change.after.clone()];
    [&mut change.before, &mut change.after].into_iter().flatten().for_each(|value| cover("", value));
    if change.before == change.after && before[0] != before[1] {
        *change = Change::hidden(&change.path);
    }
}

/// Replaces secrets in a value by a word.
fn cover(name: &str, value: &mut Json) {
    if is_secret(name, value) {
        *value = HIDDEN.into();
        return;
    }
    match value {
        Json::Object(members) => members.iter_mut().for_each(|(name, value)| cover(name, value)),
        Json::Array(list) => list.iter_mut().for_each(|value| cover("", value)),
        Json::String(text) => {
            // Variables for a program: `NAME=value`.
            if let Some((name, value)) = text.split_once('=')
                && is_secret(name, &value.into())
            {
                *text = format!("{name}={HIDDEN}");
            }
        }
        _ => {}
    }
}

fn names_secret(name: &str) -> bool {
    let name = name.trim_matches('"').to_ascii_lowercase().replace('-', "_");
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a value is there and more than a reference: `{{user `password`}}`.
fn is_written_out(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) => false,
        Json::String(text) => {
            let inside = text.trim().strip_prefix("{{").and_then(|t| t.strip_suffix("}}"));
            !text.is_empty() && inside.is_none_or(|inside| inside.contains("}}"))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_say_what_is_secret_and_references_are_none() {
        assert!(is_secret("winrm_password", &json!("hunter2")) && is_secret("DB-TOKEN", &json!(5)));
        assert!(!is_secret("winrm_password", &json!("{{user `password`}}")) && !is_secret("secret", &json!("")));
        assert!(is_secret("password", &json!("{{user `a`}}x{{user `b`}}")));
        assert!(!is_secret("http_tokens", &json!("required")) && !is_secret("password_file", &json!("p.txt")));
    }

    #[test]
    fn secrets_are_hidden_however_deep() {
        let mut value = json!([{ "login": { "secret_key": "abc", "user": "me" } }, "DB_PASSWORD=x=y", "WORD=x"]);
        cover("", &mut value);
        let wanted = json!([{ "login": { "secret_key": HIDDEN, "user": "me" } }, "DB_PASSWORD=(a secret)", "WORD=x"]);
        assert_eq!(value, wanted);
        let mut list = Change::new("environment", Some(json!(["TOKEN=a"])), Some(json!(["TOKEN=b"])));
        change(&mut list);
        assert!(list.secret && list.before.is_none(), "{list:?}");
    }
}

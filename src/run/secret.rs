//! What must never be shown: secrets as a type, and the gate that hides them wherever text leaves a run.
//!
//! Which texts are secret is decided where they come from (secret variables, options that the schema calls secret, keys and
//! passwords that a run makes), never by their looks. The gate then knows each in the forms in which a shell, an encoder or a
//! log may show it. It must not know who reads what it lets through. Neighbours: `event` calls it for all that it carries.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::problem::Problem;

/// What stands where a secret stood.
pub const HIDDEN: &str = "<sensitive>";

/// Shorter texts are not looked for: they would be found everywhere, and hide nothing.
const SHORTEST: usize = 3;

/// A text that is not shown, not even by `{:?}`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Secret(text.into())
    }

    /// The text, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The gate: knows all secrets of a run and hides them in texts. Clones know the same secrets.
#[derive(Clone, Default)]
pub struct Gate(Arc<RwLock<Known>>);

/// What is looked for.
#[derive(Default)]
struct Known {
    all: HashSet<Arc<str>>,
    /// Finders, each at least as large as all behind it together: a run that hears of many secrets does not begin anew with each.
    finders: Vec<(Vec<Arc<str>>, AhoCorasick)>,
}

impl Known {
    fn add(&mut self, forms: Vec<String>) {
        let mut new: Vec<Arc<str>> = forms.into_iter().map(Arc::from).collect();
        new.retain(|form| self.all.insert(form.clone()));
        if new.is_empty() {
            return;
        }
        let mut kept = self.finders.len();
        while kept > 0 && self.finders[kept - 1].0.len() <= new.len() {
            kept -= 1;
            new.extend_from_slice(&self.finders[kept].0);
        }
        // The smallest automaton: there may be thousands of keys.
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(new.iter().map(|form| form.as_bytes()));
        if let Ok(finder) = finder {
            self.finders.truncate(kept);
            self.finders.push((new, finder));
        }
    }
}

impl Gate {
    /// Hides a text from now on, in every form that it may take.
    pub fn hide(&self, secret: &Secret) {
        self.add(forms(secret.reveal()));
    }

    /// Hides the lines of a key that was made here as they stand in its file. Nobody puts it into a command, a URL or a document:
    /// it could be shown only by someone who prints the file.
    pub fn hide_key(&self, secret: &Secret) {
        let lines = secret.reveal().lines().map(str::trim);
        self.add(
            lines.filter(|line| line.len() >= SHORTEST && !line.starts_with("-----")).map(str::to_owned).collect(),
        );
    }

    fn add(&self, forms: Vec<String>) {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).add(forms);
    }

    /// The text without secrets.
    pub fn pass(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        // All that is found is hidden, also where one secret is a part of another: first what, then how.
        let found = known.finders.iter().flat_map(|(_, finder)| finder.find_overlapping_iter(text)).map(|m| m.range());
        let mut found: Vec<_> = found.filter(|range| !range.is_empty()).collect();
        found.sort_by_key(|range| (range.start, range.end));
        found.dedup_by(|next, last| {
            let inside = next.start < last.end;
            if inside {
                last.end = last.end.max(next.end);
            }
            inside
        });
        let (mut passed, mut from) = (String::with_capacity(text.len()), 0);
        for range in found {
            passed.push_str(&text[from..range.start]);
            passed.push_str(HIDDEN);
            from = range.end;
        }
        passed + &text[from..]
    }

    /// The problem without secrets.
    pub fn pass_problem(&self, problem: Problem) -> Problem {
        Problem { message: self.pass(&problem.message), help: problem.help.map(|help| self.pass(&help)), ..problem }
    }

    /// The data without secrets; names of members are left alone.
    pub fn pass_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.pass(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|v| self.pass_json(v)),
            serde_json::Value::Object(members) => members.values_mut().for_each(|v| self.pass_json(v)),
            _ => {}
        }
    }
}

/// The lines of a secret, each as it is, as shells quote it, as JSON, as a URL and as base64 write it.
fn forms(secret: &str) -> Vec<String> {
    let whole = secret.trim();
    let lines = whole.lines().map(str::trim);
    let mut all: Vec<String> = Vec::new();
    // Where each line is looked for, so is the whole, but where a line is too short.
    let parted = whole.lines().all(|line| line.trim().len() >= SHORTEST);
    for text in Some(whole).filter(|_| !parted).into_iter().chain(lines).filter(|t| t.len() >= SHORTEST) {
        all.push(text.to_owned());
        all.push(text.replace('\'', r"'\''"));
        all.push(text.replace('\'', r#"'"'"'"#));
        all.push(backslashed(text));
        all.push(serde_json::Value::from(text).to_string().trim_matches('"').to_owned());
        all.push(percent(text));
        all.extend(encoded(text.as_bytes()));
    }
    all.sort();
    all.dedup();
    all
}

/// Each character that a shell knows behind a backslash.
fn backslashed(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if !c.is_alphanumeric() && !"_-./:,@%+=".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(b)),
            _ => out.push_str(&format!("%{b:02X}")),
        }
        out
    })
}

/// The base64 of the bytes wherever they stand in what is encoded: at each of the three offsets, without the characters that
/// neighbours share.
fn encoded(bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    // Fewer tell nothing that could not be chance.
    if bytes.len() < 6 {
        return all;
    }
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for offset in 0..3 {
            let shifted: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
            let text = engine.encode(&shifted);
            let start = [0, 2, 3][offset];
            let end = if shifted.len().is_multiple_of(3) { text.len() } else { text.len() - 1 };
            all.push(text[start..end].to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    fn gate(secret: &str) -> Gate {
        let gate = Gate::default();
        gate.hide(&Secret::new(secret));
        gate
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let secret = "it's a \"pass word\" & $more";
        let gate = gate(secret);
        for form in [
            secret.to_owned(),
            format!("export X='{}'", secret.replace('\'', r"'\''")),
            format!("X='{}' ", secret.replace('\'', r#"'"'"'"#)),
            serde_json::json!({ "a": secret }).to_string(),
            r#"echo it\'s\ a\ \"pass\ word\"\ \&\ \$more"#.to_owned(),
            "url?x=it%27s%20a%20%22pass%20word%22%20%26%20%24more".to_owned(),
        ] {
            let passed = gate.pass(&form);
            assert!(passed.contains(HIDDEN) && !passed.contains("pass"), "{form} became {passed}");
        }
        for before in ["", "a", "ab", "abc"] {
            for behind in ["", "\n", "xy"] {
                let text = STANDARD.encode(format!("{before}{secret}{behind}"));
                assert!(gate.pass(&text).contains(HIDDEN), "{before:?} and {behind:?}: {text}");
            }
        }
    }

    #[test]
    fn lines_of_a_secret_are_secret() {
        let gate = gate("-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----\n");
        assert_eq!(gate.pass("the line abcdefgh!"), format!("the line {HIDDEN}!"));
    }

    #[test]
    fn a_key_made_here_is_hidden_line_by_line() {
        let gate = Gate::default();
        gate.hide_key(&Secret::new("-----BEGIN KEY-----\nabcd+efgh\n-----END KEY-----\n"));
        assert_eq!(gate.pass("-----BEGIN KEY-----\nabcd+efgh\n"), format!("-----BEGIN KEY-----\n{HIDDEN}\n"));
    }

    #[test]
    fn many_secrets_are_hidden_all() {
        let gate = Gate::default();
        let secret = |n: usize| format!("number-{n}-of-many");
        for n in 0..100 {
            gate.hide(&Secret::new(secret(n)));
            for known in 0..=n {
                assert_eq!(gate.pass(&format!("a {} b", secret(known))), format!("a {HIDDEN} b"), "{known} of {n}");
            }
        }
    }

    #[test]
    fn a_secret_that_is_a_part_of_another_shows_nothing_of_it() {
        for secrets in
            [["admin\nand-more\nand-more-of-it", "admin-x9"], ["admin-x9\nand-more\nand-more-of-it", "admin"]]
        {
            let gate = gate(secrets[0]);
            gate.hide(&Secret::new(secrets[1]));
            assert_eq!(gate.pass("by admin-x9 and admin."), format!("by {HIDDEN} and {HIDDEN}."), "{secrets:?}");
        }
        // Nor do two that overlap.
        let gate = gate("abcdef");
        gate.hide(&Secret::new("defghi"));
        assert_eq!(gate.pass("xabcdefghix"), format!("x{HIDDEN}x"));
    }

    #[test]
    fn what_is_no_secret_passes() {
        let gate = gate("hunter22");
        assert_eq!(gate.pass("nothing to see"), "nothing to see");
        assert_eq!(format!("{:?}", Secret::new("hunter22")), HIDDEN);
        gate.hide(&Secret::new("a"));
        assert_eq!(gate.pass("a cat"), "a cat");
        let mut data = serde_json::json!({ "hunter22": ["hunter22", 1] });
        gate.pass_json(&mut data);
        assert_eq!(data, serde_json::json!({ "hunter22": [HIDDEN, 1] }));
    }
}

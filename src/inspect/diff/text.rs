//! Differences as text for people: `-` for what was, `+` for what is, `→` between short values, lines for long texts.
//!
//! Builds with the same changes stand together, and so do builds whose texts have the same part replaced.

use std::fmt::Write;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json};
use similar::{ChangeTag, TextDiff};

use super::builds::{BuildChange, Builds, Named};
use super::steps::{StepName, Steps};
use super::value::Change;
use super::{Diff, Entries, Entry};

/// Longer values are shown on lines of their own.
const SHORT: usize = 60;
/// Larger texts are not compared line by line.
const LARGE: usize = 1 << 20;
/// Lines of context around a change in a text.
const CONTEXT: usize = 2;
/// The most names that are listed.
const LISTED: usize = 100;

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to paint.
    pub colour: bool,
}

/// The differences; nothing where there are none.
pub fn text(diff: &Diff, style: Style) -> String {
    let mut page = Page { out: String::new(), style };
    if let Some(change) = &diff.min_packer_version {
        page.head("packer");
        page.changes(2, std::slice::from_ref(change), false);
    }
    page.entries("variables", &diff.variables, true);
    page.builds(&diff.builds);
    let total = diff.builds.after;
    page.steps("provisioners", &diff.provisioners, total);
    page.steps("cleanups", &diff.cleanups, total);
    page.steps("tests", &diff.tests, total);
    page.steps("post-processors", &diff.post_processors, total);
    page.entries("outputs", &diff.outputs, false);
    page.entries("retain", &diff.retain, false);
    page.out
}

#[derive(Clone, Copy, PartialEq)]
enum Paint {
    Head,
    Minus,
    Plus,
    Tilde,
    Dim,
}

struct Page {
    out: String,
    style: Style,
}

impl Page {
    fn line(&mut self, indent: usize, paint: Option<Paint>, text: &str) {
        let code = match paint.filter(|_| self.style.colour) {
            None => "",
            Some(Paint::Head) => "\x1b[1m",
            Some(Paint::Minus) => "\x1b[31m",
            Some(Paint::Plus) => "\x1b[32m",
            Some(Paint::Tilde) => "\x1b[33m",
            Some(Paint::Dim) => "\x1b[2m",
        };
        let off = if code.is_empty() { "" } else { "\x1b[0m" };
        let line = format!("{:indent$}{code}{text}{off}", "");
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn head(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.line(0, Some(Paint::Head), text);
    }

    fn entries(&mut self, head: &str, entries: &Entries, variables: bool) {
        if entries.is_empty() {
            return;
        }
        self.head(head);
        let value = |entry: &Entry| match &entry.value {
            Some(value) => format!("  {}", shown(value)),
            None => String::new(),
        };
        for entry in &entries.removed {
            self.line(2, Some(Paint::Minus), &format!("- {}{}", name(&entry.name), value(entry)));
        }
        for entry in &entries.added {
            self.line(2, Some(Paint::Plus), &format!("+ {}{}", name(&entry.name), value(entry)));
        }
        for entry in &entries.changed {
            self.line(2, Some(Paint::Tilde), &format!("~ {}", name(&entry.name)));
            self.changes(6, &entry.changes, variables);
        }
    }

    fn builds(&mut self, builds: &Builds) {
        if builds.is_empty() {
            return;
        }
        let count = if builds.before == builds.after {
            format!("builds ({})", builds.after)
        } else {
            format!("builds ({} → {})", builds.before, builds.after)
        };
        self.head(&count);
        for (list, paint, mark) in [(&builds.removed, Paint::Minus, '-'), (&builds.added, Paint::Plus, '+')] {
            let width = list.iter().map(|b| b.name.chars().count()).max().unwrap_or(0);
            for build in list.iter().take(LISTED) {
                self.line(2, Some(paint), &format!("{mark} {:width$}  {}", name(&build.name), about(build)));
            }
            self.more(list.len());
        }
        for renamed in builds.renamed.iter().take(LISTED) {
            let line = format!("~ {} → {}  renamed", name(&renamed.before), name(&renamed.after));
            self.line(2, Some(Paint::Tilde), &line);
        }
        self.more(builds.renamed.len());
        for group in grouped(&builds.changed) {
            let first = group.builds.first().copied().unwrap_or_default();
            let heading = match group.builds.len() {
                1 => name(first),
                n if n == builds.after => format!("in all {n} builds"),
                n => format!("in {n} of {} builds, first {}", builds.after, name(first)),
            };
            self.line(2, Some(Paint::Tilde), &format!("~ {heading}"));
            let changes: Vec<Change> = group.changes.into_iter().cloned().collect();
            self.changes(6, &changes, false);
            if group.alike {
                self.line(
                    6,
                    Some(Paint::Dim),
                    &format!("(values are those of {}; the others change alike)", name(first)),
                );
            }
        }
    }

    fn more(&mut self, all: usize) {
        if all > LISTED {
            self.line(2, Some(Paint::Dim), &format!("… and {} more", all - LISTED));
        }
    }

    fn steps(&mut self, head: &str, steps: &Steps, total: usize) {
        if steps.is_empty() {
            return;
        }
        self.head(head);
        for (list, paint, mark) in [(&steps.removed, Paint::Minus, '-'), (&steps.added, Paint::Plus, '+')] {
            for step in list {
                self.line(
                    2,
                    Some(paint),
                    &format!("{mark} {}{}", titled(step.position, &step.kind, &step.label), whom(step)),
                );
                self.options(paint, mark, &step.options);
            }
        }
        for moved in &steps.moved {
            let way = if moved.after < moved.before { "up" } else { "down" };
            let title = paired(moved.before, moved.after, &moved.kind, &moved.label);
            self.line(2, Some(Paint::Tilde), &format!("~ {title}  moved {way}"));
        }
        for change in &steps.changed {
            let title = paired(change.before, change.after, &change.kind, &change.label);
            self.line(2, Some(Paint::Tilde), &format!("~ {title}"));
            let (builds, others): (Vec<Change>, Vec<Change>) =
                change.changes.iter().cloned().partition(|c| c.path == "builds");
            self.changes(6, &others, false);
            for change in builds {
                self.whom_changed(&change, total);
            }
        }
    }

    fn whom_changed(&mut self, change: &Change, total: usize) {
        let names = |value: &Option<Json>| match value {
            Some(Json::Array(list)) => {
                Some(list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect::<Vec<_>>())
            }
            _ => None,
        };
        let (before, after) = (names(&change.before), names(&change.after));
        let of = |names: &Option<Vec<String>>| match names {
            None => "all builds".to_owned(),
            Some(names) => some_builds(names),
        };
        self.line(6, None, &format!("for  {} → {}", of(&before), of(&after)));
        if let (Some(before), Some(after)) = (&before, &after) {
            for (from, other, paint, mark) in [(before, after, Paint::Minus, '-'), (after, before, Paint::Plus, '+')] {
                let only: Vec<String> = from.iter().filter(|n| !other.contains(n)).cloned().collect();
                if !only.is_empty() && only.len() < total {
                    self.line(8, Some(paint), &format!("{mark} {}", some_builds(&only)));
                }
            }
        }
    }

    fn options(&mut self, paint: Paint, mark: char, options: &Map<String, Json>) {
        for (key, value) in options {
            match value.as_str().filter(|text| text.contains('\n')) {
                Some(text) => {
                    self.line(6, Some(paint), &format!("{mark} {}", name(key)));
                    text.lines().for_each(|line| self.line(10, Some(paint), &format!("{mark} {}", visible(line))));
                }
                None => self.line(6, Some(paint), &format!("{mark} {}  {}", name(key), shown(value))),
            }
        }
    }

    /// Changes with their paths in a column.
    fn changes(&mut self, indent: usize, changes: &[Change], variables: bool) {
        let inline: Vec<Option<String>> = changes.iter().map(|change| inline(change, variables)).collect();
        let width = changes.iter().zip(&inline).filter(|(_, i)| i.is_some()).map(|(c, _)| c.path.chars().count()).max();
        let width = width.unwrap_or(0).min(SHORT);
        for (change, inline) in changes.iter().zip(inline) {
            let path = name(&change.path);
            match (inline, &change.before, &change.after) {
                (Some(words), before, after) => {
                    let paint = match (before, after, change.secret || variables) {
                        (Some(_), None, false) => Some(Paint::Minus),
                        (None, Some(_), false) => Some(Paint::Plus),
                        _ => None,
                    };
                    self.line(indent, paint, &format!("{path:width$}  {words}"));
                }
                (None, before, after) => {
                    self.line(indent, None, &path);
                    self.lines(indent + 4, before.as_ref(), after.as_ref());
                }
            }
        }
    }

    /// A change on lines of its own.
    fn lines(&mut self, indent: usize, before: Option<&Json>, after: Option<&Json>) {
        let texts = (before.and_then(as_lines), after.and_then(as_lines));
        // Line ends alone are seen in the values themselves.
        let same = texts.0 == texts.1;
        let texts = if same { (None, None) } else { texts };
        if let (Some(a), Some(b)) = &texts
            && a.len() + b.len() > LARGE
        {
            let words = format!("(differs: {} lines → {} lines)", a.lines().count(), b.lines().count());
            return self.line(indent, Some(Paint::Dim), &words);
        }
        if let (Some(a), Some(b)) = texts {
            let diff = TextDiff::from_lines(a.as_str(), b.as_str());
            let groups = diff.grouped_ops(CONTEXT);
            for (index, group) in groups.iter().enumerate() {
                if index > 0 {
                    self.line(indent, Some(Paint::Dim), "…");
                }
                for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                    let (mark, paint) = match change.tag() {
                        ChangeTag::Delete => ('-', Some(Paint::Minus)),
                        ChangeTag::Insert => ('+', Some(Paint::Plus)),
                        ChangeTag::Equal => (' ', None),
                    };
                    let value = change.value();
                    let end = if change.missing_newline() && a.ends_with('\n') != b.ends_with('\n') {
                        "  (no line end)"
                    } else {
                        ""
                    };
                    self.line(
                        indent,
                        paint,
                        &format!("{mark} {}{end}", visible(value.strip_suffix('\n').unwrap_or(value))),
                    );
                }
            }
            return;
        }
        for (value, paint, mark) in [(before, Paint::Minus, '-'), (after, Paint::Plus, '+')] {
            match value {
                None => {}
                Some(value) => match as_lines(value).filter(|_| !same) {
                    Some(text) => {
                        text.lines().for_each(|l| self.line(indent, Some(paint), &format!("{mark} {}", visible(l))))
                    }
                    None => self.line(indent, Some(paint), &format!("{mark} {}", shown(value))),
                },
            }
        }
    }
}

/// Texts with line breaks, and lists of texts (scripts are written so), as lines.
fn as_lines(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if text.contains('\n') => Some(text.clone()),
        Json::Array(list) if !list.is_empty() && list.iter().all(|v| v.as_str().is_some()) => {
            let lines: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
            Some(lines.iter().map(|line| format!("{}\n", line.strip_suffix('\n').unwrap_or(line))).collect())
        }
        _ => None,
    }
}

/// A change on one line, where it fits.
fn inline(change: &Change, variable: bool) -> Option<String> {
    if change.secret {
        return Some("differs (a secret)".to_owned());
    }
    let absent = if variable { "required" } else { "" };
    let lines = |value: &Json| value.as_str().is_some_and(|text| text.contains('\n'));
    let long = |value: &Option<Json>| {
        value.as_ref().is_some_and(|value| {
            let within = value.as_array().is_some_and(|list| list.iter().any(lines));
            within || lines(value) || shown(value).chars().count() > SHORT
        })
    };
    if long(&change.before) || long(&change.after) {
        return None;
    }
    Some(match (&change.before, &change.after) {
        (Some(a), Some(b)) => match list_change(a, b) {
            Some(words) => words,
            None => format!("{} → {}", shown(a), shown(b)),
        },
        (Some(a), None) if variable => format!("{} → {absent}", shown(a)),
        (None, Some(b)) if variable => format!("{absent} → {}", shown(b)),
        (Some(a), None) => format!("- {}", shown(a)),
        (None, Some(b)) => format!("+ {}", shown(b)),
        (None, None) => String::new(),
    })
}

/// What came and went in a list of plain values.
fn list_change(a: &Json, b: &Json) -> Option<String> {
    let (Json::Array(a), Json::Array(b)) = (a, b) else { return None };
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_array() || v.is_object()) {
        return None;
    }
    let gone = a.iter().filter(|v| !b.contains(v)).map(|v| format!("- {}", shown(v)));
    let come = b.iter().filter(|v| !a.contains(v)).map(|v| format!("+ {}", shown(v)));
    let words = gone.chain(come).collect::<Vec<_>>();
    if words.is_empty() {
        return (a.len() == b.len())
            .then(|| format!("{} → {} (another order)", shown(&a[..].into()), shown(&b[..].into())));
    }
    Some(words.join("  "))
}

/// A value on one line.
fn shown(value: &Json) -> String {
    visible(&value.to_string())
}

/// A name without what would paint or move the terminal.
fn name(text: &str) -> String {
    visible(text)
}

fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut out, c| {
        let written = match c {
            '\t' => write!(out, "\t"),
            c if c.is_control() => write!(out, "{}", c.escape_default()),
            c => write!(out, "{c}"),
        };
        debug_assert!(written.is_ok(), "writing to a string does not fail");
        out
    })
}

fn about(build: &Named) -> String {
    let axes = build.axes.iter().map(|(key, value)| match value {
        Json::String(text) => format!("{key}={}", visible(text)),
        other => format!("{key}={other}"),
    });
    std::iter::once(name(&build.kind)).chain(axes).collect::<Vec<_>>().join("  ")
}

fn titled(position: usize, kind: &str, label: &Option<String>) -> String {
    let label = label.as_ref().map(|l| format!(" \"{}\"", visible(l))).unwrap_or_default();
    format!("{position}. {}{label}", name(kind))
}

/// A step of both plans: its number in the first and in the second, where these differ.
fn paired(before: usize, after: usize, kind: &str, label: &Option<String>) -> String {
    let title = titled(after, kind, label);
    if before == after { title } else { format!("{before} → {title}") }
}

fn whom(step: &StepName) -> String {
    step.builds.as_ref().map(|names| format!("  for {}", some_builds(names))).unwrap_or_default()
}

/// `web-1`, `2 builds, first web-1`
fn some_builds(names: &[String]) -> String {
    match names {
        [] => "no build".to_owned(),
        [one] => name(one),
        [first, ..] => format!("{} builds, first {}", names.len(), name(first)),
    }
}

/// Builds with the same changes.
struct Group<'d> {
    builds: Vec<&'d str>,
    /// Those of the first build.
    changes: Vec<&'d Change>,
    /// Whether values of the others differ from these, though they change alike.
    alike: bool,
}

/// Changes by the builds that have them: each change stands once, under all builds that have it.
fn grouped(changed: &[BuildChange]) -> Vec<Group<'_>> {
    /// A change with the builds that have it.
    struct Same<'d> {
        change: &'d Change,
        builds: Vec<usize>,
        alike: bool,
    }
    let mut same: Vec<Same<'_>> = Vec::new();
    let mut known: FxHashMap<(&str, String), usize> = FxHashMap::default();
    for (index, build) in changed.iter().enumerate() {
        for change in &build.changes {
            let key = (change.path.as_str(), edit(change));
            match known.get(&key).copied() {
                Some(at) => {
                    let one: &mut Same<'_> = &mut same[at];
                    one.builds.push(index);
                    one.alike |= one.change != change;
                }
                None => {
                    known.insert(key, same.len());
                    same.push(Same { change, builds: vec![index], alike: false });
                }
            }
        }
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_builds: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
    for Same { change, builds, alike } in same {
        let at = *by_builds.entry(builds.clone()).or_insert_with(|| {
            let names = builds.iter().map(|i| changed[*i].name.as_str()).collect();
            groups.push(Group { builds: names, changes: Vec::new(), alike: false });
            groups.len() - 1
        });
        groups[at].changes.push(change);
        groups[at].alike |= alike;
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.builds.len()));
    groups
}

/// What a change does, without what stays: equal for texts of which the same words are replaced.
fn edit(change: &Change) -> String {
    if let (Some(Json::String(a)), Some(Json::String(b))) = (&change.before, &change.after) {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
        let mut start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        while !a.is_char_boundary(start) || !b.is_char_boundary(start) || a[..start].ends_with(word) && start > 0 {
            start -= 1;
        }
        let room = a.len().min(b.len()) - start;
        let mut end = a.bytes().rev().zip(b.bytes().rev()).take(room).take_while(|(a, b)| a == b).count();
        while end > 0
            && (!a.is_char_boundary(a.len() - end)
                || !b.is_char_boundary(b.len() - end)
                || a[a.len() - end..].starts_with(word))
        {
            end -= 1;
        }
        let (old, new) = (&a[start..a.len() - end], &b[start..b.len() - end]);
        // Without words of its own on one side it is not the same edit.
        if !old.is_empty() && !new.is_empty() {
            return format!("{old}\u{0}{new}");
        }
    }
    format!("{:?}\u{0}{:?}", change.before.as_ref().map(Json::to_string), change.after.as_ref().map(Json::to_string))
}

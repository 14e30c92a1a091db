//! What a run would do, for people: what its builds have in common once, and what differs in a table.
//!
//! `fields` are what is told of a build, `table` lays out what differs. It knows no terminal, only its width and its colours.

mod fields;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use console::measure_text_width;

use super::paint::{self, painted};
use crate::diagnostic::render::Style;
use crate::run::outlook::{Outlook, Row};
use crate::run::preview::Preview;
use crate::text::words::{count, list};
use fields::{FIELDS, Field, own_tags, shared_tags};
use table::{Column, laid_out};

/// More builds than these are told by what they have in common, unless each is asked for.
const FEW: usize = 40;

/// More ways through the steps are not told apart.
const WAYS: usize = 3;

/// The narrowest text that is told beside its name.
const NARROW: usize = 24;

/// How it is told.
#[derive(Clone, Copy, Debug)]
pub struct How<'h> {
    /// The plan, as it was named.
    pub file: &'h str,
    /// Whether each build has a row, however many there are.
    pub all: bool,
    /// What the terminal can show.
    pub style: Style,
}

/// What has changed since the last run of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Since {
    /// The run.
    pub run: String,
    /// How long ago it began, and how it ended.
    pub when: String,
    /// What is different; nothing where nothing is.
    pub changes: Vec<String>,
    /// The command that tells all of it.
    pub command: String,
}

/// What a run would do, as text.
pub fn text(outlook: &Outlook, live: Option<&Preview>, since: Option<&Since>, how: How<'_>) -> String {
    let rows: Vec<&Row> = outlook.builds.iter().collect();
    let style = how.style;
    let mut out = painted(style.colour, true, paint::GREEN, &title(&rows, how.file)) + "\n\n";
    let common = common(&rows, live);
    let folded = rows.len() > FEW && !how.all;
    if rows.len() > 1 {
        out.push_str(&pairs("every build", &common, style));
        out.push_str(&ways(&rows, style));
        let differ = differing(&rows, live);
        out.push('\n');
        let (columns, cells) = if folded { by_kind(&rows, &differ, live) } else { each(&rows, &differ, live) };
        out.push_str(&laid_out(&columns, &cells, style));
        if folded {
            let words = "each of them: --each; some of them: --only";
            let _ = writeln!(out, "  {}", painted(style.colour, false, paint::DIM, words));
        }
    } else {
        out.push_str(&pairs("", &common, style));
        out.push_str(&ways(&rows, style));
    }
    out.push('\n');
    out.push_str(&pairs("", &ends(outlook), style));
    if let Some(live) = live {
        out.push_str(&pairs("", &asked(live), style));
    }
    if let Some(since) = since {
        out.push_str(&pairs("", &changes(since), style));
    }
    out
}

/// `official.bake: 32 builds of amazon-ebs in 4 regions`
fn title(rows: &[&Row], file: &str) -> String {
    let distinct = |of: &dyn Fn(&Row) -> Option<String>| {
        let mut all: Vec<String> = Vec::new();
        for value in rows.iter().filter_map(|row| of(row)) {
            if !all.contains(&value) {
                all.push(value);
            }
        }
        all
    };
    let kinds = distinct(&|row| Some(row.kind.to_owned()));
    let regions = distinct(&|row| row.region.clone());
    let place = match &regions[..] {
        [] => String::new(),
        [one] => format!(" in {one}"),
        many => format!(" in {}", count(many.len(), "region")),
    };
    format!("{file}: {} of {}{place}", count(rows.len(), "build"), list(&kinds, "and"))
}

/// What all builds have in common, and is anything.
fn common(rows: &[&Row], live: Option<&Preview>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for field in FIELDS.iter().filter(|field| is_common(field, rows, live)) {
        let value = rows.first().map(|row| (field.value)(row, live)).unwrap_or_default();
        if !value.is_empty() {
            all.push((field.name.to_owned(), value));
        }
    }
    let tags = shared_tags(rows);
    if !tags.is_empty() {
        all.push(("tags".to_owned(), tags));
    }
    all
}

fn is_common(field: &Field, rows: &[&Row], live: Option<&Preview>) -> bool {
    let first = rows.first().map(|row| (field.value)(row, live));
    rows.iter().all(|row| Some((field.value)(row, live)) == first)
}

fn differing(rows: &[&Row], live: Option<&Preview>) -> Vec<&'static Field> {
    FIELDS.iter().filter(|field| !is_common(field, rows, live)).collect()
}

/// The ways through the steps, with the builds that go them where there are several.
fn ways(rows: &[&Row], style: Style) -> String {
    let arrow = if style.unicode { " → " } else { " > " };
    let mut ways: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    for (position, row) in rows.iter().enumerate() {
        let mut steps: Vec<&str> = Vec::new();
        for step in &row.steps {
            // Places of a step are told by regions and copies.
            let place = row.region.iter().chain(&row.copies).find_map(|r| step.strip_suffix(r.as_str()));
            let step = place.map_or(step.as_str(), str::trim_end);
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
        let way = steps.join(arrow);
        match ways.values_mut().find(|(known, _)| *known == way) {
            Some((_, builds)) => *builds += 1,
            None => drop(ways.insert(position, (way, 1))),
        }
    }
    let several = ways.len() > 1;
    let more = ways.len().saturating_sub(WAYS);
    let mut told: Vec<(String, String)> = Vec::new();
    for (way, builds) in ways.into_values().take(WAYS) {
        let name = if told.is_empty() { "steps".to_owned() } else { String::new() };
        told.push((name, if several { format!("{}: {way}", count(builds, "build")) } else { way }));
    }
    if more > 0 {
        told.push((String::new(), format!("and {}", count(more, "other way"))));
    }
    pairs("", &told, style)
}

/// A row for each build.
fn each(rows: &[&Row], differ: &[&'static Field], live: Option<&Preview>) -> (Vec<Column>, Vec<Vec<String>>) {
    let tagged = rows.iter().any(|row| !own_tags(row, rows).is_empty());
    let mut columns = vec![Column::first("build")];
    columns.extend(differ.iter().map(|field| Column::of(field.name)));
    columns.extend(tagged.then(|| Column::of("tags")));
    let cells = rows.iter().map(|row| {
        let mut cells = vec![row.name.clone()];
        cells.extend(differ.iter().map(|field| (field.value)(row, live)));
        cells.extend(tagged.then(|| own_tags(row, rows)));
        cells
    });
    (columns, cells.collect())
}

/// A row for builds that are alike in what most are alike in.
fn by_kind(rows: &[&Row], differ: &[&'static Field], live: Option<&Preview>) -> (Vec<Column>, Vec<Vec<String>>) {
    let told: Vec<&Field> = differ.iter().copied().filter(|field| field.groups).collect();
    let mut groups: Vec<(Vec<String>, Vec<&Row>)> = Vec::new();
    for row in rows {
        let key: Vec<String> = told.iter().map(|field| (field.value)(row, live)).collect();
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, builds)) => builds.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    let mut columns = vec![Column::first("builds")];
    columns.extend(told.iter().map(|field| Column::of(field.name)));
    columns.push(Column::of("names"));
    let cells = groups.into_iter().map(|(key, builds)| {
        let names = match &builds[..] {
            [one] => one.name.clone(),
            [first, .., last] => format!("{} … {}", first.name, last.name),
            [] => String::new(),
        };
        std::iter::once(builds.len().to_string()).chain(key).chain([names]).collect()
    });
    (columns, cells.collect())
}

/// What comes, what stays, and what is called for it.
fn ends(outlook: &Outlook) -> Vec<(String, String)> {
    let counted = |all: &BTreeMap<&'static str, usize>| {
        let parts: Vec<String> = all.iter().map(|(kind, n)| count(*n, kind)).collect();
        list(&parts, "and")
    };
    let mut told = Vec::new();
    if !outlook.staying.is_empty() {
        told.push(("to stay".to_owned(), counted(&outlook.staying)));
    }
    if !outlook.passing.is_empty() {
        told.push(("for a while".to_owned(), counted(&outlook.passing)));
    }
    let replaced = outlook.builds.iter().filter(|row| row.replaces).count();
    if replaced > 0 {
        let words = format!("former images of the same name, by {}", count(replaced, "build"));
        told.push(("replaced".to_owned(), words));
    }
    let all: u32 = outlook.calls.values().sum();
    if all > 0 {
        let bare = |action: &str| action.split_once(':').map_or(action, |(_, name)| name).to_owned();
        let mut by_count: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (action, times) in &outlook.calls {
            by_count.entry(*times).or_default().push(bare(action));
        }
        told.push(("calls".to_owned(), format!("about {all} that change something")));
        let each = by_count.into_iter().rev();
        told.extend(each.map(|(times, actions)| (String::new(), format!("{times} {}", list(&actions, "and")))));
    }
    told
}

/// What AWS was asked.
fn asked(live: &Preview) -> Vec<(String, String)> {
    let mut told =
        vec![("asked".to_owned(), format!("AWS, by {}; nothing was begun", count(live.calls as usize, "call")))];
    let mut why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (action, reason) in &live.unasked {
        why.entry(reason).or_default().push(action);
    }
    told.extend(
        why.into_iter().map(|(why, actions)| ("not asked".to_owned(), format!("{}: {why}", actions.join(", ")))),
    );
    told
}

fn changes(since: &Since) -> Vec<(String, String)> {
    let name = "since".to_owned();
    if since.changes.is_empty() {
        return vec![(name, format!("{}, {}: nothing has changed", since.run, since.when))];
    }
    let mut told = vec![(name, format!("{}, {}", since.run, since.when))];
    told.extend(since.changes.iter().map(|change| (String::new(), change.clone())));
    told.push((String::new(), format!("all of it: {}", since.command)));
    told
}

/// Names with what is told of them, in two columns; long texts go on below.
fn pairs(heading: &str, all: &[(String, String)], style: Style) -> String {
    /// As wide as the longest name of all lists.
    const NAMES: usize = 12;
    let mut out = String::new();
    if !heading.is_empty() && !all.is_empty() {
        let _ = writeln!(out, "  {}", painted(style.colour, true, paint::BRIGHT, heading));
    }
    for (name, value) in all {
        let room = style.width.saturating_sub(NAMES + 4).max(NARROW);
        for (n, line) in wrapped(value, room).into_iter().enumerate() {
            let name = if n == 0 { name.as_str() } else { "" };
            let gap = NAMES.saturating_sub(measure_text_width(name));
            let _ = writeln!(out, "  {}{:gap$}  {line}", painted(style.colour, false, paint::DIM, name), "");
        }
    }
    out
}

/// A text in lines of a width, parted at blanks.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

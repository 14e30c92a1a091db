//! What a board shows: rows of text for a width and a height. It knows no terminal, and time only as it is told.
//!
//! A running build is a row; failed ones stay, as far as there is room; those that are done are one row together. Where there are
//! more than rows, those that speak are shown, and kept for a while: a board that changes its rows all the time cannot be read.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use jiff::Timestamp;

use super::paint::{self, painted};
use super::tally::{Build, Ended, Tally};
use super::words::{between, placed, short};
use crate::diagnostic::render::Style;
use crate::text::words::count;

/// A build that was silent as long makes room for another.
const SILENCE: Duration = Duration::from_secs(10);
/// Narrower boards do not name the step.
const ROOMY: usize = 60;
/// What the name of a build takes of the width, at most.
const NAME: usize = 3;

/// Which builds were shown last.
#[derive(Default)]
pub(super) struct Shown(Vec<usize>);

/// The rows, at most `height` of them.
pub(super) fn rows(
    tally: &Tally,
    shown: &mut Shown,
    now: Timestamp,
    (width, height): (usize, usize),
    style: Style,
) -> Vec<String> {
    let builds: Vec<&Build> = tally.builds.values().collect();
    let positions = |keep: &dyn Fn(&Build) -> bool| (0..builds.len()).filter(|n| keep(builds[*n])).collect::<Vec<_>>();
    let running = positions(&Build::runs);
    let failed = positions(&|b| matches!(b.ended, Some((_, Ended::Failed(..)))));
    let done = positions(&|b| matches!(b.ended, Some((_, Ended::Done(_)))));
    let mut all = Vec::new();
    // The last row counts.
    let mut room = height.saturating_sub(1);
    if !done.is_empty() && room > 1 {
        room -= 1;
        let names: Vec<&str> =
            done.iter().filter_map(|n| tally.builds.get_index(*n)).map(|(name, _)| &**name).collect();
        all.push(line(
            style,
            width,
            paint::GREEN,
            mark(style, "✓", "+"),
            &format!("{} done: {}", done.len(), names.join(", ")),
        ));
    }
    // Those that failed may take half of the room, or what those that run leave over.
    let for_failed = failed.len().min((room / 2).max(room.saturating_sub(running.len())));
    let for_running = running.len().min(room - for_failed);
    choose(shown, &running, &builds, for_running, now);
    // The newest failures.
    let mut lately = failed.clone();
    lately.sort_by_key(|n| std::cmp::Reverse(builds[*n].ended.as_ref().map(|(at, _)| *at)));
    lately.truncate(for_failed);
    let mut rows: Vec<usize> = shown.0.iter().copied().chain(lately).collect();
    rows.sort_unstable();
    let named = |n: usize| tally.builds.get_index(n).map_or("", |(name, _)| &**name);
    let widest = rows.iter().map(|n| measure_text_width(named(*n))).max().unwrap_or(0);
    let column = widest.min((width / NAME).max(8));
    all.extend(rows.iter().map(|n| row(named(*n), builds[*n], *n, now, width, column, style)));
    let waiting = builds.iter().filter(|b| b.started.is_none() && b.ended.is_none()).count();
    all.push(counts(tally, running.len(), for_running, waiting, done.len(), failed.len(), now, width, style));
    all.truncate(height.max(1));
    all
}

/// Keeps those that are shown while they run and speak; the rest of the room is for those who spoke last.
fn choose(shown: &mut Shown, running: &[usize], builds: &[&Build], room: usize, now: Timestamp) {
    let heard = |n: usize| builds[n].heard.unwrap_or(Timestamp::MIN);
    let mut free: Vec<usize> = running.to_vec();
    free.sort_by_key(|n| std::cmp::Reverse(heard(*n)));
    let speaks = |n: usize| between(heard(n), now) < SILENCE;
    let mut kept: Vec<usize> = shown.0.iter().copied().filter(|n| running.contains(n) && speaks(*n)).collect();
    kept.truncate(room);
    free.retain(|n| !kept.contains(n));
    kept.extend(free.into_iter().take(room - kept.len()));
    shown.0 = kept;
}

fn row(
    name: &str,
    build: &Build,
    position: usize,
    now: Timestamp,
    width: usize,
    column: usize,
    style: Style,
) -> String {
    let name = cut(name, column, style);
    let padding = " ".repeat(column.saturating_sub(measure_text_width(&name)));
    let elapsed = short(build.elapsed(now));
    let (colour, mark, text) = match &build.ended {
        Some((_, Ended::Failed(problem, _))) => {
            let step = build.step.as_ref().map_or(String::new(), |(step, _)| format!("{step}: "));
            (paint::RED, mark(style, "✗", "x"), format!("{step}{}", placed(problem)))
        }
        _ => {
            let step = build.step.as_ref().map_or("", |(step, _)| step);
            let text = match width >= ROOMY && !step.is_empty() {
                true => format!("{step:<12} {}", build.last),
                false => build.last.clone(),
            };
            (paint::of(position), mark(style, "•", "*"), text)
        }
    };
    line(style, width, colour, mark, &format!("{name}{padding} {elapsed:>6}  {text}"))
}

#[allow(clippy::too_many_arguments)]
fn counts(
    tally: &Tally,
    running: usize,
    shown: usize,
    waiting: usize,
    done: usize,
    failed: usize,
    now: Timestamp,
    width: usize,
    style: Style,
) -> String {
    let hidden = if running > shown { format!(" ({} not shown)", running - shown) } else { String::new() };
    let mut parts = vec![format!("{running} running{hidden}")];
    let mut also = |n: usize, text: String| parts.extend((n > 0).then_some(text));
    also(failed, format!("{failed} failed"));
    also(waiting, format!("{waiting} waiting"));
    also(done, format!("{done} done"));
    parts.push(short(tally.elapsed(now)));
    parts.push(count(tally.calls as usize, "call"));
    let joint = if style.unicode { " · " } else { ", " };
    painted(style.colour, false, paint::DIM, &cut(&parts.join(joint), width, style))
}

/// A mark in a colour, and text behind it, cut to the width.
fn line(style: Style, width: usize, colour: &str, mark: &str, text: &str) -> String {
    let text = text.replace('\t', " ");
    if width < 2 {
        return String::new();
    }
    let text = cut(text.trim_end(), width - 2, style);
    format!("{} {text}", painted(style.colour, true, colour, mark))
}

/// Text of a width at most, whatever that is.
fn cut(text: &str, width: usize, style: Style) -> String {
    if width < measure_text_width(ellipsis(style)) {
        return String::new();
    }
    truncate_str(text, width, ellipsis(style)).into_owned()
}

fn mark<'m>(style: Style, unicode: &'m str, ascii: &'m str) -> &'m str {
    if style.unicode { unicode } else { ascii }
}

fn ellipsis(style: Style) -> &'static str {
    if style.unicode { "…" } else { "..." }
}

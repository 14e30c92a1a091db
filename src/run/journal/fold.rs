//! What a journal's lines add up to: which builds there are, which of their steps were begun, done and undone.
//!
//! A fold over any bytes: it never panics, and tells a torn end from a damaged middle. It knows neither steps' meanings nor AWS.
//! Neighbours: `line` has the lines, `settle` acts on what stands here.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::line::{Chain, End, Entry, FORMAT, Head, Line, Made};

/// A run as its journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The first line.
    pub head: Head,
    /// Builds in the plan's order.
    pub builds: IndexMap<String, BuildRecord>,
    /// Whether nothing is left to do.
    pub closed: bool,
    /// How many lines there are.
    pub lines: u64,
    /// When the last of them was written.
    pub last: Timestamp,
    /// The process that worked on it last.
    pub holder: (String, u32),
}

/// A build as the journal tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRecord {
    /// The attempt that counts, from 1.
    pub attempt: u32,
    /// Steps in the order in which they were begun.
    pub steps: Vec<StepRecord>,
    /// Why the attempt is undone, where it is.
    pub back: Option<String>,
    /// What it has made, where post-processors come after that.
    pub made: Option<Made>,
    /// How it ended.
    pub end: Option<End>,
}

/// A step as the journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// The number of the line that announces it.
    pub intent: u64,
    /// When that was written.
    pub at: Timestamp,
    /// When the last line about it was written.
    pub last: Timestamp,
    /// Its name.
    pub step: String,
    /// Which of several of the name: the region of a copy.
    pub of: String,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// All that is needed to do or undo it.
    pub data: Json,
    /// What is known of it.
    pub state: State,
}

/// What is known of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It was begun: whether it had an effect is not known.
    Begun,
    /// It was done, with this result.
    Done(Json),
    /// It had no effect.
    Void,
    /// Its effect is undone.
    Undone,
}

/// Why a journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It has no whole line.
    Empty,
    /// A line in the middle is damaged; its number in the file, from 1.
    Damaged(usize),
    /// A newer bakec wrote it.
    Newer(u32),
}

/// Reads a journal: what it says, and where its chain stands. What stands behind the last line's end was never synced, so never acted upon: it is left out.
///
/// # Errors
/// Why it cannot be used.
pub fn read(bytes: &[u8]) -> Result<(Record, Chain), Broken> {
    let mut record: Option<Record> = None;
    let mut chain = Chain::default();
    let lines = bytes[..whole(bytes)].split_inclusive(|b| *b == b'\n');
    for (position, raw) in lines.enumerate() {
        let damaged = Broken::Damaged(position + 1);
        let Some(line) = std::str::from_utf8(raw).ok().and_then(|text| chain.read(text)) else { return Err(damaged) };
        match (&mut record, line) {
            (None, Line { entry: Entry::Run(head), at, n: 0 }) => {
                if head.format > FORMAT {
                    return Err(Broken::Newer(head.format));
                }
                record = Some(Record::new(head, at));
            }
            (Some(record), line) => {
                if !record.take(line) {
                    return Err(damaged);
                }
            }
            (None, _) => return Err(damaged),
        }
    }
    Ok((record.ok_or(Broken::Empty)?, chain))
}

/// The lines of a journal up to the first that cannot be used, for those who only look.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut chain = Chain::default();
    let raw = bytes[..whole(bytes)].split_inclusive(|b| *b == b'\n');
    raw.map_while(|raw| std::str::from_utf8(raw).ok().and_then(|text| chain.read(text))).collect()
}

/// How many bytes of a journal are whole lines: what is behind them is cut off before more is written.
pub fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1)
}

impl Record {
    /// The record of a run of which nothing is known but its first line.
    pub fn new(head: Head, at: Timestamp) -> Record {
        let fresh = || BuildRecord { attempt: 1, ..BuildRecord::default() };
        let builds = head.builds.iter().map(|name| (name.clone(), fresh())).collect();
        Record { holder: (head.host.clone(), head.pid), head, builds, closed: false, lines: 1, last: at }
    }

    /// Whether a line can stand behind those that were taken.
    pub fn fits(&self, line: &Line) -> bool {
        line.n == self.lines
            && match &line.entry {
                Entry::Run(_) => false,
                Entry::Taken { .. } | Entry::Closed => true,
                Entry::Attempt { build, .. }
                | Entry::Back { build, .. }
                | Entry::Intent { build, .. }
                | Entry::Made(Made { build, .. })
                | Entry::End { build, .. } => self.builds.contains_key(build),
                Entry::Result { intent, .. } | Entry::Void { intent, .. } | Entry::Undone { intent, .. } => {
                    self.builds.values().flat_map(|b| &b.steps).any(|s| s.intent == *intent)
                }
            }
    }

    /// Takes a line; false where it does not fit.
    pub fn take(&mut self, line: Line) -> bool {
        if !self.fits(&line) {
            return false;
        }
        let Line { n, at, entry } = line;
        self.lines += 1;
        self.last = at;
        match entry {
            Entry::Run(_) => {}
            Entry::Taken { host, pid, .. } => {
                self.holder = (host, pid);
                self.closed = false;
            }
            Entry::Attempt { build, attempt, .. } => self.build(&build, |b| {
                b.attempt = attempt;
                b.back = None;
            }),
            Entry::Back { build, why } => self.build(&build, |b| b.back = Some(why)),
            Entry::Intent { build, attempt, step, of, data } => {
                let step = StepRecord { intent: n, at, last: at, step, of, attempt, data, state: State::Begun };
                self.build(&build, |b| b.steps.push(step));
            }
            Entry::Result { intent, result } => self.step(intent, at, State::Done(result)),
            Entry::Void { intent, .. } => self.step(intent, at, State::Void),
            Entry::Undone { intent, .. } => self.step(intent, at, State::Undone),
            Entry::Made(made) => self.build(&made.build.clone(), |b| b.made = Some(made)),
            Entry::End { build, end } => self.build(&build, |b| b.end = Some(end)),
            Entry::Closed => self.closed = true,
        }
        true
    }

    fn build(&mut self, name: &str, change: impl FnOnce(&mut BuildRecord)) {
        if let Some(build) = self.builds.get_mut(name) {
            change(build);
        }
    }

    fn step(&mut self, intent: u64, at: Timestamp, state: State) {
        let mut all = self.builds.values_mut().flat_map(|b| &mut b.steps);
        if let Some(step) = all.find(|s| s.intent == intent) {
            (step.state, step.last) = (state, at);
        }
    }

    /// Steps whose effect may still be there, newest first.
    pub fn standing(&self) -> Vec<(&str, &StepRecord)> {
        let all = self.builds.iter().flat_map(|(name, b)| b.steps.iter().map(move |s| (name.as_str(), s)));
        let mut standing: Vec<_> = all.filter(|(_, s)| s.state.stands()).collect();
        standing.sort_by_key(|(_, s)| std::cmp::Reverse(s.intent));
        standing
    }
}

impl State {
    /// Whether there may be an effect.
    pub fn stands(&self) -> bool {
        matches!(self, State::Begun | State::Done(_))
    }
}

impl BuildRecord {
    /// The step of the attempt, the last of the name.
    pub fn step(&self, attempt: u32, step: &str, of: &str) -> Option<&StepRecord> {
        self.steps.iter().rev().find(|s| s.attempt == attempt && s.step == step && s.of == of && s.state != State::Void)
    }
}

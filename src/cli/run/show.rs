//! `bakec show`: all that is known of a run.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::report::file::name as log_name;
use crate::report::words::{between, command, long, placed};
use crate::run::begin::KEPT;
use crate::run::journal::fold::{BuildRecord, Record, State, StepRecord};
use crate::run::journal::line::End;
use crate::run::step;
use crate::text::words::count;

use super::super::Outcome;
use super::super::args_run::Show;
use super::super::terminal::Terminal;
use super::inputs::Kept;
use super::records;
use super::timeline::{Ended, Standing, ends, of_build, remains};
use super::watch::LOGS;

/// `bakec show`
pub(in crate::cli) fn show(args: &Show, terminal: &Terminal) -> Outcome {
    let folder = records::find(&args.folder.runs, &args.run, terminal)?;
    let record = records::record(&folder, terminal)?;
    let kept = std::fs::read_to_string(folder.join(KEPT)).ok().and_then(|text| Kept::read(&text));
    let run = Shown {
        standing: Standing::of(&record, &folder),
        left: if record.head.rehearsed { Vec::new() } else { remains(&record) },
        ends: ends(&folder),
        file: kept.map(|kept| kept.file),
        record: &record,
        folder: &folder,
    };
    let text = if args.json { format!("{:#}\n", run.json()) } else { run.text() };
    terminal.result(|out| out.write_all(text.as_bytes()))
}

struct Shown<'a> {
    record: &'a Record,
    folder: &'a Path,
    standing: Standing,
    left: Vec<String>,
    ends: HashMap<u64, Ended>,
    file: Option<String>,
}

impl Shown<'_> {
    fn log(&self, build: &str) -> Option<String> {
        let path = self.folder.join(LOGS).join(log_name(build));
        path.is_file().then(|| path.display().to_string())
    }

    fn text(&self) -> String {
        let head = &self.record.head;
        let of = self.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        let rehearsed = if head.rehearsed { ", a rehearsal" } else { "" };
        let mut out = format!("run {}{of}: {}{rehearsed}\n", head.run, self.standing.word());
        let began = head.moment.strftime("%Y-%m-%d %H:%M:%S UTC");
        let took = long(whole(between(head.moment, self.record.last)));
        let _ =
            writeln!(out, "began {began} on {}, took {took}, {}", head.host, count(self.record.builds.len(), "build"));
        let _ = writeln!(out, "recorded in {}, by bakec {}", self.folder.display(), head.bakec);
        if let Some(endpoint) = head.endpoint.as_ref().filter(|_| !head.rehearsed) {
            let _ = writeln!(out, "EC2 at {endpoint}");
        }
        for (name, build) in &self.record.builds {
            self.build(name, build, &mut out);
        }
        if !self.left.is_empty() {
            out.push_str("\nmay be left:\n");
            self.left.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        }
        let folder = self.folder.display().to_string();
        let next: &[&str] = match self.standing {
            Standing::Interrupted if !head.rehearsed => &["resume", "clean"],
            Standing::Left if !head.rehearsed => &["clean"],
            _ => &[],
        };
        for verb in next {
            let does = if *verb == "resume" { "go on" } else { "undo it" };
            let _ = writeln!(out, "{does}: {}", command(verb, &head.run, &folder));
        }
        out
    }

    fn build(&self, name: &str, build: &BuildRecord, out: &mut String) {
        let _ = writeln!(out, "\n{name}: {}", of_build(build, self.standing));
        let start = self.record.head.moment;
        for step in &build.steps {
            let label = if step.of.is_empty() { step.step.clone() } else { format!("{} {}", step.step, step.of) };
            let ended = self.ends.get(&step.intent).cloned().unwrap_or_default();
            let took = ended.at.map(|end| seconds(between(step.at, end)));
            let result = match &step.state {
                State::Begun => "no end".to_owned(),
                State::Undone if ended.undone == step::undo::NOTHING => ended.result,
                State::Undone if ended.result.is_empty() => ended.undone,
                State::Undone => format!("{}; {}", ended.result, ended.undone),
                State::Done(_) | State::Void => ended.result,
            };
            let attempt = if step.attempt > 1 { format!(" (attempt {})", step.attempt) } else { String::new() };
            let at = seconds(between(start, step.at));
            let took = took.unwrap_or_default();
            let line = format!("  {at:>8}  {label:<22} {took:>8}  {result}{attempt}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
        match &build.end {
            Some(End::Done { artifact }) => {
                artifact.images.iter().for_each(|(region, image)| out.push_str(&format!("  {region}: {image}\n")));
            }
            Some(End::Failed { problem }) => {
                let _ = writeln!(out, "  {} [{}]", placed(problem), problem.code);
            }
            None => {}
        }
        if let Some(log) = self.log(name) {
            let _ = writeln!(out, "  log: {log}");
        }
    }

    fn json(&self) -> Json {
        let head = &self.record.head;
        let step = |step: &StepRecord| {
            let ended = self.ends.get(&step.intent).cloned().unwrap_or_default();
            let state = match &step.state {
                State::Done(_) => "done",
                State::Begun => "begun",
                State::Void => "void",
                State::Undone => "undone",
            };
            json!({
                "step": step.step, "of": step.of, "attempt": step.attempt, "state": state, "result": ended.result,
                "undone": ended.undone, "began": step.at, "ended": ended.at,
            })
        };
        let build = |(name, build): (&String, &BuildRecord)| {
            let (artifact, problem) = match &build.end {
                Some(End::Done { artifact }) => (json!(artifact), Json::Null),
                Some(End::Failed { problem }) => (Json::Null, json!(problem)),
                None => (Json::Null, Json::Null),
            };
            json!({
                "name": name, "state": of_build(build, self.standing), "artifact": artifact, "problem": problem,
                "steps": build.steps.iter().map(step).collect::<Vec<_>>(), "log": self.log(name),
            })
        };
        json!({
            "run": head.run, "state": self.standing, "file": self.file, "began": head.moment, "last": self.record.last,
            "host": head.host, "pid": head.pid, "bakec": head.bakec, "rehearsed": head.rehearsed, "endpoint": head.endpoint,
            "folder": self.folder, "builds": self.record.builds.iter().map(build).collect::<Vec<_>>(), "left": self.left,
        })
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1}s", time.as_secs_f64())
}

/// Without what nobody reads.
fn whole(time: Duration) -> Duration {
    if time.as_secs() > 0 {
        Duration::from_secs(time.as_secs())
    } else {
        Duration::from_millis(time.as_millis() as u64)
    }
}

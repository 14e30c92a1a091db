//! `bakec runs`: the runs that there were.

use std::path::Path;

use serde_json::json;

use crate::inspect::list::count;
use crate::run::journal::line::End;
use crate::run::journal::peek;

use super::super::Outcome;
use super::super::args_run::Runs;
use super::super::terminal::Terminal;
use super::records;
use super::timeline::Standing;

/// `bakec runs`
pub(in crate::cli) fn runs(args: &Runs, terminal: &Terminal) -> Outcome {
    let runs = Path::new(&args.folder.runs);
    let names = records::names(runs);
    let (mut rows, mut data) = (Vec::new(), Vec::new());
    for name in &names {
        let folder = runs.join(name);
        let Ok(record) = peek(&folder) else {
            rows.push([name.clone(), String::new(), String::new(), "its journal cannot be read".to_owned()]);
            data.push(json!({ "run": name, "state": "unreadable" }));
            continue;
        };
        let standing = Standing::of(&record, &folder);
        let done = record.builds.values().filter(|b| matches!(b.end, Some(End::Done { .. }))).count();
        let rehearsed = if record.head.rehearsed { ", a rehearsal" } else { "" };
        rows.push([
            name.clone(),
            record.head.moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            format!("{done} of {}", record.builds.len()),
            format!("{}{rehearsed}", standing.word()),
        ]);
        data.push(json!({
            "run": name,
            "began": record.head.moment,
            "state": standing,
            "builds": record.builds.len(),
            "done": done,
            "rehearsed": record.head.rehearsed,
            "folder": folder,
        }));
    }
    if args.json {
        let text = format!("{:#}\n", serde_json::Value::from(data));
        return terminal.result(|out| out.write_all(text.as_bytes()));
    }
    if rows.is_empty() {
        terminal.note(&format!("there are no runs in `{}`", args.folder.runs));
        return Ok(());
    }
    let head = ["run", "began", "built", "state"].map(str::to_owned);
    let text = table(std::iter::once(head).chain(rows).collect());
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    terminal.note(&format!("\n{}; `bakec show RUN` tells more", count_runs(names.len())));
    Ok(())
}

fn count_runs(n: usize) -> String {
    count(n).replace("build", "run")
}

/// Columns beside each other.
fn table(rows: Vec<[String; 4]>) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let line = |[a, b, c, d]: &[String; 4]| {
        let text = format!("{a:<0$}  {b:<1$}  {c:<2$}  {d}", widths[0], widths[1], widths[2]);
        format!("{}\n", text.trim_end())
    };
    rows.iter().map(line).collect()
}

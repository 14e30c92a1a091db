//! Times, artifacts and commands in words. It knows no reporter.

use std::time::Duration;

use jiff::Timestamp;

use crate::run::event::Artifact;
use crate::run::problem::Problem;

/// Packer's name of the maker of nothing.
const NULL: &str = "fnoeding.null";

/// Where the records of runs lie where nothing else is said.
pub const RUNS: &str = ".bakec/runs";

/// From one moment to another; nothing where the clock was set back.
pub fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or_default()
}

/// The two largest units, as Packer writes them: `2 minutes 3 seconds`.
pub fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
        (u64::from(time.subsec_millis()), "millisecond"),
        (u64::from(time.subsec_micros() % 1000), "microsecond"),
    ];
    let parts = units.into_iter().filter(|(n, _)| *n > 0).take(2);
    let parts: Vec<String> = parts.map(|(n, unit)| format!("{n} {unit}{}", if n == 1 { "" } else { "s" })).collect();
    if parts.is_empty() { "no time".to_owned() } else { parts.join(" ") }
}

/// The same in few columns: `2m03s`.
pub fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

/// What Packer says of what a build made; nothing where it made nothing.
pub fn artifact(made: &Artifact) -> Option<String> {
    if made.images.is_empty() {
        return (made.builder_id == NULL).then(|| "Did not export anything. This is the null builder".to_owned());
    }
    let images = made.images.iter().map(|(region, image)| format!("{region}: {image}\n"));
    Some(format!("AMIs were created:\n{}", images.collect::<String>()))
}

/// The id of what a build made, as Packer has it.
pub fn artifact_id(made: &Artifact) -> &str {
    if made.id.is_empty() && made.builder_id == NULL { "Null" } else { &made.id }
}

/// `official.bake:12:5: message`, or the message alone.
pub fn placed(problem: &Problem) -> String {
    match &problem.origin {
        Some(at) => format!("{}:{}:{}: {}", at.file, at.line, at.column, problem.message),
        None => problem.message.clone(),
    }
}

/// The command that works on a run, by the folder of its records.
pub fn command(verb: &str, run: &str, folder: &str) -> String {
    let runs = folder.trim_end_matches('/').rsplit_once('/').map_or(".", |(runs, _)| runs);
    let runs = runs.trim_start_matches("./");
    match runs {
        RUNS => format!("bakec {verb} {}", quoted(run)),
        runs => format!("bakec {verb} {} --runs {}", quoted(run), quoted(runs)),
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A line that a machine wrote, as a line of text: what a terminal would overwrite or obey is left out.
pub fn clean(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let last = line.rsplit('\r').next().unwrap_or(line);
    let plain = console::strip_ansi_codes(last);
    plain.chars().filter(|c| *c == '\t' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let ms = Duration::from_millis;
        assert_eq!(long(Duration::from_micros(8_679)), "8 milliseconds 679 microseconds");
        assert_eq!(long(ms(123_456)), "2 minutes 3 seconds");
        assert_eq!(long(ms(3_600_000)), "1 hour");
        assert_eq!(long(Duration::ZERO), "no time");
        assert_eq!(short(ms(9_999)), "9s");
        assert_eq!(short(ms(123_456)), "2m03s");
        assert_eq!(short(ms(7_500_000)), "2h05m");
    }

    #[test]
    fn lines_lose_what_a_terminal_would_obey() {
        assert_eq!(clean("10%\r 20%\r 30%\r"), " 30%");
        assert_eq!(clean("\u{1b}[2J\u{1b}[31mred\u{1b}[0m\u{7} \u{1b}]0;title\u{7}end"), "red end");
        assert_eq!(clean("a\tb"), "a\tb");
    }

    #[test]
    fn commands_name_the_folder_only_where_it_is_another() {
        assert_eq!(command("clean", "r1", ".bakec/runs/r1"), "bakec clean r1");
        assert_eq!(command("clean", "r1", "./.bakec/runs/r1/"), "bakec clean r1");
        assert_eq!(command("resume", "r1", "/tmp/my runs/r1"), "bakec resume r1 --runs '/tmp/my runs'");
    }
}

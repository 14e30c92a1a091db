//! `breakpoint`: a halt, until somebody at the keyboard goes on.

use super::Ground;
use crate::run::build::Breakpoint;
use crate::run::problem::Problem;
use crate::run::render::rendered;

/// Waits for Enter; where nobody could press it, the build goes on, as Packer's does.
pub(super) async fn wait(work: &Breakpoint, ground: &Ground<'_>) -> Result<(), Problem> {
    let note = work.note.as_ref().map(|note| rendered(note, ground.values)).transpose()?;
    let halt = note.map_or_else(|| "a breakpoint".to_owned(), |note| format!("the breakpoint \"{note}\""));
    match ground.keyboard {
        _ if work.disable => ground.events.say(format!("{halt} is disabled; going on")),
        _ if ground.rehearsed => ground.events.say(format!("rehearsal: {halt} would wait for Enter here")),
        None => ground.events.warn(format!("{halt} waits for nobody: there is no keyboard; going on")),
        Some(keyboard) => {
            tokio::select! {
                () = keyboard.at(ground.build, &halt, ground.cancel) => {}
                problem = ground.stop() => return Err(problem),
            }
            if ground.cancel.is_cancelled() {
                return Err(Problem::cancelled());
            }
        }
    }
    Ok(())
}

//! Who sits at the keyboard: `--debug` pauses after each step, breakpoints halt, and `--on-error ask` asks what becomes of a failure.

use std::io::{self, IsTerminal};

use crate::run::event::Events;
use crate::run::pause::{Answer, Pause, Question, Waiting};

/// Whether there is one.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// Whoever sits at the keyboard, where there is one.
pub(super) fn keyboard(events: &Events) -> Option<Pause> {
    is_there().then(|| pauses(events))
}

/// Questions that the lines of standard input answer. Where there are none any more, builds go on by themselves.
pub(super) fn pauses(events: &Events) -> Pause {
    let (pause, mut asked) = Pause::new();
    let events = events.clone();
    // Reading cannot be given up, so it has a thread of its own.
    std::thread::spawn(move || {
        while let Some(Waiting { build, question, answer }) = asked.blocking_recv() {
            let build = events.of_build(&build);
            let Some(said) = ask(&build, &question) else {
                build.warn("there is no keyboard: no pause is made any more");
                return;
            };
            // Who does not wait any more wants it to end.
            let _ = answer.send(said);
        }
    });
    pause
}

/// Asks until there is an answer; nothing where nobody can answer.
fn ask(build: &Events, question: &Question) -> Option<Answer> {
    loop {
        build.say(match question {
            Question::Done(step) => format!("`{step}` is done; Enter goes on, Ctrl-C ends"),
            Question::Halt(halt) => format!("{halt}: Enter goes on, Ctrl-C ends"),
            Question::Failed(problem) => {
                format!("it failed: {problem}; [c] clean up, [a] abort and leave all as it is, [r] retry?")
            }
        });
        let mut line = String::new();
        if !matches!(io::stdin().read_line(&mut line), Ok(1..)) {
            return None;
        }
        match (question, line.trim().to_lowercase().as_str()) {
            (Question::Done(_) | Question::Halt(_), _) | (_, "c" | "cleanup") => return Some(Answer::GoOn),
            (_, "a" | "abort") => return Some(Answer::Abort),
            (_, "r" | "retry") => return Some(Answer::Again),
            (Question::Failed(_), _) => build.say("answer by c, a or r"),
        }
    }
}

//! Who sits at the keyboard: `--debug` pauses after each step, breakpoints halt, `--on-error ask` asks what becomes of a failure, and
//! accounts ask for codes of multi-factor devices.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::packer::document::{Document, Step};
use crate::run::aws::source::Ask;
use crate::run::event::Events;
use crate::run::pause::{Answer, Pause, Question, Waiting};
use crate::run::settings::OnError;

/// Whether there is one.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// Whether somebody may be asked in the middle of a plan: then lines are written, and no board is drawn.
pub(super) fn is_asked(document: &Document, on_error: OnError) -> bool {
    let is_halt = |step: &Step| step.kind == "breakpoint";
    let is_prompt = |(name, value): &(String, Value)| {
        name == "ssh_bastion_interactive" && !matches!(value.as_bool(), Some(false)) && value.as_str() != Some("false")
    };
    on_error == OnError::Ask
        || document.provisioners.iter().chain(&document.cleanups).any(is_halt)
        || document.builds.iter().any(|build| build.options.iter().any(is_prompt))
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

/// Asks at the terminal; where there is none, nobody answers.
pub(super) fn asks() -> Ask {
    Ask::new(|question| {
        let (input, mut output) = (io::stdin(), io::stderr());
        if !input.is_terminal() || !output.is_terminal() {
            return None;
        }
        output.write_all(question.as_bytes()).and_then(|()| output.flush()).ok()?;
        let mut line = String::new();
        input.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line)
    })
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

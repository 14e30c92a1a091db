//! What a run asks at the keyboard: with `--debug` whether to go on after each step, and codes of multi-factor devices.

use std::io::{self, IsTerminal, Write};

use crate::run::aws::source::Ask;
use crate::run::event::Events;
use crate::run::pause::Pause;

/// Pauses that Enter ends. Where there is no keyboard they end at once.
pub(super) fn pauses(events: &Events) -> Pause {
    let (pause, mut asked) = Pause::new();
    let events = events.clone();
    // Reading cannot be given up, so it has a thread of its own.
    std::thread::spawn(move || {
        while let Some(waiting) = asked.blocking_recv() {
            let build = events.of_build(&waiting.build);
            build.say(format!("`{}` is done; Enter goes on, Ctrl-C ends", waiting.step));
            let mut line = String::new();
            if !matches!(io::stdin().read_line(&mut line), Ok(1..)) {
                build.warn("there is no keyboard: no pause is made any more");
                return;
            }
            // Who does not wait any more wants it to end.
            let _ = waiting.go_on.send(());
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

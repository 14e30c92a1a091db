//! A server's questions, put to whoever sits at the terminal: one server at a time, however many builds there are.
//!
//! It must not know what the answers are for. Neighbours: `auth` passes them on.

use std::io;

use console::Term;
use russh::client::Prompt;
use tokio::sync::Mutex;

use super::fault::Fault;

/// There is one terminal.
static TERMINAL: Mutex<()> = Mutex::const_new(());

/// The answers to a server's questions, each below the words that it has for all of them.
pub(super) async fn ask(words: &[String], prompts: &[Prompt]) -> Result<Vec<String>, Fault> {
    let _mine = TERMINAL.lock().await;
    let words: Vec<String> = words.iter().map(|text| shown(text)).filter(|text| !text.trim().is_empty()).collect();
    let questions: Vec<(String, bool)> = prompts.iter().map(|p| (shown(&p.prompt), p.echo)).collect();
    let first = questions.first().map(|(text, _)| text.trim().to_owned()).unwrap_or_default();
    // Some only tell something, and want no answer.
    let asked = tokio::task::spawn_blocking(move || answers(&words, &questions)).await;
    asked.ok().and_then(Result::ok).ok_or(Fault::NobodyToAsk { prompt: first })
}

fn answers(words: &[String], questions: &[(String, bool)]) -> io::Result<Vec<String>> {
    let term = Term::stderr();
    if !term.is_term() {
        return Err(io::ErrorKind::NotFound.into());
    }
    for text in words {
        term.write_line(text)?;
    }
    let mut all = Vec::new();
    for (text, echo) in questions {
        term.write_str(text)?;
        all.push(if *echo { term.read_line()? } else { term.read_secure_line()? });
    }
    Ok(all)
}

/// What a server says, without what would move the cursor about.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

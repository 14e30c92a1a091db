//! What a log once told, read again: calls with their times, waits, and the lines that commands wrote.
//!
//! It reads what `file` writes, and opens nothing. Lines that it does not know are passed over.

use jiff::Timestamp;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Heard<'a>,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Heard<'a> {
    /// A call to AWS has ended.
    Call { action: &'a str, region: &'a str, ms: u64, error: Option<&'a str> },
    /// A step waited for something.
    Waiting(&'a str),
    /// A command wrote a line.
    Output { error: bool, line: &'a str },
}

/// The lines of a log that tell of calls, waits and output.
pub fn past(log: &str) -> impl Iterator<Item = Past<'_>> {
    log.lines().filter_map(|line| {
        let (at, told) = line.split_once(' ')?;
        Some(Past { at: at.parse().ok()?, what: heard(told)? })
    })
}

fn heard(told: &str) -> Option<Heard<'_>> {
    let (kind, rest) = told.split_once(' ').unwrap_or((told, ""));
    match kind {
        "out:" | "err:" => Some(Heard::Output { error: kind == "err:", line: rest }),
        "waiting:" => Some(Heard::Waiting(rest)),
        "call" => {
            let (head, tail) = rest.split_once(" (")?;
            let (action, region) = head.split_once(' ').unwrap_or((head, ""));
            let (ms, error) = tail.split_once(" ms)")?;
            Some(Heard::Call { action, region, ms: ms.parse().ok()?, error: error.strip_prefix(": ") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::Files;
    use super::super::{Out, Reporter, samples};
    use super::*;
    use crate::run::event::{Event, What};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Held(Arc<Mutex<Vec<u8>>>);

    impl Write for Held {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_log_tells_is_what_has_happened() {
        let (held, all) = (Held::default(), samples::run());
        let log = held.clone();
        let mut files = Files::new(Box::new(move |_| Ok(Box::new(log.clone()) as Out)));
        all.iter().for_each(|event| files.take(event));
        let text = String::from_utf8(held.0.lock().unwrap().clone()).unwrap();
        let told: Vec<Past<'_>> = past(&text).collect();
        let wanted = all.iter().filter(|Event { what, .. }| {
            matches!(what, What::Call { .. } | What::Waiting { .. } | What::Output { .. })
        });
        assert!(wanted.clone().count() > 2);
        assert_eq!(told.len(), wanted.clone().count(), "{text}");
        for event in wanted {
            let found = told.iter().any(|past| match (&past.what, &event.what) {
                (Heard::Call { action, region, ms, error }, What::Call { action: a, region: r, ms: m, error: e }) => {
                    (action, region, ms, *error) == (&a.as_str(), &r.as_str(), m, e.as_deref())
                }
                (Heard::Waiting(text), What::Waiting { text: t }) => text == t,
                (Heard::Output { error, .. }, What::Output { error: e, .. }) => error == e,
                _ => false,
            });
            assert!(found, "{event:?} is not in\n{text}");
        }
    }
}

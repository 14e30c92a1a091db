//! The client at the other end of two pipes: messages behind headers, read and written on threads of their own, so that neither side
//! ever waits for the other to listen.
//!
//! It knows how messages are framed, not what they say. Whatever a client sends is survived: a message that cannot be read is told
//! and left out.

use std::io::{self, BufRead, Read, Write};
use std::thread::{self, JoinHandle};

use lsp_server::{Connection, Message};
use lsp_types::notification::{Exit, Notification as _};

use super::logged;

/// The largest message that is taken: many times the largest file.
const MOST_BYTES: u64 = 256 << 20;

/// The thread that writes; it ends when nobody can send any more and all is written.
pub struct Writer(JoinHandle<()>);

impl Writer {
    /// Waits until all is written.
    pub fn finish(self) {
        // That the client has closed its side says no more than that it went.
        let _ = self.0.join();
    }
}

/// The conversation with a client behind two pipes.
///
/// # Errors
/// The system grants no threads.
pub fn connect(
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write + Send + 'static,
) -> io::Result<(Connection, Writer)> {
    let (connection, client) = Connection::memory();
    let Connection { sender, receiver } = client;
    let complaints = connection.sender.clone();
    thread::Builder::new().name("reader".into()).spawn(move || {
        while let Ok(Some(body)) = frame(&mut input) {
            let message = match message(&body) {
                Ok(message) => message,
                Err(error) => {
                    let _ = complaints.send(logged(&format!("a message cannot be read: {error}")));
                    continue;
                }
            };
            let last = matches!(&message, Message::Notification(n) if n.method == Exit::METHOD);
            if sender.send(message).is_err() || last {
                return;
            }
        }
    })?;
    let writer = thread::Builder::new().name("writer".into()).spawn(move || {
        for message in receiver {
            if message.write(&mut output).is_err() {
                return;
            }
        }
    })?;
    Ok((connection, Writer(writer)))
}

/// The body of the next message; none at the end.
fn frame(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    let mut header = Vec::new();
    loop {
        header.clear();
        // No header is longer than a line of a screen.
        if input.by_ref().take(4096).read_until(b'\n', &mut header)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&header);
        let Some((name, value)) = line.trim_end().split_once(':') else {
            match length {
                Some(length) if line.trim_end().is_empty() => return body(input, length).map(Some),
                // Lines between messages, such as those of a person who tries it.
                _ => continue,
            }
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<u64>().map_err(|_| io::ErrorKind::InvalidData)?);
        }
    }
}

fn body(input: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    if length > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A message from its body. Half of a surrogate pair, which JSON can hold and no text can, becomes a replacement character: as many
/// units, so that places stay where they are.
fn message(body: &[u8]) -> Result<Message, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let text = String::from_utf8_lossy(body);
        match without_halves(&text) {
            mended if mended == text && !matches!(text, std::borrow::Cow::Owned(_)) => Err(error),
            mended => serde_json::from_str(&mended),
        }
    })
}

/// JSON whose escapes name no half of a pair.
fn without_halves(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            // `\\`, `\"` and their like.
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// The unit that an escape at the beginning of a text names.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_nothing_else_is() {
        assert_eq!(without_halves(r#"{"a": "\ud83d"}"#), r#"{"a": "\ufffd"}"#);
        assert_eq!(
            without_halves(r#""\ud83d\ude00 \ude00 \ud83d\ud83d\ude00""#),
            r#""\ud83d\ude00 \ufffd \ufffd\ud83d\ude00""#
        );
        for plain in [r#""\\ud83d""#, r#""a\nb\"🦀\u00e4""#, "\"\\", "\"\\u12", "\"\\🦀\""] {
            assert_eq!(without_halves(plain), plain);
        }
    }

    /// What is written to it, kept.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_left_out() {
        let framed = |body: &[u8]| [format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
        let input = [
            framed(b"{"),
            framed(br#"{"jsonrpc":"2.0","method":"first","params":{"text":"\ud83d"}}"#),
            b"hello\r\n\r\ncontent-length:37\r\nContent-Type: x\r\n\r\n".to_vec(),
            br#"{"jsonrpc":"2.0","method":"second"}  "#.to_vec(),
            framed(b"{\"jsonrpc\":\"2.0\",\"method\":\"third \xff\"}"),
            framed(br#"{"jsonrpc":"2.0","id":{"a":1},"method":"fourth"}"#),
            b"Content-Length: 100\r\n\r\nshort".to_vec(),
        ]
        .concat();
        let written = Kept::default();
        let (connection, writer) = connect(io::Cursor::new(input), written.clone()).expect("there are threads");
        let methods: Vec<String> = connection
            .receiver
            .iter()
            .map(|message| match message {
                Message::Notification(n) => n.method,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(methods[..3], ["first", "second", "third \u{fffd}"]);
        drop(connection);
        writer.finish();
        let written = written.0.lock().expect("nobody panics").clone();
        assert!(String::from_utf8_lossy(&written).contains("a message cannot be read"));
    }
}

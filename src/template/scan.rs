//! Cuts a text into plain stretches and the insides of `{{…}}`, aware of quotes and comments. It does not read the insides.

use std::ops::Range;

use super::ast::DEPTH_LIMIT;
use super::problem::TemplateProblem;

/// A stretch of the text.
#[derive(Debug, PartialEq)]
pub(super) enum Chunk {
    Text(Range<usize>),
    Action(Cut),
}

/// An action that has its two ends.
#[derive(Debug, PartialEq)]
pub(super) struct Cut {
    /// With the braces.
    pub(super) outer: Range<usize>,
    pub(super) inner: Inner,
    pub(super) trims_before: bool,
    pub(super) trims_after: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Inner {
    Comment,
    /// Source of the action, without trim marks.
    Source(Range<usize>),
    /// Already reported.
    Broken,
}

/// Where an action ends, or why it does not.
enum End {
    /// Offset of `}}`.
    Close(usize),
    Comment {
        close: usize,
    },
    Failed {
        problem: TemplateProblem,
        resume: usize,
    },
}

pub(super) fn scan(text: &str, problems: &mut Vec<TemplateProblem>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some(open) = text[at..].find("{{").map(|i| at + i) else {
            chunks.push(Chunk::Text(at..text.len()));
            break;
        };
        if open > at {
            chunks.push(Chunk::Text(at..open));
        }
        at = match end_of(text, open) {
            End::Close(close) => {
                chunks.push(Chunk::Action(source(text, open, close, problems)));
                close + 2
            }
            End::Comment { close } => {
                let cut = Cut {
                    outer: open..close + 2,
                    inner: Inner::Comment,
                    trims_before: trims_before(text, open),
                    trims_after: text[..close].ends_with('-'),
                };
                chunks.push(Chunk::Action(cut));
                close + 2
            }
            End::Failed { problem, resume } => {
                problems.push(problem);
                chunks.push(Chunk::Action(Cut {
                    outer: open..resume,
                    inner: Inner::Broken,
                    trims_before: false,
                    trims_after: false,
                }));
                resume
            }
        };
    }
    chunks
}

/// The engine takes `-` for a trim mark only where white space separates it from what follows.
fn trims_before(text: &str, open: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.get(open + 2) == Some(&b'-') && bytes.get(open + 3).is_some_and(u8::is_ascii_whitespace)
}

fn source(text: &str, open: usize, close: usize, problems: &mut Vec<TemplateProblem>) -> Cut {
    let outer = open..close + 2;
    let bytes = text.as_bytes();
    let before = trims_before(text, open);
    let start = if before { open + 3 } else { open + 2 };
    let after = close >= start + 2 && bytes[close - 1] == b'-' && bytes[close - 2].is_ascii_whitespace();
    let end = if after { close - 1 } else { close };
    let inside = &text[start..end];
    let inner = if inside.trim_ascii().is_empty() {
        problems.push(TemplateProblem::Empty { range: outer.clone() });
        Inner::Broken
    } else {
        let lead = inside.len() - inside.trim_ascii_start().len();
        Inner::Source(start + lead..start + inside.trim_ascii_end().len())
    };
    Cut { outer, inner, trims_before: before, trims_after: after }
}

fn end_of(text: &str, open: usize) -> End {
    let bytes = text.as_bytes();
    let start = if trims_before(text, open) { open + 4 } else { open + 2 };
    if text[start..].starts_with("/*") {
        return end_of_comment(text, open, start);
    }
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return End::Close(at),
            b'{' if at == open + 2 => {
                return End::Failed {
                    problem: TemplateProblem::Brace { range: open..at + 1 },
                    resume: resync(text, at),
                };
            }
            b'{' if bytes.get(at + 1) == Some(&b'{') => {
                return End::Failed { problem: TemplateProblem::Unclosed { range: open..open + 2 }, resume: at };
            }
            b'(' => {
                depth += 1;
                if depth > DEPTH_LIMIT {
                    return End::Failed {
                        problem: TemplateProblem::TooDeep { range: at..at + 1 },
                        resume: resync(text, at),
                    };
                }
                at += 1;
            }
            b')' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            // Outside of a text a backslash is a mistake, and what it stands before opens no text.
            b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'`' | b'\'')) => at += 2,
            b'"' | b'`' => match end_of_quote(bytes, at) {
                Some(end) => at = end,
                None => {
                    return End::Failed {
                        problem: TemplateProblem::UnclosedText { range: at..at + 1 },
                        resume: resync(text, at),
                    };
                }
            },
            // A lone apostrophe is no literal of the engine; only a closed one may hide braces.
            b'\'' => at = end_of_quote(bytes, at).filter(|&e| !text[at..e].contains("}}")).unwrap_or(at + 1),
            _ => at += 1,
        }
    }
    End::Failed { problem: TemplateProblem::Unclosed { range: open..open + 2 }, resume: text.len() }
}

fn end_of_comment(text: &str, open: usize, start: usize) -> End {
    let Some(stop) = text[start + 2..].find("*/").map(|i| start + 2 + i + 2) else {
        return End::Failed {
            problem: TemplateProblem::UnclosedComment { range: open..start + 2 },
            resume: text.len(),
        };
    };
    let rest = &text[stop..];
    if rest.starts_with("}}") {
        return End::Comment { close: stop };
    }
    let spaces = rest.len() - rest.trim_start().len();
    if spaces > 0 && rest[spaces..].starts_with("-}}") {
        return End::Comment { close: stop + spaces + 1 };
    }
    End::Failed { problem: TemplateProblem::UnclosedComment { range: open..stop }, resume: resync(text, stop) }
}

/// The offset behind the closing quote; double and single quotes end with the line at the latest.
fn end_of_quote(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes[open];
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b if b == quote => return Some(at + 1),
            b'\\' if quote != b'`' => at += 2,
            b'\n' if quote != b'`' => return None,
            _ => at += 1,
        }
    }
    None
}

/// Behind the next `}}`, wherever it stands.
fn resync(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find("}}")).map_or(text.len(), |i| from + i + 2)
}

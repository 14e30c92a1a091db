//! What only the run knows: texts with actions in them, and what is sensitive.

use crate::import::draft::{Kind, Name, Piece, Value};

use super::{Came, Reader, Why};

impl Reader<'_> {
    /// Refuses a value that the compiler must know and cannot.
    pub(super) fn known(&self, value: &Value) -> Result<(), Why> {
        if self.lenient {
            return Ok(());
        }
        match self.only_at_run(value, 0) {
            Some(why) => Err(Why { why, span: value.span }),
            None => Ok(()),
        }
    }

    /// Why a value is known only when the plan runs, if so.
    pub(super) fn only_at_run(&self, value: &Value, depth: usize) -> Option<String> {
        // Locals that need each other are refused where they are read.
        if depth > 64 {
            return None;
        }
        let mut found = None;
        value.each(&mut |part| {
            if found.is_some() {
                return;
            }
            found = match &part.kind {
                Kind::Text(pieces) => pieces.iter().find_map(|piece| match piece {
                    Piece::Action(action) => Some(format!(
                        "it decides about `{action}`, which is known only when the plan runs; decide by a `param` instead"
                    )),
                    _ => None,
                }),
                Kind::Name(Name::Variable(name)) if self.is_sensitive(name) => Some(format!(
                    "`{name}` is sensitive, and the compiler, which would have to know it here, never sees secrets"
                )),
                Kind::Name(Name::Local(name)) => match self.locals.get(name) {
                    Some(Came::Value(value)) => self.only_at_run(value, depth + 1),
                    _ => None,
                },
                _ => None,
            };
        });
        found
    }

    /// A value with its locals in their places, as far as they are texts; for what must look into a text.
    pub(super) fn looked_up(&self, value: &Value) -> Value {
        let mut value = value.clone();
        for _ in 0..64 {
            let Kind::Name(Name::Local(name)) = &value.kind else { break };
            let Some(Came::Value(found)) = self.locals.get(name) else { break };
            value = found.clone();
        }
        let Kind::Text(pieces) = &mut value.kind else { return value };
        let looked_up = std::mem::take(pieces).into_iter().flat_map(|piece| match piece {
            Piece::Value(inner) => match self.looked_up(&inner).kind {
                Kind::Text(pieces) => pieces,
                _ => vec![Piece::Value(inner)],
            },
            other => vec![other],
        });
        *pieces = joined(looked_up.collect());
        value
    }

    pub(super) fn is_sensitive(&self, name: &str) -> bool {
        self.draft.variables.iter().any(|v| v.name == name && v.sensitive)
    }
}

/// Neighbouring characters as one piece.
pub(super) fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (_, Piece::Chars(chars)) if chars.is_empty() => {}
            (Some(Piece::Chars(last)), Piece::Chars(chars)) => last.push_str(&chars),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

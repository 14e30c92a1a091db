//! What only the run knows: texts with actions in them, and what is sensitive.

use crate::import::draft::{Kind, Name, Piece, Value, Variable};

use super::{Came, Reader, Why};

/// How long a text may become by what its names stand for.
const LONGEST: usize = 1 << 16;

impl Reader<'_> {
    /// Refuses a value that the compiler must know and cannot.
    pub(super) fn known(&self, value: &Value) -> Result<(), Why> {
        if self.lenient {
            return Ok(());
        }
        match self.only_at_run(value) {
            Some(why) => Err(Why { why, span: value.span }),
            None => Ok(()),
        }
    }

    /// Why a value is known only when the plan runs, if so.
    pub(super) fn only_at_run(&self, value: &Value) -> Option<String> {
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
                // A local was asked when it was read, so that locals of locals are not walked again and again.
                Kind::Name(Name::Local(name)) => self.late.get(name).cloned(),
                _ => None,
            };
        });
        found
    }

    /// Whether a value holds what is sensitive.
    pub(super) fn holds_secret(&self, value: &Value) -> bool {
        let mut found = false;
        value.each(&mut |part| {
            found |= match &part.kind {
                Kind::Name(Name::Variable(name)) => self.is_sensitive(name),
                Kind::Name(Name::Local(name)) => self.secret_locals.contains(name),
                _ => false,
            };
        });
        found
    }

    /// What a value stands for, if it is the name of a local.
    pub(super) fn followed<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        // Locals that need each other are refused where they are read.
        while let Kind::Name(Name::Local(name)) = &value.kind {
            let Some(Came::Value(found)) = self.locals.get(name) else { break };
            value = found;
        }
        value
    }

    /// A value with its locals in their places, as far as they are texts; for what must look into a text. Of what would become
    /// too long, the rest stays a name.
    pub(super) fn looked_up(&self, value: &Value) -> Value {
        let mut left = LONGEST;
        self.looked_up_within(value, &mut left)
    }

    fn looked_up_within(&self, value: &Value, left: &mut usize) -> Value {
        let value = self.followed(value);
        let Kind::Text(pieces) = &value.kind else { return value.clone() };
        let mut looked_up = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let length = if let Piece::Chars(chars) | Piece::Action(chars) = piece { chars.len() } else { 0 };
            *left = left.saturating_sub(length + 1);
            match piece {
                Piece::Value(inner) if *left > 0 => match self.looked_up_within(inner, left).kind {
                    Kind::Text(pieces) => looked_up.extend(pieces),
                    _ => looked_up.push(piece.clone()),
                },
                other => looked_up.push(other.clone()),
            }
        }
        Value::new(Kind::Text(joined(looked_up)), value.span)
    }

    /// The variable of a name.
    pub(super) fn variable_of(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name).and_then(|at| self.draft.variables.get(*at))
    }

    /// Adds a variable to the draft.
    pub(super) fn declare(&mut self, variable: Variable) {
        self.variables.insert(variable.name.clone(), self.draft.variables.len());
        self.draft.variables.push(variable);
    }

    pub(super) fn is_sensitive(&self, name: &str) -> bool {
        self.variable_of(name).is_some_and(|v| v.sensitive)
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

//! Functions of texts that only the run knows: done to the layout of a time, or to the parts of a text.

use crate::import::draft::{Kind, Name, Piece, Value};
use crate::text::Span;

use super::known::joined;
use super::{Place, Reader, Said, moment, pure};

impl Reader<'_> {
    /// Functions of texts that hold the time of the run, or other things that only the run knows.
    pub(super) fn at_run(&mut self, name: &str, arguments: &[Value], place: &Place<'_>, span: Span) -> Option<Said> {
        let position = match name {
            "split" => 1,
            "lower" | "upper" | "title" | "replace" | "regex_replace" | "substr" | "trim" | "trimspace"
            | "trimprefix" | "trimsuffix" => 0,
            _ => return None,
        };
        let text = self.looked_up(arguments.get(position)?);
        self.only_at_run(&text)?;
        let mut others = Vec::new();
        for (i, argument) in arguments.iter().enumerate() {
            others.push(if i == position { serde_json::Value::Null } else { self.constant(argument)? });
        }
        let apply = |text: &str| {
            let mut arguments = others.clone();
            *arguments.get_mut(position)? = text.into();
            pure::call(name, &arguments)
        };
        let apply_text = |text: &str| apply(text).and_then(|found| found.as_str().map(str::to_owned));
        if name == "split" {
            let layout = moment::layout(&text)?;
            let count = apply(&layout)?.as_array()?.len();
            let part = |i: usize| {
                let of = |text: &str| apply(text)?.as_array()?.get(i)?.as_str().map(str::to_owned);
                let found = moment::through(&layout, &of)?;
                Some(Value::new(Kind::Text(vec![moment::isotime(&found)]), span))
            };
            let parts = (0..count).map(part).collect::<Option<Vec<_>>>()?;
            return Some(Ok(Value::new(Kind::List(parts), span)));
        }
        if let Kind::Name(Name::Variable(variable)) = &text.kind {
            return Some(Ok(Value::new(Kind::Text(vec![rendered(name, variable, &others)?]), span)));
        }
        if let Some(layout) = moment::layout(&text) {
            let found = moment::through(&layout, &apply_text)?;
            return Some(Ok(Value::new(Kind::Text(vec![moment::isotime(&found)]), span)));
        }
        if !by_character(name, &others) {
            return None;
        }
        let Kind::Text(pieces) = text.kind else { return None };
        let mut made = Vec::new();
        for piece in pieces {
            made.push(match piece {
                Piece::Chars(chars) => Piece::Chars(apply_text(&chars)?),
                Piece::Action(_) => {
                    let one = Value::new(Kind::Text(vec![piece]), span);
                    let found = moment::through(&moment::layout(&one)?, &apply_text)?;
                    moment::isotime(&found)
                }
                Piece::Value(inner) => {
                    if self.known(&inner).is_err() || name == "regex_replace" {
                        return None;
                    }
                    let mut arguments = arguments.to_vec();
                    *arguments.get_mut(position)? = *inner;
                    Piece::Value(Box::new(self.same(name, &arguments, place, span)?))
                }
            });
        }
        Some(Ok(Value::new(Kind::Text(joined(made)), span)))
    }
}

/// What the run does to a secret: it never becomes known before.
fn rendered(name: &str, variable: &str, others: &[serde_json::Value]) -> Option<Piece> {
    let quoted =
        |at: usize| others.get(at)?.as_str().filter(|text| !text.contains('`')).map(|text| format!("`{text}`"));
    if variable.contains('`') {
        return None;
    }
    let function = match name {
        "lower" | "upper" => name.to_owned(),
        "replace" => format!("replace_all {} {}", quoted(1)?, quoted(2)?),
        _ => return None,
    };
    Some(Piece::Action(format!("{{{{user `{variable}` | {function}}}}}")))
}

/// Whether a function does its work character by character, so that it may be done to the parts of a text.
fn by_character(name: &str, others: &[serde_json::Value]) -> bool {
    let second = others.get(1).and_then(|o| o.as_str());
    match name {
        "lower" | "upper" => true,
        "replace" => second.is_some_and(|from| from.chars().count() == 1),
        "regex_replace" => second.is_some_and(|pattern| {
            let inner = pattern.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
            inner.is_some_and(|p| !p.contains([']', '[', '\\'])) || plain_class(pattern).is_some()
        }),
        _ => false,
    }
}

/// The characters that a pattern such as `[-. ]` or `\.` finds, one at a time.
pub(super) fn plain_class(pattern: &str) -> Option<Vec<char>> {
    let special = |c: &char| "\\^$.|?*+()[]{}".contains(*c);
    let chars: Vec<char> = pattern.chars().collect();
    match &chars[..] {
        ['\\', c] if !c.is_alphanumeric() => Some(vec![*c]),
        [c] if !special(c) => Some(vec![*c]),
        ['[', inner @ .., ']'] => {
            let range = inner.len() > 2 && inner[1..inner.len() - 1].contains(&'-');
            let plain = !inner.is_empty() && !inner.iter().any(|c| matches!(c, '\\' | '^' | '[' | ']' | '&' | '~'));
            (plain && !range).then(|| inner.to_vec())
        }
        _ => None,
    }
}

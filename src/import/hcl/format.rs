//! `format`: texts in which verbs such as `%s` and `%03d` stand for values.

use serde_json::Value as Json;

use super::pure::{self, float, text, truth};

/// The most characters to which a value is filled up, and digits that it has behind its point.
const WIDEST: usize = 1_000;

/// A part of a format: characters, or the argument of a number with the verb.
pub(super) enum Part {
    Chars(String),
    Argument(usize, Verb),
}

/// `%-5.2f`
#[derive(Clone, Debug, Default)]
pub(super) struct Verb {
    pub(super) letter: char,
    pub(super) zeros: bool,
    pub(super) width: usize,
    plus: bool,
    minus: bool,
    blank: bool,
    sharp: bool,
    precision: Option<usize>,
}

/// The parts of a format of `format`; `None` where it is none.
pub(super) fn parts(format: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = String::new();
    let mut rest = format;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        chars.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            chars.push('%');
            rest = after;
            continue;
        }
        let (argument, verb, after) = verb(rest)?;
        let argument = argument.unwrap_or(next);
        next = argument + 1;
        if !chars.is_empty() {
            parts.push(Part::Chars(std::mem::take(&mut chars)));
        }
        parts.push(Part::Argument(argument, verb));
        rest = after;
    }
    chars.push_str(rest);
    if !chars.is_empty() {
        parts.push(Part::Chars(chars));
    }
    Some(parts)
}

/// What stands behind a `%`: the argument, if it says which, the verb, and what follows.
fn verb(text: &str) -> Option<(Option<usize>, Verb, &str)> {
    let mut verb = Verb::default();
    let mut argument = None;
    let mut rest = text;
    loop {
        let mut chars = rest.chars();
        match chars.next()? {
            '0' => verb.zeros = true,
            '+' => verb.plus = true,
            '-' => verb.minus = true,
            ' ' => verb.blank = true,
            '#' => verb.sharp = true,
            _ => break,
        }
        rest = chars.as_str();
    }
    loop {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let small = |text: &str| text.parse::<usize>().ok().filter(|n| *n <= WIDEST);
        if let Some(inner) = rest.strip_prefix('[') {
            let (number, after) = inner.split_once(']')?;
            argument = Some(number.parse::<usize>().ok()?.checked_sub(1)?);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            let (places, after) = after.split_at(digits(after));
            verb.precision = Some(if places.is_empty() { 0 } else { small(places)? });
            rest = after;
        } else if digits(rest) > 0 {
            let (width, after) = rest.split_at(digits(rest));
            verb.width = small(width)?;
            rest = after;
        } else {
            break;
        }
    }
    let letter = rest.chars().next().filter(char::is_ascii_alphabetic)?;
    verb.letter = letter;
    Some((argument, verb, &rest[1..]))
}

/// What `format` gives.
pub(super) fn formatted(arguments: &[Json]) -> Option<String> {
    let (format, values) = arguments.split_first()?;
    let mut out = String::new();
    for part in parts(&text(format)?)? {
        match part {
            Part::Chars(chars) => out.push_str(&chars),
            Part::Argument(i, verb) => out.push_str(&rendered(&verb, values.get(i)?)?),
        }
    }
    Some(out)
}

/// What `formatlist` gives: a text for each element, what is no list being the same for all.
pub(super) fn listed(arguments: &[Json]) -> Option<Json> {
    let (format, values) = arguments.split_first()?;
    let mut lengths = values.iter().filter_map(|v| v.as_array().map(Vec::len));
    let length = lengths.next().unwrap_or(1);
    if lengths.any(|other| other != length) {
        return None;
    }
    let one = |i: usize| {
        let own = values.iter().map(|v| v.as_array().map_or(Some(v), |list| list.get(i)).cloned());
        let row: Vec<Json> = std::iter::once(Some(format.clone())).chain(own).collect::<Option<_>>()?;
        formatted(&row)
    };
    (0..length).map(one).collect::<Option<Vec<String>>>().map(Json::from)
}

impl Verb {
    /// Whether it takes a value as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.width == 0 && self.precision.is_none() && !self.plus && !self.blank && !self.sharp
    }

    /// Whether all that it does is to fill up on the left.
    pub(super) fn only_fills(&self) -> bool {
        !self.minus && Verb { width: 0, ..self.clone() }.is_plain()
    }
}

/// A value by a verb of `format`.
pub(super) fn rendered(verb: &Verb, value: &Json) -> Option<String> {
    let whole = || float(value).filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64);
    Some(match verb.letter {
        'v' => {
            let plain = match value {
                _ if verb.sharp => pure::json(value),
                Json::Null | Json::Array(_) | Json::Object(_) => pure::json(value),
                _ => text(value)?,
            };
            filled(verb, "", &plain)
        }
        's' => {
            let text = text(value)?;
            let taken = verb.precision.unwrap_or(usize::MAX);
            filled(verb, "", &text.chars().take(taken).collect::<String>())
        }
        'q' => filled(verb, "", &Json::from(text(value)?).to_string()),
        't' => filled(&Verb { width: 0, ..verb.clone() }, "", &truth(value)?.to_string()),
        'd' | 'x' | 'X' | 'o' | 'b' => {
            let number = whole()?;
            let size = number.unsigned_abs();
            let (mark, digits) = match verb.letter {
                'd' => ("", size.to_string()),
                'x' => ("0x", format!("{size:x}")),
                'X' => ("0X", format!("{size:X}")),
                'o' => ("0", format!("{size:o}")),
                _ => ("0b", format!("{size:b}")),
            };
            let mark = if verb.sharp { mark } else { "" };
            filled(verb, &format!("{}{mark}", sign(verb, number < 0)), &digits)
        }
        'f' | 'F' => {
            let number = float(value)?;
            let places = verb.precision.unwrap_or(6);
            filled(verb, sign(verb, number < 0.0), &format!("{:.places$}", number.abs()))
        }
        _ => return None,
    })
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match verb {
        _ if negative => "-",
        Verb { plus: true, .. } => "+",
        Verb { blank: true, .. } => " ",
        _ => "",
    }
}

/// A text filled up to its width; zeros stand behind the sign.
fn filled(verb: &Verb, sign: &str, text: &str) -> String {
    let missing = verb.width.saturating_sub(sign.chars().count() + text.chars().count());
    match verb {
        Verb { minus: true, .. } => format!("{sign}{text}{}", " ".repeat(missing)),
        Verb { zeros: true, .. } => format!("{sign}{}{text}", "0".repeat(missing)),
        _ => format!("{}{sign}{text}", " ".repeat(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn verbs_write_as_packer_does() {
        let written = |arguments: Json| formatted(arguments.as_array().map(Vec::as_slice).unwrap_or_default());
        for (arguments, text) in [
            (json!(["%s-%03d%%", "a", 7]), "a-007%"),
            (json!(["%[2]s %[1]s", "a", "b"]), "b a"),
            (json!(["%05s|%-5s|%5s|%.2s", "ab", "ab", "ab", "abc"]), "000ab|ab   |   ab|ab"),
            (json!(["%5.1f|%+d|%05d|%x|%v|%q", 3.25, 3, -3, 255, 1.5, "q\"x"]), "  3.2|+3|-0003|ff|1.5|\"q\\\"x\""),
            (
                json!(["%+5d|%5d|%-5d|%X|%#x|% d|%b|%o", 3, 3, 3, -255, 255, 5, 5, 8]),
                "   +3|    3|3    |-FF|0xff| 5|101|10",
            ),
            (json!(["%.3f|%8.3f|%-8.3f|%08.3f", 1.5, 1.5, 1.5, -1.5]), "1.500|   1.500|1.500   |-001.500"),
            (json!(["%05v|%-5v|%5v|%5q", true, 1, "é", "a"]), "0true|1    |    é|  \"a\""),
            (
                json!(["%v %v %s", { "b": 1, "a": [1, "x"] }, null, 1e20]),
                "{\"a\":[1,\"x\"],\"b\":1} null 100000000000000000000",
            ),
            (json!(["%t", "true"]), "true"),
        ] {
            assert_eq!(written(arguments.clone()).as_deref(), Some(text), "{arguments}");
        }
        for arguments in [json!(["%d", 3.7]), json!(["%x", "hi"]), json!(["%*d", 5, 3]), json!(["%s"]), json!(["%"])] {
            assert_eq!(written(arguments.clone()), None, "{arguments}");
        }
    }
}

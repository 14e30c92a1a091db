//! What an action could print: functions rendered for one fixed moment, so that patterns and lengths can be judged.

use jiff::civil::DateTime;

use super::ast::{Action, Command, Operand, OperandKind, Pipeline};
use super::moment;

/// 29 July 2015, 12:34:56 UTC.
const MOMENT: DateTime = DateTime::constant(2015, 7, 29, 12, 34, 56, 0);
/// The same moment in seconds since 1970.
const TIMESTAMP: &str = "1438173296";
/// A longer text, in bytes, is no specimen: each function behind a `|` may make it longer by a factor.
const LONGEST: usize = 1 << 20;
/// An id as Packer makes them: the first eight digits are the moment.
const UUID: &str = "55b8c870-6c1d-4f2a-9b3e-0d5a7c81e24f";

/// What the action prints, when that can be said: `lookup` gives the values of the plan's variables by name, and of
/// `build_name` and `build_type`. Fields, control actions and what only the running plan knows give nothing.
pub fn specimen(action: &Action, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match action {
        Action::Comment => Some(String::new()),
        Action::Print(pipeline) if pipeline.variables.is_empty() => render(pipeline, lookup),
        Action::Print(_) | Action::Open(..) | Action::Else(_) | Action::End | Action::Leave | Action::Broken => None,
    }
}

fn render(pipeline: &Pipeline, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut value: Option<String> = None;
    for command in &pipeline.commands {
        value = Some(run(command, value.take(), lookup)?);
    }
    value
}

fn run(command: &Command, piped: Option<String>, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let OperandKind::Function(name) = &command.head.kind else {
        // Only a function takes a value in.
        return if piped.is_none() && command.arguments.is_empty() { operand(&command.head, lookup) } else { None };
    };
    let mut arguments: Vec<String> = command.arguments.iter().map(|a| operand(a, lookup)).collect::<Option<_>>()?;
    arguments.extend(piped);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    call(name, &arguments, lookup)
}

fn operand(operand: &Operand, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match &operand.kind {
        OperandKind::Text(text) => Some(text.clone()),
        OperandKind::Number(number) => {
            let plain = number.strip_prefix('-').unwrap_or(number);
            let printed_as_written =
                plain.bytes().all(|b| b.is_ascii_digit()) && (plain == "0" || !plain.starts_with('0'));
            printed_as_written.then(|| number.clone())
        }
        OperandKind::Truth(truth) => Some(truth.to_string()),
        OperandKind::Group { pipeline, path } if path.is_empty() && pipeline.variables.is_empty() => {
            render(pipeline, lookup)
        }
        OperandKind::Function(name) => call(name, &[], lookup),
        OperandKind::Group { .. }
        | OperandKind::Field(_)
        | OperandKind::Dot
        | OperandKind::Variable { .. }
        | OperandKind::Character(_)
        | OperandKind::Nil => None,
    }
}

fn call(name: &str, arguments: &[&str], lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match (name, arguments) {
        ("timestamp", []) => Some(TIMESTAMP.to_owned()),
        ("uuid", []) => Some(UUID.to_owned()),
        ("isotime", []) => Some(moment::go_layout(moment::RFC3339, MOMENT)),
        ("isotime", [layout]) => Some(moment::go_layout(layout, MOMENT)),
        ("strftime", [format]) => moment::strftime(format, MOMENT),
        ("user", [variable]) => lookup(variable),
        ("build_name" | "build_type", []) => lookup(name),
        ("upper", [text]) => Some(text.to_uppercase()),
        ("lower", [text]) => Some(text.to_lowercase()),
        ("clean_resource_name", [text]) => Some(clean_resource_name(text)),
        ("replace_all", [old, new, text]) => replaced(text, old, new, usize::MAX),
        ("replace", [old, new, count, text]) => {
            // A negative count means all.
            let count = usize::try_from(count.parse::<i64>().ok()?).unwrap_or(usize::MAX);
            replaced(text, old, new, count)
        }
        // The engine cuts at an empty separator between all characters, and so without the empty ends.
        ("split", [text, "", index]) => text.chars().nth(index.parse().ok()?).map(String::from),
        ("split", [text, separator, index]) => text.split(separator).nth(index.parse().ok()?).map(str::to_owned),
        _ => None,
    }
}

/// The text with the first occurrences replaced, as long as that is something that somebody could have meant.
pub fn replaced(text: &str, old: &str, new: &str, count: usize) -> Option<String> {
    let found = text.matches(old).take(count).count();
    let length = text.len().checked_add(found.checked_mul(new.len())?)?;
    (length <= LONGEST).then(|| text.replacen(old, new, count))
}

/// The amazon builders look at bytes: a character of two bytes becomes two hyphens.
pub fn clean_resource_name(text: &str) -> String {
    let clean = |b: u8| if b.is_ascii_alphanumeric() || b"()[] ./-'@_".contains(&b) { char::from(b) } else { '-' };
    text.bytes().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::{Piece, parse};
    use super::*;

    fn print(text: &str) -> Option<String> {
        let parsed = parse(text);
        let Some(Piece::Action { action, .. }) = parsed.pieces.first() else { panic!("{text}") };
        specimen(action, &|name| match name {
            "version" => Some("2.6.3".to_owned()),
            "build_name" => Some("us-east-1-1404-pv".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn the_constants_are_one_moment() {
        let seconds = MOMENT.to_zoned(TimeZone::UTC).expect("a moment in UTC").timestamp().as_second();
        assert_eq!(TIMESTAMP, seconds.to_string());
        assert_eq!(&UUID[..8], format!("{seconds:08x}"));
    }

    #[test]
    fn what_can_be_said_is_rendered() {
        let cases = [
            ("{{timestamp}}", "1438173296"),
            ("{{isotime}}", "2015-07-29T12:34:56Z"),
            ("{{isotime \"2006-01-02\"}}", "2015-07-29"),
            ("{{isotime | clean_resource_name}}", "2015-07-29T12-34-56Z"),
            ("{{strftime `%Y%m%d`}}", "20150729"),
            ("{{user `version` | replace_all `.` `-`}}", "2-6-3"),
            ("{{user `version` | replace `.` `-` 1}}", "2-6.3"),
            ("{{replace \".\" \"\" -1 (user `version`)}}", "263"),
            ("{{split `a-b-c` `-` 1}}", "b"),
            ("{{split build_name `-` 0 | upper}}", "US"),
            ("{{`Ab` | lower}}", "ab"),
            ("{{clean_resource_name `a:é`}}", "a---"),
            ("{{build_name}}", "us-east-1-1404-pv"),
            ("{{/* nothing */}}", ""),
        ];
        for (text, printed) in cases {
            assert_eq!(print(text).as_deref(), Some(printed), "{text}");
        }
    }

    #[test]
    fn what_only_the_run_knows_is_not() {
        for text in [
            "{{.Path}}",
            "{{user `other`}}",
            "{{split `a` `-` 7}}",
            "{{if true}}",
            "{{packer_version}}",
            "{{build `ID`}}",
            "{{$x := 1}}",
            "{{printf `a`}}",
            "{{0x10}}",
            "{{replace `a` `b` -1 .X}}",
        ] {
            assert_eq!(print(text), None, "{text}");
        }
    }
}

//! A moment written by the layouts of Go's `time` package and by the formats of C's `strftime`, always in UTC.

use std::fmt::Write;

use jiff::civil::DateTime;

/// RFC 3339 as a layout.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The parts of a layout that stand for a part of the moment. Where one is the beginning of another, the longer one comes first.
const CHUNKS: &[(&str, Part)] = &[
    ("January", Part::Month),
    ("Jan", Part::MonthShort),
    ("Monday", Part::Weekday),
    ("Mon", Part::WeekdayShort),
    ("MST", Part::Zone),
    ("002", Part::DayOfYear(b'0')),
    ("01", Part::Number(Field::Month, b'0')),
    ("02", Part::Number(Field::Day, b'0')),
    ("03", Part::Number(Field::Hour12, b'0')),
    ("04", Part::Number(Field::Minute, b'0')),
    ("05", Part::Number(Field::Second, b'0')),
    ("06", Part::YearShort),
    ("15", Part::Number(Field::Hour, b'0')),
    ("1", Part::Number(Field::Month, 0)),
    ("2006", Part::Year),
    ("2", Part::Number(Field::Day, 0)),
    ("__2", Part::DayOfYear(b' ')),
    // `_2006` is an underline and a year.
    ("_2006", Part::UnderlineYear),
    ("_2", Part::Number(Field::Day, b' ')),
    ("3", Part::Number(Field::Hour12, 0)),
    ("4", Part::Number(Field::Minute, 0)),
    ("5", Part::Number(Field::Second, 0)),
    ("PM", Part::Text("AM", "PM")),
    ("pm", Part::Text("am", "pm")),
    ("-07:00:00", Part::Offset("+00:00:00")),
    ("-070000", Part::Offset("+000000")),
    ("-07:00", Part::Offset("+00:00")),
    ("-0700", Part::Offset("+0000")),
    ("-07", Part::Offset("+00")),
    ("Z07:00:00", Part::Offset("Z")),
    ("Z070000", Part::Offset("Z")),
    ("Z07:00", Part::Offset("Z")),
    ("Z0700", Part::Offset("Z")),
    ("Z07", Part::Offset("Z")),
];

#[derive(Clone, Copy)]
enum Field {
    Month,
    Day,
    Hour,
    Hour12,
    Minute,
    Second,
}

/// What a part of a layout writes. A number of two digits is filled up with the given byte, with nothing for 0.
#[derive(Clone, Copy)]
enum Part {
    Year,
    YearShort,
    UnderlineYear,
    Month,
    MonthShort,
    Weekday,
    WeekdayShort,
    DayOfYear(u8),
    Number(Field, u8),
    Text(&'static str, &'static str),
    Zone,
    Offset(&'static str),
}

/// The moment in a layout of Go. Every layout has a result: what stands for nothing is copied.
pub fn go_layout(layout: &str, at: DateTime) -> String {
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if let Some((length, fraction)) = fraction(rest) {
            write_fraction(&mut out, first, fraction, at);
            rest = &rest[length..];
            continue;
        }
        let chunk = CHUNKS.iter().find(|(text, _)| rest.starts_with(text) && stands_alone(text, rest));
        match chunk {
            Some((text, part)) => {
                write_part(&mut out, *part, at);
                rest = &rest[text.len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// `Jan` and `Mon` are not the beginning of a word such as `Janitor` or `Month`.
fn stands_alone(text: &str, rest: &str) -> bool {
    !matches!(text, "Jan" | "Mon") || !rest[text.len()..].starts_with(|c: char| c.is_ascii_lowercase())
}

/// `.000` and `,999`: the length of the part, and its digits.
fn fraction(rest: &str) -> Option<(usize, &str)> {
    let digits = rest.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(digit).len();
    let ends = !digits[count..].starts_with(|c: char| c.is_ascii_digit());
    ends.then(|| (1 + count, &digits[..count]))
}

fn write_fraction(out: &mut String, separator: char, digits: &str, at: DateTime) {
    let nanos = format!("{:09}", at.subsec_nanosecond());
    let mut shown = nanos[..digits.len().min(9)].to_owned();
    if digits.starts_with('9') {
        shown.truncate(shown.trim_end_matches('0').len());
        if shown.is_empty() {
            return;
        }
    }
    out.push(separator);
    out.push_str(&shown);
}

fn write_part(out: &mut String, part: Part, at: DateTime) {
    let month = MONTHS[usize::from(at.month().unsigned_abs() - 1)];
    let weekday = DAYS[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())];
    match part {
        Part::Year => number(out, i64::from(at.year()), 4, b'0'),
        Part::UnderlineYear => {
            out.push('_');
            number(out, i64::from(at.year()), 4, b'0');
        }
        Part::YearShort => number(out, i64::from(at.year().rem_euclid(100)), 2, b'0'),
        Part::Month => out.push_str(month),
        Part::MonthShort => out.push_str(&month[..3]),
        Part::Weekday => out.push_str(weekday),
        Part::WeekdayShort => out.push_str(&weekday[..3]),
        Part::DayOfYear(fill) => number(out, i64::from(at.day_of_year()), 3, fill),
        Part::Number(field, fill) => number(out, value(field, at), 2, fill),
        Part::Text(morning, evening) => out.push_str(if at.hour() < 12 { morning } else { evening }),
        Part::Zone => out.push_str("UTC"),
        Part::Offset(text) => out.push_str(text),
    }
}

fn value(field: Field, at: DateTime) -> i64 {
    i64::from(match field {
        Field::Month => at.month(),
        Field::Day => at.day(),
        Field::Hour => at.hour(),
        Field::Hour12 => match at.hour() % 12 {
            0 => 12,
            hour => hour,
        },
        Field::Minute => at.minute(),
        Field::Second => at.second(),
    })
}

fn number(out: &mut String, value: i64, width: usize, fill: u8) {
    // Writing to a text cannot fail.
    let _ = match fill {
        b'0' => write!(out, "{value:0width$}"),
        b' ' => write!(out, "{value:width$}"),
        _ => write!(out, "{value}"),
    };
}

/// The moment in a format of C; nothing for a directive whose result depends on the library that formats.
pub fn strftime(format: &str, at: DateTime) -> Option<String> {
    let mut out = String::with_capacity(format.len() + 8);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let part = match chars.next()? {
            '%' => {
                out.push('%');
                continue;
            }
            'A' => Part::Weekday,
            'a' => Part::WeekdayShort,
            'B' => Part::Month,
            'b' => Part::MonthShort,
            'd' => Part::Number(Field::Day, b'0'),
            'H' => Part::Number(Field::Hour, b'0'),
            'I' => Part::Number(Field::Hour12, b'0'),
            'j' => Part::DayOfYear(b'0'),
            'M' => Part::Number(Field::Minute, b'0'),
            'm' => Part::Number(Field::Month, b'0'),
            'p' => Part::Text("AM", "PM"),
            'S' => Part::Number(Field::Second, b'0'),
            'Y' => Part::Year,
            'y' => Part::YearShort,
            'Z' => Part::Zone,
            'z' => Part::Offset("+0000"),
            _ => return None,
        };
        write_part(&mut out, part, at);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn go_layouts() {
        let at = date(2015, 7, 9).at(15, 4, 5, 120_000_000);
        let early = date(2024, 12, 31).at(0, 0, 0, 0);
        let cases = [
            ("2006-01-02T15:04:05Z07:00", "2015-07-09T15:04:05Z", "2024-12-31T00:00:00Z"),
            ("20060102150405", "20150709150405", "20241231000000"),
            ("Mon Jan _2 15:04:05 2006", "Thu Jul  9 15:04:05 2015", "Tue Dec 31 00:00:00 2024"),
            ("Monday, 02-Jan-06 15:04:05 MST", "Thursday, 09-Jul-15 15:04:05 UTC", "Tuesday, 31-Dec-24 00:00:00 UTC"),
            ("January 2, 3:04PM", "July 9, 3:04PM", "December 31, 12:00AM"),
            ("1/2/06 3:4:5 pm", "7/9/15 3:4:5 pm", "12/31/24 12:0:0 am"),
            ("-0700 -07:00 -07 Z0700", "+0000 +00:00 +00 Z", "+0000 +00:00 +00 Z"),
            ("002 __2 _2006", "190 190 _2015", "366 366 _2024"),
            ("05.000 05.999 05,00", "05.120 05.12 05,12", "00.000 00 00,00"),
            ("Month Janitor", "Month Janitor", "Month Janitor"),
            ("ü.x", "ü.x", "ü.x"),
        ];
        for (layout, afternoon, night) in cases {
            assert_eq!(go_layout(layout, at), afternoon, "{layout}");
            assert_eq!(go_layout(layout, early), night, "{layout}");
        }
    }

    #[test]
    fn strftime_formats() {
        let at = date(2015, 7, 9).at(15, 4, 5, 0);
        assert_eq!(
            strftime("%Y-%m-%d %H:%M:%S %I%p %y %j %a %A %b %B 100%%", at).as_deref(),
            Some("2015-07-09 15:04:05 03PM 15 190 Thu Thursday Jul July 100%")
        );
        assert_eq!(strftime("%Q", at), None);
        assert_eq!(strftime("50%", at), None);
    }

    proptest! {
        #[test]
        fn every_layout_has_a_result(layout in "[0-9_.,:JanMoSTPpZ ü-]{0,24}") {
            let out = go_layout(&layout, date(2015, 7, 29).at(12, 34, 56, 0));
            prop_assert!(!out.is_empty() || layout.trim_matches(['.', ',']).chars().all(|c| matches!(c, '9' | '.' | ',')));
        }
    }
}

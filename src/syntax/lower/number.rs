//! Numbers, durations and sizes.

use super::super::ast::ExprKind;
use super::super::problem::SyntaxProblem;
use super::{Lower, Pair};

/// Why a literal is none.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    Form,
    TooLarge(&'static str),
}

impl Lower<'_> {
    /// A literal that begins with a digit.
    pub(super) fn number(&mut self, pair: &Pair<'_>) -> ExprKind {
        let span = self.span(pair);
        let found = pair.as_str().to_owned();
        match read(pair.as_str()) {
            Ok(kind) => return kind,
            Err(Refused::Form) => self.note(SyntaxProblem::BadNumber { span, found }),
            Err(Refused::TooLarge(what)) => self.note(SyntaxProblem::NumberTooLarge { span, found, what }),
        }
        ExprKind::Bad
    }
}

/// Units of a duration in nanoseconds, from large to small: so they stand in a literal, each at most once.
const DURATIONS: &[(&str, i64)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// Units of a size in bytes.
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads a literal: `42`, `1_000`, `1.5`, `1e3`, `1h30m`, `8GiB`.
pub(super) fn read(written: &str) -> Result<ExprKind, Refused> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '_';
    if written.ends_with('_') || written.contains("__") {
        return Err(Refused::Form);
    }
    let digits: String = written.chars().filter(|&c| c != '_').collect();
    if written.chars().all(is_digit) {
        return digits.parse().map(ExprKind::Int).map_err(|_| Refused::TooLarge("an integer"));
    }
    let unit_at = written.find(|c: char| !is_digit(c)).unwrap_or(written.len());
    let (amount, unit) = (written[..unit_at].replace('_', ""), &written[unit_at..]);
    if let Some((_, factor)) = SIZES.iter().find(|(name, _)| *name == unit) {
        let bytes = amount.parse::<u64>().ok().and_then(|n| n.checked_mul(*factor));
        return bytes.map(ExprKind::Size).ok_or(Refused::TooLarge("a size"));
    }
    if unit.starts_with(['.', 'e', 'E']) && written.matches('.').count() <= 1 {
        return match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(ExprKind::Number(number)),
            Ok(_) => Err(Refused::TooLarge("a number")),
            Err(_) => Err(Refused::Form),
        };
    }
    duration(&digits).map(ExprKind::Duration)
}

fn duration(written: &str) -> Result<i64, Refused> {
    let mut rest = written;
    let mut units = DURATIONS.iter();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit()).ok_or(Refused::Form)?;
        let unit_end = rest[unit_at..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| unit_at + n);
        let (amount, unit) = (&rest[..unit_at], &rest[unit_at..unit_end]);
        let (_, factor) = units.find(|(name, _)| *name == unit).ok_or(Refused::Form)?;
        let part = amount.parse::<i64>().ok().and_then(|n| n.checked_mul(*factor));
        total = part.and_then(|p| total.checked_add(p)).ok_or(Refused::TooLarge("a duration"))?;
        rest = &rest[unit_end..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_durations_and_sizes() {
        assert_eq!(read("1_000"), Ok(ExprKind::Int(1000)));
        assert_eq!(read("9223372036854775807"), Ok(ExprKind::Int(i64::MAX)));
        assert_eq!(read("9223372036854775808"), Err(Refused::TooLarge("an integer")));
        assert_eq!(read("1.5"), Ok(ExprKind::Number(1.5)));
        assert_eq!(read("1h30m"), Ok(ExprKind::Duration(5_400_000_000_000)));
        assert_eq!(read("500ms"), Ok(ExprKind::Duration(500_000_000)));
        assert_eq!(read("2d"), Ok(ExprKind::Duration(172_800_000_000_000)));
        assert_eq!(read("8GiB"), Ok(ExprKind::Size(8 << 30)));
        assert_eq!(read("10GB"), Ok(ExprKind::Size(10_000_000_000)));
        assert_eq!(read("100B"), Ok(ExprKind::Size(100)));
        assert_eq!(read("99999999999TiB"), Err(Refused::TooLarge("a size")));
        assert_eq!(read("99999999999h"), Err(Refused::TooLarge("a duration")));
        for bad in ["1x", "1m1h", "1h2", "1.2.3", "8Gib", "1_", "1__0", "1.5GiB"] {
            assert_eq!(read(bad), Err(Refused::Form), "{bad}");
        }
    }
}

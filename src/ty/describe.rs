//! How a type names itself: once, for errors, hover, completion and the book.

use std::fmt;

use super::{Literal, Range, Ty};

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Poison => f.write_str("unknown"),
            Ty::Never => f.write_str("nothing"),
            Ty::Null => f.write_str("null"),
            Ty::Bool => f.write_str("bool"),
            Ty::Int => f.write_str("int"),
            Ty::Number => f.write_str("number"),
            Ty::String => f.write_str("string"),
            Ty::Duration => f.write_str("duration"),
            Ty::Size => f.write_str("size"),
            Ty::Literal(literal) => literal.fmt(f),
            Ty::Union(members) => {
                for (i, member) in members.iter().enumerate() {
                    if i > 0 {
                        f.write_str(" | ")?;
                    }
                    member.fmt(f)?;
                }
                Ok(())
            }
            Ty::Matches(pattern) => write!(f, "string matches /{}/", pattern.source.replace('/', "\\/")),
            Ty::Range(range) => range.fmt(f),
            Ty::Domain(domain) => f.write_str(domain.name()),
            Ty::Template(fields) => {
                f.write_str("template<")?;
                for (i, field) in fields.iter().enumerate() {
                    write!(f, "{}.{field}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(">")
            }
            Ty::List(inner) => write!(f, "[{inner}]"),
            Ty::Map(inner) => write!(f, "map<{inner}>"),
            Ty::Record(record) => {
                if record.fields.is_empty() {
                    return f.write_str("{}");
                }
                f.write_str("{ ")?;
                for (i, (name, field)) in record.fields.iter().enumerate() {
                    if i == 4 && record.fields.len() > 5 {
                        return write!(f, ", … {} more }}", record.fields.len() - i);
                    }
                    let (comma, mark) = (if i > 0 { ", " } else { "" }, if field.optional { "?" } else { "" });
                    write!(f, "{comma}{name}: {}{mark}", field.ty)?;
                }
                f.write_str(" }")
            }
            Ty::Optional(inner) => match **inner {
                Ty::Union(_) => write!(f, "({inner})?"),
                _ => write!(f, "{inner}?"),
            },
            Ty::Named(named) => f.write_str(&named.name),
            Ty::Late(inner) => write!(f, "late {inner}"),
            Ty::Table(table) => write!(f, "table {}", table.name),
            Ty::Image(_) => f.write_str("image"),
            Ty::Builds => f.write_str("builds"),
            Ty::Build => f.write_str("build"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Literal::Int(int) => int.fmt(f),
            Literal::Bool(bool) => bool.fmt(f),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |v: Option<i64>| v.map(|v| unit(&self.base, v)).unwrap_or_default();
        write!(f, "{} in {}..{}", self.base, end(self.low), end(self.high))
    }
}

fn unit(base: &Ty, value: i64) -> String {
    match base.plain() {
        Ty::Duration => duration(value),
        Ty::Size => size(u64::try_from(value).unwrap_or(0)),
        _ => value.to_string(),
    }
}

/// A duration as the language and Go write it: `1h30m`, `500ms`, `0s`. The argument counts nanoseconds.
pub fn duration(nanos: i64) -> String {
    const UNITS: [(&str, i64); 6] = [
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    if nanos == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    let mut rest = nanos.unsigned_abs();
    if nanos < 0 {
        text.push('-');
    }
    for (name, length) in UNITS {
        let count = rest / length as u64;
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
            rest %= length as u64;
        }
    }
    text
}

/// A size as the language writes it, in the largest unit that leaves no remainder. The argument counts bytes.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 8] = [
        ("TiB", 1 << 40),
        ("TB", 1_000_000_000_000),
        ("GiB", 1 << 30),
        ("GB", 1_000_000_000),
        ("MiB", 1 << 20),
        ("MB", 1_000_000),
        ("KiB", 1 << 10),
        ("KB", 1_000),
    ];
    for (name, length) in UNITS {
        if bytes >= length && bytes.is_multiple_of(length) {
            return format!("{}{name}", bytes / length);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_as_they_are_written() {
        assert_eq!(duration(5_400_000_000_000), "1h30m");
        assert_eq!(duration(1_500_000_000), "1s500ms");
        assert_eq!(size(8 << 30), "8GiB");
        assert_eq!(size(10_000_000_000), "10GB");
        assert_eq!(size(1000), "1KB");
        assert_eq!(size(7), "7B");
    }
}

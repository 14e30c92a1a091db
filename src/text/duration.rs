//! Spans of time as people write them on a command line. The language reads its own.

use std::time::Duration;

/// A span of time with its unit: `500ms`, `2s`, `1.5m`, `6h`, `2d`.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(format!("`{text}` is no span of time: write `500ms`, `2s`, `90m`, `6h` or `2d`")),
    };
    let number: f64 = number.parse().map_err(|_| format!("`{text}` begins with no number"))?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_a_unit() {
        for (text, millis) in
            [("6h", 21_600_000), ("0s", 0), ("500ms", 500), ("1.5s", 1500), ("90m", 5_400_000), ("2d", 172_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "6", "h", "6x", "-1h", "1.2.3s", ".s", "6 h", "99999999999999999999h", "9999999999999999h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! What the run-time language computes with.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// A truth value.
    Truth(bool),
    /// Nothing.
    Nil,
}

impl Value {
    /// As the language prints it.
    pub fn print(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Whole(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::Nil => "<nil>".to_owned(),
        }
    }

    /// Whether `if` takes it for true: what is empty is not.
    pub fn truth(&self) -> bool {
        match self {
            Value::Text(text) => !text.is_empty(),
            Value::Whole(number) => *number != 0,
            Value::Real(number) => *number != 0.0,
            Value::Truth(truth) => *truth,
            Value::Nil => false,
        }
    }

    /// A number as it is written: decimal, hexadecimal, octal, binary, with underscores, or with a point.
    pub(super) fn number(written: &str) -> Option<Value> {
        let (minus, digits) = match written.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, written.strip_prefix('+').unwrap_or(written)),
        };
        let digits = digits.replace('_', "");
        let lower = digits.to_ascii_lowercase();
        let whole = if let Some(hex) = lower.strip_prefix("0x") {
            i64::from_str_radix(hex, 16).ok()
        } else if let Some(octal) = lower.strip_prefix("0o") {
            i64::from_str_radix(octal, 8).ok()
        } else if let Some(binary) = lower.strip_prefix("0b") {
            i64::from_str_radix(binary, 2).ok()
        } else if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|b| b.is_ascii_digit()) {
            i64::from_str_radix(&lower, 8).ok()
        } else {
            lower.parse().ok()
        };
        match whole {
            Some(whole) => Some(Value::Whole(if minus { -whole } else { whole })),
            None => lower.parse().ok().map(|real: f64| Value::Real(if minus { -real } else { real })),
        }
    }
}

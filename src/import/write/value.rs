//! Values as the language writes them.

use std::cell::Cell;

use crate::import::draft::{Entry, For, Kind, Operator, Value};
use crate::import::program::Names;
use crate::ty::describe;

use super::text::{bare, key, text};

/// How tightly an expression holds together; a looser one within a tighter one stands in parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Tight {
    Loose,
    Or,
    And,
    Compare,
    Else,
    Add,
    Times,
    Sign,
    Whole,
}

pub(super) struct Writer<'w> {
    pub(super) names: &'w Names,
    /// How far what is written stands from the margin, as the formatter will have it.
    indent: Cell<usize>,
}

impl<'w> Writer<'w> {
    pub(super) fn new(names: &'w Names) -> Self {
        Writer { names, indent: Cell::new(0) }
    }

    /// The blanks before a line at this place.
    pub(super) fn margin(&self) -> String {
        " ".repeat(self.indent.get())
    }

    /// What is written one step further from the margin.
    pub(super) fn deeper<T>(&self, write: impl FnOnce() -> T) -> T {
        const STEP: usize = 4;
        self.indent.set(self.indent.get() + STEP);
        let written = write();
        self.indent.set(self.indent.get() - STEP);
        written
    }

    /// An entry of a record or block.
    pub(super) fn entry(&self, entry: &Entry) -> String {
        match &entry.value.kind {
            Kind::Spread(inner) => format!("...{}", self.value(inner)),
            _ => format!("{} = {}", key(&entry.key), self.value(&entry.value)),
        }
    }

    /// A cell of a table.
    pub(super) fn cell(&self, value: Option<&Value>) -> String {
        let Some(value) = value else { return "-".into() };
        match value.plain() {
            Some(plain) if bare(plain) => plain.to_owned(),
            _ => self.value(value),
        }
    }

    pub(super) fn value(&self, value: &Value) -> String {
        match &value.kind {
            Kind::Null => "null".into(),
            Kind::Bool(bool) => bool.to_string(),
            Kind::Int(int) => int.to_string(),
            Kind::Number(written) => number(written),
            Kind::Duration(nanos) => describe::duration(*nanos),
            Kind::Size(bytes) => size(*bytes),
            Kind::Text(pieces) => text(pieces, self),
            Kind::List(values) => {
                let values: Vec<String> = self.deeper(|| values.iter().map(|v| self.value(v)).collect());
                format!("[{}]", values.join(", "))
            }
            Kind::Record(entries) => self.deeper(|| self.record(entries)),
            Kind::Spread(inner) => format!("...{}", self.value(inner)),
            Kind::Name(name) => self.names.of(name).to_owned(),
            Kind::Field(of, name) => format!("{}.{name}", self.within(of, Tight::Whole)),
            Kind::Index(of, indices) => {
                let indices: Vec<String> = indices.iter().map(|v| self.value(v)).collect();
                format!("{}[{}]", self.within(of, Tight::Whole), indices.join(", "))
            }
            Kind::Call(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|v| self.value(v)).collect();
                format!("{name}({})", arguments.join(", "))
            }
            Kind::Not(inner) => format!("!{}", self.within(inner, Tight::Sign)),
            Kind::Negative(inner) => format!("-{}", self.within(inner, Tight::Sign)),
            Kind::Operation(Operator::Matches, a, b) => {
                let pattern = b.plain().unwrap_or_default().replace('/', "\\/");
                format!("{} matches /{pattern}/", self.within(a, Tight::Else))
            }
            Kind::Operation(operator, a, b) => {
                let own = tight(*operator);
                // Chains of one operator need no parentheses on their left.
                let left = if own == Tight::Compare { Tight::Else } else { own };
                let right = next(own);
                format!("{} {} {}", self.within(a, left), operator.sign(), self.within(b, right))
            }
            Kind::If(condition, yes, no) => {
                format!("if {} then {} else {}", self.value(condition), self.within(yes, Tight::Or), self.value(no))
            }
            Kind::Match(on, arms) => {
                let arm = |(patterns, value): &(Vec<Value>, Value)| {
                    let patterns: Vec<String> = patterns.iter().map(|p| self.value(p)).collect();
                    let patterns = if patterns.is_empty() { "_".to_owned() } else { patterns.join(" | ") };
                    format!("{patterns} => {}\n", self.value(value))
                };
                format!("match {} {{\n{}}}", self.within(on, Tight::Whole), arms.iter().map(arm).collect::<String>())
            }
            Kind::For(each) => self.comprehension(each),
        }
    }

    fn record(&self, entries: &[Entry]) -> String {
        if entries.is_empty() {
            return "{}".into();
        }
        let commented = entries.iter().any(|e| !e.comments.is_empty());
        if !commented {
            let entries: Vec<String> = entries.iter().map(|e| self.entry(e)).collect();
            return format!("{{ {} }}", entries.join(", "));
        }
        let mut out = "{\n".to_owned();
        super::entries(&mut out, entries, self);
        out.push('}');
        out
    }

    fn comprehension(&self, each: &For) -> String {
        let names = each.key.iter().chain([&each.value]).cloned().collect::<Vec<_>>().join(", ");
        let condition = each.condition.as_ref().map(|c| format!(" if {}", self.value(c))).unwrap_or_default();
        let head = format!("for {names} in {}{condition}:", self.value(&each.over));
        match &each.makes_key {
            Some(key) => format!("{{ {head} {} = {} }}", self.value(key), self.value(&each.makes)),
            None => format!("[{head} {}]", self.value(&each.makes)),
        }
    }

    /// A value within another, in parentheses where it would fall apart.
    fn within(&self, value: &Value, least: Tight) -> String {
        let own = match &value.kind {
            Kind::Operation(operator, ..) => tight(*operator),
            Kind::If(..) | Kind::Match(..) => Tight::Loose,
            Kind::Not(_) | Kind::Negative(_) => Tight::Sign,
            Kind::Int(int) if *int < 0 => Tight::Sign,
            _ => Tight::Whole,
        };
        if own < least { format!("({})", self.value(value)) } else { self.value(value) }
    }
}

fn tight(operator: Operator) -> Tight {
    match operator {
        Operator::Or => Tight::Or,
        Operator::And => Tight::And,
        Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::LessEqual
        | Operator::Greater
        | Operator::GreaterEqual
        | Operator::In
        | Operator::Matches => Tight::Compare,
        Operator::Else => Tight::Else,
        Operator::Add | Operator::Subtract => Tight::Add,
        Operator::Multiply | Operator::Divide | Operator::Remainder => Tight::Times,
    }
}

fn next(own: Tight) -> Tight {
    match own {
        Tight::Loose => Tight::Or,
        Tight::Or => Tight::And,
        Tight::And => Tight::Compare,
        Tight::Compare => Tight::Else,
        Tight::Else => Tight::Add,
        Tight::Add => Tight::Times,
        Tight::Times => Tight::Sign,
        Tight::Sign | Tight::Whole => Tight::Whole,
    }
}

/// GiB as the book writes them, also those that make whole TiB.
fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    if bytes > 0 && bytes.is_multiple_of(GIB) { format!("{}GiB", bytes / GIB) } else { describe::size(bytes) }
}

/// A number in the language's form, which has no exponents, and whose integers have an end.
fn number(written: &str) -> String {
    if written.contains(['e', 'E']) || !written.contains('.') {
        let number = written.parse::<f64>().unwrap_or_default();
        let plain = format!("{number}");
        return if plain.contains('.') || !number.is_finite() { plain } else { format!("{plain}.0") };
    }
    written.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_point_and_no_exponent() {
        for (written, said) in [
            ("0.10", "0.10"),
            ("1e3", "1000.0"),
            ("1.5E-2", "0.015"),
            ("12345678901234567890", "12345678901234567000.0"),
        ] {
            assert_eq!(number(written), said);
        }
    }
}

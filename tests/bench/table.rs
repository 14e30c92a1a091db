//! Measurements as an aligned table: the median of several runs, the least of them, how far they lie apart, and the aim.
//!
//! It judges nothing: machines differ, and a slow one is no mistake.

use std::time::{Duration, Instant};

/// What a row's numbers count.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    /// A million bytes a second.
    Speed,
    /// A million bytes.
    Size,
    Times,
}

/// Something measured several times.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) samples: Vec<f64>,
    pub(crate) aim: &'static str,
}

/// How long a piece of work takes; what it gives is kept until the clock has stopped.
pub(crate) fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = std::hint::black_box(work());
    let took = start.elapsed();
    drop(result);
    took.max(Duration::from_nanos(1)).as_secs_f64()
}

/// Sample by sample, so that what slows the machine for a while slows both.
pub(crate) fn ratios(dividends: &[f64], divisors: &[f64]) -> Vec<f64> {
    dividends.iter().zip(divisors).map(|(a, b)| a / b).collect()
}

pub(crate) fn print(rows: &[Row], notes: &[String]) {
    let mut cells = vec![["", "median", "least", "spread", "aim"].map(str::to_owned)];
    cells.extend(rows.iter().filter(|row| !row.samples.is_empty()).map(Row::cells));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for [what, numbers @ .., aim] in &cells {
        let mut line = format!("{what:0$}", widths[0]);
        for (number, width) in numbers.iter().zip(&widths[1..]) {
            line += &format!("  {number:>width$}");
        }
        println!("{}", format!("{line}  {aim}").trim_end());
    }
    notes.iter().for_each(|note| println!("{note}"));
}

impl Row {
    fn cells(&self) -> [String; 5] {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let (least, most, median) = (sorted[0], sorted[sorted.len() - 1], sorted[sorted.len() / 2]);
        let spread = format!("{:.0} %", (most - least) / median * 100.0);
        [self.what.clone(), self.unit.show(median), self.unit.show(least), spread, self.aim.to_owned()]
    }
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Unit::Seconds if number < 1e-3 => format!("{:.2} µs", number * 1e6),
            Unit::Seconds if number < 1.0 => format!("{:.2} ms", number * 1e3),
            Unit::Seconds => format!("{number:.2} s"),
            Unit::Speed => format!("{number:.1} MB/s"),
            Unit::Size => format!("{number:.1} MB"),
            Unit::Times if number < 100.0 => format!("{number:.2} times"),
            Unit::Times => format!("{number:.0} times"),
        }
    }
}

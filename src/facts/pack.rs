//! From a table of instance types, one line a type and cells between tabs, to the packed form that [`Facts`](super::Facts) searches.
//!
//! The packed form holds the regions, each different row of attributes once ("shapes"), each different set of regions once as a
//! hexadecimal bit set ("offers"), and a line per type, sorted by name, that refers to them:
//! `name shape offer vcpus memory_mib instance_store_gb`.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexSet;

use crate::text::suggest;

/// The columns that make a shape, in the order of the packed form.
pub(super) const SHAPE: [&str; 10] = [
    "architectures",
    "virtualization",
    "root_devices",
    "boot_modes",
    "hypervisor",
    "ena",
    "current",
    "ebs_optimized",
    "nitro_enclaves",
    "usage_classes",
];
/// The columns that each type has for itself.
pub(super) const NUMBERS: [&str; 3] = ["vcpus", "memory_mib", "instance_store_gb"];

/// Sets of regions are 64 bits wide.
const REGION_LIMIT: usize = 64;

/// What is wrong with a table of facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FactsProblem {
    /// No line `# regions…: a b c` before the header.
    NoRegions,
    /// More regions than the packed form has bits for.
    TooManyRegions {
        /// The line, from 1.
        line: usize,
    },
    /// No header, or no type below it.
    Empty,
    /// A column that the header lacks.
    NoColumn {
        /// The header's line, from 1.
        line: usize,
        /// The missing column.
        column: &'static str,
        /// The header's name that is near it.
        near: Option<String>,
    },
    /// A row with more or fewer cells than the header.
    Cells {
        /// The line, from 1.
        line: usize,
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        wanted: usize,
    },
    /// A cell that its column does not allow.
    Cell {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
        /// The cell.
        found: String,
        /// What it has to be, in words.
        wanted: String,
    },
    /// A type that has two rows.
    Twice {
        /// The second row's line, from 1.
        line: usize,
        /// The type.
        name: String,
    },
}

impl FactsProblem {
    /// The line that is wrong, from 1.
    pub fn line(&self) -> usize {
        match self {
            FactsProblem::NoRegions | FactsProblem::Empty => 1,
            FactsProblem::TooManyRegions { line }
            | FactsProblem::NoColumn { line, .. }
            | FactsProblem::Cells { line, .. }
            | FactsProblem::Cell { line, .. }
            | FactsProblem::Twice { line, .. } => *line,
        }
    }
}

impl fmt::Display for FactsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FactsProblem::NoRegions => {
                f.write_str("expected a line `# regions: …` that names the regions of `offered_in`")
            }
            FactsProblem::TooManyRegions { .. } => write!(f, "at most {REGION_LIMIT} regions can be told apart"),
            FactsProblem::Empty => f.write_str("the table holds no instance type"),
            FactsProblem::NoColumn { column, near: Some(near), .. } => {
                write!(f, "column `{column}` is missing; did you mean it by `{near}`?")
            }
            FactsProblem::NoColumn { column, near: None, .. } => write!(f, "column `{column}` is missing"),
            FactsProblem::Cells { found, wanted, .. } => {
                write!(f, "expected {wanted} cells between tabs, found {found}")
            }
            FactsProblem::Cell { column, found, wanted, .. } => write!(f, "`{found}` in `{column}`: expected {wanted}"),
            FactsProblem::Twice { name, .. } => write!(f, "`{name}` has two rows"),
        }
    }
}

impl std::error::Error for FactsProblem {}

/// Packs a table. Its comment lines say where it comes from and, in the order of the flags, its regions.
pub fn pack(tsv: &str) -> Result<String, FactsProblem> {
    let mut provenance: Option<&str> = None;
    let mut regions: Option<Vec<&str>> = None;
    let mut header: Option<Header> = None;
    let (mut shapes, mut offers) = (IndexSet::new(), IndexSet::new());
    let mut types = BTreeMap::new();

    for (line, text) in (1..).zip(tsv.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        if let Some(comment) = text.strip_prefix('#') {
            match comment.trim().strip_prefix("regions").and_then(|rest| rest.split_once(':')) {
                Some((_, names)) => regions = Some(names.split_whitespace().collect()),
                None => provenance = provenance.or(Some(comment.trim().trim_end_matches('.'))),
            }
            continue;
        }
        let Some(known) = header.as_ref() else {
            if regions.as_ref().ok_or(FactsProblem::NoRegions)?.len() > REGION_LIMIT {
                return Err(FactsProblem::TooManyRegions { line });
            }
            header = Some(Header::read(line, text)?);
            continue;
        };
        let row = known.row(line, text)?;
        let name = row.word("type")?;
        let shape = SHAPE.iter().map(|column| row.word(column)).collect::<Result<Vec<_>, _>>()?;
        let numbers = NUMBERS.iter().map(|column| row.number(column)).collect::<Result<Vec<_>, _>>()?;
        row.one_of("current", &["yes", "no"])?;
        row.one_of("nitro_enclaves", &["supported", "unsupported"])?;
        let offered = row.flags("offered_in", regions.as_ref().map_or(0, Vec::len))?;
        let (shape, _) = shapes.insert_full(shape.join(" "));
        let (offer, _) = offers.insert_full(offered);
        let entry = format!("{name} {shape} {offer} {}", numbers.join(" "));
        if types.insert(name, entry).is_some() {
            return Err(FactsProblem::Twice { line, name: name.to_owned() });
        }
    }
    if types.is_empty() {
        return Err(FactsProblem::Empty);
    }

    let mut packed = format!("# {}\n", provenance.unwrap_or("a table of instance types that does not name its source"));
    packed.push_str(&format!("regions {}\n", regions.unwrap_or_default().join(" ")));
    shapes.iter().for_each(|shape| packed.push_str(&format!("shape {shape}\n")));
    offers.iter().for_each(|offer| packed.push_str(&format!("offer {offer:x}\n")));
    packed.push_str("types\n");
    types.values().for_each(|entry| packed.push_str(&format!("{entry}\n")));
    Ok(packed)
}

/// Where each column stands.
struct Header {
    names: Vec<String>,
}

impl Header {
    fn read(line: usize, text: &str) -> Result<Self, FactsProblem> {
        let names: Vec<String> = text.split('\t').map(|name| name.trim().to_owned()).collect();
        for column in ["type", "offered_in"].into_iter().chain(SHAPE).chain(NUMBERS) {
            if !names.iter().any(|name| name == column) {
                let near = suggest::nearest(column, names.iter().map(String::as_str)).map(str::to_owned);
                return Err(FactsProblem::NoColumn { line, column, near });
            }
        }
        Ok(Header { names })
    }

    fn row<'t>(&self, line: usize, text: &'t str) -> Result<Row<'_, 't>, FactsProblem> {
        let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
        if cells.len() == self.names.len() {
            Ok(Row { header: self, line, cells })
        } else {
            Err(FactsProblem::Cells { line, found: cells.len(), wanted: self.names.len() })
        }
    }
}

struct Row<'h, 't> {
    header: &'h Header,
    line: usize,
    cells: Vec<&'t str>,
}

impl<'t> Row<'_, 't> {
    fn cell(&self, column: &str) -> &'t str {
        let index = self.header.names.iter().position(|name| name == column);
        index.and_then(|index| self.cells.get(index)).copied().unwrap_or_default()
    }

    fn refuse<T>(&self, column: &'static str, wanted: impl Into<String>) -> Result<T, FactsProblem> {
        let found = self.cell(column).to_owned();
        Err(FactsProblem::Cell { line: self.line, column, found, wanted: wanted.into() })
    }

    fn word(&self, column: &'static str) -> Result<&'t str, FactsProblem> {
        let cell = self.cell(column);
        if cell.is_empty() || cell.contains(char::is_whitespace) {
            return self.refuse(column, "one word, several joined by `,`, or `-` for none");
        }
        Ok(cell)
    }

    fn number(&self, column: &'static str) -> Result<String, FactsProblem> {
        match self.cell(column).parse::<u32>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => self.refuse(column, "a whole number"),
        }
    }

    fn one_of(&self, column: &'static str, words: &[&str]) -> Result<(), FactsProblem> {
        if words.contains(&self.cell(column)) {
            Ok(())
        } else {
            self.refuse(column, format!("`{}`", words.join("` or `")))
        }
    }

    /// The set as bits, the first region being bit 0.
    fn flags(&self, column: &'static str, regions: usize) -> Result<u64, FactsProblem> {
        let cell = self.cell(column);
        if cell.len() != regions || !cell.bytes().all(|b| matches!(b, b'0' | b'1')) {
            return self.refuse(column, format!("{regions} flags `0` or `1`, one for each region"));
        }
        Ok(cell.bytes().rev().fold(0, |set, flag| set << 1 | u64::from(flag == b'1')))
    }
}

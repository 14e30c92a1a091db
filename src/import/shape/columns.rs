//! Tables that hold what depends on axes, one for each set of axes.

use crate::import::draft::{Kind, Value};
use crate::import::program::{Names, Table};

use super::cells::Cells;

/// The columns that values have asked for.
pub(super) struct Columns {
    tables: Vec<Keyed>,
    pub(super) names: Names,
}

/// Columns that depend on the same axes, of the same builds.
struct Keyed {
    name: String,
    axes: Vec<usize>,
    builds: Vec<usize>,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    /// One a row.
    cells: Vec<Option<Value>>,
}

impl Keyed {
    /// The keys of the rows, each with its first build, in the order of the builds.
    fn rows(&self, cells: &Cells) -> Vec<usize> {
        rows(cells, &self.axes, &self.builds)
    }
}

fn rows(cells: &Cells, axes: &[usize], builds: &[usize]) -> Vec<usize> {
    let mut seen: rustc_hash::FxHashSet<Vec<usize>> = rustc_hash::FxHashSet::default();
    let key = |build: usize| axes.iter().map(|a| cells.of[build][*a]).collect::<Vec<usize>>();
    builds.iter().copied().filter(|b| seen.insert(key(*b))).collect()
}

impl Columns {
    /// No columns yet; names that are taken.
    pub(super) fn new(names: Names) -> Self {
        Columns { tables: Vec::new(), names }
    }

    /// Adds a column, or takes one that is there; the expression that reads it.
    pub(super) fn add(
        &mut self,
        cells: &Cells,
        builds: &[usize],
        axes: &[usize],
        values: &[Option<Value>],
        hint: &str,
    ) -> Option<Value> {
        let firsts = rows(cells, axes, builds);
        let value_of = |build: &usize| builds.iter().position(|b| b == build).and_then(|at| values[at].clone());
        let column: Vec<Option<Value>> = firsts.iter().map(value_of).collect();
        sort(&column)?;
        let at = match self.tables.iter().position(|t| t.axes == axes && t.builds == builds) {
            Some(at) => at,
            None => {
                let name = self.names.fresh(&table_name(cells, axes));
                self.tables.push(Keyed { name, axes: axes.to_vec(), builds: builds.to_vec(), columns: Vec::new() });
                self.tables.len() - 1
            }
        };
        let there = self.tables[at].columns.iter().position(|c| c.cells == column);
        let number = match there {
            Some(number) => number,
            None => {
                let name = self.names.fresh(hint);
                self.tables[at].columns.push(Column { name, cells: column });
                self.tables[at].columns.len() - 1
            }
        };
        let table = &self.tables[at];
        let index = axes.iter().map(|a| cells.axis(*a)).collect();
        let row = Kind::Index(Box::new(Value::bound(table.name.clone(), cells.span)), index);
        let row = Value::new(row, cells.span);
        Some(Value::new(Kind::Field(Box::new(row), table.columns[number].name.clone()), cells.span))
    }

    /// The tables, and which of them has a row for each build, so that the matrix may run over it.
    pub(super) fn tables(&self, cells: &Cells) -> Vec<(Vec<usize>, bool, Table)> {
        self.tables.iter().map(|t| (t.axes.clone(), t.builds.len() == cells.of.len(), t.table(cells))).collect()
    }
}

impl Keyed {
    fn table(&self, cells: &Cells) -> Table {
        let rows = self.rows(cells);
        let key: Vec<String> = self.axes.iter().map(|a| cells.axes[*a].name.clone()).collect();
        let mut columns: Vec<(String, String)> =
            self.axes.iter().map(|a| (cells.axes[*a].name.clone(), axis_type(cells, *a))).collect();
        columns.extend(self.columns.iter().map(|c| {
            let mark = if c.cells.iter().any(Option::is_none) { "?" } else { "" };
            (c.name.clone(), format!("{}{mark}", sort(&c.cells).unwrap_or_default()))
        }));
        let row = |(number, build): (usize, &usize)| {
            let keys = self.axes.iter().map(|a| Some(Value::text(cells.value(*build, *a), cells.span)));
            keys.chain(self.columns.iter().map(|c| c.cells[number].clone())).collect()
        };
        Table { name: self.name.clone(), key, columns, rows: rows.iter().enumerate().map(row).collect() }
    }
}

/// The type of an axis as a column.
pub(super) fn axis_type(cells: &Cells, axis: usize) -> String {
    let values: Vec<Option<Value>> =
        cells.axes[axis].values.iter().map(|v| Some(Value::text(v.clone(), cells.span))).collect();
    sort(&values).unwrap_or_else(|| "string".into())
}

/// The type of a column, where all cells are of one.
fn sort(cells: &[Option<Value>]) -> Option<String> {
    use crate::ty::Domain;
    let mut present = cells.iter().flatten();
    let all = |fits: fn(&Kind) -> bool| cells.iter().flatten().all(|v| fits(&v.kind));
    let first = present.next()?;
    Some(match &first.kind {
        Kind::Bool(_) if all(|k| matches!(k, Kind::Bool(_))) => "bool".into(),
        Kind::Int(_) if all(|k| matches!(k, Kind::Int(_))) => "int".into(),
        Kind::Size(_) if all(|k| matches!(k, Kind::Size(_))) => "size".into(),
        Kind::Duration(_) if all(|k| matches!(k, Kind::Duration(_))) => "duration".into(),
        Kind::Text(_) if all(|k| matches!(k, Kind::Text(_))) => {
            const TOLD_BY_FORM: [Domain; 6] = [
                Domain::Region,
                Domain::AmiId,
                Domain::SnapshotId,
                Domain::VpcId,
                Domain::SubnetId,
                Domain::SecurityGroupId,
            ];
            let form = |d: &Domain| {
                cells.iter().flatten().all(|v| v.plain().is_some_and(|t| d.check(t).is_ok()))
            };
            TOLD_BY_FORM.iter().copied().find(form).map_or("string", Domain::name).into()
        }
        _ => return None,
    })
}

fn table_name(cells: &Cells, axes: &[usize]) -> String {
    match axes {
        [axis] => format!("{}s", cells.axes[*axis].name),
        _ => "cells".into(),
    }
}

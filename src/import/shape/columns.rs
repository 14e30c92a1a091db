//! Tables that hold what depends on axes, one for each set of axes.

use rustc_hash::FxHashMap;

use crate::facts::regions;
use crate::import::draft::{Draft, Kind, Value};
use crate::import::program::{Names, Table};
use crate::schema::{Category, Kinds};
use crate::ty::{Domain, Ty};

use super::cells::Cells;

/// The columns that values have asked for.
pub(super) struct Columns {
    tables: Vec<Keyed>,
    pub(super) names: Names,
    /// What options take, by their names.
    types: FxHashMap<String, Ty>,
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
    ty: String,
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
    pub(super) fn new(names: Names, types: FxHashMap<String, Ty>) -> Self {
        Columns { tables: Vec::new(), names, types }
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
        let ty = sort(&column, self.types.get(hint))?;
        let at = match self.tables.iter().position(|t| t.axes == axes && t.builds == builds) {
            Some(at) => at,
            None => {
                let name = self.names.fresh(&table_name(cells, axes, hint));
                self.tables.push(Keyed { name, axes: axes.to_vec(), builds: builds.to_vec(), columns: Vec::new() });
                self.tables.len() - 1
            }
        };
        let there = self.tables[at].columns.iter().position(|c| c.cells == column);
        let number = match there {
            Some(number) => number,
            None => {
                let name = self.names.fresh(hint);
                self.tables[at].columns.push(Column { name, ty, cells: column });
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
            let ty = if mark.is_empty() || !c.ty.contains('|') { c.ty.clone() } else { format!("({})", c.ty) };
            (c.name.clone(), format!("{ty}{mark}"))
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
    sort(&values, None).unwrap_or_else(|| "string".into())
}

/// The type of a column, where all cells are of one; `wanted` is what the place takes.
fn sort(cells: &[Option<Value>], wanted: Option<&Ty>) -> Option<String> {
    let all = |fits: fn(&Kind) -> bool| cells.iter().flatten().all(|v| fits(&v.kind));
    let first = cells.iter().flatten().next()?;
    Some(match &first.kind {
        Kind::Bool(_) if all(|k| matches!(k, Kind::Bool(_))) => "bool".into(),
        Kind::Int(_) if all(|k| matches!(k, Kind::Int(_))) => "int".into(),
        Kind::Size(_) if all(|k| matches!(k, Kind::Size(_))) => "size".into(),
        Kind::Duration(_) if all(|k| matches!(k, Kind::Duration(_))) => "duration".into(),
        Kind::Text(_) if all(|k| matches!(k, Kind::Text(_))) => {
            let texts: Vec<&str> = cells.iter().flatten().filter_map(Value::plain).collect();
            match wanted.map(scalar) {
                Some(Ty::Domain(domain)) if texts.iter().all(|t| domain.check(t).is_ok()) => domain.name().into(),
                Some(Ty::Union(members)) if members.iter().all(|m| matches!(m, Ty::Literal(_))) => literals(&texts),
                _ => told_by_form(&texts).into(),
            }
        }
        _ => return None,
    })
}

/// The type of one value, where several stand in a list.
fn scalar(ty: &Ty) -> &Ty {
    match ty {
        Ty::Named(named) => scalar(&named.ty),
        Ty::List(inner) | Ty::Optional(inner) | Ty::Late(inner) => scalar(inner),
        other => other,
    }
}

fn literals(texts: &[&str]) -> String {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        let word = crate::import::write::plain(text);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" | ")
}

/// The type that texts show by themselves.
fn told_by_form(texts: &[&str]) -> &'static str {
    const FORMS: [Domain; 5] =
        [Domain::AmiId, Domain::SnapshotId, Domain::VpcId, Domain::SubnetId, Domain::SecurityGroupId];
    if texts.iter().all(|t| regions::find(t).is_some()) {
        return Domain::Region.name();
    }
    let form = FORMS.iter().find(|d| texts.iter().all(|t| d.check(t).is_ok()));
    form.map_or("string", |d| d.name())
}

/// Every option and member of the schema's kinds that a draft uses, with its type; where several have one name, the first.
pub(super) fn types_of(draft: &Draft, kinds: &Kinds) -> FxHashMap<String, Ty> {
    fn below(ty: &Ty, found: &mut FxHashMap<String, Ty>) {
        match ty {
            Ty::Named(named) => below(&named.ty, found),
            Ty::List(inner) | Ty::Optional(inner) | Ty::Late(inner) => below(inner, found),
            Ty::Union(members) => members.iter().for_each(|m| below(m, found)),
            Ty::Record(record) => record.fields.iter().for_each(|(name, field)| {
                below(&field.ty, found);
                found.entry(name.to_string()).or_insert_with(|| field.ty.clone());
            }),
            _ => {}
        }
    }
    let mut found = FxHashMap::default();
    let builders = draft.builders.iter().map(|b| (Category::Builder, &b.block));
    let steps = draft.provisioners.iter().chain(&draft.cleanups).map(|s| (Category::Provisioner, s));
    let posts = draft.posts.iter().flatten().map(|s| (Category::Post, s));
    for (category, block) in builders.chain(steps).chain(posts) {
        let Some(kind) = kinds.get(&(category, block.kind.as_str().into())) else { continue };
        for (name, field) in &kind.options {
            found.entry(name.to_string()).or_insert_with(|| field.ty.clone());
        }
        kind.options.values().for_each(|field| below(&field.ty, &mut found));
    }
    found
}

fn table_name(cells: &Cells, axes: &[usize], hint: &str) -> String {
    match axes {
        [axis] => format!("{}s", cells.axes[*axis].name),
        _ => format!("{hint}s"),
    }
}

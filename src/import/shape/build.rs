//! A program in a shape.

use crate::import::draft::{Block, Draft, Entry, Kind, Name, Value};
use crate::import::program::{Axis, Chain, Declared, Image, Names, Program, Statement, Table, identifier};
use crate::import::typed::{self, Typed};
use crate::schema::Kinds;
use crate::text::{FileId, Span};

use super::cells::Cells;
use super::columns::Columns;
use super::solve::Solver;
use super::{axes, columns};

/// How much is brought together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::import) enum Shape {
    /// Axes are found in the names of the builds.
    Axes,
    /// One axis of names; builders of a kind are one block.
    Table,
    /// One axis of names, one block a builder, what they share in a record of its own.
    Shared,
    /// One axis of names, one block a builder.
    Plain,
}

impl Shape {
    /// The finest first.
    pub(in crate::import) const ALL: [Shape; 4] = [Shape::Axes, Shape::Table, Shape::Shared, Shape::Plain];
}

/// The program of a draft in a shape, if it has that shape.
pub(in crate::import) fn program(typed: &Typed, kinds: &Kinds, stems: [&str; 2], shape: Shape) -> Option<Program> {
    let draft = &typed.draft;
    let span = Span::file_start(FileId(0));
    if draft.builders.len() < 2 && shape != Shape::Plain {
        return None;
    }
    let mut program = Program { doc: draft.doc.clone(), end: draft.end.clone(), ..Program::default() };
    program.externs = typed.externs.clone();
    let mut names = Names::default();
    // What has the name of a function that is called would hide it.
    typed::each_value(draft, &mut |value| {
        if let Kind::Call(function, _) = &value.kind {
            names.reserve(function);
        }
    });
    program.variables = variables(typed, &mut names);
    for local in &draft.locals {
        let name = names.give(Name::Local(local.key.clone()));
        program.lets.push(Entry { key: name, ..local.clone() });
    }
    let image = names.fresh(&image_name(draft, stems));
    let cells = match shape {
        _ if draft.builders.len() == 1 => Cells {
            axes: Vec::new(),
            of: vec![Vec::new()],
            name: Value::text(draft.builders[0].name.clone(), span),
            span,
        },
        Shape::Axes => axes::by_parts(&draft.builders, &mut names, span)?,
        _ => axes::by_name(&draft.builders, &mut names, span),
    };
    let columns = Columns::new(names, columns::types_of(draft, kinds));
    let mut solver = Solver { cells: &cells, columns, lets: Vec::new() };
    let mut image = Image { name: image, ..Image::default() };
    image.builders = builders(draft, &mut solver, shape);
    if shape == Shape::Shared {
        share(&mut image.builders, &mut program, &mut solver.columns.names)?;
    }
    let steps = draft.provisioners.iter().map(|s| ("provision", s));
    let steps = steps.chain(draft.cleanups.iter().map(|s| ("cleanup", s)));
    image.steps = steps.filter_map(|(word, step)| statement(word, step, &mut solver)).collect();
    for chain in &draft.posts {
        let mut links: Vec<Statement> = chain.iter().filter_map(|link| statement("", link, &mut solver)).collect();
        let same = links.iter().all(|l| l.when == links[0].when);
        let when = if same && !links.is_empty() { links[0].when.clone() } else { None };
        if same {
            links.iter_mut().for_each(|l| l.when = None);
        }
        if !links.is_empty() {
            image.posts.push(Chain { when, links });
        }
    }
    let said = said(draft, &mut solver);
    image.lets = std::mem::take(&mut solver.lets);
    matrix(&cells, &solver.columns, &mut image, &mut program);
    let usual = draft.builders.len() == 1 && draft.builders[0].name == image.name;
    image.builds = said.or_else(|| (!usual).then(|| cells.name.clone()));
    program.names = solver.columns.names;
    program.images.push(image);
    Some(program)
}

/// The names of the builds, where variables are in some of them.
fn said(draft: &Draft, solver: &mut Solver<'_>) -> Option<Value> {
    if draft.builders.iter().all(|b| b.said.is_none()) {
        return None;
    }
    let span = solver.cells.span;
    let name = |b: &crate::import::draft::Builder| b.said.clone().unwrap_or_else(|| Value::text(b.name.clone(), span));
    let names = draft.builders.iter().map(|b| Some(name(b))).collect();
    Some(solver.solve(&solver.cells.all(), names, "build_name"))
}

fn variables(typed: &Typed, names: &mut Names) -> Vec<Declared> {
    let declared = |variable: &crate::import::draft::Variable| {
        let written = typed.variables.get(&variable.name);
        Declared {
            name: names.give(Name::Variable(variable.name.clone())),
            secret: written.is_some_and(|w| w.secret),
            early: written.is_some_and(|w| w.early),
            ty: written.map_or("string".into(), |w| w.word.clone()),
            default: variable.default.clone(),
            doc: variable.doc.clone(),
            comments: variable.comments.clone(),
        }
    };
    let mut all: Vec<Declared> = typed.draft.variables.iter().map(declared).collect();
    if typed.draft.late {
        // The few that have become params stand together.
        all.sort_by_key(|variable| !variable.early);
    }
    all
}

/// What the image is called: as its file, or where that says nothing, as its only build.
fn image_name(draft: &Draft, stems: [&str; 2]) -> String {
    const SAYS_NOTHING: &[&str] = &["packer", "template", "main", "build", "builder", "image", "ami", "aws", "-", ""];
    let word = |name: &str| identifier(&name.to_ascii_lowercase());
    if let Some(stem) = stems.into_iter().find(|s| !SAYS_NOTHING.contains(&s.to_ascii_lowercase().as_str())) {
        return word(stem);
    }
    match &draft.builders[..] {
        [only] if only.name != only.block.kind => word(&only.name),
        _ => "image".into(),
    }
}

fn builders(draft: &Draft, solver: &mut Solver<'_>, shape: Shape) -> Vec<Statement> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (number, builder) in draft.builders.iter().enumerate() {
        let merged = matches!(shape, Shape::Axes | Shape::Table);
        let fits = |first: usize| like(&draft.builders[first].block, &builder.block);
        match groups
            .iter_mut()
            .find(|(kind, own)| merged && *kind == builder.block.kind && own.first().is_some_and(|b| fits(*b)))
        {
            Some((_, own)) => own.push(number),
            None => groups.push((&builder.block.kind, vec![number])),
        }
    }
    let all = solver.cells.all();
    let mut statements = Vec::new();
    for (kind, own) in groups {
        let blocks: Vec<&Block> = own.iter().map(|b| &draft.builders[*b].block).collect();
        let options: Vec<&[Entry]> = blocks.iter().map(|b| b.options.as_slice()).collect();
        statements.push(Statement {
            word: "builder",
            kind: kind.to_owned(),
            label: None,
            when: solver.cells.condition(&own, &all),
            entries: solver.entries(&own, &options),
            comments: distinct(
                own.iter().zip(&blocks).flat_map(|(b, block)| telling(solver.cells, *b, &block.comments)),
            ),
            end: distinct(own.iter().zip(&blocks).flat_map(|(b, block)| telling(solver.cells, *b, &block.end))),
        });
    }
    statements
}

/// Whether two blocks say so much in common that nobody would write them apart.
fn like(a: &Block, b: &Block) -> bool {
    let common = a.options.iter().filter(|e| b.options.iter().any(|o| o.key == e.key)).count();
    let all = a.options.len() + b.options.len() - common;
    common * 3 >= all * 2 || all - common <= 2
}

/// Comments that say more than the build's own coordinates.
fn telling<'a>(cells: &'a Cells, build: usize, comments: &'a [String]) -> impl Iterator<Item = &'a String> {
    let said = move |comment: &str| {
        let word = comment.trim_matches(|c: char| !c.is_alphanumeric());
        cells.build_name(build) == word || (0..cells.axes.len()).any(|axis| cells.value(build, axis) == word)
    };
    comments.iter().filter(move |comment| !said(comment))
}

fn distinct<'a>(comments: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for comment in comments {
        if !all.contains(comment) {
            all.push(comment.clone());
        }
    }
    all
}

/// A step as it is for the builds that it is for; none where it is for no build.
fn statement(word: &'static str, step: &Block, solver: &mut Solver<'_>) -> Option<Statement> {
    let all = solver.cells.all();
    let builds = step.builds.clone().unwrap_or_else(|| all.clone());
    if builds.is_empty() {
        return None;
    }
    let own = |build: &usize| {
        let mut options = step.options.clone();
        for (_, entries) in step.overrides.iter().filter(|(b, _)| b == build) {
            for entry in entries {
                match options.iter_mut().find(|e| e.key == entry.key) {
                    Some(old) => old.value = entry.value.clone(),
                    None => options.push(entry.clone()),
                }
            }
        }
        options
    };
    let blocks: Vec<Vec<Entry>> = builds.iter().map(own).collect();
    let blocks: Vec<&[Entry]> = blocks.iter().map(Vec::as_slice).collect();
    Some(Statement {
        word,
        kind: step.kind.clone(),
        label: step.label.clone(),
        when: solver.cells.condition(&builds, &all),
        entries: solver.entries(&builds, &blocks),
        comments: step.comments.clone(),
        end: step.end.clone(),
    })
}

/// What all builders say equally becomes a record that they spread.
fn share(builders: &mut [Statement], program: &mut Program, names: &mut Names) -> Option<()> {
    /// Fewer equal options are no reason for a record of their own.
    const WORTH: usize = 2;
    let (first, others) = builders.split_first()?;
    let equal = |entry: &&Entry| others.iter().all(|o| o.entries.iter().any(|e| e == *entry));
    let shared: Vec<Entry> = first.entries.iter().filter(equal).cloned().collect();
    if shared.len() < WORTH {
        return None;
    }
    let name = names.fresh("common");
    let span = Span::file_start(FileId(0));
    for builder in builders {
        builder.entries.retain(|e| !shared.contains(e));
        let spread = Kind::Spread(Box::new(Value::bound(name.clone(), span)));
        let spread = Entry { key: String::new(), value: Value::new(spread, span), comments: Vec::new(), span };
        builder.entries.insert(0, spread);
    }
    program.lets.push(Entry { key: name, value: Value::new(Kind::Record(shared), span), comments: Vec::new(), span });
    Some(())
}

/// The matrix: over a table where one has a row for each build, otherwise over lists.
fn matrix(cells: &Cells, columns: &Columns, image: &mut Image, program: &mut Program) {
    let mut tables = columns.tables(cells);
    let every: Vec<usize> = (0..cells.axes.len()).collect();
    if every.is_empty() {
        return;
    }
    let list = |axis: usize| {
        let values = cells.axes[axis].values.iter().map(|v| Value::text(v.clone(), cells.span)).collect();
        Axis::List(cells.axes[axis].name.clone(), values)
    };
    if cells.is_product() {
        tables.iter_mut().for_each(|(axes, _, table)| pivot(cells, axes, table, image));
        let mut done = 0;
        while done < every.len() {
            // A table of the axes that come next is what they run over.
            let next = |(axes, whole, _): &&(Vec<usize>, bool, Table)| *whole && every[done..].starts_with(axes);
            let own = tables.iter().filter(next).max_by_key(|(axes, ..)| axes.len());
            match own.filter(|(axes, ..)| done == 0 || axes.len() == 1) {
                Some((axes, _, table)) => {
                    let bound = bind(image, table);
                    image.axes.push(Axis::Columns(bound, table.name.clone(), table.key.len()));
                    done += axes.len();
                }
                None => {
                    image.axes.push(list(every[done]));
                    done += 1;
                }
            }
        }
    } else {
        let at = tables.iter().position(|(axes, whole, _)| *whole && *axes == every);
        let table = match at {
            Some(at) => tables[at].2.clone(),
            None => {
                let table = relation(cells, program, columns);
                tables.push((every.clone(), true, table.clone()));
                table
            }
        };
        let bound = bind(image, &table);
        image.axes.push(Axis::Columns(bound, table.name.clone(), table.key.len()));
    }
    program.tables.extend(tables.into_iter().map(|(_, _, table)| table));
}

/// The cells alone as a table.
fn relation(cells: &Cells, program: &Program, columns: &Columns) -> Table {
    let free = |name: &str| !columns.names.holds(name) && program.tables.iter().all(|t| t.name != name);
    let name = ["cells", "builds", "cells_of_all"].into_iter().find(|n| free(n)).unwrap_or("all_the_cells");
    let key: Vec<String> = cells.axes.iter().map(|a| a.name.clone()).collect();
    let columns = (0..cells.axes.len()).map(|a| (cells.axes[a].name.clone(), columns::axis_type(cells, a))).collect();
    let row =
        |build: usize| (0..cells.axes.len()).map(|a| Some(Value::text(cells.value(build, a), cells.span))).collect();
    Table { name: name.into(), key, columns, rows: cells.all().into_iter().map(row).collect() }
}

/// A table of one column, of whose keys one has few values: it gets a column for each of them.
fn pivot(cells: &Cells, axes: &mut Vec<usize>, table: &mut Table, image: &mut Image) {
    const FEW: usize = 4;
    let keys = axes.len();
    if keys < 2 || table.columns.len() != keys + 1 {
        return;
    }
    let Some((_, ty)) = table.columns.last().cloned() else { return };
    let fits = |at: &usize| {
        let values = &cells.axes[axes[*at]].values;
        let clash = |v: &String| axes.iter().any(|a| cells.axes[*a].name == *v);
        values.len() <= FEW && values.iter().all(|v| identifier(v) == *v && !clash(v))
    };
    let Some(at) = (0..keys).rev().find(fits) else { return };
    let values = &cells.axes[axes[at]].values;
    let mut rows: Vec<Vec<Option<Value>>> = Vec::new();
    for row in &table.rows {
        let own: Vec<Option<Value>> = (0..keys).filter(|k| *k != at).map(|k| row[k].clone()).collect();
        let column = values.iter().position(|v| row[at].as_ref().and_then(Value::plain) == Some(v)).unwrap_or(0);
        let index = rows.iter().position(|r| r[..keys - 1] == own[..]).unwrap_or_else(|| {
            rows.push(own.into_iter().chain(values.iter().map(|_| None)).collect());
            rows.len() - 1
        });
        rows[index][keys - 1 + column] = row[keys].clone();
    }
    let absent = |column: usize| rows.iter().any(|row| row[keys - 1 + column].is_none());
    if (0..values.len()).any(absent) {
        return;
    }
    let name = table.name.clone();
    table.key.remove(at);
    table.columns.remove(at);
    table.columns.truncate(keys - 1);
    table.columns.extend(values.iter().map(|v| (v.clone(), ty.clone())));
    table.rows = rows;
    axes.remove(at);
    each_value(image, &|value| {
        if let Kind::Field(row, _) = &value.kind
            && let Kind::Index(of, indices) = &row.kind
            && matches!(&of.kind, Kind::Name(Name::Bound(n)) if *n == name)
        {
            let (of, mut indices) = (of.clone(), indices.clone());
            let column = indices.remove(at);
            let row = Value::new(Kind::Index(of, indices), value.span);
            value.kind = Kind::Index(Box::new(row), vec![column]);
        }
    });
}

/// Columns that the matrix binds are read by their names: those of the key, and those that something reads.
fn bind(image: &mut Image, table: &Table) -> Vec<String> {
    let read = std::cell::RefCell::new(table.key.clone());
    each_value(image, &|value| {
        if let Kind::Field(of, column) = &value.kind
            && let Kind::Index(of, _) = &of.kind
            && matches!(&of.kind, Kind::Name(Name::Bound(name)) if *name == table.name)
        {
            if !read.borrow().contains(column) {
                read.borrow_mut().push(column.clone());
            }
            value.kind = Kind::Name(Name::Bound(column.clone()));
        }
    });
    let read = read.into_inner();
    table.columns.iter().map(|(name, _)| name.clone()).filter(|name| read.contains(name)).collect()
}

fn each_value(image: &mut Image, change: &dyn Fn(&mut Value)) {
    let links = image.posts.iter_mut().flat_map(|c| &mut c.links);
    let statements = image.builders.iter_mut().chain(&mut image.steps).chain(links);
    let entries = statements.flat_map(|s| &mut s.entries).chain(&mut image.lets);
    entries.for_each(|e| e.value.change(change));
}

//! Keys of tables and coordinates of images against what there is: the rows, the axes.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Checker;
use super::narrow::{Value, literal_of};
use super::problem::{CheckProblem, list_of};
use super::records::inferred_field;
use super::want::Want;
use crate::resolve::hir::{Expr, IndexArg, Row};
use crate::resolve::mention::Symbol;
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::flow::{Lateness, flows};
use crate::ty::{Domain, Literal, Record, TableTy, Ty};

impl<'a> Checker<'a> {
    pub(super) fn index_table(&mut self, span: Span, table: &TableTy, args: &'a [IndexArg]) -> Ty {
        let owner = format!("the table `{}`", table.name);
        if table.key.is_empty() {
            self.infer_all(args);
            return self.wrong_index(
                format!("{owner} has no key"),
                span,
                format!("declare one: `table {} key (column) {{ … }}`", table.name),
            );
        }
        let columns: Vec<(&SmolStr, &Ty)> = table.key.iter().filter_map(|&k| table.columns.get_index(k)).collect();
        let names: Vec<SmolStr> = columns.iter().map(|(n, _)| (*n).clone()).collect();
        for (name, at) in args.iter().filter_map(|arg| arg.name.as_ref().zip(Some(&table.places))) {
            if let Some(place) = table.columns.get_index_of(&name.name).and_then(|column| at.get(column)) {
                self.saw_name(name.span, Symbol::Member(*place));
            }
        }
        let Some(values) = self.coordinates(span, &owner, &names, args) else {
            self.infer_all(args);
            return Ty::Poison;
        };
        let mut keys = Vec::with_capacity(values.len());
        for (value, (name, ty)) in values.iter().zip(&columns) {
            let key = self.coordinate(value, ty, name);
            keys.push(match key.plain() {
                Ty::Poison => return row_type(table),
                Ty::Literal(literal) => Some(literal.clone()),
                _ => None,
            });
        }
        self.look_up(table, &values, &keys, &names);
        row_type(table)
    }

    fn coordinate(&mut self, value: &'a Expr, ty: &Ty, name: &str) -> Ty {
        let want = Want::new(ty, Lateness::Ignored).named(name);
        self.key(value, want, &format!("`{name}`"), &format!("`{name}`, a part of an index,"))
    }

    fn infer_all(&mut self, args: &'a [IndexArg]) {
        for arg in args {
            self.infer(&arg.value);
        }
    }

    /// Literal keys against the rows.
    fn look_up(&mut self, table: &TableTy, values: &[&'a Expr], keys: &[Option<Literal>], names: &[SmolStr]) {
        let Some(declared) = self.program.tables.get(table.index as usize) else { return };
        let cell = |row: &Row, part: usize| table.key.get(part).and_then(|&k| row.cells.get(k)).and_then(literal_of);
        let is = |found: Option<Value>, wanted: &Literal| match found {
            Some(Value::Literal(literal)) => literal == *wanted,
            Some(Value::Null) => false,
            // A cell that was reported may have been meant.
            None => true,
        };
        for (part, key) in keys.iter().enumerate() {
            let Some(wanted) = key else { continue };
            if declared.rows.iter().any(|row| is(cell(row, part), wanted)) {
                continue;
            }
            let texts: Vec<String> = declared
                .rows
                .iter()
                .filter_map(|row| match cell(row, part) {
                    Some(Value::Literal(literal)) => Some(plain(&literal)),
                    _ => None,
                })
                .collect();
            let near = nearest(&plain(wanted), texts.iter().map(String::as_str)).map(|n| format!("`{n}`"));
            let at = values[part].span;
            let (table, key, column) = (table.name.clone(), format!("`{}`", plain(wanted)), Some(names[part].clone()));
            return self.report(CheckProblem::UnknownKey { table, key, at, nearest: near, column });
        }
        let Some(all) = keys.iter().cloned().collect::<Option<Vec<Literal>>>() else { return };
        let holds = |row: &Row| all.iter().enumerate().all(|(part, wanted)| is(cell(row, part), wanted));
        if declared.rows.iter().any(holds) {
            return;
        }
        let join = |literals: &[Literal]| literals.iter().map(plain).collect::<Vec<_>>().join(", ");
        // The row that agrees in most parts of the key.
        let near = declared
            .rows
            .iter()
            .rev()
            .max_by_key(|row| all.iter().enumerate().filter(|(part, wanted)| is(cell(row, *part), wanted)).count())
            .and_then(|row| {
                (0..all.len())
                    .map(|part| match cell(row, part) {
                        Some(Value::Literal(literal)) => Some(literal),
                        _ => None,
                    })
                    .collect::<Option<Vec<_>>>()
            })
            .map(|near| format!("`{}`", join(&near)));
        let at = values.iter().map(|v| v.span).reduce(Span::to).unwrap_or(declared.name.span);
        self.report(CheckProblem::UnknownKey {
            table: table.name.clone(),
            key: format!("`{}`", join(&all)),
            at,
            nearest: near,
            column: None,
        });
    }

    /// An image without axes is an AMI; one with axes has to be indexed.
    pub(super) fn image_value(&mut self, image: usize) -> Ty {
        match self.shape(image) {
            Some(shape) if !shape.coordinates.is_empty() => Ty::Image(image as u32),
            _ => Ty::Domain(Domain::AmiId).late(),
        }
    }

    pub(super) fn index_image(&mut self, span: Span, image: usize, args: &'a [IndexArg]) -> Ty {
        let ami = Ty::Domain(Domain::AmiId).late();
        // An image that is made of itself; the evaluator names the circle.
        let Some(shape) = self.shape(image) else {
            self.infer_all(args);
            return ami;
        };
        let Some(declared) = self.program.images.get(image) else { return Ty::Poison };
        let owner = format!("the image `{}`", declared.name.name);
        if shape.coordinates.is_empty() {
            self.infer_all(args);
            let name = declared.name.name.clone();
            return self.poison(CheckProblem::Index {
                message: format!("{owner} has no axes"),
                at: span,
                help: format!("it is one AMI: write `{name}`"),
                fix: Some((span, name.into())),
            });
        }
        let names: Vec<SmolStr> = shape.coordinates.iter().map(|(n, _)| n.clone()).collect();
        for name in args.iter().filter_map(|arg| arg.name.as_ref()) {
            let column = shape.coordinates.iter().find(|(coordinate, _)| *coordinate == name.name);
            if let Some(axis) = column.and_then(|(_, column)| declared.columns.get(*column)) {
                self.saw_name(name.span, Symbol::Local(axis.span));
            }
        }
        let Some(values) = self.coordinates(span, &owner, &names, args) else {
            self.infer_all(args);
            return ami;
        };
        for (value, (name, column)) in values.into_iter().zip(&shape.coordinates) {
            let axis = shape.columns.get(*column).unwrap_or(&Ty::Poison);
            let given = self.infer(value);
            let given = self.not_null(value, given, &format!("`{name}`"));
            if given.is_late() && !self.scope.late_ok {
                self.late(format!("`{name}`, a part of an index,"), value);
                continue;
            }
            let wide = axis.widened();
            let stray = given.literals().is_some()
                && axis.literals().is_some()
                && !flows(&given, axis, Lateness::Ignored)
                && flows(&given, &wide, Lateness::Ignored);
            if stray {
                self.no_coordinate(&declared.name.name, name, value, &given, axis);
            } else {
                // A wider value than the literals of an axis may still be one of them: the evaluator knows.
                let ty = if axis.literals().is_some() { &wide } else { axis };
                self.flow(value, given, Want::new(ty, Lateness::Ignored).named(name));
            }
        }
        ami
    }

    /// A literal that the axis does not hold.
    fn no_coordinate(&mut self, image: &SmolStr, axis: &SmolStr, value: &'a Expr, given: &Ty, held: &Ty) {
        let held = held.literals().unwrap_or_default();
        let Some(stray) = given.literals().and_then(|all| all.into_iter().find(|l| !held.contains(l))) else { return };
        let texts: Vec<String> = held.iter().map(plain).collect();
        let help = match nearest(&plain(&stray), texts.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it holds {}", list_of(&texts)),
        };
        let at = self.literal_place(value, &plain(&stray)).unwrap_or(value.span);
        self.report(CheckProblem::NoCell { image: image.clone(), axis: axis.clone(), value: plain(&stray), at, help });
    }
}

/// A literal without quotes.
fn plain(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// A row of a table as a record.
pub(super) fn row_type(table: &TableTy) -> Ty {
    let columns = table.columns.iter().zip(&table.places);
    let fields = columns.map(|((name, ty), at)| (name.clone(), inferred_field(ty.clone(), *at)));
    Ty::Record(Arc::new(Record { fields: fields.collect(), declared: None }))
}

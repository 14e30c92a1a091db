//! `e[…]`: lists by position, maps and records by key, tables by their key columns, images by their axes.

use smol_str::SmolStr;

use super::Checker;
use super::expr::Want;
use super::problem::{CheckProblem, list};
use super::records::{field_value, found, join};
use crate::resolve::hir::{Expr, ExprKind, IndexArg};
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::flow::{Lateness, flows};
use crate::ty::{Domain, Field, Literal, TableTy, Ty};
use indexmap::IndexMap;

impl<'a> Checker<'a> {
    pub(super) fn index(&mut self, span: Span, base: &'a Expr, args: &'a [IndexArg]) -> Ty {
        if let ExprKind::Image(image) = base.kind {
            return self.index_image(span, image, args);
        }
        let ty = self.infer(base);
        let ty = self.not_null(base, ty, "what is indexed");
        self.index_type(span, &ty, args)
    }

    fn index_type(&mut self, span: Span, ty: &Ty, args: &'a [IndexArg]) -> Ty {
        match ty.plain() {
            Ty::Image(image) => return self.index_image(span, *image as usize, args),
            Ty::Table(table) => return self.index_table(span, table, args),
            Ty::Poison => {
                args.iter().for_each(|arg| drop(self.infer(&arg.value)));
                return Ty::Poison;
            }
            _ => {}
        }
        let [IndexArg { name: None, value }] = args else {
            let at = args.iter().find_map(|a| a.name.as_ref()).map_or(span, |n| n.span);
            let message = format!("{} is indexed by one key", found(ty));
            return self.wrong_index(message, at, "only tables and images have several coordinates");
        };
        match ty.plain() {
            Ty::List(inner) => {
                self.key(value, &Ty::Int, "an index");
                (**inner).clone()
            }
            Ty::Map(inner) => {
                self.key(value, &Ty::String, "a key");
                (**inner).clone()
            }
            Ty::Record(record) => {
                let key = self.key(value, &Ty::String, "a key");
                self.record_entry(&record.fields, &key, value)
            }
            Ty::Late(inner) => self.index_type(span, inner, args).late(),
            Ty::Union(members) => members.iter().map(|m| self.index_type(span, m, args)).fold(Ty::Never, join),
            other => {
                let help = match other {
                    text if text.is_text() => "take a part of a text by `substr(text, start, length)`",
                    Ty::Build => "name its part: `b.name`, `b.region`, `b.ami`",
                    _ => "lists, maps, records, tables and images are indexed",
                };
                self.wrong_index(format!("{} cannot be indexed", found(other)), span, help)
            }
        }
    }

    /// A key that the compiler must know.
    fn key(&mut self, value: &'a Expr, ty: &Ty, what: &str) -> Ty {
        let found = self.infer(value);
        let found = self.not_null(value, found, what);
        if found.is_late() && !self.scope.late_ok {
            return self.late(what, value);
        }
        self.flow(value, found, Want::new(ty, Lateness::Ignored))
    }

    fn wrong_index(&mut self, message: String, at: Span, help: impl Into<String>) -> Ty {
        self.poison(CheckProblem::Index { message, at, help: help.into(), fix: None })
    }

    fn record_entry(&mut self, fields: &IndexMap<SmolStr, Field>, key: &Ty, value: &'a Expr) -> Ty {
        let Some(literals) = key.early().literals() else {
            if *key.plain() == Ty::Poison {
                return Ty::Poison;
            }
            // Any of the fields, and perhaps none of them: the evaluator says so.
            return fields.values().map(field_value).fold(Ty::Never, join);
        };
        let mut ty = Ty::Never;
        for literal in literals {
            let Literal::Text(name) = literal else { continue };
            match fields.get(&name) {
                Some(field) => ty = join(ty, field_value(field)),
                None => {
                    let at = self.literal_place(value, &name).unwrap_or(value.span);
                    let known: Vec<SmolStr> = fields.keys().cloned().collect();
                    let near = nearest(&name, known.iter().map(SmolStr::as_str)).map(SmolStr::from);
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has {}", list(&known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>())),
                    };
                    let message = format!("this record has no `{name}`");
                    return self.poison(CheckProblem::Index { message, at, help, fix: None });
                }
            }
        }
        ty
    }

    /// Puts arguments by position or name into the order of the coordinates; reports what does not fit.
    fn coordinates(
        &mut self,
        span: Span,
        owner: &str,
        names: &[SmolStr],
        args: &'a [IndexArg],
    ) -> Option<Vec<&'a Expr>> {
        let shown = |names: &[SmolStr]| list(&names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>());
        let mut found: Vec<Option<&'a Expr>> = vec![None; names.len()];
        let mut fine = true;
        let named = args.iter().filter(|a| a.name.is_some()).count();
        if named > 0 && named < args.len() {
            self.wrong_index(
                format!("{owner} is indexed by position or by name, not by both"),
                span,
                format!("name all of {}", shown(names)),
            );
            return None;
        }
        if named == 0 && args.len() != names.len() {
            let count = |n: usize| if n == 1 { "1 coordinate".to_owned() } else { format!("{n} coordinates") };
            let message = format!("{owner} has {}, not {}", count(names.len()), args.len());
            self.wrong_index(message, span, format!("in this order: {}", shown(names)));
            return None;
        }
        for (position, arg) in args.iter().enumerate() {
            let Some(name) = &arg.name else {
                found[position] = Some(&arg.value);
                continue;
            };
            match names.iter().position(|n| *n == name.name) {
                Some(at) if found[at].is_some() => {
                    self.wrong_index(format!("`{}` is given twice", name.name), name.span, "remove one of them");
                    fine = false;
                }
                Some(at) => found[at] = Some(&arg.value),
                None => {
                    let near = nearest(&name.name, names.iter().map(SmolStr::as_str));
                    let help =
                        near.map_or_else(|| format!("it has {}", shown(names)), |n| format!("did you mean `{n}`?"));
                    let fix = near.map(|n| (name.span, n.to_owned()));
                    let message = format!("{owner} has no `{}`", name.name);
                    self.report(CheckProblem::Index { message, at: name.span, help, fix });
                    fine = false;
                }
            }
        }
        let missing: Vec<SmolStr> =
            names.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(n, _)| n.clone()).collect();
        if !missing.is_empty() && fine {
            self.wrong_index(
                format!("{} is missing", shown(&missing)),
                span,
                format!("{owner} is indexed by {}", shown(names)),
            );
        }
        if missing.is_empty() && fine { found.into_iter().collect() } else { None }
    }

    fn index_table(&mut self, span: Span, table: &TableTy, args: &'a [IndexArg]) -> Ty {
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
        let found = self.infer(value);
        let found = self.not_null(value, found, &format!("`{name}`"));
        if found.is_late() && !self.scope.late_ok {
            return self.late(format!("`{name}`, a part of an index,"), value);
        }
        self.flow(value, found, Want::new(ty, Lateness::Ignored).named(name))
    }

    fn infer_all(&mut self, args: &'a [IndexArg]) {
        for arg in args {
            self.infer(&arg.value);
        }
    }

    /// Literal keys against the rows.
    fn look_up(&mut self, table: &TableTy, values: &[&'a Expr], keys: &[Option<Literal>], names: &[SmolStr]) {
        let Some(declared) = self.program.tables.get(table.index as usize) else { return };
        let cell = |row: &crate::resolve::hir::Row, part: usize| {
            table.key.get(part).and_then(|&k| row.cells.get(k)).and_then(super::narrow::literal_of)
        };
        let is = |found: Option<super::narrow::Value>, wanted: &Literal| match found {
            Some(super::narrow::Value::Literal(literal)) => literal == *wanted,
            Some(super::narrow::Value::Null) => false,
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
                    Some(super::narrow::Value::Literal(literal)) => Some(plain(&literal)),
                    _ => None,
                })
                .collect();
            let near = nearest(&plain(wanted), texts.iter().map(String::as_str)).map(|n| format!("`{n}`"));
            let at = values[part].span;
            let (table, key, column) = (table.name.clone(), format!("`{}`", plain(wanted)), Some(names[part].clone()));
            return self.report(CheckProblem::UnknownKey { table, key, at, nearest: near, column });
        }
        let Some(all) = keys.iter().cloned().collect::<Option<Vec<Literal>>>() else { return };
        let holds =
            |row: &crate::resolve::hir::Row| all.iter().enumerate().all(|(part, wanted)| is(cell(row, part), wanted));
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
                        Some(super::narrow::Value::Literal(literal)) => Some(literal),
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

    fn index_image(&mut self, span: Span, image: usize, args: &'a [IndexArg]) -> Ty {
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
            let both_literal = given.literals().is_some() && axis.literals().is_some();
            if both_literal
                && !flows(&given, axis, Lateness::Ignored)
                && flows(&given, &axis.widened(), Lateness::Ignored)
            {
                self.no_coordinate(&declared.name.name, name, value, &given, axis);
            } else if axis.literals().is_some() {
                // A wider value may still be one of the axis: the evaluator knows.
                self.flow(value, given, Want::new(&axis.widened(), Lateness::Ignored).named(name));
            } else {
                self.flow(value, given, Want::new(axis, Lateness::Ignored).named(name));
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
            None => format!("it holds {}", list(&texts.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>())),
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
    let at = Span::file_start(crate::text::FileId(0));
    let fields = table.columns.iter().map(|(name, ty)| (name.clone(), super::records::inferred_field(ty.clone(), at)));
    Ty::Record(std::sync::Arc::new(crate::ty::Record { fields: fields.collect(), declared: None }))
}

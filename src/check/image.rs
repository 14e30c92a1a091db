//! Images: the matrix gives the columns their types, the blocks use them.

use std::rc::Rc;

use smol_str::SmolStr;

use super::problem::CheckProblem;
use super::records::{field_value, found};
use super::scope::{Narrowed, Scope};
use super::text::scalar;
use super::want::Want;
use super::{Checker, Once};
use crate::resolve::hir::{Axis, Expr, Image, MatrixStep};
use crate::resolve::mention::Symbol;
use crate::ty::Ty;
use crate::ty::flow::Lateness;

/// What the matrix of an image says.
#[derive(Debug)]
pub(super) struct Shape {
    /// The types of the columns, by local.
    pub columns: Vec<Ty>,
    /// The axes by which the image is indexed: name and column.
    pub coordinates: Vec<(SmolStr, usize)>,
    /// What the excludes leave.
    narrowed: Narrowed,
}

impl<'a> Checker<'a> {
    /// The shape of an image, worked out when it is first asked for; nothing while that is under way.
    pub(super) fn shape(&mut self, index: usize) -> Option<Rc<Shape>> {
        match self.shapes.get(index)? {
            Once::Done(shape) => return Some(shape.clone()),
            Once::Running => return None,
            Once::Waiting => {}
        }
        self.shapes[index] = Once::Running;
        let image = &self.program.images[index];
        let muted = std::mem::take(&mut self.muted);
        let shape = Rc::new(self.within(Scope::default(), |c| c.matrix(image)));
        self.muted = muted;
        self.shapes[index] = Once::Done(shape.clone());
        Some(shape)
    }

    fn matrix(&mut self, image: &'a Image) -> Shape {
        let mut coordinates = Vec::new();
        for step in &image.matrix {
            match step {
                MatrixStep::Axis(axis) => self.axis(axis, &mut coordinates),
                MatrixStep::Let { local, ty, value } => {
                    let name = image.columns.get(*local as usize).map_or("", |c| c.name.as_str());
                    let ty = self.bound(ty.as_ref(), value, name);
                    self.scope.set(*local, ty, Some(value));
                }
                MatrixStep::Exclude(exclude) => {
                    self.condition(&exclude.when);
                    // Judged against all cells: a later exclude knows what this one has taken, and may take it again.
                    let facts = self.facts_of(&exclude.when, false);
                    self.scope.narrowed.extend(facts);
                }
            }
        }
        let columns =
            (0..image.columns.len()).map(|n| self.scope.locals.get(n).map_or(Ty::Poison, |l| l.ty.clone())).collect();
        Shape { columns, coordinates, narrowed: std::mem::take(&mut self.scope.narrowed) }
    }

    fn axis(&mut self, axis: &'a Axis, coordinates: &mut Vec<(SmolStr, usize)>) {
        let element = self.axis_elements(&axis.source);
        if axis.columns {
            return self.axis_columns(axis, &element, coordinates);
        }
        let element = self.axis_value(&element, &axis.source);
        if let (Some(local), Some(name)) = (axis.locals.first(), axis.names.first()) {
            self.scope.set(*local, element, Some(&axis.source));
            coordinates.push((name.name.clone(), *local as usize));
        }
    }

    /// `axis { a, b } in table`: key columns are coordinates, the others plain values.
    fn axis_columns(&mut self, axis: &'a Axis, element: &Ty, coordinates: &mut Vec<(SmolStr, usize)>) {
        let source = self.quietly(|c| c.infer(&axis.source));
        let key: Option<Vec<SmolStr>> = match source.plain() {
            Ty::Table(table) if !table.key.is_empty() => {
                Some(table.key.iter().filter_map(|&k| table.columns.get_index(k).map(|(n, _)| n.clone())).collect())
            }
            _ => None,
        };
        for (name, local) in axis.names.iter().zip(&axis.locals) {
            let is_coordinate = key.as_ref().is_none_or(|k| k.contains(&name.name));
            let ty = match element.plain() {
                Ty::Poison => Ty::Poison,
                Ty::Record(record) => match record.fields.get(&name.name).inspect(|field| {
                    self.saw_name(name.span, Symbol::Member(field.span));
                }) {
                    Some(field) if is_coordinate => self.axis_value(&field_value(field), &axis.source),
                    Some(field) => field_value(field),
                    None => {
                        let known: Vec<SmolStr> = record.fields.keys().cloned().collect();
                        let nearest = Self::nearest(&name.name, known.iter().map(SmolStr::as_str));
                        let owner = match source.plain() {
                            Ty::Table(table) => format!("the table `{}`", table.name),
                            _ => "the record".to_owned(),
                        };
                        self.poison(CheckProblem::UnknownField {
                            owner,
                            name: name.name.clone(),
                            at: name.span,
                            nearest,
                            known,
                        })
                    }
                },
                other => {
                    let help = "names in braces bind columns: the source is a table or a list of records";
                    self.poison(CheckProblem::Unfit {
                        what: "the source of such an axis",
                        ty: format!("a list of {}", found(other)),
                        at: axis.source.span,
                        help,
                    })
                }
            };
            self.scope.set(*local, ty, None);
            if is_coordinate {
                coordinates.push((name.name.clone(), *local as usize));
            }
        }
    }

    /// The values of an axis name builds, so they are plain.
    fn axis_value(&mut self, ty: &Ty, source: &'a Expr) -> Ty {
        let named = match ty.plain() {
            Ty::Poison | Ty::Never => return ty.clone(),
            plain => scalar(plain) && !matches!(plain, Ty::Duration | Ty::Size),
        };
        if named {
            return ty.clone();
        }
        let help = match ty.plain() {
            Ty::Record(_) => "bind its fields: `axis { a, b } in source`",
            Ty::Optional(_) => "leave out the absent ones: `[for x in … if x != null: x]`",
            _ => "the values of an axis are text, numbers or bools; they name the builds",
        };
        self.poison(CheckProblem::Unfit { what: "the value of an axis", ty: found(ty), at: source.span, help })
    }

    /// Checks an image, its matrix included.
    pub(super) fn image(&mut self, index: usize) {
        let Some(shape) = self.shape(index) else { return };
        let image = &self.program.images[index];
        let mut scope = Scope { narrowed: shape.narrowed.clone(), ..Scope::default() };
        for (local, ty) in shape.columns.iter().enumerate() {
            scope.set(local as u32, ty.clone(), None);
        }
        for step in &image.matrix {
            match step {
                MatrixStep::Axis(axis) if !axis.columns => {
                    axis.locals.iter().for_each(|l| scope.locals[*l as usize].value = Some(&axis.source));
                }
                MatrixStep::Let { local, value, .. } => scope.locals[*local as usize].value = Some(value),
                MatrixStep::Axis(_) | MatrixStep::Exclude(_) => {}
            }
        }
        self.within(scope, |c| c.image_body(image));
    }

    fn image_body(&mut self, image: &'a Image) {
        if let Some(name) = &image.name_value {
            let ty = self.infer(name);
            let ty = self.not_null(name, ty, "the name of a build");
            if ty.is_late() {
                self.late("the name of a build", name);
            } else {
                self.flow(name, ty, Want::new(&Ty::String, Lateness::Matters).named("name"));
            }
        }
        if image.builders.is_empty() && !image.broken {
            self.report(CheckProblem::NoBuilder { name: image.name.name.clone(), at: image.name.span });
        }
        image.builders.iter().for_each(|block| self.block(block));
        image.steps.iter().for_each(|step| self.step(step));
        image.posts.iter().for_each(|post| self.post(post));
        self.loose(&image.retain);
    }
}

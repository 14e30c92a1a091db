//! `e.name`: fields of records, and what a build shows of itself to policies and outputs.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Checker;
use super::problem::CheckProblem;
use super::records::{field_value, found, join, widened};
use crate::load::prelude;
use crate::resolve::hir::{Expr, ExprKind, Ident};
use crate::resolve::mention::Symbol;
use crate::syntax::ast::ExternKind;
use crate::ty::{Domain, Ty};

/// The fields of a build.
pub const BUILD_FIELDS: [&str; 8] = ["name", "image", "kind", "region", "axes", "options", "ami", "amis"];

impl<'a> Checker<'a> {
    pub(super) fn field(&mut self, base: &'a Expr, name: &'a Ident) -> Ty {
        if let ExprKind::Field(build, part) = &base.kind
            && matches!(part.name.as_str(), "axes" | "options")
            && let ExprKind::Local(_) = build.kind
            && *self.quietly(|c| c.infer(build)).plain() == Ty::Build
        {
            return if part.name == "axes" { self.axis_of_build(name) } else { self.option_of_build(name) };
        }
        let ty = self.infer(base);
        let ty = self.not_null(base, ty, &format!("the value before `.{}`", name.name));
        if *ty.early().plain() == Ty::Domain(Domain::AmiId) {
            let rest = base.span.after().to(name.span);
            return self.poison(CheckProblem::Index {
                message: format!("an AMI has no field `{}`", name.name),
                at: name.span,
                help: format!("this is the id of the AMI already: drop `.{}`", name.name),
                fix: Some((rest, String::new())),
            });
        }
        self.field_of_type(&ty, name)
    }

    /// The type of a field of a value of this type.
    fn field_of_type(&mut self, ty: &Ty, name: &Ident) -> Ty {
        match ty.plain() {
            Ty::Poison | Ty::Never => Ty::Poison,
            Ty::Late(inner) => self.field_of_type(inner, name).late(),
            Ty::Record(record) => match record.fields.get(&name.name) {
                Some(field) => {
                    self.saw_name(name.span, Symbol::Member(field.span));
                    field_value(field)
                }
                None => {
                    let known: Vec<SmolStr> = record.fields.keys().cloned().collect();
                    self.no_field("this record".into(), name, known)
                }
            },
            Ty::Map(inner) => (**inner).clone(),
            Ty::Union(members) => members.iter().map(|m| self.field_of_type(m, name)).fold(Ty::Never, join),
            Ty::Build => self.build_field(name),
            Ty::Image(_) => self.no_way(ty, name, "index the image by its axes: `image[axis = value]`"),
            Ty::Table(_) => self.no_way(ty, name, "index the table by its key first: `table[key].column`"),
            Ty::List(_) => {
                self.no_way(ty, name, "take one element by `list[0]`, or go through all: `[for x in list: x.field]`")
            }
            Ty::Builds => self.no_way(ty, name, "go through them: `[for b in builds: b.name]`"),
            _ => self.no_way(ty, name, "only records and maps have fields"),
        }
    }

    fn no_way(&mut self, ty: &Ty, name: &Ident, help: &str) -> Ty {
        self.poison(CheckProblem::Index {
            message: format!("{} has no field `{}`", found(ty), name.name),
            at: name.span,
            help: help.to_owned(),
            fix: None,
        })
    }

    fn no_field(&mut self, owner: String, name: &Ident, known: Vec<SmolStr>) -> Ty {
        let nearest = Self::nearest(&name.name, known.iter().map(SmolStr::as_str));
        self.poison(CheckProblem::UnknownField { owner, name: name.name.clone(), at: name.span, nearest, known })
    }

    fn build_field(&mut self, name: &Ident) -> Ty {
        match name.name.as_str() {
            "name" | "image" | "kind" => Ty::String,
            "region" => {
                let region = Ty::Domain(Domain::Region);
                if self.every_build_has_a_region() { region } else { region.optional() }
            }
            "axes" => Ty::Map(Arc::new(Ty::String)),
            "options" => Ty::Map(Arc::new(Ty::Poison)),
            "ami" => Ty::Domain(Domain::AmiId).late(),
            "amis" => Ty::Map(Arc::new(Ty::Domain(Domain::AmiId))).late(),
            _ => self.no_field("a build".into(), name, BUILD_FIELDS.map(SmolStr::from).to_vec()),
        }
    }

    /// A builder such as `null` has no region.
    fn every_build_has_a_region(&self) -> bool {
        let program = self.program;
        let builders = program.images.iter().flat_map(|i| &i.builders);
        builders
            .filter_map(|b| program.kinds.get_index(b.kind?))
            .all(|(_, kind)| program.records.get(kind.record).is_some_and(|r| r.fields.contains_key("region")))
    }

    /// `b.axes.x`: what the axes of this name hold in the program's images.
    fn axis_of_build(&mut self, name: &Ident) -> Ty {
        let mut ty = Ty::Never;
        let mut known: Vec<SmolStr> = Vec::new();
        for image in 0..self.program.images.len() {
            let Some(shape) = self.shape(image) else { return Ty::Poison };
            for (axis, column) in &shape.coordinates {
                if *axis == name.name {
                    ty = Ty::union([ty, widened(shape.columns.get(*column).unwrap_or(&Ty::Poison))]);
                } else if !known.contains(axis) {
                    known.push(axis.clone());
                }
            }
        }
        match ty {
            // A file of policies checked on its own has no images.
            Ty::Never if known.is_empty() => Ty::Poison,
            Ty::Never => self.no_field("a build of this program".into(), name, known),
            ty => ty,
        }
    }

    /// `b.options.x`: absent in builds whose kind does not have it or whose block does not set it.
    fn option_of_build(&mut self, name: &Ident) -> Ty {
        let program = self.program;
        let builders = program.kinds.values().filter(|k| k.category == ExternKind::Builder);
        let all: Vec<_> = builders.filter_map(|k| program.records.get(k.record)).collect();
        let mut ty = Ty::Never;
        let mut everywhere = true;
        for declared in &all {
            match declared.fields.get(&name.name) {
                Some(field) => {
                    self.saw_name(name.span, Symbol::Member(field.span));
                    // Whatever run-time fields it may use: here it is looked at, not rendered.
                    let read = match field.ty.plain() {
                        Ty::Template(_) => Ty::String,
                        _ => field.ty.clone(),
                    };
                    ty = join(ty, read);
                    everywhere &= !field.optional;
                }
                None => everywhere = false,
            }
        }
        match ty {
            // A file of policies checked on its own names no kinds.
            Ty::Never if all.is_empty() => Ty::Poison,
            // One of a kind that this program does not use: no build has it.
            Ty::Never if prelude::builder_options().any(|option| option == name.name) => Ty::Poison,
            Ty::Never => {
                let known = all.iter().flat_map(|d| d.fields.keys()).map(SmolStr::as_str);
                let others: Vec<&str> = prelude::builder_options().collect();
                let known = known.chain(others);
                let (owner, nearest) = ("a builder of this program".to_owned(), Self::nearest(&name.name, known));
                let (name, at) = (name.name.clone(), name.span);
                self.poison(CheckProblem::UnknownOption { owner, name, at, spread: None, nearest })
            }
            ty => {
                let ty = if self.scope.late_ok { ty } else { ty.late() };
                if everywhere { ty } else { ty.optional() }
            }
        }
    }
}

//! Calls of built-in functions: arguments by their shape, results by theirs.

use std::sync::Arc;

use super::Checker;
use super::operators::{Class, class};
use super::problem::{CheckProblem, Hint};
use super::records::{bounded, field_value, found, inferred_field, join};
use super::scope::Env;
use super::text::scalar;
use super::want::Want;
use crate::resolve::builtin::{Builtin, Shape};
use crate::resolve::hir::{Expr, ExprKind};
use crate::text::Span;
use crate::ty::flow::{Lateness, flows};
use crate::ty::{Field, Literal, Record, Ty};

impl<'a> Checker<'a> {
    pub(super) fn call_builtin(&mut self, span: Span, builtin: Builtin, args: &'a [Expr]) -> Ty {
        let signature = builtin.signature();
        if builtin == Builtin::Env && self.scope.env == Env::Nowhere {
            self.report(CheckProblem::EnvPlace { at: span });
        }
        // A variable's default is `env(…)` itself; inside another call it would have to be known early.
        let env = self.scope.env;
        if env == Env::Whole {
            self.scope.env = Env::Nowhere;
        }
        let mut types = Vec::with_capacity(args.len());
        for (position, arg) in args.iter().enumerate() {
            let (name, shape) = signature.param(position);
            types.push(self.argument(builtin, name, shape, arg));
        }
        self.scope.env = env;
        if let (Builtin::Contains, [whole, item], [_, arg]) = (builtin, &types[..], args)
            && !matches!(whole.early().plain(), Ty::List(_) | Ty::Poison)
        {
            self.flow(arg, item.clone(), Want::new(&Ty::String, Lateness::Ignored).named("item"));
        }
        if types.contains(&Ty::Poison)
            && !matches!(signature.result, Shape::Bool | Shape::Int | Shape::Text | Shape::Texts | Shape::Data)
        {
            return Ty::Poison;
        }
        self.result(builtin, signature.result, types)
    }

    fn argument(&mut self, builtin: Builtin, name: &'static str, shape: Shape, arg: &'a Expr) -> Ty {
        let place = format!("`{name}` of `{}`", builtin.signature().name);
        let wanted = match shape {
            Shape::Text | Shape::LateText => Some(Ty::String),
            Shape::Int => Some(Ty::Int),
            Shape::Number => Some(Ty::Number),
            Shape::Bool => Some(Ty::Bool),
            Shape::Texts => Some(Ty::List(Arc::new(Ty::String))),
            Shape::Numbers => Some(Ty::List(Arc::new(Ty::Number))),
            Shape::Bools => Some(Ty::List(Arc::new(Ty::Bool))),
            _ => None,
        };
        let ty = self.infer(arg);
        if shape == Shape::Any {
            return match builtin {
                Builtin::Given => ty,
                Builtin::Json => {
                    self.plain_data(&ty, "a value for `json`", arg.span);
                    self.early_inside(arg, ty, &place)
                }
                _ => self.early_inside(arg, ty, &place),
            };
        }
        let ty = self.not_null(arg, ty, &place);
        if let Some(wanted) = wanted {
            if shape == Shape::LateText {
                return self.flow(arg, ty, Want::new(&Ty::Template(Arc::from([])), Lateness::Ignored).named(name));
            }
            let ty = self.early_inside(arg, ty, &place);
            return match shape {
                // Bools and numbers in a list may be late in rules.
                Shape::Bools | Shape::Numbers | Shape::Texts => {
                    self.flow(arg, ty, Want::new(&wanted, Lateness::Ignored).named(name))
                }
                _ => self.flow(arg, ty, Want::new(&wanted, self.scope.lateness()).named(name)),
            };
        }
        let (fits, words) = match (shape, ty.early().plain()) {
            (_, Ty::Poison) => return Ty::Poison,
            (Shape::List, plain) => (matches!(plain, Ty::List(_)), "a list"),
            (Shape::Map, plain) => (is_map(plain), "a map or record"),
            (Shape::Scalar, plain) => (scalar(plain), "a text, number, bool, duration or size"),
            (Shape::Numeric, plain) => (numeric(plain), "a number or text"),
            (_, plain) => (matches!(plain, Ty::List(_)) || is_map(plain) || plain.is_text(), "a text, list or map"),
        };
        if !fits {
            return self.poison(CheckProblem::Mismatch {
                name: Some(name.into()),
                wanted: words.into(),
                found: found(&ty),
                at: arg.span,
                hint: Hint::words(format!("it is used as `{}`", builtin.signature().usage())),
            });
        }
        match (builtin, ty.early().plain()) {
            (Builtin::Sort, Ty::List(inner)) if !sortable(inner) => {
                return self.poison(CheckProblem::Mismatch {
                    name: Some(name.into()),
                    wanted: "a list of texts, numbers, durations or sizes".into(),
                    found: found(&ty),
                    at: arg.span,
                    hint: Hint::words("elements are sorted among their own kind; take a field of records first"),
                });
            }
            (Builtin::Render | Builtin::RenderFile, _) => self.plain_data(&ty, "a value for a template", arg.span),
            _ => {}
        }
        // The shape of lists and maps is known early; what is in them may be late unless it is looked at.
        let looks_inside = matches!(
            builtin,
            Builtin::Distinct
                | Builtin::Sort
                | Builtin::IndexOf
                | Builtin::Contains
                | Builtin::Render
                | Builtin::RenderFile
        );
        match ty.is_late() || looks_inside {
            true => self.early_inside(arg, ty, &place),
            false => ty,
        }
    }

    fn result(&mut self, builtin: Builtin, shape: Shape, types: Vec<Ty>) -> Ty {
        let late = builtin == Builtin::Verbatim && types.first().is_some_and(Ty::is_late);
        let first = types.first().map_or(Ty::Poison, |t| t.early());
        let int = |ty: &Ty| flows(ty, &Ty::Int, Lateness::Ignored);
        match shape {
            Shape::Text | Shape::Data | Shape::LateText => {
                if late {
                    Ty::String.late()
                } else {
                    Ty::String
                }
            }
            Shape::Int => Ty::Int,
            Shape::Bool => Ty::Bool,
            Shape::Texts => Ty::List(Arc::new(Ty::String)),
            Shape::Numbers => Ty::List(Arc::new(Ty::Int)),
            Shape::Bools => Ty::List(Arc::new(Ty::Bool)),
            Shape::Number => {
                let all_ints = match (builtin, first.plain()) {
                    (Builtin::Sum, Ty::List(inner)) => int(inner),
                    _ => types.iter().all(|t| int(&t.early())),
                };
                if all_ints { Ty::Int } else { Ty::Number }
            }
            Shape::First => match first {
                Ty::Literal(Literal::Int(_)) => Ty::Int,
                other => other,
            },
            Shape::Flattened => match first.plain() {
                Ty::List(inner) => match inner.plain() {
                    Ty::List(inner) => Ty::List(inner.clone()),
                    Ty::Never => first,
                    // Elements that are no lists stay as they are.
                    Ty::Union(members) => {
                        let parts = members
                            .iter()
                            .map(|m| if let Ty::List(inner) = m.plain() { (**inner).clone() } else { m.clone() });
                        Ty::List(Arc::new(parts.fold(Ty::Never, join)))
                    }
                    _ => first,
                },
                _ => Ty::Poison,
            },
            Shape::Element => match first.plain() {
                Ty::List(inner) => (**inner).clone().optional(),
                _ => Ty::Poison,
            },
            Shape::ValueList => match first.plain() {
                Ty::Map(inner) => Ty::List(inner.clone()),
                Ty::Record(record) => {
                    let values = record.fields.values().map(|f| f.ty.clone());
                    Ty::List(Arc::new(values.fold(Ty::Never, join)))
                }
                _ => Ty::Poison,
            },
            Shape::Merged => types.into_iter().reduce(|a, b| bounded(merge(&a, &b))).unwrap_or(Ty::Poison),
            Shape::List | Shape::Map | Shape::Sized | Shape::Scalar | Shape::Numeric | Shape::Any => Ty::Poison,
        }
    }

    /// Whether the default of a variable is `env(…)` itself.
    pub(super) fn is_env(default: &Expr) -> bool {
        matches!(default.kind, ExprKind::Call(Builtin::Env, _))
    }
}

fn is_map(ty: &Ty) -> bool {
    match ty {
        Ty::Map(_) | Ty::Record(_) => true,
        Ty::Union(members) => members.iter().all(|m| is_map(m.plain())),
        _ => false,
    }
}

/// Whether values of the type are numbers, or texts that may hold one.
fn numeric(ty: &Ty) -> bool {
    let fits = |ty: &Ty| flows(ty, &Ty::Number, Lateness::Ignored) || ty.is_text();
    match ty {
        Ty::Union(members) => members.iter().all(|m| fits(m.plain())),
        ty => fits(ty),
    }
}

/// Whether values of the type have an order among each other.
fn sortable(ty: &Ty) -> bool {
    matches!(ty.plain(), Ty::Poison | Ty::Never)
        || matches!(class(ty), Class::Text | Class::Int | Class::Number | Class::Duration | Class::Size)
        || flows(ty, &Ty::Bool, Lateness::Ignored)
}

/// `merge(a, b)`: records laid over each other, records inside them too.
fn merge(a: &Ty, b: &Ty) -> Ty {
    match (a.plain(), b.plain()) {
        (Ty::Record(x), Ty::Record(y)) => {
            let mut fields = x.fields.clone();
            for (name, field) in &y.fields {
                let merged = match fields.get(name) {
                    Some(earlier) => Field {
                        optional: earlier.optional && field.optional,
                        ty: match field.optional {
                            true => join(earlier.ty.clone(), field.ty.clone()),
                            false => merge(&earlier.ty, &field.ty),
                        },
                        ..inferred_field(field_value(field), field.span)
                    },
                    None => field.clone(),
                };
                fields.insert(name.clone(), merged);
            }
            Ty::Record(Arc::new(Record { fields, declared: None }))
        }
        (Ty::Record(_) | Ty::Map(_), Ty::Record(_) | Ty::Map(_)) => join(a.clone(), b.clone()),
        _ => b.clone(),
    }
}

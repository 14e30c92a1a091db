//! `e[…]`: lists by position, maps and records by key, tables by their key columns, images by their axes.

use smol_str::SmolStr;

use super::Checker;
use super::problem::{CheckProblem, list_of};
use super::records::{field_value, found, join};
use super::want::Want;
use crate::resolve::hir::{Expr, ExprKind, IndexArg};
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::flow::Lateness;
use crate::ty::{Field, Literal, Ty};
use indexmap::IndexMap;

impl<'a> Checker<'a> {
    pub(super) fn index(&mut self, span: Span, base: &'a Expr, args: &'a [IndexArg]) -> Ty {
        if let ExprKind::Image(image) = base.kind {
            return self.index_image(span, image, args);
        }
        let or_null = std::mem::take(&mut self.missing_is_null);
        self.missing_is_null = or_null && matches!(base.kind, ExprKind::Index(..));
        let ty = self.infer(base);
        if or_null && ty.admits_null() && *ty.plain() != Ty::Null {
            return self.index_type(span, &ty.non_null(), args, or_null).optional();
        }
        let ty = self.not_null(base, ty, "what is indexed");
        self.index_type(span, &ty, args, or_null)
    }

    /// `or_null`: a key that is missing gives null, because a `??` answers for it.
    fn index_type(&mut self, span: Span, ty: &Ty, args: &'a [IndexArg], or_null: bool) -> Ty {
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
                self.key(value, Want::new(&Ty::Int, Lateness::Ignored), "an index", "an index");
                (**inner).clone()
            }
            Ty::Map(inner) => {
                self.key(value, Want::new(&Ty::String, Lateness::Ignored), "a key", "a key");
                (**inner).clone()
            }
            Ty::Record(record) => {
                let key = self.key(value, Want::new(&Ty::String, Lateness::Ignored), "a key", "a key");
                self.record_entry(&record.fields, &key, value, or_null)
            }
            Ty::Late(inner) => self.index_type(span, inner, args, or_null).late(),
            Ty::Union(members) => members.iter().map(|m| self.index_type(span, m, args, or_null)).fold(Ty::Never, join),
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

    pub(super) fn wrong_index(&mut self, message: String, at: Span, help: impl Into<String>) -> Ty {
        self.poison(CheckProblem::Index { message, at, help: help.into(), fix: None })
    }

    fn record_entry(&mut self, fields: &IndexMap<SmolStr, Field>, key: &Ty, value: &'a Expr, or_null: bool) -> Ty {
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
                None if or_null => ty = ty.optional(),
                None => {
                    let at = self.literal_place(value, &name).unwrap_or(value.span);
                    let known: Vec<SmolStr> = fields.keys().cloned().collect();
                    let near = Self::nearest(&name, known.iter().map(SmolStr::as_str));
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has {}", list_of(&known)),
                    };
                    let message = format!("this record has no `{name}`");
                    return self.poison(CheckProblem::Index { message, at, help, fix: None });
                }
            }
        }
        ty
    }

    /// Puts arguments by position or name into the order of the coordinates; reports what does not fit.
    pub(super) fn coordinates(
        &mut self,
        span: Span,
        owner: &str,
        names: &[SmolStr],
        args: &'a [IndexArg],
    ) -> Option<Vec<&'a Expr>> {
        let mut found: Vec<Option<&'a Expr>> = vec![None; names.len()];
        let mut fine = true;
        let named = args.iter().filter(|a| a.name.is_some()).count();
        if named > 0 && named < args.len() {
            self.wrong_index(
                format!("{owner} is indexed by position or by name, not by both"),
                span,
                format!("name all of {}", list_of(names)),
            );
            return None;
        }
        if named == 0 && args.len() != names.len() {
            let count = |n: usize| if n == 1 { "1 coordinate".to_owned() } else { format!("{n} coordinates") };
            let message = format!("{owner} has {}, not {}", count(names.len()), args.len());
            self.wrong_index(message, span, format!("in this order: {}", list_of(names)));
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
                        near.map_or_else(|| format!("it has {}", list_of(names)), |n| format!("did you mean `{n}`?"));
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
                format!("{} is missing", list_of(&missing)),
                span,
                format!("{owner} is indexed by {}", list_of(names)),
            );
        }
        if missing.is_empty() && fine { found.into_iter().collect() } else { None }
    }
}

//! Text literals: what `${…}` may hold, and whether the `{{…}}` may stand where they stand.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Checker;
use super::problem::CheckProblem;
use super::records::found;
use super::scope::Section;
use super::want::Want;
use crate::resolve::hir::{Expr, LiteralAction, TextLiteral, TextPart};
use crate::template::{self, Context, Piece, TemplateProblem};
use crate::ty::{Literal, Ty};

impl<'a> Checker<'a> {
    /// The type of a text literal. Fields that the wanted type does not offer are reported where they stand; where nothing
    /// is wanted they go into the type.
    pub(super) fn text(&mut self, text: &'a TextLiteral, want: Option<Want<'_>>) -> Ty {
        if let Some(plain) = text.as_plain() {
            return Ty::Literal(Literal::Text(plain));
        }
        let mut late = false;
        let mut poison = false;
        for part in &text.parts {
            match part {
                TextPart::Chars(_) => {}
                TextPart::Action(_) => late = true,
                TextPart::Value(value) => match self.interpolated(value) {
                    Ty::Poison => poison = true,
                    ty => late |= ty.is_late(),
                },
            }
        }
        let fields = self.actions(text, want);
        if poison {
            return Ty::Poison;
        }
        let ty = if fields.is_empty() { Ty::String } else { Ty::Template(Arc::from(fields)) };
        if late { ty.late() } else { ty }
    }

    /// A value inside `${…}`.
    pub(super) fn interpolated(&mut self, value: &'a Expr) -> Ty {
        let ty = self.infer(value);
        let ty = self.not_null(value, ty, "a value in a text");
        let content = ty.early();
        if scalar(&content) {
            return ty;
        }
        match content.plain() {
            Ty::Poison => Ty::Poison,
            Ty::Build => self.unfit(value, &content, "name its part: `b.name`, `b.region`, `b.ami`"),
            Ty::List(_) => {
                self.unfit(value, &content, "join it with `join(list, \", \")`, or write it as JSON with `json(…)`")
            }
            Ty::Image(_) => self.unfit(value, &content, "index the image by its axes to get the AMI of one build"),
            _ => self.unfit(value, &content, "take one field of it, or write it as JSON with `json(…)`"),
        }
    }

    fn unfit(&mut self, value: &Expr, ty: &Ty, help: &'static str) -> Ty {
        self.poison(CheckProblem::Unfit { what: "a value in a text", ty: found(ty), at: value.span, help })
    }

    /// Judges the actions of a literal; gives the fields that nobody has judged yet.
    fn actions(&mut self, text: &TextLiteral, want: Option<Want<'_>>) -> Vec<SmolStr> {
        let actions: Vec<&LiteralAction> = text
            .parts
            .iter()
            .filter_map(|p| if let TextPart::Action(action) = p { Some(&**action) } else { None })
            .collect();
        if actions.is_empty() {
            return Vec::new();
        }
        let offered: Option<&[SmolStr]> = match want.map(|w| w.ty) {
            Some(Ty::Template(fields)) => Some(fields),
            Some(ty) if ty.is_text() => Some(&[]),
            _ => None,
        };
        let names: Vec<&str> = offered.unwrap_or_default().iter().map(SmolStr::as_str).collect();
        let section = self.scope.section;
        let context = Context {
            fields: &names,
            build_vars: matches!(section, Section::Machine | Section::Anywhere),
            variables: section == Section::Variables,
        };
        // One piece after the other would lose which `with` is open, so all actions are judged as one text.
        let mut at = 0;
        let mut spans = Vec::with_capacity(actions.len());
        let mut pieces = Vec::with_capacity(actions.len());
        for action in &actions {
            let range = at..at + action.source.len();
            at = range.end;
            spans.push((range.end, action.span));
            pieces.push(Piece::Action {
                range,
                trims_before: false,
                trims_after: false,
                action: action.action.clone(),
            });
        }
        let mut unjudged: Vec<SmolStr> = Vec::new();
        for (piece, action) in pieces.iter().zip(&actions) {
            for problem in template::check(std::slice::from_ref(piece), &context) {
                match problem {
                    TemplateProblem::UnknownField { name, .. } if offered.is_none() => {
                        if !unjudged.iter().any(|f| *f == name) {
                            unjudged.push(name.into());
                        }
                    }
                    problem => self.report(problem.into_diagnostic(&|_| action.span)),
                }
            }
            self.users(action);
        }
        unjudged
    }

    /// ``{{user `x`}}`` names a variable.
    fn users(&mut self, action: &LiteralAction) {
        for name in template::user_variables(&action.action) {
            if self.program.variable_names.contains_key(name) {
                continue;
            }
            let param = self.program.params.iter().any(|p| p.name.name == name);
            let nearest = Self::nearest(name, self.program.variables.iter().map(|v| v.name.name.as_str()));
            self.report(CheckProblem::UserVariable { name: name.into(), at: action.span, nearest, param });
        }
    }
}

/// Whether a value of the type can be written into a text.
pub(super) fn scalar(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Bool | Ty::Int | Ty::Number | Ty::Duration | Ty::Size | Ty::Literal(_) | Ty::Range(_) | Ty::Never => true,
        Ty::Union(members) => members.iter().all(scalar),
        ty => ty.is_text(),
    }
}

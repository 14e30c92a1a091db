//! `match`: every value has one arm, every arm a value.

use rustc_hash::FxHashMap;

use super::Checker;
use super::flow::quoted;
use super::narrow::{Value, literal_of, without_null};
use super::problem::{CheckProblem, Hint, list_of};
use super::records::{comparable, found};
use super::scope::place_of;
use super::want::Want;
use crate::resolve::hir::{Arm, Expr};
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::{Literal, Ty};

/// What the arms so far have taken.
#[derive(Default)]
struct Taken {
    null: Option<Span>,
    literals: FxHashMap<Literal, Span>,
    /// Whether a pattern is no value of the subject: the arm of the value that it stands for is not missing as well.
    wrong: bool,
    all: Option<Span>,
}

impl<'a> Checker<'a> {
    pub(super) fn match_expr(&mut self, span: Span, subject: &'a Expr, arms: &'a [Arm], want: Option<Want<'_>>) -> Ty {
        let ty = self.infer(subject);
        let ty = self.early(subject, ty, "the subject of a `match`");
        let place = place_of(subject);
        let mut taken = Taken::default();
        let mut result = Ty::Never;
        for arm in arms {
            for pattern in &arm.patterns {
                self.pattern(pattern, &ty, &mut taken);
            }
            if arm.any {
                if let Some(earlier) = taken.all {
                    self.report(CheckProblem::UnreachableArm { pattern: "`_`".into(), at: arm.span, earlier });
                }
                taken.all.get_or_insert(arm.span);
            }
            let facts = place.iter().filter_map(|p| Some((p.clone(), arm_type(&ty, arm, &taken)?))).collect();
            let value = self.narrowed(facts, |c| c.expr(&arm.value, want));
            result = self.joined(result, value);
        }
        if taken.all.is_none() && !taken.wrong && *ty.plain() != Ty::Poison {
            self.exhausted(span, &ty, &taken);
        }
        result
    }

    fn pattern(&mut self, pattern: &'a Expr, ty: &Ty, taken: &mut Taken) {
        let Some(value) = literal_of(pattern) else {
            // A number or a value with a unit: it can only be equal or not.
            let found_ty = self.infer(pattern);
            if !comparable(&found_ty, ty) {
                self.never(pattern.span, ty, &found_ty);
                taken.wrong = true;
            }
            return;
        };
        if let Some(earlier) = taken.all {
            let shown = shown(&value);
            self.report(CheckProblem::UnreachableArm { pattern: shown, at: pattern.span, earlier });
            return;
        }
        match value {
            Value::Null => match taken.null {
                Some(earlier) => {
                    self.report(CheckProblem::UnreachableArm { pattern: "`null`".into(), at: pattern.span, earlier })
                }
                None => {
                    if !ty.admits_null() {
                        self.never(pattern.span, ty, &Ty::Null);
                        taken.wrong = true;
                    }
                    taken.null = Some(pattern.span);
                }
            },
            Value::Literal(literal) => {
                if let Some(&earlier) = taken.literals.get(&literal) {
                    let pattern_text = format!("`{literal}`");
                    self.report(CheckProblem::UnreachableArm { pattern: pattern_text, at: pattern.span, earlier });
                    return;
                }
                let as_ty = Ty::Literal(literal.clone());
                if !comparable(&as_ty, ty) {
                    self.never(pattern.span, ty, &as_ty);
                    taken.wrong = true;
                } else if let Literal::Text(text) = &literal {
                    taken.wrong |= !self.in_domain(ty, text, pattern.span);
                }
                taken.literals.insert(literal, pattern.span);
            }
        }
    }

    /// Whether a written text is a value of a domain that it is compared with; reported where it is none.
    pub(super) fn in_domain(&mut self, ty: &Ty, text: &str, at: Span) -> bool {
        let ty = ty.early().non_null();
        let Ty::Domain(domain) = ty.plain() else { return true };
        match super::value::domain_value(*domain, text, self.facts) {
            Ok(()) => true,
            Err(problem) => {
                self.report(problem.of_literal(at));
                false
            }
        }
    }

    fn never(&mut self, at: Span, ty: &Ty, pattern: &Ty) {
        let hint = near_hint(ty, pattern, Some(at));
        self.report(CheckProblem::NeverEqual { left: found(ty), right: found(pattern), at, hint });
    }

    fn exhausted(&mut self, at: Span, ty: &Ty, taken: &Taken) {
        let mut missing = Vec::new();
        let open = |literal: &&Literal| !taken.literals.contains_key(literal);
        let literals = match ty.early().non_null().plain() {
            Ty::Never => Some(Vec::new()),
            plain => plain.literals(),
        };
        let Some(literals) = literals else {
            return self.report(CheckProblem::NotExhaustive { ty: found(ty), missing, at });
        };
        missing.extend(literals.iter().filter(open).map(|l| format!("`{l}`")));
        if ty.admits_null() && taken.null.is_none() {
            missing.push("`null`".into());
        }
        if !missing.is_empty() {
            self.report(CheckProblem::NotExhaustive { ty: found(ty), missing, at });
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "`null`".into(),
        Value::Literal(literal) => format!("`{literal}`"),
    }
}

/// The type of the subject inside an arm; `taken` counts the arm's own patterns already.
fn arm_type(ty: &Ty, arm: &Arm, taken: &Taken) -> Option<Ty> {
    if ty.is_late() {
        return None;
    }
    if !arm.any {
        let values: Vec<Value> = arm.patterns.iter().map(literal_of).collect::<Option<_>>()?;
        return Some(Ty::union(values.into_iter().map(|v| match v {
            Value::Null => Ty::Null,
            Value::Literal(literal) => Ty::Literal(literal),
        })));
    }
    if !arm.patterns.is_empty() {
        return None;
    }
    let rest = if taken.null.is_some() { without_null(ty) } else { ty.clone() };
    let Some(literals) = rest.non_null().literals() else { return Some(rest) };
    let left: Vec<Ty> = literals
        .into_iter()
        .filter(|l| !taken.literals.contains_key(l))
        .map(Ty::Literal)
        .chain(rest.admits_null().then_some(Ty::Null))
        .collect();
    if left.is_empty() { None } else { Some(Ty::union(left)) }
}

fn text_of(literal: &Literal) -> Option<&str> {
    if let Literal::Text(text) = literal { Some(text) } else { None }
}

/// `did you mean` for a literal beside a union of literals.
pub(super) fn near_hint(a: &Ty, b: &Ty, fix_at: Option<Span>) -> Hint {
    let (literals, text) = match (a.early().non_null().literals(), b.early().non_null().literals()) {
        (Some(all), Some(one)) if one.len() == 1 => (all, one),
        (Some(one), Some(all)) if one.len() == 1 => (all, one),
        _ => return Hint::default(),
    };
    let near = match text.as_slice() {
        [Literal::Text(text)] => nearest(text, literals.iter().filter_map(text_of)),
        _ => None,
    };
    match near.map(quoted) {
        Some(near) => Hint { help: Some(format!("did you mean `{near}`?")), fix: fix_at.map(|at| (at, near)) },
        None => Hint::words(format!("its values are {}", list_of(&literals))),
    }
}

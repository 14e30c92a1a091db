//! Whether a value flows into its place, and what to say when it does not.

use smol_str::SmolStr;

use super::Checker;
use super::expr::null_help;
use super::problem::{CheckProblem, Hint};
use super::records::found;
use super::value;
use super::want::Want;
use crate::diagnostic::Diagnostic;
use crate::resolve::hir::{Entry, Expr, ExprKind};
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::flow::{Lateness, flows};
use crate::ty::{Domain, Literal, Ty};

impl<'a> Checker<'a> {
    /// Reports unless a value of the type may stand in its place; poison where it was reported.
    pub(super) fn flow(&mut self, expr: &'a Expr, ty: Ty, want: Want<'_>) -> Ty {
        if self.out_of_range(expr, want) {
            return Ty::Poison;
        }
        self.flow_at(expr.span, ty, want, Some(expr), None)
    }

    /// The same for a value that may have come by spread: then it stands elsewhere, and only its key may be known.
    pub(super) fn flow_at(
        &mut self,
        at: Span,
        ty: Ty,
        want: Want<'_>,
        expr: Option<&'a Expr>,
        spread: Option<Span>,
    ) -> Ty {
        let bare = want.bare();
        let (null, value) = without_null(&ty);
        if *ty.plain() == Ty::Poison {
            return Ty::Poison;
        }
        if null && !bare.null && !matches!(bare.ty, Ty::Null | Ty::Poison) {
            let why = if *ty.plain() == Ty::Null { "not `null`" } else { "and this may be `null`" };
            let what = match want.name {
                Some(name) => format!("`{name}` takes {}, {why}", wanted(want.ty)),
                None => format!("expected {}, {why}", wanted(want.ty)),
            };
            let help = match expr {
                // An option or field that may be left out takes null.
                Some(expr) if want.name.is_some() && matches!(expr.kind, ExprKind::Null) => "write a value".into(),
                _ => expr.map_or("give a default with `?? …` where it is written".into(), null_help),
            };
            return self.poison(CheckProblem::Null { what, at, help });
        }
        if flows(&value, bare.ty, bare.late) {
            return if self.contents(at, &value, bare, expr) { ty } else { Ty::Poison };
        }
        if bare.late == Lateness::Matters && flows(&value, bare.ty, Lateness::Ignored) {
            let place = want.name.map_or("this".into(), |n| format!("`{n}`"));
            let source = expr.and_then(|e| self.late_source(e));
            return self.late_from(place, at, source);
        }
        let diagnostic = self.mismatch(at, &value, want, expr);
        self.report(match spread {
            Some(spread) => diagnostic.label(spread, "comes in by this spread"),
            None => diagnostic,
        });
        Ty::Poison
    }

    fn mismatch(&self, at: Span, value: &Ty, want: Want<'_>, expr: Option<&'a Expr>) -> Diagnostic {
        let bare = want.bare();
        match (value.plain(), bare.ty) {
            (Ty::Literal(Literal::Text(text)), Ty::Matches(pattern)) => {
                return value::pattern_problem(pattern, text, at, named(want.ty));
            }
            (Ty::Literal(Literal::Int(int)), Ty::Range(range)) if flows(&Ty::Int, &range.base, Lateness::Ignored) => {
                return value::range_problem(range, *int, at, named(want.ty));
            }
            _ => {}
        }
        let hint = hint(at, value, want.ty, expr);
        CheckProblem::Mismatch {
            name: want.name.map(SmolStr::from),
            wanted: wanted(want.ty),
            found: found(value),
            at,
            hint,
        }
        .into()
    }

    /// A literal with a unit against the ends of a range; a type does not hold its value.
    fn out_of_range(&mut self, expr: &'a Expr, want: Want<'_>) -> bool {
        let Ty::Range(range) = want.bare().ty else { return false };
        let value = match (&expr.kind, range.base.plain()) {
            (ExprKind::Duration(n), Ty::Duration) => *n,
            (ExprKind::Size(n), Ty::Size) => i64::try_from(*n).unwrap_or(i64::MAX),
            _ => return false,
        };
        if range.holds(value) {
            return false;
        }
        self.report(value::range_problem(range, value, expr.span, named(want.ty)));
        true
    }

    /// What only a look at the literals tells: domains and run-time fields. Whether all is well.
    fn contents(&mut self, at: Span, from: &Ty, want: Want<'_>, expr: Option<&'a Expr>) -> bool {
        let to = want.bare().ty;
        match (from.plain(), to) {
            (Ty::Literal(Literal::Text(text)), Ty::Domain(domain)) => {
                self.literal_in_domain(at, text, *domain, want, expr)
            }
            (Ty::Template(fields), _) if to.is_text() || matches!(to, Ty::Union(_)) => {
                let offered: &[SmolStr] = if let Ty::Template(offered) = to { offered } else { &[] };
                let Some(field) = fields.iter().find(|f| !offered.contains(f)) else { return true };
                let (field, name, offered) = (field.clone(), want.name.map(SmolStr::from), offered.to_vec());
                self.report(CheckProblem::RunTimeField { field, name, at, offered });
                false
            }
            (Ty::Literal(Literal::Text(_)), Ty::Union(members)) => {
                let fits = |m: &Ty| flows(from, m, want.late) && !matches!(m.plain(), Ty::Domain(_));
                let domain = members.iter().find(|m| matches!(m.plain(), Ty::Domain(_)));
                match domain {
                    Some(domain) if !members.iter().any(fits) => self.contents(at, from, want.part(domain), expr),
                    _ => true,
                }
            }
            (Ty::Late(from) | Ty::Optional(from), _) => self.contents(at, from, want, expr),
            (Ty::Union(members), _) => members.iter().all(|m| self.contents(at, m, want, expr)),
            (Ty::List(from), Ty::List(to)) | (Ty::Map(from), Ty::Map(to)) => {
                self.contents(at, from, want.part(to), expr)
            }
            (Ty::Record(from), Ty::Map(to)) => {
                from.fields.values().all(|f| self.contents(f.span, &f.ty, want.part(to), None))
            }
            (Ty::Record(from), Ty::Record(to)) => from.fields.iter().all(|(name, field)| match to.fields.get(name) {
                Some(wanted) => self.contents(field.span, &field.ty, want.part(&wanted.ty), None),
                None => true,
            }),
            _ => true,
        }
    }

    fn literal_in_domain(
        &mut self,
        at: Span,
        text: &str,
        domain: Domain,
        want: Want<'_>,
        expr: Option<&'a Expr>,
    ) -> bool {
        let Err(problem) = value::domain_value(domain, text, self.facts) else { return true };
        let literal = expr.and_then(|e| self.literal_place(e, text));
        let mut diagnostic = literal.map_or_else(|| problem.diagnostic(at), |literal| problem.of_literal(literal));
        if literal.is_some_and(|literal| literal != at) {
            let place = want.name.map_or("flows in here".into(), |n| format!("flows into `{n}` here"));
            diagnostic = diagnostic.label(at, place);
        }
        self.report(diagnostic);
        false
    }
}

/// Whether null is among the values, and the type of the others.
fn without_null(ty: &Ty) -> (bool, Ty) {
    match ty.plain() {
        Ty::Null => (true, Ty::Never),
        Ty::Optional(_) => (true, ty.non_null()),
        Ty::Late(inner) if matches!(inner.plain(), Ty::Optional(_) | Ty::Null) => (true, inner.non_null().late()),
        _ => (false, ty.clone()),
    }
}

/// The name and documentation of a named type.
pub(super) fn named(ty: &Ty) -> Option<&crate::ty::Named> {
    match ty {
        Ty::Named(named) => Some(named),
        Ty::Optional(inner) | Ty::Late(inner) => named(inner),
        _ => None,
    }
}

/// A type as messages name what is wanted.
pub(super) fn wanted(ty: &Ty) -> String {
    match ty {
        Ty::Optional(inner) | Ty::Late(inner) => wanted(inner),
        Ty::Record(_) => "a record".into(),
        _ => format!("`{ty}`"),
    }
}

fn hint(at: Span, value: &Ty, want: &Ty, expr: Option<&Expr>) -> Hint {
    let written = match expr.map(|e| &e.kind) {
        Some(ExprKind::Text(text)) => text.as_plain(),
        _ => None,
    };
    let bare = Want::new(want, Lateness::Ignored).bare().ty;
    shape_hint(at, value, bare, expr)
        .or_else(|| written.as_ref().and_then(|text| unquote(at, text, bare)))
        .or_else(|| near_literal(at, value, bare, written.is_some()))
        .or_else(|| unit_hint(value, bare))
        .or_else(|| quote_hint(at, value, bare, expr))
        .or_else(|| {
            let named = named(want)?;
            let doc = if named.doc.is_empty() {
                String::new()
            } else {
                format!(": {}", named.doc.lines().next().unwrap_or(""))
            };
            Some(Hint::words(format!("`{}` is `{}`{doc}", named.name, named.ty)))
        })
        .unwrap_or_default()
}

/// One where many are wanted, many where one is, things that must be indexed first.
fn shape_hint(at: Span, value: &Ty, want: &Ty, expr: Option<&Expr>) -> Option<Hint> {
    match (value.plain(), want) {
        (Ty::Image(_), _) => {
            Some(Hint::words("index the image by its axes to get the AMI of one build: `image[axis = value]`"))
        }
        (Ty::Table(table), _) => Some(Hint::words(format!("index the table by its key: `{}[…]`", table.name))),
        (Ty::List(inner), Ty::Map(_)) if pairs(inner) => Some(pairs_hint(expr)),
        (Ty::List(_), Ty::Map(_)) if many(expr) => {
            Some(Hint::words("one map is wanted here: write all entries into one, `{ A = \"1\", B = \"2\" }`"))
        }
        (Ty::List(inner), _) if flows(inner, want, Lateness::Ignored) => {
            let fix = match expr.map(|e| &e.kind) {
                Some(ExprKind::List(items)) => match items.as_slice() {
                    [(Expr { kind: ExprKind::Text(text), .. }, false)] => text.as_plain().map(|t| (at, quoted(&t))),
                    _ => None,
                },
                _ => None,
            };
            Some(Hint { help: Some("one value is wanted here: drop the brackets".into()), fix })
        }
        (_, Ty::List(inner)) if flows(value, inner, Lateness::Ignored) => {
            let fix = expr.and_then(Expr::as_plain_text).map(|t| (at, format!("[{}]", quoted(&t))));
            Some(Hint { help: Some("a list is wanted here: put it in brackets, `[…]`".into()), fix })
        }
        (_, Ty::List(inner)) if matches!(inner.plain(), Ty::Record(_)) && matches!(value.plain(), Ty::Record(_)) => {
            Some(Hint::words("a list of records is wanted here: put it in brackets, `[{ … }]`"))
        }
        (Ty::List(_), Ty::Map(_)) => Some(Hint::words("write a map: `{ KEY = \"value\" }`")),
        _ => None,
    }
}

/// Whether it is a record of a key and a value, as EC2's own interface writes tags.
fn pairs(ty: &Ty) -> bool {
    let Ty::Record(record) = ty.plain() else { return false };
    let has = |names: &[&str]| record.fields.keys().any(|k| names.contains(&k.to_ascii_lowercase().as_str()));
    record.fields.len() == 2 && has(&["key", "name"]) && has(&["value"])
}

fn many(expr: Option<&Expr>) -> bool {
    matches!(expr.map(|e| &e.kind), Some(ExprKind::List(items)) if items.len() != 1)
}

/// `[{ key = "a", value = "b" }]` where `{ a = "b" }` is wanted.
fn pairs_hint(expr: Option<&Expr>) -> Hint {
    let first = || {
        let ExprKind::List(items) = &expr?.kind else { return None };
        let ExprKind::Record(entries) = &items.first()?.0.kind else { return None };
        let mut pair = (None, None);
        for entry in entries {
            let Entry::Field { key, value } = entry else { return None };
            let written = value.as_plain_text()?;
            match key.name.to_ascii_lowercase().as_str() {
                "value" => pair.1 = Some(written),
                _ => pair.0 = Some(written),
            }
        }
        Some((pair.0?, pair.1?))
    };
    let (key, value) = first().unwrap_or_else(|| ("KEY".into(), "value".into()));
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let key = if plain { key.to_string() } else { quoted(&key) };
    Hint::words(format!("the keys are names here: write `{{ {key} = {} }}`", quoted(&value)))
}

/// `"30m"` where a duration is wanted.
fn unquote(at: Span, text: &str, want: &Ty) -> Option<Hint> {
    if let Ty::Union(members) = want {
        return members.iter().find_map(|member| unquote(at, text, Want::new(member, Lateness::Ignored).bare().ty));
    }
    let base = match want {
        Ty::Range(range) => range.base.plain(),
        other => other,
    };
    let kind = crate::syntax::parse_literal(at.file, text).ok()?.kind;
    use crate::syntax::ast::ExprKind as Parsed;
    let fits = matches!(
        (kind, base),
        (Parsed::Bool(_), Ty::Bool)
            | (Parsed::Int(_), Ty::Int | Ty::Number)
            | (Parsed::Number(_), Ty::Number)
            | (Parsed::Duration(_), Ty::Duration)
            | (Parsed::Size(_), Ty::Size)
    );
    fits.then(|| Hint { help: Some(format!("drop the quotes: `{text}`")), fix: Some((at, text.to_owned())) })
}

/// The most literals that a help lists.
const MOST_LITERALS: usize = 8;

/// A text that is one of the literals, nearly; or what there is to choose from.
fn near_literal(at: Span, value: &Ty, want: &Ty, written: bool) -> Option<Hint> {
    let Ty::Literal(Literal::Text(text)) = value.plain() else { return None };
    let literals = want.literals().filter(|_| *want != Ty::Bool)?;
    let texts = literals.iter().filter_map(|l| if let Literal::Text(t) = l { Some(t.as_str()) } else { None });
    let Some(near) = nearest(text, texts) else {
        let all: Vec<String> = literals.iter().take(MOST_LITERALS + 1).map(|l| format!("`{l}`")).collect();
        return (all.len() <= MOST_LITERALS).then(|| Hint::words(format!("it is one of {}", all.join(", "))));
    };
    let fix = written.then(|| (at, quoted(near)));
    Some(Hint { help: Some(format!("did you mean `{}`?", quoted(near))), fix })
}

fn unit_hint(value: &Ty, want: &Ty) -> Option<Hint> {
    let base = match want {
        Ty::Range(range) => range.base.plain(),
        other => other,
    };
    let text = if let Ty::Literal(Literal::Text(text)) = value.plain() { Some(text.trim()) } else { None };
    match (value.plain(), base) {
        (Ty::Literal(Literal::Int(1)), Ty::Bool) => Some(Hint::words("write `true`")),
        (Ty::Literal(Literal::Int(0)), Ty::Bool) => Some(Hint::words("write `false`")),
        (_, Ty::Bool) if text.is_some() => Some(Hint::words(match text.unwrap_or("").to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" | "y" | "true" | "enabled" => "write `true`, without quotes",
            "no" | "off" | "0" | "n" | "false" | "disabled" | "" => "write `false`, without quotes",
            _ => "write `true` or `false`, without quotes",
        })),
        (_, Ty::Bool) => Some(Hint::words("write `true` or `false`, or a comparison such as `x != \"\"`")),
        (_, Ty::Duration) if text.is_some() => Some(Hint::words(match digits(text.unwrap_or("")) {
            Some(number) => format!("a duration has a unit and no quotes: `{number}s`, `{number}m`, `{number}h`"),
            None => "a duration is written without quotes, with units `h`, `m`, `s` or `ms`: `1h30m`, `90s`".into(),
        })),
        (_, Ty::Size) if text.is_some() => Some(Hint::words(match digits(text.unwrap_or("")) {
            Some(number) => format!("a size has a unit and no quotes: `{number}GiB`, `{number}MiB`"),
            None => "a size is written without quotes, with a unit: `512MiB`, `8GiB`, `10GB`".into(),
        })),
        (Ty::Literal(Literal::Int(_)) | Ty::Int | Ty::Number, Ty::Duration) => {
            Some(Hint::words("a duration has a unit: `30s`, `5m`, `1h30m`"))
        }
        (Ty::Literal(Literal::Int(_)) | Ty::Int | Ty::Number, Ty::Size) => {
            Some(Hint::words("a size has a unit: `512MiB`, `8GiB`"))
        }
        (Ty::Number, Ty::Int) => Some(Hint::words("make it whole with `floor(…)`, `round(…)` or `ceil(…)`")),
        (text, Ty::Int) if text.is_text() => Some(Hint::words("read the number with `int(…)`")),
        _ => None,
    }
}

/// The digits that a text begins with, if it does.
fn digits(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// A number or bool where text is wanted.
fn quote_hint(at: Span, value: &Ty, want: &Ty, expr: Option<&Expr>) -> Option<Hint> {
    if !want.is_text() {
        return None;
    }
    let text = match (expr.map(|e| &e.kind), value.plain()) {
        (Some(ExprKind::Int(i)), _) => i.to_string(),
        (Some(ExprKind::Number(n)), _) => n.to_string(),
        (Some(ExprKind::Bool(b)), _) => b.to_string(),
        (_, Ty::Literal(Literal::Text(_))) => return None,
        (_, Ty::Int | Ty::Number | Ty::Bool | Ty::Duration | Ty::Size | Ty::Literal(_)) => {
            return Some(Hint::words("make it text with `\"${…}\"`"));
        }
        _ => return None,
    };
    let text = quoted(&text);
    Some(Hint { help: Some(format!("put it in quotes: `{text}`")), fix: Some((at, text)) })
}

/// A text as a literal of the language.
pub(super) fn quoted(text: &str) -> String {
    Literal::Text(text.into()).to_string()
}

//! From values to plan data, guided by the type of the option: patterns, ranges, domains and run-time fields are judged here,
//! where the value is known.

use smol_str::SmolStr;

use super::Evaluator;
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Part, Text, Value};
use crate::check::domain_value;
use crate::load::join;
use crate::plan;
use crate::template::{self, Context, Piece};
use crate::text::Span;
use crate::ty::{Domain, Encoding, Field, Literal, Ty};

const GIB: u64 = 1 << 30;

impl Evaluator<'_> {
    /// Whether a variable holds a size.
    fn is_size(&self, variable: usize) -> bool {
        self.checked.variables.get(variable).is_some_and(|ty| *ty.early().plain() == Ty::Size)
    }

    /// Turns the value of an option into plan data. Without a type (an unknown option, reported) only the shape is kept.
    pub(super) fn freeze(
        &self,
        value: &Value,
        ty: Option<&Ty>,
        option: &SmolStr,
        at: Span,
    ) -> Result<plan::Value, Stop> {
        let ty = ty.map(Ty::plain);
        Ok(match (&value.data, ty) {
            (Data::Variable(index), Some(_)) if self.is_size(*index) => {
                let variable = self.program().variables[*index].name.name.clone();
                return Err(EvalProblem::SizeVariable { variable, option: option.clone(), at: value.origin }.into());
            }
            (_, Some(Ty::Optional(inner) | Ty::Late(inner))) => return self.freeze(value, Some(inner), option, at),
            (_, Some(Ty::Union(members))) => {
                let member = members.iter().find(|m| self.fits(value, m));
                return self.freeze(value, Some(member.unwrap_or(&Ty::Poison)), option, at);
            }
            (Data::Null, _) => plan::Value::Null,
            (Data::Bool(b), _) => plan::Value::Bool(*b),
            (Data::Int(i), ty) => {
                self.in_range(*i, ty, value, option, at)?;
                plan::Value::Int(*i)
            }
            (Data::Duration(d), ty) => {
                self.in_range(*d, ty, value, option, at)?;
                plan::Value::Duration(*d)
            }
            (Data::Size(s), ty) => {
                self.in_range(i64::try_from(*s).unwrap_or(i64::MAX), ty, value, option, at)?;
                plan::Value::Size(*s)
            }
            (Data::Number(n), ty) => {
                self.in_range(*n as i64, ty, value, option, at)?;
                plan::Value::Number(*n)
            }
            (Data::Text(text), ty) => self.freeze_text(text, ty, value, option, at)?,
            (Data::Variable(index), _) => {
                let name = self.program().variables[*index].name.name.clone();
                plan::Value::Text(plan::Text::Parts([plan::Part::Variable(name)].into()))
            }
            (Data::List(list), ty) => {
                let inner = match ty {
                    Some(Ty::List(inner)) => Some(&**inner),
                    _ => None,
                };
                let items: Result<Vec<_>, Stop> =
                    list.iter().map(|item| self.freeze(item, inner, option, at)).collect();
                plan::Value::List(items?)
            }
            (Data::Record(record), ty) => {
                let mut fields = Vec::with_capacity(record.len());
                for (name, field) in record.iter() {
                    let declared = if let Some(Ty::Record(declared)) = ty { declared.fields.get(name) } else { None };
                    let inner = match ty {
                        Some(Ty::Map(inner)) => Some(&**inner),
                        _ => declared.map(|f| &f.ty),
                    };
                    if let Some(declared) = declared {
                        self.in_encoding(&field.value, declared, name, at)?;
                    }
                    fields.push((name.clone(), self.freeze(&field.value, inner, option, at)?));
                }
                if let Some(Ty::Record(declared)) = ty {
                    if let Some(missing) = declared.fields.iter().find(|(n, f)| !f.optional && !record.contains_key(*n))
                    {
                        let field = missing.0.clone();
                        return Err(EvalProblem::MissingField { field, origin: value.origin, at }.into());
                    }
                    self.record_rules(declared, record, value.origin, at)?;
                }
                plan::Value::Record(fields)
            }
            (Data::Build(cell), _) => plan::Value::Text(plan::Text::Plain(self.name_of(*cell))),
            (Data::Image(_) | Data::Table(_) | Data::Unknown, _) => return Err(Stop::Poison),
        })
    }

    /// Sizes that Packer counts in GiB are whole.
    pub(super) fn in_encoding(&self, value: &Value, field: &Field, option: &SmolStr, at: Span) -> Result<(), Stop> {
        if field.encoding() != Some(Encoding::Gib) {
            return Ok(());
        }
        match &value.data {
            Data::Size(bytes) if bytes % GIB != 0 => {
                let (bytes, option) = (*bytes, option.clone());
                Err(EvalProblem::NotWholeGib { bytes, option, origin: value.origin, at }.into())
            }
            Data::List(list) => list.iter().try_for_each(|v| self.in_encoding(v, field, option, at)),
            _ => Ok(()),
        }
    }

    fn in_range(&self, number: i64, ty: Option<&Ty>, value: &Value, option: &SmolStr, at: Span) -> Result<(), Stop> {
        let Some(Ty::Range(range)) = ty else { return Ok(()) };
        if range.holds(number) {
            return Ok(());
        }
        let shown = value.display().unwrap_or_default();
        Err(EvalProblem::OutsideRange {
            help: crate::check::value::ends(range),
            shown,
            ty: range.to_string(),
            option: option.clone(),
            origin: value.origin,
            at,
        }
        .into())
    }

    /// Judges a text by its type and turns it into parts.
    fn freeze_text(
        &self,
        text: &Text,
        ty: Option<&Ty>,
        value: &Value,
        option: &SmolStr,
        at: Span,
    ) -> Result<plan::Value, Stop> {
        if let Text::Plain(plain) = text {
            self.judge_text(plain, ty, value, option, at)?;
        } else if let Text::Parts(parts) = text {
            self.judge_actions(parts, ty, option, at)?;
            if let (Some(ty @ (Ty::Matches(_) | Ty::Domain(Domain::S3Bucket))), Some(specimen)) =
                (ty, self.specimen(value))
            {
                self.judge_text(&specimen, Some(ty), value, option, at)?;
            }
        }
        let frozen = self.frozen_text(text);
        if let Some(Ty::Domain(Domain::Path)) = ty {
            return Ok(plan::Value::Path(self.rebase(frozen, at)));
        }
        Ok(plan::Value::Text(frozen))
    }

    fn judge_text(&self, text: &str, ty: Option<&Ty>, value: &Value, option: &SmolStr, at: Span) -> Result<(), Stop> {
        match ty {
            Some(Ty::Matches(pattern)) if !pattern.is_match(text) => {
                let (text, pattern) = (text.into(), pattern.source.clone());
                Err(EvalProblem::NoMatch { text, pattern, option: option.clone(), origin: value.origin, at }.into())
            }
            Some(Ty::Domain(domain)) => match domain_value(*domain, text, self.facts) {
                Ok(()) => Ok(()),
                Err(why) => {
                    Err(EvalProblem::Domain { why: Box::new(why), option: option.clone(), origin: value.origin, at }
                        .into())
                }
            },
            Some(Ty::Literal(Literal::Text(wanted))) if wanted != text => {
                let (text, pattern) = (text.into(), wanted.clone());
                Err(EvalProblem::NoMatch { text, pattern, option: option.clone(), origin: value.origin, at }.into())
            }
            _ => Ok(()),
        }
    }

    /// The run-time fields that an option does not know.
    fn judge_actions(&self, parts: &[Part], ty: Option<&Ty>, option: &SmolStr, at: Span) -> Result<(), Stop> {
        let fields: Vec<&str> = match ty {
            Some(Ty::Template(fields)) => fields.iter().map(SmolStr::as_str).collect(),
            Some(_) => Vec::new(),
            None => return Ok(()),
        };
        for part in parts {
            let Part::Action(action) = part else { continue };
            let context = Context { fields: &fields, build_vars: true, variables: false };
            let piece = Piece::Action {
                range: 0..action.source.len(),
                trims_before: false,
                trims_after: false,
                action: action.action.clone(),
            };
            let problems = template::check(&[piece], &context);
            if let Some(problem) = problems.into_iter().next() {
                let diagnostic = problem.into_diagnostic(&|_| action.span);
                return Err(
                    EvalProblem::Template { diagnostic: Box::new(diagnostic), option: option.clone(), at }.into()
                );
            }
        }
        Ok(())
    }

    /// The parts of a text as plans keep them.
    pub(super) fn frozen_text(&self, text: &Text) -> plan::Text {
        match text {
            Text::Plain(text) => plan::Text::Plain(text.clone()),
            Text::Parts(parts) => plan::Text::Parts(parts.iter().map(|part| self.frozen_part(part)).collect()),
        }
    }

    pub(super) fn frozen_part(&self, part: &Part) -> plan::Part {
        match part {
            Part::Chars(chars) => plan::Part::Chars(chars.clone()),
            Part::Action(action) => plan::Part::Action(action.source.clone()),
            Part::Variable(index) => plan::Part::Variable(self.program().variables[*index].name.name.clone()),
            Part::Ami(cell, region) => {
                plan::Part::Ami(plan::Ami { build: self.name_of(*cell), region: region.clone() })
            }
        }
    }

    /// A path is relative to the file that holds the option; plans hold it relative to the current folder.
    pub(super) fn rebase(&self, text: plan::Text, at: Span) -> plan::Text {
        let file = self.sources.get(at.file).path();
        match text {
            plan::Text::Plain(path) if path.starts_with('/') || path.starts_with('~') => plan::Text::Plain(path),
            plan::Text::Plain(path) => plan::Text::Plain(join(file, &path).into()),
            plan::Text::Parts(parts) => match parts.first() {
                Some(plan::Part::Chars(first)) if !first.starts_with('/') && !first.starts_with('~') => {
                    let mut parts = parts.to_vec();
                    parts[0] = plan::Part::Chars(join(file, first).into());
                    plan::Text::Parts(parts.into())
                }
                _ => plan::Text::Parts(parts),
            },
        }
    }

    /// Whether the sort of a value is that of a type; for picking a member of a union.
    pub(super) fn fits(&self, value: &Value, ty: &Ty) -> bool {
        match (&value.data, ty.plain()) {
            (_, Ty::Optional(inner) | Ty::Late(inner)) => self.fits(value, inner),
            (_, Ty::Union(members)) => members.iter().any(|m| self.fits(value, m)),
            (Data::Text(Text::Plain(text)), Ty::Literal(Literal::Text(wanted))) => text == wanted,
            (Data::Text(Text::Plain(text)), Ty::Matches(pattern)) => pattern.is_match(text),
            (Data::Text(_) | Data::Variable(_), ty) => ty.is_text(),
            (Data::Int(i), Ty::Literal(Literal::Int(wanted))) => i == wanted,
            (Data::Int(i), Ty::Range(range)) => matches!(range.base, Ty::Int | Ty::Number) && range.holds(*i),
            (Data::Int(_), Ty::Int | Ty::Number) | (Data::Number(_), Ty::Number) => true,
            (Data::Bool(b), Ty::Literal(Literal::Bool(wanted))) => b == wanted,
            (Data::Bool(_), Ty::Bool) | (Data::Duration(_), Ty::Duration) | (Data::Size(_), Ty::Size) => true,
            (Data::Duration(d), Ty::Range(range)) => range.base == Ty::Duration && range.holds(*d),
            (Data::Size(s), Ty::Range(range)) => {
                range.base == Ty::Size && i64::try_from(*s).is_ok_and(|s| range.holds(s))
            }
            (Data::List(list), Ty::List(inner)) => list.iter().all(|i| self.fits(i, inner)),
            (Data::Record(record), Ty::Map(inner)) => record.values().all(|f| self.fits(&f.value, inner)),
            (Data::Record(record), Ty::Record(wanted)) => record.keys().all(|k| wanted.fields.contains_key(k)),
            (Data::Null, Ty::Null) => true,
            _ => false,
        }
    }
}

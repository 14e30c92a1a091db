//! Where variables flow, and as what they are wanted there.

use rustc_hash::FxHashMap;

use crate::import::draft::{Block, Entry, Kind, Name, Operator, Piece, Value};
use crate::schema::{Category, Kinds};
use crate::ty::{Encoding, Literal, Ty};

use super::mend::{member, split};
use super::variables::entries;
use super::{composed, expressions, locals};

/// Where variables flow.
#[derive(Default)]
pub(super) struct Flows<'d> {
    pub(super) locals: &'d [Entry],
    pub(super) wanted_locals: locals::Wanted,
    /// What each is wanted as.
    pub(super) wanted: FxHashMap<String, Vec<Ty>>,
    /// Those that stand within texts.
    pub(super) in_text: Vec<String>,
    /// Those of which something is made that is no text: `"{{user `minutes`}}m"`.
    pub(super) composed: Vec<String>,
}

impl Flows<'_> {
    pub(super) fn block(&mut self, block: &Block, category: Category, kinds: &Kinds) {
        let Some(kind) = kinds.get(&(category, block.kind.as_str().into())) else { return };
        for entry in entries(block) {
            let find = kind.options.iter().find(|(name, f)| **name == entry.key || f.was_named(&entry.key));
            let Some((_, field)) = find else { continue };
            self.flow(&entry.value, &field.ty, field.encoding());
            entry.value.each(&mut |value| {
                let Kind::Text(pieces) = &value.kind else { return };
                for piece in pieces {
                    if let Piece::Value(value) = piece
                        && let Kind::Name(Name::Variable(name)) = &value.kind
                    {
                        self.in_text.push(name.clone());
                    }
                }
            });
        }
    }

    /// What a value must be that something is decided by.
    pub(super) fn decides(&mut self, value: &Value) {
        let is_bool = |v: &Value| matches!(v.kind, Kind::Bool(_));
        match &value.kind {
            Kind::If(condition, ..) => self.value(condition, &Ty::Bool),
            Kind::Not(inner) => self.value(inner, &Ty::Bool),
            Kind::Operation(Operator::And | Operator::Or, a, b) => {
                [a, b].into_iter().for_each(|v| self.value(v, &Ty::Bool))
            }
            Kind::Operation(Operator::Equal | Operator::Unequal, a, b) => {
                for (one, other) in [(a, b), (b, a)] {
                    match &other.kind {
                        Kind::Int(_) => self.value(one, &Ty::Int),
                        _ if is_bool(other) => self.value(one, &Ty::Bool),
                        _ => {}
                    }
                }
            }
            Kind::Operation(
                Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual,
                a,
                b,
            ) => {
                [a, b].into_iter().for_each(|v| self.value(v, &Ty::Int));
            }
            Kind::Operation(
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder,
                a,
                b,
            ) => [a, b].into_iter().for_each(|v| self.value(v, &Ty::Int)),
            // The key of a map that is written down is one of its keys.
            Kind::Index(base, indices) => {
                if let (Kind::Name(Name::Local(map)), [key]) = (&base.kind, &indices[..])
                    && let Some(Kind::Record(entries)) =
                        self.locals.iter().find(|l| l.key == *map).map(|l| &l.value.kind)
                    && entries.len() > 1
                    && entries.iter().all(|e| !expressions::is_spread(e))
                {
                    let keys = entries.iter().map(|e| Ty::Literal(Literal::Text(e.key.as_str().into()))).collect();
                    self.value(key, &Ty::Union(keys));
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, value: &Value, ty: &Ty) {
        self.flow(value, ty, None);
    }

    fn flow(&mut self, value: &Value, ty: &Ty, encoding: Option<Encoding>) {
        match (&value.kind, ty) {
            (_, Ty::Named(named)) => self.flow(value, &named.ty, encoding),
            (_, Ty::Optional(inner) | Ty::Late(inner)) => self.flow(value, inner, encoding),
            (Kind::If(_, a, b) | Kind::Operation(Operator::Else, a, b), _) => {
                [a, b].into_iter().for_each(|branch| self.flow(branch, ty, encoding));
            }
            (Kind::Spread(inner), _) => self.flow(inner, ty, encoding),
            (Kind::For(each), Ty::List(inner) | Ty::Map(inner)) => self.value(&each.makes, inner),
            (Kind::Name(Name::Local(name)), ty) => {
                let found = self.wanted_locals.entry(name.clone()).or_default();
                let place = (expressions::bare(ty).clone(), encoding);
                if !found.contains(&place) {
                    found.push(place);
                    if let Some(local) = self.locals.iter().find(|local| local.key == *name) {
                        self.flow(&local.value, ty, encoding);
                    }
                }
            }
            (Kind::Field(base, key), _) => {
                locals::parts(self.locals, base, Some(key)).into_iter().for_each(|part| self.flow(part, ty, encoding));
            }
            (Kind::Index(base, indices), _) => {
                let key = indices.first().and_then(Value::plain);
                locals::parts(self.locals, base, key).into_iter().for_each(|part| self.flow(part, ty, encoding));
            }
            (Kind::Name(Name::Variable(name)), ty) => {
                let found = self.wanted.entry(name.clone()).or_default();
                let ty = simple(ty);
                if !found.contains(&ty) {
                    found.push(ty);
                }
            }
            (_, Ty::Union(members)) => {
                if let Some(member) = member(value, members) {
                    self.flow(value, member, encoding);
                }
            }
            (Kind::List(values), Ty::List(inner)) => values.iter().for_each(|v| match &v.kind {
                Kind::Spread(more) => self.flow(more, ty, encoding),
                _ => self.value(v, inner),
            }),
            (Kind::List(values), _) => values.iter().for_each(|v| self.value(v, ty)),
            // One record where a list of them is wanted.
            (Kind::Record(_), Ty::List(inner)) => self.value(value, inner),
            (Kind::Text(pieces), Ty::Int | Ty::Size | Ty::Range(_) | Ty::Duration) => {
                let Some(parts) = composed::parts(pieces) else { return };
                for name in parts {
                    self.composed.push(name.clone());
                    if let Some((counted, _)) = composed::counted(pieces) {
                        self.value(counted, &Ty::Int);
                    }
                }
            }
            (Kind::Text(pieces), Ty::List(inner)) => {
                split(pieces, value.span)
                    .iter()
                    .filter(|v| !matches!(v.kind, Kind::Text(_)))
                    .for_each(|v| self.value(v, inner));
            }
            (Kind::Record(entries), Ty::Map(inner)) => entries.iter().for_each(|e| match &e.value.kind {
                Kind::Spread(more) => self.flow(more, ty, encoding),
                _ => self.value(&e.value, inner),
            }),
            (Kind::Record(entries), Ty::Record(record)) => {
                for Entry { key, value, .. } in entries {
                    if let Some(field) = record.fields.get(key.as_str()) {
                        self.value(value, &field.ty);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a variable of such a place is declared as.
fn simple(ty: &Ty) -> Ty {
    match ty {
        Ty::Named(named) => simple(&named.ty),
        Ty::Optional(inner) | Ty::Late(inner) => simple(inner),
        Ty::Range(range) => simple(&range.base),
        // In whole GiB, as Packer counts.
        Ty::Size => Ty::Int,
        Ty::Matches(_) | Ty::Template(_) => Ty::String,
        Ty::List(inner) => match simple(inner) {
            scalar @ (Ty::Bool | Ty::Int | Ty::Number | Ty::Duration | Ty::Domain(_) | Ty::Union(_)) => {
                Ty::List(scalar.into())
            }
            _ => Ty::List(Ty::String.into()),
        },
        Ty::Union(members) if members.iter().all(|m| matches!(m, Ty::Literal(_))) => ty.clone(),
        Ty::Union(members) => members.iter().find(|m| !matches!(m, Ty::Literal(_))).map_or(Ty::String, simple),
        Ty::Map(_) | Ty::Record(_) => Ty::String,
        Ty::Literal(_) => Ty::Union([ty.clone()].into()),
        other => other.clone(),
    }
}

//! Lists and records as values, and how the types of branches become one.

use std::sync::Arc;

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::Checker;
use super::entries::Owner;
use super::problem::CheckProblem;
use super::want::Want;
use crate::resolve::hir::{Entry, Expr};
use crate::text::Span;
use crate::ty::flow::{Lateness, flows};
use crate::ty::{Field, MOST_PARTS, Record, Ty};

/// The type of elements where the type takes a list.
pub(super) fn list_member(ty: &Ty) -> Option<&Ty> {
    member(ty, &|ty| if let Ty::List(inner) = ty { Some(inner) } else { None })
}

/// The type of values where the type takes a map.
pub(super) fn map_member(ty: &Ty) -> Option<&Ty> {
    member(ty, &|ty| if let Ty::Map(inner) = ty { Some(inner) } else { None })
}

/// The record or map where the type takes one.
pub(super) fn record_member(ty: &Ty) -> Option<&Ty> {
    member(ty, &|ty| matches!(ty, Ty::Record(_) | Ty::Map(_)).then_some(ty))
}

/// What is picked from the first of the types that a type stands for.
fn member<'t>(ty: &'t Ty, pick: &dyn Fn(&'t Ty) -> Option<&'t Ty>) -> Option<&'t Ty> {
    match ty.plain() {
        Ty::Optional(inner) | Ty::Late(inner) => member(inner, pick),
        Ty::Union(members) => members.iter().find_map(|m| member(m, pick)),
        plain => pick(plain),
    }
}

/// The type of a value that is one of the two. Records become one record, an empty record takes the map's side.
pub(super) fn join(a: Ty, b: Ty) -> Ty {
    let null = a.admits_null() && a != Ty::Poison || b.admits_null() && b != Ty::Poison;
    let joined = match (a.non_null().plain(), b.non_null().plain()) {
        (Ty::Record(x), Ty::Record(y)) => Ty::Record(Arc::new(join_records(x, y))),
        (Ty::Record(r), Ty::Map(m)) | (Ty::Map(m), Ty::Record(r)) => {
            let values = r.fields.values().map(|f| f.ty.clone());
            Ty::Map(Arc::new(values.fold((**m).clone(), join)))
        }
        (Ty::Map(x), Ty::Map(y)) => Ty::Map(Arc::new(join((**x).clone(), (**y).clone()))),
        (Ty::List(x), Ty::List(y)) => Ty::List(Arc::new(join((**x).clone(), (**y).clone()))),
        (Ty::Record(_) | Ty::Map(_) | Ty::List(_), Ty::Never) => a.non_null(),
        _ => {
            let union = Ty::union([a, b]);
            let many = matches!(union.non_null().plain(), Ty::Union(members) if members.len() > MOST_LITERALS);
            return if many { union.widened() } else { union };
        }
    };
    let joined = bounded(joined);
    if null { joined.optional() } else { joined }
}

/// The most literals that are kept apart; a longer list is one of texts or numbers.
const MOST_LITERALS: usize = 100;

/// An inferred type. One that repeats itself grows without end (`{ x = a, y = a }`, and so on); beyond
/// [`MOST_PARTS`] it is not checked here, and the evaluator's limits hold for its values.
pub(super) fn bounded(ty: Ty) -> Ty {
    if ty.has_at_most(MOST_PARTS) { ty } else { Ty::Poison }
}

fn join_records(a: &Arc<Record>, b: &Arc<Record>) -> Record {
    if Arc::ptr_eq(a, b) {
        return (**a).clone();
    }
    let mut fields = IndexMap::with_capacity(a.fields.len());
    for (name, field) in &a.fields {
        let mut field = field.clone();
        match b.fields.get(name) {
            Some(other) => {
                field.ty = join(field.ty, other.ty.clone());
                field.optional |= other.optional;
            }
            None => field.optional = true,
        }
        fields.insert(name.clone(), field);
    }
    for (name, field) in &b.fields {
        if !fields.contains_key(name) {
            fields.insert(name.clone(), Field { optional: true, ..field.clone() });
        }
    }
    Record { fields, declared: None }
}

/// A field that is inferred from a value; its span is the key's.
pub(super) fn inferred_field(ty: Ty, span: Span) -> Field {
    let optional = ty.admits_null() && ty != Ty::Poison;
    let ty = if optional { ty.non_null() } else { ty };
    Field { ty, optional, default: false, doc: SmolStr::default(), notes: None, span }
}

/// The type of a field as a value.
pub(super) fn field_value(field: &Field) -> Ty {
    if field.optional && !field.default { field.ty.clone().optional() } else { field.ty.clone() }
}

/// Literals widened to what they are values of, also inside records: what a value without a written type may become.
pub(super) fn widened(ty: &Ty) -> Ty {
    match ty {
        Ty::Record(record) => {
            let mut record = (**record).clone();
            for field in record.fields.values_mut() {
                field.ty = widened(&field.ty);
            }
            Ty::Record(Arc::new(record))
        }
        Ty::List(inner) => Ty::List(Arc::new(widened(inner))),
        Ty::Map(inner) => Ty::Map(Arc::new(widened(inner))),
        Ty::Optional(inner) => widened(inner).optional(),
        other => other.widened(),
    }
}

impl<'a> Checker<'a> {
    pub(super) fn list(&mut self, items: &'a [(Expr, bool)], want: Option<Want<'_>>) -> Ty {
        let mut element = Ty::Never;
        for (item, spread) in items {
            let ty = match (spread, want) {
                (false, _) => {
                    let ty = self.expr(item, want.map(|w| Want { null: true, ..w }));
                    self.not_null(item, ty, "an element of a list")
                }
                (true, _) => self.list_spread(item, want),
            };
            element = self.joined(element, ty);
        }
        Ty::List(Arc::new(element))
    }

    /// The type of a value that is one of the two, as long as that can be afforded: each join looks at all that was joined
    /// before.
    pub(super) fn joined(&mut self, a: Ty, b: Ty) -> Ty {
        if self.afford(a.parts(MOST_PARTS) + b.parts(MOST_PARTS)) { join(a, b) } else { Ty::Poison }
    }

    fn list_spread(&mut self, item: &'a Expr, want: Option<Want<'_>>) -> Ty {
        let ty = match want {
            Some(want) => {
                let list = Ty::List(Arc::new(want.ty.clone()));
                self.expr(item, Some(Want { ty: &list, null: false, ..want }))
            }
            None => self.infer(item),
        };
        let ty = self.not_null(item, ty, "what is spread");
        match ty.plain() {
            Ty::List(inner) => (**inner).clone(),
            Ty::Poison => Ty::Poison,
            Ty::Late(_) => self.late("a list that is spread", item),
            _ => self.poison(CheckProblem::Spread { found: found(&ty), at: item.span, into: "a list" }),
        }
    }

    /// A record literal of which nothing is known beforehand.
    pub(super) fn record(&mut self, entries: &'a [Entry]) -> Ty {
        let mut fields: IndexMap<SmolStr, Field> = IndexMap::with_capacity(entries.len());
        // The type of the values, once a map was spread.
        let mut map: Option<Ty> = None;
        let mut poison = false;
        for entry in entries {
            match entry {
                Entry::Field { key, value } => match self.infer(value) {
                    // `null` removes the key: at the end, as one by one each would move all that follow.
                    Ty::Null => {
                        let gone = Field { ty: Ty::Null, ..inferred_field(Ty::Never, key.span) };
                        fields.insert(key.name.clone(), gone);
                    }
                    ty => {
                        fields.insert(key.name.clone(), inferred_field(ty, key.span));
                    }
                },
                Entry::Spread { value, .. } => match self.spread(value, "a record").plain() {
                    Ty::Record(record) if !self.afford(10 * record.fields.len()) => poison = true,
                    Ty::Record(record) => {
                        for (name, field) in &record.fields {
                            // A field that may be absent leaves an earlier value alone.
                            let mut field = field.clone();
                            if let Some(earlier) = fields.get(name).filter(|e| field.optional && e.ty != Ty::Null) {
                                field.ty = join(earlier.ty.clone(), field.ty);
                                field.optional = earlier.optional;
                            }
                            fields.insert(name.clone(), field);
                        }
                    }
                    Ty::Map(inner) => map = Some(map.map_or_else(|| (**inner).clone(), |m| join(m, (**inner).clone()))),
                    _ => poison = true,
                },
            }
        }
        fields.retain(|_, field| field.ty != Ty::Null);
        match map {
            _ if poison => Ty::Poison,
            Some(map) => Ty::Map(Arc::new(fields.into_values().map(|f| f.ty).fold(map, join))),
            None => bounded(Ty::Record(Arc::new(Record { fields, declared: None }))),
        }
    }

    /// The type of what is spread into a record or block: a record, a map, or poison.
    pub(super) fn spread(&mut self, value: &'a Expr, into: &'static str) -> Ty {
        let ty = self.infer(value);
        let ty = self.not_null(value, ty, "what is spread");
        match ty.plain() {
            Ty::Record(_) | Ty::Map(_) | Ty::Poison => ty,
            Ty::Late(_) => self.late("a record that is spread", value),
            _ => self.poison(CheckProblem::Spread { found: found(&ty), at: value.span, into }),
        }
    }

    /// A record literal where a record or map is wanted.
    pub(super) fn record_against(&mut self, span: Span, entries: &'a [Entry], want: Want<'_>) -> Ty {
        match want.ty {
            Ty::Record(record) => {
                let owner = Owner { kind: None, name: want.name, at: span };
                self.entries(entries, &record.fields, &owner, want.late);
            }
            Ty::Map(inner) => {
                for entry in entries {
                    match entry {
                        Entry::Field { key, value } => {
                            self.expect(value, Want { ty: inner, null: true, late: want.late, name: Some(&key.name) });
                        }
                        Entry::Spread { value, .. } => {
                            let ty = self.spread(value, "a map");
                            self.flow(value, ty, Want { null: false, ..want });
                        }
                    }
                }
            }
            _ => return Ty::Poison,
        }
        want.ty.clone()
    }
}

/// A type as messages name what was found.
pub(super) fn found(ty: &Ty) -> String {
    match ty.plain() {
        Ty::Null => "`null`".into(),
        Ty::Record(_) if matches!(ty, Ty::Record(_)) => "a record".into(),
        Ty::Table(table) => format!("the table `{}`", table.name),
        Ty::Image(_) => "an image".into(),
        Ty::Builds => "all builds".into(),
        Ty::Build => "a build".into(),
        _ => format!("`{ty}`"),
    }
}

/// Whether two types share a value, so that comparing them makes sense.
pub(super) fn comparable(a: &Ty, b: &Ty) -> bool {
    let (a, b) = (a.non_null().early(), b.non_null().early());
    if let (Ty::List(x), Ty::List(y)) = (a.plain(), b.plain()) {
        return comparable(x, y);
    }
    let overlap = |x: &Ty, y: &Ty| flows(x, y, Lateness::Ignored) || flows(y, x, Lateness::Ignored);
    let members = |ty: &Ty| match ty.plain() {
        Ty::Union(members) => members.to_vec(),
        _ => vec![ty.clone()],
    };
    let (left, right) = (members(&a), members(&b));
    left.iter().any(|x| right.iter().any(|y| overlap(x, y)))
}

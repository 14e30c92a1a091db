//! Values with names: what type they have from where they flow, and what they are.

use rustc_hash::FxHashMap;

use crate::import::draft::{Entry, Kind, Name, Value};
use crate::ty::{Encoding, Ty};

use super::mend::Mender;

/// Where a value with a name flows.
pub(super) type Wanted = FxHashMap<String, Vec<(Ty, Option<Encoding>)>>;

/// Mends the values of locals to the type that all their places agree on.
pub(super) fn mend(locals: &mut [Entry], wanted: &Wanted, mender: &mut Mender<'_>) {
    for local in locals {
        let Some(places) = wanted.get(&local.key) else { continue };
        let Some((ty, encoding)) = places.first() else { continue };
        let same = |(other, code): &(Ty, Option<Encoding>)| code == encoding && other == ty;
        let texts = places.iter().all(|(ty, _)| ty.is_text());
        if texts || !places.iter().all(same) {
            continue;
        }
        let mut mended = local.value.clone();
        // What does not fit stays as it is; the compiler says where.
        if mender.value(&mut mended, ty, *encoding).is_ok() {
            local.value = mended;
        }
    }
}

/// The parts of a local that a selection may be, where it is written down: that of the key, or any where the key is not known.
pub(super) fn parts<'l>(locals: &'l [Entry], base: &Value, key: Option<&str>) -> Vec<&'l Value> {
    let Kind::Name(Name::Local(name)) = &base.kind else { return Vec::new() };
    let Some(local) = locals.iter().find(|local| local.key == *name) else { return Vec::new() };
    match &local.value.kind {
        Kind::Record(entries) => {
            let meant = |e: &&Entry| key.is_none_or(|key| e.key == key);
            entries.iter().filter(meant).map(|e| &e.value).collect()
        }
        Kind::List(values) => values.iter().collect(),
        _ => Vec::new(),
    }
}

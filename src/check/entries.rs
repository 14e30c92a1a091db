//! The entries of a block or record literal against the options or fields that may stand there.

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Checker;
use super::problem::CheckProblem;
use super::want::Want;
use crate::resolve::hir::{Entry, Expr, ExprKind, Ident};
use crate::resolve::mention::Symbol;
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::flow::Lateness;
use crate::ty::{Field, Record, Ty};

/// Whose entries they are.
pub(super) struct Owner<'w> {
    /// A kind's name for messages, as in ``builder `amazon-ebs` ``; a record has none.
    pub kind: Option<&'w str>,
    /// The option or parameter that takes the record.
    pub name: Option<&'w str>,
    /// What is underlined when something is missing.
    pub at: Span,
}

impl Owner<'_> {
    fn words(&self) -> String {
        match (self.kind, self.name) {
            (Some(kind), _) => kind.to_owned(),
            (None, Some(name)) => format!("`{name}`"),
            (None, None) => "this record".into(),
        }
    }
}

impl<'a> Checker<'a> {
    /// Checks every entry and names the required ones that are missing.
    pub(super) fn entries(
        &mut self,
        body: &'a [Entry],
        fields: &IndexMap<SmolStr, Field>,
        owner: &Owner<'_>,
        late: Lateness,
    ) {
        let mut given = vec![false; fields.len()];
        let mut from_afar = false;
        let later = Later::of(body);
        let mut spreads = Vec::new();
        for (position, entry) in body.iter().enumerate() {
            match entry {
                Entry::Field { key, value } => {
                    let Some(index) = fields.get_index_of(&key.name) else {
                        self.stray(&spreads, key, value, fields, owner);
                        // A misspelt option is not missing as well.
                        if !self.problems.is_full()
                            && let Some(meant) = meant(&key.name, fields)
                        {
                            given[meant] = true;
                        }
                        continue;
                    };
                    let field = &fields[index];
                    self.saw_name(key.span, Symbol::Member(field.span));
                    self.notes(&key.name, field, owner, key.span, None);
                    if refused(field) {
                        self.infer(value);
                        continue;
                    }
                    let want = Want { ty: &field.ty, null: field.optional, late, name: Some(&key.name) };
                    // That a required one must not be null has been said.
                    let removed = *self.expect(value, want).plain() == Ty::Null && field.optional;
                    given[index] = !removed;
                }
                Entry::Spread { value, span } => {
                    let ty = self.spread(value, if owner.kind.is_some() { "a block" } else { "a record" });
                    spreads.push(ty.clone());
                    match ty.plain() {
                        Ty::Record(record) if !self.afford(10 * record.fields.len()) => from_afar = true,
                        Ty::Record(record) => {
                            let later = |name: &str| later.value(name, position);
                            self.spread_fields(&later, value, *span, record, fields, owner, late);
                            for name in record.fields.keys() {
                                if let Some(index) = fields.get_index_of(name) {
                                    given[index] = true;
                                }
                            }
                        }
                        // The keys of a map are known to the evaluator.
                        _ => from_afar = true,
                    }
                }
            }
        }
        if from_afar {
            return;
        }
        let missing: Vec<(SmolStr, SmolStr)> = fields
            .iter()
            .zip(&given)
            .filter(|((_, field), given)| !**given && !field.optional && !field.is_refused())
            .map(|((name, field), _)| (name.clone(), field.doc.clone()))
            .collect();
        if !missing.is_empty() {
            self.report(match owner.kind {
                Some(kind) => CheckProblem::MissingOptions { owner: kind.to_owned(), names: missing, at: owner.at },
                None => {
                    CheckProblem::MissingFields { owner: owner.name.map(SmolStr::from), names: missing, at: owner.at }
                }
            });
        }
    }

    /// A key that is no option.
    fn stray(
        &mut self,
        spreads: &[Ty],
        key: &Ident,
        value: &'a Expr,
        fields: &IndexMap<SmolStr, Field>,
        owner: &Owner<'_>,
    ) {
        // `key = null` takes a key out that came by spread; then it need not be an option of this kind.
        let came_by_spread = |ty: &Ty| match ty.plain() {
            Ty::Record(record) => record.fields.contains_key(&key.name),
            _ => true,
        };
        if is_null(value) && spreads.iter().any(came_by_spread) {
            return;
        }
        self.infer(value);
        self.unknown(&key.name, key.span, None, fields, owner);
    }

    fn unknown(
        &mut self,
        name: &SmolStr,
        at: Span,
        spread: Option<Span>,
        fields: &IndexMap<SmolStr, Field>,
        owner: &Owner<'_>,
    ) {
        if self.problems.is_full() {
            return;
        }
        let name = name.clone();
        if let Some((now, _)) = fields.iter().find(|(_, f)| f.was_named(&name)) {
            return self.report(CheckProblem::RenamedOption {
                owner: owner.words(),
                name,
                now: now.clone(),
                at,
                spread,
            });
        }
        let offered = fields.iter().filter(|(_, f)| !f.is_refused());
        let nearest = Self::nearest(&name, offered.clone().map(|(n, _)| n.as_str()));
        self.report(match owner.kind {
            Some(_) => CheckProblem::UnknownOption { owner: owner.words(), name, at, spread, nearest },
            None if spread.is_some() => CheckProblem::UnknownOption { owner: owner.words(), name, at, spread, nearest },
            None => {
                let known = offered.map(|(n, _)| n.clone()).collect();
                CheckProblem::UnknownField { owner: owner.words(), name, at, nearest, known }
            }
        });
    }

    fn notes(&mut self, name: &SmolStr, field: &Field, owner: &Owner<'_>, at: Span, spread: Option<Span>) {
        let Some(notes) = &field.notes else { return };
        if let Some(instead) = &notes.refused {
            let (name, instead) = (name.clone(), instead.clone());
            self.report(CheckProblem::RefusedOption { owner: owner.words(), name, at, spread, instead });
        } else if let Some(instead) = &notes.deprecated {
            let (name, instead) = (name.clone(), instead.clone());
            self.report(CheckProblem::DeprecatedOption { owner: owner.words(), name, at, spread, instead });
        }
    }

    /// The fields of a spread record against the options, each shown where its key was written.
    #[expect(clippy::too_many_arguments, reason = "the state of one loop, used in one place")]
    fn spread_fields(
        &mut self,
        later: &dyn Fn(&str) -> Option<&'a Expr>,
        value: &'a Expr,
        spread: Span,
        record: &Record,
        fields: &IndexMap<SmolStr, Field>,
        owner: &Owner<'_>,
        late: Lateness,
    ) {
        for (name, given) in &record.fields {
            let later = later(name);
            let Some(wanted) = fields.get(name) else {
                if !later.is_some_and(is_null) {
                    self.unknown(name, given.span, Some(spread), fields, owner);
                }
                continue;
            };
            // A later entry replaces the whole value.
            if later.is_some() {
                continue;
            }
            self.saw_name(given.span, Symbol::Member(wanted.span));
            self.notes(name, wanted, owner, given.span, Some(spread));
            let want = Want { ty: &wanted.ty, null: true, late, name: Some(name) };
            let at = self.field_expr(value, name).map_or(given.span, |e| e.span);
            self.flow_at(at, given.ty.clone(), want, None, Some(spread));
        }
    }
}

/// The entries of a body by key, for what is written behind a spread.
struct Later<'a>(FxHashMap<&'a str, Vec<(usize, &'a Expr)>>);

impl<'a> Later<'a> {
    fn of(body: &'a [Entry]) -> Self {
        let mut entries: FxHashMap<&str, Vec<(usize, &Expr)>> = FxHashMap::default();
        if body.iter().any(|entry| matches!(entry, Entry::Spread { .. })) {
            for (position, entry) in body.iter().enumerate() {
                if let Entry::Field { key, value } = entry {
                    entries.entry(&key.name).or_default().push((position, value));
                }
            }
        }
        Later(entries)
    }

    /// The first value that the key is given behind a position.
    fn value(&self, name: &str, position: usize) -> Option<&'a Expr> {
        self.0.get(name)?.iter().find(|(at, _)| *at > position).map(|(_, value)| *value)
    }
}

/// The option that a wrong name most likely stands for.
fn meant(name: &str, fields: &IndexMap<SmolStr, Field>) -> Option<usize> {
    let renamed = fields.values().position(|f| f.was_named(name));
    renamed.or_else(|| fields.get_index_of(nearest(name, fields.keys().map(SmolStr::as_str))?))
}

fn refused(field: &Field) -> bool {
    field.notes.as_ref().is_some_and(|n| n.refused.is_some())
}

fn is_null(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Null)
}

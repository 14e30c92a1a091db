//! `unique a per b`: names that no two builds of a plan may share.

use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::Evaluator;
use super::options::Options;
use super::problem::EvalProblem;
use super::value::{Data, Text, Value};
use crate::plan;
use crate::resolve::hir::Declared;
use crate::text::Span;

impl Evaluator<'_> {
    /// `unique a per b`: no two builds that agree in `b` agree in `a`.
    pub(super) fn uniques(&self, builds: &[(u32, &Declared, &Options)]) {
        let mut seen: FxHashMap<(usize, Vec<SmolStr>), (u32, Span)> = FxHashMap::default();
        seen.reserve(builds.len());
        let mut reported: FxHashSet<(Span, Span)> = FxHashSet::default();
        for (build, declared, options) in builds {
            for (number, unique) in declared.uniques.iter().enumerate() {
                let read = |index: usize| options.field(declared, index);
                let Some(option) = read(unique.option) else { continue };
                let Some(text) = self.identity(&option.value) else { continue };
                let mut key = vec![text.clone()];
                key.extend(unique.per.iter().filter_map(|p| read(*p)).filter_map(|f| self.identity(&f.value)));
                let known = match seen.entry((number, key)) {
                    Entry::Occupied(known) => known,
                    Entry::Vacant(free) => {
                        free.insert((*build, option.value.origin));
                        continue;
                    }
                };
                let ((_, key), (first, other)) = (known.key(), known.get());
                let at = option.value.origin;
                if !reported.insert((*other, at)) {
                    continue;
                }
                let Some(table) = self.table_of_builds.get() else { return };
                let name = declared.fields.get_index(unique.option).map(|(n, _)| n.clone()).unwrap_or_default();
                let place = key[1..].join(", ").into();
                let builds = [table.builds[*first as usize].name.clone(), table.builds[*build as usize].name.clone()];
                // Two builds of one name have been reported as that.
                if builds[0] == builds[1] {
                    continue;
                }
                let other = (*other != at).then_some(*other);
                self.warn(EvalProblem::NotUnique { option: name, value: text, place, builds, at, other });
            }
        }
    }

    /// A text that two values share only when they will be equal; none where a template makes each one different.
    fn identity(&self, value: &Value) -> Option<SmolStr> {
        match &value.data {
            Data::Text(Text::Parts(parts)) => {
                let mut text = String::new();
                for part in parts.iter() {
                    match self.frozen_part(part) {
                        plan::Part::Action(source)
                            if ["build_name", "build_type", "uuid"].iter().any(|own| source.contains(own)) =>
                        {
                            return None;
                        }
                        plan::Part::Chars(chars) | plan::Part::Action(chars) => text.push_str(&chars),
                        plan::Part::Variable(name) => text.push_str(&user(&name)),
                        plan::Part::Ami(ami) => text.push_str(&ami.build),
                    }
                }
                Some(text.into())
            }
            Data::Variable(index) => Some(user(&self.program().variables[*index].name.name).into()),
            _ => value.display(),
        }
    }
}

/// A variable, as it stands in texts.
fn user(name: &str) -> String {
    format!("{{{{user `{name}`}}}}")
}

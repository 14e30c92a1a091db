//! The lowest version of Packer that knows every option of a plan.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::Evaluator;
use crate::packer::version_numbers;
use crate::plan::{self, Plan};
use crate::syntax::ast::ExternKind;
use crate::ty::{Field, Ty};

impl Evaluator<'_> {
    /// The highest version that an option of the plan needs.
    pub(super) fn min_packer_version(&self, plan: &Plan) -> Option<SmolStr> {
        let mut highest: Option<SmolStr> = None;
        let mut seen: FxHashSet<*const plan::Setting> = FxHashSet::default();
        let mut see = |options: &[(SmolStr, Arc<plan::Setting>)], kind: &str, category| {
            let Some(kind) = self.program().kinds.get(&(category, SmolStr::from(kind))) else { return };
            let fields = &self.program().records[kind.record].fields;
            for (name, setting) in options {
                // Builds share settings: each is looked at once.
                if !seen.insert(Arc::as_ptr(setting)) {
                    continue;
                }
                let Some(field) = fields.get(name) else { continue };
                since(field, &setting.value, &mut |version| {
                    if highest.as_ref().is_none_or(|h| version_numbers(h) < version_numbers(version)) {
                        highest = Some(version.clone());
                    }
                });
            }
        };
        for build in &plan.builds {
            see(&build.options, &build.kind, ExternKind::Builder);
        }
        for step in plan.provisioners.iter().chain(&plan.cleanups) {
            see(&step.options, &step.kind, ExternKind::Provisioner);
        }
        for step in plan.posts.iter().flat_map(|c| &c.links) {
            see(&step.options, &step.kind, ExternKind::Post);
        }
        highest
    }
}

/// Calls `see` with the version that introduced an option, and those of the fields that a value uses.
fn since(field: &Field, value: &plan::Value, see: &mut dyn FnMut(&SmolStr)) {
    if let Some(version) = field.notes.as_ref().and_then(|n| n.since.as_ref()) {
        see(version);
    }
    fields_since(&field.ty, value, see);
}

fn fields_since(ty: &Ty, value: &plan::Value, see: &mut dyn FnMut(&SmolStr)) {
    match (ty.plain(), value) {
        (Ty::Optional(inner), value) => fields_since(inner, value, see),
        (Ty::List(inner), plan::Value::List(values)) => values.iter().for_each(|v| fields_since(inner, v, see)),
        (Ty::Record(record), plan::Value::Record(fields)) => {
            for (name, value) in fields {
                if let Some(field) = record.fields.get(name) {
                    since(field, value, see);
                }
            }
        }
        _ => {}
    }
}

//! What a file declares: inputs, lets, functions, tables, groups, policies, outputs, and the schema's own rules.

use super::Checker;
use super::problem::CheckProblem;
use super::records::{field_value, found, widened};
use super::scope::Scope;
use super::text::scalar;
use super::want::Want;
use crate::resolve::hir::{Declared, Expr, Input, Policy, Require, Table};
use crate::text::Span;
use crate::ty::flow::Lateness;
use crate::ty::{Encoding, Ty};

impl<'a> Checker<'a> {
    pub(super) fn program_items(&mut self) {
        let program = self.program;
        for index in 0..program.params.len() {
            self.param_type(index);
        }
        for index in 0..program.variables.len() {
            self.variable_type(index);
        }
        for index in 0..program.lets.len() {
            self.let_type(index);
        }
        for (index, function) in program.functions.iter().enumerate() {
            self.parameter_defaults(&function.params);
            self.function_result(index);
        }
        program.tables.iter().for_each(|table| self.table(table));
        for group in &program.groups {
            self.parameter_defaults(&group.params);
            self.within(Scope::of_parameters(&group.params), |c| group.steps.iter().for_each(|s| c.step(s)));
        }
        for index in 0..program.images.len() {
            self.image(index);
        }
        program.policies.iter().for_each(|policy| self.policy(policy));
        for output in &program.outputs {
            self.within(Scope::default(), |c| {
                let ty = c.infer(&output.value);
                c.plain_data(&ty, "an output", output.value.span);
            });
        }
        // A test of this module looks at the prelude; nobody's program has to.
        let own = |declared: &&Declared| cfg!(test) || !declared.prelude;
        program.records.iter().filter(own).for_each(|declared| self.schema(declared));
    }

    pub(super) fn param(&mut self, param: &'a Input) -> Ty {
        let Some(written) = &param.ty else {
            let Some(default) = &param.default else { return Ty::Poison };
            let ty = self.infer(default);
            return widened(&self.early_inside(default, ty, "the default of a param"));
        };
        if Self::late_inside(written) {
            let help = "a param is known when the plan is made; declare a `variable` for what is known later";
            self.report(CheckProblem::Unfit { what: "a param", ty: format!("`{written}`"), at: param.name.span, help });
        }
        if let Some(default) = &param.default {
            self.expect_early(default, written, &param.name.name);
        }
        written.clone()
    }

    pub(super) fn variable(&mut self, variable: &'a Input) -> Ty {
        let ty = match (&variable.ty, &variable.default) {
            (Some(written), Some(default)) => {
                // The environment is text, whatever the variable is read as.
                if Self::is_env(default) {
                    self.infer(default);
                } else {
                    self.late_default(variable, default, written);
                }
                written.early()
            }
            (Some(written), None) => written.early(),
            (None, Some(default)) => {
                let ty = self.infer(default);
                match ty.early() {
                    // It judges the run-time fields, which have no meaning here.
                    Ty::Template(_) => self.late_default(variable, default, &Ty::String),
                    ty => widened(&ty),
                }
            }
            (None, None) => Ty::String,
        };
        let element = match ty.plain() {
            Ty::Poison => return Ty::Poison,
            Ty::List(inner) => inner,
            plain => plain,
        };
        if !scalar(element) {
            let help = match ty.plain() {
                Ty::Optional(_) | Ty::Null => {
                    "a variable always has a value when the plan runs; give it a default such as `\"\"`"
                }
                _ => {
                    "Packer's variables are text: a variable is a scalar or a list of scalars, a `param` may be anything"
                }
            };
            self.report(CheckProblem::Unfit { what: "a variable", ty: found(&ty), at: variable.name.span, help });
            return Ty::Poison;
        }
        ty
    }

    /// A default that Packer works out when the plan runs: `{{timestamp}}`, other variables.
    fn late_default(&mut self, variable: &'a Input, default: &'a Expr, written: &Ty) -> Ty {
        self.expect(default, Want::new(written, Lateness::Ignored).named(&variable.name.name)).early()
    }

    fn table(&mut self, table: &'a Table) {
        for row in &table.rows {
            for (cell, (name, ty)) in row.cells.iter().zip(&table.ty.columns) {
                self.within(Scope::default(), |c| c.expect_early(cell, ty, name));
            }
        }
    }

    fn policy(&mut self, policy: &'a Policy) {
        let mut scope = Scope { late_ok: true, ..Scope::default() };
        scope.set(0, Ty::Build, None);
        self.within(scope, |c| {
            let facts = c.when(policy.when.as_ref());
            c.scope.narrowed.extend(facts);
            policy.requires.iter().for_each(|require| c.require(require));
        });
    }

    fn require(&mut self, require: &'a Require) {
        self.condition(&require.condition);
        // The message is asked for only where the condition does not hold.
        let facts = self.facts_of(&require.condition, false);
        self.narrowed(facts, |c| c.expect(&require.message, Want::new(&Ty::String, Lateness::Ignored)));
    }

    /// Defaults and rules of a kind or record type. Rules see the options as values.
    fn schema(&mut self, declared: &'a Declared) {
        for ((name, field), default) in declared.fields.iter().zip(&declared.defaults) {
            if let Some(default) = default {
                let want = Want { ty: &field.ty, null: true, late: Lateness::Ignored, name: Some(name) };
                self.within(Scope::default(), |c| c.expect(default, want));
            }
        }
        if declared.rules.is_empty() {
            return;
        }
        let mut scope = Scope { late_ok: true, ..Scope::default() };
        for (local, field) in declared.fields.values().enumerate() {
            // A size may be written as a bare number of GiB; rules see a size.
            let gib = field.encoding() == Some(Encoding::Gib);
            let ty = match (gib, field.optional && !field.default) {
                (true, true) => Ty::Size.optional(),
                (true, false) => Ty::Size,
                _ => field_value(field),
            };
            scope.set(local as u32, ty, None);
        }
        self.within(scope, |c| declared.rules.iter().for_each(|rule| c.require(rule)));
    }

    /// Reports images, tables and builds where only plain data can stand.
    pub(super) fn plain_data(&mut self, ty: &Ty, what: &'static str, at: Span) {
        let help = match ty.plain() {
            Ty::Image(_) => "go through its builds: `{ for b in image: b.name = b.ami }`",
            Ty::Builds | Ty::Build => "name what is written: `[for b in builds: b.name]`",
            Ty::Table(_) => "go through its rows: `[for row in table: row]`",
            Ty::List(inner) | Ty::Map(inner) | Ty::Late(inner) | Ty::Optional(inner) => {
                return self.plain_data(inner, what, at);
            }
            Ty::Record(record) => return record.fields.values().for_each(|f| self.plain_data(&f.ty, what, f.span)),
            _ => return,
        };
        self.report(CheckProblem::Unfit { what, ty: found(ty), at, help });
    }
}

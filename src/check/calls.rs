//! Calls of the program's functions and uses of its groups.

use super::Checker;
use super::scope::Scope;
use crate::resolve::hir::{Expr, Parameter};
use crate::ty::Ty;

impl<'a> Checker<'a> {
    pub(super) fn call_function(&mut self, function: usize, args: &'a [Option<Expr>]) -> Ty {
        let Some(declared) = self.program.functions.get(function) else { return Ty::Poison };
        self.arguments(&declared.params, args);
        self.function_result(function)
    }

    /// Arguments in the order of the parameters. A plain parameter takes no late value.
    pub(super) fn arguments(&mut self, params: &'a [Parameter], args: &'a [Option<Expr>]) {
        for (param, arg) in params.iter().zip(args) {
            let Some(arg) = arg else { continue };
            self.expect_early(arg, &param.ty, &param.name.name);
        }
    }

    /// Defaults of parameters see no locals.
    pub(super) fn parameter_defaults(&mut self, params: &'a [Parameter]) {
        for param in params {
            if let Some(default) = &param.default {
                self.within(Scope::default(), |c| c.expect_early(default, &param.ty, &param.name.name));
            }
        }
    }
}

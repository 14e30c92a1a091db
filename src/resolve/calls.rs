//! Calls and uses: arguments come into the order of the parameters.

use smol_str::SmolStr;

use super::Lowerer;
use super::builtin::{self, Builtin, Signature};
use super::habit;
use super::hir::{Expr, ExprKind};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use crate::syntax::ast;
use crate::text::Span;

impl<'a> Lowerer<'a> {
    /// Lowers a call, of a function of the program or a built-in one.
    pub(super) fn call(
        &mut self,
        scope: &mut Scope,
        callee: &'a ast::Expr,
        args: &'a [ast::Arg],
        span: Span,
    ) -> ExprKind {
        match &callee.kind {
            ast::ExprKind::Name(name) => {
                if scope.find(name).is_none()
                    && let Some(def) = self.names[scope.module].values.get(name).map(|(d, _)| *d)
                {
                    return self.call_def(scope, def, name, callee.span, args, span);
                }
                match builtin::find(name) {
                    Some(signature) => {
                        self.mention(callee.span, Symbol::Builtin(signature.builtin));
                        self.call_builtin(scope, signature, args, span)
                    }
                    None => {
                        self.unknown_function(scope, name, callee.span);
                        self.drop_args(scope, args)
                    }
                }
            }
            ast::ExprKind::Field(base, field) => {
                if let Some((space, home)) = self.space(scope, base) {
                    self.mention(base.span, Symbol::File(self.loaded.modules[home].file));
                    return match self.names[home].values.get(&field.name).map(|(d, _)| *d) {
                        Some(def) => self.call_def(scope, def, &field.name, field.span, args, span),
                        None => {
                            self.unknown_in(home, space, field);
                            self.drop_args(scope, args)
                        }
                    };
                }
                if let ast::ExprKind::Name(space) = &base.kind
                    && self.is_broken(scope.module, space)
                {
                    return self.drop_args(scope, args);
                }
                let help = "functions are called by name: `upper(text)`, not `text.upper()`";
                let (name, at) = (field.name.clone(), field.span);
                self.report(ResolveProblem::WrongSort { wanted: "a function", found: "a field", name, at, help });
                self.drop_args(scope, args)
            }
            _ => {
                let name = self.loaded.sources.slice(callee.span).into();
                let help = "only functions can be called";
                self.report(ResolveProblem::WrongSort {
                    wanted: "a function",
                    found: "a value",
                    name,
                    at: callee.span,
                    help,
                });
                self.drop_args(scope, args)
            }
        }
    }

    /// The arguments of a call that means nothing are still looked at, for their own mistakes.
    fn drop_args(&mut self, scope: &mut Scope, args: &'a [ast::Arg]) -> ExprKind {
        for arg in args {
            self.expr(scope, &arg.value);
        }
        ExprKind::Poison
    }

    fn call_def(
        &mut self,
        scope: &mut Scope,
        def: Def,
        name: &SmolStr,
        at: Span,
        args: &'a [ast::Arg],
        span: Span,
    ) -> ExprKind {
        let Def::Function(index) = def else {
            self.wrong_or_unknown("a function", scope.module, name, at, |d| matches!(d, Def::Function(_)));
            return self.drop_args(scope, args);
        };
        self.refer(Node::Function(index), at);
        self.mention(at, def);
        match self.arrange(scope, name, self.function_params[index], args, span) {
            Some(args) => ExprKind::CallFunction(index, args),
            None => ExprKind::Poison,
        }
    }

    /// Puts arguments by position and by name into the order of the parameters.
    pub(super) fn arrange(
        &mut self,
        scope: &mut Scope,
        name: &str,
        params: &[ast::Parameter],
        args: &'a [ast::Arg],
        at: Span,
    ) -> Option<Vec<Option<Expr>>> {
        let usage = || {
            let mark = |p: &ast::Parameter| if p.default.is_none() { "" } else { "?" };
            let params: Vec<String> = params.iter().map(|p| format!("{}{}", p.name.name, mark(p))).collect();
            format!("{name}({})", params.join(", "))
        };
        let mut slots: Vec<Option<Expr>> = vec![None; params.len()];
        let mut right = true;
        for (position, arg) in args.iter().enumerate() {
            let value = self.expr(scope, &arg.value);
            let slot = match &arg.name {
                Some(named) => params.iter().position(|p| p.name.name == named.name),
                None => Some(position).filter(|p| *p < params.len()),
            };
            if let (Some(slot), Some(named)) = (slot, &arg.name) {
                self.mention(named.span, Symbol::Local(params[slot].name.span));
            }
            let message = match (slot, &arg.name) {
                (Some(slot), _) if slots[slot].is_none() => {
                    slots[slot] = Some(value);
                    continue;
                }
                (Some(slot), _) => format!("`{}` is given twice", params[slot].name.name),
                (None, Some(named)) => format!("`{name}` has no parameter `{}`", named.name),
                (None, None) => format!("`{name}` takes {}, not {}", count(params.len()), args.len()),
            };
            let place = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
            self.report(ResolveProblem::Arguments { message, at: place, usage: usage() });
            right = false;
            if slot.is_none() && arg.name.is_none() {
                break;
            }
        }
        let missing: Vec<String> = params
            .iter()
            .zip(&slots)
            .filter(|(param, slot)| param.default.is_none() && slot.is_none())
            .map(|(param, _)| format!("`{}`", param.name.name))
            .collect();
        if right && !missing.is_empty() {
            let message = format!("`{name}` lacks {}", missing.join(" and "));
            self.report(ResolveProblem::Arguments { message, at, usage: usage() });
            right = false;
        }
        // What is left to its default at the end needs no place: there may be many calls.
        slots.truncate(slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
        slots.shrink_to_fit();
        right.then_some(slots)
    }

    fn call_builtin(
        &mut self,
        scope: &mut Scope,
        signature: &'static Signature,
        args: &'a [ast::Arg],
        span: Span,
    ) -> ExprKind {
        if let Some(named) = args.iter().find_map(|a| a.name.as_ref()) {
            let message = format!("built-in functions take their arguments by position, not as `{} =`", named.name);
            self.report(ResolveProblem::Arguments { message, at: named.span, usage: signature.usage() });
            return self.drop_args(scope, args);
        }
        let mut lowered = Vec::with_capacity(args.len());
        for (position, arg) in args.iter().enumerate() {
            lowered.push(match &arg.value.kind {
                // The braces of these texts are not Packer's.
                ast::ExprKind::Text(text)
                    if position == 0 && matches!(signature.builtin, Builtin::Verbatim | Builtin::Render) =>
                {
                    Expr { kind: ExprKind::Text(self.verbatim_text(scope, text)), span: arg.value.span }
                }
                _ => self.expr(scope, &arg.value),
            });
        }
        if lowered.len() < signature.required || lowered.len() > signature.most() {
            let wanted = match (signature.required, signature.most()) {
                (least, most) if least == most => count(least),
                (least, usize::MAX) => format!("at least {}", count(least)),
                (least, most) => format!("{least} to {}", count(most)),
            };
            let message = format!("`{}` takes {wanted}, not {}", signature.name, lowered.len());
            self.report(ResolveProblem::Arguments { message, at: span, usage: signature.usage() });
            return ExprKind::Poison;
        }
        ExprKind::Call(signature.builtin, lowered)
    }

    fn unknown_function(&mut self, scope: &Scope, name: &SmolStr, at: Span) {
        if scope.find(name).is_some() || self.value(scope.module, name).is_some() {
            let found = self.value(scope.module, name).map_or("a local value", Def::sort);
            let help = "only functions can be called";
            self.report(ResolveProblem::WrongSort { wanted: "a function", found, name: name.clone(), at, help });
            return;
        }
        if self.is_broken(scope.module, name) {
            return;
        }
        if let Some(help) = habit::call(name) {
            let help = Some(help.to_owned());
            self.report(ResolveProblem::Unknown { what: "function", name: name.clone(), at, nearest: None, help });
            return;
        }
        let own = self.names[scope.module].values.iter().filter(|(_, (d, _))| matches!(d, Def::Function(_)));
        let names = own.map(|(n, _)| n.as_str()).chain(builtin::ALL.iter().map(|s| s.name));
        let near = self.nearest(name, names).or_else(|| habit::function(name).map(SmolStr::from));
        let help = Some("the book's language chapter lists the functions".into());
        self.report(ResolveProblem::Unknown { what: "function", name: name.clone(), at, nearest: near, help });
    }
}

fn count(n: usize) -> String {
    match n {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        n => format!("{n} arguments"),
    }
}

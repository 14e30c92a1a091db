//! Expressions: names become indices, calls get their arguments in the order of the parameters.

use smol_str::SmolStr;

use super::builtin::{self, Builtin, Signature};
use super::hir::{Arm, Entry, Expr, ExprKind, For, IndexArg};
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use super::{Lowerer, hir, required};
use crate::syntax::ast::{self, BinaryOp, Element, Pattern};
use crate::text::Span;

impl<'a> Lowerer<'a> {
    /// Lowers an expression; poison where a name is wrong.
    pub(super) fn expr(&mut self, scope: &mut Scope, expr: &'a ast::Expr) -> Expr {
        let span = expr.span;
        if self.problems.is_full() {
            return Expr::poison(span);
        }
        let kind = match &expr.kind {
            ast::ExprKind::Null => ExprKind::Null,
            ast::ExprKind::Bool(b) => ExprKind::Bool(*b),
            ast::ExprKind::Int(i) => ExprKind::Int(*i),
            ast::ExprKind::Number(n) => ExprKind::Number(*n),
            ast::ExprKind::Duration(d) => ExprKind::Duration(*d),
            ast::ExprKind::Size(s) => ExprKind::Size(*s),
            ast::ExprKind::Text(text) => ExprKind::Text(self.text(scope, text)),
            ast::ExprKind::Name(name) => self.name(scope, name, span),
            ast::ExprKind::Field(base, field) => return self.field_access(scope, base, field, span),
            ast::ExprKind::Index(base, args) => {
                let base = self.expr(scope, base);
                let mut lowered = Vec::with_capacity(args.len());
                for arg in args {
                    lowered.push(IndexArg { name: arg.name.clone(), value: self.expr(scope, &arg.value) });
                }
                ExprKind::Index(Box::new(base), lowered)
            }
            ast::ExprKind::Call(callee, args) => self.call(scope, callee, args, span),
            ast::ExprKind::Unary(op, inner) => ExprKind::Unary(*op, Box::new(self.expr(scope, inner))),
            ast::ExprKind::Binary(BinaryOp::Matches, op, left, right) => match &right.kind {
                ast::ExprKind::Regex(regex) => {
                    let left = self.expr(scope, left);
                    match self.pattern(scope.module, regex) {
                        Some(pattern) => ExprKind::Matches(Box::new(left), pattern, regex.span),
                        None => ExprKind::Poison,
                    }
                }
                _ => {
                    self.report(ResolveProblem::Pattern {
                        why: "`matches` takes a pattern between slashes".into(),
                        at: op.to(right.span),
                    });
                    ExprKind::Poison
                }
            },
            ast::ExprKind::Binary(op, at, left, right) => {
                if *op == BinaryOp::Subtract && self.hyphenated(scope, left, *at, right) {
                    return Expr::poison(span);
                }
                let left = self.expr(scope, left);
                let right = self.expr(scope, right);
                ExprKind::Binary(*op, *at, Box::new(left), Box::new(right))
            }
            ast::ExprKind::If(condition, then, otherwise) => ExprKind::If(
                Box::new(self.expr(scope, condition)),
                Box::new(self.expr(scope, then)),
                Box::new(self.expr(scope, otherwise)),
            ),
            ast::ExprKind::Match(subject, arms) => {
                let subject = self.expr(scope, subject);
                ExprKind::Match(Box::new(subject), arms.iter().map(|arm| self.arm(scope, arm)).collect())
            }
            ast::ExprKind::List(elements) => {
                let mut lowered = Vec::with_capacity(elements.len());
                for element in elements {
                    lowered.push(match element {
                        Element::Value(value) => (self.expr(scope, value), false),
                        Element::Spread(value, _) => (self.expr(scope, value), true),
                    });
                }
                ExprKind::List(lowered)
            }
            ast::ExprKind::Record(entries) => ExprKind::Record(self.entries(scope, entries)),
            ast::ExprKind::ForList(clause, value) => {
                let depth = scope.depth();
                let clause = self.for_clause(scope, clause);
                let value = self.expr(scope, value);
                scope.leave(depth);
                ExprKind::ForList(Box::new(clause), Box::new(value))
            }
            ast::ExprKind::ForRecord(clause, key, value) => {
                let depth = scope.depth();
                let clause = self.for_clause(scope, clause);
                let key = self.expr(scope, key);
                let value = self.expr(scope, value);
                scope.leave(depth);
                ExprKind::ForRecord(Box::new(clause), Box::new(key), Box::new(value))
            }
            ast::ExprKind::Paren(inner) => {
                let inner = self.expr(scope, inner);
                return Expr { kind: inner.kind, span };
            }
            ast::ExprKind::Regex(regex) => {
                self.report(ResolveProblem::Pattern {
                    why: "a pattern stands only behind `matches`".into(),
                    at: regex.span,
                });
                ExprKind::Poison
            }
            ast::ExprKind::Bad => ExprKind::Poison,
        };
        Expr { kind, span }
    }

    /// Lowers the entries of a record or block.
    pub(super) fn entries(&mut self, scope: &mut Scope, entries: &'a [ast::Entry]) -> Vec<Entry> {
        let mut lowered = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                ast::Entry::Field { key, value, .. } => {
                    let value = self.expr(scope, value);
                    lowered.push(Entry::Field { key: hir::Ident { name: key.name.clone(), span: key.span }, value });
                }
                ast::Entry::Spread { value, span } => {
                    lowered.push(Entry::Spread { value: self.expr(scope, value), span: *span });
                }
                // What did not parse may have held any key, so the record is not judged for what it lacks.
                ast::Entry::Bad(span) => lowered.push(Entry::Spread { value: Expr::poison(*span), span: *span }),
            }
        }
        lowered
    }

    fn for_clause(&mut self, scope: &mut Scope, clause: &'a ast::ForClause) -> For {
        let source = self.expr(scope, &clause.source);
        let locals = clause.names.iter().map(|n| (scope.bind(n.name.clone()), n.clone())).collect();
        let condition = clause.condition.as_ref().map(|c| self.expr(scope, c));
        For { locals, source, condition }
    }

    fn arm(&mut self, scope: &mut Scope, arm: &'a ast::Arm) -> Arm {
        let mut patterns = Vec::new();
        let mut any = false;
        for pattern in &arm.patterns {
            match pattern {
                Pattern::Literal(literal) => patterns.push(self.expr(scope, literal)),
                Pattern::Any(_) => any = true,
            }
        }
        Arm { patterns, any, value: self.expr(scope, &arm.value), span: arm.span }
    }

    fn name(&mut self, scope: &Scope, name: &SmolStr, at: Span) -> ExprKind {
        if let Some(local) = scope.find(name) {
            return ExprKind::Local(local);
        }
        if let Some(def) = self.value(scope.module, name) {
            return self.def(def, name, at);
        }
        if scope.builds && name == "builds" {
            return ExprKind::Builds;
        }
        self.unknown_name(scope, name, at);
        ExprKind::Poison
    }

    fn def(&mut self, def: Def, name: &SmolStr, at: Span) -> ExprKind {
        match def {
            Def::Param(i) => {
                self.refer(Node::Param(i), at);
                ExprKind::Param(i)
            }
            Def::Variable(i) => {
                self.refer(Node::Variable(i), at);
                ExprKind::Variable(i)
            }
            Def::Let(i) => {
                self.refer(Node::Let(i), at);
                ExprKind::Let(i)
            }
            Def::Table(i) => ExprKind::Table(i),
            Def::Image(i) => ExprKind::Image(i),
            Def::Function(_) | Def::Group(_) => {
                let help = match def {
                    Def::Function(_) => "call it: `name(…)`",
                    _ => "a group is taken by `use name(…)` in an image",
                };
                self.report(ResolveProblem::WrongSort {
                    wanted: "a value",
                    found: def.sort(),
                    name: name.clone(),
                    at,
                    help,
                });
                ExprKind::Poison
            }
        }
    }

    fn unknown_name(&mut self, scope: &Scope, name: &SmolStr, at: Span) {
        let names = scope.names().chain(self.value_names(scope.module));
        let near = self.nearest(name, names);
        let help = if builtin::find(name).is_some() {
            format!("`{name}` is a function: call it")
        } else if self.namespace(scope.module, name).is_some() {
            format!("`{name}` is an imported file: its names live under `{name}.`")
        } else {
            format!("a text stands in quotes: `\"{name}\"`; a value is declared by `param`, `let` or `variable`")
        };
        self.report(ResolveProblem::Unknown { what: "value", name: name.clone(), at, nearest: near, help: Some(help) });
    }

    /// `e.name`, where `e` may be a namespace.
    fn field_access(&mut self, scope: &mut Scope, base: &'a ast::Expr, field: &'a ast::Ident, span: Span) -> Expr {
        if let ast::ExprKind::Name(space) = &base.kind
            && scope.find(space).is_none()
            && self.value(scope.module, space).is_none()
            && let Some(home) = self.namespace(scope.module, space)
        {
            let kind = match self.names[home].values.get(&field.name).map(|(d, _)| *d) {
                Some(def) => self.def(def, &field.name, field.span),
                None => {
                    self.unknown_in(home, space, field);
                    ExprKind::Poison
                }
            };
            return Expr { kind, span };
        }
        let base = self.expr(scope, base);
        Expr { kind: ExprKind::Field(Box::new(base), field.clone()), span }
    }

    fn unknown_in(&mut self, home: usize, space: &str, field: &ast::Ident) {
        let near = self.nearest(&field.name, self.names[home].values.keys().map(SmolStr::as_str));
        let help = Some(format!("`{space}` declares no such name"));
        self.report(ResolveProblem::Unknown {
            what: "value",
            name: field.name.clone(),
            at: field.span,
            nearest: near,
            help,
        });
    }

    /// `a-b` without blanks, where one side is no name: meant as one word.
    fn hyphenated(&mut self, scope: &Scope, left: &ast::Expr, op: Span, right: &ast::Expr) -> bool {
        let (ast::ExprKind::Name(_), ast::ExprKind::Name(last)) = (rightmost(left), &right.kind) else { return false };
        if left.span.end != op.start || op.end != right.span.start {
            return false;
        }
        let known = |name: &str| scope.find(name).is_some() || self.value(scope.module, name).is_some();
        if all_known(left, &known) && known(last) {
            return false;
        }
        let at = left.span.to(right.span);
        let whole = self.loaded.sources.slice(at).to_owned();
        let names = scope.names().chain(self.value_names(scope.module));
        let near = self.nearest(&whole, names);
        self.report(ResolveProblem::Hyphenated { whole, at, nearest: near });
        true
    }

    fn call(&mut self, scope: &mut Scope, callee: &'a ast::Expr, args: &'a [ast::Arg], span: Span) -> ExprKind {
        match &callee.kind {
            ast::ExprKind::Name(name) => {
                if scope.find(name).is_none()
                    && let Some(def) = self.names[scope.module].values.get(name).map(|(d, _)| *d)
                {
                    return self.call_def(scope, def, name, callee.span, args, span);
                }
                match builtin::find(name) {
                    Some(signature) => self.call_builtin(scope, signature, args, span),
                    None => {
                        self.unknown_function(scope, name, callee.span);
                        self.drop_args(scope, args)
                    }
                }
            }
            ast::ExprKind::Field(base, field) => {
                if let ast::ExprKind::Name(space) = &base.kind
                    && let Some(home) = self.namespace(scope.module, space)
                {
                    return match self.names[home].values.get(&field.name).map(|(d, _)| *d) {
                        Some(def) => self.call_def(scope, def, &field.name, field.span, args, span),
                        None => {
                            self.unknown_in(home, space, field);
                            self.drop_args(scope, args)
                        }
                    };
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
        let params = required(self.function_params[index]);
        match self.arrange(scope, name, &params, args, span) {
            Some(args) => ExprKind::CallFunction(index, args),
            None => ExprKind::Poison,
        }
    }

    /// Puts arguments by position and by name into the order of the parameters.
    pub(super) fn arrange(
        &mut self,
        scope: &mut Scope,
        name: &str,
        params: &[(&str, bool)],
        args: &'a [ast::Arg],
        at: Span,
    ) -> Option<Vec<Option<Expr>>> {
        let usage = || {
            let params: Vec<String> =
                params.iter().map(|(n, required)| format!("{n}{}", if *required { "" } else { "?" })).collect();
            format!("{name}({})", params.join(", "))
        };
        let mut slots: Vec<Option<Expr>> = vec![None; params.len()];
        let mut right = true;
        for (position, arg) in args.iter().enumerate() {
            let value = self.expr(scope, &arg.value);
            let slot = match &arg.name {
                Some(named) => params.iter().position(|(n, _)| *n == named.name.as_str()),
                None => Some(position).filter(|p| *p < params.len()),
            };
            let message = match (slot, &arg.name) {
                (Some(slot), _) if slots[slot].is_none() => {
                    slots[slot] = Some(value);
                    continue;
                }
                (Some(slot), _) => format!("`{}` is given twice", params[slot].0),
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
            .filter(|((_, required), slot)| *required && slot.is_none())
            .map(|((n, _), _)| format!("`{n}`"))
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
        let own = self.names[scope.module].values.iter().filter(|(_, (d, _))| matches!(d, Def::Function(_)));
        let names = own.map(|(n, _)| n.as_str()).chain(builtin::ALL.iter().map(|s| s.name));
        let near = self.nearest(name, names).or_else(|| habit(name).map(SmolStr::from));
        let help = Some("the book's language chapter lists the functions".into());
        self.report(ResolveProblem::Unknown { what: "function", name: name.clone(), at, nearest: near, help });
    }
}

/// What users of other languages call our functions.
fn habit(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" | "count" => "len",
        "jsonencode" | "manifestJson" | "to_json" | "tojson" | "encode" => "json",
        "base64encode" => "base64",
        "base64decode" => "from_base64",
        "tostring" | "str" | "format" | "toString" => "string",
        "tonumber" | "to_number" | "parseInt" => "int",
        "concat" => "flatten",
        "lookup" | "objectHas" => "has",
        "templatefile" | "template" => "render_file",
        "getenv" => "env",
        "startswith" | "startsWith" | "hasPrefix" => "starts_with",
        "endswith" | "endsWith" | "hasSuffix" => "ends_with",
        "trimspace" | "strip" => "trim",
        "uniq" | "unique" | "set" | "toset" => "distinct",
        "alltrue" => "all",
        "anytrue" => "any",
        "read" | "readfile" | "importstr" => "file",
        _ => return None,
    })
}

fn count(n: usize) -> String {
    match n {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        n => format!("{n} arguments"),
    }
}

fn rightmost(expr: &ast::Expr) -> &ast::ExprKind {
    match &expr.kind {
        ast::ExprKind::Binary(BinaryOp::Subtract, op, left, right)
            if left.span.end == op.start && op.end == right.span.start =>
        {
            rightmost(right)
        }
        kind => kind,
    }
}

fn all_known(expr: &ast::Expr, known: &impl Fn(&str) -> bool) -> bool {
    match &expr.kind {
        ast::ExprKind::Name(name) => known(name),
        ast::ExprKind::Binary(_, _, left, right) => all_known(left, known) && all_known(right, known),
        _ => true,
    }
}

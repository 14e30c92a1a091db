//! Expressions: names become indices.

use smol_str::SmolStr;

use super::builtin;
use super::habit;
use super::hir::{Arm, Entry, Expr, ExprKind, For, IndexArg};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use super::{Lowerer, hir};
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
        let locals = clause.names.iter().map(|n| (self.bind(scope, n), n.clone())).collect();
        let condition = clause.condition.as_ref().map(|c| self.expr(scope, c));
        For { locals, source, condition }
    }

    /// Adds a local that is declared here.
    pub(super) fn bind(&mut self, scope: &mut Scope, name: &hir::Ident) -> u32 {
        let symbol = Symbol::Local(name.span);
        self.introduce(name, symbol);
        scope.bind(name.name.clone(), symbol)
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
            if let Some(symbol) = scope.symbol(local) {
                self.mention(at, symbol);
            }
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
        self.mention(at, def);
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
        if self.is_broken(scope.module, name) {
            return;
        }
        let habit = habit::value(name);
        let near = match habit {
            Some(_) => None,
            None => self.nearest(name, scope.names().chain(self.value_names(scope.module))),
        };
        let help = if let Some(habit) = habit {
            habit.to_owned()
        } else if builtin::find(name).is_some() {
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
        if let Some((space, home)) = self.space(scope, base) {
            self.mention(base.span, Symbol::File(self.loaded.modules[home].file));
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

    /// The namespace that an expression names, and the module behind it; a value of the name hides it.
    pub(super) fn space(&self, scope: &Scope, base: &'a ast::Expr) -> Option<(&'a SmolStr, usize)> {
        let ast::ExprKind::Name(space) = &base.kind else { return None };
        if scope.find(space).is_some() || self.value(scope.module, space).is_some() {
            return None;
        }
        self.namespace(scope.module, space).map(|home| (space, home))
    }

    /// Reports a name that a namespace does not declare.
    pub(super) fn unknown_in(&mut self, home: usize, space: &str, field: &ast::Ident) {
        if self.is_broken(home, &field.name) {
            return;
        }
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

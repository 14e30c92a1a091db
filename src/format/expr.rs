//! Expressions.

use pretty::RcDoc;

use super::layout::{Body, Class, Doc, STEP, concat, join, nest, one_line, text};
use super::printer::{Braces, Link, Printer};
use crate::syntax::ast::{Arg, Arm, BinaryOp, Element, Entry, Expr, ExprKind, ForClause, Pattern, UnaryOp};
use crate::text::Span;

/// The widest run of arguments before a last one that opens on their line.
const HUGGED: usize = 60;

impl<'a> Printer<'a> {
    /// An expression.
    pub(super) fn expr(&self, expr: &Expr, indent: usize) -> Doc<'a> {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_)
            | ExprKind::Size(_)
            | ExprKind::Text(_)
            | ExprKind::Regex(_)
            | ExprKind::Bad => self.verbatim(expr.span),
            ExprKind::Name(name) => text(name.to_string()),
            ExprKind::Field(base, name) => concat([self.expr(base, indent), text("."), self.ident(name)]),
            ExprKind::Index(base, args) => {
                let open = self.trivia.behind(self.trivia.end(base.span), '[');
                self.expr(base, indent).append(self.args(("[", "]"), args, open, self.inner_end(expr.span), indent))
            }
            ExprKind::Call(base, args) => {
                let open = self.trivia.behind(self.trivia.end(base.span), '(');
                self.expr(base, indent).append(self.args(("(", ")"), args, open, self.inner_end(expr.span), indent))
            }
            ExprKind::Unary(op, operand) => {
                let mark = match op {
                    UnaryOp::Not => "!",
                    UnaryOp::Negate => "-",
                };
                text(mark).append(self.expr(operand, indent))
            }
            ExprKind::Binary(op, ..) => self.chain(expr, op.precedence(), indent),
            ExprKind::If(condition, then, otherwise) => self.conditional(condition, then, otherwise, indent),
            ExprKind::Match(scrutinee, arms) => self.match_expr(expr.span, scrutinee, arms, indent),
            ExprKind::List(elements) => {
                let docs = elements.iter().map(|element| match element {
                    Element::Value(value) => (value.span, self.expr(value, indent + STEP)),
                    Element::Spread(value, span) => (*span, text("...").append(self.expr(value, indent + STEP))),
                });
                self.listed(("[", "]"), (expr.span.start + 1, self.inner_end(expr.span)), docs.collect(), indent)
            }
            ExprKind::Record(entries) => self.entries(entries, expr.span.start + 1, self.inner_end(expr.span), indent),
            ExprKind::ForList(clause, body) => {
                let body = self.expr(body, indent + 2 * STEP);
                let inside = RcDoc::line_().append(self.for_clause(clause, body, indent));
                concat([text("["), nest(inside), RcDoc::line_(), text("]")]).group()
            }
            ExprKind::ForRecord(clause, key, value) => {
                let inner = indent + 2 * STEP;
                let body = concat([self.expr(key, inner), text(" = "), self.expr(value, inner)]);
                let inside = RcDoc::line().append(self.for_clause(clause, body, indent));
                concat([text("{"), nest(inside), RcDoc::line(), text("}")]).group()
            }
            ExprKind::Paren(inner) => {
                let inside = RcDoc::line_().append(self.expr(inner, indent + STEP));
                concat([text("("), nest(inside), RcDoc::line_(), text(")")]).group()
            }
        }
    }

    /// The offset of a node's closing mark.
    pub(super) fn inner_end(&self, span: Span) -> u32 {
        self.trivia.end(span).saturating_sub(1).max(span.start)
    }

    /// The entries of a record or block. One that was written over several lines stays so.
    pub(super) fn entries(&self, entries: &[Entry], open: u32, close: u32, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let bodies: Vec<(Span, Body<'a>)> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Field { key, value, span } => {
                    let key = if key.quoted { self.verbatim(key.span) } else { text(key.name.to_string()) };
                    let value = text("= ").append(self.expr(value, inner));
                    (*span, Body::columns(Class::Entry, key, value))
                }
                Entry::Spread { value, span } => (*span, Body::Plain(text("...").append(self.expr(value, inner)))),
                Entry::Bad(span) => (*span, Body::Plain(self.verbatim(*span))),
            })
            .collect();
        let flat = join(bodies.iter().map(|(_, body)| body.whole()), text(", "));
        let layout = if self.trivia.breaks(open, close) { Braces::Broken } else { Braces::Flat(flat) };
        self.braced(self.gather(open, close, bodies), layout, indent)
    }

    /// Arguments. A last one in brackets opens on the line of the call when those before it are simple.
    pub(super) fn args(
        &self,
        marks: (&'static str, &'static str),
        args: &[Arg],
        open: u32,
        close: u32,
        indent: usize,
    ) -> Doc<'a> {
        let hugging = self.hugs(args);
        let inner = if hugging { indent } else { indent + STEP };
        let elements: Vec<(Span, Doc<'a>)> = args
            .iter()
            .map(|arg| {
                let value = self.expr(&arg.value, inner);
                match &arg.name {
                    Some(name) => (name.span.to(arg.value.span), concat([self.ident(name), text(" = "), value])),
                    None => (arg.value.span, value),
                }
            })
            .collect();
        if hugging && !self.trivia.pending(open, close) {
            let inside = join(elements.into_iter().map(|(_, doc)| doc), text(", "));
            return concat([text(marks.0), inside, text(marks.1)]);
        }
        self.listed(marks, (open, close), elements, indent)
    }

    fn hugs(&self, args: &[Arg]) -> bool {
        let Some((last, before)) = args.split_last() else { return false };
        let width: usize = before.iter().map(|a| self.trivia.slice(a.value.span).len() + 2).sum();
        self.is_bracketed(&last.value)
            && last.name.is_none()
            && before.iter().all(|a| a.name.is_none() && self.is_simple(&a.value))
            && width <= HUGGED
    }

    /// Whether an expression brings its own marks, so that it can be broken inside them.
    fn is_bracketed(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::List(_) | ExprKind::ForList(..) | ExprKind::ForRecord(..) => true,
            ExprKind::Record(_) | ExprKind::Match(..) => true,
            ExprKind::Text(_) => self.trivia.slice(expr.span).contains('\n'),
            _ => false,
        }
    }

    /// Whether an expression can only stand on one line.
    fn is_simple(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_)
            | ExprKind::Size(_)
            | ExprKind::Name(_) => true,
            ExprKind::Text(_) => !self.trivia.slice(expr.span).contains('\n'),
            ExprKind::Field(base, _) => self.is_simple(base),
            _ => false,
        }
    }

    /// Operators of one precedence, broken before each operator or at none.
    fn chain(&self, expr: &Expr, precedence: u8, indent: usize) -> Doc<'a> {
        let mut operands: Vec<(&Expr, Option<BinaryOp>)> = Vec::new();
        let mut open = vec![(expr, None)];
        while let Some((next, before)) = open.pop() {
            match &next.kind {
                ExprKind::Binary(op, _, left, right) if op.precedence() == precedence => {
                    open.push((right, Some(*op)));
                    open.push((left, before));
                }
                _ => operands.push((next, before)),
            }
        }
        let mut docs = operands.into_iter().map(|(operand, op)| {
            let deeper = if op.is_some() { indent + STEP } else { indent };
            (operand.span, op, self.expr(operand, deeper))
        });
        let Some((span, _, doc)) = docs.next() else { return RcDoc::nil() };
        let rest = docs.map(|(span, op, doc)| {
            let op = op.unwrap_or(BinaryOp::Add);
            Link { mark: op.symbol(), breaks: begins_a_line(op), span, doc }
        });
        let rest = rest.collect();
        self.chained((span, doc), rest)
    }

    fn conditional(&self, condition: &Expr, then: &Expr, otherwise: &Expr, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        if let ExprKind::If(..) = &otherwise.kind {
            // A chain of conditions: one branch a line.
            let mut docs = vec![self.branch(condition, then, indent)];
            let mut rest = otherwise;
            while let ExprKind::If(condition, then, otherwise) = &rest.kind {
                let branch = text("else ").append(self.branch(condition, then, inner));
                docs.push(nest(RcDoc::line().append(branch)));
                rest = otherwise;
            }
            let last = text("else ").append(self.expr(rest, inner));
            docs.push(nest(RcDoc::line().append(last)));
            return concat(docs).group();
        }
        if self.is_bracketed(then) && (self.is_bracketed(otherwise) || self.is_simple(otherwise)) {
            let condition = self.expr(condition, inner);
            let (then, otherwise) = (self.expr(then, indent), self.expr(otherwise, indent));
            return concat([text("if "), condition, text(" then "), then, text(" else "), otherwise]);
        }
        let last = text("else ").append(self.expr(otherwise, inner));
        let condition_and_then = concat([
            text("if "),
            self.expr(condition, inner),
            nest(RcDoc::line().append(text("then ")).append(self.expr(then, inner))),
        ]);
        condition_and_then.append(nest(RcDoc::line().append(last))).group()
    }

    fn branch(&self, condition: &Expr, then: &Expr, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let then = RcDoc::line().append(text("then ")).append(self.expr(then, inner));
        concat([text("if "), self.expr(condition, inner), nest(then)]).group()
    }

    fn match_expr(&self, span: Span, scrutinee: &Expr, arms: &[Arm], indent: usize) -> Doc<'a> {
        let head = concat([text("match "), self.expr(scrutinee, indent), text(" ")]);
        let open = self.trivia.behind(self.trivia.end(scrutinee.span), '{');
        let close = self.inner_end(span);
        let inner = indent + STEP;
        let bodies: Vec<(Span, Body<'a>)> = arms
            .iter()
            .map(|arm| {
                let patterns = arm.patterns.iter().map(|pattern| match pattern {
                    Pattern::Literal(literal) => self.expr(literal, inner),
                    Pattern::Any(_) => text("_"),
                });
                let value = text("=> ").append(self.expr(&arm.value, inner));
                (arm.span, Body::columns(Class::Arm, join(patterns, text(" | ")), value))
            })
            .collect();
        let flat = join(bodies.iter().map(|(_, body)| body.whole()), text(", "));
        let layout = if self.trivia.breaks(open, close) { Braces::Broken } else { Braces::Flat(flat) };
        head.append(self.braced(self.gather(open, close, bodies), layout, indent))
    }

    /// `for a, b in e if c:` and what is made of each.
    fn for_clause(&self, clause: &ForClause, body: Doc<'a>, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let mut head =
            concat([text("for "), self.idents(&clause.names, ", "), text(" in "), self.expr(&clause.source, inner)]);
        if let Some(condition) = &clause.condition {
            let condition = text("if ").append(self.expr(condition, inner + STEP));
            head = head.append(nest(RcDoc::line().append(condition))).group();
        }
        concat([head, text(":"), nest(RcDoc::line().append(body))])
    }

    /// An expression on one line; as it was written where that cannot be.
    pub(super) fn flat_expr(&self, expr: &Expr) -> String {
        one_line(&self.expr(expr, 0).group(), usize::MAX).unwrap_or_else(|| self.trivia.slice(expr.span).to_string())
    }
}

/// Whether a line may begin with the operator. A `-` would begin a new element, and `in` and `matches` could be keys.
fn begins_a_line(op: BinaryOp) -> bool {
    !matches!(op, BinaryOp::Subtract | BinaryOp::In | BinaryOp::Matches)
}

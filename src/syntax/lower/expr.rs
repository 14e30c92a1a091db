//! Expressions: flat chains of operands become trees by precedence.

use super::super::ast::{Arg, Arm, BinaryOp, Element, Entry, Expr, ExprKind, ForClause, Ident, Key, Pattern, UnaryOp};
use super::super::parser::Rule;
use super::super::problem::SyntaxProblem;
use super::super::report::{self, Part};
use super::{Lower, MAX_TREE, Pair, Parts};
use crate::text::Span;

impl Lower<'_> {
    fn bad_expr(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Bad, span }
    }

    /// A value that is missing or did not parse, at its place.
    pub(super) fn missing_value(&mut self, pair: &Pair<'_>) -> Expr {
        let (start, _) = self.range(pair);
        self.note_expected(start, "a value");
        self.bad_expr(self.place.span(start, start))
    }

    /// The next part of a form: an expression, or a place where one is missing.
    pub(super) fn value(&mut self, pair: Pair<'_>) -> Expr {
        match pair.as_rule() {
            Rule::expr => self.expr(pair),
            Rule::text => self.text_expr(pair),
            Rule::bad_argument => {
                let span = self.bad(&pair, Part::Argument(")"));
                self.bad_expr(span)
            }
            _ => self.missing_value(&pair),
        }
    }

    /// An expression.
    pub(in super::super) fn expr(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.next().expect("invariant: an expression begins with an operand");
        if self.depth >= MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return self.bad_expr(span);
        }
        self.depth += 1;
        let expr = match inner.peek() {
            None => self.operand(first),
            Some(_) => self.chain(first, inner, span),
        };
        self.depth -= 1;
        expr
    }

    fn chain<'i>(&mut self, first: Pair<'i>, rest: pest::iterators::Pairs<'i, Rule>, span: Span) -> Expr {
        let length = rest.clone().filter(|p| is_operator(p.as_rule())).count();
        if self.depth + length > MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return self.bad_expr(span);
        }
        self.depth += length;
        let mut operands = vec![self.operand(first)];
        let mut operators: Vec<(BinaryOp, Span)> = Vec::new();
        for pair in rest {
            match pair.as_rule() {
                rule if is_operator(rule) => {
                    let op = operator(pair.as_str());
                    while operators.last().is_some_and(|(o, _)| o.precedence() >= op.precedence()) {
                        self.reduce(&mut operands, &mut operators);
                    }
                    operators.push((op, self.span(&pair)));
                }
                Rule::regex => operands.push(self.regex_expr(pair)),
                _ => operands.push(self.operand(pair)),
            }
        }
        while !operators.is_empty() {
            self.reduce(&mut operands, &mut operators);
        }
        self.depth -= length;
        operands.pop().expect("invariant: a chain of operands leaves one value")
    }

    fn reduce(&mut self, operands: &mut Vec<Expr>, operators: &mut Vec<(BinaryOp, Span)>) {
        let (op, at) = operators.pop().expect("invariant: an operator to apply");
        let right = operands.pop().expect("invariant: an operator has a right side");
        let left = operands.pop().expect("invariant: an operator has a left side");
        if let ExprKind::Binary(before, first, ..) = &left.kind
            && before.precedence() == COMPARISON
            && op.precedence() == COMPARISON
        {
            self.note(SyntaxProblem::ChainedComparison { first: *first, second: at });
        }
        let span = left.span.to(right.span);
        operands.push(Expr { kind: ExprKind::Binary(op, at, Box::new(left), Box::new(right)), span });
    }

    fn operand(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let inner = pair.into_inner();
        let size = inner.len();
        if size > 1 && self.depth + size - 1 > MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return self.bad_expr(span);
        }
        let mut prefixes: Vec<(UnaryOp, Span)> = Vec::new();
        let mut value: Option<Expr> = None;
        for pair in inner {
            match (pair.as_rule(), value.take()) {
                (Rule::prefix_op, _) => {
                    let op = if pair.as_str() == "!" { UnaryOp::Not } else { UnaryOp::Negate };
                    prefixes.push((op, self.span(&pair)));
                }
                (_, None) => value = Some(self.primary(pair)),
                (Rule::field, Some(of)) => {
                    let end = self.span(&pair);
                    let mut parts = self.parts(pair);
                    let name = self.ident(&parts.take());
                    let span = of.span.to(end);
                    value = Some(Expr { kind: ExprKind::Field(Box::new(of), name), span });
                }
                (Rule::index, Some(of)) => {
                    let span = of.span.to(self.span(&pair));
                    let args = self.arguments(pair, "]");
                    value = Some(Expr { kind: ExprKind::Index(Box::new(of), args), span });
                }
                (_, Some(of)) => {
                    let span = of.span.to(self.span(&pair));
                    let args = self.arguments(pair, ")");
                    value = Some(Expr { kind: ExprKind::Call(Box::new(of), args), span });
                }
            }
        }
        let mut value = value.expect("invariant: an operand has a value");
        for (op, at) in prefixes.into_iter().rev() {
            let span = at.to(value.span);
            value = Expr { kind: ExprKind::Unary(op, Box::new(value)), span };
        }
        value
    }

    /// What an operand begins with.
    pub(super) fn primary(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::text => return self.text_expr(pair),
            Rule::ident if pair.as_str().len() == 1 && self.is_masked(pair.as_span().start() + self.offset) => {
                ExprKind::Bad
            }
            Rule::ident => ExprKind::Name(pair.as_str().into()),
            Rule::number => self.number(&pair),
            Rule::constant => constant(pair.as_str()),
            Rule::list => self.list(pair),
            Rule::record => return self.record(pair),
            Rule::if_then => self.if_then(pair),
            Rule::match_on => self.match_on(pair),
            Rule::paren => {
                let mut parts = self.parts(pair);
                let value = parts.take();
                ExprKind::Paren(Box::new(self.value(value)))
            }
            other => unreachable!("invariant: {other:?} is no operand"),
        };
        Expr { kind, span }
    }

    /// A text as an expression; one that does not close is bad.
    pub(super) fn text_expr(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let masked = self.is_masked(pair.as_span().start() + self.offset);
        let text = self.text(pair);
        Expr { kind: if masked { ExprKind::Bad } else { ExprKind::Text(text) }, span }
    }

    fn regex_expr(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let masked = self.is_masked(pair.as_span().start() + self.offset);
        let regex = self.regex(pair);
        Expr { kind: if masked { ExprKind::Bad } else { ExprKind::Regex(regex) }, span }
    }

    /// The arguments of a call or an index.
    pub(super) fn arguments(&mut self, pair: Pair<'_>, closer: &'static str) -> Vec<Arg> {
        let before = std::mem::replace(&mut self.closer, closer);
        let parts = self.parts(pair);
        let mut args = Vec::new();
        for pair in parts.list {
            self.closer = closer;
            if pair.as_rule() != Rule::argument {
                let span = self.bad(&pair, Part::Argument(closer));
                args.push(Arg { name: None, value: self.bad_expr(span) });
                continue;
            }
            let span = self.span(&pair);
            let mut parts = self.parts(pair);
            let name = parts.take_if(Rule::argument_name).map(|pair| {
                let mut parts = self.parts(pair);
                self.ident(&parts.take())
            });
            let value = parts.take();
            let mut value = self.value(value);
            if parts.bad {
                value = self.bad_expr(span);
            }
            args.push(Arg { name, value });
        }
        self.closer = before;
        args
    }

    fn list(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut parts = self.parts(pair);
        if let Some(clause) = parts.take_if(Rule::for_clause) {
            let clause = self.for_clause(clause);
            let value = parts.take();
            return ExprKind::ForList(Box::new(clause), Box::new(self.value(value)));
        }
        let mut elements = Vec::new();
        for pair in parts.list {
            let span = self.span(&pair);
            if pair.as_rule() != Rule::element {
                self.bad(&pair, Part::Element);
                elements.push(Element::Value(self.bad_expr(span)));
                continue;
            }
            let spread = pair.as_str().starts_with("...");
            let mut parts = self.parts(pair);
            let value = parts.take();
            let mut value = self.value(value);
            if parts.bad {
                value = self.bad_expr(span);
            } else if let Some((before, next)) = self.forgotten_comma(&value) {
                let at = next.start as usize - self.place.base;
                self.note_at(at, SyntaxProblem::MissingComma { before, next, reads_on: false });
                value = self.bad_expr(span);
            }
            elements.push(if spread { Element::Spread(value, span) } else { Element::Value(value) });
        }
        ExprKind::List(elements)
    }

    /// Where an element of a list reads on after a blank, `a [b]`, `a (b)` or `a -b`: two elements without a comma. The one
    /// before, and the next.
    fn forgotten_comma(&self, expr: &Expr) -> Option<(Span, Span)> {
        let blank =
            |at: u32| self.source.as_bytes().get(at as usize - self.place.base).is_some_and(u8::is_ascii_whitespace);
        match &expr.kind {
            ExprKind::Binary(op, at, left, right) => {
                if *op == BinaryOp::Subtract && blank(at.start - 1) && !blank(at.end) {
                    return Some((left.span, at.to(right.span)));
                }
                self.forgotten_comma(left).or_else(|| self.forgotten_comma(right))
            }
            ExprKind::Index(base, _) | ExprKind::Call(base, _) if blank(base.span.end) => {
                let rest = &self.source[base.span.end as usize - self.place.base..];
                let gap = (rest.len() - rest.trim_start().len()) as u32;
                Some((base.span, Span { start: base.span.end + gap, ..expr.span }))
            }
            ExprKind::Index(base, _)
            | ExprKind::Call(base, _)
            | ExprKind::Field(base, _)
            | ExprKind::Unary(_, base) => self.forgotten_comma(base),
            _ => None,
        }
    }

    fn record(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        if let Some(clause) = parts.take_if(Rule::for_clause) {
            let clause = Box::new(self.for_clause(clause));
            let (key, value) = (parts.take(), parts.take());
            let (key, value) = (Box::new(self.value(key)), Box::new(self.value(value)));
            return Expr { kind: ExprKind::ForRecord(clause, key, value), span };
        }
        Expr { kind: ExprKind::Record(self.entries(parts)), span }
    }

    /// The entries of a record or block.
    pub(super) fn entries(&mut self, parts: Parts<'_>) -> Vec<Entry> {
        let entries: Vec<Entry> = parts.list.map(|pair| self.entry(pair)).collect();
        self.check_twice(entries.iter().filter_map(|entry| match entry {
            Entry::Field { key, .. } => Some((&key.name, key.span)),
            _ => None,
        }));
        entries
    }

    fn entry(&mut self, pair: Pair<'_>) -> Entry {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::assign => {
                let mut parts = self.parts(pair);
                let key = parts.take();
                let key = self.key(&key);
                let value = parts.take();
                if value.as_rule() == Rule::record {
                    return self.block_without_equals(key, value, span);
                }
                let mut value = self.value(value);
                if parts.bad {
                    value = self.bad_expr(Span { start: value.span.start, ..span });
                }
                Entry::Field { key, value, span }
            }
            Rule::spread => {
                let mut parts = self.parts(pair);
                let value = parts.take();
                let mut value = self.value(value);
                if parts.bad {
                    value = self.bad_expr(span);
                }
                Entry::Spread { value, span }
            }
            _ => Entry::Bad(self.bad(&pair, Part::Entry)),
        }
    }

    /// `name { … }`: what stands in the braces is read for its own mistakes; what the whole is worth is not known.
    fn block_without_equals(&mut self, key: Key, value: Pair<'_>, span: Span) -> Entry {
        let body = self.span(&value);
        self.note(SyntaxProblem::BlockWithoutEquals { key: key.span, name: key.name.to_string(), body });
        self.record(value);
        Entry::Field { key, value: self.bad_expr(body), span }
    }

    fn key(&mut self, pair: &Pair<'_>) -> Key {
        let span = self.span(pair);
        if pair.as_rule() == Rule::word {
            return Key { name: pair.as_str().into(), span, quoted: false };
        }
        let written = pair.as_str();
        let inside = &written[1..written.len() - 1];
        let name = if written.starts_with('\'') || !inside.contains(['\\', '$']) {
            inside.into()
        } else {
            self.decode_key(pair.as_span().start() + self.offset, written)
        };
        Key { name, span, quoted: true }
    }

    fn for_clause(&mut self, pair: Pair<'_>) -> ForClause {
        let mut parts = self.parts(pair);
        let mut names: Vec<Ident> = Vec::new();
        while let Some(name) =
            parts.list.next_if(|p| matches!(p.as_rule(), Rule::ident | Rule::hyphened | Rule::quoted))
        {
            names.push(self.ident(&name));
        }
        let source = parts.take();
        let source = self.value(source);
        let condition = parts.take_if(Rule::condition).map(|pair| {
            let mut parts = self.parts(pair);
            let value = parts.take();
            self.value(value)
        });
        ForClause { names, source, condition }
    }

    fn if_then(&mut self, pair: Pair<'_>) -> ExprKind {
        let span = self.span(&pair);
        let keyword = Span { end: span.start + 2, ..span };
        let mut parts = self.parts(pair);
        let chain = parts.list.clone().filter(|p| p.as_rule() == Rule::else_if).count();
        if self.depth + chain > MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return ExprKind::Bad;
        }
        self.depth += chain;
        let (condition, then) = (parts.take(), parts.take());
        let condition = self.value(condition);
        if then.as_rule() == Rule::braced_if {
            self.depth -= chain;
            return self.braced_if(&then);
        }
        let mut cases = vec![(span.start, condition, self.value(then))];
        while let Some(pair) = parts.take_if(Rule::else_if) {
            let text = pair.as_str();
            let start = self.span(&pair).start + text.find("if").map_or(0, |n| n as u32);
            let mut parts = self.parts(pair);
            let (condition, then) = (parts.take(), parts.take());
            let condition = self.value(condition);
            if then.as_rule() == Rule::braced_if {
                self.depth -= chain;
                return self.braced_if(&then);
            }
            cases.push((start, condition, self.value(then)));
        }
        let last = parts.take();
        let mut otherwise = if last.as_rule() == Rule::missing_else {
            let then = cases.last().map_or(span, |c| c.2.span);
            let at = then.end as usize - self.place.base;
            let missed = last.as_span().start() + self.offset;
            // `elif`, or a value before its condition.
            let (found, other) = report::unexpected(self.place, self.source, missed, &["`else`".to_owned()], None);
            let problem = match other {
                SyntaxProblem::Unexpected { help: Some(_), .. } if found == missed => other,
                _ => SyntaxProblem::MissingElse { span: then.after(), keyword },
            };
            self.note_at(missed, problem);
            self.bad_expr(self.place.span(at, at))
        } else {
            self.value(last)
        };
        self.depth -= chain;
        while let Some((start, condition, then)) = cases.pop() {
            let kind = ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise));
            if cases.is_empty() {
                return kind;
            }
            otherwise = Expr { kind, span: Span { start, ..span } };
        }
        ExprKind::Bad
    }

    /// `if c { a } else { b }`
    fn braced_if(&mut self, pair: &Pair<'_>) -> ExprKind {
        let (at, _) = self.range(pair);
        let help = "an `if` is a value: write `if c then a else b`".to_owned();
        let (_, problem) = report::unexpected(self.place, self.source, at, &["`then`".to_owned()], Some(help));
        self.note_at(at, problem);
        ExprKind::Bad
    }

    fn match_on(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut parts = self.parts(pair);
        let subject = parts.take();
        let subject = self.value(subject);
        let arms = parts.list.map(|pair| self.arm(pair)).collect();
        ExprKind::Match(Box::new(subject), arms)
    }

    fn arm(&mut self, pair: Pair<'_>) -> Arm {
        let span = self.span(&pair);
        if pair.as_rule() != Rule::arm {
            // A catch-all, so that nothing is said about cases that are not handled.
            self.bad(&pair, Part::Arm);
            return Arm { patterns: vec![Pattern::Any(span)], value: self.bad_expr(span), span };
        }
        let mut parts = self.parts(pair);
        let mut patterns = Vec::new();
        while let Some(pair) = parts.take_if(Rule::pattern) {
            patterns.push(self.pattern(pair));
        }
        let value = parts.take();
        let mut value = self.value(value);
        if parts.bad {
            value = self.bad_expr(Span { start: value.span.start, ..span });
        }
        Arm { patterns, value, span }
    }

    fn pattern(&mut self, pair: Pair<'_>) -> Pattern {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        let inner = parts.take();
        match inner.as_rule() {
            Rule::wildcard => Pattern::Any(span),
            Rule::literal => {
                let literal = self.literal(inner);
                self.plain_only(&literal, "a pattern");
                Pattern::Literal(literal)
            }
            _ => {
                self.note(SyntaxProblem::NameAsPattern { span, name: inner.as_str().to_owned() });
                Pattern::Literal(self.bad_expr(span))
            }
        }
    }

    /// A literal of a type or pattern.
    pub(super) fn literal(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        let inner = parts.take();
        match inner.as_rule() {
            Rule::text => self.text_expr(inner),
            Rule::constant => Expr { kind: constant(inner.as_str()), span },
            _ => self.signed_number(inner),
        }
    }

    /// `-`? and a number.
    pub(super) fn signed_number(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let negative = pair.as_str().starts_with('-');
        let mut parts = self.parts(pair);
        let inner = parts.take();
        let number = Expr { kind: self.number(&inner), span: self.span(&inner) };
        if negative { Expr { kind: ExprKind::Unary(UnaryOp::Negate, Box::new(number)), span } } else { number }
    }

    /// Notes a text that interpolates where it must not.
    pub(super) fn plain_only(&mut self, expr: &Expr, what: &'static str) {
        if let ExprKind::Text(text) = &expr.kind
            && text.as_plain().is_none()
        {
            self.note(SyntaxProblem::NotPlain { span: expr.span, what });
        }
    }
}

const COMPARISON: u8 = 3;

fn is_operator(rule: Rule) -> bool {
    matches!(rule, Rule::minus_op | Rule::matches_op | Rule::infix_op)
}

fn operator(symbol: &str) -> BinaryOp {
    use BinaryOp::*;
    match symbol {
        "*" => Multiply,
        "/" => Divide,
        "%" => Remainder,
        "+" => Add,
        "-" => Subtract,
        "??" => Default,
        "==" => Equal,
        "!=" => NotEqual,
        "<" => Less,
        "<=" => LessEqual,
        ">" => Greater,
        ">=" => GreaterEqual,
        "in" => In,
        "matches" => Matches,
        "&&" => And,
        "||" => Or,
        other => unreachable!("invariant: {other} is no operator"),
    }
}

fn constant(word: &str) -> ExprKind {
    match word {
        "true" => ExprKind::Bool(true),
        "false" => ExprKind::Bool(false),
        _ => ExprKind::Null,
    }
}

//! Types, the members of record types and externs, and parameters.

use pretty::RcDoc;

use super::layout::{Body, Doc, STEP, concat, join, nest, one_line, text};
use super::printer::{Braces, Link, Printer};
use crate::syntax::ast::{Expr, ExprKind, FieldDecl, Member, Parameter, Rule, Type, TypeKind};
use crate::text::Span;

impl<'a> Printer<'a> {
    /// A type.
    pub(super) fn ty(&self, ty: &Type, indent: usize) -> Doc<'a> {
        match &ty.kind {
            TypeKind::Name(path) => self.idents(path, "."),
            TypeKind::List(inner) => concat([text("["), self.ty(inner, indent), text("]")]),
            TypeKind::Map(inner) => concat([text("map<"), self.ty(inner, indent), text(">")]),
            TypeKind::Record(members) => {
                self.members(members, ty.span.start + 1, self.inner_end(ty.span), true, indent)
            }
            TypeKind::Optional(inner) => self.ty(inner, indent).append(text("?")),
            TypeKind::Union(types) => {
                let Some((first, rest)) = types.split_first() else { return RcDoc::nil() };
                let rest =
                    rest.iter().map(|t| Link { mark: "|", breaks: true, span: t.span, doc: self.ty(t, indent + STEP) });
                let rest = rest.collect();
                self.chained((first.span, self.ty(first, indent)), rest)
            }
            TypeKind::Literal(literal) => self.expr(literal, indent),
            TypeKind::Matches(base, regex) => {
                let regex = RcDoc::line().append(self.verbatim(regex.span));
                concat([self.ty(base, indent), text(" matches"), nest(regex)]).group()
            }
            TypeKind::Range(base, from, to) => {
                let end = |e: &Option<Box<Expr>>| e.as_ref().map_or_else(RcDoc::nil, |e| self.expr(e, indent));
                concat([self.ty(base, indent), text(" in "), end(from), text(".."), end(to)])
            }
            TypeKind::Template(fields) => {
                let separator = text(",").append(RcDoc::line());
                let fields = join(fields.iter().map(|f| text(".").append(self.ident(f))), separator);
                let inside = concat([RcDoc::line_(), fields, text(",").flat_alt(RcDoc::nil())]);
                concat([text("template<"), nest(inside), RcDoc::line_(), text(">")]).group()
            }
            TypeKind::Late(inner) => text("late ").append(self.ty(inner, indent)),
            TypeKind::Paren(inner) => concat([text("("), self.ty(inner, indent), text(")")]),
            TypeKind::Bad => self.verbatim(ty.span),
        }
    }

    /// The members of a record type, or of an extern (which is never on one line).
    pub(super) fn members(&self, members: &[Member], open: u32, close: u32, record: bool, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let bodies: Vec<(Span, Body<'a>)> =
            members.iter().map(|m| (member_span(m), Body::Plain(self.member(m, inner)))).collect();
        let listable = members.iter().all(|m| match m {
            Member::Field(field) => field.formerly.is_empty(),
            Member::Include(..) => true,
            _ => false,
        });
        let flat = join(bodies.iter().map(|(_, body)| body.whole()), text(", "));
        let layout = if record && (listable || members.len() == 1) && !self.trivia.breaks(open, close) {
            Braces::Flat(flat)
        } else {
            Braces::Broken
        };
        self.braced(self.gather(open, close, bodies), layout, indent)
    }

    fn member(&self, member: &Member, indent: usize) -> Doc<'a> {
        match member {
            Member::Field(field) => self.field(field, indent),
            Member::Include(path, _) => text("...").append(self.idents(path, ".")),
            Member::Rule(rule) => self.rule(rule, indent),
            Member::Fact { name, args, span } => {
                let open = self.trivia.behind(self.trivia.end(name.span), '(');
                let args = args.iter().map(|a| (a.span, self.expr(a, indent + STEP))).collect();
                let args = self.listed(("(", ")"), (open, self.inner_end(*span)), args, indent);
                concat([text("fact "), self.ident(name), args])
            }
            Member::Unique { option, per, .. } => {
                concat([text("unique "), self.ident(option), text(" per "), self.idents(per, ", ")])
            }
            Member::Bad(span) => self.verbatim(*span),
        }
    }

    fn field(&self, field: &FieldDecl, indent: usize) -> Doc<'a> {
        let mut head = concat([self.ident(&field.name), text(": "), self.ty(&field.ty, indent)]);
        if let Some(default) = &field.default {
            let value = text("= ").append(self.expr(default, indent));
            head = if matches!(default.kind, ExprKind::Text(_)) {
                head.append(nest(RcDoc::line().append(value)).group())
            } else {
                concat([head, text(" "), value])
            };
        }
        let encoding = field.encoding.as_ref().map(|e| text("as ").append(self.ident(e)));
        let since = field.since.as_ref().map(|t| text("since ").append(self.verbatim(t.span)));
        let formerly =
            (!field.formerly.is_empty()).then(|| text("formerly ").append(self.idents(&field.formerly, ", ")));
        let deprecated = field.deprecated.as_ref().map(|t| text("deprecated ").append(self.verbatim(t.span)));
        let refused = field.refused.as_ref().map(|t| text("refused ").append(self.verbatim(t.span)));
        let modifiers = [encoding, since, formerly, deprecated, refused].into_iter().flatten();
        if one_line(&head.clone().group(), usize::MAX).is_none() {
            // Behind the brace of a type over several lines.
            return head.append(concat(modifiers.map(|m| text(" ").append(m))));
        }
        head.append(nest(concat(modifiers.map(|m| RcDoc::line().append(m))))).group()
    }

    fn rule(&self, rule: &Rule, indent: usize) -> Doc<'a> {
        let mut message = self.expr(&rule.message, indent + STEP);
        if !rule.at.is_empty() {
            message = concat([message, RcDoc::line(), text("at "), self.idents(&rule.at, ", ")]).group();
        }
        let condition = self.expr(&rule.condition, indent);
        concat([text("rule "), condition, text(","), nest(RcDoc::line().append(message))]).group()
    }

    /// `(name: T = default, …)`; `open` is the offset just behind the parenthesis.
    pub(super) fn parameters(&self, parameters: &[Parameter], open: u32, indent: usize) -> Doc<'a> {
        let inner = indent + STEP;
        let end = parameters.last().map_or(open, |p| self.trivia.end(p.span));
        let close = self.trivia.behind(end, ')').saturating_sub(1);
        let elements = parameters.iter().map(|parameter| {
            let mut doc = concat([self.ident(&parameter.name), text(": "), self.ty(&parameter.ty, inner)]);
            if let Some(default) = &parameter.default {
                doc = doc.append(text(" = ")).append(self.expr(default, inner));
            }
            (parameter.span, doc)
        });
        self.listed(("(", ")"), (open, close), elements.collect(), indent)
    }

    /// A type on one line; as it was written where that cannot be.
    pub(super) fn flat_type(&self, ty: &Type) -> String {
        one_line(&self.ty(ty, 0).group(), usize::MAX).unwrap_or_else(|| self.trivia.slice(ty.span).to_string())
    }
}

fn member_span(member: &Member) -> Span {
    match member {
        Member::Field(field) => field.span,
        Member::Rule(rule) => rule.span,
        Member::Fact { span, .. } | Member::Unique { span, .. } | Member::Include(_, span) | Member::Bad(span) => *span,
    }
}

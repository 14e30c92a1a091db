//! Types, and the declarations inside record types and `extern` bodies.

use super::super::ast::{ExprKind, FieldDecl, Ident, Member, Rule as RuleDecl, Type, TypeKind};
use super::super::parser::Rule;
use super::super::problem::SyntaxProblem;
use super::super::report::Part;
use super::{Lower, MAX_TREE, Pair, Parts};
use crate::text::Span;

impl Lower<'_> {
    /// A type, or a place where one is missing.
    pub(super) fn some_type(&mut self, pair: Pair<'_>) -> Type {
        match pair.as_rule() {
            Rule::type_expr => self.type_expr(pair),
            Rule::type_term => self.type_term(pair),
            _ => {
                let (start, _) = self.range(&pair);
                self.note_expected(start, "a type");
                Type { kind: TypeKind::Bad, span: self.place.span(start, start) }
            }
        }
    }

    /// `A | B`.
    pub(super) fn type_expr(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        if self.depth >= MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return Type { kind: TypeKind::Bad, span };
        }
        self.depth += 1;
        let parts = self.parts(pair);
        let mut members: Vec<Type> = parts.list.map(|pair| self.type_term(pair)).collect();
        self.depth -= 1;
        match members.len() {
            1 => members.remove(0),
            _ => Type { kind: TypeKind::Union(members), span },
        }
    }

    fn type_term(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        let mut marks = Vec::new();
        while let Some(pair) = parts.take_if(Rule::late) {
            marks.push(self.span(&pair).start);
        }
        let primary = parts.take();
        let mut ty = self.type_primary(primary);
        let suffixes: Vec<_> = parts.list.collect();
        if self.depth + suffixes.len() + marks.len() > MAX_TREE {
            self.note_at(span.start as usize, SyntaxProblem::TooDeep { span });
            return Type { kind: TypeKind::Bad, span };
        }
        for suffix in suffixes {
            let span = ty.span.to(self.span(&suffix));
            let inner = Box::new(ty);
            let kind = match suffix.as_rule() {
                Rule::optional => TypeKind::Optional(inner),
                Rule::matches_clause => {
                    let mut parts = self.parts(suffix);
                    let regex = parts.take();
                    TypeKind::Matches(inner, self.regex(regex))
                }
                _ => self.range_type(inner, suffix),
            };
            ty = Type { kind, span };
        }
        for start in marks.into_iter().rev() {
            let span = Span { start, ..ty.span };
            ty = Type { kind: TypeKind::Late(Box::new(ty)), span };
        }
        ty
    }

    fn range_type(&mut self, of: Box<Type>, pair: Pair<'_>) -> TypeKind {
        let mut parts = self.parts(pair);
        let mut end = |lower: &mut Self, rule| {
            parts.take_if(rule).map(|pair| {
                let mut parts = lower.parts(pair);
                let number = parts.take();
                Box::new(lower.signed_number(number))
            })
        };
        let start = end(self, Rule::range_start);
        let stop = end(self, Rule::range_stop);
        TypeKind::Range(of, start, stop)
    }

    fn type_primary(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::type_name => TypeKind::Name(self.names(pair)),
            Rule::null_type => TypeKind::Name(vec![self.ident(&pair)]),
            Rule::literal => {
                let literal = self.literal(pair);
                self.plain_only(&literal, "a type");
                match literal.kind {
                    ExprKind::Bad => TypeKind::Bad,
                    _ => TypeKind::Literal(Box::new(literal)),
                }
            }
            Rule::record_type => {
                let parts = self.parts(pair);
                TypeKind::Record(self.members(parts))
            }
            Rule::template_type => {
                let parts = self.parts(pair);
                TypeKind::Template(parts.list.map(|pair| self.field_name(pair)).collect())
            }
            rule => {
                let mut parts = self.parts(pair);
                let inner = parts.take();
                let inner = Box::new(self.type_expr(inner));
                match rule {
                    Rule::list_type => TypeKind::List(inner),
                    Rule::map_type => TypeKind::Map(inner),
                    _ => TypeKind::Paren(inner),
                }
            }
        };
        Type { kind, span }
    }

    fn field_name(&mut self, pair: Pair<'_>) -> Ident {
        let mut parts = self.parts(pair);
        self.ident(&parts.take())
    }

    /// The declarations of a record type or an `extern` body.
    pub(super) fn members(&mut self, parts: Parts<'_>) -> Vec<Member> {
        let members: Vec<Member> = parts.list.map(|pair| self.member(pair)).collect();
        self.check_twice(members.iter().filter_map(|member| match member {
            Member::Field(field) => Some((&field.name.name, field.name.span)),
            _ => None,
        }));
        members
    }

    fn member(&mut self, pair: Pair<'_>) -> Member {
        let whole = self.span(&pair);
        if pair.as_rule() != Rule::declaration {
            return Member::Bad(self.bad(&pair, Part::Member));
        }
        let mut outer = self.parts(pair);
        let pair = outer.take();
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::field_decl => {
                let mut field = self.field_decl(pair);
                if outer.bad {
                    field.ty.kind = TypeKind::Bad;
                    field.span = whole;
                }
                Member::Field(field)
            }
            Rule::include => {
                let mut parts = self.parts(pair);
                let path = parts.take();
                Member::Include(self.names(path), span)
            }
            Rule::rule_decl => {
                let mut parts = self.parts(pair);
                let (condition, message) = (parts.take(), parts.take());
                let (condition, message) = (self.expr(condition), self.expr(message));
                let at = parts.take_if(Rule::names).map(|pair| self.names(pair)).unwrap_or_default();
                Member::Rule(RuleDecl { condition, message, at, span })
            }
            Rule::fact => {
                let mut parts = self.parts(pair);
                let name = self.ident(&parts.take());
                let call = parts.take();
                let args = self.arguments(call, ")").into_iter().map(|arg| arg.value).collect();
                Member::Fact { name, args, span }
            }
            _ => {
                let mut parts = self.parts(pair);
                let option = self.ident(&parts.take());
                let names = parts.take();
                Member::Unique { option, per: self.names(names), span }
            }
        }
    }

    fn field_decl(&mut self, pair: Pair<'_>) -> FieldDecl {
        let (start, _) = self.range(&pair);
        let span = self.span(&pair);
        let doc = self.doc(start);
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.take());
        let ty = parts.take();
        let ty = self.some_type(ty);
        let mut field = FieldDecl {
            doc,
            name,
            ty,
            default: None,
            encoding: None,
            since: None,
            formerly: Vec::new(),
            deprecated: None,
            refused: None,
            span,
        };
        for pair in parts.list {
            let (rule, at) = (pair.as_rule(), self.span(&pair));
            let mut parts = self.parts(pair);
            let inner = parts.take();
            let (word, twice) = match rule {
                Rule::initial => ("=", field.default.replace(self.value(inner)).is_some()),
                Rule::encoding => ("as", field.encoding.replace(self.ident(&inner)).is_some()),
                Rule::since => ("since", field.since.replace(self.plain_text(inner, "a version")).is_some()),
                Rule::formerly => {
                    let names = self.names(inner);
                    ("formerly", !std::mem::replace(&mut field.formerly, names).is_empty())
                }
                Rule::deprecated => {
                    ("deprecated", field.deprecated.replace(self.plain_text(inner, "this text")).is_some())
                }
                _ => ("refused", field.refused.replace(self.plain_text(inner, "this text")).is_some()),
            };
            if twice {
                self.note(SyntaxProblem::ModifierTwice { word, span: at });
            }
        }
        field
    }

    /// The names of a list `a, b` or a path `a.b`.
    pub(super) fn names(&mut self, pair: Pair<'_>) -> Vec<Ident> {
        let parts = self.parts(pair);
        parts.list.map(|pair| self.ident(&pair)).collect()
    }
}

//! Types as written become [`Ty`]s.

use std::sync::Arc;

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::declare::{TYPE_NAMES, doc_text};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::recursion::DEEPEST;
use super::scope::Scope;
use super::{Lowerer, TypeState, hir};
use crate::syntax::ast::{self, ExprKind, Member, TypeKind, UnaryOp};
use crate::text::suggest::nearest;
use crate::ty::{Domain, Encoding, Field, Literal, MOST_PARTS, Named, Notes, Pattern, Range, Record, Ty};

impl<'a> Lowerer<'a> {
    /// The type that a named type stands for, under its name.
    pub(super) fn type_def(&mut self, index: usize) -> Ty {
        let def = &mut self.types[index];
        match &def.state {
            TypeState::Done(ty) => return ty.clone(),
            TypeState::Running => {
                let (chain, at) = (vec![def.item.name.name.clone()], def.item.name.span);
                self.report(ResolveProblem::Recursion { what: "the type", chain, at });
                return Ty::Poison;
            }
            TypeState::Waiting => {}
        }
        def.state = TypeState::Running;
        let (module, item, doc) = (def.module, def.item, def.doc.clone());
        if self.type_depth == DEEPEST {
            let (what, name, at) = ("the type", item.name.name.clone(), item.name.span);
            self.report(ResolveProblem::LongChain { what, name, at });
            self.types[index].state = TypeState::Done(Ty::Poison);
            return Ty::Poison;
        }
        self.type_depth += 1;
        let ty = self.ty(module, &item.ty);
        self.type_depth -= 1;
        let ty = match ty {
            Ty::Poison => Ty::Poison,
            ty if !ty.has_at_most(MOST_PARTS) => {
                self.report(ResolveProblem::LargeType { name: item.name.name.clone(), at: item.name.span });
                Ty::Poison
            }
            ty => Ty::Named(Arc::new(Named { name: item.name.name.clone(), doc, ty })),
        };
        self.introduce(&item.name, Symbol::Type(item.name.span));
        self.program.types.push(hir::NamedType { name: item.name.clone(), ty: ty.clone() });
        self.types[index].state = TypeState::Done(ty.clone());
        ty
    }

    /// Lowers a written type; poison where it is wrong.
    pub(super) fn ty(&mut self, module: usize, ty: &'a ast::Type) -> Ty {
        match &ty.kind {
            TypeKind::Name(path) => self.type_name(module, path),
            TypeKind::List(inner) => Ty::List(Arc::new(self.ty(module, inner))),
            TypeKind::Map(inner) => Ty::Map(Arc::new(self.ty(module, inner))),
            TypeKind::Optional(inner) => self.ty(module, inner).optional(),
            TypeKind::Late(inner) => self.ty(module, inner).late(),
            TypeKind::Paren(inner) => self.ty(module, inner),
            TypeKind::Union(members) => {
                let members: Vec<Ty> = members.iter().map(|m| self.ty(module, m)).collect();
                Ty::union(members)
            }
            TypeKind::Literal(expr) => literal(expr).map_or(Ty::Poison, Ty::Literal),
            TypeKind::Template(fields) => Ty::Template(fields.iter().map(|f| f.name.clone()).collect()),
            TypeKind::Matches(base, regex) => {
                let base_ty = self.ty(module, base);
                if !matches!(base_ty.plain(), Ty::String | Ty::Poison) {
                    let problem =
                        ResolveProblem::Refinement { base: base_ty.to_string(), at: base.span, wanted: "`string`" };
                    self.report(problem);
                    return Ty::Poison;
                }
                self.pattern(module, regex).map_or(Ty::Poison, Ty::Matches)
            }
            TypeKind::Range(base, low, high) => self.range(module, base, low.as_deref(), high.as_deref()),
            TypeKind::Record(members) => self.record_type(module, members),
            TypeKind::Bad => Ty::Poison,
        }
    }

    fn type_name(&mut self, module: usize, path: &[ast::Ident]) -> Ty {
        let Some((home, name)) = self.home(module, path) else { return Ty::Poison };
        if path.len() == 1
            && let Some(ty) = builtin_type(&name.name)
        {
            return ty;
        }
        if let Some(&(index, declared)) = self.names[home].types.get(&name.name) {
            self.mention(name.span, Symbol::Type(declared));
            return self.type_def(index);
        }
        if self.is_broken(home, &name.name) {
            return Ty::Poison;
        }
        let of_language = TYPE_NAMES.iter().copied().chain(Domain::ALL.iter().map(|(_, n)| *n));
        let of_language = of_language.filter(|_| path.len() == 1);
        let habit = if path.len() == 1 { super::habit::ty(&name.name) } else { None };
        let names = self.names[home].types.keys().map(SmolStr::as_str).chain(of_language);
        let nearest = if habit.is_some() { None } else { self.nearest(&name.name, names) };
        let help = Some(habit.unwrap_or("the types of the language are bool, int, number, string, duration, size and EC2's own such as region and ami_id").into());
        self.report(ResolveProblem::Unknown { what: "type", name: name.name.clone(), at: name.span, nearest, help });
        Ty::Poison
    }

    /// Compiles a pattern. The prelude's are known to compile and wait until they are matched.
    pub(super) fn pattern(&mut self, module: usize, regex: &ast::Regex) -> Option<Arc<Pattern>> {
        let pattern = Pattern::lazy(regex.pattern.clone());
        if !self.loaded.modules[module].prelude
            && let Err(why) = pattern.compile()
        {
            self.report(ResolveProblem::Pattern { why, at: regex.span });
            return None;
        }
        Some(Arc::new(pattern))
    }

    fn range(
        &mut self,
        module: usize,
        base: &'a ast::Type,
        low: Option<&'a ast::Expr>,
        high: Option<&'a ast::Expr>,
    ) -> Ty {
        let base_ty = self.ty(module, base);
        if !matches!(base_ty.plain(), Ty::Int | Ty::Number | Ty::Duration | Ty::Size | Ty::Poison) {
            let problem = ResolveProblem::Refinement {
                base: base_ty.to_string(),
                at: base.span,
                wanted: "`int`, `number`, `duration` or `size`",
            };
            self.report(problem);
            return Ty::Poison;
        }
        let mut end = |expr: Option<&ast::Expr>| {
            let expr = expr?;
            let value = match (&expr.kind, base_ty.plain()) {
                (_, Ty::Int | Ty::Number) => int(expr),
                (ExprKind::Duration(i), Ty::Duration) => Some(*i),
                (ExprKind::Size(s), Ty::Size) => i64::try_from(*s).ok(),
                (_, Ty::Poison) => return None,
                _ => None,
            };
            if value.is_none() {
                let problem = ResolveProblem::Refinement {
                    base: base_ty.to_string(),
                    at: expr.span,
                    wanted: "a literal of this type",
                };
                self.report(problem);
            }
            value
        };
        let (low_end, high_end) = (end(low), end(high));
        if let (Some(l), Some(h), Some(at)) = (low_end, high_end, low)
            && l > h
        {
            self.report(ResolveProblem::Refinement {
                base: base_ty.to_string(),
                at: at.span,
                wanted: "the lower end first",
            });
        }
        if base_ty == Ty::Poison {
            Ty::Poison
        } else {
            Ty::Range(Arc::new(Range { base: base_ty, low: low_end, high: high_end }))
        }
    }

    fn record_type(&mut self, module: usize, members: &'a [Member]) -> Ty {
        let (mut places, mut sets) = (Vec::new(), Vec::new());
        self.gather(module, members, &mut places, &mut sets);
        // A set whose option has a type that includes the set has no end.
        sets.iter().for_each(|set| self.option_sets[*set].running = true);
        let declared = self.members(&places);
        sets.iter().for_each(|set| self.option_sets[*set].running = false);
        let fields = declared.fields.clone();
        let plain = declared.rules.is_empty() && declared.defaults.iter().all(Option::is_none);
        let index = (!plain).then(|| {
            self.program.records.push(declared);
            self.program.records.len() as u32 - 1
        });
        Ty::Record(Arc::new(Record { fields, declared: index }))
    }

    /// A field declaration without its default.
    pub(super) fn field(&mut self, module: usize, decl: &'a ast::FieldDecl) -> Field {
        self.introduce(&decl.name, Symbol::Member(decl.name.span));
        let written = self.ty(module, &decl.ty);
        let (mut ty, may_be_null) = match written {
            Ty::Optional(inner) => ((*inner).clone(), true),
            other => (other, false),
        };
        let notes = self.notes(decl);
        if notes.as_ref().is_some_and(|n| n.encoding == Some(Encoding::Gib)) && *ty.plain() == Ty::Size {
            ty = Ty::union([Ty::Size, Ty::Int]);
        }
        let default = decl.default.is_some();
        Field { ty, optional: may_be_null || default, default, doc: doc_text(&decl.doc), notes, span: decl.name.span }
    }

    fn notes(&mut self, decl: &'a ast::FieldDecl) -> Option<Arc<Notes>> {
        let encoding = decl.encoding.as_ref().and_then(|name| {
            let found = Encoding::find(&name.name);
            if found.is_none() {
                let nearest = nearest(&name.name, Encoding::NAMES).map(SmolStr::from);
                let message = format!("no encoding is named `{}`", name.name);
                self.report(ResolveProblem::Schema { message, at: name.span, nearest });
            }
            found
        });
        let text = |t: &Option<ast::Text>| t.as_ref().and_then(ast::Text::as_plain);
        let notes = Notes {
            encoding,
            since: text(&decl.since),
            formerly: decl.formerly.iter().map(|f| f.name.clone()).collect(),
            deprecated: text(&decl.deprecated),
            refused: text(&decl.refused),
            default_text: decl.default.as_ref().map(|d| self.loaded.sources.slice(d.span).into()),
        };
        (notes != Notes::default()).then(|| Arc::new(notes))
    }

    /// Lowers members that may come from several places (a kind or type and the option sets it includes) into one record. A later
    /// declaration of a field replaces an earlier one of another place; twice in one place is a mistake.
    pub(super) fn members(&mut self, places: &[(usize, &'a [Member])]) -> hir::Declared {
        let prelude = places.iter().all(|(module, _)| self.loaded.modules[*module].prelude);
        let mut declared = hir::Declared { prelude, ..hir::Declared::default() };
        let mut homes: IndexMap<SmolStr, (usize, usize, &'a ast::FieldDecl)> = IndexMap::new();
        for (place, (module, members)) in places.iter().enumerate() {
            for decl in members.iter().filter_map(|m| if let Member::Field(f) = m { Some(f) } else { None }) {
                if let Some((earlier, _, first)) = homes.get(&decl.name.name)
                    && *earlier == place
                {
                    let problem = ResolveProblem::Duplicate {
                        what: "field",
                        name: decl.name.name.clone(),
                        first: first.name.span,
                        second: decl.name.span,
                    };
                    self.report(problem);
                    continue;
                }
                homes.insert(decl.name.name.clone(), (place, *module, decl));
            }
        }
        for (name, (_, module, decl)) in &homes {
            let field = self.field(*module, decl);
            let default = decl.default.as_ref().map(|d| self.expr(&mut Scope::new(*module), d));
            declared.fields.insert(name.clone(), field);
            declared.defaults.push(default);
        }
        for (module, members) in places {
            let mut scope = Scope::new(*module);
            for (name, field) in &declared.fields {
                scope.bind(name.clone(), Symbol::Member(field.span));
            }
            for member in *members {
                self.member(&mut scope, member, &mut declared);
            }
        }
        declared
    }
}

/// A type of the language by its name.
fn builtin_type(name: &str) -> Option<Ty> {
    Some(match name {
        "bool" => Ty::Bool,
        "int" => Ty::Int,
        "number" => Ty::Number,
        "string" => Ty::String,
        "duration" => Ty::Duration,
        "size" => Ty::Size,
        "null" => Ty::Null,
        _ => Ty::Domain(Domain::find(name)?),
    })
}

fn literal(expr: &ast::Expr) -> Option<Literal> {
    match &expr.kind {
        ExprKind::Text(text) => text.as_plain().map(Literal::Text),
        ExprKind::Bool(b) => Some(Literal::Bool(*b)),
        _ => int(expr).map(Literal::Int),
    }
}

/// The value of an int literal, perhaps with a minus.
fn int(expr: &ast::Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Int(i) => Some(*i),
        ExprKind::Unary(UnaryOp::Negate, inner) => match inner.kind {
            ExprKind::Int(i) => i.checked_neg(),
            _ => None,
        },
        _ => None,
    }
}

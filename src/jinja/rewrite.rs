//! The tree of a template, built anew with a measuring function in the place of each operation that can make a value grow,
//! and with the included files in the place of their `include`.
//!
//! Text between tags becomes a printed constant, so that it is counted like all that is printed. Spans move by where their
//! file begins, so that one number tells file and place.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    self, BinOp, BinOpKind, Call, CallArg, Compare, CompareOp, Const, EmitExpr, Expr, Filter, Spanned, Stmt,
};
use minijinja::machinery::parse;

use super::budget::Budget;
use super::filters::{ADD, APPLY, CONCAT, COUNT, FILTERS, LOOK, PART, TESTS, TIMES};
use super::gather::syntax;
use super::include::names;
use super::value;
use super::{RenderError, Templates};
use crate::text::suggest::nearest;

/// How deep a tree may be: what walks it recurses.
const DEPTH: usize = 400;
/// Files within files.
const NESTED: usize = 20;
/// Bytes of all files as often as they are included.
const BYTES: usize = 64 << 20;

/// The measured tree of the root.
pub(super) fn rewrite<'a>(templates: &'a Templates, budget: &'a Arc<Budget>) -> Result<Stmt<'a>, RenderError> {
    Rewriter { templates, budget, open: Vec::new(), depth: 0, bytes: 0 }.file(0, Span::default())
}

struct Rewriter<'a> {
    templates: &'a Templates,
    budget: &'a Arc<Budget>,
    /// The files on the way from the root.
    open: Vec<usize>,
    depth: usize,
    bytes: usize,
}

type Done<T> = Result<T, RenderError>;

impl<'a> Rewriter<'a> {
    fn file(&mut self, index: usize, from: Span) -> Done<Stmt<'a>> {
        let text: &'a str = &self.templates.files()[index].text;
        self.bytes = self.bytes.saturating_add(text.len());
        if self.open.contains(&index) || self.open.len() >= NESTED {
            return Err(self.wrong(from, "the file includes itself"));
        }
        if self.bytes > BYTES {
            return Err(self.wrong(from, "the included files grow beyond what any plan needs"));
        }
        self.open.push(index);
        let tree = parse(text, "template", syntax())
            .map_err(|error| self.wrong(Span::default(), error.detail().unwrap_or_default()))?;
        let done = self.stmt(&tree);
        self.open.pop();
        done
    }

    fn here(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn wrong(&self, span: Span, what: impl Into<String>) -> RenderError {
        let range = span.start_offset as usize..span.end_offset as usize;
        RenderError { file: self.here(), range, what: what.into(), help: None }
    }

    fn at(&self, span: Span) -> Span {
        let base = self.templates.files()[self.here()].base;
        Span {
            start_offset: span.start_offset.saturating_add(base),
            end_offset: span.end_offset.saturating_add(base),
            ..span
        }
    }

    fn node<T>(&self, node: T, span: Span) -> Spanned<T> {
        Spanned::new(node, self.at(span))
    }

    fn deeper<T>(&mut self, span: Span, walk: impl FnOnce(&mut Self) -> Done<T>) -> Done<T> {
        if self.depth >= DEPTH {
            return Err(self.wrong(span, "the template nests too deeply"));
        }
        self.depth += 1;
        let done = walk(self)?;
        self.depth -= 1;
        Ok(done)
    }

    fn stmts(&mut self, stmts: &[Stmt<'a>]) -> Done<Vec<Stmt<'a>>> {
        stmts.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    fn stmt(&mut self, stmt: &Stmt<'a>) -> Done<Stmt<'a>> {
        self.deeper(Span::default(), |own| own.stmt_at_depth(stmt))
    }

    fn stmt_at_depth(&mut self, stmt: &Stmt<'a>) -> Done<Stmt<'a>> {
        Ok(match stmt {
            Stmt::Template(t) => {
                let children = self.stmts(&t.children)?;
                Stmt::Template(self.node(ast::Template { children }, t.span()))
            }
            Stmt::EmitExpr(e) => {
                let expr = self.expr(&e.expr)?;
                Stmt::EmitExpr(self.node(EmitExpr { expr }, e.span()))
            }
            Stmt::EmitRaw(raw) => {
                let value = Value::from_safe_string(raw.raw.to_owned());
                let expr = Expr::Const(self.node(Const { value }, raw.span()));
                Stmt::EmitExpr(self.node(EmitExpr { expr }, raw.span()))
            }
            Stmt::ForLoop(f) => {
                let new = ast::ForLoop {
                    target: self.target(&f.target)?,
                    iter: self.expr(&f.iter)?,
                    filter_expr: self.option(f.filter_expr.as_ref())?,
                    recursive: f.recursive,
                    body: self.stmts(&f.body)?,
                    else_body: self.stmts(&f.else_body)?,
                };
                Stmt::ForLoop(self.node(new, f.span()))
            }
            Stmt::IfCond(i) => {
                let new = ast::IfCond {
                    expr: self.expr(&i.expr)?,
                    true_body: self.stmts(&i.true_body)?,
                    false_body: self.stmts(&i.false_body)?,
                };
                Stmt::IfCond(self.node(new, i.span()))
            }
            Stmt::WithBlock(w) => {
                let mut assignments = Vec::with_capacity(w.assignments.len());
                for (target, value) in &w.assignments {
                    assignments.push((self.target(target)?, self.expr(value)?));
                }
                let body = self.stmts(&w.body)?;
                Stmt::WithBlock(self.node(ast::WithBlock { assignments, body }, w.span()))
            }
            Stmt::Set(s) => {
                let mut expr = self.expr(&s.expr)?;
                if matches!(s.target, Expr::GetAttr(_)) {
                    expr = self.hidden(PART, expr, Vec::new(), s.expr.span());
                }
                let target = self.target(&s.target)?;
                Stmt::Set(self.node(ast::Set { target, expr }, s.span()))
            }
            Stmt::SetBlock(s) => {
                let new = ast::SetBlock {
                    target: self.target(&s.target)?,
                    filter: self.option(s.filter.as_ref())?,
                    body: self.stmts(&s.body)?,
                };
                Stmt::SetBlock(self.node(new, s.span()))
            }
            Stmt::AutoEscape(a) => {
                let (enabled, body) = (self.expr(&a.enabled)?, self.stmts(&a.body)?);
                Stmt::AutoEscape(self.node(ast::AutoEscape { enabled, body }, a.span()))
            }
            Stmt::FilterBlock(f) => {
                let (filter, body) = (self.expr(&f.filter)?, self.stmts(&f.body)?);
                Stmt::FilterBlock(self.node(ast::FilterBlock { filter, body }, f.span()))
            }
            // Nothing extends this template, so a block is what stands in it.
            Stmt::Block(b) => {
                let body = self.stmts(&b.body)?;
                Stmt::WithBlock(self.node(ast::WithBlock { assignments: Vec::new(), body }, b.span()))
            }
            Stmt::Import(i) => return Err(self.only_include(i.span())),
            Stmt::FromImport(i) => return Err(self.only_include(i.span())),
            Stmt::Extends(e) => return Err(self.only_include(e.span())),
            Stmt::Include(include) => self.include(include)?,
            Stmt::Macro(m) => {
                let new = self.macro_of(m)?;
                Stmt::Macro(self.node(new, m.span()))
            }
            Stmt::CallBlock(c) => {
                let call = self.call(&c.call)?;
                let decl = self.macro_of(&c.macro_decl)?;
                let new = ast::CallBlock {
                    call: self.node(call, c.call.span()),
                    macro_decl: self.node(decl, c.macro_decl.span()),
                };
                Stmt::CallBlock(self.node(new, c.span()))
            }
            Stmt::Do(d) => {
                let call = self.call(&d.call)?;
                let call = self.node(call, d.call.span());
                Stmt::Do(self.node(ast::Do { call }, d.span()))
            }
        })
    }

    fn only_include(&self, span: Span) -> RenderError {
        RenderError {
            help: Some(
                "`{% include \"file\" %}` puts a file in its place, with the macros that it declares".to_owned(),
            ),
            ..self.wrong(span, "templates include others, but do not import or extend them")
        }
    }

    fn include(&mut self, include: &Spanned<ast::Include<'a>>) -> Done<Stmt<'a>> {
        let names = names(&include.name).unwrap_or_default();
        let known = &self.templates.files()[self.here()].includes;
        match names.iter().find_map(|name| known.get(name)).copied() {
            Some(file) => self.file(file, include.span()),
            None => Ok(Stmt::Template(self.node(ast::Template { children: Vec::new() }, include.span()))),
        }
    }

    fn macro_of(&mut self, m: &ast::Macro<'a>) -> Done<ast::Macro<'a>> {
        Ok(ast::Macro {
            name: m.name,
            args: m.args.iter().map(|arg| self.target(arg)).collect::<Done<_>>()?,
            defaults: self.exprs(&m.defaults)?,
            body: self.stmts(&m.body)?,
        })
    }

    /// What an assignment stores into.
    fn target(&mut self, expr: &Expr<'a>) -> Done<Expr<'a>> {
        self.deeper(expr.span(), |own| {
            Ok(match expr {
                Expr::List(list) => {
                    let items = list.items.iter().map(|item| own.target(item)).collect::<Done<_>>()?;
                    Expr::List(own.node(ast::List { items }, list.span()))
                }
                Expr::GetAttr(g) => {
                    let expr = own.target(&g.expr)?;
                    Expr::GetAttr(own.node(ast::GetAttr { expr, name: g.name }, g.span()))
                }
                Expr::Var(v) => Expr::Var(own.node(ast::Var { id: v.id }, v.span())),
                other => return Err(own.wrong(other.span(), "nothing can be assigned to this")),
            })
        })
    }

    fn exprs(&mut self, exprs: &[Expr<'a>]) -> Done<Vec<Expr<'a>>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn option(&mut self, expr: Option<&Expr<'a>>) -> Done<Option<Expr<'a>>> {
        expr.map(|expr| self.expr(expr)).transpose()
    }

    /// A call of one of our own functions.
    fn hidden(&self, name: &'static str, value: Expr<'a>, args: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
        let args = args.into_iter().map(CallArg::Pos).collect();
        Expr::Filter(self.node(Filter { name, expr: Some(value), args }, span))
    }

    /// An operand whose size is the operation's work.
    fn looked(&mut self, expr: &Expr<'a>) -> Done<Expr<'a>> {
        let new = self.expr(expr)?;
        Ok(if matches!(expr, Expr::Const(_)) { new } else { self.hidden(LOOK, new, Vec::new(), expr.span()) })
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Done<Expr<'a>> {
        self.deeper(expr.span(), |own| own.expr_at_depth(expr))
    }

    fn expr_at_depth(&mut self, expr: &Expr<'a>) -> Done<Expr<'a>> {
        Ok(match expr {
            Expr::Var(v) => Expr::Var(self.node(ast::Var { id: v.id }, v.span())),
            Expr::Const(c) => Expr::Const(self.node(Const { value: c.value.clone() }, c.span())),
            Expr::Slice(s) => {
                let new = ast::Slice {
                    expr: self.looked(&s.expr)?,
                    start: self.option(s.start.as_ref())?,
                    stop: self.option(s.stop.as_ref())?,
                    step: self.option(s.step.as_ref())?,
                };
                let new = Expr::Slice(self.node(new, s.span()));
                self.hidden(COUNT, new, Vec::new(), s.span())
            }
            Expr::UnaryOp(u) => {
                let not = matches!(u.op, ast::UnaryOpKind::Not);
                let op = if not { ast::UnaryOpKind::Not } else { ast::UnaryOpKind::Neg };
                let expr = self.expr(&u.expr)?;
                Expr::UnaryOp(self.node(ast::UnaryOp { op, expr }, u.span()))
            }
            Expr::BinOp(b) => self.binary(b)?,
            Expr::Compare(c) => {
                let cheap = c.ops.len() == 1 && cheap(&c.expr, c.ops[0].op, &c.ops[0].expr);
                let operand = if cheap { Self::expr } else { Self::looked };
                let expr = operand(self, &c.expr)?;
                let mut ops = Vec::with_capacity(c.ops.len());
                for op in &c.ops {
                    ops.push(CompareOp { op: op.op, expr: operand(self, &op.expr)? });
                }
                Expr::Compare(self.node(Compare { expr, ops }, c.span()))
            }
            Expr::IfExpr(i) => {
                let new = ast::IfExpr {
                    test_expr: self.expr(&i.test_expr)?,
                    true_expr: self.expr(&i.true_expr)?,
                    false_expr: self.option(i.false_expr.as_ref())?,
                };
                Expr::IfExpr(self.node(new, i.span()))
            }
            Expr::Filter(f) => self.filter(f)?,
            Expr::Test(t) => self.test(t)?,
            Expr::GetAttr(g) => {
                let expr = self.expr(&g.expr)?;
                Expr::GetAttr(self.node(ast::GetAttr { expr, name: g.name }, g.span()))
            }
            Expr::GetItem(g) => {
                let (expr, subscript_expr) = (self.expr(&g.expr)?, self.looked(&g.subscript_expr)?);
                Expr::GetItem(self.node(ast::GetItem { expr, subscript_expr }, g.span()))
            }
            Expr::Call(c) => {
                let call = self.call(c)?;
                Expr::Call(self.node(call, c.span()))
            }
            Expr::List(l) => self.sequence(&l.items, l.span())?,
            Expr::Tuple(t) => self.sequence(&t.items, t.span())?,
            Expr::Map(m) => {
                let (keys, values) = (self.exprs(&m.keys)?, self.exprs(&m.values)?);
                match (constants(&keys), constants(&values)) {
                    (Some(keys), Some(values)) => {
                        let entries: IndexMap<Value, Value> = keys.into_iter().zip(values).collect();
                        self.constant(value::map(entries, self.budget), m.span())?
                    }
                    _ => {
                        let new = Expr::Map(self.node(ast::Map { keys, values }, m.span()));
                        self.hidden(COUNT, new, Vec::new(), m.span())
                    }
                }
            }
        })
    }

    fn sequence(&mut self, items: &[Expr<'a>], span: Span) -> Done<Expr<'a>> {
        let items = self.exprs(items)?;
        if let Some(values) = constants(&items) {
            return self.constant(value::list(values, self.budget), span);
        }
        let new = Expr::List(self.node(ast::List { items }, span));
        Ok(self.hidden(COUNT, new, Vec::new(), span))
    }

    fn constant(&self, value: Result<Value, minijinja::Error>, span: Span) -> Done<Expr<'a>> {
        let value = value.map_err(|_| self.wrong(span, "a value grows beyond what any plan needs"))?;
        Ok(Expr::Const(self.node(Const { value }, span)))
    }

    fn binary(&mut self, b: &Spanned<BinOp<'a>>) -> Done<Expr<'a>> {
        let name = match b.op {
            BinOpKind::Concat => CONCAT,
            BinOpKind::Add => ADD,
            BinOpKind::Mul => TIMES,
            op => {
                let (left, right) = match op {
                    BinOpKind::ScAnd | BinOpKind::ScOr => (self.expr(&b.left)?, self.expr(&b.right)?),
                    _ => (self.looked(&b.left)?, self.looked(&b.right)?),
                };
                return Ok(Expr::BinOp(self.node(BinOp { op, left, right }, b.span())));
            }
        };
        let (left, right) = (self.looked(&b.left)?, self.looked(&b.right)?);
        Ok(self.hidden(name, left, vec![right], b.span()))
    }

    fn filter(&mut self, f: &Spanned<Filter<'a>>) -> Done<Expr<'a>> {
        if !FILTERS.contains(&f.name) {
            return Err(self.unknown("filter", f.name, &FILTERS, f.span()));
        }
        let expr = self.option(f.expr.as_ref())?;
        let name = Expr::Const(self.node(Const { value: Value::from(f.name) }, f.span()));
        let mut args = vec![CallArg::Pos(name)];
        args.extend(self.args(&f.args)?);
        Ok(Expr::Filter(self.node(Filter { name: APPLY, expr, args }, f.span())))
    }

    fn test(&mut self, t: &Spanned<ast::Test<'a>>) -> Done<Expr<'a>> {
        if !TESTS.contains(&t.name) {
            return Err(self.unknown("test", t.name, &TESTS, t.span()));
        }
        let compares = !t.args.is_empty();
        let expr = if compares { self.looked(&t.expr)? } else { self.expr(&t.expr)? };
        let args = self.args(&t.args)?;
        let args = self.looked_args(args, t.span());
        Ok(Expr::Test(self.node(ast::Test { name: t.name, expr, args }, t.span())))
    }

    fn unknown(&self, what: &str, name: &str, known: &[&str], span: Span) -> RenderError {
        let near = nearest(name, known.iter().copied());
        let help =
            near.map_or_else(|| format!("the {what}s are {}", known.join(", ")), |n| format!("did you mean `{n}`?"));
        RenderError { help: Some(help), ..self.wrong(span, format!("there is no {what} `{name}`")) }
    }

    fn call(&mut self, c: &Call<'a>) -> Done<Call<'a>> {
        let mut args = self.args(&c.args)?;
        if let Expr::GetAttr(method) = &c.expr {
            // The engine divides by how many there are.
            if method.name == "cycle" && !args.iter().any(|arg| matches!(arg, CallArg::Pos(_))) {
                return Err(self.wrong(method.span(), "`loop.cycle` takes the values to choose from"));
            }
            if method.name == "changed" {
                args = self.looked_args(args, method.span());
            }
        }
        Ok(Call { expr: self.expr(&c.expr)?, args })
    }

    /// Arguments whose sizes are the work of what is called.
    fn looked_args(&self, args: Vec<CallArg<'a>>, span: Span) -> Vec<CallArg<'a>> {
        let one = |arg| match arg {
            CallArg::Pos(expr) => CallArg::Pos(self.hidden(LOOK, expr, Vec::new(), span)),
            other => other,
        };
        args.into_iter().map(one).collect()
    }

    fn args(&mut self, args: &[CallArg<'a>]) -> Done<Vec<CallArg<'a>>> {
        let one = |arg: &CallArg<'a>| {
            Ok(match arg {
                CallArg::Pos(expr) => CallArg::Pos(self.expr(expr)?),
                CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, self.expr(expr)?),
                CallArg::PosSplat(expr) => CallArg::PosSplat(self.expr(expr)?),
                CallArg::KwargSplat(expr) => CallArg::KwargSplat(self.expr(expr)?),
            })
        };
        args.iter().map(one).collect()
    }
}

/// Whether a comparison looks at no more than one of its sides writes out.
fn cheap(left: &Expr<'_>, op: ast::CompareOpKind, right: &Expr<'_>) -> bool {
    match op {
        ast::CompareOpKind::In | ast::CompareOpKind::NotIn => false,
        _ => matches!(left, Expr::Const(_)) || matches!(right, Expr::Const(_)),
    }
}

/// The values of constants, where all of them are.
fn constants(exprs: &[Expr<'_>]) -> Option<Vec<Value>> {
    exprs.iter().map(|expr| if let Expr::Const(c) = expr { Some(c.value.clone()) } else { None }).collect()
}

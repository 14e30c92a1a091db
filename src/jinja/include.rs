//! The `include`s of a template, found in its tree: they can stand wherever statements do.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{Expr, Stmt};

/// An `include`: where it stands, the paths to try, and whether all of them may be missing. No paths where they are not
/// written out.
pub(super) struct Included {
    pub(super) span: Span,
    pub(super) names: Option<Vec<String>>,
    pub(super) may_miss: bool,
}

/// All `include`s of a tree.
pub(super) fn included(tree: &Stmt<'_>) -> Vec<Included> {
    let mut found = Vec::new();
    let mut open = vec![tree];
    while let Some(stmt) = open.pop() {
        match stmt {
            Stmt::Include(include) => found.push(Included {
                span: include.span(),
                names: names(&include.name),
                may_miss: include.ignore_missing,
            }),
            Stmt::Template(t) => open.extend(&t.children),
            Stmt::ForLoop(f) => open.extend(f.body.iter().chain(&f.else_body)),
            Stmt::IfCond(i) => open.extend(i.true_body.iter().chain(&i.false_body)),
            Stmt::WithBlock(w) => open.extend(&w.body),
            Stmt::SetBlock(s) => open.extend(&s.body),
            Stmt::AutoEscape(a) => open.extend(&a.body),
            Stmt::FilterBlock(f) => open.extend(&f.body),
            Stmt::Block(b) => open.extend(&b.body),
            Stmt::Macro(m) => open.extend(&m.body),
            Stmt::CallBlock(c) => open.extend(&c.macro_decl.body),
            _ => {}
        }
    }
    found.sort_by_key(|include| include.span.start_offset);
    found
}

/// The paths that an `include` names, where they are written out.
pub(super) fn names(expr: &Expr<'_>) -> Option<Vec<String>> {
    let one = |expr: &Expr<'_>| match expr {
        Expr::Const(c) => c.value.as_str().map(str::to_owned),
        _ => None,
    };
    match expr {
        Expr::List(list) => list.items.iter().map(one).collect(),
        Expr::Tuple(tuple) => tuple.items.iter().map(one).collect(),
        other => one(other).map(|name| vec![name]),
    }
}

//! Tests of the whole way from text to tree: forms, mistakes, recovery, and that it is total.

mod forms;
mod mistakes;
mod texts;
mod total;

use super::ast::{Expr, ExprKind, File, ItemKind};
use super::{Parse, SyntaxProblem, parse};
use crate::text::FileId;

/// The example of the language's design.
const OFFICIAL: &str = include_str!("official.bake");
/// Its example of a schema.
const EXTERN: &str = include_str!("extern.bake");

fn read(text: &str) -> Parse {
    parse(FileId(0), text)
}

/// The tree of a text without problems.
fn sound(text: &str) -> File {
    let parse = read(text);
    assert!(parse.problems.is_empty(), "{text}\n{:#?}", parse.problems);
    parse.file
}

/// The value of `let x = …`.
fn value(text: &str) -> Expr {
    let file = sound(&format!("let x = {text}\n"));
    match file.items.into_iter().next().map(|item| item.kind) {
        Some(ItemKind::Let(binding)) => binding.value.expect("a let has a value"),
        other => panic!("no let: {other:?}"),
    }
}

/// An expression with all its parentheses.
fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Int(n) => n.to_string(),
        ExprKind::Binary(op, _, a, b) => format!("({} {} {})", shape(a), op.symbol(), shape(b)),
        ExprKind::Unary(op, e) => format!("{op:?}({})", shape(e)),
        ExprKind::Paren(e) => format!("[{}]", shape(e)),
        ExprKind::Field(e, name) => format!("{}.{}", shape(e), name.name),
        ExprKind::Index(e, args) => format!("{}<{}>", shape(e), args.len()),
        ExprKind::Call(e, args) => format!("{}({})", shape(e), args.len()),
        ExprKind::If(c, a, b) => format!("if {} {} {}", shape(c), shape(a), shape(b)),
        other => format!("{other:?}"),
    }
}

/// Codes and primary places (as text) of all problems.
fn complaints(text: &str) -> Vec<(String, String)> {
    let show = |p: &SyntaxProblem| {
        let code = p.code().as_str().trim_start_matches("bake::syntax::").to_owned();
        (code, text[p.span().range()].to_owned())
    };
    read(text).problems.iter().map(show).collect()
}

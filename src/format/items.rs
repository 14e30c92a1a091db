//! The items of a file, and the empty lines between them.

use super::layout::{Body, Class, Doc, Row, STEP, WIDTH, concat, nest, one_line, stack, text};
use super::printer::{Braces, Printer};
use crate::syntax::ast::{Binding, CommentKind, Extern, ExternKind, File, Function, Item, ItemKind, Policy};
use crate::text::Span;

/// Items of one family may stand together without an empty line between them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Import,
    Param,
    /// Variables and secrets.
    Late,
    Let,
    Fn,
    Type,
    Output,
    /// Always apart.
    Block,
}

impl<'a> Printer<'a> {
    /// A whole file, without its last line break.
    pub(super) fn file(&self, file: &File) -> Doc<'a> {
        let nodes = file.items.iter().map(|item| (item.span, Body::Plain(self.item(item))));
        let mut rows = self.gather(0, self.trivia.len(), nodes).rows;
        let families = file.items.iter().map(|item| family(&item.kind));
        separate(&mut rows, families.collect());
        stack(rows, 0)
    }

    fn item(&self, item: &Item) -> Doc<'a> {
        match &item.kind {
            ItemKind::Import(import) => {
                let path = text("import ").append(self.verbatim(import.path.span));
                match &import.alias {
                    Some(alias) => concat([path, text(" as "), self.ident(alias)]),
                    None => path,
                }
            }
            ItemKind::Param(binding) => self.binding("param ", binding, 0),
            ItemKind::Variable(binding) => self.binding("variable ", binding, 0),
            ItemKind::Secret(binding) => self.binding("secret ", binding, 0),
            ItemKind::Let(binding) => self.binding("let ", binding, 0),
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Type(item) => concat([text("type "), self.ident(&item.name), text(" = "), self.ty(&item.ty, 0)]),
            ItemKind::Table(table) => self.table(table),
            ItemKind::Image(image) => {
                let open = self.trivia.behind(self.trivia.end(image.name.span), '{');
                let body = self.statements(&image.body, open, self.inner_end(item.span), 0);
                concat([text("image "), self.ident(&image.name), text(" "), body])
            }
            ItemKind::Group(group) => {
                let open = self.trivia.behind(self.trivia.end(group.name.span), '(');
                let parameters = self.parameters(&group.params, open, 0);
                let end = group.params.last().map_or(open, |p| self.trivia.end(p.span));
                let open = self.trivia.behind(self.trivia.behind(end, ')'), '{');
                let body = self.statements(&group.body, open, self.inner_end(item.span), 0);
                concat([text("group "), self.ident(&group.name), parameters, text(" "), body])
            }
            ItemKind::Policy(policy) => self.policy(policy, item.span),
            ItemKind::Output(output) => {
                concat([text("output "), self.verbatim(output.file.span), text(" = "), self.expr(&output.value, 0)])
            }
            ItemKind::Extern(declaration) => self.declaration(declaration, item.span),
            ItemKind::Bad => self.verbatim(item.span),
        }
    }

    /// `keyword name: T = value`.
    pub(super) fn binding(&self, keyword: &'static str, binding: &Binding, indent: usize) -> Doc<'a> {
        let mut doc = text(keyword).append(self.ident(&binding.name));
        if let Some(ty) = &binding.ty {
            doc = doc.append(text(": ")).append(self.ty(ty, indent));
        }
        if let Some(value) = &binding.value {
            doc = doc.append(text(" = ")).append(self.expr(value, indent));
        }
        doc
    }

    fn function(&self, function: &Function) -> Doc<'a> {
        let open = self.trivia.behind(self.trivia.end(function.name.span), '(');
        let mut doc = concat([text("fn "), self.ident(&function.name), self.parameters(&function.params, open, 0)]);
        if let Some(result) = &function.result {
            doc = doc.append(text(" -> ")).append(self.ty(result, 0));
        }
        doc.append(text(" = ")).append(self.expr(&function.body, 0))
    }

    fn policy(&self, policy: &Policy, span: Span) -> Doc<'a> {
        let mut doc = concat([
            text("policy "),
            self.ident(&policy.name),
            text(" for "),
            self.ident(&policy.variable),
            text(" in "),
            self.ident(&policy.domain),
        ]);
        let mut end = policy.domain.span;
        if let Some(when) = &policy.when {
            doc = doc.append(text(" when ")).append(self.expr(when, 0));
            end = when.span;
        }
        let bodies: Vec<(Span, Body<'a>)> = policy
            .requires
            .iter()
            .map(|require| {
                let left = concat([text("require "), self.expr(&require.condition, STEP), text(",")]);
                let right = self.expr(&require.message, 2 * STEP);
                let broken = nest(Doc::line().append(right.clone()));
                let whole = left.clone().append(broken).group();
                (require.span, Body::Columns { class: Class::Require, left, right, whole })
            })
            .collect();
        let open = self.trivia.behind(self.trivia.end(end), '{');
        let close = self.inner_end(span);
        let layout = match bodies.as_slice() {
            [(_, body)] if !self.trivia.breaks(open, close) => Braces::Flat(body.whole()),
            _ => Braces::Broken,
        };
        let body = self.braced(self.gather(open, close, bodies), layout, 0);
        concat([doc, text(" "), body])
    }

    fn declaration(&self, declaration: &Extern, span: Span) -> Doc<'a> {
        let category = match declaration.category {
            ExternKind::Builder => "extern builder ",
            ExternKind::Provisioner => "extern provisioner ",
            ExternKind::Post => "extern post ",
            ExternKind::Options => "extern options ",
        };
        let open = self.trivia.behind(self.trivia.end(declaration.kind.span), '{');
        let body = self.members(&declaration.body, open, self.inner_end(span), false, 0);
        concat([text(category), self.ident(&declaration.kind), text(" "), body])
    }
}

fn family(kind: &ItemKind) -> Family {
    match kind {
        ItemKind::Import(_) => Family::Import,
        ItemKind::Param(_) => Family::Param,
        ItemKind::Variable(_) | ItemKind::Secret(_) => Family::Late,
        ItemKind::Let(_) => Family::Let,
        ItemKind::Fn(_) => Family::Fn,
        ItemKind::Type(_) => Family::Type,
        ItemKind::Output(_) => Family::Output,
        _ => Family::Block,
    }
}

/// One empty line between items, except between one-line items of one family that were written together; and one below
/// the documentation of the file.
fn separate(rows: &mut [Row<'_>], families: Vec<Family>) {
    let short: Vec<bool> = rows.iter().map(|row| one_line(&row.body.whole(), WIDTH).is_some()).collect();
    for i in 0..rows.len() {
        let together = i.checked_sub(1).is_none_or(|above| {
            let family = families.get(i);
            // Comments at the end of the file stay where they are.
            family.is_none()
                || (short[above] && short[i] && families.get(above) == family && family != Some(&Family::Block))
        });
        let row = &mut rows[i];
        if !together {
            *row.lead.first_mut().map_or(&mut row.blank, |lead| &mut lead.blank) = true;
        }
        for k in 0..row.lead.len() {
            if row.lead[k].kind == CommentKind::FileDoc {
                match row.lead.get_mut(k + 1) {
                    Some(next) if next.kind == CommentKind::FileDoc => {}
                    Some(next) => next.blank = true,
                    None => row.blank = true,
                }
            }
        }
    }
}

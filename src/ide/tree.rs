//! A walk over a file's syntax tree, node by node: what stands around a place, what can be folded, what has a name.
//!
//! It knows the shape of the tree, not what it is walked for, and nothing of meaning.

use crate::syntax::ast::{
    Arg, Axis, Binding, Block, Cell, CellKind, Element, Entry, Expr, ExprKind, File, Function, ImageItem, Item,
    ItemKind, MatrixItem, Member, Parameter, Pattern, Text, TextPart, Type, TypeKind,
};
use crate::text::Span;

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An item of the file.
    Item(&'a Item),
    /// A statement of an image or group.
    Statement(&'a ImageItem),
    /// A statement of a matrix.
    Step(&'a MatrixItem),
    /// A block with options, also a link of a chain.
    Block(&'a Block),
    /// An entry of a block or record.
    Entry(&'a Entry),
    /// A member of an `extern` or record type.
    Member(&'a Member),
    /// A parameter.
    Parameter(&'a Parameter),
    /// An argument.
    Arg(&'a Arg),
    /// A cell of a table.
    Cell(&'a Cell),
    /// An expression.
    Expr(&'a Expr),
    /// A text that is no expression: a label, a reason, a path.
    Text(&'a Text),
    /// A type.
    Type(&'a Type),
}

impl Node<'_> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Node::Item(item) => item.span,
            Node::Statement(item) => statement_span(item),
            Node::Step(item) => match item {
                MatrixItem::Axis(axis) => axis.span,
                MatrixItem::Let(binding) => binding.span,
                MatrixItem::Exclude(exclude) => exclude.span,
                MatrixItem::Bad(span) => *span,
            },
            Node::Block(block) => block.span,
            Node::Entry(entry) => match entry {
                Entry::Field { span, .. } | Entry::Spread { span, .. } | Entry::Bad(span) => *span,
            },
            Node::Member(member) => match member {
                Member::Field(field) => field.span,
                Member::Rule(rule) => rule.span,
                Member::Include(_, span) | Member::Fact { span, .. } | Member::Unique { span, .. } => *span,
                Member::Bad(span) => *span,
            },
            Node::Parameter(parameter) => parameter.span,
            Node::Arg(arg) => arg.name.as_ref().map_or(arg.value.span, |name| name.span.to(arg.value.span)),
            Node::Cell(cell) => cell.span,
            Node::Expr(expr) => expr.span,
            Node::Text(text) => text.span,
            Node::Type(ty) => ty.span,
        }
    }
}

fn statement_span(item: &ImageItem) -> Span {
    match item {
        ImageItem::Matrix(matrix) => matrix.span,
        ImageItem::Let(binding) => binding.span,
        ImageItem::Name { span, .. } | ImageItem::Retain { span, .. } | ImageItem::Bad(span) => *span,
        ImageItem::Block(block) => block.span,
        ImageItem::Use(r#use) => r#use.span,
        ImageItem::Post(post) => post.span,
    }
}

/// Calls `see` with every node, outer ones first. What `see` says no to is not entered.
pub fn walk<'a>(file: &'a File, see: &mut dyn FnMut(Node<'a>) -> bool) {
    for item in &file.items {
        Walk { see }.item(item);
    }
}

/// The nodes around a place, the outermost first; a place right behind a node counts as in it.
pub fn around(file: &File, offset: u32) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    walk(file, &mut |node| {
        let span = node.span();
        let inside = span.start <= offset && offset <= span.end;
        if inside {
            found.push(node);
        }
        inside
    });
    // Of two neighbours that meet at the place both were taken; the later one counts.
    let mut nested: Vec<Node<'_>> = Vec::new();
    for node in found {
        while nested.last().is_some_and(|outer| {
            let (outer, inner) = (outer.span(), node.span());
            inner.start < outer.start || inner.end > outer.end
        }) {
            nested.pop();
        }
        nested.push(node);
    }
    nested
}

struct Walk<'s, 'a> {
    see: &'s mut dyn FnMut(Node<'a>) -> bool,
}

impl<'a> Walk<'_, 'a> {
    fn item(&mut self, item: &'a Item) {
        if !(self.see)(Node::Item(item)) {
            return;
        }
        match &item.kind {
            ItemKind::Import(import) => self.text(&import.path),
            ItemKind::Param(b) | ItemKind::Variable(b) | ItemKind::Secret(b) | ItemKind::Let(b) => self.binding(b),
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Type(item) => self.ty(&item.ty),
            ItemKind::Table(table) => {
                table.columns.iter().for_each(|column| self.ty(&column.ty));
                table.rows.iter().flat_map(|row| &row.cells).for_each(|cell| self.cell(cell));
            }
            ItemKind::Image(image) => image.body.iter().for_each(|statement| self.statement(statement)),
            ItemKind::Group(group) => {
                group.params.iter().for_each(|parameter| self.parameter(parameter));
                group.body.iter().for_each(|statement| self.statement(statement));
            }
            ItemKind::Policy(policy) => {
                policy.when.iter().for_each(|when| self.expr(when));
                for require in &policy.requires {
                    self.expr(&require.condition);
                    self.expr(&require.message);
                }
            }
            ItemKind::Output(output) => {
                self.text(&output.file);
                self.expr(&output.value);
            }
            ItemKind::Extern(item) => item.body.iter().for_each(|member| self.member(member)),
            ItemKind::Bad => {}
        }
    }

    fn binding(&mut self, binding: &'a Binding) {
        binding.ty.iter().for_each(|ty| self.ty(ty));
        binding.value.iter().for_each(|value| self.expr(value));
    }

    fn function(&mut self, function: &'a Function) {
        function.params.iter().for_each(|parameter| self.parameter(parameter));
        function.result.iter().for_each(|ty| self.ty(ty));
        self.expr(&function.body);
    }

    fn parameter(&mut self, parameter: &'a Parameter) {
        if (self.see)(Node::Parameter(parameter)) {
            self.ty(&parameter.ty);
            parameter.default.iter().for_each(|default| self.expr(default));
        }
    }

    fn cell(&mut self, cell: &'a Cell) {
        if (self.see)(Node::Cell(cell))
            && let CellKind::Literal(literal) = &cell.kind
        {
            self.expr(literal);
        }
    }

    fn statement(&mut self, item: &'a ImageItem) {
        if !(self.see)(Node::Statement(item)) {
            return;
        }
        match item {
            ImageItem::Matrix(matrix) => matrix.items.iter().for_each(|step| self.step(step)),
            ImageItem::Let(binding) => self.binding(binding),
            ImageItem::Name { value, .. } => self.expr(value),
            ImageItem::Block(block) => self.block(block),
            ImageItem::Use(r#use) => {
                self.args(&r#use.args);
                r#use.when.iter().for_each(|when| self.expr(when));
            }
            ImageItem::Post(post) => {
                post.when.iter().for_each(|when| self.expr(when));
                post.links.iter().for_each(|link| self.block(link));
            }
            ImageItem::Retain { body, .. } => self.entries(body),
            ImageItem::Bad(_) => {}
        }
    }

    fn step(&mut self, item: &'a MatrixItem) {
        if !(self.see)(Node::Step(item)) {
            return;
        }
        match item {
            MatrixItem::Axis(Axis { source, .. }) => self.expr(source),
            MatrixItem::Let(binding) => self.binding(binding),
            MatrixItem::Exclude(exclude) => {
                self.expr(&exclude.when);
                exclude.because.iter().for_each(|because| self.text(because));
            }
            MatrixItem::Bad(_) => {}
        }
    }

    fn block(&mut self, block: &'a Block) {
        if (self.see)(Node::Block(block)) {
            block.label.iter().for_each(|label| self.text(label));
            block.when.iter().for_each(|when| self.expr(when));
            self.entries(&block.body);
        }
    }

    fn entries(&mut self, entries: &'a [Entry]) {
        for entry in entries {
            if (self.see)(Node::Entry(entry))
                && let Entry::Field { value, .. } | Entry::Spread { value, .. } = entry
            {
                self.expr(value);
            }
        }
    }

    fn args(&mut self, args: &'a [Arg]) {
        for arg in args {
            if (self.see)(Node::Arg(arg)) {
                self.expr(&arg.value);
            }
        }
    }

    fn text(&mut self, text: &'a Text) {
        if (self.see)(Node::Text(text)) {
            self.interpolations(text);
        }
    }

    fn interpolations(&mut self, text: &'a Text) {
        for part in &text.parts {
            if let TextPart::Interpolation(expr) = part {
                self.expr(expr);
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        if !(self.see)(Node::Expr(expr)) {
            return;
        }
        match &expr.kind {
            ExprKind::Text(text) => self.interpolations(text),
            ExprKind::Field(base, _) | ExprKind::Unary(_, base) | ExprKind::Paren(base) => self.expr(base),
            ExprKind::Index(base, args) | ExprKind::Call(base, args) => {
                self.expr(base);
                self.args(args);
            }
            ExprKind::Binary(_, _, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Match(subject, arms) => {
                self.expr(subject);
                for arm in arms {
                    for pattern in &arm.patterns {
                        if let Pattern::Literal(literal) = pattern {
                            self.expr(literal);
                        }
                    }
                    self.expr(&arm.value);
                }
            }
            ExprKind::List(elements) => {
                for element in elements {
                    match element {
                        Element::Value(value) | Element::Spread(value, _) => self.expr(value),
                    }
                }
            }
            ExprKind::Record(entries) => self.entries(entries),
            ExprKind::ForList(clause, value) => {
                self.expr(&clause.source);
                clause.condition.iter().for_each(|condition| self.expr(condition));
                self.expr(value);
            }
            ExprKind::ForRecord(clause, key, value) => {
                self.expr(&clause.source);
                clause.condition.iter().for_each(|condition| self.expr(condition));
                self.expr(key);
                self.expr(value);
            }
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_)
            | ExprKind::Size(_)
            | ExprKind::Regex(_)
            | ExprKind::Name(_)
            | ExprKind::Bad => {}
        }
    }

    fn member(&mut self, member: &'a Member) {
        if !(self.see)(Node::Member(member)) {
            return;
        }
        match member {
            Member::Field(field) => {
                self.ty(&field.ty);
                field.default.iter().for_each(|default| self.expr(default));
                [&field.since, &field.deprecated, &field.refused]
                    .into_iter()
                    .flatten()
                    .for_each(|text| self.text(text));
            }
            Member::Rule(rule) => {
                self.expr(&rule.condition);
                self.expr(&rule.message);
            }
            Member::Fact { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            Member::Include(..) | Member::Unique { .. } | Member::Bad(_) => {}
        }
    }

    fn ty(&mut self, ty: &'a Type) {
        if !(self.see)(Node::Type(ty)) {
            return;
        }
        match &ty.kind {
            TypeKind::List(inner)
            | TypeKind::Map(inner)
            | TypeKind::Optional(inner)
            | TypeKind::Late(inner)
            | TypeKind::Paren(inner)
            | TypeKind::Matches(inner, _) => self.ty(inner),
            TypeKind::Range(inner, low, high) => {
                self.ty(inner);
                low.iter().chain(high).for_each(|end| self.expr(end));
            }
            TypeKind::Union(members) => members.iter().for_each(|member| self.ty(member)),
            TypeKind::Record(members) => members.iter().for_each(|member| self.member(member)),
            TypeKind::Literal(literal) => self.expr(literal),
            TypeKind::Name(_) | TypeKind::Template(_) | TypeKind::Bad => {}
        }
    }
}

//! Images and groups: the matrix opens the scope, then the lets, then the blocks.

use super::hir::{Axis, Block, Exclude, Image, MatrixStep, Post, Step, Use};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use super::{Lowerer, hir};
use crate::load::prelude;
use crate::syntax::ast::{self, BlockKind, ExternKind, ImageItem, MatrixItem};
use crate::text::Span;

impl<'a> Lowerer<'a> {
    /// Lowers an image.
    pub(super) fn image(&mut self, module: usize, item: &'a ast::Image, index: usize) {
        let mut scope = Scope::new(module);
        let mut image = self.program.images[index].clone();
        for statement in &item.body {
            if let ImageItem::Matrix(matrix) = statement {
                image.matrix_span = Some(matrix.keyword);
                for step in &matrix.items {
                    self.matrix_item(&mut scope, &mut image, step);
                }
            }
        }
        for statement in &item.body {
            if let ImageItem::Let(binding) = statement {
                self.column_let(&mut scope, &mut image, binding);
            }
        }
        for statement in &item.body {
            self.image_item(&mut scope, &mut image, statement);
        }
        self.program.images[index] = image;
    }

    fn matrix_item(&mut self, scope: &mut Scope, image: &mut Image, item: &'a MatrixItem) {
        match item {
            MatrixItem::Axis(axis) => {
                let source = self.expr(scope, &axis.source);
                let mut locals = Vec::new();
                for name in &axis.names {
                    locals.push(self.column(scope, image, name));
                }
                let (names, columns, span) = (axis.names.clone(), axis.columns, axis.span);
                image.matrix.push(MatrixStep::Axis(Axis { locals, names, columns, source, span }));
            }
            MatrixItem::Let(binding) => self.column_let(scope, image, binding),
            MatrixItem::Exclude(exclude) => {
                let when = self.expr(scope, &exclude.when);
                let because = exclude.because.as_ref().map(|b| self.plain_text(b, "a reason"));
                image.matrix.push(MatrixStep::Exclude(Exclude { when, because, span: exclude.span }));
            }
            MatrixItem::Bad(_) => {}
        }
    }

    fn column_let(&mut self, scope: &mut Scope, image: &mut Image, binding: &'a ast::Binding) {
        let ty = binding.ty.as_ref().map(|t| self.ty(scope.module, t));
        let value = self.optional_expr(scope, binding.value.as_ref(), binding.span);
        let local = self.column(scope, image, &binding.name);
        image.matrix.push(MatrixStep::Let { local, ty, value });
    }

    fn column(&mut self, scope: &mut Scope, image: &mut Image, name: &ast::Ident) -> u32 {
        if let Some(first) = scope.first(&name.name).and_then(|first| image.columns.get(first as usize)) {
            let problem = ResolveProblem::Duplicate {
                what: "axis or let",
                name: name.name.clone(),
                first: first.span,
                second: name.span,
            };
            self.report(problem);
        }
        image.columns.push(name.clone());
        self.bind(scope, name)
    }

    fn image_item(&mut self, scope: &mut Scope, image: &mut Image, item: &'a ImageItem) {
        match item {
            ImageItem::Matrix(_) | ImageItem::Let(_) | ImageItem::Bad(_) => {}
            ImageItem::Name { value, span } => {
                if let Some(first) = &image.name_value {
                    let (first, second) = (first.span, *span);
                    self.report(ResolveProblem::Duplicate { what: "the entry", name: "name".into(), first, second });
                }
                image.name_value = Some(self.expr(scope, value));
            }
            ImageItem::Block(block) => {
                let lowered = self.block(scope, block);
                match block.statement {
                    BlockKind::Builder => image.builders.push(lowered),
                    _ => image.steps.push(Step::Block(lowered)),
                }
            }
            ImageItem::Use(r#use) => {
                if let Some(lowered) = self.use_group(scope, r#use) {
                    image.steps.push(Step::Use(lowered));
                }
            }
            ImageItem::Post(post) => {
                let when = post.when.as_ref().map(|w| self.expr(scope, w));
                let links = post.links.iter().map(|link| self.block(scope, link)).collect();
                image.posts.push(Post { links, when, keyword: post.keyword });
            }
            ImageItem::Retain { body, .. } => image.retain.extend(self.entries(scope, body)),
        }
    }

    fn block(&mut self, scope: &mut Scope, block: &'a ast::Block) -> Block {
        let kind = self.kind_index(block);
        let label = block.label.as_ref().map(|l| self.plain_text(l, "a label"));
        let when = block.when.as_ref().map(|w| self.expr(scope, w));
        let body = self.entries(scope, &block.body);
        let last = block.label.as_ref().map_or(block.kind.span, |l| l.span);
        Block {
            statement: block.statement,
            kind,
            kind_name: block.kind.clone(),
            label,
            when,
            body,
            header: block.keyword.to(last),
            span: block.span,
        }
    }

    fn kind_index(&mut self, block: &ast::Block) -> Option<usize> {
        let category = block.statement.category();
        let name = &block.kind.name;
        if name.is_empty() {
            return None;
        }
        if let Some(index) = self.program.kinds.get_index_of(&(category, name.clone())) {
            self.mention(block.kind.span, Symbol::Kind(index));
            return Some(index);
        }
        let other = [ExternKind::Builder, ExternKind::Provisioner, ExternKind::Post].into_iter().find(|c| {
            *c != category
                && (prelude::file_of(*c, name).is_some() || self.program.kinds.contains_key(&(*c, name.clone())))
        });
        let (what, keyword) = match category {
            ExternKind::Builder => ("builder", "builder"),
            ExternKind::Post => ("post-processor", "post"),
            _ => ("provisioner", "provisioner"),
        };
        let help = match other {
            Some(ExternKind::Builder) => format!("`{name}` is a builder: write `builder {name}`"),
            Some(ExternKind::Post) => format!("`{name}` is a post-processor: write `post {name}`"),
            Some(_) => format!("`{name}` is a provisioner: write `provision {name}`"),
            None => format!("declare a plugin's kind with `extern {keyword} {name} {{ … }}`"),
        };
        let mut known: Vec<&str> = Vec::new();
        if other.is_none() && !self.problems.is_full() {
            known.extend(self.program.kinds.keys().filter(|(c, _)| *c == category).map(|(_, n)| n.as_str()));
            for kind in prelude::names(category) {
                known.push(kind);
            }
        }
        let near = self.nearest(name, known);
        self.report(ResolveProblem::Unknown {
            what,
            name: name.clone(),
            at: block.kind.span,
            nearest: near,
            help: Some(help),
        });
        None
    }

    fn use_group(&mut self, scope: &mut Scope, r#use: &'a ast::Use) -> Option<Use> {
        let when = r#use.when.as_ref().map(|w| self.expr(scope, w));
        let (home, name) = self.home(scope.module, &r#use.group)?;
        let Some((Def::Group(group), _)) = self.names[home].values.get(&name.name).copied() else {
            self.wrong_or_unknown("a group", home, &name.name, name.span, |d| matches!(d, Def::Group(_)));
            for arg in &r#use.args {
                self.expr(scope, &arg.value);
            }
            return None;
        };
        self.refer(Node::Group(group), name.span);
        self.mention(name.span, Def::Group(group));
        let params = self.group_params[group];
        let at = r#use.group.first().map_or(r#use.span, |g| g.span).to(name.span);
        let args = self.arrange(scope, &name.name, params, &r#use.args, at)?;
        Some(Use { group, args, when, span: r#use.span })
    }

    /// Lowers a group: it holds provisioners, tests and other groups, and nothing that belongs to one image.
    pub(super) fn group(&mut self, module: usize, item: &'a ast::Group, index: usize) {
        self.owner = Some(Node::Group(index));
        let (params, mut scope) = self.parameters(module, &item.params);
        let mut steps = Vec::new();
        for statement in &item.body {
            match statement {
                ImageItem::Block(block) if block.statement != BlockKind::Builder => {
                    steps.push(Step::Block(self.block(&mut scope, block)))
                }
                ImageItem::Use(r#use) => steps.extend(self.use_group(&mut scope, r#use).map(Step::Use)),
                ImageItem::Bad(_) => {}
                other => {
                    let (what, at) = describe(other);
                    let help = "a group holds `provision`, `test`, `cleanup` and `use`; the rest stands in the image";
                    self.report(ResolveProblem::Misplaced { what, place: "a group", at, help });
                }
            }
        }
        self.program.groups[index] = hir::Group { name: item.name.clone(), params, steps };
    }
}

fn describe(item: &ImageItem) -> (&'static str, Span) {
    match item {
        ImageItem::Matrix(m) => ("a matrix", m.keyword),
        ImageItem::Let(b) => ("a `let`", b.span),
        ImageItem::Name { span, .. } => ("a name", *span),
        ImageItem::Block(b) => ("a builder", b.keyword.to(b.kind.span)),
        ImageItem::Use(u) => ("a `use`", u.span),
        ImageItem::Post(p) => ("a post-processor", p.keyword),
        ImageItem::Retain { keyword, .. } => ("a `retain`", *keyword),
        ImageItem::Bad(span) => ("this", *span),
    }
}

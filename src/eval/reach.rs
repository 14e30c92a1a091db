//! Which images belong to a plan: those of the root file, and those that they and the outputs reach through lets, functions
//! and groups.
//!
//! It reads expressions and evaluates none: an image that a branch not taken names is built too.

use rustc_hash::FxHashSet;

use super::Evaluator;
use crate::resolve::hir::{Block, Entry, Expr, ExprKind, Image, MatrixStep, Parameter, Program, Step};
use crate::resolve::walk::each;

/// A search that follows everything once, however often it is named.
struct Reach<'p> {
    program: &'p Program,
    /// The images found, in the order in which they were met.
    images: Vec<usize>,
    known: FxHashSet<usize>,
    lets: FxHashSet<usize>,
    functions: FxHashSet<usize>,
    groups: FxHashSet<usize>,
}

impl Evaluator<'_> {
    /// The images of the plan, the root's first.
    pub(super) fn images_of_plan(&self) -> Vec<usize> {
        let program = self.program();
        let of_root = |i: &usize| Some(program.images[*i].name.span.file) == program.root;
        let images: Vec<usize> = (0..program.images.len()).filter(of_root).collect();
        let mut reach = Reach {
            program,
            known: images.iter().copied().collect(),
            images,
            lets: FxHashSet::default(),
            functions: FxHashSet::default(),
            groups: FxHashSet::default(),
        };
        let mut next = 0;
        reach.images_from(&mut next);
        // What an output names has to be built, also where no image needs it.
        program.outputs.iter().for_each(|output| reach.expr(&output.value));
        reach.images_from(&mut next);
        reach.images
    }
}

impl<'p> Reach<'p> {
    /// Follows the images that have been found and not been followed.
    fn images_from(&mut self, next: &mut usize) {
        while let Some(image) = self.images.get(*next) {
            self.image(&self.program.images[*image]);
            *next += 1;
        }
    }

    fn image(&mut self, image: &'p Image) {
        for step in &image.matrix {
            match step {
                MatrixStep::Axis(axis) => self.expr(&axis.source),
                MatrixStep::Let { value, .. } => self.expr(value),
                MatrixStep::Exclude(exclude) => self.expr(&exclude.when),
            }
        }
        image.name_value.iter().for_each(|name| self.expr(name));
        image.builders.iter().for_each(|block| self.block(block));
        for post in &image.posts {
            post.when.iter().for_each(|when| self.expr(when));
            post.links.iter().for_each(|link| self.block(link));
        }
        self.entries(&image.retain);
        self.steps(&image.steps);
    }

    /// Steps with the groups that they use, and those that these use.
    fn steps(&mut self, steps: &'p [Step]) {
        let mut open = vec![steps];
        while let Some(steps) = open.pop() {
            let mut used = Vec::new();
            for step in steps {
                match step {
                    Step::Block(block) => self.block(block),
                    Step::Use(r#use) => {
                        r#use.args.iter().flatten().chain(&r#use.when).for_each(|e| self.expr(e));
                        if self.groups.insert(r#use.group) {
                            let group = &self.program.groups[r#use.group];
                            self.defaults(&group.params);
                            used.push(&group.steps[..]);
                        }
                    }
                }
            }
            open.extend(used.into_iter().rev());
        }
    }

    fn block(&mut self, block: &'p Block) {
        block.when.iter().for_each(|when| self.expr(when));
        self.entries(&block.body);
    }

    fn entries(&mut self, entries: &'p [Entry]) {
        for entry in entries {
            match entry {
                Entry::Field { value, .. } | Entry::Spread { value, .. } => self.expr(value),
            }
        }
    }

    fn defaults(&mut self, params: &'p [Parameter]) {
        params.iter().filter_map(|p| p.default.as_ref()).for_each(|default| self.expr(default));
    }

    /// An expression with the lets and functions that it names, and those that these name.
    fn expr(&mut self, expr: &'p Expr) {
        let program = self.program;
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            each(expr, &mut |e| match e.kind {
                ExprKind::Image(image) if self.known.insert(image) => self.images.push(image),
                ExprKind::Let(index) if self.lets.insert(index) => open.push(&program.lets[index].value),
                ExprKind::CallFunction(index, _) if self.functions.insert(index) => {
                    let function = &program.functions[index];
                    open.extend(function.params.iter().filter_map(|p| p.default.as_ref()));
                    open.push(&function.body);
                }
                _ => {}
            });
        }
    }
}

//! What surrounds the builds in a plan: the images that belong to it, its outputs.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::Evaluator;
use super::expr::Outcome;
use super::frame::Frame;
use super::problem::EvalProblem;
use super::value::Value;
use crate::plan;
use crate::resolve::hir::{Entry, Expr, ExprKind, Image, MatrixStep, Step};
use crate::resolve::walk::{each, each_entry};
use crate::text::Span;

impl<'a> Evaluator<'a> {
    /// The root file's images and those that they reach by index, the root's first.
    pub(super) fn images_of_plan(&self) -> Vec<usize> {
        let program = self.program();
        let mut images: Vec<usize> =
            (0..program.images.len()).filter(|i| Some(program.images[*i].name.span.file) == program.root).collect();
        let mut next = 0;
        while next < images.len() {
            let mut reached = Vec::new();
            let mut seen = FxHashSet::default();
            each_expr(&program.images[images[next]], &mut |expr| self.reached(expr, &mut reached, &mut seen));
            self.reached_by_groups(
                &program.images[images[next]].steps,
                &mut reached,
                &mut seen,
                &mut FxHashSet::default(),
            );
            for image in reached {
                if !images.contains(&image) {
                    images.push(image);
                }
            }
            next += 1;
        }
        images
    }

    /// The images that an expression names, also through lets and functions.
    fn reached(&self, expr: &Expr, images: &mut Vec<usize>, seen: &mut FxHashSet<(bool, usize)>) {
        let mut bodies: Vec<&Expr> = vec![expr];
        while let Some(body) = bodies.pop() {
            let mut more: Vec<(bool, usize)> = Vec::new();
            each(body, &mut |e| match e.kind {
                ExprKind::Image(image) => images.push(image),
                ExprKind::Let(index) => more.push((true, index)),
                ExprKind::CallFunction(index, _) => more.push((false, index)),
                _ => {}
            });
            for (is_let, index) in more {
                if seen.insert((is_let, index)) {
                    let program = self.program();
                    bodies.push(if is_let { &program.lets[index].value } else { &program.functions[index].body });
                }
            }
        }
    }

    fn reached_by_groups(
        &self,
        steps: &[Step],
        images: &mut Vec<usize>,
        seen: &mut FxHashSet<(bool, usize)>,
        groups: &mut FxHashSet<usize>,
    ) {
        for step in steps {
            if let Step::Use(r#use) = step
                && groups.insert(r#use.group)
            {
                let group = &self.program().groups[r#use.group];
                for step in &group.steps {
                    if let Step::Block(block) = step {
                        each_entry(&block.body, &mut |e| self.reached(e, images, seen));
                    }
                }
                self.reached_by_groups(&group.steps, images, seen, groups);
            }
        }
    }

    /// The value of an output: what is written to a file is read by others.
    fn without_secrets(&self, value: Value, at: Span) -> Outcome {
        let mut variables = Vec::new();
        self.variables_in(&value.data, &mut variables);
        match variables.into_iter().find(|v| self.is_secret(*v)) {
            Some(secret) => {
                let secret = self.program().variables[secret].name.name.clone();
                Err(EvalProblem::SecretOutput { secret, at }.into())
            }
            None => Ok(value),
        }
    }

    /// The outputs, reduced to plain data with references to AMIs.
    pub(super) fn outputs(&self) -> Vec<plan::Output> {
        let mut outputs = Vec::new();
        let mut places: FxHashMap<&SmolStr, Span> = FxHashMap::default();
        for output in &self.program().outputs {
            let file = &output.file;
            if ![".json", ".tfvars", ".tfvars.json"].iter().any(|ending| file.name.ends_with(ending)) {
                self.warn(EvalProblem::OutputEnding { file: file.name.clone(), at: file.span });
                continue;
            }
            let first = *places.entry(&file.name).or_insert(file.span);
            if first != file.span {
                let file = file.name.clone();
                self.warn(EvalProblem::SameOutput { file, first, at: output.file.span });
                continue;
            }
            let value = self
                .eval(&output.value, &mut Frame::closed(false))
                .and_then(|value| self.without_secrets(value, output.value.span))
                .and_then(|value| self.missing_ami(&value).map_or(Ok(value), |problem| Err(problem.into())))
                .and_then(|value| self.freeze(&value, None, &file.name, output.value.span));
            match value {
                Ok(value) => {
                    outputs.push(plan::Output { file: file.name.clone(), value, origin: self.origin(file.span) })
                }
                Err(stop) => self.stopped(&stop),
            }
        }
        outputs
    }
}

/// Calls `see` with every outermost expression of an image.
fn each_expr(image: &Image, see: &mut dyn FnMut(&Expr)) {
    for step in &image.matrix {
        match step {
            MatrixStep::Axis(axis) => see(&axis.source),
            MatrixStep::Let { value, .. } => see(value),
            MatrixStep::Exclude(exclude) => see(&exclude.when),
        }
    }
    image.name_value.iter().for_each(&mut *see);
    let blocks = image.builders.iter().chain(image.posts.iter().flat_map(|p| &p.links));
    for block in blocks {
        entries(&block.body, see);
    }
    for step in &image.steps {
        match step {
            Step::Block(block) => entries(&block.body, see),
            Step::Use(r#use) => r#use.args.iter().flatten().for_each(&mut *see),
        }
    }
}

fn entries(body: &[Entry], see: &mut dyn FnMut(&Expr)) {
    for entry in body {
        match entry {
            Entry::Field { value, .. } | Entry::Spread { value, .. } => see(value),
        }
    }
}

//! What surrounds the builds in a plan: the images that belong to it, its variables, its outputs.

use rustc_hash::FxHashSet;

use super::Evaluator;
use super::depend::{each, each_entry};
use super::expr::Outcome;
use super::frame::Frame;
use super::inputs::environment_name;
use super::problem::EvalProblem;
use super::value::{Data, Part, Text, Value};
use crate::plan;
use crate::resolve::hir::{Entry, Expr, ExprKind, Image, MatrixStep, Step};
use crate::text::Span;
use crate::ty::{Domain, Literal, Ty};

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

    /// The variables of the program.
    pub(super) fn plan_variables(&self) -> Vec<plan::Variable> {
        let mut variables = Vec::new();
        for (index, input) in self.program().variables.iter().enumerate() {
            let ty = self.checked.variables.get(index).map(Ty::early);
            let (form, list) = ty.as_ref().map_or((plan::Form::Text, false), form);
            variables.push(plan::Variable {
                name: input.name.name.clone(),
                doc: input.doc.clone(),
                default: input.default.as_ref().map_or(plan::VariableDefault::Required, |d| self.late_default(d, form)),
                secret: input.secret,
                ty: ty.map(|t| t.to_string().into()).unwrap_or_default(),
                form,
                list,
                origin: self.origin(input.name.span),
            });
        }
        variables
    }

    fn late_default(&self, default: &Expr, form: plan::Form) -> plan::VariableDefault {
        if let Some(name) = environment_name(default) {
            return plan::VariableDefault::Environment(name);
        }
        let value = match self.eval(default, &mut Frame::closed(false)) {
            Ok(value) => value,
            Err(stop) => {
                self.stopped(&stop);
                return plan::VariableDefault::Required;
            }
        };
        // A path is relative to the file that holds it, as in an option; an empty one says that there is none.
        let told = |text: plan::Text| {
            let path = form == plan::Form::Path && text.as_plain() != Some("");
            if path { self.rebase(text, default.span) } else { text }
        };
        match &value.data {
            Data::Null => plan::VariableDefault::Required,
            Data::Text(text) => plan::VariableDefault::Text(told(self.frozen_text(text))),
            // Packer's variables are strings: a list is joined as its `-var` expects it.
            Data::List(list) => {
                let texts = list.iter().filter_map(|v| v.display()).map(|t| told(plan::Text::Plain(t)));
                let joined: Vec<String> = texts.filter_map(|t| t.as_plain().map(str::to_owned)).collect();
                plan::VariableDefault::Text(plan::Text::Plain(joined.join(",").into()))
            }
            _ => plan::VariableDefault::Text(plan::Text::Plain(value.display().unwrap_or_default())),
        }
    }

    /// The value of an output: what is written to a file is read by others.
    fn without_secrets(&self, value: Value, at: Span) -> Outcome {
        let mut variables = Vec::new();
        variables_in(&value.data, &mut variables);
        match variables.into_iter().map(|v| &self.program().variables[v]).find(|v| v.secret) {
            Some(secret) => Err(EvalProblem::SecretOutput { secret: secret.name.name.clone(), at }.into()),
            None => Ok(value),
        }
    }

    /// The outputs, reduced to plain data with references to AMIs.
    pub(super) fn outputs(&self) -> Vec<plan::Output> {
        let mut outputs = Vec::new();
        for (index, output) in self.program().outputs.iter().enumerate() {
            let file = &output.file;
            if ![".json", ".tfvars", ".tfvars.json"].iter().any(|ending| file.name.ends_with(ending)) {
                self.warn(EvalProblem::OutputEnding { file: file.name.clone(), at: file.span });
                continue;
            }
            if let Some(first) = self.program().outputs[..index].iter().find(|o| o.file.name == file.name) {
                let (file, first) = (file.name.clone(), first.file.span);
                self.warn(EvalProblem::SameOutput { file, first, at: output.file.span });
                continue;
            }
            let value = self
                .eval(&output.value, &mut Frame::closed(false))
                .and_then(|value| self.without_secrets(value, output.value.span))
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

/// The variables that stand in a value.
fn variables_in(data: &Data, found: &mut Vec<usize>) {
    match data {
        Data::Variable(index) => found.push(*index),
        Data::Text(Text::Parts(parts)) => found.extend(parts.iter().filter_map(|p| match p {
            Part::Variable(index) => Some(*index),
            _ => None,
        })),
        Data::List(list) => list.iter().for_each(|v| variables_in(&v.data, found)),
        Data::Record(record) => record.values().for_each(|f| variables_in(&f.value.data, found)),
        _ => {}
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

/// What a value of the type is, and whether the type is a list of such.
fn form(ty: &Ty) -> (plan::Form, bool) {
    match ty {
        Ty::Named(named) => form(&named.ty),
        Ty::Optional(inner) | Ty::Late(inner) => form(inner),
        Ty::List(inner) => (form(inner).0, true),
        Ty::Union(members) => {
            let mut forms = members.iter().map(form);
            let first = forms.next().unwrap_or_default();
            if forms.all(|f| f == first) { first } else { Default::default() }
        }
        Ty::Range(range) => form(&range.base),
        Ty::Int | Ty::Number | Ty::Literal(Literal::Int(_)) => (plan::Form::Number, false),
        Ty::Bool | Ty::Literal(Literal::Bool(_)) => (plan::Form::Bool, false),
        Ty::Domain(Domain::Path) => (plan::Form::Path, false),
        _ => Default::default(),
    }
}

//! Plans as HCL2, for today's Packer.
//!
//! It knows the order of things in a template of HCL. `layout` knows its syntax, `text`, `action` and `value` what becomes of texts
//! and options, `variables` the variables, `evaluated` which of their defaults only the run knows, `names` the labels of sources,
//! `plugins` where kinds come from, `options` which options HCL has otherwise.

mod action;
mod evaluated;
mod layout;
mod names;
mod options;
mod plugins;
mod text;
mod value;
mod variables;

pub use variables::var_file;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::packer::{rendered_until_still, version_numbers};
use crate::plan::{Build, Builds, Chain, Origin, Plan, Setting, Step};
use crate::schema::{Category, Kinds};

use super::{Emit, Emitted, stand_in};
use crate::emit::losses::Losses;
use crate::emit::problem::Lost;
use crate::emit::shape::Shape;
use layout::{Body, Expr, quoted};
use text::{Place, Texts};
use value::Writer;

/// The first version of Packer that fetches plugins, has a cleanup in HCL, and hides locals.
const WITH_PLUGINS: &str = "1.7.0";

/// The plan as HCL2. The same plan gives the same bytes. `plugins` says whether the template demands its plugins.
pub fn packer_hcl(plan: &Plan, kinds: &Kinds, how: &Emit, plugins: bool) -> Emitted {
    let known = stand_in::of(plan);
    let (program, plan) = (plan, &*known);
    let mut printer = Printer {
        plan,
        kinds,
        texts: Texts::new(plan, how),
        labels: names::labels(plan),
        losses: Losses::new(plan, &how.earlier, false),
    };
    printer.losses.stand_ins(program);
    let mut sources = Body::default();
    for (position, build) in plan.builds.iter().enumerate() {
        printer.source(&mut sources, position, build);
    }
    let build = printer.build();
    let variables = variables::declared(plan, &mut printer.texts, &mut printer.losses);
    let amis = variables::amis(printer.texts.edges.all());
    let mut head = Body::default();
    if !how.bare {
        let root = plan.files.first().map_or("a program", |f| f);
        head.comment(format!("Written by bakec {} from {root}: change that, not this.", env!("CARGO_PKG_VERSION")));
        head.gap();
    }
    printer.packer(&mut head, plugins);
    printer.losses.unsaid();
    let mut body = variables;
    body.append(amis);
    body.append(sources);
    body.append(build);
    head.append(body);
    let Printer { texts, losses, .. } = printer;
    let pieces = [head.text(), String::new(), String::new()];
    Emitted { pieces, edges: texts.edges.into_all(), problems: losses.into_all() }
}

struct Printer<'a> {
    plan: &'a Plan,
    kinds: &'a Kinds,
    texts: Texts<'a>,
    labels: Vec<SmolStr>,
    losses: Losses<'a>,
}

impl<'a> Printer<'a> {
    /// What has to be there: a version of Packer, and plugins.
    fn packer(&mut self, body: &mut Body, plugins: bool) {
        let (mut needed, mut unknown) = (Body::default(), Body::default());
        if plugins {
            let (mut known, mut told) = (Vec::new(), FxHashSet::default());
            for (category, kind, at) in self.kinds_by_place() {
                match plugins::origin(category, kind) {
                    plugins::Origin::Core => {}
                    plugins::Origin::Plugin(plugin) => known.push(plugin),
                    plugins::Origin::Unknown if told.insert(kind) => {
                        unknown
                            .comment(format!("The plugin with `{kind}` has to be added here, or installed by hand."));
                        self.losses.push(at, Lost::Plugin { kind: kind.clone() });
                    }
                    plugins::Origin::Unknown => {}
                }
            }
            known.sort_by_key(|p| p.name);
            known.dedup_by_key(|p| p.name);
            for plugin in known {
                let version = Expr::text(&format!(">= {}", plugin.version));
                let entries = vec![("source".into(), Expr::text(plugin.source)), ("version".into(), version)];
                needed.attribute(plugin.name, Expr::map(entries));
            }
            if !unknown.is_empty() {
                needed.append(unknown);
            }
        }
        let recent =
            !needed.is_empty() || !self.plan.cleanups.is_empty() || variables::has_hidden_local(self.plan, &self.texts);
        let versions = [self.plan.min_packer_version.as_deref(), recent.then_some(WITH_PLUGINS)];
        let Some(version) = versions.into_iter().flatten().max_by_key(|v| version_numbers(v)) else { return };
        let mut inner = Body::default();
        inner.attribute("required_version", Expr::text(&format!(">= {version}")));
        if !needed.is_empty() {
            inner.block("required_plugins".into(), needed);
        }
        body.block("packer".into(), inner);
    }

    /// The kinds of the plan and the first place of each, in the order of the plan.
    fn kinds_by_place(&self) -> Vec<(Category, &'a SmolStr, Origin)> {
        let plan = self.plan;
        let builders = plan.builds.iter().map(|b| (Category::Builder, &b.kind, b.origin));
        let cleanups = plan.cleanups.iter().take(1);
        let steps = plan.provisioners.iter().chain(cleanups).map(|s| (Category::Provisioner, &s.kind, s.origin));
        let posts = plan.posts.iter().flat_map(|c| &c.links).map(|s| (Category::Post, &s.kind, s.origin));
        let mut seen = FxHashSet::default();
        builders.chain(steps).chain(posts).filter(|(category, kind, _)| seen.insert((*category, *kind))).collect()
    }

    fn source(&mut self, body: &mut Body, position: usize, build: &Build) {
        let mut inner = Body::default();
        for (name, setting) in &build.options {
            self.option(&mut inner, (Category::Builder, &build.kind), name, setting, Place::Builder(&build.name));
        }
        body.block(format!("source {} {}", quoted(&build.kind), quoted(&self.labels[position])), inner);
    }

    fn build(&mut self) -> Body {
        let plan = self.plan;
        let mut body = Body::default();
        if plan.builds.is_empty() {
            return body;
        }
        let mut inner = Body::default();
        self.sources(&mut inner);
        for step in &plan.provisioners {
            self.step(&mut inner, "provisioner", step, Category::Provisioner);
        }
        if let Some(step) = self.losses.cleanup() {
            self.step(&mut inner, "error-cleanup-provisioner", step, Category::Provisioner);
        }
        for chain in &plan.posts {
            self.chain(&mut inner, chain);
        }
        body.block("build".into(), inner);
        body
    }

    /// The sources, all as a list where their labels are names of HCL, otherwise as blocks, which keep the order too.
    fn sources(&mut self, body: &mut Body) {
        let plan = self.plan;
        let reference = |build: &Build, label: &str| quoted(&format!("source.{}.{label}", build.kind));
        let builds = plan.builds.iter().zip(&self.labels);
        if builds.clone().all(|(build, label)| build.name == *label && layout::is_name(label)) {
            let list = builds.map(|(build, label)| Expr::Line(reference(build, label))).collect();
            body.attribute("sources", Expr::List(list));
            return;
        }
        let mut reported = FxHashSet::default();
        for (build, label) in builds {
            let mut inner = Body::default();
            if build.name != *label {
                inner.attribute("name", Expr::text(&build.name));
                if reported.insert(build.origin) {
                    let (name, label) = (build.name.clone(), label.clone());
                    self.losses.push(build.origin, Lost::Label { name, label });
                }
            }
            body.block(format!("source {}", reference(build, label)), inner);
        }
    }

    fn chain(&mut self, body: &mut Body, chain: &Chain) {
        if let [link] = &chain.links[..] {
            self.step(body, "post-processor", link, Category::Post);
            return;
        }
        let mut inner = Body::default();
        for link in &chain.links {
            self.step(&mut inner, "post-processor", link, Category::Post);
        }
        body.block("post-processors".into(), inner);
    }

    fn step(&mut self, body: &mut Body, block: &str, step: &Step, category: Category) {
        let plan = self.plan;
        let mut inner = Body::default();
        if let Builds::Only(builds) = &step.builds
            && builds.len() < plan.builds.len()
        {
            let builds = builds.iter().filter_map(|b| plan.builds.get(*b as usize));
            let names = builds.map(|b| Expr::Line(quoted(&format!("{}.{}", b.kind, b.name)))).collect();
            inner.attribute("only", Expr::List(names));
        }
        for (name, setting) in &step.options {
            match options::form(category, &step.kind, name) {
                options::Form::Same if self.is_merged(step, category, name) => {}
                options::Form::Same => self.option(&mut inner, (category, &step.kind), name, setting, Place::Step),
                options::Form::Json(text) => self.json(&mut inner, step, setting, text),
                options::Form::None => {
                    self.losses.push(setting.origin, Lost::Option { kind: step.kind.clone(), name: name.clone() });
                }
            }
        }
        body.block(format!("{block} {}", quoted(&step.kind)), inner);
    }

    /// Whether another option of the step is written into this one, and takes it along.
    fn is_merged(&self, step: &Step, category: Category, name: &str) -> bool {
        step.options.iter().any(|(other, _)| {
            matches!(options::form(category, &step.kind, other), options::Form::Json(text) if text == name)
        })
    }

    /// An option as JSON text in another one.
    fn json(&mut self, body: &mut Body, step: &Step, setting: &Setting, text: &str) {
        let mut writer = Writer { texts: &mut self.texts, place: Place::Step, braces: false };
        let value = writer.value(&setting.value, Shape::default());
        let given = step.options.iter().find(|(name, _)| name == text);
        let value = match given.map(|(_, setting)| writer.value(&setting.value, Shape::default())) {
            Some(given) => {
                let given = Expr::Call("jsondecode", Box::new(given)).inline();
                Expr::Line(format!("jsonencode(merge({}, {given}))", value.inline()))
            }
            None => Expr::Call("jsonencode", Box::new(value)),
        };
        body.attribute(text, value);
        self.losses.edges(setting.origin, self.texts.edges.met());
    }

    fn option(
        &mut self,
        body: &mut Body,
        (category, kind): (Category, &SmolStr),
        name: &str,
        setting: &Setting,
        place: Place<'_>,
    ) {
        let known = self.kinds.get(&(category, kind.clone()));
        let shape = known.and_then(|k| k.options.get(name)).map(Shape::of).unwrap_or_default();
        let mut writer = Writer { texts: &mut self.texts, place, braces: false };
        writer.option(body, name, &setting.value, shape);
        if writer.braces && rendered_until_still(kind, name) {
            self.losses.braces(setting.origin, name);
        }
        self.losses.edges(setting.origin, self.texts.edges.met());
    }
}

#[cfg(test)]
mod tests;

//! The plan, written from top to bottom.
//!
//! It knows the order of things in Packer's JSON. Plans are large and their builds share values: an option's text is made once
//! for each shared value and copied from then on.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::packer::{Edge, rendered_until_still};
use crate::plan::{Build, Builds, Chain, Plan, Setting, Step, VariableDefault};
use crate::schema::{Category, Kinds};

use crate::emit::Emit;
use crate::emit::edges::Edges;
use crate::emit::losses::Losses;
use crate::emit::paths::Paths;
use crate::emit::problem::EmitProblem;
use crate::emit::shape::Shape;
use crate::emit::text::{call, default, holds_braces};

use super::value::{Writer, new_line, string};

/// Spaces before the options of a builder.
const OPTION_INDENT: usize = 6;

pub(super) struct Printer<'a> {
    plan: &'a Plan,
    kinds: &'a Kinds,
    paths: &'a Paths,
    edges: Edges<'a>,
    losses: Losses<'a>,
    options: Options<'a>,
}

/// What is remembered of builders' options.
#[derive(Default)]
struct Options<'a> {
    slots: FxHashMap<(SmolStr, SmolStr), u32>,
    shapes: Vec<Shape<'a>>,
    /// The texts of shared values, one after the other.
    texts: String,
    /// Where in `texts` a value stands, by its address and slot.
    known: FxHashMap<(usize, u32), Range<usize>>,
    /// The options of the builder before: builders of one block mostly agree in names, order and values.
    last: Vec<Last>,
    last_kind: SmolStr,
}

/// An option of the builder before.
struct Last {
    name: SmolStr,
    slot: u32,
    address: usize,
    text: Range<usize>,
}

impl Options<'_> {
    fn remember(&mut self, position: usize, option: Last) {
        match self.last.get_mut(position) {
            Some(last) => *last = option,
            None => self.last.push(option),
        }
    }
}

impl<'a> Printer<'a> {
    pub(super) fn new(plan: &'a Plan, kinds: &'a Kinds, how: &'a Emit) -> Self {
        Printer {
            plan,
            kinds,
            paths: &how.paths,
            edges: Edges::new(plan, &how.edges),
            losses: Losses::new(plan, &how.earlier, !how.bare),
            options: Options::default(),
        }
    }

    pub(super) fn edges(&self) -> &[Edge] {
        self.edges.all()
    }

    /// Tells for which steps of the program others stand.
    pub(super) fn stand_ins(&mut self, program: &Plan) {
        self.losses.stand_ins(program);
    }

    pub(super) fn finish(self) -> (Vec<Edge>, Vec<EmitProblem>) {
        (self.edges.into_all(), self.losses.into_all())
    }

    /// Builders and all that follows them.
    pub(super) fn body(&mut self) -> String {
        let plan = self.plan;
        let mut out = String::with_capacity(self.plan.builds.len() * 512 + 256);
        out.push_str("  \"builders\": [");
        for (i, build) in plan.builds.iter().enumerate() {
            out.push_str(if i > 0 { ",\n    " } else { "\n    " });
            self.builder(&mut out, build);
        }
        out.push_str(if plan.builds.is_empty() { "]" } else { "\n  ]" });
        if !plan.provisioners.is_empty() {
            out.push_str(",\n  \"provisioners\": [");
            for (i, step) in plan.provisioners.iter().enumerate() {
                out.push_str(if i > 0 { ",\n    " } else { "\n    " });
                self.step(&mut out, step, Category::Provisioner, Some(4));
            }
            out.push_str("\n  ]");
        }
        if let Some(step) = self.losses.cleanup() {
            out.push_str(",\n  \"error-cleanup-provisioner\": ");
            self.step(&mut out, step, Category::Provisioner, Some(2));
        }
        if !plan.posts.is_empty() {
            out.push_str(",\n  \"post-processors\": [");
            for (i, chain) in plan.posts.iter().enumerate() {
                out.push_str(if i > 0 { ",\n    " } else { "\n    " });
                self.chain(&mut out, chain);
            }
            out.push_str("\n  ]");
        }
        out.push_str("\n}\n");
        self.losses.unsaid();
        out
    }

    /// What stands before the builders. The variables of edges are known once the body has been written.
    pub(super) fn head(&mut self) -> String {
        let plan = self.plan;
        let mut out = String::new();
        if let Some(version) = &plan.min_packer_version {
            out.push_str("  \"min_packer_version\": ");
            string(&mut out, version);
            out.push_str(",\n");
        }
        let mut entries = Vec::with_capacity(plan.variables.len());
        for variable in &plan.variables {
            let default = match &variable.default {
                VariableDefault::Required => None,
                VariableDefault::Environment(name) => Some(call("env", name)),
                VariableDefault::Text(text) => {
                    if holds_braces(text) {
                        self.losses.braces(variable.origin, &variable.name);
                    }
                    Some(default(variable, text, self.paths, &mut self.edges))
                }
            };
            self.losses.edges(variable.origin, self.edges.met());
            entries.push((variable.name.clone(), default));
        }
        entries.extend(self.edges.all().iter().map(|e| (e.variable.clone(), None)));
        if !entries.is_empty() {
            out.push_str("  \"variables\": {");
            for (i, (name, default)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { ",\n    " } else { "\n    " });
                string(&mut out, name);
                out.push_str(": ");
                match default {
                    Some(text) => string(&mut out, text),
                    None => out.push_str("null"),
                }
            }
            out.push_str("\n  },\n");
        }
        let mut secrets = plan.variables.iter().filter(|v| v.secret).peekable();
        if secrets.peek().is_some() {
            out.push_str("  \"sensitive-variables\": [");
            for (i, secret) in secrets.enumerate() {
                out.push_str(if i > 0 { ",\n    " } else { "\n    " });
                string(&mut out, &secret.name);
            }
            out.push_str("\n  ],\n");
        }
        out
    }

    /// A step as one line, for the comment.
    pub(super) fn step_line(&mut self, step: &Step) -> String {
        let mut out = String::new();
        self.step(&mut out, step, Category::Provisioner, None);
        out
    }

    fn builder(&mut self, out: &mut String, build: &'a Build) {
        out.push_str("{\n      \"name\": ");
        string(out, &build.name);
        out.push_str(",\n      \"type\": ");
        string(out, &build.kind);
        if self.options.last_kind != build.kind {
            self.options.last_kind = build.kind.clone();
            self.options.last.clear();
        }
        for (i, (name, setting)) in build.options.iter().enumerate() {
            out.push_str(",\n      ");
            self.option(out, i, &build.kind, name, setting);
        }
        out.push_str("\n    }");
    }

    fn option(&mut self, out: &mut String, position: usize, kind: &SmolStr, name: &SmolStr, setting: &'a Arc<Setting>) {
        let address = Arc::as_ptr(setting) as usize;
        let slot = match self.options.last.get(position) {
            Some(last) if last.name == *name => {
                if last.address == address {
                    out.push_str(&self.options.texts[last.text.clone()]);
                    return;
                }
                last.slot
            }
            _ => self.slot(kind, name),
        };
        let shape = self.options.shapes[slot as usize];
        if Arc::strong_count(setting) == 1 {
            self.entry(out, kind, name, setting, shape, Some(OPTION_INDENT));
            // No value lies at address 0.
            self.options.remember(position, Last { name: name.clone(), slot, address: 0, text: 0..0 });
            return;
        }
        let text = match self.options.known.get(&(address, slot)) {
            Some(text) => text.clone(),
            None => {
                let mut texts = std::mem::take(&mut self.options.texts);
                let start = texts.len();
                self.entry(&mut texts, kind, name, setting, shape, Some(OPTION_INDENT));
                let text = start..texts.len();
                self.options.texts = texts;
                self.options.known.insert((address, slot), text.clone());
                text
            }
        };
        out.push_str(&self.options.texts[text.clone()]);
        self.options.remember(position, Last { name: name.clone(), slot, address, text });
    }

    fn slot(&mut self, kind: &SmolStr, name: &SmolStr) -> u32 {
        let kinds = self.kinds;
        let options = &mut self.options;
        *options.slots.entry((kind.clone(), name.clone())).or_insert_with(|| {
            let kind = kinds.get(&(Category::Builder, kind.clone()));
            options.shapes.push(kind.and_then(|k| k.options.get(name)).map(Shape::of).unwrap_or_default());
            options.shapes.len() as u32 - 1
        })
    }

    /// `"name": value`
    fn entry(
        &mut self,
        out: &mut String,
        kind: &str,
        name: &str,
        setting: &Setting,
        shape: Shape<'_>,
        indent: Option<usize>,
    ) {
        string(out, name);
        out.push_str(if indent.is_some() { ": " } else { ":" });
        let mut writer = Writer { out, edges: &mut self.edges, paths: self.paths, braces: false, indent };
        writer.value(&setting.value, shape);
        if writer.braces && rendered_until_still(kind, name) {
            self.losses.braces(setting.origin, name);
        }
        self.losses.edges(setting.origin, self.edges.met());
    }

    fn step(&mut self, out: &mut String, step: &Step, category: Category, indent: Option<usize>) {
        let inner = indent.map(|i| i + 2);
        let next = |out: &mut String| {
            if let Some(indent) = inner {
                new_line(out, indent);
            }
        };
        let colon = if indent.is_some() { ": " } else { ":" };
        out.push('{');
        next(out);
        out.push_str("\"type\"");
        out.push_str(colon);
        string(out, &step.kind);
        if let Builds::Only(builds) = &step.builds
            && builds.len() < self.plan.builds.len()
        {
            out.push(',');
            next(out);
            out.push_str("\"only\"");
            out.push_str(colon);
            let plan = self.plan;
            let mut writer = Writer { out, edges: &mut self.edges, paths: self.paths, braces: false, indent: inner };
            writer.bracket('[', ']', builds, |writer, build| {
                string(writer.out, plan.builds.get(*build as usize).map_or("", |b| b.name.as_str()));
            });
        }
        let kind = self.kinds.get(&(category, step.kind.clone()));
        for (name, setting) in &step.options {
            out.push(',');
            next(out);
            let shape = kind.and_then(|k| k.options.get(name)).map(Shape::of).unwrap_or_default();
            self.entry(out, &step.kind, name, setting, shape, inner);
        }
        if let Some(indent) = indent {
            new_line(out, indent);
        }
        out.push('}');
    }

    fn chain(&mut self, out: &mut String, chain: &Chain) {
        if let [link] = &chain.links[..] {
            self.step(out, link, Category::Post, Some(4));
            return;
        }
        out.push('[');
        for (i, link) in chain.links.iter().enumerate() {
            out.push_str(if i > 0 { ",\n      " } else { "\n      " });
            self.step(out, link, Category::Post, Some(6));
        }
        out.push_str("\n    ]");
    }
}

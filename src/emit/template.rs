//! The plan through a user's Jinja template: other programs' files from the same source.
//!
//! `context` is what a template sees. It is a promise to users, told in the book, and built from the plan as its own JSON
//! says it, so that options have the shape that Packer reads. It knows no option.

use serde_json::{Map, Value as Json, json};
use smol_str::SmolStr;

use super::{Emit, packer_json};
use crate::diagnostic::{Diagnostic, code};
use crate::jinja::{Include, RenderError, Templates};
use crate::load::{LoadProblem, ReadError, World, join};
use crate::packer::document::{Place, Step};
use crate::packer::{COMMENT_KEY, Document, read};
use crate::plan::Plan;
use crate::schema::Kinds;
use crate::text::{FileId, Source, Sources, Span};

/// A template with all that it includes, read and parsed.
#[derive(Debug)]
pub struct Template {
    templates: Templates,
    files: Vec<FileId>,
}

impl Template {
    /// Reads a template and what it includes; the texts go into the sources.
    ///
    /// # Errors
    /// A file that cannot be read, or a mistake in its syntax.
    pub fn load(world: &dyn World, path: &str, sources: &mut Sources) -> Result<Self, Box<Diagnostic>> {
        let text =
            world.read(path).map_err(|error| Box::new(LoadProblem::unreadable(world, path, error, sources).into()))?;
        let mut include = |from: &str, name: &str| {
            let path = join(from, name);
            match world.read(&path) {
                Ok(text) => Include::File(path, text),
                Err(ReadError::NotFound) => Include::Missing,
                Err(error) => Include::Refused(format!("cannot read `{path}`: {}", error.words().0)),
            }
        };
        let gathered = Templates::gather(path, &text, &mut include);
        let (templates, error) = match gathered {
            Ok(templates) => (templates, None),
            Err((templates, error)) => (templates, Some(error)),
        };
        let files = templates.texts().map(|(path, text)| sources.add(Source::new(path, text))).collect();
        let template = Template { templates, files };
        match error {
            None => Ok(template),
            Some(error) => Err(Box::new(template.diagnostic(error))),
        }
    }

    /// The files that it is made of, the root first.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.templates.texts().map(|(path, _)| path)
    }

    /// Renders a plan.
    ///
    /// # Errors
    /// The first mistake that is met.
    pub fn render(
        &self,
        plan: &Plan,
        kinds: &Kinds,
        params: &[(SmolStr, Json)],
        how: &Emit,
    ) -> Result<String, Box<Diagnostic>> {
        let emitted = packer_json(plan, kinds, &Emit { bare: false, ..how.clone() }).text();
        let (document, problems) = read(FileId(0), &emitted);
        let whole: Json = serde_json::from_str(&emitted).unwrap_or_default();
        match document {
            Some(document) => self
                .templates
                .render(&context(&document, whole, params))
                .map_err(|error| Box::new(self.diagnostic(error))),
            None => Err(Box::new(problems.into_iter().next().unwrap_or_else(|| {
                Diagnostic::error(code::PACKER_SHAPE, "the plan could not be read again, which is a bug of bakec's")
            }))),
        }
    }

    fn diagnostic(&self, error: RenderError) -> Diagnostic {
        let file = self.files.get(error.file).copied().unwrap_or(FileId(0));
        Diagnostic::error(code::EMIT_TEMPLATE, error.what)
            .label(Span::new(file, error.range.start, error.range.end), "")
            .help_opt(error.help)
    }
}

/// What a template sees of a plan.
fn context(document: &Document, mut plan: Json, params: &[(SmolStr, Json)]) -> Json {
    if let Some(plan) = plan.as_object_mut() {
        plan.shift_remove(COMMENT_KEY);
    }
    // What a secret is stays out of all that a template can write.
    for secret in document.variables.iter().filter(|v| v.secret) {
        if let Some(default) = plan.get_mut("variables").and_then(|v| v.get_mut(&secret.name)) {
            *default = Json::Null;
        }
    }
    let builds: Vec<Json> = document
        .builds
        .iter()
        .map(|build| {
            let axes: Map<String, Json> = build.axes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            json!({
                "name": build.name,
                "image": build.image,
                "kind": build.kind,
                "axes": axes,
                "options": record(&build.options),
                "origin": place(build.origin.as_ref()),
            })
        })
        .collect();
    let variables: Vec<Json> = document
        .variables
        .iter()
        .map(|v| {
            let default = v.default.as_ref().filter(|_| !v.secret);
            json!({
                "name": v.name, "type": v.ty, "doc": v.doc, "secret": v.secret,
                "required": v.default.is_none(), "default": default,
            })
        })
        .collect();
    let images: Vec<Json> = document.images.iter().map(|(name, axes)| json!({ "name": name, "axes": axes })).collect();
    let outputs: Vec<Json> =
        document.outputs.iter().map(|(file, value)| json!({ "file": file, "value": value })).collect();
    let edges: Vec<Json> = document
        .edges
        .iter()
        .map(|(variable, build, region)| json!({ "variable": variable, "build": build, "region": region }))
        .collect();
    let params: Map<String, Json> = params.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let steps = |steps: &[Step]| -> Vec<Json> { steps.iter().map(|step| self::step(document, step)).collect() };
    let posts: Vec<Vec<Json>> = document.posts.iter().map(|chain| steps(chain)).collect();
    json!({
        "bakec": env!("CARGO_PKG_VERSION"),
        "file": document.files.first().map(|f| &**f),
        "images": images,
        "builds": builds,
        "params": params,
        "variables": variables,
        "provisioners": steps(&document.provisioners),
        "cleanups": steps(&document.cleanups),
        "tests": steps(&document.tests),
        "post_processors": posts,
        "outputs": outputs,
        "edges": edges,
        "min_packer_version": document.min_packer_version,
        "plan": plan,
    })
}

fn step(document: &Document, step: &Step) -> Json {
    let all = || document.builds.iter().map(|b| b.name.clone()).collect::<Vec<_>>();
    json!({
        "kind": step.kind,
        "label": step.label,
        "builds": step.builds.clone().unwrap_or_else(all),
        "options": record(&step.options),
        "origin": place(step.origin.as_ref()),
    })
}

fn record(options: &[(String, Json)]) -> Map<String, Json> {
    options.iter().cloned().collect()
}

fn place(place: Option<&Place>) -> Json {
    match place {
        Some(place) => json!({ "file": &*place.file, "line": place.line, "column": place.column }),
        None => Json::Null,
    }
}

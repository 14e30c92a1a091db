//! Reads a plan's file. Mistakes are told at their place; what a comment says is used where it belongs to the rest.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value as Json;

use super::document::{Build, CommentState, Document, Place, Step, Variable};
use super::problem::ReadProblem as P;
use super::{BuildNote, COMMENT_KEY, Comment, StepNote, digest, split};
use crate::diagnostic::Diagnostic;
use crate::json::{Key, Kind, Node, parse};
use crate::plan::{self, FORMAT};
use crate::text::suggest::nearest;
use crate::text::{FileId, Source, Span};

/// Reads a plan. Without a document there are problems that say why.
pub fn read(file: FileId, text: &str) -> (Option<Document>, Vec<Diagnostic>) {
    reading(file, text, None)
}

/// Reads a plan. What no comment places is placed in the file itself.
pub fn read_placed(file: FileId, path: &str, text: &str) -> (Option<Document>, Vec<Diagnostic>) {
    reading(file, text, Some(Source::new(path, text)))
}

fn reading(file: FileId, text: &str, source: Option<Source>) -> (Option<Document>, Vec<Diagnostic>) {
    let parsed = parse(file, text);
    if !parsed.problems.is_empty() {
        return (None, parsed.problems.into_iter().map(Into::into).collect());
    }
    let mut reader = Reader { problems: Vec::new(), names: Vec::new(), source };
    let document = parsed.value.and_then(|root| reader.document(&root, text));
    let problems: Vec<Diagnostic> = reader.problems.into_iter().map(Into::into).collect();
    (document.filter(|_| problems.is_empty()), problems)
}

/// The keys that a template may have, beside those that begin with `_`.
pub(super) const ROOT: &[&str] = &[
    "builders",
    "description",
    "error-cleanup-provisioner",
    "min_packer_version",
    "post-processors",
    "provisioners",
    "push",
    "sensitive-variables",
    "variables",
];

struct Reader {
    problems: Vec<P>,
    /// Names of the builds, in order.
    names: Vec<String>,
    /// The file, where what stands in it is placed.
    source: Option<Source>,
}

impl Reader {
    fn document(&mut self, root: &Node, text: &str) -> Option<Document> {
        let Some(members) = root.record() else {
            self.shape(root, "a plan", "a record");
            return None;
        };
        let Some(builders) = root.get("builders") else {
            let at = members.first().map_or(root.span, |(key, _)| key.span);
            self.problems.push(P::NoBuilders { at });
            return None;
        };
        for (key, _) in
            members.iter().filter(|(key, _)| !key.name.starts_with('_') && !ROOT.contains(&key.name.as_str()))
        {
            self.problems.push(P::UnknownKey { name: key.name.clone(), at: key.span });
        }
        let mut document = Document::default();
        let mut taken = FxHashSet::default();
        for builder in self.list(builders, "`builders`") {
            let Some(build) = self.build(builder) else { continue };
            if !taken.insert(build.name.clone()) {
                let at = builder.get("name").unwrap_or(builder).span;
                self.problems.push(P::SameName { name: build.name.clone(), at });
            }
            document.builds.push(build);
        }
        self.names = document.builds.iter().map(|b| b.name.clone()).collect();
        if let Some(version) = root.get("min_packer_version") {
            document.min_packer_version = self.text(version, "`min_packer_version`");
        }
        self.variables(root, &mut document);
        if let Some(list) = root.get("provisioners") {
            document.provisioners = self.steps(list, "`provisioners`");
        }
        if let Some(step) = root.get("error-cleanup-provisioner") {
            document.cleanups.extend(self.step(step, "`error-cleanup-provisioner`"));
        }
        for entry in root.get("post-processors").map(|l| self.list(l, "`post-processors`")).into_iter().flatten() {
            document.posts.push(match &entry.kind {
                Kind::List(_) => self.steps(entry, "a chain of `post-processors`"),
                _ => self.step(entry, "an entry of `post-processors`").into_iter().collect(),
            });
        }
        if let Some(comment) = root.get(COMMENT_KEY).and_then(Node::text) {
            document.comment = match self.comment(comment, text, &mut document) {
                Some(()) => CommentState::Valid,
                None => CommentState::Stale,
            };
        }
        Some(document)
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        node.list().unwrap_or_else(|| {
            self.shape(node, what, "a list");
            &[]
        })
    }

    fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        if node.text().is_none() {
            self.shape(node, what, "a text");
        }
        node.text().map(str::to_owned)
    }

    fn shape(&mut self, node: &Node, what: &str, expected: &'static str) {
        self.problems.push(P::Shape { what: what.into(), expected, found: node.describe(), at: node.span });
    }

    fn build(&mut self, node: &Node) -> Option<Build> {
        let (kind, members) = self.kind(node, "an entry of `builders`")?;
        let name = match node.get("name") {
            Some(name) => self.text(name, "`name`")?,
            None => kind.clone(),
        };
        let (options, places) = self.options(members, &["name", "type"]);
        let origin = self.place(node.span);
        Some(Build { name, kind, image: None, axes: Vec::new(), options, origin, places })
    }

    /// Where something stands in the file.
    fn place(&self, span: Span) -> Option<Place> {
        let source = self.source.as_ref()?;
        let (line, column) = source.line_column(span.start);
        Some(Place { file: source.path().clone(), line, column })
    }

    /// The members that are no words of the plan, and their places.
    fn options(&self, members: &[(Key, Node)], words: &[&str]) -> (Vec<(String, Json)>, Arc<[Place]>) {
        let own = || members.iter().filter(|(key, _)| !words.contains(&key.name.as_str()));
        let places = own().filter_map(|(key, _)| self.place(key.span)).collect();
        (own().map(|(key, node)| (key.name.clone(), node.plain())).collect(), places)
    }

    /// The `type` of a builder or step, and its members.
    fn kind<'n>(&mut self, node: &'n Node, what: &str) -> Option<(String, &'n [(Key, Node)])> {
        let Some(members) = node.record() else {
            self.shape(node, what, "a record");
            return None;
        };
        match node.get("type") {
            Some(kind) => Some((self.text(kind, "`type`")?, members)),
            None => {
                self.problems.push(P::NoType { what: what.into(), at: node.span });
                None
            }
        }
    }

    fn steps(&mut self, list: &Node, what: &str) -> Vec<Step> {
        let entry = format!("an entry of {what}");
        self.list(list, what).iter().filter_map(|node| self.step(node, &entry)).collect()
    }

    fn step(&mut self, node: &Node, what: &str) -> Option<Step> {
        // A post-processor without options may be written as its kind.
        if let Some(kind) = node.text() {
            let (kind, origin) = (kind.to_owned(), self.place(node.span));
            return Some(Step { kind, label: None, builds: None, options: Vec::new(), origin, places: Arc::new([]) });
        }
        let (kind, members) = self.kind(node, what)?;
        let mut builds = None;
        for key in ["only", "except"] {
            let Some(list) = node.get(key) else { continue };
            // One name may stand without a list.
            let list =
                if list.text().is_some() { std::slice::from_ref(list) } else { self.list(list, &format!("`{key}`")) };
            for name in list {
                self.known_build(key, name);
            }
            let named: FxHashSet<&str> = list.iter().filter_map(Node::text).collect();
            let within = builds.take().unwrap_or_else(|| self.names.clone());
            builds = Some(within.into_iter().filter(|n| named.contains(n.as_str()) == (key == "only")).collect());
        }
        let all = self.names.len();
        let builds = builds.filter(|b: &Vec<String>| b.len() < all);
        let (options, places) = self.options(members, &["type", "only", "except"]);
        Some(Step { kind, label: None, builds, options, origin: self.place(node.span), places })
    }

    fn known_build(&mut self, key: &str, node: &Node) {
        let Some(name) = self.text(node, &format!("a name in `{key}`")) else { return };
        if !self.names.contains(&name) {
            let near = nearest(&name, self.names.iter().map(String::as_str)).map(str::to_owned);
            self.problems.push(P::UnknownBuild { name, near, at: node.span });
        }
    }

    fn variables(&mut self, root: &Node, document: &mut Document) {
        let secrets: Vec<&str> = root
            .get("sensitive-variables")
            .map(|list| self.list(list, "`sensitive-variables`"))
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect();
        let Some(variables) = root.get("variables") else { return };
        let Some(members) = variables.record() else { return self.shape(variables, "`variables`", "a record") };
        for (key, node) in members {
            let default = match &node.kind {
                Kind::Null => None,
                Kind::Text(text) => Some(text.clone()),
                Kind::Number(written) => Some(written.clone()),
                Kind::Bool(bool) => Some(bool.to_string()),
                _ => {
                    self.shape(node, &format!("the variable `{}`", key.name), "a text or `null`");
                    continue;
                }
            };
            let secret = secrets.contains(&key.name.as_str());
            document.variables.push(Variable { name: key.name.clone(), default, secret, ty: None, doc: String::new() });
        }
    }

    /// Takes over what the comment says, if it belongs to the rest.
    fn comment(&mut self, comment: &str, text: &str, document: &mut Document) -> Option<()> {
        let (_, rest) = split(text)?;
        let comment: Comment<'_> = serde_json::from_str(comment).ok()?;
        if comment.digest != digest([rest]) || comment.format > FORMAT || comment.builds.len() != document.builds.len()
        {
            return None;
        }
        note_builds(&comment, document)?;
        self.note_steps(&comment, document)?;
        note_variables(&comment, document);
        note_rest(&comment, document);
        Some(())
    }

    /// Labels and places of steps; cleanups and tests stand in the comment whole.
    fn note_steps(&mut self, comment: &Comment<'_>, document: &mut Document) -> Option<()> {
        let noted = |step: &mut Step, note: &StepNote| {
            step.label = note.label.as_ref().map(|l| l.to_string());
            step.origin = origin(comment, &note.places);
            step.places = option_places(comment, &note.places, step.options.len());
        };
        let mut written = std::mem::take(&mut document.provisioners).into_iter();
        for note in &comment.provisioners {
            let mut step = match &note.step {
                Some(own) => {
                    written.by_ref().take(note.instead as usize).for_each(drop);
                    let parsed = parse(FileId(0), own.get());
                    self.step(&parsed.value?, "a step")?
                }
                None => written.next()?,
            };
            noted(&mut step, note);
            document.provisioners.push(step);
        }
        document.provisioners.extend(written);
        document.posts.iter_mut().flatten().zip(&comment.posts).for_each(|(step, note)| noted(step, note));
        for (notes, steps) in [(&comment.cleanups, &mut document.cleanups), (&comment.tests, &mut document.tests)] {
            steps.clear();
            for note in notes {
                let parsed = parse(FileId(0), note.step.as_ref()?.get());
                let mut step = self.step(&parsed.value?, "a step")?;
                noted(&mut step, note);
                steps.push(step);
            }
        }
        Some(())
    }
}

/// The first of the places of a note, which is that of its block.
fn origin(comment: &Comment<'_>, places: &[super::Place]) -> Option<Place> {
    let (file, line, column) = *places.first()?;
    Some(Place { file: comment.files.get(file as usize)?.clone(), line, column })
}

/// The places of a note behind the first, which are those of the options.
fn option_places(comment: &Comment<'_>, places: &[super::Place], options: usize) -> Arc<[Place]> {
    let found: Vec<Place> = places.get(1..).unwrap_or_default().iter().filter_map(|p| origin(comment, &[*p])).collect();
    if found.len() == options { found.into() } else { Arc::new([]) }
}

/// The image, axes and place of each build.
fn note_builds(comment: &Comment<'_>, document: &mut Document) -> Option<()> {
    // Builds of one block share its places.
    let mut blocks: Vec<Option<Arc<[Place]>>> = vec![None; comment.blocks.len()];
    for (build, BuildNote(image, block, axes)) in document.builds.iter_mut().zip(&comment.builds) {
        let image = comment.images.get(*image as usize)?;
        build.image = Some(image.name.to_string());
        build.axes = image.axes.iter().map(|a| a.to_string()).zip(axes.iter().cloned()).collect();
        if let (Some(places), Some(shared)) = (comment.blocks.get(*block as usize), blocks.get_mut(*block as usize)) {
            build.origin = origin(comment, places);
            let count = build.options.len();
            build.places = shared.get_or_insert_with(|| option_places(comment, places, count)).clone();
        }
    }
    Some(())
}

/// What is declared of each variable. Those that stand for AMIs of builds are taken away.
fn note_variables(comment: &Comment<'_>, document: &mut Document) {
    let edges: FxHashSet<&str> = comment.edges.iter().map(|e| e.variable.as_str()).collect();
    document.variables.retain(|v| !edges.contains(v.name.as_str()));
    let declared: FxHashMap<&str, &plan::Variable> = comment.variables.iter().map(|v| (v.name.as_str(), v)).collect();
    for variable in &mut document.variables {
        if let Some(declared) = declared.get(variable.name.as_str()) {
            variable.ty = Some(declared.ty.to_string());
            variable.doc = declared.doc.to_string();
            variable.secret |= declared.secret;
        }
    }
}

/// What stands in the comment only: files, images, outputs, what is retained, variables that stand for AMIs.
fn note_rest(comment: &Comment<'_>, document: &mut Document) {
    let variable_of = |ami: &plan::Ami| {
        let edge = comment.edges.iter().find(|e| e.ami == *ami);
        edge.map_or_else(|| format!("the AMI of `{}`", ami.build), |e| format!("{{{{user `{}`}}}}", e.variable))
    };
    document.files = comment.files.to_vec();
    document.images = comment
        .images
        .iter()
        .map(|image| (image.name.to_string(), image.axes.iter().map(|a| a.to_string()).collect()))
        .collect();
    document.outputs = comment.outputs.iter().map(|o| (o.file.to_string(), plain(&o.value, &variable_of))).collect();
    document.results = comment.outputs.to_vec();
    document.retain = comment
        .retain
        .iter()
        .filter_map(|retain| {
            let options = retain.options.iter().map(|(k, v)| (k.to_string(), plain(v, &variable_of)));
            Some((comment.images.get(retain.image as usize)?.name.to_string(), Json::Object(options.collect())))
        })
        .collect();
    document.edges = comment
        .edges
        .iter()
        .map(|e| (e.variable.to_string(), e.ami.build.to_string(), e.ami.region.as_ref().map(|r| r.to_string())))
        .collect();
}

/// A value of an output as JSON: what is not known yet is written as Packer writes it.
fn plain(value: &plan::Value, ami: &dyn Fn(&plan::Ami) -> String) -> Json {
    use plan::{Part, Text, Value};
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Int(int) | Value::Duration(int) => (*int).into(),
        Value::Number(number) => (*number).into(),
        Value::Size(size) => (*size).into(),
        Value::Text(Text::Plain(text)) | Value::Path(Text::Plain(text)) => text.as_str().into(),
        Value::Text(Text::Parts(parts)) | Value::Path(Text::Parts(parts)) => parts
            .iter()
            .map(|part| match part {
                Part::Chars(text) | Part::Action(text) => text.to_string(),
                Part::Variable(name) => format!("{{{{user `{name}`}}}}"),
                Part::Ami(one) => ami(one),
            })
            .collect::<String>()
            .into(),
        Value::List(items) => items.iter().map(|item| plain(item, ami)).collect(),
        Value::Record(fields) => Json::Object(fields.iter().map(|(k, v)| (k.to_string(), plain(v, ami))).collect()),
    }
}

#[cfg(test)]
mod tests;

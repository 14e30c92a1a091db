//! `build` blocks: which sources are built under which names, and the steps that follow.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Structure};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::import::draft::{Block as Made, Builder, Entry, Kind, Value};
use crate::text::{Span, suggest};

use super::body::laid_over;
use super::module::{At, inside};
use super::reference::name_of;
use super::{Place, Reader, Where, gaps};

/// One use of a source by a build.
pub(super) struct Use<'a> {
    /// Which build block it is of.
    pub(super) build: usize,
    pub(super) kind: String,
    pub(super) label: String,
    /// The name that the build gives it, or its label.
    pub(super) name: String,
    /// The block in which the build says more of it.
    pub(super) more: Option<(usize, &'a Block, Vec<String>)>,
    pub(super) span: Span,
}

impl<'a> Reader<'a> {
    pub(super) fn builds(&mut self) {
        let builds = std::mem::take(&mut self.module.builds);
        let labels: Vec<Option<String>> = builds.iter().map(|at| self.constant_of(at, "name")).collect();
        let mut uses: Vec<Use<'a>> = Vec::new();
        for (number, at) in builds.iter().enumerate() {
            self.uses(number, at, &mut uses);
        }
        self.unbuilt(builds.len(), &mut uses);
        let names = self.names(&uses, &labels);
        for (one, name) in uses.iter().zip(&names) {
            let label = labels.get(one.build).cloned().flatten();
            self.builder(one, name, label);
        }
        for (number, at) in builds.iter().enumerate() {
            self.build(number, at, &uses, &names, labels.get(number).cloned().flatten());
        }
    }

    fn constant_of(&mut self, at: &At<'a>, attribute: &str) -> Option<String> {
        let attribute = at.block.body.get_attribute(attribute)?;
        let value = self.value(&attribute.value, &Place::new(at.file, Where::Default)).ok()?;
        self.constant(&value)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The sources that a build uses, in Packer's order: those with blocks of their own come last.
    fn uses(&mut self, build: usize, at: &At<'a>, uses: &mut Vec<Use<'a>>) {
        let place = Place::new(at.file, Where::Default);
        let range = inside(at.block);
        let mut done = range.start;
        if let Some(attribute) = at.block.body.get_attribute("sources") {
            self.sources(build, &attribute.value, &place, uses);
        }
        for structure in &at.block.body {
            let here = structure.span().unwrap_or(done..done);
            let gap = gaps::comments(self.files[at.file].text, done..here.start.max(done));
            done = here.end;
            match structure {
                Structure::Block(block) if block.ident.as_str() == "source" => {
                    let span = self.span(&place, block);
                    let Some(reference) = block.labels.first() else { continue };
                    let Some((kind, label)) = self.source(reference.as_str(), span) else { continue };
                    let inner = At { file: at.file, block, comments: Vec::new() };
                    let name = self.constant_of(&inner, "name").unwrap_or_else(|| label.clone());
                    uses.push(Use { build, kind, label, name, more: Some((at.file, block, gap.above)), span });
                }
                _ => {}
            }
        }
    }

    fn sources(&mut self, build: usize, expression: &'a Expression, place: &Place<'a>, uses: &mut Vec<Use<'a>>) {
        let elements: Vec<&'a Expression> = match expression {
            Expression::Array(array) => array.iter().collect(),
            other => vec![other],
        };
        for element in elements {
            let span = self.span(place, element);
            let element = self.unwrapped(element);
            let reference = match element {
                Expression::Traversal(traversal) => {
                    let root = traversal.expr.as_variable().map(|r| r.as_str()).unwrap_or_default();
                    let names = traversal.operators.iter().filter_map(|o| name_of(o.value()));
                    std::iter::once(root).chain(names).collect::<Vec<_>>().join(".")
                }
                _ => match self.value(element, place).ok().and_then(|v| self.constant(&v)) {
                    Some(serde_json::Value::String(text)) => text,
                    Some(serde_json::Value::Array(texts)) => {
                        for text in texts.iter().filter_map(|t| t.as_str()) {
                            if let Some((kind, label)) = self.source(text, span) {
                                uses.push(Use { build, kind, name: label.clone(), label, more: None, span });
                            }
                        }
                        continue;
                    }
                    _ => {
                        self.lose(
                            "a source of the build",
                            "a source is named by a plain text, `source.kind.name`",
                            span,
                        );
                        continue;
                    }
                },
            };
            if let Some((kind, label)) = self.source(&reference, span) {
                uses.push(Use { build, kind, name: label.clone(), label, more: None, span });
            }
        }
    }

    /// The kind and label of a source that is declared.
    fn source(&mut self, reference: &str, span: Span) -> Option<(String, String)> {
        // Packer takes no offence at `sources.kind.name` either.
        let plain = match reference.split_once('.') {
            Some((_, rest)) if rest.contains('.') => rest,
            _ => reference,
        };
        let found = plain.split_once('.').map(|(kind, label)| (kind.to_owned(), label.to_owned()));
        if let Some(found) = found
            && self.module.sources.contains_key(&found)
        {
            return Some(found);
        }
        let known: Vec<String> = self.module.sources.keys().map(|(kind, label)| format!("{kind}.{label}")).collect();
        let why = match suggest::nearest(plain, known.iter().map(String::as_str)) {
            Some(near) => format!("no file that was read declares it; did you mean `source.{near}`?"),
            None => "no file that was read declares it".to_owned(),
        };
        self.lose(format!("the source `{reference}`"), why, span);
        None
    }

    /// Sources that no build uses. Where there is no build at all, some other file has it.
    fn unbuilt(&mut self, builds: usize, uses: &mut Vec<Use<'a>>) {
        let used: FxHashSet<(&str, &str)> = uses.iter().map(|u| (u.kind.as_str(), u.label.as_str())).collect();
        let left: Vec<(String, String, Span)> = self
            .module
            .sources
            .iter()
            .filter(|((kind, label), _)| !used.contains(&(kind.as_str(), label.as_str())))
            .map(|((kind, label), at)| (kind.clone(), label.clone(), self.files[at.file].place(at.block)))
            .collect();
        for (kind, label, span) in left {
            let what = format!("the source `{kind}.{label}`");
            if builds == 0 {
                let why = "no file that was read has a `build` for it; it is taken to be built, without steps";
                self.lose(what, why, span);
                uses.push(Use { build: 0, kind, name: label.clone(), label, more: None, span });
            } else {
                self.lose(what, "no `build` uses it, so Packer never builds it; it is left out", span);
            }
        }
    }

    /// The names of the builds: those of the sources, and longer ones where these do not tell builds apart.
    fn names(&mut self, uses: &[Use<'a>], labels: &[Option<String>]) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(uses.len());
        let mut called: FxHashMap<(Option<&str>, &str), usize> = FxHashMap::default();
        for one in uses {
            *called.entry((None, &one.name)).or_default() += 1;
            *called.entry((Some(&one.kind), &one.name)).or_default() += 1;
        }
        for one in uses {
            let alone = |kind| called.get(&(kind, one.name.as_str())) == Some(&1);
            let short = format!("{}.{}", one.kind, one.name);
            let name = match labels.get(one.build).and_then(Option::as_ref) {
                _ if alone(None) => one.name.clone(),
                Some(build) if !alone(Some(one.kind.as_str())) => format!("{build}.{short}"),
                _ => short,
            };
            if name != one.name {
                let why = format!("it is `{name}` here, for names tell all builds apart");
                self.lose(format!("the name `{}`", one.name), why, one.span);
            }
            names.push(name);
        }
        names
    }

    fn builder(&mut self, one: &Use<'a>, name: &str, build: Option<String>) {
        let Some(at) = self.module.sources.get(&(one.kind.clone(), one.label.clone())).cloned() else { return };
        let mut place = Place::new(at.file, Where::Builder);
        place.build = build;
        place.source = self.ami_source(at.block);
        let span = self.span(&place, at.block);
        let mut found = self.entries(at.block, &place, &["source_ami", "name"]);
        let mut comments = at.comments;
        let mut ami = (at.block, at.file);
        if let Some((file, block, above)) = &one.more {
            let mut place = Place { file: *file, ..place.clone() };
            if block.body.has_attribute("source_ami") {
                ami = (*block, *file);
                place.source = self.ami_source(block);
            }
            let more = self.entries(block, &place, &["name", "source_ami"]);
            comments.extend(above.iter().cloned());
            for entry in more.entries {
                let blocks = block.body.attributes().all(|attribute| attribute.key.as_str() != entry.key);
                match found.entries.iter_mut().find(|e| e.key == entry.key) {
                    Some(old) if blocks => also(old, entry),
                    Some(old) => *old = entry,
                    None => found.entries.push(entry),
                }
            }
            found.end.extend(more.end);
        }
        self.source_ami(ami.0, ami.1, &place, &mut found);
        if one.kind.starts_with("amazon-") && found.entries.iter().all(|e| e.key != "ssh_interface") {
            found.entries.iter_mut().for_each(private_ip);
        }
        let block = Made {
            kind: one.kind.clone(),
            options: found.entries,
            comments,
            end: found.end,
            span: Some(span),
            ..Made::default()
        };
        self.draft.builders.push(Builder { name: name.to_owned(), said: None, block });
    }
}

/// Blocks of a source that a build adds to those which it has: entries of maps, and elements of lists.
fn also(old: &mut Entry, more: Entry) {
    let list = |value: Value| match value.kind {
        Kind::List(values) => values,
        Kind::Record(_) => vec![value],
        _ => vec![Value::new(Kind::Spread(value.clone().into()), value.span)],
    };
    let is_map = old.key.ends_with("tags") || old.key == "filters";
    old.value = if is_map {
        laid_over(&old.value, &more.value)
    } else {
        let elements = list(old.value.clone()).into_iter().chain(list(more.value)).collect();
        Value::new(Kind::List(elements), old.value.span)
    };
    old.comments.extend(more.comments);
}

/// `ssh_private_ip`, which `packer hcl2_upgrade` leaves as it was, became a choice among several addresses.
fn private_ip(entry: &mut Entry) {
    if let ("ssh_private_ip", Kind::Bool(private)) = (entry.key.as_str(), &entry.value.kind) {
        entry.value = Value::text(if *private { "private_ip" } else { "public_ip" }, entry.value.span);
        entry.key = "ssh_interface".into();
    }
}

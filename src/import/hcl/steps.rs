//! Steps of a `build` block: provisioners and post-processors, for which builds they are, and what differs for some of them.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Structure};

use crate::import::draft::{Block as Made, Entry, Kind, Lost};
use crate::text::Span;

use super::body::Entries;
use super::build::Use;
use super::fold::value_of;
use super::module::{At, inside};
use super::order::Collection;
use super::pure;
use super::{Bound, Place, Reader, Where, Why, gaps};

/// Options that say what a step does.
const WORK: &[&str] = &[
    "inline",
    "script",
    "scripts",
    "command",
    "playbook_file",
    "source",
    "sources",
    "destination",
    "content",
    "only",
    "except",
];

/// Names such as `packer hcl2_upgrade` once left behind.
const BARE: &str = "a name in `only` or `except` without its kind";

/// Where a step stands.
struct Surroundings<'u> {
    uses: &'u [Use<'u>],
    build: usize,
    names: &'u [String],
}

impl<'a> Reader<'a> {
    /// The steps of a build.
    pub(super) fn build(
        &mut self,
        number: usize,
        at: &At<'a>,
        uses: &[Use<'a>],
        names: &[String],
        label: Option<String>,
    ) {
        let around = Surroundings { uses, build: number, names };
        let own: Vec<usize> = (0..uses.len()).filter(|i| uses[*i].build == number).collect();
        let plain = own.iter().all(|i| names[*i] == uses[*i].name);
        let mut place = Place::new(at.file, Where::Step(plain));
        place.build = label;
        let range = inside(at.block);
        let mut waiting = at.comments.clone();
        let mut done = range.start;
        for structure in &at.block.body {
            let here = structure.span().unwrap_or(done..done);
            let gap = gaps::comments(self.files[at.file].text, done..here.start.max(done));
            waiting.extend(gap.behind);
            waiting.extend(gap.above);
            done = here.end;
            let span = self.span(&place, structure);
            match structure {
                Structure::Attribute(attribute) => match attribute.key.as_str() {
                    "sources" | "name" => {}
                    "description" => {
                        let said = self.value(&attribute.value, &place).ok().and_then(|v| self.constant(&v));
                        let lines = said.as_ref().and_then(|t| t.as_str()).unwrap_or_default().trim().lines();
                        self.draft.doc.extend(lines.map(str::to_owned));
                    }
                    other => {
                        self.lose(format!("`{other}` of the build"), "builds of Packer's have no such thing", span)
                    }
                },
                Structure::Block(block) => self.part(block, &place, &around, &mut waiting, span),
            }
        }
        let gap = gaps::comments(self.files[at.file].text, done..range.end.max(done));
        self.draft.end.extend(waiting);
        self.draft.end.extend(gap.behind);
        self.draft.end.extend(gap.above);
    }

    fn part(
        &mut self,
        block: &'a Block,
        place: &Place<'a>,
        around: &Surroundings<'_>,
        waiting: &mut Vec<String>,
        span: Span,
    ) {
        match block.ident.as_str() {
            "dynamic" => {
                let comments = std::mem::take(waiting);
                if let Err(why) = self.dynamic_step(block, place, around, comments, span) {
                    let text = self.files[place.file].text.get(span.range()).unwrap_or("");
                    waiting.push(format!("import: {}", why.why));
                    waiting.extend(text.lines().map(|line| format!("    {line}")));
                    self.lose("a `dynamic` step", why.why, why.span);
                }
            }
            // Its comments stand at the builder.
            "source" => waiting.clear(),
            "provisioner" => {
                let step = self.step(block, place, around, std::mem::take(waiting));
                self.draft.provisioners.extend(step);
            }
            "error-cleanup-provisioner" => {
                let step = self.step(block, place, around, std::mem::take(waiting));
                self.draft.cleanups.extend(step);
            }
            "post-processor" => {
                let step = self.step(block, place, around, std::mem::take(waiting));
                self.draft.posts.extend(step.map(|step| vec![step]));
            }
            "post-processors" => {
                let mut chain = Vec::new();
                let mut comments = std::mem::take(waiting);
                let range = inside(block);
                let mut done = range.start;
                for attribute in block.body.attributes() {
                    let what = format!("`{}` of the post-processors", attribute.key.as_str());
                    self.lose(what, "a chain has no options, its links have", self.span(place, attribute));
                }
                for link in block.body.blocks() {
                    let here = link.span().unwrap_or(done..done);
                    let gap = gaps::comments(self.files[place.file].text, done..here.start.max(done));
                    comments.extend(gap.behind);
                    comments.extend(gap.above);
                    done = here.end;
                    chain.extend(self.step(link, place, around, std::mem::take(&mut comments)));
                }
                let gap = gaps::comments(self.files[place.file].text, done..range.end.max(done));
                waiting.extend(comments);
                waiting.extend(gap.behind);
                waiting.extend(gap.above);
                if !chain.is_empty() {
                    self.draft.posts.push(chain);
                }
            }
            "hcp_packer_registry" => {
                let written = self.files[place.file].written(span);
                waiting.push(format!("import: {written}"));
                self.lose("`hcp_packer_registry`", "bakec does not tell HashiCorp's registry of images", span);
            }
            other => {
                self.lose(format!("the block `{other}` of the build"), "builds of Packer's have no such block", span)
            }
        }
    }

    /// A `dynamic` block of steps: a step for each element of what is known now.
    fn dynamic_step(
        &mut self,
        block: &'a Block,
        place: &Place<'a>,
        around: &Surroundings<'_>,
        mut comments: Vec<String>,
        span: Span,
    ) -> Result<(), Why> {
        let fail = |why: &str| Why { why: why.to_owned(), span };
        let word = block.labels.first().map(|l| l.as_str()).unwrap_or_default();
        let body = &block.body;
        let labels = body.get_attribute("labels").ok_or_else(|| fail("its `labels` say of what kind a step is"))?;
        let labels = self.value(&labels.value, place)?;
        let kind = self.constant(&labels).and_then(|l| l.get(0)?.as_str().map(str::to_owned));
        let kind = kind.ok_or_else(|| fail("the kind of a step is a plain text"))?;
        let over = body.get_attribute("for_each").ok_or_else(|| fail("a `dynamic` block has a `for_each`"))?;
        let Collection { over, set } = self.collection(&over.value, place)?;
        let content = body.get_blocks("content").next().ok_or_else(|| fail("a `dynamic` block has a `content`"))?;
        let iterator = body.get_attribute("iterator").and_then(|a| a.value.as_variable()).map_or(word, |i| i.as_str());
        let elements: Vec<(serde_json::Value, serde_json::Value)> = match self.constant(&over) {
            Some(serde_json::Value::Array(values)) if set => values.into_iter().map(|v| (v.clone(), v)).collect(),
            Some(serde_json::Value::Array(values)) => {
                values.into_iter().enumerate().map(|(i, v)| (i.into(), v)).collect()
            }
            Some(serde_json::Value::Object(members)) => {
                pure::sorted(members).into_iter().map(|(k, v)| (k.into(), v)).collect()
            }
            _ => return Err(fail("which steps there are depends on variables; write one with `when` for each")),
        };
        for (key, value) in elements {
            let known = Some((value_of(&key, span), value_of(&value, span)));
            let mut inner = place.clone();
            let name = iterator.to_owned();
            inner.bound.push(Bound { name, key: None, value: None, over: None, stands: None, iterator: true, known });
            let step = self.step_of(kind.clone(), content, &inner, around, std::mem::take(&mut comments));
            match word {
                "provisioner" => self.draft.provisioners.extend(step),
                "post-processor" => self.draft.posts.extend(step.map(|step| vec![step])),
                "error-cleanup-provisioner" => self.draft.cleanups.extend(step),
                _ => return Err(fail("steps are `provisioner`s and `post-processor`s")),
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        block: &'a Block,
        place: &Place<'a>,
        around: &Surroundings<'_>,
        comments: Vec<String>,
    ) -> Option<Made> {
        match block.labels.first().map(|l| l.as_str().to_owned()) {
            Some(kind) => self.step_of(kind, block, place, around, comments),
            None => {
                let span = self.span(place, block);
                self.lose(format!("a `{}`", block.ident.as_str()), "it does not say of what kind it is", span);
                None
            }
        }
    }

    fn step_of(
        &mut self,
        kind: String,
        block: &'a Block,
        place: &Place<'a>,
        around: &Surroundings<'_>,
        comments: Vec<String>,
    ) -> Option<Made> {
        let span = self.span(place, block);
        let own: Vec<usize> = (0..around.uses.len()).filter(|i| around.uses[*i].build == around.build).collect();
        let only = self.builds_named(block, "only", place, around);
        let except = self.builds_named(block, "except", place, around);
        let taken: Vec<usize> = own
            .iter()
            .copied()
            .filter(|i| only.as_ref().is_none_or(|only| only.contains(i)))
            .filter(|i| except.as_ref().is_none_or(|except| !except.contains(i)))
            .collect();
        if taken.is_empty() {
            self.lose(format!("the step `{kind}`"), "it applies to no build, so it never runs; it is left out", span);
            return None;
        }
        // The AMI of a step is that of its builds, if it is one for all of them.
        let mut sources = taken.iter().map(|i| {
            let at = self.module.sources.get(&(around.uses[*i].kind.clone(), around.uses[*i].label.clone()));
            at.and_then(|at| self.ami_source(at.block))
        });
        let first = sources.next().flatten();
        let place = &Place { source: first.filter(|first| sources.all(|s| s == Some(*first))), ..place.clone() };
        let before = self.draft.lost.len();
        // The name of a post-processor is an option as any other.
        let is_post = block.ident.as_str() == "post-processor";
        let skip: &[&str] =
            if is_post { &["only", "except", "override"] } else { &["only", "except", "override", "name"] };
        let (found, of_names) = self.entries_by_name(block, place, skip, around, &taken);
        let lost = |l: &Lost| WORK.iter().any(|work| l.what == format!("the option `{work}`"));
        if let Some(Lost { why, .. }) = self.draft.lost.get(before..).unwrap_or_default().iter().find(|l| lost(l)) {
            // A step without its work would be another step.
            self.draft.end.extend(comments);
            self.draft.end.push(format!("import: {why}"));
            let text = self.files[place.file].text.get(span.range()).unwrap_or("");
            self.draft.end.extend(text.lines().map(|line| format!("    {line}")));
            return None;
        }
        let label = block.body.get_attribute("name").filter(|_| !is_post).and_then(|a| {
            let value = self.value(&a.value, place).ok()?;
            self.constant(&value)?.as_str().map(str::to_owned)
        });
        let mut overrides = of_names;
        for (build, entries) in self.overrides(block, place, around) {
            match overrides.iter_mut().find(|(other, _)| *other == build) {
                Some((_, own)) => {
                    own.retain(|e| entries.iter().all(|other| other.key != e.key));
                    own.extend(entries);
                }
                None => overrides.push((build, entries)),
            }
        }
        overrides.sort_by_key(|(build, _)| *build);
        Some(Made {
            kind,
            label: label.filter(|l| !l.is_empty()),
            options: found.entries,
            builds: (taken.len() < around.uses.len()).then_some(taken),
            overrides,
            comments,
            end: found.end,
            span: Some(span),
        })
    }

    /// The entries of a step, and what is another for some builds: `source.name`, where builds have longer names.
    fn entries_by_name(
        &mut self,
        block: &'a Block,
        place: &Place<'a>,
        skip: &[&str],
        around: &Surroundings<'_>,
        taken: &[usize],
    ) -> (Entries, Vec<(usize, Vec<Entry>)>) {
        let asks =
            self.files[place.file].text.get(self.span(place, block).range()).is_some_and(|t| t.contains("source.name"));
        let named = |build: usize| around.uses.get(build).map(|one| one.name.clone());
        let mut builds = taken.iter().copied();
        let Some(first) = builds.next().filter(|_| asks && place.at == Where::Step(false)) else {
            return (self.entries(block, place, skip), Vec::new());
        };
        let found = self.entries(block, &Place { called: named(first), ..place.clone() }, skip);
        let mut overrides = Vec::new();
        for build in builds {
            let mut other = self.entries(block, &Place { called: named(build), ..place.clone() }, skip).entries;
            other.retain(|entry| !found.entries.contains(entry));
            if !other.is_empty() {
                overrides.push((build, other));
            }
        }
        (found, overrides)
    }

    /// The builds that `only` or `except` names.
    fn builds_named(
        &mut self,
        block: &'a Block,
        word: &str,
        place: &Place<'a>,
        around: &Surroundings<'_>,
    ) -> Option<Vec<usize>> {
        let attribute = block.body.get_attribute(word)?;
        let span = self.span(place, &attribute.value);
        let value = self.value(&attribute.value, place).ok().and_then(|v| self.constant(&v));
        let Some(serde_json::Value::Array(names)) = value else {
            self.lose(format!("`{word}`"), "names of builds are plain texts", span);
            return None;
        };
        if names.is_empty() {
            return None;
        }
        let mut found = Vec::new();
        for name in names.iter().filter_map(|n| n.as_str()) {
            let builds = self.named(name, around);
            if builds.is_empty() {
                self.lose(format!("`{name}` in `{word}`"), "no build has this name", span);
            } else if !name.contains('.') && !self.draft.lost.iter().any(|l| l.what == BARE) {
                let full = format!("{}.{name}", around.uses[builds[0]].kind);
                let why = format!(
                    "Packer wants the kind too, `{full}`, and takes such names for no build; they are read as what they mean"
                );
                self.lose(BARE, why, span);
            }
            found.extend(builds);
        }
        Some(found)
    }

    fn named(&self, name: &str, around: &Surroundings<'_>) -> Vec<usize> {
        let name = name.strip_prefix("source.").unwrap_or(name);
        let own = around.uses.iter().enumerate().filter(|(_, one)| one.build == around.build);
        own.filter(|(i, one)| {
            let full = name.strip_prefix(one.kind.as_str()).and_then(|rest| rest.strip_prefix('.'));
            full == Some(one.name.as_str()) || name == one.name || name == around.names[*i]
        })
        .map(|(i, _)| i)
        .collect()
    }

    fn overrides(
        &mut self,
        block: &'a Block,
        place: &Place<'a>,
        around: &Surroundings<'_>,
    ) -> Vec<(usize, Vec<Entry>)> {
        let Some(attribute) = block.body.get_attribute("override") else { return Vec::new() };
        let span = self.span(place, &attribute.value);
        let Expression::Object(object) = self.unwrapped(&attribute.value) else {
            self.lose("`override`", "it is a map from names of builds to maps of options", span);
            return Vec::new();
        };
        let mut overrides: Vec<(usize, Vec<Entry>)> = Vec::new();
        for (key, value) in object {
            let name = match key {
                ObjectKey::Ident(name) => Some(name.value().as_str().to_owned()),
                ObjectKey::Expression(e) => self
                    .value(e, place)
                    .ok()
                    .and_then(|v| self.constant(&v))
                    .and_then(|c| c.as_str().map(str::to_owned)),
            };
            let builds = name.as_deref().map(|name| self.named(name, around)).unwrap_or_default();
            let what = format!("the override for `{}`", name.unwrap_or_default());
            match self.value(value.expr(), place) {
                Ok(value) => match value.kind {
                    _ if builds.is_empty() => self.lose(what, "no build has this name", span),
                    Kind::Record(entries) => overrides.extend(builds.into_iter().map(|i| (i, entries.clone()))),
                    _ => self.lose(what, "it is a map of options", span),
                },
                Err(why) => self.lose(what, why.why, why.span),
            }
        }
        overrides
    }
}

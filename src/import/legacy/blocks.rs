//! Builders, provisioners and post-processors with the words that every such block has: `type`, `name`, `only`, `except`, `override`.

use crate::import::draft::{Block, Builder, Entry, Kind, Name, Piece, Value};
use crate::json::{Key, Kind as Json, Node};
use crate::packer::ReadProblem;
use crate::text::Span;
use crate::text::suggest::nearest;

use super::{Failed, Reader, is_comment, shape, text, words};

impl Reader<'_> {
    /// The names of the builds, by which steps speak of them.
    pub(super) fn names(&mut self, builders: &Node) -> Result<(), Failed> {
        let Some(builders) = builders.list() else { return Err(shape("`builders`", "a list", builders)) };
        for builder in builders {
            let Some(kind) = builder.get("type") else { continue };
            let written = builder.get("name").and_then(Node::text).or(kind.text()).unwrap_or_default();
            let mut names = vec![written.to_owned(), self.resolved(written, builder.span)];
            if builder.get("name").is_none() {
                // Where the kind has another name today, steps may still use the old one.
                names.extend(super::fix::former_kinds(written).map(str::to_owned));
            }
            self.names.push(names);
        }
        Ok(())
    }

    pub(super) fn builders(&mut self, node: &Node) -> Result<(), Failed> {
        let Some(list) = node.list() else { return Err(shape("`builders`", "a list", node)) };
        let mut above = node.span.start;
        let mut taken: Vec<String> = Vec::new();
        for node in list {
            let comments = self.comments.between(above, node.span.start);
            let (kind, members) = kind(node, "an entry of `builders`")?;
            let mut block = self.block(kind, members, node, &["type", "name"])?;
            block.comments.splice(0..0, comments);
            let (mut name, mut said) = match node.get("name") {
                Some(name) => self.build_name(name)?,
                None => (block.kind.clone(), None),
            };
            if taken.contains(&name) {
                let at = node.get("name").unwrap_or(node).span;
                let number = (2..).find(|n| !taken.contains(&format!("{name}-{n}"))).unwrap_or(2);
                let other = format!("{name}-{number}");
                let why = format!("another build has this name, which Packer refuses; it is called `{other}`");
                self.lose(format!("the name `{name}`"), why, at);
                (name, said) = (other, None);
            }
            taken.push(name.clone());
            self.draft.builders.push(Builder { name, said, block });
            above = node.span.end;
        }
        let late = self.comments.within(node.span);
        self.draft.end.extend(late);
        Ok(())
    }

    /// The name of a build as it is if nobody sets a variable, and as it is said where variables are in it.
    fn build_name(&mut self, node: &Node) -> Result<(String, Option<Value>), Failed> {
        let Some(written) = node.text() else { return Err(shape("`name`", "a text", node)) };
        let name = self.resolved(written, node.span);
        let said = (name != written).then(|| text::value(written, node.span));
        Ok((name, said))
    }

    /// A text with the defaults of variables in their place.
    fn resolved(&self, written: &str, span: Span) -> String {
        self.resolved_beside(written, span, &mut Vec::new())
    }

    /// The same; `waiting` are the variables whose defaults are being read.
    fn resolved_beside(&self, written: &str, span: Span, waiting: &mut Vec<String>) -> String {
        let value = text::value(written, span);
        let pieces = match value.kind {
            Kind::Text(pieces) => pieces,
            _ => vec![Piece::Value(Box::new(value))],
        };
        /// More of a name says nothing; defaults that hold each other many times over end here.
        const LONGEST: usize = 256;
        let mut resolved = String::new();
        for piece in pieces {
            if resolved.len() > LONGEST {
                break;
            }
            match piece {
                Piece::Chars(chars) => resolved.push_str(&chars),
                Piece::Value(value) => {
                    let Kind::Name(Name::Variable(variable)) = value.kind else { continue };
                    let default =
                        self.defaults.get(&variable).filter(|d| !d.is_empty() && !waiting.contains(&variable));
                    let known = default.map(|default| {
                        waiting.push(variable.clone());
                        let known = self.resolved_beside(default, span, waiting);
                        waiting.pop();
                        known
                    });
                    resolved.push_str(known.as_deref().filter(|known| !known.is_empty()).unwrap_or(&variable));
                }
                Piece::Action(_) => {}
            }
        }
        resolved
    }

    pub(super) fn steps(&mut self, node: &Node, what: &str) -> Result<Vec<Block>, Failed> {
        let Some(list) = node.list() else { return Err(shape(what, "a list", node)) };
        let entry = format!("an entry of {what}");
        let mut above = node.span.start;
        let mut steps = Vec::new();
        for node in list {
            let comments = self.comments.between(above, node.span.start);
            let mut step = self.step(node, &entry)?;
            step.comments.splice(0..0, comments);
            steps.push(step);
            above = node.span.end;
        }
        let late = self.comments.within(node.span);
        if let Some(last) = steps.last_mut() {
            last.end.extend(late);
        }
        Ok(steps)
    }

    pub(super) fn posts(&mut self, node: &Node) -> Result<(), Failed> {
        let Some(list) = node.list() else { return Err(shape("`post-processors`", "a list", node)) };
        let mut above = node.span.start;
        for entry in list {
            let comments = self.comments.between(above, entry.span.start);
            let mut chain = match &entry.kind {
                Json::List(_) => self.steps(entry, "a chain of `post-processors`")?,
                _ => vec![self.step(entry, "an entry of `post-processors`")?],
            };
            if let Some(first) = chain.first_mut() {
                first.comments.splice(0..0, comments);
                self.draft.posts.push(chain);
            }
            above = entry.span.end;
        }
        Ok(())
    }

    pub(super) fn step(&mut self, node: &Node, what: &str) -> Result<Block, Failed> {
        // A post-processor without options may be written as its kind.
        if let Some(kind) = node.text() {
            return Ok(Block { kind: kind.to_owned(), span: Some(node.span), ..Block::default() });
        }
        let (kind, members) = kind(node, what)?;
        let own: &[&str] =
            if kind == "vagrant" { &["type", "only", "except"] } else { &["type", "only", "except", "override"] };
        let mut block = self.block(kind, members, node, own)?;
        for key in ["only", "except"] {
            // An empty list restricts nothing.
            if let Some(list) = node.get(key).filter(|list| list.list().is_none_or(|l| !l.is_empty())) {
                let named = self.named(list, key);
                let within = block.builds.take().unwrap_or_else(|| (0..self.names.len()).collect());
                block.builds = Some(within.into_iter().filter(|b| named.contains(b) == (key == "only")).collect());
            }
        }
        if let Some(overrides) = node.get("override").filter(|_| kind != "vagrant") {
            let Some(members) = overrides.record() else { return Err(shape("`override`", "a record", overrides)) };
            for (name, options) in members {
                let Some(build) = self.build_of(&name.name) else {
                    self.unknown_build("override", &name.name, name.span);
                    continue;
                };
                let Some(own) = options.record() else { return Err(shape("an `override`", "a record", options)) };
                let said: Vec<(Key, Node)> = own.iter().filter(|(key, _)| !is_comment(&key.name)).cloned().collect();
                let entries = self.entries(&said, options.span.start);
                block.comments.extend(own.iter().filter(|(key, _)| is_comment(&key.name)).flat_map(|(_, n)| words(n)));
                block.overrides.push((build, entries));
            }
        }
        Ok(block)
    }

    fn block(&mut self, kind: &str, members: &[(Key, Node)], node: &Node, own: &[&str]) -> Result<Block, Failed> {
        let mut above = node.span.start;
        let mut block = Block { kind: kind.to_owned(), span: Some(node.span), ..Block::default() };
        let mut waiting: Vec<String> = Vec::new();
        for (key, node) in members {
            if own.contains(&key.name.as_str()) || is_comment(&key.name) {
                let comments = self.comments.between(above, key.span.start);
                let into = if is_comment(&key.name) { &mut waiting } else { &mut block.comments };
                into.extend(comments);
                if is_comment(&key.name) {
                    waiting.extend(words(node));
                } else if key.name != "override" {
                    let inside = self.comments.within(node.span);
                    block.comments.extend(inside);
                }
                let behind = self.comments.behind(node.span.end);
                block.comments.extend(behind);
                above = above.max(node.span.end);
                continue;
            }
            let mut entries: Vec<Entry> = self.entries(&[(key.clone(), node.clone())], above);
            if let Some(entry) = entries.first_mut() {
                entry.comments.splice(0..0, std::mem::take(&mut waiting));
            }
            block.options.append(&mut entries);
            above = above.max(node.span.end);
        }
        block.end = waiting;
        let late = self.comments.between(above, node.span.end);
        block.end.extend(late);
        Ok(block)
    }

    fn named(&mut self, list: &Node, key: &str) -> Vec<usize> {
        let names = if list.text().is_some() { std::slice::from_ref(list) } else { list.list().unwrap_or_default() };
        let mut builds = Vec::new();
        for name in names {
            let Some(written) = name.text() else { continue };
            match self.build_of(written) {
                Some(build) => builds.push(build),
                None => self.unknown_build(key, written, name.span),
            }
        }
        builds
    }

    fn build_of(&self, name: &str) -> Option<usize> {
        let today = self.names.iter().position(|names| names.first().is_some_and(|n| n == name));
        today.or_else(|| self.names.iter().position(|names| names.iter().skip(1).any(|n| n == name)))
    }

    fn unknown_build(&mut self, key: &str, name: &str, span: Span) {
        let near = nearest(name, self.names.iter().flatten().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.lose(format!("`{name}` in `{key}`"), format!("no builder has this name{near}"), span);
    }
}

type Members<'n> = &'n [(Key, Node)];

/// The `type` of a builder or step, and its members.
fn kind<'n>(node: &'n Node, what: &str) -> Result<(&'n str, Members<'n>), Failed> {
    let Some(members) = node.record() else { return Err(shape(what, "a record", node)) };
    match node.get("type") {
        Some(kind) => match kind.text() {
            Some(kind) => Ok((kind, members)),
            None => Err(shape("`type`", "a text", kind)),
        },
        None => Err(Box::new(ReadProblem::NoType { what: what.into(), at: node.span })),
    }
}

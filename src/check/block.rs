//! Blocks: `builder`, `provision`, `test`, `cleanup`, `post`, and the uses of groups.

use super::Checker;
use super::entries::Owner;
use super::scope::Section;
use crate::resolve::hir::{Block, Entry, Post, Step, Use};
use crate::syntax::ast::{BlockKind, ExternKind};
use crate::ty::flow::Lateness;

impl<'a> Checker<'a> {
    pub(super) fn block(&mut self, block: &'a Block) {
        let facts = self.when(block.when.as_ref());
        self.narrowed(facts, |c| c.body(block));
    }

    fn body(&mut self, block: &'a Block) {
        let outer = std::mem::replace(
            &mut self.scope.section,
            if block.statement == BlockKind::Builder { Section::Builder } else { Section::Machine },
        );
        let kind = block.kind.and_then(|k| self.program.kinds.get_index(k)).map(|(_, kind)| kind);
        match kind.and_then(|k| Some((k, self.program.records.get(k.record)?))) {
            Some((kind, declared)) => {
                let words = format!("{} `{}`", category(kind.category), kind.name.name);
                let owner = Owner { kind: Some(&words), name: None, at: block.header };
                self.entries(&block.body, &declared.fields, &owner, Lateness::Ignored);
            }
            None => self.loose(&block.body),
        }
        self.scope.section = outer;
    }

    /// Entries of which nothing is known; their values are looked at for their own mistakes.
    pub(super) fn loose(&mut self, body: &'a [Entry]) {
        for entry in body {
            match entry {
                Entry::Field { value, .. } => {
                    self.infer(value);
                }
                Entry::Spread { value, .. } => {
                    self.spread(value, "a block");
                }
            }
        }
    }

    pub(super) fn step(&mut self, step: &'a Step) {
        match step {
            Step::Block(block) => self.block(block),
            Step::Use(r#use) => self.use_group(r#use),
        }
    }

    fn use_group(&mut self, r#use: &'a Use) {
        let facts = self.when(r#use.when.as_ref());
        let Some(group) = self.program.groups.get(r#use.group) else { return };
        self.narrowed(facts, |c| c.arguments(&group.params, &r#use.args));
    }

    pub(super) fn post(&mut self, post: &'a Post) {
        let facts = self.when(post.when.as_ref());
        self.narrowed(facts, |c| post.links.iter().for_each(|link| c.block(link)));
    }
}

fn category(category: ExternKind) -> &'static str {
    match category {
        ExternKind::Builder => "builder",
        ExternKind::Provisioner => "provisioner",
        ExternKind::Post => "post-processor",
        ExternKind::Options => "option set",
    }
}

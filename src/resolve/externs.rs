//! Kinds: an `extern` with the option sets that it includes becomes one list of options, rules and facts.

use smol_str::SmolStr;

use super::Lowerer;
use super::fact::FactName;
use super::hir::{self, Declared, Fact, FactArg, OptionSet, Unique};
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::scope::Scope;
use crate::syntax::ast::{self, ExprKind, Member};
use crate::text::suggest::nearest;
use crate::text::{FileId, Span};

/// The most options of a kind, those of the sets that it includes among them.
pub const MOST_OPTIONS: usize = 1000;

impl<'a> Lowerer<'a> {
    /// Lowers a kind. One that lost against an earlier declaration of its name is left alone.
    pub(super) fn kind(&mut self, module: usize, item: &'a ast::Extern) {
        let Some(kind) = self.program.kinds.get(&(item.category, item.kind.name.clone())) else { return };
        if kind.name.span != item.kind.span {
            return;
        }
        let record = kind.record;
        let (mut places, mut taken_over) = (Vec::new(), Vec::new());
        self.gather(module, &item.body, &mut places, &mut taken_over);
        for member in places.iter().filter(|(home, _)| !self.loaded.modules[*home].prelude).flat_map(|(_, body)| *body)
        {
            if let Member::Field(decl) = member
                && decl.refused.is_none()
                && let Some(help) = taken(item.category, &decl.name.name)
            {
                self.report(ResolveProblem::Taken { name: decl.name.name.clone(), at: decl.name.span, help });
            }
        }
        let fields = places.iter().flat_map(|(_, body)| *body).filter(|m| matches!(m, Member::Field(_)));
        if fields.count() > MOST_OPTIONS {
            let (what, name, at) = ("kind", item.kind.name.clone(), item.kind.span);
            self.report(ResolveProblem::TooMany { what, name, most: MOST_OPTIONS, parts: "options", at });
            return;
        }
        self.program.records[record] = self.members(&places);
        let sets = taken_over.iter().filter_map(|set| self.option_sets.get(*set));
        let sets = sets.map(|s| OptionSet { name: s.item.kind.clone(), doc: s.doc.clone(), span: s.span }).collect();
        if let Some(kind) = self.program.kinds.get_mut(&(item.category, item.kind.name.clone())) {
            kind.sets = sets;
        }
    }

    /// The bodies whose members a body has: those of the sets it includes, then its own. Notes the sets, each once.
    pub(super) fn gather(
        &mut self,
        module: usize,
        body: &'a [Member],
        places: &mut Vec<(usize, &'a [Member])>,
        sets: &mut Vec<usize>,
    ) {
        for member in body {
            if let Member::Include(path, _) = member
                && let Some(set) = self.option_set(module, path)
            {
                if self.option_sets[set].running {
                    let name = path.last().map(|i| i.name.clone()).unwrap_or_default();
                    let at = path.last().map_or(Span::file_start(FileId(0)), |i| i.span);
                    self.report(ResolveProblem::Recursion { what: "the option set", chain: vec![name], at });
                    continue;
                }
                self.option_sets[set].running = true;
                let (home, item) = (self.option_sets[set].module, self.option_sets[set].item);
                self.gather(home, &item.body, places, sets);
                self.option_sets[set].running = false;
                if !sets.contains(&set) {
                    sets.push(set);
                }
            }
        }
        places.push((module, body));
    }

    fn option_set(&mut self, module: usize, path: &[ast::Ident]) -> Option<usize> {
        let (home, name) = self.home(module, path)?;
        if let Some(&(index, declared)) = self.names[home].option_sets.get(&name.name) {
            self.mention(name.span, Symbol::OptionSet(declared));
            return Some(index);
        }
        let nearest = self.nearest(&name.name, self.names[home].option_sets.keys().map(SmolStr::as_str));
        let help = Some("declare it with `extern options`".into());
        self.report(ResolveProblem::Unknown {
            what: "option set",
            name: name.name.clone(),
            at: name.span,
            nearest,
            help,
        });
        None
    }

    /// Lowers a rule, a fact or what must be unique; `scope` holds the fields, and those of `declared` are complete.
    pub(super) fn member(&mut self, scope: &mut Scope, member: &'a Member, declared: &mut Declared) {
        match member {
            Member::Field(_) | Member::Include(..) | Member::Bad(_) => {}
            Member::Rule(rule) => {
                let condition = self.expr(scope, &rule.condition);
                let message = self.expr(scope, &rule.message);
                for at in &rule.at {
                    self.field_index(declared, at);
                }
                declared.rules.push(hir::Require { condition, message, at: rule.at.clone(), span: rule.span });
            }
            Member::Fact { name, args, span } => self.fact(declared, name, args, *span),
            Member::Unique { option, per, .. } => {
                let Some(option) = self.field_index(declared, option) else { return };
                let per = per.iter().filter_map(|p| self.field_index(declared, p)).collect();
                declared.uniques.push(Unique { option, per });
            }
        }
    }

    fn fact(&mut self, declared: &mut Declared, name: &ast::Ident, args: &[ast::Expr], span: Span) {
        let Some(fact) = FactName::find(&name.name) else {
            let nearest = nearest(&name.name, FactName::ALL.iter().map(|f| f.as_str())).map(SmolStr::from);
            self.report(ResolveProblem::Schema {
                message: format!("no fact is named `{}`", name.name),
                at: name.span,
                nearest,
            });
            return;
        };
        if args.len() != fact.arity() {
            let message = format!("`{}` takes {} arguments, not {}", name.name, fact.arity(), args.len());
            self.report(ResolveProblem::Schema { message, at: span, nearest: None });
            return;
        }
        let mut lowered = Vec::new();
        for arg in args {
            match &arg.kind {
                ExprKind::Name(option) => {
                    let ident = ast::Ident { name: option.clone(), span: arg.span };
                    let Some(index) = self.field_index(declared, &ident) else { return };
                    lowered.push(FactArg::Option(index));
                }
                ExprKind::Text(text) => lowered.push(FactArg::Text(text.as_plain().unwrap_or_default())),
                _ => {
                    let message = "a fact is asked with options and texts".to_owned();
                    self.report(ResolveProblem::Schema { message, at: arg.span, nearest: None });
                    return;
                }
            }
        }
        declared.facts.push(Fact { name: fact, args: lowered, span });
    }

    fn field_index(&mut self, declared: &Declared, name: &ast::Ident) -> Option<usize> {
        let index = declared.fields.get_index_of(&name.name);
        if let Some((_, field)) = index.and_then(|index| declared.fields.get_index(index)) {
            self.mention(name.span, Symbol::Member(field.span));
        } else {
            let nearest = self.nearest(&name.name, declared.fields.keys().map(SmolStr::as_str));
            self.report(ResolveProblem::Unknown {
                what: "option",
                name: name.name.clone(),
                at: name.span,
                nearest,
                help: None,
            });
        }
        index
    }
}

/// What a plan says about a block beside its options, and how a program says it.
///
/// A post-processor's `name` is Packer's too, but an option like any other: the command line leaves the step out by it.
fn taken(category: ast::ExternKind, name: &str) -> Option<&'static str> {
    use ast::ExternKind::{Builder, Options, Post, Provisioner};
    Some(match (category, name) {
        (Builder | Provisioner | Post, "type") => {
            "leave it out: the kind stands before the block, as in `builder toy { … }`"
        }
        (Builder, "name") => "leave it out: the image names its builds, by `name = \"…\"` beside the `matrix`",
        (Provisioner, "only" | "except") => {
            "leave it out: a condition says it, as in `provision toy when virt == \"hvm\" { … }`"
        }
        (Post, "only" | "except") => "leave it out: a condition says it, as in `post toy when virt == \"hvm\" { … }`",
        (Builder | Provisioner | Post | Options, _) => return None,
    })
}

//! What the files of a template declare, in their order, with the comments above each declaration. Packer reads all files of a
//! folder as one.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Structure};
use indexmap::IndexMap;

use crate::text::Span;

use super::gaps;
use super::parse::Parsed;

/// A block and where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) file: usize,
    pub(super) block: &'a Block,
    pub(super) comments: Vec<String>,
}

/// A local.
#[derive(Clone)]
pub(super) struct Local<'a> {
    pub(super) file: usize,
    pub(super) expression: &'a Expression,
    pub(super) comments: Vec<String>,
    /// Whether nobody may see it.
    pub(super) sensitive: bool,
    pub(super) span: Span,
}

/// A variable, in one of its two forms.
pub(super) enum Variable<'a> {
    Block(At<'a>),
    /// In a `variables` block.
    Short(usize, &'a Attribute, Vec<String>),
}

/// All declarations.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) variables: IndexMap<String, Variable<'a>>,
    pub(super) locals: IndexMap<String, Local<'a>>,
    /// By kind and label.
    pub(super) sources: IndexMap<(String, String), At<'a>>,
    /// By kind and label.
    pub(super) data: IndexMap<(String, String), At<'a>>,
    pub(super) builds: Vec<At<'a>>,
    /// `packer` blocks.
    pub(super) settings: Vec<At<'a>>,
    pub(super) doc: Vec<String>,
    pub(super) end: Vec<String>,
    /// What stands at the top and is nothing of Packer's, and what is declared twice.
    pub(super) strange: Vec<(String, &'static str, Span)>,
}

impl<'a> Module<'a> {
    pub(super) fn read(files: &'a [Parsed<'a>]) -> Self {
        let mut module = Module::default();
        for (number, parsed) in files.iter().enumerate() {
            module.file(number, parsed);
        }
        module
    }

    fn file(&mut self, number: usize, parsed: &'a Parsed<'a>) {
        let mut waiting = Vec::new();
        let mut done = 0;
        for structure in &parsed.body {
            let range = structure.span().unwrap_or(done..done);
            let mut gap = gaps::comments(parsed.file.text, done..range.start);
            if done == 0 {
                self.doc.extend(gap.above.drain(..gap.apart));
                self.doc.extend(gap.behind.drain(..).filter(|_| gap.apart > 0));
            }
            waiting.extend(gap.behind);
            waiting.extend(gap.above);
            done = range.end;
            match structure {
                Structure::Block(block) => self.block(number, parsed, block, &mut waiting),
                Structure::Attribute(attribute) => {
                    let what = format!("`{}`", attribute.key.as_str());
                    self.strange.push((what, "nothing of Packer's is written so", parsed.file.place(attribute)));
                }
            }
        }
        let gap = gaps::comments(parsed.file.text, done..parsed.file.text.len());
        waiting.extend(gap.behind);
        waiting.extend(gap.above);
        self.end.extend(waiting);
    }

    fn block(&mut self, file: usize, parsed: &'a Parsed<'a>, block: &'a Block, waiting: &mut Vec<String>) {
        let labels: Vec<&str> = block.labels.iter().map(|l| l.as_str()).collect();
        let span = parsed.file.place(block);
        let mut at = || At { file, block, comments: std::mem::take(waiting) };
        let pair = |kind: &str, label: &str| (kind.to_owned(), label.to_owned());
        let again = match (block.ident.as_str(), &labels[..]) {
            ("packer", []) => {
                self.settings.push(At { file, block, comments: Vec::new() });
                false
            }
            ("variable", [name]) => self.variables.insert((*name).to_owned(), Variable::Block(at())).is_some(),
            ("variables", []) => {
                each(parsed, block, waiting, |attribute, comments| {
                    let name = attribute.key.as_str().to_owned();
                    let span = parsed.file.place(&attribute.key);
                    let what = format!("the earlier `{name}`");
                    if self.variables.insert(name, Variable::Short(file, attribute, comments)).is_some() {
                        self.again(&what, span);
                    }
                });
                false
            }
            ("locals", []) => {
                each(parsed, block, waiting, |attribute, comments| {
                    let span = parsed.file.place(&attribute.key);
                    let local = Local { file, expression: &attribute.value, comments, sensitive: false, span };
                    let name = attribute.key.as_str();
                    if self.locals.insert(name.to_owned(), local).is_some() {
                        self.again(&format!("the earlier `{name}`"), span);
                    }
                });
                false
            }
            ("local", [name]) => match block.body.get_attribute("expression") {
                Some(attribute) => {
                    let comments = std::mem::take(waiting);
                    let sensitive = block.body.get_attribute("sensitive").is_some_and(|a| is_true(&a.value));
                    let local = Local { file, expression: &attribute.value, comments, sensitive, span };
                    self.locals.insert((*name).to_owned(), local).is_some()
                }
                None => {
                    self.strange.push((format!("the local `{name}`"), "it has no `expression`", span));
                    false
                }
            },
            ("source", [kind, label]) => self.sources.insert(pair(kind, label), at()).is_some(),
            ("data", [kind, label]) => self.data.insert(pair(kind, label), at()).is_some(),
            ("build", []) => {
                self.builds.push(at());
                false
            }
            (word, _) => {
                self.strange.push((
                    format!("the block `{word}`"),
                    "Packer has no such block at the top of a file",
                    span,
                ));
                false
            }
        };
        if again {
            self.again(&format!("the earlier `{}` of that name", block.ident.as_str()), span);
        }
    }

    fn again(&mut self, what: &str, span: Span) {
        self.strange.push((what.to_owned(), "it is declared again here, and Packer takes a name once", span));
    }
}

/// Whether an expression is `true`, also as a text.
pub(super) fn is_true(expression: &Expression) -> bool {
    expression.as_bool() == Some(true) || expression.as_str() == Some("true")
}

/// The attributes of a block, with the comments of each.
fn each<'a>(
    parsed: &'a Parsed<'a>,
    block: &'a Block,
    waiting: &mut Vec<String>,
    mut see: impl FnMut(&'a Attribute, Vec<String>),
) {
    let text = parsed.file.text;
    let body = inside(block);
    let mut done = body.start;
    let mut last: Option<(&Attribute, Vec<String>)> = None;
    for attribute in block.body.attributes() {
        let range = attribute.span().unwrap_or(done..done);
        let gap = gaps::comments(text, done..range.start);
        done = range.end;
        match last.take() {
            Some((before, mut comments)) => {
                comments.extend(gap.behind);
                see(before, comments);
            }
            None => waiting.extend(gap.behind),
        }
        waiting.extend(gap.above);
        last = Some((attribute, std::mem::take(waiting)));
    }
    let gap = gaps::comments(text, done..body.end);
    waiting.extend(gap.above);
    match last {
        Some((before, mut comments)) => {
            comments.extend(gap.behind);
            see(before, comments);
        }
        None => waiting.extend(gap.behind),
    }
}

/// What stands between the braces of a block.
pub(super) fn inside(block: &Block) -> std::ops::Range<usize> {
    block.body.span().unwrap_or_else(|| {
        let first = block.body.iter().next().and_then(hcl_edit::Span::span).map(|r| r.start);
        let end = block.span().map_or(0, |r| r.end.saturating_sub(1));
        first.unwrap_or(end).min(end)..end
    })
}

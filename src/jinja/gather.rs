//! A template with all files that it includes, read before anything is rendered: what it depends on is known without values.
//!
//! Texts are looked at token by token first. The engine's parser recurses in places without a bound, so that what would
//! exhaust the stack is refused here.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Error;
use minijinja::machinery::{Token, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::RenderError;
use super::include::included;
use crate::text::floor_char_boundary;

/// Tokens of one tag.
const TOKENS: usize = 20_000;
/// Tokens of one tag that the parser recurses for.
const PREFIXES: usize = 500;
/// `elif`s of one file.
const BRANCHES: usize = 2_000;
/// Files, each counted once.
const FILES: usize = 1_000;

/// A file of a template.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    /// Where it begins when all files follow each other.
    pub(super) base: u32,
    /// What the names that it includes lead to; nothing where a missing file may be missing.
    pub(super) includes: BTreeMap<String, usize>,
}

/// What a name in an `include` leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Include {
    /// A file: its path and text.
    File(String, String),
    /// There is none.
    Missing,
    /// It cannot be read, and why.
    Refused(String),
}

/// A template with the files that it includes, the root first.
#[derive(Debug)]
pub struct Templates {
    files: Vec<File>,
}

impl Templates {
    /// A template that includes nothing.
    ///
    /// # Errors
    /// Mistakes in its syntax.
    pub fn of_text(text: &str) -> Result<Self, RenderError> {
        Self::gather("", text, &mut |_, _| Include::Refused("a template in a program includes no others".into()))
            .map_err(|(_, error)| error)
    }

    /// A template with all that it includes. `read` is given the path of a file and a name that stands in it.
    ///
    /// # Errors
    /// The first mistake in its syntax or files, with the files as far as they were read.
    pub fn gather(
        path: &str,
        text: &str,
        read: &mut dyn FnMut(&str, &str) -> Include,
    ) -> Result<Self, (Self, RenderError)> {
        let mut all = Templates { files: Vec::new() };
        all.add(path, text);
        let mut next = 0;
        while next < all.files.len() {
            if let Err(error) = all.follow(next, read) {
                return Err((all, error));
            }
            next += 1;
        }
        Ok(all)
    }

    /// Paths and texts, the root first.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|f| (&*f.path, &*f.text))
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The file that a range of all files is in, and the range in it.
    pub(super) fn place(&self, range: std::ops::Range<usize>) -> (usize, std::ops::Range<usize>) {
        let file = self.files.iter().rposition(|f| f.base as usize <= range.start).unwrap_or(0);
        let Some(found) = self.files.get(file) else { return (0, 0..0) };
        let boundary = |offset: usize| floor_char_boundary(&found.text, offset.saturating_sub(found.base as usize));
        (file, boundary(range.start)..boundary(range.end.max(range.start)))
    }

    fn add(&mut self, path: &str, text: &str) -> usize {
        let base = self.files.last().map_or(0, |f| f.base as usize + f.text.len() + 1);
        let base = u32::try_from(base).unwrap_or(u32::MAX);
        self.files.push(File { path: path.into(), text: text.into(), base, includes: BTreeMap::new() });
        self.files.len() - 1
    }

    /// Reads what a file includes.
    fn follow(&mut self, index: usize, read: &mut dyn FnMut(&str, &str) -> Include) -> Result<(), RenderError> {
        let (path, text) = (Arc::clone(&self.files[index].path), Arc::clone(&self.files[index].text));
        let wrong =
            |range, what: &str, help: Option<String>| RenderError { file: index, range, what: what.into(), help };
        if text.len() as u64 + u64::from(self.files[index].base) > u64::from(u32::MAX) {
            return Err(wrong(0..0, "the files of the template are too large", None));
        }
        let engine = |error: &Error| {
            let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            wrong(error.range().unwrap_or(0..0), what.lines().next().unwrap_or_default(), None)
        };
        walkable(&text).map_err(|at| match at {
            Ok((range, what)) => wrong(range, what, Some("split it up: `set` names what stands for a part".into())),
            Err(error) => engine(&error),
        })?;
        let tree = parse(&text, "template", syntax()).map_err(|error| engine(&error))?;
        for include in included(&tree) {
            let range = include.span.start_offset as usize..include.span.end_offset as usize;
            let Some(names) = include.names else {
                let help = "write the path out: files are read before anything is rendered";
                return Err(wrong(range, "an included path is a plain text", Some(help.into())));
            };
            let mut found = false;
            for name in &names {
                if self.files[index].includes.contains_key(name) {
                    found = true;
                    break;
                }
                match read(&path, name) {
                    Include::File(path, text) => {
                        let known = self.files.iter().position(|f| *f.path == *path);
                        let file = known.unwrap_or_else(|| self.add(&path, &text));
                        self.files[index].includes.insert(name.clone(), file);
                        found = true;
                        break;
                    }
                    Include::Missing => {}
                    Include::Refused(why) => return Err(wrong(range, &why, None)),
                }
            }
            if self.files.len() > FILES {
                return Err(wrong(range, "the template includes more than 1000 files", None));
            }
            if !found && !include.may_miss {
                let help = "paths are relative to the template that names them; `ignore missing` lets one be absent";
                let list = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                return Err(wrong(range, &format!("there is no file {list} to include"), Some(help.into())));
            }
        }
        Ok(())
    }
}

/// The syntax of templates: the usual one, and the last line break stays.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

type TooMuch = (std::ops::Range<usize>, &'static str);

/// Whether the parser and what follows it can walk the text without exhausting the stack.
fn walkable(text: &str) -> Result<(), Result<TooMuch, Error>> {
    let (mut tokens, mut prefixes, mut branches, mut first) = (0, 0, 0, false);
    for token in tokenize(text, false, syntax()) {
        let (token, span) = token.map_err(Err)?;
        let at = span.start_offset as usize..span.end_offset as usize;
        tokens += 1;
        match token {
            Token::BlockStart | Token::VariableStart => (tokens, prefixes) = (0, 0),
            Token::TemplateData(_) => tokens = 0,
            Token::Ident("elif") if first => branches += 1,
            Token::Ident("not" | "if" | "else") | Token::Minus | Token::ParenOpen | Token::Pow => prefixes += 1,
            _ => {}
        }
        first = matches!(token, Token::BlockStart);
        if tokens > TOKENS || prefixes > PREFIXES {
            return Err(Ok((at, "the tag is too long to be read")));
        }
        if branches > BRANCHES {
            return Err(Ok((at, "the template has more than 2000 branches")));
        }
    }
    Ok(())
}

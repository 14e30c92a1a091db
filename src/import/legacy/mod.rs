//! The front half for Packer's legacy JSON: a file's text becomes a [`Draft`].
//!
//! It knows JSON and what Packer's core makes of it, no option's type and nothing of `.bake`. `fix` mends old names as `packer fix`
//! does, `comments` finds the comment that belongs to an entry, `text` takes texts apart, `blocks` reads builders and steps.

mod blocks;
mod comments;
mod fix;
mod text;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::json::{JsonProblem, Key, Kind as Json, Node, parse};
use crate::packer::{COMMENT_KEY, ReadProblem};
use crate::text::{FileId, Span};

pub(super) use fix::go_bool;
pub(super) use text::{value as text_value, variables as text_variables};

use self::comments::Comments;
use super::draft::{Draft, Entry, Kind, Lost, Value, Variable};

/// What was read: without a draft there are errors that say why.
pub(super) type Read = (Option<Draft>, Vec<Diagnostic>);

/// Reads a template.
pub(super) fn read(file: FileId, text: &str) -> Read {
    let parsed = parse(file, text);
    let mut diagnostics: Vec<Diagnostic> = parsed.problems.into_iter().map(tolerated).collect();
    let Some(mut root) = parsed.value.filter(|_| diagnostics.iter().all(|d| d.severity != Severity::Error)) else {
        return (None, diagnostics);
    };
    fix::mend(&mut root);
    let mut reader = Reader {
        comments: Comments::new(text, &parsed.comments),
        draft: Draft { late: true, ..Draft::default() },
        names: Vec::new(),
        defaults: FxHashMap::default(),
        used: FxHashSet::default(),
        sensitive: Vec::new(),
    };
    match reader.template(&root) {
        Ok(()) => (Some(reader.draft), diagnostics),
        Err(problem) => {
            diagnostics.push((*problem).into());
            (None, diagnostics)
        }
    }
}

/// Mistakes that leave no doubt of what is meant are told, and do not stand in the way.
fn tolerated(problem: JsonProblem) -> Diagnostic {
    let harmless = matches!(
        problem,
        JsonProblem::TrailingComma { .. } | JsonProblem::DuplicateKey { .. } | JsonProblem::ControlCharacter { .. }
    );
    let diagnostic: Diagnostic = problem.into();
    if harmless { Diagnostic { severity: Severity::Warning, ..diagnostic } } else { diagnostic }
}

struct Reader<'t> {
    comments: Comments<'t>,
    draft: Draft,
    /// Names of the builds with their older ones, for `only` and its like.
    names: Vec<Vec<String>>,
    /// Defaults of variables as they stand; the section may come late.
    defaults: FxHashMap<String, String>,
    /// Variables that something refers to.
    used: FxHashSet<String>,
    /// Names in `sensitive-variables`; the section may stand before that of the variables.
    sensitive: Vec<(String, Span)>,
}

/// What Packer cannot read either.
type Failed = Box<ReadProblem>;

impl Reader<'_> {
    fn lose(&mut self, what: impl Into<String>, why: impl Into<String>, span: Span) {
        self.draft.lost.push(Lost { what: what.into(), why: why.into(), span });
    }

    fn template(&mut self, root: &Node) -> Result<(), Failed> {
        let Some(members) = root.record() else {
            return Err(shape("a template", "a record", root));
        };
        let Some(builders) = root.get("builders") else {
            return Err(Box::new(ReadProblem::NoBuilders {
                at: members.first().map_or(root.span, |(key, _)| key.span),
            }));
        };
        self.draft.doc = self.comments.before(root.span.start);
        let mut above = root.span.start;
        for (key, node) in root.get("variables").and_then(Node::record).unwrap_or_default() {
            self.defaults.insert(key.name.clone(), weak_text(node));
        }
        used(root, &mut self.used);
        // What stands first may be told of the builds, so their names are known beforehand.
        self.names(builders)?;
        for (key, node) in members {
            let comments = self.comments.between(above, key.span.start);
            self.member(key, node)?;
            self.above(&key.name, comments);
            let behind = self.comments.behind(node.span.end);
            self.draft.doc.extend(behind);
            above = node.span.end;
        }
        self.mark_sensitive();
        let rest = self.comments.rest();
        self.draft.end.extend(rest);
        Ok(())
    }

    /// Comments above a section belong to what stands first in it.
    fn above(&mut self, section: &str, comments: Vec<String>) {
        let draft = &mut self.draft;
        let first = match section {
            "variables" => draft.variables.first_mut().map(|v| &mut v.comments),
            "builders" => draft.builders.first_mut().map(|b| &mut b.block.comments),
            "provisioners" => draft.provisioners.first_mut().map(|s| &mut s.comments),
            "error-cleanup-provisioner" => draft.cleanups.first_mut().map(|s| &mut s.comments),
            "post-processors" => draft.posts.first_mut().and_then(|c| c.first_mut()).map(|l| &mut l.comments),
            _ => None,
        };
        first.unwrap_or(&mut draft.doc).splice(0..0, comments);
    }

    fn member(&mut self, key: &Key, node: &Node) -> Result<(), Failed> {
        match key.name.as_str() {
            "builders" => self.builders(node),
            "provisioners" => {
                self.draft.provisioners = self.steps(node, "`provisioners`")?;
                Ok(())
            }
            "error-cleanup-provisioner" => {
                let step = self.step(node, "`error-cleanup-provisioner`")?;
                self.draft.cleanups.push(step);
                Ok(())
            }
            "post-processors" => self.posts(node),
            "variables" => self.variables(node),
            "sensitive-variables" => self.sensitive(node),
            "description" => {
                let Some(text) = node.text() else { return Err(shape("`description`", "a text", node)) };
                self.draft.doc.splice(0..0, text.lines().map(str::to_owned));
                Ok(())
            }
            "min_packer_version" => {
                self.draft.min_packer_version = node.text().map(str::to_owned);
                Ok(())
            }
            COMMENT_KEY => Ok(()),
            name if is_comment(name) => {
                self.draft.doc.extend(words(node));
                Ok(())
            }
            "push" => {
                self.lose("`push`", "`packer push` is gone, and so is the service that it spoke to", key.span);
                Ok(())
            }
            name => {
                self.lose(format!("`{name}`"), "Packer has no such key at the top of a template", key.span);
                Ok(())
            }
        }
    }

    fn variables(&mut self, node: &Node) -> Result<(), Failed> {
        let Some(members) = node.record() else { return Err(shape("`variables`", "a record", node)) };
        let mut above = node.span.start;
        let mut waiting = Vec::new();
        for (key, node) in members {
            let mut comments = std::mem::take(&mut waiting);
            comments.extend(self.comments.between(above, key.span.start));
            above = node.span.end;
            comments.extend(self.comments.within(node.span));
            comments.extend(self.comments.behind(node.span.end));
            if is_comment(&key.name) && !self.used.contains(&key.name) {
                waiting = comments;
                waiting.extend(words(node));
                continue;
            }
            let default = match &node.kind {
                Json::Null => None,
                Json::List(_) | Json::Record(_) => {
                    let why = "a variable of Packer's is a text; lists and records do not reach it";
                    self.lose(format!("the default of `{}`", key.name), why, node.span);
                    None
                }
                _ => Some(text::default(&weak_text(node), node.span)),
            };
            self.draft.variables.push(Variable {
                default,
                comments,
                ..Variable::unsaid(key.name.clone(), key.span.to(node.span))
            });
        }
        self.draft.end.extend(waiting);
        Ok(())
    }

    fn sensitive(&mut self, node: &Node) -> Result<(), Failed> {
        let names: Vec<&Node> = node.list().map_or_else(|| vec![node], |list| list.iter().collect());
        for name in names {
            let Some(text) = name.text() else { return Err(shape("a name in `sensitive-variables`", "a text", name)) };
            self.sensitive.push((text.to_owned(), name.span));
        }
        Ok(())
    }

    fn mark_sensitive(&mut self) {
        for (name, span) in std::mem::take(&mut self.sensitive) {
            match self.draft.variables.iter_mut().find(|v| v.name == name) {
                Some(variable) => variable.sensitive = true,
                None => self.draft.variables.push(Variable { sensitive: true, ..Variable::unsaid(name, span) }),
            }
        }
    }

    /// A value as it is written, loose types and all.
    fn value(&mut self, node: &Node) -> Value {
        let kind = match &node.kind {
            Json::Null => Kind::Null,
            Json::Bool(bool) => Kind::Bool(*bool),
            Json::Number(written) => match written.parse() {
                Ok(int) => Kind::Int(int),
                Err(_) => Kind::Number(written.clone()),
            },
            Json::Text(chars) => return text::value(chars, node.span),
            Json::List(nodes) => Kind::List(nodes.iter().map(|n| self.value(n)).collect()),
            Json::Record(members) => Kind::Record(self.entries(members, node.span.start)),
        };
        Value::new(kind, node.span)
    }

    /// The members of a record with their comments.
    fn entries(&mut self, members: &[(Key, Node)], start: u32) -> Vec<Entry> {
        let mut above = start;
        let mut entries = Vec::new();
        for (key, node) in members {
            let mut comments = self.comments.between(above, key.span.start);
            let value = self.value(node);
            // Those between the elements of a list have no other place.
            comments.extend(self.comments.within(node.span));
            comments.extend(self.comments.behind(node.span.end));
            above = above.max(node.span.end);
            entries.push(Entry { key: key.name.clone(), value, comments, span: key.span });
        }
        entries
    }
}

/// Keys by which templates carry comments.
fn is_comment(key: &str) -> bool {
    key.starts_with('_') || key.starts_with("//") || key.starts_with('#')
}

/// The variables that the texts of a value refer to.
fn used(node: &Node, found: &mut FxHashSet<String>) {
    match &node.kind {
        Json::Text(text) => found.extend(text::variables(text)),
        Json::List(nodes) => nodes.iter().for_each(|n| used(n, found)),
        Json::Record(members) => members.iter().for_each(|(key, n)| {
            found.extend(text::variables(&key.name));
            used(n, found);
        }),
        _ => {}
    }
}

/// The words of a comment that stands as a value.
fn words(node: &Node) -> Vec<String> {
    match &node.kind {
        Json::Text(text) => text.lines().map(str::to_owned).collect(),
        Json::List(nodes) => nodes.iter().flat_map(words).collect(),
        Json::Record(members) => {
            members.iter().flat_map(|(k, n)| words(n).into_iter().map(move |w| format!("{}: {w}", k.name))).collect()
        }
        _ => vec![weak_text(node)],
    }
}

/// A scalar as Packer makes a text of it.
fn weak_text(node: &Node) -> String {
    match &node.kind {
        Json::Bool(bool) => u8::from(*bool).to_string(),
        Json::Number(written) => go_number(written),
        Json::Text(text) => text.clone(),
        _ => String::new(),
    }
}

/// A number as Go makes a text of it: all are floats there, written without exponent and needless digits.
pub(super) fn go_number(written: &str) -> String {
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => number.to_string(),
        _ => written.to_owned(),
    }
}

fn shape(what: &str, expected: &'static str, node: &Node) -> Failed {
    Box::new(ReadProblem::Shape { what: what.into(), expected, found: node.describe(), at: node.span })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Draft {
        let (draft, diagnostics) = read(FileId(0), text);
        draft.unwrap_or_else(|| panic!("{diagnostics:?}"))
    }

    #[test]
    fn steps_find_builds_by_names_of_today_and_before() {
        let draft = draft(
            r#"{
                "builders": [
                    { "type": "virtualbox" },
                    { "type": "null", "name": "{{user `n`}}-1" },
                    { "type": "null", "name": "virtualbox" }
                ],
                "provisioners": [
                    { "type": "shell", "only": ["virtualbox-iso"] },
                    { "type": "shell", "only": ["x-1"], "override": { "{{user `n`}}-1": { "inline": [] } } },
                    { "type": "shell", "except": "virtualbox" }
                ],
                "variables": { "n": "x" }
            }"#,
        );
        let names: Vec<&str> = draft.builders.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(names, ["virtualbox-iso", "x-1", "virtualbox"]);
        let builds: Vec<_> = draft.provisioners.iter().map(|s| s.builds.clone()).collect();
        assert_eq!(builds, [Some(vec![0]), Some(vec![1]), Some(vec![0, 1])]);
        assert_eq!(draft.provisioners[1].overrides.len(), 1);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["", "[]", "{}", r#"{"builders": {}}"#, r#"{"builders": [{"type": 1}]}"#, r#"{"builders": ["x"]}"#]
        {
            let (draft, diagnostics) = read(FileId(0), text);
            assert!(draft.is_none() && diagnostics.iter().any(|d| d.severity == Severity::Error), "{text}");
        }
    }
}

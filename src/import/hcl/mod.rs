//! The front half for Packer's HCL2: the files of a template become a [`Draft`].
//!
//! It knows HCL and what Packer's core makes of it, no option's type and nothing of how `.bake` is written, but for the names of the
//! built-in functions. `module` collects what is declared; `variables` reads declarations, `build` and `steps` builds, `data`
//! what is asked of AWS, `body` the options of a block; `expr`, `text`, `blanks` and `reference` read values, `order` what is run
//! over, `files` templates in files of their own, `functions` calls by `forms` of the language, by what the run does (`at_run`,
//! `moment`), or by their results (`fold`, `pure`, `format`, `cidr`). `json` says the JSON form as HCL.

mod at_run;
mod blanks;
mod body;
mod build;
mod cidr;
mod data;
mod defaults;
mod expr;
mod files;
mod fold;
mod format;
mod forms;
mod functions;
mod gaps;
mod json;
mod known;
mod module;
mod moment;
mod order;
mod parse;
mod pure;
mod reference;
mod settings;
mod steps;
mod text;
mod validation;
mod variables;

use std::rc::Rc;

use hcl_edit::structure::Body;
use hcl_edit::template::Template;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::text::{FileId, Span};

use self::module::Module;
use super::draft::{Draft, Lost, Value};

pub use self::parse::File;

/// What was read: without a draft there are errors that say why.
pub type Read = (Option<Draft>, Vec<Diagnostic>);

/// What a template in HCL2's JSON form is as HCL, or why it is no JSON.
pub fn from_json(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = crate::json::parse(file, text);
    let problems: Vec<Diagnostic> = parsed.problems.into_iter().map(Diagnostic::from).collect();
    match parsed.value {
        Some(root) if problems.iter().all(|d| d.severity != Severity::Error) => Ok(json::as_hcl(&root)),
        _ => Err(problems),
    }
}

/// Reads a template of one or several files. `beside` reads a file that the template names, told from its folder.
pub fn read(files: &[File<'_>], beside: &mut dyn FnMut(&str) -> Option<(FileId, String)>) -> Read {
    let mut parsed = Vec::with_capacity(files.len());
    let mut diagnostics = Vec::new();
    for file in files {
        match parse::parse(*file) {
            Ok(file) => parsed.push(file),
            Err(problem) => diagnostics.push(problem.into()),
        }
    }
    if !diagnostics.is_empty() {
        return (None, diagnostics);
    }
    let bodies: Vec<&Body> = parsed.iter().map(|file| &file.body).collect();
    let asked = files::asked(&bodies).into_iter();
    let others: Vec<files::Beside> =
        asked.filter_map(|path| beside(&path).map(|(id, text)| (path, id, text))).collect();
    let texts: Vec<Option<Template>> =
        others.iter().map(|(_, id, text)| files::template(File { id: *id, text })).collect();
    let module = Module::read(&parsed);
    let all: Vec<File<'_>> = parsed
        .iter()
        .map(|parsed| parsed.file)
        .chain(others.iter().map(|(_, id, text)| File { id: *id, text }))
        .collect();
    let templates = others.iter().zip(&texts).enumerate();
    let templates = templates.filter_map(|(i, ((path, ..), template))| {
        template.as_ref().map(|template| (path.clone(), (parsed.len() + i, template)))
    });
    let mut reader = Reader {
        files: &all,
        templates: templates.collect(),
        module,
        locals: FxHashMap::default(),
        made: Vec::new(),
        variables: FxHashMap::default(),
        reading: Vec::new(),
        late: FxHashMap::default(),
        secret_locals: FxHashSet::default(),
        draft: Draft::default(),
        comments: Vec::new(),
        lenient: false,
    };
    reader.template();
    (Some(reader.draft), diagnostics)
}

/// Why something cannot be said.
#[derive(Clone, Debug, PartialEq)]
struct Why {
    why: String,
    span: Span,
}

/// A value, or why there is none.
type Said = Result<Value, Why>;

/// What a local came to.
enum Came {
    /// It is being read: a local that needs itself comes here.
    Busy,
    Value(Value),
    Nothing(String),
}

impl Bound {
    /// A name that is an identifier.
    fn plain(name: &str, given: &str) -> Self {
        Bound {
            name: name.to_owned(),
            key: None,
            value: Some(given.to_owned()),
            over: None,
            stands: None,
            iterator: false,
            known: None,
        }
    }
}

/// Where an expression stands.
#[derive(Clone)]
struct Place<'a> {
    file: usize,
    at: Where,
    /// Names that surround the expression, the innermost last.
    bound: Vec<Bound>,
    /// The data source that the AMI of the builder at hand comes from.
    source: Option<(&'a str, &'a str)>,
    /// The name of the build block at hand.
    build: Option<String>,
    /// The name of the source at hand, where that of the build is another.
    called: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Default,
    Local,
    Builder,
    /// A provisioner or post-processor; whether `source.name` is the name of each of its builds.
    Step(bool),
}

/// A name that a `for` or `dynamic` binds.
#[derive(Clone)]
struct Bound {
    /// As the template has it.
    name: String,
    /// The identifier of the key. The iterator of a `dynamic` block has both, as `name.key` and `name.value`.
    key: Option<String>,
    /// The identifier of the value.
    value: Option<String>,
    /// What its elements are of.
    over: Option<Rc<Value>>,
    /// What it stands for, if it is no name of the program.
    stands: Option<Rc<Value>>,
    /// Whether it is an iterator.
    iterator: bool,
    /// The key and the value, where they are known: of a `dynamic` step, which is made once for each element.
    known: Option<(Value, Value)>,
}

struct Reader<'a> {
    files: &'a [File<'a>],
    /// Templates in files of their own, and which file each is.
    templates: FxHashMap<String, (usize, &'a Template)>,
    module: Module<'a>,
    locals: FxHashMap<String, Came>,
    /// Variables that stand for what only the run knows, such as a secret of a store: what they stand for, and their names.
    made: Vec<(String, String)>,
    /// Where each variable stands in the draft.
    variables: FxHashMap<String, usize>,
    /// Locals that are being read, the innermost last.
    reading: Vec<String>,
    /// Locals that only the run knows, and why.
    late: FxHashMap<String, String>,
    /// Locals that hold what is sensitive.
    secret_locals: FxHashSet<String>,
    draft: Draft,
    /// Comments within the expression at hand.
    comments: Vec<String>,
    /// Whether values are read that nobody will write, to see what they come to.
    lenient: bool,
}

impl Reader<'_> {
    fn lose(&mut self, what: impl Into<String>, why: impl Into<String>, span: Span) {
        let lost = Lost { what: what.into(), why: why.into(), span };
        if !self.draft.lost.contains(&lost) {
            self.draft.lost.push(lost);
        }
    }

    fn template(&mut self) {
        self.draft.doc = std::mem::take(&mut self.module.doc);
        for (what, why, span) in std::mem::take(&mut self.module.strange) {
            self.lose(what, why, span);
        }
        self.settings();
        self.variables();
        self.all_locals();
        self.builds();
        self.unused_data();
        self.defaults();
        let end = std::mem::take(&mut self.module.end);
        self.draft.end.extend(end);
    }
}

impl<'a> Place<'a> {
    fn new(file: usize, at: Where) -> Self {
        Place { file, at, bound: Vec::new(), source: None, build: None, called: None }
    }
}

#[cfg(test)]
mod tests;

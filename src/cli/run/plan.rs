//! What is to be built: the file that is meant, as a document, with the builds that are wanted.
//!
//! A program is compiled, written as Packer's JSON in memory and read again, so that there is one way in. It knows no variable's value.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compile::{Compiled, compile, schema};
use crate::emit::{Emit, packer_json};
use crate::inspect::select::documents::within;
use crate::load::{Disk, World};
use crate::packer::document::CommentState;
use crate::packer::{Document, read_placed};
use crate::plan::{Step, Value};
use crate::schema::Kinds;
use crate::text::{Source, Sources};

use super::super::args::Selection;
use super::super::args_run::Run;
use super::super::input::{self, Held, is_json};
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};

/// A plan that is ready to be made builds of.
pub(super) struct Planned {
    pub(super) document: Document,
    /// The plan's text, which is kept with the run.
    pub(super) text: String,
    /// The file that was named, as it is shown.
    pub(super) file: String,
    /// The folder that holds it.
    pub(super) folder: PathBuf,
    pub(super) kinds: Arc<Kinds>,
    /// Names and kinds of post-processors that `--except` leaves out.
    pub(super) except_posts: Vec<String>,
    /// Texts that problems may point into, by path.
    pub(super) texts: HashMap<String, String>,
}

/// The plan that a run is for.
pub(super) fn of(args: &Run, terminal: &Terminal) -> Result<Planned, Stop> {
    let root = input::root(args.file.as_deref(), terminal)?;
    if root.ends_with(".hcl") {
        let help = "run the program that it was made of, or its plan in JSON";
        return Err(terminal.fail(&format!("`{root}` is HCL, which is not read"), Some(help)));
    }
    let text = Disk.read(&root).map_err(|error| {
        let (why, _) = error.words();
        let near =
            crate::text::suggest::nearest(&root, Disk.beside(&root).iter().map(String::as_str)).map(str::to_owned);
        let help = near.map(|near| format!("did you mean `{near}`?"));
        terminal.fail(&format!("`{root}` cannot be read: {why}"), help.as_deref())
    })?;
    if is_json(&root, &text) { written(args, root, text, terminal) } else { compiled(args, root, text, terminal) }
}

/// A program.
fn compiled(args: &Run, root: String, text: String, terminal: &Terminal) -> Result<Planned, Stop> {
    // Standard input has been read, and is not there to be read again.
    let held = Held { world: &Disk, path: root.clone(), text };
    let mut compiled: Compiled = compile(&held, &root, &input::options(&args.given));
    // A part names the AMIs that it needs as the whole does.
    let whole = compiled.plan.as_ref().filter(|_| args.selection.is_some());
    let edges = whole.map(|plan| packer_json(plan, &compiled.kinds, &Emit::default()).edges);
    let posts = compiled.plan.iter().flat_map(|plan| plan.posts.iter().flat_map(|chain| &chain.links));
    let posts: Vec<String> = posts.map(post_name).collect();
    let builds = compiled.plan.iter().flat_map(|plan| plan.builds.iter().map(|b| b.name.to_string())).collect();
    let (except, except_posts) = apart(&args.selection.except, &posts, &builds);
    let selection = Selection { except, ..args.selection.clone() };
    let plan = input::plan(&mut compiled, Some(&selection), terminal)?;
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    let how = Emit { edges: edges.unwrap_or_default(), ..Emit::default() };
    let text = packer_json(&plan, &compiled.kinds, &how).text();
    let texts = compiled.sources.iter().map(|(_, s)| (s.path().to_string(), s.text().to_string())).collect();
    let mut planned = Planned {
        document: read(&root, &text, terminal)?,
        folder: folder(&root),
        file: root,
        kinds: Arc::new(std::mem::take(&mut compiled.kinds)),
        except_posts,
        texts,
        text,
    };
    some(&mut planned, terminal)?;
    Ok(planned)
}

/// A plan, or a template that people wrote.
fn written(args: &Run, root: String, text: String, terminal: &Terminal) -> Result<Planned, Stop> {
    if !args.given.set.is_empty() || !args.given.params.is_empty() {
        let help = "variables of a plan are given by `--var` and `--var-file`";
        return Err(terminal.fail(&format!("`--set` gives params to a program, and `{root}` is a plan"), Some(help)));
    }
    let mut planned = Planned {
        document: read(&root, &text, terminal)?,
        folder: folder(&root),
        file: root.clone(),
        kinds: Arc::new(schema(&Disk, None).kinds),
        except_posts: Vec::new(),
        texts: HashMap::from([(root, text.clone())]),
        text,
    };
    let name = |step: &crate::packer::document::Step| {
        let name = step.options.iter().find(|(key, _)| key == "name").and_then(|(_, value)| value.as_str());
        name.unwrap_or(&step.kind).to_owned()
    };
    let posts: Vec<String> = planned.document.posts.iter().flatten().map(name).collect();
    let builds = planned.document.builds.iter().map(|b| b.name.clone()).collect();
    let (except, out) = apart(&args.selection.except, &posts, &builds);
    planned.except_posts = out;
    if let Err(problem) = within(&mut planned.document, &args.selection.only, &except) {
        let mut sources = Sources::new();
        let file = sources.add(Source::new(problem.option, problem.text.as_str()));
        terminal.diagnostics(&[problem.diagnostic(file)], &sources);
        return Err(Stop::Mistakes);
    }
    some(&mut planned, terminal)?;
    Ok(planned)
}

/// How the command line calls a post-processor: by its name, or its kind where it has none.
fn post_name(step: &Step) -> String {
    let name = step.options.iter().find(|(name, _)| name == "name").and_then(|(_, setting)| match &setting.value {
        Value::Text(text) => text.as_plain(),
        _ => None,
    });
    name.unwrap_or(&step.kind).to_owned()
}

/// Packer's `-except` names builds and post-processors alike: what is left of it for builds, and the post-processors.
fn apart(arguments: &[String], posts: &[String], builds: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let is_post = |name: &&str| posts.iter().any(|post| post == name) && !builds.contains(*name);
    let (mut except, mut out) = (Vec::new(), Vec::new());
    for argument in arguments {
        let (of_posts, others): (Vec<&str>, Vec<&str>) = argument.split(',').partition(is_post);
        out.extend(of_posts.into_iter().map(str::to_owned));
        except.extend((!others.is_empty()).then(|| others.join(",")));
    }
    (except, out)
}

/// The document of a plan's text. What is wrong in it is told.
pub(super) fn read(file: &str, text: &str, terminal: &Terminal) -> Result<Document, Stop> {
    let mut sources = Sources::new();
    let id = sources.add(Source::new(file, text));
    let (document, problems) = read_placed(id, file, text);
    terminal.diagnostics(&problems, &sources);
    let document = document.filter(|_| !input::has_errors(&problems)).ok_or(Stop::Mistakes)?;
    if document.comment == CommentState::Stale {
        let message = format!(
            "`{file}`: its `_bakec` comment does not belong to the rest and is left out: the plan was changed by hand"
        );
        terminal.warn(&message, Some("places in it are those of the plan itself"));
    }
    Ok(document)
}

fn some(planned: &mut Planned, terminal: &Terminal) -> Outcome {
    if planned.document.builds.is_empty() {
        return Err(terminal
            .fail(&format!("there is no build in `{}`", planned.file), Some("an `image` with a `builder` is one")));
    }
    Ok(())
}

/// The folder of a file, from the root.
fn folder(file: &str) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    match Path::new(file).parent() {
        Some(folder) if file != "-" => current.join(folder),
        _ => current,
    }
}

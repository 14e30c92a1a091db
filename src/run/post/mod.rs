//! What is done once an image is made: Packer's post-processors, with Packer's meaning, except that none of them can take the image
//! away.
//!
//! It must not know how the image was made. In reading order: this file walks the chains and journals each link; `manifest`,
//! `checksum` and `artifice` are kinds; `shell-local` is that of provisioners. Neighbours: `whole` writes files that others read too, `line` comes before.

mod artifice;
mod checksum;
mod manifest;

use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::build::{Build, Post, PostWork};
use super::event::{Artifact, What, ms};
use super::journal::fold::{BuildRecord, Record, State};
use super::journal::line::Entry;
use super::problem::{Kind, Problem};
use super::provision::{Ground, local};
use super::render::RunValues;
use super::step::Cx;
use crate::diagnostic::code;

/// The step of a post-processor in journals and events.
pub const POST: &str = "post";

/// The folder, in that of a run, of the files that a rehearsal writes in place of real ones.
pub const REHEARSED: &str = "rehearsed";

/// What goes from one post-processor to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Product {
    /// Its id, as Packer has it: `region:ami,region:ami`.
    id: String,
    /// Its files.
    files: Vec<String>,
}

/// What a post-processor works with.
struct Scene<'a> {
    cx: &'a Cx,
    values: &'a dyn RunValues,
    /// Whether nothing outside of the run's folder is touched.
    rehearsed: bool,
}

impl Scene<'_> {
    /// Where a file is written: there, or in a rehearsal in the folder of the run.
    fn place(&self, path: &str) -> PathBuf {
        if self.rehearsed { rehearsed(self.cx.run.journal.folder(), path) } else { PathBuf::from(path) }
    }

    /// Tells where something was written.
    fn wrote(&self, what: &str, wanted: &str, path: &Path) {
        let path = path.display();
        self.cx.events.say(match self.rehearsed {
            true => format!("{what} that would be `{wanted}`: {path}"),
            false => format!("wrote {what} `{path}`"),
        });
    }
}

/// The file of a rehearsal in place of a real one.
pub fn rehearsed(folder: &Path, path: &str) -> PathBuf {
    let parts = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("up")),
        _ => None,
    });
    std::iter::once(folder.join(REHEARSED)).chain(parts).collect()
}

/// Runs the chains of a build, each link of which that has not been run yet. Where one fails its chain ends, and the others go on.
///
/// # Errors
/// The first that failed; or that somebody wanted it to end.
pub async fn all(cx: &Cx, build: &Build, made: &Artifact, values: &dyn RunValues) -> Result<(), Problem> {
    let mut first = None;
    for (chain, links) in build.posts.iter().enumerate() {
        let Err(problem) = walk(cx, chain, links, made, values).await else { continue };
        if problem.kind == Kind::Cancelled {
            return Err(problem);
        }
        if first.is_some() {
            cx.events.warn(format!("another post-processor failed as well: {problem}"));
        }
        first.get_or_insert(problem);
    }
    first.map_or(Ok(()), Err)
}

async fn walk(cx: &Cx, chain: usize, links: &[Post], made: &Artifact, values: &dyn RunValues) -> Result<(), Problem> {
    let scene = Scene { cx, values, rehearsed: cx.run.journal.look(|r| r.head.rehearsed) };
    let mut product = Product { id: made.id.clone(), files: Vec::new() };
    for (link, post) in links.iter().enumerate() {
        product = one(&scene, format!("{chain}.{link}"), post, &product).await?;
    }
    Ok(())
}

/// One post-processor, or what the journal has of it.
async fn one(scene: &Scene<'_>, of: String, post: &Post, product: &Product) -> Result<Product, Problem> {
    let cx = scene.cx;
    let known = cx.known(POST, &of).map(|step| (step.intent, step.state));
    if let Some((_, State::Done(result))) = known {
        return serde_json::from_value(result).map_err(|error| {
            Problem::failed(code::RUN_JOURNAL, format!("what `{}` once made cannot be read: {error}", named(post)))
        });
    }
    if cx.cancel.is_cancelled() {
        return Err(Problem::cancelled());
    }
    let again = known.is_some();
    let intent = match known {
        Some((intent, _)) => intent,
        None => {
            cx.append(Entry::Intent {
                build: cx.build.to_string(),
                attempt: cx.attempt,
                step: POST.to_owned(),
                of,
                data: json!({ "kind": post.kind, "name": post.name }),
            })
            .await?
        }
    };
    let about = format!("running the post-processor {}", called(post));
    cx.events.tell(What::StepStarted { step: POST.to_owned(), about });
    let start = Instant::now();
    let outcome = match &post.work {
        PostWork::Manifest(manifest) => manifest::run(manifest, scene, product, again).await,
        PostWork::Checksum(checksum) => checksum::run(checksum, scene, product).await,
        PostWork::Artifice(patterns) => artifice::run(patterns, scene),
        PostWork::Local(work) => {
            let ground = Ground { rehearsed: scene.rehearsed, ..Ground::here(scene.values, &cx.events, &cx.cancel) };
            local::run(work, &ground).await.map(|()| product.clone()).map_err(failed)
        }
    };
    match outcome {
        Ok(product) => {
            cx.append(Entry::Result { intent, result: json!(product) }).await?;
            let result = format!("{} done", called(post));
            cx.events.tell(What::StepDone { step: POST.to_owned(), result, ms: ms(start.elapsed()) });
            cx.paused(POST).await;
            Ok(product)
        }
        // How far a command came that was ended in the middle nobody knows.
        Err(problem) if problem.kind == Kind::Cancelled && matches!(post.work, PostWork::Local(_)) => {
            Err(problem.at(post.origin.clone()))
        }
        Err(problem) => {
            cx.append(Entry::Void { intent, why: cx.events.gate().pass(&problem.message) }).await?;
            Err(problem.at(post.origin.clone()))
        }
    }
}

/// The failure of a command: the image is made all the same.
fn failed(problem: Problem) -> Problem {
    match problem.kind {
        Kind::Failed => Problem { code: code::RUN_POST, ..problem },
        _ => problem,
    }
}

/// How a post-processor is called.
fn named(post: &Post) -> &str {
    post.name.as_deref().unwrap_or(&post.kind)
}

fn called(post: &Post) -> String {
    match &post.name {
        Some(name) if *name != post.kind => format!("`{name}` ({})", post.kind),
        _ => format!("`{}`", post.kind),
    }
}

/// Commands of post-processors that were begun and have no end: nobody knows how far they came. The build and how it is called.
pub fn uncertain(record: &Record) -> Vec<(String, String)> {
    let of = |build: &BuildRecord| -> Vec<String> {
        let begun = build.steps.iter().filter(|s| s.step == POST && s.state == State::Begun && build.end.is_none());
        let local = begun.filter(|s| s.data["kind"] == "shell-local");
        local.map(|s| s.data["name"].as_str().unwrap_or("shell-local").to_owned()).collect()
    };
    record.builds.iter().flat_map(|(name, build)| of(build).into_iter().map(move |post| (name.clone(), post))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_writes_below_its_run() {
        let of = |path: &str| rehearsed(Path::new("runs/r1"), path).display().to_string();
        assert_eq!(of("list.json"), "runs/r1/rehearsed/list.json");
        assert_eq!(of("/etc/../list.json"), "runs/r1/rehearsed/etc/up/list.json");
        assert_eq!(of("./a/list.json"), "runs/r1/rehearsed/a/list.json");
    }
}

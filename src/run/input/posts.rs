//! Post-processors: those that are executed, and what all of them share.
//!
//! Neighbours: `options` takes, `steps` has `shell-local` too, `run::post` does the work; `steps` has the same for provisioners.

use super::options::Take;
use super::values::Values;
use super::{Inputs, known};
use crate::packer::document;
use crate::run::build::{Algorithm, Checksum, Manifest, Post, PostWork};
use crate::run::problem::Problem;
use crate::schema::Category;

/// The kinds that are executed.
pub(super) const EXECUTED: [&str; 4] = ["artifice", "checksum", "manifest", "shell-local"];

/// How the command line may leave it out: by its name, or its kind where it has none.
pub(super) fn name(step: &document::Step) -> &str {
    let name = step.options.iter().find(|(name, _)| name == "name").and_then(|(_, value)| value.as_str());
    name.unwrap_or(&step.kind)
}

/// The chains of a build. What is left out by name takes the rest of its chain along; what is for other builds does not.
pub(super) fn chains(
    document: &document::Document,
    build: &document::Build,
    values: &Values<'_>,
    inputs: &Inputs,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<super::Warning>,
) -> Vec<Vec<Post>> {
    let mut chains = Vec::new();
    for chain in &document.posts {
        let wanted = chain.iter().take_while(|step| !inputs.except_posts.iter().any(|out| out == name(step)));
        let own = wanted.filter(|step| step.builds.as_ref().is_none_or(|builds| builds.contains(&build.name)));
        let links: Vec<Post> = own.filter_map(|step| take(step, values, inputs, problems, warnings)).collect();
        if !links.is_empty() {
            chains.push(links);
        }
    }
    chains
}

fn take(
    step: &document::Step,
    values: &Values<'_>,
    inputs: &Inputs,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<super::Warning>,
) -> Option<Post> {
    let label = format!("`{}`", step.kind);
    let places = |option: &str| step.place(option).map(Into::into);
    let mut take = Take::new(&label, &step.options, &places, values, &inputs.environment);
    let name = take.text("name");
    let work = match step.kind.as_str() {
        "manifest" => Some(PostWork::Manifest(manifest(&mut take, inputs))),
        "checksum" => Some(PostWork::Checksum(checksum(&mut take))),
        "artifice" => Some(PostWork::Artifice(artifice(&mut take))),
        "shell-local" => Some(PostWork::Local(Box::new(super::steps::shell_local(&mut take)))),
        // It was refused with the whole plan.
        _ => {
            take.ignore_rest();
            None
        }
    };
    keep(&mut take, step);
    take.refuse_rest(known(&inputs.kinds, Category::Post, &step.kind));
    warnings.append(&mut take.warnings);
    problems.extend(take.finish());
    let origin = step.origin.as_ref().map(Into::into);
    Some(Post { kind: step.kind.clone(), name, origin, work: work? })
}

/// What went in is always kept: an image is nothing that a post-processor takes away.
fn keep(take: &mut Take<'_>, step: &document::Step) {
    if take.choice("keep_input_artifact") != Some(false) {
        return;
    }
    let help = Some("take the option out; `bakec clean` and `prune` are for images that nobody wants".to_owned());
    if step.kind == "artifice" {
        let message =
            "`keep_input_artifact = false` would deregister the image, which no post-processor of `bakec run` does";
        take.wrong("keep_input_artifact", message, Some("take the option out, and the image stays"));
    } else {
        // Packer passes over it there too.
        let message = format!("`keep_input_artifact = false` does nothing: `{}` hands on what it gets", step.kind);
        take.warnings.push(super::Warning { message, help });
    }
}

fn manifest(take: &mut Take<'_>, inputs: &Inputs) -> Manifest {
    Manifest {
        output: take.text("output").unwrap_or_else(|| "packer-manifest.json".to_owned()),
        strip_path: take.flag("strip_path"),
        strip_time: take.flag("strip_time"),
        custom_data: take.pairs("custom_data"),
        force: inputs.force,
    }
}

fn checksum(take: &mut Take<'_>) -> Checksum {
    let mut types = Vec::new();
    for name in take.list("checksum_types") {
        match Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name) {
            Some(algorithm) => types.push(algorithm),
            None => {
                let known: Vec<String> = Algorithm::ALL.iter().map(|a| format!("`{}`", a.name())).collect();
                let help = format!("the algorithms are {}", crate::text::words::list(&known, "and"));
                take.wrong("checksum_types", format!("there is no checksum `{name}`"), Some(&help));
            }
        }
    }
    if types.is_empty() {
        types.push(Algorithm::Md5);
    }
    let output = take.late_with("output", &["BuildName", "BuilderType", "ChecksumType"]);
    let output =
        output.unwrap_or_else(|| "packer_{{.BuildName}}_{{.BuilderType}}_{{.ChecksumType}}.checksum".to_owned());
    Checksum { types, output }
}

fn artifice(take: &mut Take<'_>) -> Vec<String> {
    let files = take.list("files");
    if files.is_empty() {
        take.wrong("files", "`artifice` names no file", Some("write `files = [\"built/*.img\"]`"));
    }
    files
}

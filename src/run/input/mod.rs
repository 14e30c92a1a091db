//! What is to be done, from a plan: its document, with variables and the environment, becomes builds that are ready to be walked.
//!
//! All that cannot be done is told in one go, before anything starts. It must not know AWS nor who reads the problems. In reading
//! order: `variables` gives values, `values` is what options see of them, `options` takes options with Packer's looseness, `ebs`
//! and `null` are builders, `steps` provisioners, `posts` post-processors, `outputs` the files at the end; `refusals` joins what several builds have in common.

mod block;
mod communicator;
mod ebs;
mod null;
mod options;
mod outputs;
mod posts;
mod refusals;
mod steps;
mod undeclared;
mod values;
mod variables;
mod ways;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::build::Build;
use super::problem::Problem;
use super::render::Given;
use super::secret::Gate;
use crate::diagnostic::code;
use crate::packer::Document;
use crate::packer::document;
use crate::schema::{Category, Kinds};
use crate::text::words;
use options::Take;
pub use outputs::outputs;
use refusals::Refusals;
use values::Values;

/// What a plan does not hold.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Values of variables from the command line; later ones win.
    pub vars: Vec<(String, String)>,
    /// Files of such values: the path, and what it holds; later ones win.
    pub var_files: Vec<(String, String)>,
    /// When the run began.
    pub moment: Moment,
    /// Whether Packer's way is taken where bakec's is another one.
    pub packer_defaults: bool,
    /// Whether a former image of the same name makes room.
    pub force: bool,
    /// The folder that holds the plan.
    pub folder: PathBuf,
    /// The folder in which bakec was started.
    pub current: PathBuf,
    /// Variables of the environment.
    pub environment: BTreeMap<String, String>,
    /// Kinds with their options, for what is not known here.
    pub kinds: Arc<Kinds>,
    /// Names of post-processors that are left out.
    pub except_posts: Vec<String>,
}

/// The moment of a run; a run that goes on keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it began.
    pub at: Timestamp,
    /// What `uuid` gives.
    pub uuid: String,
}

impl Moment {
    /// That of a run which begins now.
    pub fn now() -> Self {
        Moment { at: Timestamp::now(), uuid: uuid() }
    }
}

/// A random UUID of version 4.
fn uuid() -> String {
    let bits = (rand::random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Something that the user should look at, though it does not stop a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// One line.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What the command line and files give to variables; files that cannot be read give nothing.
pub fn given(inputs: &Inputs) -> BTreeMap<String, String> {
    variables::given(inputs, &mut Vec::new())
}

/// The builds of a plan.
///
/// # Errors
/// All that the plan, the variables and files do not allow, and all that is not executed yet.
pub fn builds(document: &Document, inputs: &Inputs, gate: &Gate) -> Result<(Vec<Build>, Vec<Warning>), Vec<Problem>> {
    let mut warnings = Vec::new();
    let mut refusals = Refusals::default();
    // First, and whatever values variables have: what cannot be done with any.
    whole(document, inputs, &mut refusals);
    let users = variables::values(document, inputs, gate, &mut warnings).unwrap_or_else(|problems| {
        refusals.extend(problems);
        None
    });
    // Without variables every option that reads one would be a mistake of its own.
    let Some(users) = users else { return Err(refusals.finish(document.builds.len())) };
    let mut builds = Vec::new();
    for source in &document.builds {
        let given = values_of(document, source, inputs, &users);
        let values = Values::new(&given, gate, users.secrets.clone(), &source.kind);
        let label = format!("`{}`", source.kind);
        let places = &|option: &str| source.place(option).map(Into::into);
        let mut take = Take::new(&label, &source.options, places, &values, &inputs.environment);
        let builder = match source.kind.as_str() {
            "amazon-ebs" => ebs::take(&mut take, source, inputs, gate),
            "null" => null::take(&mut take, inputs.packer_defaults),
            _ => {
                take.ignore_rest();
                None
            }
        };
        take.refuse_rest(known(&inputs.kinds, Category::Builder, &source.kind));
        warnings.append(&mut take.warnings);
        let mut problems = take.finish();
        let name: Arc<str> = given.named.get("build_name").map_or(source.name.as_str(), String::as_str).into();
        let mut steps = |list: &[document::Step]| -> Vec<_> {
            let own = list.iter().filter(|s| s.builds.as_ref().is_none_or(|b| b.contains(&source.name)));
            own.filter_map(|step| steps::take(step, source, &values, inputs, &mut problems)).collect()
        };
        let provisioners = steps(&document.provisioners);
        let cleanups = steps(&document.cleanups);
        let posts = posts::chains(document, source, &values, inputs, &mut problems, &mut warnings);
        refusals.of_build(&name, problems);
        let Some(builder) = builder else { continue };
        let origin = source.origin.as_ref().map(Into::into);
        builds.push(Build { name, origin, builder, provisioners, cleanups, posts, values: given });
    }
    warnings.sort_by(|a, b| a.message.cmp(&b.message));
    warnings.dedup();
    let problems = refusals.finish(document.builds.len());
    if problems.is_empty() { Ok((builds, warnings)) } else { Err(problems) }
}

/// What the whole plan asks for and is not executed yet.
fn whole(document: &Document, inputs: &Inputs, refusals: &mut Refusals) {
    let layered: Vec<&document::Build> = document
        .builds
        .iter()
        .filter(|b| document.edges.iter().any(|(variable, ..)| reads(b, variable) && !is_given(inputs, variable)))
        .collect();
    for build in layered {
        let problem = Problem::refused(
            code::RUN_UNEXECUTED,
            "a build on the image of another build is not executed yet by `bakec run`",
        )
        .help("write each stage to a plan of its own with `bakec compile --stage all`, and run one after the other")
        .at(build.origin.as_ref().map(Into::into));
        refusals.of_build(&build.name.as_str().into(), vec![problem]);
    }
    for build in document.builds.iter().filter(|b| !EXECUTED.contains(&&*b.kind)) {
        let problem = unexecuted(&build.kind).at(build.origin.as_ref().map(Into::into));
        refusals.of_build(&build.name.as_str().into(), vec![problem]);
    }
    for step in &document.tests {
        refusals.extend([unexecuted_step("test", step)]);
    }
    for chain in &document.posts {
        for step in chain {
            // What is left out takes the rest of its chain along.
            if inputs.except_posts.iter().any(|out| out == posts::name(step)) {
                break;
            }
            if !posts::EXECUTED.contains(&&*step.kind) {
                refusals.extend([unexecuted_step("post-processor", step)]);
            }
        }
    }
}

fn is_given(inputs: &Inputs, variable: &str) -> bool {
    inputs.vars.iter().any(|(name, _)| name == variable)
        || inputs.var_files.iter().any(|(_, text)| text.contains(&format!("\"{variable}\"")))
}

/// Whether an option of a builder reads a variable.
fn reads(build: &document::Build, variable: &str) -> bool {
    let call = format!("user `{variable}`");
    build.options.iter().any(|(_, value)| value.to_string().contains(&call))
}

fn unexecuted_step(what: &str, step: &document::Step) -> Problem {
    Problem::refused(code::RUN_UNEXECUTED, format!("the {what} `{}` is not executed yet by `bakec run`", step.kind))
        .help(WAY_OUT)
        .at(step.origin.as_ref().map(Into::into))
}

/// What to do with what is not executed.
const WAY_OUT: &str = "write the plan with `bakec compile` and build it with Packer, or take it out for the run";

/// The builders that are executed.
const EXECUTED: [&str; 2] = ["amazon-ebs", "null"];

/// The refusal of a kind of builder.
fn unexecuted(kind: &str) -> Problem {
    if kind == "amazon-instance" {
        return Problem::refused(code::RUN_UNEXECUTED, "`bakec run` does not build instance-store images yet")
            .help("an image on EBS is built by `builder amazon-ebs { … }` from a source AMI whose root device is EBS, without `account_id`, `s3_bucket` and the X.509 files; or build the plan with Packer");
    }
    let known = EXECUTED.map(|k| format!("`{k}`"));
    Problem::refused(code::RUN_UNEXECUTED, format!("the builder `{kind}` is not executed yet by `bakec run`"))
        .help(format!("{} are; {WAY_OUT}", words::list(&known, "and")))
}

/// The names of a kind's options.
fn known<'k>(kinds: &'k Kinds, category: Category, kind: &str) -> Option<Vec<&'k str>> {
    let kind = kinds.get(&(category, kind.into()))?;
    Some(kind.options.keys().map(smol_str::SmolStr::as_str).collect())
}

/// The values that a build's options see.
fn values_of(document: &Document, build: &document::Build, inputs: &Inputs, users: &variables::Users) -> Given {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut given = Given { moment: inputs.moment.at, users: users.values.clone(), ..Given::default() };
    for (name, value) in [
        ("build_name", build.name.clone()),
        ("build_type", build.kind.clone()),
        ("packer_version", version(document)),
        ("pwd", path(&inputs.current)),
        ("template_dir", path(&inputs.folder)),
        ("uuid", inputs.moment.uuid.clone()),
    ] {
        given.named.insert(name.to_owned(), value);
    }
    if build.name.contains("{{")
        && let Ok(name) = super::render::render(&build.name, &given)
    {
        given.named.insert("build_name".to_owned(), name);
    }
    given
}

/// The version that the plan was written for, or else that of bakec.
fn version(document: &Document) -> String {
    document.min_packer_version.clone().unwrap_or_else(|| format!("bakec-{}", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests;

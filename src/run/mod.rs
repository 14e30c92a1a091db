//! The executor: takes a plan's builds and makes images on EC2, with a record of every step before it is done.
//!
//! Floor 6. It runs from a plan alone: it must not know the language, nor who watches. In reading order: `build` is what is
//! worked on; `preflight` asks what can be known beforehand; `line` is the way of one build, over the journalled steps of `step`;
//! `journal` holds the record, `aws` the one door to EC2, `ssh` the connection, `provision` what is done over it; `settle` goes on
//! with a run that was interrupted, or undoes it; `sweep` undoes what has no journal any more.

pub mod aws;
pub mod build;
pub mod caller;
pub mod cancel;
pub mod event;
pub mod facts;
pub mod input;
pub mod journal;
pub mod key;
pub mod line;
pub mod pause;
pub mod preflight;
pub mod problem;
pub mod process;
pub mod provision;
pub mod reached;
pub mod render;
pub mod secret;
pub mod settle;
pub mod ssh;
pub mod step;
pub mod sweep;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::diagnostic::code;
use aws::{Cloud, Reach};
use build::{Access, Build, Builder, Carry, Script, Work};
use cancel::Cancel;
use event::{Events, What};
use input::Moment;
use journal::Journal;
use journal::line::{End, Entry, FORMAT, Head};
use line::Baked;
use pause::Pause;
use preflight::{Asked, Found};
use problem::{Kind, Problem};
use reached::Reached;
use step::lease;
use step::undo::{Extent, back};
use step::{ABSENCE, Age, Cx, Run};

/// What becomes of a machine when its build fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Everything is undone.
    #[default]
    Cleanup,
    /// Nothing is undone: `clean` does it later.
    Abort,
    /// The same, but the steps that clean up are run on the machine.
    RunCleanupProvisioner,
}

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds the folders of all runs.
    pub runs: PathBuf,
    /// How many builds are made at once; all where it is 0.
    pub parallel: usize,
    /// What becomes of what a failed build has made.
    pub on_error: OnError,
    /// Whether former images of the same name make room.
    pub force: bool,
    /// How the account is reached.
    pub reach: Reach,
    /// Where SSH is reached instead of at the machines' own addresses: a rehearsal's server.
    pub ssh_at: Option<SocketAddr>,
    /// How long the run may take.
    pub timeout: Option<Duration>,
    /// Whether all is done as Packer does it.
    pub packer_defaults: bool,
    /// How long an empty look-up is not believed, in AWS's time.
    pub absence: Duration,
    /// How long a lease is, in AWS's time; as long as the clock asks for where it is not said.
    pub lease: Option<Duration>,
    /// Whether nothing is really built.
    pub rehearsed: bool,
    /// The plan, kept with the run.
    pub plan: String,
    /// How it was asked for, kept with the run for those who go on with it.
    pub kept: String,
    /// Who is asked before the next step begins.
    pub pause: Option<Pause>,
    /// The moment of the run.
    pub moment: Moment,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            runs: PathBuf::from(".bakec/runs"),
            parallel: 0,
            on_error: OnError::default(),
            force: false,
            reach: Reach::default(),
            ssh_at: None,
            timeout: None,
            packer_defaults: false,
            absence: ABSENCE,
            lease: None,
            rehearsed: false,
            plan: String::new(),
            kept: String::new(),
            pause: None,
            moment: Moment::now(),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The run's name; none where nothing was begun.
    pub run: Option<String>,
    /// How each build ended, in the plan's order.
    pub ends: Vec<(String, End)>,
    /// Why nothing was begun.
    pub refused: Vec<Problem>,
    /// What may be left behind.
    pub left: Vec<Problem>,
    /// Whether somebody wanted it to end.
    pub cancelled: bool,
    /// How many calls to AWS were made.
    pub calls: u64,
}

/// The accounts of builds: those with the same access share one.
pub struct Clouds {
    all: Vec<(Access, Arc<Cloud>)>,
    calls: Arc<AtomicU64>,
}

impl Clouds {
    /// Opens an account for every access among the builds.
    ///
    /// # Errors
    /// Where there are no credentials.
    async fn open(builds: &[Reached], reach: &Reach, events: &Events) -> Result<Clouds, Problem> {
        let mut clouds = Clouds { all: Vec::new(), calls: Arc::default() };
        for access in builds.iter().filter_map(|b| b.access.as_ref()) {
            if clouds.of(access).is_none() {
                let cloud = Cloud::open(access, reach, events, clouds.calls.clone()).await?;
                clouds.all.push((access.clone(), Arc::new(cloud)));
            }
        }
        Ok(clouds)
    }

    /// The account of an access. The region is a part of it only where it has an endpoint of its own.
    fn of(&self, access: &Access) -> Option<Arc<Cloud>> {
        let any = access.endpoint.is_none();
        let same = |other: &Access| {
            let region = if any { &access.region } else { &other.region };
            Access { region: region.clone(), ..other.clone() } == *access
        };
        self.all.iter().find(|(other, _)| same(other)).map(|(_, cloud)| cloud.clone())
    }
}

/// Builds images: preflight, then all builds, then the end.
pub async fn bake(mut builds: Vec<Build>, settings: Settings, events: Events, cancel: Cancel) -> Outcome {
    if settings.on_error == OnError::Abort {
        builds.iter_mut().for_each(|build| build.cleanups.clear());
    }
    let refused = |refused: Vec<Problem>| Outcome { refused, ..Outcome::default() };
    let missing = preflight::files(&builds);
    if !missing.is_empty() {
        return refused(missing);
    }
    let reached: Vec<Reached> = builds.iter().map(Reached::from).collect();
    let clouds = match Clouds::open(&reached, &settings.reach, &events).await {
        Ok(clouds) => clouds,
        Err(problem) => return refused(vec![problem]),
    };
    let asked: Vec<Asked<'_>> = builds.iter().filter_map(|build| asked(build, &clouds)).collect();
    let (found, problems) = if asked.is_empty() {
        (Found::default(), Vec::new())
    } else {
        events.say(format!("preflight: asking AWS about {}", crate::text::words::count(asked.len(), "build")));
        // It only looks: it can be left at any moment.
        tokio::select! {
            found = preflight::look(&asked, settings.force, &settings.reach) => found,
            () = cancel.cancelled() => {
                let calls = clouds.calls.load(Ordering::Relaxed);
                return Outcome { cancelled: true, calls, ..Outcome::default() };
            }
        }
    };
    drop(asked);
    if !problems.is_empty() {
        return Outcome { calls: clouds.calls.load(Ordering::Relaxed), ..refused(problems) };
    }
    let run = match begin(&builds, &settings) {
        Ok(run) => Arc::new(run),
        Err(problem) => return refused(vec![problem]),
    };
    work(Common { run, settings, clouds, found, events, cancel }, builds, false).await
}

fn asked<'a>(build: &'a Build, clouds: &Clouds) -> Option<Asked<'a>> {
    match &build.builder {
        Builder::Ebs(ebs) => Some(Asked { build, ebs, cloud: clouds.of(&ebs.access)? }),
        Builder::Null(_) => None,
    }
}

/// Makes the folder of a run with its plan and its journal.
fn begin(builds: &[Build], settings: &Settings) -> Result<Run, Problem> {
    let salt = format!("{:032x}", rand::random::<u128>());
    let moment = settings.moment.at;
    let name = format!("{}-{}", moment.strftime("%Y%m%d-%H%M%S"), &salt[..6]);
    let folder = settings.runs.join(&name);
    let io = |error: std::io::Error| {
        Problem::refused(code::RUN_FOLDER, format!("the folder `{}` cannot be written: {error}", folder.display()))
            .help("run it where you may write, or name another folder by `--runs`")
    };
    std::fs::create_dir_all(&settings.runs).and_then(|()| own_folder(&folder)).map_err(io)?;
    std::fs::write(folder.join(PLAN), &settings.plan).map_err(io)?;
    std::fs::write(folder.join(KEPT), &settings.kept).map_err(io)?;
    let head = Head {
        format: FORMAT,
        run: name.clone(),
        salt: salt.clone(),
        bakec: env!("CARGO_PKG_VERSION").to_owned(),
        moment,
        uuid: settings.moment.uuid.clone(),
        host: host(),
        pid: std::process::id(),
        plan: blake3::hash(settings.plan.as_bytes()).to_hex().to_string(),
        files: digests(builds).map_err(io)?,
        builds: builds.iter().map(|b| b.name.to_string()).collect(),
        endpoint: settings.reach.endpoint.clone(),
        rehearsed: settings.rehearsed,
        ways: builds.iter().map(|b| (b.name.to_string(), Reached::from(b).way())).collect(),
        scale: settings.reach.scale,
        packer_defaults: settings.packer_defaults,
    };
    let journal = Journal::create(&folder, head).map_err(|error| settle::unusable(&name, error))?;
    Ok(Run::new(journal, settings))
}

impl Run {
    /// The run of a journal.
    fn new(journal: Journal, settings: &Settings) -> Run {
        let (name, salt) = journal.look(|r| (r.head.run.clone(), r.head.salt.clone()));
        let lease = settings.lease.unwrap_or_else(|| lease::span(settings.reach.scale.unwrap_or(1.0)));
        let Settings { absence, packer_defaults, .. } = *settings;
        Run { journal, name, salt, absence, lease, moved: None, packer_defaults }
    }
}

/// The plan's file in the folder of a run.
pub const PLAN: &str = "plan.json";
/// The file that says how the run was asked for.
pub const KEPT: &str = "asked.json";

/// Makes a folder that only its owner may look into: keys lie in it for a while.
fn own_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The name of this machine.
pub fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// Digests of the files that builds read, folders with all that is in them.
fn digests(builds: &[Build]) -> std::io::Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let steps = builds.iter().flat_map(|b| b.provisioners.iter().chain(&b.cleanups).map(move |step| (b, step)));
    for (build, step) in steps {
        match &step.work {
            Work::Shell(shell) => paths.extend(shell.scripts.iter().filter_map(|s| match s {
                Script::File(path) => Some(path.clone()),
                Script::Inline(_) => None,
            })),
            Work::File(carry) if !carry.download && !carry.generated => paths.extend(sources(carry, build)),
            Work::File(_) => {}
        }
    }
    paths.sort();
    paths.dedup();
    paths.iter().map(|path| Ok((path.display().to_string(), digest(path)?))).collect()
}

/// What a step brings to the machine, as far as that is known before there is one.
fn sources(carry: &Carry, build: &Build) -> Vec<PathBuf> {
    carry.sources.iter().filter_map(|source| render::rendered(source, &build.values).ok().map(PathBuf::from)).collect()
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, path)?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

fn feed(hasher: &mut blake3::Hasher, path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        inside.sort();
        for entry in inside {
            hasher.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
            feed(hasher, &entry)?;
        }
    } else {
        hasher.update_reader(std::fs::File::open(path)?)?;
    }
    Ok(())
}

/// What the builds of a run have in common.
struct Common {
    run: Arc<Run>,
    settings: Settings,
    clouds: Clouds,
    /// What preflight has found.
    found: Found,
    events: Events,
    cancel: Cancel,
}

/// Makes all builds that have no end yet, so many at once, and closes the run where nothing is left.
async fn work(common: Common, builds: Vec<Build>, resumed: bool) -> Outcome {
    let common = Arc::new(common);
    let Common { run, settings, clouds, events, cancel, .. } = &*common;
    events.tell(What::RunStarted {
        format: event::FORMAT,
        run: run.name.clone(),
        builds: builds.iter().map(|b| b.name.to_string()).collect(),
        folder: run.journal.folder().display().to_string(),
        resumed,
    });
    let places =
        Arc::new(Semaphore::new(if settings.parallel == 0 { Semaphore::MAX_PERMITS } else { settings.parallel }));
    let held = builds.iter().filter_map(|b| match &b.builder {
        Builder::Ebs(ebs) => Some((b.name.clone(), clouds.of(&ebs.access)?, ebs.access.region.clone())),
        Builder::Null(_) => None,
    });
    let held = held.collect();
    let tasks: Vec<_> = builds
        .into_iter()
        .map(|build| {
            let (places, common) = (places.clone(), common.clone());
            let own = build.name.clone();
            tokio::spawn(event::BUILD.scope(own, async move {
                let _place = places.acquire().await;
                let name = build.name.to_string();
                let (end, left) = one(&common, &build).await;
                (name, end, left)
            }))
        })
        .collect();
    let renewal = tokio::spawn(lease::renew(run.clone(), held, events.clone()));
    let mut outcome = Outcome { run: Some(run.name.clone()), ..Outcome::default() };
    for task in tasks {
        match task.await {
            Ok((name, end, left)) => {
                outcome.ends.push((name, end));
                outcome.left.extend(left);
            }
            Err(error) => {
                outcome.left.push(Problem::left(code::RUN_BUG, format!("a build ended by a bug of bakec's: {error}")))
            }
        }
    }
    renewal.abort();
    // It holds the journal until it has ended.
    let _ = renewal.await;
    outcome.cancelled = cancel.is_cancelled();
    if outcome.left.is_empty()
        && run.journal.look(|r| r.builds.values().all(|b| b.end.is_some()))
        && let Err(error) = run.journal.append(Entry::Closed)
    {
        events.warn(format!("the journal cannot be closed: {error}"));
    }
    outcome.calls = clouds.calls.load(Ordering::Relaxed);
    let done = outcome.ends.iter().filter(|(_, end)| matches!(end, End::Done { .. })).count();
    let (failed, calls) = (outcome.ends.len() - done, outcome.calls);
    let left = outcome.left.iter().map(|p| format!("{} [{}]", p.message, p.code)).collect();
    events.tell(What::RunDone { done, failed, left, calls });
    outcome
}

impl Common {
    /// The context of a build.
    fn context(&self, build: &Build) -> Cx {
        let origins = match &build.builder {
            Builder::Ebs(ebs) => ebs.origins.clone(),
            Builder::Null(_) => Vec::new(),
        };
        Cx { origins: Arc::new(origins), ..self.bare(&Reached::from(build)) }
    }

    /// The context of a build of which no more is known than its account.
    fn bare(&self, build: &Reached) -> Cx {
        let cloud = build.access.as_ref().and_then(|access| self.clouds.of(access));
        let region = build.access.as_ref().map_or("", |access| access.region.as_str());
        // A build without a machine of its own makes no call.
        let cloud = cloud.unwrap_or_else(|| Arc::new(Cloud::of_nobody(&self.events)));
        let attempt = self.run.journal.look(|r| r.builds.get(&*build.name).map_or(1, |b| b.attempt));
        Cx {
            run: self.run.clone(),
            build: build.name.clone(),
            attempt,
            region: cloud.region(region),
            cloud,
            events: self.events.of_build(&build.name),
            cancel: self.cancel.clone(),
            pause: self.settings.pause.clone(),
            origins: Arc::default(),
            age: Age::fresh(),
        }
    }
}

/// Makes one build to its end: the image, or everything undone.
async fn one(common: &Common, build: &Build) -> (End, Vec<Problem>) {
    let Common { settings, found, .. } = common;
    let mut cx = common.context(build);
    if let Some(end) = cx.run.journal.look(|r| r.builds.get(&*build.name).and_then(|b| b.end.clone())) {
        let left = match end {
            End::Done { .. } => back(&cx, Extent::Scaffolding).await,
            End::Failed { .. } => left_as_it_is(&cx),
        };
        return (end, left);
    }
    if let Err(left) = settle::ready(&mut cx).await {
        let problem = Problem::failed(code::RUN_RESUME, "what an earlier attempt made cannot be undone")
            .help(format!("undo it by `bakec clean {}`, which says what is in the way", cx.run.name))
            .at(build.origin.clone());
        cx.events.tell(What::BuildFailed { problem: problem.clone() });
        return (End::Failed { problem }, left);
    }
    let cx = &cx;
    let kind = match &build.builder {
        Builder::Ebs(_) => "amazon-ebs",
        Builder::Null(_) => "null",
    };
    cx.events.tell(What::BuildStarted { kind: kind.to_owned() });
    // When the time is up it ends as when somebody wishes it: what is in flight, and what cleans up, has its end.
    let timed = Cx { cancel: cx.cancel.within(settings.timeout), ..cx.clone() };
    let baked = match &build.builder {
        Builder::Ebs(ebs) => {
            let source = found.sources.get(&*build.name).cloned();
            let address = found.addresses.get(&*build.name).cloned();
            let given = line::ebs::Given { source, address, ssh_at: settings.ssh_at, values: &build.values };
            line::ebs::bake(&timed, build, ebs, &given).await
        }
        Builder::Null(null) => line::null::bake(&timed, build, null, &build.values).await.map(Baked::from),
    };
    let baked = match (baked, settings.timeout) {
        (Err(problem), Some(time)) if problem.kind == Kind::Cancelled && !cx.cancel.is_cancelled() => {
            Err(Problem::failed(code::RUN_TIMEOUT, format!("the build has not ended after {}s", time.as_secs())))
        }
        (baked, _) => baked,
    };
    finish(cx, build, baked, settings.on_error).await
}

/// Writes how the build ended, and undoes what is not to stay.
async fn finish(cx: &Cx, build: &Build, baked: Result<Baked, Problem>, on_error: OnError) -> (End, Vec<Problem>) {
    let ended = |end: &End| {
        let end = match end.clone() {
            End::Failed { problem } => End::Failed { problem: cx.events.gate().pass_problem(problem) },
            done => done,
        };
        cx.append(Entry::End { build: build.name.to_string(), end }).err()
    };
    match baked {
        Ok(Baked { artifact, left: remains }) => {
            let end = End::Done { artifact: artifact.clone() };
            // First of all: whoever goes on from here has only to tidy up.
            let unwritten = ended(&end);
            let mut left = back(cx, Extent::Scaffolding).await;
            left.extend(unwritten);
            left.extend(remains);
            cx.events.tell(What::BuildDone { artifact });
            (end, left)
        }
        Err(problem) if line::is_final(cx) => {
            // Its images are being marked as final, which nobody undoes: the way back does it once more.
            let mut left = back(cx, Extent::Scaffolding).await;
            if left.is_empty()
                && let Some(artifact) = line::ebs::finished(cx)
            {
                let end = End::Done { artifact: artifact.clone() };
                left.extend(ended(&end));
                cx.events.tell(What::BuildDone { artifact });
                return (end, left);
            }
            let problem = problem.at(build.origin.clone());
            cx.events.tell(What::BuildFailed { problem: problem.clone() });
            let message = format!("the images of `{}` are made, and may not be final yet", build.name);
            let help = format!("finish it by `bakec resume {}`", cx.run.name);
            left.push(Problem::left(code::RUN_TAG, message).help(help));
            (End::Failed { problem }, left)
        }
        Err(problem) => {
            let problem = problem.at(build.origin.clone());
            cx.events.tell(What::BuildFailed { problem: problem.clone() });
            let end = End::Failed { problem };
            let mut left = match on_error {
                OnError::Cleanup => back(cx, Extent::Everything).await,
                OnError::Abort | OnError::RunCleanupProvisioner => left_as_it_is(cx),
            };
            left.extend(ended(&end));
            (end, left)
        }
    }
}

/// What a failed build leaves on purpose.
fn left_as_it_is(cx: &Cx) -> Vec<Problem> {
    let standing = cx.run.journal.look(|r| {
        let own = r.standing().into_iter().filter(|(build, _)| **build == *cx.build);
        own.map(|(_, step)| step.step.clone()).collect::<Vec<_>>()
    });
    if standing.is_empty() {
        return Vec::new();
    }
    let message = format!("`{}` was left as it is: {}", cx.build, standing.join(", "));
    vec![Problem::left(code::RUN_ABORT, message).help(format!("undo it by `bakec clean {}`", cx.run.name))]
}

/// Whether a failure is the wish of somebody.
pub fn is_cancelled(end: &End) -> bool {
    matches!(end, End::Failed { problem } if problem.kind == Kind::Cancelled)
}

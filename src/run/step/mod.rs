//! Steps: data enough to do something once, to find out whether it was done, and to undo it; and the way from one to the next.
//!
//! The rule: the intent is written and synced, then the call is made, then the result is written. Where only the intent is known, the
//! outcome is looked up before anything else. It must not know builders. Neighbours: each file has the steps of one kind of
//! resource; `line` puts them in their order; `undo` walks back over them.

pub mod ask;
pub mod copy;
pub mod enhance;
pub mod fast_launch;
pub mod fleet;
pub mod former;
pub mod group;
pub mod image;
pub mod intermediary;
pub mod key;
pub mod launch;
pub mod lease;
pub mod network;
pub mod protect;
pub mod publish;
pub mod revive;
pub mod role;
pub mod source;
pub mod tags;
pub mod undo;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::aws::fault::{CallError, Fault};
use super::aws::{Cloud, Region};
use super::cancel::Cancel;
use super::event::{Events, What, ms};
use super::journal::Journal;
use super::journal::fold::{State, StepRecord};
use super::journal::line::Entry;
use super::pause::Pause;
use super::problem::{Origin, Problem};
use crate::diagnostic::{Code, code};

/// How long after its intent an empty look-up means that a step had no effect, in AWS's time.
pub const ABSENCE: Duration = Duration::from_secs(120);

/// So long after its intent a step may still be on its way, in the local clock's time: longer than a call is made again and again, and
/// than one waits for a free place.
const UNDER_WAY: SignedDuration = SignedDuration::from_hours(8);

/// How old something is: as old as two clocks once said, and growing since then by one that cannot be set.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    then: Duration,
    since: Instant,
}

impl Age {
    /// Of what has just been.
    pub fn fresh() -> Age {
        Age { then: Duration::ZERO, since: Instant::now() }
    }

    /// Of what was at that time. A clock that was set back meanwhile says nothing.
    pub fn of(at: Timestamp) -> Age {
        let then = Duration::try_from(Timestamp::now().duration_since(at)).unwrap_or_default();
        Age { then, since: Instant::now() }
    }

    fn now(self) -> Duration {
        self.then + self.since.elapsed()
    }
}

/// What all builds of a run share.
pub struct Run {
    /// The record.
    pub journal: Journal,
    /// The run's name.
    pub name: String,
    /// Random, so that no other run has the same tokens.
    pub salt: String,
    /// How long an empty look-up is not believed.
    pub absence: Duration,
    /// How long a lease is, in AWS's time.
    pub lease: Duration,
    /// Where another host wrote the journal until then: the number of the first line from here, and when it was written. What
    /// was begun before that is reckoned from it, for no one knows how that host's clock went.
    pub moved: Option<(u64, Timestamp)>,
    /// Whether all is done as Packer does it.
    pub packer_defaults: bool,
}

/// Where a build stands: what its steps need.
#[derive(Clone)]
pub struct Cx {
    /// The run.
    pub run: Arc<Run>,
    /// The build.
    pub build: Arc<str>,
    /// The attempt at a machine, from 1.
    pub attempt: u32,
    /// The account.
    pub cloud: Arc<Cloud>,
    /// The region of the machine.
    pub region: Arc<Region>,
    /// What the build tells.
    pub events: Events,
    /// Whether it is to end.
    pub cancel: Cancel,
    /// Who is asked before the next step begins.
    pub pause: Option<Pause>,
    /// Who sits at the keyboard.
    pub keyboard: Option<Pause>,
    /// Who says what becomes of a failure.
    pub asks: Option<ask::Asks>,
    /// Where options were written.
    pub origins: Arc<Vec<(String, Origin)>>,
    /// How long ago the step that is being undone can have had its effect.
    pub age: Age,
}

impl Run {
    /// Whether nothing is really built.
    pub fn rehearsed(&self) -> bool {
        self.journal.look(|record| record.head.rehearsed)
    }

    /// How long ago a step can have had its effect. Of one that has no result nobody knows when its call was sent last: perhaps just
    /// now, by the process that has ended.
    pub fn age(&self, step: &StepRecord) -> Age {
        match (self.moved, &step.state) {
            (Some((line, at)), _) if step.intent < line => Age::of(at),
            (_, State::Begun) => {
                Age::of(Timestamp::now().min(step.at.checked_add(UNDER_WAY).unwrap_or(Timestamp::MAX)))
            }
            _ => Age::of(step.last),
        }
    }
}

/// What a look found.
#[derive(Clone, Debug, PartialEq)]
pub enum Look<T> {
    /// It was done.
    There(T),
    /// Nothing of it is to be seen.
    Nothing,
    /// It was not done, and cannot be: somebody else's stands in its place.
    Others(Problem),
}

/// Why a step was not done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// For people.
    pub problem: Problem,
    /// Whether it may have had its effect.
    pub unclear: bool,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure { problem, unclear: false }
    }
}

impl CallError {
    /// Why a step was not done, told under a code.
    pub fn failure(self, code: Code) -> Failure {
        let unclear = self.tried || matches!(self.fault, Fault::Unclear | Fault::Duplicate | Fault::TokenReused);
        Failure { problem: self.problem(code), unclear }
    }
}

/// Something that is done once.
pub trait Step: Serialize + DeserializeOwned + Clone + Send + Sync {
    /// Its name in journals and events.
    const NAME: &'static str;
    /// Whether doing it twice does no harm: then nobody looks before it is done again.
    const AGAIN: bool = false;
    /// What comes of it.
    type Out: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// Which of several of its name: the region of a copy.
    fn of(&self) -> String {
        String::new()
    }

    /// What it does, for people.
    fn about(&self) -> String;

    /// What came of it, for people.
    fn told(out: &Self::Out) -> String;

    /// Does it.
    fn act(&self, cx: &Cx) -> impl Future<Output = Result<Self::Out, Failure>> + Send;

    /// The step as the journal has it, with what the journal must not hold.
    ///
    /// # Errors
    /// Where that is not what it was.
    fn restored(self, _given: &Self) -> Result<Self, Problem> {
        Ok(self)
    }

    /// Looks whether it was done; not asked of what may be done again.
    fn find(&self, _: &Cx) -> impl Future<Output = Result<Look<Self::Out>, Problem>> + Send {
        async { Ok(Look::Nothing) }
    }

    /// Undoes it; what is gone already is no failure. What was undone, for people; nothing where it made nothing.
    fn undo(&self, _: &Cx, _: &Self::Out) -> impl Future<Output = Result<String, Problem>> + Send {
        async { Ok(String::new()) }
    }
}

impl Cx {
    /// Does a step, or takes what the journal has of it.
    ///
    /// # Errors
    /// Why it was not done. What it may have left is in the journal.
    pub async fn step<S: Step>(&self, step: S) -> Result<S::Out, Problem> {
        let known = self.known(S::NAME, &step.of());
        let (intent, step) = match known {
            Some(StepRecord { state: State::Done(result), .. }) => {
                return serde_json::from_value(result).map_err(|error| unreadable(S::NAME, &error));
            }
            Some(record @ StepRecord { state: State::Begun, .. }) => {
                let (intent, age) = (record.intent, self.run.age(&record));
                let begun: S = serde_json::from_value(record.data).map_err(|error| unreadable(S::NAME, &error))?;
                let step = begun.restored(&step)?;
                if !S::AGAIN {
                    self.events.say(format!("looking what came of a step that was begun: {}", step.about()));
                    match self.look(&step, age).await? {
                        Look::There(out) => return self.done::<S>(intent, out, Instant::now()).await,
                        Look::Others(problem) => return self.void(intent, problem).await,
                        Look::Nothing if self.cancel.is_cancelled() => {
                            return self.void(intent, Problem::cancelled()).await;
                        }
                        Look::Nothing => {}
                    }
                }
                (intent, step)
            }
            _ => {
                if self.cancel.is_cancelled() {
                    return Err(Problem::cancelled());
                }
                let intent = self.announce(&step).await?;
                (intent, step)
            }
        };
        self.events.tell(What::StepStarted { step: S::NAME.to_owned(), about: step.about() });
        let start = Instant::now();
        match step.act(self).await {
            Ok(out) => {
                let out = self.done::<S>(intent, out, start).await?;
                self.paused(S::NAME).await;
                Ok(out)
            }
            Err(Failure { problem, unclear: false }) => self.void(intent, problem).await,
            // It stays begun: whoever goes back undoes it as if it were done.
            Err(Failure { problem, .. }) if S::AGAIN => Err(self.placed(problem)),
            // From now on: the call was made more than once, perhaps, and only just.
            Err(Failure { problem, .. }) => match self.look(&step, Age::fresh()).await? {
                Look::There(out) => self.done::<S>(intent, out, start).await,
                Look::Nothing => self.void(intent, problem).await,
                Look::Others(other) => self.void(intent, other).await,
            },
        }
    }

    /// The end of a step that had no effect.
    async fn void<T>(&self, intent: u64, problem: Problem) -> Result<T, Problem> {
        self.append(Entry::Void { intent, why: self.events.gate().pass(&problem.message) }).await?;
        Err(self.placed(problem))
    }

    /// Pauses after a step, where somebody wants that.
    pub async fn paused(&self, step: &str) {
        if let Some(pause) = &self.pause {
            pause.after(&self.build, step, &self.cancel).await;
        }
    }

    /// Looks until it is known whether a step was done: nothing seen is believed only when its time has come.
    async fn look<S: Step>(&self, step: &S, age: Age) -> Result<Look<S::Out>, Problem> {
        let mut first = true;
        loop {
            match step.find(self).await? {
                Look::Nothing => {}
                known => return Ok(known),
            }
            let left = self.unbelieved(age);
            if left.is_zero() && !first {
                return Ok(Look::Nothing);
            }
            if first && !left.is_zero() {
                self.events.tell(What::Waiting { text: format!("nothing is to be seen of it yet: {}", step.about()) });
            }
            first = false;
            // More than one look while it may appear: most things do soon.
            let pause = left.min(self.region.local(Duration::from_secs(10))).max(Duration::from_millis(20));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.forced() => {
                    let message = format!("it is not confirmed that nothing came of a step: {}", step.about());
                    let help = format!("ask again later by `bakec clean {}`", self.run.name);
                    return Err(Problem::left(code::RUN_UNCONFIRMED, message).help(help));
                }
            }
        }
    }

    /// Whether what is being undone was made so lately that it may not be visible yet: *not found* is not believed then.
    pub fn is_young(&self) -> bool {
        !self.unbelieved(self.age).is_zero()
    }

    /// Waits a little, until what is young may be seen.
    pub async fn age(&self) {
        let pause = self.region.local(Duration::from_secs(5)).max(Duration::from_millis(20));
        self.rest(pause.min(self.unbelieved(self.age))).await;
    }

    /// Sleeps, on the local clock, and not when nothing shall be waited for any more.
    pub async fn rest(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.cancel.forced() => {}
        }
    }

    /// What is told of something that was asked to go, where nobody waits until it has gone.
    pub fn unconfirmed(&self, what: &str) -> Problem {
        Problem::left(code::RUN_UNCONFIRMED, format!("{what} was asked to go, and nobody waited until it had"))
            .help(format!("ask again later by `bakec clean {}`", self.run.name))
    }

    /// How long an empty look at what is so old is not believed yet, on the local clock.
    fn unbelieved(&self, age: Age) -> Duration {
        self.region.local(self.run.absence).saturating_sub(age.now())
    }

    async fn announce<S: Step>(&self, step: &S) -> Result<u64, Problem> {
        let data = serde_json::to_value(step).map_err(|error| unreadable(S::NAME, &error))?;
        self.append(Entry::Intent {
            build: self.build.to_string(),
            attempt: self.attempt,
            step: S::NAME.to_owned(),
            of: step.of(),
            data,
        })
        .await
    }

    async fn done<S: Step>(&self, intent: u64, out: S::Out, start: Instant) -> Result<S::Out, Problem> {
        let result = serde_json::to_value(&out).map_err(|error| unreadable(S::NAME, &error))?;
        self.append(Entry::Result { intent, result }).await?;
        let (result, ms) = (S::told(&out), ms(start.elapsed()));
        self.events.tell(What::StepDone { step: S::NAME.to_owned(), result, ms });
        Ok(out)
    }

    /// What the journal knows of a step of this attempt.
    pub fn known(&self, step: &str, of: &str) -> Option<StepRecord> {
        self.run.journal.look(|record| record.builds.get(&*self.build)?.step(self.attempt, step, of).cloned())
    }

    /// Writes a line into the journal.
    ///
    /// # Errors
    /// Where it cannot be written: then nothing that it announces may be done.
    pub async fn append(&self, entry: Entry) -> Result<u64, Problem> {
        self.run.journal.append(entry).await.map_err(|error| {
            Problem::left(code::RUN_JOURNAL, format!("the journal cannot be written: {error}"))
                .help("see whether the disk is full; then undo what is left by `bakec clean`")
        })
    }

    /// The digest that stands for a step of this attempt: a client token, or part of a unique name.
    pub fn token(&self, step: &str, of: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [self.run.salt.as_str(), &self.build, step, of, &self.attempt.to_string()] {
            hasher.update(part.as_bytes()).update(b"\0");
        }
        hasher.finalize().to_hex()[..48].to_owned()
    }

    /// The problem with the place of the option that it is about, where AWS names a parameter.
    fn placed(&self, problem: Problem) -> Problem {
        let found = self.origins.iter().find(|(option, _)| problem.message.contains(&format!("`{option}`")));
        problem.at(found.map(|(_, origin)| origin.clone()))
    }

    /// The place of an option.
    pub fn origin(&self, option: &str) -> Option<Origin> {
        self.origins.iter().find(|(name, _)| name == option).map(|(_, origin)| origin.clone())
    }
}

fn unreadable(step: &str, error: &serde_json::Error) -> Problem {
    Problem::left(code::RUN_JOURNAL, format!("the journal's data of the step `{step}` cannot be read: {error}"))
        .help("was it written by another version of bakec? undo the run by its tags: `bakec clean --region …`")
}

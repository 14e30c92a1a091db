//! The way back: undoes the steps of a build, newest first, from what the journal holds of them and nothing else.
//!
//! Neighbours: `mod` has the rule for outcomes that are not known; each kind of step knows how its own effect is undone.

use serde_json::Value as Json;

use super::copy::CopyImage;
use super::enhance::Enhance;
use super::fast_launch::Quicken;
use super::fleet::{MakeTemplate, RequestFleet};
use super::former::{Deregister, Forget};
use super::group::{MakeGroup, OpenGroup};
use super::image::CreateImage;
use super::intermediary::Intermediary;
use super::key::{self, ImportKey};
use super::launch::{LaunchInstance, StopInstance};
use super::network::FindNetwork;
use super::protect::Protect;
use super::publish::{Finish, Share};
use super::role::{AttachRole, MakeProfile, MakeRole, PutPolicy};
use super::source::FindSource;
use super::{Age, Cx, Look, Step, unreadable};
use crate::run::event::What;
use crate::run::journal::fold::{State, StepRecord};
use crate::run::journal::line::Entry;
use crate::run::post::POST;
use crate::run::problem::{Kind, Problem};

/// How much of a build is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The machine and what it needed: the image stays.
    Scaffolding,
    /// Everything.
    Everything,
}

/// What the journal says of a step that had nothing to undo.
pub const NOTHING: &str = "nothing to undo";

/// Steps whose effect outlives a build that went well.
fn stays(step: &str) -> bool {
    matches!(
        step,
        CreateImage::NAME
            | CopyImage::NAME
            | Deregister::NAME
            | Forget::NAME
            | Quicken::NAME
            | Share::NAME
            | Protect::NAME
            | Finish::NAME
            | POST
    )
}

/// Undoes the steps of the context's build that still stand, newest first. What cannot be undone is told, and the rest is undone
/// all the same: what may be left, for people.
pub async fn back(cx: &Cx, extent: Extent) -> Vec<Problem> {
    let standing = standing(cx);
    let finish = standing.iter().find(|s| s.step == Finish::NAME).cloned();
    let kept = extent == Extent::Scaffolding || finish.is_some();
    let mut left = Vec::new();
    if !kept
        && !standing.is_empty()
        && let Err(problem) =
            cx.append(Entry::Back { build: cx.build.to_string(), why: "it is undone".to_owned() }).await
    {
        left.push(problem);
    }
    // Some of it may be final already, which nobody undoes: then all of it becomes so.
    if let Some(finish) = finish
        && let Err(problem) = finish_all(cx, &finish).await
    {
        left.push(Problem { kind: Kind::Left, ..problem });
    }
    let steps = standing.into_iter().filter(|step| !(kept && stays(&step.step)));
    left.extend(walk(cx, steps.collect()).await);
    if left.is_empty() {
        // Also where it was never imported.
        key::forget(cx, &key::file(cx));
    }
    left
}

/// Begins a new attempt at a build, once what the earlier ones made is undone.
///
/// # Errors
/// What may be left of them: nothing new is made then.
pub async fn again(cx: &mut Cx, why: &str) -> Result<(), Vec<Problem>> {
    let next = Entry::Attempt { build: cx.build.to_string(), attempt: cx.attempt + 1, why: why.to_owned() };
    cx.append(next).await.map_err(|problem| vec![problem])?;
    cx.attempt += 1;
    undone(cx).await
}

/// Undoes what stands of earlier attempts.
///
/// # Errors
/// What may be left of them.
pub async fn undone(cx: &Cx) -> Result<(), Vec<Problem>> {
    let left = earlier(cx).await;
    if left.is_empty() { Ok(()) } else { Err(left) }
}

/// Undoes what stands of earlier attempts: what may be left.
async fn earlier(cx: &Cx) -> Vec<Problem> {
    let steps = standing(cx).into_iter().filter(|step| step.attempt < cx.attempt);
    walk(cx, steps.collect()).await
}

fn standing(cx: &Cx) -> Vec<StepRecord> {
    cx.run.journal.look(|record| {
        let of_build = record.standing().into_iter().filter(|(build, _)| **build == *cx.build);
        of_build.map(|(_, step)| step.clone()).collect()
    })
}

async fn walk(cx: &Cx, steps: Vec<StepRecord>) -> Vec<Problem> {
    let mut left = Vec::new();
    // As old as each was when the way back began: one does not wait for the other.
    let aged: Vec<(StepRecord, Age)> = steps.into_iter().map(|step| (step.clone(), cx.run.age(&step))).collect();
    for (step, age) in aged {
        // Each step is undone as of its own attempt and time.
        let cx = Cx { attempt: step.attempt, age, ..cx.clone() };
        match undo_any(&cx, &step).await {
            Ok(what) => {
                let told = if what.is_empty() { NOTHING.to_owned() } else { what.clone() };
                if let Err(problem) = cx.append(Entry::Undone { intent: step.intent, what: told }).await {
                    left.push(problem);
                }
                if !what.is_empty() {
                    cx.events.tell(What::StepUndone { step: step.step.clone(), result: what });
                }
            }
            Err(problem) => {
                let message = format!("{} cannot be undone: {problem}", named(&cx, &step));
                cx.events.warn(&message);
                left.push(Problem { kind: Kind::Left, message, ..problem });
            }
        }
    }
    left
}

/// What a step made, for people.
fn named(cx: &Cx, step: &StepRecord) -> String {
    let id = match &step.state {
        State::Done(result) => result.as_str().or_else(|| result["id"].as_str()),
        _ => None,
    };
    let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
    format!("`{}` of `{}`{id}", step.step, cx.build)
}

/// Where the tag that makes all final was begun, it is set on all.
async fn finish_all(cx: &Cx, record: &StepRecord) -> Result<(), Problem> {
    if record.state != State::Begun {
        return Ok(());
    }
    let step: Finish = serde_json::from_value(record.data.clone()).map_err(|error| unreadable(Finish::NAME, &error))?;
    step.act(cx).await.map_err(|failure| failure.problem)?;
    cx.append(Entry::Result { intent: record.intent, result: Json::Null }).await?;
    cx.events.tell(What::StepDone { step: Finish::NAME.to_owned(), result: Finish::told(&()), ms: 0 });
    Ok(())
}

async fn undo_any(cx: &Cx, record: &StepRecord) -> Result<String, Problem> {
    match record.step.as_str() {
        FindSource::NAME => undo::<FindSource>(cx, record).await,
        FindNetwork::NAME => undo::<FindNetwork>(cx, record).await,
        ImportKey::NAME => undo::<ImportKey>(cx, record).await,
        MakeGroup::NAME => undo::<MakeGroup>(cx, record).await,
        OpenGroup::NAME => undo::<OpenGroup>(cx, record).await,
        MakeRole::NAME => undo::<MakeRole>(cx, record).await,
        PutPolicy::NAME => undo::<PutPolicy>(cx, record).await,
        MakeProfile::NAME => undo::<MakeProfile>(cx, record).await,
        AttachRole::NAME => undo::<AttachRole>(cx, record).await,
        MakeTemplate::NAME => undo::<MakeTemplate>(cx, record).await,
        RequestFleet::NAME => undo::<RequestFleet>(cx, record).await,
        LaunchInstance::NAME => undo::<LaunchInstance>(cx, record).await,
        StopInstance::NAME => undo::<StopInstance>(cx, record).await,
        Enhance::NAME => undo::<Enhance>(cx, record).await,
        Deregister::NAME => undo::<Deregister>(cx, record).await,
        Forget::NAME => undo::<Forget>(cx, record).await,
        CreateImage::NAME => undo::<CreateImage>(cx, record).await,
        Intermediary::NAME => undo::<Intermediary>(cx, record).await,
        CopyImage::NAME => undo::<CopyImage>(cx, record).await,
        Quicken::NAME => undo::<Quicken>(cx, record).await,
        Protect::NAME => undo::<Protect>(cx, record).await,
        Share::NAME => undo::<Share>(cx, record).await,
        Finish::NAME => undo::<Finish>(cx, record).await,
        // Provisioners work on the machine, which goes as a whole.
        _ => Ok(String::new()),
    }
}

async fn undo<S: Step>(cx: &Cx, record: &StepRecord) -> Result<String, Problem> {
    let read = |data: &Json| serde_json::from_value::<S>(data.clone()).map_err(|error| unreadable(S::NAME, &error));
    let step = read(&record.data)?;
    match &record.state {
        State::Done(result) => {
            let out: S::Out = serde_json::from_value(result.clone()).map_err(|error| unreadable(S::NAME, &error))?;
            step.undo(cx, &out).await
        }
        // Begun, and perhaps done.
        _ if S::AGAIN => match serde_json::from_value::<S::Out>(Json::Null) {
            Ok(out) => step.undo(cx, &out).await,
            Err(_) => Ok(String::new()),
        },
        _ => match cx.look(&step, cx.age).await? {
            Look::There(out) => step.undo(cx, &out).await,
            Look::Nothing | Look::Others(_) => Ok(String::new()),
        },
    }
}

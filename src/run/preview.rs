//! What AWS says about a run that is not begun: the whole preflight, with every question about permissions.
//!
//! It only looks. Neighbours: `mod` does the same before it begins; `outlook` knows what is known without AWS.

use std::collections::BTreeMap;

use serde::Serialize;

use super::build::Build;
use super::cancel::Cancel;
use super::event::Events;
use super::permission::{self, Asking, needed};
use super::preflight::Depth;
use super::problem::Problem;
use super::settings::Settings;
use super::{Looked, looked};

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Preview {
    /// What was found for each build, by its name.
    pub builds: BTreeMap<String, Seen>,
    /// Permissions that nobody can be asked about, with the reason.
    pub unasked: BTreeMap<&'static str, &'static str>,
    /// Why a run would be refused.
    pub problems: Vec<Problem>,
    /// How many calls were made.
    pub calls: u64,
    /// Whether somebody wanted it to end.
    #[serde(skip)]
    pub cancelled: bool,
}

/// What was found for a build.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// The account.
    pub account: Option<String>,
    /// Who calls, as an ARN.
    pub caller: Option<String>,
    /// The source image.
    pub source: Option<String>,
    /// The name of the source image.
    pub source_name: Option<String>,
    /// What the temporary group will admit.
    pub admitted: Option<String>,
}

/// Asks AWS about builds, and begins nothing.
pub async fn preview(builds: &[Build], settings: Settings, events: Events, cancel: Cancel) -> Preview {
    let settings = Settings { depth: Depth::All, ..settings };
    let Looked { clouds, found, problems } = match looked(builds, &settings, &events, &cancel).await {
        Ok(looked) => looked,
        Err(outcome) => {
            let (problems, calls, cancelled) = (outcome.refused, outcome.calls, outcome.cancelled);
            return Preview { problems, calls, cancelled, ..Preview::default() };
        }
    };
    let seen = builds.iter().filter_map(|build| {
        let cloud = clouds.of(&permission::ebs(build)?.access)?;
        let (account, caller) = cloud.identity();
        let source = found.sources.get(&*build.name);
        let seen = Seen {
            account: account.map(str::to_owned),
            caller: caller.map(str::to_owned),
            source: source.map(|s| s.id.clone()),
            source_name: source.map(|s| s.name.clone()),
            admitted: found.addresses.get(&*build.name).cloned(),
        };
        Some((build.name.to_string(), seen))
    });
    let all: Vec<&Build> = builds.iter().collect();
    let unasked = needed(&all).into_iter().filter_map(|need| match need.row.asked {
        Asking::Never(why) => Some((need.row.action, why)),
        _ => None,
    });
    Preview { builds: seen.collect(), unasked: unasked.collect(), problems, calls: clouds.calls(), cancelled: false }
}

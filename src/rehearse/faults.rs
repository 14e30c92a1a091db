//! What goes wrong, and when: at the n-th call, of all or of one action, or by rate.
//!
//! A fault counts the calls that it could strike from the moment it is set. Chance comes from the seed. It knows no connection;
//! `server` and `ssh` do what it says.

use std::str::FromStr;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::text::duration;

/// One thing that goes wrong.
///
/// Written `KIND@N`, `KIND@ACTION:N`, `KIND@P%` or `KIND@ACTION:P%`; a kind with a value is `delay=2s@3`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Fault {
    /// What happens.
    pub kind: Kind,
    /// Only to calls of this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// To this call, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// Instead: to calls by chance, 0.1 for one in ten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How many calls it strikes from `at` on, or at most by chance; 1 with `at`, no end with `rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How long, for `delay`, in milliseconds by the server's clock; the exit status, for `ssh-exit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
    /// Which type, zone or `type/zone` is lacking, for `capacity`; all of them where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

/// What may go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `RequestLimitExceeded` with status 503, before any effect.
    Throttle,
    /// `Unavailable` with status 503, before any effect.
    Unavailable,
    /// `InternalError` with status 500, before any effect.
    Internal,
    /// The connection is closed before any effect.
    Cut,
    /// The effect happens, the connection is closed with no answer.
    Lost,
    /// `UnauthorizedOperation` with an encoded message, before any effect.
    Denied,
    /// The credentials that sign the call have expired, for it and from then on.
    Expired,
    /// `InsufficientInstanceCapacity`, to RunInstances, CreateFleet and StartInstances: of all, or of a type, a zone or `type/zone`.
    Capacity,
    /// The instances that a RunInstances makes go from `pending` to `terminated`.
    LaunchFails,
    /// The same, for there is no such machine after all: the state's reason is `Server.InsufficientInstanceCapacity`.
    CapacityLate,
    /// The image that a CreateImage, CopyImage or RegisterImage makes becomes `failed`.
    ImageFails,
    /// `InvalidAMIName.Duplicate`, to CreateImage, CopyImage and RegisterImage: a name that was let go is not free yet.
    NameTaken,
    /// The newest instance that lives is terminated by AWS, just before the call.
    InstanceGone,
    /// The newest spot instance that lives is taken back by AWS, just before the call.
    SpotTaken,
    /// The console shows the host key of another machine.
    OtherHost,
    /// The answer comes late.
    Delay,
    /// The connection of an SSH command or transfer is reset.
    SshReset,
    /// An SSH command's session ends without an exit status.
    SshNoExit,
    /// An SSH command ends with an exit status of choice.
    SshExit,
}

impl Kind {
    const ALL: &[(&'static str, Kind)] = &[
        ("throttle", Kind::Throttle),
        ("unavailable", Kind::Unavailable),
        ("internal", Kind::Internal),
        ("cut", Kind::Cut),
        ("lost", Kind::Lost),
        ("denied", Kind::Denied),
        ("expired", Kind::Expired),
        ("capacity", Kind::Capacity),
        ("launch-fails", Kind::LaunchFails),
        ("capacity-late", Kind::CapacityLate),
        ("image-fails", Kind::ImageFails),
        ("name-taken", Kind::NameTaken),
        ("instance-gone", Kind::InstanceGone),
        ("spot-taken", Kind::SpotTaken),
        ("other-host", Kind::OtherHost),
        ("delay", Kind::Delay),
        ("ssh-reset", Kind::SshReset),
        ("ssh-no-exit", Kind::SshNoExit),
        ("ssh-exit", Kind::SshExit),
    ];

    /// Whether it strikes SSH commands and not calls.
    fn is_ssh(self) -> bool {
        matches!(self, Kind::SshReset | Kind::SshNoExit | Kind::SshExit)
    }

    /// Whether it can strike an action at all.
    fn suits(self, action: &str) -> bool {
        match self {
            Kind::Capacity => matches!(action, "RunInstances" | "CreateFleet" | "StartInstances"),
            Kind::LaunchFails | Kind::CapacityLate => matches!(action, "RunInstances" | "CreateFleet"),
            Kind::OtherHost => action == "GetConsoleOutput",
            Kind::ImageFails | Kind::NameTaken => matches!(action, "CreateImage" | "CopyImage" | "RegisterImage"),
            kind => kind.is_ssh() == (action == SSH),
        }
    }
}

/// What an SSH command counts as.
pub(crate) const SSH: &str = "ssh";

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, place) = text.split_once('@').ok_or_else(|| {
            "a fault is KIND@N, KIND@ACTION:N, KIND@P% or KIND@ACTION:P%, such as `lost@CreateImage:1`".to_string()
        })?;
        let (name, value) = match what.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (what, None),
        };
        let Some((_, kind)) = Kind::ALL.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
            return Err(format!("no fault is called `{name}`; there are {}", names.join(", ")));
        };
        let value = match (kind, value) {
            (Kind::Delay, Some(text)) => Some(u64::try_from(duration::parse(text)?.as_millis()).unwrap_or(u64::MAX)),
            (Kind::Delay, None) => return Err("a delay says how long: `delay=2s@3`".to_string()),
            (Kind::SshExit, Some(text)) => {
                Some(u64::from(text.parse::<u8>().map_err(|_| "an exit status is a number up to 255".to_string())?))
            }
            (Kind::SshExit, None) => Some(1),
            (Kind::Capacity, Some(_)) => None,
            (_, Some(_)) => return Err(format!("`{name}` takes no value")),
            (_, None) => None,
        };
        let (action, when) = match place.rsplit_once(':') {
            Some((action, when)) => (Some(action.to_string()), when),
            None => (None, place),
        };
        let (at, rate) = match when.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| format!("`{when}` is no percentage"))?;
                (None, Some(percent / 100.0))
            }
            None => (Some(when.parse().map_err(|_| format!("`{when}` is neither a number nor a percentage"))?), None),
        };
        let what = what.split_once('=').filter(|_| *kind == Kind::Capacity).map(|(_, what)| what.to_string());
        let fault = Fault { kind: *kind, action, at, rate, times: None, value, what };
        fault.check()?;
        Ok(fault)
    }
}

impl Fault {
    /// A fault at the n-th call, of all or of one action.
    pub fn at(kind: Kind, action: Option<&str>, n: u64) -> Self {
        Fault {
            kind,
            action: action.map(str::to_string),
            at: Some(n),
            rate: None,
            times: None,
            value: None,
            what: None,
        }
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        match (self.at, self.rate) {
            (Some(0), _) => return Err("calls are counted from 1".to_string()),
            (None, Some(rate)) if (0.0..=1.0).contains(&rate) => {}
            (None, Some(_)) => return Err("a rate is between 0 and 1, as a percentage between 0 and 100".to_string()),
            (Some(_), None) => {}
            _ => return Err("a fault has either `at` or `rate`".to_string()),
        }
        match &self.action {
            Some(action) if action != SSH && super::actions::find(action).is_none() => {
                Err(format!("there is no action `{action}`"))
            }
            Some(action) if !self.kind.suits(action) => Err(format!("this fault cannot strike `{action}`")),
            _ => Ok(()),
        }
    }
}

/// All faults that are set, with what they have counted.
#[derive(Debug)]
pub(crate) struct Faults {
    set: Vec<(Fault, u64, u64)>,
    chance: SmallRng,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        Faults { set: faults.into_iter().map(|fault| (fault, 0, 0)).collect(), chance: SmallRng::seed_from_u64(seed) }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.set.push((fault, 0, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }

    /// The faults with how many calls they have counted and struck.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&Fault, u64, u64)> {
        self.set.iter().map(|(fault, counted, struck)| (fault, *counted, *struck))
    }

    /// Counts a call; what strikes it, in the order in which the faults were set.
    pub(crate) fn strike(&mut self, action: &str) -> Vec<(Kind, u64)> {
        self.struck(action, false).into_iter().map(|fault| (fault.kind, fault.value.unwrap_or(0))).collect()
    }

    /// The same, with all that the faults say.
    pub(crate) fn struck(&mut self, action: &str, question: bool) -> Vec<Fault> {
        let mut strikes = Vec::new();
        for (fault, counted, struck) in &mut self.set {
            if fault.action.as_deref().is_some_and(|only| only != action) || !fault.kind.suits(action) {
                continue;
            }
            // Who only asks for permission meets what is about permissions.
            if question && fault.kind != Kind::Denied {
                continue;
            }
            *counted += 1;
            let hit = match (fault.at, fault.rate) {
                (Some(at), _) => (at..at.saturating_add(fault.times.unwrap_or(1))).contains(counted),
                (None, Some(rate)) => {
                    // Always drawn, so that the sequence does not depend on what was struck before.
                    let drawn = self.chance.random_bool(rate);
                    drawn && fault.times.is_none_or(|most| *struck < most)
                }
                (None, None) => false,
            };
            if hit {
                *struck += 1;
                strikes.push(fault.clone());
            }
        }
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_written_in_one_word() {
        let read = |text: &str| text.parse::<Fault>();
        assert_eq!(read("lost@CreateImage:2"), Ok(Fault::at(Kind::Lost, Some("CreateImage"), 2)));
        assert_eq!(read("throttle@10%").unwrap().rate, Some(0.1));
        assert_eq!(read("delay=1.5s@3").unwrap().value, Some(1500));
        assert_eq!(read("ssh-exit=7@1").unwrap().value, Some(7));
        for wrong in [
            "throttle",
            "thrttle@1",
            "throttle@0",
            "throttle@x",
            "throttle@101%",
            "delay@1",
            "lost=1@1",
            "lost@NoAction:1",
            "capacity@CreateImage:1",
            "ssh-reset@CreateImage:1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn faults_count_what_they_could_strike() {
        let mut faults = Faults::new(vec!["lost@CreateImage:2".parse().unwrap(), "capacity@1".parse().unwrap()], 1);
        assert_eq!(faults.strike("CreateImage"), []);
        assert_eq!(faults.strike("DescribeImages"), []);
        assert_eq!(faults.strike("RunInstances"), [(Kind::Capacity, 0)]);
        assert_eq!(faults.strike("CreateImage"), [(Kind::Lost, 0)]);
        assert_eq!(faults.strike("CreateImage"), []);
    }

    #[test]
    fn chance_comes_from_the_seed() {
        let run = |seed| {
            let mut faults = Faults::new(vec!["throttle@30%".parse().unwrap()], seed);
            (0..200).map(|_| faults.strike("DescribeImages").len()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!((30..90).contains(&run(7).iter().sum::<usize>()));
    }
}

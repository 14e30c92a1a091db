//! What all connections of a server share, and the way of one call through it.
//!
//! A call is numbered, struck by faults, held, throttled, looked at for permission, run, held again and answered, in this order. Neighbours: `server` for
//! HTTP, `ssh` for the other listener, `control` for what is no call.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::actions::{self, Strikes};
use super::auth::{self, Scope, Service};
use super::calls::{self, Call};
use super::error::ApiError;
use super::faults::{Fault, Faults, Kind};
use super::holds::{Holds, When};
use super::limits::Buckets;
use super::policy::Policies;
use super::query::Params;
use super::settings::Settings;
use super::ssh::Command;
use super::world::instance::{Instance, Reason};
use super::world::{HostKey, World};
use super::xml::Fields;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) holds: Holds,
    /// Told whenever the world has changed.
    changed: watch::Sender<()>,
    throttle: bool,
    /// What came by SSH, where that is remembered.
    commands: Option<Mutex<Vec<Command>>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    calls: Vec<Call>,
    /// Counts the resets: a call of before belongs to no record.
    era: u64,
    buckets: Buckets,
    pub(crate) policies: Policies,
}

/// One request, as far as it is understood before anything is asked of the world.
pub(crate) struct Request {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) authorization: Option<String>,
    /// When it was signed.
    pub(crate) date: Option<String>,
    /// The session token of temporary credentials.
    pub(crate) token: Option<String>,
}

/// What is sent back.
pub(crate) enum Reply {
    Answer {
        service: Service,
        action: String,
        request: String,
        fields: Fields,
    },
    Refusal {
        service: Service,
        request: String,
        error: ApiError,
    },
    /// The connection is closed.
    Nothing,
}

/// The record of a call that is under way; dropped before its end it says that the client has left.
struct Record<'s> {
    shared: &'s Shared,
    era: u64,
    n: u64,
    effect: bool,
    done: bool,
}

impl Record<'_> {
    fn end(mut self, outcome: &str) {
        self.done = true;
        self.write(outcome);
    }

    fn write(&self, outcome: &str) {
        self.change(|call| call.outcome = outcome.to_string());
    }

    fn change(&self, change: impl FnOnce(&mut Call)) {
        let mut state = self.shared.state();
        if state.era == self.era
            && let Some(call) = state.calls.get_mut(self.n as usize - 1)
        {
            call.effect = self.effect;
            change(call);
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.write("left");
        }
    }
}

impl Shared {
    pub(crate) fn new(settings: &Settings, seed: u64, host_key: HostKey) -> Self {
        let state = State {
            world: World::new(settings, seed, host_key),
            faults: Faults::new(settings.faults.clone(), seed),
            calls: Vec::new(),
            era: 0,
            buckets: Buckets::default(),
            policies: Policies::new(settings.policies.clone()),
        };
        let commands = settings.record.then(Mutex::default);
        Shared {
            commands,
            state: Mutex::new(state),
            holds: Holds::default(),
            changed: watch::Sender::new(()),
            throttle: settings.throttle,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a command, where that is asked for.
    pub(crate) fn record(&self, command: impl FnOnce() -> Command) {
        if let Some(commands) = &self.commands {
            commands.lock().unwrap_or_else(PoisonError::into_inner).push(command());
        }
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        let commands = self.commands.as_ref().map(|all| all.lock().unwrap_or_else(PoisonError::into_inner).clone());
        commands.unwrap_or_default()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn changed(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn inventory(&self) -> serde_json::Value {
        let mut state = self.state();
        state.world.advance();
        state.world.inventory()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// Everything as at the start, but that the clock goes on: no resources, no calls, no faults, no holds.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        state.world.reset();
        state.calls.clear();
        state.faults.clear();
        state.buckets.clear();
        state.era += 1;
        drop(state);
        self.holds.clear();
        self.changed();
    }

    /// Does one call.
    pub(crate) async fn call(&self, request: Request) -> Reply {
        let Request { values, authorization, date, token } = request;
        let id = self.state().world.uuid();
        let action = values.get("Action").cloned().unwrap_or_default();
        let scope = auth::scope(authorization.as_deref(), values.get("X-Amz-Credential").map(String::as_str));
        let date = date.as_deref().or_else(|| values.get("X-Amz-Date").map(String::as_str));
        let clock = self.state().world.clock.clone();
        let scope = scope.and_then(|scope| auth::in_time(scope.service, date, &clock).map(|()| scope));
        let scope = scope.map(|scope| Scope { token, ..scope });
        let old = values.get("Version").is_some_and(|version| version.starts_with("2011"));
        let fallback = if old { Service::Sts } else { Service::Ec2 };
        let service = scope.as_ref().map_or(fallback, |scope| scope.service);
        let (mut record, n, strikes) = self.open(&action, &values, &scope);
        let refusal = |error| Reply::Refusal { service, request: id.clone(), error };
        let scope = match scope {
            Ok(scope) => scope,
            Err(error) => {
                record.end(error.code);
                return refusal(error);
            }
        };
        let late = strikes.iter().find(|f| f.kind == Kind::Delay).map(|f| Duration::from_millis(f.value.unwrap_or(0)));
        let struck = |wanted| strikes.iter().any(|f| f.kind == wanted);
        let unavailable = || ApiError::new("Unavailable", "The server is overloaded and can't handle the request.");
        let internal = || ApiError::new("InternalError", "An internal error has occurred.");
        let refuses = |kind: &Kind| matches!(kind, Kind::Throttle | Kind::Unavailable | Kind::Internal | Kind::Denied);
        let early = match strikes.iter().map(|f| f.kind).find(refuses) {
            Some(Kind::Throttle) => Some(ApiError::throttled()),
            Some(Kind::Unavailable) => Some(unavailable().status(503)),
            Some(Kind::Denied) => Some(auth::unauthorized(&scope, &action)),
            Some(_) => Some(internal().status(500)),
            None => None,
        };
        let hold = self.holds.meet(n, if is_question(&action, &values) { "" } else { &action });
        if let Some((hold, When::Before)) = hold {
            record.write("held before");
            if !self.holds.stand(hold).await {
                record.end("dropped");
                return Reply::Nothing;
            }
        }
        if struck(Kind::Cut) {
            record.end("dropped");
            return Reply::Nothing;
        }
        if struck(Kind::Expired) {
            self.state().world.sessions.end(&scope.access_key);
        }
        let outcome = match early {
            Some(error) => Err(error),
            None => {
                let lacking = strikes.iter().filter(|f| f.kind == Kind::Capacity).map(|f| f.what.clone()).collect();
                let gone = if struck(Kind::SpotTaken) {
                    Some(Gone::Spot)
                } else {
                    struck(Kind::InstanceGone).then_some(Gone::Any)
                };
                let strikes = Strikes {
                    lacking,
                    launch_fails: match struck(Kind::CapacityLate) {
                        true => Some(NO_CAPACITY),
                        false => struck(Kind::LaunchFails).then_some(NO_LAUNCH),
                    },
                    image_fails: struck(Kind::ImageFails),
                    name_taken: struck(Kind::NameTaken),
                    other_host: struck(Kind::OtherHost),
                };
                self.act(&mut record, &action, values, &scope, strikes, gone)
            }
        };
        let word = outcome.as_ref().map_or_else(|error| error.code, |_| "ok");
        if let Some((hold, When::After)) = hold {
            record.write(&format!("held after {word}"));
            if !self.holds.stand(hold).await {
                record.end("dropped");
                return Reply::Nothing;
            }
        }
        if let Some(late) = late {
            let real = self.state().world.clock.real(late);
            tokio::time::sleep(real).await;
        }
        if struck(Kind::Lost) {
            record.end("dropped");
            return Reply::Nothing;
        }
        record.end(word);
        match outcome {
            Ok(fields) => Reply::Answer { service, action, request: id, fields },
            Err(error) => refusal(error),
        }
    }

    /// Numbers the call, and finds out what strikes it.
    fn open(
        &self,
        action: &str,
        values: &BTreeMap<String, String>,
        scope: &Result<Scope, ApiError>,
    ) -> (Record<'_>, u64, Vec<Fault>) {
        let mut state = self.state();
        let n = state.calls.len() as u64 + 1;
        let call = Call {
            n,
            action: action.to_string(),
            region: scope.as_ref().map_or("", |scope| scope.region.name).to_string(),
            parameters: calls::shown(values),
            access_key: scope.as_ref().map_or("", |scope| &scope.access_key).to_string(),
            token: scope.as_ref().ok().and_then(|scope| scope.token.as_deref()).map(calls::digest),
            outcome: "open".to_string(),
            effect: false,
            unread: Vec::new(),
        };
        state.calls.push(call);
        let strikes = state.faults.struck(action, is_question(action, values));
        (Record { shared: self, era: state.era, n, effect: false, done: false }, n, strikes)
    }

    /// Runs the action on the world.
    fn act(
        &self,
        record: &mut Record<'_>,
        action: &str,
        mut values: BTreeMap<String, String>,
        scope: &Scope,
        strikes: Strikes,
        gone: Option<Gone>,
    ) -> Result<Fields, ApiError> {
        let version = values.remove("Version");
        values.retain(|name, _| name != "Action" && !name.starts_with("X-Amz-"));
        let params = Params::new(values);
        let result = self.run(action, version.as_deref(), &params, scope, strikes, gone);
        if let Ok((_, changed)) = &result {
            record.effect = *changed;
            record.change(|call| call.unread = params.unread());
            if *changed {
                self.changed();
            }
        } else if gone.is_some() {
            self.changed();
        }
        result.map(|(fields, _)| fields)
    }

    fn run(
        &self,
        name: &str,
        version: Option<&str>,
        params: &Params,
        scope: &Scope,
        mut strikes: Strikes,
        gone: Option<Gone>,
    ) -> Result<(Fields, bool), ApiError> {
        if name.is_empty() {
            return Err(ApiError::new("MissingAction", "The request names no action."));
        }
        let Some(action) = actions::find(name).filter(|action| action.service == scope.service) else {
            let words = format!("The action {name} is not valid for this web service.");
            return Err(ApiError::new("InvalidAction", words));
        };
        let known = match scope.service {
            Service::Ec2 => "2016-11-15",
            Service::Sts => "2011-06-15",
            Service::Iam => "2010-05-08",
        };
        if version != Some(known) {
            let words = format!("The requested version ({}) is not supported.", version.unwrap_or_default());
            return Err(ApiError::new("NoSuchVersion", words));
        }
        let mut state = self.state();
        let State { world, buckets, policies, .. } = &mut *state;
        world.enter(scope.region);
        world.advance();
        world.sessions.check(scope, world.clock.now())?;
        if let Some(gone) = gone {
            take_newest(world, scope.region.name, gone);
        }
        if self.throttle && !buckets.take(scope.region.name, name, params.is_partial(), world.now()) {
            return Err(ApiError::throttled());
        }
        policies.check(action, params.values(), scope, world)?;
        // Only what is made with a key shows whether it may be used.
        if !policies.may_use_keys(name, params.values(), scope, world) {
            (strikes.launch_fails, strikes.image_fails) = (Some(NO_LAUNCH), true);
        }
        let fields = actions::run(action, params, scope, world, strikes)?;
        Ok((fields, action.changes() && !params.is_replay()))
    }
}

/// Why an instance ends at once.
const NO_LAUNCH: &str = "Server.InternalError: Internal error on launch";
const NO_CAPACITY: &str = "Server.InsufficientInstanceCapacity: Insufficient capacity to satisfy instance request";

/// Which instance AWS takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    Any,
    Spot,
}

/// Whether a call only asks for permission: faults and holds of its action are not about it. The launch is asked for as it will be,
/// and counts.
fn is_question(action: &str, values: &BTreeMap<String, String>) -> bool {
    action != "RunInstances" && values.get("DryRun").is_some_and(|dry| dry == "true")
}

/// AWS takes the newest instance that lives.
fn take_newest(world: &mut World, region: &str, gone: Gone) {
    let (now, delay) = (world.now(), world.rules.delays.terminate);
    let Some(region) = world.region_mut(region) else { return };
    let wanted = |i: &&Instance| i.runs() && (gone == Gone::Any || i.spot.is_some());
    let newest = region.instances.values().rev().find(wanted).map(|i| i.id.clone());
    if let Some(instance) = newest.and_then(|id| region.instances.get_mut(&id)) {
        let (code, why) = match gone {
            Gone::Any => ("Server.InternalError", "The host of the instance has failed"),
            Gone::Spot => ("Server.SpotInstanceTermination", "Spot instance termination"),
        };
        let reason = Reason { code: code.to_string(), message: format!("{code}: {why}") };
        instance.terminate(now, delay, reason, code.to_string());
    }
}

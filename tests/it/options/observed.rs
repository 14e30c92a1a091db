//! Two builds of one option, each on an embedded EC2 of its own, and what is seen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bakec::compile::schema;
use bakec::load::Memory;
use bakec::packer::read_placed;
use bakec::rehearse::{Call, Delays, Server, Settings as Rehearsal};
use bakec::run::aws::Reach;
use bakec::run::bake;
use bakec::run::build::Build;
use bakec::run::cancel::Cancel;
use bakec::run::event::Events;
use bakec::run::input::{Inputs, Moment, Warning, builds};
use bakec::run::journal::line::End;
use bakec::run::problem::Problem;
use bakec::run::secret::Gate;
use bakec::run::settings::{Outcome, Settings};
use bakec::schema::Kinds;
use bakec::text::FileId;
use regex::Regex;
use serde_json::{Value, json};

use super::account::furnish;
use super::names::Names;
use super::{Row, Seen};

/// How fast the clock of an embedded EC2 goes.
pub(crate) const SCALE: f64 = 200.0;

/// Images beside those of the catalogue.
const AMIS: [&str; 2] = [
    "us-east-1/ami-0000000a,name=windows,platform=windows",
    "us-east-1/ami-0000000b,name=old,virtualization=paravirtual",
];

pub(crate) async fn server() -> Server {
    let amis = AMIS.iter().map(|ami| ami.parse().expect("an image")).collect();
    // Nothing here is about long waits.
    let delays = Delays {
        start: Duration::from_secs(3),
        boot: Duration::from_secs(3),
        stop: Duration::from_secs(3),
        terminate: Duration::from_secs(3),
        snapshot: Duration::from_secs(40),
        fast_launch: Duration::from_secs(20),
        image: Duration::from_secs(60),
        copy: Duration::from_secs(20),
        // No console shows the host key of a server that only stands for the machine.
        console: Duration::from_secs(1_000_000),
        ..Delays::default()
    };
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, seed: Some(1), amis, delays, ..Rehearsal::default() };
    Server::start(rehearsal).await.expect("a server")
}

/// Options with others, which go before.
pub(crate) fn merged(mut options: Value, others: Value) -> Value {
    let (Value::Object(all), Value::Object(others)) = (&mut options, others) else { panic!("{options}") };
    all.extend(others);
    options
}

/// A plan of one builder: what every build needs, unless the options say otherwise. `null` takes one away. Provisioners stand among
/// the options.
pub(crate) fn plan(options: &Value) -> String {
    let builder = json!({
        "type": "amazon-ebs", "name": "web", "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
        "communicator": "none", "ami_name": "web", "access_key": "AKIDREHEARSAL", "secret_key": "secret",
    });
    let mut builder = merged(builder, options.clone());
    let steps = builder.as_object_mut().and_then(|all| all.remove("provisioners")).unwrap_or_else(|| json!([]));
    json!({ "builders": [builder], "provisioners": steps }).to_string()
}

/// The schema, which is read once.
fn kinds() -> Arc<Kinds> {
    static KINDS: LazyLock<Arc<Kinds>> = LazyLock::new(|| Arc::new(schema(&Memory::default(), None).kinds));
    KINDS.clone()
}

/// The builds of a plan, or what is wrong with it.
pub(crate) fn read(plan: &str) -> Result<Vec<Build>, Vec<Problem>> {
    read_with_warnings(plan, BTreeMap::new()).map(|(builds, _)| builds)
}

/// The same with what is warned of, in an environment.
pub(crate) fn read_with_warnings(
    plan: &str,
    environment: BTreeMap<String, String>,
) -> Result<(Vec<Build>, Vec<Warning>), Vec<Problem>> {
    let (document, problems) = read_placed(FileId(0), "plan.json", plan);
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment,
        kinds: kinds(),
        except_posts: Vec::new(),
    };
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    builds(&document, &inputs, &Gate::default())
}

/// What is said of an option that is refused.
pub(crate) fn refused(option: &str, value: &Value) -> Vec<String> {
    let options = json!({ option: value });
    read(&plan(&options)).err().unwrap_or_default().into_iter().map(|problem| problem.message).collect()
}

/// How a build is made.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// What stands in the environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Whether its connection goes where the plan says, and not to the rehearsal's own server.
    pub(crate) straight: bool,
}

/// Builds, once.
pub(crate) async fn baked(server: &Server, options: &Value) -> Outcome {
    baked_by(server, options, Way::default()).await
}

pub(crate) async fn baked_by(server: &Server, options: &Value, way: Way) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    // A plan that names the endpoint, or sources of credentials, is taken at its word.
    let own = options.get("custom_endpoint_ec2").is_some();
    let any = options.get("access_key").is_none_or(|key| !key.is_null());
    let settings = Settings {
        runs: folder.path().join("runs"),
        reach: Reach {
            endpoint: (!own).then(|| server.endpoint.clone()),
            scale: Some(SCALE),
            any_credentials: any,
            ask: None,
        },
        ssh_at: (!way.straight).then_some(server.ssh),
        ..Settings::default()
    };
    let (events, _reader) = Events::new(Gate::default());
    match read_with_warnings(&plan(options), way.environment) {
        Ok((builds, _)) => bake(builds, settings, events, Cancel::never()).await,
        Err(refused) => Outcome { refused, ..Outcome::default() },
    }
}

/// How a run ended, with no ids.
pub(crate) fn told(outcome: &Outcome) -> String {
    let id = Regex::new(r"\b[a-z]+-[0-9a-f]{17}\b").expect("the pattern is a regex");
    let plain = |message: &str| id.replace_all(message, "ID").into_owned();
    if let Some(problem) = outcome.refused.first() {
        return format!("refused: {}", plain(&problem.message));
    }
    let ends = outcome.ends.iter().map(|(_, end)| match end {
        End::Done { .. } => "done".to_owned(),
        End::Unprocessed { problem, .. } => format!("unprocessed: {}", plain(&problem.message)),
        End::Failed { problem } => format!("failed: {}", plain(&problem.message)),
    });
    ends.collect::<Vec<_>>().join(", ")
}

/// `Filter.N.Value.N` of `Filter.1.Value.2`.
fn shape(name: &str) -> String {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    name.split('.').map(|part| if number(part) { "N" } else { part }).collect::<Vec<_>>().join(".")
}

/// Values of a parameter in all calls of an action.
fn values(calls: &[Call], action: &str, parameter: &str) -> Vec<String> {
    let of = calls.iter().filter(|call| call.action == action && !call.parameters.contains_key("DryRun"));
    let of = of.flat_map(|call| &call.parameters).filter(|(name, _)| shape(name) == parameter);
    // Tags of bakec's own differ from run to run.
    let of = of.map(|(_, value)| value).filter(|value| !value.starts_with("2026") && !value.contains("-web-"));
    of.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The tags that a call gives to things of a kind, but for bakec's own; those of a launch template's data count as well.
fn tags(calls: &[Call], action: &str, kind: &str) -> String {
    let mut all = BTreeSet::new();
    for call in calls.iter().filter(|call| call.action == action && !call.parameters.contains_key("DryRun")) {
        let of = call.parameters.iter().filter(|(name, of)| name.ends_with(".ResourceType") && *of == kind);
        for place in of.filter_map(|(name, _)| name.strip_suffix("ResourceType")) {
            for number in 1.. {
                let part = |part: &str| call.parameters.get(&format!("{place}Tag.{number}.{part}"));
                let Some(key) = part("Key") else { break };
                if !key.starts_with("bakec:") && key != "Name" {
                    all.insert(format!("{key}={}", part("Value").map_or("", String::as_str)));
                }
            }
        }
    }
    format!("{all:?}")
}

/// What is seen of a build with a value.
pub(crate) async fn observe(row: &Row, value: &Value) -> String {
    let options = row.options(value);
    if let Seen::By(observer) = row.seen {
        return observer(options).await;
    }
    let server = server().await;
    let names = if row.furnished { furnish(&server).await } else { Names::default() };
    let options = names.fill(options);
    if row.again {
        let first = baked(&server, &json!({})).await;
        assert_eq!(told(&first), "done", "`{}`: {first:?}", row.option);
    }
    let before = server.calls().len();
    for fault in row.faults {
        server.fault(fault.parse().expect("a fault"));
    }
    let outcome = baked(&server, &options).await;
    let calls = &server.calls()[before..];
    let end = told(&outcome);
    let is_judged = matches!(row.seen, Seen::Outcome) || !row.faults.is_empty();
    assert!(end == "done" || is_judged, "`{}` = {value}: {end}\n{outcome:?}", row.option);
    let distinct =
        |of: &dyn Fn(&Call) -> Option<String>| format!("{:?}", calls.iter().filter_map(of).collect::<BTreeSet<_>>());
    let seen = match row.seen {
        Seen::At(action, parameter) | Seen::Differs(action, parameter) => {
            format!("{:?}", values(calls, action, parameter))
        }
        Seen::Launch(parameter) | Seen::LaunchDiffers(parameter) => {
            let mut all = values(calls, "RunInstances", parameter);
            all.extend(values(calls, "CreateLaunchTemplate", &format!("LaunchTemplateData.{parameter}")));
            format!("{all:?}")
        }
        Seen::Tags(action, kind) => tags(calls, action, kind),
        Seen::Calls(action) => calls.iter().filter(|call| call.action == action).count().to_string(),
        Seen::AccessKey => distinct(&|call| (call.action == "RunInstances").then(|| call.access_key.clone())),
        Seen::Token => distinct(&|call| Some(format!("{:?}", call.token))),
        Seen::Region(action) => distinct(&|call| (call.action == action).then(|| call.region.clone())),
        Seen::Outcome => end,
        Seen::By(_) => unreachable!("it was observed"),
    };
    names.told(&seen)
}

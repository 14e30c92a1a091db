//! Two builds of one option, each on an embedded EC2 of its own, and what is seen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
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
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::journal::line::End;
use bakec::run::problem::Problem;
use bakec::run::secret::Gate;
use bakec::run::settings::{Outcome, Settings};
use bakec::text::FileId;
use serde_json::{Value, json};

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
        ..Delays::default()
    };
    let rehearsal = Rehearsal { scale: SCALE, throttle: false, seed: Some(1), amis, delays, ..Rehearsal::default() };
    Server::start(rehearsal).await.expect("a server")
}

/// A plan of one builder: what every build needs, unless the options say otherwise. `null` takes one away.
pub(crate) fn plan(options: &Value) -> String {
    let mut builder = json!({
        "type": "amazon-ebs", "name": "web", "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
        "communicator": "none", "ami_name": "web", "access_key": "AKIDREHEARSAL", "secret_key": "secret",
    });
    for (option, value) in options.as_object().into_iter().flatten() {
        builder[option] = value.clone();
    }
    json!({ "builders": [builder] }).to_string()
}

/// The builds of a plan, or what is wrong with it.
pub(crate) fn read(plan: &str) -> Result<Vec<Build>, Vec<Problem>> {
    let (document, problems) = read_placed(FileId(0), "plan.json", plan);
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: BTreeMap::new(),
        kinds: Arc::new(schema(&Memory::default(), None).kinds),
        except_posts: Vec::new(),
    };
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    builds(&document, &inputs, &Gate::default()).map(|(builds, _)| builds)
}

/// What is said of an option that is refused.
pub(crate) fn refused(option: &str, value: &Value) -> Vec<String> {
    let options = json!({ option: value });
    read(&plan(&options)).err().unwrap_or_default().into_iter().map(|problem| problem.message).collect()
}

/// Builds, once.
pub(crate) async fn baked(server: &Server, options: &Value) -> Outcome {
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
        ssh_at: Some(server.ssh),
        ..Settings::default()
    };
    let (events, _reader) = Events::new(Gate::default());
    match read(&plan(options)) {
        Ok(builds) => bake(builds, settings, events, Cancel::never()).await,
        Err(refused) => Outcome { refused, ..Outcome::default() },
    }
}

/// How a run ended, with no ids.
pub(crate) fn told(outcome: &Outcome) -> String {
    if let Some(problem) = outcome.refused.first() {
        return format!("refused: {}", problem.message);
    }
    let ends = outcome.ends.iter().map(|(_, end)| match end {
        End::Done { .. } => "done".to_owned(),
        End::Unprocessed { problem, .. } => format!("unprocessed: {}", problem.message),
        End::Failed { problem } => format!("failed: {}", problem.message),
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

/// What is seen of a build with a value.
pub(crate) async fn observe(row: &Row, value: &Value) -> String {
    let options = row.options(value);
    if let Seen::By(observer) = row.seen {
        return observer(options).await;
    }
    let server = server().await;
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
    match row.seen {
        Seen::At(action, parameter) | Seen::Differs(action, parameter) => {
            format!("{:?}", values(calls, action, parameter))
        }
        Seen::Calls(action) => calls.iter().filter(|call| call.action == action).count().to_string(),
        Seen::AccessKey => {
            let keys: BTreeSet<&String> =
                calls.iter().filter(|c| c.action == "RunInstances").map(|call| &call.access_key).collect();
            format!("{keys:?}")
        }
        Seen::Token => {
            let tokens: BTreeSet<_> = calls.iter().map(|call| &call.token).collect();
            format!("{tokens:?}")
        }
        Seen::Region(action) => {
            let regions: BTreeSet<_> = calls.iter().filter(|c| c.action == action).map(|call| &call.region).collect();
            format!("{regions:?}")
        }
        Seen::Outcome => end,
        Seen::By(_) => unreachable!("it was observed"),
    }
}

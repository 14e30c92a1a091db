//! A run to test reporters with: two builds, one of which fails, with what is hard to show.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::diagnostic::code;
use crate::diagnostic::render::Style;
use crate::run::event::{Artifact, Event, FORMAT, What};
use crate::run::problem::{Origin, Problem};

/// The source that the problem's place is in.
pub(crate) const SOURCE: &str = "image web {\n  builder amazon-ebs {\n    source_ami = \"ami-0\"\n  }\n}\n";

/// Plain text of a width.
pub(crate) fn style(width: usize) -> Style {
    Style { colour: false, unicode: true, links: false, width }
}

/// When the run began.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_795_264_327).expect("the moment is one")
}

/// Something that happened so many milliseconds later.
pub(crate) fn event(ms: i64, build: &str, what: What) -> Event {
    let build = (!build.is_empty()).then(|| Arc::from(build));
    Event { at: start() + SignedDuration::from_millis(ms), build, what }
}

/// Each event once at least.
pub(crate) fn run() -> Vec<Event> {
    let text = str::to_owned;
    let problem = Problem::failed(code::RUN_SOURCE, "there is no image `ami-0` in us-east-1")
        .help("ids of images differ from region to region")
        .at(Some(Origin { file: text("web.bake"), line: 3, column: 5 }));
    let artifact = Artifact {
        builder_id: text("mitchellh.amazonebs"),
        id: text("eu-west-1:ami-2,us-east-1:ami-1"),
        images: vec![(text("eu-west-1"), text("ami-2")), (text("us-east-1"), text("ami-1"))],
    };
    let call = |action: &str, error: Option<&str>| What::Call {
        action: text(action),
        region: text("us-east-1"),
        ms: 12,
        error: error.map(text),
    };
    let builds = vec![text("web"), text("db")];
    let folder = text(".bakec/runs/r1");
    let refused = Problem::refused(code::RUN_FILE, "there is no script `a.sh`");
    vec![
        event(0, "", What::Refused { problem: refused }),
        event(
            0,
            "",
            What::RunStarted { format: FORMAT, run: text("r1"), builds, folder, resumed: false, rehearsed: false },
        ),
        event(1, "web", What::BuildStarted { kind: text("amazon-ebs") }),
        event(1, "db", What::BuildStarted { kind: text("amazon-ebs") }),
        event(2, "web", What::StepStarted { step: text("launch"), about: text("launching a t3.micro") }),
        event(3, "db", What::StepStarted { step: text("source"), about: text("looking for image ami-0") }),
        event(14, "db", call("DescribeImages", Some("InvalidAMIID.NotFound"))),
        event(15, "web", call("RunInstances", None)),
        event(20, "web", What::Waiting { text: text("i-1 is pending") }),
        event(900, "web", What::Waiting { text: text("i-1 is pending") }),
        event(1200, "db", What::StepUndone { step: text("key_pair"), result: text("key pair bakec-1 is deleted") }),
        event(1217, "db", What::BuildFailed { problem, made: None }),
        event(8000, "web", What::StepDone { step: text("launch"), result: text("i-1 is running"), ms: 7998 }),
        event(8001, "web", What::StepStarted { step: text("provision"), about: text("running script setup.sh") }),
        event(8400, "web", What::Output { error: false, line: text("10%\r20%\rhello, \u{1b}[31mworld\u{1b}[0m") }),
        event(8500, "web", What::Output { error: true, line: text("no such package") }),
        event(8600, "web", What::Warn { text: text("the clock is 40 s ahead") }),
        event(9000, "", What::Say { text: text("region us-east-1 is slow") }),
        event(123_001, "web", What::BuildDone { artifact }),
        event(
            123_400,
            "",
            What::RunDone {
                done: 1,
                failed: 1,
                left: vec![text("key pair bakec-1 in us-east-1")],
                remains: Vec::new(),
                calls: 2,
                actions: Vec::new(),
            },
        ),
    ]
}

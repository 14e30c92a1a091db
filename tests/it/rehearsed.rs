//! Whole builds on the embedded EC2, in this process: from a program to images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bakec::compile::{Options, compile};
use bakec::emit::{Emit, packer_json};
use bakec::load::Memory;
use bakec::packer::read_placed;
use bakec::rehearse::{Server, Settings as Rehearsal};
use bakec::run::aws::Reach;
use bakec::run::build::Build;
use bakec::run::cancel::Cancel;
use bakec::run::event::Events;
use bakec::run::input::{Inputs, Moment, builds};
use bakec::run::secret::Gate;
use bakec::run::{Outcome, Settings, bake};
use bakec::text::FileId;
use serde_json::Value;

/// How fast the embedded EC2's clock runs.
const SCALE: f64 = 500.0;

/// The builds of a program.
pub(crate) fn program(text: &str, gate: &Gate) -> (Vec<Build>, String) {
    let world = Memory::of([("main.bake", text)]);
    let compiled = compile(&world, "main.bake", &Options::default());
    let plan = compiled.plan.expect("the program has a plan");
    let text = packer_json(&plan, &compiled.kinds, &Emit::default()).text();
    let (document, problems) = read_placed(FileId(0), "main.bake", &text);
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    let inputs = Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment::now(),
        packer_defaults: false,
        force: false,
        folder: PathBuf::new(),
        current: PathBuf::new(),
        environment: BTreeMap::new(),
        kinds: Arc::new(compiled.kinds),
        except_posts: Vec::new(),
    };
    let (builds, _) = builds(&document, &inputs, gate).unwrap_or_else(|problems| panic!("{problems:?}"));
    (builds, text)
}

/// Makes the builds of a program on a server, and tells how it ended.
pub(crate) async fn baked(server: &Server, runs: &Path, text: &str) -> (Outcome, Vec<Value>) {
    let gate = Gate::default();
    let (builds, plan) = program(text, &gate);
    let settings = Settings {
        runs: runs.to_owned(),
        reach: Reach { endpoint: Some(server.endpoint.clone()), scale: Some(server.scale()), any_credentials: true },
        ssh_at: Some(server.ssh),
        rehearsed: true,
        plan,
        ..Settings::default()
    };
    let (events, mut reader) = Events::new(gate);
    let outcome = bake(builds, settings, events, Cancel::never()).await;
    let mut told = Vec::new();
    while let Ok(event) = reader.try_recv() {
        told.push(serde_json::to_value(&event).expect("an event is JSON"));
    }
    (outcome, told)
}

const PLAIN: &str = r#"image web {
    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-d05e75b8"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "web {{timestamp}}"
        ami_regions   = ["eu-west-1", "us-west-2"]
        ami_users     = ["123456789012"]
        tags          = { Name = "web of {{.SourceAMI}}" }
    }
    provision shell {
        inline = ["echo hello", "uname -a"]
    }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_copies() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Rehearsal { scale: SCALE, ..Rehearsal::default() }).await.expect("a server");
    let (outcome, told) = baked(&server, folder.path(), PLAIN).await;
    let story: Vec<String> = told.iter().map(Value::to_string).collect();
    assert_eq!((&outcome.refused[..], &outcome.left[..]), (&[][..], &[][..]), "{}", story.join("\n"));
    println!("{}\n{}\n{:#}", story.join("\n"), outcome.calls, server.inventory());
}

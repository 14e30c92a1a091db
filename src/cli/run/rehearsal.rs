//! `--rehearse`: an EC2 that is played beside the run, and what a real one would have been asked to make.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use serde_json::Value;

use crate::diagnostic::code;
use crate::packer::Document;
use crate::rehearse::{Server, Settings as Played};
use crate::run::build::Build;
use crate::run::input::{Inputs, given};
use crate::run::journal::line::End;
use crate::run::problem::Problem;
use crate::run::settings::{Outcome as Ended, Settings};
use crate::text::words::{count, list};

use super::super::args_run::Reach;
use super::super::rehearse_server::policies;
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::supposed;
use super::watch::Watch;

/// How fast its clock goes: a build of ten minutes is one of a second.
const SCALE: f64 = 1000.0;

/// What comes and goes in a build: how it is made, where the inventory lists it, how it is called.
const PASSING: [(&str, &str, &str); 3] = [
    ("RunInstances", "instances", "instance"),
    ("ImportKeyPair", "key_pairs", "key pair"),
    ("CreateSecurityGroup", "security_groups", "security group"),
];

/// A played EC2.
pub(super) struct Rehearsal {
    server: Server,
    started: Instant,
}

/// Variables that have no value get one that is made up: an account is what they most often ask for, and there is none.
pub(super) fn fill_in(document: &Document, inputs: &mut Inputs, terminal: &Terminal) {
    let known = given(inputs);
    let empty = document.variables.iter().filter(|v| v.default.is_none() && !known.contains_key(&v.name));
    let mut names = Vec::new();
    for variable in empty {
        let value = match variable.ty.as_deref() {
            Some("int" | "number") => "1".to_owned(),
            Some("bool") => "true".to_owned(),
            _ => format!("rehearsed-{}", variable.name),
        };
        names.push(format!("`{}`", variable.name));
        inputs.vars.push((variable.name.clone(), value));
    }
    if !names.is_empty() {
        let have = if names.len() == 1 { "has no value and gets" } else { "have no value and get" };
        terminal.note(&format!("rehearsal: {} {have} one that is made up", list(&names, "and")));
    }
}

impl Rehearsal {
    pub(super) async fn start(reach: &Reach, terminal: &Terminal) -> Result<Rehearsal, Stop> {
        let settings = Played {
            scale: SCALE,
            amis: reach.ami.clone(),
            faults: reach.fault.clone(),
            policies: policies(&reach.policy, terminal)?,
            ..Played::default()
        };
        let server = Server::start(settings).await;
        let server =
            server.map_err(|error| terminal.fail(&format!("the rehearsal cannot be started: {error}"), None))?;
        Ok(Rehearsal { server, started: Instant::now() })
    }

    /// Points a run at it.
    pub(super) fn reached(&self, settings: &mut Settings) {
        settings.reach.endpoint = Some(self.server.endpoint.clone());
        settings.reach.scale = Some(self.server.scale());
        settings.reach.any_credentials = true;
        settings.reach.ask = None;
        settings.ssh_at = Some(self.server.ssh);
        settings.bastion_at = Some(self.server.bastion);
        settings.rehearsed = true;
    }

    /// Has what the builds take to be in the account, and says so.
    pub(super) fn suppose(&self, builds: &[Build], terminal: &Terminal) {
        let supposed = supposed::of(builds);
        let made: Vec<String> = supposed.iter().filter_map(|one| self.server.suppose(one)).collect();
        if !made.is_empty() {
            let is = if made.len() == 1 { "is" } else { "are" };
            terminal.note(&format!("rehearsal: {} {is} taken to be there", list(&made, "and")));
        }
    }

    /// What a rehearsal takes an image to be may be wrong.
    pub(super) fn explain(problem: &mut Problem) {
        if problem.code == code::RUN_SOURCE {
            let own = "in a rehearsal, say what your image is like: `--ami us-east-1/ami-0123456789abcdef0,architecture=arm64`";
            problem.help = Some(problem.help.take().map_or_else(|| own.to_owned(), |help| format!("{help}; {own}")));
        }
    }

    /// Says what would have been made.
    pub(super) fn tell(&self, ended: &Ended, watch: &Watch, terminal: &Terminal) -> Outcome {
        let text = watch.pass(&self.words(ended));
        if watch.is_for_people() {
            return terminal.result(|out| out.write_all(text.as_bytes()));
        }
        terminal.note(text.trim_end());
        Ok(())
    }

    fn words(&self, ended: &Ended) -> String {
        let inventory = self.server.inventory();
        let calls = self.server.calls();
        let all = |kind: &str| inventory[kind].as_array().cloned().unwrap_or_default();
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let mut out = String::from("\nThis was a rehearsal: no image was built, and AWS was not called.\n");
        let mut regions: BTreeMap<String, (Vec<Value>, usize)> = BTreeMap::new();
        let mut images = all("images");
        images.sort_by_key(|image| position(ended, &text(image, "id")));
        for image in images {
            regions.entry(text(&image, "region")).or_default().0.push(image);
        }
        for snapshot in all("snapshots") {
            regions.entry(text(&snapshot, "region")).or_default().1 += 1;
        }
        out.push_str(match regions.is_empty() {
            true => "It would have made no image.\n",
            false => "It would have made\n",
        });
        for (region, (images, snapshots)) in &regions {
            let (images_, snapshots) = (count(images.len(), "image"), count(*snapshots, "snapshot"));
            let _ = writeln!(out, "  {region}: {images_}, {snapshots}");
            for image in images {
                let _ = writeln!(out, "    {}", text(image, "name"));
            }
        }
        let made = |action: &str| calls.iter().filter(|c| c.action == action && c.effect).count();
        let gone = PASSING.iter().map(|(action, kind, name)| (made(action).saturating_sub(all(kind).len()), name));
        let passing: Vec<String> = gone.filter(|(n, _)| *n > 0).map(|(n, name)| count(n, name)).collect();
        if !passing.is_empty() {
            let _ = writeln!(out, "and made and removed again {}.", list(&passing, "and"));
        }
        let kinds = [
            ("instances", "instance"),
            ("key_pairs", "key pair"),
            ("security_groups", "security group"),
            ("volumes", "volume"),
        ];
        let left = kinds.iter().filter(|(kind, _)| !all(kind).is_empty());
        let left: Vec<String> = left.map(|(kind, name)| count(all(kind).len(), name)).collect();
        if !left.is_empty() {
            let _ = writeln!(out, "It would have left {}.", list(&left, "and"));
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let _ = writeln!(out, "It took {} and {seconds:.1} s.", count(ended.calls as usize, "call"));
        out
    }
}

/// The position in the plan of the build that made an image.
fn position(ended: &Ended, id: &str) -> Option<usize> {
    let made = |end: &End| matches!(end, End::Done { artifact } | End::Unprocessed { artifact, .. } if artifact.images.iter().any(|(_, image)| image == id));
    ended.ends.iter().position(|(_, end)| made(end))
}

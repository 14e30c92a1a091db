//! `null`: no machine is made; provisioners work on one that is there.

use crate::run::build::{Build, Null, Ssh};
use crate::run::event::Artifact;
use crate::run::facts;
use crate::run::problem::Problem;
use crate::run::render::Given;
use crate::run::ssh::Target;
use crate::run::step::Cx;

use super::{Baked, Machine, connect, provision_all};

/// Runs the provisioners.
///
/// # Errors
/// The first that failed.
pub async fn bake(cx: &Cx, build: &Build, null: &Null, values: &Given) -> Result<Baked, Problem> {
    let target = |ssh: &Ssh| Target { host: ssh.host.clone().unwrap_or_default(), port: ssh.port };
    let at = null.ssh.as_ref().map(target);
    let shell = match (&null.ssh, &at) {
        (Some(ssh), Some(at)) => Some(connect(cx, at, ssh, null.key_file.as_ref(), None).await?),
        _ => None,
    };
    let values = facts::of_nothing(facts::connected(values, null.ssh.as_ref(), at.as_ref()));
    let ssh = null.ssh.as_ref().map(|ssh| (ssh, null.key_file.as_deref()));
    let mut machine = Machine { shell, ssh, values: &values };
    provision_all(cx, build, &mut machine).await?;
    machine.close().await;
    let artifact = Artifact { builder_id: "fnoeding.null".to_owned(), id: "Null".to_owned(), images: Vec::new() };
    Ok(Baked { artifact, facts: values.build, left: Vec::new() })
}

//! `null`: no machine is made; provisioners work on one that is there.

use crate::run::build::{Build, Null};
use crate::run::event::Artifact;
use crate::run::problem::Problem;
use crate::run::render::RunValues;
use crate::run::ssh::Target;
use crate::run::step::Cx;

use super::{connect, provision_all};

/// Runs the provisioners.
///
/// # Errors
/// The first that failed.
pub async fn bake(cx: &Cx, build: &Build, null: &Null, values: &dyn RunValues) -> Result<Artifact, Problem> {
    let mut shell = match &null.ssh {
        Some(ssh) => {
            let host = ssh.host.clone().unwrap_or_default();
            Some(connect(cx, &Target { host, port: ssh.port }, ssh, null.key_file.as_ref(), None).await?)
        }
        None => None,
    };
    provision_all(cx, build, &mut shell, values).await?;
    if let Some(shell) = shell {
        shell.close().await;
    }
    Ok(Artifact {
        builder_id: "fnoeding.null".to_owned(),
        id: "Did not export anything. This is the null builder".to_owned(),
        images: Vec::new(),
    })
}

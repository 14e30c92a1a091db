//! The temporary key pair: made here, only its public half is imported. Its private half lies in the run's folder until the run is over.

use std::path::{Path, PathBuf};

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::ResourceType;
use russh::keys::PrivateKey;
use serde::{Deserialize, Serialize};

use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::key;
use crate::run::problem::Problem;
use crate::text::file_name;

/// The file of a build's private key.
pub fn file(cx: &Cx) -> PathBuf {
    cx.run.journal.folder().join(format!("{}.pem", file_name(&cx.build)))
}

/// With what the names of key pairs begin that no one else gives.
pub const PREFIX: &str = "bakec_";

/// Deletes a private key that is not needed any more.
pub fn forget(cx: &Cx, file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            cx.events.warn(format!("the private key {} cannot be deleted: {error}", file.display()));
        }
        _ => {}
    }
}

/// Makes and imports a key pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportKey {
    /// Its name at EC2.
    pub name: String,
    /// `ed25519` or `rsa`.
    pub kind: String,
    /// Of an RSA key.
    pub bits: Option<u32>,
    /// The file of the private half.
    pub file: PathBuf,
}

impl ImportKey {
    /// The pair that lies in the file, or a new one.
    fn pair(&self) -> Result<PrivateKey, Problem> {
        if let Ok(known) = key::read(&self.file) {
            return Ok((*known).clone());
        }
        // A file that was not written whole belongs to nothing: the import comes after it.
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let message = format!("the private key `{}` cannot be replaced: {error}", self.file.display());
                return Err(Problem::failed(code::RUN_KEY, message));
            }
            _ => {}
        }
        let made = key::make(&self.kind, self.bits)?;
        key::write(&made, &self.file)?;
        Ok(made)
    }
}

/// The key pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// Its id at EC2.
    pub id: String,
    /// Its name at EC2.
    pub name: String,
}

impl Step for ImportKey {
    const NAME: &'static str = "key";
    type Out = Imported;

    fn about(&self) -> String {
        format!("importing a temporary {} key pair, `{}`", self.kind, self.name)
    }

    fn told(out: &Imported) -> String {
        format!("key pair {}", out.id)
    }

    async fn act(&self, cx: &Cx) -> Result<Imported, Failure> {
        // Primes take long to find, and disks to sync: other builds go on meanwhile.
        let step = self.clone();
        let private = tokio::task::spawn_blocking(move || step.pair());
        let private =
            private.await.unwrap_or_else(|_| Err(Problem::failed(code::RUN_KEY, "the key pair was not made")))?;
        if let Some(secret) = key::secret(&private) {
            cx.events.gate().hide_key(&secret);
        }
        let public = key::public_line(&private, &self.name)?;
        let ask = || {
            let tags = cx.tagged(ResourceType::KeyPair, Self::NAME, &[]);
            let material = Blob::new(public.as_bytes());
            cx.region
                .ec2
                .import_key_pair()
                .key_name(&self.name)
                .public_key_material(material)
                .tag_specifications(tags)
                .send()
        };
        let answer =
            cx.region.call("ImportKeyPair", Repeat::Always, ask).await.map_err(|e| e.failure(code::RUN_KEY))?;
        Ok(Imported { id: answer.key_pair_id().unwrap_or_default().to_owned(), name: self.name.clone() })
    }

    async fn find(&self, cx: &Cx) -> Result<Look<Imported>, Problem> {
        let ask = || cx.region.ec2.describe_key_pairs().filters(filter("key-name", [self.name.as_str()])).send();
        let answer =
            cx.region.call("DescribeKeyPairs", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_KEY))?;
        let Some(found) = answer.key_pairs().first() else { return Ok(Look::Nothing) };
        if !cx.is_ours(found.tags()) {
            let problem = Problem::failed(
                code::RUN_KEY,
                format!("there is a key pair `{}` already, and it is not of this run", self.name),
            );
            return Ok(Look::Others(problem.help("leave `temporary_key_pair_name` out, or write another name")));
        }
        Ok(Look::There(Imported { id: found.key_pair_id().unwrap_or_default().to_owned(), name: self.name.clone() }))
    }

    async fn undo(&self, cx: &Cx, out: &Imported) -> Result<String, Problem> {
        // A name of the user's may be that of another run's key pair by now.
        if !out.name.starts_with(PREFIX) && !matches!(cx.look(self, cx.age).await?, Look::There(_)) {
            forget(cx, &self.file);
            return Ok(format!("key pair `{}` is gone", out.name));
        }
        let ask = || cx.region.ec2.delete_key_pair().key_name(&out.name).send();
        match cx.region.call("DeleteKeyPair", Repeat::Always, ask).await {
            Ok(_) => {}
            Err(error) if error.fault == Fault::NotFound => {}
            Err(error) => return Err(error.problem(code::RUN_KEY)),
        }
        forget(cx, &self.file);
        Ok(format!("key pair `{}` deleted", out.name))
    }
}

//! How a user is proved: keys, then the password, then the password once more where the server asks for it in its own words.
//!
//! It must not know retries. Neighbours: `connect` calls it after a handshake.

use std::sync::Arc;

use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};

use super::client::{Client, Known};
use super::fault::Fault;
use crate::run::build::Ssh;
use crate::run::secret::Secret;

/// More questions than this are no question for a password.
const ROUNDS: usize = 5;

/// What is left to try, and what was refused so far.
struct Trial<'a> {
    handle: &'a mut Handle<Client>,
    known: &'a Known,
    user: &'a str,
    methods: Vec<MethodKind>,
}

/// Proves the user; says whether the server took only a signature by SHA-1.
pub(super) async fn authenticate(
    handle: &mut Handle<Client>,
    known: &Known,
    ssh: &Ssh,
    keys: &[Arc<PrivateKey>],
) -> Result<bool, Fault> {
    let user = ssh.username.as_str();
    let mut trial = Trial { handle, known, user, methods: Vec::new() };
    if trial.none().await? {
        return Ok(false);
    }
    let mut refused = None;
    if trial.takes(MethodKind::PublicKey) {
        for key in keys {
            for hash in trial.hashes(key).await? {
                if trial.key(key, hash).await? {
                    return Ok(key.algorithm().is_rsa() && hash.is_none());
                }
                refused = Some(Fault::KeyRefused { user: user.to_owned(), methods: trial.names() });
            }
        }
    }
    if let Some(password) = &ssh.password {
        let mut asked = false;
        for method in [MethodKind::Password, MethodKind::KeyboardInteractive] {
            if trial.takes(method) {
                asked = true;
                if trial.password(method, password).await? {
                    return Ok(false);
                }
            }
        }
        if asked {
            refused = Some(Fault::PasswordRefused { user: user.to_owned(), methods: trial.names() });
        }
    }
    Err(refused.unwrap_or_else(|| Fault::NothingToShow { user: user.to_owned(), methods: trial.names() }))
}

impl Trial<'_> {
    fn takes(&self, method: MethodKind) -> bool {
        self.methods.contains(&method)
    }

    /// The methods that the server says it takes, for people.
    fn names(&self) -> String {
        let names: Vec<String> = self.methods.iter().map(|m| format!("`{}`", <&str>::from(m))).collect();
        names.join(", ")
    }

    /// Asks what the server takes; some let a user in without any proof.
    async fn none(&mut self) -> Result<bool, Fault> {
        let result = self.handle.authenticate_none(self.user).await;
        self.result(result)
    }

    /// The hashes to sign with: for RSA the best that the server names; where it names none, the new ones and then the old one.
    async fn hashes(&mut self, key: &PrivateKey) -> Result<Vec<Option<HashAlg>>, Fault> {
        if !key.algorithm().is_rsa() {
            return Ok(vec![None]);
        }
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(None)) => Ok(vec![None]),
            // Some name what they do not take.
            Ok(Some(best)) => Ok(vec![best, None]),
            Ok(None) => Ok(vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256), None]),
            Err(e) => Err(self.lost(&e)),
        }
    }

    async fn key(&mut self, key: &Arc<PrivateKey>, hash: Option<HashAlg>) -> Result<bool, Fault> {
        let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
        let result = self.handle.authenticate_publickey(self.user, key).await;
        self.result(result)
    }

    async fn password(&mut self, method: MethodKind, password: &Secret) -> Result<bool, Fault> {
        if method == MethodKind::Password {
            let result = self.handle.authenticate_password(self.user, password.reveal()).await;
            return self.result(result);
        }
        let mut answer = self.handle.authenticate_keyboard_interactive_start(self.user, None::<String>).await;
        for _ in 0..ROUNDS {
            match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => return Ok(true),
                Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, .. }) => {
                    self.methods = remaining_methods.to_vec();
                    return Ok(false);
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => {
                    let given = prompts.iter().map(|_| password.reveal().to_owned()).collect();
                    answer = self.handle.authenticate_keyboard_interactive_respond(given).await;
                }
                Err(e) => return Err(self.lost(&e)),
            }
        }
        Ok(false)
    }

    fn result(&mut self, result: Result<AuthResult, russh::Error>) -> Result<bool, Fault> {
        match result {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                // A connection that ends looks like a refusal without further methods.
                if remaining_methods.is_empty() && self.handle.is_closed() {
                    return Err(Fault::Lost(self.end()));
                }
                self.methods = remaining_methods.to_vec();
                Ok(false)
            }
            Err(e) => Err(self.lost(&e)),
        }
    }

    fn lost(&self, error: &russh::Error) -> Fault {
        Fault::Lost(self.known.end().unwrap_or_else(|| error.to_string()))
    }

    fn end(&self) -> String {
        self.known.end().unwrap_or_else(|| "the server closed it".to_owned())
    }
}

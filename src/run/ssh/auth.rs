//! How a user is proved: keys and their certificates, the agent's keys, then the password, then the password once more or the user's
//! own answers where the server asks in its own words.
//!
//! It must not know retries. Neighbours: `connect` calls it after a handshake, `login` holds what there is to show.

use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode as _;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg};
use russh::{AgentAuthError, SendError, Signer};

use super::agent::{self, Agent};
use super::client::{Client, Known};
use super::connect::plain;
use super::fault::Fault;
use super::login::{Identity, Login};
use super::prompt;

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
pub(super) async fn authenticate(handle: &mut Handle<Client>, known: &Known, login: &Login) -> Result<bool, Fault> {
    let user = login.user.as_str();
    let mut trial = Trial { handle, known, user, methods: Vec::new() };
    if trial.none().await? {
        return Ok(false);
    }
    let mut refused = None;
    for own in &login.keys {
        if !trial.takes(MethodKind::PublicKey) {
            break;
        }
        for hash in trial.hashes(&own.key.algorithm()).await? {
            if !trial.takes(MethodKind::PublicKey) {
                break;
            }
            if trial.key(own, hash).await? {
                return Ok(own.key.algorithm().is_rsa() && hash.is_none());
            }
            refused = Some(Fault::KeyRefused { user: user.to_owned(), methods: trial.names() });
        }
    }
    if let Some(socket) = login.agent.as_deref().filter(|_| trial.takes(MethodKind::PublicKey)) {
        let cannot = |why: String| Fault::Agent(format!("`{}`: {why}", socket.display()));
        let mut agent = agent::connect(socket).await.map_err(|e| cannot(plain(&e)))?;
        let held = agent.request_identities().await.map_err(|e| cannot(e.to_string()))?;
        if held.is_empty() && login.keys.is_empty() && login.password.is_none() {
            return Err(cannot("it holds no keys".to_owned()));
        }
        for identity in held {
            let kind = identity.public_key().algorithm();
            for hash in trial.hashes(&kind).await? {
                if !trial.takes(MethodKind::PublicKey) {
                    break;
                }
                match trial.agents_key(&mut agent, &identity, hash).await? {
                    Some(true) => return Ok(kind.is_rsa() && hash.is_none()),
                    Some(false) => {
                        refused = Some(Fault::KeyRefused { user: user.to_owned(), methods: trial.names() });
                    }
                    // It does not want to sign with this one.
                    None => break,
                }
            }
        }
    }
    if let Some(password) = &login.password {
        let mut asked = false;
        for method in [MethodKind::Password, MethodKind::KeyboardInteractive] {
            // Who has both, a password and answers, keeps the questions for the terminal.
            let own = method == MethodKind::KeyboardInteractive && login.ask;
            if trial.takes(method) && !own {
                asked = true;
                let answer = Answer::Given(password.reveal());
                if trial.password(method, &answer).await? {
                    return Ok(false);
                }
            }
        }
        if asked {
            refused = Some(Fault::PasswordRefused { user: user.to_owned(), methods: trial.names() });
        }
    }
    if login.ask && trial.takes(MethodKind::KeyboardInteractive) {
        if trial.password(MethodKind::KeyboardInteractive, &Answer::Asked).await? {
            return Ok(false);
        }
        refused = Some(Fault::PasswordRefused { user: user.to_owned(), methods: trial.names() });
    }
    Err(refused.unwrap_or_else(|| Fault::NothingToShow { user: user.to_owned(), methods: trial.names() }))
}

/// From where an answer to a server's question comes.
enum Answer<'a> {
    Given(&'a str),
    Asked,
}

/// Signs with a key that is here.
struct Own<'a>(&'a Identity);

impl Signer for Own<'_> {
    type Error = AgentAuthError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, AgentAuthError> {
        let signature = match self.0.key.key_data() {
            KeypairData::Rsa(pair) => (pair, hash).try_sign(&data),
            other => other.try_sign(&data),
        };
        let mut encoded = Vec::new();
        let signed = signature.ok().and_then(|s| s.encode(&mut encoded).ok());
        signed.and_then(|()| encoded.encode(&mut data).ok()).ok_or(SendError {})?;
        Ok(data)
    }
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
        self.result(result).await
    }

    /// The hashes to sign with: for RSA the best that the server names; where it names none, the new ones and then the old one.
    async fn hashes(&mut self, kind: &Algorithm) -> Result<Vec<Option<HashAlg>>, Fault> {
        if !kind.clone().is_rsa() {
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

    async fn key(&mut self, own: &Identity, hash: Option<HashAlg>) -> Result<bool, Fault> {
        if let Some(certificate) = &own.certificate {
            let shown =
                self.handle.authenticate_certificate_with(self.user, certificate.clone(), hash, &mut Own(own)).await;
            return self.signed(shown).await.map(Option::unwrap_or_default);
        }
        let key = PrivateKeyWithHashAlg::new(own.key.clone(), hash);
        let result = self.handle.authenticate_publickey(self.user, key).await;
        self.result(result).await
    }

    /// A key of the agent; nothing where it does not sign.
    async fn agents_key(
        &mut self,
        agent: &mut Agent,
        identity: &AgentIdentity,
        hash: Option<HashAlg>,
    ) -> Result<Option<bool>, Fault> {
        let shown = match identity {
            AgentIdentity::PublicKey { key, .. } => {
                self.handle.authenticate_publickey_with(self.user, key.clone(), hash, agent).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                self.handle.authenticate_certificate_with(self.user, certificate.clone(), hash, agent).await
            }
        };
        self.signed(shown).await
    }

    async fn signed(&mut self, shown: Result<AuthResult, AgentAuthError>) -> Result<Option<bool>, Fault> {
        match shown {
            Ok(result) => self.result(Ok(result)).await.map(Some),
            Err(_) if self.handle.is_closed() => Err(Fault::Lost(self.end())),
            Err(_) => Ok(None),
        }
    }

    async fn password(&mut self, method: MethodKind, answer: &Answer<'_>) -> Result<bool, Fault> {
        if let (MethodKind::Password, Answer::Given(password)) = (method, answer) {
            let result = self.handle.authenticate_password(self.user, *password).await;
            return self.result(result).await;
        }
        let from = answer;
        let mut answer = self.handle.authenticate_keyboard_interactive_start(self.user, None::<String>).await;
        for _ in 0..ROUNDS {
            match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => return Ok(true),
                Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, .. }) => {
                    self.methods = remaining_methods.to_vec();
                    return Ok(false);
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, name, instructions }) => {
                    let given = match from {
                        Answer::Given(password) => prompts.iter().map(|_| (*password).to_owned()).collect(),
                        Answer::Asked => prompt::ask(&[name, instructions], &prompts).await?,
                    };
                    answer = self.handle.authenticate_keyboard_interactive_respond(given).await;
                }
                Err(e) => return Err(self.lost(&e)),
            }
        }
        Ok(false)
    }

    async fn result(&mut self, result: Result<AuthResult, russh::Error>) -> Result<bool, Fault> {
        match result {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                // A connection that ends looks like a refusal without further methods, and such a refusal ends it.
                if remaining_methods.is_empty() && self.handle.is_closed() && !self.known.is_refused().await {
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

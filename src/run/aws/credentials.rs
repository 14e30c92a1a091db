//! The credentials that an account's calls are signed by: held as long as they are good, and fetched anew before they end.
//!
//! Ends are reckoned in AWS's time, for clocks of machines are wrong. It knows no source of credentials. Neighbours: `source` fetches
//! them; `mod` asks for new ones where AWS says that they have ended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::clock::Clock;
use super::source::Source;
use crate::run::secret::{Gate, Secret};

/// So long before their end credentials are not used any more, or a quarter of their life where that is less.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Credentials and where they come from.
pub struct Wallet {
    source: Source,
    clock: Arc<Clock>,
    gate: Gate,
    held: Mutex<Option<Held>>,
}

/// Credentials that are held.
#[derive(Debug)]
struct Held {
    credentials: Credentials,
    /// When they were fetched, in AWS's time.
    since: Timestamp,
}

impl Held {
    fn is_good(&self, now: Timestamp) -> bool {
        let Some(end) = end(&self.credentials) else { return true };
        let life = end.duration_since(self.since);
        end.duration_since(now) > MARGIN.min(life / 4)
    }
}

/// When credentials end, where they do.
fn end(credentials: &Credentials) -> Option<Timestamp> {
    Timestamp::from_second(DateTime::from(credentials.expiry()?).secs()).ok()
}

impl Wallet {
    /// An empty one.
    pub(super) fn new(source: Source, clock: Arc<Clock>, gate: Gate) -> Wallet {
        Wallet { source, clock, gate, held: Mutex::default() }
    }

    /// Good credentials.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn credentials(&self) -> Result<Credentials, String> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(held) = held.as_ref().filter(|held| held.is_good(now)) {
            return Ok(held.credentials.clone());
        }
        match self.source.fetch(held.is_none()).await {
            Ok(credentials) => Ok(self.take(&mut held, credentials)),
            // They have not ended yet, whatever is wrong with those who give new ones.
            Err(why) => match held.as_ref().filter(|held| end(&held.credentials).is_some_and(|end| end > now)) {
                Some(held) => Ok(held.credentials.clone()),
                None => Err(why),
            },
        }
    }

    /// Fetches new ones in place of those of an access key, which AWS does not accept any more. Whether there are others now.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn renew(&self, spent: &str) -> Result<bool, String> {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.credentials.access_key_id() != spent) {
            return Ok(true);
        }
        let credentials = self.source.fetch(false).await?;
        // Temporary ones of the same key differ in their token.
        let same = |held: &Held| {
            let (a, b) = (&held.credentials, &credentials);
            a.access_key_id() == b.access_key_id() && a.session_token() == b.session_token()
        };
        if held.as_ref().is_some_and(same) {
            return Ok(false);
        }
        self.take(&mut held, credentials);
        Ok(true)
    }

    /// The access key in use.
    pub(super) async fn access_key(&self) -> Option<String> {
        self.held.lock().await.as_ref().map(|held| held.credentials.access_key_id().to_owned())
    }

    /// Keeps credentials, and hides their secret half from now on.
    fn take(&self, held: &mut Option<Held>, credentials: Credentials) -> Credentials {
        self.gate.hide(&Secret::new(credentials.secret_access_key()));
        if let Some(token) = credentials.session_token() {
            self.gate.hide(&Secret::new(token));
        }
        *held = Some(Held { credentials: credentials.clone(), since: self.clock.now() });
        credentials
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wallet")
    }
}

impl ProvideCredentials for Wallet {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        use aws_credential_types::provider::error::CredentialsError;
        let get =
            async { self.credentials().await.map_err(|why| CredentialsError::provider_error(BoxError::from(why))) };
        aws_credential_types::provider::future::ProvideCredentials::new(get)
    }
}

/// How long the whole of a session may take to be fetched, a question at the keyboard apart.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_good_until_shortly_before_their_end() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let of = |life: i64| Held {
            credentials: Credentials::new("a", "b", None, Some(at(life).into()), "test"),
            since: at(0),
        };
        let good = |life, now| of(life).is_good(at(now));
        assert!(good(3600, 0) && good(3600, 3539) && !good(3600, 3540) && !good(3600, 4000));
        // Of short ones a quarter is left.
        assert!(good(8, 5) && !good(8, 6));
        let endless = Held { credentials: Credentials::new("a", "b", None, None, "test"), since: at(0) };
        assert!(endless.is_good(Timestamp::MAX));
    }
}

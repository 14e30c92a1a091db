//! The one door to AWS: clients by region, and one way for every call, through the buckets, the classifier and the event stream.
//!
//! It knows how calls are made and repeated, not what they are for. Neighbours: `fault` classifies, `bucket` slows down, `wait` asks
//! for many at once; `step` makes the calls.

pub mod address;
pub mod bucket;
pub mod clock;
pub mod credentials;
mod denial;
pub mod endpoint;
pub mod fault;
pub mod gather;
mod role;
pub mod source;
mod tls;
pub mod wait;

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::Semaphore;

use super::build::{Access, Polling};
use super::cancel::Cancel;
use super::event::{Events, What, ms};
use super::problem::Problem;

use crate::diagnostic::code;
use bucket::{Buckets, Shelf};
use clock::{Clock, Listener};
use credentials::Wallet;
use endpoint::Endpoints;
use fault::{CallError, Fault};
use gather::Gather;
use source::{Ask, Source};
use wait::Watch;

/// How often a call is made at most, where the plan says nothing; one that is throttled is made again for as long as below.
const TRIES: u32 = 11;

/// So long a call is made again that AWS has no time for, after AWS has taken one of its kind, in AWS's time: that there are too many is
/// no fault of this one, and while others have their turn it will have its own.
const THROTTLED: Duration = Duration::from_secs(15 * 60);

/// And never for longer than this, in AWS's time: less than a step counts as under way.
const THROTTLED_AT_MOST: Duration = Duration::from_secs(4 * 60 * 60);

/// How often a call is made at most, once nothing shall be waited for any more.
const LAST_TRIES: u32 = 3;

/// So many snapshots are copied to a region at once: EC2 takes 20 by default, and others of the account want some of them.
pub const COPIES: usize = 16;

/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often a call is made again because credentials had expired.
const RENEWALS: u32 = 2;

/// Why credentials that have expired stay so.
const NO_NEWER: &str = "the credentials have expired, and there are no newer ones where they came from";

/// Whether a call may be made again when its outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, the second call does what the first did, or it is refused because of its unique name.
    Always,
    /// It would do it twice.
    Never,
}

/// An account, as the builds with one kind of access see it.
pub struct Cloud {
    /// AWS's time.
    pub clock: Arc<Clock>,
    config: SdkConfig,
    wallet: Option<Arc<Wallet>>,
    events: Events,
    cancel: Cancel,
    scale: f64,
    /// Whether STS is asked what a refusal meant.
    decode: bool,
    polling: Polling,
    tries: Option<u32>,
    endpoints: Endpoints,
    calls: Arc<AtomicU64>,
    regions: Mutex<HashMap<String, Arc<Region>>>,
    iam: OnceLock<aws_sdk_iam::Client>,
    account: OnceLock<String>,
    /// Who calls, as an ARN.
    caller: OnceLock<String>,
}

/// A region of an account.
pub struct Region {
    /// Its name.
    pub name: String,
    /// The client; calls go through [`Region::call`].
    pub ec2: aws_sdk_ec2::Client,
    /// Instances that are waited for.
    pub instances: Watch<wait::Instance>,
    /// Images that are waited for.
    pub images: Watch<wait::Image>,
    /// Snapshots that may be copied here at once.
    pub copies: Semaphore,
    /// Instances that are to stop.
    pub stops: Gather,
    /// Instances that are to end.
    pub ends: Gather,
    /// What is to be marked as final.
    pub finals: Gather,
    clock: Arc<Clock>,
    events: Events,
    cancel: Cancel,
    buckets: Buckets,
    scale: f64,
    wallet: Option<Arc<Wallet>>,
    /// Who says what a refusal meant, where that is wanted.
    sts: Option<aws_sdk_sts::Client>,
    /// How patiently things are waited for.
    pub polling: Polling,
    tries: Option<u32>,
    /// Whether calls go to an endpoint that may know less than AWS.
    pub foreign: bool,
    /// Whether snapshots can be tagged as they are made, where the endpoint is foreign and one build has found it out.
    pub tags_snapshots: tokio::sync::Mutex<Option<bool>>,
    /// When AWS took a call of each kind last.
    taken: Mutex<HashMap<&'static str, Instant>>,
    calls: Arc<AtomicU64>,
}

/// How the account is reached, beside what the plan says.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The endpoint for all calls, before the plan's.
    pub endpoint: Option<String>,
    /// How much faster than AWS's the endpoint's clock goes; 1 for AWS.
    pub scale: Option<f64>,
    /// Whether any credentials will do: the endpoint is bakec's own.
    pub any_credentials: bool,
    /// Who is asked for the code of a multi-factor device.
    pub ask: Option<Ask>,
}

impl Cloud {
    /// Finds credentials and prepares clients.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub async fn open(
        access: &Access,
        reach: &Reach,
        events: &Events,
        cancel: &Cancel,
        calls: Arc<AtomicU64>,
    ) -> Result<Cloud, Problem> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(tls::client(access.insecure))
            .no_credentials()
            .region(aws_config::Region::new(access.region.clone()))
            // Only a call that may be repeated is: `Region::call` knows which.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .operation_timeout(Duration::from_secs(60))
                    .build(),
            );
        if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
        }
        let endpoints = Endpoints::new(access, reach);
        if let Some(endpoint) = &endpoints.all {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let scale = reach.scale.unwrap_or(1.0);
        let clock = Arc::new(Clock::new(scale));
        let source = Source::new(access.clone(), config.clone(), reach.any_credentials, reach.ask.clone());
        let wallet = Arc::new(Wallet::new(source, clock.clone(), events.gate().clone()));
        // It holds them itself, and knows when they end.
        let config = config
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(wallet.clone() as Arc<dyn ProvideCredentials>))
            .identity_cache(IdentityCache::no_cache())
            .build();
        let cloud = Cloud {
            clock,
            config,
            wallet: Some(wallet),
            events: events.clone(),
            cancel: cancel.clone(),
            scale,
            decode: access.decode,
            polling: access.polling,
            tries: access.max_retries.map(|n| n.saturating_add(1)),
            endpoints,
            calls,
            regions: Mutex::default(),
            iam: OnceLock::new(),
            account: OnceLock::new(),
            caller: OnceLock::new(),
        };
        cloud.credentials().await?;
        Ok(cloud)
    }

    /// The account of a build that calls nobody.
    pub fn of_nobody(events: &Events) -> Cloud {
        Cloud {
            clock: Arc::new(Clock::new(1.0)),
            config: SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build(),
            wallet: None,
            events: events.clone(),
            cancel: Cancel::never(),
            scale: 1.0,
            decode: false,
            polling: Polling::default(),
            tries: Some(1),
            endpoints: Endpoints::default(),
            calls: Arc::default(),
            regions: Mutex::default(),
            iam: OnceLock::new(),
            account: OnceLock::new(),
            caller: OnceLock::new(),
        }
    }

    /// Takes a look at the credentials.
    async fn credentials(&self) -> Result<(), Problem> {
        let Some(wallet) = &self.wallet else { return Ok(()) };
        wallet.credentials().await.map(drop).map_err(|why| {
            Problem::refused(code::RUN_CREDENTIALS, format!("there are no AWS credentials: {why}")).help(
                "set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; \
                 `bakec run --rehearse` needs no account",
            )
        })
    }

    /// A client of STS.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.config).interceptor(Listener(self.clock.clone())).build();
        aws_sdk_sts::Client::from_conf(config)
    }

    /// A region of the account.
    pub fn region(&self, name: &str) -> Arc<Region> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut config = aws_sdk_ec2::config::Builder::from(&self.config)
                .region(aws_sdk_ec2::config::Region::new(name.to_owned()))
                .interceptor(Listener(self.clock.clone()));
            if let Some(endpoint) = self.endpoints.ec2(name) {
                config = config.endpoint_url(endpoint);
            }
            let config = config.build();
            Arc::new(Region {
                name: name.to_owned(),
                ec2: aws_sdk_ec2::Client::from_conf(config),
                instances: Watch::default(),
                images: Watch::default(),
                copies: Semaphore::new(COPIES),
                stops: Gather::default(),
                ends: Gather::default(),
                finals: Gather::default(),
                clock: self.clock.clone(),
                events: self.events.clone(),
                cancel: self.cancel.clone(),
                buckets: Buckets::new(self.scale),
                scale: self.scale,
                wallet: self.wallet.clone(),
                sts: self.decode.then(|| self.sts()),
                polling: self.polling,
                tries: self.tries,
                foreign: self.endpoints.is_foreign(name),
                tags_snapshots: tokio::sync::Mutex::default(),
                taken: Mutex::default(),
                calls: self.calls.clone(),
            })
        };
        regions.entry(name.to_owned()).or_insert_with(make).clone()
    }

    /// IAM, which is one for all regions; calls go through [`Region::call`].
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| {
            let config = aws_sdk_iam::config::Builder::from(&self.config).interceptor(Listener(self.clock.clone()));
            aws_sdk_iam::Client::from_conf(config.build())
        })
    }

    /// The region that the account is reached by.
    pub fn home(&self) -> Arc<Region> {
        self.region(&self.config.region().map(ToString::to_string).unwrap_or_default())
    }

    /// Asks who calls.
    ///
    /// # Errors
    /// Why AWS does not say.
    pub async fn who(&self) -> Result<(), CallError> {
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        let sts = self.sts();
        let ask = || sts.get_caller_identity().send();
        let answer = self.region(&region).call("GetCallerIdentity", Repeat::Always, ask).await?;
        if let Some(account) = answer.account() {
            let _ = self.account.set(account.to_owned());
        }
        if let Some(caller) = answer.arn() {
            let _ = self.caller.set(caller.to_owned());
        }
        Ok(())
    }

    /// The account's number and the caller's ARN, where somebody has asked who calls.
    pub fn identity(&self) -> (Option<&str>, Option<&str>) {
        (self.account.get().map(String::as_str), self.caller.get().map(String::as_str))
    }

    /// The account and the endpoint that a region is reached at: two with one of these are one account. The account's own number
    /// is known where somebody has asked who calls.
    pub fn whose(&self, region: &str) -> (String, Option<String>) {
        let unknown = || format!("{:p}", std::ptr::from_ref(self));
        (self.account.get().cloned().unwrap_or_else(unknown), self.endpoints.ec2(region).map(str::to_owned))
    }

    /// Warns people.
    pub fn warn(&self, text: String) {
        self.events.warn(text);
    }
}

impl Region {
    /// Makes a call: when the buckets allow it, and again where that is safe and may help. Once nothing shall be waited for any more
    /// it is still made, and a few times, but without a pause.
    ///
    /// # Errors
    /// What AWS said last.
    pub async fn call<T, E, F>(
        &self,
        action: &'static str,
        repeat: Repeat,
        mut send: impl FnMut() -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let shelf = Shelf::of(action);
        let mut pause = FIRST_PAUSE;
        let mut renewals = RENEWALS;
        let begin = Instant::now();
        let mut tried = false;
        for attempt in 1.. {
            self.unless_forced(self.buckets.take(shelf)).await;
            let key = match &self.wallet {
                Some(wallet) => wallet.access_key().await,
                None => None,
            };
            let start = Instant::now();
            let outcome = send().await;
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut error = match outcome {
                Ok(answer) => {
                    self.told(action, start, None);
                    self.buckets.speed_up(shelf);
                    self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(action, Instant::now());
                    return Ok(answer);
                }
                Err(error) => CallError { tried, ..self.explain(action, &error) },
            };
            tried |= error.fault == Fault::Unclear;
            self.told(action, start, Some(if error.code.is_empty() { "no answer" } else { &error.code }));
            if error.is_expired() && renewals > 0 {
                renewals -= 1;
                match self.renewed(key.as_deref(), action).await {
                    Ok(true) => continue,
                    Ok(false) => error.reason = Some(NO_NEWER.to_owned()),
                    Err(why) => error.reason = Some(why),
                }
            }
            if error.fault == Fault::Denied {
                self.decode(&mut error).await;
            }
            let tries = self.tries.unwrap_or(TRIES);
            let again = match error.fault {
                Fault::Throttled => {
                    self.buckets.slow_down(shelf);
                    attempt < tries || self.tries.is_none() && self.takes(action, begin)
                }
                Fault::Unreached => attempt < tries,
                Fault::Unclear => repeat == Repeat::Always && attempt < tries,
                // Only its answer has told that the local clock is wrong: the SDK signs the client's next one by AWS's.
                Fault::Credentials => attempt == 1 && self.clock.is_far_off(),
                _ => false,
            };
            if !again || self.cancel.is_forced() && attempt >= LAST_TRIES {
                return Err(error);
            }
            self.unless_forced(self.sleep(pause.mul_f64(0.75 + rand::random::<f64>() / 2.0))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        unreachable!("the loop has no end")
    }

    /// Whether AWS has taken a call of a kind lately, or it is not long since the first one was made.
    fn takes(&self, action: &str, first: Instant) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).get(action).copied();
        let lately = taken.map_or(first, |taken| taken.max(first)).elapsed() < self.local(THROTTLED);
        lately && first.elapsed() < self.local(THROTTLED_AT_MOST)
    }

    /// Gets other credentials than those of an access key, which have expired. Whether there are any.
    async fn renewed(&self, spent: Option<&str>, action: &str) -> Result<bool, String> {
        let (Some(wallet), Some(spent)) = (&self.wallet, spent) else { return Ok(false) };
        let renewed = wallet.renew(spent).await?;
        if renewed {
            self.events.say(format!("the credentials had expired at {action}: new ones were fetched"));
        }
        Ok(renewed)
    }

    /// Asks STS what a refusal meant, where that is wanted.
    async fn decode(&self, error: &mut CallError) {
        let Some((words, coded)) = denial::parts(&error.message) else { return };
        let words = words.to_owned();
        if let Some(sts) = &self.sts {
            let start = Instant::now();
            let answer = sts.decode_authorization_message().encoded_message(coded).send().await;
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.told("DecodeAuthorizationMessage", start, answer.is_err().then_some("refused"));
            error.reason = Some(match &answer {
                Ok(answer) => denial::told(answer.decoded_message().unwrap_or_default()),
                Err(why) => {
                    format!("what it means cannot be read: {}", self.explain("DecodeAuthorizationMessage", why).message)
                }
            });
            error.message = words;
        }
    }

    /// How long a wait may last, where it usually lasts so long: the plan may say it.
    pub fn patience(&self, usual: Duration) -> Duration {
        self.polling.patience.unwrap_or(usual)
    }

    /// Waits, and not when nothing shall be waited for any more.
    async fn unless_forced(&self, wait: impl Future<Output = ()>) {
        tokio::select! {
            () = wait => {}
            () = self.cancel.forced() => {}
        }
    }

    /// Sleeps in AWS's time.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.scale)).await;
    }

    /// A span of AWS's time on the local clock.
    pub fn local(&self, time: Duration) -> Duration {
        time.div_f64(self.scale)
    }

    fn told(&self, action: &str, start: Instant, error: Option<&str>) {
        self.events.tell(What::Call {
            action: action.to_owned(),
            region: self.name.clone(),
            ms: ms(start.elapsed()),
            error: error.map(str::to_owned),
        });
    }

    fn explain<E>(&self, action: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let region = self.name.clone();
        match error {
            SdkError::ServiceError(context) => {
                let answer = context.err();
                let status = context.raw().status().as_u16();
                let code = answer.code().filter(|code| !code.is_empty()).map_or_else(|| http(status), str::to_owned);
                let message = answer
                    .message()
                    .map_or_else(|| "AWS gave no reason".to_owned(), |m| m.trim_end_matches('.').to_owned());
                let fault = Fault::of_code(&code, Some(status));
                CallError { fault, action, region, code, message, reason: None, tried: false }
            }
            other => {
                let refused =
                    matches!(other, SdkError::DispatchFailure(failure) if failure.is_io() && never_sent(other));
                let built = matches!(other, SdkError::ConstructionFailure(_));
                let fault = match (built, refused) {
                    (true, _) => Fault::Other,
                    (_, true) => Fault::Unreached,
                    _ => Fault::Unclear,
                };
                CallError {
                    fault,
                    action,
                    region,
                    code: String::new(),
                    message: chain(other),
                    reason: None,
                    tried: false,
                }
            }
        }
    }
}

/// The code of an answer that has none of EC2's.
fn http(status: u16) -> String {
    format!("HTTP {status}")
}

/// Whether a connection could not even be made.
fn never_sent(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// The error and its causes, on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text.lines().collect::<Vec<_>>().join(" ")
}

//! Where credentials come from: the plan's keys, a profile, the environment, this machine; and the role that is taken on by them.
//!
//! Each time all of it is read anew: somebody may have signed in meanwhile. The order is that of AWS's SDKs, in which a profile that
//! is named goes before the environment. Neighbours: `credentials` holds what is found here, `role` takes a role on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileSet, load};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use aws_types::os_shim_internal::{Env, Fs};

use super::chain;
use super::credentials::LONGEST;
use super::role::{Factor, take_on};
use crate::run::build::{Access, Role};

/// Who is asked for something at a keyboard; nothing where nobody answers.
#[derive(Clone)]
pub struct Ask(Arc<Answers>);

/// What somebody answers to a question; nothing where nobody does.
type Answers = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Ask {
    /// Asks by a function, which may wait for a person.
    pub fn new(ask: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Ask {
        Ask(Arc::new(ask))
    }

    async fn ask(&self, question: String) -> Option<String> {
        let ask = self.0.clone();
        tokio::task::spawn_blocking(move || ask(&question)).await.ok().flatten()
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ask")
    }
}

/// Where an account's credentials come from.
#[derive(Debug)]
pub(super) struct Source {
    access: Access,
    /// Of clients that need no credentials themselves: region, endpoint, connections.
    config: SdkConfig,
    /// Whether any credentials will do.
    any: bool,
    ask: Option<Ask>,
    /// Whether the plan's code of a device was used: it is good for once.
    code_used: AtomicBool,
}

/// What comes of one source: none where it is not set up.
type Found = Result<Option<Credentials>, String>;

impl Source {
    pub(super) fn new(access: Access, config: SdkConfig, any: bool, ask: Option<Ask>) -> Source {
        Source { access, config, any, ask, code_used: AtomicBool::new(false) }
    }

    /// Fetches credentials; only the first time somebody may be asked at the keyboard.
    pub(super) async fn fetch(&self, first: bool) -> Result<Credentials, String> {
        let base = self.base(first).await?;
        match &self.access.role {
            Some(role) => take_on(role, base, &self.config, None).await,
            None => Ok(base),
        }
    }

    async fn base(&self, first: bool) -> Result<Credentials, String> {
        if let Some(keys) = &self.access.keys {
            let token = keys.token.as_ref().map(|token| token.reveal().to_owned());
            return Ok(Credentials::new(keys.access_key.reveal(), keys.secret_key.reveal(), token, None, "plan"));
        }
        if self.any {
            return Ok(Credentials::new("rehearsal", "rehearsal-needs-no-secret", None, None, "rehearsal"));
        }
        let files = self.files();
        if let Some(name) = &self.access.profile {
            return self.of_profile(&files, Some(name), first).await?.ok_or_else(|| {
                format!("the profile `{name}` holds none, or stands neither in the configuration nor in the credentials of AWS")
            });
        }
        if let Some(found) = of_environment().await? {
            return Ok(found);
        }
        if let Some(found) = self.of_profile(&files, None, first).await? {
            return Ok(found);
        }
        let setting = self.setting();
        let token = WebIdentityTokenCredentialsProvider::builder().configure(&setting).build();
        if let Some(found) = from(&token).await? {
            return Ok(found);
        }
        let container = EcsCredentialsProvider::builder().configure(&setting).build();
        if let Some(found) = from(&container).await? {
            return Ok(found);
        }
        if self.access.skip_metadata {
            return Err(
                "neither the environment nor a profile holds any, and this machine is not asked for those of its role"
                    .to_owned(),
            );
        }
        let machine = ImdsCredentialsProvider::builder().configure(&setting).build();
        // That there is no such service, as on most machines, is told in many words.
        let none = || "neither the environment nor a profile nor a role of this machine holds any".to_owned();
        machine.provide_credentials().await.map_err(|_| none())
    }

    /// What the SDK's own sources are told.
    fn setting(&self) -> ProviderConfig {
        let setting = ProviderConfig::without_region().with_region(self.config.region().cloned());
        match self.config.http_client() {
            Some(http) => setting.with_http_client(http),
            None => setting,
        }
    }

    /// The shared files, and the one that the plan adds: what it says goes before.
    fn files(&self) -> EnvConfigFiles {
        let mut files =
            EnvConfigFiles::builder().include_default_config_file(true).include_default_credentials_file(true);
        if let Some(file) = &self.access.credentials_file {
            files = files.with_file(EnvConfigFileKind::Credentials, file);
        }
        files.build()
    }

    /// Those of a profile; of the one that the environment selects, or of `default`, where none is named.
    async fn of_profile(&self, files: &EnvConfigFiles, name: Option<&str>, first: bool) -> Found {
        let (fs, env) = (Fs::real(), Env::real());
        let all = load(&fs, &env, files, None).await.map_err(|error| chain(&error))?;
        let name = name.unwrap_or_else(|| all.selected_profile()).to_owned();
        self.resolve(&all, files, &name, Vec::new(), first).await
    }

    /// A profile is keys, a sign-in, a program; or a role by another profile.
    fn resolve<'a>(
        &'a self,
        all: &'a ProfileSet,
        files: &'a EnvConfigFiles,
        name: &'a str,
        mut seen: Vec<&'a str>,
        first: bool,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let profile = all.get_profile(name);
            let get = |key: &str| profile.and_then(|profile| profile.get(key)).map(str::to_owned);
            let by = profile.and_then(|profile| Some((profile.get("role_arn")?, profile.get("source_profile")?)));
            let Some((arn, by)) = by else { return self.leaf(files, name).await };
            if seen.contains(&name) {
                return Err(format!("the profile `{name}` takes a role on by way of itself"));
            }
            seen.push(name);
            let base = match (by == name, get("aws_access_key_id"), get("aws_secret_access_key")) {
                (true, Some(key), Some(secret)) => {
                    Credentials::new(key, secret, get("aws_session_token"), None, "profile")
                }
                (true, ..) => {
                    return Err(format!("the profile `{name}` takes a role on by keys that it does not have"));
                }
                (false, ..) => self.resolve(all, files, by, seen, first).await?.ok_or_else(|| {
                    format!("the profile `{by}`, by which `{name}` takes its role on, holds no credentials")
                })?,
            };
            let role = Role {
                arn: arn.to_owned(),
                seconds: get("duration_seconds").and_then(|seconds| seconds.parse().ok()),
                external_id: get("external_id"),
                session_name: get("role_session_name"),
                ..Role::default()
            };
            let factor = match get("mfa_serial") {
                Some(serial) => Some(Factor { code: self.code(name, &serial, first).await?, serial }),
                None => None,
            };
            take_on(&role, base, &self.config, factor).await.map(Some)
        })
    }

    /// A profile that asks no other one.
    async fn leaf(&self, files: &EnvConfigFiles, name: &str) -> Found {
        let mut provider = ProfileFileCredentialsProvider::builder()
            .configure(&self.setting())
            .profile_files(files.clone())
            .profile_name(name);
        if self.access.skip_metadata {
            provider = provider.with_custom_provider("Ec2InstanceMetadata", Unasked);
        }
        from(&provider.build()).await
    }

    /// The code that a multi-factor device shows now: the plan's, once, or that which somebody types.
    async fn code(&self, profile: &str, serial: &str, first: bool) -> Result<String, String> {
        if let Some(code) = &self.access.mfa_code
            && !self.code_used.swap(true, Ordering::Relaxed)
        {
            return Ok(code.reveal().to_owned());
        }
        if !first {
            return Err(format!(
                "the session of the profile `{profile}` has ended, and a new one needs a new code of {serial}"
            ));
        }
        let typed = match &self.ask {
            Some(ask) => ask.ask(format!("Code of {serial} for the profile `{profile}`: ")).await,
            None => None,
        };
        typed.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).ok_or_else(|| {
            format!("the profile `{profile}` wants a code of {serial}: give it by `mfa_code`, for there is no terminal to ask at")
        })
    }
}

/// What a source of the SDK's has; one that takes too long has failed.
async fn from(provider: &impl ProvideCredentials) -> Found {
    match tokio::time::timeout(LONGEST, provider.provide_credentials()).await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(CredentialsError::CredentialsNotLoaded(_))) => Ok(None),
        Ok(Err(error)) => Err(chain(&error)),
        Err(_) => Err(format!("no answer came for {} seconds", LONGEST.as_secs())),
    }
}

/// Those of the environment, also by Packer's old names.
async fn of_environment() -> Found {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("AWS_ACCESS_KEY_ID").is_none()
        && let (Some(access), Some(secret)) = (set("AWS_ACCESS_KEY"), set("AWS_SECRET_KEY"))
    {
        return Ok(Some(Credentials::new(access, secret, set("AWS_SESSION_TOKEN"), None, "environment")));
    }
    from(&EnvironmentVariableCredentialsProvider::new()).await
}

/// Stands for the machine that is not to be asked.
#[derive(Debug)]
struct Unasked;

impl ProvideCredentials for Unasked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let why = "the profile wants credentials of this machine, and `skip_metadata_api_check` forbids to ask it";
        future::ProvideCredentials::ready(Err(CredentialsError::invalid_configuration(why)))
    }
}

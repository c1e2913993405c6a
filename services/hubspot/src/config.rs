//! The settings of the hubspot service.

#[cfg(test)]
mod tests;

use std::time::Duration;

use runtime::{
    nats::NatsSettings,
    settings::{Env, Reader, Secret, SecretSource, SettingsError},
    telemetry::LogSettings,
};

use crate::{
    client::{ApiVersion, Target},
    engine::{EmailTaken, Missing, Quota},
};

/// The files settings are read from, beneath the environment; earlier ones win.
pub const ENV_FILES: [&str; 2] = ["services/hubspot/.env", "nats.env"];

const TOKEN: &str = "HUBSPOT_ACCESS_TOKEN";
const TOKEN_FILE: &str = "HUBSPOT_ACCESS_TOKEN_FILE";
const SANDBOX: &str = "HUBSPOT_SANDBOX_URL";
/// Stands in the example file, and counts as no token.
const PLACEHOLDER: &str = "your-hubspot-access-token";
/// The token of the sandbox, which a real one never takes the place of.
const SANDBOX_TOKEN: &str = "sandbox-token";

/// The settings of the hubspot service.
#[derive(Debug, Clone)]
pub struct Config {
    /// `HUBSPOT_ACCESS_TOKEN`, `HUBSPOT_ACCESS_TOKEN_FILE` or `HUBSPOT_SANDBOX_URL`, with `HUBSPOT_API_VERSION`:
    /// who is called, and with which token.
    pub access: Access,
    /// `HUBSPOT_EMAIL_TAKEN`: what to do with an address that another contact holds.
    pub email_taken: EmailTaken,
    /// `HUBSPOT_MISSING`: what to do with a user that has no contact.
    pub missing: Missing,
    /// `HUBSPOT_TIMEOUT_MS`: how long a call may take.
    pub call_timeout: Duration,
    /// `HUBSPOT_CONCURRENCY`: the most calls out at once.
    pub concurrency: usize,
    /// `HUBSPOT_WINDOW_LIMIT`, `HUBSPOT_DAILY_LIMIT`, `HUBSPOT_WINDOW_RESERVE_PERCENT` and
    /// `HUBSPOT_DAILY_RESERVE_PERCENT`: how much of HubSpot's limits to use.
    pub quota: Quota,
    /// `HUBSPOT_HEALTH_LISTEN`: where `/healthz` and `/readyz` are answered.
    pub health_listen: String,
    /// How to reach NATS.
    pub nats: NatsSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// Who is called, and with which token. A real token and the address of a sandbox never come together.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who is called.
    pub target: Target,
    /// Where the token comes from.
    pub token: SecretSource,
    /// Whether the address of a sandbox is set, and ignored since there is a token.
    pub ignores_sandbox: bool,
}

impl Config {
    /// Where a process on the same machine asks whether the service lives.
    pub fn health_url(&self) -> String {
        health_url(&self.health_listen)
    }

    /// Whether the settings name a token, so that a real account is called.
    pub fn has_token(env: &Env) -> bool {
        env.get(TOKEN).is_some_and(|token| token != PLACEHOLDER) || env.get(TOKEN_FILE).is_some()
    }

    /// Reads every setting, or reports every fault.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        // The placeholder hides no file and no sandbox.
        let without_placeholder = env.clone().with(TOKEN, "");
        let env = if env.get(TOKEN) == Some(PLACEHOLDER) {
            &without_placeholder
        } else {
            env
        };
        let mut reader = Reader::new(env);
        let access = read_access(&mut reader);
        let taken = [("follow", EmailTaken::Follow), ("reject", EmailTaken::Reject)];
        let email_taken = reader.one_of("HUBSPOT_EMAIL_TAKEN", EmailTaken::Follow, &taken);
        let choices = [("skip", Missing::Skip), ("create", Missing::Create)];
        let missing = reader.one_of("HUBSPOT_MISSING", Missing::Skip, &choices);
        let timeouts = Duration::from_millis(100)..=Duration::from_secs(25);
        let call_timeout = reader.duration_ms("HUBSPOT_TIMEOUT_MS", Duration::from_secs(10), timeouts);
        let concurrency = reader.within("HUBSPOT_CONCURRENCY", 10, 1..=50);
        let quota = read_quota(&mut reader);
        let health_listen = reader.or("HUBSPOT_HEALTH_LISTEN", "127.0.0.1:3033".to_owned());
        let nats = NatsSettings::read(&mut reader);
        let log = LogSettings::read(&mut reader);
        reader.finish(|| {
            Some(Self {
                access: access?,
                email_taken,
                missing,
                call_timeout,
                concurrency,
                quota,
                health_listen,
                nats,
                log,
            })
        })
    }
}

/// An address that says "every interface" is asked on this machine's own.
fn health_url(listen: &str) -> String {
    let listen = listen
        .replacen("0.0.0.0", "127.0.0.1", 1)
        .replacen("[::]", "[::1]", 1);
    format!("http://{listen}/healthz")
}

fn read_quota(reader: &mut Reader<'_>) -> Quota {
    Quota {
        calls_per_window: reader.optional_within("HUBSPOT_WINDOW_LIMIT", 1..=10_000),
        calls_per_day: reader.optional_within("HUBSPOT_DAILY_LIMIT", 1..=1_000_000_000),
        window_reserve_percent: reader.within("HUBSPOT_WINDOW_RESERVE_PERCENT", 0, 0..=90),
        day_reserve_percent: reader.within("HUBSPOT_DAILY_RESERVE_PERCENT", 5, 0..=90),
    }
}

fn read_access(reader: &mut Reader<'_>) -> Option<Access> {
    let version = reader.one_of("HUBSPOT_API_VERSION", ApiVersion::default(), &ApiVersion::CHOICES);
    let was_set = reader.is_set(TOKEN) || reader.is_set(TOKEN_FILE);
    let token = reader.secret_source(TOKEN);
    let sandbox = reader.optional::<String>(SANDBOX);
    match (token, sandbox) {
        (Some(token), sandbox) => Some(Access {
            target: Target::hubspot(version),
            token,
            ignores_sandbox: sandbox.is_some(),
        }),
        // The fault of the token is noted; a sandbox must not take the place of what was meant.
        (None, _) if was_set => None,
        (None, Some(address)) => match Target::sandbox(&address, version) {
            Ok(target) => {
                let token = SecretSource::Value(Secret::from(SANDBOX_TOKEN));
                Some(Access {
                    target,
                    token,
                    ignores_sandbox: false,
                })
            }
            Err(error) => {
                reader.fault(SANDBOX, error.to_string());
                None
            }
        },
        (None, None) => {
            reader.fault(
                TOKEN,
                format!(
                    "is not set, and neither is {SANDBOX}. Set {TOKEN} to a token of your HubSpot account with the \
                     scopes crm.objects.contacts.read and crm.objects.contacts.write, or {SANDBOX} to the address \
                     of the HubSpot sandbox, such as http://127.0.0.1:3031"
                ),
            );
            None
        }
    }
}

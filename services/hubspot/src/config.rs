//! The settings of the hubspot service.

pub(crate) mod access;
#[cfg(test)]
mod tests;

use std::time::Duration;

use runtime::{
    nats::NatsSettings,
    settings::{self, Env, Names, Reader, SettingsError},
    telemetry::LogSettings,
};

use crate::engine::{EmailConflict, MissingContact, QuotaSettings};

pub use access::Access;

/// The files that settings are read from. Variables of the environment win over them, and earlier files win over later ones.
pub const ENV_FILES: [&str; 2] = ["services/hubspot/.env", "nats.env"];

/// The names of settings that this service checks for misspellings. Names that begin with `HUBSPOT_SANDBOX_` are settings of
/// the sandbox.
pub(crate) const NAMES: Names<'_> = Names {
    own: &["HUBSPOT_"],
    shared: &["NATS_"],
    elsewhere: &["HUBSPOT_SANDBOX_*"],
};

/// The settings of the hubspot service.
#[derive(Debug, Clone)]
pub struct Config {
    /// `HUBSPOT_ACCESS_TOKEN`, `HUBSPOT_OAUTH_CLIENT_ID`, `HUBSPOT_OAUTH_CLIENT_SECRET` and
    /// `HUBSPOT_OAUTH_REFRESH_TOKEN`, or `HUBSPOT_SANDBOX_URL`, with `HUBSPOT_API_VERSION` and `HUBSPOT_ACCOUNT_ID`: the API
    /// that is called, and the credentials. Each secret may be in a file instead, whose path is in the setting of that name with `_FILE`.
    pub access: Access,
    /// `HUBSPOT_EMAIL_CONFLICT`: what to do with an address that another contact holds.
    pub email_conflict: EmailConflict,
    /// `HUBSPOT_CONTACT_NOT_FOUND`: what to do with a user for whom no contact was found.
    pub contact_not_found: MissingContact,
    /// `HUBSPOT_TIMEOUT_MS`: how long a call may take.
    pub call_timeout: Duration,
    /// `HUBSPOT_CONCURRENCY`: the maximum number of calls in flight.
    pub concurrency: usize,
    /// `HUBSPOT_WINDOW_LIMIT`, `HUBSPOT_DAILY_LIMIT`, `HUBSPOT_WINDOW_RESERVE_PERCENT` and
    /// `HUBSPOT_DAILY_RESERVE_PERCENT`: how much of HubSpot's limits to use.
    pub quota: QuotaSettings,
    /// `HUBSPOT_DRIFT_EVERY_HOURS` and `HUBSPOT_DRIFT_REPAIR`: whether and how often every user is compared with its contact.
    pub drift_sweep: Option<DriftSweep>,
    /// `HUBSPOT_HEALTH_LISTEN`: the address that serves `/healthz`, `/readyz` and `/metrics`.
    pub health_listen: String,
    /// How to reach NATS.
    pub nats: NatsSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// The settings of the sweep that compares every user with its contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriftSweep {
    /// The time from the start of one pass to the start of the next.
    pub every: Duration,
    /// Whether fields that differ are sent again.
    pub repair: bool,
}

impl Config {
    /// The URL at which a process on the same machine checks whether the service is alive.
    pub fn health_url(&self) -> String {
        health_url(&self.health_listen)
    }

    /// Whether the settings have credentials of an account, so that HubSpot itself is called. One of them is enough: if
    /// others are missing, the start has to fail instead of calling a sandbox.
    pub fn has_token(env: &Env) -> bool {
        access::names_credentials(env)
    }

    /// Reads the settings from the environment and the files of this service.
    pub fn load() -> Result<Self, SettingsError> {
        settings::load(&ENV_FILES, &NAMES, Self::read)
    }

    /// Reads every setting, or returns every error.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        let env = access::without_placeholders(env);
        let mut reader = Reader::new(&env);
        let access = access::read(&mut reader);
        let choices = [
            ("follow", EmailConflict::Follow),
            ("reject", EmailConflict::Reject),
        ];
        let email_conflict = reader.one_of("HUBSPOT_EMAIL_CONFLICT", EmailConflict::Follow, &choices);
        let choices = [("skip", MissingContact::Skip), ("create", MissingContact::Create)];
        let contact_not_found = reader.one_of("HUBSPOT_CONTACT_NOT_FOUND", MissingContact::Skip, &choices);
        let timeouts = Duration::from_millis(100)..=Duration::from_secs(25);
        let call_timeout = reader.duration_ms("HUBSPOT_TIMEOUT_MS", Duration::from_secs(10), timeouts);
        let concurrency = reader.within("HUBSPOT_CONCURRENCY", 10, 1..=50);
        let quota = read_quota(&mut reader);
        let drift_sweep = read_drift_sweep(&mut reader);
        let health_listen = reader.or("HUBSPOT_HEALTH_LISTEN", "127.0.0.1:3033".to_owned());
        let nats = NatsSettings::read(&mut reader);
        let log = LogSettings::read(&mut reader);
        reader.finish(|| {
            Some(Self {
                access: access?,
                email_conflict,
                contact_not_found,
                call_timeout,
                concurrency,
                quota,
                drift_sweep,
                health_listen,
                nats,
                log,
            })
        })
    }
}

/// The URL of the health check. If the service listens on every interface, the loopback address is used.
fn health_url(listen: &str) -> String {
    let listen = listen
        .replacen("0.0.0.0", "127.0.0.1", 1)
        .replacen("[::]", "[::1]", 1);
    format!("http://{listen}/healthz")
}

fn read_drift_sweep(reader: &mut Reader<'_>) -> Option<DriftSweep> {
    let hours: Option<u64> = reader.optional_within("HUBSPOT_DRIFT_EVERY_HOURS", 1..=8_760);
    let words = [("true", true), ("false", false)];
    let repair = reader.one_of("HUBSPOT_DRIFT_REPAIR", false, &words);
    if repair && hours.is_none() {
        reader.fault(
            "HUBSPOT_DRIFT_REPAIR",
            "needs HUBSPOT_DRIFT_EVERY_HOURS, which is not set",
        );
    }
    let every = Duration::from_hours(hours?);
    Some(DriftSweep { every, repair })
}

fn read_quota(reader: &mut Reader<'_>) -> QuotaSettings {
    QuotaSettings {
        calls_per_window: reader.optional_within("HUBSPOT_WINDOW_LIMIT", 1..=10_000),
        calls_per_day: reader.optional_within("HUBSPOT_DAILY_LIMIT", 1..=1_000_000_000),
        window_reserve_percent: reader.within("HUBSPOT_WINDOW_RESERVE_PERCENT", 0, 0..=90),
        day_reserve_percent: reader.within("HUBSPOT_DAILY_RESERVE_PERCENT", 5, 0..=90),
    }
}

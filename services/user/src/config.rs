//! The settings of the user service.

use std::{fs, time::Duration};

use contracts::fields::FieldDefinition;
use runtime::{
    nats::NatsSettings,
    settings::{self, Env, Names, Reader, SettingsError},
    telemetry::LogSettings,
};

use crate::{
    field_file::read_field_file,
    rules::{RuleTiming, UnixMs},
    store::Database,
};

/// The files that settings are read from. The environment wins over them, and earlier files over later ones.
pub const ENV_FILES: [&str; 2] = ["services/user/.env", "nats.env"];

/// The names of settings. An unknown name that begins like these is a mistake, except that other programs use `USER_` too.
const NAMES: Names<'_> = Names {
    own: &[],
    shared: &["USER_", "NATS_"],
    elsewhere: &[],
};

/// The settings of the user service.
#[derive(Debug, Clone)]
pub struct Config {
    /// `USER_DATABASE_URL`: the database file, as `sqlite:path`, or the server, as `postgres://…`.
    pub database: Database,
    /// `USER_HEALTH_LISTEN`: the address that serves `/healthz` and `/readyz`.
    pub health_listen: String,
    /// `USER_LEASE_MS`, `USER_ATTEMPT_MS`, `USER_LATE_WRITE_MS`, `USER_WAKE_UP_MS`, `USER_IDEMPOTENCY_KEY_MS`,
    /// `USER_MAX_IDEMPOTENCY_KEYS`: the times and limits of the rules.
    pub timing: RuleTiming,
    /// `USER_SWEEP_MS`: how often the service looks for users that are due.
    pub sweep_interval: Duration,
    /// `USER_FIELDS`: a file with the definitions of the fields. None without it, when the stored set is used, or the built-in one.
    pub fields: Option<Vec<FieldDefinition>>,
    /// How to reach NATS.
    pub nats: NatsSettings,
    /// What is logged.
    pub log: LogSettings,
}

impl Config {
    /// Reads the settings from the environment and the files of this service.
    pub fn load() -> Result<Self, SettingsError> {
        settings::load(&ENV_FILES, &NAMES, Self::read)
    }

    /// Reads every setting. The error names every wrong one.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(env);
        let database = read_database(&mut reader);
        let health_listen = reader.or("USER_HEALTH_LISTEN", "127.0.0.1:3032".to_owned());
        let timing = read_timing(&mut reader);
        let sweep = Duration::from_millis(500);
        let sweep_interval = reader.duration_ms("USER_SWEEP_MS", sweep, ms(10)..=ms(60_000));
        let fields = read_fields(&mut reader);
        let nats = NatsSettings::read(&mut reader);
        let log = LogSettings::read(&mut reader);
        reader.finish(|| {
            Some(Self {
                database: database?,
                health_listen,
                timing,
                sweep_interval,
                fields: fields?,
                nats,
                log,
            })
        })
    }
}

fn read_database(reader: &mut Reader<'_>) -> Option<Database> {
    const NAME: &str = "USER_DATABASE_URL";
    let url = reader.or(NAME, "sqlite:.hubsync/users.db".to_owned());
    match url.parse() {
        Ok(database) => Some(database),
        Err(error) => {
            reader.fault(NAME, error.to_string());
            None
        }
    }
}

/// The definitions in the file, if there is one; none if it cannot be used.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the settings can be used"
)]
fn read_fields(reader: &mut Reader<'_>) -> Option<Option<Vec<FieldDefinition>>> {
    const NAME: &str = "USER_FIELDS";
    let path = reader.or(NAME, String::new());
    if path.is_empty() {
        return Some(None);
    }
    let read = fs::read_to_string(&path).map_err(|error| format!("{path} cannot be read: {error}"));
    let definitions = read.and_then(|text| {
        read_field_file(&text).map_err(|mistakes| format!("{path}: {}", mistakes.in_one_line()))
    });
    match definitions {
        Ok(definitions) => Some(Some(definitions)),
        Err(fault) => {
            reader.fault(NAME, fault);
            None
        }
    }
}

fn read_timing(reader: &mut Reader<'_>) -> RuleTiming {
    let usual = RuleTiming::default();
    let max_keys = reader.within(
        "USER_MAX_IDEMPOTENCY_KEYS",
        usual.max_idempotency_keys,
        1..=1_000_000,
    );
    let mut term = |name: &str, default: UnixMs, most: u64| -> UnixMs {
        let default = ms(u64::try_from(default).unwrap_or(0));
        let term = reader.duration_ms(name, default, ms(100)..=ms(most));
        UnixMs::try_from(term.as_millis()).unwrap_or(UnixMs::MAX)
    };
    RuleTiming {
        lease: term("USER_LEASE_MS", usual.lease, 60_000),
        attempt: term("USER_ATTEMPT_MS", usual.attempt, 600_000),
        late_write: term("USER_LATE_WRITE_MS", usual.late_write, 3_600_000),
        wake_up: term("USER_WAKE_UP_MS", usual.wake_up, 600_000),
        idempotency_key: term("USER_IDEMPOTENCY_KEY_MS", usual.idempotency_key, 2_592_000_000),
        max_idempotency_keys: max_keys,
        ..usual
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_settings_the_database_is_a_file_in_the_data_folder() {
        let config = Config::read(&Env::from_pairs::<&str, &str>([])).expect("the defaults fit");
        assert_eq!(config.database.to_string(), ".hubsync/users.db");
        assert_eq!(config.timing, RuleTiming::default());
    }

    #[test]
    fn every_fault_is_reported_by_name() {
        let env = Env::from_pairs([
            ("USER_DATABASE_URL", "mysql://x"),
            ("USER_LATE_WRITE_MS", "soon"),
            ("USER_MAX_IDEMPOTENCY_KEYS", "0"),
        ]);
        let message = Config::read(&env).expect_err("three faults").to_string();
        for name in [
            "USER_DATABASE_URL",
            "USER_LATE_WRITE_MS",
            "USER_MAX_IDEMPOTENCY_KEYS",
        ] {
            assert!(message.contains(&format!("{name}: ")), "{message}");
        }
    }
}

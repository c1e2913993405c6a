//! The settings of the gateway, read once at start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use runtime::nats::NatsSettings;
use runtime::settings::{self, Env, Names, Reader, SettingsError};
use runtime::telemetry::LogSettings;

use crate::hosts::Hosts;
use crate::server::MOST_CONNECTIONS;

/// Where variables are read from, below the environment of the process.
pub const ENV_FILES: [&str; 2] = ["services/api-gateway/.env", "nats.env"];

/// The names that the gateway answers for.
const NAMES: Names<'_> = Names {
    own: &["API_GATEWAY_"],
    shared: &["NATS_"],
    elsewhere: &[],
};

/// What the gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `API_GATEWAY_HOST` and `API_GATEWAY_PORT`: where it listens.
    pub address: SocketAddr,
    /// `API_GATEWAY_HOSTS`: names and addresses under which it may be reached.
    pub hosts: Hosts,
    /// What it lets callers do.
    pub limits: Limits,
    /// `NATS_URL` and its like.
    pub nats: NatsSettings,
    /// `LOG_FORMAT` and `RUST_LOG`.
    pub log: LogSettings,
}

/// Bounds on what one caller, and all of them together, can take up.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `API_GATEWAY_DEADLINE_MS`: how long the user service is waited for, both tries together.
    pub deadline: Duration,
    /// `API_GATEWAY_MAX_IN_FLIGHT`: requests in work at once, no more than connections; further ones get 503.
    pub max_in_flight: usize,
    /// `API_GATEWAY_READ_TIMEOUT_MS`: how long the head of a request may take, then its body, and then its caller to
    /// take the answer.
    pub read_timeout: Duration,
    /// No setting: how long an import waits for a user service that takes nothing, or for a caller that reads no reports.
    pub import_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            max_in_flight: 1024,
            read_timeout: Duration::from_secs(10),
            import_patience: Duration::from_mins(1),
        }
    }
}

impl Config {
    const DEFAULT_PORT: u16 = 3030;

    /// Reads the settings of a gateway that is a process of its own.
    pub fn load() -> Result<Self, SettingsError> {
        settings::load(&ENV_FILES, &NAMES, Self::read)
    }

    /// Reads every setting, and reports every bad one.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(env);
        let host = reader.or("API_GATEWAY_HOST", IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = reader.within("API_GATEWAY_PORT", Self::DEFAULT_PORT, 1..=u16::MAX);
        let hosts = reader.or("API_GATEWAY_HOSTS", Hosts::default());
        let limits = Limits::read(&mut reader);
        let nats = NatsSettings::read(&mut reader);
        let log = LogSettings::read(&mut reader);
        reader.finish(|| {
            Some(Self {
                address: SocketAddr::new(host, port),
                hosts,
                limits,
                nats,
                log,
            })
        })
    }

    /// Where a process on the same machine asks whether the gateway lives.
    pub fn health_url(&self) -> String {
        let host: IpAddr = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}/healthz", SocketAddr::new(host, self.address.port()))
    }
}

impl Limits {
    fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let milliseconds = Duration::from_millis;
        let waits = milliseconds(100)..=milliseconds(120_000);
        Self {
            deadline: reader.duration_ms("API_GATEWAY_DEADLINE_MS", default.deadline, waits.clone()),
            max_in_flight: reader.within(
                "API_GATEWAY_MAX_IN_FLIGHT",
                default.max_in_flight,
                1..=MOST_CONNECTIONS,
            ),
            read_timeout: reader.duration_ms("API_GATEWAY_READ_TIMEOUT_MS", default.read_timeout, waits),
            import_patience: default.import_patience,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, SettingsError> {
        Config::read(&Env::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn nothing_has_to_be_set() {
        let config = read(&[]).expect("defaults are fine");
        assert_eq!(config.address.to_string(), "127.0.0.1:3030");
        assert_eq!(config.limits.deadline, Duration::from_secs(5));
    }

    #[test]
    fn every_bad_setting_is_named() {
        let pairs = [
            ("API_GATEWAY_HOST", "here"),
            ("API_GATEWAY_PORT", "70000"),
            ("API_GATEWAY_HOSTS", "https://console.example.com"),
            ("API_GATEWAY_DEADLINE_MS", "1"),
            ("API_GATEWAY_MAX_IN_FLIGHT", "0"),
            ("API_GATEWAY_READ_TIMEOUT_MS", "soon"),
        ];
        let error = read(&pairs).expect_err("none can be used");
        let names: Vec<_> = error.faults().iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names, pairs.map(|(name, _)| name));
    }

    #[test]
    fn the_example_names_every_variable_with_its_default() {
        let example = include_str!("../.env.example");
        for line in [
            "API_GATEWAY_HOST=127.0.0.1",
            "API_GATEWAY_PORT=3030",
            "API_GATEWAY_HOSTS=",
            "API_GATEWAY_DEADLINE_MS=5000",
            "API_GATEWAY_MAX_IN_FLIGHT=1024",
            "API_GATEWAY_READ_TIMEOUT_MS=10000",
        ] {
            assert!(
                example
                    .lines()
                    .any(|candidate| candidate.trim_start_matches(['#', ' ']) == line),
                "{line}"
            );
        }
    }

    #[test]
    fn the_probe_asks_an_address_that_can_be_reached() {
        for (host, url) in [
            ("0.0.0.0", "http://127.0.0.1:3030/healthz"),
            ("::", "http://[::1]:3030/healthz"),
            ("10.1.2.3", "http://10.1.2.3:3030/healthz"),
        ] {
            assert_eq!(
                read(&[("API_GATEWAY_HOST", host)])
                    .expect("an address")
                    .health_url(),
                url
            );
        }
    }
}

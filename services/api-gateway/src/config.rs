//! The settings of the gateway, read once at start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use runtime::nats::NatsSettings;
use runtime::settings::{self, Env, Names, Reader, SettingsError};
use runtime::telemetry::LogSettings;

use crate::request::AllowedHosts;
use crate::server::MAX_CONNECTIONS;

/// The files that variables are read from, where the environment of the process does not have them.
pub const ENV_FILES: [&str; 2] = ["services/api-gateway/.env", "nats.env"];

/// The prefixes of variables in which a misspelt name is reported.
const NAMES: Names<'_> = Names {
    own: &["API_GATEWAY_"],
    shared: &["NATS_"],
    elsewhere: &[],
};

/// Every setting of the gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// `API_GATEWAY_HOST` and `API_GATEWAY_PORT`: the address that the gateway listens on.
    pub address: SocketAddr,
    /// `API_GATEWAY_HOSTS`: names and addresses under which callers may reach the gateway.
    pub hosts: AllowedHosts,
    /// Limits on what callers may use.
    pub limits: Limits,
    /// `NATS_URL` and the other `NATS_` variables.
    pub nats: NatsSettings,
    /// `LOG_FORMAT` and `RUST_LOG`.
    pub log: LogSettings,
}

/// Limits on what one caller, and all callers together, may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `API_GATEWAY_DEADLINE_MS`: how long a request waits for the user service, with both tries together.
    pub deadline: Duration,
    /// `API_GATEWAY_MAX_IN_FLIGHT`: how many requests may be in progress at once; further ones get 503.
    pub max_in_flight: usize,
    /// `API_GATEWAY_READ_TIMEOUT_MS`: how long the head of a request may take, then its body, and then its caller to read
    /// the response.
    pub read_timeout: Duration,
    /// How long an import waits for a user service that accepts nothing, or for a caller that reads no reports. This is not
    /// a setting; tests shorten it.
    pub import_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            max_in_flight: 1024,
            read_timeout: Duration::from_secs(10),
            import_wait: Duration::from_mins(1),
        }
    }
}

impl Config {
    const DEFAULT_PORT: u16 = 3030;

    /// Reads the settings from the environment and the files of this service.
    pub fn load() -> Result<Self, SettingsError> {
        settings::load(&ENV_FILES, &NAMES, Self::read)
    }

    /// Reads every setting. The error names all settings that cannot be used.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(env);
        let host = reader.or("API_GATEWAY_HOST", IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = reader.within("API_GATEWAY_PORT", Self::DEFAULT_PORT, 1..=u16::MAX);
        let hosts = reader.or("API_GATEWAY_HOSTS", AllowedHosts::default());
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

    /// The URL at which a process on the same machine checks that the gateway is running.
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
        let allowed = milliseconds(100)..=milliseconds(120_000);
        Self {
            deadline: reader.duration_ms("API_GATEWAY_DEADLINE_MS", default.deadline, allowed.clone()),
            max_in_flight: reader.within(
                "API_GATEWAY_MAX_IN_FLIGHT",
                default.max_in_flight,
                1..=MAX_CONNECTIONS,
            ),
            read_timeout: reader.duration_ms("API_GATEWAY_READ_TIMEOUT_MS", default.read_timeout, allowed),
            import_wait: default.import_wait,
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

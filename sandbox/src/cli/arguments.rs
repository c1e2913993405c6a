//! The options of the command line. Every option also has an environment variable.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value};

use super::switch_help::switch_help;
use crate::{CustomProperty, Fault, Limits, OAuthApp, Settings, Switches};

/// A HubSpot for people and tests. It is NOT HubSpot: it stores its own contacts on this machine, accepts no real
/// token and reaches no real account.
///
/// Open the address in a browser to see the contacts and the recent calls. Send calls to it as to
/// `https://api.hubapi.com`, with the header `Authorization: Bearer sandbox-token`.
#[derive(Debug, Parser)]
#[command(name = "hubspot-sandbox", version, after_long_help = switch_help())]
pub struct Arguments {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Address to listen on. The token is the only protection, so use this machine or a private network.
    #[arg(
        long,
        env = "HUBSPOT_SANDBOX_LISTEN",
        default_value = "127.0.0.1:3031",
        global = true
    )]
    pub(crate) listen: SocketAddr,

    /// File that stores the contacts. Without it they are lost when the sandbox stops.
    #[arg(long, value_name = "FILE", env = "HUBSPOT_SANDBOX_DATA")]
    data: Option<OsString>,

    /// Accepted tokens, separated by commas. Never put a real one here.
    #[arg(
        long,
        env = "HUBSPOT_SANDBOX_TOKENS",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "sandbox-token"
    )]
    tokens: Vec<String>,

    #[command(flatten)]
    limits: LimitArguments,

    #[command(flatten)]
    latency: LatencyArguments,

    /// Custom properties, separated by commas: `name` for text, or `name:type`. The types are string, number, date,
    /// datetime, bool, `phone_number`, `choice(a|b)` for one of these options and `choices(a|b)` for any number of them.
    /// They are added to a data file that does not have them.
    #[arg(long, env = "HUBSPOT_SANDBOX_PROPERTIES", value_delimiter = ',')]
    properties: Vec<String>,

    /// Custom properties whose values only one contact can have, separated by commas.
    #[arg(long, env = "HUBSPOT_SANDBOX_UNIQUE_PROPERTIES", value_delimiter = ',')]
    unique_properties: Vec<String>,

    /// Hours by which the account's time is ahead of UTC; its day ends at its own midnight.
    #[arg(
        long,
        env = "HUBSPOT_SANDBOX_UTC_OFFSET_HOURS",
        default_value_t = 0, value_parser = clap::value_parser!(i8).range(-12..=14),
        allow_hyphen_values = true
    )]
    utc_offset_hours: i8,

    /// Lifetime of an OAuth access token, in seconds.
    #[arg(long, env = "HUBSPOT_SANDBOX_TOKEN_LIFETIME_SECONDS", default_value_t = 1_800)]
    token_lifetime_seconds: u64,

    /// Maximum number of calls in the log.
    #[arg(long, env = "HUBSPOT_SANDBOX_KEPT_CALLS", default_value_t = Settings::default().kept_calls)]
    kept_calls: usize,

    /// Maximum number of writes that are kept for each contact.
    #[arg(long, env = "HUBSPOT_SANDBOX_KEPT_WRITES", default_value_t = Settings::default().kept_writes)]
    kept_writes: usize,

    /// A switch as `name=value`, such as `old_email=dropped`. The option can be repeated; in the variable, switches are
    /// separated by blanks. They are listed below; `GET /_sandbox/switches` shows the current ones.
    #[arg(
        long = "switch",
        env = "HUBSPOT_SANDBOX_SWITCHES",
        value_delimiter = ' ',
        value_name = "NAME=VALUE"
    )]
    switches: Vec<String>,

    /// A fault, such as `path=batch/update,times=3,answer=502`, `contact=51,answer=500`, `share=0.1,delay=800`,
    /// `cut=after-effect`, `hang=100000,effect=2000`, `property=firstname,share=0.1,keep=folded` or `hide=lastname`. The option can be repeated; in the variable, faults are
    /// separated by blanks.
    #[arg(
        long = "fault",
        env = "HUBSPOT_SANDBOX_FAULTS",
        value_delimiter = ' ',
        value_name = "FAULT"
    )]
    faults: Vec<String>,
}

/// What to do instead of serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Check whether the sandbox at the address is healthy. The exit code is 0 if it is, 1 if not.
    Health,
}

#[derive(Debug, Args)]
struct LimitArguments {
    /// Maximum number of calls in one window, for static tokens.
    #[arg(long, env = "HUBSPOT_SANDBOX_BURST", default_value_t = Limits::default().burst)]
    burst: usize,

    /// Maximum number of calls in one window, for OAuth tokens.
    #[arg(long, env = "HUBSPOT_SANDBOX_OAUTH_BURST", default_value_t = Limits::default().oauth_burst)]
    oauth_burst: usize,

    /// Length of the rolling window in milliseconds.
    #[arg(long, env = "HUBSPOT_SANDBOX_WINDOW_MS", default_value_t = Limits::default().window_ms)]
    window_ms: u64,

    /// Maximum number of calls in one day.
    #[arg(long, env = "HUBSPOT_SANDBOX_DAILY", default_value_t = Limits::default().daily)]
    daily: u64,

    /// Maximum number of searches in one second.
    #[arg(long, env = "HUBSPOT_SANDBOX_SEARCH_PER_SECOND", default_value_t = Limits::default().search_per_second)]
    search_per_second: usize,

    /// Maximum number of calls of the token endpoint in one second.
    #[arg(long, env = "HUBSPOT_SANDBOX_TOKEN_PER_SECOND", default_value_t = Limits::default().token_per_second)]
    token_per_second: usize,
}

#[derive(Debug, Args)]
struct LatencyArguments {
    /// Latency of each call, in milliseconds.
    #[arg(long, env = "HUBSPOT_SANDBOX_LATENCY_MS")]
    latency_ms: Option<u64>,

    /// Maximum of a random addition to the latency of each call, in milliseconds.
    #[arg(long, env = "HUBSPOT_SANDBOX_LATENCY_JITTER_MS")]
    latency_jitter_ms: Option<u64>,
}

impl Arguments {
    /// The settings that these arguments give.
    pub fn into_settings(self) -> anyhow::Result<Settings> {
        let switches = self.switches()?;
        let faults = without_empty(self.faults)
            .map(|text| text.parse())
            .collect::<Result<Vec<Fault>, String>>();
        let custom_properties = without_empty(self.properties)
            .map(|text| text.parse())
            .collect::<Result<Vec<CustomProperty>, String>>();
        let LimitArguments {
            burst,
            oauth_burst,
            window_ms,
            daily,
            search_per_second,
            token_per_second,
        } = self.limits;
        Ok(Settings {
            listen: self.listen,
            data_file: self.data.filter(|path| !path.is_empty()).map(PathBuf::from),
            tokens: without_empty(self.tokens).collect(),
            oauth: OAuthApp {
                token_lifetime: Duration::from_secs(self.token_lifetime_seconds),
                ..OAuthApp::default()
            },
            limits: Limits {
                burst,
                oauth_burst,
                window_ms,
                daily,
                search_per_second,
                token_per_second,
            },
            switches,
            faults: faults.map_err(anyhow::Error::msg)?,
            custom_properties: custom_properties.map_err(anyhow::Error::msg)?,
            unique_properties: without_empty(self.unique_properties).collect(),
            utc_offset_hours: self.utc_offset_hours,
            kept_calls: self.kept_calls,
            kept_writes: self.kept_writes,
            ..Settings::default()
        })
    }

    fn switches(&self) -> anyhow::Result<Switches> {
        let mut patch = Map::new();
        for (name, value) in [
            ("latency_ms", self.latency.latency_ms),
            ("latency_jitter_ms", self.latency.latency_jitter_ms),
        ] {
            patch.extend(value.map(|value| (name.to_owned(), Value::from(value))));
        }
        for switch in self.switches.iter().filter(|switch| !switch.is_empty()) {
            let Some((name, value)) = switch.split_once('=') else {
                anyhow::bail!("switch {switch:?} has no value; write name=value");
            };
            // `true`, numbers and lists are parsed as JSON. Everything else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            patch.insert(name.to_owned(), value);
        }
        Ok(Switches::default().patched(&Value::from(patch))?)
    }
}

/// Removes empty texts, because an empty variable counts as absent.
fn without_empty(texts: Vec<String>) -> impl Iterator<Item = String> {
    texts.into_iter().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::OldEmail;

    fn settings(arguments: &[&str]) -> anyhow::Result<Settings> {
        let line = std::iter::once("hubspot-sandbox").chain(arguments.iter().copied());
        Arguments::try_parse_from(line)?.into_settings()
    }

    #[test]
    fn without_arguments_it_listens_on_this_machine_only() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:3031");
        assert_eq!(settings.tokens, ["sandbox-token"]);
        assert_eq!(settings.limits, Limits::default());
        assert_eq!(settings.switches, Switches::default());
        assert_eq!(settings.kept_calls, Settings::default().kept_calls);
    }

    #[test]
    fn the_sizes_of_the_logs_can_be_set() {
        let settings = settings(&["--kept-calls", "7", "--kept-writes", "9"]).unwrap();
        assert_eq!((settings.kept_calls, settings.kept_writes), (7, 9));
    }

    #[test]
    fn custom_properties_can_be_set() {
        let settings = settings(&["--properties", "nickname,seats:number,plan:choice(free|team)"]).unwrap();
        let expected = [
            CustomProperty::text("nickname"),
            CustomProperty::number("seats"),
            CustomProperty::choice("plan", ["free", "team"]),
        ];
        assert_eq!(settings.custom_properties, expected);
    }

    #[test]
    fn switches_faults_and_latency_can_be_set() {
        let line = [
            "--switch",
            "old_email=dropped",
            "--switch",
            "retry_after=true",
            "--latency-ms",
            "80",
        ];
        let settings = settings(&[&line[..], &["--fault", "contact=51,answer=500"]].concat()).unwrap();
        let expected = Switches {
            old_email: OldEmail::Dropped,
            retry_after: true,
            latency_ms: 80,
            ..Switches::default()
        };
        assert_eq!(settings.switches, expected);
        assert_eq!(settings.faults, [Fault::poisoned_contact(51)]);
    }

    #[test]
    fn empty_variables_count_as_absent() {
        let line = [
            "--data=",
            "--fault=",
            "--switch=",
            "--properties=",
            "--tokens=sandbox-token,",
        ];
        let settings = settings(&line).unwrap();
        assert_eq!(settings.data_file, None);
        assert!(settings.faults.is_empty() && settings.custom_properties.is_empty());
        assert_eq!(settings.tokens, ["sandbox-token"]);
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for arguments in [
            ["--switch", "nonsense=1"],
            ["--switch", "retry_after"],
            ["--fault", "answer=200"],
            ["--properties", "colour:red"],
        ] {
            assert!(settings(&arguments).is_err(), "{arguments:?}");
        }
    }
}

//! Logs to stderr, as text for people or as JSON for machines. stdout is left to the output of commands. Payloads that libraries
//! log are left out, with any `RUST_LOG`.

use std::io;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::one_line::one_record;
use crate::settings::Reader;

/// The default filter. The NATS client is off, because it only repeats our own connection events.
const DEFAULT_FILTER: &str = "info,async_nats=off";

/// Our own packages, which log ids and no payloads at any level. Other packages may log payloads at `trace`: names and addresses
/// of users, tokens of accounts.
const OWN: [&str; 12] = [
    "api_gateway",
    "bench",
    "browser",
    "contracts",
    "durability",
    "faults",
    "hubspot",
    "hubsync",
    "runtime",
    "sandbox",
    "testing",
    "user",
];

/// Words that people write for levels, with the levels that `RUST_LOG` knows. It takes any other word for the name of a package
/// and then logs only that package.
const MISTAKEN_LEVELS: [(&str, &str); 8] = [
    ("all", "trace"),
    ("verbose", "debug"),
    ("information", "info"),
    ("warning", "warn"),
    ("err", "error"),
    ("critical", "error"),
    ("fatal", "error"),
    ("none", "off"),
];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line for each record, with colours on a terminal.
    #[default]
    Text,
    /// One JSON object for each record.
    Json,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// `LOG_FORMAT`: `text` (default) or `json`.
    pub format: LogFormat,
    /// `RUST_LOG`: what is logged, default `info`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: DEFAULT_FILTER.to_owned(),
        }
    }
}

impl LogSettings {
    /// Reads `LOG_FORMAT` and `RUST_LOG`.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let choices = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let format = reader.one_of("LOG_FORMAT", LogFormat::Text, &choices);
        let filter = reader.or("RUST_LOG", DEFAULT_FILTER.to_owned());
        if filter.parse::<EnvFilter>().is_err() {
            reader.fault("RUST_LOG", "is not a log filter such as info or info,user=debug");
        }
        for directive in filter.split(',').map(str::trim) {
            if let Some(level) = meant_level(directive) {
                reader.fault(
                    "RUST_LOG",
                    format!("has a level that does not exist; did you mean {level}?"),
                );
            }
        }
        Self { format, filter }
    }
}

/// The level that a directive of one word probably means. None if the word is a level or the name of a package.
fn meant_level(directive: &str) -> Option<&'static str> {
    let word = directive.to_lowercase();
    if LEVELS.contains(&word.as_str()) || OWN.contains(&word.as_str()) {
        return None;
    }
    let by_name = MISTAKEN_LEVELS.iter().find(|(wrong, _)| *wrong == word);
    let by_typo = || {
        LEVELS[1..]
            .iter()
            .find(|level| strsim::osa_distance(&word, level) == 1)
    };
    by_name.map(|(_, level)| *level).or_else(|| by_typo().copied())
}

/// Whether a record may be logged. The `trace` level of libraries may contain payloads.
fn is_free_of_payloads(metadata: &Metadata<'_>) -> bool {
    let package = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::DEBUG || OWN.contains(&package)
}

/// Starts logging. A second call changes nothing, because one process may run several services.
pub fn init(settings: &LogSettings) {
    use io::IsTerminal;
    // The filter was checked when it was read. A program that sets its own wrong filter gets the default.
    let filter = settings
        .filter
        .parse()
        .unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let has_colours = settings.format == LogFormat::Text && io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(move || Records {
        out: io::stderr(),
        has_colours,
    });
    let layer = match settings.format {
        LogFormat::Text => layer.with_ansi(has_colours).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let layer = layer.with_filter(filter.and(filter_fn(is_free_of_payloads)));
    if registry().with(layer).try_init().is_err() {
        tracing::debug!("logging was started before, and is not changed");
    }
}

/// Writes each record as one line, even if texts in it, such as HubSpot's messages, contain line breaks. The formats escape most
/// control characters, but neither line breaks in messages and errors nor those of Unicode.
#[derive(Debug)]
struct Records<Out> {
    out: Out,
    has_colours: bool,
}

impl<Out: io::Write> io::Write for Records<Out> {
    /// Writes a record. It is called with a whole record at a time.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = one_record(&text, self.has_colours);
        self.out.write_all(line.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;

    use super::*;
    use crate::settings::Env;

    #[test]
    fn defaults_are_text_and_info() {
        let env = Env::from_pairs([("", "")]);
        let settings = LogSettings::read(&mut Reader::new(&env));
        assert_eq!(settings.format, LogFormat::Text);
        assert!(settings.filter.starts_with("info"), "{}", settings.filter);
    }

    #[test]
    fn a_bad_filter_and_a_bad_format_are_reported_by_name() {
        let env = Env::from_pairs([("RUST_LOG", "user=loudest"), ("LOG_FORMAT", "xml")]);
        let mut reader = Reader::new(&env);
        LogSettings::read(&mut reader);
        let message = reader
            .finish(|| Some(()))
            .expect_err("both are wrong")
            .to_string();
        assert!(
            message.contains("RUST_LOG: ") && message.contains("LOG_FORMAT: "),
            "{message}"
        );
    }

    /// What was written, shared with the writers of a subscriber.
    #[derive(Debug, Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_is_one_line_in_both_formats_whatever_is_in_it() {
        let evil = "a\r\n2026-01-01T00:00:00Z ERROR user: forged\u{1b}[2J\u{2028}\u{85}b\u{202e}\n";
        for is_json in [false, true] {
            let written = Written::default();
            let out = written.clone();
            let builder = fmt().with_ansi(false).with_writer(move || Records {
                out: out.clone(),
                has_colours: false,
            });
            let log = || {
                let error = io::Error::other(evil);
                tracing::error!(request.id = evil, cause = %evil, debug = ?evil, %error, "HubSpot said: {evil}");
            };
            if is_json {
                with_default(builder.json().flatten_event(true).finish(), log);
            } else {
                with_default(builder.finish(), log);
            }
            let text = String::from_utf8(written.0.lock().expect("nobody panics").clone()).expect("UTF-8");
            let line = text.strip_suffix('\n').expect("a record ends with a line break");
            let breaks = |char: char| char.is_control() || ['\u{2028}', '\u{202e}'].contains(&char);
            assert!(!line.contains(breaks), "{line:?}");
            if is_json {
                let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(record["request.id"], evil);
            }
        }
    }

    #[test]
    fn a_level_that_does_not_exist_is_a_fault_and_a_package_is_none() {
        let read = |filter: &str| {
            let env = Env::from_pairs([("RUST_LOG", filter)]);
            let mut reader = Reader::new(&env);
            LogSettings::read(&mut reader);
            reader.finish(|| Some(())).err().map(|error| error.to_string())
        };
        for (filter, meant) in [
            ("trce", "trace"),
            ("inof", "info"),
            ("user=debug,warning", "warn"),
            ("NONE", "off"),
        ] {
            let message = read(filter).expect(filter);
            assert!(message.contains(&format!("did you mean {meant}?")), "{message}");
        }
        for filter in [
            "",
            "info",
            "DEBUG",
            "user",
            "sqlx",
            "h2",
            "user=trace,info",
            "user[span{id=1}]=trace",
            "hyper::proto",
        ] {
            assert_eq!(read(filter), None, "{filter}");
        }
        assert!(
            read("user=loud")
                .expect("no level")
                .contains("RUST_LOG: is not a log filter")
        );
    }

    #[test]
    fn starting_twice_is_harmless() {
        init(&LogSettings::default());
        init(&LogSettings {
            format: LogFormat::Json,
            ..LogSettings::default()
        });
    }
}

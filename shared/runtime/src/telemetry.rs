//! Logs go to stderr, as text for people or JSON for machines; stdout stays free for what a command answers.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::one_line::one_record;
use crate::settings::Reader;

/// The NATS client repeats what our own connection events say, so it is silent unless asked for.
const DEFAULT_FILTER: &str = "info,async_nats=off";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line each, with colours on a terminal.
    #[default]
    Text,
    /// One JSON object each.
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
        if let Err(error) = filter.parse::<EnvFilter>() {
            reader.fault(
                "RUST_LOG",
                format!("is not a log filter such as info,user=debug: {error}"),
            );
        }
        Self { format, filter }
    }
}

/// Starts logging. A second call changes nothing, since one process may run several services.
pub fn init(settings: &LogSettings) {
    use io::IsTerminal;
    // The filter was checked when it was read; a program that sets its own gets the default on a mistake.
    let filter = settings
        .filter
        .parse()
        .unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let has_colours = settings.format == LogFormat::Text && io::stderr().is_terminal();
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(move || Records { has_colours });
    let result = match settings.format {
        LogFormat::Text => builder.with_ansi(has_colours).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if result.is_err() {
        tracing::debug!("logging was started before, and stays as it is");
    }
}

/// Writes each record as one line on stderr, whatever the texts in it hold: HubSpot's messages, say. The formats escape the
/// most of it, but not line breaks in messages and errors, nor the line breaks of Unicode.
#[derive(Debug, Clone, Copy)]
struct Records {
    has_colours: bool,
}

impl io::Write for Records {
    /// Is given a whole record at a time.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = one_record(&text, self.has_colours);
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn starting_twice_is_harmless() {
        init(&LogSettings::default());
        init(&LogSettings {
            format: LogFormat::Json,
            ..LogSettings::default()
        });
    }
}

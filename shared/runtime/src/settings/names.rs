//! Finds misspelt names of settings among names that other programs use. The settings that the process reads are the known ones.

use std::collections::BTreeSet;
use std::fmt;

use super::error::Fault;

/// The prefixes of all parts of hubsync. A file may be shared by all of them, so each part checks only its own names in it.
const PARTS: [&str; 5] = ["API_GATEWAY_", "USER_", "HUBSPOT_", "HUBSYNC_", "NATS_"];
/// Names that other programs read: `docker compose`, and the NATS tools and images. They may be set in an administrator's shell.
const FOREIGN_NAMES: &str = "API_GATEWAY_PORTS NATS_CA NATS_CERT NATS_CONTEXT NATS_CREDS NATS_DOCKERIZED NATS_HOME NATS_INBOX_PREFIX \
     NATS_JS_API_PREFIX NATS_JS_DOMAIN NATS_JS_EVENT_PREFIX NATS_KEY NATS_NKEY NATS_OPERATOR NATS_SERVER NATS_SOCKS_PROXY \
     NATS_STARTUP_LOG NATS_TIMEOUT NATS_VERSION";
/// From this similarity on, from 0 to 1, one name may be meant by another.
const MIN_SIMILARITY: f64 = 0.5;
/// Former names of settings, each with its present name, for the hint. The similarity of the names would lead to others.
const RENAMED: &str = "HUBSPOT_EMAIL_TAKEN=HUBSPOT_EMAIL_CONFLICT HUBSPOT_MISSING=HUBSPOT_CONTACT_NOT_FOUND \
     USER_ANNOUNCE_MS=USER_WAKE_UP_MS USER_DOUBT_MS=USER_LATE_WRITE_MS";

/// Where a name was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Environment,
    File { path: String, line: usize },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => write!(formatter, "in the environment"),
            Self::File { path, line } => write!(formatter, "in {path}, line {line}"),
        }
    }
}

/// The names that a process checks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Prefixes that only settings of this process have. An unknown name with one of them is an error.
    pub own: &'a [&'a str],
    /// Prefixes that names of other programs have too. In the environment, an unknown name is an error only if it resembles a
    /// setting or is a former name of one.
    pub shared: &'a [&'a str],
    /// Names that are read from the environment in another way. A `*` at the end stands for any rest.
    pub elsewhere: &'a [&'a str],
}

impl Names<'_> {
    /// An error for each name that was found and that no setting has.
    pub(super) fn unknown(&self, found: &[(String, Place)], asked: &BTreeSet<String>) -> Vec<Fault> {
        let mut faults: Vec<Fault> = Vec::new();
        let exact = self.elsewhere.iter().filter(|name| !name.ends_with('*'));
        let known: BTreeSet<String> = asked
            .iter()
            .cloned()
            .chain(exact.map(ToString::to_string))
            .collect();
        let names: BTreeSet<&String> = found.iter().map(|(name, _)| name).collect();
        for name in names.into_iter().filter(|name| !asked.contains(*name)) {
            let at_fault =
                |(found, place): &&(String, Place)| found == name && self.is_mistake(name, place, &known);
            let places: Vec<_> = found
                .iter()
                .filter(at_fault)
                .map(|(_, place)| place.to_string())
                .collect();
            if !places.is_empty() {
                faults.push(self.fault(name, &places.join(" and "), &known));
            }
        }
        faults
    }

    fn is_mistake(&self, name: &str, place: &Place, known: &BTreeSet<String>) -> bool {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match place {
            Place::File { .. } => !begins(&PARTS) || begins(self.own) || begins(self.shared),
            Place::Environment if is_foreign(name) || self.is_elsewhere(name, known) => false,
            Place::Environment if begins(self.own) => true,
            Place::Environment if begins(self.shared) => {
                new_name(name, known).is_some() || self.resembles(name, known)
            }
            Place::Environment => is_typing_error(name, known),
        }
    }

    /// Whether the name is read in another way. If it is nearly the name of a setting, it is a misspelt setting instead.
    fn is_elsewhere(&self, name: &str, known: &BTreeSet<String>) -> bool {
        let is_typing_error = || is_typing_error(name, known);
        self.elsewhere.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning) && !is_typing_error(),
            None => name == *known,
        })
    }

    /// Whether a name with a shared prefix may be a misspelt setting.
    fn resembles(&self, name: &str, known: &BTreeSet<String>) -> bool {
        known.iter().any(|known| {
            let prefix = self.shared.iter().find(|prefix| known.starts_with(**prefix));
            let Some((known, rest)) =
                prefix.and_then(|prefix| Some((known.strip_prefix(prefix)?, name.strip_prefix(prefix)?)))
            else {
                return false;
            };
            strsim::normalized_damerau_levenshtein(known, rest) >= MIN_SIMILARITY
                || rest.starts_with(known)
                || (rest.len() > 2 && known.starts_with(rest))
        })
    }

    fn fault(&self, name: &str, places: &str, known: &BTreeSet<String>) -> Fault {
        let problem = if self.is_elsewhere(name, known) {
            format!("is read from the environment only, and was found {places}")
        } else {
            let similar =
                || nearest(name, known).filter(|nearest| similarity(name, nearest) >= MIN_SIMILARITY);
            let meant = new_name(name, known).or_else(similar);
            let hint = meant.map_or_else(
                || "the .env.example files explain every setting".to_owned(),
                |nearest| format!("did you mean {nearest}?"),
            );
            format!("is not a setting of hubsync, and was found {places}; {hint}")
        };
        // Any other text is not shown, because it may be a secret whose name was forgotten.
        let is_name = name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        Fault {
            name: if is_name { name } else { "a name" }.to_owned(),
            problem,
        }
    }
}

/// The present name of a setting that was renamed, if this process has that setting.
fn new_name<'n>(name: &str, known: &'n BTreeSet<String>) -> Option<&'n str> {
    let mut renamed = RENAMED.split_whitespace().filter_map(|pair| pair.split_once('='));
    let (_, new) = renamed.find(|(former, _)| *former == name)?;
    known.get(new).map(String::as_str)
}

/// Whether the name is a known one with a few wrong letters. Upper and lower case are the same.
fn is_typing_error(name: &str, known: &BTreeSet<String>) -> bool {
    let Some(nearest) = nearest(name, known) else {
        return false;
    };
    // Short names, and names of one word, resemble many names of other programs.
    let allowed = match nearest.len() {
        0..8 => 0,
        8..12 => 1,
        _ => 2,
    };
    nearest.contains('_') && strsim::osa_distance(&name.to_uppercase(), nearest) <= allowed
}

/// The setting whose name is most similar: with at most two wrong letters, or else with the most words in common.
fn nearest<'n>(name: &str, known: &'n BTreeSet<String>) -> Option<&'n str> {
    let name = name.to_uppercase();
    let words: Vec<_> = name.split('_').collect();
    let distance = |known: &&str| {
        let typos = strsim::osa_distance(&name, known);
        let words_shared = known.split('_').filter(|word| words.contains(word)).count();
        match typos {
            0..=2 => (0, typos),
            _ => (usize::MAX - words_shared, typos),
        }
    };
    known.iter().map(String::as_str).min_by_key(distance)
}

fn similarity(name: &str, known: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(&name.to_uppercase(), known)
}

fn is_foreign(name: &str) -> bool {
    FOREIGN_NAMES.split_whitespace().any(|known| known == name)
}

/// Whether the variable is one by which Kubernetes, or Docker for a link, publishes the address of a service. For one named
/// `user` these are `USER_SERVICE_HOST`, `USER_PORT_3032_TCP_ADDR` and so on, and `USER_PORT=tcp://10.0.0.1:3032`.
pub(super) fn is_set_by_orchestrator(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        let has_number = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        has_number && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    (name.ends_with("_PORT") && is_address)
        || name.split("_PORT_").skip(1).any(is_port)
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_NAME") && value.starts_with('/'))
        || name.contains("_ENV_")
}

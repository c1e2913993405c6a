//! Tells misspelt settings from names that other programs use: what is read defines the names there are.

use std::collections::BTreeSet;
use std::fmt;

use super::error::Fault;

/// The prefixes of all parts of hubsync. A file may be shared by all of them: each part judges its own names in it.
const PARTS: [&str; 5] = ["API_GATEWAY_", "USER_", "HUBSPOT_", "HUBSYNC_", "NATS_"];
/// Names that others read: `docker compose`, and the NATS tools and images, whose names an administrator's shell may well have.
const OF_OTHERS: &str = "API_GATEWAY_PORTS NATS_CA NATS_CERT NATS_CONTEXT NATS_CREDS NATS_DOCKERIZED NATS_HOME NATS_INBOX_PREFIX \
     NATS_JS_API_PREFIX NATS_JS_DOMAIN NATS_JS_EVENT_PREFIX NATS_KEY NATS_NKEY NATS_OPERATOR NATS_SERVER NATS_SOCKS_PROXY \
     NATS_STARTUP_LOG NATS_TIMEOUT NATS_VERSION";
/// How much alike two names are, from 0 to 1, if one may be meant by the other.
const ALIKE: f64 = 0.5;

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

/// Which names a process answers for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Prefixes that only settings of this process have: an unknown name is a mistake.
    pub own: &'a [&'a str],
    /// Prefixes that names of other programs have too: in the environment, a name that resembles no setting is theirs.
    pub shared: &'a [&'a str],
    /// Names that are read from the environment in another way; with `*` at the end, all that begin so.
    pub elsewhere: &'a [&'a str],
}

impl Names<'_> {
    /// A fault for each name that was found and that no setting has.
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
            Place::Environment if is_of_others(name) || self.is_elsewhere(name, known) => false,
            Place::Environment if begins(self.own) => true,
            Place::Environment if begins(self.shared) => self.resembles(name, known),
            Place::Environment => is_typing_error(name, known),
        }
    }

    /// Whether the name is read in another way. One that only begins like those may be a setting written wrongly.
    fn is_elsewhere(&self, name: &str, known: &BTreeSet<String>) -> bool {
        let is_typing_error = || is_typing_error(name, known);
        self.elsewhere.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning) && !is_typing_error(),
            None => name == *known,
        })
    }

    /// Whether a setting may be meant by a name that has a prefix of ours.
    fn resembles(&self, name: &str, known: &BTreeSet<String>) -> bool {
        known.iter().any(|known| {
            let prefix = self.shared.iter().find(|prefix| known.starts_with(**prefix));
            let Some((known, rest)) =
                prefix.and_then(|prefix| Some((known.strip_prefix(prefix)?, name.strip_prefix(prefix)?)))
            else {
                return false;
            };
            strsim::normalized_damerau_levenshtein(known, rest) >= ALIKE
                || rest.starts_with(known)
                || (rest.len() > 2 && known.starts_with(rest))
        })
    }

    fn fault(&self, name: &str, places: &str, known: &BTreeSet<String>) -> Fault {
        let problem = if self.is_elsewhere(name, known) {
            format!("is read from the environment only, and was found {places}")
        } else {
            let meant = nearest(name, known).filter(|nearest| similarity(name, nearest) >= ALIKE);
            let hint = meant.map_or_else(
                || "the .env.example files explain every setting".to_owned(),
                |nearest| format!("did you mean {nearest}?"),
            );
            format!("is not a setting of hubsync, and was found {places}; {hint}")
        };
        // Anything else may be a secret that lost its name.
        let is_name = name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        Fault {
            name: if is_name { name } else { "a name" }.to_owned(),
            problem,
        }
    }
}

/// Whether the name is one of our names with a few letters wrong. Capitals and small letters are the same.
fn is_typing_error(name: &str, known: &BTreeSet<String>) -> bool {
    let Some(nearest) = nearest(name, known) else {
        return false;
    };
    // Short names, and names of one word, are near to many that are somebody else's.
    let allowed = match nearest.len() {
        0..8 => 0,
        8..12 => 1,
        _ => 2,
    };
    nearest.contains('_') && strsim::osa_distance(&name.to_uppercase(), nearest) <= allowed
}

/// The setting whose name is nearest: by letters for a typing error, else rather one that has the same words.
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

fn is_of_others(name: &str) -> bool {
    OF_OTHERS.split_whitespace().any(|known| known == name)
}

/// Whether Kubernetes, or Docker for a link, set the variable to tell where a service is: for one named `user`, that is
/// `USER_SERVICE_HOST`, `USER_PORT_3032_TCP_ADDR` and so on, and `USER_PORT=tcp://10.0.0.1:3032`.
pub(super) fn is_of_an_orchestrator(name: &str, value: &str) -> bool {
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

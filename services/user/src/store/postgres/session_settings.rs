//! What is set in a session, and what a transaction reads back before anything rests on it.

use sqlx::{Row as _, postgres::PgRow};

use super::session::SessionError;
use crate::store::Unfit;

/// The limits are below what the client waits for an answer. The server ends what takes longer, so that no lock outlives
/// its caller; and callers are to be told in time that somebody else keeps the rows.
const OF_ALL: [(&str, &str); 7] = [
    ("client_encoding", "UTF8"),
    // Longer than a commit takes on a disk that stalls, shorter than the gateway's first try.
    ("lock_timeout", "900ms"),
    ("idle_in_transaction_session_timeout", "10s"),
    // From PostgreSQL 17 on. The limits of statements and of idle time are enough.
    ("transaction_timeout", "0"),
    // Every statement searches an index. A plan that was made while the table was empty would read all of it for as
    // long as the connection lives.
    ("enable_seqscan", "off"),
    // Compiling a statement takes longer than any of ours runs, seconds where the machine is busy.
    ("jit", "off"),
    ("statement_timeout", "2s"),
];
/// How long counting may take. Nobody waits for it; see [`super::read::COUNTING_LIMIT`].
const COUNTING_LIMIT: &str = "30s";
/// Settings of the server that no session can change: with either off, a crash of its machine can lose what was committed.
const OF_THE_SERVER: [(&str, &str); 2] = [("fsync", "on"), ("full_page_writes", "on")];
/// Set for each transaction that writes, where the session would not wait for the disk. `remote_apply` promises more.
const FLUSH: &str = "set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)";

/// The settings of a kind of session.
#[derive(Debug, Clone)]
pub(super) struct SessionSettings {
    /// Names and values. A name that the server does not know is passed over.
    set: Vec<(String, String)>,
    begin_writing: String,
    begin_reading: String,
}

impl SessionSettings {
    /// For sessions that read and write, with those that the address names.
    pub(super) fn new(given: &[(String, String)]) -> Self {
        let own = OF_ALL.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_own = |name: &String| own.iter().any(|(own, _)| own == name);
        let given = given.iter().filter(|(name, _)| !is_own(name)).cloned();
        Self::of(given.chain(own.iter().cloned()).collect())
    }

    /// For migrations, which may take as long as they take. Their transactions are not ours, so the session flushes.
    pub(super) fn for_migrations(self) -> Self {
        let settings = self.with("statement_timeout", "0").with("lock_timeout", "0");
        settings.with("synchronous_commit", "on")
    }

    /// The same settings with the longer limit that counting needs.
    pub(super) fn for_counting(self) -> Self {
        self.with("statement_timeout", COUNTING_LIMIT)
    }

    /// The same, with that one.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.set.retain(|(other, _)| other != name);
        self.set.push((name.to_owned(), value.to_owned()));
        Self::of(self.set)
    }

    fn of(set: Vec<(String, String)>) -> Self {
        let current = |name: &str| format!("current_setting({}, true)", literal(name));
        let set_now: Vec<String> = set.iter().map(|(name, _)| current(name)).collect();
        let marker = "current_setting('hubsync.session', true) AS marker, \
                      (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now";
        let session = [set_now.join(", "), marker.to_owned()].join(", ");
        let server = OF_THE_SERVER.map(|(name, _)| format!("current_setting('{name}') AS {name}"));
        // Whether the transaction may write is left to the server: an operator who forbids it has a reason.
        let begin_writing = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {session}, {}, {FLUSH} AS synchronous_commit, \
             current_setting('transaction_isolation') AS transaction_isolation, \
             current_setting('transaction_read_only') AS transaction_read_only",
            server.join(", ")
        );
        let begin_reading = format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SELECT {session}");
        Self {
            set,
            begin_writing,
            begin_reading,
        }
    }

    /// Sets all of them, and the marker of the session. Answers with what they are then.
    pub(super) fn set_up(&self, marker: &str) -> String {
        let set = self.set.iter().map(|(name, value)| {
            let is_custom = name.contains('.');
            let (name, value) = (literal(name), literal(value));
            format!(
                "CASE WHEN {is_custom} OR current_setting({name}, true) IS NOT NULL \
                 THEN set_config({name}, {value}, false) END"
            )
        });
        let set: Vec<String> = set.collect();
        // A pooler that does not clean up would leave us the statements of the client that had the session before.
        format!(
            "DEALLOCATE ALL; SELECT {}, set_config('hubsync.session', '{marker}', false)",
            set.join(", ")
        )
    }

    pub(super) fn begin_writing(&self) -> &str {
        &self.begin_writing
    }

    pub(super) fn begin_reading(&self) -> &str {
        &self.begin_reading
    }

    /// Compares the settings of the session to what they were when they were set.
    pub(super) fn check_session(&self, row: &PgRow, set: &[Option<String>]) -> Result<(), SessionError> {
        for (at, ((name, _), needed)) in self.set.iter().zip(set).enumerate() {
            let found: Option<&str> = row.try_get(at)?;
            if found != needed.as_deref() {
                return Err(unfit(name, found, needed.as_deref().unwrap_or("unset")));
            }
        }
        Ok(())
    }
}

/// Checks what only a transaction that writes rests on.
pub(super) fn check_writing(row: &PgRow) -> Result<(), SessionError> {
    let own = [
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "off"),
    ];
    for (name, needed) in OF_THE_SERVER.into_iter().chain(own) {
        let found: Option<&str> = row.try_get(name)?;
        if found != Some(needed) {
            return Err(unfit(name, found, needed));
        }
    }
    match row.try_get("synchronous_commit")? {
        Some("on" | "remote_apply") => Ok(()),
        found => Err(unfit("synchronous_commit", found, "on or remote_apply")),
    }
}

fn unfit(setting: &str, found: Option<&str>, needed: &str) -> SessionError {
    SessionError::Unfit(Unfit::setting(setting, found.unwrap_or("unset"), needed))
}

/// Text as SQL, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

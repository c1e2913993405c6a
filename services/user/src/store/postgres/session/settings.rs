//! The settings of a session, and those that a transaction checks before it writes.

use sqlx::{Row as _, postgres::PgRow};

use super::SessionError;
use crate::store::Unfit;

/// The settings of every session. The time limits are shorter than the client waits for an answer. The server ends what
/// takes longer, so that no lock outlives its caller, and callers learn in time that another transaction holds the rows.
const OF_ALL: [(&str, &str); 7] = [
    ("client_encoding", "UTF8"),
    // Longer than a commit on a disk that stalls, shorter than the gateway's first try.
    ("lock_timeout", "900ms"),
    ("idle_in_transaction_session_timeout", "10s"),
    // Exists from PostgreSQL 17 on. The limits of statements and of idle time are enough.
    ("transaction_timeout", "0"),
    // Every statement searches an index. A plan made while the table was empty would read the whole table for as long as
    // the connection exists.
    ("enable_seqscan", "off"),
    // Compiling a statement takes longer than executing any of ours, and seconds on a busy machine.
    ("jit", "off"),
    ("statement_timeout", "2s"),
];
/// How long counting may take on the server; see `COUNTING_LIMIT` of the reader.
const COUNTING_LIMIT: &str = "30s";
/// Settings of the server that no session can change. With either off, a crash of the machine can lose commits.
const SERVER_SETTINGS: [(&str, &str); 2] = [("fsync", "on"), ("full_page_writes", "on")];
/// Makes the commit of a transaction wait for the disk. `remote_apply` is kept, because it is stricter.
const FLUSH: &str = "set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)";

/// The settings of a kind of session.
#[derive(Debug, Clone)]
pub(in crate::store::postgres) struct SessionSettings {
    /// Names and values. Settings that the server does not know are skipped.
    set: Vec<(String, String)>,
    begin_writing: String,
    begin_reading: String,
}

impl SessionSettings {
    /// For sessions that read and write, with the settings that the database's address contains.
    pub(in crate::store::postgres) fn new(given: &[(String, String)]) -> Self {
        let own = OF_ALL.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_own = |name: &String| own.iter().any(|(own, _)| own == name);
        let given = given.iter().filter(|(name, _)| !is_own(name)).cloned();
        Self::of(given.chain(own.iter().cloned()).collect())
    }

    /// For migrations, which have no time limit. sqlx begins their transactions, so the session itself has to flush
    /// commits.
    pub(in crate::store::postgres) fn for_migrations(self) -> Self {
        let settings = self.with("statement_timeout", "0").with("lock_timeout", "0");
        settings.with("synchronous_commit", "on")
    }

    /// For counting, which may take longer.
    pub(in crate::store::postgres) fn for_counting(self) -> Self {
        self.with("statement_timeout", COUNTING_LIMIT)
    }

    /// With another value for one setting.
    pub(in crate::store::postgres) fn with(mut self, name: &str, value: &str) -> Self {
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
        let server = SERVER_SETTINGS.map(|(name, _)| format!("current_setting('{name}') AS {name}"));
        // The transaction does not ask for `READ WRITE`: an operator who forbids writing has a reason.
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

    /// The statement that sets all of them and the session's marker, and returns their values.
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
        // Behind a pooler that does not clean up, the session may still have prepared statements of another client.
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

    /// Compares the settings of the session with their values when they were set.
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

/// Checks the settings that only a transaction that writes needs.
pub(super) fn check_writing(row: &PgRow) -> Result<(), SessionError> {
    let own = [
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "off"),
    ];
    for (name, needed) in SERVER_SETTINGS.into_iter().chain(own) {
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

/// Quotes a text for SQL, independent of `standard_conforming_strings`.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

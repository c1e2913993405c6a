//! Finds out whether a connection pooler mixes up the sessions of its clients.
//!
//! A pooler in transaction mode gives a client another session of the server for each transaction. Each transaction of
//! ours notices that by the marker of its session, and accepts nothing then. This module says so at the start already,
//! and keeps refusing for as long as such a pooler is there, so that no change is accepted by chance.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, error::DatabaseError, postgres::PgConnectOptions, raw_sql,
};
use tokio::sync::Mutex;

use super::{
    error::{limited, limited_to},
    session::SessionError,
};
use crate::store::{PoolMode, Unfit};

/// Transactions that are kept open during a look. The first takes the session that the pooler used last, which is the one
/// with our marker, unless somebody else was faster.
const HELD: usize = 3;
/// How long a look may take. A pooler that has no session left lets its clients wait.
const LIMIT: Duration = Duration::from_secs(2);
/// How long a pooler that was found is not looked for again.
const FRESH: Duration = Duration::from_secs(1);
/// What PgBouncer answers in statement mode when a transaction begins.
const PROTOCOL_VIOLATION: &str = "08P01";

/// Whether a pooler is suspected. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Suspicion(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_raised: AtomicBool,
    found: Mutex<Option<(Instant, Unfit)>>,
}

impl Suspicion {
    /// Remembers that a session was not the one that was set up, or that a transaction was refused.
    pub(super) fn raise(&self) {
        self.0.is_raised.store(true, Ordering::Relaxed);
    }

    /// Whether an error is one that a pooler in statement mode gives.
    pub(super) fn raise_by(&self, error: &SessionError) {
        let is_raised = match error {
            SessionError::Unfit(Unfit::Pooler { .. }) => true,
            SessionError::Unfit(Unfit::Setting { .. }) => false,
            SessionError::Database(error) => is_refused_transaction(error),
        };
        if is_raised {
            self.raise();
        }
    }

    /// Fails where a pooler is suspected and found. Everybody who asks meanwhile waits for the same look.
    pub(super) async fn clear(&self, options: &PgConnectOptions) -> Result<(), SessionError> {
        if !self.0.is_raised.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut found = self.0.found.lock().await;
        if let Some((at, unfit)) = &*found
            && at.elapsed() < FRESH
        {
            return Err(SessionError::Unfit(unfit.clone()));
        }
        match look(options).await {
            Err(SessionError::Unfit(unfit)) => {
                *found = Some((Instant::now(), unfit.clone()));
                Err(SessionError::Unfit(unfit))
            }
            // A look needs sessions of its own, which a small pool may not have. The markers protect all the same.
            Ok(()) | Err(SessionError::Database(_)) => {
                *found = None;
                self.0.is_raised.store(false, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

/// Fails where clients of a pooler share sessions.
pub(super) async fn look(options: &PgConnectOptions) -> Result<(), SessionError> {
    // Boxed for its size, as connecting is rare.
    let mut holder = limited(Box::pin(PgConnection::connect_with(options))).await?;
    let marker = format!("{:032x}", rand::random::<u128>());
    let mark = format!("SELECT set_config('hubsync.session', '{marker}', false)");
    ask(&mut holder, &mark).await?;
    let mut held = Vec::with_capacity(HELD);
    for _ in 0..HELD {
        let mut other = limited(Box::pin(PgConnection::connect_with(options))).await?;
        // Its session is kept until the transaction ends, so that the marked connection gets another one if it has to share.
        let seen = ask(&mut other, &format!("{HOLD}; {MARKER}")).await;
        let seen = seen.map_err(|error| {
            if is_refused_transaction(&error) {
                pooler(PoolMode::Statement)
            } else {
                error.into()
            }
        })?;
        held.push(other);
        // In this order: where it is the pooler's only session, the marked connection would wait for it.
        if seen.as_ref() == Some(&marker) || ask(&mut holder, MARKER).await?.as_ref() != Some(&marker) {
            return Err(pooler(PoolMode::Transaction));
        }
    }
    for connection in held.into_iter().chain([holder]) {
        if let Err(error) = limited(connection.close()).await {
            tracing::debug!(%error, "a connection that looked for a pooler did not close cleanly");
        }
    }
    Ok(())
}

const HOLD: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'";
const MARKER: &str = "SELECT current_setting('hubsync.session', true)";

async fn ask(connection: &mut PgConnection, question: &str) -> sqlx::Result<Option<String>> {
    let row = raw_sql(AssertSqlSafe(question)).fetch_one(connection);
    sqlx::Row::try_get(&limited_to(LIMIT, row).await?, 0)
}

fn pooler(mode: PoolMode) -> SessionError {
    SessionError::Unfit(Unfit::Pooler { mode })
}

fn is_refused_transaction(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(PROTOCOL_VIOLATION)
}

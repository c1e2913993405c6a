//! Detects a connection pooler that mixes up the sessions of its clients.
//!
//! A pooler in transaction mode gives a client another session of the server for each transaction. Each of our
//! transactions notices that by the marker of its session, and then accepts nothing. This module detects the pooler at the
//! start already. It also keeps refusing transactions for as long as such a pooler is there: some of them would get the
//! right session by chance.

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
    super::error::{limited, limited_to},
    SessionError,
};
use crate::store::{PoolMode, Unfit};

/// The number of transactions that are kept open during a check. The first one gets the session that the pooler used
/// last. That is the one with our marker, unless another client was faster.
const HELD: usize = 3;
/// How long a statement of the check may take. A pooler without a free session lets its clients wait.
const LIMIT: Duration = Duration::from_secs(2);
/// For how long the result of a check that found a pooler is used again.
const FRESH: Duration = Duration::from_secs(1);
/// SQLSTATE: PgBouncer's answer in statement mode when a transaction begins.
const PROTOCOL_VIOLATION: &str = "08P01";

/// Whether a pooler is suspected. Clones share the suspicion.
#[derive(Clone, Default)]
pub(in crate::store::postgres) struct Suspicion(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_raised: AtomicBool,
    found: Mutex<Option<(Instant, Unfit)>>,
}

impl Suspicion {
    /// Suspects a pooler, because a session was not the one that was set up, or because a transaction was refused.
    pub(super) fn raise(&self) {
        self.0.is_raised.store(true, Ordering::Relaxed);
    }

    /// Suspects a pooler if the error is one that a pooler causes.
    pub(in crate::store::postgres) fn raise_by(&self, error: &SessionError) {
        let is_raised = match error {
            SessionError::Unfit(Unfit::Pooler { .. }) => true,
            SessionError::Unfit(Unfit::Setting { .. }) => false,
            SessionError::Database(error) => is_refused_transaction(error),
        };
        if is_raised {
            self.raise();
        }
    }

    /// Checks for a pooler if one is suspected, and fails if it finds one. Concurrent callers wait for the same check.
    pub(in crate::store::postgres) async fn clear(
        &self,
        options: &PgConnectOptions,
    ) -> Result<(), SessionError> {
        if !self.0.is_raised.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut found = self.0.found.lock().await;
        if let Some((at, unfit)) = &*found
            && at.elapsed() < FRESH
        {
            return Err(SessionError::Unfit(unfit.clone()));
        }
        match detect_pooler(options).await {
            Err(SessionError::Unfit(unfit)) => {
                *found = Some((Instant::now(), unfit.clone()));
                Err(SessionError::Unfit(unfit))
            }
            // The check needs sessions of its own, which a small pool may not have. The markers still protect every
            // transaction.
            Ok(()) | Err(SessionError::Database(_)) => {
                *found = None;
                self.0.is_raised.store(false, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

/// Fails if a pooler shares sessions among its clients.
pub(in crate::store::postgres) async fn detect_pooler(
    options: &PgConnectOptions,
) -> Result<(), SessionError> {
    // The future is large and connecting is rare, so it is boxed.
    let mut holder = limited(Box::pin(PgConnection::connect_with(options))).await?;
    let marker = format!("{:032x}", rand::random::<u128>());
    let mark = format!("SELECT set_config('hubsync.session', '{marker}', false)");
    ask(&mut holder, &mark).await?;
    let mut held = Vec::with_capacity(HELD);
    for _ in 0..HELD {
        let mut other = limited(Box::pin(PgConnection::connect_with(options))).await?;
        // This connection keeps its session until its transaction ends. If the pooler shares sessions, the marked
        // connection gets another one meanwhile.
        let seen = ask(&mut other, &format!("{HOLD}; {MARKER}")).await;
        let seen = seen.map_err(|error| {
            if is_refused_transaction(&error) {
                pooler(PoolMode::Statement)
            } else {
                error.into()
            }
        })?;
        held.push(other);
        // The marked connection is asked second: if the pooler has only this session, it would wait for it in vain.
        if seen.as_ref() == Some(&marker) || ask(&mut holder, MARKER).await?.as_ref() != Some(&marker) {
            return Err(pooler(PoolMode::Transaction));
        }
    }
    for connection in held.into_iter().chain([holder]) {
        if let Err(error) = limited(connection.close()).await {
            tracing::debug!(%error, "a connection that checked for a pooler did not close cleanly");
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

//! A connection that writes.

use async_trait::async_trait;
use contracts::UserId;
use sqlx::postgres::PgConnectOptions;

use super::{
    PostgresTransaction,
    error::{before_commit, is_contention, is_silence},
    session::{Session, SessionError, SessionSettings, Suspicion},
};
use crate::{
    rules::UnixMs,
    store::{LoadedRows, StoreError, Transaction, Unfit, UserWriter},
    time::{Clock, difference_ms, now_unix_ms},
};

/// A session that writes, opened again after it was lost.
pub(super) struct PostgresWriter {
    session: Option<Session>,
    options: PgConnectOptions,
    settings: SessionSettings,
    suspicion: Suspicion,
    /// The clock to use instead of the server's.
    clock: Option<Clock>,
    /// By how much the server's clock is ahead of this machine's.
    clock_difference_ms: Option<i64>,
}

impl PostgresWriter {
    pub(super) async fn connect(
        options: PgConnectOptions,
        settings: SessionSettings,
        suspicion: Suspicion,
    ) -> Result<Self, SessionError> {
        let session = Session::open(&options, &settings).await?;
        Ok(Self {
            session: Some(session),
            options,
            settings,
            suspicion,
            clock: None,
            clock_difference_ms: None,
        })
    }

    /// Begins a transaction, in a new session if the present one is lost.
    async fn begun(&mut self) -> Result<&mut Session, SessionError> {
        self.suspicion.clear(&self.options).await?;
        if let Some(session) = self.session.take() {
            match self.begin(session).await {
                Ok(session) => return Ok(self.session.insert(session)),
                // A server that does not answer would not answer a new connection either, and callers have waited for
                // long enough.
                Err(SessionError::Database(error)) if is_silence(&error) => return Err(error.into()),
                Err(error @ SessionError::Unfit(Unfit::Pooler { .. })) => return Err(error),
                // A session that the server has closed, as when it restarts, or whose settings were changed is replaced by
                // a new one.
                Err(_) => {}
            }
            // If the error raised a suspicion, the check finds the pooler, and the caller gets the real cause.
            self.suspicion.clear(&self.options).await?;
        }
        let session = Session::open(&self.options, &self.settings).await?;
        let session = self.begin(session).await?;
        Ok(self.session.insert(session))
    }

    async fn begin(&mut self, mut session: Session) -> Result<Session, SessionError> {
        let asked_at = now_unix_ms();
        let begun = session.begin_writing(&self.settings).await;
        let server_time: UnixMs = begun.inspect_err(|error| self.suspicion.raise_by(error))?;
        self.clock_difference_ms = Some(difference_ms(asked_at, server_time, now_unix_ms()));
        Ok(session)
    }
}

/// An error of the first statement. If another transaction holds a row for longer than the server lets this one wait, it
/// may hold all of them: jobs that are tried one by one would wait as long each, so the whole batch fails.
fn cannot_begin(error: sqlx::Error) -> StoreError {
    if is_contention(&error) {
        StoreError::unavailable(error)
    } else {
        before_commit(error)
    }
}

#[async_trait]
impl UserWriter for PostgresWriter {
    async fn begin(
        &mut self,
        users: &[&UserId],
    ) -> Result<(Box<dyn Transaction + '_>, LoadedRows), StoreError> {
        let clock = self.clock.clone();
        let (connection, identity) = self.begun().await?.writing();
        let mut transaction = PostgresTransaction::new(connection, identity);
        let rows = transaction.begin_with(users).await.map_err(cannot_begin)?;
        if let Some(clock) = clock {
            transaction.set_now(clock.now());
        }
        Ok((Box::new(transaction), rows))
    }

    fn forget_connection(&mut self) {
        // The server rolls back the transaction of a connection that is closed.
        self.session = None;
    }

    fn use_clock(&mut self, clock: Clock) {
        self.clock = Some(clock);
    }

    fn clock_difference_ms(&self) -> Option<i64> {
        self.clock_difference_ms
    }

    async fn close(self: Box<Self>) -> Result<(), StoreError> {
        match self.session {
            Some(session) => session.close().await.map_err(before_commit),
            None => Ok(()),
        }
    }
}

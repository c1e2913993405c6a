//! A connection that writes.

use async_trait::async_trait;
use contracts::UserId;
use sqlx::{PgConnection, postgres::PgConnectOptions};

use super::{
    PostgresTransaction,
    error::{before_commit, is_contention, is_silence},
    pooler::Suspicion,
    session::{Session, SessionError},
    session_settings::SessionSettings,
};
use crate::{
    rules::UnixMs,
    store::{Found, StoreError, Transaction, Unfit, UserWriter},
    time::{Clock, difference_ms, now_unix_ms},
};

/// A session, opened again where it is lost.
pub(super) struct PostgresWriter {
    session: Option<Session>,
    options: PgConnectOptions,
    settings: SessionSettings,
    suspicion: Suspicion,
    /// Instead of the server's.
    clock: Option<Clock>,
    /// How far the server's clock is ahead of ours.
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

    /// A connection in a new transaction.
    async fn begun(&mut self) -> Result<&mut PgConnection, SessionError> {
        self.suspicion.clear(&self.options).await?;
        if let Some(session) = self.session.take() {
            match self.begin(session).await {
                Ok(session) => return Ok(&mut self.session.insert(session).connection),
                // Nor would it answer a new connection, and callers have waited for long enough.
                Err(SessionError::Database(error)) if is_silence(&error) => return Err(error.into()),
                Err(error @ SessionError::Unfit(Unfit::Pooler { .. })) => return Err(error),
                // One that the server has closed meanwhile, as at a restart, is no reason to refuse anything, nor is one
                // whose settings somebody has changed.
                Err(_) => {}
            }
            // Nor is a pooler that refuses transactions from now on; but then the cause is to be told.
            self.suspicion.clear(&self.options).await?;
        }
        let session = Session::open(&self.options, &self.settings).await?;
        let session = self.begin(session).await?;
        Ok(&mut self.session.insert(session).connection)
    }

    async fn begin(&mut self, mut session: Session) -> Result<Session, SessionError> {
        let asked = now_unix_ms();
        let begun = session.begin_writing(&self.settings).await;
        let theirs: UnixMs = begun.inspect_err(|error| self.suspicion.raise_by(error))?;
        self.clock_difference_ms = Some(difference_ms(asked, theirs, now_unix_ms()));
        Ok(session)
    }
}

/// Whoever has a row for longer than the server lets wait has them all, as far as can be told: tried one by one, each
/// would wait as long.
fn cannot_begin(error: sqlx::Error) -> StoreError {
    if is_contention(&error) {
        StoreError::Unavailable(error)
    } else {
        before_commit(error)
    }
}

#[async_trait]
impl UserWriter for PostgresWriter {
    async fn begin(&mut self, users: &[&UserId]) -> Result<(Box<dyn Transaction + '_>, Found), StoreError> {
        let clock = self.clock.clone();
        let connection = self.begun().await?;
        let mut transaction = PostgresTransaction::new(connection);
        let found = transaction.begin_with(users).await.map_err(cannot_begin)?;
        if let Some(clock) = clock {
            transaction.set_now(clock.now());
        }
        Ok((Box::new(transaction), found))
    }

    fn forget_connection(&mut self) {
        // The server rolls back what it was in.
        self.session = None;
    }

    fn go_by(&mut self, clock: Clock) {
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

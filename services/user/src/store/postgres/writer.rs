//! A connection that writes.

use async_trait::async_trait;
use contracts::UserId;
use sqlx::{Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::{
    PostgresTransaction,
    error::{before_commit, is_contention, is_silence, limited},
};
use crate::{
    store::{Found, StoreError, Transaction, UserWriter},
    time::Clock,
};

/// A connection, made again where it is lost.
pub(super) struct PostgresWriter {
    connection: Option<PgConnection>,
    options: PgConnectOptions,
    /// Instead of the server's.
    clock: Option<Clock>,
}

impl PostgresWriter {
    pub(super) async fn connect(options: PgConnectOptions) -> sqlx::Result<Self> {
        let connection = limited(PgConnection::connect_with(&options)).await?;
        Ok(Self {
            connection: Some(connection),
            options,
            clock: None,
        })
    }

    /// A connection in a new transaction.
    async fn begun(&mut self) -> sqlx::Result<&mut PgConnection> {
        if let Some(connection) = self.connection.take() {
            match begin(connection).await {
                Ok(connection) => return Ok(self.connection.insert(connection)),
                // Nor would it answer a new connection, and callers have waited for long enough.
                Err(error) if is_silence(&error) => return Err(error),
                // One that the server has closed meanwhile, as at a restart, is no reason to refuse anything.
                Err(_) => {}
            }
        }
        let connection = limited(PgConnection::connect_with(&self.options)).await?;
        Ok(self.connection.insert(begin(connection).await?))
    }
}

async fn begin(mut connection: PgConnection) -> sqlx::Result<PgConnection> {
    limited(connection.execute("BEGIN")).await?;
    Ok(connection)
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
        let connection = self.begun().await.map_err(StoreError::Unavailable)?;
        let mut transaction = PostgresTransaction::new(connection);
        let found = transaction.begin_with(users).await.map_err(cannot_begin)?;
        if let Some(clock) = clock {
            transaction.set_now(clock.now());
        }
        Ok((Box::new(transaction), found))
    }

    fn forget_connection(&mut self) {
        // The server rolls back what it was in.
        self.connection = None;
    }

    fn go_by(&mut self, clock: Clock) {
        self.clock = Some(clock);
    }

    async fn close(self: Box<Self>) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => limited(connection.close()).await.map_err(before_commit),
            None => Ok(()),
        }
    }
}

//! A session of the server. Its settings are made by statements after it is open, because poolers refuse or ignore
//! settings that a client asks for when it connects. Each transaction begins by reading the settings back.

mod identity;
mod pooler;
mod reading;
mod settings;

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow},
    raw_sql,
};

pub(super) use pooler::{Suspicion, detect_pooler};
pub(super) use reading::ReadingSessions;
pub(super) use settings::SessionSettings;

use self::{identity::read_identity, settings::check_writing};
use super::error::limited;
use crate::{
    rules::UnixMs,
    store::{DatabaseIdentity, PoolMode, StoreError, Unfit},
};

/// Why a session cannot be opened, or takes no transaction. Nothing changed.
#[derive(Debug)]
pub(super) enum SessionError {
    /// The server, or the way to it, refused or failed.
    Database(sqlx::Error),
    /// Changes must not be accepted in this session.
    Unfit(Unfit),
}

impl From<sqlx::Error> for SessionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<SessionError> for StoreError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Database(error) => Self::unavailable(error),
            SessionError::Unfit(unfit) => Self::Unfit(unfit),
        }
    }
}

/// A connection and what was set up in its session.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    /// A random text in a setting of the session. A session without it is not the one that was set up: our prepared
    /// statements do not exist in it, or mean something else.
    marker: String,
    /// The values that the server gave for the settings when they were made, in their order.
    set: Vec<Option<String>>,
    /// The server behind it, once a transaction that writes has asked.
    identity: Option<Arc<DatabaseIdentity>>,
}

impl Session {
    /// Connects and makes the settings.
    pub(super) async fn open(
        options: &PgConnectOptions,
        settings: &SessionSettings,
    ) -> Result<Self, SessionError> {
        // The future is large and connecting is rare, so it is boxed.
        let mut connection = limited(Box::pin(PgConnection::connect_with(options))).await?;
        let marker = format!("{:032x}", rand::random::<u128>());
        let set_up = settings.set_up(&marker);
        let row = limited(raw_sql(AssertSqlSafe(set_up)).fetch_one(&mut connection)).await?;
        let set = (0..row.len())
            .map(|at| row.try_get(at))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            connection,
            marker,
            set,
            identity: None,
        })
    }

    /// Begins a transaction that writes, and returns the server's time.
    pub(super) async fn begin_writing(&mut self, settings: &SessionSettings) -> Result<UnixMs, SessionError> {
        let row = self.begin(settings.begin_writing(), settings).await?;
        check_writing(&row)?;
        let now = row.try_get("now")?;
        // Asked in a transaction that may write, because a standby has no timeline of its own.
        if self.identity.is_none() {
            self.identity = Some(Arc::new(read_identity(&mut self.connection).await?));
        }
        Ok(now)
    }

    /// The connection, and the server behind it.
    pub(super) fn writing(&mut self) -> (&mut PgConnection, Arc<DatabaseIdentity>) {
        (&mut self.connection, self.identity.clone().unwrap_or_default())
    }

    /// Begins a transaction that reads.
    pub(super) async fn begin_reading(&mut self, settings: &SessionSettings) -> Result<(), SessionError> {
        self.begin(settings.begin_reading(), settings).await.map(drop)
    }

    /// Begins a transaction and checks the session. One message does both, so that the check needs no round trip of its
    /// own. From here to the end of the transaction no pooler gives the connection another session.
    async fn begin(&mut self, begin: &str, settings: &SessionSettings) -> Result<PgRow, SessionError> {
        let begin = raw_sql(AssertSqlSafe(begin)).fetch_one(&mut self.connection);
        let row = limited(begin).await?;
        let marker: Option<&str> = row.try_get("marker")?;
        if marker != Some(&self.marker) {
            return Err(SessionError::Unfit(Unfit::Pooler {
                mode: PoolMode::Transaction,
            }));
        }
        settings.check_session(&row, &self.set)?;
        Ok(row)
    }

    /// Ends a transaction that has written nothing.
    pub(super) async fn end(&mut self) -> sqlx::Result<()> {
        limited(raw_sql("ROLLBACK").execute(&mut self.connection)).await?;
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn close(self) -> sqlx::Result<()> {
        limited(self.connection.close()).await
    }
}

//! Sessions that read. Each read is a transaction, because only during a transaction no pooler can exchange the session.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{super::error::limited_to, Session, SessionError, SessionSettings, Suspicion};
use crate::store::StoreError;

/// How long a read waits for a session. Callers get an answer before they stop waiting.
const LIMIT: Duration = Duration::from_millis(500);

/// A limited number of sessions, opened when they are needed.
pub(in crate::store::postgres) struct ReadingSessions {
    options: PgConnectOptions,
    settings: SessionSettings,
    suspicion: Suspicion,
    /// One permit for each session.
    permits: Arc<Semaphore>,
    max_sessions: u32,
    idle: Arc<Mutex<Vec<Session>>>,
}

/// A session in a transaction that reads. Without [`Reading::end`] its connection is closed.
pub(in crate::store::postgres) struct Reading {
    session: Session,
    permit: OwnedSemaphorePermit,
    idle: Arc<Mutex<Vec<Session>>>,
}

impl ReadingSessions {
    pub(in crate::store::postgres) fn new(
        options: PgConnectOptions,
        settings: SessionSettings,
        suspicion: Suspicion,
        max_sessions: u32,
    ) -> Self {
        Self {
            options,
            settings,
            suspicion,
            permits: Arc::new(Semaphore::new(max_sessions as usize)),
            max_sessions,
            idle: Arc::default(),
        }
    }

    /// Begins a transaction that reads.
    pub(in crate::store::postgres) async fn begin(&self) -> Result<Reading, StoreError> {
        // The outer error is the timeout, the inner one says why there is no session.
        let begun = limited_to(LIMIT, async { Ok(self.begin_now().await) }).await;
        let begun = begun.map_err(SessionError::Database).flatten();
        Ok(begun.inspect_err(|error| self.suspicion.raise_by(error))?)
    }

    async fn begin_now(&self) -> Result<Reading, SessionError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| SessionError::Database(sqlx::Error::PoolClosed))?;
        self.suspicion.clear(&self.options).await?;
        loop {
            let idle = lock(&self.idle).pop();
            let is_new = idle.is_none();
            let mut session = match idle {
                Some(session) => session,
                None => Session::open(&self.options, &self.settings).await?,
            };
            match session.begin_reading(&self.settings).await {
                Ok(()) => {
                    return Ok(Reading {
                        session,
                        permit,
                        idle: Arc::clone(&self.idle),
                    });
                }
                // An idle session may have ended meanwhile, as when the server restarts. The next one is tried.
                Err(SessionError::Database(_)) if !is_new => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the sessions, and waits for those that still read.
    pub(in crate::store::postgres) async fn close(&self) {
        let all = limited_to(LIMIT, async {
            Ok(self.permits.acquire_many(self.max_sessions).await)
        })
        .await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *lock(&self.idle));
        for session in idle {
            if let Err(error) = session.close().await {
                tracing::debug!(%error, "a session that reads did not close cleanly");
            }
        }
    }
}

impl Reading {
    pub(in crate::store::postgres) fn connection(&mut self) -> &mut PgConnection {
        &mut self.session.connection
    }

    /// Ends the transaction in the background, so that the caller does not wait, and returns the session.
    pub(in crate::store::postgres) fn end(self) {
        let Self {
            mut session,
            permit,
            idle,
        } = self;
        tokio::spawn(async move {
            match session.end().await {
                Ok(()) => lock(&idle).push(session),
                Err(error) => tracing::debug!(%error, "a session that reads was lost"),
            }
            drop(permit);
        });
    }
}

fn lock(idle: &Mutex<Vec<Session>>) -> std::sync::MutexGuard<'_, Vec<Session>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

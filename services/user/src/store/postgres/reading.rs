//! Sessions that read. Each reads inside a transaction, because only there a pooler cannot exchange the session.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    error::limited_to,
    pooler::Suspicion,
    session::{Session, SessionError},
    session_settings::SessionSettings,
};
use crate::store::StoreError;

/// How long a read waits until it has a session: callers are to be told in time that there is none.
const LIMIT: Duration = Duration::from_millis(500);

/// A limited number of sessions, opened when they are needed.
pub(super) struct ReadingSessions {
    options: PgConnectOptions,
    settings: SessionSettings,
    suspicion: Suspicion,
    places: Arc<Semaphore>,
    most: u32,
    idle: Arc<Mutex<Vec<Session>>>,
}

/// A session in a transaction that reads. Without [`Reading::end`] its connection is closed.
pub(super) struct Reading {
    session: Session,
    place: OwnedSemaphorePermit,
    idle: Arc<Mutex<Vec<Session>>>,
}

impl ReadingSessions {
    pub(super) fn new(
        options: PgConnectOptions,
        settings: SessionSettings,
        suspicion: Suspicion,
        most: u32,
    ) -> Self {
        Self {
            options,
            settings,
            suspicion,
            places: Arc::new(Semaphore::new(most as usize)),
            most,
            idle: Arc::default(),
        }
    }

    /// Begins a transaction that reads.
    pub(super) async fn begin(&self) -> Result<Reading, StoreError> {
        // Two kinds of failure: the time is over, or the session cannot be had.
        let begun = limited_to(LIMIT, async { Ok(self.begin_now().await) }).await;
        let begun = begun.map_err(SessionError::Database).flatten();
        Ok(begun.inspect_err(|error| self.suspicion.raise_by(error))?)
    }

    async fn begin_now(&self) -> Result<Reading, SessionError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| SessionError::Database(sqlx::Error::PoolClosed))?;
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
                        place,
                        idle: Arc::clone(&self.idle),
                    });
                }
                // Idle sessions end with the server they belong to, as at a restart, which is no reason to refuse a read.
                Err(SessionError::Database(_)) if !is_new => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the sessions; those that read are waited for.
    pub(super) async fn close(&self) {
        let all = limited_to(LIMIT, async { Ok(self.places.acquire_many(self.most).await) }).await;
        self.places.close();
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
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.session.connection
    }

    /// Ends the transaction without keeping the caller, and gives the session back.
    pub(super) fn end(self) {
        let Self {
            mut session,
            place,
            idle,
        } = self;
        tokio::spawn(async move {
            match session.end().await {
                Ok(()) => lock(&idle).push(session),
                Err(error) => tracing::debug!(%error, "a session that reads was lost"),
            }
            drop(place);
        });
    }
}

fn lock(idle: &Mutex<Vec<Session>>) -> std::sync::MutexGuard<'_, Vec<Session>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The set of fields in use, and how a service learns of another one.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use contracts::{FieldDefinitions, FieldsChanged, Notice, ReadFields};
use futures_util::StreamExt;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::nats::Nats;

/// How long the user service may take to name the set.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often a service asks again while it does not know the set.
const RETRY: Duration = Duration::from_millis(500);
/// How often a service asks again otherwise, because a notice can be lost.
const REFRESH: Duration = Duration::from_secs(10);

/// After how long without an answer that is logged.
const REPORT_AFTER: Duration = Duration::from_secs(5);

/// The set of fields in use. Clones share it.
#[derive(Debug, Clone)]
pub struct CurrentFields(watch::Sender<Arc<FieldDefinitions>>);

impl CurrentFields {
    /// The set is not known yet.
    pub fn unknown() -> Self {
        Self::new(Arc::clone(FieldDefinitions::empty()))
    }

    /// Begins with this set.
    pub fn new(definitions: Arc<FieldDefinitions>) -> Self {
        Self(watch::Sender::new(definitions))
    }

    /// The set in use, which has no field while it is not known.
    pub fn get(&self) -> Arc<FieldDefinitions> {
        Arc::clone(&self.0.borrow())
    }

    /// Whether the set is known.
    pub fn is_known(&self) -> bool {
        !self.0.borrow().all().is_empty()
    }

    /// Waits until the set is known, for at most `limit`. Returns whether it is.
    pub async fn wait_until_known(&self, limit: Duration) -> bool {
        let mut known = self.0.subscribe();
        let known = known.wait_for(|definitions| !definitions.all().is_empty());
        timeout(limit, known).await.is_ok()
    }

    /// Uses another set from now on. Returns whether it differs.
    pub fn replace(&self, definitions: Arc<FieldDefinitions>) -> bool {
        self.0.send_if_modified(|current| {
            let differs = *current != definitions;
            *current = definitions;
            differs
        })
    }

    /// Is told of each set that replaces another one.
    pub fn watch(&self) -> watch::Receiver<Arc<FieldDefinitions>> {
        self.0.subscribe()
    }

    /// Asks the user service for the set, and again whenever it has changed.
    pub async fn follow(&self, nats: &Nats) -> Infallible {
        let mut notices = match nats.client().subscribe(FieldsChanged::SUBJECT).await {
            Ok(notices) => Some(notices),
            Err(error) => {
                tracing::error!(%error, "cannot subscribe to changes of the set of fields; it is asked for every ten seconds");
                None
            }
        };
        let (started, mut is_reported) = (Instant::now(), false);
        loop {
            match nats.call(&ReadFields {}, TIMEOUT, None).await {
                Ok(definitions) => {
                    let (revision, fields) = (definitions.revision(), definitions.iter().len());
                    if self.replace(Arc::new(definitions)) {
                        tracing::info!(revision, fields, "the set of fields is in use");
                    }
                }
                // Services that start together need a moment.
                Err(error) if !self.is_known() && !is_reported && started.elapsed() > REPORT_AFTER => {
                    tracing::warn!(%error, "the user service does not name the set of fields yet; asking again");
                    is_reported = true;
                }
                Err(error) => tracing::debug!(%error, "the user service does not name the set of fields"),
            }
            let pause = if self.is_known() { REFRESH } else { RETRY };
            match &mut notices {
                Some(notices) => {
                    if let Ok(None) = timeout(pause, notices.next()).await {
                        // The connection is closed for good.
                        return pending().await;
                    }
                }
                None => sleep(pause).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_replaces_another_one_for_every_clone() {
        let fields = CurrentFields::unknown();
        let clone = fields.clone();
        assert!(!fields.is_known());
        assert!(clone.replace(Arc::clone(FieldDefinitions::built_in())));
        assert!(fields.is_known());
        assert!(!fields.replace(Arc::clone(FieldDefinitions::built_in())));
        assert_eq!(fields.get(), *FieldDefinitions::built_in());
    }
}

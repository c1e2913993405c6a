//! Reading contacts: by one call, or by halves where one of them makes HubSpot fail.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contracts::ServiceError;
use tokio::time::Instant;

use super::{
    Comparer, Terms,
    page::{TIME_FOR_REPAIR, not_inspected},
};
use crate::{
    comparison::Read,
    engine::{ContactKey, InspectedContacts, Inspection, InspectionError, Response},
};

/// So many calls for parts of a page fail without one that is answered before the fault is looked for elsewhere: the
/// whole, and halves three times. Four such contacts may lie as badly as they like.
const MOST_FAILED: usize = 15;

/// A contact that HubSpot has read or written, to find out by whether it reads any. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Readable {
    contact_id: Arc<Mutex<Option<String>>>,
}

impl Readable {
    /// Takes a contact from an answer that tells of one.
    pub(in super::super) fn remember(&self, answer: &Response) {
        let contact_id = match answer {
            Response::Inspected(inspected) => inspected.contacts.first().map(|profile| &profile.contact.id),
            Response::Updated { results, .. } => results.first().map(|written| &written.contact_id),
            _ => None,
        };
        if let Some(contact_id) = contact_id {
            self.contact_id().replace(contact_id.clone());
        }
    }

    fn contact_id(&self) -> MutexGuard<'_, Option<String>> {
        self.contact_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inspection(&self) -> Option<Inspection> {
        let contact_id = self.contact_id().clone()?;
        Some(Inspection {
            by: ContactKey::Id,
            keys: vec![contact_id],
        })
    }
}

impl Comparer {
    /// Reads these contacts. Where HubSpot fails for all of them, their halves are asked for, until those that it fails
    /// for stand alone; they are left out, and so is what there is no time left for. Where it fails for others too, that is
    /// the error.
    pub(super) async fn read(
        &self,
        inspection: Inspection,
        terms: Terms<'_>,
    ) -> Result<Vec<Read>, ServiceError> {
        let (mut read, mut failed) = (Vec::new(), 0);
        let mut last_failure = None;
        // Whether HubSpot reads other contacts meanwhile.
        let mut answers = false;
        let mut parts = VecDeque::from([inspection]);
        while let Some(asked) = parts.pop_front() {
            let why = match self.inspect(&asked, terms).await {
                Ok(answer) => {
                    answers = true;
                    read.push(Read { asked, answer });
                    continue;
                }
                Err(why) => why,
            };
            match why {
                InspectionError::Unreadable(_) => failed += 1,
                // The rest would hold up those that were read.
                InspectionError::Busy if answers => break,
                // HubSpot took the time.
                InspectionError::Busy => return Err(not_inspected(last_failure.as_ref().unwrap_or(&why))),
                _ => return Err(not_inspected(&why)),
            }
            let halves = halves(asked);
            let was_all = parts.is_empty() && halves.is_empty();
            if !answers && (failed == MOST_FAILED || was_all) {
                answers = self.reads_another(terms).await;
                if !answers {
                    return Err(not_inspected(&why));
                }
            }
            last_failure = Some(why);
            parts.extend(halves);
        }
        Ok(read)
    }

    /// Whether HubSpot answers the question for a contact that it has answered before.
    async fn reads_another(&self, terms: Terms<'_>) -> bool {
        match self.readable.inspection() {
            Some(known) => self.inspect(&known, terms).await.is_ok(),
            None => false,
        }
    }

    async fn inspect(
        &self,
        inspection: &Inspection,
        terms: Terms<'_>,
    ) -> Result<InspectedContacts, InspectionError> {
        let until = terms.until.checked_sub(self.call_timeout + TIME_FOR_REPAIR);
        let until = until.unwrap_or_else(Instant::now);
        self.inspector
            .inspect(inspection.clone(), terms.even_paused, until)
            .await
    }
}

/// Both halves of an inspection; none of one that names a single contact.
fn halves(mut inspection: Inspection) -> Vec<Inspection> {
    let half = inspection.keys.len() / 2;
    if half == 0 {
        return Vec::new();
    }
    let second = Inspection {
        by: inspection.by,
        keys: inspection.keys.split_off(half),
    };
    vec![inspection, second]
}

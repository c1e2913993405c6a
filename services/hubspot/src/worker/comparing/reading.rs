//! Reads contacts in one call. If HubSpot fails for one of them, it reads the halves, down to the contact that fails.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contracts::ServiceError;
use tokio::time::Instant;

use super::{Comparer, ComparisonContext, page::REPAIR_TIMEOUT};
use crate::{
    comparison::Read,
    engine::{ContactKey, InspectedContacts, Inspection, InspectionError, Response},
};

/// After this many failed calls for parts of a page, and none that succeeded, it is checked whether HubSpot answers at all.
/// That is the whole page and three rounds of halves (1 + 2 + 4 + 8), so that a few contacts for which HubSpot fails do not
/// end the comparison, wherever they are in the page.
const MAX_FAILED_READS: usize = 15;

/// A contact that HubSpot has read or written before. Reading it again shows whether HubSpot answers at all. Clones share
/// it.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Readable {
    contact_id: Arc<Mutex<Option<String>>>,
}

impl Readable {
    /// Remembers a contact from this response, if it has one.
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
    /// Reads these contacts. If the call fails, both halves are read, and so on, until the contacts that HubSpot fails for
    /// are single; they are left out. Contacts for which no time is left are left out, too. It is an error if HubSpot fails
    /// for every contact of the page and for one that it could read before.
    pub(super) async fn read(
        &self,
        inspection: Inspection,
        context: ComparisonContext<'_>,
    ) -> Result<Vec<Read>, ServiceError> {
        let (mut read, mut failed) = (Vec::new(), 0);
        let mut last_failure = None;
        // Whether HubSpot has read any contact, so that it answers in general.
        let mut answers = false;
        let mut parts = VecDeque::from([inspection]);
        while let Some(asked) = parts.pop_front() {
            let why = match self.inspect(&asked, context).await {
                Ok(answer) => {
                    answers = true;
                    read.push(Read { asked, answer });
                    continue;
                }
                Err(why) => why,
            };
            match why {
                InspectionError::Unreadable(_) => failed += 1,
                // There is no time for the rest, but the contacts that were read can be compared.
                InspectionError::Busy if answers => break,
                // The time ran out while HubSpot failed, so that failure is the more helpful error.
                InspectionError::Busy => {
                    return Err(self.not_inspected(last_failure.as_ref().unwrap_or(&why)));
                }
                _ => return Err(self.not_inspected(&why)),
            }
            let halves = halves(asked);
            // Nothing has been read so far. If nothing is left to try, or enough was tried, another contact shows whether
            // these contacts are the cause or HubSpot fails for all.
            let was_all = parts.is_empty() && halves.is_empty();
            if !answers && (failed == MAX_FAILED_READS || was_all) {
                answers = self.reads_another(context).await;
                if !answers {
                    return Err(self.not_inspected(&why));
                }
            }
            last_failure = Some(why);
            parts.extend(halves);
        }
        Ok(read)
    }

    /// Whether HubSpot reads a contact that it has read or written before.
    async fn reads_another(&self, context: ComparisonContext<'_>) -> bool {
        match self.readable.inspection() {
            Some(known) => self.inspect(&known, context).await.is_ok(),
            None => false,
        }
    }

    async fn inspect(
        &self,
        inspection: &Inspection,
        context: ComparisonContext<'_>,
    ) -> Result<InspectedContacts, InspectionError> {
        let until = context.until.checked_sub(self.call_timeout + REPAIR_TIMEOUT);
        let until = until.unwrap_or_else(Instant::now);
        self.inspector
            .inspect(inspection.clone(), context.even_paused, until)
            .await
    }
}

/// Both halves of an inspection, or nothing if it names a single contact.
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

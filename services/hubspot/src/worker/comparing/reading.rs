//! Reading contacts: by one call, or by halves where one of them makes HubSpot fail.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use contracts::ServiceError;
use tokio::time::Instant;

use super::{
    Comparer, Terms,
    page::{TIME_FOR_REPAIR, not_inspected},
};
use crate::{
    comparison::Read,
    engine::{Inspected, Inspection, Key, NotInspected},
};

/// So many calls for parts of a page fail without one that is answered before the fault is looked for elsewhere: the
/// whole, its halves and their halves.
const MOST_FAILED: usize = 7;

/// A contact that was read, to find out by whether HubSpot reads any. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Readable {
    contact_id: Arc<Mutex<Option<String>>>,
}

impl Readable {
    fn remember(&self, answer: &Inspected) {
        if let Some(profile) = answer.contacts.first() {
            let mut contact_id = self.contact_id.lock().unwrap_or_else(PoisonError::into_inner);
            *contact_id = Some(profile.contact.id.clone());
        }
    }

    fn inspection(&self) -> Option<Inspection> {
        let contact_id = self.contact_id.lock().unwrap_or_else(PoisonError::into_inner);
        let contact_id = contact_id.clone()?;
        Some(Inspection {
            by: Key::Id,
            keys: vec![contact_id],
        })
    }
}

impl Comparer {
    /// Reads these contacts. Where HubSpot fails for all of them, their halves are asked for, until those that it fails
    /// for stand alone; they are left out. Where it fails for others too, that is the error.
    pub(super) async fn read(
        &self,
        inspection: Inspection,
        terms: Terms<'_>,
    ) -> Result<Vec<Read>, ServiceError> {
        let (mut read, mut failed) = (Vec::new(), 0);
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
                NotInspected::Unreadable(_) => failed += 1,
                // The rest would hold up those that were read.
                NotInspected::Busy if answers => break,
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

    async fn inspect(&self, inspection: &Inspection, terms: Terms<'_>) -> Result<Inspected, NotInspected> {
        let until = terms.until.checked_sub(self.call_timeout + TIME_FOR_REPAIR);
        let until = until.unwrap_or_else(Instant::now);
        let inspected = self
            .inspector
            .inspect(inspection.clone(), terms.even_paused, until)
            .await?;
        self.readable.remember(&inspected);
        Ok(inspected)
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

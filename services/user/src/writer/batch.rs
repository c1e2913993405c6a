//! One batch: rows in memory, acted on by the rules, saved and committed together.

use std::collections::{HashMap, HashSet};

use contracts::{Priority, ResolvedUser, ServiceError, UserChanged, UserId};
use tokio::sync::mpsc;

use super::{Answer, Job, Work, apply};
use crate::{
    accepted::{Accepted, Changes},
    room::StreamCapacity,
    rules::{self, Lease, Row, RuleTiming, UnixMs},
    store::{LoadedRows, StoreError, Transaction, UserWriter},
};

/// What a committed batch answers and what follows from it.
pub(super) struct Done {
    pub(super) answers: Vec<Result<Answer, ServiceError>>,
    pub(super) announcements: Vec<UserChanged>,
    pub(super) settled: Vec<ResolvedUser>,
    pub(super) accepted: Changes,
    /// Whether anything was written.
    pub(super) wrote: bool,
}

/// Where announcements and notices go once they are committed.
#[derive(Debug, Clone)]
pub struct AfterCommit {
    /// Users to announce. Where it is full, the sweep finds the row when its time comes.
    pub announcements: mpsc::Sender<Vec<UserChanged>>,
    /// Receipts that changed. Where it is full the notice is lost; receipts can be read at any time.
    pub notices: mpsc::Sender<Vec<ResolvedUser>>,
    /// Changes that were made.
    pub accepted: Accepted,
    /// How many may be announced.
    pub room: StreamCapacity,
}

impl AfterCommit {
    /// Sends what follows from a committed batch, and gives back its answers.
    pub(super) fn send(&self, done: Done) -> Vec<Result<Answer, ServiceError>> {
        let Done {
            answers,
            announcements,
            settled,
            accepted,
            ..
        } = done;
        self.accepted.note(accepted);
        let count = announcements.len();
        if count > 0 {
            if self.announcements.try_send(announcements).is_ok() {
                self.room.begin(count);
            } else {
                tracing::debug!("announcements are left to the sweep");
            }
        }
        if !settled.is_empty() && self.notices.try_send(settled).is_err() {
            tracing::debug!("a notice of settled users was dropped");
        }
        answers
    }
}

/// Runs a batch in one transaction, begun with the users that the jobs name and with some besides. Where the last write
/// failed, this one writes something in any case, so that a database that has recovered is known to have.
pub(super) async fn run(
    store: &mut dyn UserWriter,
    terms: &RuleTiming,
    room: u64,
    jobs: &[Job],
    besides: &[UserId],
    is_ailing: bool,
) -> Result<Done, StoreError> {
    let named = jobs.iter().flat_map(|job| named_users(&job.work));
    let users: HashSet<&UserId> = named.chain(besides).collect();
    let users: Vec<&UserId> = users.into_iter().collect();
    let (transaction, found) = store.begin(&users).await?;
    let mut batch = Batch::new(transaction, terms, room);
    batch.keep(&users, found);
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        answers.push(apply::apply(&mut batch, job).await?);
    }
    if is_ailing {
        batch.lease().await?;
        batch.lease_changed = true;
    }
    batch.commit(answers).await
}

fn named_users(work: &Work) -> Vec<&UserId> {
    match work {
        Work::Update(update) => vec![&update.user_id],
        Work::Import(line) => vec![&line.user_id],
        Work::Claim(claim) => claim.users.iter().collect(),
        Work::Record(record) => {
            let claimed = record.claim.iter().flat_map(|claim| &claim.users);
            record
                .results
                .iter()
                .map(|verdict| &verdict.user_id)
                .chain(record.retractions.iter().map(|withdrawal| &withdrawal.user_id))
                .chain(claimed)
                .collect()
        }
        Work::Link(link) => vec![&link.user_id],
        Work::Unlink(unlink) => vec![&unlink.user_id],
        Work::WakeNow(users) | Work::Resync(users) | Work::Retry { users, .. } => users.iter().collect(),
        Work::Repair(users) => users.iter().map(|user| &user.user_id).collect(),
        Work::Lease(_) | Work::Line(_) | Work::Sweep { .. } | Work::WakeAnnounced { .. } => Vec::new(),
    }
}

/// The rows of a batch in memory, and its transaction.
pub(super) struct Batch<'a> {
    pub(super) transaction: Box<dyn Transaction + 'a>,
    pub(super) terms: &'a RuleTiming,
    pub(super) now: UnixMs,
    /// Every user looked for; none where there is no such user.
    rows: HashMap<UserId, Option<Row>>,
    changed: HashSet<UserId>,
    /// Users whose rows cannot be read, and so must not be written.
    unreadable: HashSet<UserId>,
    lease: Option<Lease>,
    lease_changed: bool,
    announcements: Vec<UserChanged>,
    /// The most announcements.
    room: u64,
    pub(super) settled: Vec<ResolvedUser>,
    pub(super) accepted: Changes,
}

impl<'a> Batch<'a> {
    fn new(transaction: Box<dyn Transaction + 'a>, terms: &'a RuleTiming, room: u64) -> Self {
        Self {
            now: transaction.now(),
            transaction,
            terms,
            rows: HashMap::new(),
            changed: HashSet::new(),
            unreadable: HashSet::new(),
            lease: None,
            lease_changed: false,
            announcements: Vec::new(),
            room,
            settled: Vec::new(),
            accepted: Changes::default(),
        }
    }

    /// Loads those of the users that are not in memory yet.
    pub(super) async fn load<'u>(
        &mut self,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Result<(), StoreError> {
        let missing: HashSet<&UserId> = users
            .into_iter()
            .filter(|user| !self.rows.contains_key(*user))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<&UserId> = missing.into_iter().collect();
        let found = self.transaction.load(&missing).await?;
        self.keep(&missing, found);
        Ok(())
    }

    /// Keeps what was found of the users looked for.
    fn keep(&mut self, looked_for: &[&UserId], found: LoadedRows) {
        self.rows
            .extend(looked_for.iter().map(|user| ((*user).clone(), None)));
        for row in found {
            match row {
                Ok(row) => drop(self.rows.insert(row.user_id.clone(), Some(row))),
                Err(error) => {
                    tracing::error!(%error, "a row is left alone; another version of this service may read it");
                    self.unreadable.extend(error.user_id.parse::<UserId>().ok());
                }
            }
        }
    }

    /// Whether there is such a user, but its row cannot be read.
    pub(super) fn is_unreadable(&self, user: &UserId) -> bool {
        self.unreadable.contains(user)
    }

    /// The row of a user that was loaded.
    pub(super) fn row(&self, user: &UserId) -> Option<&Row> {
        self.rows.get(user)?.as_ref()
    }

    /// The row of a user that was loaded, to be changed; it is saved with the batch.
    pub(super) fn row_to_change(&mut self, user: &UserId) -> Option<&mut Row> {
        let row = self.rows.get_mut(user)?.as_mut()?;
        self.changed.insert(user.clone());
        Some(row)
    }

    /// Puts a row in place, to be saved with the batch.
    pub(super) fn put(&mut self, row: Row) {
        self.changed.insert(row.user_id.clone());
        self.rows.insert(row.user_id.clone(), Some(row));
    }

    /// Announces a user whose row is in place. Where the stream has no place, the sweep announces it in its turn.
    pub(super) fn announce(&mut self, user_id: &UserId, priority: Priority) {
        let (now, is_full) = (self.now, self.announcements.len() as u64 >= self.room);
        let Some(row) = self.row_to_change(user_id) else {
            return;
        };
        if is_full {
            rules::wake_now(row, now);
            return;
        }
        let version = row.version;
        let user_id = user_id.clone();
        self.announcements.push(UserChanged {
            user_id,
            version,
            priority,
        });
    }

    /// How many users were looked for.
    pub(super) fn loaded(&self) -> usize {
        self.rows.len()
    }

    /// The rows in memory.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().flatten()
    }

    /// Whether a user was loaded, whatever was found.
    pub(super) fn has_loaded(&self, user: &UserId) -> bool {
        self.rows.contains_key(user)
    }

    pub(super) async fn lease(&mut self) -> Result<Lease, StoreError> {
        if self.lease.is_none() {
            self.lease = Some(self.transaction.lease().await?);
        }
        Ok(self.lease.clone().unwrap_or_default())
    }

    pub(super) fn put_lease(&mut self, lease: Lease) {
        self.lease_changed = self.lease_changed || self.lease.as_ref() != Some(&lease);
        self.lease = Some(lease);
    }

    async fn commit(mut self, answers: Vec<Result<Answer, ServiceError>>) -> Result<Done, StoreError> {
        let changed: Vec<&Row> = self
            .changed
            .iter()
            .filter_map(|user| self.rows.get(user)?.as_ref())
            .collect();
        let wrote = !changed.is_empty() || self.lease_changed;
        if !changed.is_empty() {
            self.transaction.save(&changed).await?;
        }
        if let Some(lease) = self.lease.filter(|_| self.lease_changed) {
            self.transaction.save_lease(&lease).await?;
        }
        self.transaction.commit().await?;
        Ok(Done {
            answers,
            announcements: self.announcements,
            settled: self.settled,
            accepted: self.accepted,
            wrote,
        })
    }
}

//! Reads of what is committed.

use std::ops::Bound;

use async_trait::async_trait;
use contracts::{FieldDefinitions, UserId};

use super::{
    MemoryStore,
    tables::{StoredRow, Tables},
};
use crate::{
    rules::Row,
    store::{
        Counts, List, Listed, LoadedRows, ProblemTotal, ScanFilter, ScanPage, StoreError, UserReader,
        UserScan,
        queries::{PendingCounts, ScannedRows},
    },
};

/// Reads a store in memory.
pub(super) struct MemoryReader {
    store: MemoryStore,
}

impl MemoryReader {
    pub(super) fn new(store: MemoryStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl UserReader for MemoryReader {
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        let shared = self.store.lock();
        let stored = shared.committed.tables.rows.get(user_id);
        Ok(stored.map(StoredRow::decode).transpose()?)
    }

    async fn fields(&self) -> Result<Option<FieldDefinitions>, StoreError> {
        Ok(self.store.lock().committed.fields.clone())
    }

    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let shared = self.store.lock();
        Ok(page_of(&shared.committed.tables, list, limit))
    }

    async fn scan(&self, scan: &UserScan<'_>) -> Result<ScanPage, StoreError> {
        let shared = self.store.lock();
        Ok(scan_page(&shared.committed.tables, scan))
    }

    async fn count(&self) -> Result<Counts, StoreError> {
        let shared = self.store.lock();
        let pending = count_pending(&shared.committed.tables, self.store.clock.now());
        Ok(Counts::new(&pending, problem_totals(&shared.committed.tables)))
    }

    async fn close(&self) {}
}

fn page_of(tables: &Tables, list: &List, limit: usize) -> Vec<Listed> {
    match list {
        List::Pending { after } => {
            let pending = tables.due.users((after.priority, after.due_at)..);
            let pending = pending.filter(|((priority, due_at), user)| {
                let position = (*priority, *due_at, user.as_str());
                position > (after.priority, after.due_at, after.user_id.as_str())
            });
            let pending = pending.map(|((priority, due_at), user)| {
                (format!("{priority}:{due_at}:{user}"), &tables.rows[user])
            });
            let is_pending = |(_, stored): &(String, &StoredRow)| stored.columns.pending_since.is_some();
            listed(pending.filter(is_pending), limit)
        }
        List::Problems { after, before } => {
            let start = (after.state, after.reason.clone());
            let problems = tables.problems.users(start..before.clone());
            let problems = problems.filter(|((state, reason), user)| {
                let position = (*state, reason.as_str(), user.as_str());
                position > (after.state, after.reason.as_str(), after.user_id.as_str())
            });
            let problems = problems
                .map(|((state, reason), user)| (format!("{state}:{reason}:{user}"), &tables.rows[user]));
            listed(problems, limit)
        }
        List::All { after } => {
            let after = after.parse().ok();
            let all = rows_after(tables, after.as_ref());
            listed(all.map(|(user, stored)| (user.to_string(), stored)), limit)
        }
    }
}

fn listed<'a>(rows: impl Iterator<Item = (String, &'a StoredRow)>, limit: usize) -> Vec<Listed> {
    let listed = rows.map(|(position, stored)| Listed {
        position,
        row: stored.decode(),
    });
    listed.take(limit).collect()
}

fn rows_after<'a>(
    tables: &'a Tables,
    after: Option<&'a UserId>,
) -> impl Iterator<Item = (&'a UserId, &'a StoredRow)> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    tables.rows.range((start, Bound::Unbounded))
}

fn scan_page(tables: &Tables, scan: &UserScan<'_>) -> ScanPage {
    let matches = |(_, stored): &(&UserId, &StoredRow)| match scan.filter {
        ScanFilter::Linked => stored.columns.contact_id.is_some(),
        ScanFilter::Dirty => stored.columns.is_dirty,
    };
    let read = rows_after(tables, scan.after).take(scan.max_rows_read());
    let matching = read.filter(matches).take(scan.max_matches());
    let matching: LoadedRows = matching.map(|(_, stored)| stored.decode()).collect();
    match scan.sort_out(matching) {
        ScannedRows::FullPage(page) => page,
        ScannedRows::AllMatches(rows) => {
            let last_read = rows_after(tables, scan.after).nth(scan.max_rows_read() - 1);
            ScanPage::with_all_matches(rows, last_read.map(|(user, _)| user.as_str()))
        }
    }
}

fn count_pending(tables: &Tables, now: i64) -> PendingCounts {
    let mut counts = PendingCounts {
        pending: 0,
        resending: 0,
        oldest_pending: None,
        now,
    };
    for (_, user) in tables.due.users(..) {
        let columns = &tables.rows[user].columns;
        let is_pending = columns.pending_since.is_some();
        counts.pending += i64::from(is_pending);
        counts.resending += i64::from(columns.is_dirty && !is_pending);
        // The smaller of two times where both are known.
        let oldest = counts.oldest_pending.into_iter().chain(columns.pending_since);
        counts.oldest_pending = oldest.min();
    }
    counts
}

fn problem_totals(tables: &Tables) -> Vec<ProblemTotal> {
    let groups = tables.problems.range(..);
    let totals = groups.map(|((state, reason), users)| ProblemTotal {
        state: *state,
        reason: reason.clone(),
        users: i64::try_from(users.len()).unwrap_or(i64::MAX),
        example: users.first().map(ToString::to_string).unwrap_or_default(),
    });
    totals.collect()
}

//! Everything that readers return about the committed rows.

use std::collections::BTreeMap;

use contracts::{ProblemFilter, SyncState, UserId};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use user::{
    rules::Row,
    store::{Counts, List, LoadedRows, ScanFilter, Unreadable, UserReader, UserScan},
};

use super::ALL;
use crate::stack::id;

/// A row as far as it can be read.
pub(super) type Seen = Result<Row, String>;

pub(super) fn seen(rows: LoadedRows) -> BTreeMap<UserId, Seen> {
    let seen = |row: Result<Row, Unreadable>| match row {
        Ok(row) => (row.user_id.clone(), Ok(row)),
        Err(unreadable) => (id(&unreadable.user_id), Err(unreadable.reason)),
    };
    rows.into_iter().map(seen).collect()
}

/// Lists, scans and counts, page by page.
pub(super) async fn compare_reads(
    memory: &dyn UserReader,
    disk: &dyn UserReader,
    rng: &mut StdRng,
    place: &str,
) {
    let (found, expected) = (counts(memory).await, counts(disk).await);
    assert_eq!(found, expected, "{place}");
    let (filter, limit) = (problem_filter(rng), rng.random_range(3..20));
    let problems = |after: Option<&str>| List::problems(&filter, after).unwrap();
    let expected = pages(disk, problems, limit).await;
    assert_eq!(
        pages(memory, problems, limit).await,
        expected,
        "{place}: {filter:?}"
    );
    let pending = |after: Option<&str>| List::pending(after).unwrap();
    let expected = pages(disk, pending, limit).await;
    assert_eq!(pages(memory, pending, limit).await, expected, "{place}");
    let all = |after: Option<&str>| List::all(after.map(id).as_ref());
    let expected = pages(disk, all, limit).await;
    assert_eq!(pages(memory, all, limit).await, expected, "{place}");
    for filter in [ScanFilter::Linked, ScanFilter::Dirty] {
        for limit in [limit, ALL] {
            let expected = scan_all(disk, filter, limit).await;
            assert_eq!(
                scan_all(memory, filter, limit).await,
                expected,
                "{place}: {filter:?}"
            );
        }
    }
}

fn problem_filter(rng: &mut StdRng) -> ProblemFilter {
    let states = [
        SyncState::Rejected,
        SyncState::Conflict,
        SyncState::Failed,
        SyncState::NotFound,
    ];
    let state = rng.random_bool(0.8).then(|| *states.choose(rng).unwrap());
    let reasons = [None, Some(""), Some("ONE"), Some("TWO:2")];
    // A reason needs a state.
    let reason = reasons.choose(rng).unwrap().filter(|_| state.is_some());
    let reason = reason.map(str::to_owned);
    ProblemFilter { state, reason }
}

/// Counts without the time, which is the machine's on disk, and with the problems in order.
async fn counts(reader: &dyn UserReader) -> (Counts, Vec<(SyncState, String, i64, String)>) {
    let mut counts = reader.count().await.unwrap();
    counts.now = 0;
    let problems = std::mem::take(&mut counts.problems);
    let problems = problems.into_iter();
    let problems = problems.map(|total| (total.state(), total.reason, total.users, total.example));
    let mut problems: Vec<_> = problems.collect();
    problems.sort();
    (counts, problems)
}

/// Every page of a list, with the positions.
async fn pages(
    reader: &dyn UserReader,
    list: impl Fn(Option<&str>) -> List,
    limit: usize,
) -> Vec<(String, Seen)> {
    let mut all: Vec<(String, Seen)> = Vec::new();
    loop {
        let after = all.last().map(|(position, _)| position.clone());
        let page = reader.list(&list(after.as_deref()), limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        let page = page.into_iter();
        all.extend(page.map(|listed| (listed.position, listed.row.map_err(|error| error.to_string()))));
    }
}

/// Every page of a scan, with its end.
async fn scan_all(
    reader: &dyn UserReader,
    filter: ScanFilter,
    limit: usize,
) -> Vec<(BTreeMap<UserId, Seen>, Option<UserId>)> {
    let mut pages: Vec<(BTreeMap<UserId, Seen>, Option<UserId>)> = Vec::new();
    loop {
        let after = pages.last().and_then(|(_, next)| next.clone());
        if after.is_none() && !pages.is_empty() {
            return pages;
        }
        let scan = UserScan {
            after: after.as_ref(),
            filter,
            limit,
        };
        let page = reader.scan(&scan).await.unwrap();
        pages.push((seen(page.rows), page.next));
    }
}

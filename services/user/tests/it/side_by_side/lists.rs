//! Lists and counts, against the same by looking at each row.

use contracts::{ProblemFilter, SyncState, UserId};
use user::{
    rules::{self, Row, UnixMs},
    store::{List, ScanFilter, UserReader, UserScan},
};

use super::model::Model;

pub(super) async fn check(reader: &dyn UserReader, model: &Model, place: &str) {
    let pending = walk(reader, |position| List::pending(position).unwrap()).await;
    assert_eq!(pending, model.pending(), "{place}");
    let everybody = walk(reader, |position| {
        List::all(position.map(|id| id.parse().unwrap()).as_ref())
    });
    assert_eq!(everybody.await, model.everybody(), "{place}");
    let troubled = model.troubled();
    let all = walk(reader, |position| {
        List::problems(&ProblemFilter::default(), position).unwrap()
    })
    .await;
    assert_eq!(all, ids(&troubled, |_| true), "{place}");
    let mut counted = 0;
    let counts = reader.count().await.unwrap();
    for count in &counts.problems {
        let is_it = |(state, reason, _): &(SyncState, String, UserId)| {
            *state == count.state() && *reason == count.reason
        };
        let which = ProblemFilter {
            state: Some(count.state()),
            reason: Some(count.reason.clone()),
        };
        let listed = walk(reader, |position| List::problems(&which, position).unwrap()).await;
        let expected = ids(&troubled, is_it);
        assert_eq!(listed, expected, "{place}: {which:?}");
        assert_eq!(count.users, i64::try_from(expected.len()).unwrap(), "{place}");
        assert_eq!(count.example, expected[0].as_str(), "{place}");
        counted += expected.len();
    }
    assert_eq!(counted, troubled.len(), "{place}");
    for state in [
        SyncState::Rejected,
        SyncState::Conflict,
        SyncState::Failed,
        SyncState::NotFound,
    ] {
        let which = ProblemFilter {
            state: Some(state),
            reason: None,
        };
        let listed = walk(reader, |position| List::problems(&which, position).unwrap()).await;
        assert_eq!(
            listed,
            ids(&troubled, |(found, ..)| *found == state),
            "{place}: {state:?}"
        );
    }
    for whom in [ScanFilter::Linked, ScanFilter::Dirty] {
        assert_eq!(
            walk_all(reader, whom).await,
            model.whom(whom),
            "{place}: {whom:?}"
        );
    }
    assert_eq!(counts.pending, pending.len() as u64, "{place}");
    let counted = (counts.resending, counts.oldest_pending);
    assert_eq!(counted, model.resending_and_oldest(), "{place}");
}

fn ids(
    troubled: &[(SyncState, String, UserId)],
    is_wanted: impl Fn(&(SyncState, String, UserId)) -> bool,
) -> Vec<UserId> {
    let wanted = troubled.iter().filter(|user| is_wanted(user));
    wanted.map(|(_, _, user_id)| user_id.clone()).collect()
}

/// Every page of a list, two users at a time.
async fn walk(reader: &dyn UserReader, list: impl Fn(Option<&str>) -> List) -> Vec<UserId> {
    let mut users = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let found = list(after.as_deref());
        let page = reader.list(&found, 2).await.unwrap();
        let Some(end) = page.last() else { return users };
        after = Some(end.position.clone());
        users.extend(page.into_iter().map(|listed| listed.row.unwrap().user_id));
    }
}

/// Every page of a walk through all users, two at a time.
async fn walk_all(reader: &dyn UserReader, whom: ScanFilter) -> Vec<UserId> {
    let mut users = Vec::new();
    let mut after: Option<UserId> = None;
    loop {
        let walk = UserScan {
            after: after.as_ref(),
            filter: whom,
            limit: 2,
        };
        let page = reader.scan(&walk).await.unwrap();
        users.extend(page.rows.into_iter().map(|row| row.unwrap().user_id));
        after = page.next;
        if after.is_none() {
            return users;
        }
    }
}

impl Model {
    fn everybody(&self) -> Vec<UserId> {
        let mut users: Vec<_> = self.rows().map(|row| row.user_id.clone()).collect();
        users.sort();
        users
    }

    /// Users that a walk is to meet, in its order.
    fn whom(&self, whom: ScanFilter) -> Vec<UserId> {
        let is_wanted = |row: &&Row| match whom {
            ScanFilter::Linked => row.link.is_some(),
            ScanFilter::Dirty => row.is_dirty(),
        };
        let mut users: Vec<_> = self
            .rows()
            .filter(is_wanted)
            .map(|row| row.user_id.clone())
            .collect();
        users.sort();
        users
    }

    /// Users in the order of the list of pending ones.
    fn pending(&self) -> Vec<UserId> {
        let pending = self
            .rows()
            .filter(|row| rules::overall_state(row).0 == SyncState::Pending);
        let mut pending: Vec<&Row> = pending.collect();
        pending.sort_by_key(|row| (row.priority, row.due_at(), &row.user_id));
        pending.into_iter().map(|row| row.user_id.clone()).collect()
    }

    /// Users in the order of the list of troubled ones, with their state and the code of its reason.
    fn troubled(&self) -> Vec<(SyncState, String, UserId)> {
        let standing = self.rows().map(|row| {
            let (state, reason) = rules::overall_state(row);
            let code = reason.map(|reason| reason.code).unwrap_or_default();
            (state, code, row.user_id.clone())
        });
        let mut troubled: Vec<_> = standing
            .filter(|(state, ..)| (SyncState::Rejected..=SyncState::NotFound).contains(state))
            .collect();
        troubled.sort();
        troubled
    }

    /// How many owe something with nothing pending, and since when the oldest change is pending.
    fn resending_and_oldest(&self) -> (u64, Option<UnixMs>) {
        let resending = self
            .rows()
            .filter(|row| row.is_dirty() && rules::overall_state(row).0 != SyncState::Pending);
        let oldest = self.rows().filter_map(|row| row.pending_since).min();
        (resending.count() as u64, oldest)
    }
}

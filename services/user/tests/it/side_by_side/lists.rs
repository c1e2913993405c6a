//! Lists, scans and counts, compared with what each row says by the rules.

use contracts::{ProblemFilter, SyncState, UserId};
use user::{
    rules::{self, Row},
    store::{List, ScanFilter, UserReader, UserScan},
};

/// `rows` are all committed rows.
pub(super) async fn check(reader: &dyn UserReader, rows: &[Row], place: &str) {
    let pending = list_all(reader, |position| List::pending(position).unwrap()).await;
    assert_eq!(pending, expected_pending(rows), "{place}");
    let all = list_all(reader, |position| {
        List::all(position.map(|id| id.parse().unwrap()).as_ref())
    });
    assert_eq!(all.await, ids_of(rows, |_| true), "{place}");
    let problems = expected_problems(rows);
    let all = list_all(reader, |position| {
        List::problems(&ProblemFilter::default(), position).unwrap()
    })
    .await;
    assert_eq!(all, users_with(&problems, |_| true), "{place}");
    let mut counted = 0;
    let counts = reader.count().await.unwrap();
    for count in &counts.problems {
        let is_counted = |(state, reason, _): &(SyncState, String, UserId)| {
            *state == count.state() && *reason == count.reason
        };
        let filter = ProblemFilter {
            state: Some(count.state()),
            reason: Some(count.reason.clone()),
        };
        let listed = list_all(reader, |position| List::problems(&filter, position).unwrap()).await;
        let expected = users_with(&problems, is_counted);
        assert_eq!(listed, expected, "{place}: {filter:?}");
        assert_eq!(count.users, i64::try_from(expected.len()).unwrap(), "{place}");
        assert_eq!(count.example, expected[0].as_str(), "{place}");
        counted += expected.len();
    }
    assert_eq!(counted, problems.len(), "{place}");
    for state in [
        SyncState::Rejected,
        SyncState::Conflict,
        SyncState::Failed,
        SyncState::NotFound,
    ] {
        let filter = ProblemFilter {
            state: Some(state),
            reason: None,
        };
        let listed = list_all(reader, |position| List::problems(&filter, position).unwrap()).await;
        assert_eq!(
            listed,
            users_with(&problems, |(found, ..)| *found == state),
            "{place}: {state:?}"
        );
    }
    let linked = ids_of(rows, |row| row.link.is_some());
    assert_eq!(scan_all(reader, ScanFilter::Linked).await, linked, "{place}");
    let dirty = ids_of(rows, Row::is_dirty);
    assert_eq!(scan_all(reader, ScanFilter::Dirty).await, dirty, "{place}");
    assert_eq!(counts.pending, pending.len() as u64, "{place}");
    let resending = ids_of(rows, |row| row.is_dirty() && row.pending_since.is_none());
    assert_eq!(counts.resending, resending.len() as u64, "{place}");
    let oldest = rows.iter().filter_map(|row| row.pending_since).min();
    assert_eq!(counts.oldest_pending, oldest, "{place}");
}

/// A user's state, the code of its reason, and its id.
type Problem = (SyncState, String, UserId);

/// The users with problems, in the order of their list.
fn expected_problems(rows: &[Row]) -> Vec<Problem> {
    let states = rows.iter().map(|row| {
        let (state, reason) = rules::overall_state(row);
        let code = reason.map(|reason| reason.code).unwrap_or_default();
        (state, code, row.user_id.clone())
    });
    let has_problem = |(state, ..): &Problem| (SyncState::Rejected..=SyncState::NotFound).contains(state);
    let mut problems: Vec<Problem> = states.filter(has_problem).collect();
    problems.sort();
    problems
}

/// The pending users, in the order of their list.
fn expected_pending(rows: &[Row]) -> Vec<UserId> {
    let mut pending: Vec<&Row> = rows.iter().filter(|row| row.pending_since.is_some()).collect();
    pending.sort_by_key(|row| (row.priority, row.due_at(), &row.user_id));
    pending.into_iter().map(|row| row.user_id.clone()).collect()
}

fn users_with(problems: &[Problem], is_wanted: impl Fn(&Problem) -> bool) -> Vec<UserId> {
    let wanted = problems.iter().filter(|problem| is_wanted(problem));
    wanted.map(|(_, _, user_id)| user_id.clone()).collect()
}

/// The ids of these rows, in their order.
fn ids_of(rows: &[Row], is_wanted: impl Fn(&Row) -> bool) -> Vec<UserId> {
    let wanted = rows.iter().filter(|row| is_wanted(row));
    let mut users: Vec<UserId> = wanted.map(|row| row.user_id.clone()).collect();
    users.sort();
    users
}

/// Every page of a list, two users at a time.
async fn list_all(reader: &dyn UserReader, list: impl Fn(Option<&str>) -> List) -> Vec<UserId> {
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

/// Every page of a scan, two users at a time.
async fn scan_all(reader: &dyn UserReader, filter: ScanFilter) -> Vec<UserId> {
    let mut users = Vec::new();
    let mut after: Option<UserId> = None;
    loop {
        let scan = UserScan {
            after: after.as_ref(),
            filter,
            limit: 2,
        };
        let page = reader.scan(&scan).await.unwrap();
        users.extend(page.rows.into_iter().map(|row| row.unwrap().user_id));
        after = page.next;
        if after.is_none() {
            return users;
        }
    }
}

//! What each selection of a transaction finds, compared with what each row says.

use contracts::{Priority, UserId};
use user::{
    rules::{Row, RuleTiming, UnixMs},
    store::Transaction,
};

use super::ALL;

/// Checks every selection of users. `users` are all users that may exist. Rows that cannot be read are left out.
pub(super) async fn check(transaction: &mut dyn Transaction, users: &[UserId], epoch: u64, place: &str) {
    let users: Vec<&UserId> = users.iter().collect();
    let rows = transaction.load(&users).await.unwrap();
    let rows = Rows(rows.into_iter().filter_map(Result::ok).collect());
    let (now, timing) = (transaction.now(), RuleTiming::default());
    // A time that is further ahead than a rule may set counts as past.
    let has_come =
        |at: Option<UnixMs>, furthest: UnixMs| at.is_some_and(|at| at <= now || at > now + furthest);
    for priority in [Priority::Live, Priority::Backfill] {
        let found = transaction.due(priority, &timing, ALL).await.unwrap();
        rows.check(found, place, |row| {
            row.priority == priority && has_come(row.due_at(), timing.max_wake_up_distance())
        });
    }
    rows.check(transaction.rechecks(ALL).await.unwrap(), place, |row| {
        has_come(row.recheck_at, RuleTiming::max_recheck_distance())
    });
    rows.check(transaction.left_open(epoch, ALL).await.unwrap(), place, |row| {
        row.open_attempt.as_ref().is_some_and(|open| open.epoch < epoch)
    });
    rows.check(
        transaction.users_with_published_wake_ups(ALL).await.unwrap(),
        place,
        |row| {
            let is_in_future = |at: Option<UnixMs>| at.is_some_and(|at| at > now);
            let waits_for_a_worker = row.is_dirty() && row.open_attempt.is_none() && row.failures == 0;
            waits_for_a_worker && is_in_future(row.wake_at) && is_in_future(row.due_at())
        },
    );
    for contact in ["1", "2", "3"] {
        let found = transaction.linked_to("4711", &[contact]).await.unwrap();
        rows.check(found, place, |row| {
            row.link.as_ref().is_some_and(|link| link.contact_id == contact)
        });
    }
    let is_linked = rows.0.iter().any(|row| row.link.is_some());
    assert!(
        !is_linked || transaction.look_for_links().await.unwrap(),
        "{place}"
    );
}

/// Every row that can be read, as the transaction sees it.
struct Rows(Vec<Row>);

impl Rows {
    /// Checks that exactly the users of these rows were found.
    fn check(&self, mut found: Vec<UserId>, place: &str, is_expected: impl Fn(&Row) -> bool) {
        found.retain(|user| self.0.iter().any(|row| row.user_id == *user));
        found.sort();
        let expected = self.0.iter().filter(|row| is_expected(row));
        let mut expected: Vec<UserId> = expected.map(|row| row.user_id.clone()).collect();
        expected.sort();
        assert_eq!(found, expected, "{place}");
    }
}

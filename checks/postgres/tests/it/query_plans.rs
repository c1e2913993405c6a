//! The plans that the server uses for the statements.

use contracts::{ChangeLease, ClaimUsers, LeaseAnswer, ProblemFilter, UpdateUser, delivery::LeaseAction};
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use testing::wait::until;
use user::{
    operations::{DeleteExpiredKeys, WakePublishedUsers},
    store::{KeyPosition, List},
};

use crate::support::user_service::{CEILING, UserService, server};

/// The number of sequential scans and of index scans of the tables of users and of their idempotency keys.
async fn scans(connection: &mut PgConnection) -> (i64, i64) {
    let scans = "SELECT sum(seq_scan)::int8, sum(idx_scan)::int8 FROM pg_stat_user_tables \
        WHERE relname IN ('users', 'idempotency_keys')";
    sqlx::query_as(scans).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_the_table_that_was_planned_empty() {
    const USERS: usize = 2_000;
    let server = server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    UserService::start(&server).await.close().await;
    let (scans_before, _) = scans(&mut connection).await;
    let service = UserService::start(&server).await;
    let names: Vec<String> = (0..USERS).map(|user| format!("u{user}")).collect();
    let keyed = |name: &String| UpdateUser {
        idempotency_key: Some("k".to_owned()),
        ..UserService::change(name, "Ada")
    };
    join_all(names.iter().map(|name| service.queue.run(keyed(name), None))).await;
    for name in &names[..20] {
        service.update(name, "Grace").await.unwrap();
        service.sweep(100).await;
        assert!(service.row(name).await.is_some());
    }
    let woken = service.queue.run(WakePublishedUsers { limit: 100 }, None).await;
    assert!(woken.is_ok(), "{woken:?}");
    claim(&service).await;
    let mut page = Some(KeyPosition::default());
    while let Some(after) = page {
        let delete = DeleteExpiredKeys { after, limit: 100 };
        page = service.queue.run(delete, None).await.unwrap().next;
    }
    let problems = List::problems(&ProblemFilter::default(), None).unwrap();
    for list in [List::pending(None).unwrap(), problems, List::all(None)] {
        service.list(&list, 100).await;
    }
    service.close().await;
    let scans_after = until("the statistics of the statements", CEILING, async || {
        let (read, searched) = scans(&mut connection).await;
        if searched > 2 * 20 {
            Ok(read)
        } else {
            Err(searched)
        }
    })
    .await;
    assert_eq!(scans_after, scans_before);
}

/// Takes the lease and claims a user, as a worker does.
async fn claim(service: &UserService) {
    let ask = ChangeLease {
        holder: "w".to_owned(),
        account_id: "4711".to_owned(),
        action: LeaseAction::Hold,
        token: contracts::TokenState::Unknown,
    };
    let epoch = match service.queue.run(ask, None).await {
        Ok(LeaseAnswer::Granted { epoch, .. }) => epoch,
        other => panic!("no lease: {other:?}"),
    };
    let claim = ClaimUsers {
        holder: "w".to_owned(),
        epoch,
        users: vec!["u1".parse().unwrap()],
        limit: 100,
        fields_revision: None,
    };
    let claimed = service.queue.run(claim, None).await;
    assert!(claimed.is_ok(), "{claimed:?}");
}

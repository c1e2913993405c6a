//! How the server goes about the statements.

use contracts::{ChangeLease, ClaimUsers, LeaseAnswer, delivery::LeaseAction};
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use testing::wait::until;
use user::operations::WakePublishedUsers;

use crate::desk::{CEILING, Desk, server};

/// How often the table of users was read from end to end, and how often through an index.
async fn scans(connection: &mut PgConnection) -> (i64, i64) {
    // Otherwise one transaction sees the same figures again and again.
    let scans = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'users'";
    sqlx::query_as(scans).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_the_whole_table_though_it_was_empty_when_they_were_planned() {
    const USERS: usize = 2_000;
    let server = server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    Desk::at(&server).await.close().await;
    let (read_before, _) = scans(&mut beside).await;
    let desk = Desk::at(&server).await;
    let names: Vec<String> = (0..USERS).map(|user| format!("u{user}")).collect();
    join_all(names.iter().map(|name| desk.update(name, "Ada"))).await;
    for name in &names[..20] {
        desk.update(name, "Grace").await.unwrap();
        desk.sweep(100).await;
        assert!(desk.row(name).await.is_some());
    }
    let woken = desk.handle.run(WakePublishedUsers { limit: 100 }, None).await;
    assert!(woken.is_ok(), "{woken:?}");
    claim(&desk).await;
    desk.close().await;
    let read_after = until("figures of what was done", CEILING, async || {
        let (read, searched) = scans(&mut beside).await;
        if searched > 2 * 20 {
            Ok(read)
        } else {
            Err(searched)
        }
    })
    .await;
    assert_eq!(read_after, read_before);
}

/// As a worker that takes over.
async fn claim(desk: &Desk) {
    let ask = ChangeLease {
        holder: "w".to_owned(),
        account_id: "4711".to_owned(),
        action: LeaseAction::Hold,
    };
    let epoch = match desk.handle.run(ask, None).await {
        Ok(LeaseAnswer::Granted { epoch, .. }) => epoch,
        other => panic!("no lease: {other:?}"),
    };
    let claim = ClaimUsers {
        holder: "w".to_owned(),
        epoch,
        users: vec!["u1".parse().unwrap()],
        limit: 100,
    };
    let claimed = desk.handle.run(claim, None).await;
    assert!(claimed.is_ok(), "{claimed:?}");
}

//! A server whose clock is far from ours.

use std::time::Duration;

use contracts::{ChangeLease, ClaimUsers, Field, ImportLine, LeaseAnswer, Values, delivery::LeaseAction};
use runtime::nats::Deadline;
use testing::postgres::{Options, PostgresServer};

use crate::desk::Desk;

/// As long as the gateway waits for a first try.
const PATIENCE: Duration = Duration::from_secs(1);

async fn desk_at(clock: &'static str) -> (PostgresServer, Desk) {
    let options = Options {
        clock: Some(clock),
        ..Options::default()
    };
    let server = PostgresServer::start(options).await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    let desk = Desk::at(&server).await;
    (server, desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_imports_and_deliveries_work_whatever_the_clock_of_the_database_shows() {
    for (clock, seconds) in [("+10s", 10), ("-10s", -10), ("+1h", 3_600), ("-1h", -3_600)] {
        let (_server, desk) = desk_at(clock).await;
        let deadline = || Some(Deadline::after(PATIENCE));
        let updated = desk.handle.run(Desk::change("1", "Ada"), deadline()).await;
        assert!(updated.is_ok(), "{clock}: {updated:?}");
        let line = ImportLine {
            user_id: "2".parse().unwrap(),
            fields: Values::from([(Field::EMAIL, Some("2@example.com".to_owned()))]),
        };
        let imported = desk.handle.run(line, deadline()).await;
        assert!(imported.is_ok(), "{clock}: {imported:?}");
        let lease = ChangeLease {
            holder: "w".to_owned(),
            account_id: "4711".to_owned(),
            action: LeaseAction::Hold,
        };
        let epoch = match desk.handle.run(lease, deadline()).await {
            Ok(LeaseAnswer::Granted { epoch, .. }) => epoch,
            other => panic!("{clock}: no lease: {other:?}"),
        };
        let claim = ClaimUsers {
            holder: "w".to_owned(),
            epoch,
            users: vec!["1".parse().unwrap()],
            limit: 100,
        };
        let claimed = desk.handle.run(claim, deadline()).await.unwrap();
        assert_eq!(claimed.claims.len(), 1, "{clock}");
        shows(&desk, seconds);
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_agree_are_shown_as_such() {
    let (_server, desk) = desk_at("+0s").await;
    desk.update("1", "Ada").await.unwrap();
    assert!(desk.check("clock").unwrap().ok);
    desk.close().await;
}

/// `/readyz` says how far the clocks are apart, and that the service does its work all the same.
fn shows(desk: &Desk, seconds: i64) {
    let check = desk.check("clock").unwrap();
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let apart = check
        .detail
        .split_whitespace()
        .find_map(|word| word.parse::<i64>().ok());
    let strays = (apart.unwrap() - seconds.abs() * 1_000).abs();
    assert!(
        !check.ok && check.detail.contains(side) && strays < 2_000,
        "{check:?}"
    );
    assert!(desk.is_well());
}

//! A database whose clock differs from that of the user service.

use std::time::Duration;

use contracts::{ChangeLease, ClaimUsers, Field, ImportLine, LeaseAnswer, Values, delivery::LeaseAction};
use runtime::nats::Deadline;
use testing::postgres::{Options, PostgresServer};

use crate::support::user_service::UserService;

/// The time that the gateway gives a first try.
const DEADLINE: Duration = Duration::from_secs(1);

async fn start_with_clock(clock: &'static str) -> (PostgresServer, UserService) {
    let options = Options {
        clock: Some(clock),
        ..Options::default()
    };
    let server = PostgresServer::start(options).await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    let service = UserService::start(&server).await;
    (server, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_of_the_database_disturbs_nothing() {
    for (clock, seconds) in [("+10s", 10), ("-10s", -10), ("+1h", 3_600), ("-1h", -3_600)] {
        let (_server, service) = start_with_clock(clock).await;
        let deadline = || Some(Deadline::after(DEADLINE));
        let updated = service
            .queue
            .run(UserService::change("1", "Ada"), deadline())
            .await;
        assert!(updated.is_ok(), "{clock}: {updated:?}");
        let line = ImportLine {
            user_id: "2".parse().unwrap(),
            fields: Values::from([(Field::EMAIL, Some("2@example.com".into()))]),
        };
        let imported = service.queue.run(line, deadline()).await;
        assert!(imported.is_ok(), "{clock}: {imported:?}");
        let lease = ChangeLease {
            holder: "w".to_owned(),
            account_id: "4711".to_owned(),
            action: LeaseAction::Hold,
            token: contracts::TokenState::Unknown,
        };
        let epoch = match service.queue.run(lease, deadline()).await {
            Ok(LeaseAnswer::Granted { epoch, .. }) => epoch,
            other => panic!("{clock}: no lease: {other:?}"),
        };
        let claim = ClaimUsers {
            holder: "w".to_owned(),
            epoch,
            users: vec!["1".parse().unwrap()],
            limit: 100,
            fields_revision: None,
        };
        let claimed = service.queue.run(claim, deadline()).await.unwrap();
        assert_eq!(claimed.claims.len(), 1, "{clock}");
        assert_clock_difference(&service, seconds);
        service.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_clock_is_reported_as_ok() {
    let (_server, service) = start_with_clock("+0s").await;
    service.update("1", "Ada").await.unwrap();
    assert!(service.check("clock").unwrap().ok);
    service.close().await;
}

/// Asserts that `/readyz` shows the difference of the clocks, and that the service is ready nevertheless.
fn assert_clock_difference(service: &UserService, seconds: i64) {
    let check = service.check("clock").unwrap();
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let shown_ms = check
        .detail
        .split_whitespace()
        .find_map(|word| word.parse::<i64>().ok());
    let deviation_ms = (shown_ms.unwrap() - seconds.abs() * 1_000).abs();
    assert!(
        !check.ok && check.detail.contains(side) && deviation_ms < 2_000,
        "{check:?}"
    );
    assert!(service.is_healthy());
}

//! Several user services that share one database.

use std::collections::BTreeSet;

use contracts::ErrorCode;
use futures_util::future::join_all;
use testing::wait::until;

use crate::support::user_service::{CEILING, UserService, server};

const SERVICE_COUNT: usize = 3;

/// Sends a change again until it is accepted, and returns its version. While a slow disk delays a commit, changes of the
/// same row are answered that they were not made. If one was made nevertheless, the versions show it.
async fn update_until_accepted(service: &UserService, user: &str, first_name: &str) -> u64 {
    until("an accepted change", CEILING, async || {
        match service.update(user, first_name).await {
            Ok(updated) => Some(updated.sync.version),
            Err(rejected) if rejected.code == ErrorCode::Unavailable => None,
            Err(rejected) => panic!("{rejected:?}"),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_a_user_get_distinct_versions() {
    const EACH: usize = 200;
    let server = server().await;
    let services = join_all((0..SERVICE_COUNT).map(|_| UserService::start(&server))).await;
    // The user does not exist, so all services try to create it.
    let updates = services.iter().enumerate().flat_map(|(index, service)| {
        (0..EACH).map(move |number| async move {
            let name = format!("S{index}-{number}");
            (update_until_accepted(service, "hot", &name).await, name)
        })
    });
    let mut answers = join_all(updates).await;
    answers.sort();
    let versions: Vec<u64> = answers.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=(SERVICE_COUNT * EACH) as u64).collect::<Vec<_>>());
    let row = services[0].row("hot").await.unwrap();
    assert_eq!(
        row.values()[&contracts::Field::FIRST_NAME],
        Some(answers.pop().unwrap().1.into())
    );
    for service in services {
        service.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_created_through_several_services_exist_once() {
    const USERS: u64 = 600;
    let server = server().await;
    let services = join_all((0..SERVICE_COUNT).map(|_| UserService::start(&server))).await;
    // Each service changes each user, and one of them in reverse order.
    let updates = services.iter().enumerate().flat_map(|(index, service)| {
        (0..USERS).map(move |number| async move {
            let user = if index == 1 { USERS - 1 - number } else { number };
            update_until_accepted(service, &format!("u{user}"), &format!("S{index}")).await
        })
    });
    // Each user gets the versions 1, 2 and 3.
    assert_eq!(join_all(updates).await.into_iter().sum::<u64>(), USERS * 6);
    for service in services {
        service.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sweeps_find_each_row_once() {
    const USERS: usize = 400;
    let server = server().await;
    let services = join_all((0..SERVICE_COUNT).map(|_| UserService::start(&server))).await;
    let names: Vec<String> = (0..USERS).map(|user| format!("u{user}")).collect();
    join_all(names.iter().map(|name| services[0].update(name, "Ada"))).await;
    let options = server.url().parse::<sqlx::postgres::PgConnectOptions>().unwrap();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    let due = "UPDATE users SET ledger = jsonb_set(ledger::jsonb, '{wakeAt}', '1')::text, due_at = 1";
    sqlx::raw_sql(due).execute(&mut connection).await.unwrap();
    let mut found = 0;
    let mut rounds = BTreeSet::new();
    while found < USERS {
        let swept = join_all(services.iter().map(|service| service.sweep(50))).await;
        let of_round: usize = swept.iter().sum();
        assert!(of_round > 0, "only {found} of {USERS} rows were found");
        found += of_round;
        rounds.insert(found);
    }
    assert_eq!(found, USERS, "a row was found twice; in rounds: {rounds:?}");
    for service in services {
        service.close().await;
    }
}

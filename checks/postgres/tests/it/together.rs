//! Several user services at one database.

use std::collections::BTreeSet;

use contracts::ErrorCode;
use futures_util::future::join_all;
use testing::wait::until;

use crate::desk::{CEILING, Desk, server};

const SERVICES: usize = 3;

/// The version of a change that is made in the end. Where a slow disk keeps a commit, others that want the row are told
/// to send their changes again; if one was made all the same, the versions tell.
async fn patient_update(desk: &Desk, user: &str, first_name: &str) -> u64 {
    until("a change that is taken", CEILING, async || {
        match desk.update(user, first_name).await {
            Ok(updated) => Some(updated.sync.version),
            Err(refused) if refused.code == ErrorCode::Unavailable => None,
            Err(refused) => panic!("{refused:?}"),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_user_through_several_services_get_versions_of_their_own_and_the_last_one_stands() {
    const EACH: usize = 200;
    let server = server().await;
    let desks = join_all((0..SERVICES).map(|_| Desk::at(&server))).await;
    // Nobody has made the user before: all of them try to.
    let asked = desks.iter().enumerate().flat_map(|(service, desk)| {
        (0..EACH).map(move |number| async move {
            let name = format!("S{service}-{number}");
            (patient_update(desk, "hot", &name).await, name)
        })
    });
    let mut answers = join_all(asked).await;
    answers.sort();
    let versions: Vec<u64> = answers.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=(SERVICES * EACH) as u64).collect::<Vec<_>>());
    let row = desks[0].row("hot").await.unwrap();
    assert_eq!(
        row.user().values[&contracts::Field::FIRST_NAME],
        Some(answers.pop().unwrap().1)
    );
    for desk in desks {
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_users_made_at_once_through_several_services_are_all_there_once() {
    const USERS: u64 = 600;
    let server = server().await;
    let desks = join_all((0..SERVICES).map(|_| Desk::at(&server))).await;
    // Each service is given each user, in another order.
    let asked = desks.iter().enumerate().flat_map(|(service, desk)| {
        (0..USERS).map(move |number| async move {
            let user = if service == 1 { USERS - 1 - number } else { number };
            patient_update(desk, &format!("u{user}"), &format!("S{service}")).await
        })
    });
    // Versions 1, 2 and 3 for each.
    assert_eq!(join_all(asked).await.into_iter().sum::<u64>(), USERS * 6);
    for desk in desks {
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_of_several_services_at_once_find_each_row_once() {
    const USERS: usize = 400;
    let server = server().await;
    let desks = join_all((0..SERVICES).map(|_| Desk::at(&server))).await;
    let names: Vec<String> = (0..USERS).map(|user| format!("u{user}")).collect();
    join_all(names.iter().map(|name| desks[0].update(name, "Ada"))).await;
    let options = server.url().parse::<sqlx::postgres::PgConnectOptions>().unwrap();
    let mut beside = <sqlx::PgConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    let due = "UPDATE users SET ledger = jsonb_set(ledger::jsonb, '{wakeAt}', '1')::text, due_at = 1";
    sqlx::raw_sql(due).execute(&mut beside).await.unwrap();
    let mut found = 0;
    let mut rounds = BTreeSet::new();
    while found < USERS {
        let swept = join_all(desks.iter().map(|desk| desk.sweep(50))).await;
        let of_round: usize = swept.iter().sum();
        assert!(of_round > 0, "{found} of {USERS} rows were found, and no more");
        found += of_round;
        rounds.insert(found);
    }
    assert_eq!(found, USERS, "a row was found twice; in rounds: {rounds:?}");
    for desk in desks {
        desk.close().await;
    }
}

//! Two users that are linked to one contact at the same time.

use contracts::{ChangeLease, ErrorCode, Field, LinkUser, delivery::LeaseAction};
use futures_util::future::join_all;
use testing::postgres::{Options, PostgresServer};
use testing::wait::until;

use crate::support::user_service::{CEILING, UserService};

const PAIRS: usize = 200;

async fn take_lease(service: &UserService) {
    let ask = ChangeLease {
        holder: "w".to_owned(),
        account_id: "4711".to_owned(),
        action: LeaseAction::Hold,
        token: contracts::TokenState::Unknown,
    };
    let response = service.queue.run(ask, None).await;
    assert!(response.is_ok(), "{response:?}");
}

/// Links a user, and returns whether it was linked. It is not if another user has the contact.
async fn link(service: &UserService, user: &str, contact: &str) -> bool {
    until("a decision", CEILING, async || {
        let link = LinkUser {
            user_id: user.parse().unwrap(),
            contact_id: contact.parse().unwrap(),
        };
        match service.queue.run(link, None).await {
            Ok(_) => Some(true),
            Err(error) if error.code == ErrorCode::ContactHeld => Some(false),
            // The other transaction held the lease for too long.
            Err(error) if error.code == ErrorCode::Unavailable => None,
            other => panic!("{other:?}"),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_concurrent_links_to_a_contact_one_succeeds() {
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let settings = vec![("default_transaction_isolation".to_owned(), isolation.to_owned())];
        let options = Options {
            settings,
            ..Options::default()
        };
        let server = PostgresServer::start(options).await;
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let (one, other) = (
            UserService::start(&server).await,
            UserService::start(&server).await,
        );
        take_lease(&one).await;
        let users = (0..PAIRS).flat_map(|pair| [format!("a{pair}"), format!("b{pair}")]);
        let users: Vec<String> = users.collect();
        for made in join_all(users.iter().map(|user| one.update(user, "Ada"))).await {
            assert!(made.unwrap().user.values.contains_key(&Field::EMAIL));
        }
        for pair in 0..PAIRS {
            let contact = (1_000 + pair).to_string();
            let (first, second) = (format!("a{pair}"), format!("b{pair}"));
            let linked = tokio::join!(link(&one, &first, &contact), link(&other, &second, &contact));
            assert_eq!(
                usize::from(linked.0) + usize::from(linked.1),
                1,
                "{isolation}, pair {pair}: {linked:?}"
            );
        }
        one.close().await;
        other.close().await;
    }
}

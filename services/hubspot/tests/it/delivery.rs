//! The usual ways of a change to its contact.

use contracts::{Field, FieldResult, LinkOrigin};

use sandbox::{Action, CutPoint, Fault};

use crate::harness::{CEILING, Stack};

const NAME: Field = Field::FIRST_NAME;

#[tokio::test]
async fn a_change_reaches_the_contact_with_the_users_address() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack
        .users
        .change(
            "1",
            &[
                (Field::EMAIL, "bh@hubspot.com"),
                (NAME, "Ada"),
                (Field::LAST_NAME, "Lovelace"),
            ],
        )
        .await;
    stack.users.wait_until_settled("1").await;
    assert_eq!(
        stack.property("bh@hubspot.com", "firstname").as_deref(),
        Some("Ada")
    );
    assert_eq!(
        stack.property("bh@hubspot.com", "lastname").as_deref(),
        Some("Lovelace")
    );
    let verdicts = stack.users.verdicts("1");
    assert_eq!(
        verdicts[0].link.as_ref().map(|link| link.origin),
        Some(LinkOrigin::PrimaryAddress)
    );
    assert!(
        verdicts[0].written.is_empty(),
        "the link is recorded before anything is written"
    );
    assert_eq!(stack.users.outcome("1", NAME), Some(FieldResult::Confirmed));
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_user_without_a_contact_gets_one_where_the_settings_say_so() {
    let stack = Stack::start().await;
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    let change = [(Field::EMAIL, "Nobody@example.com"), (NAME, "Ada")];
    stack.users.change("1", &change).await;
    stack.users.wait_until_settled("1").await;
    assert_eq!(
        stack.property("nobody@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    let verdicts = stack.users.verdicts("1");
    let found = verdicts
        .iter()
        .filter_map(|verdict| Some(verdict.link.as_ref()?.origin));
    assert_eq!(found.collect::<Vec<_>>(), [LinkOrigin::Created]);
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_create_that_is_carried_out_without_an_answer_makes_one_contact_only() {
    let stack = Stack::start().await;
    let worker = stack
        .start_worker(&[
            ("HUBSPOT_CONTACT_NOT_FOUND", "create"),
            ("HUBSPOT_TIMEOUT_MS", "300"),
        ])
        .await;
    let cut = Fault::new(Action::Cut {
        at: CutPoint::AfterEffect,
    })
    .on_path("batch/create")
    .times(1);
    stack.sandbox.add_fault(cut);
    let change = [(Field::EMAIL, "nobody@example.com"), (NAME, "Ada")];
    stack.users.change("1", &change).await;
    stack.users.wait_until_settled("1").await;
    let verdicts = stack.users.verdicts("1");
    assert!(verdicts[0].may_have_created);
    let found = verdicts
        .iter()
        .filter_map(|verdict| Some(verdict.link.as_ref()?.origin));
    assert_eq!(found.collect::<Vec<_>>(), [LinkOrigin::PrimaryAddress]);
    assert_eq!(
        stack.property("nobody@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    worker.stop().await;
}

#[tokio::test]
async fn an_address_that_hubspot_takes_for_another_one_does_not_link() {
    let stack = Stack::start().await;
    let anke = [("email", "anke@example.com"), ("firstname", "Anke")];
    stack.sandbox.create_contact(anke).expect("a new contact");
    let worker = stack.worker().await;
    // The Kelvin sign becomes a k in lower case. The user service refuses it; an older one may have stored it.
    let change = [(Field::EMAIL, "an\u{212a}e@example.com"), (NAME, "Mallory")];
    stack.users.change("1", &change).await;
    let failed = || {
        stack
            .users
            .verdicts("1")
            .into_iter()
            .find_map(|verdict| verdict.failure)
    };
    let failure = testing::wait::until("the lookup to fail", CEILING, async || failed()).await;
    assert_eq!(failure.reason.code, "ADDRESS_NOT_SHOWN");
    worker.stop().await;
    assert!(
        stack
            .users
            .verdicts("1")
            .iter()
            .all(|verdict| verdict.link.is_none())
    );
    assert_eq!(
        stack.property("anke@example.com", "firstname").as_deref(),
        Some("Anke")
    );
}

#[tokio::test]
async fn a_user_without_a_contact_is_missing() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack
        .users
        .change("1", &[(Field::EMAIL, "nobody@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_settled("1").await;
    assert_eq!(stack.users.outcome("1", NAME), Some(FieldResult::NotFound));
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_flood_travels_in_batches() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    for number in 0..300 {
        let email = format!("user{number}@example.com");
        stack.contact(&email);
        stack
            .users
            .change(
                &format!("u{number}"),
                &[(Field::EMAIL, email.as_str()), (NAME, "Ada")],
            )
            .await;
    }
    for number in 0..300 {
        stack.users.wait_until_settled(&format!("u{number}")).await;
        let email = format!("user{number}@example.com");
        assert_eq!(stack.property(&email, "firstname").as_deref(), Some("Ada"));
    }
    assert!(
        stack
            .sandbox
            .calls()
            .iter()
            .all(|call| call.status.is_some_and(|status| status != 429))
    );
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn the_latest_of_many_changes_is_what_the_contact_holds() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("a@example.com");
    for number in 0..40 {
        let name = format!("name {number}");
        stack
            .users
            .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, name.as_str())])
            .await;
    }
    testing::wait::until("the latest name", CEILING, async || {
        let held = stack.property("a@example.com", "firstname");
        if held.as_deref() == Some("name 39") {
            Ok(())
        } else {
            Err(held)
        }
    })
    .await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_refused_address_does_not_hold_back_the_name() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("a@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_settled("1").await;
    stack
        .users
        .change("1", &[(Field::EMAIL, "not an address"), (NAME, "Grace")])
        .await;
    stack.users.wait_until_settled("1").await;
    assert_eq!(
        stack.property("a@example.com", "firstname").as_deref(),
        Some("Grace")
    );
    let Some(FieldResult::Rejected { reason }) = stack.users.outcome("1", Field::EMAIL) else {
        panic!("not refused: {:?}", stack.users.verdicts("1"))
    };
    assert_eq!(reason.code, "INVALID_EMAIL");
    worker.stop().await;
}

#[tokio::test]
async fn a_taken_address_leads_to_the_contact_that_holds_it() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("a@example.com");
    let holder = stack.contact("b@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_settled("1").await;
    stack.users.change("1", &[(Field::EMAIL, "b@example.com")]).await;
    stack.users.wait_until_settled("1").await;
    testing::wait::until("the name on the other contact", CEILING, async || {
        stack.property("b@example.com", "firstname").as_deref() == Some("Ada")
    })
    .await;
    let followed = stack
        .users
        .verdicts("1")
        .into_iter()
        .filter_map(|verdict| verdict.link)
        .next_back()
        .unwrap();
    assert_eq!(
        (followed.contact_id, followed.origin),
        (holder, LinkOrigin::Followed)
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_merged_contact_is_written_under_its_new_id() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    let former = stack.contact("a@example.com");
    let other = stack.contact("b@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_settled("1").await;
    let merged = stack.sandbox.merge(&former, &other).unwrap().id.to_string();
    assert_ne!(merged, former);
    stack.users.change("1", &[(NAME, "Grace")]).await;
    stack.users.wait_until_settled("1").await;
    let contact = stack.sandbox.contact(&merged).unwrap();
    assert_eq!(
        contact.properties.get("firstname").map(String::as_str),
        Some("Grace")
    );
    let links = stack
        .users
        .verdicts("1")
        .into_iter()
        .filter_map(|verdict| verdict.link);
    assert_eq!(
        links.last().map(|link| (link.contact_id, link.origin)),
        Some((merged, LinkOrigin::Merged))
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_was_archived_is_missing_and_keeps_nobody_waiting() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    let contact = stack.contact("a@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_settled("1").await;
    stack.sandbox.archive(contact).unwrap();
    stack.users.change("1", &[(NAME, "Grace")]).await;
    stack.users.wait_until_settled("1").await;
    assert_eq!(stack.users.outcome("1", NAME), Some(FieldResult::NotFound));
    worker.stop().await;
}

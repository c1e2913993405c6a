//! How changes usually reach their contacts.

use contracts::{Field, FieldResult, LinkOrigin};
use sandbox::{Action, CutPoint, Fault};
use testing::wait::until;
use user::rules::Row;

use crate::harness::{CEILING, Stack};

const NAME: Field = Field::FIRST_NAME;

/// How the contacts of user 1 were found, in this order.
async fn link_origins(stack: &Stack) -> Vec<LinkOrigin> {
    let links = stack.users.reported_links("1").await;
    links.iter().map(|link| link.origin).collect()
}

/// The last contact of user 1, and how it was found.
async fn last_link(stack: &Stack) -> (String, LinkOrigin) {
    let link = stack.users.reported_links("1").await.pop().unwrap();
    (link.contact_id, link.origin)
}

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
    stack.users.wait_until_clean("1").await;
    assert_eq!(
        stack.property("bh@hubspot.com", "firstname").as_deref(),
        Some("Ada")
    );
    assert_eq!(
        stack.property("bh@hubspot.com", "lastname").as_deref(),
        Some("Lovelace")
    );
    let results = stack.users.reported("1").await;
    assert_eq!(
        results[0].link.as_ref().map(|link| link.origin),
        Some(LinkOrigin::PrimaryAddress)
    );
    assert!(
        results[0].written.is_empty(),
        "the link is reported before anything is written"
    );
    assert_eq!(stack.users.result("1", NAME), Some(FieldResult::CONFIRMED));
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_is_created_if_the_settings_say_so() {
    let stack = Stack::start().await;
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    let change = [(Field::EMAIL, "Nobody@example.com"), (NAME, "Ada")];
    stack.users.change("1", &change).await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(
        stack.property("nobody@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    assert_eq!(link_origins(&stack).await, [LinkOrigin::Created]);
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_create_without_an_answer_makes_one_contact_only() {
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
    stack.users.wait_until_clean("1").await;
    assert!(stack.users.reported("1").await[0].may_have_created);
    assert_eq!(link_origins(&stack).await, [LinkOrigin::PrimaryAddress]);
    assert_eq!(
        stack.property("nobody@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    worker.stop().await;
}

#[tokio::test]
async fn an_address_that_hubspot_takes_for_another_does_not_link() {
    let stack = Stack::start().await;
    let anke = [("email", "anke@example.com"), ("firstname", "Anke")];
    stack.sandbox.create_contact(anke).expect("a new contact");
    let change = [(Field::EMAIL, "mallory@example.com"), (NAME, "Mallory")];
    stack.users.change("1", &change).await;
    // The Kelvin sign becomes a k in lower case. The user service rejects it; an older one may have stored it.
    let kelvin = "an\u{212a}e@example.com".to_owned();
    let edit = |row: &mut Row| row.fields[Field::EMAIL].value = Some(kelvin.into());
    stack.users.edit_row("1", edit).await;
    let worker = stack.worker().await;
    let failure = until("the lookup to fail", CEILING, async || {
        stack.failures("1").await.pop()
    })
    .await;
    assert_eq!(failure.reason.code, "ADDRESS_NOT_SHOWN");
    worker.stop().await;
    assert_eq!(stack.users.reported_links("1").await, []);
    assert_eq!(
        stack.property("anke@example.com", "firstname").as_deref(),
        Some("Anke")
    );
}

#[tokio::test]
async fn a_user_without_a_contact_is_not_found() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack
        .users
        .change("1", &[(Field::EMAIL, "nobody@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(stack.users.result("1", NAME), Some(FieldResult::NotFound));
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn many_changes_are_sent_in_batches() {
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
        stack.users.wait_until_clean(&format!("u{number}")).await;
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
async fn the_contact_holds_the_last_of_many_changes() {
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
    until("the latest name", CEILING, async || {
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
async fn a_rejected_address_does_not_hold_back_the_name() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("a@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_clean("1").await;
    stack
        .users
        .change("1", &[(Field::EMAIL, "ada@example.test"), (NAME, "Grace")])
        .await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(
        stack.property("a@example.com", "firstname").as_deref(),
        Some("Grace")
    );
    let Some(FieldResult::Rejected { reason }) = stack.users.result("1", Field::EMAIL) else {
        panic!("not rejected: {:?}", stack.users.reported("1").await)
    };
    assert_eq!(reason.code, "INVALID_EMAIL");
    worker.stop().await;
}

#[tokio::test]
async fn an_address_in_conflict_leads_to_the_contact_that_has_it() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("a@example.com");
    let holder = stack.contact("b@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_clean("1").await;
    stack.users.change("1", &[(Field::EMAIL, "b@example.com")]).await;
    stack.users.wait_until_clean("1").await;
    until("the name on the other contact", CEILING, async || {
        stack.property("b@example.com", "firstname").as_deref() == Some("Ada")
    })
    .await;
    assert_eq!(last_link(&stack).await, (holder, LinkOrigin::Followed));
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
    stack.users.wait_until_clean("1").await;
    let merged = stack.sandbox.merge(&former, &other).unwrap().id.to_string();
    assert_ne!(merged, former);
    stack.users.change("1", &[(NAME, "Grace")]).await;
    stack.users.wait_until_clean("1").await;
    let contact = stack.sandbox.contact(&merged).unwrap();
    assert_eq!(
        contact.properties.get("firstname").map(String::as_str),
        Some("Grace")
    );
    assert_eq!(last_link(&stack).await, (merged, LinkOrigin::Merged));
    worker.stop().await;
}

#[tokio::test]
async fn an_archived_contact_is_not_found_and_the_user_is_clean() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    let contact = stack.contact("a@example.com");
    stack
        .users
        .change("1", &[(Field::EMAIL, "a@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_clean("1").await;
    stack.sandbox.archive(contact).unwrap();
    stack.users.change("1", &[(NAME, "Grace")]).await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(stack.users.result("1", NAME), Some(FieldResult::NotFound));
    worker.stop().await;
}

//! Faults of the account: the line stops and says why, nobody is charged, and it resumes alone.

use contracts::FieldResult;
use futures_util::future::join_all;
use hubspot::client::Credentials;
use runtime::settings::SecretSource;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError, Switches};

use super::{NAME, failures, linked, switch, user, wait_until_confirmed};
use crate::harness::{Stack, Worker};

/// What goes wrong.
enum Trouble {
    With(Fault),
    Set(fn(&mut Switches)),
}

/// Nothing reaches HubSpot, the line says why, and both users owe as before.
async fn stands_still(stack: &Stack, worker: &Worker, sentence: &str) {
    stack.users.gather(2);
    for number in 0..2 {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    worker.wait_for_status(sentence).await;
    assert!(!worker.registry.report().ready, "{sentence}");
    assert!((0..2).all(|number| stack.users.owes(&user(number), NAME)));
}

/// Both users are confirmed by the same worker, and were neither charged nor refused.
async fn goes_on(stack: &Stack, worker: Worker) {
    wait_until_confirmed(stack, 0..2, "Ada").await;
    worker.wait_for_status("delivering").await;
    for number in 0..2 {
        assert!(failures(stack, number).iter().all(|failure| !failure.is_counted));
        let verdicts = stack.users.verdicts(&user(number));
        let mut outcomes = verdicts.iter().flat_map(|verdict| verdict.field_results.values());
        assert!(
            outcomes.all(|outcome| *outcome == FieldResult::Confirmed),
            "{verdicts:?}"
        );
    }
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

async fn stops_and_resumes(trouble: Trouble, sentence: &str) {
    let stack = linked(2).await;
    let worker = stack.worker().await;
    let before = stack.sandbox.switches();
    match trouble {
        Trouble::With(fault) => drop(stack.sandbox.add_fault(fault)),
        Trouble::Set(change) => switch(&stack, change),
    }
    stands_still(&stack, &worker, sentence).await;
    stack.sandbox.clear_faults();
    stack.sandbox.set_switches(before);
    goes_on(&stack, worker).await;
}

fn page(error: KnownError) -> Fault {
    Fault::new(Action::Answer {
        error,
        body: Some(BodyKind::Html),
        retry_after: None,
        effect: Effect::None,
    })
}

#[tokio::test]
async fn each_fault_of_the_account_stops_the_line_until_it_is_mended() {
    let unknown = |switches: &mut Switches| switches.unknown_property = Some("firstname".into());
    let read_only = |switches: &mut Switches| switches.read_only_property = Some("firstname".into());
    let scopes = |switches: &mut Switches| {
        switches.missing_scopes = vec!["crm.objects.contacts.write".into()];
    };
    let no_property = "the contact property firstname is unknown to the HubSpot account or read-only";
    let cases = [
        (
            Trouble::With(Fault::answer(KnownError::ExpiredToken)),
            "does not accept the token".to_owned(),
        ),
        (Trouble::Set(scopes), "the token lacks scopes".to_owned()),
        (
            Trouble::With(Fault::answer(KnownError::NotFound).on_path("batch/update")),
            "HubSpot does not know the path".to_owned(),
        ),
        (
            Trouble::With(page(KnownError::NotFound)),
            "HubSpot does not know the path".to_owned(),
        ),
        (
            Trouble::Set(unknown),
            format!("{no_property}; correct it there (PROPERTY_DOESNT_EXIST)"),
        ),
        (
            Trouble::Set(read_only),
            format!("{no_property}; correct it there (READ_ONLY_VALUE)"),
        ),
    ];
    join_all(cases.map(|(trouble, sentence)| async move { stops_and_resumes(trouble, &sentence).await }))
        .await;
}

#[tokio::test]
async fn a_day_that_is_used_up_and_an_account_on_the_move_are_left_alone_until_a_token_is_replaced() {
    let cases = [
        (
            KnownError::DailyLimit,
            "the account's calls of the day are used up",
        ),
        (
            KnownError::Migrating,
            "HubSpot moves the account between data centres",
        ),
    ];
    join_all(cases.map(|(error, sentence)| async move {
        let stack = linked(2).await;
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "sandbox-token").unwrap();
        stack.sandbox.set_tokens(["sandbox-token", "another-token"]);
        let mut config = stack.config(&[]);
        config.access.credentials = Credentials::Token(SecretSource::File(token.clone()));
        let worker = Stack::serve(config).await;
        worker.wait_for_status("delivering").await;
        let fault = stack.sandbox.add_fault(Fault::answer(error).times(1));
        stands_still(&stack, &worker, sentence).await;
        // The fault is over, which nobody tells; the wait is minutes long, and a new token ends it.
        std::fs::write(&token, "another-token").unwrap();
        goes_on(&stack, worker).await;
        assert_eq!(stack.sandbox.hits_of(fault), Some(1));
    }))
    .await;
}

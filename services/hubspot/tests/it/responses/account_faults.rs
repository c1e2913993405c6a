//! Faults of the account: delivery halts and says why, no failure counts against a user, and it resumes by itself.

use contracts::FieldResult;
use futures_util::future::join_all;
use hubspot::client::Credentials;
use runtime::settings::SecretSource;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError, Switches};

use super::{NAME, failures, linked, switch, user, wait_until_confirmed};
use crate::harness::{Stack, Worker};

/// What is wrong with the account.
enum AccountFault {
    Answer(Fault),
    Switch(fn(&mut Switches)),
}

/// Two changes halt delivery with this status, and both users stay dirty.
async fn check_halted(stack: &Stack, worker: &Worker, sentence: &str) {
    stack.pause(worker).await;
    for number in 0..2 {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    stack.resume(2).await;
    worker.wait_for_status(sentence).await;
    assert!(!worker.registry.report().ready, "{sentence}");
    assert!((0..2).all(|number| stack.users.is_dirty(&user(number), NAME)));
}

/// The same worker delivers both changes. No failure counted against a user, and no field was rejected.
async fn check_resumed(stack: &Stack, worker: Worker) {
    wait_until_confirmed(stack, 0..2, "Ada").await;
    worker.wait_for_status("delivering").await;
    for number in 0..2 {
        let failures = failures(stack, number).await;
        assert!(failures.iter().all(|failure| !failure.is_counted), "{failures:?}");
        let results = stack.users.reported(&user(number)).await;
        let mut of_fields = results.iter().flat_map(|result| result.field_results.values());
        assert!(
            of_fields.all(|result| *result == FieldResult::CONFIRMED),
            "{results:?}"
        );
    }
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

async fn check_halt(fault: AccountFault, sentence: &str) {
    let stack = linked(2).await;
    let worker = stack.worker().await;
    let before = stack.sandbox.switches();
    match fault {
        AccountFault::Answer(fault) => drop(stack.sandbox.add_fault(fault)),
        AccountFault::Switch(change) => switch(&stack, change),
    }
    check_halted(&stack, &worker, sentence).await;
    stack.sandbox.clear_faults();
    stack.sandbox.set_switches(before);
    check_resumed(&stack, worker).await;
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
async fn each_fault_of_the_account_halts_delivery_until_it_is_over() {
    let unknown = |switches: &mut Switches| switches.unknown_property = Some("firstname".into());
    let read_only = |switches: &mut Switches| switches.read_only_property = Some("firstname".into());
    let scopes = |switches: &mut Switches| {
        switches.missing_scopes = vec!["crm.objects.contacts.write".into()];
    };
    let no_property = "the contact property firstname is unknown to the HubSpot account or read-only";
    let cases = [
        (
            AccountFault::Answer(Fault::answer(KnownError::ExpiredToken)),
            "does not accept the token".to_owned(),
        ),
        (AccountFault::Switch(scopes), "the token lacks scopes".to_owned()),
        (
            AccountFault::Answer(Fault::answer(KnownError::NotFound).on_path("batch/update")),
            "HubSpot does not know the path".to_owned(),
        ),
        (
            AccountFault::Answer(page(KnownError::NotFound)),
            "HubSpot does not know the path".to_owned(),
        ),
        (
            AccountFault::Switch(unknown),
            format!("{no_property}; correct it there (PROPERTY_DOESNT_EXIST)"),
        ),
        (
            AccountFault::Switch(read_only),
            format!("{no_property}; correct it there (READ_ONLY_VALUE)"),
        ),
    ];
    join_all(cases.map(|(fault, sentence)| async move { check_halt(fault, &sentence).await })).await;
}

#[tokio::test]
async fn the_daily_limit_and_a_migration_end_early_with_a_new_token() {
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
        check_halted(&stack, &worker, sentence).await;
        // The fault is over, but the worker would ask again only after minutes. A new token makes it ask at once.
        std::fs::write(&token, "another-token").unwrap();
        check_resumed(&stack, worker).await;
        assert_eq!(stack.sandbox.hits_of(fault), Some(1));
    }))
    .await;
}

//! The client against the sandbox: each call, and each error.

use std::time::Duration;

use contracts::{Field, FieldDefinitions};
use hubspot::{
    client::{ApiVersion, Credentials, HubspotClient, Target},
    engine::{Call, CallErrorKind, RateLimit, Response},
};
use sandbox::{
    Action, BodyKind, ConflictBody, CutPoint, Effect, Fault, KnownError, MessageLanguage, Switches,
};

use crate::calls::{Caller, find, patch, read, update};

#[tokio::test]
async fn every_call_works_with_every_version() {
    for (_, version) in ApiVersion::CHOICES {
        let caller = Caller::with(version, Duration::from_secs(10)).await;
        caller.sandbox.set_switches(Switches {
            trace_ids_in_results: true,
            ..caller.sandbox.switches()
        });
        let id = caller.add("a@example.com");
        let expected = Response::Account {
            account_id: caller.sandbox.portal_id().to_string(),
            details_refused: false,
        };
        assert_eq!(caller.answer(&Call::Account).await, expected);
        let Response::Found { contacts, errors } =
            caller.answer(&find(&["a@example.com", "b@example.com"])).await
        else {
            panic!("not found")
        };
        assert_eq!(
            (contacts[0].id.as_str(), contacts[0].email.as_deref()),
            (id.as_str(), Some("a@example.com"))
        );
        assert_eq!(
            (contacts.len(), errors[0].ids.as_slice()),
            (1, &["b@example.com".to_owned()][..])
        );
        assert_eq!(errors[0].error.kind, CallErrorKind::NotFound);
        let updated = caller.answer(&update(&[(&id, "firstname", "Ada")])).await;
        let Response::Updated { results, errors } = updated else {
            panic!("not updated")
        };
        assert_eq!(
            (results[0].contact_id.as_str(), results[0].trace_id.as_deref()),
            (id.as_str(), Some("t-0"))
        );
        assert!(errors.is_empty());
        assert_eq!(caller.contact(&read(&id)).await.id, id);
        assert_eq!(
            caller
                .updated(&patch(&id, "lastname", "Lovelace"))
                .await
                .contact_id,
            id
        );
        let single = Call::FindSingle {
            address: "a@example.com".into(),
        };
        assert_eq!(caller.contact(&single).await.id, id);
        let contact = caller.sandbox.contact(&id).unwrap();
        let names: Vec<_> = ["firstname", "lastname"]
            .iter()
            .map(|name| contact.properties[*name].as_str())
            .collect();
        assert_eq!(names, ["Ada", "Lovelace"]);
    }
}

#[tokio::test]
async fn the_answer_to_a_write_and_a_read_back_show_what_was_written() {
    let caller = Caller::start().await;
    let id = caller.add("a@example.com");
    let set = caller.updated(&patch(&id, "firstname", "Ada")).await.values;
    assert_eq!(set, [(Field::FIRST_NAME, Some("Ada".into()))].into());
    let cleared = caller.updated(&patch(&id, "firstname", "")).await.values;
    assert_eq!(cleared, [(Field::FIRST_NAME, None)].into());
    let read_back = Call::ReadBack {
        contact_ids: vec![id.clone(), "999999".to_owned()],
    };
    let Response::Inspected(inspected) = caller.answer(&read_back).await else {
        panic!("not read")
    };
    let profile = &inspected.contacts[0];
    assert_eq!(
        (profile.contact.id.as_str(), profile.values.len()),
        (id.as_str(), Field::BUILT_IN.len())
    );
    assert!(profile.contact.shows_secondary_addresses());
    assert_eq!(inspected.errors[0].ids, ["999999"]);
}

#[tokio::test]
async fn the_limits_are_read_from_the_headers() {
    let caller = Caller::start().await;
    let limits = caller.answered(&Call::Account).await.rate_limits;
    assert_eq!((limits.max, limits.remaining), (Some(190), Some(189)));
    assert_eq!(limits.interval, Some(Duration::from_secs(10)));
    assert!(limits.daily.is_some() && limits.daily_remaining.is_some());
}

#[tokio::test]
async fn each_error_has_the_kind_that_it_means() {
    let caller = Caller::start().await;
    let id = caller.add("a@example.com");
    let server_fault = || CallErrorKind::ServerError { retry_after: None };
    let cases = [
        (KnownError::InvalidToken, CallErrorKind::Unauthorized),
        (KnownError::ExpiredToken, CallErrorKind::Unauthorized),
        (KnownError::MissingScopes, CallErrorKind::MissingScopes),
        (KnownError::NotFound, CallErrorKind::NoSuchPath),
        (KnownError::RequestTimeout, server_fault()),
        (KnownError::Locked, CallErrorKind::Locked),
        (
            KnownError::BurstLimit,
            CallErrorKind::RateLimited {
                limit: RateLimit::Window,
                retry_after: None,
            },
        ),
        (
            KnownError::DailyLimit,
            CallErrorKind::RateLimited {
                limit: RateLimit::Day,
                retry_after: None,
            },
        ),
        (KnownError::Server(500), server_fault()),
        (KnownError::Server(502), server_fault()),
        (KnownError::Server(524), server_fault()),
        (KnownError::Server(530), server_fault()),
    ];
    let languages = [MessageLanguage::English, MessageLanguage::German];
    let in_each = |case: (KnownError, CallErrorKind)| languages.map(|language| (language, case.clone()));
    for (message_language, (error, kind)) in cases.into_iter().flat_map(in_each) {
        caller.sandbox.set_switches(Switches {
            message_language,
            ..Switches::default()
        });
        let fault = caller.sandbox.add_fault(Fault::answer(error));
        let problem = caller.problem(&update(&[(&id, "firstname", "Ada")])).await;
        assert_eq!(problem.kind, kind, "{error:?}");
        assert_eq!(problem.reason.status, Some(error.status()));
        caller.sandbox.remove_fault(fault);
    }
    caller.sandbox.add_fault(Fault::answer(KnownError::Migrating));
    let moving = caller.kind(&Call::Account).await;
    assert!(
        matches!(moving, CallErrorKind::AccountMoving { retry_after: Some(_) }),
        "{moving:?}"
    );
}

#[tokio::test]
async fn the_status_is_kept_whatever_the_body_is() {
    let caller = Caller::start().await;
    for body in [BodyKind::Json, BodyKind::Html, BodyKind::Empty] {
        let (error, retry_after, effect) = (KnownError::Server(503), Some(9), Effect::None);
        let action = Action::Answer {
            error,
            body: Some(body),
            retry_after,
            effect,
        };
        let fault = caller.sandbox.add_fault(Fault::new(action));
        let kind = caller.kind(&Call::Account).await;
        assert_eq!(
            kind,
            CallErrorKind::ServerError {
                retry_after: Some(Duration::from_secs(9))
            },
            "{body:?}"
        );
        caller.sandbox.remove_fault(fault);
    }
}

#[tokio::test]
async fn a_call_that_may_still_apply_differs_from_one_that_cannot() {
    let caller = Caller::with(ApiVersion::default(), Duration::from_millis(300)).await;
    let id = caller.add("a@example.com");
    let call = patch(&id, "firstname", "Ada");
    let hang = Action::Hang {
        ms: 5_000,
        effect: Effect::None,
    };
    let cuts =
        [CutPoint::BeforeEffect, CutPoint::AfterEffect, CutPoint::MidAnswer].map(|at| Action::Cut { at });
    for action in [hang].into_iter().chain(cuts) {
        let fault = caller.sandbox.add_fault(Fault::new(action.clone()).times(1));
        assert_eq!(caller.kind(&call).await, CallErrorKind::NoResponse, "{action:?}");
        caller.sandbox.remove_fault(fault);
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let target = Target::sandbox(&address, ApiVersion::default()).unwrap();
    let client = HubspotClient::new(target, Credentials::fixed("t"), Duration::from_secs(2)).unwrap();
    let Response::Error(problem) = client.perform(&call, FieldDefinitions::built_in()).await.response else {
        panic!("nothing listens there")
    };
    assert_eq!(problem.kind, CallErrorKind::Unreachable);
}

#[tokio::test]
async fn a_partial_batch_has_a_result_for_each_input() {
    let caller = Caller::start().await;
    let good = caller.add("a@example.com");
    let bad = caller.add("b@example.com");
    let taker = caller.add("c@example.com");
    let call = update(&[
        (&good, "firstname", "Ada"),
        (&bad, "email", "nope"),
        (&taker, "email", "a@example.com"),
        ("999999", "firstname", "Nobody"),
    ]);
    for conflict_body in [
        ConflictBody::WithId,
        ConflictBody::WithoutId,
        ConflictBody::ObjectAlreadyExists,
    ] {
        caller.sandbox.set_switches(Switches {
            conflict_body,
            trace_ids_in_results: true,
            ..Switches::default()
        });
        let Response::Updated { results, errors } = caller.answer(&call).await else {
            panic!("not a batch")
        };
        assert_eq!(
            results
                .iter()
                .map(|result| result.trace_id.as_deref())
                .collect::<Vec<_>>(),
            [Some("t-0")]
        );
        let error = |trace: &str| {
            let of = errors
                .iter()
                .find(|error| error.trace_ids.contains(&trace.to_owned()));
            of.unwrap_or_else(|| panic!("{trace} is not in {errors:?}"))
                .error
                .kind
                .clone()
        };
        let CallErrorKind::Invalid { fields } = error("t-1") else {
            panic!("not invalid")
        };
        assert_eq!(fields[&Field::EMAIL].code, "INVALID_EMAIL");
        assert_eq!(error("t-2"), CallErrorKind::Conflict);
        assert_eq!(error("t-3"), CallErrorKind::NotFound);
        let single = caller.kind(&patch(&taker, "email", "a@example.com")).await;
        assert_eq!(single, CallErrorKind::Conflict);
    }
}

#[tokio::test]
async fn a_batch_omits_a_former_id_and_a_single_call_follows_it() {
    let caller = Caller::start().await;
    let former = caller.add("a@example.com");
    let other = caller.add("b@example.com");
    let merged = caller.sandbox.merge(&former, &other).unwrap().id.to_string();
    let Response::Updated { results, errors } =
        caller.answer(&update(&[(&former, "firstname", "Ada")])).await
    else {
        panic!("not a batch")
    };
    assert!(results.is_empty() && errors.is_empty());
    assert_eq!(caller.contact(&read(&former)).await.id, merged);
    assert_eq!(
        caller
            .updated(&patch(&former, "firstname", "Ada"))
            .await
            .contact_id,
        merged
    );
    let Response::Found { contacts, .. } = caller.answer(&find(&["b@example.com"])).await else {
        panic!("not found")
    };
    assert_eq!(contacts[0].id, merged);
    assert!(
        contacts[0]
            .secondary_addresses()
            .contains(&"b@example.com".to_owned()),
        "{contacts:?}"
    );
}

#[tokio::test]
async fn an_unknown_contact_differs_from_an_unknown_path() {
    let caller = Caller::start().await;
    assert_eq!(caller.kind(&read("999999")).await, CallErrorKind::NotFound);
    assert_eq!(
        caller.kind(&patch("999999", "firstname", "Ada")).await,
        CallErrorKind::NotFound
    );
    let single = Call::FindSingle {
        address: "nobody+x@example.com".into(),
    };
    assert_eq!(caller.kind(&single).await, CallErrorKind::NotFound);
    let target = Target::sandbox(
        &format!("{}/elsewhere", caller.sandbox.url()),
        ApiVersion::default(),
    )
    .unwrap();
    let client = HubspotClient::new(
        target,
        Credentials::fixed("sandbox-token"),
        Duration::from_secs(5),
    )
    .unwrap();
    let Response::Error(problem) = client
        .perform(
            &update(&[("1", "firstname", "Ada")]),
            FieldDefinitions::built_in(),
        )
        .await
        .response
    else {
        panic!("there is no such path")
    };
    assert_eq!(problem.kind, CallErrorKind::NoSuchPath);
}

#[tokio::test]
async fn a_wrong_token_is_not_accepted() {
    let caller = Caller::start().await;
    caller.sandbox.set_tokens(["another"]);
    let problem = caller.problem(&Call::Account).await;
    assert_eq!(problem.kind, CallErrorKind::Unauthorized);
    assert!(problem.reason.correlation_id.is_some());
}

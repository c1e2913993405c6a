//! The JSON of lease, claim and pause.

use contracts::{
    ChangeLease, Claim, ClaimUsers, ControlDelivery, DeliveryAction, DeliveryControl, Field, FieldSet,
    LeaseAction, LeaseAnswer, Link, LinkOrigin, PossibleCreate, Priority, TokenState, UsersClaimed, Values,
};
use serde_json::json;

use crate::assert_json;

#[test]
fn each_lease_action_has_its_word() {
    let words = [
        (LeaseAction::Hold, "hold"),
        (LeaseAction::Release, "release"),
        (LeaseAction::Yield, "yield"),
    ];
    for (action, word) in words {
        let request = ChangeLease {
            holder: "w".to_owned(),
            account_id: "4711".to_owned(),
            action,
            token: TokenState::Unknown,
        };
        assert_json(
            &request,
            json!({ "holder": "w", "accountId": "4711", "action": word }),
        );
    }
}

#[test]
fn a_request_for_the_lease_says_what_is_known_about_the_token() {
    for (token, word) in [
        (TokenState::Accepted, "accepted"),
        (TokenState::Refused, "refused"),
    ] {
        let request = ChangeLease {
            holder: "w".to_owned(),
            account_id: "4711".to_owned(),
            action: LeaseAction::Hold,
            token,
        };
        assert_json(
            &request,
            json!({ "holder": "w", "accountId": "4711", "action": "hold", "token": word }),
        );
    }
    let later = json!({ "holder": "w", "accountId": "4711", "action": "hold", "token": "expiring" });
    let read: ChangeLease = serde_json::from_value(later).expect("an unknown state is no error");
    assert_eq!(read.token, TokenState::Unknown);
}

#[test]
fn each_answer_about_the_lease_has_its_json() {
    let granted = LeaseAnswer::Granted {
        epoch: 7,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: true,
        paused: false,
    };
    let json = json!({
        "answer": "granted", "epoch": 7, "ttlMs": 3000, "attemptTermMs": 60000, "mayYield": true
    });
    assert_json(&granted, json);
    let paused = LeaseAnswer::Granted {
        epoch: 7,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: false,
        paused: true,
    };
    let json = json!({
        "answer": "granted", "epoch": 7, "ttlMs": 3000, "attemptTermMs": 60000, "mayYield": false, "paused": true
    });
    assert_json(&paused, json);
    assert_json(
        &LeaseAnswer::Held {
            left_ms: 120,
            holder_refused: false,
        },
        json!({ "answer": "held", "leftMs": 120 }),
    );
    assert_json(
        &LeaseAnswer::Held {
            left_ms: 120,
            holder_refused: true,
        },
        json!({ "answer": "held", "leftMs": 120, "holderRefused": true }),
    );
    assert_json(&LeaseAnswer::Released, json!({ "answer": "released" }));
    let other = LeaseAnswer::OtherAccount {
        remembered: "4711".to_owned(),
    };
    assert_json(&other, json!({ "answer": "otherAccount", "remembered": "4711" }));
}

#[test]
fn a_claim_names_users_and_the_epoch() {
    let claim = ClaimUsers {
        holder: "w".to_owned(),
        epoch: 7,
        users: vec!["a".parse().unwrap(), "b".parse().unwrap()],
        limit: 100,
        fields_revision: None,
    };
    let json = json!({ "holder": "w", "epoch": 7, "users": ["a", "b"], "limit": 100 });
    assert_json(&claim, json);
}

#[test]
fn a_claim_has_all_values_dirty_fields_and_the_link() {
    let mut claim = Claim {
        request: None,
        user_id: "a".parse().unwrap(),
        attempt: 4.try_into().unwrap(),
        version: 3,
        generation: 5,
        priority: Priority::Live,
        values: [
            (Field::EMAIL, Some("ada@example.com".into())),
            (Field::LAST_NAME, None),
        ]
        .into(),
        dirty: FieldSet::from_iter([Field::LAST_NAME]),
        link: Some(Link {
            contact_id: "101".to_owned(),
            account_id: "4711".to_owned(),
            address: None,
            origin: LinkOrigin::Followed,
            shared: false,
        }),
        never_linked: false,
        possible_creates: Vec::new(),
        former_values: Values::new(),
        last_confirmed: Values::new(),
    };
    let mut json = json!({
        "userId": "a", "attempt": 4, "version": 3, "generation": 5, "priority": "live",
        "values": { "email": "ada@example.com", "lastName": null }, "dirty": ["lastName"],
        "link": { "contactId": "101", "accountId": "4711", "origin": "followed" }
    });
    assert_json(&claim, json.clone());
    claim.link = None;
    json.as_object_mut().unwrap().remove("link");
    assert_json(&claim, json.clone());
    claim.never_linked = true;
    let possible_create = |address: &str, in_doubt| PossibleCreate {
        address: address.to_owned(),
        in_doubt,
    };
    claim.possible_creates = vec![
        possible_create("eva@example.com", true),
        possible_create("ada@example.com", false),
    ];
    json["neverLinked"] = true.into();
    json["possibleCreates"] =
        json!([{ "address": "eva@example.com", "inDoubt": true }, { "address": "ada@example.com" }]);
    assert_json(&claim, json);
}

#[test]
fn an_answer_to_a_claim_lists_every_named_user() {
    let claimed = UsersClaimed {
        claims: Vec::new(),
        clean: vec!["a".parse().unwrap()],
        in_progress: vec!["b".parse().unwrap()],
        waiting: vec!["d".parse().unwrap()],
        left_out: vec!["c".parse().unwrap()],
        more_left_open: true,
    };
    let json = json!({
        "claims": [], "clean": ["a"], "inProgress": ["b"], "waiting": ["d"], "leftOut": ["c"], "moreLeftOpen": true
    });
    assert_json(&claimed, json);
}

#[test]
fn each_delivery_action_has_its_word() {
    let actions = [
        (DeliveryAction::Read, "read"),
        (DeliveryAction::Pause, "pause"),
        (DeliveryAction::Resume, "resume"),
    ];
    for (action, word) in actions {
        assert_json(&ControlDelivery { action }, json!({ "action": word }));
    }
    let mut control = DeliveryControl {
        paused: false,
        paused_since: None,
    };
    assert_json(&control, json!({ "paused": false }));
    control.paused = true;
    control.paused_since = Some("2026-11-24T02:00:00Z".to_owned());
    assert_json(
        &control,
        json!({ "paused": true, "pausedSince": "2026-11-24T02:00:00Z" }),
    );
}

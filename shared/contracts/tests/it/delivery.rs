//! Lease and claim.

use contracts::{
    ChangeLease, Claim, ClaimUsers, ControlDelivery, DeliveryAction, DeliveryControl, Field, FieldSet,
    LeaseAction, LeaseAnswer, Link, LinkOrigin, PossibleCreate, Priority, UsersClaimed,
};
use serde_json::json;

use crate::pin;

#[test]
fn a_worker_asks_for_the_lease_with_a_wish() {
    let words = [
        (LeaseAction::Hold, "hold"),
        (LeaseAction::Release, "release"),
        (LeaseAction::Yield, "yield"),
    ];
    for (wish, word) in words {
        let ask = ChangeLease {
            holder: "w".to_owned(),
            account_id: "4711".to_owned(),
            action: wish,
        };
        pin(
            &ask,
            json!({ "holder": "w", "accountId": "4711", "action": word }),
        );
    }
}

#[test]
fn the_lease_is_granted_held_released_or_of_another_account() {
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
    pin(&granted, json);
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
    pin(&paused, json);
    pin(
        &LeaseAnswer::Held { left_ms: 120 },
        json!({ "answer": "held", "leftMs": 120 }),
    );
    pin(&LeaseAnswer::Released, json!({ "answer": "released" }));
    let other = LeaseAnswer::OtherAccount {
        remembered: "4711".to_owned(),
    };
    pin(&other, json!({ "answer": "otherAccount", "remembered": "4711" }));
}

#[test]
fn users_are_claimed_by_name_under_an_epoch() {
    let claim = ClaimUsers {
        holder: "w".to_owned(),
        epoch: 7,
        users: vec!["a".parse().unwrap(), "b".parse().unwrap()],
        limit: 100,
    };
    let json = json!({ "holder": "w", "epoch": 7, "users": ["a", "b"], "limit": 100 });
    pin(&claim, json);
}

#[test]
fn a_claim_carries_every_value_the_owed_fields_and_the_link() {
    let mut claim = Claim {
        request: None,
        user_id: "a".parse().unwrap(),
        attempt: 4.try_into().unwrap(),
        version: 3,
        generation: 5,
        priority: Priority::Live,
        values: [
            (Field::EMAIL, Some("ada@example.com".to_owned())),
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
    };
    let mut json = json!({
        "userId": "a", "attempt": 4, "version": 3, "generation": 5, "priority": "live",
        "values": { "email": "ada@example.com", "lastName": null }, "dirty": ["lastName"],
        "link": { "contactId": "101", "accountId": "4711", "origin": "followed" }
    });
    pin(&claim, json.clone());
    claim.link = None;
    json.as_object_mut().unwrap().remove("link");
    pin(&claim, json.clone());
    claim.never_linked = true;
    let may_be = |address: &str, in_doubt| PossibleCreate {
        address: address.to_owned(),
        in_doubt,
    };
    claim.possible_creates = vec![may_be("eva@example.com", true), may_be("ada@example.com", false)];
    json["neverLinked"] = true.into();
    json["possibleCreates"] =
        json!([{ "address": "eva@example.com", "inDoubt": true }, { "address": "ada@example.com" }]);
    pin(&claim, json);
}

#[test]
fn the_answer_to_a_claim_accounts_for_every_user_named() {
    let given = UsersClaimed {
        claims: Vec::new(),
        clean: vec!["a".parse().unwrap()],
        in_progress: vec!["b".parse().unwrap()],
        left_out: vec!["c".parse().unwrap()],
        more_left_open: true,
    };
    let json = json!({
        "claims": [], "clean": ["a"], "inProgress": ["b"], "leftOut": ["c"], "moreLeftOpen": true
    });
    pin(&given, json);
}

#[test]
fn an_operator_pauses_and_resumes_the_line() {
    let wishes = [
        (DeliveryAction::Read, "read"),
        (DeliveryAction::Pause, "pause"),
        (DeliveryAction::Resume, "resume"),
    ];
    for (wish, word) in wishes {
        pin(&ControlDelivery { action: wish }, json!({ "action": word }));
    }
    let mut control = DeliveryControl {
        paused: false,
        paused_since: None,
    };
    pin(&control, json!({ "paused": false }));
    control.paused = true;
    control.paused_since = Some("2026-11-24T02:00:00Z".to_owned());
    pin(
        &control,
        json!({ "paused": true, "pausedSince": "2026-11-24T02:00:00Z" }),
    );
}

//! Pieces of work drawn at random, most of them sensible at the moment.

use std::collections::BTreeMap;

use contracts::{
    AttemptFailure, AttemptResult, ChangeLease, Claim, ClaimUsers, ControlDelivery, DeliveryAction, Field,
    FieldResult, FieldSet, ImportLine, LinkOrigin, LinkUser, NewLink, Priority, Reason, RepairUser,
    ReportResults, Retraction, UnlinkUser, UpdateForm, UpdateUser, UserId, Values, delivery::LeaseAction,
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use super::model::Model;
use super::operation::Work;

pub(super) const USERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// More than there are users, so that no selection is cut short.
const LIMIT: usize = 50;

fn users(rng: &mut StdRng) -> Vec<UserId> {
    let mut users: Vec<UserId> = USERS.iter().map(|user| user.parse().unwrap()).collect();
    users.retain(|_| rng.random_bool(0.4));
    users
}

pub(super) fn work(rng: &mut StdRng, model: &Model) -> Work {
    match rng.random_range(0..28) {
        23 => Work::Resync(users(rng)),
        24 => Work::Link(LinkUser {
            user_id: USERS.choose(rng).unwrap().parse().unwrap(),
            contact_id: contact(rng).parse().unwrap(),
        }),
        25 => Work::Unlink(UnlinkUser {
            user_id: USERS.choose(rng).unwrap().parse().unwrap(),
        }),
        26..28 => Work::Repair(repairs(rng, model)),
        21..23 => Work::Retry {
            users: users(rng),
            priority: *[Priority::Live, Priority::Backfill].choose(rng).unwrap(),
        },
        20 => Work::Line(ControlDelivery {
            action: *[
                DeliveryAction::Read,
                DeliveryAction::Pause,
                DeliveryAction::Resume,
            ]
            .choose(rng)
            .unwrap(),
        }),
        0..5 => Work::Update(update(rng)),
        5 => Work::Import(import_line(rng)),
        6..8 => Work::Lease(ChangeLease {
            holder: holder(rng),
            account_id: "4711".to_owned(),
            action: *[
                LeaseAction::Hold,
                LeaseAction::Hold,
                LeaseAction::Release,
                LeaseAction::Yield,
            ]
            .choose(rng)
            .unwrap(),
        }),
        8..11 => Work::Claim(claim(rng, model)),
        11..16 => {
            let verdicts = (0..rng.random_range(1..4)).filter_map(|_| verdict(rng, model));
            Work::Record(ReportResults {
                holder: model.last_holder().unwrap_or("a").to_owned(),
                results: verdicts.collect(),
                retractions: withdrawals(rng),
                claim: rng.random_bool(0.5).then(|| claim(rng, model)),
            })
        }
        16..18 => Work::Sweep {
            live: LIMIT,
            backfill: LIMIT,
        },
        18 => Work::WakeNow(users(rng)),
        _ => Work::WakeAnnounced { limit: LIMIT },
    }
}

/// Most of them decided at the turn that the user is at.
fn repairs(rng: &mut StdRng, model: &Model) -> Vec<RepairUser> {
    let generation = |user: &UserId| model.row(user.as_str()).map_or(1, |row| row.generation);
    let users = users(rng);
    let repair = |user_id: UserId| RepairUser {
        generation: generation(&user_id) + u64::from(rng.random_bool(0.2)),
        user_id,
        fields: FieldSet::from_iter([Field::FIRST_NAME]),
    };
    users.into_iter().map(repair).collect()
}

fn holder(rng: &mut StdRng) -> String {
    (*["x", "x", "y"].choose(rng).unwrap()).to_owned()
}

fn update(rng: &mut StdRng) -> UpdateUser {
    UpdateUser {
        user_id: USERS.choose(rng).unwrap().parse().unwrap(),
        form: *[UpdateForm::Json, UpdateForm::MergePatch].choose(rng).unwrap(),
        fields: fields(rng),
        if_match: rng.random_bool(0.1).then(|| rng.random_range(0..4)),
        idempotency_key: rng
            .random_bool(0.3)
            .then(|| format!("key-{}", rng.random_range(0..12))),
    }
}

fn import_line(rng: &mut StdRng) -> ImportLine {
    ImportLine {
        user_id: USERS.choose(rng).unwrap().parse().unwrap(),
        fields: fields(rng),
    }
}

fn fields(rng: &mut StdRng) -> Values {
    let mut fields = Values::new();
    if rng.random_bool(0.5) {
        let address = format!("{}@example.com", ["ada", "eva"].choose(rng).unwrap());
        fields.insert(Field::EMAIL, Some(address));
    }
    for field in [Field::FIRST_NAME, Field::LAST_NAME] {
        if rng.random_bool(0.5) {
            let name = rng
                .random_bool(0.8)
                .then(|| format!("Zoë \"{}\" 😀", rng.random::<u8>()));
            fields.insert(field, name);
        }
    }
    fields
}

fn claim(rng: &mut StdRng, model: &Model) -> ClaimUsers {
    let stale = rng.random_bool(0.1);
    ClaimUsers {
        holder: model.lease_holder().unwrap_or("x").to_owned(),
        epoch: model.epoch() + u64::from(stale),
        users: users(rng),
        limit: u32::try_from(LIMIT).unwrap(),
    }
}

fn withdrawals(rng: &mut StdRng) -> Vec<Retraction> {
    let withdrawal = |user_id| Retraction {
        user_id,
        field: Field::FIRST_NAME,
        code: "SOME".to_owned(),
    };
    if rng.random_bool(0.3) {
        users(rng).into_iter().map(withdrawal).collect()
    } else {
        Vec::new()
    }
}

fn verdict(rng: &mut StdRng, model: &Model) -> Option<AttemptResult> {
    let claim = model.claims().choose(rng)?;
    let reason = Reason {
        code: "SOME".to_owned(),
        category: Some("ANY".to_owned()),
        message: "in words".to_owned(),
        status: Some(502),
        correlation_id: Some("c".to_owned()),
    };
    let may_pass = rng.random_bool(0.5);
    let outcome = [
        FieldResult::Confirmed,
        FieldResult::Confirmed,
        FieldResult::NotFound,
        FieldResult::Rejected {
            reason: reason.clone(),
        },
        FieldResult::Conflict {
            reason: reason.clone(),
        },
        FieldResult::Failed {
            reason: reason.clone(),
            is_transient: may_pass,
        },
    ]
    .choose(rng)?
    .clone();
    let fails = rng.random_bool(0.3);
    let outcomes: BTreeMap<Field, FieldResult> = if fails {
        BTreeMap::new()
    } else {
        claim.dirty.iter().map(|field| (field, outcome.clone())).collect()
    };
    let written = if rng.random_bool(0.6) {
        claim.dirty
    } else {
        FieldSet::EMPTY
    };
    Some(AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: outcomes,
        written,
        may_apply_late: rng.random_bool(0.3),
        may_have_created: false,
        last_response: None,
        link: rng.random_bool(0.4).then(|| link(rng, claim)),
        confirmed_address: rng.random_bool(0.2).then(|| "ada@example.com".to_owned()),
        failure: fails.then_some(AttemptFailure {
            reason,
            is_counted: may_pass,
            is_transient: may_pass,
        }),
    })
}

/// Few contacts, so that users share them.
fn contact(rng: &mut StdRng) -> String {
    rng.random_range(1..4).to_string()
}

fn link(rng: &mut StdRng, claim: &Claim) -> NewLink {
    let found = [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
    ];
    NewLink {
        contact_id: contact(rng),
        account_id: "4711".to_owned(),
        address: claim.values.get(&Field::EMAIL).cloned().flatten(),
        origin: *found.choose(rng).unwrap(),
    }
}

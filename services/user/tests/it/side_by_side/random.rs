//! Operations drawn at random. Most of them fit the present rows.

use std::collections::BTreeMap;

use contracts::{
    AttemptFailure, AttemptResult, ChangeLease, Claim, ClaimUsers, Confirmation, ControlDelivery,
    DeliveryAction, Field, FieldDefinitions, FieldResult, FieldSet, ImportLine, LinkOrigin, LinkUser,
    NewLink, Priority, Reason, RepairUser, ReportResults, Retraction, SenderTry, TokenState, UnlinkUser,
    UpdateForm, UpdateUser, UserId, Values, WriteTarget, delivery::LeaseAction,
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use user::{
    operations::{
        DeleteExpiredKeys, RepairListed, ResyncListed, RetryListed, SweepUsers, WakePublishedUsers, WakeUsers,
    },
    store::{KeyPosition, memory::MemoryStore},
};

use super::{
    ALL,
    any_operation::{Answer, AnyOperation},
};

pub(super) const USERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// More than there are users, so that no selection reaches its limit.
const LIMIT: usize = 50;
/// Results are drawn for this many claims, the last ones.
const REMEMBERED_CLAIMS: usize = 12;

/// What workers and operators know: the rows, the lease, and the last claims.
pub(super) struct Known {
    store: MemoryStore,
    claims: Vec<Claim>,
}

impl Known {
    pub(super) fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            claims: Vec::new(),
        }
    }

    pub(super) fn learn(&mut self, answers: &[Answer]) {
        let claims = answers.iter().flat_map(Answer::claims);
        self.claims.extend(claims.cloned());
        let forgotten = self.claims.len().saturating_sub(REMEMBERED_CLAIMS);
        self.claims.drain(..forgotten);
    }

    /// The worker that was given the last claim.
    fn last_holder(&self) -> String {
        let row = self
            .claims
            .last()
            .and_then(|claim| self.store.row(&claim.user_id));
        row.map_or_else(|| "x".to_owned(), |row| row.holder.clone())
    }

    fn generation(&self, user_id: &UserId) -> u64 {
        self.store.row(user_id).map_or(1, |row| row.generation)
    }
}

fn user(rng: &mut StdRng) -> UserId {
    USERS.choose(rng).unwrap().parse().unwrap()
}

fn users(rng: &mut StdRng) -> Vec<UserId> {
    let mut users: Vec<UserId> = USERS.iter().map(|user| user.parse().unwrap()).collect();
    users.retain(|_| rng.random_bool(0.4));
    users
}

pub(super) fn operation(rng: &mut StdRng, known: &Known) -> AnyOperation {
    match rng.random_range(0..29) {
        0..5 => AnyOperation::Update(update(rng)),
        5 => AnyOperation::Import(import_line(rng)),
        6..8 => AnyOperation::Lease(change_lease(rng)),
        8..11 => AnyOperation::Claim(claim(rng, known)),
        11..16 => AnyOperation::Report(report(rng, known)),
        16..18 => AnyOperation::Sweep(SweepUsers {
            live: LIMIT,
            backfill: LIMIT,
        }),
        18 => AnyOperation::Wake(WakeUsers(users(rng))),
        19 => AnyOperation::WakeAnnounced(WakePublishedUsers { limit: LIMIT }),
        20 => AnyOperation::Control(ControlDelivery {
            action: *[
                DeliveryAction::Read,
                DeliveryAction::Pause,
                DeliveryAction::Resume,
            ]
            .choose(rng)
            .unwrap(),
        }),
        21..23 => AnyOperation::Retry(RetryListed {
            users: users(rng),
            priority: *[Priority::Live, Priority::Backfill].choose(rng).unwrap(),
        }),
        23 => AnyOperation::Resync(ResyncListed {
            users: users(rng),
            fields: rng
                .random_bool(0.5)
                .then(|| FieldSet::from_iter([Field::FIRST_NAME])),
        }),
        24 => AnyOperation::Link(LinkUser {
            user_id: user(rng),
            contact_id: contact(rng).parse().unwrap(),
        }),
        25 => AnyOperation::Unlink(UnlinkUser { user_id: user(rng) }),
        26 => AnyOperation::DeleteKeys(DeleteExpiredKeys {
            after: KeyPosition::default(),
            limit: ALL,
        }),
        _ => AnyOperation::Repair(RepairListed(repairs(rng, known))),
    }
}

/// Most of them name the present generation of their user.
fn repairs(rng: &mut StdRng, known: &Known) -> Vec<RepairUser> {
    let users = users(rng);
    let repair = |user_id: UserId| RepairUser {
        generation: known.generation(&user_id) + u64::from(rng.random_bool(0.2)),
        user_id,
        fields: FieldSet::from_iter([Field::FIRST_NAME]),
    };
    users.into_iter().map(repair).collect()
}

fn change_lease(rng: &mut StdRng) -> ChangeLease {
    ChangeLease {
        holder: (*["x", "x", "y"].choose(rng).unwrap()).to_owned(),
        account_id: "4711".to_owned(),
        action: *[
            LeaseAction::Hold,
            LeaseAction::Hold,
            LeaseAction::Release,
            LeaseAction::Yield,
        ]
        .choose(rng)
        .unwrap(),
        token: *[TokenState::Unknown, TokenState::Accepted, TokenState::Refused]
            .choose(rng)
            .unwrap(),
    }
}

fn report(rng: &mut StdRng, known: &Known) -> ReportResults {
    let results = (0..rng.random_range(1..4)).filter_map(|_| attempt_result(rng, known));
    ReportResults {
        holder: known.last_holder(),
        results: results.collect(),
        retractions: retractions(rng),
        claim: rng.random_bool(0.5).then(|| claim(rng, known)),
    }
}

fn update(rng: &mut StdRng) -> UpdateUser {
    UpdateUser {
        user_id: user(rng),
        form: *[UpdateForm::Json, UpdateForm::MergePatch].choose(rng).unwrap(),
        fields: fields(rng),
        if_match: rng.random_bool(0.1).then(|| rng.random_range(0..4)),
        idempotency_key: rng
            .random_bool(0.3)
            .then(|| format!("key-{}", rng.random_range(0..12))),
        sender_try: rng.random_bool(0.5).then(|| SenderTry {
            number: rng.random_range(0..60),
            first_try_age_ms: rng.random_bool(0.3).then(|| rng.random_range(0..100_000)),
        }),
    }
}

fn import_line(rng: &mut StdRng) -> ImportLine {
    ImportLine {
        user_id: user(rng),
        fields: fields(rng),
    }
}

fn fields(rng: &mut StdRng) -> Values {
    let mut fields = Values::new();
    if rng.random_bool(0.5) {
        let address = format!("{}@example.com", ["ada", "eva"].choose(rng).unwrap());
        fields.insert(Field::EMAIL, Some(address.into()));
    }
    for field in [Field::FIRST_NAME, Field::LAST_NAME] {
        if rng.random_bool(0.5) {
            let name = rng
                .random_bool(0.8)
                // Few enough that some values are equal to the stored ones.
                .then(|| format!("Zoë \"{}\" 😀", rng.random_range(0..6)).into());
            fields.insert(field, name);
        }
    }
    fields
}

fn claim(rng: &mut StdRng, known: &Known) -> ClaimUsers {
    let (lease, is_of_another_epoch) = (known.store.lease(), rng.random_bool(0.1));
    ClaimUsers {
        holder: lease.holder.unwrap_or_else(|| "x".to_owned()),
        epoch: lease.epoch + u64::from(is_of_another_epoch),
        users: users(rng),
        limit: u32::try_from(LIMIT).unwrap(),
        fields_revision: None,
    }
}

fn retractions(rng: &mut StdRng) -> Vec<Retraction> {
    let retraction = |user_id| Retraction {
        user_id,
        field: Field::FIRST_NAME,
        code: "SOME".to_owned(),
    };
    if rng.random_bool(0.3) {
        users(rng).into_iter().map(retraction).collect()
    } else {
        Vec::new()
    }
}

fn attempt_result(rng: &mut StdRng, known: &Known) -> Option<AttemptResult> {
    let claim = known.claims.choose(rng)?;
    let reason = Reason {
        code: "SOME".to_owned(),
        category: Some("ANY".to_owned()),
        message: "in words".to_owned(),
        status: Some(502),
        correlation_id: Some("c".to_owned()),
    };
    let is_transient = rng.random_bool(0.5);
    let result = [
        FieldResult::CONFIRMED,
        FieldResult::CONFIRMED,
        FieldResult::Confirmed(Confirmation::in_form("Ada".to_owned())),
        FieldResult::Confirmed(Confirmation::NOT_SHOWN),
        FieldResult::NotFound,
        FieldResult::Rejected {
            reason: reason.clone(),
        },
        FieldResult::Conflict {
            reason: reason.clone(),
        },
        FieldResult::Failed {
            reason: reason.clone(),
            is_transient,
        },
    ]
    .choose(rng)?
    .clone();
    let fails = rng.random_bool(0.3);
    let field_results: BTreeMap<Field, FieldResult> = if fails {
        BTreeMap::new()
    } else {
        claim.dirty.iter().map(|field| (field, result.clone())).collect()
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
        field_results,
        written,
        may_apply_late: rng.random_bool(0.3),
        cleared: if rng.random_bool(0.5) {
            FieldDefinitions::built_in().all()
        } else {
            FieldSet::EMPTY
        },
        target: rng
            .random_bool(0.6)
            .then(|| WriteTarget::contact("4711", &contact(rng))),
        may_have_created: false,
        last_response: None,
        link: rng.random_bool(0.4).then(|| link(rng, claim)),
        confirmed_address: rng.random_bool(0.2).then(|| "ada@example.com".to_owned()),
        lacks_address: rng.random_bool(0.1),
        failure: fails.then_some(AttemptFailure {
            reason,
            is_counted: is_transient,
            is_transient,
        }),
    })
}

/// Few contacts, so that users share them.
fn contact(rng: &mut StdRng) -> String {
    rng.random_range(1..4).to_string()
}

fn link(rng: &mut StdRng, claim: &Claim) -> NewLink {
    let origins = [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
    ];
    NewLink {
        contact_id: contact(rng),
        account_id: "4711".to_owned(),
        address: claim.address().map(str::to_owned),
        origin: *origins.choose(rng).unwrap(),
        primary_address: claim
            .address()
            .map(str::to_owned)
            .filter(|_| rng.random_bool(0.6)),
        former_ids: if rng.random_bool(0.2) {
            vec![contact(rng)]
        } else {
            Vec::new()
        },
    }
}

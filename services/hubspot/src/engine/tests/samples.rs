//! Claims, contacts and responses for the tests.

use std::{collections::BTreeMap, num::NonZeroU64, time::Duration};

use contracts::{
    Claim, Field, FieldDefinitions, LeaseAnswer, Link, LinkOrigin, Priority, Reason, UserId, Values,
};

use crate::engine::{
    ABSENT_ADDRESS, ABSENT_CONTACT_ID, Call, CallError, CallErrorKind, Check, Contact, CreateInput,
    InputError, Response, UpdateInput, WrittenContact,
};

pub(super) const ACCOUNT: &str = "62515";

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn id(text: &str) -> UserId {
    text.parse().expect("a valid id")
}

pub(super) fn reason(code: &str) -> Reason {
    Reason::ours(code, "in HubSpot's words")
}

pub(super) fn failed(kind: CallErrorKind) -> Response {
    Response::Error(CallError {
        kind,
        reason: reason("X"),
    })
}

pub(super) fn server_error() -> Response {
    failed(CallErrorKind::ServerError { retry_after: None })
}

/// What HubSpot answers to a check if nothing is wrong.
pub(super) fn passed(check: Check) -> Response {
    let not_found = |id: &str| InputError {
        ids: vec![id.to_owned()],
        trace_ids: Vec::new(),
        error: CallError {
            kind: CallErrorKind::NotFound,
            reason: reason("OBJECT_NOT_FOUND"),
        },
    };
    match check {
        Check::Writes => Response::Updated {
            results: Vec::new(),
            errors: vec![not_found(ABSENT_CONTACT_ID)],
        },
        Check::Lookups => Response::Found {
            contacts: Vec::new(),
            errors: vec![not_found(ABSENT_ADDRESS)],
        },
        Check::Property(_) => Response::Property { is_read_only: false },
    }
}

/// Every input listed as written, with the values that it has now.
pub(super) fn all_written(call: &Call) -> Response {
    if let Call::UpdateSingle { contact_id, values } = call {
        return Response::UpdatedSingle(WrittenContact {
            contact_id: contact_id.clone(),
            values: values.clone(),
            ..WrittenContact::default()
        });
    }
    Response::Updated {
        results: inputs(call).iter().map(written).collect(),
        errors: Vec::new(),
    }
}

pub(super) fn written(input: &UpdateInput) -> WrittenContact {
    WrittenContact {
        contact_id: input.contact_id.clone(),
        trace_id: Some(input.trace_id.clone()),
        values: input.values.clone(),
        additional_emails: None,
    }
}

/// The reasons of rejected fields, of which HubSpot named the properties. Only those of our fields reach the engine.
pub(super) fn rejected_fields(properties: &[&str], code: &str) -> BTreeMap<Field, Reason> {
    let definitions = FieldDefinitions::built_in();
    let fields = properties
        .iter()
        .filter_map(|property| definitions.by_property(property));
    fields.map(|field| (field, reason(code))).collect()
}

pub(super) fn error_of(input: &UpdateInput, kind: CallErrorKind) -> InputError {
    let error = CallError {
        kind,
        reason: reason("X"),
    };
    InputError {
        ids: Vec::new(),
        trace_ids: vec![input.trace_id.clone()],
        error,
    }
}

pub(super) fn inputs(call: &Call) -> &[UpdateInput] {
    match call {
        Call::Update { inputs } => inputs,
        other => panic!("not an update: {other:?}"),
    }
}

pub(super) fn creates(call: &Call) -> &[CreateInput] {
    match call {
        Call::Create { inputs } => inputs,
        other => panic!("not a create: {other:?}"),
    }
}

pub(super) fn contact(id: &str, email: &str) -> Contact {
    Contact {
        id: id.into(),
        email: Some(email.into()),
        additional_emails: Some(Vec::new()),
        former_ids: Vec::new(),
    }
}

/// A claim of a user that is not linked yet and has every field dirty.
pub(super) fn claim(user: &str) -> Claim {
    let value = |field: Field| match field {
        Field::EMAIL => format!("{user}@example.com"),
        named => format!("{} of {user}", named.name()),
    };
    Claim {
        request: None,
        user_id: id(user),
        attempt: NonZeroU64::MIN,
        version: 1,
        generation: 1,
        priority: Priority::Live,
        values: Field::BUILT_IN
            .into_iter()
            .map(|field| (field, Some(value(field).into())))
            .collect(),
        dirty: Field::BUILT_IN.into_iter().collect(),
        link: None,
        never_linked: true,
        possible_creates: Vec::new(),
        former_values: Values::new(),
        last_confirmed: Values::new(),
    }
}

/// A claim of a user linked to the contact `c-<user>` that has these fields dirty.
pub(super) fn linked(user: &str, dirty: &[Field]) -> Claim {
    let link = Link {
        contact_id: format!("c-{user}"),
        account_id: ACCOUNT.into(),
        address: Some(format!("old-{user}@example.com")),
        origin: LinkOrigin::PrimaryAddress,
        shared: false,
    };
    Claim {
        dirty: dirty.iter().copied().collect(),
        link: Some(link),
        never_linked: false,
        ..claim(user)
    }
}

pub(super) fn held(left_ms: u64) -> LeaseAnswer {
    LeaseAnswer::Held {
        left_ms,
        holder_refused: false,
    }
}

pub(super) fn granted(epoch: u64) -> LeaseAnswer {
    granted_as(epoch, false)
}

pub(super) fn granted_as(epoch: u64, paused: bool) -> LeaseAnswer {
    LeaseAnswer::Granted {
        epoch,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: false,
        paused,
    }
}

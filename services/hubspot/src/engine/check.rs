//! Checks: calls that name no existing record. If a check fails, the account is at fault; if it succeeds, the failure of another call of
//! its kind is that of its record.

use std::time::Duration;

use contracts::{Field, Reason};

use super::{Call, CallError, CallErrorKind, HaltCause, InputError, Response};

/// The contact id that a check of writes names. HubSpot counts its record ids up and has reached twelve digits, so no
/// contact has this one. Nothing is written even if there were one, because the check carries no property.
pub const ABSENT_CONTACT_ID: &str = "999999999999999";

/// The address that a check of lookups names. RFC 2606 reserves `.invalid`, so nobody has such an address. A contact that
/// shows it nevertheless would prove that lookups work just as well.
pub const ABSENT_ADDRESS: &str = "nobody@hubsync.invalid";

/// The trace id of the input of a check of writes.
pub const CHECK_TRACE_ID: &str = "hubsync-check";

/// A call that names no record. There is one for each kind of call that may fail, because a token may be allowed to read
/// and not to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// A batch update of [`ABSENT_CONTACT_ID`]. `OBJECT_NOT_FOUND` proves path, token and scope.
    Writes,
    /// A batch read of [`ABSENT_ADDRESS`]. `OBJECT_NOT_FOUND` proves path, token and scope.
    Lookups,
    /// Reads the definition of the field's property. It says whether the property exists and can be written. The answer to
    /// a write of a contact that does not exist need not say that.
    Property(Field),
}

/// What the response to a check shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CheckResult {
    /// Calls of this kind work, so a failure is its record's own.
    Passed,
    /// The account, or HubSpot as a whole, is at fault.
    Failed {
        cause: HaltCause,
        retry_after: Option<Duration>,
        reason: Reason,
    },
    /// The window's limit was hit, so the check has to be repeated.
    RateLimited(Option<Duration>),
    /// The check shows neither, so nothing is concluded.
    Inconclusive,
}

impl Check {
    /// The check of the same kind as a call that failed, perhaps for that cause.
    pub(crate) fn after(call: &Call, cause: HaltCause) -> Self {
        match cause {
            HaltCause::UnusableProperty(field) => Self::Property(field),
            _ if call.writes() => Self::Writes,
            _ => Self::Lookups,
        }
    }

    /// What the response to this check shows.
    pub(crate) fn result_of(self, response: &Response) -> CheckResult {
        match (self, response) {
            (Self::Writes, Response::Updated { results, errors }) => of_inputs(results.len(), errors),
            (Self::Lookups, Response::Found { contacts, errors }) => of_inputs(contacts.len(), errors),
            (Self::Property(_), Response::Property { is_read_only: false }) => CheckResult::Passed,
            (Self::Property(field), Response::Property { is_read_only: true }) => unusable(
                field,
                "READ_ONLY_VALUE",
                "the property's definition says that it is read-only",
            ),
            (Self::Property(field), Response::Error(error)) => of_definition_error(field, error),
            (_, Response::Error(error)) => of_error(error),
            _ => CheckResult::Inconclusive,
        }
    }
}

/// A batch of one input was answered.
fn of_inputs(listed: usize, errors: &[InputError]) -> CheckResult {
    let mut results = errors.iter().map(|error| of_error(&error.error));
    match results.next() {
        Some(result) => result,
        None if listed > 0 => CheckResult::Passed,
        None => CheckResult::Inconclusive,
    }
}

fn of_error(error: &CallError) -> CheckResult {
    let failed = |cause, retry_after| CheckResult::Failed {
        cause,
        retry_after,
        reason: error.reason.clone(),
    };
    if let Some((cause, retry_after)) = HaltCause::of(error) {
        return failed(cause, retry_after);
    }
    match error.kind {
        CallErrorKind::RateLimited { retry_after, .. } => CheckResult::RateLimited(retry_after),
        CallErrorKind::ServerError { retry_after } => failed(HaltCause::Outage, retry_after),
        CallErrorKind::NoResponse
        | CallErrorKind::UnreadableBody
        | CallErrorKind::Forbidden
        | CallErrorKind::UnexpectedStatus => failed(HaltCause::Outage, None),
        CallErrorKind::UnknownCategory | CallErrorKind::Locked => CheckResult::Inconclusive,
        // HubSpot has looked for the record, so it accepts token, scope and path.
        _ => CheckResult::Passed,
    }
}

/// The definition was not read. Another service of HubSpot answers for definitions, so its own failures say nothing about
/// contacts.
fn of_definition_error(field: Field, error: &CallError) -> CheckResult {
    match (of_error(error), &error.kind) {
        (_, CallErrorKind::NotFound) => {
            unusable(field, "PROPERTY_DOESNT_EXIST", "the account has no such property")
        }
        (CheckResult::Failed { cause, .. }, _) if !cause.is_certain() => CheckResult::Inconclusive,
        (CheckResult::Passed, _) => CheckResult::Inconclusive,
        (result, _) => result,
    }
}

fn unusable(field: Field, code: &str, message: &str) -> CheckResult {
    CheckResult::Failed {
        cause: HaltCause::UnusableProperty(field),
        retry_after: None,
        reason: Reason::ours(code, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: CallErrorKind) -> CallError {
        CallError {
            kind,
            reason: Reason::ours("X", "in HubSpot's words"),
        }
    }

    fn updated(kinds: &[CallErrorKind]) -> Response {
        let errors = kinds.iter().map(|kind| InputError {
            ids: vec![ABSENT_CONTACT_ID.to_owned()],
            trace_ids: Vec::new(),
            error: error(kind.clone()),
        });
        Response::Updated {
            results: Vec::new(),
            errors: errors.collect(),
        }
    }

    fn cause(result: &CheckResult) -> Option<HaltCause> {
        match result {
            CheckResult::Failed { cause, .. } => Some(*cause),
            _ => None,
        }
    }

    #[test]
    fn only_an_answer_that_names_the_absent_contact_passes() {
        let result = |kinds: &[CallErrorKind]| Check::Writes.result_of(&updated(kinds));
        assert_eq!(result(&[CallErrorKind::NotFound]), CheckResult::Passed);
        assert_eq!(result(&[]), CheckResult::Inconclusive);
        assert_eq!(
            result(&[CallErrorKind::UnknownCategory]),
            CheckResult::Inconclusive
        );
        assert_eq!(
            cause(&result(&[CallErrorKind::MissingScopes])),
            Some(HaltCause::MissingScopes)
        );
    }

    #[test]
    fn an_error_of_the_whole_check_shows_what_is_wrong_with_the_account() {
        let result = |kind| Check::Lookups.result_of(&Response::Error(error(kind)));
        for (kind, expected) in [
            (CallErrorKind::Unauthorized, HaltCause::Unauthorized),
            (CallErrorKind::NoSuchPath, HaltCause::NoSuchPath),
            (CallErrorKind::Forbidden, HaltCause::Outage),
            (CallErrorKind::NoResponse, HaltCause::Outage),
            (
                CallErrorKind::ServerError { retry_after: None },
                HaltCause::Outage,
            ),
        ] {
            assert_eq!(cause(&result(kind)), Some(expected));
        }
        assert_eq!(result(CallErrorKind::NotFound), CheckResult::Passed);
    }

    #[test]
    fn the_answer_to_another_check_proves_nothing() {
        let found = Response::Found {
            contacts: Vec::new(),
            errors: Vec::new(),
        };
        assert_eq!(Check::Writes.result_of(&found), CheckResult::Inconclusive);
        let answer = updated(&[CallErrorKind::NotFound]);
        assert_eq!(Check::Lookups.result_of(&answer), CheckResult::Inconclusive);
    }

    #[test]
    fn a_definition_shows_whether_a_property_can_be_written() {
        let check = Check::Property(Field::LAST_NAME);
        let unusable = Some(HaltCause::UnusableProperty(Field::LAST_NAME));
        let read = |is_read_only| check.result_of(&Response::Property { is_read_only });
        assert_eq!(read(false), CheckResult::Passed);
        assert_eq!(cause(&read(true)), unusable);
        let failed = |kind| check.result_of(&Response::Error(error(kind)));
        assert_eq!(cause(&failed(CallErrorKind::NotFound)), unusable);
        assert_eq!(failed(CallErrorKind::MissingScopes), CheckResult::Inconclusive);
        assert_eq!(failed(CallErrorKind::NoSuchPath), CheckResult::Inconclusive);
        assert_eq!(
            cause(&failed(CallErrorKind::Unauthorized)),
            Some(HaltCause::Unauthorized)
        );
    }
}

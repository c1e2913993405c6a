//! The answers of HubSpot as an engine sees them, to be counted.

use hubspot::engine::{CallError, CallErrorKind, RateLimit, Response};

use crate::names::named;

named! {
    /// What an engine learned about a call, or about one input of it.
    Seen {
        Account: "account",
        Found: "found",
        Updated: "updated",
        Created: "created",
        UpdatedSingle: "updated, single",
        Contact: "contact",
        Inspected: "inspected",
        Definition: "definition of a property",
        Invalid: "invalid",
        Conflict: "conflict",
        NotFound: "not found",
        NoSuchPath: "no such path",
        Unauthorized: "unauthorized",
        NoToken: "no access token",
        MissingScopes: "missing scopes",
        Forbidden: "forbidden",
        Locked: "locked",
        LimitedBurst: "limited, burst",
        LimitedDay: "limited, day",
        Moving: "moving",
        ServerFault: "server fault",
        Unanswered: "unanswered",
        Unreachable: "unreachable",
        Refused: "refused",
        Garbled: "garbled",
        InputInvalid: "one input: invalid",
        InputConflict: "one input: conflict",
        InputNotFound: "one input: not found",
        InputLocked: "one input: locked",
        InputOther: "one input: another problem",
    }
}

impl Seen {
    /// The answer as a whole.
    pub fn answer(answer: &Response) -> Self {
        match answer {
            Response::Account { .. } => Self::Account,
            Response::Found { .. } => Self::Found,
            Response::Updated { .. } => Self::Updated,
            Response::Created { .. } => Self::Created,
            Response::UpdatedSingle(_) => Self::UpdatedSingle,
            Response::Contact(_) => Self::Contact,
            Response::Inspected(_) => Self::Inspected,
            Response::Property { .. } => Self::Definition,
            Response::Error(problem) => Self::problem(problem),
        }
    }

    fn problem(problem: &CallError) -> Self {
        match &problem.kind {
            CallErrorKind::Invalid { .. } => Self::Invalid,
            CallErrorKind::Conflict => Self::Conflict,
            CallErrorKind::NotFound => Self::NotFound,
            CallErrorKind::NoSuchPath => Self::NoSuchPath,
            CallErrorKind::Unauthorized => Self::Unauthorized,
            CallErrorKind::Disconnected | CallErrorKind::Misconfigured | CallErrorKind::NoToken => {
                Self::NoToken
            }
            CallErrorKind::MissingScopes | CallErrorKind::AccountUnknown | CallErrorKind::WrongAccount => {
                Self::MissingScopes
            }
            CallErrorKind::Forbidden => Self::Forbidden,
            CallErrorKind::Locked => Self::Locked,
            CallErrorKind::RateLimited { limit: policy, .. } => match policy {
                RateLimit::Window => Self::LimitedBurst,
                RateLimit::Day => Self::LimitedDay,
            },
            CallErrorKind::AccountMoving { .. } => Self::Moving,
            CallErrorKind::ServerError { .. } => Self::ServerFault,
            CallErrorKind::NoResponse => Self::Unanswered,
            CallErrorKind::Unreachable => Self::Unreachable,
            CallErrorKind::UnexpectedStatus | CallErrorKind::UnknownCategory => Self::Refused,
            CallErrorKind::UnreadableBody => Self::Garbled,
        }
    }

    /// The problem of one input.
    pub fn input(problem: &CallError) -> Self {
        match problem.kind {
            CallErrorKind::Invalid { .. } => Self::InputInvalid,
            CallErrorKind::Conflict => Self::InputConflict,
            CallErrorKind::NotFound => Self::InputNotFound,
            CallErrorKind::Locked => Self::InputLocked,
            _ => Self::InputOther,
        }
    }
}

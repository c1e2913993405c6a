//! The answers of HubSpot as an engine sees them, to be counted.

use hubspot::engine::{Answer, Policy, Problem, ProblemKind};

use crate::names::named;

named! {
    /// What an engine learned about a call, or about one input of it.
    Seen {
        Account: "account",
        Found: "found",
        Updated: "updated",
        Created: "created",
        Contact: "contact",
        Inspected: "inspected",
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
        LimitedSecond: "limited, second",
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
    pub fn answer(answer: &Answer) -> Self {
        match answer {
            Answer::Account { .. } => Self::Account,
            Answer::Found { .. } => Self::Found,
            Answer::Updated { .. } => Self::Updated,
            Answer::Created { .. } => Self::Created,
            Answer::Contact(_) => Self::Contact,
            Answer::Inspected(_) => Self::Inspected,
            Answer::Problem(problem) => Self::problem(problem),
        }
    }

    fn problem(problem: &Problem) -> Self {
        match &problem.kind {
            ProblemKind::Invalid { .. } => Self::Invalid,
            ProblemKind::Conflict { .. } => Self::Conflict,
            ProblemKind::NotFound => Self::NotFound,
            ProblemKind::NoSuchPath => Self::NoSuchPath,
            ProblemKind::Unauthorized => Self::Unauthorized,
            ProblemKind::Disconnected | ProblemKind::Misconfigured | ProblemKind::NoToken => Self::NoToken,
            ProblemKind::MissingScopes | ProblemKind::AccountUntold | ProblemKind::WrongAccount => {
                Self::MissingScopes
            }
            ProblemKind::Forbidden => Self::Forbidden,
            ProblemKind::Locked => Self::Locked,
            ProblemKind::Limited { policy, .. } => match policy {
                Policy::Burst => Self::LimitedBurst,
                Policy::Second => Self::LimitedSecond,
                Policy::Day => Self::LimitedDay,
            },
            ProblemKind::Moving { .. } => Self::Moving,
            ProblemKind::ServerFault { .. } => Self::ServerFault,
            ProblemKind::Unanswered => Self::Unanswered,
            ProblemKind::Unreachable => Self::Unreachable,
            ProblemKind::Refused => Self::Refused,
            ProblemKind::Garbled => Self::Garbled,
        }
    }

    /// The problem of one input.
    pub fn input(problem: &Problem) -> Self {
        match problem.kind {
            ProblemKind::Invalid { .. } => Self::InputInvalid,
            ProblemKind::Conflict { .. } => Self::InputConflict,
            ProblemKind::NotFound => Self::InputNotFound,
            ProblemKind::Locked => Self::InputLocked,
            _ => Self::InputOther,
        }
    }
}

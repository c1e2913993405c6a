//! Why contacts were not read to be compared.

use contracts::{FieldDefinitions, Reason};

use crate::engine::HaltCause;

/// Why contacts were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InspectionError {
    /// The worker is stopping.
    ShuttingDown,
    /// Another worker delivers.
    NotDelivering,
    /// HubSpot has not said yet which account the token belongs to.
    AccountUnknown,
    /// Delivery is halted.
    Halted {
        /// Why it is halted.
        cause: HaltCause,
        /// What HubSpot said.
        reason: Reason,
    },
    /// The window of ten seconds has too few calls to spare one.
    WindowTooSmall,
    /// What is left of the account's calls of the day is kept for deliveries.
    DayRunsShort,
    /// An operator has paused delivery for as long as the inspection waited.
    Paused,
    /// Deliveries, or earlier inspections, took all the time there was.
    Busy,
    /// HubSpot did not answer, and one of the contacts may be the cause.
    Unreadable(Reason),
    /// HubSpot did not answer, and the contacts are not the cause.
    Failed(Reason),
}

impl InspectionError {
    /// A sentence for people: what it is and what to do about it, without personal data. The definitions say which
    /// property a field has.
    pub fn message(&self, fields: &FieldDefinitions) -> String {
        match self {
            Self::ShuttingDown => "the worker that delivers is stopping; ask again in a moment".to_owned(),
            Self::NotDelivering => "another worker has taken over delivery; ask again in a moment".to_owned(),
            Self::AccountUnknown => {
                "HubSpot has not said yet which account the token belongs to; ask again, or look at /readyz of the \
                 hubspot service"
                    .to_owned()
            }
            Self::Halted { cause, .. } => format!("delivery is halted: {}", cause.message(fields)),
            Self::WindowTooSmall => "a window of ten seconds has too few calls for comparisons; raise \
                                     HUBSPOT_WINDOW_LIMIT to three, or lower HUBSPOT_WINDOW_RESERVE_PERCENT"
                .to_owned(),
            Self::DayRunsShort => "half of the account's calls of the day is used up, and the rest is kept for \
                                   changes; ask again when HubSpot's day is over"
                .to_owned(),
            Self::Paused => "an operator has paused delivery, and this comparison waits until it resumes; resume it"
                .to_owned(),
            Self::Busy => "deliveries go first and left no call for this in time; ask again later".to_owned(),
            Self::Unreadable(reason) | Self::Failed(reason) => {
                let status = reason.status.map_or_else(String::new, |status| format!(" ({status})"));
                format!("HubSpot could not read the contacts: {}{status}; ask again later", reason.code)
            }
        }
    }
}

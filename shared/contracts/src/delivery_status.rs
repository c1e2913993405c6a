//! Whether delivery to HubSpot runs, as each worker reports it.

use serde::{Deserialize, Serialize};

/// Each worker publishes this on `hubspot.delivery` once a second, and whenever its status changes. It carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryNotice {
    /// The random id of the worker.
    pub worker: String,
    /// Whether it delivers.
    pub status: DeliveryStatus,
    /// The same as a sentence for people, with what would change it.
    pub message: String,
    /// Why delivery is halted, as a short stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// HubSpot's code for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// When the status began, as an RFC 3339 time of the worker's clock in UTC.
    pub since: String,
    /// The account's limits of calls.
    pub calls: CallLimits,
}

/// Whether a worker delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryStatus {
    /// It has not asked HubSpot for the account yet.
    Starting,
    /// Another worker delivers.
    Standby,
    /// Its token opens another account than the one that users are linked to.
    OtherAccount,
    /// It delivers.
    Running,
    /// An operator has paused delivery.
    Paused,
    /// A fault of the account has halted delivery.
    Halted,
    /// A status that a later version may report.
    #[serde(other)]
    Unknown,
}

/// The account's limits of calls, as far as HubSpot's responses tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallLimits {
    /// Calls allowed in ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_max: Option<u64>,
    /// Calls left of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_left: Option<u64>,
    /// Calls allowed in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_max: Option<u64>,
    /// Calls left of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_left: Option<u64>,
}

//! Whether delivery to HubSpot runs, as each worker reports it.

use serde::{Deserialize, Serialize};

/// The report of a worker on its delivery. Each worker publishes it on `hubspot.delivery` once a second, and when its status
/// changes. It contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeliveryNotice {
    /// The random id of the worker.
    pub worker: String,
    /// The status of delivery.
    pub status: DeliveryStatus,
    /// The reason of the status and what to do, for people.
    pub message: String,
    /// The cause of a halt, as a short stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// HubSpot's code for that cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The correlation id of HubSpot, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Since when the status is this one, RFC 3339 in UTC by the clock of the worker.
    pub since: String,
    /// The limits of the account, as HubSpot last reported them.
    pub calls: CallLimits,
}

/// The status of a worker's delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum DeliveryStatus {
    /// The worker has not learnt the account of its token yet.
    Starting,
    /// Another worker delivers.
    Standby,
    /// The token belongs to another account than the links of the users.
    OtherAccount,
    /// The worker delivers changes.
    Running,
    /// An operator has paused delivery.
    Paused,
    /// A failure of the account has halted delivery.
    Halted,
    /// A status that a later version may report.
    #[serde(other)]
    Unknown,
}

/// The limits on calls of the account, as HubSpot last reported them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CallLimits {
    /// How many calls the account may make in ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_max: Option<u64>,
    /// How many of these calls are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_left: Option<u64>,
    /// How many calls the account may make in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_max: Option<u64>,
    /// How many of these calls are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_left: Option<u64>,
}

//! What the workers say of the line to HubSpot.

use serde::{Deserialize, Serialize};

/// Published on `hubspot.line` by each worker, once a second and when its line changes. No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryNotice {
    /// The random id the worker drew.
    pub worker: String,
    /// How its line stands.
    pub status: DeliveryStatus,
    /// The same for people, with how it mends.
    pub message: String,
    /// The fault that stopped it, by a short stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// HubSpot's code for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Since when it stands so, RFC 3339 in UTC by the worker's clock.
    pub since: String,
    /// What HubSpot last said of the account's limits.
    pub calls: CallLimits,
}

/// How a worker's line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryStatus {
    /// HubSpot was not asked for its account yet.
    Starting,
    /// Another worker delivers.
    Standby,
    /// The token opens another account than the one that users are linked to.
    OtherAccount,
    /// It delivers.
    Running,
    /// An operator has paused it.
    Paused,
    /// A fault of the account stopped it.
    Halted,
}

/// The account's limits of calls, as far as HubSpot's answers told.
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

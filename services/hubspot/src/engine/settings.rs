//! The settings that an engine gets at its start.

use std::{sync::Arc, time::Duration};

use contracts::FieldDefinitions;

/// The settings of an engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The random id that this worker drew at its start.
    pub holder: String,
    /// What to do with an address that another contact holds.
    pub email_conflict: EmailConflict,
    /// What to do with a user that has no contact.
    pub missing_contact: MissingContact,
    /// The maximum number of calls in flight.
    pub concurrency: usize,
    /// A call that takes longer counts as one without a response.
    pub call_timeout: Duration,
    /// How much of HubSpot's rate limits to use.
    pub quota: QuotaSettings,
    /// The definitions of the fields; none of them while they are not known.
    pub fields: Arc<FieldDefinitions>,
}

/// How much of HubSpot's rate limits a worker uses. Where the response headers allow less, they win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaSettings {
    /// The maximum number of calls in a window of ten seconds; `None` means as many as HubSpot allows.
    pub calls_per_window: Option<u32>,
    /// The maximum number of calls in any 24 hours since this worker started; `None` means as many as HubSpot allows.
    pub calls_per_day: Option<u64>,
    /// The percentage of the window that is left to other users of the same app.
    pub window_reserve_percent: u8,
    /// The percentage of the day that is left to other apps of the account.
    pub day_reserve_percent: u8,
}

impl Settings {
    /// The default settings for a worker with this id.
    pub fn for_holder(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            email_conflict: EmailConflict::Follow,
            missing_contact: MissingContact::Skip,
            concurrency: 10,
            call_timeout: Duration::from_secs(10),
            quota: QuotaSettings::default(),
            fields: Arc::clone(FieldDefinitions::empty()),
        }
    }
}

/// What to do with a user that was never linked, and whose addresses no contact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingContact {
    /// Report that no contact was found. The user service asks for another attempt later.
    #[default]
    Skip,
    /// Create a contact.
    Create,
}

/// What to do with an address that another contact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailConflict {
    /// Link the user to that contact, unless the user service rejects the link.
    #[default]
    Follow,
    /// Report a conflict for the address.
    Reject,
}

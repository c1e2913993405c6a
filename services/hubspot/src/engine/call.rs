//! What the engine asks of HubSpot: the few calls it needs, without a word on HTTP.

use std::collections::BTreeMap;

/// Property values by HubSpot's internal name; an empty text clears a property.
pub type Properties = BTreeMap<&'static str, String>;

/// The most inputs HubSpot takes in one batch.
pub const MAX_BATCH: usize = 100;

/// One call to HubSpot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// The details of the account the token opens. It takes up the token anew, so a replaced one is in use after it.
    Account,
    /// Batch read by address, primary or secondary: lower case, each address once, at most [`MAX_BATCH`].
    Find {
        /// The addresses.
        addresses: Vec<String>,
    },
    /// Batch read of contacts to compare them: distinct keys, at most [`MAX_BATCH`].
    Inspect(Inspection),
    /// One contact by address, for what a batch read did not account for.
    FindSingle {
        /// The address, in lower case.
        address: String,
    },
    /// Batch update by contact id: distinct ids, at most [`MAX_BATCH`].
    Update {
        /// The contacts and what is written to each.
        inputs: Vec<UpdateInput>,
    },
    /// Batch create: distinct addresses, at most [`MAX_BATCH`].
    Create {
        /// What each contact is made of; its address among it.
        inputs: Vec<CreateInput>,
    },
    /// One contact by its id; a former id may be answered with the contact it was merged into.
    Read {
        /// The contact's record id.
        contact_id: String,
    },
    /// Update of one contact.
    UpdateSingle {
        /// The contact's record id.
        contact_id: String,
        /// What is written.
        properties: Properties,
    },
}

/// Which contacts are read to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What they are named by.
    pub by: ContactKey,
    /// Their names; addresses in lower case.
    pub keys: Vec<String>,
}

/// What a contact is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKey {
    /// Its record id, or a former one.
    Id,
    /// An address, primary or secondary.
    Address,
}

/// One contact of a batch update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateInput {
    /// The contact's record id.
    pub contact_id: String,
    /// What is written.
    pub properties: Properties,
    /// Unique to this input; results and errors name it.
    pub trace_id: String,
}

/// One contact of a batch create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateInput {
    /// Its address in lower case, which is among the properties as the user has it.
    pub address: String,
    /// What it is made of.
    pub properties: Properties,
    /// Unique to this input; results and errors name it.
    pub trace_id: String,
}

impl Call {
    /// Whether the call changes contacts, so that an unanswered one may still take effect.
    pub fn writes(&self) -> bool {
        match self {
            Self::Update { .. } | Self::Create { .. } | Self::UpdateSingle { .. } => true,
            Self::Account
            | Self::Find { .. }
            | Self::Inspect(_)
            | Self::FindSingle { .. }
            | Self::Read { .. } => false,
        }
    }

    /// A short name for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Find { .. } => "find",
            Self::Inspect(_) => "inspect",
            Self::FindSingle { .. } => "find-alone",
            Self::Update { .. } => "update",
            Self::Create { .. } => "create",
            Self::Read { .. } => "read",
            Self::UpdateSingle { .. } => "patch",
        }
    }

    /// How many records the call is about.
    pub fn size(&self) -> usize {
        match self {
            Self::Account => 0,
            Self::Find { addresses } => addresses.len(),
            Self::Inspect(inspection) => inspection.keys.len(),
            Self::Update { inputs } => inputs.len(),
            Self::Create { inputs } => inputs.len(),
            Self::FindSingle { .. } | Self::Read { .. } | Self::UpdateSingle { .. } => 1,
        }
    }
}

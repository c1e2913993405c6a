//! The calls that the engine makes to HubSpot. How they look in HTTP is left to the client.

use contracts::Values;

use super::Check;

/// The maximum number of inputs that HubSpot takes in one batch.
pub const MAX_BATCH: usize = 100;

/// One call to HubSpot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Reads the details of the account that the token belongs to. The client reads the token again for it, so a replaced
    /// token is in use from this call on.
    Account,
    /// Reads a batch of contacts by primary or secondary address: at most [`MAX_BATCH`] addresses in lower case, each
    /// once.
    Find {
        /// The addresses.
        addresses: Vec<String>,
    },
    /// Reads a batch of contacts to compare them: at most [`MAX_BATCH`] keys, each once.
    Inspect(Inspection),
    /// Reads one contact by address, because the response to a batch read did not mention the address.
    FindSingle {
        /// The address in lower case.
        address: String,
    },
    /// Updates a batch of contacts by their ids: at most [`MAX_BATCH`] ids, each once.
    Update {
        /// The contacts and what is written to each.
        inputs: Vec<UpdateInput>,
    },
    /// Creates a batch of contacts: at most [`MAX_BATCH`] addresses, each once.
    Create {
        /// What each contact is created with, including its address.
        inputs: Vec<CreateInput>,
    },
    /// Reads one contact by its id. For a former id HubSpot may return the contact it was merged into.
    Read {
        /// The contact's record id.
        contact_id: String,
    },
    /// Reads a batch of contacts by their ids, some time after they were written, because the responses to the writes did not show
    /// what was written: at most [`MAX_BATCH`] ids, each once.
    ReadBack {
        /// The contacts' record ids.
        contact_ids: Vec<String>,
    },
    /// Names no record, to find out whether calls of its kind work at all.
    Check(Check),
    /// Updates one contact.
    UpdateSingle {
        /// The contact's record id.
        contact_id: String,
        /// What is written.
        values: Values,
    },
}

/// The contacts to read for a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What the keys are.
    pub by: ContactKey,
    /// The keys; addresses are in lower case.
    pub keys: Vec<String>,
}

/// What identifies a contact.
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
    pub values: Values,
    /// An id that no other input has; results and errors name the input by it.
    pub trace_id: String,
}

/// One contact of a batch create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateInput {
    /// Its address in lower case. The values hold it, too, as the user has it.
    pub address: String,
    /// What it is created with.
    pub values: Values,
    /// An id that no other input has; results and errors name the input by it.
    pub trace_id: String,
}

impl Call {
    /// Whether the call changes contacts, so that it may be applied even if no response comes.
    pub fn writes(&self) -> bool {
        match self {
            Self::Update { .. } | Self::Create { .. } | Self::UpdateSingle { .. } => true,
            Self::Account
            | Self::Find { .. }
            | Self::Inspect(_)
            | Self::FindSingle { .. }
            | Self::Check(_)
            | Self::ReadBack { .. }
            | Self::Read { .. } => false,
        }
    }

    /// A short name for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Check(Check::Writes) => "check-writes",
            Self::Check(Check::Lookups) => "check-lookups",
            Self::Check(Check::Property(_)) => "check-property",
            Self::Find { .. } => "find",
            Self::Inspect(_) => "inspect",
            Self::FindSingle { .. } => "find-single",
            Self::Update { .. } => "update",
            Self::Create { .. } => "create",
            Self::Read { .. } => "read",
            Self::ReadBack { .. } => "read-back",
            Self::UpdateSingle { .. } => "update-single",
        }
    }

    /// How many records the call is about.
    pub fn size(&self) -> usize {
        match self {
            Self::Account | Self::Check(_) => 0,
            Self::Find { addresses } => addresses.len(),
            Self::Inspect(inspection) => inspection.keys.len(),
            Self::ReadBack { contact_ids } => contact_ids.len(),
            Self::Update { inputs } => inputs.len(),
            Self::Create { inputs } => inputs.len(),
            Self::FindSingle { .. } | Self::Read { .. } | Self::UpdateSingle { .. } => 1,
        }
    }
}

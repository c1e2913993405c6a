//! The responses to calls, with every case written out. The client builds them; what follows from them is left to the
//! other parts.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, LastResponse, LinkOrigin, Reason, Values, lowercase_address};

/// The response to a call, with what its headers say about the rate limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallResponse {
    /// The response, or why there is none.
    pub response: Response,
    /// What the headers say about the rate limits.
    pub rate_limits: RateLimitHeaders,
    /// How HubSpot responded, for people; `None` if it did not.
    pub last_response: Option<LastResponse>,
}

/// The response to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// To [`Call::Account`](super::Call::Account).
    Account {
        /// The portal id.
        account_id: String,
        /// Whether HubSpot refused the account's details, so that the id comes from another response of HubSpot.
        details_refused: bool,
    },
    /// To [`Call::Find`](super::Call::Find) and [`Check::Lookups`](super::Check::Lookups), 200 or 207.
    Found {
        /// The contacts in no particular order. HubSpot does not say which address found which contact.
        contacts: Vec<Contact>,
        /// The inputs that were not served.
        errors: Vec<InputError>,
    },
    /// To [`Call::Inspect`](super::Call::Inspect) and [`Call::ReadBack`](super::Call::ReadBack), 200 or 207.
    Inspected(InspectedContacts),
    /// To [`Call::Update`](super::Call::Update) and [`Check::Writes`](super::Check::Writes), 200 or 207. Only the listed contacts were written.
    Updated {
        /// The inputs that were written, in no particular order.
        results: Vec<WrittenContact>,
        /// The inputs that were not.
        errors: Vec<InputError>,
    },
    /// To [`Call::Create`](super::Call::Create), 201 or 207. Only the listed contacts were created.
    Created {
        /// The contacts that were created, in no particular order.
        results: Vec<WrittenContact>,
        /// The inputs that were not.
        errors: Vec<InputError>,
    },
    /// To [`Call::UpdateSingle`](super::Call::UpdateSingle).
    UpdatedSingle(WrittenContact),
    /// To [`Call::Read`](super::Call::Read) and [`Call::FindSingle`](super::Call::FindSingle).
    Contact(Contact),
    /// To [`Check::Property`](super::Check::Property).
    Property {
        /// Whether the property's values cannot be written.
        is_read_only: bool,
    },
    /// The call as a whole failed.
    Error(CallError),
}

impl Response {
    /// The errors of single inputs.
    pub(crate) fn input_errors(&self) -> &[InputError] {
        match self {
            Self::Found { errors, .. } | Self::Updated { errors, .. } | Self::Created { errors, .. } => {
                errors
            }
            Self::Inspected(inspected) => &inspected.errors,
            Self::Account { .. }
            | Self::UpdatedSingle(_)
            | Self::Contact(_)
            | Self::Property { .. }
            | Self::Error(_) => &[],
        }
    }
}

/// What identifies a contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Its record id.
    pub id: String,
    /// Its primary address.
    pub email: Option<String>,
    /// Its secondary addresses; `None` if the response does not show them.
    pub additional_emails: Option<Vec<String>>,
    /// The ids of contacts that were merged into it.
    pub former_ids: Vec<String>,
}

impl Contact {
    /// The secondary addresses that the response shows.
    pub fn secondary_addresses(&self) -> &[String] {
        self.additional_emails.as_deref().unwrap_or_default()
    }

    /// Whether the response shows the secondary addresses, even if there are none.
    pub fn shows_secondary_addresses(&self) -> bool {
        self.additional_emails.is_some()
    }

    /// How the contact holds this address, which is in lower case, if the response shows it.
    pub(crate) fn shows(&self, address: &str) -> Option<LinkOrigin> {
        let is_it = |shown: &String| lowercase_address(shown) == address;
        if self.email.iter().any(is_it) {
            Some(LinkOrigin::PrimaryAddress)
        } else if self.secondary_addresses().iter().any(is_it) {
            Some(LinkOrigin::SecondaryAddress)
        } else {
            None
        }
    }

    /// Whether the contact may hold this address without showing it. HubSpot may take an address outside ASCII for
    /// another one, so such an address has to be shown.
    pub(crate) fn may_hide(&self, address: &str) -> bool {
        !self.shows_secondary_addresses() && address.is_ascii()
    }
}

/// Contacts that were read to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectedContacts {
    /// The contacts in no particular order. HubSpot does not say which key found which contact.
    pub contacts: Vec<Profile>,
    /// The inputs that were not served.
    pub errors: Vec<InputError>,
}

/// A contact with its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The contact and its addresses.
    pub contact: Contact,
    /// The values of the fields that the response shows; `None` where the contact has no value.
    pub values: Values,
}

/// A contact that was updated or created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenContact {
    /// The contact's record id. After a merge it is another one than the input's.
    pub contact_id: String,
    /// The trace id of the input, if the call was a batch and HubSpot repeats it.
    pub trace_id: Option<String>,
    /// The values of the fields that the response shows, after the write; `None` where the contact has no value. HubSpot shows at
    /// least the written properties, but need not.
    pub values: Values,
    /// Its secondary addresses; `None` if the response does not show them.
    pub additional_emails: Option<Vec<String>>,
}

impl WrittenContact {
    /// The contact's primary address, if the response shows it.
    pub(crate) fn address(&self) -> Option<&str> {
        self.values.get(&Field::EMAIL)?.as_ref()?.as_text()
    }
}

/// Why one input of a batch failed, or several inputs for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// The ids or addresses of the inputs.
    pub ids: Vec<String>,
    /// The trace ids of the inputs.
    pub trace_ids: Vec<String>,
    /// Why they failed.
    pub error: CallError,
}

/// Why a call, or one input of it, failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What the failure means.
    pub kind: CallErrorKind,
    /// What HubSpot said.
    pub reason: Reason,
}

/// What a failure means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallErrorKind {
    /// 400: values were rejected, those of the named fields if any of ours are named.
    Invalid {
        /// The reason for each named field.
        fields: BTreeMap<Field, Reason>,
    },
    /// 409: another record holds a value that is unique.
    Conflict,
    /// Status 404 for a record: it does not exist.
    NotFound,
    /// 404 for the path as a whole, because the address or the version is wrong.
    NoSuchPath,
    /// Status 401: HubSpot rejects the token.
    Unauthorized,
    /// No call was made: the app is not connected to the account any more, so HubSpot issues no access token.
    Disconnected,
    /// No call was made: HubSpot does not know the app by these credentials, so it issues no access token.
    Misconfigured,
    /// No call was made: HubSpot issues no access token at the moment.
    NoToken,
    /// 403 because the token lacks scopes.
    MissingScopes,
    /// 403 for the account's details, and no other response says which account the token belongs to.
    AccountUnknown,
    /// The token belongs to another account than the settings name.
    WrongAccount,
    /// 403 for another reason.
    Forbidden,
    /// 423: HubSpot has locked the record for about two seconds.
    Locked,
    /// Status 429: a rate limit was hit.
    RateLimited {
        /// The limit that was hit.
        limit: RateLimit,
        /// The wait that HubSpot asks for, which is rare.
        retry_after: Option<Duration>,
    },
    /// 477: HubSpot moves the account between data centres.
    AccountMoving {
        /// The wait that HubSpot asks for.
        retry_after: Option<Duration>,
    },
    /// 408 or 5xx: the call may still be applied.
    ServerError {
        /// The wait that HubSpot asks for, which is rare.
        retry_after: Option<Duration>,
    },
    /// The call timed out, or the connection was cut after the request was on its way. The call may still be applied.
    NoResponse,
    /// No connection was made, so the call is not applied.
    Unreachable,
    /// Any other status that is not a success.
    UnexpectedStatus,
    /// An entry in a batch's list of errors has a category that is not known. It has no status.
    UnknownCategory,
    /// A success whose body cannot be read, so what the call has written is unknown.
    UnreadableBody,
}

/// The limits by which HubSpot counts calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// The rolling window of ten seconds. Limits by the second and limits without a name are taken for it.
    Window,
    /// The account's day.
    Day,
}

/// What the headers of a response say about the rate limits; any of it may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimitHeaders {
    /// Calls allowed in a window.
    pub max: Option<u32>,
    /// Calls left in it.
    pub remaining: Option<u32>,
    /// The window's length.
    pub interval: Option<Duration>,
    /// Calls allowed in a day.
    pub daily: Option<u64>,
    /// Calls left of them.
    pub daily_remaining: Option<u64>,
}

impl CallResponse {
    /// An error without headers, as when HubSpot did not respond.
    pub fn error(kind: CallErrorKind, reason: Reason) -> Self {
        Self {
            response: Response::Error(CallError { kind, reason }),
            rate_limits: RateLimitHeaders::default(),
            last_response: None,
        }
    }
}

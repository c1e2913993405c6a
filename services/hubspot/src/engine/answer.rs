//! What became of a call, with every case written out. The client builds these; the engine decides what follows.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, LastResponse, LinkOrigin, Reason, lowercase_address};

/// A call's answer and the limits its headers taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallResponse {
    /// What became of the call.
    pub response: Response,
    /// What the headers said of the rate limits.
    pub rate_limits: RateLimitHeaders,
    /// How HubSpot answered; none where it did not.
    pub last_response: Option<LastResponse>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// To [`Call::Account`](super::Call::Account).
    Account {
        /// The portal id.
        account_id: String,
        /// Whether HubSpot refused the account's details, so that the id comes from another answer of HubSpot.
        details_refused: bool,
    },
    /// To [`Call::Find`](super::Call::Find), 200 or 207.
    Found {
        /// The contacts, in no order; which address found which is not said.
        contacts: Vec<Contact>,
        /// The inputs that were not served.
        errors: Vec<InputError>,
    },
    /// To [`Call::Inspect`](super::Call::Inspect), 200 or 207.
    Inspected(InspectedContacts),
    /// To [`Call::Update`](super::Call::Update), 200 or 207; only what is listed was written.
    Updated {
        /// The inputs that were written, in no order.
        results: Vec<UpdatedContact>,
        /// The inputs that were not.
        errors: Vec<InputError>,
    },
    /// To [`Call::Create`](super::Call::Create), 201 or 207; only what is listed was created.
    Created {
        /// The contacts that were created, in no order.
        results: Vec<CreatedContact>,
        /// The inputs that were not.
        errors: Vec<InputError>,
    },
    /// To [`Call::Read`](super::Call::Read), [`Call::FindAlone`](super::Call::FindAlone) and
    /// [`Call::Patch`](super::Call::Patch).
    Contact(Contact),
    /// The call as a whole did not succeed.
    Error(CallError),
}

/// A contact as far as identity goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Its record id.
    pub id: String,
    /// Its primary address.
    pub email: Option<String>,
    /// Its secondary addresses; `None` if the answer does not show them.
    pub additional_emails: Option<Vec<String>>,
}

impl Contact {
    /// The secondary addresses that the answer shows.
    pub fn secondary_addresses(&self) -> &[String] {
        self.additional_emails.as_deref().unwrap_or_default()
    }

    /// Whether the answer shows the secondary addresses, even if there are none.
    pub fn shows_secondary_addresses(&self) -> bool {
        self.additional_emails.is_some()
    }

    /// How the contact holds this address, which is in lower case, if the answer shows it.
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

    /// Whether the contact may hold this address without showing it. HubSpot may treat an address outside ASCII as another
    /// one, so such an address has to be shown.
    pub(crate) fn may_hide(&self, address: &str) -> bool {
        !self.shows_secondary_addresses() && address.is_ascii()
    }
}

/// Contacts that were read to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectedContacts {
    /// The contacts, in no order; which key found which is not said.
    pub contacts: Vec<Profile>,
    /// The inputs that were not served.
    pub errors: Vec<InputError>,
}

/// A contact with its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Which, and its addresses.
    pub contact: Contact,
    /// The ids of contacts that were merged into it.
    pub former_ids: Vec<String>,
    /// What the answer tells of the table of fields; none where the contact has no value.
    pub values: BTreeMap<Field, Option<String>>,
}

/// An input of a batch update that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedContact {
    /// The contact's record id; another than asked for after a merge.
    pub contact_id: String,
    /// The trace id of the input, where HubSpot repeats it.
    pub trace_id: Option<String>,
}

/// An input of a batch create that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedContact {
    /// The new contact's record id.
    pub contact_id: String,
    /// Its address, where HubSpot repeats it.
    pub address: Option<String>,
    /// The trace id of the input, where HubSpot repeats it.
    pub trace_id: Option<String>,
}

/// A refused input of a batch, or several that share a fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// The ids (or addresses) it is about.
    pub ids: Vec<String>,
    /// The trace ids it is about.
    pub trace_ids: Vec<String>,
    /// What is wrong.
    pub error: CallError,
}

/// Why a call, or one input of it, did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What it means.
    pub kind: CallErrorKind,
    /// In HubSpot's words.
    pub reason: Reason,
}

/// What a problem means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallErrorKind {
    /// 400: values were refused, those of the named properties where it names any.
    Invalid {
        /// The reason for each named property.
        properties: BTreeMap<String, Reason>,
    },
    /// 409: another record holds a value that is unique.
    Conflict {
        /// The record that holds it, where it is named.
        existing_id: Option<String>,
    },
    /// 404 for a record.
    NotFound,
    /// 404 for the path as a whole: a wrong address or version.
    NoSuchPath,
    /// 401.
    Unauthorized,
    /// No call was made: the app is not connected to the account any more, so that no access token is issued.
    Disconnected,
    /// No call was made: HubSpot does not know the app by these credentials, so that no access token is issued.
    Misconfigured,
    /// No call was made: there is no access token at the moment.
    NoToken,
    /// 403 because the token lacks scopes.
    MissingScopes,
    /// 403 for the account's details, and no other answer says which account the token opens.
    AccountUnknown,
    /// The token opens another account than the settings name.
    WrongAccount,
    /// 403 for another reason.
    Forbidden,
    /// 423: a lock of about two seconds.
    Locked,
    /// 429.
    RateLimited {
        /// Which limit.
        limit: RateLimit,
        /// The wait that HubSpot asks for, which is rare.
        retry_after: Option<Duration>,
    },
    /// 477: the account moves between data centres.
    AccountMoving {
        /// The wait that HubSpot asks for.
        retry_after: Option<Duration>,
    },
    /// 408 or 5xx: the call may still be carried out.
    ServerError {
        /// The wait that HubSpot asks for, which is rare.
        retry_after: Option<Duration>,
    },
    /// Timed out, or cut after the request was on its way: the call may still be carried out.
    NoResponse,
    /// No connection was made: the call is not carried out.
    Unreachable,
    /// Any other status that is not a success.
    UnexpectedStatus,
    /// A success whose body cannot be understood: what it wrote is unknown.
    UnreadableBody,
}

/// The limits HubSpot counts calls by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// The rolling window of ten seconds; also what an unnamed limit is taken for.
    Window,
    /// A limit by the second.
    Second,
    /// The account's day.
    Day,
}

/// What the headers of an answer say of the limits; any of it may be absent.
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
    /// A problem without headers, as when nothing was answered.
    pub fn problem(kind: CallErrorKind, reason: Reason) -> Self {
        Self {
            response: Response::Error(CallError { kind, reason }),
            rate_limits: RateLimitHeaders::default(),
            last_response: None,
        }
    }
}

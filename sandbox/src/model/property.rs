//! Which properties a contact has in this account, and what they accept.

use std::collections::BTreeMap;

use super::contact::DERIVED;

/// What values a property accepts.
/// <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Email,
    Number,
    Date,
    DateTime,
    Bool,
    Choice(&'static [&'static str]),
    Checkboxes(&'static [&'static str]),
}

/// Whether callers may write a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Writable,
    ReadOnly,
    Calculated,
}

/// One property of this account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) unique: bool,
}

/// Stages in the order in which a contact passes them; HubSpot never moves one back by itself.
pub(crate) const LIFECYCLE_STAGES: &[&str] = &[
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

const LEAD_STATUSES: &[&str] = &[
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
];

const BUYING_ROLES: &[&str] = &[
    "BLOCKER",
    "BUDGET_HOLDER",
    "CHAMPION",
    "DECISION_MAKER",
    "END_USER",
    "INFLUENCER",
];

const TEXTS: &[&str] = &[
    "firstname",
    "lastname",
    "phone",
    "mobilephone",
    "company",
    "jobtitle",
    "website",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "salutation",
    "fax",
    "message",
    "industry",
    "annualrevenue",
    "numemployees",
    "date_of_birth",
    "gender",
    "degree",
    "school",
    "twitterhandle",
    "hs_language",
    "work_email",
];

/// Every property of this account by name.
#[derive(Debug, Clone)]
pub(crate) struct Properties(BTreeMap<String, Property>);

impl Properties {
    /// HubSpot's own properties, and the custom ones of this account.
    pub(crate) fn new(custom: &[String], unique: &[String]) -> Self {
        let mut all = BTreeMap::new();
        let mut add =
            |name: &str, kind, access, unique| all.insert(name.to_owned(), Property { kind, access, unique });
        for name in TEXTS {
            add(name, Kind::Text, Access::Writable, false);
        }
        add("email", Kind::Email, Access::Writable, false);
        add(
            "lifecyclestage",
            Kind::Choice(LIFECYCLE_STAGES),
            Access::Writable,
            false,
        );
        add(
            "hs_lead_status",
            Kind::Choice(LEAD_STATUSES),
            Access::Writable,
            false,
        );
        add(
            "hs_buying_role",
            Kind::Checkboxes(BUYING_ROLES),
            Access::Writable,
            false,
        );
        add("hubspot_owner_id", Kind::Number, Access::Writable, false);
        add("closedate", Kind::DateTime, Access::Writable, false);
        add("start_date", Kind::Date, Access::Writable, false);
        add("hs_marketable_until_renewal", Kind::Bool, Access::Writable, false);
        for name in DERIVED {
            add(name, Kind::Text, Access::ReadOnly, false);
        }
        add("hs_additional_emails", Kind::Text, Access::Calculated, false);
        add("num_associated_deals", Kind::Number, Access::Calculated, false);
        for name in custom {
            add(name, Kind::Text, Access::Writable, false);
        }
        for name in unique {
            add(name, Kind::Text, Access::Writable, true);
        }
        Self(all)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Property> {
        self.0.get(name)
    }

    /// Whether a custom property identifies a contact.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.get(name).is_some_and(|property| property.unique)
    }

    /// Names of the custom properties that identify a contact.
    pub(crate) fn unique_names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, property)| property.unique)
            .map(|(name, _)| name.as_str())
    }
}

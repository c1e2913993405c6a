//! The properties of contacts in this account, and the values that they accept.

pub(crate) mod admin_rules;
pub(crate) mod comparable;
pub(crate) mod email;
pub(crate) mod validation;

use std::{collections::BTreeMap, str::FromStr};

use super::contact::DERIVED;

pub(crate) use email::normalized;

/// The kind of values that a property accepts.
/// <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Email,
    Number,
    Date,
    DateTime,
    Bool,
    Choice(&'static [&'static str]),
    Checkboxes(&'static [&'static str]),
}

impl ValueKind {
    /// The name of this kind in error messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email address",
            Self::Number => "number",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Bool => "boolean",
            Self::Choice(_) | Self::Checkboxes(_) => "option",
        }
    }
}

/// The type of a custom property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyType {
    /// A text of any content.
    String,
    /// A number.
    Number,
    /// A date without a time.
    Date,
    /// A point in time.
    DateTime,
    /// `true` or `false`.
    Bool,
}

/// A property that the account has besides HubSpot's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProperty {
    /// The name of the property in the API.
    pub name: String,
    /// The type of the values.
    pub property_type: PropertyType,
}

impl From<&str> for CustomProperty {
    /// A text property.
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            property_type: PropertyType::String,
        }
    }
}

/// Parses `name` for text, or `name:type` with one of the types string, number, date, datetime and bool.
impl FromStr for CustomProperty {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, property_type) = text.split_once(':').unwrap_or((text, "string"));
        let property_type = match property_type {
            "string" => PropertyType::String,
            "number" => PropertyType::Number,
            "date" => PropertyType::Date,
            "datetime" => PropertyType::DateTime,
            "bool" => PropertyType::Bool,
            _ => return Err("the type of a property is string, number, date, datetime or bool".to_owned()),
        };
        Ok(Self {
            name: name.to_owned(),
            property_type,
        })
    }
}

/// Whether callers can write a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Writable,
    ReadOnly,
    Calculated,
}

/// A property of this account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub(crate) kind: ValueKind,
    pub(crate) access: Access,
    pub(crate) unique: bool,
}

/// The stages in their order. A write moves a contact only forward.
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
    "start_date",
    "date_of_birth",
    "graduation_date",
    "gender",
    "degree",
    "school",
    "twitterhandle",
    "hs_language",
    "work_email",
];

const NUMBERS_OF_EMPLOYEES: &[&str] = &["1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"];

/// Every property of this account by name.
#[derive(Debug, Clone)]
pub(crate) struct Properties(BTreeMap<String, Property>);

impl Properties {
    /// HubSpot's own properties, and the custom ones of this account.
    pub(crate) fn new(custom: &[CustomProperty], unique: &[String]) -> Self {
        let mut all = BTreeMap::new();
        let mut add =
            |name: &str, kind, access, unique| all.insert(name.to_owned(), Property { kind, access, unique });
        for name in TEXTS {
            add(name, ValueKind::Text, Access::Writable, false);
        }
        add("email", ValueKind::Email, Access::Writable, false);
        add(
            "lifecyclestage",
            ValueKind::Choice(LIFECYCLE_STAGES),
            Access::Writable,
            false,
        );
        add(
            "hs_lead_status",
            ValueKind::Choice(LEAD_STATUSES),
            Access::Writable,
            false,
        );
        add(
            "hs_buying_role",
            ValueKind::Checkboxes(BUYING_ROLES),
            Access::Writable,
            false,
        );
        add("hubspot_owner_id", ValueKind::Number, Access::Writable, false);
        add("closedate", ValueKind::DateTime, Access::Writable, false);
        add(
            "numemployees",
            ValueKind::Choice(NUMBERS_OF_EMPLOYEES),
            Access::Writable,
            false,
        );
        add(
            "hs_marketable_until_renewal",
            ValueKind::Bool,
            Access::Writable,
            false,
        );
        for name in DERIVED {
            let kind = match name {
                "hs_object_id" => ValueKind::Number,
                "createdate" | "lastmodifieddate" => ValueKind::DateTime,
                _ => ValueKind::Text,
            };
            add(name, kind, Access::ReadOnly, false);
        }
        add("hs_additional_emails", ValueKind::Text, Access::Calculated, false);
        add(
            "num_associated_deals",
            ValueKind::Number,
            Access::Calculated,
            false,
        );
        for CustomProperty { name, property_type } in custom {
            let kind = match property_type {
                PropertyType::String => ValueKind::Text,
                PropertyType::Number => ValueKind::Number,
                PropertyType::Date => ValueKind::Date,
                PropertyType::DateTime => ValueKind::DateTime,
                PropertyType::Bool => ValueKind::Bool,
            };
            add(name, kind, Access::Writable, false);
        }
        for name in unique {
            add(name, ValueKind::Text, Access::Writable, true);
        }
        Self(all)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Property> {
        self.0.get(name)
    }

    /// Whether a property is unique, so that its values identify a contact.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.get(name).is_some_and(|property| property.unique)
    }

    /// The names of the unique properties.
    pub(crate) fn unique_names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, property)| property.unique)
            .map(|(name, _)| name.as_str())
    }
}

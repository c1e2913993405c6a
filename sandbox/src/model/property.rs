//! Which properties a contact has in this account, and what they accept.

use std::{collections::BTreeMap, str::FromStr};

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

impl Kind {
    /// What a value of this kind is called in a refusal.
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
    /// Text of any kind.
    String,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// Yes or no.
    Bool,
}

/// A property that the account has besides HubSpot's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProperty {
    /// Its internal name.
    pub name: String,
    /// The type of its values.
    pub property_type: PropertyType,
}

impl From<&str> for CustomProperty {
    /// A property of type string.
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            property_type: PropertyType::String,
        }
    }
}

/// `name` for text, or `name:type` with one of HubSpot's types: string, number, date, datetime, bool.
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
        add(
            "numemployees",
            Kind::Choice(NUMBERS_OF_EMPLOYEES),
            Access::Writable,
            false,
        );
        add("hs_marketable_until_renewal", Kind::Bool, Access::Writable, false);
        for name in DERIVED {
            let kind = match name {
                "hs_object_id" => Kind::Number,
                "createdate" | "lastmodifieddate" => Kind::DateTime,
                _ => Kind::Text,
            };
            add(name, kind, Access::ReadOnly, false);
        }
        add("hs_additional_emails", Kind::Text, Access::Calculated, false);
        add("num_associated_deals", Kind::Number, Access::Calculated, false);
        for CustomProperty { name, property_type } in custom {
            let kind = match property_type {
                PropertyType::String => Kind::Text,
                PropertyType::Number => Kind::Number,
                PropertyType::Date => Kind::Date,
                PropertyType::DateTime => Kind::DateTime,
                PropertyType::Bool => Kind::Bool,
            };
            add(name, kind, Access::Writable, false);
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

//! Validates the properties and values of a write, and converts values to the form in which they are stored.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Access, LIFECYCLE_STAGES, Properties, ValueKind,
    admin_rules::protected_property_error,
    comparable::{iso_date, number, time},
    email,
};
use crate::model::{Context, PropertyError, Values};

/// The length of the longest value that HubSpot stores, in characters.
const MAX_VALUE_CHARS: usize = 65_536;

/// Every invalid property or value of a write.
pub(crate) fn property_errors(
    properties: &Properties,
    context: &Context<'_>,
    values: &Values,
) -> Vec<PropertyError> {
    let mut errors: Vec<PropertyError> = values
        .iter()
        .filter_map(|(name, value)| check(properties, context, name, value))
        .collect();
    errors.extend(protected_property_error(context, values));
    errors
}

fn check(properties: &Properties, context: &Context<'_>, name: &str, value: &str) -> Option<PropertyError> {
    let is = |switch: &Option<String>| switch.as_deref() == Some(name);
    let known = properties
        .get(name)
        .filter(|_| !is(&context.switches.unknown_property));
    let Some(property) = known else {
        return Some(property_error(
            name,
            "PROPERTY_DOESNT_EXIST",
            format!("Property \"{name}\" does not exist"),
        ));
    };
    match property.access {
        Access::Calculated
            if name == "hs_additional_emails" && context.switches.additional_emails_writable =>
        {
            let mut addresses = value.split(';').filter(|address| !address.trim().is_empty());
            addresses.find_map(|address| value_error(ValueKind::Email, name, address))
        }
        Access::Calculated => Some(read_only(name, "calculated")),
        Access::ReadOnly => Some(read_only(name, "read only")),
        Access::Writable if is(&context.switches.read_only_property) => Some(read_only(name, "read only")),
        Access::Writable if value.is_empty() => None,
        // HubSpot does not publish the code of this error.
        Access::Writable if value.chars().count() > MAX_VALUE_CHARS => Some(property_error(
            name,
            "VALUE_TOO_LONG",
            format!("The value of property \"{name}\" is longer than {MAX_VALUE_CHARS} characters."),
        )),
        Access::Writable => value_error(property.kind, name, value),
    }
}

fn read_only(name: &str, how: &str) -> PropertyError {
    property_error(
        name,
        "READ_ONLY_VALUE",
        format!("\"{name}\" is a {how} property; its value cannot be set."),
    )
}

fn value_error(kind: ValueKind, name: &str, value: &str) -> Option<PropertyError> {
    let (code, message) = match kind {
        ValueKind::Text => return None,
        ValueKind::Email if email::is_valid(&email::normalized(value)) => return None,
        ValueKind::Email => ("INVALID_EMAIL", format!("Email address {value} is invalid")),
        ValueKind::Number if number(value).is_some() => return None,
        ValueKind::Number => ("INVALID_INTEGER", format!("{value} was not a valid number.")),
        ValueKind::Date if date(value).is_some() => return None,
        ValueKind::Date => ("INVALID_DATE", format!("{value} was not a valid date.")),
        ValueKind::DateTime if time(value).is_some() => return None,
        ValueKind::DateTime => ("INVALID_DATE", format!("{value} was not a valid timestamp.")),
        ValueKind::Bool if value == "true" || value == "false" => return None,
        ValueKind::Bool => ("INVALID_BOOLEAN", format!("{value} was not a valid boolean.")),
        ValueKind::Choice(options) if options.contains(&value) => return None,
        ValueKind::Checkboxes(options) if options_in(value).all(|option| options.contains(&option)) => {
            return None;
        }
        ValueKind::Choice(options) | ValueKind::Checkboxes(options) => (
            "INVALID_OPTION",
            format!(
                "{value} was not one of the allowed options: [{}]",
                options.join(", ")
            ),
        ),
    };
    Some(property_error(name, code, message))
}

pub(crate) fn property_error(name: &str, code: &'static str, message: String) -> PropertyError {
    PropertyError {
        name: name.to_owned(),
        code,
        message,
    }
}

/// The date as `YYYY-MM-DD`, from this form or from milliseconds at midnight UTC.
fn date(value: &str) -> Option<String> {
    if let Some(date) = iso_date(value) {
        return Some(date.to_string());
    }
    let at = Timestamp::from_millisecond(value.parse().ok()?).ok()?;
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    (civil.time() == jiff::civil::Time::midnight()).then(|| civil.date().to_string())
}

/// The time in ISO 8601 and UTC, the form in which HubSpot answers.
fn iso_time(value: &str) -> Option<String> {
    Some(Timestamp::from_millisecond(time(value)?).ok()?.to_string())
}

fn options_in(value: &str) -> impl Iterator<Item = &str> {
    value.split(';').filter(|option| !option.is_empty())
}

/// The value to store, given the one stored before; none clears the property.
pub(crate) fn stored(
    properties: &Properties,
    name: &str,
    value: &str,
    before: Option<&str>,
) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    match properties.get(name).map(|property| property.kind) {
        Some(ValueKind::Email) => Some(email::normalized(value)),
        Some(ValueKind::Checkboxes(_)) if value.starts_with(';') => {
            Some(appended(before.unwrap_or_default(), value))
        }
        Some(ValueKind::Date) => date(value),
        Some(ValueKind::DateTime) => iso_time(value),
        _ if name == "lifecyclestage" => Some(later_stage(value, before).to_owned()),
        _ => Some(value.to_owned()),
    }
}

/// The options before and the new ones. HubSpot appends if the value begins with `;`.
fn appended(before: &str, value: &str) -> String {
    let mut options: Vec<&str> = options_in(before).collect();
    for option in options_in(value) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    options.join(";")
}

/// The later of two stages. HubSpot ignores a write of an earlier stage without an error; clearing the stage first allows
/// it.
fn later_stage<'a>(value: &'a str, before: Option<&'a str>) -> &'a str {
    let rank = |stage: &str| LIFECYCLE_STAGES.iter().position(|known| *known == stage);
    match before {
        Some(before) if rank(before) > rank(value) => before,
        _ => value,
    }
}

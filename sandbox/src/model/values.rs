//! Checks the properties and values of a write, and brings values into the form in which they are stored.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Context, PropertyFault, Values,
    admin_rules::refused_by_admin,
    comparable::{iso_date, moment, number},
    email,
    property::{Access, Kind, LIFECYCLE_STAGES, Properties},
};

/// The longest value that HubSpot stores, in characters.
const LONGEST_VALUE: usize = 65_536;

/// Every fault of a write, or nothing.
pub(crate) fn faults(properties: &Properties, context: &Context<'_>, values: &Values) -> Vec<PropertyFault> {
    let mut faults: Vec<PropertyFault> = values
        .iter()
        .filter_map(|(name, value)| fault(properties, context, name, value))
        .collect();
    faults.extend(refused_by_admin(context, values));
    faults
}

fn fault(properties: &Properties, context: &Context<'_>, name: &str, value: &str) -> Option<PropertyFault> {
    let is = |switch: &Option<String>| switch.as_deref() == Some(name);
    let known = properties
        .get(name)
        .filter(|_| !is(&context.switches.unknown_property));
    let Some(property) = known else {
        return Some(fault_of(
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
            addresses.find_map(|address| value_fault(Kind::Email, name, address))
        }
        Access::Calculated => Some(read_only(name, "calculated")),
        Access::ReadOnly => Some(read_only(name, "read only")),
        Access::Writable if is(&context.switches.read_only_property) => Some(read_only(name, "read only")),
        Access::Writable if value.is_empty() => None,
        // HubSpot does not publish the code of this refusal.
        Access::Writable if value.chars().count() > LONGEST_VALUE => Some(fault_of(
            name,
            "VALUE_TOO_LONG",
            format!("The value of property \"{name}\" is longer than {LONGEST_VALUE} characters."),
        )),
        Access::Writable => value_fault(property.kind, name, value),
    }
}

fn read_only(name: &str, how: &str) -> PropertyFault {
    fault_of(
        name,
        "READ_ONLY_VALUE",
        format!("\"{name}\" is a {how} property; its value cannot be set."),
    )
}

fn value_fault(kind: Kind, name: &str, value: &str) -> Option<PropertyFault> {
    let (code, message) = match kind {
        Kind::Text => return None,
        Kind::Email if email::is_valid(&email::normalized(value)) => return None,
        Kind::Email => ("INVALID_EMAIL", format!("Email address {value} is invalid")),
        Kind::Number if number(value).is_some() => return None,
        Kind::Number => ("INVALID_INTEGER", format!("{value} was not a valid number.")),
        Kind::Date if day(value).is_some() => return None,
        Kind::Date => ("INVALID_DATE", format!("{value} was not a valid date.")),
        Kind::DateTime if moment(value).is_some() => return None,
        Kind::DateTime => ("INVALID_DATE", format!("{value} was not a valid timestamp.")),
        Kind::Bool if value == "true" || value == "false" => return None,
        Kind::Bool => ("INVALID_BOOLEAN", format!("{value} was not a valid boolean.")),
        Kind::Choice(options) if options.contains(&value) => return None,
        Kind::Checkboxes(options) if checked(value).all(|option| options.contains(&option)) => return None,
        Kind::Choice(options) | Kind::Checkboxes(options) => (
            "INVALID_OPTION",
            format!(
                "{value} was not one of the allowed options: [{}]",
                options.join(", ")
            ),
        ),
    };
    Some(fault_of(name, code, message))
}

pub(crate) fn fault_of(name: &str, code: &'static str, message: String) -> PropertyFault {
    PropertyFault {
        name: name.to_owned(),
        code,
        message,
    }
}

/// `YYYY-MM-DD`, from that or from milliseconds at midnight UTC.
fn day(value: &str) -> Option<String> {
    if let Some(date) = iso_date(value) {
        return Some(date.to_string());
    }
    let at = Timestamp::from_millisecond(value.parse().ok()?).ok()?;
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    (civil.time() == jiff::civil::Time::midnight()).then(|| civil.date().to_string())
}

/// ISO 8601 in UTC, the form in which HubSpot answers.
fn iso(value: &str) -> Option<String> {
    Some(Timestamp::from_millisecond(moment(value)?).ok()?.to_string())
}

fn checked(value: &str) -> impl Iterator<Item = &str> {
    value.split(';').filter(|option| !option.is_empty())
}

/// The value to store, given the one stored so far. `None` clears.
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
        Some(Kind::Email) => Some(email::normalized(value)),
        Some(Kind::Checkboxes(_)) if value.starts_with(';') => {
            Some(appended(before.unwrap_or_default(), value))
        }
        Some(Kind::Date) => day(value),
        Some(Kind::DateTime) => iso(value),
        _ if name == "lifecyclestage" => Some(later_stage(value, before).to_owned()),
        _ => Some(value.to_owned()),
    }
}

/// A leading `;` adds to the boxes that are checked.
fn appended(before: &str, value: &str) -> String {
    let mut options: Vec<&str> = checked(before).collect();
    for option in checked(value) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    options.join(";")
}

/// A stage only moves forward; whoever wants it back clears it first. The refusal is silent.
fn later_stage<'a>(value: &'a str, before: Option<&'a str>) -> &'a str {
    let rank = |stage: &str| LIFECYCLE_STAGES.iter().position(|known| *known == stage);
    match before {
        Some(before) if rank(before) > rank(value) => before,
        _ => value,
    }
}

//! Validates the properties and values of a write, and converts values to the form in which they are stored.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Properties, ValueKind,
    admin_rules::protected_property_error,
    comparable::{iso_date, number, time},
    definition::PropertyDefinition,
    email,
};
use crate::{
    model::{Contact, Context, PropertyError, Values},
    settings::BackwardStage,
};

/// The code of the error of an earlier lifecycle stage. HubSpot does not publish one.
const EARLIER_STAGE: &str = "EARLIER_LIFECYCLE_STAGE";

/// The property whose values move a contact only forward.
const LIFECYCLE_STAGE: &str = "lifecyclestage";

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
    let Some(property) = properties.visible(context.switches, name) else {
        return Some(property_error(
            name,
            "PROPERTY_DOESNT_EXIST",
            format!("Property \"{name}\" does not exist"),
        ));
    };
    if name == "hs_additional_emails" && context.switches.additional_emails_writable {
        let mut addresses = value.split(';').filter(|address| !address.trim().is_empty());
        return addresses.find_map(|address| invalid_email(name, address));
    }
    if property.is_computed() {
        return Some(read_only(name, "calculated"));
    }
    if property.modification_metadata.read_only_value
        || context.switches.read_only_property.as_deref() == Some(name)
    {
        return Some(read_only(name, "read only"));
    }
    if value.is_empty() {
        return None;
    }
    if value.chars().count() > MAX_VALUE_CHARS {
        // HubSpot does not publish the code of this error.
        return Some(property_error(
            name,
            "VALUE_TOO_LONG",
            format!("The value of property \"{name}\" is longer than {MAX_VALUE_CHARS} characters."),
        ));
    }
    let broken_rule = || {
        let mut rules = property.validation_rules.iter();
        rules.find_map(|rule| rule.error(name, value))
    };
    value_error(property, value).or_else(broken_rule)
}

fn read_only(name: &str, how: &str) -> PropertyError {
    property_error(
        name,
        "READ_ONLY_VALUE",
        format!("\"{name}\" is a {how} property; its value cannot be set."),
    )
}

fn value_error(property: &PropertyDefinition, value: &str) -> Option<PropertyError> {
    let name = &property.name;
    let (code, message) = match property.kind() {
        ValueKind::Text => return None,
        ValueKind::Email => return invalid_email(name, value),
        ValueKind::Number if number(value).is_some() => return None,
        ValueKind::Number => ("INVALID_INTEGER", format!("{value} was not a valid number.")),
        ValueKind::Date if date(value).is_some() => return None,
        ValueKind::Date => ("INVALID_DATE", format!("{value} was not a valid date.")),
        ValueKind::DateTime if time(value).is_some() => return None,
        ValueKind::DateTime => ("INVALID_DATE", format!("{value} was not a valid timestamp.")),
        ValueKind::Bool if value == "true" || value == "false" => return None,
        ValueKind::Bool => ("INVALID_BOOLEAN", format!("{value} was not a valid boolean.")),
        ValueKind::Choice if property.accepts_option(value) => return None,
        ValueKind::Choices if options_in(value).all(|option| property.accepts_option(option)) => return None,
        ValueKind::Choice | ValueKind::Choices => {
            let options: Vec<&str> = property
                .options
                .iter()
                .map(|option| option.value.as_str())
                .collect();
            (
                "INVALID_OPTION",
                format!(
                    "{value} was not one of the allowed options: [{}]",
                    options.join(", ")
                ),
            )
        }
    };
    Some(property_error(name, code, message))
}

fn invalid_email(name: &str, value: &str) -> Option<PropertyError> {
    let is_valid = email::is_valid(&email::normalized(value));
    let message = format!("Email address {value} is invalid");
    (!is_valid).then(|| property_error(name, "INVALID_EMAIL", message))
}

/// The error of a write that moves a contact to an earlier lifecycle stage, if the account rejects it. Sources disagree
/// about HubSpot; see [`stored`] for the other behaviour.
pub(crate) fn earlier_stage_error(
    properties: &Properties,
    context: &Context<'_>,
    contact: &Contact,
    values: &Values,
) -> Option<PropertyError> {
    let after = values.get(LIFECYCLE_STAGE).filter(|stage| !stage.is_empty())?;
    let before = contact.properties.get(LIFECYCLE_STAGE)?;
    let property = properties.get(LIFECYCLE_STAGE)?;
    let is_rejected = context.switches.backward_stage == BackwardStage::Rejected
        && is_earlier_stage(property, after, before);
    is_rejected.then(|| {
        property_error(
            LIFECYCLE_STAGE,
            EARLIER_STAGE,
            format!(
                "Property \"{LIFECYCLE_STAGE}\" cannot move back from {before} to {after}; clear it first."
            ),
        )
    })
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

/// The options in a value, without the `;` around and between them.
pub(crate) fn options_in(value: &str) -> impl Iterator<Item = &str> {
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
    let Some(property) = properties.get(name) else {
        return Some(value.to_owned());
    };
    match property.kind() {
        ValueKind::Email => Some(email::normalized(value)),
        ValueKind::Choices => stored_options(value, before.unwrap_or_default()),
        ValueKind::Date => date(value),
        ValueKind::DateTime => iso_time(value),
        // HubSpot ignores a write of an earlier stage without an error. Clearing the stage first allows it.
        ValueKind::Choice if name == LIFECYCLE_STAGE => {
            let before = before.filter(|before| is_earlier_stage(property, value, before));
            Some(before.unwrap_or(value).to_owned())
        }
        ValueKind::Text => {
            let rules = property.validation_rules.iter();
            Some(rules.fold(value.to_owned(), |value, rule| rule.normalized(value)))
        }
        ValueKind::Number | ValueKind::Bool | ValueKind::Choice => Some(value.to_owned()),
    }
}

/// The options of a write, each of them once. HubSpot appends them to those before if the value begins with `;`.
fn stored_options(value: &str, before: &str) -> Option<String> {
    let kept = if value.starts_with(';') { before } else { "" };
    let mut options: Vec<&str> = Vec::new();
    for option in options_in(kept).chain(options_in(value)) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    (!options.is_empty()).then(|| options.join(";"))
}

/// Whether a stage comes before another one, in the order of the options.
fn is_earlier_stage(property: &PropertyDefinition, stage: &str, other: &str) -> bool {
    let rank = |stage: &str| property.options.iter().position(|option| option.value == stage);
    // A stage that is no option any more has no rank, so a contact can leave it in any direction.
    rank(other).is_some() && rank(stage) < rank(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CustomProperty;

    fn stored_in_tags(value: &str, before: &str) -> Option<String> {
        let properties = Properties::new(&[CustomProperty::choices("tags", ["a", "b", "c"])], &[]);
        stored(&properties, "tags", value, Some(before))
    }

    #[test]
    fn several_options_replace_those_before() {
        assert_eq!(stored_in_tags("c;b", "a").as_deref(), Some("c;b"));
    }

    #[test]
    fn a_leading_semicolon_appends_options() {
        assert_eq!(stored_in_tags(";c;a", "a;b").as_deref(), Some("a;b;c"));
        assert_eq!(stored_in_tags(";c", "").as_deref(), Some("c"));
    }

    #[test]
    fn an_option_is_stored_once() {
        assert_eq!(stored_in_tags("b;a;b", "").as_deref(), Some("b;a"));
    }

    #[test]
    fn a_semicolon_alone_appends_nothing() {
        assert_eq!(stored_in_tags(";", "a").as_deref(), Some("a"));
        assert_eq!(stored_in_tags(";", ""), None);
    }
}

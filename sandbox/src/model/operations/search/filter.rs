//! One filter of a search.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::{
    Switches,
    model::{
        Contact, Properties, Rejection, Text,
        properties::{ValueKind, comparable::Comparable, definition::PropertyDefinition},
    },
};

/// A condition on one property.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    property_name: String,
    operator: Operator,
    value: Option<Text>,
    high_value: Option<Text>,
    values: Option<Vec<Text>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    In,
    NotIn,
    HasProperty,
    NotHasProperty,
    ContainsToken,
    NotContainsToken,
}

impl Filter {
    /// Rejects a filter on an unknown property, and one without the values that its operator needs.
    pub(crate) fn check(&self, properties: &Properties, switches: &Switches) -> Result<(), Rejection> {
        let name = &self.property_name;
        let kind = known_property(properties, switches, name)?.kind();
        let missing = |member: &str| {
            Rejection::Search(format!(
                "The filter on property {name} needs {member} for its operator."
            ))
        };
        let value = || self.value.iter().collect::<Vec<_>>();
        let operands = match self.operator {
            Operator::HasProperty | Operator::NotHasProperty => return Ok(()),
            Operator::ContainsToken | Operator::NotContainsToken if self.value.is_some() => return Ok(()),
            Operator::Between if self.high_value.is_none() => return Err(missing("highValue")),
            Operator::In | Operator::NotIn => {
                let values = self.values.as_ref().filter(|values| !values.is_empty());
                values.ok_or_else(|| missing("values"))?.iter().collect()
            }
            _ if self.value.is_none() => return Err(missing("value")),
            Operator::Between => value().into_iter().chain(&self.high_value).collect(),
            _ => value(),
        };
        let is_comparable = |text: &&Text| Comparable::parse(kind, &text.0).is_some();
        if operands.iter().all(is_comparable) {
            return Ok(());
        }
        let kind = kind.name();
        Err(Rejection::Search(format!(
            "The filter on property {name} has a value that is no {kind}."
        )))
    }

    /// Whether a contact meets the condition. As at HubSpot, negative operators do not match contacts without a value.
    pub(crate) fn matches(&self, properties: &Properties, contact: &Contact) -> bool {
        let property = properties.get(&self.property_name);
        let (Some(property), Some(actual)) = (property, contact.value(&self.property_name)) else {
            return self.operator == Operator::NotHasProperty;
        };
        let kind = property.kind();
        let order = |operand: &Option<Text>| {
            let operand = Comparable::parse(kind, &operand.as_ref()?.0)?;
            Some(Comparable::parse(kind, &actual)?.order(&operand))
        };
        let (low, high) = (|| order(&self.value), || order(&self.high_value));
        let is_listed = || {
            let values = self.values.as_deref().unwrap_or_default();
            values.iter().any(|value| is_equal(kind, &actual, &value.0))
        };
        let has_tokens = || {
            let wanted = self.value.as_ref().map_or("", |value| value.0.as_str());
            contains_tokens(&actual.to_lowercase(), &wanted.to_lowercase())
        };
        match self.operator {
            Operator::Eq => low() == Some(Ordering::Equal),
            Operator::Neq => low().is_some_and(Ordering::is_ne),
            Operator::Lt => low().is_some_and(Ordering::is_lt),
            Operator::Lte => low().is_some_and(Ordering::is_le),
            Operator::Gt => low().is_some_and(Ordering::is_gt),
            Operator::Gte => low().is_some_and(Ordering::is_ge),
            Operator::Between => low().is_some_and(Ordering::is_ge) && high().is_some_and(Ordering::is_le),
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::HasProperty => true,
            Operator::NotHasProperty => false,
            Operator::ContainsToken => has_tokens(),
            Operator::NotContainsToken => !has_tokens(),
        }
    }
}

/// The property of a filter or a sort. An unknown one is rejected.
pub(crate) fn known_property<'a>(
    properties: &'a Properties,
    switches: &Switches,
    name: &str,
) -> Result<&'a PropertyDefinition, Rejection> {
    let unknown = || Rejection::Search(format!("Property \"{name}\" does not exist"));
    properties.visible(switches, name).ok_or_else(unknown)
}

/// Whether a value equals one of a list. Text in the list must be in lower case, as at HubSpot; options are compared as
/// they are.
fn is_equal(kind: ValueKind, actual: &str, listed: &str) -> bool {
    match kind {
        ValueKind::Text | ValueKind::Email => actual.to_lowercase() == listed,
        ValueKind::Bool | ValueKind::Choice | ValueKind::Choices => actual == listed,
        ValueKind::Number | ValueKind::Date | ValueKind::DateTime => Comparable::parse(kind, actual)
            .is_some_and(|actual| Comparable::parse(kind, listed) == Some(actual)),
    }
}

/// Whether all tokens are found. The comparison is by tokens: `neal@example.com` is found in `x-neal@example.com`.
fn contains_tokens(actual: &str, wanted: &str) -> bool {
    let present: Vec<&str> = tokens(actual).collect();
    tokens(wanted).all(|token| match token.strip_suffix('*') {
        Some(prefix) => present.iter().any(|word| word.starts_with(prefix)),
        None => token.strip_prefix('*').map_or_else(
            || present.contains(&token),
            |suffix| present.iter().any(|word| word.ends_with(suffix)),
        ),
    })
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '*')
        .filter(|token| !token.is_empty())
}

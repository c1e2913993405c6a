//! One filter of a search.

use std::cmp::Ordering;

use serde::Deserialize;

use super::Contact;

/// A condition on one property.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    property_name: String,
    operator: Operator,
    #[serde(default)]
    value: String,
    #[serde(default)]
    high_value: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
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
    /// Whether a contact meets the condition. Negative ones leave out contacts without a value, as HubSpot does.
    pub(crate) fn matches(&self, contact: &Contact) -> bool {
        let Some(actual) = contact.value(&self.property_name) else {
            return matches!(self.operator, Operator::NotHasProperty);
        };
        let actual = actual.to_lowercase();
        let order = |other: &str| compare(&actual, &other.to_lowercase());
        let is_listed = || self.values.iter().any(|value| value.to_lowercase() == actual);
        match self.operator {
            Operator::Eq => order(&self.value) == Ordering::Equal,
            Operator::Neq => order(&self.value) != Ordering::Equal,
            Operator::Lt => order(&self.value) == Ordering::Less,
            Operator::Lte => order(&self.value) != Ordering::Greater,
            Operator::Gt => order(&self.value) == Ordering::Greater,
            Operator::Gte => order(&self.value) != Ordering::Less,
            Operator::Between => {
                order(&self.value) != Ordering::Less && order(&self.high_value) != Ordering::Greater
            }
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::HasProperty => true,
            Operator::NotHasProperty => false,
            Operator::ContainsToken => contains_tokens(&actual, &self.value.to_lowercase()),
            Operator::NotContainsToken => !contains_tokens(&actual, &self.value.to_lowercase()),
        }
    }
}

/// Numbers compare as numbers, everything else as text; ISO times sort as text.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        _ => left.cmp(right),
    }
}

/// Tokens, not text: `neal@example.com` is found in `x-neal@example.com`.
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

//! Validation rules, which an admin sets for the values of a property.
//!
//! HubSpot documents the types of rules. The codes of their errors, and the arguments of [`RuleType::Alphanumeric`] and
//! [`RuleType::Format`], are the sandbox's own.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/property-validations/guide>

use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{ValueKind, comparable::number, email, validation::property_error};
use crate::model::PropertyError;

/// The code of the error of a value that breaks a rule.
const RULE_BROKEN: &str = "PROPERTY_VALIDATION_RULE";

/// What a rule demands of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleType {
    /// At least this many characters.
    MinLength,
    /// At most this many characters.
    MaxLength,
    /// The whole value matches this regular expression.
    Regex,
    /// Letters and digits only. The rule has no arguments.
    Alphanumeric,
    /// Letters of this case: `UPPERCASE`, `LOWERCASE` or `TITLE_CASE`.
    Format,
    /// At least this number.
    MinNumber,
    /// At most this number.
    MaxNumber,
    /// An address at one of these domains.
    EmailAllowedDomains,
}

/// A rule for the values of a property, in the form of HubSpot's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidationRule {
    /// What the rule demands.
    pub rule_type: RuleType,
    /// The arguments: a number, a pattern, domains.
    #[serde(default)]
    pub rule_arguments: Vec<String>,
    /// Whether a value that breaks the rule is stored in another form instead of being rejected. Only
    /// [`RuleType::Format`] can do so.
    #[serde(default)]
    pub should_apply_normalization: bool,
}

impl ValidationRule {
    /// A rule that rejects values.
    pub fn new<A: Into<String>>(rule_type: RuleType, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            rule_type,
            rule_arguments: arguments.into_iter().map(Into::into).collect(),
            should_apply_normalization: false,
        }
    }

    /// The rule, but it changes values instead of rejecting them.
    #[must_use]
    pub fn with_normalization(mut self) -> Self {
        self.should_apply_normalization = true;
        self
    }

    /// Why the rule cannot be set for values of this kind.
    pub(crate) fn check(&self, kind: ValueKind) -> Result<(), String> {
        let rule_type = self.rule_type;
        let fits = match rule_type {
            RuleType::MinLength
            | RuleType::MaxLength
            | RuleType::Regex
            | RuleType::Alphanumeric
            | RuleType::Format => kind == ValueKind::Text,
            RuleType::MinNumber | RuleType::MaxNumber => kind == ValueKind::Number,
            RuleType::EmailAllowedDomains => matches!(kind, ValueKind::Email | ValueKind::Text),
        };
        if !fits {
            return Err(format!("{rule_type:?} cannot be set for a property of this type"));
        }
        if self.should_apply_normalization && rule_type != RuleType::Format {
            return Err(format!("{rule_type:?} cannot normalize values"));
        }
        if self.condition().is_none() {
            return Err(format!("{rule_type:?} has unusable arguments"));
        }
        Ok(())
    }

    /// The error of a value that breaks the rule.
    pub(crate) fn error(&self, name: &str, value: &str) -> Option<PropertyError> {
        if self.should_apply_normalization {
            return None;
        }
        // The arguments were checked when the rule was set.
        let holds = self.condition()?.holds(value);
        (!holds).then(|| {
            let rule = serde_json::to_value(self.rule_type).unwrap_or_default();
            let rule = rule.as_str().unwrap_or_default();
            let arguments = self.rule_arguments.join(", ");
            property_error(
                name,
                RULE_BROKEN,
                format!("The value of property \"{name}\" breaks the validation rule {rule} [{arguments}]."),
            )
        })
    }

    /// The form in which the value is stored.
    pub(crate) fn normalized(&self, value: String) -> String {
        match self.condition() {
            Some(Condition::Format(letter_case)) if self.should_apply_normalization => {
                letter_case.applied_to(&value)
            }
            _ => value,
        }
    }

    /// The rule with its arguments parsed; none if they are unusable.
    fn condition(&self) -> Option<Condition> {
        let only = match self.rule_arguments.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        match self.rule_type {
            RuleType::MinLength => only?.parse().ok().map(Condition::MinLength),
            RuleType::MaxLength => only?.parse().ok().map(Condition::MaxLength),
            RuleType::Regex => {
                let whole_value = format!("^(?:{})$", only?);
                Regex::new(&whole_value).ok().map(Condition::Regex)
            }
            RuleType::Alphanumeric => self.rule_arguments.is_empty().then_some(Condition::Alphanumeric),
            RuleType::Format => only?.parse().ok().map(Condition::Format),
            RuleType::MinNumber => number(only?).map(Condition::MinNumber),
            RuleType::MaxNumber => number(only?).map(Condition::MaxNumber),
            RuleType::EmailAllowedDomains => {
                let domains = self.rule_arguments.iter().map(|domain| domain.to_lowercase());
                (!self.rule_arguments.is_empty()).then(|| Condition::Domains(domains.collect()))
            }
        }
    }
}

/// A rule with parsed arguments.
enum Condition {
    MinLength(usize),
    MaxLength(usize),
    Regex(Regex),
    Alphanumeric,
    Format(LetterCase),
    MinNumber(f64),
    MaxNumber(f64),
    Domains(Vec<String>),
}

impl Condition {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::MinLength(min) => value.chars().count() >= *min,
            Self::MaxLength(max) => value.chars().count() <= *max,
            Self::Regex(pattern) => pattern.is_match(value),
            Self::Alphanumeric => value.chars().all(char::is_alphanumeric),
            Self::Format(letter_case) => letter_case.applied_to(value) == value,
            // The value is a number, because its type is checked before the rules.
            Self::MinNumber(min) => number(value).is_some_and(|number| number >= *min),
            Self::MaxNumber(max) => number(value).is_some_and(|number| number <= *max),
            Self::Domains(domains) => email::normalized(value)
                .rsplit_once('@')
                .is_some_and(|(_, domain)| domains.iter().any(|allowed| allowed == domain)),
        }
    }
}

/// The cases of [`RuleType::Format`].
#[derive(Clone, Copy)]
enum LetterCase {
    Upper,
    Lower,
    Title,
}

impl FromStr for LetterCase {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "UPPERCASE" => Ok(Self::Upper),
            "LOWERCASE" => Ok(Self::Lower),
            "TITLE_CASE" => Ok(Self::Title),
            _ => Err(()),
        }
    }
}

impl LetterCase {
    fn applied_to(self, value: &str) -> String {
        match self {
            Self::Upper => value.to_uppercase(),
            Self::Lower => value.to_lowercase(),
            Self::Title => {
                let mut begins_word = true;
                let mut titled = String::new();
                for letter in value.chars() {
                    if begins_word {
                        titled.extend(letter.to_uppercase());
                    } else {
                        titled.extend(letter.to_lowercase());
                    }
                    begins_word = letter.is_whitespace();
                }
                titled
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(rule: &ValidationRule, value: &str) -> bool {
        rule.error("x", value).is_some()
    }

    #[test]
    fn each_rule_rejects_what_breaks_it() {
        for (rule_type, arguments, accepted, rejected) in [
            (RuleType::MinLength, vec!["2"], "äö", "ä"),
            (RuleType::MaxLength, vec!["2"], "äö", "abc"),
            (RuleType::Regex, vec!["[A-Z]{2}|none"], "AB", "ABC"),
            (RuleType::Alphanumeric, vec![], "Ada1", "Ada 1"),
            (
                RuleType::Format,
                vec!["TITLE_CASE"],
                "Ada Lovelace",
                "ada Lovelace",
            ),
            (RuleType::Format, vec!["UPPERCASE"], "ADA", "Ada"),
            (RuleType::Format, vec!["LOWERCASE"], "ada", "Ada"),
            (RuleType::MinNumber, vec!["-1"], "-1.0", "-1.5"),
            (RuleType::MaxNumber, vec!["10"], "10", "10.1"),
            (
                RuleType::EmailAllowedDomains,
                vec!["example.com", "Example.org"],
                "Ada@EXAMPLE.org",
                "ada@sub.example.com",
            ),
        ] {
            let rule = ValidationRule::new(rule_type, arguments);
            assert!(!breaks(&rule, accepted), "{rule:?} {accepted}");
            assert!(breaks(&rule, rejected), "{rule:?} {rejected}");
        }
    }

    #[test]
    fn a_rule_that_normalizes_changes_a_value_instead_of_rejecting_it() {
        let rule = ValidationRule::new(RuleType::Format, ["TITLE_CASE"]).with_normalization();
        assert!(!breaks(&rule, "ada LOVELACE"));
        assert_eq!(rule.normalized("ada LOVELACE".to_owned()), "Ada Lovelace");
    }

    #[test]
    fn unusable_arguments_are_found_when_the_rule_is_set() {
        for (rule_type, arguments) in [
            (RuleType::MinLength, vec!["two"]),
            (RuleType::MaxLength, vec![]),
            (RuleType::Regex, vec!["("]),
            (RuleType::Alphanumeric, vec!["x"]),
            (RuleType::Format, vec!["camel"]),
            (RuleType::EmailAllowedDomains, vec![]),
        ] {
            let rule = ValidationRule::new(rule_type, arguments);
            assert!(rule.check(ValueKind::Text).is_err(), "{rule:?}");
        }
        let number = ValidationRule::new(RuleType::MinNumber, ["1"]);
        assert!(number.check(ValueKind::Text).is_err());
        assert_eq!(number.check(ValueKind::Number), Ok(()));
        assert!(number.with_normalization().check(ValueKind::Number).is_err());
    }
}

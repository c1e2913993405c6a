//! The types of fields: which values they take, what form these have in JSON, in CSV and at HubSpot, and when two are equal.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value as Json;

use super::{
    definition::ADDS_ONLY,
    text_rules::{check_email, check_text},
    value::{Number, Value},
};
use crate::address::lowercase_address;

/// The separator of several options, in CSV and at HubSpot.
const SEPARATOR: char = ';';
/// The maximum length of a text whose definition gives none, and of any text: HubSpot stores no longer one.
pub const MAX_TEXT_CHARS: usize = 65_536;

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum FieldType {
    /// An e-mail address. The field of this type is the key by which HubSpot knows a contact, so it cannot be cleared.
    Email,
    /// A text without control characters.
    Text {
        /// The maximum number of characters (Unicode scalar values).
        #[serde(default = "max_text_chars")]
        max_chars: usize,
        /// What the whole text has to match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<Pattern>,
    },
    /// A number, which two forms such as `5` and `5.0` have in common.
    Number {
        /// The smallest number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Number>,
        /// The largest number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Number>,
        /// The maximum number of places after the point.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decimals: Option<usize>,
    },
    /// Yes or no.
    Boolean,
    /// A day without a time, and so without a time zone.
    Date,
    /// A point in time, to the millisecond.
    DateTime,
    /// One of several options.
    Choice {
        /// The options. If there are none here, those that HubSpot has decide.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<String>,
    },
    /// Any number of options.
    Choices {
        /// The options. If there are none here, those that HubSpot has decide.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<String>,
        /// Whether a write replaces the contact's options.
        #[serde(default)]
        mode: ChoicesMode,
    },
}

const fn max_text_chars() -> usize {
    MAX_TEXT_CHARS
}

/// What a write of several options does to those that the contact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChoicesMode {
    /// It replaces them.
    #[default]
    Replace,
    /// It adds to them.
    Append,
}

/// A regular expression that a whole text has to match, in the syntax of the `regex` crate.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    whole: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        // Compiled alone first: with the brackets, `a)(b` would be valid.
        Regex::new(text)?;
        Ok(Self {
            text: text.to_owned(),
            whole: Regex::new(&format!("^(?:{text})$"))?,
        })
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(de::Error::custom)
    }
}

impl FieldType {
    /// Reads a value that a caller gave as JSON, and brings it into its canonical form. The error is a sentence for the caller that says
    /// what a valid value is, and quotes nothing.
    pub fn read_json(&self, given: Json) -> Result<Value, String> {
        let kind = kind_of(&given);
        if kind != self.json_kind() {
            return Err(format!("{}, not {kind}", self.expected()));
        }
        let value = serde_json::from_value(given).map_err(|_| self.expected())?;
        self.accept(value)
    }

    /// The kind of JSON in which values are given.
    fn json_kind(&self) -> &'static str {
        match self {
            Self::Number { .. } => "a number",
            Self::Boolean => "a boolean",
            Self::Choices { .. } => "an array",
            Self::Email | Self::Text { .. } | Self::Date | Self::DateTime | Self::Choice { .. } => "a string",
        }
    }

    /// Checks a value by the rules of this type, and brings it into its canonical form. The error is as in [`Self::read_json`].
    pub fn accept(&self, given: Value) -> Result<Value, String> {
        let value = match (self, given) {
            (Self::Date, Value::Text(text)) => Value::Text(date(&text).ok_or_else(|| self.expected())?),
            (Self::DateTime, Value::Text(text)) => Value::Text(time(&text).ok_or_else(|| self.expected())?),
            (Self::Number { .. }, value @ Value::Number(_))
            | (Self::Boolean, value @ Value::Boolean(_))
            | (Self::Choices { .. }, value @ Value::Options(_))
            | (Self::Email | Self::Text { .. } | Self::Choice { .. }, value @ Value::Text(_)) => value,
            _ => return Err(self.expected()),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Reads a value from a row of CSV. Several options are separated by semicolons.
    pub fn read_csv(&self, given: &str) -> Result<Value, String> {
        let value = match self {
            Self::Number { .. } => {
                let is_plain = !given.contains(['e', 'E', '+']);
                let number = given.parse().ok().filter(|_| is_plain);
                Value::Number(number.ok_or_else(|| self.expected())?)
            }
            Self::Boolean => Value::Boolean(given.parse().map_err(|_| self.expected())?),
            Self::Choices { .. } => Value::Options(options_in(given)),
            Self::Date => Value::Text(date(given).ok_or_else(|| self.expected())?),
            Self::DateTime => Value::Text(time(given).ok_or_else(|| self.expected())?),
            Self::Email | Self::Text { .. } | Self::Choice { .. } => Value::Text(given.to_owned()),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Reads a value that HubSpot answered; none if the contact has no value. What has not the form of this type is a text, which equals no value of this type, unless
    /// this type is a text itself.
    /// <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>
    pub fn read_hubspot(&self, answered: &str) -> Option<Value> {
        if answered.is_empty() {
            return None;
        }
        let read = match self {
            Self::Number { .. } => answered.parse().ok().map(Value::Number),
            Self::Boolean => answered.parse().ok().map(Value::Boolean),
            Self::Choices { .. } => Some(Value::Options(options_in(answered))),
            Self::Date => date(answered).or_else(|| midnight(answered)).map(Value::Text),
            Self::DateTime => time(answered).or_else(|| milliseconds(answered)).map(Value::Text),
            Self::Email | Self::Text { .. } | Self::Choice { .. } => None,
        };
        Some(read.unwrap_or_else(|| Value::Text(answered.to_owned())))
    }

    /// The form in which a value is written to HubSpot. An empty text clears a property.
    pub fn write_hubspot(&self, value: Option<&Value>) -> String {
        match value {
            None => String::new(),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Boolean(boolean)) => boolean.to_string(),
            Some(Value::Options(options)) => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                let joined = options.join(&SEPARATOR.to_string());
                if self.adds_options() && !joined.is_empty() {
                    format!("{SEPARATOR}{joined}")
                } else {
                    joined
                }
            }
        }
    }

    /// Whether two values mean the same. Addresses are compared without case, texts without blanks at their ends, because HubSpot takes
    /// these away.
    pub fn is_equal(&self, one: &Value, other: &Value) -> bool {
        match (self, one, other) {
            (Self::Email, Value::Text(one), Value::Text(other)) => {
                lowercase_address(one) == lowercase_address(other)
            }
            (Self::Text { .. }, Value::Text(one), Value::Text(other)) => one.trim() == other.trim(),
            _ => one == other,
        }
    }

    /// Whether a write adds options to those that the contact has.
    pub fn adds_options(&self) -> bool {
        match self {
            Self::Choices { mode, .. } => *mode == ChoicesMode::Append,
            _ => false,
        }
    }

    /// Checks a value by the rules of this type.
    fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Email, Value::Text(address)) => check_email(address),
            (Self::Text { max_chars, pattern }, Value::Text(text)) => {
                check_text(text, *max_chars)?;
                match pattern {
                    Some(pattern) if !pattern.whole.is_match(text) => {
                        Err(format!("must match the pattern {}", pattern.text))
                    }
                    _ => Ok(()),
                }
            }
            (Self::Number { min, max, decimals }, Value::Number(number)) => {
                let is_within = min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max);
                let is_short = decimals.is_none_or(|decimals| number.decimals() <= decimals);
                if is_within && is_short {
                    Ok(())
                } else {
                    Err(self.expected())
                }
            }
            (Self::Choice { options }, Value::Text(option)) => self.check_option(options, option),
            (Self::Choices { .. }, Value::Options(given)) if self.adds_options() && given.is_empty() => {
                Err(ADDS_ONLY.to_owned())
            }
            (Self::Choices { options, .. }, Value::Options(given)) => given
                .iter()
                .try_for_each(|option| self.check_option(options, option)),
            _ => Ok(()),
        }
    }

    fn check_option(&self, options: &[String], option: &String) -> Result<(), String> {
        let is_known = options.is_empty() || options.contains(option);
        let is_plain = !option.is_empty() && !option.contains(SEPARATOR) && option.trim() == option;
        if !is_known || !is_plain {
            return Err(self.expected());
        }
        check_text(option, MAX_TEXT_CHARS)
    }

    /// A sentence about the valid values.
    fn expected(&self) -> String {
        match self {
            Self::Email => "must be an e-mail address such as ada@example.com".to_owned(),
            Self::Text { .. } => "must be a string".to_owned(),
            Self::Number { min, max, decimals } => {
                let rules = [
                    min.map(|min| format!(", at least {min}")),
                    max.map(|max| format!(", at most {max}")),
                    decimals.map(|decimals| match decimals {
                        0 => ", without decimals".to_owned(),
                        _ => format!(", with at most {decimals} decimals"),
                    }),
                ];
                let rules: String = rules.into_iter().flatten().collect();
                format!("must be a number with at most 15 digits{rules}")
            }
            Self::Boolean => "must be true or false".to_owned(),
            Self::Date => "must be a date such as 2026-11-29".to_owned(),
            Self::DateTime => "must be a time such as 2026-11-29T10:15:00Z, with Z or an offset".to_owned(),
            Self::Choice { options } if options.is_empty() => {
                format!("must be an option, without {SEPARATOR} and without blanks at its ends")
            }
            Self::Choice { options } => format!("must be one of {}", options.join(", ")),
            Self::Choices { options, .. } if options.is_empty() => {
                format!("must be an array of options, without {SEPARATOR} and without blanks at their ends")
            }
            Self::Choices { options, .. } => format!("must be an array of any of {}", options.join(", ")),
        }
    }
}

fn kind_of(given: &Json) -> &'static str {
    match given {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn options_in(text: &str) -> BTreeSet<String> {
    let options = text.split(SEPARATOR).filter(|option| !option.is_empty());
    options.map(str::to_owned).collect()
}

/// The canonical form of a day, which is its only form.
fn date(text: &str) -> Option<String> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: Date = text.parse().ok().filter(|_| is_plain)?;
    (date.year() > 0).then(|| date.to_string())
}

/// The form of a time with `Z` or an offset (RFC 3339). The parser would take others too, such as times without seconds.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let offset = r"(?<sign>[+-])(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d)";
    let form = format!(r"^(?<civil>\d{{4}}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{{1,9}})?)(?:Z|{offset})$");
    Regex::new(&form).expect("a valid pattern")
});

/// The canonical form of a time that is given with `Z` or an offset. What is shorter than a millisecond is cut off.
fn time(text: &str) -> Option<String> {
    let parts = TIME.captures(text)?;
    let civil: DateTime = parts["civil"].parse().ok()?;
    let number = |name| {
        parts
            .name(name)
            .and_then(|part| part.as_str().parse::<i64>().ok())
    };
    let minutes = number("hours").unwrap_or(0) * 60 + number("minutes").unwrap_or(0);
    let is_west = parts.name("sign").is_some_and(|sign| sign.as_str() == "-");
    let offset = if is_west { -minutes } else { minutes }.minutes();
    // Not as a timestamp, because these end two days before the year 10000.
    canonical(civil.checked_sub(offset).ok()?)
}

fn canonical(utc: DateTime) -> Option<String> {
    let milliseconds = utc.subsec_nanosecond() / 1_000_000;
    (1..=9999)
        .contains(&utc.year())
        .then(|| format!("{}.{milliseconds:03}Z", utc.strftime("%Y-%m-%dT%H:%M:%S")))
}

fn milliseconds(text: &str) -> Option<String> {
    let at = Timestamp::from_millisecond(text.parse().ok()?).ok()?;
    canonical(at.to_zoned(TimeZone::UTC).datetime())
}

/// A day that is given as milliseconds at midnight UTC.
fn midnight(text: &str) -> Option<String> {
    let at = Timestamp::from_millisecond(text.parse().ok()?).ok()?;
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let is_midnight = civil.time() == jiff::civil::Time::midnight();
    is_midnight.then(|| civil.date().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(max_chars: usize, pattern: Option<&str>) -> FieldType {
        let pattern = pattern.map(|pattern| Pattern::new(pattern).expect("a pattern"));
        FieldType::Text { max_chars, pattern }
    }

    fn number(min: Option<i32>, max: Option<i32>, decimals: Option<usize>) -> FieldType {
        FieldType::Number {
            min: min.map(Number::from),
            max: max.map(Number::from),
            decimals,
        }
    }

    fn choice(options: &[&str]) -> FieldType {
        FieldType::Choice {
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        }
    }

    fn choices(options: &[&str], mode: ChoicesMode) -> FieldType {
        FieldType::Choices {
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            mode,
        }
    }

    fn types() -> [FieldType; 8] {
        [
            FieldType::Email,
            text(10, None),
            number(None, None, None),
            FieldType::Boolean,
            FieldType::Date,
            FieldType::DateTime,
            choice(&["a", "b"]),
            choices(&["a", "b"], ChoicesMode::Replace),
        ]
    }

    fn options(options: &[&str]) -> Value {
        Value::Options(options.iter().map(|option| (*option).to_owned()).collect())
    }

    #[test]
    fn each_type_takes_its_own_kind_of_json_only() {
        let given = [
            json!("ada@example.com"),
            json!("Ada"),
            json!(5),
            json!(true),
            json!("2026-11-29"),
            json!("2026-11-29T10:15:00Z"),
            json!("a"),
            json!(["a"]),
        ];
        for (place, kind) in types().iter().enumerate() {
            assert!(kind.read_json(given[place].clone()).is_ok(), "{kind:?}");
            for other in [json!(null), json!({}), json!([1]), json!(1e300)] {
                assert!(kind.read_json(other.clone()).is_err(), "{kind:?} {other}");
            }
            let is_text = given[place].is_string();
            for other in given.iter().filter(|other| other.is_string() != is_text) {
                assert!(kind.read_json(other.clone()).is_err(), "{kind:?} {other}");
            }
        }
        assert!(number(None, None, None).read_json(json!("5")).is_err());
        assert!(FieldType::Boolean.read_json(json!("true")).is_err());
    }

    #[test]
    fn values_have_one_canonical_form() {
        for (kind, given, canonical) in [
            (
                FieldType::DateTime,
                json!("2026-11-29T12:15:00+02:00"),
                json!("2026-11-29T10:15:00.000Z"),
            ),
            (
                FieldType::DateTime,
                json!("2026-11-29T10:15:00.1239Z"),
                json!("2026-11-29T10:15:00.123Z"),
            ),
            (
                FieldType::DateTime,
                json!("9999-12-31T23:59:59.9999Z"),
                json!("9999-12-31T23:59:59.999Z"),
            ),
            (
                FieldType::DateTime,
                json!("1969-12-31T18:29:59.9999-05:30"),
                json!("1969-12-31T23:59:59.999Z"),
            ),
            (FieldType::Date, json!("2026-02-28"), json!("2026-02-28")),
            (number(None, None, None), json!(5.0), json!(5)),
            (
                choices(&[], ChoicesMode::Append),
                json!(["b", "a", "b"]),
                json!(["a", "b"]),
            ),
            (
                FieldType::Email,
                json!("Ada@Example.com"),
                json!("Ada@Example.com"),
            ),
        ] {
            let value = kind.read_json(given).expect("a valid value");
            assert_eq!(serde_json::to_value(value).expect("JSON"), canonical);
        }
    }

    #[test]
    fn dates_and_times_are_strict() {
        for given in [
            "2026-11-29T00:00:00Z",
            "2026-02-29",
            "2026-2-3",
            "20260203",
            "29.11.2026",
            "0000-01-01",
            "1764374400000",
            "",
        ] {
            assert!(FieldType::Date.read_json(json!(given)).is_err(), "{given}");
        }
        for given in [
            "2026-11-29",
            "2026-11-29T10:15:00",
            "2026-11-29T25:15:00Z",
            "2026-11-29T10:15:00+02:00[Europe/Berlin]",
            "2026-11-29 10:15:00Z",
            "2026-11-29T10:15Z",
            "2026-11-29T10:15:60Z",
            "2026-11-29T10:15:00+24:00",
            "2026-11-29T10:15:00+0200",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "+002026-11-29T10:15:00Z",
            "1764374400000",
        ] {
            assert!(FieldType::DateTime.read_json(json!(given)).is_err(), "{given}");
        }
    }

    #[test]
    fn rules_say_what_is_allowed() {
        for (kind, given, expected) in [
            (
                choice(&["free", "team"]),
                json!("Free"),
                "must be one of free, team",
            ),
            (
                choices(&["a", "b"], ChoicesMode::Replace),
                json!(["a", "c"]),
                "must be an array of any of a, b",
            ),
            (
                number(Some(0), Some(10), Some(0)),
                json!(-1),
                "must be a number with at most 15 digits, at least 0, at most 10, without decimals",
            ),
            (
                number(Some(0), Some(10), Some(0)),
                json!(1.5),
                "must be a number with at most 15 digits, at least 0, at most 10, without decimals",
            ),
            (
                number(None, None, None),
                json!("5"),
                "must be a number with at most 15 digits, not a string",
            ),
            (text(3, None), json!("Lovelace"), "must have at most 3 characters"),
            (
                text(9, Some("[A-Z]+|x")),
                json!("Ax"),
                "must match the pattern [A-Z]+|x",
            ),
            (
                FieldType::Date,
                json!("today"),
                "must be a date such as 2026-11-29",
            ),
            (
                choice(&[]),
                json!("a;b"),
                "must be an option, without ; and without blanks at its ends",
            ),
        ] {
            assert_eq!(kind.read_json(given), Err(expected.to_owned()));
        }
        assert!(text(9, Some("[A-Z]+|x")).read_json(json!("AB")).is_ok());
        assert!(Pattern::new("a)(b").is_err());
    }

    #[test]
    fn csv_has_the_same_values_as_text() {
        for (kind, given, json) in [
            (number(None, None, None), "5.0", json!(5)),
            (FieldType::Boolean, "true", json!(true)),
            (
                choices(&["a", "b"], ChoicesMode::Replace),
                "b;a",
                json!(["a", "b"]),
            ),
            (
                FieldType::DateTime,
                "2026-11-29T10:15:00Z",
                json!("2026-11-29T10:15:00Z"),
            ),
            (text(9, None), "5", json!("5")),
        ] {
            assert_eq!(kind.read_csv(given), kind.read_json(json), "{given}");
        }
        for (kind, given) in [
            (number(None, None, None), "1e3"),
            (number(None, None, None), "1,5"),
            (FieldType::Boolean, "yes"),
            (FieldType::Date, "29.11.2026"),
            (choice(&["a"]), "A"),
        ] {
            assert!(kind.read_csv(given).is_err(), "{given}");
        }
    }

    #[test]
    fn a_value_that_hubspot_shows_in_another_form_is_equal() {
        for (kind, ours, shown) in [
            (number(None, None, None), json!(5), "5.0"),
            (number(None, None, None), json!(1000), "1E3"),
            (FieldType::Date, json!("2026-11-29"), "1795910400000"),
            (
                FieldType::DateTime,
                json!("2026-11-29T10:15:00.5Z"),
                "1795947300500",
            ),
            (
                FieldType::DateTime,
                json!("2026-11-29T10:15:00Z"),
                "2026-11-29T10:15:00.000Z",
            ),
            (choices(&[], ChoicesMode::Replace), json!(["a", "b"]), "b;a"),
            (FieldType::Email, json!("Ada@Example.com"), "ada@example.com"),
            (text(99, None), json!(" Ada "), "Ada"),
            (FieldType::Boolean, json!(false), "false"),
        ] {
            let ours = kind.read_json(ours).expect("a valid value");
            assert!(
                kind.is_equal(&ours, &kind.read_hubspot(shown).expect("a value")),
                "{shown}"
            );
        }
        for (kind, ours, shown) in [
            (number(None, None, None), json!(5), "five"),
            (FieldType::Date, json!("2026-11-29"), "1795910400001"),
            (choice(&[]), json!("a"), "A"),
            (FieldType::Boolean, json!(true), "TRUE"),
            (text(99, None), json!("Ada"), "ada"),
        ] {
            let ours = kind.read_json(ours).expect("a valid value");
            assert!(
                !kind.is_equal(&ours, &kind.read_hubspot(shown).expect("a value")),
                "{shown}"
            );
        }
    }

    #[test]
    fn values_are_written_in_the_forms_that_hubspot_takes() {
        for (kind, value, written) in [
            (
                number(None, None, None),
                Some(Value::Number(Number::from(5))),
                "5",
            ),
            (FieldType::Boolean, Some(Value::Boolean(true)), "true"),
            (
                choices(&[], ChoicesMode::Replace),
                Some(options(&["b", "a"])),
                "a;b",
            ),
            (
                choices(&[], ChoicesMode::Append),
                Some(options(&["b", "a"])),
                ";a;b",
            ),
            (choices(&[], ChoicesMode::Append), Some(options(&[])), ""),
            (
                FieldType::Date,
                Some(Value::Text("2026-11-29".to_owned())),
                "2026-11-29",
            ),
            (text(9, None), None, ""),
        ] {
            assert_eq!(kind.write_hubspot(value.as_ref()), written);
        }
    }

    #[test]
    fn a_type_travels_with_its_rules() {
        for (kind, json) in [
            (FieldType::DateTime, json!({ "type": "datetime" })),
            (number(Some(0), None, None), json!({ "type": "number", "min": 0 })),
            (
                text(9, Some("a+")),
                json!({ "type": "text", "maxChars": 9, "pattern": "a+" }),
            ),
            (
                choices(&["a"], ChoicesMode::Append),
                json!({ "type": "choices", "options": ["a"], "mode": "append" }),
            ),
        ] {
            assert_eq!(serde_json::to_value(&kind).expect("JSON"), json);
            assert_eq!(serde_json::from_value::<FieldType>(json).expect("a type"), kind);
        }
    }
}

//! Values of fields, in canonical form: two values of one type are equal exactly if they mean the same.

use std::{collections::BTreeSet, fmt, hash::Hash, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most significant digits of a number. With more, a number could change on its way through a floating-point number.
const MAX_DIGITS: usize = 15;

/// The value of a field. Which kind of JSON it is depends on the type of the field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A number of a field of the type number.
    Number(Number),
    /// A text, an address, an option, a date as `YYYY-MM-DD`, or a time in UTC as `YYYY-MM-DDThh:mm:ss.mmmZ`.
    Text(String),
    /// The options of a field of the type choices, each once.
    Options(BTreeSet<String>),
}

impl Value {
    /// Whether HubSpot keeps no such value: a text without anything but blanks, or no option.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Options(options) => options.is_empty(),
            Self::Boolean(_) | Self::Number(_) => false,
        }
    }

    /// The text; none for a value of another kind.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Boolean(_) | Self::Number(_) | Self::Options(_) => None,
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The value of a field. Which kind it is depends on the type of the field.",
            "anyOf": [
                { "type": ["string", "number", "boolean"] },
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            ],
        })
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(Number::from(number))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A number of at most 15 significant digits, below 10^15, with at most 15 places after the point. It is compared by its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(f64);

/// A number has more digits than 15, or a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number with at most {MAX_DIGITS} digits")]
pub struct InvalidNumber;

impl Number {
    /// How many places it has after the point.
    pub fn decimals(self) -> usize {
        let text = self.to_string();
        text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
    }
}

impl TryFrom<f64> for Number {
    type Error = InvalidNumber;

    fn try_from(number: f64) -> Result<Self, InvalidNumber> {
        if !number.is_finite() {
            return Err(InvalidNumber);
        }
        // Zero has no sign.
        let number = Self(number + 0.0);
        let text = number.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        // Zeros after the point count too, because there is no exponent.
        if whole.trim_start_matches(['-', '0']).len() + decimals.len() > MAX_DIGITS {
            return Err(InvalidNumber);
        }
        Ok(number)
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self(f64::from(number))
    }
}

/// Parses a number without thousands separators, with a point before its decimals. An exponent is allowed, because HubSpot may use one.
impl FromStr for Number {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        let is_allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        if !text.bytes().all(is_allowed) {
            return Err(InvalidNumber);
        }
        Self::try_from(text.parse::<f64>().map_err(|_| InvalidNumber)?)
    }
}

/// Writes digits and at most one point, never an exponent.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Eq for Number {}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // It is never NaN, and zero has no sign.
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A whole number is written without a point.
impl Serialize for Number {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15 fits")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::try_from(number).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().expect("a number")
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (one, other) in [
            ("5", "5.0"),
            ("5", "5e0"),
            ("-0", "0"),
            ("0.10", ".1"),
            ("1E3", "1000"),
        ] {
            assert_eq!(number(one), number(other), "{one} {other}");
            assert_eq!(number(one).to_string(), number(other).to_string());
        }
        assert_ne!(number("0.1"), number("0.10000001"));
    }

    #[test]
    fn a_number_keeps_its_digits_or_is_rejected() {
        for text in [
            "0",
            "-12.5",
            "123456789012345",
            "0.123456789012345",
            "999999999999999",
            "0.1",
        ] {
            assert_eq!(number(text).to_string(), text);
        }
        for text in [
            "1234567890123456",
            "0.1234567890123456",
            "1e15",
            "1e-16",
            "1e400",
            "inf",
            "NaN",
            "1,000",
            "0x10",
            "five",
            "1 000",
            "",
        ] {
            assert_eq!(text.parse::<Number>(), Err(InvalidNumber), "{text}");
        }
        assert_eq!(number("12.50").decimals(), 1);
    }

    #[test]
    fn each_kind_of_value_travels_as_its_kind_of_json() {
        let options = Value::Options(["b".to_owned(), "a".to_owned()].into());
        for (value, json) in [
            (Value::Boolean(true), "true"),
            (Value::Number(number("5.0")), "5"),
            (Value::Number(number("-0.5")), "-0.5"),
            (Value::Text("5".to_owned()), r#""5""#),
            (options, r#"["a","b"]"#),
        ] {
            assert_eq!(serde_json::to_string(&value).expect("a value"), json);
            assert_eq!(serde_json::from_str::<Value>(json).expect("a value"), value);
        }
        for json in ["null", "{}", "[1]", "1234567890123456", "1e300"] {
            assert!(serde_json::from_str::<Value>(json).is_err(), "{json}");
        }
    }
}

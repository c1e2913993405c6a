//! Values by the type of their property: numbers, points in time, text.

use std::cmp::Ordering;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::ValueKind;

/// A value that can be compared with other values of its property.
#[derive(Debug, PartialEq, PartialOrd)]
pub(crate) enum Comparable {
    /// A number.
    Number(f64),
    /// A point in time, in milliseconds since 1970. A date counts as its midnight in UTC.
    Time(i64),
    /// Text in lower case, because HubSpot's search ignores case.
    Text(String),
}

impl Comparable {
    /// Parses a value of this kind; none if it is invalid.
    pub(crate) fn parse(kind: ValueKind, value: &str) -> Option<Self> {
        match kind {
            ValueKind::Number => number(value).map(Self::Number),
            ValueKind::Date | ValueKind::DateTime => time(value).map(Self::Time),
            ValueKind::Text | ValueKind::Email | ValueKind::Bool | ValueKind::Choice | ValueKind::Choices => {
                Some(Self::Text(value.to_lowercase()))
            }
        }
    }

    /// The order of two values of one property.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        // Values of one property are of one variant, and `number` lets no NaN through.
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}

/// Parses a number: digits with an optional minus sign and decimal point.
pub(crate) fn number(value: &str) -> Option<f64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = value.parse().ok().filter(|_| is_plain)?;
    number.is_finite().then_some(number)
}

/// Parses a point in time, in milliseconds since 1970: `YYYY-MM-DD`, ISO 8601 with an offset, or milliseconds.
pub(crate) fn time(value: &str) -> Option<i64> {
    if let Some(date) = iso_date(value) {
        return Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    let at = match value.parse() {
        Ok(milliseconds) => Timestamp::from_millisecond(milliseconds).ok()?,
        Err(_) => value.parse().ok()?,
    };
    Some(at.as_millisecond())
}

/// Parses a date in the form `YYYY-MM-DD`. Text after it is an error.
pub(crate) fn iso_date(value: &str) -> Option<Date> {
    const LENGTH: usize = "2026-11-22".len();
    let date: Date = value.parse().ok()?;
    (value.len() == LENGTH).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_with_one_decimal_point() {
        for (text, expected) in [("12", 12.0), ("-0.5", -0.5), ("007", 7.0), ("0", 0.0)] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        for text in [
            "", " 1", "1,000", "1e5", "+1", "0x1", "inf", "NaN", "1.2.3", "--1", ".",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn all_forms_of_a_time_are_equal() {
        let midnight = Some(1_795_305_600_000);
        for text in [
            "2026-11-22",
            "1795305600000",
            "2026-11-22T00:00:00Z",
            "2026-11-22T01:00:00+01:00",
        ] {
            assert_eq!(time(text), midnight, "{text}");
        }
        for text in [
            "yesterday",
            "2026-11-22T00:00:00",
            "2026-13-01",
            "99999999999999999",
            "",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let parse =
            |text| Comparable::parse(ValueKind::Number, text).unwrap_or(Comparable::Text(String::new()));
        assert_eq!(parse("-0").order(&parse("0")), Ordering::Equal);
        assert_eq!(parse("9").order(&parse("10")), Ordering::Less);
    }
}

//! Values as their property's type understands them: numbers, moments, text.

use std::cmp::Ordering;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::property::Kind;

/// A value that can be put in order with others of its property.
#[derive(Debug, PartialEq, PartialOrd)]
pub(crate) enum Comparable {
    /// A number.
    Number(f64),
    /// Milliseconds since 1970; a date is its midnight in UTC.
    Moment(i64),
    /// Text in lower case, for HubSpot's search ignores case.
    Text(String),
}

impl Comparable {
    /// A value of a property of this kind; none if it is no such value.
    pub(crate) fn of(kind: Kind, value: &str) -> Option<Self> {
        match kind {
            Kind::Number => number(value).map(Self::Number),
            Kind::Date | Kind::DateTime => moment(value).map(Self::Moment),
            Kind::Text | Kind::Email | Kind::Bool | Kind::Choice(_) | Kind::Checkboxes(_) => {
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

/// Digits, with a sign and one decimal point if need be.
pub(crate) fn number(value: &str) -> Option<f64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = value.parse().ok().filter(|_| is_plain)?;
    number.is_finite().then_some(number)
}

/// `YYYY-MM-DD`, ISO 8601 with its offset, or milliseconds since 1970.
pub(crate) fn moment(value: &str) -> Option<i64> {
    if let Some(date) = iso_date(value) {
        return Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    let at = match value.parse() {
        Ok(milliseconds) => Timestamp::from_millisecond(milliseconds).ok()?,
        Err(_) => value.parse().ok()?,
    };
    Some(at.as_millisecond())
}

/// `YYYY-MM-DD` and nothing after it.
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
    fn moments_in_every_form_are_the_same_moment() {
        let midnight = Some(1_795_305_600_000);
        for text in [
            "2026-11-22",
            "1795305600000",
            "2026-11-22T00:00:00Z",
            "2026-11-22T01:00:00+01:00",
        ] {
            assert_eq!(moment(text), midnight, "{text}");
        }
        for text in [
            "yesterday",
            "2026-11-22T00:00:00",
            "2026-13-01",
            "99999999999999999",
            "",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        let of = |text| Comparable::of(Kind::Number, text).unwrap_or(Comparable::Text(String::new()));
        assert_eq!(of("-0").order(&of("0")), Ordering::Equal);
        assert_eq!(of("9").order(&of("10")), Ordering::Less);
    }
}

//! The form in which a stored value reads back. HubSpot does not document it for every type, so switches decide.

use jiff::Timestamp;

use super::{ValueKind, comparable, validation::options_in};
use crate::{
    Switches,
    model::timestamp,
    settings::{ChoicesForm, DateTimeForm, NumberForm},
};

/// The value of a property of this kind as a response shows it.
pub(crate) fn read_form(switches: &Switches, kind: ValueKind, stored: String) -> String {
    match kind {
        ValueKind::Number => match switches.number_form {
            NumberForm::AsWritten => stored,
            NumberForm::Canonical => canonical_number(&stored).unwrap_or(stored),
        },
        ValueKind::DateTime => date_time(switches.datetime_form, &stored).unwrap_or(stored),
        ValueKind::Choices => match switches.choices_form {
            ChoicesForm::AsWritten => stored,
            ChoicesForm::Sorted => {
                let mut options: Vec<&str> = options_in(&stored).collect();
                options.sort_unstable();
                options.join(";")
            }
        },
        ValueKind::Text | ValueKind::Email | ValueKind::Date | ValueKind::Bool | ValueKind::Choice => stored,
    }
}

/// The number without zeros that mean nothing. It is taken apart as text, so that long numbers lose no digits.
fn canonical_number(stored: &str) -> Option<String> {
    // After a change of its type a property may have values that are no numbers.
    comparable::number(stored)?;
    let (sign, digits) = stored
        .strip_prefix('-')
        .map_or(("", stored), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    Some(match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

fn date_time(form: DateTimeForm, stored: &str) -> Option<String> {
    let milliseconds = comparable::time(stored)?;
    let at = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(match form {
        DateTimeForm::Iso if milliseconds % 1_000 == 0 => format!("{at:.0}"),
        DateTimeForm::Iso | DateTimeForm::IsoMilliseconds => timestamp(at),
        DateTimeForm::Milliseconds => milliseconds.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(switches: &Switches, kind: ValueKind, stored: &str) -> String {
        read_form(switches, kind, stored.to_owned())
    }

    #[test]
    fn numbers_read_back_as_written_or_without_needless_zeros() {
        let mut switches = Switches {
            number_form: NumberForm::Canonical,
            ..Switches::default()
        };
        for (written, canonical) in [
            ("5", "5"),
            ("5.0", "5"),
            ("007", "7"),
            ("-0", "0"),
            ("-0.50", "-0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("100", "100"),
            ("12345678901234567890.10", "12345678901234567890.1"),
        ] {
            assert_eq!(shown(&switches, ValueKind::Number, written), canonical);
        }
        switches.number_form = NumberForm::AsWritten;
        assert_eq!(shown(&switches, ValueKind::Number, "5.0"), "5.0");
    }

    #[test]
    fn datetimes_read_back_in_three_forms() {
        for (form, whole_second, half_second) in [
            (
                DateTimeForm::Iso,
                "2026-11-22T10:00:00Z",
                "2026-11-22T10:00:00.500Z",
            ),
            (
                DateTimeForm::IsoMilliseconds,
                "2026-11-22T10:00:00.000Z",
                "2026-11-22T10:00:00.500Z",
            ),
            (DateTimeForm::Milliseconds, "1795341600000", "1795341600500"),
        ] {
            let switches = Switches {
                datetime_form: form,
                ..Switches::default()
            };
            let read = |stored| shown(&switches, ValueKind::DateTime, stored);
            assert_eq!(read("2026-11-22T10:00:00Z"), whole_second);
            assert_eq!(read("2026-11-22T10:00:00.5Z"), half_second);
        }
    }

    #[test]
    fn several_options_read_back_as_written_or_sorted() {
        let mut switches = Switches {
            choices_form: ChoicesForm::Sorted,
            ..Switches::default()
        };
        assert_eq!(shown(&switches, ValueKind::Choices, "b;a;c"), "a;b;c");
        switches.choices_form = ChoicesForm::AsWritten;
        assert_eq!(shown(&switches, ValueKind::Choices, "b;a;c"), "b;a;c");
    }

    #[test]
    fn values_that_do_not_fit_the_type_read_back_unchanged() {
        let switches = Switches::default();
        for kind in [ValueKind::Number, ValueKind::DateTime] {
            assert_eq!(shown(&switches, kind, "free"), "free");
        }
    }
}

//! What changes between two sets of fields, and which changes need an operator's consent.

use std::fmt;

use contracts::fields::{FieldDefinition, FieldType};

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The name of the field.
    pub name: String,
    /// How the new definition of the field differs from the stored one.
    pub kind: FieldChangeKind,
}

/// What changes about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldChangeKind {
    /// The field is new.
    Added,
    /// Its rules allow more than before, or it is written at other times. Every stored value stays valid.
    Widened,
    /// Its rules allow less. That holds for new changes; stored values stay.
    Narrowed,
    /// It is written to another property.
    AnotherProperty,
    /// It has another type, so that stored values may not be valid.
    AnotherType,
    /// It is no field any more.
    Removed,
}

impl FieldChangeKind {
    /// Whether a user service may make the change at its start. Other changes concern stored values, so an operator has to apply them.
    pub fn is_applied_at_start(self) -> bool {
        match self {
            Self::Added | Self::Widened => true,
            Self::Narrowed | Self::AnotherProperty | Self::AnotherType | Self::Removed => false,
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FieldChangeKind::Added => "is new",
            FieldChangeKind::Widened => "allows more, or is written at other times",
            FieldChangeKind::Narrowed => "allows less",
            FieldChangeKind::AnotherProperty => "has another property",
            FieldChangeKind::AnotherType => "has another type",
            FieldChangeKind::Removed => "is removed",
        };
        write!(formatter, "{} {what}", self.name)
    }
}

/// The changes from one set to another, in the order of the new set, followed by the removed fields. Another order is no change.
pub fn compare_sets(before: &[FieldDefinition], after: &[FieldDefinition]) -> Vec<FieldChange> {
    let named = |set: &[FieldDefinition], name: &str| set.iter().find(|one| one.name == name).cloned();
    let change = |name: &str, kind| FieldChange {
        name: name.to_owned(),
        kind,
    };
    let mut changes = Vec::new();
    for field in after {
        let kind = match named(before, &field.name) {
            None => FieldChangeKind::Added,
            Some(former) if former == *field => continue,
            Some(former) => kind_of_change(&former, field),
        };
        changes.push(change(&field.name, kind));
    }
    let removed = before.iter().filter(|field| named(after, &field.name).is_none());
    changes.extend(removed.map(|field| change(&field.name, FieldChangeKind::Removed)));
    changes
}

fn kind_of_change(before: &FieldDefinition, after: &FieldDefinition) -> FieldChangeKind {
    if before.property != after.property {
        return FieldChangeKind::AnotherProperty;
    }
    match allows_at_least(&before.field_type, &after.field_type) {
        None => FieldChangeKind::AnotherType,
        Some(true) => FieldChangeKind::Widened,
        Some(false) => FieldChangeKind::Narrowed,
    }
}

/// Whether every value of one type is a value of the other; none if the types are different.
fn allows_at_least(before: &FieldType, after: &FieldType) -> Option<bool> {
    let options_kept = |before: &[String], after: &[String]| {
        after.is_empty() || (!before.is_empty() && before.iter().all(|option| after.contains(option)))
    };
    match (before, after) {
        (
            FieldType::Text { max_chars, pattern },
            FieldType::Text {
                max_chars: more_chars,
                pattern: other_pattern,
            },
        ) => Some(more_chars >= max_chars && (other_pattern.is_none() || other_pattern == pattern)),
        (
            FieldType::Number { min, max, decimals },
            FieldType::Number {
                min: lower,
                max: higher,
                decimals: more,
            },
        ) => {
            let keeps_min = lower.is_none_or(|lower| min.is_some_and(|min| lower <= min));
            let keeps_max = higher.is_none_or(|higher| max.is_some_and(|max| higher >= max));
            let keeps_decimals = more.is_none_or(|more| decimals.is_some_and(|decimals| more >= decimals));
            Some(keeps_min && keeps_max && keeps_decimals)
        }
        (FieldType::Choice { options }, FieldType::Choice { options: others })
        | (FieldType::Choices { options, .. }, FieldType::Choices { options: others, .. }) => {
            Some(options_kept(options, others))
        }
        (FieldType::Email, FieldType::Email)
        | (FieldType::Boolean, FieldType::Boolean)
        | (FieldType::Date, FieldType::Date)
        | (FieldType::DateTime, FieldType::DateTime) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field_file::read_field_file;

    fn set(fields: &str) -> Vec<FieldDefinition> {
        let key = "[[field]]\nname = \"email\"\nproperty = \"email\"\ntype = \"email\"\n";
        read_field_file(&format!("{key}{fields}")).expect("a set")
    }

    fn plan(rules: &str) -> String {
        format!("[[field]]\nname = \"plan\"\nproperty = \"plan\"\n{rules}\n")
    }

    fn kinds(before: &str, after: &str) -> Vec<FieldChangeKind> {
        let changes = compare_sets(&set(before), &set(after));
        changes.into_iter().map(|change| change.kind).collect()
    }

    #[test]
    fn fields_come_and_go() {
        let one = plan("type = \"text\"");
        assert_eq!(kinds("", &one), [FieldChangeKind::Added]);
        assert_eq!(kinds(&one, ""), [FieldChangeKind::Removed]);
        assert_eq!(kinds(&one, &one), []);
    }

    #[test]
    fn rules_become_wider_or_narrower() {
        for (narrow, wide) in [
            ("type = \"text\"\nmax_chars = 5", "type = \"text\"\nmax_chars = 6"),
            ("type = \"text\"\npattern = \"a\"", "type = \"text\""),
            ("type = \"number\"\nmin = 1", "type = \"number\"\nmin = 0"),
            ("type = \"number\"\nmax = 1", "type = \"number\""),
            (
                "type = \"number\"\ndecimals = 1",
                "type = \"number\"\ndecimals = 2",
            ),
            (
                "type = \"choice\"\noptions = [\"a\"]",
                "type = \"choice\"\noptions = [\"b\", \"a\"]",
            ),
            ("type = \"choices\"\noptions = [\"a\"]", "type = \"choices\""),
        ] {
            let (narrow, wide) = (plan(narrow), plan(wide));
            assert_eq!(kinds(&narrow, &wide), [FieldChangeKind::Widened], "{wide}");
            assert_eq!(kinds(&wide, &narrow), [FieldChangeKind::Narrowed], "{narrow}");
        }
        let append = plan("type = \"choices\"\nmode = \"append\"");
        assert_eq!(
            kinds(&plan("type = \"choices\""), &append),
            [FieldChangeKind::Widened]
        );
        let once = plan("type = \"text\"\nwrite = \"new-contact\"");
        assert_eq!(kinds(&plan("type = \"text\""), &once), [FieldChangeKind::Widened]);
    }

    #[test]
    fn another_type_or_property_needs_consent() {
        let text = plan("type = \"text\"");
        assert_eq!(
            kinds(&text, &plan("type = \"date\"")),
            [FieldChangeKind::AnotherType]
        );
        let other = text.replace("property = \"plan\"", "property = \"tier\"");
        assert_eq!(kinds(&text, &other), [FieldChangeKind::AnotherProperty]);
        assert!(!FieldChangeKind::AnotherProperty.is_applied_at_start());
    }
}

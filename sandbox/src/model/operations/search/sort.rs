//! The order of the results of a search.

use std::cmp::Ordering;

use serde::{
    Deserialize,
    de::{Deserializer, Error},
};

use super::filter::known_property;
use crate::{
    Switches,
    model::{
        Contact, Object, Properties, Rejection,
        properties::{ValueKind, comparable::Comparable},
    },
};

/// A property to sort by. It is given by its name, as an object, or as text that contains this object, which is the form
/// of the official clients.
#[derive(Debug)]
pub(crate) struct Sort {
    property_name: String,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    #[default]
    Ascending,
    Descending,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SortObject {
    property_name: String,
    #[serde(default)]
    direction: Direction,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SortForm {
    Object(Object<SortObject>),
    Text(String),
}

impl<'de> Deserialize<'de> for Sort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = match SortForm::deserialize(deserializer)? {
            SortForm::Object(Object(object)) => object,
            SortForm::Text(text) if text.starts_with('{') => {
                let Object(object) = serde_json::from_str(&text).map_err(D::Error::custom)?;
                object
            }
            SortForm::Text(property_name) => SortObject {
                property_name,
                direction: Direction::Ascending,
            },
        };
        Ok(Self {
            property_name: object.property_name,
            direction: object.direction,
        })
    }
}

/// A sort by a property that the account has.
#[derive(Debug)]
pub(crate) struct CheckedSort<'a> {
    sort: &'a Sort,
    kind: ValueKind,
}

impl Sort {
    /// Rejects a property that this account does not have.
    pub(crate) fn checked(
        &self,
        properties: &Properties,
        switches: &Switches,
    ) -> Result<CheckedSort<'_>, Rejection> {
        let kind = known_property(properties, switches, &self.property_name)?.kind();
        Ok(CheckedSort { sort: self, kind })
    }
}

impl CheckedSort<'_> {
    /// Sorts contacts by the property, as values of its type. Contacts without a value come last in either direction.
    pub(crate) fn apply(&self, contacts: &mut [&Contact]) {
        let key =
            |contact: &&Contact| Comparable::parse(self.kind, &contact.value(&self.sort.property_name)?);
        contacts.sort_by(|left, right| match (key(left), key(right)) {
            (Some(left), Some(right)) if self.sort.direction == Direction::Ascending => left.order(&right),
            (Some(left), Some(right)) => right.order(&left),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }
}

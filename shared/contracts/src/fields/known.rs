//! Reading maps by field that a later version may have written.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::Field;

/// Reads a map by field and leaves out fields that this version does not know.
///
/// For answers only: a request that gives an unknown field has to be rejected, or its value would be lost.
pub(crate) fn known_fields<'de, D, T>(deserializer: D) -> Result<BTreeMap<Field, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(KnownFields(PhantomData))
}

struct KnownFields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for KnownFields<T> {
    type Value = BTreeMap<Field, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with one member per field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut known = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            match Field::from_name(&name) {
                Some(field) => drop(known.insert(field, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(known)
    }
}

//! The set of fields that a team configures.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::{Field, FieldDefinition, FieldSet, FieldType, Value, WriteMode};

/// The maximum number of fields in a set.
pub const MAX_FIELDS: usize = 250;

/// Every field with its definition, in the order of the file. Exactly one has the type `email`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct FieldDefinitions {
    revision: u64,
    fields: Vec<(Field, FieldDefinition)>,
    positions: BTreeMap<Field, usize>,
    by_property: BTreeMap<String, Field>,
    all: FieldSet,
}

/// Why definitions are no set of fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDefinitions {
    /// No field, or more than one, has the type `email`.
    #[error("exactly one field has to have the type email, and {0} have it")]
    Keys(usize),
    /// Two fields have the same name, or are written to the same property.
    #[error("the field {0} is defined twice, or its property is")]
    Twice(String),
    /// There are too many fields.
    #[error("there are {0} fields, and at most {MAX_FIELDS} are possible")]
    TooMany(usize),
    /// The process knows another key, or too many names.
    #[error("the field {0} cannot be added while the service is running; restart it")]
    Restart(String),
}

/// How definitions are stored and sent.
#[derive(Serialize, Deserialize)]
struct Stored {
    revision: u64,
    fields: Vec<FieldDefinition>,
}

static BUILT_IN: LazyLock<Arc<FieldDefinitions>> = LazyLock::new(|| {
    let fields = FieldDefinitions::new(0, built_in_fields());
    Arc::new(fields.expect("valid definitions"))
});

/// The definitions of the set without a file: the address and two names.
pub fn built_in_fields() -> Vec<FieldDefinition> {
    let definition = |name: &str, property: &str, field_type| FieldDefinition {
        name: name.to_owned(),
        property: property.to_owned(),
        field_type,
        write: WriteMode::Always,
    };
    let text = FieldType::Text {
        max_chars: 255,
        pattern: None,
    };
    vec![
        definition("email", "email", FieldType::Email),
        definition("firstName", "firstname", text.clone()),
        definition("lastName", "lastname", text),
    ]
}

static EMPTY: LazyLock<Arc<FieldDefinitions>> = LazyLock::new(|| {
    Arc::new(FieldDefinitions {
        revision: 0,
        fields: Vec::new(),
        positions: BTreeMap::new(),
        by_property: BTreeMap::new(),
        all: FieldSet::EMPTY,
    })
});

impl FieldDefinitions {
    /// A set of fields. The revision grows with each change of the set.
    pub fn new(revision: u64, definitions: Vec<FieldDefinition>) -> Result<Self, InvalidDefinitions> {
        if definitions.len() > MAX_FIELDS {
            return Err(InvalidDefinitions::TooMany(definitions.len()));
        }
        let is_key = |definition: &&FieldDefinition| definition.field_type == FieldType::Email;
        let keys = definitions.iter().filter(is_key).count();
        if keys != 1 {
            return Err(InvalidDefinitions::Keys(keys));
        }
        let mut names = BTreeSet::new();
        let mut properties = BTreeSet::new();
        for definition in &definitions {
            if !names.insert(&definition.name) || !properties.insert(&definition.property) {
                return Err(InvalidDefinitions::Twice(definition.name.clone()));
            }
        }
        let register = |definition: &FieldDefinition| {
            let field = Field::register(&definition.name, is_key(&definition));
            field.ok_or_else(|| InvalidDefinitions::Restart(definition.name.clone()))
        };
        // The key comes first: another field may have the name that the key has by default.
        definitions.iter().find(is_key).map(register).transpose()?;
        let mut fields = Vec::with_capacity(definitions.len());
        for definition in definitions {
            fields.push((register(&definition)?, definition));
        }
        Ok(Self {
            revision,
            by_property: fields
                .iter()
                .map(|(field, definition)| (definition.property.clone(), *field))
                .collect(),
            positions: fields
                .iter()
                .enumerate()
                .map(|(position, (field, _))| (*field, position))
                .collect(),
            all: fields.iter().map(|(field, _)| *field).collect(),
            fields,
        })
    }

    /// The set without a file of definitions: the address and two names.
    pub fn built_in() -> &'static Arc<Self> {
        &BUILT_IN
    }

    /// A set without a field: for what is about no field, and until the set is known.
    pub fn empty() -> &'static Arc<Self> {
        &EMPTY
    }

    /// The revision of the set.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Every field with its definition, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Field, &FieldDefinition)> {
        self.fields.iter().map(|(field, definition)| (*field, definition))
    }

    /// The definition of a field, if it is in the set.
    pub fn get(&self, field: Field) -> Option<&FieldDefinition> {
        let position = self.positions.get(&field)?;
        Some(&self.fields[*position].1)
    }

    /// The field of that name, if it is in the set.
    pub fn by_name(&self, name: &str) -> Option<Field> {
        Field::from_name(name).filter(|field| self.contains(*field))
    }

    /// The field that is written to that property of HubSpot.
    pub fn by_property(&self, property: &str) -> Option<Field> {
        self.by_property.get(property).copied()
    }

    /// The set that holds every field of these definitions.
    pub fn all(&self) -> FieldSet {
        self.all
    }

    /// Whether two values of a field mean the same, where `None` is a cleared value. A blank text and no option are the same as none,
    /// because HubSpot keeps neither.
    pub fn is_equal(&self, field: Field, one: Option<&Value>, other: Option<&Value>) -> bool {
        let is_given = |value: &&Value| !value.is_blank();
        match (self.get(field), one.filter(is_given), other.filter(is_given)) {
            (Some(definition), Some(one), Some(other)) => definition.field_type.is_equal(one, other),
            (_, one, other) => one == other,
        }
    }

    /// Whether a contact with this value has what was written. Of a field that only adds options, it has at least these.
    pub fn is_held(&self, field: Field, ours: Option<&Value>, contact: Option<&Value>) -> bool {
        let adds = self
            .get(field)
            .is_some_and(|definition| definition.field_type.adds_options());
        match (ours, contact) {
            (Some(Value::Options(ours)), Some(Value::Options(contact))) if adds && !ours.is_empty() => {
                ours.is_subset(contact)
            }
            _ => self.is_equal(field, ours, contact),
        }
    }

    /// Whether the field is written only if the contact has no value of its own.
    pub fn is_written_if_empty(&self, field: Field) -> bool {
        self.get(field)
            .is_some_and(|definition| definition.write == WriteMode::IfEmpty)
    }

    /// Whether the field is written only when hubsync creates the contact.
    pub fn is_written_once(&self, field: Field) -> bool {
        self.get(field)
            .is_some_and(|definition| definition.write == WriteMode::NewContact)
    }

    /// Whether the field is in the set.
    pub fn contains(&self, field: Field) -> bool {
        self.all.contains(field)
    }
}

impl TryFrom<Stored> for FieldDefinitions {
    type Error = InvalidDefinitions;

    fn try_from(stored: Stored) -> Result<Self, InvalidDefinitions> {
        Self::new(stored.revision, stored.fields)
    }
}

impl From<FieldDefinitions> for Stored {
    fn from(definitions: FieldDefinitions) -> Self {
        Self {
            revision: definitions.revision,
            fields: definitions
                .fields
                .into_iter()
                .map(|(_, definition)| definition)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &serde_json::Value) -> Result<FieldDefinitions, String> {
        serde_json::from_value(json.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_set_travels_in_the_order_of_the_file() {
        let json = json!({ "revision": 7, "fields": [
            { "name": "plan", "property": "plan_tier", "type": "choice", "options": ["free"] },
            { "name": "email", "property": "email", "type": "email" },
        ] });
        let set = read(&json).expect("a set");
        assert_eq!(set.revision(), 7);
        assert_eq!(serde_json::to_value(&set).expect("JSON"), json);
        let plan = set.by_name("plan").expect("a field");
        assert_eq!(set.by_property("plan_tier"), Some(plan));
        assert_eq!(set.by_property("email"), Some(Field::EMAIL));
        assert_eq!(set.all(), FieldSet::from_iter([plan, Field::EMAIL]));
        // It is the name of a field, but not in this set.
        assert_eq!(set.by_name("firstName"), None);
    }

    #[test]
    fn a_set_has_one_key_and_no_field_twice() {
        let email = json!({ "name": "email", "property": "email", "type": "email" });
        let text = |name: &str, property: &str| json!({ "name": name, "property": property, "type": "text" });
        for (fields, cause) in [
            (json!([text("a", "a")]), "0 have it"),
            (
                json!([email, { "name": "b", "property": "b", "type": "email" }]),
                "2 have it",
            ),
            (
                json!([email, text("a", "a"), text("a", "b")]),
                "field a is defined twice",
            ),
            (
                json!([email, text("a", "a"), text("b", "a")]),
                "field b is defined twice",
            ),
        ] {
            let error = read(&json!({ "revision": 1, "fields": fields })).expect_err("no set");
            assert!(error.contains(cause), "{error}");
        }
    }

    #[test]
    fn the_built_in_set_is_the_address_and_two_names() {
        let set = FieldDefinitions::built_in();
        let fields: Vec<_> = set
            .iter()
            .map(|(field, definition)| (field, &*definition.property))
            .collect();
        let expected = [
            (Field::EMAIL, "email"),
            (Field::FIRST_NAME, "firstname"),
            (Field::LAST_NAME, "lastname"),
        ];
        assert_eq!(fields, expected);
    }
}

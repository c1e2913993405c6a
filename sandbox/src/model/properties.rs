//! The properties of contacts in this account, and the values that they accept.

pub(crate) mod admin_rules;
pub(crate) mod comparable;
mod custom;
pub(crate) mod definition;
pub(crate) mod email;
pub(crate) mod groups;
mod hubspot_defined;
pub(crate) mod naming;
mod read_form;
pub(crate) mod rules;
pub(crate) mod validation;

use std::collections::BTreeMap;

use self::{definition::PropertyDefinition, groups::PropertyGroup, hubspot_defined::hubspot_defined};
use crate::Switches;

pub use custom::CustomProperty;
pub(crate) use email::normalized;
pub(crate) use read_form::read_form;

/// The kind of values that a property accepts.
/// <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Email,
    Number,
    Date,
    DateTime,
    Bool,
    /// One option.
    Choice,
    /// Several options.
    Choices,
}

impl ValueKind {
    /// The name of this kind in error messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email address",
            Self::Number => "number",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Bool => "boolean",
            Self::Choice | Self::Choices => "option",
        }
    }
}

/// Every property of this account by name, and the groups of properties. Archived properties stay in it, because their
/// values do.
#[derive(Debug, Clone)]
pub(crate) struct Properties {
    definitions: BTreeMap<String, PropertyDefinition>,
    groups: BTreeMap<String, PropertyGroup>,
}

impl Properties {
    /// HubSpot's own properties, and the custom ones of this account.
    pub(crate) fn new(custom: &[CustomProperty], unique: &[String]) -> Self {
        let custom = custom.iter().map(CustomProperty::definition);
        let unique = unique.iter().map(|name| {
            let mut definition = CustomProperty::text(name).definition();
            definition.has_unique_value = true;
            definition
        });
        let definitions = hubspot_defined().chain(custom).chain(unique);
        Self {
            definitions: definitions
                .map(|definition| (definition.name.clone(), definition))
                .collect(),
            groups: groups::hubspot_defined()
                .map(|group| (group.name.clone(), group))
                .collect(),
        }
    }

    /// The property with this name, unless it is archived.
    pub(crate) fn get(&self, name: &str) -> Option<&PropertyDefinition> {
        self.definition(name)
            .filter(|definition| !definition.is_archived())
    }

    /// The property with this name as callers see it: not if it is archived or the switch `unknown_property` hides it.
    pub(crate) fn visible(&self, switches: &Switches, name: &str) -> Option<&PropertyDefinition> {
        let is_hidden = switches.unknown_property.as_deref() == Some(name);
        self.get(name).filter(|_| !is_hidden)
    }

    /// The property with this name, archived or not.
    pub(crate) fn definition(&self, name: &str) -> Option<&PropertyDefinition> {
        self.definitions.get(name)
    }

    /// Every property, archived or not, in the order of their names.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &PropertyDefinition> {
        self.definitions.values()
    }

    /// The properties that differ from those of a new account without custom ones. Only these have to be stored.
    pub(crate) fn changed_definitions(&self) -> impl Iterator<Item = &PropertyDefinition> {
        let own = Self::new(&[], &[]);
        self.definitions()
            .filter(move |definition| own.definition(&definition.name) != Some(*definition))
    }

    /// Adds a property, or replaces the one with the same name, which is returned.
    pub(crate) fn insert(&mut self, definition: PropertyDefinition) -> Option<PropertyDefinition> {
        self.definitions.insert(definition.name.clone(), definition)
    }

    /// Removes a property that a rejected request added.
    pub(crate) fn remove(&mut self, name: &str) {
        self.definitions.remove(name);
    }

    /// The group with this name.
    pub(crate) fn group(&self, name: &str) -> Option<&PropertyGroup> {
        self.groups.get(name)
    }

    /// Every group, in the order of their names.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &PropertyGroup> {
        self.groups.values()
    }

    /// The groups that a new account does not have.
    pub(crate) fn custom_groups(&self) -> impl Iterator<Item = &PropertyGroup> {
        let is_own = |group: &PropertyGroup| groups::hubspot_defined().any(|own| own == *group);
        self.groups().filter(move |group| !is_own(group))
    }

    /// Adds a group.
    pub(crate) fn insert_group(&mut self, group: PropertyGroup) {
        self.groups.insert(group.name.clone(), group);
    }

    /// Removes a group that a rejected request added.
    pub(crate) fn remove_group(&mut self, name: &str) {
        self.groups.remove(name);
    }

    /// Whether a property is unique, so that its values identify a contact.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.get(name).is_some_and(|property| property.has_unique_value)
    }

    /// The names of the unique properties. Archived ones are among them, so that their values are still unique when they
    /// are restored.
    pub(crate) fn unique_names(&self) -> impl Iterator<Item = &str> {
        self.definitions()
            .filter(|property| property.has_unique_value)
            .map(|property| property.name.as_str())
    }
}

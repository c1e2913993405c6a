//! What an admin of the account does to properties in HubSpot's settings. It needs no token and counts as no call.

use super::{Actor, App};
use crate::model::{self, Account, Context, CustomProperty, PropertyDefinition, Rejection, ValidationRule};

type Changed = Result<PropertyDefinition, Rejection>;

impl App {
    /// An admin adds a property.
    pub(crate) fn add_property(&self, property: &CustomProperty) -> Changed {
        self.administer(|account, context| model::create_property(account, context, property.definition()))
    }

    /// An admin archives a property.
    pub(crate) fn archive_property(&self, name: &str) -> Changed {
        self.administer(|account, context| model::archive_any_property(account, context, name))
    }

    /// An admin restores an archived property.
    pub(crate) fn restore_property(&self, name: &str) -> Changed {
        self.administer(|account, context| model::restore_property(account, context, name))
    }

    /// An admin lets callers write a property, or not.
    pub(crate) fn set_property_read_only(&self, name: &str, is_read_only: bool) -> Changed {
        self.administer(|account, context| {
            model::set_property_read_only(account, context, name, is_read_only)
        })
    }

    /// An admin adds an option to a property.
    pub(crate) fn add_property_option(&self, name: &str, option: &str) -> Changed {
        self.administer(|account, context| model::add_property_option(account, context, name, option))
    }

    /// An admin removes an option of a property.
    pub(crate) fn remove_property_option(&self, name: &str, option: &str) -> Changed {
        self.administer(|account, context| model::remove_property_option(account, context, name, option))
    }

    /// An admin gives a property the type and the options of another form of it.
    pub(crate) fn change_property_type(&self, new: &CustomProperty) -> Changed {
        self.administer(|account, context| model::change_property_type(account, context, new))
    }

    /// An admin replaces the validation rules of a property.
    pub(crate) fn set_validation_rules(&self, name: &str, rules: Vec<ValidationRule>) -> Changed {
        self.administer(|account, context| model::set_validation_rules(account, context, name, rules))
    }

    fn administer(&self, change: impl FnOnce(&mut Account, &Context<'_>) -> Changed) -> Changed {
        self.change(Actor::SALESPERSON, change)
    }
}

//! Methods with which tests prepare and inspect a sandbox, without HTTP. They do not count as calls.

use std::fmt;

use crate::{
    Call, Contact, ContactId, CustomProperty, Fault, Limits, PropertyDefinition, Sandbox, Switches,
    ValidationRule, Values, Write,
    http::rejection_body,
    model::{Rejection, find},
};

/// HubSpot's message for a change that it rejects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(String);

impl Sandbox {
    /// The contact with this current or former id, archived or not.
    pub fn contact(&self, id: impl fmt::Display) -> Option<Contact> {
        let state = self.app.state();
        let id: ContactId = id.to_string().parse().ok()?;
        state
            .account
            .contact(state.account.successor(id).unwrap_or(id))
            .cloned()
    }

    /// The contact, not archived, that has this primary or secondary address.
    pub fn contact_by_email(&self, email: &str) -> Option<Contact> {
        let state = self.app.state();
        let id = find(&state.account, email, Some("email")).ok().flatten()?;
        state.account.contact(id).cloned()
    }

    /// Every contact, including archived ones, in the order of their ids.
    pub fn contacts(&self) -> Vec<Contact> {
        self.app.state().account.contacts().cloned().collect()
    }

    /// A salesperson creates a contact.
    pub fn create_contact<N: Into<String>, V: Into<String>>(
        &self,
        properties: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Contact, Rejected> {
        let created = self.app.create_contact(&values(properties));
        created.map_err(|rejection| self.rejected(&rejection))
    }

    /// A salesperson edits a contact.
    pub fn edit_contact<N: Into<String>, V: Into<String>>(
        &self,
        id: impl fmt::Display,
        properties: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Contact, Rejected> {
        let edited = self.app.edit_contact(&id.to_string(), &values(properties));
        edited.map_err(|rejection| self.rejected(&rejection))
    }

    /// A salesperson archives a contact.
    pub fn archive(&self, id: impl fmt::Display) -> Result<(), Rejected> {
        match self.app.archive_contact(&id.to_string()) {
            Ok(_) => Ok(()),
            Err(rejection) => Err(self.rejected(&rejection)),
        }
    }

    /// A salesperson merges the second contact into the first. The result is the merged contact.
    pub fn merge(
        &self,
        primary: impl fmt::Display,
        secondary: impl fmt::Display,
    ) -> Result<Contact, Rejected> {
        let merged = self
            .app
            .merge_contacts(&primary.to_string(), &secondary.to_string());
        merged.map_err(|rejection| self.rejected(&rejection))
    }

    /// The property with this name, archived or not.
    pub fn property(&self, name: &str) -> Option<PropertyDefinition> {
        self.app.state().account.properties.definition(name).cloned()
    }

    /// An admin adds a property.
    pub fn add_property(&self, property: impl Into<CustomProperty>) -> Result<(), Rejected> {
        self.administered(self.app.add_property(&property.into()))
    }

    /// An admin archives a property, also one of HubSpot's own. Contacts keep its values, but no call reads or writes
    /// them.
    pub fn archive_property(&self, name: &str) -> Result<(), Rejected> {
        self.administered(self.app.archive_property(name))
    }

    /// An admin restores an archived property.
    pub fn restore_property(&self, name: &str) -> Result<(), Rejected> {
        self.administered(self.app.restore_property(name))
    }

    /// An admin makes a property read-only, or lets callers write it again.
    pub fn set_property_read_only(&self, name: &str, is_read_only: bool) -> Result<(), Rejected> {
        self.administered(self.app.set_property_read_only(name, is_read_only))
    }

    /// An admin adds an option to a property, at the end.
    pub fn add_option(&self, property: &str, option: &str) -> Result<(), Rejected> {
        self.administered(self.app.add_property_option(property, option))
    }

    /// An admin removes an option of a property. Contacts that have it keep it.
    pub fn remove_option(&self, property: &str, option: &str) -> Result<(), Rejected> {
        self.administered(self.app.remove_property_option(property, option))
    }

    /// An admin gives the property with the name of `new` the type and the options of `new`. Contacts keep their values.
    pub fn change_property_type(&self, new: &CustomProperty) -> Result<(), Rejected> {
        self.administered(self.app.change_property_type(new))
    }

    /// An admin replaces the validation rules of a property.
    pub fn set_validation_rules(
        &self,
        property: &str,
        rules: impl IntoIterator<Item = ValidationRule>,
    ) -> Result<(), Rejected> {
        let rules = rules.into_iter().collect();
        self.administered(self.app.set_validation_rules(property, rules))
    }

    /// The log of calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.app.state().calls.all().cloned().collect()
    }

    /// Empties the log of calls.
    pub fn forget_calls(&self) {
        self.app.state().calls.clear();
    }

    /// Every write to a contact under this id, oldest first.
    pub fn writes_of(&self, id: impl fmt::Display) -> Vec<Write> {
        let Ok(id) = id.to_string().parse() else {
            return Vec::new();
        };
        self.app.state().account.writes(id).to_vec()
    }

    /// Every write in the record, in the order in which they took effect.
    pub fn writes(&self) -> Vec<Write> {
        let mut writes: Vec<Write> = self.app.state().account.all_writes().cloned().collect();
        writes.sort_by_key(|write| write.sequence);
        writes
    }

    /// The current switches.
    pub fn switches(&self) -> Switches {
        self.app.state().switches.clone()
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: Switches) {
        self.app.state().switches = switches;
    }

    /// Replaces the limits. The counters keep their values.
    pub fn set_limits(&self, limits: Limits) {
        self.app.state().limiter.limits = limits;
    }

    /// Replaces the accepted static tokens.
    pub fn set_tokens<T: Into<String>>(&self, tokens: impl IntoIterator<Item = T>) {
        self.app.state().tokens = tokens.into_iter().map(Into::into).collect();
    }

    /// Ends the OAuth connection, as a person who uninstalls the app does.
    pub fn disconnect(&self) {
        self.app.state().oauth.disconnect();
    }

    /// Connects the account again, with another refresh token, as a person who installs the app again does.
    pub fn connect(&self, refresh_token: impl Into<String>) {
        self.app.state().oauth.connect(refresh_token.into());
    }

    /// A person consents to the app. Returns the code that HubSpot adds to this redirect address; it can be used once.
    pub fn consent(&self, redirect_uri: impl Into<String>) -> String {
        self.app.issue_authorization_code(redirect_uri)
    }

    /// Revokes every OAuth access token.
    pub fn revoke_access_tokens(&self) {
        self.app.state().oauth.revoke_access_tokens();
    }

    /// Adds a fault and returns its number.
    pub fn add_fault(&self, fault: Fault) -> u64 {
        self.app.state().faults.add(fault)
    }

    /// The number of calls that a fault has hit; none if the fault was removed.
    pub fn hits_of(&self, fault: u64) -> Option<u32> {
        self.app
            .state()
            .faults
            .all()
            .iter()
            .find(|rule| rule.id == fault)
            .map(|rule| rule.hits)
    }

    /// Removes one fault. Returns false if it was not there.
    pub fn remove_fault(&self, fault: u64) -> bool {
        self.app.state().faults.remove(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.app.state().faults.clear();
    }

    fn administered(&self, result: Result<PropertyDefinition, Rejection>) -> Result<(), Rejected> {
        match result {
            Ok(_) => Ok(()),
            Err(rejection) => Err(self.rejected(&rejection)),
        }
    }

    fn rejected(&self, rejection: &Rejection) -> Rejected {
        let state = self.app.state();
        let body = rejection_body(
            rejection,
            state.account.stored.portal_id,
            state.switches.conflict_body,
        );
        Rejected(body.json["message"].as_str().unwrap_or_default().to_owned())
    }
}

fn values<N: Into<String>, V: Into<String>>(properties: impl IntoIterator<Item = (N, V)>) -> Values {
    properties
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

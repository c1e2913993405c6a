//! What tests do to a sandbox and ask of it, without HTTP and without counting as calls.

use std::fmt;

use uuid::Uuid;

use crate::{
    Call, Contact, ContactId, Fault, Limits, Sandbox, Switches, Values, Write,
    app::Actor,
    http::refusal_body,
    model::{self, Refusal, find},
};

/// HubSpot's own words for why it refused a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl Sandbox {
    /// A contact by its id or a former one, archived or not.
    pub fn contact(&self, id: impl fmt::Display) -> Option<Contact> {
        let state = self.app.state();
        let id: ContactId = id.to_string().parse().ok()?;
        state
            .account
            .contact(state.account.successor(id).unwrap_or(id))
            .cloned()
    }

    /// The live contact that holds an address, as its primary or a secondary one.
    pub fn contact_by_email(&self, email: &str) -> Option<Contact> {
        let state = self.app.state();
        let id = find(&state.account, email, Some("email")).ok().flatten()?;
        state.account.contact(id).cloned()
    }

    /// Every contact, archived ones included, by rising id.
    pub fn contacts(&self) -> Vec<Contact> {
        self.app.state().account.contacts().cloned().collect()
    }

    /// A salesperson adds a contact.
    pub fn create_contact<N: Into<String>, V: Into<String>>(
        &self,
        properties: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Contact, Refused> {
        let values = values(properties);
        let created = self.app.change(Actor::SALESPERSON, |account, context| {
            model::create(account, context, &values, None)
        });
        created.map_err(|refusal| self.refused(&refusal))
    }

    /// A salesperson edits a contact.
    pub fn edit_contact<N: Into<String>, V: Into<String>>(
        &self,
        id: impl fmt::Display,
        properties: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Contact, Refused> {
        let values = values(properties);
        let edited = self.app.change(Actor::SALESPERSON, |account, context| {
            let id = find(account, &id.to_string(), None)?.ok_or(Refusal::NotFound)?;
            model::update(account, context, id, &values, None)
        });
        edited.map_err(|refusal| self.refused(&refusal))
    }

    /// A salesperson archives a contact.
    pub fn archive(&self, id: impl fmt::Display) -> Result<(), Refused> {
        let archived = self.app.change(Actor::SALESPERSON, |account, context| {
            let id = find(account, &id.to_string(), None)?.ok_or(Refusal::NotFound)?;
            model::archive(account, context, id)
        });
        archived.map_err(|refusal| self.refused(&refusal))
    }

    /// A salesperson merges the second contact into the first; the answer is what both became.
    pub fn merge(
        &self,
        primary: impl fmt::Display,
        secondary: impl fmt::Display,
    ) -> Result<Contact, Refused> {
        let merged = self.app.change(Actor::SALESPERSON, |account, context| {
            model::merge(account, context, &primary.to_string(), &secondary.to_string())
        });
        merged.map_err(|refusal| self.refused(&refusal))
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

    /// Every write that is kept, in the order in which they took effect.
    pub fn writes(&self) -> Vec<Write> {
        let mut writes: Vec<Write> = self.app.state().account.all_writes().cloned().collect();
        writes.sort_by_key(|write| write.sequence);
        writes
    }

    /// The switches in force.
    pub fn switches(&self) -> Switches {
        self.app.state().switches.clone()
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: Switches) {
        self.app.state().switches = switches;
    }

    /// Replaces the limits; what was counted stays counted.
    pub fn set_limits(&self, limits: Limits) {
        self.app.state().meter.limits = limits;
    }

    /// Replaces the static tokens that are accepted.
    pub fn set_tokens<T: Into<String>>(&self, tokens: impl IntoIterator<Item = T>) {
        self.app.state().tokens = tokens.into_iter().map(Into::into).collect();
    }

    /// Ends the OAuth connection, as a person who uninstalls the app does.
    pub fn disconnect(&self) {
        self.app.state().oauth.disconnect();
    }

    /// Connects the account again, with another refresh token, as a person who installs the app anew does.
    pub fn connect(&self, refresh_token: impl Into<String>) {
        self.app.state().oauth.connect(refresh_token.into());
    }

    /// A person consents to the app: the code that HubSpot sends back with them to this address, good once.
    pub fn consent(&self, redirect_uri: impl Into<String>) -> String {
        let code = Uuid::new_v4().to_string();
        self.app.state().oauth.add_code(code.clone(), redirect_uri.into());
        code
    }

    /// Ends every OAuth access token before its time.
    pub fn revoke_access_tokens(&self) {
        self.app.state().oauth.revoke_access_tokens();
    }

    /// Puts a fault in force and says its number.
    pub fn add_fault(&self, fault: Fault) -> u64 {
        self.app.state().faults.add(fault)
    }

    /// How many calls a fault has hit; none if it is not in force.
    pub fn hits_of(&self, fault: u64) -> Option<u32> {
        self.app
            .state()
            .faults
            .all()
            .iter()
            .find(|rule| rule.id == fault)
            .map(|rule| rule.hits)
    }

    /// Ends one fault.
    pub fn remove_fault(&self, fault: u64) -> bool {
        self.app.state().faults.remove(fault)
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.app.state().faults.clear();
    }

    fn refused(&self, refusal: &Refusal) -> Refused {
        let state = self.app.state();
        let body = refusal_body(
            refusal,
            state.account.stored.portal_id,
            state.switches.conflict_body,
        );
        Refused(body.json["message"].as_str().unwrap_or_default().to_owned())
    }
}

fn values<N: Into<String>, V: Into<String>>(properties: impl IntoIterator<Item = (N, V)>) -> Values {
    properties
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

//! Finds out which account a token belongs to. It requests the account's details, which need the scope `oauth`. If
//! HubSpot refuses them, it reads the account's id from a response that needs no such scope. The account is never
//! guessed, because a contact id of one account means nothing in another.

use std::sync::{Mutex, PoisonError};

use contracts::FieldDefinitions;
use serde_json::Value;
use url::Url;

use super::{
    HubspotClient,
    body::{list, object, text},
    call_response, request,
    token::Owner,
};
use crate::engine::{Call, CallError, CallErrorKind, CallResponse, Response};
use runtime::settings::Secret;

/// What is known about the account besides HubSpot's responses to this call.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// The account that the settings name.
    pub(super) expected: Option<String>,
    /// The account that HubSpot named last, with the owner of the token that it was named for.
    last_named: Mutex<Option<(Owner, String)>>,
}

impl Accounts {
    fn remember(&self, owner: Owner, account_id: &str) {
        let mut last_named = self.last_named.lock().unwrap_or_else(PoisonError::into_inner);
        *last_named = Some((owner, account_id.to_owned()));
    }

    /// The account that HubSpot named earlier for the same owner. A token belongs to the same account all its life.
    fn known_account(&self, owner: &Owner) -> Option<String> {
        let last_named = self.last_named.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last_named.as_ref().filter(|(known, _)| known.is_same(owner));
        same.map(|(_, account_id)| account_id.clone())
    }
}

impl HubspotClient {
    /// Finds the account that this token belongs to, and checks it against the one in the settings.
    pub(super) async fn account(&self, token: &Secret) -> CallResponse {
        let mut response = self
            .perform_with(token, &Call::Account, FieldDefinitions::empty())
            .await;
        let scope_error = match &response.response {
            Response::Error(error) if error.kind == CallErrorKind::MissingScopes => Some(error.clone()),
            _ => None,
        };
        if let Some(scope_error) = scope_error {
            response.response = match self.account_without_details(token, scope_error).await {
                Ok(account_id) => Response::Account {
                    account_id,
                    details_refused: true,
                },
                Err(error) => Response::Error(*error),
            };
        }
        if let Response::Account { account_id, .. } = &response.response {
            match self.check_expected(account_id) {
                Ok(()) => self.accounts.remember(self.token.owner(token).0, account_id),
                Err(error) => response.response = Response::Error(*error),
            }
        }
        response
    }

    fn check_expected(&self, account_id: &str) -> Result<(), Box<CallError>> {
        match &self.accounts.expected {
            Some(expected) if expected != account_id => {
                let message = "the token belongs to another account than the one in HUBSPOT_ACCOUNT_ID";
                Err(Box::new(CallError {
                    kind: CallErrorKind::WrongAccount,
                    reason: contracts::Reason::ours("WRONG_ACCOUNT", message),
                }))
            }
            _ => Ok(()),
        }
    }

    /// The account from other sources, the most reliable first. `scope_error` is HubSpot's response to the request for the
    /// details; it becomes the reason if every source fails.
    async fn account_without_details(
        &self,
        token: &Secret,
        scope_error: CallError,
    ) -> Result<String, Box<CallError>> {
        // The token endpoint named the account together with the token, or HubSpot named it for this token before.
        let (owner, named_with_token) = self.token.owner(token);
        if let Some(account_id) = named_with_token.or_else(|| self.accounts.known_account(&owner)) {
            return Ok(account_id);
        }
        if let Some(account_id) = self.account_of_any_contact(token).await? {
            return Ok(account_id);
        }
        // The account in the settings comes last, because it cannot be checked against anything.
        let unknown = || {
            Box::new(CallError {
                kind: CallErrorKind::AccountUnknown,
                ..scope_error
            })
        };
        self.accounts.expected.clone().ok_or_else(unknown)
    }

    /// The account in the page address of any contact that this token can read. None if the account has no contacts or
    /// HubSpot shows no page address.
    async fn account_of_any_contact(&self, token: &Secret) -> Result<Option<String>, Box<CallError>> {
        let request = request::any_contact(&self.http, &self.target);
        // Errors of this request are classified as those of a lookup, which reads contacts too.
        let like = Call::Find {
            addresses: Vec::new(),
        };
        match self.exchange(token, request).await {
            Ok(raw) if raw.status.is_success() => {
                let body = object(&raw.body).unwrap_or_default();
                Ok(list(&body, "results").iter().find_map(account_of))
            }
            failed => match call_response(&like, FieldDefinitions::empty(), failed).response {
                Response::Error(error) => Err(Box::new(error)),
                _ => Ok(None),
            },
        }
    }
}

/// The account in the address of a contact's page, such as `https://app.hubspot.com/contacts/62515/record/0-1/512`. The
/// host is not checked, because it differs between data centres.
fn account_of(contact: &Value) -> Option<String> {
    let id = text(contact, "id")?;
    let page = Url::parse(&text(contact, "url")?).ok()?;
    let segments: Vec<&str> = page.path_segments()?.collect();
    let ["contacts", account_id, .., last] = segments.as_slice() else {
        return None;
    };
    let is_number = !account_id.is_empty() && account_id.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && *last == id).then(|| (*account_id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_account_is_read_from_the_page_of_the_same_contact_only() {
        for (id, url, account_id) in [
            (
                "512",
                "https://app.hubspot.com/contacts/62515/record/0-1/512",
                Some("62515"),
            ),
            (
                "512",
                "https://app-eu1.hubspot.com/contacts/7/record/0-1/512",
                Some("7"),
            ),
            ("512", "https://app.hubspot.com/contacts/7/contact/512/", None),
            (
                "512",
                "https://app.hubspot.com/contacts/62515/record/0-1/513",
                None,
            ),
            (
                "512",
                "https://app.hubspot.com/contacts/x62515/record/0-1/512",
                None,
            ),
            ("512", "https://app.hubspot.com/contacts//record/0-1/512", None),
            (
                "512",
                "https://app.hubspot.com/reports/62515/record/0-1/512",
                None,
            ),
            ("512", "not an address", None),
        ] {
            let contact = json!({ "id": id, "url": url, "properties": {} });
            assert_eq!(account_of(&contact).as_deref(), account_id, "{url}");
        }
        assert_eq!(account_of(&json!({ "id": "512" })), None);
    }
}

//! Which account a token opens: asked of its details, which need the scope `oauth`, and where HubSpot refuses those, read
//! from an answer that needs no such scope. No account is assumed: contact ids mean nothing in any other one.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use url::Url;

use super::{
    HubspotClient, answered,
    body::{list, object, text},
    request,
    token::Owner,
};
use crate::engine::{Call, CallError, CallErrorKind, CallResponse, Response};
use runtime::settings::Secret;

/// What is known of accounts besides what is asked.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// The account that the settings name.
    pub(super) expected: Option<String>,
    /// The account that HubSpot last named, and for whom.
    told: Mutex<Option<(Owner, String)>>,
}

impl Accounts {
    fn remember(&self, owner: Owner, account_id: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some((owner, account_id.to_owned()));
    }

    /// The account that HubSpot named earlier for the same token: a token opens one account as long as it lives.
    fn told_before(&self, owner: &Owner) -> Option<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let same = told.as_ref().filter(|(known, _)| known.is_same(owner));
        same.map(|(_, account_id)| account_id.clone())
    }
}

impl HubspotClient {
    /// Answers which account this token opens.
    pub(super) async fn account(&self, token: &Secret) -> CallResponse {
        let mut answered = self.perform_with(token, &Call::Account).await;
        let refusal = match &answered.response {
            Response::Error(problem) if problem.kind == CallErrorKind::MissingScopes => Some(problem.clone()),
            _ => None,
        };
        if let Some(refusal) = refusal {
            answered.response = match self.account_without_details(token, refusal).await {
                Ok(account_id) => Response::Account {
                    account_id,
                    details_refused: true,
                },
                Err(problem) => Response::Error(*problem),
            };
        }
        if let Response::Account { account_id, .. } = &answered.response {
            match self.check(account_id) {
                Ok(()) => self.accounts.remember(self.token.owner(token).0, account_id),
                Err(problem) => answered.response = Response::Error(*problem),
            }
        }
        answered
    }

    fn check(&self, account_id: &str) -> Result<(), Box<CallError>> {
        match &self.accounts.expected {
            Some(expected) if expected != account_id => {
                let message = "the token opens another account than HUBSPOT_ACCOUNT_ID names";
                Err(Box::new(CallError {
                    kind: CallErrorKind::WrongAccount,
                    reason: contracts::Reason::ours("WRONG_ACCOUNT", message),
                }))
            }
            _ => Ok(()),
        }
    }

    /// The account by what is at hand, the surest first; `refusal` is HubSpot's, for the details.
    async fn account_without_details(
        &self,
        token: &Secret,
        refusal: CallError,
    ) -> Result<String, Box<CallError>> {
        let (owner, named_with_token) = self.token.owner(token);
        if let Some(account_id) = named_with_token.or_else(|| self.accounts.told_before(&owner)) {
            return Ok(account_id);
        }
        if let Some(account_id) = self.account_of_any_contact(token).await? {
            return Ok(account_id);
        }
        let untold = || {
            Box::new(CallError {
                kind: CallErrorKind::AccountUnknown,
                ..refusal
            })
        };
        self.accounts.expected.clone().ok_or_else(untold)
    }

    /// The account in whose pages a contact is shown that this token can read; none where there is no such contact, or
    /// HubSpot does not give its page.
    async fn account_of_any_contact(&self, token: &Secret) -> Result<Option<String>, Box<CallError>> {
        let request = request::any_contact(&self.http, &self.target);
        // Its problems mean what those of any call mean that reads several contacts.
        let like = Call::Find {
            addresses: Vec::new(),
        };
        match self.exchange(token, request).await {
            Ok(raw) if raw.status.is_success() => {
                let body = object(&raw.body).unwrap_or_default();
                Ok(list(&body, "results").iter().find_map(account_of))
            }
            outcome => match answered(&like, outcome).response {
                Response::Error(problem) => Err(Box::new(problem)),
                _ => Ok(None),
            },
        }
    }
}

/// The account in the address of a contact's page, as in `https://app.hubspot.com/contacts/62515/record/0-1/512`. The
/// host differs between data centres.
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

//! What HubSpot's page is asked, and the secrets by which the answer is recognised.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use runtime::settings::Secret;
use sha2::{Digest, Sha256};
use url::Url;

/// What is asked for: contacts, and the account's details, from which the account's id is read.
const SCOPES: [&str; 3] = ["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"];

/// A question to a person on HubSpot's page.
pub(super) struct ConsentRequest {
    page: Url,
    state: Secret,
    verifier: Secret,
}

impl ConsentRequest {
    /// A question of its own: state and verifier are drawn anew.
    pub(super) fn new(page: &Url, client_id: &str, redirect_uri: &Url, more_scopes: &[String]) -> Self {
        let (state, verifier) = (random(), random());
        let scopes = SCOPES.into_iter().chain(more_scopes.iter().map(String::as_str));
        let scopes = scopes.collect::<Vec<_>>().join(" ");
        let mut page = page.clone();
        // HubSpot shows the page with the query of one connection; this one has its own.
        page.set_query(None);
        page.set_fragment(None);
        page.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("scope", &scopes)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &challenge(verifier.expose()))
            .append_pair("code_challenge_method", "S256");
        // HubSpot's own examples separate scopes by %20; a plus sign itself is encoded already.
        let query = page.query().unwrap_or_default().replace('+', "%20");
        page.set_query(Some(&query));
        Self {
            page,
            state,
            verifier,
        }
    }

    /// HubSpot's page with the question.
    pub(super) fn page(&self) -> &Url {
        &self.page
    }

    /// What the answer has to repeat.
    pub(super) fn state(&self) -> &Secret {
        &self.state
    }

    /// What shows the token endpoint that the question came from here.
    pub(super) fn into_verifier(self) -> Secret {
        self.verifier
    }
}

/// 256 random bits as text for addresses.
fn random() -> Secret {
    Secret::from(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// The hash of a verifier, by RFC 7636.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn the_page_is_asked_for_the_scopes_and_shows_no_verifier() {
        // With the query of the app's settings page, as a person may paste it.
        let page = "https://app.hubspot.com/oauth/authorize?client_id=x&scope=y#z"
            .parse()
            .expect("an address");
        let back = "http://localhost:3034/oauth/callback"
            .parse()
            .expect("an address");
        let ask = || ConsentRequest::new(&page, "the+id", &back, &["tickets".to_owned()]);
        let request = ask();
        let query: std::collections::BTreeMap<_, _> = request.page().query_pairs().collect();
        assert_eq!(request.page().query_pairs().count(), query.len(), "nothing twice");
        assert_eq!(request.page().fragment(), None);
        assert_eq!(query["client_id"], "the+id");
        assert_eq!(query["redirect_uri"], back.as_str());
        assert_eq!(
            query["scope"],
            "crm.objects.contacts.read crm.objects.contacts.write oauth tickets"
        );
        assert_eq!(query["state"], request.state().expose());
        assert!(!request.page().as_str().contains('+'));
        assert_ne!(ask().state().expose(), request.state().expose());
        let verifier = request.verifier.expose().to_owned();
        assert!(verifier.len() >= 43 && !request.page().as_str().contains(&verifier));
        assert_eq!(query["code_challenge"], challenge(&verifier));
    }
}

//! The request that the browser takes to HubSpot's consent page, and the secrets that the answer must match.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use runtime::settings::Secret;
use sha2::{Digest, Sha256};
use url::Url;

/// The scopes for contacts, and `oauth` for the account's details, which contain the account's id.
const SCOPES: [&str; 3] = ["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"];

/// A request for a person's consent.
pub(super) struct ConsentRequest {
    page: Url,
    state: Secret,
    verifier: Secret,
}

impl ConsentRequest {
    /// Makes a request with a new random state and verifier.
    pub(super) fn new(page: &Url, client_id: &str, redirect_uri: &Url, more_scopes: &[String]) -> Self {
        let (state, verifier) = (random(), random());
        let scopes = SCOPES.into_iter().chain(more_scopes.iter().map(String::as_str));
        let scopes = scopes.collect::<Vec<_>>().join(" ");
        let mut page = page.clone();
        // The address in the app's settings comes with the query of an example request.
        page.set_query(None);
        page.set_fragment(None);
        page.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("scope", &scopes)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &challenge(verifier.expose()))
            .append_pair("code_challenge_method", "S256");
        // HubSpot's examples separate scopes with %20. A literal plus sign is encoded as %2B, so this replaces spaces only.
        let query = page.query().unwrap_or_default().replace('+', "%20");
        page.set_query(Some(&query));
        Self {
            page,
            state,
            verifier,
        }
    }

    /// The address of HubSpot's page, with the request in its query.
    pub(super) fn page(&self) -> &Url {
        &self.page
    }

    /// The value that the answer must repeat.
    pub(super) fn state(&self) -> &Secret {
        &self.state
    }

    /// The secret that proves to the token endpoint that this process made the request (PKCE).
    pub(super) fn into_verifier(self) -> Secret {
        self.verifier
    }
}

/// 256 random bits as text that needs no encoding in an address.
fn random() -> Secret {
    Secret::from(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// The S256 challenge for a verifier (RFC 7636).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_matches_the_example_of_the_rfc() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn the_page_has_the_scopes_and_not_the_verifier() {
        // A person may paste the address with the query of the app's settings page.
        let page = "https://app.hubspot.com/oauth/authorize?client_id=x&scope=y#z"
            .parse()
            .expect("an address");
        let back = "http://localhost:3034/oauth/callback"
            .parse()
            .expect("an address");
        let new_request = || ConsentRequest::new(&page, "the+id", &back, &["tickets".to_owned()]);
        let request = new_request();
        let query: std::collections::BTreeMap<_, _> = request.page().query_pairs().collect();
        assert_eq!(request.page().query_pairs().count(), query.len(), "no duplicates");
        assert_eq!(request.page().fragment(), None);
        assert_eq!(query["client_id"], "the+id");
        assert_eq!(query["redirect_uri"], back.as_str());
        assert_eq!(
            query["scope"],
            "crm.objects.contacts.read crm.objects.contacts.write oauth tickets"
        );
        assert_eq!(query["state"], request.state().expose());
        assert!(!request.page().as_str().contains('+'));
        assert_ne!(new_request().state().expose(), request.state().expose());
        let verifier = request.verifier.expose().to_owned();
        assert!(verifier.len() >= 43 && !request.page().as_str().contains(&verifier));
        assert_eq!(query["code_challenge"], challenge(&verifier));
    }
}

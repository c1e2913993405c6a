//! Refuses what a page of another site makes a browser send.
//!
//! Such a page reaches a gateway that only the browser's owner can reach. It may have its own name lead to the gateway's
//! address (DNS rebinding), and then counts as the gateway's own page; only `Host` tells that name. Or it asks across
//! sites, which `Origin` and `Sec-Fetch-Site` tell. See `docs/decisions/15-names-of-the-gateway.md`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::hosts::Hosts;
use crate::problem::ApiError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Where links of other sites may lead.
const PAGES: [&str; 2] = ["/", "/docs"];

/// The layer: only what is meant for this gateway, and comes from no other site, goes on.
pub(crate) async fn own_site(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match check(&hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(hosts: &Hosts, request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let own = own_authorities(request).ok_or(ApiError::UnknownHost)?;
    if !own.iter().all(|authority| hosts.knows(authority)) {
        return Err(ApiError::UnknownHost);
    }
    let is_ours = |origin: &HeaderValue| {
        authority_of(origin).is_some_and(|origin| own.contains(&origin) || hosts.lists(&origin))
    };
    if !headers.get_all(ORIGIN).iter().all(is_ours) {
        return Err(ApiError::ForeignOrigin);
    }
    let is_foreign = is(headers, &SEC_FETCH_SITE, &["cross-site", "same-site"]);
    if is_foreign && !opens_a_page(request) {
        return Err(ApiError::ForeignOrigin);
    }
    Ok(())
}

/// Whom the request says it is for; nobody where it does not say it, as no browser does. None where it cannot be read.
fn own_authorities(request: &Request) -> Option<Vec<Authority>> {
    let named = request.headers().get_all(HOST).iter();
    let named = named.map(|host| host.to_str().ok()?.parse().ok());
    let of_target = request.uri().authority().cloned().map(Some);
    named.chain(of_target).collect()
}

/// `null`, of a page that has no site, is nobody's.
fn authority_of(origin: &HeaderValue) -> Option<Authority> {
    let origin: Uri = origin.to_str().ok()?.parse().ok()?;
    origin.scheme()?;
    origin.authority().cloned()
}

fn opens_a_page(request: &Request) -> bool {
    let is_link = is(request.headers(), &SEC_FETCH_MODE, &["navigate"]);
    request.method() == Method::GET && is_link && PAGES.contains(&request.uri().path())
}

fn is(headers: &HeaderMap, name: &HeaderName, words: &[&str]) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|value| words.iter().any(|word| value == word))
}

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
        Origin::read(origin).is_some_and(|origin| {
            own.iter().any(|host| origin.is_that_of(host)) || hosts.lists(&origin.authority)
        })
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

/// Whom the request says it is for; nobody where `Host` is missing or empty, as no browser sends it. None where it cannot
/// be read.
fn own_authorities(request: &Request) -> Option<Vec<Authority>> {
    let named = request.headers().get_all(HOST).iter();
    let named = named.filter(|host| !host.is_empty());
    let named = named.map(|host| host.to_str().ok()?.parse().ok());
    let of_target = request.uri().authority().cloned().map(Some);
    named.chain(of_target).collect()
}

/// Where the page is from that had a request sent.
struct Origin {
    authority: Authority,
    default_port: u16,
}

impl Origin {
    /// `null`, of a page that has no site, is nobody's.
    fn read(value: &HeaderValue) -> Option<Self> {
        let origin: Uri = value.to_str().ok()?.parse().ok()?;
        let default_port = match origin.scheme_str()? {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = origin.authority()?.clone();
        Some(Self {
            authority,
            default_port,
        })
    }

    /// Browsers leave out the default port of their scheme, and some proxies write it.
    fn is_that_of(&self, host: &Authority) -> bool {
        let port = |authority: &Authority| authority.port_u16().unwrap_or(self.default_port);
        let is_same_host = self.authority.host().eq_ignore_ascii_case(host.host());
        is_same_host && port(&self.authority) == port(host)
    }
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

//! Rejects requests that a page of another site made a browser send.
//!
//! The gateway has no authentication, so a browser whose owner can reach it could be used by any page that the owner opens. Such
//! a page may point its own name at the gateway's address (DNS rebinding). To the browser it is then a page of the gateway
//! itself, and only `Host` shows its real name. Or it sends requests across sites, which `Origin` and `Sec-Fetch-Site` show.
//! See `docs/decisions/15-names-of-the-gateway.md`.

mod allowed_hosts;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::response::ApiError;

pub use allowed_hosts::{AllowedHosts, InvalidHosts};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// The pages that links of other sites may open.
const PAGES: [&str; 2] = ["/", "/docs"];

/// The layer: passes on requests that are meant for this gateway and come from no other site.
pub(crate) async fn reject_other_sites(
    State(hosts): State<Arc<AllowedHosts>>,
    request: Request,
    next: Next,
) -> Response {
    match check(&hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(hosts: &AllowedHosts, request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    // First the name: a page with a rebound name has the right origin, since that is its own.
    let requested = requested_authorities(request).ok_or(ApiError::UnknownHost)?;
    if !requested.iter().all(|authority| hosts.allow(authority)) {
        return Err(ApiError::UnknownHost);
    }
    let is_own = |origin: &HeaderValue| {
        Origin::parse(origin).is_some_and(|origin| {
            requested.iter().any(|host| origin.is_same_as(host)) || hosts.contains(&origin.authority)
        })
    };
    if !headers.get_all(ORIGIN).iter().all(is_own) {
        return Err(ApiError::ForeignOrigin);
    }
    // A plain GET across sites has no `Origin`, but browsers send `Sec-Fetch-Site` with it.
    let is_cross_site = has_value(headers, &SEC_FETCH_SITE, &["cross-site", "same-site"]);
    if is_cross_site && !opens_a_page(request) {
        return Err(ApiError::ForeignOrigin);
    }
    Ok(())
}

/// The hosts that the request names: in `Host`, and in its target where that is a whole URL. A missing or empty `Host` names
/// none; browsers never send that. `None` where a host cannot be parsed.
fn requested_authorities(request: &Request) -> Option<Vec<Authority>> {
    let hosts = request.headers().get_all(HOST).iter();
    let hosts = hosts.filter(|host| !host.is_empty());
    let hosts = hosts.map(|host| host.to_str().ok()?.parse().ok());
    let target = request.uri().authority().cloned().map(Some);
    hosts.chain(target).collect()
}

/// The site of the page that made the browser send a request.
struct Origin {
    authority: Authority,
    default_port: u16,
}

impl Origin {
    /// Parses the header. `null`, the origin of a page without a site, is not one.
    fn parse(value: &HeaderValue) -> Option<Self> {
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

    /// Compares host and port. Browsers leave the default port of their scheme out and some proxies write it, so it is filled
    /// in on both sides.
    fn is_same_as(&self, host: &Authority) -> bool {
        let port = |authority: &Authority| authority.port_u16().unwrap_or(self.default_port);
        let is_same_host = self.authority.host().eq_ignore_ascii_case(host.host());
        is_same_host && port(&self.authority) == port(host)
    }
}

/// Whether the browser follows a link to one of the pages.
fn opens_a_page(request: &Request) -> bool {
    let is_navigation = has_value(request.headers(), &SEC_FETCH_MODE, &["navigate"]);
    request.method() == Method::GET && is_navigation && PAGES.contains(&request.uri().path())
}

fn has_value(headers: &HeaderMap, name: &HeaderName, values: &[&str]) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|given| values.iter().any(|value| given == value))
}

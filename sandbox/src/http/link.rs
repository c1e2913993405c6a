//! The address of the next page, which HubSpot gives in full.

use axum::http::{HeaderMap, Uri, header};

/// The address a list was asked for at, with the query it was asked with and another `after`.
pub(crate) fn next_page(headers: &HeaderMap, asked: &Uri, after: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let others = asked.query().unwrap_or_default().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && name != "after"
    });
    let after = format!("after={after}");
    let query: Vec<&str> = others.chain([after.as_str()]).collect();
    let (host, path) = (host.unwrap_or("api.hubapi.com"), asked.path());
    format!("http://{host}{path}?{}", query.join("&"))
}

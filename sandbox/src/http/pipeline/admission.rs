//! Admits or denies a call: the token, its scopes, the rate limits.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;

use crate::{
    app::State,
    faults::CallFacts,
    http::response::{error_body::ErrorBody, known_errors},
    limits::{Credential, LimitExceeded},
    oauth::TokenStatus,
};

/// The scope that reads of contacts need.
pub(crate) const SCOPE_OF_READS: &str = "crm.objects.contacts.read";
/// The scope that writes of contacts need.
pub(crate) const SCOPE_OF_WRITES: &str = "crm.objects.contacts.write";
/// The scopes of which reads of definitions of properties need one.
pub(crate) const SCOPES_OF_DEFINITION_READS: [&str; 2] = [SCOPE_OF_READS, "crm.schemas.contacts.read"];
/// The scope that changes of definitions of properties need.
pub(crate) const SCOPE_OF_DEFINITION_WRITES: &str = "crm.schemas.contacts.write";
/// The scope that the account details need.
pub(crate) const SCOPE_OF_ACCOUNT: &str = "oauth";

/// A call that was admitted, with the rate-limit headers of its response.
#[derive(Debug)]
pub(crate) struct AdmittedCall {
    pub(crate) author: String,
    pub(crate) headers: HeaderMap,
}

/// A call that was denied. A `Retry-After` may be among the headers.
#[derive(Debug)]
pub(crate) struct DeniedCall {
    pub(crate) body: ErrorBody,
    pub(crate) headers: HeaderMap,
}

impl State {
    /// Checks token, scope and limits, in the order in which HubSpot does, and counts an admitted call.
    pub(crate) fn admit(
        &mut self,
        call: &CallFacts,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<AdmittedCall, Box<DeniedCall>> {
        // The token endpoint is called without a token, and has a limit of its own.
        if call.path.starts_with("/oauth/") {
            return match self.limiter.admit_token_call(now) {
                Ok(()) => Ok(AdmittedCall {
                    author: "token endpoint".to_owned(),
                    headers: HeaderMap::new(),
                }),
                Err(exceeded) => Err(self.over_limit(exceeded, self.retry_after_header(exceeded))),
            };
        }
        let (credential, author) = self.authenticate(headers, now).map_err(without_headers)?;
        self.check_scope(call).map_err(without_headers)?;
        let admitted = self.limiter.admit(credential, call.is_search(), now);
        // Responses to searches have no rate-limit headers. The others show what is left after this call.
        let mut headers = if call.is_search() {
            HeaderMap::new()
        } else {
            self.rate_limit_headers(credential, now)
        };
        match admitted {
            Ok(()) => Ok(AdmittedCall { author, headers }),
            Err(exceeded) => {
                headers.extend(self.retry_after_header(exceeded));
                Err(self.over_limit(exceeded, headers))
            }
        }
    }

    fn authenticate(&self, headers: &HeaderMap, now: Timestamp) -> Result<(Credential, String), ErrorBody> {
        let authorization = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some(token) = authorization
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
        else {
            return Err(known_errors::missing_credentials());
        };
        if let Some(index) = self.tokens.iter().position(|known| known == token) {
            return Ok((Credential::Static, format!("token {}", index + 1)));
        }
        match self.oauth.status_of(token, now) {
            TokenStatus::Valid => Ok((Credential::OAuth, "oauth".to_owned())),
            TokenStatus::ExpiredAt(expired_at) => Err(known_errors::expired(expired_at, now)),
            // HubSpot looks up text that begins like an app's token and does not find it. Other text cannot be decoded,
            // and HubSpot answers that it expired in 1970.
            TokenStatus::Unknown if token.starts_with("pat-") || token.is_empty() => {
                Err(known_errors::missing_credentials())
            }
            TokenStatus::Unknown => Err(known_errors::expired(Timestamp::UNIX_EPOCH, now)),
        }
    }

    fn check_scope(&self, call: &CallFacts) -> Result<(), ErrorBody> {
        let scopes: &[&str] = if call.path.starts_with("/account-info/") {
            &[SCOPE_OF_ACCOUNT]
        } else if !call.path.starts_with("/crm/") {
            return Ok(());
        } else {
            match (is_about_definitions(&call.path), call.is_read()) {
                (true, true) => &SCOPES_OF_DEFINITION_READS,
                (true, false) => &[SCOPE_OF_DEFINITION_WRITES],
                (false, true) => &[SCOPE_OF_READS],
                (false, false) => &[SCOPE_OF_WRITES],
            }
        };
        let is_missing = |scope: &&str| {
            self.switches
                .missing_scopes
                .iter()
                .any(|missing| missing == scope)
        };
        // One of the scopes is enough.
        if scopes.iter().all(is_missing) {
            Err(known_errors::missing_scopes(scopes))
        } else {
            Ok(())
        }
    }

    /// The headers that say how many calls are left.
    /// <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>
    fn rate_limit_headers(&mut self, credential: Credential, now: Timestamp) -> HeaderMap {
        let remaining = self.limiter.remaining(credential, now);
        let limits = &self.limiter.limits;
        let max = limits.burst_of(credential);
        let secondly = max / 10;
        let mut pairs = vec![
            ("x-hubspot-ratelimit-max", max as u64),
            ("x-hubspot-ratelimit-remaining", remaining.burst as u64),
            ("x-hubspot-ratelimit-interval-milliseconds", limits.window_ms),
            // HubSpot no longer enforces a limit per second, but still sends these two headers.
            ("x-hubspot-ratelimit-secondly", secondly as u64),
            (
                "x-hubspot-ratelimit-secondly-remaining",
                secondly.min(remaining.burst) as u64,
            ),
        ];
        if credential == Credential::Static {
            pairs.push(("x-hubspot-ratelimit-daily", limits.daily));
            pairs.push(("x-hubspot-ratelimit-daily-remaining", remaining.daily));
        }
        let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from(value));
        pairs.into_iter().map(header).collect()
    }

    fn retry_after_header(&self, exceeded: LimitExceeded) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.switches.retry_after {
            let seconds = exceeded.retry_after.as_millis().div_ceil(1_000);
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)),
            );
        }
        headers
    }

    fn over_limit(&self, exceeded: LimitExceeded, headers: HeaderMap) -> Box<DeniedCall> {
        Box::new(DeniedCall {
            body: known_errors::rate_limit(exceeded.policy, self.account.stored.portal_id),
            headers,
        })
    }
}

/// Whether a path of the CRM names definitions of properties or their rules, and no contacts.
fn is_about_definitions(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "properties" || part == "property-validations")
}

fn without_headers(body: ErrorBody) -> Box<DeniedCall> {
    Box::new(DeniedCall {
        body,
        headers: HeaderMap::new(),
    })
}

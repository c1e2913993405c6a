//! Who may pass: the token, its scopes, the limits.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;

use super::{error_body::ErrorBody, fault_body};
use crate::{
    app::State,
    limits::{Credential, Exceeded},
    oauth::Standing,
};

/// What reads of contacts need.
pub(crate) const SCOPE_OF_READS: &str = "crm.objects.contacts.read";
/// What writes of contacts need.
pub(crate) const SCOPE_OF_WRITES: &str = "crm.objects.contacts.write";
/// What account details need.
pub(crate) const SCOPE_OF_ACCOUNT: &str = "oauth";

/// A call that passed.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) who: String,
    pub(crate) headers: HeaderMap,
}

/// A call that did not; a `Retry-After` may be among the headers.
#[derive(Debug)]
pub(crate) struct TurnedAway {
    pub(crate) body: ErrorBody,
    pub(crate) headers: HeaderMap,
}

impl State {
    /// Checks a call in the order in which HubSpot does, and counts it.
    pub(crate) fn check(
        &mut self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Admitted, Box<TurnedAway>> {
        if path.starts_with("/oauth/") {
            let admitted = || Admitted {
                who: "token endpoint".to_owned(),
                headers: HeaderMap::new(),
            };
            return self
                .meter
                .admit_token_call(now)
                .map(|()| admitted())
                .map_err(|exceeded| {
                    let headers = self.retry_after(exceeded);
                    self.turned_away(exceeded, headers)
                });
        }
        let (credential, who) = self.authenticate(headers, now).map_err(without_headers)?;
        self.check_scope(method, path).map_err(without_headers)?;
        let is_search = path.ends_with("/search");
        let admitted = self.meter.admit(credential, is_search, now);
        let mut headers = HeaderMap::new();
        if !is_search {
            headers = self.rate_headers(credential, now);
        }
        match admitted {
            Ok(()) => Ok(Admitted { who, headers }),
            Err(exceeded) => {
                headers.extend(self.retry_after(exceeded));
                Err(self.turned_away(exceeded, headers))
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
            return Err(fault_body::missing_credentials());
        };
        if let Some(index) = self.tokens.iter().position(|known| known == token) {
            return Ok((Credential::Static, format!("token {}", index + 1)));
        }
        match self.oauth.standing(token, now) {
            Standing::Valid => Ok((Credential::OAuth, "oauth".to_owned())),
            Standing::ExpiredAt(expired_at) => Err(fault_body::expired(expired_at, now)),
            // What looks like a token of an app is looked up and not found; anything else cannot be decoded.
            Standing::Unknown if token.starts_with("pat-") || token.is_empty() => {
                Err(fault_body::missing_credentials())
            }
            Standing::Unknown => Err(fault_body::expired(Timestamp::UNIX_EPOCH, now)),
        }
    }

    fn check_scope(&self, method: &Method, path: &str) -> Result<(), ErrorBody> {
        let is_read = method == Method::GET || path.ends_with("/batch/read") || path.ends_with("/search");
        let scope = if path.starts_with("/account-info/") {
            SCOPE_OF_ACCOUNT
        } else if !path.starts_with("/crm/") {
            return Ok(());
        } else if is_read {
            SCOPE_OF_READS
        } else {
            SCOPE_OF_WRITES
        };
        let is_missing = self
            .switches
            .missing_scopes
            .iter()
            .any(|missing| missing == scope);
        if is_missing {
            Err(fault_body::missing_scope(scope))
        } else {
            Ok(())
        }
    }

    /// <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>
    fn rate_headers(&mut self, credential: Credential, now: Timestamp) -> HeaderMap {
        let remaining = self.meter.remaining(credential, now);
        let limits = &self.meter.limits;
        let max = if credential == Credential::OAuth {
            limits.oauth_burst
        } else {
            limits.burst
        };
        let secondly = max / 10;
        let mut pairs = vec![
            ("x-hubspot-ratelimit-max", max as u64),
            ("x-hubspot-ratelimit-remaining", remaining.burst as u64),
            ("x-hubspot-ratelimit-interval-milliseconds", limits.window_ms),
            // No longer enforced, still sent.
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

    fn retry_after(&self, exceeded: Exceeded) -> HeaderMap {
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

    fn turned_away(&self, exceeded: Exceeded, headers: HeaderMap) -> Box<TurnedAway> {
        Box::new(TurnedAway {
            body: fault_body::rate_limit(exceeded.policy, self.account.stored.portal_id),
            headers,
        })
    }
}

fn without_headers(body: ErrorBody) -> Box<TurnedAway> {
    Box::new(TurnedAway {
        body,
        headers: HeaderMap::new(),
    })
}

//! How long an access token can be used, and when to request the next one.

use std::time::Duration;

/// The lifetime if the response has none. HubSpot's own tokens live as long.
pub(super) const DEFAULT_LIFETIME: Duration = Duration::from_mins(30);
/// A longer lifetime is cut to this one.
const MAX_LIFETIME: Duration = Duration::from_hours(24);
/// The next token is requested at a random moment between these fractions of the lifetime, so that processes that started
/// together do not request it together. The rest of the lifetime is left for retries.
const EARLIEST_REFRESH: f64 = 0.6;
const LATEST_REFRESH: f64 = 0.8;
/// A token is not used for this long before it expires, or for a fiftieth of its lifetime if that is less, so that it does
/// not expire while a call is on its way.
const MAX_TRAVEL_TIME: Duration = Duration::from_secs(10);

/// The lifetime for the `expires_in` of a response. None if it is zero, because no call could be made with the token.
pub(super) fn lifetime(expires_in: Option<u64>) -> Option<Duration> {
    let lifetime = expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
    Some(lifetime.min(MAX_LIFETIME)).filter(|lifetime| !lifetime.is_zero())
}

/// For how long calls may start with a token of that lifetime.
pub(super) fn usable(lifetime: Duration) -> Duration {
    lifetime.saturating_sub((lifetime / 50).min(MAX_TRAVEL_TIME))
}

/// When to request the next token. `chance` is a random number from 0 to 1.
pub(super) fn refresh_after(lifetime: Duration, chance: f64) -> Duration {
    lifetime.mul_f64(EARLIEST_REFRESH + (LATEST_REFRESH - EARLIEST_REFRESH) * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refreshed_between_three_and_four_fifths_of_its_lifetime() {
        let minutes = |chance| refresh_after(DEFAULT_LIFETIME, chance).as_secs() / 60;
        assert_eq!((minutes(0.0), minutes(0.5), minutes(1.0)), (18, 21, 24));
    }

    #[test]
    fn a_token_is_not_used_in_its_last_moments_and_always_refreshed_before() {
        assert_eq!(
            usable(DEFAULT_LIFETIME) + Duration::from_secs(10),
            DEFAULT_LIFETIME
        );
        for seconds in [1, 2, 60, 1_800, 86_400] {
            let lifetime = Duration::from_secs(seconds);
            assert!(refresh_after(lifetime, 1.0) < usable(lifetime), "{seconds}");
        }
    }

    #[test]
    fn a_lifetime_that_is_not_said_or_makes_no_sense_does_no_harm() {
        assert_eq!(lifetime(None), Some(DEFAULT_LIFETIME));
        assert_eq!(lifetime(Some(0)), None);
        assert_eq!(lifetime(Some(u64::MAX)), Some(MAX_LIFETIME));
    }
}

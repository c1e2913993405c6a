//! How long an access token is good, and when to ask for the next one.

use std::time::Duration;

/// What HubSpot's tokens have, for an answer that does not say.
pub(super) const USUAL: Duration = Duration::from_mins(30);
/// A longer lifetime is not relied on.
const LONGEST: Duration = Duration::from_hours(24);
/// The next token is asked for at a moment between these parts of the lifetime, so that processes that started
/// together do not ask together. What is left is for an endpoint that is unwell.
const EARLIEST: f64 = 0.6;
const LATEST: f64 = 0.8;
/// A call takes a moment to arrive: its token must not expire on the way.
const MOST_TRAVEL: Duration = Duration::from_secs(10);

/// The lifetime that an answer's `expires_in` means; none if no call could be made with such a token.
pub(super) fn lifetime(expires_in: Option<u64>) -> Option<Duration> {
    let lifetime = expires_in.map_or(USUAL, Duration::from_secs);
    Some(lifetime.min(LONGEST)).filter(|lifetime| !lifetime.is_zero())
}

/// How long calls may start with a token of that lifetime.
pub(super) fn usable(lifetime: Duration) -> Duration {
    lifetime.saturating_sub((lifetime / 50).min(MOST_TRAVEL))
}

/// When to ask for the next token; `chance` is from 0 up to 1.
pub(super) fn refresh_after(lifetime: Duration, chance: f64) -> Duration {
    lifetime.mul_f64(EARLIEST + (LATEST - EARLIEST) * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refreshed_between_three_and_four_fifths_of_its_lifetime() {
        let minutes = |chance| refresh_after(USUAL, chance).as_secs() / 60;
        assert_eq!((minutes(0.0), minutes(0.5), minutes(1.0)), (18, 21, 24));
    }

    #[test]
    fn a_token_is_not_used_in_its_last_moments_and_always_refreshed_before() {
        assert_eq!(usable(USUAL) + Duration::from_secs(10), USUAL);
        for seconds in [1, 2, 60, 1_800, 86_400] {
            let lifetime = Duration::from_secs(seconds);
            assert!(refresh_after(lifetime, 1.0) < usable(lifetime), "{seconds}");
        }
    }

    #[test]
    fn a_lifetime_that_is_not_said_or_makes_no_sense_does_no_harm() {
        assert_eq!(lifetime(None), Some(USUAL));
        assert_eq!(lifetime(Some(0)), None);
        assert_eq!(lifetime(Some(u64::MAX)), Some(LONGEST));
    }
}

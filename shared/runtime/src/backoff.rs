//! Delays between attempts. They double, stay within bounds, and have jitter, so that callers do not try at the same time.

use std::time::Duration;

use rand::RngExt;

/// A growing delay. Each delay is drawn at random from the upper half of its step, so that it still grows with each attempt.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    attempts: u32,
}

impl Backoff {
    /// Starts at `min` and never waits longer than `max`.
    pub fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max: max.max(min),
            attempts: 0,
        }
    }

    /// The delay before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let step = step(self.min, self.max, self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        step.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// How many delays were returned since the start or the last reset.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Starts over, after a success.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// `min`, doubled `attempts` times, at most `max`.
fn step(min: Duration, max: Duration, attempts: u32) -> Duration {
    let factor = 2_u32.checked_pow(attempts).unwrap_or(u32::MAX);
    min.saturating_mul(factor).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(2);

    #[test]
    fn steps_double_up_to_the_maximum() {
        let steps: Vec<_> = (0..7)
            .map(|attempts| step(MIN, MAX, attempts).as_millis())
            .collect();
        assert_eq!(steps, [100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(step(MIN, MAX, u32::MAX), MAX);
    }

    #[test]
    fn delays_keep_within_half_a_step_and_the_step() {
        for _ in 0..200 {
            let mut backoff = Backoff::new(MIN, MAX);
            for attempts in 0..8 {
                let (delay, step) = (backoff.next_delay(), step(MIN, MAX, attempts));
                assert!(delay >= step / 2 && delay <= step, "{delay:?} of {step:?}");
            }
        }
    }

    #[test]
    fn a_reset_starts_over() {
        let mut backoff = Backoff::new(MIN, MAX);
        for _ in 0..5 {
            backoff.next_delay();
        }
        backoff.reset();
        assert!(backoff.next_delay() <= MIN);
    }

    #[test]
    fn a_maximum_below_the_minimum_is_raised_to_it() {
        assert!(Backoff::new(MAX, MIN).next_delay() >= MAX / 2);
    }
}

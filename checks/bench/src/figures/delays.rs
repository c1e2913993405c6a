//! The distribution of a delay.

use jiff::Timestamp;
use serde::Serialize;

/// Median, 99th percentile and the rest, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delays {
    /// The number of measurements.
    pub count: usize,
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Delays {
    /// Computes it from single delays in milliseconds; `None` without any.
    pub fn of(mut all: Vec<f64>) -> Option<Self> {
        all.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            all.get((all.len() * percent).div_ceil(100).saturating_sub(1))
                .copied()
        };
        Some(Self {
            count: all.len(),
            p50_ms: at(50)?,
            p99_ms: at(99)?,
            max_ms: at(100)?,
        })
    }
}

/// The milliseconds from one time to another; negative if the second is earlier.
pub fn ms_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let delays = Delays::of((1..=200).rev().map(f64::from).collect());
        let expected = Delays {
            count: 200,
            p50_ms: 100.0,
            p99_ms: 198.0,
            max_ms: 200.0,
        };
        assert_eq!(delays, Some(expected));
        assert_eq!(Delays::of(vec![7.0]).map(|delays| delays.p99_ms), Some(7.0));
        assert_eq!(Delays::of(Vec::new()), None);
    }
}

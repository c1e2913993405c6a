//! The rate limiter by itself: the window, its share, and the calls of others.

mod daily_budget;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A rate limiter that has learned this limit.
fn with_limit(max: u32, quota: QuotaSettings) -> RateLimiter {
    let mut limiter = RateLimiter::new(quota);
    let limits = RateLimitHeaders {
        max: Some(max),
        ..RateLimitHeaders::default()
    };
    limiter.record_response(seconds(0), seconds(0), &limits, 0);
    limiter
}

/// Sends as early as allowed from then on, and returns when.
fn send_all(limiter: &mut RateLimiter, from: Duration, count: usize) -> Vec<Duration> {
    let mut now = from;
    (0..count)
        .map(|_| {
            while limiter.next_call_at(now) > now {
                now = limiter.next_call_at(now);
            }
            limiter.record_call(now);
            now
        })
        .collect()
}

/// The maximum number of calls in any window of ten seconds.
fn fullest_window(times: &[Duration]) -> usize {
    let in_window = |start: &Duration| {
        times
            .iter()
            .filter(|at| *at >= start && **at < *start + seconds(10))
            .count()
    };
    times.iter().map(in_window).max().unwrap_or_default()
}

#[test]
fn no_window_holds_more_calls_than_the_limit() {
    for max in [1, 2, 7, 10, 100, 110, 190, 250] {
        let mut limiter = with_limit(max, QuotaSettings::default());
        let times = send_all(&mut limiter, seconds(100), max as usize * 4);
        assert!(fullest_window(&times) <= max as usize, "{max}");
    }
}

#[test]
fn uneven_arrivals_do_not_overfill_a_window() {
    for max in [100, 110, 190, 250] {
        let mut limiter = with_limit(max, QuotaSettings::default());
        let times = send_all(&mut limiter, seconds(100), max as usize * 4);
        let late_first = times.iter().enumerate().map(|(index, at)| {
            // Every other call takes 100 ms longer to arrive.
            *at + if index % 2 == 0 { ms(100) } else { ms(0) }
        });
        let mut late_first: Vec<_> = late_first.collect();
        late_first.sort();
        assert!(fullest_window(&late_first) <= max as usize, "{max}");
    }
}

#[test]
fn a_flood_uses_at_least_95_percent_of_what_is_allowed() {
    for max in [100, 110, 190, 250] {
        let mut limiter = with_limit(max, QuotaSettings::default());
        let times = send_all(&mut limiter, seconds(100), max as usize * 10);
        let took = times[max as usize * 10 - 1].saturating_sub(times[0]);
        assert!(took < seconds(105), "{max}: {took:?}");
    }
}

#[test]
fn a_single_call_and_its_follow_up_leave_at_once() {
    for max in [10, 100, 190] {
        let mut limiter = with_limit(max, QuotaSettings::default());
        let times = send_all(&mut limiter, seconds(100), 2);
        assert_eq!(times, [seconds(100); 2]);
    }
}

#[test]
fn calls_of_others_reduce_the_share_for_one_window() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    let mine = send_all(&mut limiter, seconds(100), 10);
    let limits = RateLimitHeaders {
        max: Some(190),
        remaining: Some(80),
        ..RateLimitHeaders::default()
    };
    // 110 are used, ten of them by this worker.
    limiter.record_response(seconds(101), mine[9], &limits, 0);
    assert_eq!(limiter.share(seconds(101)), 88);
    let times = send_all(&mut limiter, seconds(101), 50);
    assert!(fullest_window(&times) <= 90);
    assert_eq!(
        limiter.share(seconds(120)),
        186,
        "nothing was heard of others for a window"
    );
}

#[test]
fn a_worker_alone_in_its_window_sees_no_others() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    let mut sent = Vec::new();
    for _ in 0..600 {
        let at = send_all(&mut limiter, sent.last().copied().unwrap_or(seconds(100)), 1)[0];
        sent.push(at);
        let used = sent.iter().filter(|other| **other + seconds(10) > at).count();
        let limits = RateLimitHeaders {
            max: Some(190),
            remaining: Some(190 - u32::try_from(used).expect("few")),
            ..RateLimitHeaders::default()
        };
        limiter.record_response(at + ms(250), at, &limits, 5);
        assert_eq!(limiter.share(at + ms(250)), 186);
    }
}

#[test]
fn a_ceiling_and_a_reserve_keep_calls_back() {
    let ceiling = QuotaSettings {
        calls_per_window: Some(100),
        ..QuotaSettings::default()
    };
    let reserve = QuotaSettings {
        window_reserve_percent: 50,
        ..QuotaSettings::default()
    };
    for (quota, max) in [(ceiling, 100), (reserve, 95)] {
        let mut limiter = with_limit(190, quota);
        let times = send_all(&mut limiter, seconds(100), 400);
        let fullest = fullest_window(&times);
        assert!(fullest <= max && fullest >= max * 95 / 100, "{fullest} of {max}");
    }
}

#[test]
fn calls_of_others_may_use_the_reserve() {
    let quota = QuotaSettings {
        window_reserve_percent: 50,
        ..QuotaSettings::default()
    };
    let mut limiter = with_limit(190, quota);
    let remaining = |remaining| RateLimitHeaders {
        remaining: Some(remaining),
        ..RateLimitHeaders::default()
    };
    limiter.record_response(seconds(100), seconds(100), &remaining(140), 0);
    assert_eq!(limiter.share(seconds(100)), 93);
    limiter.record_response(seconds(101), seconds(101), &remaining(60), 0);
    assert_eq!(limiter.share(seconds(101)), 58);
}

#[test]
fn after_a_429_one_call_is_tried_each_second() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    let times = send_all(&mut limiter, seconds(100), 3);
    limiter.record_rejection(times[2] + ms(200), None);
    // An answer to a call that left before the refusal shows nothing about the time after it.
    limiter.record_response(times[2] + ms(220), times[1], &RateLimitHeaders::default(), 0);
    assert_eq!(limiter.next_call_at(times[2] + ms(220)), times[2] + ms(1_200));
    assert_eq!(limiter.max_in_flight(10), 1);
    let alone = send_all(&mut limiter, times[2] + ms(220), 1)[0];
    limiter.record_rejection(alone + ms(200), None);
    assert_eq!(limiter.next_call_at(alone + ms(200)), alone + ms(1_200));
    let alone = send_all(&mut limiter, alone + ms(200), 1)[0];
    limiter.record_response(alone + ms(200), alone, &RateLimitHeaders::default(), 0);
    assert_eq!(limiter.max_in_flight(10), 10);
    assert!(
        limiter.next_call_at(alone + ms(300)) <= alone + ms(300),
        "and no longer"
    );
}

#[test]
fn a_wait_that_hubspot_asks_for_is_kept() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    limiter.record_rejection(seconds(100), Some(seconds(17)));
    assert_eq!(limiter.next_call_at(seconds(100)), seconds(117));
}

#[test]
fn absurd_waits_and_windows_are_bounded() {
    for asked in [Duration::MAX, seconds(u64::MAX), seconds(86_400 * 365)] {
        let mut limiter = RateLimiter::new(QuotaSettings::default());
        limiter.record_rejection(seconds(100), Some(asked));
        assert!(limiter.next_call_at(seconds(100)) <= seconds(100 + 3_600));
    }
    let mut limiter = RateLimiter::new(QuotaSettings::default());
    limiter.record_rejection(seconds(100), Some(Duration::ZERO));
    assert_eq!(limiter.next_call_at(seconds(100)), seconds(101));
    let window = |max, interval| RateLimitHeaders {
        max: Some(max),
        interval: Some(interval),
        ..RateLimitHeaders::default()
    };
    for max in [0, 1, 100, u32::MAX] {
        for interval in [Duration::ZERO, Duration::from_millis(u64::MAX)] {
            let mut limiter = RateLimiter::new(QuotaSettings::default());
            limiter.record_response(seconds(100), seconds(100), &window(max, interval), 0);
            let times = send_all(&mut limiter, seconds(100), 3);
            assert!(times[2] <= seconds(100 + 180), "{max} in {interval:?}: {times:?}");
        }
    }
}

#[test]
fn one_call_is_in_flight_until_the_limit_is_known() {
    let mut limiter = RateLimiter::new(QuotaSettings::default());
    assert_eq!(limiter.max_in_flight(10), 1);
    limiter.record_response(seconds(0), seconds(0), &RateLimitHeaders::default(), 0);
    assert_eq!(limiter.max_in_flight(10), 10);
}

#[test]
fn a_tenth_of_a_window_leaves_at_once_and_the_rest_is_spread() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    let times = send_all(&mut limiter, seconds(100), 19);
    assert_eq!(times[..18], [seconds(100); 18]);
    assert!(times[18] > seconds(100));
    let times = send_all(&mut limiter, seconds(115), 18);
    assert_eq!(times, [seconds(115); 18], "the window before is over");
}

#[test]
fn three_late_calls_leave_together() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    send_all(&mut limiter, seconds(100), 40);
    let late = limiter.theoretical_arrival;
    let times = send_all(&mut limiter, late, 4);
    assert_eq!(times[..3], [late; 3]);
    assert!(times[3] > late);
}

#[test]
fn at_most_two_windows_of_calls_are_remembered() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    for second in 0..100 {
        limiter.record_call(seconds(second));
    }
    assert!(limiter.sent.len() <= 20, "{}", limiter.sent.len());
    for _ in 0..2 * MAX_SENT {
        limiter.record_call(seconds(100));
    }
    assert!(limiter.sent.len() <= MAX_SENT);
}

#[test]
fn another_window_length_is_learned_but_no_empty_limit() {
    let mut limiter = with_limit(190, QuotaSettings::default());
    let limits = |max, interval| RateLimitHeaders {
        max: Some(max),
        interval,
        ..RateLimitHeaders::default()
    };
    limiter.record_response(seconds(1), seconds(1), &limits(0, None), 0);
    assert_eq!(limiter.share(seconds(1)), 186);
    limiter.record_response(seconds(1), seconds(1), &limits(2, Some(seconds(20))), 0);
    let times = send_all(&mut limiter, seconds(100), 2);
    assert_eq!(times, [seconds(100), seconds(120)]);
}

#[test]
fn few_calls_of_others_are_ignored_and_few_own_ones_kept() {
    for (remaining, free) in [(187, 186), (170, 166), (0, 18)] {
        let mut limiter = with_limit(190, QuotaSettings::default());
        let limits = RateLimitHeaders {
            remaining: Some(remaining),
            ..RateLimitHeaders::default()
        };
        limiter.record_response(seconds(100), seconds(100), &limits, 0);
        assert_eq!(limiter.share(seconds(100)), free, "{remaining} remain");
    }
}

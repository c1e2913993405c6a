//! A bounded number of schedules on every test.

use simulation::{
    outage_day::{Day, play},
    run::{run_seed, run_seeds},
    scenario::token_lost,
    transition::Transition,
};

/// How many schedules run; without optimization they take some seconds.
const SCHEDULES: u64 = 200;

#[test]
fn every_schedule_keeps_the_promises_and_together_they_meet_every_fault() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let report = run_seeds(0, SCHEDULES, cores);
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert_eq!(report.tally.schedules, SCHEDULES);
    // What never happens any more is not checked any more.
    assert_eq!(report.tally.faults.never(), Vec::<&str>::new());
    assert_eq!(report.tally.seen.never(), Vec::<&str>::new());
    assert_eq!(report.tally.transitions.never(), Vec::<&str>::new());
    assert!(report.tally.transitions.of(Transition::Confirmed) > SCHEDULES);
}

#[test]
fn a_seed_means_the_same_every_time() {
    for seed in 0..10 {
        assert_eq!(run_seed(seed, false), run_seed(seed, false), "seed {seed}");
    }
}

#[test]
fn ten_minutes_without_a_token_fail_nobody_and_take_two_drain_times_at_most() {
    let users = 1_000;
    let lost = token_lost(users, 600_000).expect("all is well in the end");
    let count = |what| lost.tally.transitions.of(what);
    assert_eq!(count(Transition::HaltedUnauthorized), 1);
    assert_eq!(
        (
            count(Transition::Failed),
            count(Transition::FailureCounted),
            count(Transition::Rejected)
        ),
        (0, 0, 0)
    );
    // Address and name of everyone.
    assert!(count(Transition::Confirmed) >= 2 * users as u64);
    assert!(lost.recovery_ms <= 2 * lost.drain_ms, "{lost:?}");
}

#[test]
fn a_day_with_an_outage_of_six_hours_fails_nobody_and_recovers_in_half_a_minute() {
    let report = play(Day {
        users: 200,
        busiest: 600,
    })
    .expect("all is well in the end");
    assert_eq!(report.counted, 0);
    // Nearly everybody was changed meanwhile. They go in a few calls, after the pause before one recovery check at most.
    assert!(report.waiting > 150, "{report}");
    assert!(report.recovery_ms < 30_000, "{report}");
    // Recovery checks alone.
    let outage = &report.hours[10..14];
    let checks = 200..300;
    assert!(outage.iter().all(|hour| checks.contains(&hour.calls)), "{report}");
}

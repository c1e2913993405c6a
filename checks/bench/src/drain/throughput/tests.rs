#![expect(clippy::unwrap_used, reason = "tests may panic")]

use clap::Parser;

use super::*;

fn call(at_ms: i64, what: &str, status: u16, inputs: usize) -> Call {
    Call {
        at: Timestamp::from_millisecond(1_000_000 + at_ms).unwrap(),
        path: format!("/crm/objects/2026-09/contacts/batch/{what}"),
        status: Some(status),
        inputs,
        duration_ms: 250,
    }
}

fn arguments(line: &[&str]) -> Arguments {
    Arguments::parse_from([&["drain"], line].concat())
}

#[test]
fn the_steady_part_is_from_second_10_to_the_last_full_one() {
    // Ten writes per second for 20.5 seconds, and more in the first ten.
    let mut calls: Vec<Call> = (0..205)
        .map(|index| call(index * 100, "update", 200, 100))
        .collect();
    calls.extend((0..100).map(|index| call(index * 100 + 1, "update", 200, 100)));
    calls.sort_by_key(|call| call.at);
    let throughput = Throughput::of(&calls, &arguments(&["--limit", "200"])).unwrap();
    assert_eq!((throughput.contacts, throughput.calls), (30_500, 305));
    let steady = throughput.steady.unwrap();
    assert_eq!(steady.seconds, 10);
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    close(steady.contacts_per_second, 1_000.0);
    close(steady.share_of_limit, 0.5);
    close(steady.concurrent_calls, 2.5);
    close(steady.full_writes, 1.0);
    assert_eq!(throughput.max_calls_in_a_window, 200);
}

#[test]
fn reads_and_rejected_calls_count_no_contacts() {
    let calls = [
        call(0, "read", 200, 100),
        call(10, "update", 429, 100),
        call(20, "update", 200, 7),
        call(30, "update", 207, 9),
    ];
    let throughput = Throughput::of(&calls, &arguments(&["--unknown"])).unwrap();
    assert_eq!((throughput.contacts, throughput.rejected_429), (7, 1));
    assert_eq!(throughput.answers["200"], 2);
    assert_eq!(throughput.max_calls_in_a_window, 3);
    assert_eq!(throughput.steady, None);
}

#[test]
fn a_lookup_halves_the_allowed_contacts() {
    assert!((arguments(&[]).contacts_per_second() - 1_900.0).abs() < 1e-9);
    assert!((arguments(&["--unknown"]).contacts_per_second() - 950.0).abs() < 1e-9);
}

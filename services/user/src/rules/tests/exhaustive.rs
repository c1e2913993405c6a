//! Every short sequence of events of one row, each followed by a quiet time in which the user must come to rest.

mod at_rest;
mod contacts;
mod invariants;
mod operator_actions;
mod quiet_end;
mod scenario;
mod step;

use std::collections::HashSet;

use scenario::Scenario;
use step::Step;

#[test]
fn after_every_short_sequence_contacts_have_the_last_values() {
    let (mut states, mut sequences) = (0, 0);
    let steps = Step::all();
    // Each start, and the number of steps from it.
    let starts = [
        (Scenario::created(), 5),
        (Scenario::linked(), 5),
        (Scenario::in_attempt(), 4),
        (Scenario::superseded(), 4),
    ];
    for (start, deepest) in starts {
        let mut seen = HashSet::new();
        let mut level = vec![(start, Vec::new())];
        for depth in 0..=deepest {
            let mut next = Vec::new();
            for (scenario, path) in level {
                scenario.clone().come_to_rest(&path);
                states += 1;
                if depth == deepest {
                    continue;
                }
                for step in &steps {
                    let mut after = scenario.clone();
                    if !after.take(*step) {
                        continue;
                    }
                    let mut path = path.clone();
                    path.push(*step);
                    after.check(&scenario.user.row, &path);
                    sequences += 1;
                    if seen.insert(after.fingerprint()) {
                        next.push((after, path));
                    }
                }
            }
            level = next;
        }
    }
    println!("{states} states, {sequences} steps");
    assert!(states > 10_000, "only {states} states were reached");
}

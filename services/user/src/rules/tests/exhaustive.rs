//! Every short sequence of what may happen to one row, each followed by a calm in which everything must come right.

mod drain;
mod invariants;
mod operator;
mod step;
mod world;

use std::collections::HashSet;

use step::Step;
use world::World;

#[test]
fn every_short_sequence_of_events_ends_with_hubspot_holding_the_last_values() {
    let (mut states, mut sequences) = (0, 0);
    let steps = Step::all();
    // Sequences of so many steps from each start.
    let starts = [
        (World::created(), 5),
        (World::linked(), 5),
        (World::on_its_way(), 4),
        (World::overtaken(), 4),
    ];
    for (start, deepest) in starts {
        let mut seen = HashSet::new();
        let mut level = vec![(start, Vec::new())];
        for depth in 0..=deepest {
            let mut next = Vec::new();
            for (world, path) in level {
                world.clone().drain(&path);
                states += 1;
                if depth == deepest {
                    continue;
                }
                for step in &steps {
                    let mut after = world.clone();
                    if !after.take(*step) {
                        continue;
                    }
                    let mut path = path.clone();
                    path.push(*step);
                    after.check(&world.desk.row, &path);
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

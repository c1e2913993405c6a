//! Random schedules: several users, two workers that freeze and die, calls carried out late, verdicts that are lost
//! or repeated, contacts that appear, merge and conflict. Each schedule is one seed.

mod carrier;
mod events;
mod workers;
mod world;

use world::{Fault, World};

/// So many schedules run on every test.
const SCHEDULES: u64 = 1_000;
/// A planted fault must show within so many.
const SCHEDULES_TO_SHOW: u64 = 1_500;

fn first_failure(fault: Option<Fault>, schedules: u64) -> Option<(u64, String)> {
    (0..schedules).find_map(|seed| Some((seed, World::new(seed, fault).run().err()?)))
}

#[test]
fn every_schedule_ends_with_hubspot_holding_the_last_values() {
    if let Some((seed, wrong)) = first_failure(None, SCHEDULES) {
        panic!("seed {seed}: {wrong}");
    }
}

#[test]
fn a_rule_that_is_left_out_shows() {
    for fault in Fault::ALL {
        let shown = first_failure(Some(fault), SCHEDULES_TO_SHOW);
        let (seed, wrong) = shown.unwrap_or_else(|| panic!("{fault:?} did not show"));
        println!(
            "{fault:?} shows with seed {seed}: {}",
            &wrong[..wrong.len().min(60)]
        );
    }
}

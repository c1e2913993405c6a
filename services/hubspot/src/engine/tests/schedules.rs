//! Random schedules against a small model of the user service, the broker and HubSpot: lost answers, failing calls,
//! disconnects and lost leases, then calm. Whatever happened, everything arrives in the end, and no rule is broken on
//! the way.

mod world;

use std::time::Duration;

use world::World;

const SCHEDULES: u64 = 150;

#[test]
fn whatever_happens_everything_arrives_once_it_is_calm() {
    for seed in 0..SCHEDULES {
        let mut world = World::new(seed);
        world.run(Duration::from_mins(3));
        world.calm_down();
        world.run(Duration::from_mins(20));
        let wrong = world.wrong();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
}

#[test]
fn comparisons_all_the_while_change_nothing_of_that_and_each_is_answered() {
    for seed in 0..SCHEDULES {
        let mut world = World::new(seed);
        world.inspect_all_the_while();
        world.run(Duration::from_mins(3));
        world.calm_down();
        world.run(Duration::from_mins(20));
        let wrong = world.wrong();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
}

#[test]
fn without_faults_no_wake_up_is_lost_and_nothing_waits_for_the_sweep() {
    for seed in 0..SCHEDULES {
        let mut world = World::new(seed);
        world.calm_from_the_start();
        world.run(Duration::from_secs(162));
        let wrong = world.wrong();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
}

#[test]
fn the_same_schedule_gives_the_same_outputs() {
    let trace = |seed| {
        let mut world = World::new(seed);
        world.run(Duration::from_mins(1));
        world.trace
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

//! Injects faults into the whole system for 90 seconds: no accepted change is lost.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::{path::PathBuf, time::Duration};

use faults::{
    injection::plan::{Family, Plan},
    options::{Length, Options, Scale},
    run::run,
};
use testing::{database::TestDatabase, nats::NatsCluster};

const FAULTS_FOR: Duration = Duration::from_secs(90);

fn options(seed: u64) -> Options {
    let nodes = NatsCluster::nodes_in_tests();
    Options {
        seed,
        length: Length::For(FAULTS_FOR),
        every: Duration::from_millis(1_300),
        families: Family::of(nodes),
        hot: 6,
        cold: 136,
        pairs: 7,
        clients: 12,
        think: Duration::from_millis(60),
        scale: Scale::SHORT,
        postgres: TestDatabase::is_postgres(),
        nodes,
        measurements: 1,
        nats_away: Duration::ZERO,
        programs: PathBuf::from(env!("CARGO_BIN_EXE_hubsync")).with_file_name(""),
    }
}

/// The plan is printed first, so that `FAULTS_SEED` can repeat the run even if it hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_accepted_change_is_lost_under_faults() {
    let seed = std::env::var("FAULTS_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let options = options(seed);
    println!("repeat this run with FAULTS_SEED={seed}");
    let plan = Plan::new(seed, options.topology(), &options.families, options.every);
    for planned in plan.take_while(|planned| planned.at < FAULTS_FOR) {
        println!("{planned}");
    }
    let report = run(&options).await.unwrap();
    println!("{report}");
    // A run with few faults would prove nothing. Even a slow machine reaches these numbers.
    assert!(
        report.faults.total() >= 40 && report.accepted >= 500,
        "seed {seed}: too few faults or changes"
    );
    let calls_met: u64 = report.faults.injected.values().map(|count| count.calls_met).sum();
    assert!(calls_met > 0, "seed {seed}: no call to HubSpot met a fault");
    let exchanges = report.exchanges;
    assert!(
        exchanges.swaps >= 5 && exchanges.hand_overs >= 3 && exchanges.merges >= 1,
        "seed {seed}: too few addresses moved: {exchanges:?}"
    );
    assert!(report.findings.is_empty(), "seed {seed}: {:?}", report.found());
}

//! Everything at once, broken for a minute and a half and then left alone: nothing accepted is lost.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::{path::PathBuf, time::Duration};

use faults::{
    options::{Length, Options, Scale},
    plan::{Family, Plan},
    run::run,
};
use testing::{database::TestDatabase, nats::NatsCluster};

const BROKEN_FOR: Duration = Duration::from_secs(90);

fn options(seed: u64) -> Options {
    let nodes = NatsCluster::nodes_in_tests();
    Options {
        seed,
        length: Length::For(BROKEN_FOR),
        every: Duration::from_millis(1_300),
        families: Family::of(nodes),
        hot: 6,
        cold: 150,
        clients: 12,
        think: Duration::from_millis(60),
        scale: Scale::SHORT,
        postgres: TestDatabase::is_postgres(),
        nodes,
        measures: 1,
        nats_away: Duration::ZERO,
        programs: PathBuf::from(env!("CARGO_BIN_EXE_hubsync")).with_file_name(""),
    }
}

/// The plan is printed first, so that `FAULTS_SEED` can play it again whatever becomes of the run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_while_everything_breaks() {
    let seed = std::env::var("FAULTS_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let options = options(seed);
    println!("play it again with FAULTS_SEED={seed}");
    let plan = Plan::new(seed, options.cast(), &options.families, options.every);
    for planned in plan.take_while(|planned| planned.at < BROKEN_FOR) {
        println!("{planned}");
    }
    let report = run(&options).await.unwrap();
    println!("{report}");
    // A calm run would prove nothing. So few only where a machine can hardly keep up.
    assert!(
        report.faults.total() >= 40 && report.accepted >= 500,
        "seed {seed}: too little was done"
    );
    let calls_met: u64 = report.faults.done.values().map(|tally| tally.calls_met).sum();
    assert!(calls_met > 0, "seed {seed}: HubSpot made no trouble");
    assert!(report.findings.is_empty(), "seed {seed}: {:?}", report.found());
}

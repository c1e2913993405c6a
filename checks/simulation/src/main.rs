//! Runs schedules and says how often everything occurred.

use std::{process::ExitCode, thread, time::Instant};

use clap::Parser;
use simulation::{
    outage_day::{Day, play},
    run::{run_seed, run_seeds},
};

/// Runs the user service and the delivery engine against a model of HubSpot, in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many schedules to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The seed of the first.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Runs the schedule of this seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints everything that happens; with --seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Plays a day with an outage of HubSpot from 9 to 15 o'clock, for this many users, instead of schedules.
    #[arg(long, value_name = "USERS")]
    outage_day: Option<usize>,
    /// How many changes there are in that day's busiest hour.
    #[arg(long, default_value_t = 36_000, requires = "outage_day")]
    busiest_hour: u64,
    /// How many threads work; all cores unless it is given.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        return replay(seed, arguments.trace);
    }
    if let Some(users) = arguments.outage_day {
        let busiest = arguments.busiest_hour;
        return outage_day(Day { users, busiest });
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let report = run_seeds(
        arguments.first,
        arguments.seeds,
        arguments.threads.unwrap_or(cores),
    );
    let seconds = started.elapsed().as_secs_f64();
    print!("{}", report.tally);
    let schedules = report.tally.schedules;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
    let rate = schedules as f64 / seconds;
    println!("{schedules} schedules in {seconds:.1} s, {rate:.1} a second");
    for (seed, wrong) in &report.failures {
        println!("seed {seed}: {wrong}");
        println!("  cargo run --release -p simulation -- --seed {seed} --trace");
    }
    if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn outage_day(day: Day) -> ExitCode {
    match play(day) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

fn replay(seed: u64, trace: bool) -> ExitCode {
    let (tally, result) = run_seed(seed, trace);
    print!("{tally}");
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            println!("seed {seed}: {wrong}");
            ExitCode::FAILURE
        }
    }
}

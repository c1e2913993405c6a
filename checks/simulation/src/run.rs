//! Runs schedules: one, or many on all cores.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{tally::Tally, world::World};

/// The most failures that are remembered; the run ends with the last of them.
const MAX_FAILURES: usize = 20;

/// What came of many schedules.
#[derive(Debug, Default)]
pub struct Report {
    /// How often everything occurred.
    pub tally: Tally,
    /// Seeds that failed, and how.
    pub failures: Vec<(u64, String)>,
}

/// Runs the schedule of one seed. A panic of the code under test is a failure like any other.
pub fn run_seed(seed: u64, tracing: bool) -> (Tally, Result<(), String>) {
    let run = AssertUnwindSafe(|| World::new(seed, tracing).run());
    catch_unwind(run).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        (Tally::default(), Err(format!("panicked: {words}")))
    })
}

/// Runs schedules from the first seed on, on several threads. Ends early after too many failures.
pub fn run_seeds(first: u64, count: u64, threads: usize) -> Report {
    let next = AtomicU64::new(first);
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| work(&next, first + count, &report));
        }
    });
    let mut report = report.into_inner().unwrap_or_default();
    report.failures.sort();
    report
}

fn work(next: &AtomicU64, end: u64, report: &Mutex<Report>) {
    let mut tally = Tally::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let (counted, result) = run_seed(seed, false);
        tally.join(&counted);
        if let Err(wrong) = result
            && let Ok(mut report) = report.lock()
        {
            // A run of many takes an hour, and the report comes at its end.
            eprintln!("seed {seed} failed");
            report.failures.push((seed, wrong));
            if report.failures.len() >= MAX_FAILURES {
                next.store(end, Ordering::Relaxed);
            }
        }
    }
    if let Ok(mut report) = report.lock() {
        report.tally.join(&tally);
    }
}

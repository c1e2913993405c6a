//! Prints the addresses of what runs, and then whether everything is ready or what it waits for.

use std::time::Duration;

use runtime::health::Registry;
use tokio::time::{Instant, sleep};

use super::banner::Banner;

/// How often the checks are read.
const INTERVAL: Duration = Duration::from_millis(20);
/// Longer than a normal start takes. After this time, the failing checks are printed.
const MAX_NORMAL_START: Duration = Duration::from_secs(5);

/// Prints the addresses at once, and a line when every service is ready. Returns then.
pub(super) async fn print_readiness(registries: &[Registry], banner: &Banner<'_>) {
    println!("{}", banner.text());
    let started = Instant::now();
    let mut was_printed = false;
    loop {
        let failing = failing_checks(registries);
        if failing.is_empty() {
            break;
        }
        if !was_printed && started.elapsed() >= MAX_NORMAL_START {
            println!(
                "Not ready yet, still trying. Changes wait until these checks succeed:\n  {}\n",
                failing.join("\n  ")
            );
            was_printed = true;
        }
        sleep(INTERVAL).await;
    }
    println!("hubsync is ready\n");
}

/// The checks that fail, with the name of their service.
fn failing_checks(registries: &[Registry]) -> Vec<String> {
    let reports = registries.iter().map(Registry::report);
    let failing = reports.filter(|report| !report.ready).flat_map(|report| {
        let name = report.name.clone();
        let failing = report.checks.into_iter().filter(|check| !check.ok);
        failing.map(move |check| format!("{name}: {}: {}", check.name, check.detail))
    });
    failing.collect()
}

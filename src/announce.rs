//! Tells people what runs: the addresses at once, and then whether all of it is ready, or what is waited for.

use std::time::Duration;

use runtime::health::Registry;
use tokio::time::{Instant, sleep};

use crate::banner::Banner;

/// How often it is looked whether everything is ready.
const INTERVAL: Duration = Duration::from_millis(20);
/// Longer than a start takes where nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints the addresses, which are there whatever HubSpot says, and then that every service is ready.
pub(crate) async fn announce(registries: &[Registry], banner: &Banner<'_>) {
    println!("{}", banner.text());
    let begun = Instant::now();
    let mut told = false;
    loop {
        let waiting = not_ready(registries);
        if waiting.is_empty() {
            break;
        }
        if !told && begun.elapsed() >= PATIENCE {
            println!(
                "Not ready yet, and still trying; changes wait until it is:\n  {}\n",
                waiting.join("\n  ")
            );
            told = true;
        }
        sleep(INTERVAL).await;
    }
    println!("hubsync is ready\n");
}

/// Every check that is not well.
fn not_ready(registries: &[Registry]) -> Vec<String> {
    let reports = registries.iter().map(Registry::report);
    let failing = reports.filter(|report| !report.ready).flat_map(|report| {
        let name = report.name.clone();
        let failing = report.checks.into_iter().filter(|check| !check.ok);
        failing.map(move |check| format!("{name}: {}: {}", check.name, check.detail))
    });
    failing.collect()
}

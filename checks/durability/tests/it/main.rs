//! Checks the order of system calls in a running user service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod trace;
mod traced_service;

use trace::Trace;
use traced_service::TracedService;

const CHANGES: usize = 20;

#[tokio::test]
async fn each_change_is_flushed_to_disk_before_it_is_answered() {
    let service = TracedService::start().await;
    let users: Vec<String> = (1..=CHANGES)
        .map(|number| format!("durable-{number:02}"))
        .collect();
    for user in &users {
        service.change(user).await;
    }
    let trace = Trace::read(&service.stop().await);
    for user in &users {
        let written = trace.first_write_of(user);
        let answered = trace.first_answer_about(user);
        let flushed = trace.first_flush_after(written);
        assert!(
            written < flushed && flushed < answered,
            "{user} was written at line {written} of the trace, flushed at {flushed} and answered at {answered}"
        );
    }
}

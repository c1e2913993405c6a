//! Reports that wait.

use std::time::Duration;

use contracts::ImportResult;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::report::{Counts, Reasons};
use super::*;

const MOMENT: Duration = Duration::from_millis(100);

/// A report on a hundred rows, all of them refused for the same reason or for reasons of their own.
fn refused(number: u64, reasons: &mut Reasons, detail: impl Fn(u64) -> String) -> Report {
    let mut report = Report::new();
    for line in number * 100 + 1..=number * 100 + 100 {
        report.refused(line, detail(line), Vec::new(), reasons);
    }
    report.through(number * 100 + 100)
}

fn changed(line: u64) -> Report {
    let mut report = Report::new();
    report.outcome(
        line,
        ImportResult::Changed { version: 1 },
        &mut Reasons::default(),
    );
    report.through(line)
}

fn read(line: Option<Bytes>) -> Value {
    serde_json::from_slice(&line.expect("a line")).expect("JSON")
}

fn summary() -> Summary {
    Summary {
        done: true,
        through_line: 7,
        counts: Counts::default(),
        detail: None,
    }
}

#[tokio::test]
async fn reports_that_wait_are_merged_and_the_summary_comes_last() {
    let (sender, mut receiver) = outbox("r".into());
    for line in 1..=10_000 {
        sender.send(changed(line)).await.expect("room");
    }
    sender.finish(summary());
    let merged = json!({ "throughLine": 10_000, "changed": 10_000, "unchanged": 0, "rejected": 0 });
    assert_eq!(read(receiver.next().await), merged);
    assert_eq!(read(receiver.next().await)["done"], true);
    assert_eq!(receiver.next().await, None);
}

#[tokio::test]
async fn many_rows_refused_for_few_reasons_wait_in_little_memory() {
    let (sender, mut receiver) = outbox("r".into());
    let mut reasons = Reasons::default();
    for number in 0..2_000 {
        let report = refused(number, &mut reasons, |line| format!("reason {}", line % 50));
        let room = timeout(MOMENT, sender.send(report)).await;
        room.expect("room for 200,000 rows").expect("a reader");
    }
    for number in 0..2_000 {
        let report = read(receiver.next().await);
        assert_eq!(report["rejected"], 100);
        assert_eq!(report["rejectedLines"][49]["line"], number * 100 + 50);
        assert_eq!(report["rejectedLines"][49]["detail"], "reason 0");
    }
}

#[tokio::test]
async fn a_caller_that_reads_nothing_is_waited_for_once_the_memory_is_full() {
    let (sender, mut receiver) = outbox("r".into());
    let mut reasons = Reasons::default();
    let mut sent = 0;
    loop {
        let report = refused(sent, &mut reasons, |line| format!("{line}").repeat(100));
        if timeout(MOMENT, sender.send(report)).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!((20..2_000).contains(&sent), "{sent}");
    assert!(sender.0.state().bytes <= MAX_WAITING_BYTES);
    receiver.next().await;
    let report = refused(sent, &mut reasons, |_| "x".to_owned());
    timeout(MOMENT, sender.send(report))
        .await
        .expect("room")
        .expect("a reader");
}

#[tokio::test]
async fn a_caller_that_leaves_ends_the_waiting() {
    let (sender, receiver) = outbox("r".into());
    drop(receiver);
    assert_eq!(sender.send(changed(1)).await, Err(Closed));
    let (sender, mut receiver) = outbox("r".into());
    drop(sender);
    assert_eq!(receiver.next().await, None);
}

//! Reports that wait for their caller.

use std::time::Duration;

use contracts::ImportResult;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::report::{RowCounts, SharedReasons};
use super::*;

const MOMENT: Duration = Duration::from_millis(100);

/// A report on a hundred rejected rows, each with the detail that the function gives for its line.
fn rejected(number: u64, reasons: &mut SharedReasons, detail: impl Fn(u64) -> String) -> BatchReport {
    let mut report = BatchReport::new();
    for line in number * 100 + 1..=number * 100 + 100 {
        report.reject(line, detail(line), Vec::new(), reasons);
    }
    report.through(number * 100 + 100)
}

fn changed(line: u64) -> BatchReport {
    let mut report = BatchReport::new();
    report.add(
        line,
        ImportResult::Changed { version: 1 },
        &mut SharedReasons::default(),
    );
    report.through(line)
}

fn read(line: Option<Bytes>) -> Value {
    serde_json::from_slice(&line.expect("a line")).expect("JSON")
}

fn summary() -> ImportSummary {
    ImportSummary {
        done: true,
        through_line: 7,
        counts: RowCounts::default(),
        detail: None,
    }
}

#[tokio::test]
async fn waiting_reports_are_merged_and_the_summary_comes_last() {
    let (sender, mut receiver) = report_queue("r".into());
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
async fn many_rows_with_few_reasons_take_little_memory() {
    let (sender, mut receiver) = report_queue("r".into());
    let mut reasons = SharedReasons::default();
    for number in 0..2_000 {
        let report = rejected(number, &mut reasons, |line| format!("reason {}", line % 50));
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
async fn a_full_queue_waits_for_the_caller_to_read() {
    let (sender, mut receiver) = report_queue("r".into());
    let mut reasons = SharedReasons::default();
    let mut sent = 0;
    loop {
        let report = rejected(sent, &mut reasons, |line| format!("{line}").repeat(100));
        if timeout(MOMENT, sender.send(report)).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!((20..2_000).contains(&sent), "{sent}");
    assert!(sender.0.lock().bytes <= MAX_WAITING_BYTES);
    receiver.next().await;
    let report = rejected(sent, &mut reasons, |_| "x".to_owned());
    timeout(MOMENT, sender.send(report))
        .await
        .expect("room")
        .expect("a reader");
}

#[tokio::test]
async fn a_caller_that_leaves_ends_the_wait() {
    let (sender, receiver) = report_queue("r".into());
    drop(receiver);
    assert_eq!(sender.send(changed(1)).await, Err(QueueClosed));
    let (sender, mut receiver) = report_queue("r".into());
    drop(sender);
    assert_eq!(receiver.next().await, None);
}

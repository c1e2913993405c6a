#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::time::Duration;

use contracts::{UpdateForm, Values};
use jiff::Timestamp;

use super::*;
use crate::system::components::Component;
use crate::{
    callers::accepted_changes::{AcceptedChanges, Answer, Change},
    injection::fault::HubspotFault,
};

/// A user whose first name was changed three times: F1, F2, F3.
fn expected() -> Expected {
    let accepted_changes = AcceptedChanges::default();
    for number in 1..=3 {
        let change = Change {
            number,
            user: "1".to_owned(),
            form: UpdateForm::MergePatch,
            fields: Values::from([(Field::FIRST_NAME, Some(format!("F{number}").into()))]),
        };
        let answer = Answer {
            version: number,
            changed: true,
        };
        accepted_changes.accept(&change, answer);
    }
    accepted_changes.expected().remove("1").unwrap()
}

fn write(second: i64, trace: Option<&str>, call: u64, value: &str) -> Write {
    Write {
        at: Timestamp::from_second(second).unwrap(),
        trace_id: trace.map(str::to_owned),
        call,
        properties: BTreeMap::from([("firstname".to_owned(), value.to_owned())]),
    }
}

fn read(writes: &[Write], windows: &[FaultWindow]) -> (History, Vec<String>) {
    let mut history = History::default();
    let mut first_writes = FirstWrites::new();
    note_first_writes(&mut first_writes, writes);
    // Worker a has written to another contact before.
    first_writes.insert("a".to_owned(), Timestamp::from_second(0).unwrap());
    let circumstances = Circumstances {
        windows,
        first_writes: &first_writes,
        latest_effect: SignedDuration::from_secs(5),
    };
    let wrong = history.read(&[("1", &expected())], writes, circumstances);
    (history, wrong)
}

fn frozen(from: i64, until: i64) -> FaultWindow {
    broken(Fault::FreeLease, from, until)
}

fn broken(fault: Fault, from: i64, until: i64) -> FaultWindow {
    FaultWindow {
        fault,
        from: Timestamp::from_second(from).unwrap(),
        until: Timestamp::from_second(until).unwrap(),
    }
}

#[test]
fn increasing_versions_need_no_explanation() {
    let writes = [
        write(1, Some("a-1-0"), 1, "F1"),
        write(2, Some("a-2-0"), 2, "F3"),
        write(3, None, 3, "F3"),
    ];
    assert_eq!(
        read(&writes, &[]).0,
        History {
            writes: 3,
            ..History::default()
        }
    );
}

#[test]
fn a_call_sent_before_and_applied_after_is_a_late_effect() {
    let writes = [
        write(1, Some("a-2-0"), 2, "F2"),
        write(9, Some("a-1-0"), 1, "F1"),
        write(20, Some("a-3-0"), 3, "F2"),
    ];
    let late = Fault::Hubspot(HubspotFault::HangsAndActsLate, 50);
    let (history, wrong) = read(&writes, &[broken(late, 0, 2)]);
    assert!(wrong.is_empty() && history.late_effects == 1, "{history:?}");
    assert_eq!(read(&writes, &[]).1.len(), 1, "nothing made calls late");
    let of_the_one_before = [write(1, Some("b-1-0"), 2, "F2"), write(9, Some("a-7-0"), 1, "F1")];
    let (history, wrong) = read(&of_the_one_before, &[broken(late, 0, 2)]);
    assert!(wrong.is_empty() && history.late_effects == 1, "{history:?}");
}

#[test]
fn a_value_that_no_change_gave_is_reported() {
    assert_eq!(read(&[write(1, Some("a-1-0"), 1, "F9")], &[]).1.len(), 1);
    assert!(read(&[write(1, Some("a-1-0"), 1, "")], &[]).1.is_empty());
}

#[test]
fn one_worker_sending_older_values_is_not_explained() {
    let writes = [write(1, Some("a-1-0"), 1, "F2"), write(2, Some("a-2-0"), 2, "F1")];
    assert_eq!(read(&writes, &[frozen(0, 9)]).1.len(), 1);
}

#[test]
fn another_worker_is_explained_only_if_it_could_lose_the_lease() {
    let writes = [
        write(100, Some("b-1-0"), 2, "F2"),
        write(101, Some("a-7-0"), 3, "F1"),
    ];
    assert_eq!(read(&writes, &[]).1.len(), 1);
    let (history, wrong) = read(&writes, &[frozen(90, 100)]);
    assert!(wrong.is_empty() && history.superseded == 1, "{history:?}");
    assert_eq!(read(&writes, &[frozen(80, 90)]).1.len(), 1, "that was long ago");
    let of_the_gateway = broken(Fault::Kill(Component::FirstGateway), 90, 100);
    assert_eq!(read(&writes, &[of_the_gateway]).1.len(), 1, "it holds no lease");
    let writes = [
        write(100, Some("a-7-0"), 2, "F2"),
        write(101, Some("c-1-0"), 3, "F1"),
    ];
    assert_eq!(
        read(&writes, &[frozen(90, 100)]).1.len(),
        1,
        "a new worker cannot have been superseded"
    );
    assert!(MAX_DELAY.unsigned_abs() < Duration::from_secs(10));
}

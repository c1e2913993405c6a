//! What the sandbox's log of calls says about a drain. The sandbox's clock alone counts here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{arguments::Arguments, hubspot_sandbox::Call};

/// Before this second the line is still getting up to speed, and may spend what a calm line has saved.
const FIRST_SECOND: usize = 10;
const WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// The most inputs of a call.
const FULL: usize = 100;

/// The speed of a drain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Throughput {
    /// From the first call to the last, in seconds.
    pub seconds: f64,
    /// Contacts written, from the log.
    pub contacts: usize,
    /// Calls, refused ones included.
    pub calls: usize,
    /// Calls by what was answered.
    pub answers: BTreeMap<String, usize>,
    /// Calls that one of the limits refused.
    pub refused_429: usize,
    /// The most calls in any ten seconds, refused ones left out.
    pub most_calls_in_a_window: usize,
    /// The steady part; none if the drain was over too soon.
    pub steady: Option<Steady>,
    /// Contacts written in each second.
    pub contacts_by_second: Vec<usize>,
}

/// From second 10 to the last full second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Steady {
    /// How many seconds that is.
    pub seconds: usize,
    /// Contacts written a second.
    pub contacts_per_second: f64,
    /// Of what the limit allows.
    pub share_of_limit: f64,
    /// Calls a second.
    pub calls_per_second: f64,
    /// Contacts in a write.
    pub contacts_per_write: f64,
    /// Writes of a hundred contacts among all writes.
    pub full_writes: f64,
    /// How long a call took, in milliseconds.
    pub call_ms: f64,
    /// Calls out at a time.
    pub calls_out: f64,
}

impl Throughput {
    /// Of calls in the order in which they came; none if there are none.
    pub fn of(calls: &[Call], arguments: &Arguments) -> Option<Self> {
        let (first, last) = (calls.first()?.at, calls.last()?.at);
        let mut by_second = vec![0; second(first, last) + 1];
        for call in calls.iter().filter(|call| has_written(call)) {
            by_second[second(first, call.at)] += call.inputs;
        }
        let mut answers = BTreeMap::new();
        for call in calls {
            let status = call
                .status
                .map_or_else(|| "cut".to_owned(), |status| status.to_string());
            *answers.entry(status).or_insert(0) += 1;
        }
        Some(Self {
            seconds: last.duration_since(first).as_secs_f64(),
            contacts: by_second.iter().sum(),
            calls: calls.len(),
            refused_429: answers.get("429").copied().unwrap_or(0),
            answers,
            most_calls_in_a_window: most_in_a_window(calls),
            steady: steady(calls, &by_second, arguments),
            contacts_by_second: by_second,
        })
    }
}

fn steady(calls: &[Call], by_second: &[usize], arguments: &Arguments) -> Option<Steady> {
    let first = calls.first()?.at;
    // The last second is not a full one.
    let span = FIRST_SECOND..by_second.len() - 1;
    let seconds = span.len();
    let contacts: usize = by_second.get(span.clone())?.iter().sum();
    let calls: Vec<&Call> = calls
        .iter()
        .filter(|call| span.contains(&second(first, call.at)))
        .collect();
    let writes: Vec<&&Call> = calls.iter().filter(|call| has_written(call)).collect();
    if writes.is_empty() {
        return None;
    }
    let full = writes.iter().filter(|call| call.inputs == FULL).count();
    let call_ms: u64 = calls.iter().map(|call| call.duration_ms).sum();
    let call_ms = float(usize::try_from(call_ms).unwrap_or(usize::MAX));
    let contacts_per_second = float(contacts) / float(seconds);
    Some(Steady {
        seconds,
        contacts_per_second,
        share_of_limit: contacts_per_second / arguments.contacts_per_second(),
        calls_per_second: float(calls.len()) / float(seconds),
        contacts_per_write: float(contacts) / float(writes.len()),
        full_writes: float(full) / float(writes.len()),
        call_ms: call_ms / float(calls.len()),
        calls_out: call_ms / 1_000.0 / float(seconds),
    })
}

/// Whether each of its inputs was written; of 207, the sandbox's log does not tell which, so that it counts nothing.
fn has_written(call: &Call) -> bool {
    call.path.ends_with("/batch/update") && call.status == Some(200)
}

fn most_in_a_window(calls: &[Call]) -> usize {
    let admitted: Vec<Timestamp> = calls
        .iter()
        .filter(|call| call.status != Some(429))
        .map(|call| call.at)
        .collect();
    let inside = |(index, first): (usize, &Timestamp)| {
        admitted[index..].partition_point(|at| at.duration_since(*first) < WINDOW)
    };
    admitted.iter().enumerate().map(inside).max().unwrap_or(0)
}

/// The second of the drain, from 0.
fn second(first: Timestamp, at: Timestamp) -> usize {
    usize::try_from(at.duration_since(first).as_secs()).unwrap_or(0)
}

/// Counts here stay far below what a float holds exactly.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests;

//! The throughput of a drain by the sandbox's log of calls. All times are from the sandbox's clock.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Arguments;
use crate::system::hubspot_sandbox::Call;

/// Before this second, the worker may still use calls that the rate limiter saved while nothing was delivered.
const FIRST_SECOND: usize = 10;
const WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// The most inputs in a call.
const FULL: usize = 100;

/// The throughput of a drain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Throughput {
    /// The time from the first call to the last, in seconds.
    pub seconds: f64,
    /// The number of contacts that were written.
    pub contacts: usize,
    /// The number of calls, including rejected ones.
    pub calls: usize,
    /// The number of calls by HTTP status.
    pub answers: BTreeMap<String, usize>,
    /// The number of calls that a limit rejected.
    pub rejected_429: usize,
    /// The most calls in any ten seconds, without rejected ones.
    pub max_calls_in_a_window: usize,
    /// The part with steady speed; `None` if the drain was too short.
    pub steady: Option<Steady>,
    /// The contacts that were written in each second.
    pub contacts_by_second: Vec<usize>,
}

/// From second 10 to the last full second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Steady {
    /// The length, in seconds.
    pub seconds: usize,
    /// Contacts written per second.
    pub contacts_per_second: f64,
    /// The share of the contacts that the limit allows.
    pub share_of_limit: f64,
    /// Calls per second.
    pub calls_per_second: f64,
    /// Contacts per write.
    pub contacts_per_write: f64,
    /// The share of writes with a hundred contacts.
    pub full_writes: f64,
    /// The mean time of a call, in milliseconds.
    pub call_ms: f64,
    /// The mean number of concurrent calls.
    pub concurrent_calls: f64,
}

impl Throughput {
    /// Computes it from calls in order of arrival; `None` without calls.
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
            rejected_429: answers.get("429").copied().unwrap_or(0),
            answers,
            max_calls_in_a_window: max_in_a_window(calls),
            steady: steady(calls, &by_second, arguments),
            contacts_by_second: by_second,
        })
    }
}

fn steady(calls: &[Call], by_second: &[usize], arguments: &Arguments) -> Option<Steady> {
    let first = calls.first()?.at;
    // The last second is incomplete, so it does not count.
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
        concurrent_calls: call_ms / 1_000.0 / float(seconds),
    })
}

/// Whether a call wrote all its inputs. The sandbox's log does not say which inputs of a 207 were written, so it counts as
/// none.
fn has_written(call: &Call) -> bool {
    call.path.ends_with("/batch/update") && call.status == Some(200)
}

fn max_in_a_window(calls: &[Call]) -> usize {
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

/// The second of the drain in which a call arrived, from 0.
fn second(first: Timestamp, at: Timestamp) -> usize {
    usize::try_from(at.duration_since(first).as_secs()).unwrap_or(0)
}

/// Converts a count. Counts are small enough to be exact.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests;

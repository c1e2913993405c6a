//! Reports on their way to the caller.
//!
//! Many HTTP clients send all of a body before they read any of the answer. So reports that nobody reads yet are kept, as
//! long as they take up little memory: those next to each other are merged, and rows share the reasons why they were refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::report::{Report, Summary, line_of};

/// What may wait for a caller: about 250,000 refused rows, as long as they are refused for few reasons.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Puts reports in. Nothing more comes once it is dropped.
#[derive(Debug)]
pub(crate) struct Sender(Arc<Outbox>);

/// Takes reports out.
#[derive(Debug)]
pub(crate) struct Receiver {
    outbox: Arc<Outbox>,
    request_id: Arc<str>,
}

/// Nobody takes reports any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

#[derive(Debug, Default)]
struct Outbox {
    state: Mutex<State>,
    /// A report can be taken, or will never be.
    filled: Notify,
    /// There is room, or there will never be.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Report>,
    bytes: usize,
    summary: Option<Summary>,
    /// Nothing more comes.
    is_complete: bool,
    /// Nobody takes any more.
    is_closed: bool,
}

/// An outbox for the import of that request.
pub(crate) fn outbox(request_id: Arc<str>) -> (Sender, Receiver) {
    let outbox = Arc::new(Outbox::default());
    let receiver = Receiver {
        outbox: Arc::clone(&outbox),
        request_id,
    };
    (Sender(outbox), receiver)
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// Waits for room.
    pub(super) async fn send(&self, report: Report) -> Result<(), Closed> {
        let mut report = Some(report);
        loop {
            // Asked for before the look, so that no change after it is missed.
            let emptied = self.0.emptied.notified();
            if self.0.state().put(&mut report)? {
                self.0.filled.notify_one();
                return Ok(());
            }
            emptied.await;
        }
    }

    /// There is always room for the last line.
    pub(super) fn finish(self, summary: Summary) {
        self.0.state().summary = Some(summary);
    }

    /// The caller is given up; what waits for it is thrown away.
    pub(super) fn give_up(self) {
        let mut state = self.0.state();
        state.waiting.clear();
        state.bytes = 0;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.state().is_complete = true;
        self.0.filled.notify_one();
    }
}

impl State {
    /// Whether there was room; a report that is too large for any room has some while nothing else waits.
    fn put(&mut self, report: &mut Option<Report>) -> Result<bool, Closed> {
        if self.is_closed {
            return Err(Closed);
        }
        let Some(next) = report.take() else {
            return Ok(true);
        };
        if !self.waiting.is_empty() && self.bytes + next.bytes() > MAX_WAITING_BYTES {
            *report = Some(next);
            return Ok(false);
        }
        let next = match self.waiting.back_mut() {
            None => Err(next),
            Some(last) => {
                let before = last.bytes();
                let merged = last.merge(next);
                self.bytes += last.bytes() - before;
                merged
            }
        };
        if let Err(next) = next {
            self.bytes += next.bytes();
            self.waiting.push_back(next);
        }
        Ok(true)
    }

    fn take(&mut self) -> Option<Bytes> {
        let Some(report) = self.waiting.pop_front() else {
            return self.summary.take().map(|summary| line_of(&summary));
        };
        self.bytes -= report.bytes();
        Some(line_of(&report))
    }
}

impl Receiver {
    /// The next line of the answer; none after the last.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let filled = self.outbox.filled.notified();
            let (line, is_complete) = {
                let mut state = self.outbox.state();
                (state.take(), state.is_complete)
            };
            if line.is_some() {
                self.outbox.emptied.notify_one();
                return line;
            }
            if is_complete {
                return None;
            }
            filled.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut state = self.outbox.state();
        state.is_closed = true;
        // Before the end, the import notices and says so itself.
        let is_unread = state.is_complete && (!state.waiting.is_empty() || state.summary.is_some());
        drop(state);
        self.outbox.emptied.notify_one();
        if is_unread {
            let request_id = &*self.request_id;
            tracing::info!(
                request.id = request_id,
                "an import is done, and its caller left before it read the last report"
            );
        }
    }
}

#[cfg(test)]
mod tests;

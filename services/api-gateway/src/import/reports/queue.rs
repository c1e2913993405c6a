//! Reports on their way to the caller.
//!
//! Many HTTP clients send the whole body before they read anything of the response. So reports that nobody reads yet are kept
//! while they take little memory: neighbours are merged, and rows share the reasons of their rejection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::report::{BatchReport, ImportSummary, encode_line};

/// How many bytes may wait for a caller: about 250,000 rejected rows, where they share few reasons.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// The end of the queue that the import fills. The queue ends when it is dropped.
#[derive(Debug)]
pub(crate) struct ReportSender(Arc<ReportQueue>);

/// The end of the queue that the response reads.
#[derive(Debug)]
pub(crate) struct ReportReceiver {
    queue: Arc<ReportQueue>,
    request_id: Arc<str>,
}

/// Nobody reads reports any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct QueueClosed;

#[derive(Debug, Default)]
struct ReportQueue {
    state: Mutex<QueueState>,
    /// Wakes the receiver: there is a report, or there will never be one.
    filled: Notify,
    /// Wakes the sender: there is room, or there will never be any.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<BatchReport>,
    /// The size of the waiting reports.
    bytes: usize,
    summary: Option<ImportSummary>,
    /// The sender is gone: nothing more will come.
    is_complete: bool,
    /// The receiver is gone: nobody will read.
    is_closed: bool,
}

/// A queue for the import of that request.
pub(crate) fn report_queue(request_id: Arc<str>) -> (ReportSender, ReportReceiver) {
    let queue = Arc::new(ReportQueue::default());
    let receiver = ReportReceiver {
        queue: Arc::clone(&queue),
        request_id,
    };
    (ReportSender(queue), receiver)
}

impl ReportQueue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReportSender {
    /// Queues a report as soon as there is room.
    pub(in crate::import) async fn send(&self, report: BatchReport) -> Result<(), QueueClosed> {
        let mut report = Some(report);
        loop {
            // Registered before the check: room that appears between the check and the wait would be missed otherwise.
            let emptied = self.0.emptied.notified();
            if self.0.lock().push(&mut report)? {
                self.0.filled.notify_one();
                return Ok(());
            }
            emptied.await;
        }
    }

    /// Queues the last line, for which there is always room.
    pub(in crate::import) fn finish(self, summary: ImportSummary) {
        self.0.lock().summary = Some(summary);
    }

    /// Drops the waiting reports, because the caller does not read them.
    pub(in crate::import) fn abandon(self) {
        let mut state = self.0.lock();
        state.waiting.clear();
        state.bytes = 0;
    }
}

impl Drop for ReportSender {
    fn drop(&mut self) {
        self.0.lock().is_complete = true;
        self.0.filled.notify_one();
    }
}

impl QueueState {
    /// Moves the report into the queue. Returns false, and leaves the report, where there is no room.
    fn push(&mut self, report: &mut Option<BatchReport>) -> Result<bool, QueueClosed> {
        if self.is_closed {
            return Err(QueueClosed);
        }
        let Some(next) = report.take() else {
            return Ok(true);
        };
        // A report larger than the limit still fits into an empty queue; it could never be sent otherwise.
        if !self.waiting.is_empty() && self.bytes + next.bytes() > MAX_WAITING_BYTES {
            *report = Some(next);
            return Ok(false);
        }
        // Merging saves the overhead of a report, so reports without rejected rows take no further memory.
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

    fn pop_line(&mut self) -> Option<Bytes> {
        let Some(report) = self.waiting.pop_front() else {
            return self.summary.take().map(|summary| encode_line(&summary));
        };
        self.bytes -= report.bytes();
        Some(encode_line(&report))
    }
}

impl ReportReceiver {
    /// The next line of the response; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            // Registered before the check, as in `send`.
            let filled = self.queue.filled.notified();
            let (line, is_complete) = {
                let mut state = self.queue.lock();
                (state.pop_line(), state.is_complete)
            };
            if line.is_some() {
                self.queue.emptied.notify_one();
                return line;
            }
            if is_complete {
                return None;
            }
            filled.await;
        }
    }
}

impl Drop for ReportReceiver {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_closed = true;
        // While the import runs, it notices that the caller is gone and logs it. Once it has ended, only this can.
        let is_unread = state.is_complete && (!state.waiting.is_empty() || state.summary.is_some());
        drop(state);
        self.queue.emptied.notify_one();
        if is_unread {
            let request_id = &*self.request_id;
            tracing::info!(
                request.id = request_id,
                "an import is complete, but its caller left before it read the last report"
            );
        }
    }
}

#[cfg(test)]
mod tests;

//! Runs an import batch by batch. Each batch is sent after the one before is stored, so the import is as fast as the database.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contracts::{FieldDefinitions, ImportLine, MAX_IMPORT_LINES};
use futures_util::{FutureExt, Stream, StreamExt};
use runtime::Shutdown;
use tokio::time::timeout;

use super::reports::{BatchReport, ImportSummary, ReportSender, RowCounts, SharedReasons};
use super::rows::{ImportFormat, ParsedRow, Row, RowParser, RowSplitter, WrongEncoding};
use super::slots::{ImportSlot, ImportSlots};
use crate::request::RequestContext;
use crate::server::StallLimit;
use crate::services::Services;

/// How long the rest of a body is read and thrown away after an import has ended early. A caller that is still sending when
/// the connection closes may see a reset instead of the reason.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the next part of that rest may take.
const DISCARD_PAUSE: Duration = Duration::from_millis(500);

/// One import, with everything it uses.
pub(crate) struct ImportRun {
    pub(crate) services: Services,
    pub(crate) context: RequestContext,
    pub(crate) shutdown: Shutdown,
    /// How long the next part of the body may take.
    pub(crate) read_timeout: Duration,
    /// How long the import waits for a user service that accepts nothing, or for a caller that reads no reports.
    pub(crate) max_wait: Duration,
    /// Rows up to this line were imported before and are skipped.
    pub(crate) after: u64,
    pub(crate) reports: ReportSender,
    /// The limit of the caller's connection, by which the import ends the connection of a caller that does not read.
    pub(crate) stall_limit: StallLimit,
    /// Counts the rows and the import.
    pub(crate) slots: ImportSlots,
    /// Free again when the import ends.
    pub(crate) slot: ImportSlot,
    /// The definitions of the fields when the import began.
    pub(crate) fields: Arc<FieldDefinitions>,
}

/// Why an import ends before its last row.
pub(super) enum EndedEarly {
    /// For this reason, which the caller is told and which is not logged yet.
    Reason(String),
    /// For this reason, which the caller is told and which is logged already.
    Logged(String),
    /// The caller has read no reports for too long.
    NothingRead,
    /// The caller has closed the connection.
    CallerLeft,
}

/// How far an import has come.
struct Progress {
    parser: RowParser,
    /// The users to send next, each with the line on which its row begins.
    batch: Vec<(u64, ImportLine)>,
    /// The report on that batch; rows that the gateway itself rejects are in it already.
    report: BatchReport,
    reasons: SharedReasons,
    /// The last line of the rows that are reported: where a caller can continue.
    through_line: u64,
    /// The last line of the rows that were read.
    read_line: u64,
    counts: RowCounts,
}

impl ImportRun {
    /// Reads the body to its end, or until the import ends early.
    pub(crate) async fn run(
        self,
        format: ImportFormat,
        mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
    ) {
        let mut progress = Progress {
            parser: RowParser::new(format, self.fields.clone()),
            batch: Vec::with_capacity(MAX_IMPORT_LINES),
            report: BatchReport::new(),
            reasons: SharedReasons::default(),
            through_line: self.after,
            read_line: 0,
            counts: RowCounts::default(),
        };
        let result = self.import_body(format, &mut progress, &mut body).await;
        self.log(&result, progress.through_line);
        // The slot is free before the caller reads the last line, so that a caller may start its next import then.
        drop(self.slot);
        let detail = match result {
            Ok(()) => None,
            Err(EndedEarly::Reason(detail) | EndedEarly::Logged(detail)) => Some(detail),
            Err(EndedEarly::CallerLeft | EndedEarly::NothingRead) => {
                self.slots.count_import("unread");
                self.stall_limit.expire();
                return self.reports.abandon();
            }
        };
        let is_done = detail.is_none();
        self.slots.count_import(if is_done { "done" } else { "stopped" });
        let summary = ImportSummary {
            done: is_done,
            through_line: progress.through_line,
            counts: progress.counts,
            detail,
        };
        self.reports.finish(summary);
        if !is_done {
            // The caller gets the summary whether or not the rest arrives in time.
            let _ = timeout(DISCARD_TIMEOUT, discard(body)).await;
        }
    }

    async fn import_body(
        &self,
        format: ImportFormat,
        progress: &mut Progress,
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Result<(), EndedEarly> {
        let mut splitter = RowSplitter::new(format);
        // Step 1: import rows while the body arrives.
        loop {
            self.take_rows(progress, &mut splitter).await?;
            // A batch that is not full goes out when the caller pauses. Otherwise a slow caller would wait for the reports on the
            // rows it has sent.
            let chunk = if let Some(chunk) = body.next().now_or_never() {
                chunk
            } else {
                self.send(progress).await?;
                self.next_chunk(body).await?
            };
            match chunk {
                Some(Ok(chunk)) => splitter.push(&chunk)?,
                Some(Err(_)) => return Err(reason("the body ended too early")),
                None => break,
            }
        }
        // Step 2: the end of the body completes rows that were waiting for more bytes, and the last row, whose line need not end.
        splitter.finish()?;
        self.take_rows(progress, &mut splitter).await?;
        if let Some(row) = splitter.last() {
            self.take_row(progress, row).await?;
        }
        // Step 3: a file without a header, or shorter than `after`, is most likely the wrong file. That must not look like success.
        if progress.parser.needs_header() {
            return Err(reason(
                "the file is empty; its first line has to name the columns",
            ));
        }
        if progress.read_line < self.after {
            let (lines, after) = (progress.read_line, self.after);
            progress.through_line = lines;
            return Err(EndedEarly::Reason(format!(
                "the file has only {lines} lines, so no row comes after line {after}"
            )));
        }
        self.send(progress).await
    }

    /// Waits for the next part of the body.
    async fn next_chunk(
        &self,
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Result<Option<Result<Bytes, axum::Error>>, EndedEarly> {
        match self.shutdown.or(timeout(self.read_timeout, body.next())).await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(_)) => Err(reason("the next part of the body did not arrive in time")),
            None => Err(reason("the gateway is stopping")),
        }
    }

    /// Takes every row that has arrived completely.
    async fn take_rows(&self, progress: &mut Progress, splitter: &mut RowSplitter) -> Result<(), EndedEarly> {
        while let Some(row) = splitter.next() {
            self.take_row(progress, row).await?;
        }
        Ok(())
    }

    async fn take_row(&self, progress: &mut Progress, row: Row) -> Result<(), EndedEarly> {
        let is_skipped = row.last_line <= self.after;
        // A skipped row is parsed only while the header is missing: the header names the columns of the rows after `after`.
        if !is_skipped || progress.parser.needs_header() {
            self.check_start(&row, progress)?;
            let parsed = progress.parser.parse(&row);
            progress.add(row.first_line, parsed, is_skipped)?;
        }
        progress.read_line = row.last_line;
        // Rejected rows count as well, since a report lists at most as many rows as a batch has.
        if progress.batch.len() + progress.report.rejected_rows() >= MAX_IMPORT_LINES {
            self.send(progress).await?;
        }
        Ok(())
    }

    /// Rejects an `after` that is a line within a row: an import can only continue where a row ends.
    fn check_start(&self, row: &Row, progress: &mut Progress) -> Result<(), EndedEarly> {
        let (after, first, last) = (self.after, row.first_line, row.last_line);
        if !(first..last).contains(&after) {
            return Ok(());
        }
        let before = first - 1;
        // The summary offers a line at which a row ends, so that the caller can use it as it is.
        progress.through_line = before;
        Err(EndedEarly::Reason(format!(
            "line {after} is within the row on lines {first} to {last}; continue after line {before} or line {last}"
        )))
    }

    /// Sends the batch to the user service and queues the report on it.
    async fn send(&self, progress: &mut Progress) -> Result<(), EndedEarly> {
        if progress.read_line <= progress.through_line {
            return Ok(());
        }
        // Every batch that is sent is also reported, so a gateway that shuts down stops before a batch and never within one.
        if self.shutdown.is_triggered() {
            return Err(reason("the gateway is stopping"));
        }
        let (numbers, lines): (Vec<u64>, Vec<ImportLine>) = progress.batch.drain(..).unzip();
        let mut report = std::mem::replace(&mut progress.report, BatchReport::new());
        for (number, result) in numbers.into_iter().zip(self.send_batch(lines).await?) {
            report.add(number, result, &mut progress.reasons);
        }
        progress.counts.add(report.counts());
        self.slots.count_rows(report.counts());
        progress.through_line = progress.read_line;
        let report = report.through(progress.through_line);
        // The queue has no room only while the caller reads nothing.
        match timeout(self.max_wait, self.reports.send(report)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(EndedEarly::CallerLeft),
            Err(_) => Err(EndedEarly::NothingRead),
        }
    }

    /// Logs an import that ended early. The status of the response is sent already, so no layer can see the failure.
    fn log(&self, result: &Result<(), EndedEarly>, through_line: u64) {
        let request_id = &*self.context.request_id;
        let why = match result {
            Err(EndedEarly::Reason(why)) => why,
            Err(EndedEarly::CallerLeft) => "the caller closed the connection",
            Err(EndedEarly::NothingRead) => {
                let max_wait_s = self.max_wait.as_secs();
                tracing::warn!(
                    request.id = request_id,
                    through_line,
                    "an import ended early: the caller read no reports for {max_wait_s} s"
                );
                return;
            }
            Ok(()) | Err(EndedEarly::Logged(_)) => return,
        };
        tracing::info!(
            request.id = request_id,
            through_line,
            "an import ended early: {why}"
        );
    }
}

impl Progress {
    fn add(&mut self, line: u64, parsed: ParsedRow, is_skipped: bool) -> Result<(), EndedEarly> {
        match parsed {
            // A header that cannot be used ends the import even where its line is skipped.
            ParsedRow::UnusableHeader(why) => return Err(EndedEarly::Reason(why)),
            _ if is_skipped => {}
            ParsedRow::NoUser => {}
            ParsedRow::User(user) => self.batch.push((line, user)),
            ParsedRow::Unreadable(why) => self.report.reject(line, why, Vec::new(), &mut self.reasons),
            ParsedRow::Invalid(values) => {
                let detail = format!("the row breaks {} rule(s)", values.len());
                self.report.reject(line, detail, values, &mut self.reasons);
            }
        }
        Ok(())
    }
}

async fn discard(mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    while let Ok(Some(Ok(_))) = timeout(DISCARD_PAUSE, body.next()).await {}
}

impl From<WrongEncoding> for EndedEarly {
    fn from(WrongEncoding(why): WrongEncoding) -> Self {
        reason(why)
    }
}

pub(super) fn reason(why: &str) -> EndedEarly {
    EndedEarly::Reason(why.to_owned())
}

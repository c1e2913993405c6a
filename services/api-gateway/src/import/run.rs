//! Carries an import out: batch by batch, each waited for, so that the database sets the pace and not the caller.

use std::time::Duration;

use bytes::Bytes;
use contracts::{ImportLine, MAX_IMPORT_LINES};
use futures_util::{FutureExt, Stream, StreamExt};
use runtime::Shutdown;
use tokio::time::timeout;

use super::encoding::WrongEncoding;
use super::imports::{Imports, Place};
use super::outbox::Sender;
use super::parse::{Form, Parsed, Parser};
use super::report::{Counts, Reasons, Report, Summary};
use super::rows::{Row, Rows};
use crate::connection::Patience;
use crate::request::RequestContext;
use crate::user_service::UserService;

/// How long the rest of a body is read and thrown away, once an import has ended early, and how long the next part of it
/// may take: a caller that is still sending when the connection closes may see a reset in place of the reason.
const DISCARD_LIMIT: Duration = Duration::from_secs(5);
const DISCARD_PAUSE: Duration = Duration::from_millis(500);

/// An import and where its reports go.
pub(crate) struct Import {
    pub(crate) users: UserService,
    pub(crate) context: RequestContext,
    pub(crate) shutdown: Shutdown,
    /// How long the next part of the body may take.
    pub(crate) read_timeout: Duration,
    /// How long it waits for a user service that takes nothing, or for a caller that reads no reports.
    pub(crate) patience: Duration,
    /// Rows up to this line are done with, and passed over.
    pub(crate) after: u64,
    pub(crate) reports: Sender,
    /// The caller's connection, which ends when the caller is given up.
    pub(crate) connection: Patience,
    /// Counts what becomes of it.
    pub(crate) imports: Imports,
    /// Given back at the end.
    pub(crate) place: Place,
}

/// Why an import ends before its last row.
pub(super) enum Stopped {
    /// For this reason, which the caller is told.
    Because(String),
    /// For this reason, which is in the log already.
    Failed(String),
    /// Its caller takes no reports, for as long as we wait.
    Unheard,
    /// Its caller is gone.
    Left,
}

struct Progress {
    parser: Parser,
    batch: Vec<(u64, ImportLine)>,
    report: Report,
    reasons: Reasons,
    /// The last line that is done with.
    through_line: u64,
    /// The last line of the last row that was read.
    read: u64,
    counts: Counts,
}

impl Import {
    /// Reads the body to its end, or as far as it goes.
    pub(crate) async fn run(
        self,
        form: Form,
        mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
    ) {
        let mut progress = Progress {
            parser: Parser::new(form),
            batch: Vec::with_capacity(MAX_IMPORT_LINES),
            report: Report::new(),
            reasons: Reasons::default(),
            through_line: self.after,
            read: 0,
            counts: Counts::default(),
        };
        let outcome = self.read(form, &mut progress, &mut body).await;
        self.log(&outcome, progress.through_line);
        drop(self.place);
        let detail = match outcome {
            Ok(()) => None,
            Err(Stopped::Because(detail) | Stopped::Failed(detail)) => Some(detail),
            Err(Stopped::Left | Stopped::Unheard) => {
                self.imports.ended("unread");
                self.connection.lose();
                return self.reports.give_up();
            }
        };
        let is_done = detail.is_none();
        self.imports.ended(if is_done { "done" } else { "stopped" });
        let summary = Summary {
            done: is_done,
            through_line: progress.through_line,
            counts: progress.counts,
            detail,
        };
        self.reports.finish(summary);
        if !is_done {
            // Whether all of it came or not, the caller has been told.
            let _ = timeout(DISCARD_LIMIT, discard(body)).await;
        }
    }

    async fn read(
        &self,
        form: Form,
        progress: &mut Progress,
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Result<(), Stopped> {
        let mut rows = form.rows();
        loop {
            self.take_all(progress, &mut rows).await?;
            // What came is passed on when nothing more is there at the moment.
            let chunk = if let Some(chunk) = body.next().now_or_never() {
                chunk
            } else {
                self.send(progress).await?;
                self.wait(body).await?
            };
            match chunk {
                Some(Ok(chunk)) => rows.push(&chunk)?,
                Some(Err(_)) => return Err(because("the body broke off")),
                None => break,
            }
        }
        rows.finish()?;
        self.take_all(progress, &mut rows).await?;
        if let Some(row) = rows.last() {
            self.take(progress, row).await?;
        }
        if progress.parser.lacks_columns() {
            return Err(because(
                "the file is empty; its first line has to name the columns",
            ));
        }
        if progress.read < self.after {
            let (lines, after) = (progress.read, self.after);
            progress.through_line = lines;
            return Err(Stopped::Because(format!(
                "there are {lines} lines only, so that none comes after line {after}"
            )));
        }
        self.send(progress).await
    }

    async fn wait(
        &self,
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Result<Option<Result<Bytes, axum::Error>>, Stopped> {
        match self.shutdown.or(timeout(self.read_timeout, body.next())).await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(_)) => Err(because("the next part of the body did not come in time")),
            None => Err(because("the gateway is stopping")),
        }
    }

    async fn take_all(&self, progress: &mut Progress, rows: &mut Rows) -> Result<(), Stopped> {
        while let Some(row) = rows.next() {
            self.take(progress, row).await?;
        }
        Ok(())
    }

    async fn take(&self, progress: &mut Progress, row: Row) -> Result<(), Stopped> {
        let is_done_with = row.last_line <= self.after;
        if !is_done_with || progress.parser.lacks_columns() {
            self.refuse_part_of(&row, progress)?;
            let parsed = progress.parser.parse(&row);
            // A row that is done with was read for its columns.
            progress.add(row.first_line, parsed, is_done_with)?;
        }
        progress.read = row.last_line;
        if progress.batch.len() + progress.report.named() >= MAX_IMPORT_LINES {
            self.send(progress).await?;
        }
        Ok(())
    }

    /// Half of a row is no row, so an import cannot go on within one.
    fn refuse_part_of(&self, row: &Row, progress: &mut Progress) -> Result<(), Stopped> {
        let (after, first, last) = (self.after, row.first_line, row.last_line);
        if !(first..last).contains(&after) {
            return Ok(());
        }
        let before = first - 1;
        // What a report offers to go on from is always the end of a row.
        progress.through_line = before;
        Err(Stopped::Because(format!(
            "line {after} is within the row on lines {first} to {last}; go on after line {before} or line {last}"
        )))
    }

    /// Has the batch imported, and reports.
    async fn send(&self, progress: &mut Progress) -> Result<(), Stopped> {
        if progress.read <= progress.through_line {
            return Ok(());
        }
        if self.shutdown.is_triggered() {
            return Err(because("the gateway is stopping"));
        }
        let (numbers, lines): (Vec<u64>, Vec<ImportLine>) = progress.batch.drain(..).unzip();
        let mut report = std::mem::replace(&mut progress.report, Report::new());
        for (number, outcome) in numbers.into_iter().zip(self.decide(lines).await?) {
            report.outcome(number, outcome, &mut progress.reasons);
        }
        progress.counts.add(report.counts());
        self.imports.count(report.counts());
        progress.through_line = progress.read;
        let report = report.through(progress.through_line);
        match timeout(self.patience, self.reports.send(report)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Stopped::Left),
            Err(_) => Err(Stopped::Unheard),
        }
    }

    /// The head of the answer is out already, so nobody else can log this.
    fn log(&self, outcome: &Result<(), Stopped>, through_line: u64) {
        let request_id = &*self.context.request_id;
        let why = match outcome {
            Err(Stopped::Because(why)) => why,
            Err(Stopped::Left) => "its caller left",
            Err(Stopped::Unheard) => {
                let patience_s = self.patience.as_secs();
                tracing::warn!(
                    request.id = request_id,
                    through_line,
                    "an import ended early: its caller read no reports for {patience_s} s"
                );
                return;
            }
            Ok(()) | Err(Stopped::Failed(_)) => return,
        };
        tracing::info!(
            request.id = request_id,
            through_line,
            "an import ended early: {why}"
        );
    }
}

impl Progress {
    fn add(&mut self, line: u64, parsed: Parsed, is_done_with: bool) -> Result<(), Stopped> {
        match parsed {
            Parsed::Unusable(why) => return Err(Stopped::Because(why)),
            _ if is_done_with => {}
            Parsed::Nothing => {}
            Parsed::User(user) => self.batch.push((line, user)),
            Parsed::Unreadable(why) => self.report.refused(line, why, Vec::new(), &mut self.reasons),
            Parsed::Invalid(faults) => {
                let detail = format!("the row breaks {} rule(s)", faults.len());
                self.report.refused(line, detail, faults, &mut self.reasons);
            }
        }
        Ok(())
    }
}

async fn discard(mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    while let Ok(Some(Ok(_))) = timeout(DISCARD_PAUSE, body.next()).await {}
}

impl From<WrongEncoding> for Stopped {
    fn from(WrongEncoding(why): WrongEncoding) -> Self {
        because(why)
    }
}

pub(super) fn because(why: &str) -> Stopped {
    Stopped::Because(why.to_owned())
}

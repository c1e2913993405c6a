//! Carries an import out: batch by batch, each waited for, so that the database sets the pace and not the caller.

use std::collections::HashSet;
use std::io;
use std::iter::repeat;
use std::time::Duration;

use bytes::Bytes;
use contracts::{ErrorCode, ImportLine, ImportOutcome, ImportUsers, MAX_IMPORT_LINES};
use futures_util::{FutureExt, Stream, StreamExt};
use runtime::{Backoff, Shutdown};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::imports::{Imports, Place};
use super::lines::{Line, Lines, MAX_LINE_BYTES};
use super::parse::{Form, Parsed, Parser};
use super::report::{Counts, Report, Summary, line_of};
use crate::problem::ApiError;
use crate::request::RequestContext;
use crate::user_service::UserService;

/// So long an import waits for a user service that takes nothing, or for a caller that reads no reports.
const PATIENCE: Duration = Duration::from_mins(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
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
    /// So many lines are done with, and passed over.
    pub(crate) after: u64,
    pub(crate) reports: mpsc::Sender<io::Result<Bytes>>,
    /// Counts what becomes of it.
    pub(crate) imports: Imports,
    /// Given back at the end.
    pub(crate) place: Place,
}

/// Why an import ends before its last line.
enum Stopped {
    /// For this reason, which the caller is told.
    Because(String),
    /// Nobody reads its reports.
    Unheard,
}

struct Progress {
    parser: Parser,
    batch: Vec<(u64, ImportLine)>,
    report: Report,
    /// The last line that is done with.
    through_line: u64,
    /// The last line that was read.
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
            through_line: self.after,
            read: 0,
            counts: Counts::default(),
        };
        let (outcome, detail) = match self.read(&mut progress, &mut body).await {
            Ok(()) => ("done", None),
            Err(Stopped::Because(detail)) => ("stopped", Some(detail)),
            Err(Stopped::Unheard) => return self.imports.ended("unheard"),
        };
        self.imports.ended(outcome);
        let summary = Summary {
            done: detail.is_none(),
            through_line: progress.through_line,
            counts: progress.counts,
            detail,
        };
        drop(self.place);
        // A caller that left does not want it; and whether all of the body came or not, it has been told.
        let told = timeout(PATIENCE, self.reports.send(Ok(line_of(&summary)))).await;
        if matches!(told, Ok(Ok(()))) && !summary.done {
            let _ = timeout(DISCARD_LIMIT, discard(body)).await;
        }
    }

    async fn read(
        &self,
        progress: &mut Progress,
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Result<(), Stopped> {
        let mut lines = Lines::default();
        loop {
            while let Some(line) = lines.next() {
                self.take(progress, line).await?;
            }
            // What came is passed on when nothing more is there at the moment.
            let chunk = if let Some(chunk) = body.next().now_or_never() {
                chunk
            } else {
                self.send(progress).await?;
                self.wait(body).await?
            };
            match chunk {
                Some(Ok(chunk)) => lines.push(&chunk),
                Some(Err(_)) => return Err(because("the body broke off")),
                None => break,
            }
        }
        if let Some(line) = lines.last() {
            self.take(progress, line).await?;
        }
        if progress.read < self.after {
            let (lines, after) = (progress.read, self.after);
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
            Some(Err(_)) => Err(because("the next line did not come in time")),
            None => Err(because("the gateway is stopping")),
        }
    }

    async fn take(&self, progress: &mut Progress, line: Line) -> Result<(), Stopped> {
        let Line { number, bytes } = line;
        progress.read = number;
        if number <= self.after && !progress.parser.lacks_columns() {
            return Ok(());
        }
        let parsed = match bytes {
            Some(bytes) => progress.parser.parse(&bytes),
            None if progress.parser.lacks_columns() => Parsed::Unusable(format!(
                "the line of columns is longer than {MAX_LINE_BYTES} bytes"
            )),
            None => Parsed::Wrong(Vec::new()),
        };
        match parsed {
            Parsed::Unusable(why) => return Err(Stopped::Because(why)),
            // It was read for its columns.
            _ if number <= self.after => return Ok(()),
            Parsed::Nothing => {}
            Parsed::User(user) => progress.batch.push((number, user)),
            Parsed::Wrong(faults) if faults.is_empty() => {
                let detail = format!("the line is longer than {MAX_LINE_BYTES} bytes");
                progress.report.refused(number, detail, faults);
            }
            Parsed::Wrong(faults) => {
                let detail = format!("the line breaks {} rule(s)", faults.len());
                progress.report.refused(number, detail, faults);
            }
        }
        if progress.batch.len() + progress.report.named() >= MAX_IMPORT_LINES {
            self.send(progress).await?;
        }
        Ok(())
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
        for (number, outcome) in numbers.into_iter().zip(self.import(lines).await?) {
            report.outcome(number, outcome);
        }
        progress.counts.add(report.counts());
        self.imports.count(report.counts());
        progress.through_line = progress.read;
        let report = line_of(&report.through(progress.through_line));
        match timeout(PATIENCE, self.reports.send(Ok(report))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stopped::Unheard),
        }
    }

    /// Sends lines until each is decided. What is decided is not sent again, lest it undo what somebody changed meanwhile,
    /// but for later lines of a user whose earlier one is not: the later one has to stay the later one.
    async fn import(&self, lines: Vec<ImportLine>) -> Result<Vec<ImportOutcome>, Stopped> {
        let mut outcomes: Vec<Option<ImportOutcome>> = vec![None; lines.len()];
        let mut places: Vec<usize> = (0..lines.len()).collect();
        let mut request = ImportUsers { lines };
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut progressed = Instant::now();
        while !places.is_empty() {
            let why = match self.users.import(&request, &self.context).await {
                Ok(imported) => {
                    let before = places.len();
                    keep_undecided(&mut request.lines, &mut places, imported.outcomes, &mut outcomes);
                    if places.is_empty() {
                        break;
                    }
                    if places.len() < before {
                        progressed = Instant::now();
                        backoff.reset();
                    }
                    "the user service takes no lines".to_owned()
                }
                Err(error) => self.may_pass(&error)?,
            };
            if progressed.elapsed() > PATIENCE {
                let request_id = &*self.context.request_id;
                tracing::warn!(request.id = request_id, why, "an import is given up");
                return Err(Stopped::Because(why));
            }
            let paused = self.shutdown.or(sleep(backoff.next_delay())).await;
            paused.ok_or_else(|| because("the gateway is stopping"))?;
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// What passes is tried again; the head of the answer is out already, so that the rest has to be logged here.
    fn may_pass(&self, error: &ApiError) -> Result<String, Stopped> {
        match error {
            ApiError::Overloaded
            | ApiError::Unavailable { .. }
            | ApiError::Expired
            | ApiError::OutcomeUnknown { .. } => {
                Ok("the user service gave no answer, or takes no lines".to_owned())
            }
            other => {
                let (request_id, problem) = (&*self.context.request_id, other.kind().slug);
                let cause = other.cause();
                tracing::error!(request.id = request_id, problem, cause, "an import ended early");
                Err(Stopped::Because(other.to_string()))
            }
        }
    }
}

async fn discard(mut body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    while let Ok(Some(Ok(_))) = timeout(DISCARD_PAUSE, body.next()).await {}
}

/// Puts what is decided in its place and leaves the lines that have to be sent again.
fn keep_undecided(
    lines: &mut Vec<ImportLine>,
    places: &mut Vec<usize>,
    answered: Vec<ImportOutcome>,
    outcomes: &mut [Option<ImportOutcome>],
) {
    let mut waiting = HashSet::new();
    let sent = std::mem::take(lines).into_iter().zip(std::mem::take(places));
    // An answer for fewer lines than were sent leaves the others undecided.
    for ((line, place), outcome) in sent.zip(answered.into_iter().map(Some).chain(repeat(None))) {
        let decided = outcome
            .filter(is_decided)
            .filter(|_| !waiting.contains(&line.user_id));
        if decided.is_some() {
            outcomes[place] = decided;
        } else {
            waiting.insert(line.user_id.clone());
            lines.push(line);
            places.push(place);
        }
    }
}

fn because(why: &str) -> Stopped {
    Stopped::Because(why.to_owned())
}

fn is_decided(outcome: &ImportOutcome) -> bool {
    match outcome {
        ImportOutcome::Changed { .. } | ImportOutcome::Unchanged { .. } => true,
        ImportOutcome::Refused { error } => !matches!(
            error.code,
            ErrorCode::Unavailable | ErrorCode::Expired | ErrorCode::OutcomeUnknown
        ),
    }
}

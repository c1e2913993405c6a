//! The user service: its real operations and group commit on a store in memory, with a clock that the schedule sets.

mod accepted;
mod observed;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use contracts::{Field, FieldDefinitions, PerField, ResolvedUser, UserChanged, UserId, subjects::WINDOW};
use futures_util::{FutureExt, future::BoxFuture};
use runtime::{CurrentFields, health::Registry};
use tokio::sync::mpsc;
use user::{
    commit::{AfterCommit, CommitQueue, Committer, create},
    relay::{AcceptedNotices, StreamCapacity},
    rules::{Row, RuleTiming, UnixMs},
    store::memory::{MemoryFaults, MemoryStore, RowEncoding},
    time::Clock,
};

use crate::agenda::Time;

use accepted::AcceptedChanges;
pub(crate) use accepted::Outcome;
pub(crate) use observed::Rows;
use observed::{Copies, Watch};
pub(crate) use request::{Answer, Answered, Asker, Request, is_unknown};

/// The time that the service's clock shows when the schedule starts.
const START: UnixMs = 1_800_000_000_000;
/// The most batches of wake-ups, and of notices, that wait to be published.
const MAX_BATCHES_WAITING: usize = 256;
/// The most operations in one commit of the user service: no more are left waiting.
pub(crate) const MAX_WAITING: usize = 256;
/// The most turns that two committers take until both have committed.
const MAX_TURNS: usize = 10;
/// The store encodes one of this many rows as databases store it, and checks that it loads the same row.
const ENCODED: RowEncoding = RowEncoding::OneIn(64);
/// The most commits that a fail-over loses.
pub(crate) const MAX_LOST_COMMITS: usize = 40;
/// The committer for deliveries, and the one for changes.
pub(crate) const COMMITTERS: usize = 2;

/// The service, and what is known of it from outside.
pub(crate) struct UserService {
    /// By user, the row as it is stored; one that does not exist yet has version 0.
    pub(crate) rows: Vec<Arc<Row>>,
    /// By how much its clock has stepped.
    pub(crate) skew: i64,
    /// Grows with each start of the service.
    pub(crate) life: u32,
    clock: Arc<AtomicI64>,
    store: MemoryStore,
    copies: Copies,
    running: Running,
    stream_window: usize,
    /// By user, the epoch under which each attempt was given.
    epochs: Vec<BTreeMap<u64, u64>>,
    /// By user, the versions that changed each field, ascending. They are kept apart from the rows.
    pub(crate) history: Vec<PerField<Vec<u64>>>,
    /// The changes that were accepted.
    pub(crate) accepted: AcceptedChanges,
    /// By user, every version that was handed out, whether or not it was lost.
    pub(crate) handed_out: Vec<BTreeSet<u64>>,
    /// By user, what fail-overs have lost.
    lost: Vec<Vec<LostVersions>>,
}

/// Versions of a user that a fail-over has lost.
#[derive(Debug)]
struct LostVersions {
    versions: BTreeSet<u64>,
    /// The versions that changed each field, as they were before.
    history: PerField<Vec<u64>>,
}

/// What a restart replaces.
struct Running {
    queue: CommitQueue,
    committers: Vec<Waiting>,
    capacity: StreamCapacity,
    wake_ups: mpsc::Receiver<Vec<UserChanged>>,
    resolved: mpsc::Receiver<Vec<ResolvedUser>>,
}

/// A committer, and the operations that wait for it.
struct Waiting {
    committer: Committer,
    jobs: Vec<WaitingJob>,
}

struct WaitingJob {
    asker: Asker,
    request: Request,
    answer: BoxFuture<'static, Answered>,
    watch: Watch,
}

/// An operation that was answered.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) asker: Asker,
    pub(crate) request: Request,
    /// None if the committer left it without an answer.
    pub(crate) answered: Option<Answered>,
    /// Whether it was done in its batch; otherwise it was rejected.
    pub(crate) is_done: bool,
    /// How often it was applied: its transaction may begin again.
    pub(crate) times: u32,
    /// By user, rows of its batch right before it acted.
    pub(crate) before: Rows,
    /// The same rows, and those that it loaded, right after it.
    pub(crate) after: Rows,
}

/// What came of a commit.
pub(crate) struct Commit {
    pub(crate) jobs: Vec<Job>,
    /// The rows that it stored.
    pub(crate) stored: Rows,
    pub(crate) wake_ups: Vec<UserChanged>,
    pub(crate) resolved: Vec<ResolvedUser>,
}

impl fmt::Debug for UserService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UserService")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl UserService {
    /// A service with this many users, none of whom exists yet, and a stream that takes this many wake-ups.
    pub(crate) fn new(users: usize, stream_window: usize) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let shown = Arc::clone(&clock);
        let store = MemoryStore::new(Clock::new(move || shown.load(Ordering::Relaxed)));
        store.encode(ENCODED);
        store.let_transactions_wait();
        Self {
            rows: (0..users).map(|user| Arc::new(Row::new(user_id(user)))).collect(),
            skew: 0,
            life: 0,
            clock,
            running: Running::start(&store, stream_window),
            store,
            copies: Copies::default(),
            stream_window,
            epochs: vec![BTreeMap::new(); users],
            history: vec![PerField::default(); users],
            accepted: AcceptedChanges::default(),
            handed_out: vec![BTreeSet::new(); users],
            lost: (0..users).map(|_| Vec::new()).collect(),
        }
    }

    /// The process ends and another one starts on the same store. Operations that were not committed are gone; returned are
    /// their askers.
    pub(crate) fn restart(&mut self) -> Vec<(Asker, Request)> {
        self.life += 1;
        let started = Running::start(&self.store, self.stream_window);
        let ended = std::mem::replace(&mut self.running, started);
        let waiting = ended.committers.into_iter().flat_map(|waiting| waiting.jobs);
        waiting.map(|job| (job.asker, job.request)).collect()
    }

    /// From now on a fail-over may lose commits.
    pub(crate) fn add_standby(&self) {
        self.store.add_standby(MAX_LOST_COMMITS);
    }

    /// Another server takes over without the last commits. Returned are the users whose rows are others now.
    pub(crate) fn fail_over(&mut self, commits: usize) -> Vec<usize> {
        self.store.fail_over(commits);
        self.accepted.handle_fail_over();
        let mut users = Vec::new();
        for user in 0..self.rows.len() {
            let restored = self.store.row(&user_id(user));
            let restored = restored.unwrap_or_else(|| Arc::new(Row::new(user_id(user))));
            if restored == self.rows[user] {
                continue;
            }
            users.push(user);
            let version = restored.version;
            let before = std::mem::replace(&mut self.rows[user], restored);
            if before.version > version {
                self.lost[user].push(LostVersions {
                    versions: self.handed_out[user].range(version + 1..).copied().collect(),
                    history: self.history[user].clone(),
                });
                for field in Field::BUILT_IN {
                    self.history[user][field].retain(|at| *at <= version);
                }
            }
        }
        users
    }

    /// Whether that version of a user was handed out and then lost.
    pub(crate) fn is_lost(&self, user: usize, version: u64) -> bool {
        self.lost[user]
            .iter()
            .any(|lost| lost.versions.contains(&version))
    }

    /// The faults of its database.
    pub(crate) fn faults(&self) -> MemoryFaults {
        self.store.faults()
    }

    /// How many more wake-ups its stream takes, as far as it knows.
    pub(crate) fn capacity(&self) -> &StreamCapacity {
        &self.running.capacity
    }

    /// It learns how many wake-ups the stream holds.
    pub(crate) fn learn_held(&self, held: usize) {
        let capacity = self.capacity();
        // A narrow stream is one of the usual size that is nearly full.
        let held = WINDOW.saturating_sub((self.stream_window.saturating_sub(held)) as u64);
        capacity.update(capacity.released(), held);
    }

    /// Puts an operation into the queue of its committer. Returns which one that is, and how many operations wait for it now.
    pub(crate) fn enqueue(&mut self, asker: Asker, request: Request) -> (usize, usize) {
        let is_change = matches!(request, Request::Update(_) | Request::Import(_));
        let number = usize::from(is_change);
        let watch = Watch::new(&self.copies);
        let mut answer = request.clone().run(self.running.queue.clone(), watch.clone());
        // An operation is queued when its future is polled for the first time.
        if let Poll::Ready(answered) = poll(&mut answer) {
            answer = std::future::ready(answered).boxed();
        }
        let jobs = &mut self.running.committers[number].jobs;
        jobs.push(WaitingJob {
            asker,
            request,
            answer,
            watch,
        });
        (number, jobs.len())
    }

    /// Whether operations wait that somebody needs.
    pub(crate) fn has_work(&self) -> bool {
        let mut jobs = self.running.committers.iter().flat_map(|waiting| &waiting.jobs);
        jobs.any(|job| !job.request.is_routine())
    }

    /// Whether operations wait for each of the committers.
    pub(crate) fn wait_for_both(&self) -> bool {
        let mut committers = self.running.committers.iter();
        committers.all(|waiting| !waiting.jobs.is_empty())
    }

    /// A committer commits what waits for it.
    pub(crate) fn commit(&mut self, number: usize, now: Time) -> Commit {
        self.clock.store(self.clock(now), Ordering::Relaxed);
        let Running {
            committers,
            wake_ups,
            resolved,
            ..
        } = &mut self.running;
        let Waiting { committer, jobs } = &mut committers[number];
        committer
            .commit_waiting()
            .now_or_never()
            .expect("no other transaction is open, so the store never waits");
        Commit::of(jobs, &self.store, wake_ups, resolved)
    }

    /// Both committers commit at the same time. The transaction of one of them waits after some statements, until the other
    /// committer has committed or waits for rows or for the lease. Returned in the order in which they commit.
    pub(crate) fn commit_both(&mut self, one: usize, statements: u32, now: Time) -> Vec<Commit> {
        self.clock.store(self.clock(now), Ordering::Relaxed);
        let Running {
            committers,
            wake_ups,
            resolved,
            ..
        } = &mut self.running;
        let mut open: Vec<_> = committers
            .iter_mut()
            .map(|Waiting { committer, jobs }| (committer.commit_waiting().boxed(), jobs))
            .collect();
        // The one that waits begins.
        open.rotate_left(one);
        self.store.pause_after(Some(statements));
        let mut commits = Vec::new();
        for _ in 0..MAX_TURNS {
            open.retain_mut(|(commit, jobs)| {
                let is_open = commit
                    .poll_unpin(&mut Context::from_waker(Waker::noop()))
                    .is_pending();
                if !is_open {
                    commits.push(Commit::of(jobs, &self.store, wake_ups, resolved));
                }
                is_open
            });
        }
        self.store.pause_after(None);
        assert!(open.is_empty(), "two transactions wait for each other");
        commits
    }

    /// The rows as a commit has left them replace those before. Returns these.
    pub(crate) fn replace(&mut self, stored: Rows) -> Rows {
        let replaced = stored
            .into_iter()
            .map(|(user, row)| (user, std::mem::replace(&mut self.rows[user], row)));
        replaced.collect()
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Time) -> UnixMs {
        START + i64::try_from(now).unwrap_or(0) + self.skew
    }

    /// When that will be, by the time of the schedule.
    pub(crate) fn time_of(&self, at: UnixMs) -> Time {
        Time::try_from(at - START - self.skew).unwrap_or(0)
    }

    /// The version that last changed a field, as of a version.
    pub(crate) fn changed_as_of(&self, user: usize, field: Field, version: u64) -> u64 {
        let mut fail_overs = self.lost[user].iter();
        let fail_over = fail_overs.find(|fail_over| fail_over.versions.contains(&version));
        let versions = &fail_over.map_or(&self.history[user], |fail_over| &fail_over.history)[field];
        let last = versions.iter().rev().find(|at| **at <= version);
        last.copied().unwrap_or(0)
    }

    /// The epoch under which an attempt was given.
    pub(crate) fn epoch_of(&self, user: usize, attempt: u64) -> u64 {
        self.epochs[user].get(&attempt).copied().unwrap_or(0)
    }

    /// The newest epoch under which an attempt of this user was given, even if a fail-over has lost that commit.
    pub(crate) fn newest_epoch_of(&self, user: usize) -> u64 {
        self.epochs[user].values().copied().max().unwrap_or(0)
    }

    /// An attempt was given. Returns whether its number is new.
    pub(crate) fn remember_epoch(&mut self, user: usize, attempt: u64, epoch: u64) -> bool {
        self.epochs[user].insert(attempt, epoch).is_none()
    }

    /// When rechecks are due, by the time of the schedule.
    pub(crate) fn rechecks(&self) -> impl Iterator<Item = Time> {
        self.rows
            .iter()
            .filter_map(|row| row.recheck_at)
            .map(|at| self.time_of(at))
    }

    /// Whether no user is dirty, in an attempt or in a late-write window, and no operation waits.
    pub(crate) fn is_at_rest(&self) -> bool {
        let rests = |row: &Arc<Row>| !row.is_dirty() && row.in_doubt.is_none() && row.open_attempt.is_none();
        self.rows.iter().all(rests) && !self.has_work()
    }
}

impl Running {
    fn start(store: &MemoryStore, stream_window: usize) -> Self {
        let (wake_ups, committed) = mpsc::channel(MAX_BATCHES_WAITING);
        let (resolved, resolved_users) = mpsc::channel(MAX_BATCHES_WAITING);
        let capacity = StreamCapacity::of(stream_window as u64);
        let after_commit = AfterCommit {
            wake_ups,
            resolved,
            accepted: AcceptedNotices::default(),
            capacity: capacity.clone(),
        };
        let writers = store.open(COMMITTERS).writers;
        let health = Registry::new("user", &[]);
        let (queue, committers) = create(
            writers,
            RuleTiming::default(),
            &CurrentFields::new(FieldDefinitions::built_in().clone()),
            &after_commit,
            &health,
        );
        let waiting = |committer| Waiting {
            committer,
            jobs: Vec::new(),
        };
        Self {
            queue,
            committers: committers.into_iter().map(waiting).collect(),
            capacity,
            wake_ups: committed,
            resolved: resolved_users,
        }
    }
}

impl Commit {
    /// What came of a commit that has just ended.
    fn of(
        jobs: &mut Vec<WaitingJob>,
        store: &MemoryStore,
        wake_ups: &mut mpsc::Receiver<Vec<UserChanged>>,
        resolved: &mut mpsc::Receiver<Vec<ResolvedUser>>,
    ) -> Self {
        let row = |user_id: &UserId| store.row(user_id).expect("a row that was committed");
        let written = store.take_written();
        Self {
            jobs: std::mem::take(jobs).into_iter().map(Job::of).collect(),
            stored: written
                .iter()
                .map(|user_id| (user_of(user_id), row(user_id)))
                .collect(),
            wake_ups: received(wake_ups),
            resolved: received(resolved),
        }
    }
}

impl Job {
    fn of(mut waiting: WaitingJob) -> Self {
        let answered = match poll(&mut waiting.answer) {
            Poll::Ready(answered) => Some(answered),
            Poll::Pending => None,
        };
        let seen = waiting.watch.take();
        Self {
            asker: waiting.asker,
            request: waiting.request,
            answered,
            is_done: seen.is_done,
            times: seen.times,
            before: seen.before,
            after: seen.after,
        }
    }
}

fn poll(answer: &mut BoxFuture<'static, Answered>) -> Poll<Answered> {
    answer.poll_unpin(&mut Context::from_waker(Waker::noop()))
}

/// Everything that a channel holds.
fn received<T>(channel: &mut mpsc::Receiver<Vec<T>>) -> Vec<T> {
    std::iter::from_fn(|| channel.try_recv().ok()).flatten().collect()
}

/// The id of a user.
pub(crate) fn user_id(user: usize) -> UserId {
    format!("u{user}")
        .parse()
        .expect("a letter and digits make an id")
}

/// The user of that id.
pub(crate) fn user_of(id: &UserId) -> usize {
    id.as_str()[1..].parse().expect("every id was made by user_id")
}

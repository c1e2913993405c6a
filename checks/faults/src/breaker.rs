//! Carries the plan out: each fault at its time, beside whatever else is broken, counted with what it cost.

mod cluster;
mod database;
mod hubspot;
mod lease;
mod nats;
mod network;
mod processes;
mod tally;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinSet};

pub use tally::{Tallies, Tally};

use crate::{
    fault::{Ending, Fault},
    hubspot::Hubspot,
    ledger::Ledger,
    options::{Options, Scale},
    parts::{Link, Part},
    plan::{Plan, Planned},
    stack::Stack,
};

/// When something was broken, for checks that ask whether it explains what they see.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// What.
    pub fault: Fault,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Breaks things.
#[derive(Debug)]
pub struct Breaker {
    stack: Arc<Stack>,
    hubspot: Hubspot,
    ledger: Arc<Ledger>,
    scale: Scale,
    began: Instant,
    /// Faults of the database come one at a time: each has it open, and a disk in use cannot be made read-only.
    database: tokio::sync::Mutex<()>,
    /// And so do those of a link: the end of one would be the end of another.
    links: BTreeMap<Link, tokio::sync::Mutex<()>>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    tallies: Tallies,
    windows: Vec<Window>,
    failures: Vec<String>,
}

/// How a fault was carried out.
enum Done {
    /// It was.
    Broken,
    /// It met so many calls.
    Met(u64),
    /// It could not be here, for this reason.
    NotPossible(&'static str),
}

impl Breaker {
    /// Breaks parts of this stack.
    pub fn new(stack: Arc<Stack>, hubspot: Hubspot, ledger: Arc<Ledger>, options: &Options) -> Self {
        Self {
            stack,
            hubspot,
            ledger,
            scale: options.scale,
            began: Instant::now(),
            database: tokio::sync::Mutex::default(),
            links: options
                .cast()
                .links()
                .into_iter()
                .map(|link| (link, tokio::sync::Mutex::default()))
                .collect(),
            notes: Mutex::default(),
        }
    }

    /// Carries the plan out until it is stopped, and then waits until everything that is broken is whole again.
    pub async fn carry_out(self: &Arc<Self>, plan: Plan, mut stopped: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        for planned in plan {
            let time =
                tokio::time::sleep((self.began + planned.at).saturating_duration_since(Instant::now()));
            tokio::select! {
                () = time => {}
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            tracing::info!("{planned}");
            under_way.spawn(Arc::clone(self).carry_out_one(planned));
        }
        while let Some(done) = under_way.join_next().await {
            let broke = done.err().map(|error| error.to_string());
            self.notes().failures.extend(broke);
        }
    }

    /// What was broken, how often, and what it cost.
    pub fn tallies(&self) -> Tallies {
        self.notes().tallies.clone()
    }

    /// When what was broken.
    pub fn windows(&self) -> Vec<Window> {
        self.notes().windows.clone()
    }

    /// Faults that could not be carried out or undone; the harness itself is at fault, or a service that did not end.
    pub fn failures(&self) -> Vec<String> {
        self.notes().failures.clone()
    }

    async fn carry_out_one(self: Arc<Self>, planned: Planned) {
        let from = Timestamp::now();
        let done = self.break_it(planned).await;
        let until = Timestamp::now();
        let kind = planned.fault.kind();
        match done {
            Ok(Done::NotPossible(why)) => self.notes().tallies.leave_out(kind, why),
            Ok(done) => {
                let met = if let Done::Met(calls) = done { calls } else { 0 };
                let fault = planned.fault;
                self.notes().windows.push(Window { fault, from, until });
                let recovered_ms = self.until_next_acceptance().await;
                self.notes().tallies.count(kind, met, recovered_ms);
            }
            Err(error) => self.notes().failures.push(format!("{planned}: {error:#}")),
        }
    }

    async fn break_it(&self, planned: Planned) -> anyhow::Result<Done> {
        let lasts = planned.lasts;
        match planned.fault {
            Fault::Kill(Part::Nats) => self.kill_nats(lasts).await,
            Fault::KillEverything => self.kill_everything(lasts).await,
            Fault::Terminate(Part::Nats) => self.terminate_nats(lasts).await,
            Fault::Freeze(Part::Nats) => self.freeze_nats(lasts).await,
            Fault::Kill(part) => self.kill(part, lasts).await,
            Fault::Terminate(part) => self.terminate(part, lasts).await,
            Fault::Freeze(part) => self.freeze(part, lasts).await,
            Fault::WipeNats => self.wipe_nats(lasts).await,
            Fault::ReplaceNats => self.replace_nats(planned.number).await,
            Fault::RollNatsBack => self.roll_nats_back(lasts).await,
            Fault::Node(fault, node) => self.break_node(fault, node, lasts).await,
            Fault::LoseQuorum(left) => self.lose_quorum(left, lasts).await,
            Fault::RollingRestart => self.restart_in_turn(lasts).await,
            Fault::Cut(link) => Ok(self.cut(link)),
            Fault::Refuse(link) => Ok(self.refuse(link, lasts).await),
            Fault::Stall(link, way) => Ok(self.stall(link, way, lasts).await),
            Fault::Slow(link) => Ok(self.slow(link, lasts).await),
            Fault::Hubspot(trouble, percent) => self.trouble(trouble, percent, lasts).await,
            Fault::LockDatabase => self.lock_database(lasts).await,
            Fault::KillDatabase => self.kill_database(lasts).await,
            Fault::FillDisk => self.fill_disk(lasts).await,
            Fault::ReadOnlyDisk => self.make_disk_read_only(lasts).await,
            Fault::FreeLease => self.free_lease(lasts).await,
            Fault::Overtake(Ending::Killed) => self.overtake_killed().await,
            Fault::Overtake(Ending::Frozen) => self.overtake_frozen().await,
        }
    }

    /// How long it takes until the next change is accepted.
    async fn until_next_acceptance(&self) -> u64 {
        let began = Instant::now();
        // The ledger outlives this; where nobody calls any more, the end of the run ends it.
        let mut accepted = self.ledger.accepted();
        let _ = tokio::time::timeout(self.scale.rest_within, accepted.changed()).await;
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A link, for as long as nobody else breaks it.
    async fn link(&self, link: Link) -> tokio::sync::MutexGuard<'_, ()> {
        self.links[&link].lock().await
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

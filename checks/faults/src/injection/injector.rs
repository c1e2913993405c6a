//! Injects the planned faults, each at its time, and records what they affected. Faults can overlap.

mod cluster;
mod database;
mod fault_counts;
mod hubspot;
mod lease;
mod nats;
mod network;
mod processes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinSet};

pub use fault_counts::{FaultCount, FaultCounts};

use crate::{
    callers::accepted_changes::AcceptedChanges,
    injection::{
        fault::{Fault, FormerHolder},
        plan::{Plan, Planned},
    },
    options::{Options, Scale},
    system::{
        components::{Component, Link},
        hubspot::Hubspot,
        stack::Stack,
    },
};

/// When a fault was in effect. Checks use it to explain what they find.
#[derive(Debug, Clone, Copy)]
pub struct FaultWindow {
    /// The fault.
    pub fault: Fault,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub until: Timestamp,
}

/// Injects faults into a running stack.
#[derive(Debug)]
pub struct FaultInjector {
    stack: Arc<Stack>,
    hubspot: Hubspot,
    accepted_changes: Arc<AcceptedChanges>,
    scale: Scale,
    began: Instant,
    /// Serializes faults of the database: each of them opens it, and a disk in use cannot be made read-only.
    database: tokio::sync::Mutex<()>,
    /// Serializes faults of a link: each of them restores the link at its end, which would end the others.
    links: BTreeMap<Link, tokio::sync::Mutex<()>>,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    fault_counts: FaultCounts,
    windows: Vec<FaultWindow>,
    failures: Vec<String>,
}

/// The result of injecting a fault.
enum Injection {
    /// The fault was injected.
    Done,
    /// The fault was injected and affected this many calls to HubSpot.
    DoneToCalls(u64),
    /// The fault cannot be injected here, for this reason.
    NotPossible(&'static str),
}

impl FaultInjector {
    /// Makes an injector for this stack.
    pub fn new(
        stack: Arc<Stack>,
        hubspot: Hubspot,
        accepted_changes: Arc<AcceptedChanges>,
        options: &Options,
    ) -> Self {
        Self {
            stack,
            hubspot,
            accepted_changes,
            scale: options.scale,
            began: Instant::now(),
            database: tokio::sync::Mutex::default(),
            links: options
                .topology()
                .links()
                .into_iter()
                .map(|link| (link, tokio::sync::Mutex::default()))
                .collect(),
            records: Mutex::default(),
        }
    }

    /// Injects faults by the plan until it is stopped, and then waits until every fault has ended.
    pub async fn run_plan(self: &Arc<Self>, plan: Plan, mut stopped: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        for planned in plan {
            let time =
                tokio::time::sleep((self.began + planned.at).saturating_duration_since(Instant::now()));
            tokio::select! {
                () = time => {}
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            tracing::info!("{planned}");
            running.spawn(Arc::clone(self).inject_and_record(planned));
        }
        while let Some(done) = running.join_next().await {
            let panic = done.err().map(|error| error.to_string());
            self.records().failures.extend(panic);
        }
    }

    /// The number of faults of each kind, and what followed.
    pub fn fault_counts(&self) -> FaultCounts {
        self.records().fault_counts.clone()
    }

    /// When each fault was in effect.
    pub fn windows(&self) -> Vec<FaultWindow> {
        self.records().windows.clone()
    }

    /// Faults that could not be injected or undone, because of an error in the harness or a service that did not stop.
    pub fn failures(&self) -> Vec<String> {
        self.records().failures.clone()
    }

    async fn inject_and_record(self: Arc<Self>, planned: Planned) {
        let from = Timestamp::now();
        let done = self.inject(planned).await;
        let until = Timestamp::now();
        let kind = planned.fault.kind();
        match done {
            Ok(Injection::NotPossible(why)) => self.records().fault_counts.skip(kind, why),
            Ok(done) => {
                let calls = if let Injection::DoneToCalls(calls) = done {
                    calls
                } else {
                    0
                };
                let fault = planned.fault;
                self.records().windows.push(FaultWindow { fault, from, until });
                let recovered_ms = self.measure_recovery().await;
                self.records().fault_counts.count(kind, calls, recovered_ms);
            }
            Err(error) => self.records().failures.push(format!("{planned}: {error:#}")),
        }
    }

    async fn inject(&self, planned: Planned) -> anyhow::Result<Injection> {
        let duration = planned.duration;
        match planned.fault {
            Fault::Kill(Component::Nats) => self.kill_nats(duration).await,
            Fault::KillEverything => self.kill_all(duration).await,
            Fault::Terminate(Component::Nats) => self.terminate_nats(duration).await,
            Fault::Freeze(Component::Nats) => self.freeze_nats(duration).await,
            Fault::Kill(component) => self.kill(component, duration).await,
            Fault::Terminate(component) => self.terminate(component, duration).await,
            Fault::Freeze(component) => self.freeze(component, duration).await,
            Fault::WipeNats => self.wipe_nats(duration).await,
            Fault::ReplaceNats => self.replace_nats(planned.number).await,
            Fault::RollNatsBack => self.roll_nats_back(duration).await,
            Fault::Node(fault, node) => self.break_node(fault, node, duration).await,
            Fault::LoseQuorum(left) => self.lose_quorum(left, duration).await,
            Fault::RollingRestart => self.restart_one_by_one(duration).await,
            Fault::Cut(link) => Ok(self.cut(link)),
            Fault::Refuse(link) => Ok(self.refuse(link, duration).await),
            Fault::Stall(link, direction) => Ok(self.stall(link, direction, duration).await),
            Fault::Slow(link) => Ok(self.slow(link, duration).await),
            Fault::Hubspot(fault, percent) => self.break_hubspot(fault, percent, duration).await,
            Fault::LockDatabase => self.lock_database(duration).await,
            Fault::KillDatabase => self.kill_database(duration).await,
            Fault::FillDisk => self.fill_disk(duration).await,
            Fault::ReadOnlyDisk => self.make_disk_read_only(duration).await,
            Fault::FreeLease => self.free_lease(duration).await,
            Fault::TakeOverLease(FormerHolder::Killed) => self.take_over_from_killed().await,
            Fault::TakeOverLease(FormerHolder::Frozen) => self.take_over_from_frozen().await,
        }
    }

    /// The time until the next change is accepted, in milliseconds.
    async fn measure_recovery(&self) -> u64 {
        let began = Instant::now();
        // The sender outlives this. Without callers, the wait ends with the time-out.
        let mut accepted = self.accepted_changes.accepted();
        let _ = tokio::time::timeout(self.scale.converge_within, accepted.changed()).await;
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Waits for exclusive use of a link.
    async fn link(&self, link: Link) -> tokio::sync::MutexGuard<'_, ()> {
        self.links[&link].lock().await
    }

    fn records(&self) -> std::sync::MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

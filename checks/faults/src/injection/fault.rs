//! The faults that can be injected.

use std::fmt;

use crate::system::components::{Component, Link};

/// A fault that can be injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and a restart a moment later.
    Kill(Component),
    /// SIGKILL of every process at the same moment.
    KillEverything,
    /// SIGTERM, and a restart a moment later.
    Terminate(Component),
    /// SIGSTOP for longer than the lease, then SIGCONT.
    Freeze(Component),
    /// The store of nats-server is deleted while it is down.
    WipeNats,
    /// An empty nats-server replaces the running one while the services run.
    ReplaceNats,
    /// nats-server restarts with an older copy of its store.
    RollNatsBack,
    /// A fault of a single cluster node.
    Node(NodeFault, usize),
    /// Every node but this one is killed.
    LoseQuorum(usize),
    /// Every node is stopped and restarted, one after another.
    RollingRestart,
    /// All connections of the link are reset once.
    Cut(Link),
    /// All connections are reset, and new ones are refused for a while.
    Refuse(Link),
    /// Connections stay open, and no data passes.
    Stall(Link, Direction),
    /// Data passes slowly.
    Slow(Link),
    /// HubSpot misbehaves for this percentage of calls.
    Hubspot(HubspotFault, u8),
    /// Another process holds a write lock on the database.
    LockDatabase,
    /// The disk of the database is full.
    FillDisk,
    /// The disk of the database is read-only when the user service restarts.
    ReadOnlyDisk,
    /// SIGKILL of the database server.
    KillDatabase,
    /// The lease expires although its holder renews it, so for a moment two workers believe that they have it.
    FreeLease,
    /// HubSpot receives calls of the active hubspot service only after another worker has taken over.
    TakeOverLease(FormerHolder),
}

/// What happens to the worker whose lease was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormerHolder {
    /// It is killed, and cannot report its calls.
    Killed,
    /// It is frozen for longer than the late-write window, and then reports its calls.
    Frozen,
}

/// A fault of a cluster node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeFault {
    /// It is killed with SIGKILL.
    Kill,
    /// The node that leads the stream is killed with SIGKILL.
    KillLeader,
    /// It is stopped with SIGTERM.
    Terminate,
    /// It is frozen with SIGSTOP, and resumed with SIGCONT.
    Freeze,
    /// Its store is deleted while it is down.
    Wipe,
    /// It cannot reach the other nodes, but clients can reach it.
    Isolate,
}

/// The direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the side that connected.
    Forward,
    /// To the side that connected.
    Backward,
    /// Data in both directions is affected.
    Both,
}

/// How HubSpot misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubspotFault {
    /// 429 before any limit is reached.
    Throttles,
    /// HubSpot answers 500.
    Fails,
    /// 502 with an HTML page.
    AnswersBadGateway,
    /// HubSpot answers 401.
    RejectsToken,
    /// Answers come late, some after the caller's time-out.
    AnswersSlowly,
    /// The connection ends before the call is applied.
    CutsBefore,
    /// The connection ends after the call was applied.
    CutsAfter,
    /// The connection ends in the middle of the answer.
    CutsMidway,
    /// 504, and the call is applied much later.
    AnswersAndActsLate,
    /// No answer, and the call is applied much later.
    HangsAndActsLate,
    /// 2xx with an empty result, and the call is not applied.
    AnswersEmpty,
}

impl NodeFault {
    /// All faults of this kind.
    pub const ALL: [Self; 6] = [
        Self::Kill,
        Self::KillLeader,
        Self::Terminate,
        Self::Freeze,
        Self::Wipe,
        Self::Isolate,
    ];
}

impl HubspotFault {
    /// All faults of this kind.
    pub const ALL: [Self; 11] = [
        Self::Throttles,
        Self::Fails,
        Self::AnswersBadGateway,
        Self::RejectsToken,
        Self::AnswersSlowly,
        Self::CutsBefore,
        Self::CutsAfter,
        Self::CutsMidway,
        Self::AnswersAndActsLate,
        Self::HangsAndActsLate,
        Self::AnswersEmpty,
    ];

    /// Whether the caller may time out on a call that HubSpot still applies.
    pub fn may_act_late(self) -> bool {
        matches!(
            self,
            Self::AnswersSlowly
                | Self::CutsBefore
                | Self::CutsAfter
                | Self::CutsMidway
                | Self::AnswersAndActsLate
                | Self::HangsAndActsLate
        )
    }

    fn name(self) -> &'static str {
        match self {
            Self::Throttles => "throttles",
            Self::Fails => "fails",
            Self::AnswersBadGateway => "is-unreachable",
            Self::RejectsToken => "rejects-the-token",
            Self::AnswersSlowly => "is-slow",
            Self::CutsBefore => "cuts-before",
            Self::CutsAfter => "cuts-after",
            Self::CutsMidway => "cuts-midway",
            Self::AnswersAndActsLate => "answers-and-acts-late",
            Self::HangsAndActsLate => "hangs-and-acts-late",
            Self::AnswersEmpty => "answers-empty",
        }
    }
}

impl Fault {
    /// The kind under which the fault is counted.
    pub fn kind(self) -> String {
        match self {
            Self::Kill(component) => format!("kill {}", component.name()),
            Self::KillEverything => "everything killed".to_owned(),
            Self::Terminate(component) => format!("terminate {}", component.name()),
            Self::Freeze(component) => format!("freeze {}", component.name()),
            Self::WipeNats => "nats wiped".to_owned(),
            Self::ReplaceNats => "nats replaced".to_owned(),
            Self::RollNatsBack => "nats rolled back".to_owned(),
            Self::Node(NodeFault::Kill, _) => "kill node".to_owned(),
            Self::Node(NodeFault::KillLeader, _) => "kill leading node".to_owned(),
            Self::Node(NodeFault::Terminate, _) => "terminate node".to_owned(),
            Self::Node(NodeFault::Freeze, _) => "freeze node".to_owned(),
            Self::Node(NodeFault::Wipe, _) => "node wiped".to_owned(),
            Self::Node(NodeFault::Isolate, _) => "node isolated".to_owned(),
            Self::LoseQuorum(_) => "quorum lost".to_owned(),
            Self::RollingRestart => "rolling restart".to_owned(),
            Self::Cut(link) => format!("cut {}", link.name()),
            Self::Refuse(link) => format!("refuse {}", link.name()),
            Self::Stall(link, _) => format!("stall {}", link.name()),
            Self::Slow(link) => format!("slow {}", link.name()),
            Self::Hubspot(fault, _) => format!("hubspot {}", fault.name()),
            Self::LockDatabase => "database locked".to_owned(),
            Self::KillDatabase => "kill database server".to_owned(),
            Self::FillDisk => "disk full".to_owned(),
            Self::ReadOnlyDisk => "disk read-only".to_owned(),
            Self::FreeLease => "lease freed".to_owned(),
            Self::TakeOverLease(FormerHolder::Killed) => "lease taken over, holder killed".to_owned(),
            Self::TakeOverLease(FormerHolder::Frozen) => "lease taken over, holder frozen".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind())?;
        match self {
            Self::Hubspot(_, percent) => write!(formatter, " ({percent} % of calls)"),
            Self::Stall(_, Direction::Forward) => formatter.write_str(" (forward)"),
            Self::Stall(_, Direction::Backward) => formatter.write_str(" (backward)"),
            _ => Ok(()),
        }
    }
}

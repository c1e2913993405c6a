//! The state that all requests share, and the one function through which they change it.

mod call_log;
mod clock;
mod property_admin;
mod salesperson;

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, tz::Offset};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::{call_log::CallLog, clock::Clock};
use crate::{
    Settings, Switches,
    data_file::{DataFile, DataFileError},
    faults::ActiveFaults,
    limits::CallLimiter,
    model::{Account, ApiVersion, Context, Properties, Rejection, Source, StoredAccount, Values, create},
    oauth::TokenStore,
};

pub use call_log::Call;

/// The shared state, the clock and the running tasks.
#[derive(Debug)]
pub(crate) struct App {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) utc_offset_hours: i8,
    /// Calls in progress and late effects. They go on when their callers have disconnected.
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

/// The state under one lock, because HubSpot too decides one write at a time.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) switches: Switches,
    pub(crate) limiter: CallLimiter,
    pub(crate) tokens: Vec<String>,
    pub(crate) oauth: TokenStore,
    pub(crate) faults: ActiveFaults,
    pub(crate) calls: CallLog,
    pub(crate) random: StdRng,
    /// Unique values that calls in progress are writing.
    pub(crate) locked: BTreeSet<(String, String)>,
    file: Option<DataFile>,
}

/// The author of a change and the way it arrives: by which API version, as which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor<'a> {
    pub(crate) version: ApiVersion,
    pub(crate) source: Source,
    pub(crate) author: &'a str,
    /// The number in the log of calls; 0 for a change that is no call.
    pub(crate) call: u64,
}

impl Actor<'static> {
    /// A person in the browser. The rules of an admin for apps do not apply, because they begin with a later version.
    pub(crate) const SALESPERSON: Self = Self {
        version: ApiVersion::V3,
        source: Source::Salesperson,
        author: "salesperson",
        call: 0,
    };
}

impl<'a> Actor<'a> {
    fn context(self, now: Timestamp, switches: &'a Switches) -> Context<'a> {
        let Self {
            version,
            source,
            author,
            call,
        } = self;
        Context {
            now,
            version,
            switches,
            source,
            author,
            call,
        }
    }
}

impl App {
    /// Loads the data set from the file, or begins a new one.
    pub(crate) fn open(settings: &Settings, shutdown: CancellationToken) -> Result<Self, DataFileError> {
        let clock = Clock::start();
        let mut random = settings.seed.map_or_else(rand::make_rng, StdRng::seed_from_u64);
        let (account, file) = open_account(settings, clock.now(), &mut random)?;
        let offset = Offset::from_hours(settings.utc_offset_hours).unwrap_or(Offset::UTC);
        let mut faults = ActiveFaults::default();
        for fault in &settings.faults {
            faults.add(fault.clone());
        }
        let state = State {
            account,
            switches: settings.switches.clone(),
            limiter: CallLimiter::new(settings.limits.clone(), offset),
            tokens: settings.tokens.clone(),
            oauth: TokenStore::new(settings.oauth.clone()),
            faults,
            calls: CallLog::new(settings.kept_calls),
            random,
            locked: BTreeSet::new(),
            file,
        };
        let tasks = TaskTracker::new();
        Ok(Self {
            state: Mutex::new(state),
            clock,
            utc_offset_hours: settings.utc_offset_hours,
            tasks,
            shutdown,
        })
    }

    /// Locks the state. A poisoned lock is ignored.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change, or none at all if it is rejected. It is written to the data file before this returns.
    pub(crate) fn change<T>(
        &self,
        actor: Actor<'_>,
        change: impl FnOnce(&mut Account, &Context<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let mut state = self.state();
        let now = self.clock.now();
        state.change(actor, now, change)
    }

    /// Issues a code as HubSpot does when a person consents, for this redirect address. It can be used once.
    pub(crate) fn issue_authorization_code(&self, redirect_uri: impl Into<String>) -> String {
        let code = Uuid::new_v4().to_string();
        self.state().oauth.add_code(code.clone(), redirect_uri.into());
        code
    }
}

impl State {
    /// The context in which an actor reads or writes now.
    pub(crate) fn context<'a>(&'a self, actor: Actor<'a>, now: Timestamp) -> Context<'a> {
        actor.context(now, &self.switches)
    }

    fn change<T>(
        &mut self,
        actor: Actor<'_>,
        now: Timestamp,
        change: impl FnOnce(&mut Account, &Context<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let context = actor.context(now, &self.switches);
        let changed = change(&mut self.account, &context);
        if changed.is_err() {
            self.account.roll_back();
            return changed;
        }
        if let Err(error) = self.append_changes() {
            tracing::error!(%error, "the data file cannot be written; the call is rejected");
            self.account.roll_back();
            return Err(Rejection::Internal);
        }
        self.account.commit();
        changed
    }

    fn append_changes(&mut self) -> Result<(), std::io::Error> {
        let pending = self.account.pending();
        match &mut self.file {
            Some(file) if !pending.is_empty() => {
                file.append(&self.account, pending)?;
                file.compact_if_long(&self.account)
            }
            _ => Ok(()),
        }
    }

    /// Flushes the data file to the disk.
    pub(crate) fn flush(&mut self) -> Result<(), std::io::Error> {
        self.file.as_mut().map_or(Ok(()), DataFile::flush)
    }
}

fn open_account(
    settings: &Settings,
    now: Timestamp,
    random: &mut StdRng,
) -> Result<(Account, Option<DataFile>), DataFileError> {
    let properties = Properties::new(&settings.custom_properties, &settings.unique_properties);
    let Some(path) = &settings.data_file else {
        return Ok((new_account(settings, properties, now, random), None));
    };
    let lock = DataFile::lock(path)?;
    let loaded = DataFile::load(path, &properties, settings.kept_writes)?;
    let account = loaded.unwrap_or_else(|| new_account(settings, properties, now, random));
    let file = DataFile::create(path, &account, lock)?;
    Ok((account, Some(file)))
}

fn new_account(settings: &Settings, properties: Properties, now: Timestamp, random: &mut StdRng) -> Account {
    let portal_id = random.random_range(10_000_000..100_000_000);
    let mut account = Account::new(StoredAccount::new(portal_id), properties, settings.kept_writes);
    if settings.sample_contacts {
        add_sample_contacts(&mut account, now);
    }
    account
}

/// Adds the two contacts that every new HubSpot account has.
fn add_sample_contacts(account: &mut Account, now: Timestamp) {
    let switches = Switches {
        search_lag_ms: 0,
        ..Switches::default()
    };
    let context = Actor::SALESPERSON.context(now, &switches);
    let samples = [
        ("emailmaria@hubspot.com", "Maria", "Johnson (Sample Contact)"),
        ("bh@hubspot.com", "Brian", "Halligan (Sample Contact)"),
    ];
    for (email, first_name, last_name) in samples {
        let values = [
            ("email", email),
            ("firstname", first_name),
            ("lastname", last_name),
        ];
        let values: Values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        create(account, &context, &values, None)
            .expect("the sample contacts are valid and the account is empty");
    }
    account.commit();
}

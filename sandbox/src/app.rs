//! The state all requests share, and the one way in which they change it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, tz::Offset};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Settings, Switches,
    calls::CallLog,
    clock::Clock,
    data_file::{DataFile, DataFileError},
    faults::FaultRules,
    limits::Meter,
    model::{Account, ApiVersion, Context, Properties, Refusal, Source, StoredAccount, Values, create},
    oauth::TokenBook,
};

/// Everything a request can reach.
#[derive(Debug)]
pub(crate) struct App {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) utc_offset_hours: i8,
    /// Calls under way and effects to come; they go on when their callers have left.
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

/// What is guarded by one lock, since HubSpot too decides about one write at a time.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) switches: Switches,
    pub(crate) meter: Meter,
    pub(crate) tokens: Vec<String>,
    pub(crate) oauth: TokenBook,
    pub(crate) faults: FaultRules,
    pub(crate) calls: CallLog,
    pub(crate) random: StdRng,
    /// Unique values that calls under way are writing.
    pub(crate) locked: BTreeSet<(String, String)>,
    file: Option<DataFile>,
}

/// Who makes a change, and through which door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor<'a> {
    pub(crate) version: ApiVersion,
    pub(crate) source: Source,
    pub(crate) who: &'a str,
    pub(crate) call: u64,
}

impl Actor<'static> {
    /// A person in the browser: no call, no admin rules for apps.
    pub(crate) const SALESPERSON: Self = Self {
        version: ApiVersion::V3,
        source: Source::Salesperson,
        who: "salesperson",
        call: 0,
    };
}

impl App {
    /// Loads or makes the data set.
    pub(crate) fn open(settings: &Settings, shutdown: CancellationToken) -> Result<Self, DataFileError> {
        let clock = Clock::start();
        let mut random = settings.seed.map_or_else(rand::make_rng, StdRng::seed_from_u64);
        let (account, file) = open_account(settings, clock.now(), &mut random)?;
        let offset = Offset::from_hours(settings.utc_offset_hours).unwrap_or(Offset::UTC);
        let mut faults = FaultRules::default();
        for fault in &settings.faults {
            faults.add(fault.clone());
        }
        let state = State {
            account,
            switches: settings.switches.clone(),
            meter: Meter::new(settings.limits.clone(), offset),
            tokens: settings.tokens.clone(),
            oauth: TokenBook::new(settings.oauth.clone()),
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

    /// The state. A panic elsewhere leaves it whole, for changes are undone before they are shown.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change, or none at all if it is refused; written to the data file before it is confirmed.
    pub(crate) fn change<T>(
        &self,
        actor: Actor<'_>,
        change: impl FnOnce(&mut Account, &Context<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut state = self.state();
        let now = self.clock.now();
        state.change(actor, now, change)
    }
}

impl State {
    /// The context in which somebody reads or writes now.
    pub(crate) fn context<'a>(&'a self, actor: Actor<'a>, now: Timestamp) -> Context<'a> {
        let Actor {
            version,
            source,
            who,
            call,
        } = actor;
        Context {
            now,
            version,
            switches: &self.switches,
            source,
            who,
            call,
        }
    }

    fn change<T>(
        &mut self,
        actor: Actor<'_>,
        now: Timestamp,
        change: impl FnOnce(&mut Account, &Context<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let Actor {
            version,
            source,
            who,
            call,
        } = actor;
        let context = Context {
            now,
            version,
            switches: &self.switches,
            source,
            who,
            call,
        };
        let changed = change(&mut self.account, &context);
        if changed.is_err() {
            self.account.roll_back();
            return changed;
        }
        if let Err(error) = self.write_down() {
            tracing::error!(%error, "the data file cannot be written; the call is refused");
            self.account.roll_back();
            return Err(Refusal::Internal);
        }
        self.account.commit();
        changed
    }

    fn write_down(&mut self) -> Result<(), std::io::Error> {
        let pending = self.account.pending();
        match &mut self.file {
            Some(file) if !pending.is_empty() => {
                file.append(&self.account, pending)?;
                file.compact_if_long(&self.account)
            }
            _ => Ok(()),
        }
    }

    /// Brings the data file to the disk.
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

/// The two contacts every new HubSpot account begins with.
fn add_sample_contacts(account: &mut Account, now: Timestamp) {
    let switches = Switches {
        search_lag_ms: 0,
        ..Switches::default()
    };
    let Actor {
        version,
        source,
        who,
        call,
    } = Actor::SALESPERSON;
    let context = Context {
        now,
        version,
        switches: &switches,
        source,
        who,
        call,
    };
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

//! What a seed draws for a schedule: how many users and changes, which faults, and how often they occur.

use hubspot::engine::{EmailConflict, MissingContact};

use crate::{agenda::Time, fault::Fault, random::Random, tally::Named};

/// A second, a minute, an hour.
pub(crate) const SECOND: Time = 1_000;
/// A minute.
pub(crate) const MINUTE: Time = 60 * SECOND;
/// An hour.
pub(crate) const HOUR: Time = 60 * MINUTE;

/// How many kinds of fault each schedule has at least.
pub(crate) const MIN_FAULTS: usize = 5;

/// How many of a thousand schedules have few users and few changes. Most mistakes need two or three users, and those meet more often
/// where there are no others; such a schedule takes a quarter of the time. Twenty users are needed where all records fail alike.
const HAVE_FEW: u64 = 650;

/// How late HubSpot may execute a call: a little less than a late-write window lasts.
const LATEST_EFFECT: Time = 118 * SECOND;

/// Faults that one call to HubSpot meets.
const OF_A_CALL: [Fault; 26] = [
    Fault::LookupForgets,
    Fault::LookupFails,
    Fault::NoTraceIds,
    Fault::PartOfBatch,
    Fault::EmptySuccess,
    Fault::UnshownValues,
    Fault::ListedTwice,
    Fault::Locked,
    Fault::Status408,
    Fault::Status500,
    Fault::Status502,
    Fault::Status503,
    Fault::Status504,
    Fault::ErrorAfterEffect,
    Fault::ErrorBeforeLateEffect,
    Fault::HtmlPage,
    Fault::HtmlRefusal,
    Fault::BurstLimit,
    Fault::SecondLimit,
    Fault::CutBefore,
    Fault::CutDuring,
    Fault::CutAfter,
    Fault::TimedOut,
    Fault::LateEffect,
    Fault::AllOrNothing,
    Fault::StrangeInput,
];

/// What may be wrong with single contacts for as long as a system with few users runs.
const OF_A_CONTACT: [Fault; 5] = [
    Fault::Poison,
    Fault::ForbiddenContact,
    Fault::ScopelessContact,
    Fault::PathlessContact,
    Fault::ReadOnlyContact,
];

/// What may be wrong with the account of a system with few users.
const OF_AN_ACCOUNT: [Fault; 7] = [
    Fault::Unauthorized,
    Fault::MissingScopes,
    Fault::MissingWriteScope,
    Fault::NoSuchPath,
    Fault::Outage,
    Fault::UnknownProperty,
    Fault::ReadOnlyProperty,
];

/// What a schedule is like.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Plan {
    /// How many users there are.
    pub(crate) users: usize,
    /// How many changes are made.
    pub(crate) changes: usize,
    /// When people and faults are busy; quiet in between.
    pub(crate) episodes: Vec<(Time, Time)>,
    /// When it becomes calm.
    pub(crate) calm_at: Time,
    /// How many workers there are.
    pub(crate) workers: usize,
    has: Vec<bool>,
    /// Those of the faults that one call meets.
    pub(crate) of_a_call: Vec<Fault>,
    /// How many of a thousand calls meet one of them.
    pub(crate) call_rate: u64,
    /// In how many of a thousand cases another fault occurs.
    pub(crate) rate: u64,
    /// The longest freeze.
    pub(crate) longest_freeze: Time,
    /// How late a call may be executed.
    pub(crate) latest_effect: Time,
    /// Whether a lost wake-up is never published again: the sweep only ends late-write windows, makes rechecks and wakes users that
    /// were made due.
    pub(crate) sweepless: bool,
    /// Whether nothing delays claims, so that a user that need not wait any more is claimed soon.
    pub(crate) prompt: bool,
    /// Whether only single records have faults, so that nobody else may be held back for long.
    pub(crate) only_records: bool,
    /// In a small system, in which a failing user often has nobody to be compared with: how many users have a contact that fails
    /// until it is calm. None in other schedules.
    pub(crate) small: Option<usize>,
    /// What the workers do about an address of another contact.
    pub(crate) email_taken: EmailConflict,
    /// What the workers do about a user without a contact.
    pub(crate) missing: MissingContact,
    /// How long the workers wait for a call.
    pub(crate) call_timeout: Time,
    /// How many calls HubSpot allows in ten seconds.
    pub(crate) calls_allowed: u32,
    /// How many it allows in a day, and how many of them are spent already when the first begins.
    pub(crate) day: (u64, u64),
    /// Whether its answers show these limits.
    pub(crate) shows_limits: bool,
    /// How many wake-ups fit into the stream.
    pub(crate) stream_window: usize,
    /// The longest that a commit of the user service takes.
    pub(crate) longest_commit: Time,
    /// How long it may take until everything is at rest once it is calm.
    pub(crate) settle_within: Time,
}

impl Plan {
    /// The plan of a schedule.
    pub(crate) fn draw(random: &mut Random) -> Self {
        if random.chance(100) {
            return Self::draw_small(random);
        }
        let sweepless = random.chance(150);
        let prompt = sweepless && random.chance(500);
        let only_records = !sweepless && random.chance(100);
        let fits = |fault: Fault| {
            let is_unfit = sweepless && fault.needs_the_sweep()
                || prompt && fault.delays_claims()
                || only_records && !fault.is_of_a_record();
            !is_unfit
        };
        let has = draw_faults(random, fits);
        let chosen = |fault: Fault| has[fault.index()];
        let has_few = random.chance(HAVE_FEW);
        let episodes = draw_episodes(random, if has_few { 60 } else { 150 });
        let end = episodes.last().map_or(0, |(_, end)| *end);
        // It is not promised that a write is repaired that a worker makes after a freeze longer than the late-write window, if that
        // worker is killed before it reports. So where both may happen, a freeze and the delay of a call together stay within the
        // window.
        let frozen = chosen(Fault::Freeze) || chosen(Fault::FreezeBeforeCall);
        let killed = chosen(Fault::Kill) || chosen(Fault::ShutDown);
        let (longest_freeze, latest_effect) = match (chosen(Fault::LongFreeze), frozen && killed) {
            (true, _) => (300 * SECOND, LATEST_EFFECT),
            (false, true) => (50 * SECOND, 65 * SECOND),
            (false, false) => (100 * SECOND, LATEST_EFFECT),
        };
        Self {
            users: random.index(9) + if has_few { 2 } else { 20 },
            changes: if has_few {
                random.index(51) + 10
            } else {
                random.index(61) + 100
            },
            calm_at: end + random.below(10) * SECOND,
            episodes,
            workers: random.index(2) + 2,
            of_a_call: OF_A_CALL.into_iter().filter(|fault| chosen(*fault)).collect(),
            call_rate: *random.pick(&[20, 60, 120, 200, 350]),
            rate: *random.pick(&[10, 30, 60, 120]),
            longest_freeze,
            latest_effect,
            sweepless,
            prompt,
            only_records,
            small: None,
            email_taken: if random.chance(250) {
                EmailConflict::Reject
            } else {
                EmailConflict::Follow
            },
            missing: if random.chance(350) {
                MissingContact::Create
            } else {
                MissingContact::Skip
            },
            call_timeout: *random.pick(&[4 * SECOND, 10 * SECOND]),
            calls_allowed: if chosen(Fault::NarrowLimit) {
                *random.pick(&[10, 20, 40])
            } else {
                *random.pick(&[100, 190])
            },
            // Where few calls are left for the day, they are spread over it.
            day: if !prompt && random.chance(300) {
                (250_000, 250_000 - random.between(13_000, 130_000))
            } else {
                (250_000, 0)
            },
            shows_limits: random.chance(500),
            stream_window: if chosen(Fault::NarrowStream) {
                random.index(8) + 3
            } else {
                10_000
            },
            longest_commit: *random.pick(&[2, 8, 20]),
            settle_within: if sweepless { 450 * SECOND } else { 1_500 * SECOND },
            has,
        }
    }

    /// The plan of a system with few users: the contacts of one or two of them fail, or the account as a whole does for a
    /// while, and nothing else is wrong.
    fn draw_small(random: &mut Random) -> Self {
        let bad_contacts = random.index(3);
        let kinds: &[Fault] = if bad_contacts > 0 {
            &OF_A_CONTACT
        } else {
            &OF_AN_ACCOUNT
        };
        let mut has = vec![false; Fault::ALL.len()];
        for _ in 0..bad_contacts.max(1) {
            has[random.pick(kinds).index()] = true;
        }
        let start = 5 * SECOND;
        let end = start + random.between(60, 150) * SECOND;
        Self {
            changes: random.index(30) + 20,
            episodes: vec![(start, end)],
            calm_at: end + SECOND,
            workers: random.index(2) + 1,
            only_records: bad_contacts > 0,
            small: Some(bad_contacts),
            settle_within: 1_500 * SECOND,
            has,
            ..Self::quiet(bad_contacts.max(1) + 1 + random.index(2))
        }
    }

    /// Whether the contact of this user fails until it is calm.
    pub(crate) fn is_bad(&self, user: usize) -> bool {
        self.small.is_some_and(|bad_contacts| user < bad_contacts)
    }

    /// Whether there are only a few users.
    pub(crate) fn is_small(&self) -> bool {
        self.small.is_some()
    }

    /// Whether there are only a few users, and only the account has faults.
    pub(crate) fn is_small_with_good_contacts(&self) -> bool {
        self.small == Some(0)
    }

    /// A plan by which each of the users has a contact, and nothing happens by itself.
    pub(crate) fn quiet(users: usize) -> Self {
        Self {
            users,
            changes: 0,
            episodes: Vec::new(),
            calm_at: Time::MAX,
            workers: 1,
            has: vec![false; Fault::ALL.len()],
            of_a_call: Vec::new(),
            call_rate: 0,
            rate: 0,
            longest_freeze: 0,
            latest_effect: 0,
            sweepless: false,
            prompt: false,
            only_records: false,
            small: None,
            email_taken: EmailConflict::Follow,
            missing: MissingContact::Skip,
            call_timeout: 10 * SECOND,
            calls_allowed: 190,
            day: (625_000, 0),
            shows_limits: true,
            stream_window: 10_000,
            longest_commit: 2,
            settle_within: Time::MAX,
        }
    }

    /// Whether the schedule has that kind of fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.has[fault.index()]
    }

    /// Whether somebody compares users with their contacts meanwhile.
    pub(crate) fn compares(&self) -> bool {
        self.users.is_multiple_of(3) && !self.is_small()
    }

    /// Whether workers are frozen.
    pub(crate) fn freezes(&self) -> bool {
        let kinds = [Fault::Freeze, Fault::FreezeBeforeCall, Fault::LongFreeze];
        kinds.into_iter().any(|fault| self.has(fault))
    }

    /// The kinds of fault it has.
    pub(crate) fn faults(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(|fault| self.has(*fault))
    }

    /// Some time when people and faults are busy.
    pub(crate) fn some_time(&self, random: &mut Random) -> Time {
        let (start, end) = *random.pick(&self.episodes);
        random.between(start, end)
    }
}

fn draw_faults(random: &mut Random, fits: impl Fn(Fault) -> bool) -> Vec<bool> {
    let share = *random.pick(&[80, 150, 300, 500]);
    let mut has = vec![false; Fault::ALL.len()];
    loop {
        for fault in Fault::ALL {
            has[fault.index()] |= fits(*fault) && random.chance(share);
        }
        if has[Fault::LongFreeze.index()] {
            has[Fault::Kill.index()] = false;
            has[Fault::ShutDown.index()] = false;
        }
        if has.iter().filter(|has| **has).count() >= MIN_FAULTS {
            return has;
        }
    }
}

fn draw_episodes(random: &mut Random, longest: Time) -> Vec<(Time, Time)> {
    let mut start = 2 * SECOND;
    let count = random.between(1, 3);
    let episodes = (0..count).map(|_| {
        let end = start + random.between(15, longest) * SECOND;
        let episode = (start, end);
        start = end + *random.pick(&[5 * SECOND, 3 * MINUTE, 20 * MINUTE, 3 * HOUR, 30 * HOUR]);
        episode
    });
    episodes.collect()
}

//! Planned faults: when they occur, begin and end.

use contracts::{DeliveryAction, Field, LinkOrigin};
use hubspot::engine::Input;

use super::World;
use crate::{
    agenda::Time,
    event::Event,
    fault::Fault,
    plan::{MINUTE, SECOND},
    transition::Transition,
    user_service::MAX_LOST_COMMITS,
};

impl World {
    /// Plans changes, faults, workers, the sweep and the calm.
    pub(super) fn plan_everything(&mut self) {
        for _ in 0..self.plan.changes {
            let at = self.plan.some_time(&mut self.random);
            self.agenda.plan(at, Event::Change);
        }
        let mut faults: Vec<Fault> = self.plan.faults().collect();
        if self.plan.is_bad(0) {
            // The contacts that fail in a small system do so from the beginning.
            faults.clear();
        }
        for fault in faults {
            for _ in 0..self.random.between(1, max_times(fault)) {
                let at = self.plan.some_time(&mut self.random);
                self.plan_fault(fault, at);
            }
        }
        for place in 0..self.plan.workers {
            let at = self.random.below(3 * SECOND);
            self.agenda.plan(at, Event::Start(place));
        }
        self.plan_inspections();
        self.agenda.plan(0, Event::Sweep);
        if self.plan.calm_at < Time::MAX {
            self.agenda.plan(self.plan.calm_at, Event::Calm);
        }
    }

    fn plan_fault(&mut self, fault: Fault, at: u64) {
        if fault == Fault::RolledBack {
            let ago = self.random.below(30 * SECOND);
            self.agenda.plan(at.saturating_sub(ago), Event::Snapshot);
        }
        if fault.lasts() {
            let end = at + self.random.between(2, 90) * SECOND;
            self.agenda.plan(at, Event::Begin(fault));
            self.agenda.plan(end, Event::Finish(fault));
        } else if occurs_by_itself(fault) {
            self.agenda.plan(at, Event::Occur(fault));
        }
    }

    /// A planned fault occurs.
    pub(super) fn occur(&mut self, fault: Fault) {
        if self.is_calm {
            return;
        }
        self.tally.faults.add(fault);
        self.trace(|| format!("{fault:?} occurs"));
        let place = self.random.index(self.plan.workers);
        match fault {
            Fault::Freeze => {
                let longest = self.plan.longest_freeze.min(100 * SECOND);
                let length = self.random.between(SECOND, longest);
                self.freeze(place, length);
            }
            Fault::LongFreeze => {
                let length = self.random.between(MINUTE, self.plan.longest_freeze);
                self.freeze(place, length);
            }
            Fault::Kill => self.kill(place),
            Fault::ShutDown => self.shut_down(place),
            Fault::TokenReplaced => {
                let process = self.process(place);
                self.tell(process, Input::TokenReplaced);
            }
            Fault::ClockBack => {
                let step = *self.random.pick(&[500, 5_000, 60_000, 3_600_000]);
                self.users.skew -= step;
            }
            Fault::ClockForward => self.step_forward(),
            Fault::LostCommits => self.fail_over(),
            Fault::Disconnected => self.cut_broker(2 * SECOND),
            Fault::Wiped => self.lose_stream(false),
            Fault::RolledBack => self.lose_stream(true),
            Fault::OperatorLinks
            | Fault::OperatorUnlinks
            | Fault::OperatorRetries
            | Fault::OperatorResyncs
            | Fault::OperatorRepairs => self.operate(fault),
            Fault::AddressesSwapped | Fault::AddressHandedOver => self.move_addresses(fault),
            _ => self.people_act(fault),
        }
    }

    /// Another database server takes over, without the last commits.
    fn fail_over(&mut self) {
        let commits = *self.random.pick(&[1, 3, 10, MAX_LOST_COMMITS]);
        for user in self.users.fail_over(commits) {
            self.trace(|| format!("commits of u{user} are lost"));
            self.tally.transitions.add(Transition::RowLost);
            self.has_lost[user] = true;
            // The commit of an operator may be among them, and an earlier one may count again.
            let link = self.users.rows[user].link.as_ref();
            let named = link.filter(|link| link.origin == LinkOrigin::ByOperator);
            self.linked_by_operator[user] = named.and_then(|link| self.hubspot.by_id(&link.contact_id));
        }
        if self.hubspot.problems.contains(&Fault::OtherAccount) && self.is_any_account_accepted() {
            self.finish(Fault::OtherAccount);
        }
        // An operator sees that delivery is paused or resumed again.
        self.control_delivery(if self.is_pause_wanted {
            DeliveryAction::Pause
        } else {
            DeliveryAction::Resume
        });
    }

    /// Only links tie the users to an account. Without them the token of another account is as good as the right one, and
    /// delivery to that account would be no fault.
    fn is_any_account_accepted(&self) -> bool {
        self.users.rows.iter().all(|row| row.link.is_none())
    }

    /// Not during a late-write window: that is not promised to go well.
    fn step_forward(&mut self) {
        if self.users.rows.iter().all(|row| row.in_doubt.is_none()) {
            self.users.skew += *self.random.pick(&[500, 5_000, 60_000, 3_600_000]);
        }
    }

    pub(crate) fn begin(&mut self, fault: Fault) {
        if self.is_calm || (fault == Fault::OtherAccount && self.is_any_account_accepted()) {
            return;
        }
        self.tally.faults.add(fault);
        self.trace(|| format!("{fault:?} begins"));
        // It hides the faults that began before it.
        self.account_well_since = self.now;
        match fault {
            Fault::ServiceDown => {
                self.restart_service();
                self.service_faults.push(fault);
            }
            Fault::ServiceUnavailable => self.service_faults.push(fault),
            Fault::Paused => self.control_delivery(DeliveryAction::Pause),
            Fault::UnknownProperty | Fault::ReadOnlyProperty | Fault::AdminRule => {
                let field = self.some_field();
                self.hubspot.begin_rule(fault, field);
                if fault == Fault::AdminRule && field != Field::EMAIL {
                    self.change_everyone(field);
                }
            }
            _ => self.hubspot.problems.push(fault),
        }
        self.replace_token(fault);
    }

    pub(crate) fn finish(&mut self, fault: Fault) {
        self.trace(|| format!("{fault:?} ends"));
        self.account_well_since = self.now;
        match fault {
            Fault::ServiceDown | Fault::ServiceUnavailable => {
                self.service_faults.retain(|ongoing| *ongoing != fault);
            }
            Fault::Paused => self.control_delivery(DeliveryAction::Resume),
            Fault::UnknownProperty | Fault::ReadOnlyProperty | Fault::AdminRule => {
                self.hubspot.end_rule(fault);
            }
            _ => self.hubspot.problems.retain(|problem| *problem != fault),
        }
        self.replace_token(fault);
    }

    /// The token of another account, and then the right one again, reach every worker.
    fn replace_token(&mut self, fault: Fault) {
        if fault != Fault::OtherAccount {
            return;
        }
        for place in 0..self.plan.workers {
            let process = self.process(place);
            self.tell(process, Input::TokenReplaced);
        }
    }

    /// Whether the user service has that fault at the moment.
    pub(super) fn service_has(&self, fault: Fault) -> bool {
        self.service_faults.contains(&fault)
    }

    /// From now on nothing goes wrong.
    pub(super) fn calm_down(&mut self) {
        if let Some(thawed_at) = self.last_thaw() {
            return self.agenda.plan(thawed_at + SECOND, Event::Calm);
        }
        self.trace(|| "calm".to_owned());
        self.is_calm = true;
        self.plan.calm_at = self.now;
        self.awake_since = self.now;
        self.service_faults.clear();
        self.control_delivery(DeliveryAction::Resume);
        self.account_well_since = self.now;
        for problem in std::mem::take(&mut self.hubspot.problems) {
            self.replace_token(problem);
        }
        self.hubspot.end_rules();
        for contact in self.hubspot.existing() {
            self.hubspot.contact_mut(contact).problem = None;
        }
    }
}

fn max_times(fault: Fault) -> u64 {
    match fault {
        Fault::Edited => 10,
        Fault::Freeze
        | Fault::Kill
        | Fault::Disconnected
        | Fault::Merged
        | Fault::Archived
        | Fault::Created
        | Fault::OperatorLinks
        | Fault::OperatorUnlinks
        | Fault::OperatorRetries
        | Fault::AddressesSwapped
        | Fault::AddressHandedOver => 4,
        Fault::LongFreeze | Fault::ShutDown => 2,
        _ => 3,
    }
}

fn occurs_by_itself(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Freeze
            | Fault::LongFreeze
            | Fault::Kill
            | Fault::ShutDown
            | Fault::TokenReplaced
            | Fault::ClockBack
            | Fault::ClockForward
            | Fault::LostCommits
            | Fault::Disconnected
            | Fault::Wiped
            | Fault::RolledBack
            | Fault::Edited
            | Fault::AddressChanged
            | Fault::SecondaryAdded
            | Fault::Archived
            | Fault::Merged
            | Fault::Created
            | Fault::Poison
            | Fault::ForbiddenContact
            | Fault::ScopelessContact
            | Fault::PathlessContact
            | Fault::ReadOnlyContact
            | Fault::LockedContact
            | Fault::OperatorLinks
            | Fault::OperatorUnlinks
            | Fault::OperatorRetries
            | Fault::OperatorResyncs
            | Fault::OperatorRepairs
            | Fault::AddressesSwapped
            | Fault::AddressHandedOver
    )
}

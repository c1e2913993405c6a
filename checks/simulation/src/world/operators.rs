//! What operators do to users, and to delivery.

use contracts::{
    Confirmation, ContactId, ControlDelivery, DeliveryAction, ErrorCode, Field, FieldDefinitions,
    FieldResult, FieldSet, LinkUser, Priority, RepairUser, UnlinkUser, UserId,
};
use user::{
    operations::{RepairListed, ResyncListed, RetryListed},
    rules::Row,
};

use super::World;
use crate::{
    event::Event,
    fault::Fault,
    hubspot_model::{HubSpotModel, text},
    plan::SECOND,
    user_service::{Asker, Request, user_id},
};

/// The most users that an operator names.
const MAX_NAMED: u64 = 4;

impl World {
    /// An operator does something to some user.
    pub(super) fn operate(&mut self, fault: Fault) {
        let request = match fault {
            Fault::OperatorLinks => self.draw_link(),
            Fault::OperatorUnlinks => self.draw_unlink(),
            Fault::OperatorRetries => Some(self.draw_retry()),
            Fault::OperatorResyncs => {
                let users = self.draw_users();
                let fields = self
                    .random
                    .chance(300)
                    .then(|| FieldSet::from_iter([Field::FIRST_NAME]));
                Some(Request::Resync(ResyncListed { users, fields }))
            }
            Fault::OperatorRepairs => self.draw_repair(),
            _ => None,
        };
        let Some(request) = request else { return };
        // Who repairs has compared the user some time before.
        let is_repair = matches!(request, Request::Repair(_));
        let longest = if is_repair { 5 * SECOND } else { 4 };
        let at = self.now + self.random.between(1, longest);
        self.agenda.plan(at, Event::Send(Box::new(request)));
    }

    pub(super) fn control_delivery(&mut self, action: DeliveryAction) {
        self.is_pause_wanted = action == DeliveryAction::Pause;
        self.send(Request::Control(ControlDelivery { action }));
    }

    /// A caller or an operator sends a request.
    pub(crate) fn send(&mut self, request: Request) {
        // Nobody tries again to pause delivery once it is to be resumed, or the other way round.
        let is_outdated =
            |control: &ControlDelivery| (control.action == DeliveryAction::Pause) != self.is_pause_wanted;
        if matches!(&request, Request::Control(control) if is_outdated(control)) {
            return;
        }
        let asker = match request {
            Request::Update(_) | Request::Import(_) => Asker::Caller,
            _ => Asker::Operator,
        };
        self.request(asker, request);
    }

    /// An operator who paused or resumed delivery in vain tries again; with users some do.
    pub(super) fn operator_was_rejected(&mut self, request: Request, code: ErrorCode) {
        let may_help = matches!(code, ErrorCode::Unavailable | ErrorCode::OutcomeUnknown);
        let is_control = matches!(request, Request::Control(_));
        if may_help && (is_control || self.random.chance(500)) {
            let at = self.now + self.random.between(SECOND / 2, 2 * SECOND);
            self.agenda.plan(at, Event::Send(Box::new(request)));
        }
    }

    fn draw_users(&mut self) -> Vec<UserId> {
        let count = self.random.between(1, MAX_NAMED);
        let mut users: Vec<usize> = (0..count).map(|_| self.random.index(self.plan.users)).collect();
        users.sort_unstable();
        users.dedup();
        users.into_iter().map(user_id).collect()
    }

    /// A contact that exists: often one that no user is linked to, sometimes one of another user.
    fn draw_link(&mut self) -> Option<Request> {
        let user = self.draw_existing_user()?;
        let named_before = (0..self.plan.users).find_map(|user| Some((user, self.linked_by_operator[user]?)));
        // Now and then somebody says the same again.
        if let Some((user, contact)) = named_before.filter(|_| self.random.chance(200)) {
            return Some(link(user, contact));
        }
        let mut contacts = self.hubspot.existing();
        if self.random.chance(600) {
            let held: Vec<usize> = (0..self.plan.users)
                .filter_map(|user| self.linked_contact(user))
                .collect();
            contacts.retain(|contact| !held.contains(contact));
        }
        if contacts.is_empty() {
            return None;
        }
        Some(link(user, *self.random.pick(&contacts)))
    }

    /// While there is no link, any account may take the place of the right one. So one link stays while a token opens another.
    fn draw_unlink(&mut self) -> Option<Request> {
        let user = self.draw_existing_user()?;
        let is_safe = !self.hubspot.problems.contains(&Fault::OtherAccount);
        is_safe.then(|| {
            Request::Unlink(UnlinkUser {
                user_id: user_id(user),
            })
        })
    }

    /// Users by name, or those that have a problem.
    fn draw_retry(&mut self) -> Request {
        let (users, priority) = if self.random.chance(500) {
            (self.draw_users(), Priority::Live)
        } else {
            let rows = self.users.rows.iter();
            let listed = rows.filter(|row| has_problem(row)).map(|row| row.user_id.clone());
            (listed.collect(), Priority::Backfill)
        };
        Request::Retry(RetryListed { users, priority })
    }

    /// Fields of a user that its contact no longer holds as they were confirmed. If there is no such user, fields that nothing is
    /// wrong with: the comparison may have read the contact in a bad moment.
    fn draw_repair(&mut self) -> Option<Request> {
        let differing: Vec<(usize, FieldSet)> = (0..self.plan.users)
            .map(|user| (user, self.differing_fields(user)))
            .filter(|(_, fields)| fields.iter().next().is_some())
            .collect();
        let (user, fields) = if differing.is_empty() {
            (self.draw_existing_user()?, FieldDefinitions::built_in().all())
        } else {
            *self.random.pick(&differing)
        };
        let row = &self.users.rows[user];
        let repaired = RepairUser {
            user_id: user_id(user),
            generation: row.generation,
            // A field that was never given is not compared.
            fields: fields
                .iter()
                .filter(|field| row.fields[*field].changed_in > 0)
                .collect(),
        };
        Some(Request::Repair(RepairListed(vec![repaired])))
    }

    fn differing_fields(&self, user: usize) -> FieldSet {
        let row = &self.users.rows[user];
        let Some(contact) = self
            .linked_contact(user)
            .filter(|contact| self.hubspot.exists(*contact))
        else {
            return FieldSet::default();
        };
        let held = self.hubspot.contact(contact);
        let differs = |field: &Field| {
            let state = &row.fields[*field];
            let value = text(state.value.as_ref());
            let Some(FieldResult::Confirmed(Confirmation {
                normalized,
                shown: true,
            })) = &state.result
            else {
                return false;
            };
            let is_held = match *field {
                Field::EMAIL => self.hubspot.has_address(contact, value),
                _ => [Some(value), normalized.as_deref()].contains(&Some(held.values[*field].as_str())),
            };
            !state.is_dirty() && !is_held
        };
        Field::BUILT_IN.into_iter().filter(differs).collect()
    }

    fn draw_existing_user(&mut self) -> Option<usize> {
        let user = self.random.index(self.plan.users);
        (self.users.rows[user].version > 0).then_some(user)
    }
}

fn link(user: usize, contact: usize) -> Request {
    let contact_id: ContactId = HubSpotModel::id(contact)
        .parse()
        .expect("the model numbers its contacts");
    Request::Link(LinkUser {
        user_id: user_id(user),
        contact_id,
    })
}

fn has_problem(row: &Row) -> bool {
    let mut states = row.fields.iter().map(|(_, state)| state);
    states.any(|state| {
        let is_problem = state.result.as_ref().is_some_and(|result| !result.is_confirmed());
        is_problem && !state.is_dirty()
    })
}

//! Callers: changes to users, changes that are sent again, and lines of imports.

use contracts::{ErrorCode, Field, ImportLine, SenderTry, UpdateForm, UpdateUser, Value, Values};

use crate::{
    event::Event,
    fault::Fault,
    hubspot_model::{BAD, FORM, GONE, ODD},
    plan::SECOND,
    user_service::{Request, user_id},
    world::World,
};

impl World {
    /// Makes a change to some user.
    pub(crate) fn change(&mut self) {
        let users = self.plan.users;
        // A few users change all the time.
        let user = if self.random.chance(300) {
            self.random.index(users.min(3))
        } else {
            self.random.index(users)
        };
        let update = self.draw_change(user);
        if self.occurs(Fault::ImportedLine) {
            return self.send(Request::Import(ImportLine {
                user_id: update.user_id,
                fields: update.fields,
            }));
        }
        if self.occurs(Fault::RepeatedChange) {
            let latest = *self.random.pick(&[10, 30 * SECOND]);
            let at = self.now + self.random.below(latest);
            let again = Request::Update(self.with_new_number(update.clone()));
            self.agenda.plan(at, Event::Send(Box::new(again)));
        }
        if self.occurs(Fault::Burst) {
            self.change_in_a_burst(user);
        }
        if self.occurs(Fault::SecondTry) {
            return self.send_twice(update);
        }
        self.send(Request::Update(update));
    }

    /// The user is changed more often than its row remembers, so that a second try comes after its first one is forgotten.
    fn change_in_a_burst(&mut self, user: usize) {
        let length = self.random.between(SECOND / 2, 4 * SECOND);
        for _ in 0..self.random.between(70, 120) {
            let at = self.now + self.random.below(length);
            self.agenda.plan(at, Event::ChangeOf { user });
        }
        let update = self.draw_change(user);
        self.send_twice(update);
    }

    /// The gateway gets no answer: either the change or its answer is lost. It sends the change once more.
    fn send_twice(&mut self, update: UpdateUser) {
        let pause = self.random.between(SECOND, 5 * SECOND);
        let mut second = update.clone();
        if let Some(sent) = &mut second.sender_try {
            // The service adds the time until the commit. Here nobody tells it how long that is.
            sent.first_try_age_ms = Some(pause + self.plan.longest_commit + 1);
        }
        self.agenda
            .plan(self.now + pause, Event::Send(Box::new(Request::Update(second))));
        if self.random.chance(600) {
            self.send(Request::Update(update));
        }
    }

    /// The same change, sent again by its caller: to the gateway it is another one.
    fn with_new_number(&mut self, update: UpdateUser) -> UpdateUser {
        self.drawn += 1;
        UpdateUser {
            sender_try: Some(SenderTry {
                number: self.drawn,
                first_try_age_ms: None,
            }),
            ..update
        }
    }

    /// Two users exchange their addresses, or one takes the address that the other gives up, within seconds and in any order.
    pub(crate) fn move_addresses(&mut self, fault: Fault) {
        let known: Vec<(usize, String)> = (0..self.plan.users)
            .filter_map(|user| Some((user, self.users.rows[user].address()?.to_owned())))
            .collect();
        if known.len() < 2 {
            return;
        }
        let (one, own) = self.random.pick(&known).clone();
        let (other, others) = self.random.pick(&known).clone();
        if one == other {
            return;
        }
        let given_up = if fault == Fault::AddressesSwapped {
            others
        } else {
            self.drawn += 1;
            format!("u{one}.{}@x.io", self.drawn)
        };
        for (user, address) in [(one, given_up), (other, own)] {
            let mut update = self.draw_change(user);
            update.if_match = None;
            update.fields.insert(Field::EMAIL, Some(address.into()));
            let at = self.now + self.random.below(3 * SECOND);
            self.agenda
                .plan(at, Event::Send(Box::new(Request::Update(update))));
        }
    }

    /// Gives a user new values.
    pub(crate) fn change_of(&mut self, user: usize) {
        let update = self.draw_change(user);
        self.send(Request::Update(update));
    }

    /// Everybody gets a new name, as by an import, so that whatever holds for a name meets everybody.
    pub(crate) fn change_everyone(&mut self, name: Field) {
        for user in 0..self.plan.users {
            let mut update = self.draw_change(user);
            let version = self.users.rows[user].version;
            let value = format!("imported {user} after {version}");
            update.fields.insert(name, Some(value.into()));
            self.send(Request::Update(update));
        }
    }

    /// A caller whose change was not accepted, or who does not know, may send it again. With an idempotency key that is safe.
    pub(crate) fn perhaps_send_again(&mut self, request: Request, code: ErrorCode) {
        let may_help = matches!(code, ErrorCode::Unavailable | ErrorCode::OutcomeUnknown);
        if may_help && self.random.chance(500) {
            let at = self.now + self.random.between(SECOND / 2, 10 * SECOND);
            let again = match request {
                Request::Update(update) => Request::Update(self.with_new_number(update)),
                other => other,
            };
            self.agenda.plan(at, Event::Send(Box::new(again)));
        }
    }

    fn draw_change(&mut self, user: usize) -> UpdateUser {
        let row = &self.users.rows[user];
        let (version, current) = (row.version, row.address().map(str::to_owned));
        let form = if self.random.chance(500) {
            UpdateForm::Json
        } else {
            UpdateForm::MergePatch
        };
        let mut fields = Values::new();
        for field in [Field::FIRST_NAME, Field::LAST_NAME] {
            if self.random.chance(550) {
                let value = self.draw_name(user, field);
                fields.insert(field, value.map(Value::from));
            }
        }
        let address = match current {
            None => Some(self.first_address(user)),
            Some(_) if self.random.chance(150) => Some(self.draw_address(user)),
            Some(own) if form == UpdateForm::Json || fields.is_empty() => Some(own),
            Some(_) => None,
        };
        fields.extend(address.map(|address| (Field::EMAIL, Some(address.into()))));
        if version > 0 && self.random.chance(120) {
            self.complete_profile(user, &mut fields);
        }
        self.drawn += 1;
        let key = self.random.chance(400).then(|| format!("k{}", self.drawn));
        let if_match = self
            .random
            .chance(50)
            .then(|| version - version.min(self.random.below(2)));
        UpdateUser {
            user_id: user_id(user),
            form,
            fields,
            if_match,
            idempotency_key: key,
            sender_try: Some(SenderTry {
                number: self.drawn,
                first_try_age_ms: None,
            }),
        }
    }

    /// An application that sends the whole profile, mostly without a change.
    fn complete_profile(&mut self, user: usize, fields: &mut Values) {
        if self.random.chance(700) {
            fields.clear();
        }
        for (field, state) in self.users.rows[user].fields.iter() {
            let value = || state.value.clone();
            fields.entry(field).or_insert_with(value);
        }
    }

    fn draw_name(&mut self, user: usize, field: Field) -> Option<String> {
        self.drawn += 1;
        let number = self.drawn;
        if self.plan.has(Fault::RejectedValue) && self.random.chance(60) {
            return Some(format!("{BAD}{number}"));
        }
        if self.plan.has(Fault::RejectedUnnamed) && self.random.chance(60) {
            return Some(format!("{ODD}{number}"));
        }
        for (fault, beginning) in [(Fault::OtherForm, FORM), (Fault::ReplacedValue, GONE)] {
            if self.plan.has(fault) && self.random.chance(60) {
                return Some(format!("{beginning}{number}"));
            }
        }
        match self.random.below(20) {
            0 => None,
            1 => {
                let value = self.users.rows[user].fields[field].value.as_ref();
                value.and_then(Value::as_text).map(str::to_owned)
            }
            _ => Some(format!("N{number}")),
        }
    }

    fn draw_address(&mut self, user: usize) -> String {
        self.drawn += 1;
        let number = self.drawn;
        if self.plan.has(Fault::InvalidEmail) && self.random.chance(200) {
            return format!("{BAD}{number}@x.io");
        }
        let may_conflict = [Fault::Conflict, Fault::OwnConflict]
            .into_iter()
            .any(|fault| self.plan.has(fault));
        if may_conflict
            && self.random.chance(500)
            && let Some(address) = self.address_of_a_contact()
        {
            return address;
        }
        if self.random.chance(100) {
            return format!("U{user}.{number}@X.io");
        }
        format!("u{user}.{number}@x.io")
    }

    /// An address that some contact has, the primary or a secondary one.
    fn address_of_a_contact(&mut self) -> Option<String> {
        let contacts = self.hubspot.existing();
        if contacts.is_empty() {
            return None;
        }
        let contact = self.hubspot.contact(*self.random.pick(&contacts));
        let all: Vec<&String> = contact
            .additional
            .iter()
            .chain([&contact.values[Field::EMAIL]])
            .filter(|address| !address.is_empty())
            .collect();
        (!all.is_empty()).then(|| (*self.random.pick(&all)).clone())
    }
}

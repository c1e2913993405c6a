//! A model of HubSpot: contacts, and calls that go wrong by luck.

use std::{collections::BTreeMap, time::Duration};

use crate::engine::{
    Answer, Answered, Call, Contact, InputError, Inspected, Limits, Policy, Problem, ProblemKind,
    UpdateInput, Written,
    tests::samples::{ACCOUNT, reason},
};

/// What each contact's `firstname` is. Every address `<user>@example.com` has the contact `c-<user>`.
#[derive(Default)]
pub(super) struct Contacts {
    names: BTreeMap<String, String>,
}

/// The contacts a call writes to.
pub(super) fn contacts_of(call: &Call) -> Vec<String> {
    match call {
        Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.clone()).collect(),
        Call::Patch { contact_id, .. } => vec![contact_id.clone()],
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::FindAlone { .. }
        | Call::Read { .. }
        | Call::Create { .. } => Vec::new(),
    }
}

fn contact(id: &str) -> Contact {
    let email = id.replacen("c-", "", 1) + "@example.com";
    Contact {
        id: id.to_owned(),
        email: Some(email),
        additional_emails: Some(Vec::new()),
    }
}

fn problem(kind: ProblemKind) -> Answered {
    Answered {
        answer: Answer::Problem(Problem {
            kind,
            reason: reason("X"),
        }),
        limits: Limits::default(),
        said: None,
    }
}

impl Contacts {
    pub(super) fn name(&self, user: &str) -> Option<&str> {
        self.names.get(&format!("c-{user}")).map(String::as_str)
    }

    /// The answer, and how long it takes besides the usual.
    pub(super) fn answer(&mut self, call: &Call, luck: u64) -> (Answered, Duration) {
        let timeout = Duration::from_secs(10);
        let at_once = Duration::ZERO;
        match luck {
            0..3 => (problem(ProblemKind::ServerFault { retry_after: None }), at_once),
            3..6 => {
                self.well(call, luck);
                (problem(ProblemKind::ServerFault { retry_after: None }), at_once)
            }
            6..8 => (problem(ProblemKind::Unanswered), timeout),
            8..10 => {
                self.well(call, luck);
                (problem(ProblemKind::Unanswered), timeout)
            }
            10 => (problem(ProblemKind::Unreachable), at_once),
            11 => (problem(ProblemKind::Unauthorized), at_once),
            12 => (
                problem(ProblemKind::Limited {
                    policy: Policy::Burst,
                    retry_after: None,
                }),
                at_once,
            ),
            13 => (problem(ProblemKind::MissingScopes), at_once),
            14 => (problem(ProblemKind::Locked), at_once),
            15 => (problem(ProblemKind::Forbidden), at_once),
            16 => (problem(ProblemKind::Garbled), at_once),
            17 => (problem(ProblemKind::Moving { retry_after: None }), at_once),
            _ => {
                let answer = self.well(call, luck);
                (
                    Answered {
                        answer,
                        limits: Limits {
                            max: Some(100),
                            ..Limits::default()
                        },
                        said: None,
                    },
                    at_once,
                )
            }
        }
    }

    /// Carries a call out. With some luck, a batch passes over its first input, or says nothing at all.
    fn well(&mut self, call: &Call, luck: u64) -> Answer {
        match call {
            Call::Account => Answer::Account {
                account_id: ACCOUNT.into(),
                details_refused: false,
            },
            Call::Find { addresses } if luck < 22 => {
                let refused = Problem {
                    kind: ProblemKind::Locked,
                    reason: reason("X"),
                };
                let error = InputError {
                    ids: addresses.clone(),
                    trace_ids: Vec::new(),
                    problem: refused,
                };
                Answer::Found {
                    contacts: Vec::new(),
                    errors: vec![error],
                }
            }
            Call::Find { addresses } => {
                let listed = addresses.iter().skip(usize::from(luck < 26));
                let contacts = listed.map(|address| contact(&owner(address))).collect();
                Answer::Found {
                    contacts,
                    errors: Vec::new(),
                }
            }
            Call::Inspect(_) => Answer::Inspected(Inspected::default()),
            Call::FindAlone { address } => Answer::Contact(contact(&owner(address))),
            Call::Read { contact_id } => Answer::Contact(contact(contact_id)),
            Call::Patch {
                contact_id,
                properties,
            } => {
                self.write(contact_id, properties.get("firstname"));
                Answer::Contact(contact(contact_id))
            }
            Call::Create { inputs } => panic!("nobody is missing: {inputs:?}"),
            Call::Update { .. } if luck < 22 => Answer::Updated {
                results: Vec::new(),
                errors: Vec::new(),
            },
            Call::Update { inputs } => {
                let written = inputs.iter().skip(usize::from(luck < 26));
                Answer::Updated {
                    results: written.map(|input| self.update(input)).collect(),
                    errors: Vec::new(),
                }
            }
        }
    }

    fn update(&mut self, input: &UpdateInput) -> Written {
        self.write(&input.contact_id, input.properties.get("firstname"));
        Written {
            contact_id: input.contact_id.clone(),
            trace_id: Some(input.trace_id.clone()),
        }
    }

    fn write(&mut self, contact_id: &str, name: Option<&String>) {
        if let Some(name) = name {
            self.names.insert(contact_id.to_owned(), name.clone());
        }
    }
}

fn owner(address: &str) -> String {
    format!("c-{}", address.trim_end_matches("@example.com"))
}

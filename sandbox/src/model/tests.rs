//! The model in virtual time.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::Switches;

/// An account with a clock that tests set.
struct Portal {
    account: Account,
    switches: Switches,
    now: Timestamp,
}

impl Portal {
    fn new() -> Self {
        let properties = Properties::new(&[], &["app_user_id".to_owned()]);
        let account = Account::new(StoredAccount::new(12_345_678), properties, 3);
        Self {
            account,
            switches: Switches::default(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Makes one request, which is committed if it succeeds and rolled back if not.
    fn request<T>(
        &mut self,
        change: impl FnOnce(&mut Account, &Context<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let context = Context {
            now: self.now,
            version: ApiVersion::September2026,
            switches: &self.switches,
            source: Source::Integration,
            author: "token 1",
            call: 1,
        };
        let changed = change(&mut self.account, &context);
        match &changed {
            Ok(_) => drop(self.account.commit()),
            Err(_) => self.account.roll_back(),
        }
        changed
    }

    fn create(&mut self, email: &str) -> ContactId {
        self.request(|account, context| create(account, context, &values(&[("email", email)]), None))
            .unwrap()
            .id
    }

    fn set(&mut self, id: ContactId, name: &str, value: &str) -> Result<Contact, Rejection> {
        self.request(|account, context| update(account, context, id, &values(&[(name, value)]), None))
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now += std::time::Duration::from_millis(milliseconds);
    }

    fn names_in_search(&mut self) -> Vec<String> {
        self.account.search_lag.advance(self.now);
        let everything: Search = serde_json::from_value(json!({ "properties": [] })).unwrap();
        let found = search(&self.account, &self.switches, &everything).unwrap();
        found
            .contacts
            .iter()
            .filter_map(|contact| contact.value("firstname"))
            .collect()
    }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn search_lags_by_the_time_of_the_switch() {
    let mut portal = Portal::new();
    portal.switches.search_lag_ms = 1_000;
    let id = portal.create("ada@example.com");
    portal.wait(5_000);
    for name in ["First", "Second"] {
        portal.set(id, "firstname", name).unwrap();
        portal.wait(400);
    }
    portal.wait(199);
    assert_eq!(
        portal.names_in_search(),
        Vec::<String>::new(),
        "999 ms after the first write"
    );
    portal.wait(1);
    assert_eq!(portal.names_in_search(), ["First"]);
    portal.wait(400);
    assert_eq!(portal.names_in_search(), ["Second"]);
}

#[test]
fn search_still_shows_a_contact_erased_a_moment_ago() {
    let mut portal = Portal::new();
    portal.switches.search_lag_ms = 1_000;
    let id = portal.create("ada@example.com");
    portal.set(id, "firstname", "Ada").unwrap();
    portal.wait(1_000);
    portal
        .request(|account, context| delete_for_privacy(account, context, &id.to_string(), None))
        .unwrap();
    assert_eq!(portal.names_in_search(), ["Ada"]);
    portal.wait(1_000);
    assert!(portal.names_in_search().is_empty());
}

#[test]
fn a_rejected_batch_changes_nothing() {
    let mut portal = Portal::new();
    let ada = portal.create("ada@example.com");
    let grace = portal.create("grace@example.com");
    let input = |id: ContactId, email: &str| WriteInput {
        id: id.to_string(),
        properties: values(&[("email", email)]),
        ..WriteInput::default()
    };
    let inputs = [input(ada, "new@example.com"), input(grace, "new@example.com")];
    let rejection = portal
        .request(|account, context| batch_update(account, context, &inputs))
        .unwrap_err();
    assert_eq!(
        rejection,
        Rejection::EmailConflict {
            email: "new@example.com".into(),
            holder: ada
        }
    );
    assert_eq!(portal.account.holder("ada@example.com"), Some(ada));
    assert_eq!(portal.account.holder("new@example.com"), None);
    assert_eq!(portal.account.writes(ada).len(), 1);
}

#[test]
fn an_id_of_a_rejected_create_is_not_used_again() {
    let mut portal = Portal::new();
    portal.create("ada@example.com");
    let new = |email: &str| WriteInput {
        properties: values(&[("email", email)]),
        ..WriteInput::default()
    };
    let inputs = [new("grace@example.com"), new("ada@example.com")];
    portal
        .request(|account, context| batch_create(account, context, &inputs))
        .unwrap_err();
    assert_eq!(portal.create("edsger@example.com"), ContactId(101));
}

#[test]
fn two_inputs_of_a_batch_cannot_have_one_address() {
    let mut portal = Portal::new();
    let new = |trace: &str| WriteInput {
        properties: values(&[("email", "ada@example.com")]),
        trace_id: Some(trace.to_owned()),
        ..WriteInput::default()
    };
    let inputs = [new("t-1"), new("t-2")];
    let outcome = portal
        .request(|account, context| batch_create(account, context, &inputs))
        .unwrap();
    let holder = outcome.results[0].contact.id;
    let rejection = Rejection::EmailConflict {
        email: "ada@example.com".into(),
        holder,
    };
    assert_eq!(
        outcome.errors,
        [BatchError::Rejected {
            rejection,
            trace_id: "t-2".into()
        }]
    );
}

#[test]
fn kept_writes_and_past_values_are_limited() {
    let mut portal = Portal::new();
    let id = portal.create("ada@example.com");
    for number in 0..30 {
        portal.set(id, "firstname", &number.to_string()).unwrap();
    }
    let kept: Vec<&str> = portal
        .account
        .writes(id)
        .iter()
        .map(|write| write.properties["firstname"].as_str())
        .collect();
    assert_eq!(kept, ["27", "28", "29"]);
    let contact = portal.account.contact(id).unwrap();
    assert_eq!(contact.history["firstname"].len(), 20);
    assert_eq!(contact.history["firstname"][0].value, "29");
}

#[test]
fn only_an_archive_frees_addresses_and_unique_values() {
    let mut portal = Portal::new();
    let ada = portal.create("ada@example.com");
    portal.set(ada, "app_user_id", "u-1").unwrap();
    let grace = portal.create("grace@example.com");
    let (first, second) = (ada.to_string(), grace.to_string());
    let merged = portal
        .request(|account, context| merge(account, context, &first, &second))
        .unwrap();
    for email in ["ada@example.com", "grace@example.com"] {
        assert_eq!(portal.account.holder(email), Some(merged.id));
    }
    assert_eq!(
        portal.account.unique_holder("app_user_id", "u-1"),
        Some(merged.id)
    );
    portal
        .request(|account, context| archive(account, context, merged.id))
        .unwrap();
    assert_eq!(portal.account.holder("ada@example.com"), None);
    assert_eq!(portal.account.unique_holder("app_user_id", "u-1"), None);
    assert_eq!(
        portal.account.successor(ada),
        Some(merged.id),
        "the former id still finds the merged contact"
    );
}

#[test]
fn clearing_the_address_frees_it() {
    let mut portal = Portal::new();
    let id = portal.create("ada@example.com");
    let contact = portal.set(id, "email", "").unwrap();
    assert_eq!((contact.email(), contact.additional_emails.len()), (None, 0));
    assert_eq!(portal.account.holder("ada@example.com"), None);
}

#[test]
fn times_have_milliseconds_and_z() {
    let mut portal = Portal::new();
    portal.wait(1_500);
    let id = portal.create("ada@example.com");
    let contact = portal.account.contact(id).unwrap();
    assert_eq!(
        contact.value("createdate").as_deref(),
        Some("1970-01-01T00:00:01.500Z")
    );
}

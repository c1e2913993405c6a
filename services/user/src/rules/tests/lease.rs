//! The lease: which worker may deliver.

use contracts::{ChangeLease, DeliveryAction, LeaseAnswer, TokenState, delivery::LeaseAction};

use crate::rules::{Lease, RuleTiming, UnixMs, change_lease, control_delivery};

/// The lease, the time, and whether any user is linked to a contact.
#[derive(Default)]
struct LeaseFixture {
    lease: Lease,
    now: UnixMs,
    has_links: bool,
}

impl LeaseFixture {
    fn ask_as(&mut self, holder: &str, account: &str, action: LeaseAction) -> LeaseAnswer {
        self.ask_with(holder, account, action, TokenState::Unknown)
    }

    fn hold_with(&mut self, holder: &str, token: TokenState) -> LeaseAnswer {
        self.ask_with(holder, "4711", LeaseAction::Hold, token)
    }

    fn ask_with(
        &mut self,
        holder: &str,
        account: &str,
        action: LeaseAction,
        token: TokenState,
    ) -> LeaseAnswer {
        let change = ChangeLease {
            holder: holder.to_owned(),
            account_id: account.to_owned(),
            action,
            token,
        };
        change_lease(
            &mut self.lease,
            &change,
            self.has_links,
            self.now,
            &RuleTiming::default(),
        )
    }

    fn ask(&mut self, holder: &str, action: LeaseAction) -> LeaseAnswer {
        self.ask_as(holder, "4711", action)
    }
}

fn granted(epoch: u64, may_yield: bool) -> LeaseAnswer {
    LeaseAnswer::Granted {
        epoch,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield,
        paused: false,
    }
}

fn held(left_ms: u64, holder_refused: bool) -> LeaseAnswer {
    LeaseAnswer::Held {
        left_ms,
        holder_refused,
    }
}

#[test]
fn a_refused_holder_may_yield_only_to_a_worker_whose_token_is_accepted() {
    let mut fixture = LeaseFixture::default();
    let refused = TokenState::Refused;
    fixture.ask("a", LeaseAction::Hold);
    assert_eq!(fixture.hold_with("a", refused), granted(1, false));
    for token in [TokenState::Unknown, refused] {
        assert_eq!(fixture.hold_with("b", token), held(3_000, true), "it hears why");
        assert_eq!(fixture.hold_with("a", refused), granted(1, false), "{token:?}");
    }
    fixture.hold_with("b", TokenState::Accepted);
    assert_eq!(fixture.hold_with("a", refused), granted(1, true));
    fixture.now += 3_001;
    assert_eq!(
        fixture.hold_with("a", refused),
        granted(1, false),
        "nobody has asked for a while"
    );
}

#[test]
fn after_a_refused_holder_the_lease_waits_for_an_accepted_worker() {
    let mut fixture = LeaseFixture::default();
    fixture.hold_with("a", TokenState::Refused);
    fixture.hold_with("good", TokenState::Accepted);
    fixture.ask_with("a", "4711", LeaseAction::Yield, TokenState::Refused);
    assert_eq!(fixture.hold_with("bad", TokenState::Unknown), held(3_000, true));
    assert_eq!(fixture.hold_with("good", TokenState::Accepted), granted(2, false));
    fixture.hold_with("good", TokenState::Refused);
    fixture.hold_with("a", TokenState::Accepted);
    assert_eq!(
        fixture.hold_with("good", TokenState::Refused),
        granted(2, false),
        "at most once in ten minutes"
    );
}

#[test]
fn a_lease_that_no_accepted_worker_takes_is_free_after_its_term() {
    let mut fixture = LeaseFixture::default();
    fixture.hold_with("a", TokenState::Refused);
    fixture.hold_with("good", TokenState::Accepted);
    fixture.ask_with("a", "4711", LeaseAction::Yield, TokenState::Refused);
    fixture.now += 3_000;
    assert_eq!(fixture.ask("b", LeaseAction::Hold), granted(2, false));
}

#[test]
fn a_pause_outlives_the_lease_until_it_is_resumed() {
    let mut fixture = LeaseFixture::default();
    let paused = |answer| matches!(answer, LeaseAnswer::Granted { paused: true, .. });
    let control =
        |fixture: &mut LeaseFixture, action| control_delivery(&mut fixture.lease, action, fixture.now).paused;
    assert!(!control(&mut fixture, DeliveryAction::Read));
    assert!(control(&mut fixture, DeliveryAction::Pause));
    let since = fixture.lease.paused_since;
    assert!(paused(fixture.ask("a", LeaseAction::Hold)));
    fixture.now += 5_000;
    assert!(paused(fixture.ask("b", LeaseAction::Hold)));
    assert!(control(&mut fixture, DeliveryAction::Pause));
    assert_eq!(fixture.lease.paused_since, since);
    assert!(!control(&mut fixture, DeliveryAction::Resume));
    assert!(!paused(fixture.ask("b", LeaseAction::Hold)));
}

#[test]
fn a_worker_that_renews_keeps_the_lease_and_its_epoch() {
    let mut fixture = LeaseFixture::default();
    for _ in 0..10 {
        assert_eq!(fixture.ask("a", LeaseAction::Hold), granted(1, false));
        fixture.now += 1_000;
    }
    fixture.now += 1_000;
    assert_eq!(fixture.ask("b", LeaseAction::Hold), held(1_000, false));
    fixture.now += 1_000;
    assert_eq!(fixture.ask("b", LeaseAction::Hold), granted(2, false));
    assert_eq!(fixture.ask("a", LeaseAction::Hold), held(3_000, false));
}

#[test]
fn a_released_lease_is_free_at_once_under_a_new_epoch() {
    let mut fixture = LeaseFixture::default();
    fixture.ask("a", LeaseAction::Hold);
    assert_eq!(fixture.ask("b", LeaseAction::Release), LeaseAnswer::Released);
    assert!(
        matches!(fixture.ask("b", LeaseAction::Hold), LeaseAnswer::Held { .. }),
        "it was not b's to release"
    );
    fixture.ask("a", LeaseAction::Release);
    assert_eq!(fixture.ask("a", LeaseAction::Hold), granted(2, false));
}

#[test]
fn a_holder_may_yield_once_in_ten_minutes() {
    let mut fixture = LeaseFixture::default();
    fixture.ask("a", LeaseAction::Hold);
    fixture.ask("b", LeaseAction::Hold);
    assert_eq!(fixture.ask("a", LeaseAction::Hold), granted(1, true));
    fixture.ask("a", LeaseAction::Yield);
    assert_eq!(fixture.ask("b", LeaseAction::Hold), granted(2, false));
    fixture.ask("a", LeaseAction::Hold);
    assert_eq!(
        fixture.ask("b", LeaseAction::Hold),
        granted(2, false),
        "ten minutes have not passed"
    );
    fixture.now += 600_000;
    fixture.ask("b", LeaseAction::Hold);
    fixture.ask("a", LeaseAction::Hold);
    assert_eq!(fixture.ask("b", LeaseAction::Hold), granted(2, true));
}

#[test]
fn another_account_gets_no_lease_while_there_are_links() {
    let mut fixture = LeaseFixture::default();
    fixture.ask("a", LeaseAction::Hold);
    fixture.ask("a", LeaseAction::Release);
    fixture.has_links = true;
    let other_account = LeaseAnswer::OtherAccount {
        remembered: "4711".to_owned(),
    };
    assert_eq!(fixture.ask_as("b", "other", LeaseAction::Hold), other_account);
    fixture.has_links = false;
    assert_eq!(fixture.ask_as("b", "other", LeaseAction::Hold), granted(2, false));
}

#[test]
fn an_expiry_further_ahead_than_the_term_counts_as_past() {
    let mut fixture = LeaseFixture {
        now: 1_000_000,
        ..LeaseFixture::default()
    };
    fixture.ask("a", LeaseAction::Hold);
    fixture.now -= 100_000;
    assert_eq!(fixture.ask("b", LeaseAction::Hold), granted(2, false));
}

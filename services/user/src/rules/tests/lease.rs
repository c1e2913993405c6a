//! Who may deliver.

use contracts::{ChangeLease, DeliveryAction, LeaseAnswer, delivery::LeaseAction};

use crate::rules::{Lease, RuleTiming, UnixMs, change_lease, control_delivery};

#[derive(Default)]
struct Office {
    lease: Lease,
    now: UnixMs,
    has_links: bool,
}

impl Office {
    fn ask_as(&mut self, holder: &str, account: &str, wish: LeaseAction) -> LeaseAnswer {
        let ask = ChangeLease {
            holder: holder.to_owned(),
            account_id: account.to_owned(),
            action: wish,
        };
        change_lease(
            &mut self.lease,
            &ask,
            self.has_links,
            self.now,
            &RuleTiming::default(),
        )
    }

    fn ask(&mut self, holder: &str, wish: LeaseAction) -> LeaseAnswer {
        self.ask_as(holder, "4711", wish)
    }
}

fn granted(epoch: u64, may_step_aside: bool) -> LeaseAnswer {
    LeaseAnswer::Granted {
        epoch,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: may_step_aside,
        paused: false,
    }
}

#[test]
fn a_pause_stays_until_it_is_resumed_whoever_holds_the_lease() {
    let mut office = Office::default();
    let paused = |answer| matches!(answer, LeaseAnswer::Granted { paused: true, .. });
    let control = |office: &mut Office, wish| control_delivery(&mut office.lease, wish, office.now).paused;
    assert!(!control(&mut office, DeliveryAction::Read));
    assert!(control(&mut office, DeliveryAction::Pause));
    let since = office.lease.paused_since;
    assert!(paused(office.ask("a", LeaseAction::Hold)));
    office.now += 5_000;
    assert!(paused(office.ask("b", LeaseAction::Hold)));
    assert!(control(&mut office, DeliveryAction::Pause));
    assert_eq!(office.lease.paused_since, since);
    assert!(!control(&mut office, DeliveryAction::Resume));
    assert!(!paused(office.ask("b", LeaseAction::Hold)));
}

#[test]
fn one_worker_holds_it_under_one_epoch_for_as_long_as_it_renews() {
    let mut office = Office::default();
    for _ in 0..10 {
        assert_eq!(office.ask("a", LeaseAction::Hold), granted(1, false));
        office.now += 1_000;
    }
    office.now += 1_000;
    assert_eq!(
        office.ask("b", LeaseAction::Hold),
        LeaseAnswer::Held { left_ms: 1_000 }
    );
    office.now += 1_000;
    assert_eq!(office.ask("b", LeaseAction::Hold), granted(2, false));
    assert_eq!(
        office.ask("a", LeaseAction::Hold),
        LeaseAnswer::Held { left_ms: 3_000 }
    );
}

#[test]
fn what_is_released_is_free_at_once_under_a_new_epoch() {
    let mut office = Office::default();
    office.ask("a", LeaseAction::Hold);
    assert_eq!(office.ask("b", LeaseAction::Release), LeaseAnswer::Released);
    assert!(
        matches!(office.ask("b", LeaseAction::Hold), LeaseAnswer::Held { .. }),
        "it was not b's to release"
    );
    office.ask("a", LeaseAction::Release);
    assert_eq!(office.ask("a", LeaseAction::Hold), granted(2, false));
}

#[test]
fn a_holder_may_step_aside_while_another_asks_but_seldom() {
    let mut office = Office::default();
    office.ask("a", LeaseAction::Hold);
    office.ask("b", LeaseAction::Hold);
    assert_eq!(office.ask("a", LeaseAction::Hold), granted(1, true));
    office.ask("a", LeaseAction::Yield);
    assert_eq!(office.ask("b", LeaseAction::Hold), granted(2, false));
    office.ask("a", LeaseAction::Hold);
    assert_eq!(
        office.ask("b", LeaseAction::Hold),
        granted(2, false),
        "ten minutes have not passed"
    );
    office.now += 600_000;
    office.ask("b", LeaseAction::Hold);
    office.ask("a", LeaseAction::Hold);
    assert_eq!(office.ask("b", LeaseAction::Hold), granted(2, true));
}

#[test]
fn another_account_is_refused_while_links_belong_to_the_first() {
    let mut office = Office::default();
    office.ask("a", LeaseAction::Hold);
    office.ask("a", LeaseAction::Release);
    office.has_links = true;
    let refused = LeaseAnswer::OtherAccount {
        remembered: "4711".to_owned(),
    };
    assert_eq!(office.ask_as("b", "other", LeaseAction::Hold), refused);
    office.has_links = false;
    assert_eq!(office.ask_as("b", "other", LeaseAction::Hold), granted(2, false));
}

#[test]
fn an_expiry_further_ahead_than_the_lease_lasts_counts_as_past() {
    let mut office = Office {
        now: 1_000_000,
        ..Office::default()
    };
    office.ask("a", LeaseAction::Hold);
    office.now -= 100_000;
    assert_eq!(office.ask("b", LeaseAction::Hold), granted(2, false));
}

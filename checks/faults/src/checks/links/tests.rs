#![expect(clippy::unwrap_used, reason = "tests may panic")]

use contracts::{Reason, UpdateForm, Values};

use super::*;
use crate::callers::accepted_changes::{AcceptedChanges, Answer, Change, Expected};

fn expected(address: &str) -> Expected {
    let accepted_changes = AcceptedChanges::default();
    let change = Change {
        number: 1,
        user: "1".to_owned(),
        form: UpdateForm::MergePatch,
        fields: Values::from([(Field::EMAIL, Some(address.into()))]),
    };
    let answer = Answer {
        version: 1,
        changed: true,
    };
    accepted_changes.accept(&change, answer);
    accepted_changes.expected().remove("1").unwrap()
}

fn contact(id: &str, primary: &str, secondary: &str) -> Contact {
    let properties = [("email", primary), ("hs_additional_emails", secondary)];
    Contact {
        id: id.to_owned(),
        properties: properties
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        writes: Vec::new(),
    }
}

fn user<'a>(id: &str, expected: &'a Expected, contact: Option<Contact>) -> UserFound<'a> {
    UserFound {
        id: id.to_owned(),
        expected,
        fields: BTreeMap::new(),
        contact,
    }
}

fn pair(kind: PairKind) -> Pair {
    let mut pairs = Pair::all(3).into_iter();
    pairs.find(|pair| pair.kind == kind).unwrap()
}

#[test]
fn two_users_share_a_contact_only_by_its_primary_address() {
    let (a, b) = (expected("a@example.com"), expected("b@example.com"));
    let shared = contact("1", "a@example.com", "b@example.com");
    let one = user("1", &a, Some(shared.clone()));
    assert!(check_sharing(&one, &user("2", &a, Some(shared.clone()))).is_none());
    assert!(check_sharing(&one, &user("2", &b, Some(shared))).is_some());
    let own = contact("2", "b@example.com", "");
    assert!(check_sharing(&one, &user("2", &b, Some(own))).is_none());
    assert!(check_sharing(&user("1", &a, None), &user("2", &b, None)).is_none());
}

#[test]
fn a_contact_belongs_to_the_user_of_its_primary_address() {
    let (a, b) = (expected("a@example.com"), expected("b@example.com"));
    let held = contact("1", "a@example.com", "b@example.com");
    assert!(check_primary(&user("2", &b, Some(held.clone())), &user("1", &a, None)).is_some());
    assert!(check_primary(&user("1", &a, Some(held)), &user("2", &b, None)).is_none());
}

#[test]
fn a_confirmed_value_is_in_the_linked_contact() {
    let (swaps, hands_over) = (pair(PairKind::Swaps), pair(PairKind::HandsOver));
    let b = expected("b@example.com");
    let secondary = user(
        "1",
        &b,
        Some(contact("1", "a@example.com", "c@example.com;b@example.com")),
    );
    assert!(check_confirmed(&swaps, &secondary, Field::EMAIL).is_some());
    assert!(check_confirmed(&hands_over, &secondary, Field::EMAIL).is_none());
    let other = user("1", &b, Some(contact("1", "a@example.com", "")));
    assert!(check_confirmed(&hands_over, &other, Field::EMAIL).is_some());
    assert!(check_confirmed(&swaps, &user("1", &b, None), Field::EMAIL).is_some());
    assert!(
        check_confirmed(&swaps, &other, Field::FIRST_NAME).is_none(),
        "it was never given"
    );
}

#[test]
fn a_conflict_names_a_contact_of_the_other_user_with_the_address() {
    let hands_over = pair(PairKind::HandsOver);
    let (a, b) = (expected("a@example.com"), expected("b@example.com"));
    let held = contact("7", "a@example.com", "b@example.com");
    let asking = user("2", &b, None);
    let check = |pair: &Pair, partner: &UserFound<'_>, named| {
        check_conflict(pair, &asking, partner, Field::EMAIL, named).is_some()
    };
    let partner = user("1", &a, Some(held.clone()));
    assert!(!check(&hands_over, &partner, Some(&held)));
    assert!(
        check(&pair(PairKind::Swaps), &partner, Some(&held)),
        "a swap ends without a conflict"
    );
    assert!(check(&hands_over, &partner, None), "no contact is named");
    assert!(
        check(&hands_over, &user("1", &a, None), Some(&held)),
        "nobody is linked to it"
    );
    let without = contact("7", "a@example.com", "");
    assert!(
        check(&hands_over, &partner, Some(&without)),
        "it does not have the address"
    );
}

#[test]
fn a_reason_names_a_contact() {
    let field = |message: &str| FieldReceipt {
        state: SyncState::Conflict,
        resending: false,
        normalized: false,
        shown: true,
        reason: Some(Reason::ours("CONTACT_OF_ANOTHER_USER", message)),
        recorded_at: None,
    };
    assert_eq!(named_contact(&field("contact 51 has this address")), Some("51"));
    assert_eq!(named_contact(&field("contact of another user")), None);
}

#[test]
fn losses_are_counted_by_user_and_compared_with_their_causes() {
    let log = b"INFO user: a user lost its contact to another user, and is looked up again user.id=paired-0 contact.id=\"7\"\n\
        INFO user: a user was created user.id=paired-1\n\
        INFO user: a user lost its contact to another user, and is looked up again user.id=paired-0\xff contact.id=\"8\"\n\
        INFO user: a user lost its contact to another user, and is looked up again user.id=paired-0 contact.id=\"8\"\n";
    let mut losses = Losses::new();
    count_losses(&log[..], &mut losses).unwrap();
    assert_eq!(losses["paired-0"], 2);
    let pairs = Pair::all(1);
    assert_eq!(check_losses(&pairs, &losses).len(), 2);
    pairs[0].record().swaps = 1;
    losses.retain(|user, _| user == "paired-0");
    assert!(check_losses(&pairs, &losses).is_empty());
    let of_others = Losses::from([("cold-1".to_owned(), 1)]);
    assert_eq!(check_losses(&pairs, &of_others).len(), 1);
}

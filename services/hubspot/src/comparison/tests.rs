//! What is found of whom.

use std::collections::BTreeMap;

use contracts::{
    ComparisonPurpose, Difference, Field, FieldDefinitions, FieldSet, Finding, FindingKind, Link, LinkOrigin,
    Reason, UserToCompare, Value,
};

use super::{Contacts, Plan, Read, UserComparer, repair_of};
use crate::engine::{
    CallError, CallErrorKind, Contact, InputError, InspectedContacts, MissingContact, Profile,
};

const DRIFT: ComparisonPurpose = ComparisonPurpose::Drift { repair: false };
const ACCOUNT: &str = "62515";

/// A user `<id>` of the contact `c-<id>`, which confirmed everything.
fn user(id: &str) -> UserToCompare {
    let values = [
        (Field::EMAIL, Some(format!("{id}@example.com").into())),
        (Field::FIRST_NAME, Some("Ada".into())),
        (Field::LAST_NAME, None),
    ];
    UserToCompare {
        user_id: id.parse().expect("an id"),
        generation: 4,
        values: values.into(),
        confirmed: FieldDefinitions::built_in().all(),
        normalized: BTreeMap::new(),
        dirty: FieldSet::EMPTY,
        link: Some(Link {
            contact_id: format!("c-{id}"),
            account_id: ACCOUNT.to_owned(),
            address: None,
            origin: LinkOrigin::PrimaryAddress,
            shared: false,
        }),
        never_linked: false,
    }
}

/// One that owes everything and has no contact.
fn newcomer(id: &str) -> UserToCompare {
    UserToCompare {
        confirmed: FieldSet::EMPTY,
        dirty: FieldDefinitions::built_in().all(),
        link: None,
        never_linked: true,
        ..user(id)
    }
}

/// A contact that holds what its user gave.
fn profile(id: &str) -> Profile {
    let address = format!("{id}@example.com");
    Profile {
        contact: Contact {
            id: format!("c-{id}"),
            email: Some(address.clone()),
            additional_emails: Some(Vec::new()),
            former_ids: Vec::new(),
        },
        values: [
            (Field::EMAIL, Some(address.into())),
            (Field::FIRST_NAME, Some("Ada".into())),
            (Field::LAST_NAME, None),
        ]
        .into(),
    }
}

fn not_found(id: &str) -> InputError {
    InputError {
        ids: vec![id.to_owned()],
        trace_ids: Vec::new(),
        error: CallError {
            kind: CallErrorKind::NotFound,
            reason: Reason::ours("OBJECT_NOT_FOUND", "in words"),
        },
    }
}

/// What is found of these users, where HubSpot answers so.
fn findings(comparer: UserComparer<'_>, users: &[UserToCompare], answer: &InspectedContacts) -> Vec<Finding> {
    let plan = Plan::new(comparer.purpose, users.to_vec(), ACCOUNT);
    let mut findings = plan.known.clone();
    let read = |asked| {
        let answer = answer.clone();
        [Read { asked, answer }]
    };
    if let Some(ids) = plan.ids() {
        let read = read(ids);
        let contacts = Contacts::new(&read);
        findings.extend(
            plan.by_id
                .iter()
                .filter_map(|user| comparer.linked(user, &contacts)),
        );
    }
    if let Some(addresses) = plan.addresses() {
        let read = read(addresses);
        let contacts = Contacts::new(&read);
        findings.extend(
            plan.by_address
                .iter()
                .map(|user| comparer.unlinked(user, &contacts)),
        );
    }
    findings
}

fn comparer(purpose: ComparisonPurpose) -> UserComparer<'static> {
    UserComparer {
        purpose,
        values: true,
        missing: MissingContact::Skip,
        fields: FieldDefinitions::built_in(),
    }
}

fn answer(contacts: Vec<Profile>, errors: Vec<InputError>) -> InspectedContacts {
    InspectedContacts { contacts, errors }
}

fn fields(finding: &Finding) -> Vec<Field> {
    let fields = finding.fields.iter();
    fields.map(|difference| difference.field).collect()
}

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_contact_that_holds_what_it_confirmed_is_no_finding() {
    let mut same = profile("a");
    same.contact.email = Some("other@example.com".to_owned());
    same.contact.additional_emails = Some(vec!["A@Example.com".to_owned()]);
    same.values.insert(Field::LAST_NAME, Some("".into()));
    same.values.insert(Field::FIRST_NAME, Some(" Ada ".into()));
    assert_eq!(
        findings(comparer(DRIFT), &[user("a")], &answer(vec![same], vec![])),
        []
    );
}

#[test]
fn a_value_that_a_person_changed_is_found_with_both_sides_if_they_are_wanted() {
    let mut changed = profile("a");
    changed.values.insert(Field::FIRST_NAME, Some("Eva".into()));
    changed.values.insert(Field::LAST_NAME, Some("Lovelace".into()));
    let answer = answer(vec![changed], vec![]);
    let found = findings(comparer(DRIFT), &[user("a")], &answer);
    let difference = |field, ours: Option<&str>, theirs: &str| Difference {
        field,
        user_value: ours.map(Value::from),
        contact_value: Some(theirs.into()),
    };
    let expected = [
        difference(Field::FIRST_NAME, Some("Ada"), "Eva"),
        difference(Field::LAST_NAME, None, "Lovelace"),
    ];
    assert_eq!(found[0].fields, expected);
    let names_only = UserComparer {
        values: false,
        ..comparer(DRIFT)
    };
    let found = findings(names_only, &[user("a")], &answer);
    let is_bare = |field: &Difference| field.user_value.is_none() && field.contact_value.is_none();
    assert!(found[0].fields.iter().all(is_bare), "{found:?}");
    let repair = repair_of(&user("a"), &found[0]).expect("something to repair");
    let names = FieldSet::from_iter([Field::FIRST_NAME, Field::LAST_NAME]);
    assert_eq!((repair.generation, repair.fields), (4, names));
}

#[test]
fn a_field_of_which_the_answer_says_nothing_is_not_reported_and_not_repaired() {
    let mut curt = profile("a");
    curt.contact.email = Some("other@example.com".to_owned());
    curt.values.remove(&Field::FIRST_NAME);
    curt.contact.additional_emails = None;
    let found = findings(comparer(DRIFT), &[user("a")], &answer(vec![curt.clone()], vec![]));
    assert_eq!(kinds(&found), [FindingKind::NotReported]);
    assert_eq!(fields(&found[0]), [Field::EMAIL, Field::FIRST_NAME]);
    assert_eq!(repair_of(&user("a"), &found[0]), None);
    curt.values.insert(Field::LAST_NAME, Some("Lovelace".into()));
    let found = findings(comparer(DRIFT), &[user("a")], &answer(vec![curt], vec![]));
    assert_eq!(kinds(&found), [FindingKind::Changed]);
    assert_eq!(fields(&found[0]), [Field::LAST_NAME], "what is told is compared");
    let bare = Profile {
        contact: profile("a").contact,
        ..Profile::default()
    };
    let linked = findings(
        comparer(ComparisonPurpose::DryRun),
        &[newcomer("a")],
        &answer(vec![bare], vec![]),
    );
    assert_eq!(kinds(&linked), [FindingKind::NotReported]);
}

#[test]
fn a_form_that_hubspot_kept_when_it_confirmed_the_value_is_no_difference() {
    let mut user = user("a");
    user.values.insert(Field::FIRST_NAME, Some("Ada  Maria".into()));
    user.normalized = [(Field::FIRST_NAME, "ada maria".to_owned())].into();
    for (held, differs) in [("ada maria", false), ("Ada  Maria", false), ("Ada Maria", true)] {
        let mut contact = profile("a");
        contact.values.insert(Field::FIRST_NAME, Some(held.into()));
        let found = findings(
            comparer(DRIFT),
            std::slice::from_ref(&user),
            &answer(vec![contact], vec![]),
        );
        assert_eq!(!found.is_empty(), differs, "{held}");
    }
}

#[test]
fn a_confirmed_address_that_the_contact_lost_is_repaired() {
    let mut user = user("a");
    user.values
        .insert(Field::EMAIL, Some("zoe\u{308}@example.com".into()));
    user.normalized = [(Field::EMAIL, "zoë@example.com".to_owned())].into();
    let with = |primary: &str, secondary: Option<&str>| {
        let mut contact = profile("a");
        contact.contact.email = Some(primary.to_owned());
        contact.contact.additional_emails = secondary.map(|address| vec![address.to_owned()]);
        contact.values.insert(Field::EMAIL, Some(primary.into()));
        let answer = answer(vec![contact], vec![]);
        let found = findings(comparer(DRIFT), std::slice::from_ref(&user), &answer);
        found.first().and_then(|finding| repair_of(&user, finding))
    };
    let address = FieldSet::from_iter([Field::EMAIL]);
    let repair = with("x@example.com", Some("y@example.com")).expect("a repair");
    assert_eq!(repair.fields, address);
    assert_eq!(with("zoë@example.com", Some("y@example.com")), None);
    assert_eq!(with("x@example.com", Some("Zoë@example.com")), None);
    assert_eq!(with("x@example.com", None), None, "it may be hidden");
}

#[test]
fn what_was_not_confirmed_is_not_compared() {
    let mut partly = user("a");
    partly.confirmed = FieldSet::from_iter([Field::LAST_NAME]);
    let mut changed = profile("a");
    changed.values.insert(Field::FIRST_NAME, Some("Eva".into()));
    assert_eq!(
        findings(comparer(DRIFT), &[partly], &answer(vec![changed], vec![])),
        []
    );
}

#[test]
fn a_contact_is_gone_only_where_hubspot_says_so() {
    let users = [user("a"), user("b"), user("c")];
    let answer = answer(vec![profile("c")], vec![not_found("c-a")]);
    let found = findings(comparer(DRIFT), &users, &answer);
    assert_eq!(kinds(&found), [FindingKind::Gone, FindingKind::NotReported]);
    let repaired = repair_of(&users[0], &found[0]).map(|repair| repair.fields);
    let but_for_its_key = FieldDefinitions::built_in().all().without(Field::EMAIL);
    assert_eq!(repaired, Some(but_for_its_key), "it is looked up by its address");
    assert_eq!(repair_of(&users[1], &found[1]), None);
}

#[test]
fn a_merged_contact_is_told_by_its_former_ids_or_by_being_the_only_answer() {
    let mut merged = profile("z");
    merged.contact.additional_emails = Some(vec!["a@example.com".to_owned()]);
    let single = answer(vec![merged.clone()], vec![]);
    merged.contact.former_ids = vec!["c-a".to_owned()];
    let among_others = answer(vec![profile("b"), merged], vec![]);
    let both = [user("a"), user("b")];
    for (users, answer) in [(&both[..], &among_others), (&both[..1], &single)] {
        let found = findings(comparer(DRIFT), users, answer);
        assert_eq!(kinds(&found), [FindingKind::Merged]);
        assert_eq!(found[0].contact_id.as_deref(), Some("c-z"));
        assert_eq!(repair_of(&users[0], &found[0]), None, "it may be another user's");
    }
}

#[test]
fn a_shared_contact_is_told_and_left_alone() {
    let mut shared = user("a");
    shared.link.as_mut().expect("a link").shared = true;
    let plan = Plan::new(DRIFT, vec![shared.clone()], ACCOUNT);
    assert_eq!((plan.ids(), plan.addresses()), (None, None));
    assert_eq!(kinds(&plan.known), [FindingKind::Shared]);
    assert_eq!(repair_of(&shared, &plan.known[0]), None);
}

#[test]
fn nobody_is_read_twice_nor_in_another_account() {
    let mut elsewhere = user("b");
    elsewhere.link.as_mut().expect("a link").account_id = "1".to_owned();
    let plan = Plan::new(DRIFT, vec![user("a"), user("a"), elsewhere], ACCOUNT);
    assert_eq!(plan.ids().expect("an inspection").keys, ["c-a"]);
    assert_eq!(plan.skipped, 1);
}

#[test]
fn a_dry_run_says_which_owed_fields_would_change_what() {
    let mut owing = user("a");
    owing.dirty = FieldSet::from_iter([Field::EMAIL, Field::LAST_NAME]);
    owing.values.insert(Field::LAST_NAME, Some("Lovelace".into()));
    let answer = answer(vec![profile("a")], vec![]);
    let found = findings(comparer(ComparisonPurpose::DryRun), &[owing, user("b")], &answer);
    assert_eq!(kinds(&found), [FindingKind::WouldWrite]);
    assert_eq!(found[0].fields.len(), 1);
    assert_eq!(found[0].fields[0].field, Field::LAST_NAME);
}

#[test]
fn an_owed_address_is_written_though_the_contact_has_it_as_a_secondary_one() {
    let mut owing = user("a");
    owing.dirty = FieldSet::from_iter([Field::EMAIL]);
    let mut secondary = profile("a");
    secondary.contact.additional_emails = Some(vec!["a@example.com".to_owned()]);
    let primary = Some("other@example.com".to_owned());
    secondary.contact.email.clone_from(&primary);
    secondary.values.insert(Field::EMAIL, primary.map(Value::from));
    let found = findings(
        comparer(ComparisonPurpose::DryRun),
        &[owing],
        &answer(vec![secondary.clone()], vec![]),
    );
    assert_eq!(kinds(&found), [FindingKind::WouldWrite]);
    assert_eq!(fields(&found[0]), [Field::EMAIL]);
    assert_eq!(found[0].fields[0].contact_value, Some("other@example.com".into()));
    let confirmed = findings(comparer(DRIFT), &[user("a")], &answer(vec![secondary], vec![]));
    assert_eq!(confirmed, [], "people may choose another primary one");
}

#[test]
fn a_dry_run_says_whom_an_address_would_link_and_whom_not() {
    let mut known = profile("a");
    known.values.insert(Field::FIRST_NAME, Some("Eva".into()));
    let users = ["a", "b", "c"].map(newcomer);
    let answer = answer(vec![known, profile("z")], vec![not_found("b@example.com")]);
    let found = findings(comparer(ComparisonPurpose::DryRun), &users, &answer);
    let expected = [
        FindingKind::WouldLink,
        FindingKind::NotFound,
        FindingKind::NotReported,
    ];
    assert_eq!(kinds(&found), expected);
    assert_eq!(found[0].contact_id.as_deref(), Some("c-a"));
    assert_eq!(fields(&found[0]), [Field::FIRST_NAME]);
    let creating = UserComparer {
        missing: MissingContact::Create,
        ..comparer(ComparisonPurpose::DryRun)
    };
    let found = findings(creating, &users, &answer);
    assert_eq!(found[1].kind, FindingKind::WouldCreate);
    assert_eq!(found[1].fields.len(), 2, "a field without a value makes none");
}

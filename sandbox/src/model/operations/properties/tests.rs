//! Definitions of properties in an account, without a server.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use jiff::Timestamp;

use super::*;
use crate::{
    CustomProperty, RuleType, Switches, ValidationRule,
    model::{
        Account, ApiVersion, Context, Properties, PropertyDefinition, PropertyGroup, Source, StoredAccount,
        Values, create, update,
    },
};

fn account() -> Account {
    let properties = Properties::new(
        &["plan:choice(free|team)".parse().unwrap()],
        &["app_id".to_owned()],
    );
    Account::new(StoredAccount::new(12_345_678), properties, 100)
}

fn with_context<T>(act: impl FnOnce(&Context<'_>) -> T) -> T {
    let switches = Switches::default();
    act(&Context {
        now: Timestamp::UNIX_EPOCH,
        version: ApiVersion::September2026,
        switches: &switches,
        source: Source::Integration,
        author: "token 1",
        call: 1,
    })
}

fn add(account: &mut Account, property: &CustomProperty) -> Result<PropertyDefinition, Rejection> {
    with_context(|context| create_property(account, context, property.definition()))
}

fn values(name: &str, value: &str) -> Values {
    Values::from([
        ("firstname".to_owned(), "Ada".to_owned()),
        (name.to_owned(), value.to_owned()),
    ])
}

#[test]
fn a_new_property_can_be_written() {
    let mut account = account();
    add(&mut account, &CustomProperty::number("seats")).unwrap();
    let contact = with_context(|context| create(&mut account, context, &values("seats", "5"), None)).unwrap();
    assert_eq!(contact.value("seats").as_deref(), Some("5"));
}

#[test]
fn a_name_that_a_property_has_is_rejected() {
    let mut account = account();
    for name in ["plan", "firstname"] {
        assert_eq!(
            add(&mut account, &CustomProperty::text(name)),
            Err(Rejection::PropertyExists(name.to_owned()))
        );
    }
}

#[test]
fn definitions_whose_members_do_not_go_together_are_rejected() {
    let mut account = account();
    let valid = CustomProperty::choice("colour", ["red", "blue"]).definition();
    let with = |change: fn(&mut PropertyDefinition)| {
        let mut definition = valid.clone();
        change(&mut definition);
        definition
    };
    for (definition, reason) in [
        (with(|definition| definition.name = "Colour".into()), "name"),
        (
            with(|definition| definition.name = "hs_colour".into()),
            "reserved name",
        ),
        (with(|definition| definition.label = " ".into()), "label"),
        (with(|definition| definition.group_name = "none".into()), "group"),
        (
            with(|definition| definition.field_type = crate::FieldType::Text),
            "control",
        ),
        (with(|definition| definition.options.clear()), "no options"),
        (
            with(|definition| definition.options[1].value = "red".into()),
            "repeated value",
        ),
        (
            with(|definition| definition.options[1].label = "red".into()),
            "repeated label",
        ),
        (
            with(|definition| definition.options[1].value = "a;b".into()),
            "semicolon",
        ),
        (
            with(|definition| definition.options[1].value = "x".repeat(3_001)),
            "long value",
        ),
        (with(|definition| definition.has_unique_value = true), "unique"),
        (
            with(|definition| definition.field_type = crate::FieldType::BooleanCheckbox),
            "other options than true and false",
        ),
    ] {
        let created = with_context(|context| create_property(&mut account, context, definition));
        assert!(
            matches!(created, Err(Rejection::InvalidDefinition(_))),
            "{reason}: {created:?}"
        );
    }
    assert!(with_context(|context| create_property(&mut account, context, valid)).is_ok());
}

#[test]
fn a_property_created_again_has_its_old_values() {
    let mut account = account();
    let contact =
        with_context(|context| create(&mut account, context, &values("plan", "team"), None)).unwrap();
    with_context(|context| archive_property(&mut account, context, "plan")).unwrap();
    let write = |account: &mut Account| {
        with_context(|context| update(account, context, contact.id, &values("plan", "free"), None))
    };
    let Err(Rejection::Properties(errors)) = write(&mut account) else {
        panic!("an archived property was written");
    };
    assert_eq!(errors[0].code, "PROPERTY_DOESNT_EXIST");
    add(
        &mut account,
        &CustomProperty::choice("plan", ["team", "business"]),
    )
    .unwrap();
    let kept = account.contact(contact.id).unwrap();
    assert_eq!(kept.value("plan").as_deref(), Some("team"));
}

#[test]
fn an_archived_property_does_not_come_back_with_another_type() {
    let mut account = account();
    with_context(|context| archive_property(&mut account, context, "plan")).unwrap();
    assert!(add(&mut account, &CustomProperty::number("plan")).is_err());
}

#[test]
fn unique_values_stay_unique_while_their_property_is_archived() {
    let mut account = account();
    let contact =
        with_context(|context| create(&mut account, context, &values("app_id", "u-1"), None)).unwrap();
    with_context(|context| archive_property(&mut account, context, "app_id")).unwrap();
    assert!(!account.properties.is_unique("app_id"));
    with_context(|context| update(&mut account, context, contact.id, &values("city", "Paris"), None))
        .unwrap();
    with_context(|context| restore_property(&mut account, context, "app_id")).unwrap();
    assert_eq!(account.unique_holder("app_id", "u-1"), Some(contact.id));
    let second = with_context(|context| create(&mut account, context, &values("app_id", "u-1"), None));
    assert!(matches!(second, Err(Rejection::ValueConflict { .. })));
}

#[test]
fn only_what_hubspot_allows_can_be_updated() {
    let mut account = account();
    let relabelled = || PropertyChanges {
        label: Some("New".into()),
        ..PropertyChanges::default()
    };
    let mut change =
        |name: &str, changes| with_context(|context| update_property(&mut account, context, name, changes));
    assert_eq!(change("plan", relabelled()).unwrap().label, "New");
    assert!(change("firstname", relabelled()).is_err());
    let options = |property: &str| PropertyChanges {
        options: Some(property.parse::<CustomProperty>().unwrap().options()),
        ..PropertyChanges::default()
    };
    assert!(change("hs_lead_status", options("x:choice(NEW|OLD)")).is_ok());
    assert!(change("lifecyclestage", options("x:choice(lead|fan)")).is_err());
    assert_eq!(change("nothing", relabelled()), Err(Rejection::NotFound));
}

#[test]
fn a_change_of_the_type_needs_all_members_of_the_new_one() {
    let mut account = account();
    let number = PropertyChanges {
        property_type: Some(crate::PropertyType::Number),
        field_type: Some(crate::FieldType::Number),
        options: Some(Vec::new()),
        ..PropertyChanges::default()
    };
    let without_control = PropertyChanges {
        property_type: Some(crate::PropertyType::Number),
        ..PropertyChanges::default()
    };
    let mut change =
        |name: &str, changes| with_context(|context| update_property(&mut account, context, name, changes));
    assert!(change("plan", without_control).is_err());
    assert!(change("plan", number).is_ok());
    let unique = PropertyChanges {
        property_type: Some(crate::PropertyType::Number),
        field_type: Some(crate::FieldType::Number),
        ..PropertyChanges::default()
    };
    assert!(change("app_id", unique).is_err());
}

#[test]
fn only_an_admin_can_archive_hubspots_own_properties() {
    let mut account = account();
    let by_app = with_context(|context| archive_property(&mut account, context, "firstname"));
    assert!(matches!(by_app, Err(Rejection::InvalidDefinition(_))));
    with_context(|context| archive_any_property(&mut account, context, "firstname")).unwrap();
    assert!(account.properties.get("firstname").is_none());
    for name in ["email", "createdate"] {
        assert!(with_context(|context| archive_any_property(&mut account, context, name)).is_err());
    }
}

#[test]
fn a_rejected_request_leaves_properties_as_they_were() {
    let mut account = account();
    let group = PropertyGroup {
        name: "app".to_owned(),
        label: "App".to_owned(),
        display_order: 1,
    };
    create_property_group(&mut account, group).unwrap();
    add(&mut account, &CustomProperty::text("nickname")).unwrap();
    with_context(|context| add_property_option(&mut account, context, "plan", "business")).unwrap();
    account.roll_back();
    assert!(account.properties.group("app").is_none());
    assert!(account.properties.definition("nickname").is_none());
    assert_eq!(account.properties.get("plan").unwrap().options.len(), 2);
}

#[test]
fn options_are_removed_and_put_back() {
    let mut account = account();
    let contact =
        with_context(|context| create(&mut account, context, &values("plan", "team"), None)).unwrap();
    with_context(|context| remove_property_option(&mut account, context, "plan", "team")).unwrap();
    let write = |account: &mut Account| {
        with_context(|context| update(account, context, contact.id, &values("plan", "team"), None))
    };
    let Err(Rejection::Properties(errors)) = write(&mut account) else {
        panic!("a removed option was written");
    };
    assert_eq!(
        errors[0].message,
        "team was not one of the allowed options: [free]"
    );
    let kept = account.contact(contact.id).unwrap();
    assert_eq!(kept.value("plan").as_deref(), Some("team"));
    with_context(|context| add_property_option(&mut account, context, "plan", "team")).unwrap();
    write(&mut account).unwrap();
}

#[test]
fn a_change_of_the_type_drops_the_rules() {
    let mut account = account();
    let rule = ValidationRule::new(RuleType::MaxLength, ["3"]);
    with_context(|context| set_validation_rules(&mut account, context, "city", vec![rule])).unwrap();
    with_context(|context| change_property_type(&mut account, context, &CustomProperty::number("city")))
        .unwrap();
    let city = account.properties.get("city").unwrap();
    assert_eq!((city.kind().name(), city.validation_rules.len()), ("number", 0));
}

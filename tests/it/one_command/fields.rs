//! The fields of `examples/fields.toml`, of every type, from an HTTP request to the sandbox's contact.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::process::Hubsync;

fn example() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fields.toml")).unwrap()
}

/// The example without one of its fields.
fn example_without(name: &str) -> String {
    let example = example();
    let kept = example
        .split_inclusive("\n\n")
        .filter(|part| !part.contains(&format!("name = \"{name}\"")));
    kept.collect()
}

/// Starts hubsync with this file of fields.
async fn start(hubsync: &mut Hubsync, fields: &str) {
    std::fs::write(hubsync.folder.path().join("fields.toml"), fields).unwrap();
    hubsync.start().await;
}

fn with_fields() -> Hubsync {
    let mut hubsync = Hubsync::new();
    hubsync.settings = vec![
        ("USER_FIELDS", "fields.toml".to_owned()),
        ("HUBSPOT_CONTACT_NOT_FOUND", "create".to_owned()),
    ];
    hubsync
}

async fn request(hubsync: &Hubsync, method: Method, path: &str, media_type: &str, body: &str) -> Value {
    let url = format!("http://127.0.0.1:{}{path}", hubsync.gateway);
    let request = hubsync
        .http
        .request(method, url)
        .header("content-type", media_type);
    let response = request.body(body.to_owned()).send().await.unwrap();
    let text = response.text().await.unwrap();
    // An import answers with several lines.
    let first_line = text.lines().next().unwrap_or_default();
    let document = serde_json::from_str(&text).or_else(|_| serde_json::from_str(first_line));
    document.unwrap_or_else(|_| panic!("{path}: {text}"))
}

async fn merge(hubsync: &Hubsync, user: &str, body: &Value) -> Value {
    let path = format!("/users/{user}");
    let media_type = "application/merge-patch+json";
    request(hubsync, Method::PATCH, &path, media_type, &body.to_string()).await
}

async fn get(hubsync: &Hubsync, path: &str) -> Value {
    request(hubsync, Method::GET, path, "application/json", "").await
}

/// The property of the only contact with this address.
async fn property(hubsync: &Hubsync, address: &str, name: &str) -> Value {
    let url = format!(
        "http://127.0.0.1:{}/crm/objects/2026-09/contacts/{address}?idProperty=email&properties={name}",
        hubsync.sandbox
    );
    let request = hubsync.http.get(url).bearer_auth("sandbox-token");
    let contact: Value = request.send().await.unwrap().json().await.unwrap();
    contact["properties"][name].clone()
}

fn profile() -> Value {
    json!({
        "email": "ada@example.com", "firstName": "Ada", "countryCode": "GB", "plan": "team",
        "interests": ["reports", "api"], "events": ["launch"], "seats": 5, "balance": 12.5, "newsletter": true,
        "birthday": "1815-12-10", "lastLogin": "2026-11-30T12:15:00+02:00", "source": "ads",
    })
}

#[tokio::test]
async fn a_field_of_every_type_reaches_hubspot_and_is_confirmed() {
    let mut hubsync = with_fields();
    start(&mut hubsync, &example()).await;
    let stored = merge(&hubsync, "1", &profile()).await;
    assert_eq!(
        stored["user"]["lastLogin"], "2026-11-30T10:15:00.000Z",
        "{stored}"
    );
    hubsync.wait_for_confirmed("1", 1).await;
    for (name, value) in [
        ("plan_tier", "team"),
        ("interests", "api;reports"),
        ("attended_events", "launch"),
        ("seat_count", "5"),
        ("account_balance", "12.5"),
        ("wants_newsletter", "true"),
        ("birthday", "1815-12-10"),
        ("signup_source", "ads"),
    ] {
        assert_eq!(property(&hubsync, "ada@example.com", name).await, value, "{name}");
    }
    // The same values in other forms change nothing.
    let same = json!({ "seats": 5.0, "interests": ["api", "reports"], "lastLogin": "2026-11-30T10:15:00Z" });
    let unchanged = merge(&hubsync, "1", &same).await;
    assert_eq!(
        (&unchanged["changed"], &unchanged["user"]["version"]),
        (&json!(false), &json!(1)),
        "{unchanged}"
    );
    // An appending field keeps the contact's options, and a field for new contacts is left alone.
    merge(&hubsync, "1", &json!({ "events": ["summit"], "source": "mail" })).await;
    hubsync.wait_for_confirmed("1", 2).await;
    assert_eq!(
        property(&hubsync, "ada@example.com", "attended_events").await,
        "launch;summit"
    );
    assert_eq!(
        property(&hubsync, "ada@example.com", "signup_source").await,
        "ads"
    );
    let receipt = get(&hubsync, "/users/1/sync").await;
    assert_eq!(receipt["fields"]["source"]["state"], "skipped", "{receipt}");
    let drift = request(&hubsync, Method::POST, "/sync/drift", "application/json", "{}").await;
    assert_eq!(
        (&drift["checked"], &drift["findings"]),
        (&json!(1), &json!([])),
        "{drift}"
    );
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn every_value_that_breaks_its_type_is_named() {
    let mut hubsync = with_fields();
    start(&mut hubsync, &example()).await;
    let wrong = json!({ "plan": "gold", "seats": "5", "birthday": "1815-12-10T00:00:00Z", "shoeSize": 3 });
    let problem = merge(&hubsync, "1", &wrong).await;
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4, "{problem}");
    for (pointer, expected) in [
        ("/plan", "must be one of free, team, business"),
        ("/seats", "not a string"),
        ("/birthday", "must be a date such as"),
        ("/shoeSize", "is not a member of a user"),
    ] {
        let error = errors.iter().find(|error| error["pointer"] == pointer);
        let detail = error.and_then(|error| error["detail"].as_str());
        assert!(
            detail.is_some_and(|detail| detail.contains(expected)),
            "{pointer}: {problem}"
        );
    }
    let csv = "userId,email,plan,seats,newsletter,interests\n7,eva@example.com,free,7.0,false,mobile;api\n8,x@example.com,Free,x,yes,z\n";
    let report = request(&hubsync, Method::POST, "/users/import", "text/csv", csv).await;
    assert_eq!(
        (&report["changed"], &report["rejected"]),
        (&json!(1), &json!(1)),
        "{report}"
    );
    let user = get(&hubsync, "/users/7").await;
    assert_eq!(
        (&user["seats"], &user["interests"]),
        (&json!(7), &json!(["api", "mobile"])),
        "{user}"
    );
    let schemas = get(&hubsync, "/openapi.json").await["components"]["schemas"].clone();
    let members = schemas["UserMergePatch"]["properties"].as_object().unwrap();
    assert_eq!(members.len(), 14, "{members:?}");
    hubsync.stop().await;
}

#[tokio::test]
async fn a_file_may_add_fields_but_not_remove_them() {
    let mut hubsync = with_fields();
    start(&mut hubsync, &example_without("plan")).await;
    assert_eq!(get(&hubsync, "/fields").await["revision"], 1);
    merge(&hubsync, "1", &json!({ "email": "ada@example.com", "seats": 5 })).await;
    hubsync.wait_for_confirmed("1", 1).await;
    hubsync.stop().await;

    start(&mut hubsync, &example()).await;
    assert_eq!(get(&hubsync, "/fields").await["revision"], 2);
    merge(&hubsync, "1", &json!({ "plan": "team" })).await;
    hubsync.wait_for_confirmed("1", 2).await;
    assert_eq!(property(&hubsync, "ada@example.com", "plan_tier").await, "team");
    hubsync.stop().await;

    start(&mut hubsync, &example_without("plan")).await;
    let set = get(&hubsync, "/fields").await;
    assert_eq!(
        (&set["revision"], set["fields"].as_array().unwrap().len()),
        (&json!(2), 14)
    );
    assert_eq!(get(&hubsync, "/users/1").await["plan"], "team");
    assert!(
        hubsync.output().contains("plan is removed"),
        "{}",
        hubsync.output()
    );
    hubsync.stop().await;
}

#[tokio::test]
async fn mistakes_in_the_file_end_the_start_with_their_lines() {
    let mut hubsync = with_fields();
    let wrong = example()
        .replace("type = \"date\"\n", "type = \"day\"\n")
        .replace("[A-Z]{2}", "[A-Z{2}");
    std::fs::write(hubsync.folder.path().join("fields.toml"), wrong).unwrap();
    let output = hubsync.fail_to_start().await;
    assert!(output.contains("USER_FIELDS: fields.toml: line "), "{output}");
    for part in ["pattern is no regular expression", "type has to be one of"] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[tokio::test]
async fn the_key_may_have_another_name() {
    let mut hubsync = with_fields();
    let fields = r#"
        [[field]]
        name = "email"
        property = "private_email"
        type = "text"
        [[field]]
        name = "mail"
        property = "email"
        type = "email"
    "#;
    start(&mut hubsync, fields).await;
    let url = format!("http://127.0.0.1:{}/users/1", hubsync.gateway);
    let without = hubsync
        .http
        .patch(&url)
        .json(&json!({ "email": "x" }))
        .send()
        .await
        .unwrap();
    assert_eq!(without.status(), 400);
    assert!(without.text().await.unwrap().contains("/mail"));
    let change = json!({ "mail": "ada@example.com", "email": "ada@home.example" });
    assert!(hubsync.patch("1", change).await.is_some());
    hubsync.wait_for_confirmed("1", 1).await;
    assert_eq!(
        property(&hubsync, "ada@example.com", "private_email").await,
        "ada@home.example"
    );
    let user = get(&hubsync, "/users/1").await;
    assert_eq!(
        (&user["mail"], &user["email"]),
        (&json!("ada@example.com"), &json!("ada@home.example"))
    );
    hubsync.stop().await;
}

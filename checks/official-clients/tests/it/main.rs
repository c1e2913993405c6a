//! Runs HubSpot's clients against the sandbox.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use official_clients::{Client, run_script};
use sandbox::{Sandbox, Settings, Switches};

const REDIRECT_URI: &str = "http://127.0.0.1:8085/callback";

/// Runs a script against a new sandbox.
async fn run(client: Client, script: &str, switches: Switches) {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        switches: Switches {
            // The scripts search for contacts that they have just written.
            search_lag_ms: 0,
            ..switches
        },
        ..Settings::default()
    };
    let hubspot = Sandbox::start(settings).await.unwrap();
    let variables = [
        ("SANDBOX_URL", hubspot.url()),
        ("PORTAL_ID", hubspot.portal_id().to_string()),
        ("CODE", hubspot.consent(REDIRECT_URI)),
        ("REDIRECT_URI", REDIRECT_URI.to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    run_script(client, script, &variables).await;
    assert!(!hubspot.calls().is_empty(), "the script reached the sandbox");
    hubspot.shutdown().await;
}

/// Switches with which responses have every member of HubSpot's specification.
fn complete() -> Switches {
    Switches {
        trace_ids_in_results: true,
        error_ids: true,
        ..Switches::default()
    }
}

#[tokio::test]
async fn the_node_client_makes_every_call_on_contacts() {
    run(Client::Node, "contacts.mjs", Switches::default()).await;
    run(Client::Node, "contacts.mjs", complete()).await;
}

#[tokio::test]
async fn the_node_client_gets_tokens_by_code_and_by_refresh_token() {
    run(Client::Node, "tokens.mjs", Switches::default()).await;
}

#[tokio::test]
async fn the_python_client_makes_every_call_on_contacts_and_gets_tokens() {
    run(Client::Python, "contacts.py", Switches::default()).await;
    run(Client::Python, "contacts.py", complete()).await;
}

#[tokio::test]
async fn the_generated_python_sdk_makes_every_call_on_contacts() {
    run(Client::PythonSdk, "sdk.py", Switches::default()).await;
    run(Client::PythonSdk, "sdk.py", complete()).await;
}

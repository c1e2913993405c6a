//! The whole system, in which each component has its own clock.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use sandbox::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;
use testing::{
    http,
    nats::{self, NatsServer},
    ports::free_port,
    postgres::{Options, PostgresServer, find_faketime},
    process::{Child, Launch},
    wait::until,
};

use crate::support::user_service::CEILING;

/// The difference between the clock of each component and the real time.
struct Clocks {
    gateway: &'static str,
    user: &'static str,
    database: &'static str,
}

struct System {
    sandbox: Sandbox,
    gateway: String,
    http: reqwest::Client,
    // Fields are dropped in order, so the services stop before what they need.
    services: BTreeMap<&'static str, Child>,
    _nats: NatsServer,
    _server: PostgresServer,
    _folder: TempDir,
}

impl System {
    async fn start(clocks: &Clocks) -> Self {
        let options = Options {
            clock: Some(clocks.database),
            ..Options::default()
        };
        let server = PostgresServer::start(options).await;
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let nats = NatsServer::start(nats::Options::default()).await.unwrap();
        let sandbox = Sandbox::start(sandbox::Settings::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [gateway, user, hubspot] = [(); 3].map(|()| free_port().unwrap().to_string());
        let settings = BTreeMap::from([
            ("NATS_URL", nats.url()),
            ("USER_DATABASE_URL", server.url()),
            ("USER_HEALTH_LISTEN", format!("127.0.0.1:{user}")),
            ("HUBSPOT_SANDBOX_URL", sandbox.url()),
            ("HUBSPOT_HEALTH_LISTEN", format!("127.0.0.1:{hubspot}")),
            ("API_GATEWAY_PORT", gateway.clone()),
        ]);
        let mut services = BTreeMap::new();
        for (name, clock) in [
            ("user", clocks.user),
            ("hubspot", "+0s"),
            ("api-gateway", clocks.gateway),
        ] {
            let mut launch = Launch::new(find_program(name))
                .clean_env()
                .current_dir(folder.path());
            for (name, value) in &settings {
                launch = launch.env(name, value);
            }
            let launch = launch.env(
                "LD_PRELOAD",
                find_faketime().unwrap_or_else(|error| panic!("{error}")),
            );
            // Only the wall clock is changed. Monotonic clocks of different machines are never compared.
            let launch = launch
                .env("FAKETIME", clock)
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            services.insert(name, launch.start().await.unwrap());
        }
        let gateway = format!("http://127.0.0.1:{gateway}");
        let http = http::client();
        http::wait_for_ok(&http, &format!("{gateway}/readyz"), CEILING)
            .await
            .unwrap();
        Self {
            sandbox,
            gateway,
            http,
            services,
            _nats: nats,
            _server: server,
            _folder: folder,
        }
    }

    /// Makes a change, and returns the status and the version of the user.
    async fn change(&self, user: &str, name: &str) -> (u16, Option<u64>) {
        let body = json!({ "email": format!("{user}@example.com"), "firstName": name });
        let request = self.http.patch(format!("{}/users/{user}", self.gateway));
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        (status, body["user"]["version"].as_u64())
    }

    /// Waits until the contact with this address has this first name.
    async fn wait_for_name(&self, email: &str, name: &str) {
        until("the name in HubSpot", CEILING, async || {
            let contact = self.sandbox.contact_by_email(email)?;
            (contact.value("firstname").as_deref() == Some(name)).then_some(())
        })
        .await;
    }
}

fn find_program(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap_or(Path::new("")).join(name);
    assert!(
        path.exists(),
        "{} is not built; run `cargo build` first",
        path.display()
    );
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn all_changes_reach_hubspot_with_different_clocks() {
    for clocks in [
        Clocks {
            gateway: "+0s",
            user: "+0s",
            database: "+10s",
        },
        Clocks {
            gateway: "+0s",
            user: "+0s",
            database: "-10s",
        },
        Clocks {
            gateway: "-1h",
            user: "+5m",
            database: "+1h",
        },
        Clocks {
            gateway: "+1h",
            user: "-5m",
            database: "-1h",
        },
    ] {
        let system = System::start(&clocks).await;
        let body = |user: &str| json!({ "email": format!("{user}@example.com"), "firstName": "Ada" });
        for user in ["1", "2"] {
            let contact = [("email", format!("{user}@example.com"))];
            system.sandbox.create_contact(contact).unwrap();
        }
        let changed = system
            .http
            .patch(format!("{}/users/1", system.gateway))
            .json(&body("1"));
        let changed = changed.send().await.unwrap();
        assert_eq!(changed.status(), 200, "{}", changed.text().await.unwrap());
        let mut line = body("2");
        line["userId"] = Value::from("2");
        let imported = system.http.post(format!("{}/users/import", system.gateway));
        let imported = imported
            .header("content-type", "application/x-ndjson")
            .body(line.to_string() + "\n");
        let reports = http::body_of(imported).await.unwrap();
        let summary: Value = serde_json::from_str(reports.lines().last().unwrap()).unwrap();
        assert_eq!(
            (&summary["done"], &summary["changed"]),
            (&json!(true), &json!(1)),
            "{reports}"
        );
        for user in ["1", "2"] {
            system.wait_for_name(&format!("{user}@example.com"), "Ada").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_service_makes_no_late_change_with_any_clock() {
    let clocks = Clocks {
        gateway: "+1h",
        user: "-5m",
        database: "-1h",
    };
    let mut system = System::start(&clocks).await;
    assert_eq!(system.change("1", "Ada").await, (200, Some(1)));
    let user = system.services.get_mut("user").unwrap();
    user.pause().unwrap();
    assert_eq!(system.change("1", "Eva").await, (504, None));
    let user = system.services.get_mut("user").unwrap();
    user.resume().unwrap();
    // The user service first receives both tries of the previous change.
    assert_eq!(system.change("1", "Joan").await, (200, Some(2)));
    assert_eq!(system.change("1", "Kay").await, (200, Some(3)));
}

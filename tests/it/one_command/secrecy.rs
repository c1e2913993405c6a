//! Secrets and personal data never appear in the output, whatever the log filter is.

use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;
use testing::nats::{NatsServer, Options};
use tokio::process::Command;

use super::Hubsync;

/// A random word that cannot occur in the output by chance.
fn random_word(beginning: &str) -> String {
    format!("{beginning}{}", Alphanumeric.sample_string(&mut rand::rng(), 12))
}

/// Changes, reads and compares users, and asserts that neither their values nor the secrets were printed.
async fn assert_nothing_is_printed(hubsync: &mut Hubsync, filter: &str, secrets: &[String]) {
    hubsync.settings.push(("RUST_LOG", filter.to_owned()));
    hubsync.start().await;
    let (first, last) = (random_word("Ada"), random_word("Love"));
    let (name, other) = (random_word("a").to_lowercase(), random_word("b").to_lowercase());
    let key = random_word("key");
    let gateway = format!("http://127.0.0.1:{}", hubsync.gateway);
    for (user, email) in [
        ("1", format!("{name}@example.com")),
        ("2", format!("{other}@example.com")),
    ] {
        let body = json!({ "email": email, "firstName": first, "lastName": last });
        let request = hubsync.http.patch(format!("{gateway}/users/{user}"));
        let answer = request
            .header("Idempotency-Key", &key)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    // Rejected changes must not be printed, either.
    for body in [
        format!("{{\"email\":\"{name}"),
        format!("{{\"email\":[\"{name}\"]}}"),
        format!("{{\"{name}\":1}}"),
    ] {
        let request = hubsync.http.patch(format!("{gateway}/users/3"));
        let answer = request
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16() / 100, 4);
    }
    let csv = format!(
        "userId,email,firstName,lastName\n4,{name}@example.org,{first},{last}\n5,{name},{first},{last}\n"
    );
    let import = hubsync.http.post(format!("{gateway}/users/import"));
    import
        .header("Content-Type", "text/csv")
        .body(csv)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let known = json!({ "email": "bh@hubspot.com", "firstName": first, "lastName": last });
    let version = hubsync.patch("1", known).await.expect("accepted")["user"]["version"]
        .as_u64()
        .unwrap();
    hubsync.wait_for_confirmed("1", version).await;
    for path in [
        "users/1",
        "users/1/sync",
        "sync?state=notFound",
        "sync/summary",
        "readyz",
    ] {
        hubsync
            .http
            .get(format!("{gateway}/{path}"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
    }
    let compare = hubsync
        .http
        .post(format!("{gateway}/sync/drift"))
        .json(&json!({ "all": true }));
    compare.send().await.unwrap().text().await.unwrap();
    let mut process = hubsync.process.take().expect("it was started");
    process.terminate().unwrap();
    assert_eq!(process.wait(super::CEILING).await.unwrap(), 0);
    let output = process.output().unwrap();
    assert!(
        output.contains("TRACE") || output.contains("DEBUG") || output.contains("\"level\""),
        "nothing was logged:\n{output}"
    );
    let words = [first, last, name, other, key];
    for word in words.iter().chain(secrets) {
        let lines = output
            .lines()
            .filter(|line| line.to_lowercase().contains(&word.to_lowercase()));
        let lines: Vec<_> = lines.take(3).collect();
        assert!(
            lines.is_empty(),
            "with {filter} this is printed of {word}:\n{}",
            lines.join("\n")
        );
    }
}

#[tokio::test]
async fn no_log_filter_prints_names_addresses_or_tokens() {
    let token = random_word("token");
    for filter in [
        "trace",
        "sqlx=trace,h2=trace,hyper=trace,async_nats=trace,reqwest=trace,rustls=trace,user=trace",
        "[{user.id}]=trace,axum::rejection=trace,debug",
    ] {
        let mut hubsync = Hubsync::new();
        hubsync.settings.push(("NATS_TOKEN", token.clone()));
        assert_nothing_is_printed(&mut hubsync, filter, std::slice::from_ref(&token)).await;
    }
}

#[tokio::test]
async fn credentials_in_an_address_are_never_printed() {
    let password = random_word("pw");
    let server = NatsServer::start(Options {
        config: format!("authorization {{ user: me, password: \"{password}/x\" }}\n"),
        ..Options::default()
    });
    let mut server = server.await.unwrap();
    let mut hubsync = Hubsync::new();
    let address = server
        .url()
        .replace("nats://", &format!("nats://me:{password}%2Fx@"));
    hubsync.settings.push(("NATS_URL", address.clone()));
    hubsync.settings.push(("LOG_FORMAT", "json".to_owned()));
    assert_nothing_is_printed(&mut hubsync, "trace", std::slice::from_ref(&password)).await;
    for variables in [
        vec![("NATS_URL", address.clone())],
        vec![(
            "NATS_URL",
            address.replace(&password, &format!("{password}-wrong")),
        )],
        vec![("NATS_URL", address.replace("%2F", "/"))],
        vec![("NATS_URL", address.clone()), ("NATS_TOKEN", password.clone())],
        vec![(
            "USER_DATABASE_URL",
            format!("postgres://me:{password}@127.0.0.1:1/x?sslpassword={password}"),
        )],
        vec![(
            "USER_DATABASE_URL",
            format!("postgres://me:{password}@127.0.0.1:1/x?password={password}"),
        )],
        vec![("HUBSPOT_SANDBOX_URL", format!("http://me:{password}@127.0.0.1:1"))],
        vec![("HUBSPOT_ACCESS_TOKEN_FILE", password.clone())],
        vec![("NATS_TOKEN", format!("{password}\u{200b}x"))],
    ] {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_hubsync"));
        doctor
            .arg("doctor")
            .env_clear()
            .env("PATH", &hubsync.path)
            .env("RUST_LOG", "trace");
        doctor.current_dir(hubsync.folder.path()).envs(variables.clone());
        let output = doctor.output().await.unwrap();
        let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains("nats"), "{printed}");
        assert!(!printed.contains(&password), "{:?}: {printed}", variables[0].0);
    }
    server.stop().await.unwrap();
}

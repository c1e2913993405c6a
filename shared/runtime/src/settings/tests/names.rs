//! Names that no setting has: whose they are, and what is said of them.

use super::super::{Env, Names};
use super::{folder_with, variables};

const SETTINGS: [&str; 12] = [
    "HUBSPOT_ACCESS_TOKEN",
    "HUBSPOT_SANDBOX_URL",
    "USER_DATABASE_URL",
    "USER_LEASE_MS",
    "API_GATEWAY_PORT",
    "NATS_URL",
    "NATS_TOKEN",
    "NATS_USER",
    "NATS_PASSWORD",
    "RUST_LOG",
    "LOG_FORMAT",
    "PORT",
];
const NAMES: Names<'_> = Names {
    own: &["API_GATEWAY_", "HUBSPOT_", "HUBSYNC_"],
    shared: &["USER_", "NATS_"],
    elsewhere: &["HUBSYNC_DATA", "HUBSPOT_SANDBOX_*"],
};

/// The faults, of names in the environment and in a file.
fn faults(environment: &[(&str, &str)], file: &str, names: &Names<'_>) -> Vec<String> {
    let folder = folder_with(&[("x.env", file)]);
    let env = Env::layered(variables(environment), &[folder.path().join("x.env")]);
    for name in SETTINGS {
        let _ = env.get(name);
    }
    let error = env.check(names).err();
    let faults = error.map_or_else(Vec::new, |error| error.faults().to_vec());
    let folder = format!("{}/", folder.path().display());
    faults
        .iter()
        .map(|fault| fault.to_string().replace(&folder, ""))
        .collect()
}

#[test]
fn a_misspelt_name_is_told_with_its_place_and_the_name_that_was_meant() {
    for (name, meant) in [
        ("HUBSPOT_ACESS_TOKEN", "HUBSPOT_ACCESS_TOKEN"),
        ("HUBSPOT_TOKEN", "HUBSPOT_ACCESS_TOKEN"),
        ("HUBPSOT_ACCESS_TOKEN", "HUBSPOT_ACCESS_TOKEN"),
        ("hubspot_access_token", "HUBSPOT_ACCESS_TOKEN"),
        ("HUBSPOT_SANDBOX_ULR", "HUBSPOT_SANDBOX_URL"),
        ("USER_DATABSE_URL", "USER_DATABASE_URL"),
        ("USER_DB_URL", "USER_DATABASE_URL"),
        ("USER_DATABASE", "USER_DATABASE_URL"),
        ("USERDATABASE_URL", "USER_DATABASE_URL"),
        ("API_GATEWAY_PROT", "API_GATEWAY_PORT"),
        ("API_GATWAY_PORT", "API_GATEWAY_PORT"),
        ("NATS_ULR", "NATS_URL"),
        ("NATS_PASS", "NATS_PASSWORD"),
        ("NATS_USERNAME", "NATS_USER"),
        ("RUST_LGO", "RUST_LOG"),
    ] {
        let hint = format!("did you mean {meant}?");
        let in_environment = faults(&[(name, "hunter2")], "", &NAMES);
        let in_file = faults(&[], &format!("# x\n\n{name}=hunter2\n"), &NAMES);
        assert_eq!((in_environment.len(), in_file.len()), (1, 1), "{name}");
        assert!(
            in_environment[0].contains("found in the environment") && in_environment[0].contains(&hint),
            "{in_environment:?}"
        );
        assert!(
            in_file[0].contains("found in x.env, line 3") && in_file[0].contains(&hint),
            "{in_file:?}"
        );
        assert!(!format!("{in_environment:?}{in_file:?}").contains("hunter2"));
    }
}

#[test]
fn a_former_name_of_a_setting_leads_to_its_new_name() {
    for (former, new) in [
        ("HUBSPOT_MISSING", "HUBSPOT_CONTACT_NOT_FOUND"),
        ("HUBSPOT_EMAIL_TAKEN", "HUBSPOT_EMAIL_CONFLICT"),
        ("USER_DOUBT_MS", "USER_LATE_WRITE_MS"),
        ("USER_ANNOUNCE_MS", "USER_WAKE_UP_MS"),
    ] {
        let env = Env::layered::<&str>(variables(&[(former, "x")]), &[]);
        for name in [new, "HUBSPOT_TIMEOUT_MS", "USER_LEASE_MS"] {
            let _ = env.get(name);
        }
        let error = env.check(&NAMES).expect_err("the name is not known");
        let hint = format!(
            "{former}: is not a setting of hubsync, and was found in the environment; did you mean {new}?"
        );
        assert!(error.to_string().contains(&hint), "{error}");
    }
}

#[test]
fn every_place_of_a_name_is_told() {
    let both = faults(&[("HUBSPOT_ACESS_TOKEN", "a")], "HUBSPOT_ACESS_TOKEN=b", &NAMES);
    assert_eq!(both.len(), 1);
    assert!(
        both[0].contains("in the environment and in x.env, line 1"),
        "{both:?}"
    );
}

#[test]
fn names_of_other_programs_are_left_alone() {
    let ordinary = [
        ("USER", "ada"),
        ("USERNAME", "ada"),
        ("USER_ID", "1000"),
        ("USER_UID", "1000"),
        ("USER_AGENT", "x"),
        ("USER_NAME", "ada"),
        ("NATS_CONTEXT", "prod"),
        ("NATS_CREDS", "/x.creds"),
        ("NATS_SERVER", "2.14.3"),
        ("NATS_CERT", "/x.pem"),
        ("NATS_TIMEOUT", "5s"),
        ("NATS_NKEY", "/x.nk"),
        ("RUST_BACKTRACE", "1"),
        ("PORT", "8080"),
        ("HTTPS_PROXY", "http://x"),
        ("DATABASE_URL", "postgres://x"),
        ("LOG_LEVEL", "info"),
        ("HUBSYNC_DATA", "/data"),
        ("API_GATEWAY_PORTS", "3030-3032"),
        ("HUBSPOT_SANDBOX_WINDOW_MS", "1000"),
    ];
    assert_eq!(faults(&ordinary, "", &NAMES), [""; 0]);
}

#[test]
fn what_kubernetes_and_docker_tell_of_services_are_no_settings() {
    let mut injected = vec![
        ("API_GATEWAY_PORT", "tcp://10.0.0.7:3030"),
        ("USER_NAME", "/web/user"),
    ];
    let names: Vec<String> = [
        "USER",
        "NATS",
        "API_GATEWAY",
        "HUBSPOT",
        "NATS_HEADLESS",
        "HUBSPOT_SANDBOX",
    ]
    .iter()
    .flat_map(|service| {
        let names = [
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "PORT_3030_TCP",
            "PORT_3030_TCP_ADDR",
            "PORT_3030_TCP_PORT",
            "PORT_3030_TCP_PROTO",
            "ENV_PATH",
        ];
        names.map(|name| format!("{service}_{name}"))
    })
    .collect();
    injected.extend(names.iter().map(|name| (name.as_str(), "10.0.0.7")));
    assert_eq!(faults(&injected, "", &NAMES), [""; 0]);
    let env = Env::layered(variables(&injected), super::NO_FILES);
    assert_eq!(
        env.get("API_GATEWAY_PORT"),
        None,
        "an address in the place of a port hides nothing"
    );
}

#[test]
fn a_file_holds_settings_only_and_each_part_judges_its_own() {
    let shared = "HUBSPOT_ACESS_TOKEN=a\nUSER_DATABSE_URL=b\nNATS_ULR=c\nTZ=UTC\nHUBSYNC_DATA=d\n";
    let of_user = Names {
        shared: &["USER_", "NATS_"],
        ..Names::default()
    };
    let names = |faults: Vec<String>| -> Vec<String> {
        faults
            .iter()
            .map(|fault| fault.split(':').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(faults(&[], shared, &of_user)),
        ["NATS_ULR", "TZ", "USER_DATABSE_URL"]
    );
    let all = faults(&[], shared, &NAMES);
    assert_eq!(
        names(all.clone()),
        [
            "HUBSPOT_ACESS_TOKEN",
            "HUBSYNC_DATA",
            "NATS_ULR",
            "TZ",
            "USER_DATABSE_URL"
        ]
    );
    assert!(all[1].contains("read from the environment only"), "{all:?}");
}

#[test]
fn what_may_be_a_secret_without_its_name_is_not_repeated() {
    let found = faults(&[], "pat1hunter2=\n", &NAMES);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("a name: ") && !found[0].contains("hunter2"),
        "{found:?}"
    );
}

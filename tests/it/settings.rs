//! Settings from files and the environment, read by the built binaries.

use std::{collections::BTreeSet, fs, path::Path};

use runtime::settings::Env;
use tempfile::TempDir;
use testing::process::{Child, Launch};

use crate::stack::{CEILING, built};

const EXAMPLES: [&str; 4] = [
    "nats.env",
    "services/api-gateway/.env",
    "services/user/.env",
    "services/hubspot/.env",
];
/// The hubspot service needs a token or a sandbox. It reads the names of both, whichever is set.
const REQUIRED: [(&str, &str); 1] = [("HUBSPOT_SANDBOX_URL", "http://127.0.0.1:3031")];

fn example(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{file}.example"));
    fs::read_to_string(path).unwrap()
}

/// The names in an example file, also those that are commented out.
fn names_in(example: &str) -> BTreeSet<String> {
    let names = example
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='));
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    names
        .map(|(name, _)| name)
        .filter(is_name)
        .map(str::to_owned)
        .collect()
}

/// The names that the services read.
fn names_read() -> BTreeSet<String> {
    let env = Env::from_pairs(REQUIRED);
    api_gateway::Config::read(&env).unwrap();
    user::Config::read(&env).unwrap();
    hubspot::Config::read(&env).unwrap();
    env.asked()
}

/// Makes a folder with these files.
fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, content) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

async fn start(folder: &TempDir, binary: &str, settings: &[(&str, &str)]) -> Child {
    let launch = Launch::new(built(binary)).clean_env().current_dir(folder.path());
    let launch = settings
        .iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value));
    launch.start().await.unwrap()
}

/// Starts a binary, expects it to exit because of its settings, and returns its output.
async fn fail_to_start(folder: &TempDir, binary: &str, settings: &[(&str, &str)]) -> String {
    let mut process = start(folder, binary, settings).await;
    assert_eq!(process.wait(CEILING).await.unwrap(), 1, "{}", process.tail());
    process.output().unwrap()
}

#[test]
fn the_examples_explain_exactly_the_settings_that_are_read() {
    let explained: BTreeSet<_> = EXAMPLES
        .iter()
        .flat_map(|file| names_in(&example(file)))
        .collect();
    let read = names_read();
    let differing: Vec<_> = explained.symmetric_difference(&read).collect();
    assert!(
        differing.is_empty(),
        "explained and not read, or read and not explained: {differing:?}"
    );
}

#[tokio::test]
async fn everything_starts_with_the_unchanged_examples() {
    let files = EXAMPLES.map(|file| (file, example(file)));
    let folder = folder(&files);
    let [gateway, sandbox] = [(); 2].map(|()| testing::ports::free_port().unwrap());
    let settings = [
        ("API_GATEWAY_PORT", gateway.to_string()),
        ("SANDBOX_LISTEN", format!("127.0.0.1:{sandbox}")),
    ];
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut process = start(&folder, "hubsync", &settings).await;
    process.wait_for_line("hubsync is ready", CEILING).await.unwrap();
    process.terminate().unwrap();
    assert_eq!(process.wait(CEILING).await.unwrap(), 0);
}

#[tokio::test]
async fn all_misspelt_names_are_reported_together() {
    let files = [
        ("nats.env", "NATS_TOKN=hunter2\n".to_owned()),
        (
            "services/hubspot/.env",
            "# live\nexport HUBSPOT_ACESS_TOKEN='hunter2'\r\n".to_owned(),
        ),
        (
            "services/user/.env",
            "USER_DATABSE_URL=sqlite:x\nUSER_LEASE_MS=soon\n".to_owned(),
        ),
    ];
    let folder = folder(&files);
    let of_nats =
        "NATS_TOKN: is not a setting of hubsync, and was found in nats.env, line 1; did you mean NATS_TOKEN?";
    let of_hubspot = "HUBSPOT_ACESS_TOKEN: is not a setting of hubsync, and was found in services/hubspot/.env, line 2; did \
                      you mean HUBSPOT_ACCESS_TOKEN?";
    let of_user = "USER_DATABSE_URL: is not a setting of hubsync, and was found in services/user/.env, line 1; did you mean \
                   USER_DATABASE_URL?";
    let of_gateway = "API_GATEWAY_PROT: is not a setting of hubsync, and was found in the environment; did you mean \
                      API_GATEWAY_PORT?";
    let environment = [
        ("API_GATEWAY_PROT", "1"),
        ("HUBSPOT_SANDBOX_URL", "http://127.0.0.1:1"),
    ];
    for (binary, parts) in [
        (
            "hubsync",
            vec![
                of_nats,
                of_hubspot,
                of_user,
                of_gateway,
                "USER_LEASE_MS: must be a number",
            ],
        ),
        ("api-gateway", vec![of_nats, of_gateway]),
        ("user", vec![of_nats, of_user, "USER_LEASE_MS: must be a number"]),
        ("hubspot", vec![of_nats, of_hubspot]),
    ] {
        let output = fail_to_start(&folder, binary, &environment).await;
        for part in &parts {
            assert!(
                output.contains(part),
                "{binary} does not print {part:?}:\n{output}"
            );
        }
        assert_eq!(
            output.lines().filter(|line| line.starts_with("  ")).count(),
            parts.len(),
            "{output}"
        );
        assert!(!output.contains("hunter2"), "{output}");
    }
    assert!(!folder.path().join(".hubsync").exists(), "nothing was started");
}

#[tokio::test]
async fn names_of_other_programs_are_ignored() {
    let folder = folder(&[]);
    let port = testing::ports::free_port().unwrap().to_string();
    let settings = [
        ("USER", "ada"),
        ("USERNAME", "ada"),
        ("USER_ID", "1000"),
        ("NATS_CONTEXT", "production"),
        ("NATS_CREDS", "/x.creds"),
        ("NATS_SERVER", "2.14.3"),
        ("USER_SERVICE_HOST", "10.0.0.7"),
        ("USER_SERVICE_PORT", "3032"),
        ("USER_PORT", "tcp://10.0.0.7:3032"),
        ("API_GATEWAY_SERVICE_PORT_HTTP", "3030"),
        ("API_GATEWAY_PORT_3030_TCP_ADDR", "10.0.0.7"),
        ("HUBSPOT_PORT_3033_TCP", "tcp://10.0.0.7:3033"),
        ("HUBSPOT_SANDBOX_SERVICE_HOST", "10.0.0.8"),
        ("HUBSPOT_SANDBOX_BURST", "100"),
        ("API_GATEWAY_PORTS", "3030-3032"),
        ("USER_HEALTH_LISTEN", &format!("127.0.0.1:{port}")),
    ];
    for binary in ["user", "hubspot"] {
        let more = [
            ("HUBSPOT_SANDBOX_URL", "http://127.0.0.1:1"),
            ("HUBSPOT_HEALTH_LISTEN", "127.0.0.1:0"),
            ("NATS_URL", "nats://127.0.0.1:1"),
        ];
        let mut process = start(&folder, binary, &[&settings[..], &more].concat()).await;
        process
            .wait_for_line("no connection to NATS yet", CEILING)
            .await
            .unwrap();
        process.terminate().unwrap();
        assert_eq!(process.wait(CEILING).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn placeholders_and_malformed_secrets_are_rejected() {
    for (name, value, part) in [
        ("NATS_TOKEN", "choose-a-long-random-token", "is a placeholder"),
        ("HUBSPOT_ACCESS_TOKEN", "your-token-here", "is a placeholder"),
        (
            "HUBSPOT_ACCESS_TOKEN",
            "Bearer pat-hunter2",
            "begins with `Bearer `",
        ),
        ("HUBSPOT_ACCESS_TOKEN", "pat\u{200b}hunter2", "as its character 4"),
        ("HUBSPOT_ACCESS_TOKEN", "\"pat-hunter2\"", "is in quotes"),
        (
            "HUBSPOT_ACCESS_TOKEN_FILE",
            "pat-hunter2",
            "names a file that cannot be used",
        ),
        ("RUST_LOG", "trce", "did you mean trace?"),
    ] {
        let output = fail_to_start(&folder(&[]), "hubsync", &[(name, value)]).await;
        assert!(
            output.contains(&format!("{name}: ")) && output.contains(part),
            "{output}"
        );
        assert!(
            !output.contains("hunter2") && !output.contains("your-"),
            "{output}"
        );
    }
}

#[tokio::test]
async fn the_database_of_a_single_service_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[]);
    let shell = Launch::new("/bin/sh")
        .arg("-c")
        .arg("umask 000; exec \"$0\" migrate");
    let launch = shell.arg(built("user")).clean_env().current_dir(folder.path());
    let mut process = launch.start().await.unwrap();
    assert_eq!(process.wait(CEILING).await.unwrap(), 0, "{}", process.tail());
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode(".hubsync"), mode(".hubsync/users.db")), (0o700, 0o600));
}

/// With a misspelt name, the command would ask another gateway than intended.
#[tokio::test]
async fn a_command_rejects_a_misspelt_name() {
    let folder = folder(&[]);
    let launch = Launch::new(built("hubsync"))
        .arg("status")
        .clean_env()
        .current_dir(folder.path());
    let mut process = launch
        .env("HUBSYNC_ULR", "http://127.0.0.1:1")
        .start()
        .await
        .unwrap();
    assert_eq!(process.wait(CEILING).await.unwrap(), 2);
    let output = process.output().unwrap();
    assert!(output.contains("did you mean HUBSYNC_URL?"), "{output}");
}

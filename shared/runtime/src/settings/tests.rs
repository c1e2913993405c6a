//! What people get wrong in settings, and what they are told.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod files;
mod names;
mod secrets;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::{Env, Names, Reader};

const NO_FILES: &[PathBuf] = &[];

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn all_faults_are_reported_together_by_name() {
    let env = Env::from_pairs([("PORT", "many"), ("MODE", "loud"), ("WAIT_MS", "90000")]);
    let mut reader = Reader::new(&env);
    let port: u16 = reader.or("PORT", 3030);
    let url: Option<String> = reader.required("DATABASE_URL");
    let mode = reader.one_of("MODE", 1, &[("quiet", 0), ("normal", 1)]);
    let wait = reader.duration_ms(
        "WAIT_MS",
        Duration::from_secs(1),
        Duration::ZERO..=Duration::from_secs(30),
    );
    let error = reader.finish(|| Some((port, url?, mode, wait))).unwrap_err();

    let names: Vec<_> = error.faults().iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["PORT", "DATABASE_URL", "MODE", "WAIT_MS"]);
    let message = error.to_string();
    assert_eq!(message.lines().count(), 5, "{message}");
    assert!(
        message.contains("MODE: must be one of: quiet, normal"),
        "{message}"
    );
    assert!(
        message.contains("WAIT_MS: must be a number from 0 to 30000"),
        "{message}"
    );
}

#[test]
fn good_settings_are_read() {
    let env = Env::from_pairs([("PORT", " 8080 "), ("NAME", "x"), ("WAIT_MS", "250")]);
    let mut reader = Reader::new(&env);
    let port: u16 = reader.or("PORT", 3030);
    let name: Option<String> = reader.required("NAME");
    let wait = reader.duration_ms(
        "WAIT_MS",
        Duration::from_secs(1),
        Duration::ZERO..=Duration::from_secs(30),
    );
    let absent: Option<u8> = reader.optional("ABSENT");
    let read = reader.finish(|| Some((port, name?, wait, absent))).unwrap();
    assert_eq!(read, (8080, "x".to_owned(), Duration::from_millis(250), None));
}

#[test]
fn an_empty_value_counts_as_not_set_and_hides_the_file() {
    let folder = folder_with(&[(".env", "TOKEN=from-file\nOTHER=from-file\n")]);
    let env = Env::layered(variables(&[("TOKEN", "")]), &[folder.path().join(".env")]);
    assert_eq!(env.get("TOKEN"), None);
    assert_eq!(env.get("OTHER"), Some("from-file"));
}

#[test]
fn the_environment_wins_over_files_and_earlier_files_over_later() {
    let folder = folder_with(&[("a.env", "A=a\nB=a\n"), ("b.env", "A=b\nB=b\nC=b\nC=last\n")]);
    let files = [
        folder.path().join("a.env"),
        folder.path().join("absent.env"),
        folder.path().join("b.env"),
    ];
    let env = Env::layered(variables(&[("A", "process")]), &files);
    assert_eq!(
        (env.get("A"), env.get("B"), env.get("C")),
        (Some("process"), Some("a"), Some("last"))
    );
}

#[test]
fn a_malformed_file_is_named_with_its_line_and_without_its_content() {
    let folder = folder_with(&[(
        "bad.env",
        "\u{feff}# comment\nA=1\n\nPASSWORD=hunter2 and more\nB=2\n",
    )]);
    let env = Env::layered(variables(&[]), &[folder.path().join("bad.env")]);
    let error = env.check(&Names::default()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("bad.env: line 4 "), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_byte_order_mark_does_not_spoil_the_first_name() {
    let folder = folder_with(&[("bom.env", "\u{feff}A=1\r\nB=2\r\n")]);
    let env = Env::layered(variables(&[]), &[folder.path().join("bom.env")]);
    assert_eq!((env.get("A"), env.get("B")), (Some("1"), Some("2")));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_unicode_is_a_fault_only_when_it_is_read() {
    use std::os::unix::ffi::OsStringExt;
    let env = Env::layered([("NAME".into(), OsString::from_vec(vec![0xff]))], NO_FILES);
    let mut reader = Reader::new(&env);
    let name: Option<String> = reader.optional("NAME");
    let error = reader.finish(|| Some(name)).unwrap_err();
    assert_eq!(error.faults()[0].problem, "is not valid UTF-8");
}

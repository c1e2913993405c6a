//! Secrets as people give them: what is dropped, what is refused, and what is never printed.

use std::fs;

use super::super::{Env, Reader, RotatingSecret, Secret, SecretSource};
use super::folder_with;

fn read(content: &[u8]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, content).unwrap();
    let read = SecretSource::File(path).read();
    read.map(|secret| secret.expose().to_owned())
        .map_err(|error| error.to_string())
}

#[test]
fn secrets_print_nowhere() {
    let env = Env::from_pairs([("TOKEN", "hunter2")]);
    let mut reader = Reader::new(&env);
    let secret = reader.secret("TOKEN").unwrap();
    assert_eq!(secret.expose(), "hunter2");
    let printed = format!(
        "{secret:?} {env:?} {:?}",
        SecretSource::Value(Secret::from("hunter2"))
    );
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_secret_comes_from_the_file_that_is_named() {
    let folder = folder_with(&[("token", "  hunter2\n")]);
    let path = folder.path().join("token");
    let env = Env::from_pairs([("TOKEN_FILE", path.to_str().unwrap())]);
    let mut reader = Reader::new(&env);
    let source = reader.secret_source("TOKEN").unwrap();
    reader.finish(|| Some(())).unwrap();
    assert_eq!(source.read().unwrap().expose(), "hunter2");
    fs::write(&path, "replaced").unwrap();
    assert_eq!(source.read().unwrap().expose(), "replaced");
}

#[test]
fn a_secret_given_twice_or_in_no_file_is_a_fault() {
    let env = Env::from_pairs([("A", "x"), ("A_FILE", "/y"), ("B_FILE", "/does/not/exist")]);
    let mut reader = Reader::new(&env);
    let (both, absent) = (reader.rotating_secret("A"), reader.rotating_secret("B"));
    assert!(both.is_none() && absent.is_none());
    let error = reader.finish(|| Some(())).unwrap_err();
    let names: Vec<_> = error.faults().iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["A_FILE", "B_FILE"]);
}

#[test]
fn what_surrounds_a_secret_is_dropped() {
    for content in [
        "hunter2",
        "hunter2\n",
        "hunter2\r\n\r\n",
        "\u{feff}hunter2\r\n",
        " \t hunter2 \u{a0}\n",
        "hunter2\u{feff}",
    ] {
        assert_eq!(read(content.as_bytes()).as_deref(), Ok("hunter2"), "{content:?}");
        let env = Env::from_pairs([("TOKEN", content)]);
        let secret = Reader::new(&env).secret("TOKEN").unwrap();
        assert_eq!(secret.expose(), "hunter2", "{content:?}");
    }
}

#[test]
fn what_cannot_be_part_of_a_secret_is_refused_with_its_position_and_not_its_value() {
    for (content, part) in [
        (
            "hun\u{200b}ter2",
            "a zero width character (U+200B) as its character 4",
        ),
        (
            "hunter2\u{200b}",
            "a zero width character (U+200B) as its character 8",
        ),
        (
            "hun\u{a0}ter2",
            "a blank that is no ordinary space (U+00A0) as its character 4",
        ),
        ("hunter2\nhunter3", "a line break (U+000A) as its character 8"),
        ("hunter\u{0}2", "a control character (U+0000) as its character 7"),
        (
            "h\u{ad}unter2",
            "an invisible character (U+00AD) as its character 2",
        ),
        ("hun\u{feff}ter2", "a byte order mark (U+FEFF) as its character 4"),
        ("\u{201c}hunter2\u{201d}", "curly quotes"),
        ("\u{2018}hunter2", "curly quotes"),
        ("\"hunter2\"", "in quotes"),
        ("'hunter2'", "in quotes"),
        ("Bearer hunter2", "`Bearer `"),
        ("bearer hunter2", "`Bearer `"),
        ("HUBSPOT_TOKEN=hunter2", "a name and `=`"),
        ("your-hunter2-here", "a placeholder"),
        ("<hunter2>", "a placeholder"),
    ] {
        let in_file = read(content.as_bytes()).unwrap_err();
        assert!(in_file.contains(part) && !in_file.contains("unter"), "{in_file}");
        let env = Env::from_pairs([("TOKEN", content)]);
        let mut reader = Reader::new(&env);
        assert!(reader.secret("TOKEN").is_none());
        let in_variable = reader.finish(|| Some(())).unwrap_err().to_string();
        assert!(
            in_variable.contains("TOKEN: ") && in_variable.contains(part),
            "{in_variable}"
        );
        assert!(!in_variable.contains("unter"), "{in_variable}");
    }
}

#[test]
fn a_file_that_holds_no_secret_is_refused_with_the_reason() {
    let mut utf_16 = vec![0xff, 0xfe];
    utf_16.extend("hunter2".encode_utf16().flat_map(u16::to_le_bytes));
    for (content, part) in [
        (Vec::new(), "empty"),
        (b" \r\n".to_vec(), "empty"),
        (utf_16, "UTF-16"),
        (b"hunter\xff2".to_vec(), "not in UTF-8"),
        (vec![b'x'; 65_537], "larger than 65536 bytes"),
    ] {
        let message = read(&content).unwrap_err();
        assert!(message.contains(part) && !message.contains("unter"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let message = SecretSource::File(folder.path().to_owned())
        .read()
        .unwrap_err()
        .to_string();
    assert!(message.contains("directory"), "{message}");
    let message = SecretSource::File("/dev/null".into())
        .read()
        .unwrap_err()
        .to_string();
    assert!(message.contains("not a regular file"), "{message}");
}

#[test]
fn the_last_good_value_remains_while_the_file_cannot_be_used() {
    let folder = folder_with(&[("token", "one")]);
    let path = folder.path().join("token");
    let token = RotatingSecret::open("TOKEN_FILE", SecretSource::File(path.clone())).unwrap();
    for broken in [&b""[..], b"\xff", b"t\0wo"] {
        fs::write(&path, broken).unwrap();
        assert_eq!(token.read().expose(), "one");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(token.read().expose(), "one");
    fs::write(&path, "two").unwrap();
    assert_eq!(token.read().expose(), "two");
}

//! `.env` files as people write them.

use super::super::{Env, Names};
use super::{folder_with, variables};

fn value(content: &str) -> Option<String> {
    let folder = folder_with(&[(".env", content)]);
    let env = Env::layered(variables(&[]), &[folder.path().join(".env")]);
    env.get("A").map(str::to_owned)
}

fn faults(content: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, content).unwrap();
    let env = Env::layered(variables(&[]), &[path]);
    for name in ["A", "B", "C"] {
        let _ = env.get(name);
    }
    let error = env.check(&Names::default()).err();
    let faults = error.map_or_else(Vec::new, |error| error.faults().to_vec());
    faults.into_iter().map(|fault| fault.problem).collect()
}

#[test]
fn values_are_taken_as_a_shell_would_take_them() {
    for content in [
        "A=x",
        "A=x ",
        "A = x\r\n",
        "export A=x\n",
        "A='x'\n",
        "A=\"x\" # why\n",
        "A=1\nA=x\n",
        "\u{feff}A=x\r\n",
        "HALF=x\nA=$HALF\n",
        "HALF_OF_IT=x\nA=${HALF_OF_IT}\n",
    ] {
        assert_eq!(value(content).as_deref(), Some("x"), "{content:?}");
        assert_eq!(faults(content.as_bytes()), [""; 0], "{content:?}");
    }
    for content in ["A=", "A=   \n", "A=''", "#A=x"] {
        assert_eq!(value(content), None, "{content:?}");
    }
    assert_eq!(value("A='p$q'").as_deref(), Some("p$q"));
    assert_eq!(value("A=p#q").as_deref(), Some("p#q"));
}

#[test]
fn every_line_that_cannot_be_used_is_told_by_its_number() {
    let all = faults(b"A=1\nhunter2\nB=hunter2 and more\nC=ok\n");
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0].starts_with("line 2 ") && all[1].starts_with("line 3 "),
        "{all:?}"
    );
    assert!(!all.concat().contains("hunter2"), "{all:?}");
}

#[test]
fn a_dollar_that_would_cut_a_value_short_is_a_fault() {
    for content in ["A=hun$ter2", "A=\"hun${ter2}\"", "A=hunter$", "B=1\nA=$B_x"] {
        let all = faults(content.as_bytes());
        let expected = usize::from(!content.starts_with('B'));
        assert_eq!(all.len(), expected, "{content}: {all:?}");
        assert!(!all.concat().contains("ter2"), "{all:?}");
    }
    for content in ["A='hun$ter2'", "A=hun\\$ter2", "# costs 5$ a month", "A=x # 5$"] {
        assert_eq!(faults(content.as_bytes()), [""; 0], "{content}");
    }
}

#[test]
fn a_file_that_is_no_text_is_a_fault() {
    assert!(faults(b"A=\xff")[0].contains("not in UTF-8"));
    assert!(faults(b"\xff\xfeA\0=\0x\0")[0].contains("UTF-16"));
    let folder = tempfile::tempdir().unwrap();
    let env = Env::layered(variables(&[]), &[folder.path()]);
    let message = env.check(&Names::default()).unwrap_err().to_string();
    assert!(message.contains("it is a directory"), "{message}");
}

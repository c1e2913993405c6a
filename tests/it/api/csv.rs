//! Imports random CSV files that Python's `csv` module wrote. Each row is stored as Python reads it, or is rejected.
//!
//! `CSV_FILES` sets the number of files, and `CSV_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use contracts::{Field, FieldDefinitions, UserId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Service, Stack};

const DEFAULT_FILES: usize = 300;
/// Users that exist before the imports. Damaged files try to change them by accident.
const VICTIMS: [&str; 4] = ["victim-1", "victim-2", "victim-3", "victim-4"];

/// A file, and the rows that Python reads from it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    number: usize,
    /// In hexadecimal digits.
    body: String,
    /// Whether the file follows RFC 4180 and was not damaged. Then only a row's values decide whether it is accepted.
    is_rfc: bool,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// The line on which it begins.
    line: u64,
    /// Whether the line break before the row is of another kind than the others. hubsync reads the two rows as one.
    joined: bool,
    /// Whether the line break after the row is of another kind than the others.
    odd_end: bool,
    values: Vec<String>,
}

type Profile = BTreeMap<Field, String>;

/// The result of importing a file.
struct Imported {
    is_done: bool,
    /// The lines of rejected rows.
    rejected: BTreeSet<u64>,
    accepted: u64,
}

#[derive(Default, Debug)]
struct Figures {
    files: usize,
    unusable: usize,
    rows: usize,
    accepted: u64,
    rejected: usize,
}

fn write_files(seed: u64, count: usize) -> Vec<File> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/csv/files.py");
    let output = Command::new("python3")
        .args([script, &seed.to_string(), "0", &count.to_string()])
        .output()
        .expect("python3 is needed, for example from Debian's package python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

async fn started() -> Stack {
    let mut stack = Stack::without_services().await;
    for service in [Service::User, Service::Gateway] {
        stack.start_service(service).await;
    }
    until("the gateway to be ready", CEILING, async || {
        match stack.request(Method::GET, "/readyz").send().await {
            Ok(response) if response.status() == 200 => Ok(()),
            Ok(response) => Err(response.status().to_string()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
    for victim in VICTIMS {
        stack
            .change(victim, json!({ "email": "victim@example.com" }))
            .await;
    }
    stack
}

async fn import(stack: &Stack, file: &File) -> Imported {
    let request = stack.request(Method::POST, "/users/import");
    let request = request.header("content-type", "text/csv").body(bytes(&file.body));
    let text = request.send().await.unwrap().text().await.unwrap();
    let reports: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = reports.last().unwrap();
    let rejected = reports
        .iter()
        .filter_map(|report| report["rejectedLines"].as_array())
        .flatten();
    Imported {
        is_done: summary["done"] == true,
        rejected: rejected
            .map(|rejected| rejected["line"].as_u64().unwrap())
            .collect(),
        accepted: summary["changed"].as_u64().unwrap() + summary["unchanged"].as_u64().unwrap(),
    }
}

/// The columns, if the row is a valid header.
fn columns(row: &Row) -> Option<Vec<Option<Field>>> {
    let column = |name: &String| match name.as_str() {
        "userId" => Some(None),
        name => Field::from_name(name).map(Some),
    };
    let columns: Option<Vec<Option<Field>>> = row.values.iter().map(column).collect();
    let columns = columns.filter(|columns| columns.contains(&None))?;
    let distinct: BTreeSet<_> = columns.iter().collect();
    (distinct.len() == columns.len()).then_some(columns)
}

/// The user and profile in a row, if the rules of the fields accept it.
fn user(
    columns: &[Option<Field>],
    values: &[String],
    known: &BTreeMap<String, Profile>,
) -> Option<(String, Profile)> {
    if columns.len() != values.len() {
        return None;
    }
    let (mut id, mut profile) = (None, Profile::new());
    for (column, value) in columns.iter().zip(values) {
        match column {
            None => id = Some(value.parse::<UserId>().ok()?.to_string()),
            Some(_) if value.is_empty() => {}
            Some(field) => {
                let definition = FieldDefinitions::built_in().get(*field)?;
                definition.field_type.read_csv(value).ok()?;
                profile.insert(*field, value.clone());
            }
        }
    }
    let id = id?;
    // A new user needs an address.
    (known.contains_key(&id) || profile.contains_key(&Field::EMAIL)).then_some((id, profile))
}

/// Compares the result of an import with the rows that Python reads, and records in `known` what must be stored now.
fn check(
    file: &File,
    imported: &Imported,
    known: &mut BTreeMap<String, Profile>,
) -> Result<Vec<String>, String> {
    // Rows that are joined by a line break of another kind are one row to hubsync, which rejects it by its first line.
    let mut groups: Vec<&[Row]> = file.rows.chunk_by(|_, next| next.joined).collect();
    let header = loop {
        match groups.first() {
            Some([row]) if row.values.is_empty() => drop(groups.remove(0)),
            Some([row]) if !row.odd_end => break columns(row),
            _ => break None,
        }
    };
    let (Some(columns), true) = (header, imported.is_done) else {
        let is_fine = !imported.is_done && imported.accepted == 0 && !file.is_rfc;
        return if is_fine {
            Ok(Vec::new())
        } else {
            Err("the columns are read differently from Python".to_owned())
        };
    };
    let (mut changed, mut accepted) = (Vec::new(), 0);
    for group in &groups[1..] {
        let given = match group {
            [row] if row.values.is_empty() => continue,
            [row] if !row.odd_end => user(&columns, &row.values, known),
            _ => None,
        };
        let line = group[0].line;
        match (given, imported.rejected.contains(&line)) {
            (None, false) => return Err(format!("line {line} is accepted, but has no valid user")),
            (Some(_), true) if file.is_rfc => {
                return Err(format!("line {line} is rejected, but has a valid user"));
            }
            // A valid user in a damaged file is rejected for its quoting, about which Python's reader is less strict.
            (_, true) => {}
            (Some((id, profile)), false) => {
                accepted += 1;
                update(known.entry(id.clone()).or_default(), profile);
                changed.push(id);
            }
        }
    }
    if accepted != imported.accepted {
        return Err(format!(
            "{} rows are accepted instead of {accepted}",
            imported.accepted
        ));
    }
    let lines: BTreeSet<u64> = file.rows.iter().map(|row| row.line).collect();
    if !imported.rejected.is_subset(&lines) {
        return Err(format!(
            "lines are rejected on which no row begins: {:?}",
            imported.rejected
        ));
    }
    Ok(changed)
}

/// A text that differs from the stored one only in blanks at its ends does not replace it.
fn update(stored: &mut Profile, imported: Profile) {
    for (field, value) in imported {
        let is_same = stored
            .get(&field)
            .is_some_and(|stored| stored.trim() == value.trim());
        if !is_same {
            stored.insert(field, value);
        }
    }
}

async fn stored(stack: &Stack, id: &str) -> Profile {
    let response = stack
        .request(Method::GET, &format!("/users/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{id}");
    let user: Value = response.json().await.unwrap();
    let value = |field: Field| user[field.name()].as_str().map(|value| (field, value.to_owned()));
    Field::BUILT_IN.into_iter().filter_map(value).collect()
}

#[tokio::test]
async fn rows_are_stored_as_python_reads_them_or_rejected() {
    let seed = setting("CSV_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000));
    let count = setting("CSV_FILES").map_or(DEFAULT_FILES, |count| usize::try_from(count).unwrap());
    let files = write_files(seed, count);
    let stack = started().await;
    let victim = Profile::from([(Field::EMAIL, "victim@example.com".to_owned())]);
    let mut known: BTreeMap<_, _> = VICTIMS.map(|id| (id.to_owned(), victim.clone())).into();
    let mut figures = Figures::default();
    for file in &files {
        let imported = import(&stack, file).await;
        let number = file.number;
        let changed = check(file, &imported, &mut known);
        let changed = changed.unwrap_or_else(|why| panic!("file {number} of CSV_SEED={seed}: {why}"));
        for id in BTreeSet::from_iter(changed) {
            assert_eq!(
                stored(&stack, &id).await,
                known[&id],
                "file {number} of CSV_SEED={seed}: {id}"
            );
        }
        figures.add(file, &imported);
    }
    for (id, profile) in &known {
        assert_eq!(
            &stored(&stack, id).await,
            profile,
            "CSV_SEED={seed}: {id} has changed"
        );
    }
    // No hubspot service runs, so every user is pending.
    let summary = stack.request(Method::GET, "/sync/summary").send().await.unwrap();
    let summary: Value = summary.json().await.unwrap();
    assert_eq!(
        summary["pending"],
        known.len(),
        "CSV_SEED={seed}: other users were created"
    );
    assert!(figures.accepted > 0 && figures.rejected > 0, "{figures:?}");
    println!("CSV_SEED={seed}: {figures:?}, {} users", known.len());
}

impl Figures {
    fn add(&mut self, file: &File, imported: &Imported) {
        self.files += 1;
        self.unusable += usize::from(!imported.is_done);
        self.rows += file
            .rows
            .iter()
            .skip(1)
            .filter(|row| !row.values.is_empty())
            .count();
        self.accepted += imported.accepted;
        self.rejected += imported.rejected.len();
    }
}

//! `POST /users/import`: rows of several lines, files that cannot be used, and continued imports.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NDJSON, changed, import, reports, results};
use crate::harness::Gateway;
use crate::scripted_user_service::ScriptedUserService;

const CSV: &str = "text/csv";

/// Two users and every kind of rejected row, most of them on several lines.
const ROWS: &str = "\u{feff}userId,email,firstName\r\n\
    1,a@example.com,\"Ada\"\r\n\
    2,b@example.com,\"line\nbreaks\r\nand\rmore\"\r\n\
    \r\n\
    3,c@example.com,\"x\"y\r\n\
    4,d@example.com,a\rb\r\n\
    5,e@example.com,\"Eva\"\r\n\
    6,\"\n\n\",\"\n7,evil@example.com,Eve\n\"\r\n\
    8,h@example.com,\"never closed\r\n9,evil@example.com,Eve\r\n";
/// The line on which each rejected row begins.
const REJECTED: [u64; 5] = [3, 8, 9, 12, 17];
/// The line on which each row ends.
const ENDS: [u64; 9] = [1, 2, 6, 7, 8, 10, 11, 16, 18];

async fn send(gateway: &Gateway, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Vec<Value> {
    let request = gateway.request(Method::POST, path).header("content-type", kind);
    reports(request.body(body).send().await.unwrap()).await
}

async fn detail(gateway: &Gateway, kind: &str, body: impl Into<reqwest::Body>) -> String {
    let reports = send(gateway, "/users/import", kind, body).await;
    let [summary] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    assert_eq!(
        (&summary["done"], &summary["throughLine"]),
        (&json!(false), &json!(0))
    );
    summary["detail"].as_str().unwrap().to_owned()
}

fn rejected(reports: &[Value]) -> Vec<u64> {
    let agreement = reports
        .iter()
        .filter_map(|report| report["rejectedLines"].as_array());
    agreement
        .flatten()
        .map(|rejected| rejected["line"].as_u64().unwrap())
        .collect()
}

fn imported(scripted_user_service: &ScriptedUserService) -> Vec<String> {
    let requests = scripted_user_service.requests();
    let lines = requests
        .iter()
        .flat_map(|requests| requests.body["lines"].as_array().unwrap());
    lines
        .map(|line| line["userId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn text_within_quotes_never_becomes_a_row() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![results(&[changed(), changed()])]).await;
    let reports = send(&gateway, "/users/import", CSV, ROWS).await;
    assert_eq!(rejected(&reports), REJECTED);
    let expected = json!({ "done": true, "throughLine": 18, "changed": 2, "unchanged": 0, "rejected": 5 });
    assert_eq!(reports.last().unwrap(), &expected);
    assert_eq!(imported(&scripted_user_service), ["1", "5"]);
}

#[tokio::test]
async fn an_import_continues_only_after_the_last_line_of_a_row() {
    for (kind, text, ends, users) in [
        (CSV, ROWS, &ENDS[..], &[(2, "1"), (11, "5")][..]),
        (
            NDJSON,
            "{\"userId\":\"1\"}\r\n\n{\"userId\":\"2\"}\rx\n{\"userId\":\"3\"}",
            &[1, 2, 4, 5],
            &[(1, "1"), (5, "3")],
        ),
    ] {
        let last = *ends.last().unwrap();
        for after in 0..=last {
            let gateway = Gateway::start().await;
            let left: Vec<_> = users.iter().filter(|(line, _)| *line > after).collect();
            let scripted_user_service =
                ScriptedUserService::start(&gateway, vec![results(&vec![changed(); left.len()])]).await;
            let path = format!("/users/import?after={after}");
            let reports = send(&gateway, &path, kind, text).await;
            let summary = reports.last().unwrap();
            if after == 0 || ends.contains(&after) {
                let left: Vec<&str> = left.iter().map(|(_, user)| *user).collect();
                assert_eq!(imported(&scripted_user_service), left, "after line {after}");
                assert_eq!(
                    (&summary["done"], &summary["throughLine"]),
                    (&json!(true), &json!(last)),
                    "after line {after}: {summary}"
                );
            } else {
                assert!(imported(&scripted_user_service).is_empty(), "after line {after}");
                assert_eq!(
                    (&summary["done"], &summary["changed"]),
                    (&json!(false), &json!(0))
                );
                let detail = summary["detail"].as_str().unwrap();
                let message = format!("line {after} is within the row on lines ");
                assert!(detail.starts_with(&message), "{detail}");
                let offered = summary["throughLine"].as_u64().unwrap();
                let before = ends.iter().rev().find(|end| **end < after);
                assert_eq!(Some(&offered), before, "after line {after}: {summary}");
            }
        }
    }
}

#[tokio::test]
async fn an_unclosed_quote_is_one_rejected_row_that_names_its_line() {
    let gateway = Gateway::start().await;
    let body = "userId,email\n1,\"a@example.com\n2,b@example.com\n3,c@example.com\n";
    let reports = send(&gateway, "/users/import", CSV, body).await;
    assert_eq!(rejected(&reports), [2]);
    let detail = reports[0]["rejectedLines"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("the quote that opens on line 2 is never closed"),
        "{detail}"
    );
    let expected = json!({ "done": true, "throughLine": 4, "changed": 0, "unchanged": 0, "rejected": 1 });
    assert_eq!(reports[1], expected);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_rejected_with_the_reason() {
    let gateway = Gateway::start().await;
    let utf_16: Vec<u8> = "userId,email\n1,a@example.com\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (body, message) in [
        (b"".to_vec(), "the file is empty"),
        (b"\xef\xbb\xbf\n\r\n".to_vec(), "the file is empty"),
        (utf_16.clone(), "UTF-16"),
        ([b"\xff\xfe".to_vec(), utf_16].concat(), "UTF-16"),
        (b"userId;email\n1;a@example.com\n".to_vec(), "semicolons"),
        (b"userId\temail\n1\ta@example.com\n".to_vec(), "tabs"),
        (b"userid,email\n".to_vec(), "column 1 has to be written userId"),
        (b"userId, email\n".to_vec(), "column 2 has to be written email"),
        (b"userId,email,email\n".to_vec(), "column 3 repeats email"),
        (b"userId,email,\n".to_vec(), "column 3 has no name"),
        (b"userId,em\xffail\n".to_vec(), "column 2 has an unknown name"),
        (b"1,secret@example.com\n".to_vec(), "names none of the columns"),
        (
            b"\"user\nId\",email\n".to_vec(),
            "column 1 has to be written userId",
        ),
        (b"\"userId,email\n1,a@example.com\n".to_vec(), "never closed"),
        (b"PK\x03\x04xl".to_vec(), "spreadsheet"),
    ] {
        let detail = detail(&gateway, CSV, body).await;
        assert!(
            detail.contains(message) && !detail.contains("secret"),
            "{message}: {detail}"
        );
    }
}

#[tokio::test]
async fn an_import_without_rows_succeeds() {
    let gateway = Gateway::start().await;
    for (kind, body, lines) in [
        (CSV, "userId,email", 1),
        (CSV, "\u{feff}userId,email\r\n\r\n", 2),
        (NDJSON, "", 0),
        (NDJSON, "\n \t\n", 2),
    ] {
        let reports = send(&gateway, "/users/import", kind, body).await;
        let expected =
            json!({ "done": true, "throughLine": lines, "changed": 0, "unchanged": 0, "rejected": 0 });
        assert_eq!(reports.last().unwrap(), &expected, "{body:?}");
    }
}

#[tokio::test]
async fn an_import_has_no_parameter_except_after() {
    let gateway = Gateway::start().await;
    for query in ["afer=3", "after=1&after=2", "after=1&x=2", "after=-1", "after="] {
        let request = gateway.request(Method::POST, &format!("/users/import?{query}"));
        let response = request.header("content-type", CSV).body("").send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn no_value_is_in_a_report() {
    let gateway = Gateway::start().await;
    let body = "userId,email,firstName\nsecret!,secret,\"secret\n\"\n1,\"secret\"x,y\nsecret\n";
    let response = import(&gateway, CSV, body).send().await.unwrap();
    let text = response.text().await.unwrap();
    assert!(
        text.contains("\"rejected\":3") && !text.contains("secret"),
        "{text}"
    );
}

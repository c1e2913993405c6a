//! `POST /users/import`: the requests to the user service and the reports to the caller.

mod callers;
mod rows;
mod streams;

use contracts::ErrorCode;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::harness::{Gateway, JSON, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

pub(crate) const NDJSON: &str = "application/x-ndjson";

pub(crate) fn import(
    gateway: &Gateway,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> RequestBuilder {
    let request = gateway.request(Method::POST, "/users/import");
    request.header("content-type", content_type).body(body)
}

pub(crate) async fn reports(response: Response) -> Vec<Value> {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], NDJSON);
    let text = response.text().await.unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn results(results: &[Value]) -> Reaction {
    Reaction::Answer(json!({ "results": results }))
}

pub(crate) fn changed() -> Value {
    json!({ "result": "changed", "version": 1 })
}

fn rejected(code: ErrorCode) -> Value {
    json!({ "result": "rejected", "error": { "code": code, "message": "because" } })
}

fn users(requests: &Value) -> Vec<&str> {
    let lines = requests["lines"].as_array().unwrap().iter();
    lines.map(|line| line["userId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_row_is_accepted_or_rejected_by_its_line() {
    let gateway = Gateway::start().await;
    let response = results(&[
        changed(),
        json!({ "result": "unchanged", "version": 4 }),
        rejected(ErrorCode::EmailRequired),
    ]);
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![response]).await;
    let body = "{\"userId\":\"1\",\"email\":\"ada@example.com\"}\n\
                nonsense\n\
                {\"userId\":\"2\",\"lastName\":null}\r\n\
                \n\
                {\"userId\":\"2\",\"email\":\"nobody\",\"phone\":\"1\"}\n\
                {\"userId\":\"3\",\"firstName\":\"Eva\"}";
    let reports = reports(import(&gateway, NDJSON, body).send().await.unwrap()).await;
    let requests = scripted_user_service.requests();
    assert_eq!(
        (requests.len(), requests[0].subject.as_str()),
        (1, "users.import")
    );
    assert_eq!(
        requests[0].body,
        json!({ "lines": [
            { "userId": "1", "fields": { "email": "ada@example.com" } },
            { "userId": "2", "fields": { "lastName": null } },
            { "userId": "3", "fields": { "firstName": "Eva" } }
        ] })
    );
    let [report, summary] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    let lines: Vec<_> = report["rejectedLines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 5, 6]);
    let pointers = report["rejectedLines"][1]["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = pointers.map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/email", "/phone"]);
    let expected = json!({ "done": true, "throughLine": 6, "changed": 1, "unchanged": 1, "rejected": 3 });
    assert_eq!(summary, &expected);
}

#[tokio::test]
async fn an_open_row_is_sent_again_with_later_rows_of_its_user() {
    let gateway = Gateway::start().await;
    let script = vec![
        results(&[changed(), rejected(ErrorCode::Unavailable), changed(), changed()]),
        results(&[rejected(ErrorCode::OutcomeUnknown), rejected(ErrorCode::Expired)]),
        results(&[changed(), changed()]),
    ];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    let body = "userId,email\n1,a@example.com\n2,b@example.com\n1,c@example.com\n2,d@example.com\n";
    let reports = reports(import(&gateway, "text/csv", body).send().await.unwrap()).await;
    let requests = scripted_user_service.requests();
    let sent: Vec<_> = requests.iter().map(|requests| users(&requests.body)).collect();
    assert_eq!(sent, [vec!["1", "2", "1", "2"], vec!["2", "2"], vec!["2", "2"]]);
    let expected = json!({ "done": true, "throughLine": 5, "changed": 4, "unchanged": 0, "rejected": 0 });
    assert_eq!(reports.last().unwrap(), &expected);
}

#[tokio::test]
async fn rows_up_to_after_are_skipped() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![results(&[changed()])]).await;
    let request = gateway.request(Method::POST, "/users/import?after=2");
    let body = "\nuserId,email\n2,b@example.com\n";
    let response = request
        .header("content-type", "text/csv")
        .body(body)
        .send()
        .await
        .unwrap();
    let expected = json!({ "done": true, "throughLine": 3, "changed": 1, "unchanged": 0, "rejected": 0 });
    assert_eq!(reports(response).await.last().unwrap(), &expected);
    assert_eq!(users(&scripted_user_service.requests()[0].body), ["2"]);
}

#[tokio::test]
async fn unknown_columns_end_an_import_before_its_first_row() {
    let gateway = Gateway::start().await;
    let body = "userId,phone\n1,2\n";
    let reports = reports(import(&gateway, "text/csv", body).send().await.unwrap()).await;
    let [summary] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    assert_eq!(
        (&summary["done"], &summary["throughLine"]),
        (&json!(false), &json!(0))
    );
    let detail = summary["detail"].as_str().unwrap();
    assert!(
        detail.contains("column 2 has an unknown name") && !detail.contains("phone"),
        "{summary}"
    );
}

#[tokio::test]
async fn an_after_beyond_the_end_of_the_file_fails() {
    let gateway = Gateway::start().await;
    let request = gateway.request(Method::POST, "/users/import?after=3");
    let body = "userId,email\n2,b@example.com\n";
    let response = request
        .header("content-type", "text/csv")
        .body(body)
        .send()
        .await
        .unwrap();
    let reports = reports(response).await;
    let summary = reports.last().unwrap();
    assert_eq!(
        (&summary["done"], &summary["throughLine"]),
        (&json!(false), &json!(2))
    );
    let detail = reports.last().unwrap()["detail"].as_str().unwrap();
    assert_eq!(detail, "the file has only 2 lines, so no row comes after line 3");
}

#[tokio::test]
async fn a_large_import_goes_in_several_requests() {
    let gateway = Gateway::start().await;
    let all = |count| results(&vec![changed(); count]);
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![all(100), all(100), all(50)]).await;
    let lines = (0..250).map(|number| format!("{{\"userId\":\"{number}\",\"email\":\"a@example.com\"}}\n"));
    let body: String = lines.collect();
    let reports = reports(import(&gateway, NDJSON, body).send().await.unwrap()).await;
    assert_eq!(scripted_user_service.requests().len(), 3);
    assert_eq!(reports.last().unwrap()["changed"], 250);
}

#[tokio::test]
async fn only_the_import_path_has_post_in_its_two_formats() {
    let gateway = Gateway::start().await;
    let response = gateway.request(Method::POST, "/users/1").send().await.unwrap();
    assert_eq!(slug(&problem(response).await), "method-not-allowed");
    let response = import(&gateway, "application/json", "{}").send().await.unwrap();
    let problem_document = problem(response).await;
    assert_eq!(slug(&problem_document), "unsupported-media-type");
    assert!(
        problem_document["detail"]
            .as_str()
            .unwrap()
            .ends_with("an import is application/x-ndjson, text/csv")
    );
    let request = gateway.request(Method::POST, "/users/import?after=x");
    let response = request.header("content-type", NDJSON).send().await.unwrap();
    assert_eq!(slug(&problem(response).await), "invalid-parameter");
}

#[tokio::test]
async fn a_user_may_have_the_id_import() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(1))]).await;
    let change = gateway.patch("/users/import", JSON, r#"{"email":"bh@hubspot.com"}"#);
    assert_eq!(change.send().await.unwrap().status(), 200);
    let requests = scripted_user_service.requests();
    assert_eq!(
        (requests[0].subject.as_str(), &requests[0].body["userId"]),
        ("users.update", &json!("import"))
    );
}

#[tokio::test]
async fn rejected_rows_are_reported_a_hundred_at_a_time() {
    let gateway = Gateway::start().await;
    let reports = reports(import(&gateway, NDJSON, "x\n".repeat(250)).send().await.unwrap()).await;
    let start_with_host = reports
        .iter()
        .filter_map(|report| report["rejectedLines"].as_array());
    let start_with_host: Vec<usize> = start_with_host.map(Vec::len).collect();
    assert!(
        start_with_host.iter().all(|lines| *lines <= 100) && start_with_host.iter().sum::<usize>() == 250,
        "{start_with_host:?}"
    );
    assert_eq!(reports.last().unwrap()["rejected"], 250);
}

#[tokio::test]
async fn an_id_that_is_not_text_is_rejected() {
    let gateway = Gateway::start().await;
    for path in ["/users/%FF", "/users/%FF/sync"] {
        let response = gateway.request(Method::GET, path).send().await.unwrap();
        assert_eq!(slug(&problem(response).await), "invalid-parameter", "{path}");
    }
}

//! The list of `hubsync problems`.

use serde_json::{Value, json};

use super::scripted_gateway::{Reply, ScriptedGateway};

fn user(id: &str, reason: &Value) -> Value {
    json!({
        "userId": id, "version": 3, "state": "rejected", "resending": id == "3", "attempts": 2, "reason": reason
    })
}

/// The cells of a table's line, without the spaces between columns.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[tokio::test]
async fn a_reason_is_listed_without_its_message() {
    let whole = json!({
        "code": "INVALID_EMAIL", "category": "VALIDATION_ERROR", "status": 400, "correlationId": "d84d",
        "message": "Email address ada@example.com is invalid"
    });
    let users = [
        user("1", &whole),
        user("2", &json!({ "code": "TIMED_OUT" })),
        user(
            "3",
            &json!({ "code": "NO_ID", "status": 207, "correlationId": null }),
        ),
        user("4", &Value::Null),
        json!({
            "userId": "5", "version": 3, "state": "rejected", "resending": false, "attempts": 9, "failures": 3,
            "lastFailure": { "code": "TIMED_OUT" }, "nextAttemptAt": "2026-01-05T09:31:04.321Z"
        }),
    ];
    let gateway = ScriptedGateway::start([Reply::Answer(json!({ "users": users }))]).await;
    let result = gateway.command(&["problems", "--state", "rejected"]).await;
    assert_eq!(result.code, 0, "{result:?}");
    let lines: Vec<_> = result.output.lines().map(cells).collect();
    let expected = [
        &[
            "USER",
            "VERSION",
            "STATE",
            "ATTEMPTS",
            "CODE",
            "CATEGORY",
            "STATUS",
            "CORRELATION ID",
            "FAILURES",
            "NEXT ATTEMPT",
        ][..],
        &[
            "1",
            "3",
            "rejected",
            "2",
            "INVALID_EMAIL",
            "VALIDATION_ERROR",
            "400",
            "d84d",
        ],
        &["2", "3", "rejected", "2", "TIMED_OUT"],
        &["3", "3", "rejected (being resent)", "2", "NO_ID", "207"],
        &["4", "3", "rejected", "2"],
        &[
            "5",
            "3",
            "rejected",
            "9",
            "3 (TIMED_OUT)",
            "2026-01-05T09:31:04.321Z",
        ],
    ];
    let (users, legend) = lines.split_at(expected.len());
    assert_eq!(users, expected, "{result:?}");
    assert_eq!(legend[1][0], "rejected", "{result:?}");
    assert!(
        result.output.lines().all(|line| line == line.trim_end()),
        "{result:?}"
    );
}

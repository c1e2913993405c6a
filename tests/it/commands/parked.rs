//! `hubsync parked`, user by user.

use serde_json::{Value, json};

use super::scripted::{Reply, Scripted};

fn user(id: &str, reason: &Value) -> Value {
    json!({
        "userId": id, "version": 3, "state": "refused", "resending": id == "3", "attempts": 2, "reason": reason
    })
}

/// What is between two columns does not matter.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[tokio::test]
async fn a_reason_is_listed_as_far_as_it_is_known_and_nothing_of_a_profile_with_it() {
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
    ];
    let gateway = Scripted::start([Reply::Page(json!({ "users": users }))]).await;
    let typed = gateway.command(&["parked", "--state", "refused"]).await;
    assert_eq!(typed.code, 0, "{typed:?}");
    let lines: Vec<_> = typed.output.lines().map(cells).collect();
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
            "TRIED AGAIN",
        ][..],
        &[
            "1",
            "3",
            "refused",
            "2",
            "INVALID_EMAIL",
            "VALIDATION_ERROR",
            "400",
            "d84d",
        ],
        &["2", "3", "refused", "2", "TIMED_OUT"],
        &["3", "3", "refused (sent once more)", "2", "NO_ID", "207"],
        &["4", "3", "refused", "2"],
    ];
    let (users, legend) = lines.split_at(expected.len());
    assert_eq!(users, expected, "{typed:?}");
    assert_eq!(legend[1][0], "refused", "{typed:?}");
    assert!(
        typed.output.lines().all(|line| line == line.trim_end()),
        "{typed:?}"
    );
}

//! A gateway that rejects the first request of `status` and `doctor`.

use serde_json::json;

use super::scripted_gateway::{Reply, ScriptedGateway};

#[tokio::test]
async fn status_and_doctor_print_why_the_gateway_rejects_them() {
    for (reply, words, code) in [
        (Reply::Problem("unknown-host", 421), "it is unknown-host", 1),
        (Reply::Unavailable("overloaded", 0), "it is overloaded", 3),
    ] {
        let gateway = ScriptedGateway::start([reply]).await;
        let result = gateway.command(&["status"]).await;
        assert_eq!(result.code, code, "{result:?}");
        assert!(result.errors.contains(words), "{result:?}");
    }
    let gateway = ScriptedGateway::start([Reply::Problem("unknown-host", 421)]).await;
    let result = gateway.command(&["doctor"]).await;
    assert_eq!(result.code, 1, "{result:?}");
    assert!(result.output.contains("it is unknown-host"), "{result:?}");
    assert!(
        !result.output.contains("start it, or name its address"),
        "{result:?}"
    );
}

#[tokio::test]
async fn an_answer_of_another_program_is_not_a_gateway() {
    for page in [
        json!({ "name": "user" }),
        json!({ "type": "about:blank", "status": 421, "detail": "misdirected" }),
    ] {
        let gateway = ScriptedGateway::start([Reply::Answer(page)]).await;
        let result = gateway.command(&["status"]).await;
        assert_eq!(result.code, 3, "{result:?}");
        assert!(result.errors.contains("is not a hubsync gateway"), "{result:?}");
    }
}

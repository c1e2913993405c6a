//! A gateway that says no before it says how it is.

use serde_json::json;

use super::scripted::{Reply, Scripted};

#[tokio::test]
async fn status_and_doctor_tell_why_a_gateway_refuses_them() {
    for (reply, words, code) in [
        (Reply::Never("unknown-host", 421), "it is unknown-host", 1),
        (Reply::Not("overloaded", 0), "it is overloaded", 3),
    ] {
        let gateway = Scripted::start([reply]).await;
        let typed = gateway.command(&["status"]).await;
        assert_eq!(typed.code, code, "{typed:?}");
        assert!(typed.errors.contains(words), "{typed:?}");
    }
    let gateway = Scripted::start([Reply::Never("unknown-host", 421)]).await;
    let typed = gateway.command(&["doctor"]).await;
    assert_eq!(typed.code, 1, "{typed:?}");
    assert!(typed.output.contains("it is unknown-host"), "{typed:?}");
    assert!(
        !typed.output.contains("start it, or name its address"),
        "{typed:?}"
    );
}

#[tokio::test]
async fn whoever_else_answers_is_no_gateway() {
    for page in [
        json!({ "name": "user" }),
        json!({ "type": "about:blank", "status": 421, "detail": "misdirected" }),
    ] {
        let gateway = Scripted::start([Reply::Page(page)]).await;
        let typed = gateway.command(&["status"]).await;
        assert_eq!(typed.code, 3, "{typed:?}");
        assert!(typed.errors.contains("is no gateway of hubsync"), "{typed:?}");
    }
}

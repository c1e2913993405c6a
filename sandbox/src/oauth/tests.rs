//! The token store in virtual time.
#![expect(clippy::unwrap_used, reason = "tests may panic")]
use super::*;

fn request() -> TokenRequest {
    let app = OAuthApp::default();
    TokenRequest {
        grant_type: "refresh_token".to_owned(),
        client_id: app.client_id,
        client_secret: app.client_secret,
        refresh_token: app.refresh_token,
        ..TokenRequest::default()
    }
}

fn numbered_tokens() -> impl FnMut() -> String {
    let mut number = 0;
    move || {
        number += 1;
        format!("token-{number}")
    }
}

#[test]
fn an_access_token_expires() {
    let mut store = TokenStore::new(OAuthApp {
        token_lifetime: Duration::from_secs(10),
        ..OAuthApp::default()
    });
    let now = Timestamp::UNIX_EPOCH;
    let issued = store.issue(&request(), now, false, numbered_tokens()).unwrap();
    let expires_at = now + Duration::from_secs(10);
    assert_eq!(store.status_of(&issued.access_token, now), TokenStatus::Valid);
    assert_eq!(
        store.status_of(&issued.access_token, expires_at),
        TokenStatus::ExpiredAt(expires_at)
    );
    assert_eq!(store.status_of("another", now), TokenStatus::Unknown);
}

#[test]
fn rotation_ends_the_old_refresh_token() {
    let mut store = TokenStore::new(OAuthApp::default());
    let now = Timestamp::UNIX_EPOCH;
    let issued = store.issue(&request(), now, true, numbered_tokens()).unwrap();
    assert_eq!(issued.refresh_token, "token-2");
    let rejection = store.issue(&request(), now, true, numbered_tokens()).unwrap_err();
    assert_eq!(rejection.status, "BAD_REFRESH_TOKEN");
    let next = TokenRequest {
        refresh_token: issued.refresh_token,
        ..request()
    };
    assert!(store.issue(&next, now, true, numbered_tokens()).is_ok());
}

#[test]
fn each_bad_part_of_a_request_has_its_status() {
    let cases = [
        (
            TokenRequest {
                client_id: "x".into(),
                ..request()
            },
            "BAD_CLIENT_ID",
        ),
        (
            TokenRequest {
                client_secret: "x".into(),
                ..request()
            },
            "BAD_CLIENT_SECRET",
        ),
        (
            TokenRequest {
                refresh_token: "x".into(),
                ..request()
            },
            "BAD_REFRESH_TOKEN",
        ),
        (
            TokenRequest {
                grant_type: "x".into(),
                ..request()
            },
            "BAD_GRANT_TYPE",
        ),
        (
            TokenRequest {
                grant_type: "authorization_code".into(),
                ..request()
            },
            "BAD_AUTH_CODE",
        ),
    ];
    for (request, status) in cases {
        let rejection = TokenStore::new(OAuthApp::default()).issue(
            &request,
            Timestamp::UNIX_EPOCH,
            false,
            numbered_tokens(),
        );
        assert_eq!(rejection.unwrap_err().status, status);
    }
}

#[test]
fn after_a_revocation_another_access_token_is_issued() {
    let mut store = TokenStore::new(OAuthApp::default());
    let (now, mut new_token) = (Timestamp::UNIX_EPOCH, numbered_tokens());
    let issued = store.issue(&request(), now, false, &mut new_token).unwrap();
    store.revoke_access_tokens();
    assert_eq!(store.status_of(&issued.access_token, now), TokenStatus::Unknown);
    let next = store.issue(&request(), now, false, &mut new_token).unwrap();
    assert_eq!(store.status_of(&next.access_token, now), TokenStatus::Valid);
}

#[test]
fn a_new_connection_accepts_only_its_own_refresh_token() {
    let mut store = TokenStore::new(OAuthApp::default());
    store.disconnect();
    store.connect("another".into());
    let now = Timestamp::UNIX_EPOCH;
    assert!(store.issue(&request(), now, false, numbered_tokens()).is_err());
    let request = TokenRequest {
        refresh_token: "another".into(),
        ..request()
    };
    assert!(store.issue(&request, now, false, numbered_tokens()).is_ok());
}

#[test]
fn a_disconnected_account_gets_no_token() {
    let mut store = TokenStore::new(OAuthApp::default());
    store.disconnect();
    let rejection = store
        .issue(&request(), Timestamp::UNIX_EPOCH, false, numbered_tokens())
        .unwrap_err();
    assert_eq!(rejection.status, "BAD_REFRESH_TOKEN");
}

//! The token book, told the time.
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

fn numbered() -> impl FnMut() -> String {
    let mut number = 0;
    move || {
        number += 1;
        format!("token-{number}")
    }
}

#[test]
fn an_access_token_expires() {
    let mut book = TokenBook::new(OAuthApp {
        token_lifetime: Duration::from_secs(10),
        ..OAuthApp::default()
    });
    let now = Timestamp::UNIX_EPOCH;
    let issued = book.issue(&request(), now, false, numbered()).unwrap();
    let expires_at = now + Duration::from_secs(10);
    assert_eq!(book.standing(&issued.access_token, now), Standing::Valid);
    assert_eq!(
        book.standing(&issued.access_token, expires_at),
        Standing::ExpiredAt(expires_at)
    );
    assert_eq!(book.standing("another", now), Standing::Unknown);
}

#[test]
fn rotation_ends_the_old_refresh_token() {
    let mut book = TokenBook::new(OAuthApp::default());
    let now = Timestamp::UNIX_EPOCH;
    let issued = book.issue(&request(), now, true, numbered()).unwrap();
    assert_eq!(issued.refresh_token, "token-2");
    let refusal = book.issue(&request(), now, true, numbered()).unwrap_err();
    assert_eq!(refusal.status, "BAD_REFRESH_TOKEN");
    let next = TokenRequest {
        refresh_token: issued.refresh_token,
        ..request()
    };
    assert!(book.issue(&next, now, true, numbered()).is_ok());
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
        let refusal =
            TokenBook::new(OAuthApp::default()).issue(&request, Timestamp::UNIX_EPOCH, false, numbered());
        assert_eq!(refusal.unwrap_err().status, status);
    }
}

#[test]
fn a_revoked_access_token_is_unknown_and_another_one_is_issued() {
    let mut book = TokenBook::new(OAuthApp::default());
    let (now, mut fresh) = (Timestamp::UNIX_EPOCH, numbered());
    let issued = book.issue(&request(), now, false, &mut fresh).unwrap();
    book.revoke_access_tokens();
    assert_eq!(book.standing(&issued.access_token, now), Standing::Unknown);
    let next = book.issue(&request(), now, false, &mut fresh).unwrap();
    assert_eq!(book.standing(&next.access_token, now), Standing::Valid);
}

#[test]
fn an_account_that_is_connected_anew_knows_only_its_new_refresh_token() {
    let mut book = TokenBook::new(OAuthApp::default());
    book.disconnect();
    book.connect("another".into());
    let now = Timestamp::UNIX_EPOCH;
    assert!(book.issue(&request(), now, false, numbered()).is_err());
    let request = TokenRequest {
        refresh_token: "another".into(),
        ..request()
    };
    assert!(book.issue(&request, now, false, numbered()).is_ok());
}

#[test]
fn a_disconnected_account_gets_no_token() {
    let mut book = TokenBook::new(OAuthApp::default());
    book.disconnect();
    let refusal = book
        .issue(&request(), Timestamp::UNIX_EPOCH, false, numbered())
        .unwrap_err();
    assert_eq!(refusal.status, "BAD_REFRESH_TOKEN");
}

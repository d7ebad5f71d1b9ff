use proptest::prelude::*;
use serde_json::json;

use super::*;

fn token(toml: &str) -> Token {
    toml::from_str(&format!("url = 'https://a.test/token'\n{toml}")).unwrap()
}

fn answer_to(status: u16, body: &[u8], toml: &str) -> Result<TokenAnswer, OAuthError> {
    let response = Response::builder().status(status).body(Bytes::copy_from_slice(body)).unwrap();
    read(&response, (&token(toml)).into(), None, Timestamp::from_micros(0))
}

fn answer(body: &Value) -> Result<TokenAnswer, OAuthError> {
    answer_to(200, body.to_string().as_bytes(), "")
}

#[test]
fn a_plain_answer_is_read_whole() {
    let read =
        answer(&json!({"access_token": "at", "refresh_token": "rt", "expires_in": 3600, "scope": "a b"}))
            .unwrap();
    assert_eq!(read.access_token.expose(), "at");
    assert_eq!(read.refresh_token.unwrap().expose(), "rt");
    assert_eq!(read.lifetime, Some(Duration::from_hours(1)));
    assert_eq!(read.scopes.unwrap(), ["a", "b"]);
}

#[test]
fn tl_11_odd_lifetimes_are_clamped() {
    const TEN_YEARS: u64 = 315_360_000;
    for (given, seconds) in [
        (json!(3600), Some(3600)),
        (json!("3600"), Some(3600)),
        (json!(" 3600 "), Some(3600)),
        (json!(59.9), Some(59)),
        (json!(0.5), Some(1)),
        (json!(1e30), Some(TEN_YEARS)),
        (json!("inf"), Some(TEN_YEARS)),
        (json!(u64::MAX), Some(TEN_YEARS)),
        (json!(0), None),
        (json!(-5), None),
        (json!("NaN"), None),
        (json!("an hour"), None),
        (json!(null), None),
        (json!([3600]), None),
    ] {
        let read = answer(&json!({"access_token": "at", "expires_in": given})).unwrap();
        assert_eq!(read.lifetime, seconds.map(Duration::from_secs), "{given}");
    }
    let assumed = answer_to(200, br#"{"access_token":"at"}"#, "lifetime_s = 7200").unwrap();
    assert_eq!(assumed.lifetime, Some(Duration::from_hours(2)));
}

#[test]
fn scopes_come_as_text_or_list() {
    for (given, expected) in [
        (json!("a b"), Some(vec!["a", "b"])),
        (json!("a,b, c"), Some(vec!["a", "b", "c"])),
        (json!(["a", "b"]), Some(vec!["a", "b"])),
        (json!(""), None),
        (json!(7), None),
    ] {
        let read = answer(&json!({"access_token": "at", "scope": given})).unwrap();
        assert_eq!(read.scopes, expected.map(|all| all.into_iter().map(str::to_owned).collect()), "{given}");
    }
}

#[test]
fn tl_10_a_failure_inside_a_success_is_a_failure() {
    for (body, expected) in [
        (json!({"ok": false, "error": "invalid_code"}), OAuthError::InvalidGrant("invalid_code".into())),
        (json!({"ok": false, "access_token": "at"}), OAuthError::Permanent("not_ok".into())),
        (
            json!({"error": "invalid_grant", "access_token": "at"}),
            OAuthError::InvalidGrant("invalid_grant".into()),
        ),
        (json!({"error": "invalid_client"}), OAuthError::Configuration("invalid_client".into())),
        (json!({"error": "ratelimited"}), OAuthError::RateLimited { retry_after: None }),
        (json!({"access_token": ""}), OAuthError::Protocol("it has a token that no header can carry")),
        (json!({"access_token": null}), OAuthError::Protocol("it has no access token")),
        (json!({"access_token": 7}), OAuthError::Protocol("it has no access token")),
        (json!({"token_type": "bearer"}), OAuthError::Protocol("it has no access token")),
        (json!(["at"]), OAuthError::Protocol("it is neither JSON nor a form")),
        (json!("at"), OAuthError::Protocol("it is neither JSON nor a form")),
    ] {
        assert_eq!(answer(&body).unwrap_err(), expected, "{body}");
    }
    let own_sign = "path = 'data.access_token'\nok = ['code', 0]";
    assert!(answer_to(200, br#"{"code":0,"data":{"access_token":"at"}}"#, own_sign).is_ok());
    let refused = answer_to(200, br#"{"code":40002,"data":{"access_token":"at"}}"#, own_sign).unwrap_err();
    assert_eq!(refused, OAuthError::Permanent("not_ok".into()));
    // An empty error beside a token is what some providers always send.
    assert!(answer(&json!({"ok": true, "error": "", "access_token": "at"})).is_ok());
}

#[test]
fn hd_7_tokens_that_no_header_can_carry_are_refused() {
    for bad in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a b", "ä", "a\u{7f}", " ", "\t"] {
        assert!(matches!(answer(&json!({"access_token": bad})), Err(OAuthError::Protocol(_))), "{bad:?}");
        let refresh = json!({"access_token": "at", "refresh_token": bad});
        assert!(matches!(answer(&refresh), Err(OAuthError::Protocol(_))), "{bad:?}");
    }
}

#[test]
fn oc_13_status_decides_before_the_body() {
    let body = br#"{"error":"invalid_grant"}"#;
    for (status, expected) in [
        (400, OAuthError::InvalidGrant("invalid_grant".into())),
        (401, OAuthError::InvalidGrant("invalid_grant".into())),
        (307, OAuthError::Protocol("it redirects, which is never followed")),
        (429, OAuthError::RateLimited { retry_after: None }),
        (500, OAuthError::Transient("it answered with a server error")),
        (503, OAuthError::Transient("it answered with a server error")),
    ] {
        assert_eq!(answer_to(status, body, "").unwrap_err(), expected, "{status}");
    }
    let page = b"<html><body>invalid_grant</body></html>";
    assert_eq!(answer_to(200, page, "").unwrap_err(), OAuthError::Protocol("it is neither JSON nor a form"));
    assert_eq!(
        answer_to(403, page, "").unwrap_err(),
        OAuthError::Protocol("it refused without an error code")
    );
    assert_eq!(answer_to(401, page, "").unwrap_err(), OAuthError::Configuration("it answered 401".into()));
    // A token in an answer that is no success is never taken.
    assert!(answer_to(400, br#"{"access_token":"at"}"#, "").is_err());
}

#[test]
fn a_nested_token_brings_what_lies_beside_it() {
    let body = br#"{"ok":true,"access_token":"bot","refresh_token":"top","authed_user":{"access_token":"user","refresh_token":"mine","expires_in":60,"scope":"x"}}"#;
    let read = answer_to(200, body, "path = 'authed_user.access_token'").unwrap();
    assert_eq!(read.access_token.expose(), "user");
    assert_eq!(read.refresh_token.unwrap().expose(), "mine");
    assert_eq!(read.lifetime, Some(Duration::from_mins(1)));
    assert_eq!(read.scopes.unwrap(), ["x"]);
}

#[test]
fn a_form_is_read_where_no_json_came() {
    let read = answer_to(200, b"access_token=gho_1&scope=repo%2Cuser&token_type=bearer&expires_in=28800", "")
        .unwrap();
    assert_eq!(read.access_token.expose(), "gho_1");
    assert_eq!(read.scopes.unwrap(), ["repo", "user"]);
    assert_eq!(read.lifetime, Some(Duration::from_hours(8)));
    let error = answer_to(200, b"error=bad_verification_code&error_description=x", "").unwrap_err();
    assert_eq!(error, OAuthError::InvalidGrant("bad_verification_code".into()));
}

#[test]
fn lg_1_an_answer_prints_no_token() {
    let read =
        answer(&json!({"access_token": "canary-at", "refresh_token": "canary-rt", "id_token": "canary-id"}))
            .unwrap();
    assert!(!format!("{read:?}").contains("canary"));
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer_or_an_error(status in 200u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = answer_to(status, &body, "");
    }

    #[test]
    fn any_lifetime_is_in_bounds(number in any::<f64>()) {
        if let Some(life) = when::lifetime(&json!(number), Unit::S, Timestamp::from_micros(0)) {
            prop_assert!((1..=315_360_000).contains(&life.as_secs()));
        }
    }
}

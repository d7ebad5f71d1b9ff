//! Tokens that grow old: who renews them, how often, with what.

use std::time::Duration;

use futures_util::future::join_all;

use crate::{
    apps::{
        connect::Connected,
        params::of_request,
        stage::{Said, line, lines},
        way::{Way, way},
    },
    harness::upstream::Seen,
};

#[tokio::test]
async fn quickbooks_renews_once_however_many_call() {
    let connected = Connected::by(&way("quickbooks", "OAUTH2")).await;
    connected.stage.age();
    connected.stage.internet.take();
    let call = "GET /quickbooks/v3/company/:realmId/query?query=x";
    let replies = join_all((0..20).map(|_| connected.call(call, &[]))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let seen = connected.stage.internet.take();
    let is_renewal = |seen: &&Seen| seen.method() == "POST";
    let renewals: Vec<_> = seen.iter().filter(is_renewal).collect();
    assert_eq!(renewals.len(), 1, "a rotating refresh token works once");
    assert_eq!(of_request(renewals[0])["refresh_token"], "rt.1~x");
    let calls: Vec<_> = seen.iter().filter(|seen| !is_renewal(seen)).collect();
    assert_eq!(calls.len(), 20);
    assert!(calls.iter().all(|seen| seen.header("authorization") == Some("Bearer at.2~x")));
    // The next time it is the new one.
    connected.stage.age();
    connected.call(call, &[]).await;
    assert_eq!(of_request(&connected.stage.internet.take()[0])["refresh_token"], "rt.2~x");
}

/// Salesforce with an end to its session that only a 401 tells.
async fn salesforce() -> Connected {
    let connected = Connected::by(&way("salesforce", "OAUTH2")).await;
    // A token that was just given is not renewed: an upstream that always says 401 drives nothing.
    connected.stage.age_by(Duration::from_hours(1));
    connected.stage.internet.take();
    connected.stage.answer(|seen, _| {
        let token =
            r#"{"access_token":"at.2~x","instance_url":"https://acme--uat.sandbox.my.salesforce.com"}"#;
        match seen.header("authorization") {
            Some("Bearer at.1~x") => {
                Said("401 Unauthorized", r#"[{"errorCode":"INVALID_SESSION_ID"}]"#.to_owned())
            }
            Some(_) => Said("200 OK", "{}".to_owned()),
            None => Said("200 OK", token.to_owned()),
        }
    });
    connected
}

#[tokio::test]
async fn salesforce_sessions_end_with_a_401_and_are_renewed_once() {
    let connected = salesforce().await;
    let call = "GET /salesforce/services/data/v60.0/sobjects";
    assert_eq!(connected.call(call, &[]).await.status, 200);
    let host = "https://acme--uat.sandbox.my.salesforce.com/services/data/v60.0/sobjects";
    let seen = connected.stage.internet.take();
    let expected = [
        format!("GET {host}"),
        "POST https://login.salesforce.com/services/oauth2/token".to_owned(),
        format!("GET {host}"),
    ];
    assert_eq!(lines(&seen), expected);
    assert_eq!(of_request(&seen[1])["grant_type"], "refresh_token");
    assert_eq!(seen[2].header("authorization"), Some("Bearer at.2~x"));
    assert_eq!(connected.call(call, &[]).await.status, 200);
    assert_eq!(connected.stage.internet.take().len(), 1, "from then on it is the new one");
}

#[tokio::test]
async fn salesforce_refuses_for_good_and_is_asked_once_more_only() {
    let connected = Connected::by(&way("salesforce", "OAUTH2")).await;
    // A token that was just given is not renewed: an upstream that always says 401 drives nothing.
    connected.stage.age_by(Duration::from_hours(1));
    connected.stage.internet.take();
    connected.stage.answer(|seen, _| match seen.header("authorization") {
        Some(_) => Said("401 Unauthorized", "[]".to_owned()),
        None => Said(
            "200 OK",
            r#"{"access_token":"at.2~x","instance_url":"https://acme--uat.sandbox.my.salesforce.com"}"#
                .to_owned(),
        ),
    });
    let reply = connected.call("GET /salesforce/services/data", &[]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("keyferry-error")),
        (401, None),
        "the upstream's own answer"
    );
    assert_eq!(connected.stage.internet.take().len(), 3);
}

#[tokio::test]
async fn salesforce_can_not_move_its_instance_elsewhere_at_a_renewal() {
    let connected = salesforce().await;
    connected.stage.answer(|seen, _| match seen.header("authorization") {
        Some(_) => Said("401 Unauthorized", "[]".to_owned()),
        None => {
            Said("200 OK", r#"{"access_token":"at.2~x","instance_url":"https://evil.example"}"#.to_owned())
        }
    });
    connected.call("GET /salesforce/services/data", &[]).await;
    let asked = lines(&connected.stage.internet.take());
    assert!(asked.iter().all(|line| line.contains(".salesforce.com/")), "{asked:?}");
}

#[tokio::test]
async fn instagram_tokens_are_renewed_by_themselves_before_they_end() {
    let connected = Connected::by(&way("instagram", "OAUTH2")).await;
    connected.stage.internet.take();
    // Sixty days less two minutes: still good, and due.
    connected.stage.age_by(Duration::from_hours(24 * 60) - Duration::from_mins(2));
    let is_renewal = |seen: &Seen| seen.target().starts_with("/refresh_access_token");
    for _ in 0..2 {
        assert_eq!(connected.call("GET /instagram/v23.0/me/media", &[]).await.status, 200);
        connected.stage.until(is_renewal).await;
    }
    let seen = connected.stage.internet.take();
    let renewals: Vec<_> =
        lines(&seen).into_iter().filter(|line| line.contains("/refresh_access_token")).collect();
    assert_eq!(
        renewals,
        [
            "GET https://graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&access_token=at.1%7Ex"
        ]
    );
}

#[tokio::test]
async fn instagram_tokens_that_ended_are_broken_and_say_so() {
    let connected = Connected::by(&way("instagram", "OAUTH2")).await;
    connected.stage.internet.take();
    connected.stage.answer(|seen, _| {
        if seen.target().starts_with("/refresh_access_token") {
            Said(
                "400 Bad Request",
                r#"{"error":{"message":"Session has expired","type":"OAuthException","code":190}}"#
                    .to_owned(),
            )
        } else {
            Said("401 Unauthorized", "{}".to_owned())
        }
    });
    connected.stage.world.clock.advance(Duration::from_hours(24 * 61));
    let reply = connected.call("GET /instagram/v23.0/me/media", &[]).await;
    reply.assert_problem(400, "reauthorization_required");
    let now = connected.connection().await;
    assert_eq!(
        (now["status"].as_str(), now["status_reason"].as_str()),
        (Some("FAILED"), Some("token_expired"))
    );
    assert!(now["url"].is_string(), "{now}");
    // And never again until somebody reconnects.
    connected.stage.internet.take();
    connected
        .call("GET /instagram/v23.0/me/media", &[])
        .await
        .assert_problem(400, "reauthorization_required");
    assert!(connected.stage.internet.take().is_empty());
}

#[tokio::test]
async fn bullhorn_changes_session_and_place_together() {
    let connected = Connected::by(&way("bullhorn", "OAUTH2")).await;
    connected.stage.internet.take();
    connected.stage.answer(|seen, _| {
        Said::from(match seen.target().split('?').next().unwrap() {
            "/oauth/token" => r#"{"access_token":"at.8~x","expires_in":600,"refresh_token":"rt.2~x"}"#.to_owned(),
            "/rest-services/login" => {
                r#"{"BhRestToken":"at.9~x","restUrl":"https://rest22.bullhornstaffing.com/rest-services/abc/"}"#.to_owned()
            }
            _ => "{}".to_owned(),
        })
    });
    connected.stage.age();
    connected.call("GET /bullhorn/entity/Candidate/5", &[]).await;
    let seen = connected.stage.internet.take();
    let asked = lines(&seen);
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[0], "POST https://auth-west.bullhornstaffing.com/oauth/token");
    assert!(
        asked[1].starts_with("POST https://rest-west.bullhornstaffing.com/rest-services/login"),
        "{asked:?}"
    );
    assert_eq!(asked[2], "GET https://rest22.bullhornstaffing.com/rest-services/abc/entity/Candidate/5");
    assert_eq!(seen[2].header("bhresttoken"), Some("at.9~x"));
}

#[tokio::test]
async fn bullhorn_keeps_both_where_the_second_login_fails() {
    let connected = Connected::by(&way("bullhorn", "OAUTH2")).await;
    connected.stage.internet.take();
    connected.stage.answer(|seen, _| match seen.target().split('?').next().unwrap() {
        "/oauth/token" => Said(
            "200 OK",
            r#"{"access_token":"at.8~x","expires_in":600,"refresh_token":"rt.2~x"}"#.to_owned(),
        ),
        "/rest-services/login" => Said("500 Internal Server Error", "{}".to_owned()),
        _ => Said("200 OK", "{}".to_owned()),
    });
    connected.stage.age();
    let reply = connected.call("GET /bullhorn/entity/Candidate/5", &[]).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    let asked = lines(&connected.stage.internet.take());
    assert!(asked.iter().all(|line| !line.contains("/entity/")), "{asked:?}");
    // The refresh token that was given then is not lost: the next try spends it, and both are new.
    crate::apps::expected::provide(&connected.stage, &Way { renew: None, ..way("bullhorn", "OAUTH2") });
    connected.stage.age();
    connected.call("GET /bullhorn/entity/Candidate/5", &[]).await;
    let seen = connected.stage.internet.take();
    assert_eq!(of_request(&seen[0])["refresh_token"], "rt.2~x");
    assert_eq!(
        line(seen.last().unwrap()),
        "GET https://rest91.bullhornstaffing.com/rest-services/5vtjn1/entity/Candidate/5"
    );
    assert_eq!(seen.last().unwrap().header("bhresttoken"), Some("at.2~x"));
}

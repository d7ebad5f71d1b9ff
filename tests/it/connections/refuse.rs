//! Consent in the browser, as somebody who means harm would have it (OC).

use std::sync::Arc;

use keyferry::connections::{BeginError, CallbackError, CreateError, NewConnection, Outcome, Status};
use serde_json::json;

use super::world::{Journey, RETURN, World, new, typed};
use crate::harness::provider::{CLIENT, Fault};

type Query = Vec<(String, String)>;

fn with(query: &Query, name: &str, value: Option<&str>) -> Query {
    let mut changed: Query = query.iter().filter(|(known, _)| known != name).cloned().collect();
    changed.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    changed
}

async fn refused(world: &World, app: &str, journey: &Journey, query: &Query, why: &str) {
    let outcome = world.come_back(app, journey, query).await;
    assert!(matches!(outcome, Err(CallbackError::Refused)), "{why}: {outcome:?}");
    assert_eq!(world.provider.token_requests(), 0, "{why}");
}

#[tokio::test]
async fn oc_4_a_state_that_does_not_fit_reaches_no_token_endpoint() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let other = world.pending("fake").await;
    let begin = async || {
        let journey = world.leave(&pending, &[]).await;
        let query = world.provider.consent(&journey.url);
        (journey, query)
    };
    let (journey, query) = begin().await;
    refused(&world, "fake", &journey, &with(&query, "state", None), "missing").await;
    refused(&world, "fake", &journey, &with(&query, "state", Some("")), "empty").await;
    refused(&world, "fake", &journey, &with(&query, "state", Some("tampered")), "tampered").await;
    let mut doubled = query.clone();
    doubled.push(("state".into(), "x".into()));
    refused(&world, "fake", &journey, &doubled, "doubled").await;

    let other_journey = world.leave(&other, &[]).await;
    refused(&world, "fake", &other_journey, &query, "another flow's cookie").await;

    let (journey, query) = begin().await;
    refused(&world, "tenanted", &journey, &query, "another app's callback").await;
    let (journey, query) = begin().await;
    world.pass(600);
    refused(&world, "fake", &journey, &query, "expired").await;
    assert_eq!(world.get(pending.id).await.status, Status::Pending);
}

/// As a provider that signs its callbacks would: over all parameters, sorted, with the client's secret.
fn vouched(query: &Query) -> Query {
    use aws_lc_rs::hmac;
    let mut sorted = query.clone();
    sorted.sort();
    let pairs: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT.1.as_bytes());
    let tag = hmac::sign(&key, pairs.join("&").as_bytes());
    let hex: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    with(query, "hmac", Some(&hex.concat()))
}

#[tokio::test]
async fn oc_4_a_callback_that_its_provider_did_not_sign_is_not_even_looked_at() {
    let world = World::new().await;
    let pending = world.pending("vouching").await;
    let journey = world.leave(&pending, &[]).await;
    let bare = world.provider.consent(&journey.url);
    let good = vouched(&bare);
    let mut doubled = good.clone();
    doubled.push(good.last().unwrap().clone());
    let changed = with(&good, "code", Some("code-of-somebody-else"));
    let mut more = good.clone();
    more.push(("extra".to_owned(), "1".to_owned()));
    for (query, why) in [
        (bare.clone(), "not signed"),
        (with(&good, "hmac", Some("")), "empty"),
        (with(&good, "hmac", Some(&"0".repeat(64))), "wrong"),
        (doubled, "signed twice"),
        (changed, "a parameter was changed"),
        (more, "a parameter was added"),
    ] {
        refused(&world, "vouching", &journey, &query, why).await;
    }
    // None of them has spent the flow.
    let outcome = world.come_back("vouching", &journey, &good).await.unwrap();
    assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
}

#[tokio::test]
async fn oc_5_a_browser_without_the_cookie_gets_nothing() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    for cookie in [None, Some(""), Some("guess")] {
        let journey = world.leave(&pending, &[]).await;
        let query = world.provider.consent(&journey.url);
        let outcome = world.connections.callback("fake", &query, cookie).await;
        assert!(matches!(outcome, Err(CallbackError::Refused)), "{cookie:?}");
        refused(&world, "fake", &journey, &query, "the flow was spent").await;
    }
    assert_eq!(world.get(pending.id).await.status, Status::Pending);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oc_6_the_same_callback_twenty_times_exchanges_the_code_once() {
    let world = Arc::new(World::new().await);
    let journey = Arc::new(world.leave(&world.pending("fake").await, &[]).await);
    let query = world.provider.consent(&journey.url);
    let come_back = || {
        let (world, journey, query) = (Arc::clone(&world), Arc::clone(&journey), query.clone());
        tokio::spawn(async move { world.come_back("fake", &journey, &query).await.is_ok() })
    };
    let all: Vec<_> = (0..20).map(|_| come_back()).collect();
    let mut good = 0;
    for one in all {
        good += u32::from(one.await.unwrap());
    }
    assert_eq!((good, world.provider.token_requests()), (1, 1));
    assert!(!come_back().await.unwrap(), "and never again");
}

#[tokio::test]
async fn oc_7_a_code_never_reaches_another_apps_token_endpoint() {
    let world = World::new().await;
    let (one, two) = (world.pending("fake").await, world.pending("tenanted").await);
    let journey = world.leave(&one, &[]).await;
    let foreign = world.provider.consent(&world.leave(&two, &[("site", "acme")]).await.url);
    let code = foreign.iter().find(|(name, _)| name == "code").unwrap().1.clone();
    let mixed = with(&world.provider.consent(&journey.url), "code", Some(&code));
    refused(&world, "tenanted", &journey, &mixed, "at the other app's callback").await;
    let journey = world.leave(&one, &[]).await;
    world.provider.consent(&journey.url);
    refused(&world, "fake", &journey, &foreign, "the other app's flow at this one's callback").await;
    refused(&world, "tenanted", &journey, &foreign, "and at its own, in the wrong browser").await;
}

#[tokio::test]
async fn oc_8_the_issuer_must_be_the_one_the_flow_went_to() {
    let world = World::new().await;
    let pending = world.pending("tenanted").await;
    for iss in [None, Some("https://evil.test"), Some("")] {
        let journey = world.leave(&pending, &[("site", "acme")]).await;
        let query = world.provider.consent(&journey.url);
        refused(&world, "tenanted", &journey, &with(&query, "iss", iss), "iss").await;
    }
    let journey = world.leave(&pending, &[("site", "acme")]).await;
    let mut doubled = world.provider.consent(&journey.url);
    doubled.push(("iss".into(), "https://evil.test".into()));
    refused(&world, "tenanted", &journey, &doubled, "iss twice").await;
}

#[tokio::test]
async fn oc_9_a_verifier_of_another_flow_is_not_sent() {
    let world = World::new().await;
    let (one, two) = (world.pending("fake").await, world.pending("fake").await);
    let (mine, theirs) = (world.leave(&one, &[]).await, world.leave(&two, &[]).await);
    let code = world.provider.consent(&theirs.url)[0].1.clone();
    let injected = with(&world.provider.consent(&mine.url), "code", Some(&code));
    let outcome = world.come_back("fake", &mine, &injected).await.unwrap();
    assert!(matches!(&outcome, Outcome::Failed { reason, .. } if reason == "invalid_grant"), "{outcome:?}");
}

#[tokio::test]
async fn oc_11_only_listed_return_urls_are_taken_to_the_letter() {
    let world = World::new().await;
    let host = "app.example.com/connected?from=keyferry";
    let mut bad: Vec<String> = [
        "",
        "/",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https:evil.test",
        "https://evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com",
        "https://app.example.com/connected",
        "https://app.example.com/connected?from=keyferry&x=1",
        "HTTPS://app.example.com/connected?from=keyferry",
        "https://app.example.com:443/connected?from=keyferry",
        "https://app.example.com./connected?from=keyferry",
    ]
    .map(String::from)
    .to_vec();
    for odd in
        ["\t", "\n", "\r", " ", "\0", "%2f", "%00", "#", "@evil.test", ".evil.test", "\u{ff0f}", "/..", ";"]
    {
        bad.push(format!("{RETURN}{odd}"));
        bad.push(format!("{odd}{RETURN}"));
        bad.push(format!("https://{odd}{host}"));
        bad.push(format!("https:{odd}//{host}"));
        bad.push(format!("https://user{odd}@{host}"));
    }
    for url in bad {
        let made = world.create(NewConnection { return_url: Some(url.clone()), ..new("fake") }).await;
        assert!(matches!(&made, Err(CreateError::Invalid { field, .. }) if field == "return_url"), "{url:?}");
    }
    assert!(world.create(NewConnection { return_url: Some(RETURN.into()), ..new("fake") }).await.is_ok());
}

#[tokio::test]
async fn oc_12_a_providers_error_is_kept_as_a_harmless_word() {
    for (said, kept) in [
        ("access_denied", "access_denied"),
        ("<script>alert(1)</script>", "_script_alert_1___script_"),
        ("a\r\nSet-Cookie: x", "a__Set-Cookie__x"),
    ] {
        let world = World::new().await;
        let pending = world.pending("fake").await;
        let journey = world.leave(&pending, &[]).await;
        let state = world.provider.consent(&journey.url).remove(1);
        let query =
            vec![state, ("error".into(), said.into()), ("error_description".into(), "<b>".repeat(4000))];
        let outcome = world.come_back("fake", &journey, &query).await.unwrap();
        let Outcome::Failed { finished, reason, retry } = outcome else { panic!("connected") };
        assert_eq!(reason, kept);
        assert_eq!(finished.connection.status, Status::Failed);
        assert_eq!(finished.connection.status_reason.as_deref(), Some(kept));
        assert_eq!(world.provider.token_requests(), 0);
        let token = retry.split_once("session_token=").unwrap().1;
        assert!(world.connections.begin(token, None, &typed(&[])).await.is_ok(), "and one can try again");
    }
}

#[tokio::test]
async fn oc_13_whatever_the_token_endpoint_does_nothing_becomes_active_without_a_token() {
    for (fault, reason) in [
        (Fault::Status(500, None), "provider_unavailable"),
        (Fault::Status(429, None), "provider_rate_limited"),
        (Fault::Html, "provider_answer_unusable"),
        (Fault::Redirect, "provider_answer_unusable"),
        (Fault::Body(json!({"ok": false, "error": "invalid_code"})), "invalid_code"),
        (Fault::Body(json!({"token_type": "bearer"})), "provider_answer_unusable"),
        (Fault::Body(json!({"access_token": "x".repeat(50 << 20)})), "provider_answer_unusable"),
        (Fault::Error("invalid_client"), "client_misconfigured"),
        (Fault::With(json!({"tenant": "../evil"})), "field_refused"),
    ] {
        let world = World::new().await;
        world.provider.fail_next(fault.clone());
        let outcome = world.consent(&world.pending("fake").await).await;
        let Outcome::Failed { finished, reason: said, .. } = outcome else {
            panic!("connected by {fault:?}")
        };
        assert_eq!(said, reason, "{fault:?}");
        assert_eq!(finished.connection.status, Status::Failed, "{fault:?}");
        assert!(world.store.grants().find(finished.connection.id).await.unwrap().is_none());
        if matches!(fault, Fault::With(_)) {
            // There is a grant, and nobody else will ever end it.
            world.provider.until("the revocation", |memory| memory.revocations.len() == 1).await;
        } else {
            assert_eq!(world.provider.memory().revocations.len(), 0, "no redirect is followed");
        }
    }
}

#[tokio::test]
async fn oc_14_a_connection_that_moved_on_in_mid_flow_gets_nothing() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.connections.reconnect(world.owner, pending.id).await.unwrap();
    refused(&world, "fake", &journey, &query, "reconnected").await;

    let pending = world.pending("fake").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.connections.delete(world.owner, pending.id).await.unwrap();
    refused(&world, "fake", &journey, &query, "deleted").await;
}

#[tokio::test]
async fn oc_14_a_token_already_obtained_is_ended_at_the_provider() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.provider.hold();
    let meanwhile = async {
        world.provider.until("the exchange", |memory| memory.token_requests.len() == 1).await;
        world.connections.reconnect(world.owner, pending.id).await.unwrap();
        world.provider.release();
    };
    let (outcome, ()) = tokio::join!(world.come_back("fake", &journey, &query), meanwhile);
    assert!(matches!(outcome, Err(CallbackError::Refused)), "{outcome:?}");
    assert_eq!(world.get(pending.id).await.status, Status::Pending);
    assert!(world.store.grants().find(pending.id).await.unwrap().is_none());
    world.provider.until("the revocation", |memory| memory.revocations.len() == 1).await;
    let sent = world.provider.memory().revocations[0].clone();
    assert!(sent["token"].starts_with("canary-rt-"), "{sent:?}");
}

#[tokio::test]
async fn rt_7_a_tenant_that_is_no_name_leads_nowhere() {
    let world = World::new().await;
    let pending = world.pending("tenanted").await;
    for bad in ["", "a.evil", "evil.test/", "evil.test#", "a@evil.test", "a:8080", "%2e", "ａ", "a\nb"] {
        let begun = world.connections.begin(&world.link(&pending), None, &typed(&[("site", bad)])).await;
        assert!(
            matches!(&begun, Err(BeginError::Invalid { field, .. }) if field == "site"),
            "{bad:?}: {begun:?}"
        );
    }
}

#[tokio::test]
async fn a_callback_field_that_is_missing_or_odd_is_refused_before_the_exchange() {
    for realm in [None, Some("1/../2"), Some("x")] {
        let world = World::new().await;
        let journey = world.leave(&world.pending("tenanted").await, &[("site", "acme")]).await;
        let query = with(&world.provider.consent(&journey.url), "realmId", realm);
        let outcome = world.come_back("tenanted", &journey, &query).await.unwrap();
        assert!(matches!(outcome, Outcome::Failed { .. }), "{realm:?}");
        assert_eq!(world.provider.token_requests(), 0, "{realm:?}");
    }
}

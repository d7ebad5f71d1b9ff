//! Token answers that are not what they seem, and tokens that come in twos.

use http::Method;
use serde_json::json;

use crate::apps::{
    connect::Connected,
    params::of_request,
    stage::{Record, line, lines},
    way::{Way, way},
};

#[tokio::test]
async fn tiktok_says_no_with_200() {
    let tiktok = way("tiktok-ads", "OAUTH2");
    for answer in [
        r#"{"code":40110,"message":"Auth code is expired","data":{"access_token":"at.1~x"}}"#,
        r#"{"code":"0","data":{"access_token":"at.1~x"}}"#,
        r#"{"data":{"access_token":"at.1~x"}}"#,
        r#"{"code":0,"access_token":"at.1~x"}"#,
    ] {
        let (stage, made) = Connected::tried(&Way { answer: answer.to_owned(), ..tiktok.clone() }).await;
        assert!(made.unwrap_err().contains("FAILED"), "{answer}");
        assert_eq!(lines(&stage.internet.take()).len(), 1, "the token is not used: {answer}");
    }
}

#[tokio::test]
async fn shopify_tokens_are_renewed_if_they_can_be() {
    let lasting = Connected::by(&way("shopify", "OAUTH2")).await;
    lasting.stage.age();
    lasting.stage.internet.take();
    let call = "GET /shopify/admin/api/2025-10/shop.json";
    assert!(lasting.arrives(call).await.ends_with("/shop.json"));
    assert_eq!(lasting.stage.internet.take().len(), 1, "a token without an end is not renewed");

    let answer = r#"{"access_token":"at.1~x","expires_in":3600,"refresh_token":"rt.1~x"}"#.to_owned();
    let ending = Connected::by(&Way { answer, ..way("shopify", "OAUTH2") }).await;
    ending.stage.age();
    ending.stage.internet.take();
    ending.arrives(call).await;
    let seen = ending.stage.internet.take();
    assert_eq!(line(&seen[0]), "POST https://acme.myshopify.com/admin/oauth/access_token");
    assert_eq!(of_request(&seen[0])["refresh_token"], "rt.1~x");
    assert_eq!(seen[1].header("x-shopify-access-token"), Some("at.2~x"));
}

#[tokio::test]
async fn stripe_is_told_which_account_is_let_go() {
    let connected = Connected::by(&way("stripe", "OAUTH2")).await;
    connected.stage.internet.take();
    let mut record = Record::default();
    connected.stage.end(&connected.id, true, &mut record).await.unwrap();
    assert_eq!(lines(&record.ending), ["POST https://connect.stripe.com/oauth/deauthorize"]);
    let said = of_request(&record.ending[0]);
    assert_eq!((said["client_id"].as_str(), said["stripe_user_id"].as_str()), ("client:1", "acct_1"));
    assert_eq!(record.ending[0].header("authorization"), Some("Bearer secret/1+="));
    assert_eq!(said.len(), 2, "Stripe refuses parameters that it does not know: {said:?}");
}

#[tokio::test]
async fn mailchimp_tells_its_data_centre_to_those_who_ask_in_its_own_words() {
    let connected = Connected::by(&way("mailchimp", "OAUTH2")).await;
    let seen = connected.stage.internet.take();
    let metadata = seen.iter().find(|seen| seen.target() == "/oauth2/metadata").unwrap();
    assert_eq!(metadata.header("authorization"), Some("OAuth at.1~x"));
    for forged in ["us21.evil.example#", "evil", "us21/../x", "us21.api.mailchimp.com.evil"] {
        let mut way = way("mailchimp", "OAUTH2");
        for ask in way.asks.iter_mut().flatten() {
            ask[1] = ask[1].replace("\"dc\":\"us21\"", &format!("\"dc\":\"{forged}\""));
        }
        let (stage, made) = Connected::tried(&way).await;
        assert!(made.unwrap_err().contains("field_refused"), "{forged}");
        assert_eq!(stage.internet.take().len(), 2, "{forged}: token and metadata only");
    }
}

#[tokio::test]
async fn slack_gives_a_bot_and_a_user_at_once() {
    let answer = r#"{"ok":true,"access_token":"at.1~x","token_type":"bot","scope":"chat:write","bot_user_id":"U0","team":{"id":"T9TK3CUKW"},
        "authed_user":{"id":"U1234","scope":"search:read","access_token":"xoxp.u~1","token_type":"user"}}"#;
    let connected = Connected::by(&Way { answer: answer.to_owned(), ..way("slack", "OAUTH2") }).await;
    let world = &connected.stage.world;
    let listed = world.api(&world.key, Method::GET, "/connections", None).await.json();
    let mut found: Vec<_> = listed["connections"].as_array().unwrap().iter().collect();
    // Made at one time, they stand in no order.
    found.sort_by_key(|connection| connection["app"].to_string());
    let apps: Vec<_> = found.iter().map(|connection| (&connection["app"], &connection["status"])).collect();
    assert_eq!(apps, [(&json!("slack"), &json!("ACTIVE")), (&json!("slack-user"), &json!("ACTIVE"))]);
    for (app, token) in [("slack", "Bearer at.1~x"), ("slack-user", "Bearer xoxp.u~1")] {
        world.get(&format!("/{app}/api/conversations.list")).await;
        let seen = connected.stage.internet.newest();
        assert_eq!(line(&seen), "GET https://slack.com/api/conversations.list");
        assert_eq!(seen.header("authorization"), Some(token));
    }
}

#[tokio::test]
async fn slack_gives_only_a_bot_where_no_user_agreed() {
    let connected = Connected::by(&way("slack", "OAUTH2")).await;
    let world = &connected.stage.world;
    let listed = world.api(&world.key, Method::GET, "/connections", None).await.json();
    assert_eq!(listed["connections"].as_array().unwrap().len(), 1, "{listed}");
}

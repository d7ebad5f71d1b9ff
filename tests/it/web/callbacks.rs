//! The browser comes back from the provider.

use http::Method;
use serde_json::{Value, json};

use super::{
    RETURN,
    browser::{Browser, parameter},
    connection, now, world,
};
use crate::harness::world::World;

/// A browser that has gone to the provider, and the `state` it took along.
async fn gone(world: &World, made: &Value) -> (Browser, String) {
    let browser = Browser::new(world);
    let page = browser.open_link(made).await;
    let reply = browser.press(&page, &[]).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let state = parameter(reply.header("location").unwrap(), "state").unwrap();
    (browser, state)
}

#[tokio::test]
async fn wp_4_a_good_callback_leads_to_a_page_without_code_and_state() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk", "name": "mine"})).await;
    let (browser, state) = gone(&world, &made).await;
    let page = browser.open(&format!("/callback/desk?code=c0de&state={state}")).await;
    assert_eq!(page.reply.status, 200);
    assert!(page.path.starts_with("/done/") && !page.path.contains("c0de") && !page.path.contains(&state));
    for shown in ["Desk is connected", "ada@example.com", "sam", "mine", "close this window"] {
        assert!(page.text().contains(shown), "{shown}");
    }
    assert_eq!(upstream.seen().iter().filter(|seen| seen.target() == "/token").count(), 1);
    assert_eq!(now(&world, &made).await["status"], "ACTIVE");
    let reloaded = browser.open(&page.path).await;
    assert_eq!(reloaded.text(), page.text(), "a reload shows it again");
    assert_eq!(Browser::new(&world).open(&page.path).await.reply.status, 404, "nobody else sees it");
    let left: Vec<_> = browser.cookies.borrow().keys().cloned().collect();
    assert!(left.iter().all(|name| name.starts_with("kf_done_")), "{left:?}");
}

#[tokio::test]
async fn oc_12_the_providers_words_are_inert_and_short() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let (browser, state) = gone(&world, &made).await;
    let words = format!("<script>alert(1)</script>\r\nSet-Cookie: a=b{}", "x".repeat(10_000));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("error", "access_denied"), ("error_description", &words), ("state", &state)])
        .finish();
    let reply = browser.send(Method::GET, &format!("/callback/desk?{query}"), &[], "").await;
    assert_eq!(reply.status, 400);
    assert!(reply.headers.get_all("set-cookie").iter().all(|line| !line.as_bytes().starts_with(b"a=")));
    let clean = reply.header("refresh").unwrap().strip_prefix("0; url=").unwrap().to_owned();
    let page = browser.open(&clean).await;
    for text in [reply.text(), page.text()] {
        assert!(text.contains("&#60;script&#62;alert(1)&#60;/script&#62; Set-Cookie: a=b"), "{text}");
        assert!(!text.contains("<script") && text.len() < 6_000);
        assert!(text.contains("access_denied") && text.contains("Try again"));
    }
    assert!(clean.starts_with("/done/"), "{clean}");
    assert!(upstream.seen().is_empty(), "no code, no token call");
    let later = now(&world, &made).await;
    assert_eq!((&later["status"], &later["status_reason"]), (&json!("FAILED"), &json!("access_denied")));
    assert!(later["url"].is_string(), "there is a way to try again");
}

#[tokio::test]
async fn after_a_refusal_one_can_try_again_and_succeed() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let (browser, state) = gone(&world, &made).await;
    let page = browser.open(&format!("/callback/desk?error=access_denied&state={state}")).await;
    let retry = super::browser::between(page.text(), "class=\"button\" href=\"", "\"").replace("&#38;", "&");
    let again = browser.open(&super::browser::link(&json!({ "url": retry }))).await;
    assert!(again.text().contains("Connect Desk"), "{}", again.text());
    let reply = browser.press(&again, &[]).await;
    let state = parameter(reply.header("location").unwrap(), "state").unwrap();
    let done = browser.open(&format!("/callback/desk?code=c&state={state}")).await;
    assert!(done.text().contains("Desk is connected"));
}

#[tokio::test]
async fn oc_4_and_5_a_callback_of_no_flow_of_this_browser_is_400_and_calls_nobody() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let (_, forwarded) = gone(&world, &made).await;
    let (browser, state) = gone(&world, &made).await;
    let stranger = Browser::new(&world);
    let cases = [
        (&stranger, format!("/callback/desk?code=c&state={forwarded}")),
        (&browser, "/callback/desk?code=c".to_owned()),
        (&browser, "/callback/desk?code=c&state=".to_owned()),
        (&browser, format!("/callback/desk?code=c&state={state}x")),
        (&browser, format!("/callback/desk?code=c&state={state}&state={state}")),
        (&browser, format!("/callback/other?code=c&state={state}")),
    ];
    for (browser, path) in cases {
        let reply = browser.send(Method::GET, &path, &[], "").await;
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.text().contains("can’t be finished here"), "{path}");
        assert!(!reply.text().contains(&state));
    }
    upstream.assert_untouched();
    assert_eq!(now(&world, &made).await["status"], "PENDING");
}

#[tokio::test]
async fn a_return_url_gets_the_connection_and_its_status() {
    let (world, _upstream) = world().await;
    for (answer, status) in [("code=c", "ACTIVE"), ("error=access_denied", "FAILED")] {
        let made = connection(&world, json!({"app": "desk", "return_url": RETURN})).await;
        let (browser, state) = gone(&world, &made).await;
        let path = format!("/callback/desk?{answer}&state={state}");
        let reply = browser.send(Method::GET, &path, &[], "").await;
        assert_eq!(reply.status, 303);
        let id = made["connection_id"].as_str().unwrap();
        assert_eq!(
            reply.header("location"),
            Some(format!("{RETURN}&connection_id={id}&status={status}").as_str())
        );
    }
}

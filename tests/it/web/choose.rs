//! The page that asks which of several sites is meant: whose it is, who may post it, where it leads.

use http::Method;
use serde_json::{Value, json};

use super::{
    browser::{Browser, Page},
    connection, now,
};
use crate::harness::{
    upstream::{Answer, Seen, Upstream},
    world::{Plan, World},
};

fn board(url: &str) -> String {
    format!(
        r#"
        name = "board"
        display_name = "Board"
        base = "{url}"
        no_probe = "none in these tests"
        [[field]]
        name = "site"
        label = "Site"
        from = "request"
        path = "id"
        choose = true
        request = {{ get = "{url}/sites", list = "", label = "name" }}
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "API key", secret = true }}]
        inject = [{{ header = "X-Key", value = "${{api_key}}" }}, {{ header = "X-Site", value = "${{site}}" }}]
        "#
    )
}

fn sites(seen: &Seen) -> Answer {
    match seen.target() {
        "/sites" => Answer::ok(r#"[{"id":"n1","name":"North"},{"id":"s1","name":"<b>South</b>"}]"#),
        _ => Answer::ok("{}"),
    }
}

/// A gateway, its upstream, a connection and the page that asks.
async fn asked(body: Value) -> (World, Upstream, Value, Browser, Page) {
    let upstream = Upstream::answering(sites).await;
    let plan = Plan::default().app("board", board(&upstream.url()));
    let plan = plan.set(|settings| settings.control.return_urls = vec![super::RETURN.to_owned()]);
    let world = plan.start().await;
    let made = connection(&world, body).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let reply = browser.press(&page, &[("api_key", "k")]).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let page = browser.open(reply.header("location").unwrap()).await;
    (world, upstream, made, browser, page)
}

fn form(page: &Page, more: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(page.hidden()).extend_pairs(more).finish()
}

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

#[tokio::test]
async fn the_site_that_was_picked_is_the_one_that_calls_name() {
    let (world, upstream, made, browser, page) = asked(json!({"app": "board"})).await;
    assert!(page.path.starts_with("/choose/") && page.text().contains("Which one should be connected?"));
    for shown in ["sam", "North", "&#60;b&#62;South&#60;/b&#62;", "<legend lang=\"en\">Site</legend>"] {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
    let nothing = browser.send(Method::POST, "/choose", &[OWN], &form(&page, &[])).await;
    assert_eq!(nothing.status, 422, "nothing was picked");
    assert!(nothing.text().contains("Please choose one of these.") && nothing.text().contains("autofocus"));
    assert_eq!(now(&world, &made).await["status"], "PENDING");
    let picked = browser.send(Method::POST, "/choose", &[OWN], &form(&page, &[("candidate", "s1")])).await;
    assert_eq!(picked.status, 303, "{}", picked.text());
    let done = browser.open(picked.header("location").unwrap()).await;
    assert!(done.text().contains("Board is connected"), "{}", done.text());
    upstream.take();
    assert_eq!(world.get("/board/x").await.status, 200);
    assert_eq!(upstream.only().header("x-site"), Some("s1"));
    let again = browser.send(Method::POST, "/choose", &[OWN], &form(&page, &[("candidate", "n1")])).await;
    assert_eq!(again.status, 403, "the cookie went with it");
    assert_eq!(browser.open(&page.path).await.reply.status, 404);
}

#[tokio::test]
async fn oc_3_oc_5_only_the_browser_that_signed_in_picks_and_only_from_its_own_page() {
    let (world, _upstream, made, browser, page) = asked(json!({"app": "board"})).await;
    let good = form(&page, &[("candidate", "n1")]);
    let stranger = Browser::new(&world);
    assert_eq!(stranger.open(&page.path).await.reply.status, 404, "another browser sees nothing");
    assert_eq!(stranger.send(Method::POST, "/choose", &[OWN], &good).await.status, 403);
    let cases = [
        ("another origin", ("origin", "https://evil.example"), good.clone()),
        ("another site", ("sec-fetch-site", "cross-site"), good.clone()),
        ("another token", OWN, good.replace("csrf=", "csrf=x")),
        ("two tickets", OWN, format!("{good}&ticket=x")),
        ("nothing", OWN, String::new()),
    ];
    for (name, header, body) in cases {
        let reply = browser.send(Method::POST, "/choose", &[header], &body).await;
        assert_eq!(reply.status, 403, "{name}: {}", reply.text());
    }
    assert_eq!(now(&world, &made).await["status"], "PENDING");
    assert_eq!(browser.send(Method::POST, "/choose", &[OWN], &good).await.status, 303);
}

#[tokio::test]
async fn who_picks_none_is_told_and_may_try_again_and_a_return_url_is_followed() {
    let (world, _upstream, made, browser, page) = asked(json!({"app": "board"})).await;
    let left = browser.send(Method::POST, "/choose", &[OWN], &form(&page, &[("none", "1")])).await;
    assert!(left.status == 400 && left.text().contains("You chose none"), "{}", left.text());
    assert!(left.text().contains("Try again") && left.text().contains("/connect?session_token="));
    assert_eq!(now(&world, &made).await["status_reason"], "cancelled");

    let (_world, _upstream, _made, browser, page) =
        asked(json!({"app": "board", "return_url": super::RETURN})).await;
    let headers = [OWN, ("sec-fetch-mode", "navigate")];
    let reply = browser.send(Method::POST, "/choose", &headers, &form(&page, &[("candidate", "n1")])).await;
    let refresh = reply.header("refresh").unwrap_or_default();
    assert!(reply.status == 200 && refresh.contains("connected?tab=2&connection_id="), "{refresh}");
}

#[tokio::test]
async fn a_caller_that_types_in_a_key_names_the_site_itself() {
    let (world, ..) = asked(json!({"app": "board"})).await;
    let mut body = json!({"app": "board", "method": "API_KEY", "credentials": {"api_key": "k"}});
    let reply = world.api(&world.key, Method::POST, "/connections", Some(body.clone())).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("fields.site") && reply.text().contains("n1 (North)"), "{}", reply.text());
    body["fields"] = json!({"site": "n1"});
    let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (http::StatusCode::OK, &json!("ACTIVE")),
        "{}",
        reply.text()
    );
}

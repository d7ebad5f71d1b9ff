//! The form: who may post it, what it takes, where it leads.

use http::Method;
use serde_json::json;

use super::{
    browser::{Browser, Page, parameter},
    connection, now, world,
};

#[tokio::test]
async fn oc_3_the_page_says_who_receives_what() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk", "name": "<i>help</i> desk"})).await;
    let page = Browser::new(&world).open_link(&made).await;
    for shown in ["Connect Desk", "sam", "&#60;i&#62;help&#60;/i&#62; desk", "Read your tickets", "write"] {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
}

#[tokio::test]
async fn oc_3_a_post_that_is_not_this_pages_own_is_403() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let form = |leave_out: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.hidden().iter().filter(|(name, _)| name != leave_out));
        form.finish()
    };
    let good = form("");
    let no_token = form("csrf");
    let forged = good.replace("csrf=", "csrf=x");
    let own = ("sec-fetch-site", "same-origin");
    let cases = [
        ("no token", &[own][..], no_token.as_str()),
        ("no connection", &[own], &form("connection_id")),
        ("another token", &[own], &forged),
        ("nothing", &[own], ""),
        ("another origin", &[("origin", "https://evil.example")], &good),
        ("another site", &[("sec-fetch-site", "cross-site")], &good),
        ("a sibling", &[("sec-fetch-site", "same-site"), ("origin", "null")], &good),
        ("our name in front", &[("origin", "http://localhost.evil.example")], &good),
    ];
    for (name, headers, body) in cases {
        let reply = browser.send(Method::POST, "/connect", headers, body).await;
        assert_eq!(reply.status, 403, "{name}: {}", reply.text());
        assert!(reply.text().contains("open the link again"), "{name}");
    }
    let stranger = Browser::new(&world).send(Method::POST, "/connect", &[own], &good).await;
    assert_eq!(stranger.status, 403, "the right form in a browser without the cookie");
    let other = Browser::new(&world);
    other.open_link(&made).await;
    assert_eq!(
        other.send(Method::POST, "/connect", &[own], &good).await.status,
        403,
        "with a cookie of its own"
    );
    upstream.assert_untouched();
    assert_eq!(now(&world, &made).await["status"], "PENDING");
}

#[tokio::test]
async fn oc_10_the_redirect_uri_is_the_configured_one_whatever_the_request_says() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(page.hidden());
    let spoofed = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
        ("sec-fetch-site", "same-origin"),
    ];
    let reply = browser.send(Method::POST, "/connect", &spoofed, &form.finish()).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let url = reply.header("location").unwrap();
    assert!(url.starts_with(&format!("{}/authorize?", upstream.url())), "{url}");
    let control = made["url"].as_str().unwrap().split_once("/connect?").unwrap().0;
    assert_eq!(parameter(url, "redirect_uri").unwrap(), format!("{control}/callback/desk"));
    assert!(!url.contains("evil"));
}

#[tokio::test]
async fn a_browser_is_led_on_in_a_navigation_of_its_own() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk", "return_url": super::RETURN})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let submit = async |page: &Page, key: Option<&str>| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.hidden()).extend_pairs(key.map(|key| ("f.api_key", key)));
        let sent = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("origin", "null")];
        browser.send(Method::POST, "/connect", &sent, &form.finish()).await
    };
    // A redirect here would be held against form-action, with all that the provider adds to it.
    let reply = submit(&page, None).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("refresh").unwrap().starts_with(&format!("0; url={}/authorize?", upstream.url())));
    assert!(reply.text().contains("Go on if nothing happens"));

    let typed = browser.open(&format!("{}?method=API_KEY", page.path)).await;
    let reply = submit(&typed, Some("sk_good")).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.header("refresh").unwrap().starts_with(&format!("0; url={}&connection_id=", super::RETURN))
    );
}

#[tokio::test]
async fn a_key_typed_in_connects_at_once_and_a_wrong_one_says_so() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk", "method": "API_KEY", "name": "keyed"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    assert!(page.text().contains("type=\"password\"") && page.text().contains("pattern=\"sk_[a-z_]+\""));
    assert!(page.text().contains("https://docs.example.com/keys"));

    let reply = browser.press(&page, &[("api_key", "wrong")]).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("aria-invalid=\"true\"") && !reply.text().contains("value=\"wrong\""));

    let reply = browser.press(&page, &[("api_key", "sk_refused")]).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("role=\"alert\""), "{}", reply.text());
    assert_eq!(now(&world, &made).await["status"], "PENDING");

    let reply = browser.press(&page, &[("api_key", "sk_good")]).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let done = browser.open(reply.header("location").unwrap()).await;
    assert_eq!(done.reply.status, 200);
    assert!(done.text().contains("Desk is connected") && done.text().contains("ada@example.com"));
    assert!(done.text().contains("Ada &#60;b&#62;Lovelace&#60;/b&#62;") && !done.text().contains("sk_good"));
    assert_eq!(now(&world, &made).await["status"], "ACTIVE");

    let again = browser.press(&page, &[("api_key", "sk_good")]).await;
    assert_ne!(again.status, 303, "the link is spent");
}

#[tokio::test]
async fn the_other_way_in_is_one_link_away() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    assert!(page.text().contains("?method=API_KEY"));
    let Page { path, .. } = page;
    let other = browser.open(&format!("{path}?method=API_KEY")).await;
    assert!(other.text().contains("name=\"f.api_key\""));
    let reply = browser.press(&other, &[("api_key", "sk_good")]).await;
    assert_eq!(reply.status, 303);
    assert_eq!(now(&world, &made).await["method"], "API_KEY");
}

#[tokio::test]
async fn an_app_that_nobody_has_set_up_says_so() {
    let upstream = crate::harness::upstream::Upstream::start().await;
    let file = super::desk(&upstream);
    let only_oauth = file.split_once("[[auth]]\n        method = \"API_KEY\"").unwrap().0;
    let only_oauth = only_oauth.replace("base =", "no_probe = \"none needed\"\n        base =");
    let plan = crate::harness::world::Plan::default().app("desk", only_oauth);
    let world = plan.start().await;
    let reply = world.api(&world.key, Method::POST, "/connections", Some(json!({"app": "desk"}))).await;
    let problem = reply.assert_problem(400, "app_not_configured");
    assert!(problem["redirect_uri"].as_str().unwrap().ends_with("/callback/desk"));
    assert_eq!(problem["app"], "desk");
}

/// An app with a region to choose and a key of several lines.
const CHOOSY: &str = r#"
    name = "choosy"
    display_name = "Choosy"
    base = "http://127.0.0.1:9"
    no_probe = "a test's upstream"
    [[field]]
    name = "region"
    label = "Region"
    choices = ["us", "eu"]
    [[auth]]
    method = "API_KEY"
    fields = [{ name = "key_file", label = "Key file", secret = true, multiline = true }, { name = "key_id", label = "Key ID" }]
    inject = [{ header = "X-Key", value = "${key_id}" }]
"#;

#[tokio::test]
async fn a_choice_and_a_key_of_several_lines_are_typed_in_as_such() {
    let plan = crate::harness::world::Plan::default().app("choosy", CHOOSY);
    let world = plan.start().await;
    let made = connection(&world, json!({"app": "choosy", "method": "API_KEY"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let select = "<option value=\"\" selected>–</option><option value=\"us\">us</option>";
    assert!(
        page.text().contains(select) && page.text().contains("<textarea id=\"f-key_file\""),
        "{}",
        page.text()
    );

    let lines = "-----BEGIN KEY-----\r\nabc=\r\n-----END KEY-----\r\n";
    let reply = browser.press(&page, &[("region", "mars"), ("key_file", lines), ("key_id", "kid")]).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("Please choose one of these."), "{}", reply.text());
    assert!(
        reply.text().contains("value=\"kid\"") && !reply.text().contains("abc="),
        "all but secrets is kept"
    );
    let reply = browser.press(&page, &[("region", "eu"), ("key_file", lines), ("key_id", "kid")]).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(now(&world, &made).await["metadata"]["region"], "eu");
}

//! What every page tells browsers.

use http::Method;
use serde_json::json;

use super::{
    browser::{Browser, between},
    connection, world,
};
use crate::harness::http::Reply;

fn assert_protected(what: &str, reply: &Reply) {
    let policy = reply.header("content-security-policy").unwrap_or_else(|| panic!("{what} has no policy"));
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{what}: {policy}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{what}");
    assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{what}");
    assert!(reply.header("x-request-id").is_some(), "{what}");
    assert!(reply.header("strict-transport-security").is_none(), "{what} over http");
    for cookie in reply.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="] {
            assert!(cookie.contains(part), "{what}: {cookie}");
        }
        assert!(between(cookie, "Max-Age=", ";").parse::<u32>().unwrap() <= 600, "{what}: {cookie}");
    }
}

#[tokio::test]
async fn wp_1_every_page_and_redirect_is_protected() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let link = super::browser::link(&made);
    let page = browser.open_link(&made).await;
    let policy = page.reply.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("form-action 'self' {};", upstream.url())), "{policy}");
    let forged = browser.send(Method::POST, "/connect", &[], "").await;
    let leaving = browser.press(&page, &[]).await;
    let failed = browser.send(Method::GET, "/callback/desk?state=x", &[], "").await;
    let mut seen =
        vec![("consent", page.reply), ("forged", forged), ("leaving", leaving), ("failed", failed)];
    for path in [link.as_str(), "/", "/connect", "/connect/x", "/done/x", "/nothing", "/callback/nobody"] {
        seen.push((path, browser.send(Method::GET, path, &[], "").await));
    }
    for (what, reply) in &seen {
        assert_protected(what, reply);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    }
    let style = between(seen[0].1.text(), "rel=\"stylesheet\" href=\"", "\"");
    let reply = browser.send(Method::GET, style, &[], "").await;
    assert_protected("style", &reply);
    assert_eq!(reply.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(reply.header("cache-control").unwrap().contains("immutable"));
}

#[tokio::test]
async fn wp_1_under_https_cookies_are_bound_to_the_host() {
    let upstream = crate::harness::upstream::Upstream::start().await;
    let plan = crate::harness::world::Plan::default().key_app("plain", &upstream.url());
    let world = plan.behind_https().start().await;
    let made = connection(&world, json!({"app": "plain"})).await;
    let reply = Browser::new(&world).send(Method::GET, &super::browser::link(&made), &[], "").await;
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-kf_link_") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(reply.header("strict-transport-security").unwrap().starts_with("max-age="));
}

#[tokio::test]
async fn unknown_paths_answer_people_with_a_page_and_programs_with_a_problem() {
    let (world, _upstream) = world().await;
    let page = Browser::new(&world).open("/nothing/here").await;
    assert_eq!(page.reply.status, 404);
    assert!(page.text().contains("<h1>There is nothing here</h1>"));
    let reply = world.http.call(Method::GET, &world.at_control("/nothing"), &[], "").await;
    reply.assert_problem(404, "not_found");
    let reply = world.http.call(Method::PUT, &world.at_control("/connect"), &[], "").await;
    reply.assert_problem(405, "method_not_allowed");
    assert!(reply.header("allow").unwrap().contains("POST"));
}

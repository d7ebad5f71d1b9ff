//! Connect links: opened by anybody, any number of times, changing nothing; dead ones all alike.

use http::Method;
use serde_json::json;

use super::{
    browser::{Browser, link},
    connection, now, world,
};

#[tokio::test]
async fn oc_2_ten_robots_open_a_link_and_nothing_happens() {
    let (world, upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    for round in 0..10 {
        let robot = Browser::new(&world);
        let method = if round % 2 == 0 { Method::GET } else { Method::HEAD };
        let reply = robot.send(method, &link(&made), &[], "").await;
        let location = reply.header("location").unwrap();
        assert!(location.starts_with("/connect/"), "never to the provider: {location}");
        let page = robot.open(location).await;
        assert_eq!(page.reply.status, 200);
        assert!(page.reply.header("location").is_none());
    }
    upstream.assert_untouched();
    let later = now(&world, &made).await;
    assert_eq!(later["status"], "PENDING");
    assert_eq!(later["last_updated_time"], made["last_updated_time"]);
    let page = Browser::new(&world).open_link(&made).await;
    assert_eq!(page.reply.status, 200, "the link still works");
}

#[tokio::test]
async fn wp_4_the_address_keeps_no_session_token() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let token = link(&made).split_once("session_token=").unwrap().1.to_owned();
    let page = Browser::new(&world).open_link(&made).await;
    assert_eq!(page.path, format!("/connect/{}", made["connection_id"].as_str().unwrap()));
    assert!(!page.text().contains(&token), "nor does the page");
    assert_eq!(page.reply.header("referrer-policy"), Some("no-referrer"));
}

#[tokio::test]
async fn oc_1_dead_links_look_alike() {
    let (world, _upstream) = world().await;
    let deleted = connection(&world, json!({"app": "desk"})).await;
    let renewed = connection(&world, json!({"app": "desk"})).await;
    let path = |made: &serde_json::Value| format!("/connections/{}", made["connection_id"].as_str().unwrap());
    world.api(&world.key, Method::DELETE, &path(&deleted), None).await;
    world.api(&world.key, Method::POST, &format!("{}/reconnect", path(&renewed)), None).await;
    let mut forged = link(&renewed);
    forged.pop();
    let someones = path(&renewed).replace("/connections/", "/connect/");
    let dead = [
        link(&deleted),
        link(&renewed),
        forged,
        "/connect?session_token=".into(),
        "/connect".into(),
        someones,
    ];
    let mut pages = Vec::new();
    for path in &dead {
        let page = Browser::new(&world).open(path).await;
        assert_eq!(page.reply.status, 404, "{path}");
        assert!(page.reply.header("set-cookie").is_none());
        pages.push(page.text().to_owned());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].contains("This link can’t be used"));
}

#[tokio::test]
async fn an_expired_link_looks_like_an_unknown_one() {
    let upstream = crate::harness::upstream::Upstream::start().await;
    let plan = crate::harness::world::Plan::default().standing_clock().key_app("plain", &upstream.url());
    let world = plan.start().await;
    let made = connection(&world, json!({"app": "plain"})).await;
    world.clock.advance(std::time::Duration::from_mins(14));
    assert_eq!(Browser::new(&world).open_link(&made).await.reply.status, 200);
    world.clock.advance(std::time::Duration::from_secs(61));
    let page = Browser::new(&world).open_link(&made).await;
    assert_eq!((page.reply.status.as_u16(), page.text().contains("can’t be used")), (404, true));
}

#[tokio::test]
async fn two_links_open_in_one_browser_do_not_disturb_each_other() {
    let (world, _upstream) = world().await;
    let browser = Browser::new(&world);
    let one = connection(&world, json!({"app": "desk", "name": "one"})).await;
    let two = connection(&world, json!({"app": "desk", "name": "two"})).await;
    let (first, second) = (browser.open_link(&one).await, browser.open_link(&two).await);
    assert!(first.text().contains("<dd>one</dd>") && second.text().contains("<dd>two</dd>"));
    assert_eq!(browser.press(&first, &[]).await.status, 303);
    assert_eq!(browser.press(&second, &[]).await.status, 303);
}

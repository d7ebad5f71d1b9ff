//! A token in a path is nowhere else.

use std::sync::Mutex;

use crate::{
    harness::{http::Http, upstream::Upstream},
    real::gateway::Gateway,
};

const TOKEN: &str = "110201543:AAHdqTcv-CH1vGWJxfSeofSAs0K5PALDsaw";

/// The shipped file of Telegram, at a double.
fn file(url: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/apps/communication/telegram.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let moved = text.replace("https://api.telegram.org", url);
    assert_ne!(text, moved);
    moved
}

#[tokio::test]
async fn telegram_tokens_are_in_no_log_no_error_and_no_number() {
    let upstream = Upstream::start().await;
    let apps = [("telegram", file(&upstream.url()))];
    let gateway =
        tokio::task::spawn_blocking(move || Gateway::start(&apps, "log = { filter = \"trace\" }\n"));
    let gateway = gateway.await.unwrap();
    let (http, said) = (Http::default(), Mutex::new(String::new()));
    let bearer = format!("Bearer {}", gateway.key());
    let body =
        serde_json::json!({"app": "telegram", "method": "API_KEY", "credentials": {"bot_token": TOKEN}});
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let made = http
        .call(http::Method::POST, &format!("{}/connections", gateway.control()), &headers, body.to_string())
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(
        upstream.seen().iter().any(|seen| seen.target().contains(TOKEN)),
        "the token is where it belongs"
    );
    said.lock().unwrap().push_str(made.text());
    for (method, path) in [
        (http::Method::GET, "/telegram/:token/getMe"),
        (http::Method::GET, "/telegram/getMe"),
        (http::Method::POST, "/telegram/:token/sendMessage"),
        (http::Method::GET, "/telegram/:token/../x"),
        (http::Method::TRACE, "/telegram/:token/getMe"),
    ] {
        let reply = http.call(method, &format!("{}{path}", gateway.url()), &headers, "").await;
        let text = format!("{:?} {}", reply.headers, reply.text());
        said.lock().unwrap().push_str(&text);
    }
    let numbers = http.call(http::Method::GET, &format!("{}/metrics", gateway.admin()), &[], "").await;
    let all = [said.into_inner().unwrap(), numbers.text().to_owned(), gateway.printed()].concat();
    assert!(all.contains("telegram"), "something was said");
    let secret = TOKEN.split_once(':').unwrap().1;
    assert!(!all.contains(secret) && !all.contains(&TOKEN.replace(':', "%3A")), "{all}");
}

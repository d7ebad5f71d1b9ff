//! Where a finished flow may send the browser: exactly where the operator said, and nowhere that looks like it.

use http::Method;
use serde_json::json;

use super::{RETURN, world};

const HOSTS: &[&str] = &[
    "evil.example",
    "app.example.com.evil.example",
    "evil.example/app.example.com",
    "app.example.com@evil.example",
    "evil.example#app.example.com",
    "evil.example?app.example.com",
    "evil.example\\app.example.com",
    "APP.EXAMPLE.COM",
    "app.example.com:443",
    "app.example.com:8443",
    "app.example.com.",
    "app%2eexample.com",
    "app.example.com%00.evil.example",
    "app.example.com%20",
    "xapp.example.com",
    "sub.app.example.com",
    "example.com",
    "user:pass@app.example.com",
    "app.example.com%2f@evil.example",
    "app。example。com",
    "арр.example.com",
    "[::1]",
    "127.0.0.1",
    "2130706433",
    "app.example.com\t.evil.example",
];

const SCHEMES: &[&str] = &[
    "https://",
    "http://",
    "//",
    "///",
    "/\\",
    "\\\\",
    "https:",
    "https:/",
    "https:///",
    "hTTps://",
    " https://",
    "https:\\\\",
];

const PATHS: &[&str] = &["/connected?tab=2", ""];

/// Ways to write another target so that a sloppy comparison takes it for `RETURN`.
fn variants() -> Vec<String> {
    let mut all = near_misses();
    for host in HOSTS {
        for scheme in SCHEMES {
            all.extend(PATHS.iter().map(|path| format!("{scheme}{host}{path}")));
        }
    }
    all
}

/// The right target, almost; and what is no target at all.
fn near_misses() -> Vec<String> {
    vec![
        format!("{RETURN}#"),
        format!("{RETURN}&x=1"),
        format!("{RETURN}/"),
        format!(" {RETURN}"),
        format!("{RETURN} "),
        format!("{RETURN}\n"),
        format!("{RETURN}%0d%0aSet-Cookie:a=b"),
        RETURN.to_uppercase(),
        RETURN.replace("connected", "connected/../x"),
        RETURN.replace("connected", "%63onnected"),
        RETURN.replace("?tab=2", ""),
        RETURN.replace("tab=2", "tab=3"),
        RETURN.replace("https", "http"),
        "javascript:alert(1)".into(),
        "data:text/html,x".into(),
        "/connected".into(),
        String::new(),
        "https://".into(),
        "*".into(),
        "https://app.example.com/*".into(),
    ]
}

#[tokio::test]
async fn oc_11_only_the_listed_return_url_is_taken_to_the_letter() {
    let (world, _upstream) = world().await;
    let variants = variants();
    assert!(variants.len() >= 500, "{}", variants.len());
    for url in variants {
        let body = json!({"app": "desk", "return_url": url});
        let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
        let problem = reply.assert_problem(422, "invalid");
        assert_eq!(problem["field"], "return_url", "{url}");
    }
    let reply = world.api(&world.key, Method::GET, "/connections", None).await;
    assert_eq!(reply.json()["connections"], json!([]), "nothing was stored");
    let body = json!({"app": "desk", "return_url": RETURN});
    assert_eq!(world.api(&world.key, Method::POST, "/connections", Some(body)).await.status, 200);
}

//! Stripe Connect: the shipped file at a double that speaks Stripe's dialect and remembers what it gave.

use super::{
    gateway::{Gateway, free_port},
    process::project,
    tools::{chromium, node},
};

/// The shipped file, with its two hosts elsewhere.
fn stripe_at(connect: u16, api: u16) -> String {
    let shipped = std::fs::read_to_string(project("config/apps/payment/stripe.toml")).unwrap();
    [("connect", connect), ("api", api)].into_iter().fold(shipped, |file, (host, port)| {
        let moved = file.replace(&format!("https://{host}.stripe.com"), &format!("http://127.0.0.1:{port}"));
        assert_ne!(moved, file, "the shipped file has changed");
        moved
    })
}

#[test]
fn oc_15_tl_1_tl_7_tl_13_a_grant_lives_its_whole_life_in_stripes_dialect() {
    let (connect, api) = (free_port(), free_port());
    let settings = r#"refresh = { ahead = "1s", every = "1h", spacing = "1s" }"#;
    let gateway = Gateway::start(&[("stripe", stripe_at(connect, api))], settings);
    let mut script = node("stripe_connect.mjs");
    script
        .env("CONNECT_PORT", connect.to_string())
        .env("API_PORT", api.to_string())
        .env("BROWSER", chromium());
    let said = gateway.serves(&mut script);
    assert!(said.contains("stripe connect ok"), "{said}");
    println!("{said}");
}

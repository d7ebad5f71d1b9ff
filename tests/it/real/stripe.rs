//! Stripe's own Python library, and a payment from customer to receipt, with localstripe as the upstream.

use std::path::Path;

use tempfile::TempDir;

use super::{
    gateway::Gateway,
    process::{Running, project},
    tools::python,
};

/// localstripe, and a gateway whose `stripe` it is.
pub(super) struct Stripe {
    pub(super) gateway: Gateway,
    _upstream: Running,
    _folder: TempDir,
}

impl Stripe {
    pub(super) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let (upstream, port) = localstripe(folder.path());
        let gateway = Gateway::start(&[("stripe", stripe_at(port))], "");
        Self { gateway, _upstream: upstream, _folder: folder }
    }
}

fn localstripe(folder: &Path) -> (Running, u16) {
    let mut server = Running::start(&mut python("localstripe_server.py"), folder.join("localstripe.log"));
    let port = server.until("localstripe", |printed| {
        printed.lines().find_map(|line| line.strip_prefix("ready ")?.parse().ok())
    });
    (server, port)
}

/// The shipped file with another base; localstripe knows no accounts, so the balance is what proves the key.
fn stripe_at(port: u16) -> String {
    let shipped = std::fs::read_to_string(project("config/apps/payment/stripe.toml")).unwrap();
    let moved = shipped.replace("https://api.stripe.com", &format!("http://127.0.0.1:{port}"));
    let text = moved.replace("get = \"/v1/account\"", "get = \"/v1/balance\"");
    assert!(moved != shipped && text != moved, "the shipped file has changed: {shipped}");
    text
}

#[test]
fn stripes_own_library_works_with_another_base_url_and_key() {
    let stripe = Stripe::start();
    assert!(stripe.gateway.serves(&mut python("stripe_sdk.py")).contains("stripe ok"));
}

#[test]
fn a_payment_goes_from_customer_to_receipt_and_back_to_the_intent_when_declined() {
    let stripe = Stripe::start();
    let example = project("examples/stripe_payment.py");
    assert!(stripe.gateway.serves(python("payment.py").arg(example)).contains("payment ok"));
}

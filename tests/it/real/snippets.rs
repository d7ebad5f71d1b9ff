//! The calls that people have in their scripts for the hosted original, with curl, urllib, requests and fetch.

use std::process::Command;

use super::{
    process::project,
    stripe::Stripe,
    tools::{node, python},
};

#[test]
fn snippets_of_the_hosted_original_work_with_curl_urllib_requests_and_fetch() {
    let stripe = Stripe::start();
    // Two accounts, so that there is one to choose.
    let second = stripe.gateway.serves(&mut python("two_accounts.py"));
    let second = second.trim();
    let mut curl = Command::new("sh");
    curl.arg(project("tests/real/snippets.sh"));
    for (mut client, said) in [
        (curl, "curl ok"),
        (python("snippets_urllib.py"), "urllib ok"),
        (python("snippets_requests.py"), "requests ok"),
        (node("snippets.mjs"), "fetch ok"),
    ] {
        assert!(stripe.gateway.serves(client.env("KEYFERRY_SECOND", second)).contains(said));
    }
}

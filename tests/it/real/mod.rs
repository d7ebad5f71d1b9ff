//! Real clients, servers and browsers against the real binary, each in a process of its own, as a user would run them.
//!
//! The clients are scripts under `tests/real`; a test here gives them a gateway and an upstream and expects them to end
//! well. Nothing is skipped: what is missing on the machine fails the test with the command that installs it.

mod browser;
mod demo;
pub(crate) mod gateway;
mod grpc;
mod maton;
mod mcp;
mod memory;
mod oidc;
mod pages;
mod process;
mod sdks;
mod signed;
mod snippets;
mod stripe;
mod stripe_connect;
mod tools;
mod upstreams;
mod websocket;

/// An app whose key goes out as a bearer, at `base`.
fn key_app(name: &str, base: &str) -> String {
    format!(
        r#"
        name = "{name}"
        display_name = "{name}"
        base = "{base}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
        "#
    )
}

//! The Model Context Protocol as its own SDK speaks it: server, OAuth server and client are npm's, the gateway between
//! them knows one address.

use super::{
    gateway::{Gateway, free_port},
    tools::{chromium, node},
};

#[test]
fn a_server_is_found_registered_at_consented_to_and_called() {
    let port = free_port();
    let app = format!(
        r#"
        name = "clock"
        display_name = "Clock"
        base = "http://127.0.0.1:{port}"
        no_probe = "tools only"
        [[auth]]
        method = "MCP"
        mcp = {{ url = "http://127.0.0.1:{port}/v1/mcp", domains = ["127.0.0.1"] }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]
        "#
    );
    let gateway = Gateway::start(&[("clock", app)], "");
    let mut script = node("mcp.mjs");
    script.env("PORT", port.to_string()).env("BROWSER", chromium());
    assert!(gateway.serves(&mut script).contains("mcp ok"));
}

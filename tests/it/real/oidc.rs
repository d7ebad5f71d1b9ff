//! A certified OAuth server as an app that is defined only by a file: the whole life of a grant.

use super::{
    gateway::{Gateway, free_port},
    tools::node,
};

fn acme_at(port: u16) -> String {
    let server = format!("http://127.0.0.1:{port}");
    format!(
        r#"
        name = "acme"
        display_name = "Acme ID"
        base = "{server}/api"

        [[auth]]
        method = "OAUTH2"
        client = "acme"
        token = {{ url = "{server}/token", client_auth = "basic" }}
        revoke = {{ url = "{server}/token/revocation", client_auth = "basic" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]

        [auth.authorize]
        url = "{server}/auth"
        scopes = ["openid", "offline_access", "read"]
        pkce = "S256"
        issuer = "{server}"

        [probe]
        get = "/me"
        id = "sub"
        label = "email"
        email = "email"
        "#
    )
}

#[test]
fn a_real_oauth_server_grants_expires_rotates_revokes_and_grants_again() {
    let port = free_port();
    // Its access tokens live for eight seconds and it counts whole ones.
    let settings = r#"
        refresh = { ahead = "3s", spacing = "2s" }
        [clients.acme]
        client_id = "keyferry"
        client_secret = "a secret/with signs+"
    "#;
    let gateway = Gateway::start(&[("acme", acme_at(port))], settings);
    let mut script = node("oidc.mjs");
    script
        .env("OIDC_PORT", port.to_string())
        .env("OIDC_CLIENT_ID", "keyferry")
        .env("OIDC_CLIENT_SECRET", "a secret/with signs+");
    assert!(gateway.serves(&mut script).contains("oidc ok"));
}

//! The whole life of a grant at OAuth servers that nobody here wrote, each known to the gateway by a file alone.
//!
//! What happens is the same for all and stands in `tests/real/grant_life.mjs`: people with real Chromium connect, their
//! tokens end, rotate, are stolen and spent twice, and they connect again, as themselves and as somebody else.

use std::process::Command;

use super::{
    gateway::{Gateway, answers, free_port},
    process::Running,
    tools::{chromium, node, python},
};

const CLIENT_ID: &str = "keyferry";
const CLIENT_SECRET: &str = "a secret/with signs+";

/// npm oidc-provider, certified; the API behind it asks it about each token.
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

/// The Python package django-oauth-toolkit; its userinfo endpoint is the API.
fn toolkit_at(port: u16) -> String {
    let server = format!("http://127.0.0.1:{port}/o");
    format!(
        r#"
        name = "toolkit"
        display_name = "Toolkit"
        base = "{server}"

        [[auth]]
        method = "OAUTH2"
        client = "toolkit"
        token = {{ url = "{server}/token/" }}
        revoke = {{ url = "{server}/revoke_token/" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]

        [auth.authorize]
        url = "{server}/authorize/"
        scopes = ["openid", "read"]
        pkce = "S256"
        issuer = "{server}"

        [probe]
        get = "/userinfo/"
        id = "sub"
        label = "name"
        email = "email"
        "#
    )
}

/// A gateway with one app and its client, that renews a token only when a call needs it.
fn gateway(name: &str, file: String) -> Gateway {
    let settings = format!(
        r#"
        refresh = {{ ahead = "1s", every = "1h", spacing = "1s" }}
        [clients.{name}]
        client_id = "{CLIENT_ID}"
        client_secret = "{CLIENT_SECRET}"
        "#
    );
    Gateway::start(&[(name, file)], &settings)
}

/// A script or server that is told of the client and where the server listens.
fn told(mut command: Command, port: u16) -> Command {
    command
        .env("PORT", port.to_string())
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .env("BROWSER", chromium());
    command
}

#[test]
fn oc_9_oc_15_tl_1_tl_7_a_grant_lives_its_whole_life_at_oidc_provider() {
    let port = free_port();
    let gateway = gateway("acme", acme_at(port));
    let said = gateway.serves(&mut told(node("oidc.mjs"), port));
    assert!(said.contains("oidc ok"), "{said}");
    println!("{said}");
}

#[test]
fn oc_9_oc_15_tl_1_tl_7_a_grant_lives_its_whole_life_at_django_oauth_toolkit() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let gateway = gateway("toolkit", toolkit_at(port));
    let mut server = told(python("toolkit_server.py"), port);
    server
        .env("FOLDER", folder.path())
        .env("REDIRECT_URI", format!("{}/callback/toolkit", gateway.control()));
    let mut server = Running::start(&mut server, folder.path().join("server.log"));
    let discovery = "/o/.well-known/openid-configuration";
    server.until("Django's server", |_| answers(port, discovery).then_some(()));
    let said = gateway.serves(&mut told(node("toolkit.mjs"), port));
    assert!(said.contains("toolkit ok"), "{said}\nDjango:\n{}", server.printed());
    println!("{said}");
}

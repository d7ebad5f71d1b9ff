//! A person with a browser: consents, refuses, types in a key, comes too late; every page is held against axe-core.

use keyferry::{
    clock::Clock,
    sandbox::{Sandbox, SandboxClient, SandboxSettings},
};
use tokio::{net::TcpListener, runtime::Runtime};

use super::{
    gateway::{Gateway, free_port},
    tools::{chromium, node},
};

/// An app of OAuth, at the sandbox.
fn harbor_at(port: u16) -> String {
    let server = format!("http://127.0.0.1:{port}");
    format!(
        r#"
        name = "harbor"
        display_name = "Harbor"
        base = "{server}"

        [[auth]]
        method = "OAUTH2"
        client = "harbor"
        authorize = {{ url = "{server}/authorize", scopes = ["profile", "items.read"], issuer = "{server}" }}
        token = {{ url = "{server}/token" }}
        revoke = {{ url = "{server}/revoke" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]

        [probe]
        get = "/userinfo"
        id = "sub"
        label = "email"
        email = "email"

        [scopes]
        "items.read" = "See what is on your shelf"
        "#
    )
}

/// An app with a key and a tenant field, at a server that the script runs.
fn lighthouse_at(port: u16) -> String {
    format!(
        r#"
        name = "lighthouse"
        display_name = "Lighthouse"
        docs = "https://example.com/docs"
        base = "http://127.0.0.1:{port}/${{coast}}"

        [[field]]
        name = "coast"
        label = "Coast"
        help = "The first word of your address."
        example = "north"
        pattern = "^[a-z]+$"

        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "API key", secret = true }}]
        inject = [{{ header = "X-Api-Key", value = "${{api_key}}" }}]

        [probe]
        get = "/me"
        id = "id"
        label = "keeper"
        "#
    )
}

/// The sandbox, on a thread of its own until this is dropped.
struct Provider {
    port: u16,
    runtime: Runtime,
    listener: Option<TcpListener>,
}

impl Provider {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        Self { port: listener.local_addr().unwrap().port(), runtime, listener: Some(listener) }
    }

    /// Knows this gateway from now on, and answers.
    fn serve(&mut self, gateway: &Gateway) {
        let client = SandboxClient {
            id: "keyferry".to_owned(),
            secret: "not a secret".to_owned(),
            name: "Keyferry of the tests".to_owned(),
            redirect_uris: vec![format!("{}/callback/harbor", gateway.control())],
        };
        let settings = SandboxSettings::new(format!("http://127.0.0.1:{}", self.port), client);
        let (sandbox, listener) = (Sandbox::new(settings, Clock::System), self.listener.take().unwrap());
        self.runtime.spawn(async move { sandbox.serve(listener, std::future::pending()).await });
    }
}

#[test]
fn a_person_connects_refuses_types_a_key_and_comes_too_late() {
    let (mut provider, port) = (Provider::new(), free_port());
    let apps = [("harbor", harbor_at(provider.port)), ("lighthouse", lighthouse_at(port))];
    let client = "[clients.harbor]\nclient_id = \"keyferry\"\nclient_secret = \"not a secret\"\n";
    let back = format!("control.return_urls = [\"http://127.0.0.1:{port}/back\"]\n");
    let gateway = Gateway::start(&apps, &(back + client));
    let hasty = Gateway::start(&apps, &format!("connect.link_lifetime = \"1s\"\n{client}"));
    provider.serve(&gateway);
    let mut script = node("browser.mjs");
    script
        .env("BROWSER", chromium())
        .env("LIGHTHOUSE_PORT", port.to_string())
        .env("HASTY_CONTROL", hasty.control())
        .env("HASTY_KEY", hasty.key());
    assert!(gateway.serves(&mut script).contains("browser ok"));
}

//! The two files an operator would write: settings, and the app file of the sandbox.

use super::Doors;
use crate::sandbox::SandboxSettings;

/// The app file as it stands in the repository, with the address it names there.
const APP: (&str, &str) = (include_str!("../../../config/sandbox.toml"), "http://127.0.0.1:9191");

/// The sandbox's app file, for the address it got.
pub(super) fn app_file(sandbox_url: &str) -> String {
    APP.0.replace(APP.1, sandbox_url)
}

/// `keyferry.toml` for these ports.
pub(super) fn file(doors: &Doors, sandbox: &SandboxSettings) -> String {
    let client = sandbox.clients.iter().map(|client| {
        format!("[clients.sandbox]\nclient_id = \"{}\"\nclient_secret = \"{}\"\n", client.id, client.secret)
    });
    // What the defaults say is for tokens that last an hour.
    let lifetime = sandbox.access_lifetime.as_millis();
    let (ahead, spacing) = (lifetime / 4, lifetime / 2);
    format!(
        r#"# Written by `keyferry demo`.

[gateway]
listen = "{gateway}"
url = "{gateway_url}"

[control]
listen = "{control}"
url = "{control_url}"

[admin]
listen = "{admin}"

[store]
url = "sqlite:keyferry.db"

[vault]
key_file = "master.key"

[catalog]
dir = "apps"

[egress]                    # the sandbox is on this machine, without TLS
allow = ["127.0.0.0/8"]
plain_http = true

[refresh]                   # the sandbox's tokens are short-lived
ahead = "{ahead}ms"
spacing = "{spacing}ms"

[shutdown]
grace = "1s"

[log]
filter = "warn"

{client}"#,
        gateway = doors.gateway.address,
        gateway_url = doors.gateway.url(),
        control = doors.control.address,
        control_url = doors.control.url(),
        admin = doors.admin.address,
        client = client.collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_file_is_for_the_address_the_sandbox_got() {
        assert!(APP.0.contains(APP.1), "the address that is replaced stands in the file");
        let file = app_file("http://127.0.0.1:4321");
        assert!(!file.contains("9191") && file.contains("base = \"http://127.0.0.1:4321\""), "{file}");
    }
}

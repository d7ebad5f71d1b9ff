//! Upstreams that nobody here wrote: httpbin under gunicorn, nginx, nghttpd over HTTP/2 and TLS, Node's http.
//!
//! A script asks each of them directly and through the gateway, and holds the answers against each other.

use super::{
    gateway::{Gateway, free_port},
    tools::{python, tool},
};
use crate::harness::secure::Certificate;

/// An app at an upstream of this machine.
pub(super) fn app(name: &str, base: &str, inject: &str) -> (String, String) {
    let file = format!(
        r#"
        name = "{name}"
        display_name = "{name}"
        base = "{base}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{inject}]
        "#
    );
    (name.to_owned(), file)
}

/// The usual place for a key.
pub(super) const BEARER: &str = r#"{ header = "Authorization", value = "Bearer ${api_key}" }"#;

#[test]
fn answers_of_real_servers_arrive_as_they_are_given_to_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = Certificate::of("localhost").write(folder.path());
    let ports: Vec<(&str, u16)> =
        ["httpbin", "nginx", "node", "nghttpd"].into_iter().map(|name| (name, free_port())).collect();
    let apps: Vec<(String, String)> = ports
        .iter()
        .map(|(name, port)| match *name {
            "nghttpd" => app(name, &format!("https://localhost:{port}"), BEARER),
            _ => app(name, &format!("http://127.0.0.1:{port}"), BEARER),
        })
        .collect();
    let apps: Vec<(&str, String)> = apps.iter().map(|(name, file)| (name.as_str(), file.clone())).collect();
    let gateway = Gateway::start(&apps, &format!("egress.ca_file = \"{}\"\n", cert.display()));
    let mut script = python("upstreams.py");
    for (name, port) in ports {
        script.env(format!("{}_PORT", name.to_uppercase()), port.to_string());
    }
    script.env("CERT", cert).env("CERT_KEY", key).env("FOLDER", folder.path());
    for name in ["nginx", "nghttpd", "curl"] {
        script.env(format!("{}_AT", name.to_uppercase()), tool(name));
    }
    assert!(gateway.serves(&mut script).contains("upstreams ok"));
}

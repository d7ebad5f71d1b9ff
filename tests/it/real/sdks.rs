//! Clients that put the key where their own API's key goes, follow pages, and follow redirects with the key attached.

use super::{
    gateway::{Gateway, free_port},
    process::project,
    tools::{node, python},
    upstreams::{BEARER, app},
};
use crate::harness::secure::Certificate;

#[test]
fn clients_that_know_only_a_base_url_and_a_key_work() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = Certificate::of("localhost").write(folder.path());
    let (github, voices, files, foreign) = (free_port(), free_port(), free_port(), free_port());
    let shipped = std::fs::read_to_string(project("config/apps/dev-tools/github.toml")).unwrap();
    let moved = shipped.replace("https://api.github.com", &format!("http://127.0.0.1:{github}"));
    assert_ne!(moved, shipped, "the shipped file has changed");
    let own = r#"{ header = "xi-api-key", value = "${api_key}" }"#;
    let (_, voices_file) = app("elevenlabs", &format!("http://127.0.0.1:{voices}"), own);
    let (_, files_file) = app("files", &format!("http://127.0.0.1:{files}"), BEARER);
    let apps = [("github", moved), ("elevenlabs", voices_file), ("files", files_file)];
    let gateway = Gateway::start(&apps, &format!("egress.ca_file = \"{}\"\n", cert.display()));
    let mut script = python("sdks.py");
    for (name, port) in [("GITHUB", github), ("VOICES", voices), ("FILES", files), ("FOREIGN", foreign)] {
        script.env(format!("{name}_PORT"), port.to_string());
    }
    script.env("CERT", cert).env("CERT_KEY", key);
    // Node's fetch is run by the script, while its upstreams are up.
    script.env("NODE", node("sdks.mjs").get_args().next().unwrap());
    assert!(gateway.serves(&mut script).contains("sdks ok"));
}

//! gRPC with the Python library `grpcio` at both ends: cleartext HTTP/2 in, HTTP/2 over TLS out.

use tempfile::TempDir;

use super::{
    gateway::{Gateway, free_port},
    key_app,
    tools::python,
};
use crate::harness::secure::Certificate;

#[test]
fn grpc_goes_through_with_every_kind_of_call_and_ending() {
    let (port, dir) = (free_port(), TempDir::new().unwrap());
    let (cert, key) = Certificate::of("localhost").write(dir.path());
    let app = key_app("calls", &format!("https://localhost:{port}"));
    let trust = format!("egress.ca_file = {:?}\n", cert.display().to_string());
    let gateway = Gateway::start(&[("calls", app)], &trust);
    let mut script = python("grpc_calls.py");
    script.env("KEYFERRY_UPSTREAM", port.to_string());
    script.env("KEYFERRY_CERT", &cert).env("KEYFERRY_CERT_KEY", &key);
    assert!(gateway.serves(&mut script).contains("grpc ok"));
}

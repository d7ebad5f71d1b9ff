//! `WebSockets` with the Python library `websockets` at both ends.

use super::{
    gateway::{Gateway, free_port},
    key_app,
    process::until,
    tools::python,
};

#[test]
fn websockets_go_through_with_every_kind_of_frame_and_close() {
    let port = free_port();
    let gateway = Gateway::start(&[("chat", key_app("chat", &format!("http://127.0.0.1:{port}")))], "");
    let mut script = python("websocket_chat.py");
    assert!(gateway.serves(script.env("KEYFERRY_UPSTREAM", port.to_string())).contains("websocket ok"));
    until("four WebSockets have their line, written at their end", || {
        let printed = gateway.printed();
        let complete = |line: &&str| line.contains("status=101") && line.contains("Complete");
        (printed.lines().filter(complete).count() >= 4).then_some(())
    });
}

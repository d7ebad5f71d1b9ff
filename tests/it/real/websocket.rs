//! `WebSockets` with the Python library `websockets` at both ends.

use super::{
    gateway::{Gateway, free_port},
    key_app,
    tools::python,
};

#[test]
fn websockets_go_through_with_every_kind_of_frame_and_close() {
    let port = free_port();
    let gateway = Gateway::start(&[("chat", key_app("chat", &format!("http://127.0.0.1:{port}")))], "");
    let mut script = python("websocket_chat.py");
    assert!(gateway.serves(script.env("KEYFERRY_UPSTREAM", port.to_string())).contains("websocket ok"));
    let printed = gateway.printed();
    let lines: Vec<_> = printed.lines().filter(|line| line.contains("101")).collect();
    let complete = lines.iter().filter(|line| line.contains("Complete")).count();
    assert!(complete >= 4, "each WebSocket has its line, written at its end:\n{printed}");
}

//! `WebSockets`, byte by byte: what asks for one, what goes where before and after the upstream has agreed, and how they
//! end. What real clients and servers make of it is in `tests/it/real`.

use std::time::Duration;

use http::{Method, Request, Response};
use hyper::{body::Incoming, client::conn::http2, ext::Protocol, upgrade::Upgraded};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyferry::net::{Body, body};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::harness::{
    peer::{Line, Peer},
    raw::Raw,
    world::{Plan, World},
};

/// The upstream of the app `things`, whose connections the test holds itself.
struct Chat {
    lines: UnboundedReceiver<Line>,
    world: World,
}

impl Chat {
    async fn start(plan: Plan) -> Self {
        let (send, lines) = unbounded_channel();
        let upstream = Peer::start(move |line| {
            let heard = send.send(line);
            async move { assert!(heard.is_ok()) }
        })
        .await;
        let world = plan.key_app("things", &upstream.url()).start().await;
        world.connect("things", "sk_real").await;
        Self { lines, world }
    }

    /// The next connection that the gateway makes, and the head of its first request.
    async fn asked(&mut self) -> (Line, String) {
        let next = tokio::time::timeout(Duration::from_secs(30), self.lines.recv());
        let mut line = next.await.expect("a connection in time").unwrap();
        let head = line.head().await.unwrap();
        (line, head)
    }

    /// An open WebSocket: the caller's end and the upstream's.
    async fn open(&mut self) -> (Raw, Line) {
        let mut caller = Raw::connect(self.world.gateway).await;
        caller.send(ask(&self.world.key, "")).await;
        let (mut line, _) = self.asked().await;
        line.send(GRANT).await;
        assert!(caller.head().await.starts_with("HTTP/1.1 101 "));
        (caller, line)
    }
}

fn ask(key: &str, fields: &str) -> String {
    format!(
        "GET /things/chat?room=a%20b HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         connection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
}

const GRANT: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: chat\r\n\
                     set-cookie: a=b\r\nkeep-alive: timeout=5\r\n\r\n";

/// The value of a field in a head.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[tokio::test]
async fn hd_3_an_upgrade_goes_through_every_step_and_both_heads_are_cleaned() {
    let mut chat = Chat::start(Plan::default()).await;
    let mut caller = Raw::connect(chat.world.gateway).await;
    let fields = "sec-websocket-protocol: chat, other\r\nsec-websocket-extensions: permessage-deflate\r\n\
                  cookie: a=b\r\nte: trailers\r\nmaton-anything: 1\r\norigin: https://page.example\r\n";
    caller.send(ask(&chat.world.key, fields)).await;
    let (mut line, head) = chat.asked().await;
    assert!(head.starts_with("GET /chat?room=a%20b HTTP/1.1\r\n"), "{head}");
    for (name, value) in [
        ("connection", Some("Upgrade")),
        ("upgrade", Some("websocket")),
        ("authorization", Some("Bearer sk_real")),
        ("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZQ==")),
        ("sec-websocket-version", Some("13")),
        ("sec-websocket-protocol", Some("chat, other")),
        ("sec-websocket-extensions", Some("permessage-deflate")),
        ("origin", Some("https://page.example")),
        ("cookie", None),
        ("te", None),
        ("maton-anything", None),
        ("content-length", None),
        ("transfer-encoding", None),
    ] {
        assert_eq!(field(&head, name), value, "{name}: {head}");
    }
    line.send(GRANT).await;
    let head = caller.head().await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    for (name, value) in [
        ("connection", Some("Upgrade")),
        ("upgrade", Some("websocket")),
        ("sec-websocket-accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        ("sec-websocket-protocol", Some("chat")),
        ("set-cookie", None),
        ("keep-alive", None),
        ("content-length", None),
        ("transfer-encoding", None),
    ] {
        assert_eq!(field(&head, name), value, "{name}: {head}");
    }
    assert!(field(&head, "x-request-id").is_some() && field(&head, "maton-connection").is_some());
    caller.send("up").await;
    line.until(b"up").await;
    line.send("down").await;
    caller.until("down").await;
}

#[tokio::test]
async fn rp_10_no_byte_behind_the_head_goes_upstream_before_its_101() {
    let mut chat = Chat::start(Plan::default()).await;
    let mut caller = Raw::connect(chat.world.gateway).await;
    caller.send(ask(&chat.world.key, "") + "early bytes").await;
    let (mut line, _) = chat.asked().await;
    // A whole other call later, nothing has followed.
    let call = chat.world.http.clone();
    let (url, bearer) = (chat.world.at_gateway("/things/other"), format!("Bearer {}", chat.world.key));
    let other =
        tokio::spawn(async move { call.call(Method::GET, &url, &[("authorization", &bearer)], "").await });
    chat.asked().await.0.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(other.await.unwrap().status, 204);
    assert_eq!(line.at_hand(), b"");
    line.send(format!("{GRANT}first words")).await;
    line.until(b"early bytes").await;
    caller.until("first words").await;
}

#[tokio::test]
async fn rp_10_what_stands_behind_an_upgrade_that_is_not_granted_is_the_next_request() {
    let mut chat = Chat::start(Plan::default()).await;
    let mut caller = Raw::connect(chat.world.gateway).await;
    let next = "GET /things/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n";
    caller.send(ask(&chat.world.key, "") + next).await;
    let (mut line, _) = chat.asked().await;
    line.send("HTTP/1.1 426 Upgrade Required\r\nupgrade: other\r\ncontent-length: 2\r\n\r\nno").await;
    let reply = caller.reply().await;
    assert_eq!((reply.status, reply.text(), reply.header("upgrade")), (426, "no", None));
    let next = caller.reply().await;
    assert_eq!((next.status, next.header("keyferry-error")), (401, Some("key_missing")));
    assert_eq!(line.at_hand(), b"");
    assert!(chat.lines.is_empty());
}

#[tokio::test]
async fn rp_10_other_upgrades_go_on_as_plain_requests_and_what_switches_unasked_is_no_answer() {
    let mut chat = Chat::start(Plan::default()).await;
    let switch = |protocol| {
        format!("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n")
    };
    let plain = |method: &str, protocol: &str, body: &str| {
        ask(&chat.world.key, body)
            .replace("GET /", &format!("{method} /"))
            .replace("upgrade: websocket", &format!("upgrade: {protocol}"))
    };
    for (request, answer, asked) in [
        (plain("GET", "h2c", "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"), switch("h2c"), false),
        (plain("GET", "websocket, h2c", ""), switch("websocket"), false),
        (plain("POST", "websocket", "content-length: 0\r\n"), switch("websocket"), false),
        (plain("GET", "websocket", "content-length: 2\r\n") + "hi", switch("websocket"), false),
        (plain("GET", "websocket", ""), switch("h2c"), true),
        (plain("GET", "websocket", ""), switch("websocket, h2c"), true),
    ] {
        let mut caller = Raw::connect(chat.world.gateway).await;
        caller.send(&request).await;
        let (mut line, head) = chat.asked().await;
        assert_eq!(field(&head, "upgrade"), asked.then_some("websocket"), "{request}");
        assert_eq!(field(&head, "connection"), asked.then_some("Upgrade"), "{request}");
        assert_eq!(field(&head, "http2-settings"), None);
        line.send(answer).await;
        let reply = caller.reply().await;
        assert_eq!(
            (reply.status, reply.header("keyferry-error")),
            (502, Some("upstream_protocol")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn ak_5_what_refuses_a_call_refuses_an_upgrade() {
    let mut chat = Chat::start(Plan::default()).await;
    let rules = json!({"rules": {"read_only": true}});
    let made = chat.world.api(&chat.world.key, Method::POST, "/keys", Some(rules)).await.json();
    for (key, status, reason) in
        [("wrong", 401, "key_invalid"), (made["key"].as_str().unwrap(), 403, "not_allowed")]
    {
        let mut caller = Raw::connect(chat.world.gateway).await;
        caller.send(ask(key, "")).await;
        let reply = caller.reply().await;
        assert_eq!((reply.status, reply.header("keyferry-error")), (status, Some(reason)));
    }
    assert!(chat.lines.try_recv().is_err(), "nothing was dialled");
}

#[tokio::test]
async fn rl_4_a_callers_place_is_taken_until_its_websocket_ends() {
    let plan = Plan::default().set(|settings| settings.limits.key_concurrency = 1.try_into().unwrap());
    let mut chat = Chat::start(plan).await;
    let (mut caller, mut line) = chat.open().await;
    chat.world.get("/things/x").await.assert_problem(429, "too_many_concurrent");
    line.finish().await;
    assert_eq!(caller.rest().await, b"", "a half that ends upstream ends for the caller");
    caller.send("last words").await;
    caller.finish().await;
    line.until(b"last words").await;
    assert_eq!(line.closed().await, b"", "and the other way round");
    let (key, gateway) = (chat.world.key.clone(), chat.world.gateway);
    let free = tokio::spawn(async move {
        let request = format!("GET /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\r\n");
        loop {
            let mut raw = Raw::connect(gateway).await;
            raw.send(&request).await;
            let status = raw.reply().await.status;
            if status != 429 {
                return status;
            }
        }
    });
    chat.asked().await.0.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(free.await.unwrap(), 204);
}

#[tokio::test]
async fn a_silent_websocket_is_closed_on_both_sides() {
    let plan = Plan::default().set(|settings| settings.bounds.idle_timeout = Duration::from_millis(300));
    let mut chat = Chat::start(plan).await;
    let (mut caller, mut line) = chat.open().await;
    line.send("bye").await;
    assert_eq!(caller.rest().await, b"bye");
    assert_eq!(line.closed().await, b"");
}

#[tokio::test]
async fn pf_5_a_side_that_breaks_takes_the_other_along() {
    let mut chat = Chat::start(Plan::default()).await;
    let (mut caller, line) = chat.open().await;
    line.reset();
    assert_eq!(caller.rest().await, b"");
    let (caller, mut line) = chat.open().await;
    caller.reset();
    assert_eq!(line.closed().await, b"");
}

#[tokio::test]
async fn pf_2_a_websocket_gets_its_grace_at_a_stop_and_no_more() {
    let plan = Plan::default().set(|settings| settings.shutdown.grace = Duration::from_millis(500));
    let mut chat = Chat::start(plan).await;
    let (mut caller, mut line) = chat.open().await;
    let world = chat.world;
    let stopped = tokio::spawn(world.stop());
    line.send("still here").await;
    caller.until("still here").await;
    assert_eq!(caller.rest().await, b"");
    assert_eq!(line.closed().await, b"");
    stopped.await.unwrap();
}

/// Opens one with a key of its own, with which `take_back` then does something; that ends it on both sides, and
/// nobody else's.
async fn ends_when(take_back: impl AsyncFnOnce(&World, &str)) {
    // A cache that forgets at once: what is not at hand is looked up, and ends nothing.
    let plan = Plan::default().set(|settings| settings.cache.entries = 1.try_into().unwrap());
    let mut chat = Chat::start(plan).await;
    let made = chat.world.api(&chat.world.key, Method::POST, "/keys", Some(json!({"name": "second"}))).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    let (mut other_caller, mut other_line) = chat.open().await;
    let first = std::mem::replace(&mut chat.world.key, made["key"].as_str().unwrap().to_owned());
    let (mut caller, mut line) = chat.open().await;
    chat.world.key = first;
    take_back(&chat.world, made["id"].as_str().unwrap()).await;
    assert_eq!(caller.rest().await, b"");
    assert_eq!(line.closed().await, b"");
    other_caller.send("still").await;
    other_line.until(b"still").await;
    other_line.send("here").await;
    other_caller.until("here").await;
}

#[tokio::test]
async fn ak_3_a_websocket_ends_soon_after_its_key_is_revoked() {
    ends_when(async |world, id| {
        let reply = world.api(&world.key, Method::DELETE, &format!("/keys/{id}"), None).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    })
    .await;
}

#[tokio::test]
async fn ak_5_a_websocket_ends_soon_after_its_key_may_only_read() {
    ends_when(async |world, id| {
        let rules = json!({"rules": {"read_only": true}});
        let reply = world.api(&world.key, Method::PATCH, &format!("/keys/{id}"), Some(rules)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    })
    .await;
}

#[tokio::test]
async fn ci_5_a_websocket_ends_soon_after_its_connection_is_deleted() {
    let mut chat = Chat::start(Plan::default()).await;
    let (mut caller, mut line) = chat.open().await;
    let named = caller_connection(&chat.world).await;
    let reply = chat.world.api(&chat.world.key, Method::DELETE, &format!("/connections/{named}"), None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(caller.rest().await, b"");
    assert_eq!(line.closed().await, b"");
}

#[tokio::test]
async fn ci_5_a_websocket_ends_soon_after_its_owner_is_deleted() {
    let mut chat = Chat::start(Plan::default()).await;
    let (mut caller, mut line) = chat.open().await;
    let user = chat.world.api(&chat.world.key, Method::GET, "/user", None).await.json();
    let path = format!("/owners/{}", user["id"].as_str().unwrap());
    let reply = chat.world.api(&chat.world.admin_key, Method::DELETE, &path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(caller.rest().await, b"");
    assert_eq!(line.closed().await, b"");
}

/// The id of sam's only connection.
async fn caller_connection(world: &World) -> String {
    let list = world.api(&world.key, Method::GET, "/connections", None).await.json();
    list["connections"][0]["connection_id"].as_str().unwrap().to_owned()
}

/// A caller that speaks HTTP/2, and knows already what the gateway supports.
async fn http2_caller(world: &World) -> http2::SendRequest<Body> {
    let socket = TcpStream::connect(world.gateway).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let first = Request::get("http://localhost/nothing").body(body::empty()).unwrap();
    assert_eq!(sender.send_request(first).await.unwrap().status(), 404);
    sender
}

/// RFC 8441's request for a WebSocket.
fn connect(key: &str, protocol: &'static str, fields: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::connect("http://localhost/things/chat?room=a%20b")
        .header("authorization", format!("Bearer {key}"))
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static(protocol));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(body::empty()).unwrap()
}

/// The upstream's 101 to this request.
fn grant(head: &str) -> String {
    let key = field(head, "sec-websocket-key").unwrap();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let accept = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    GRANT.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", &accept)
}

async fn upgraded(mut response: Response<Incoming>) -> TokioIo<Upgraded> {
    TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap())
}

#[tokio::test]
async fn a_websocket_over_http2_is_an_upgrade_upstream() {
    let mut chat = Chat::start(Plan::default()).await;
    let mut caller = http2_caller(&chat.world).await;
    let fields = [("sec-websocket-protocol", "chat"), ("sec-websocket-key", "mine"), ("cookie", "a=b")];
    let asking = tokio::spawn(caller.send_request(connect(&chat.world.key, "websocket", &fields)));
    let (mut line, head) = chat.asked().await;
    assert!(head.starts_with("GET /chat?room=a%20b HTTP/1.1\r\n"), "{head}");
    for (name, value) in [
        ("connection", Some("Upgrade")),
        ("upgrade", Some("websocket")),
        ("authorization", Some("Bearer sk_real")),
        ("sec-websocket-protocol", Some("chat")),
        ("sec-websocket-version", Some("13")),
        ("cookie", None),
    ] {
        assert_eq!(field(&head, name), value, "{name}: {head}");
    }
    assert_eq!(field(&head, "sec-websocket-key").unwrap().len(), 24, "a key of the gateway's own: {head}");
    line.send(grant(&head)).await;
    let response = asking.await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    for name in ["sec-websocket-accept", "upgrade", "connection", "set-cookie", "content-length"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    let mut caller = upgraded(response).await;
    caller.write_all(b"up").await.unwrap();
    line.until(b"up").await;
    line.send("down").await;
    let mut got = [0; 4];
    caller.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"down");
    line.finish().await;
    assert_eq!(caller.read(&mut got).await.unwrap(), 0);
    caller.shutdown().await.unwrap();
    assert_eq!(line.closed().await, b"");
}

#[tokio::test]
async fn rp_7_no_other_connect_is_served_and_what_the_upstream_does_not_grant_is_an_answer() {
    let mut chat = Chat::start(Plan::default()).await;
    let mut caller = http2_caller(&chat.world).await;
    let mut keyless = connect("", "websocket", &[]);
    keyless.headers_mut().remove("authorization");
    for (request, status) in [
        (connect(&chat.world.key, "connect-udp", &[]), 405),
        (Request::connect("localhost:443").body(body::empty()).unwrap(), 405),
        (keyless, 401),
    ] {
        assert_eq!(caller.send_request(request).await.unwrap().status(), status);
    }
    assert!(chat.lines.try_recv().is_err(), "nothing was dialled");
    for (answer, status) in [(GRANT, 502), ("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", 403)] {
        let asking = tokio::spawn(caller.send_request(connect(&chat.world.key, "websocket", &[])));
        chat.asked().await.0.send(answer).await;
        assert_eq!(asking.await.unwrap().unwrap().status(), status, "{answer}");
    }
    // Elsewhere than at apps there are none.
    let mut control = connect(&chat.world.key, "websocket", &[]);
    *control.uri_mut() = "http://localhost/connections".parse().unwrap();
    assert_eq!(caller.send_request(control).await.unwrap().status(), 405);
}

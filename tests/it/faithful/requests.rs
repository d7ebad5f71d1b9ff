//! Requests arrive as sent.

use http::Version;

use super::stage::{ALL, Said, Stage, Versions};
use crate::harness::caller::Payload;

const METHODS: [&str; 16] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "PROPFIND",
    "REPORT",
    "MKCALENDAR",
    "QUERY",
    "PURGE",
    "M-SEARCH",
    "get",
    "BREW",
    "!#$%&'*+-.^_`|~",
];

async fn said_nothing(versions: Versions) -> Stage {
    Stage::answering(versions, |method, _| match method {
        "HEAD" => Said { body: Payload::Absent, ..Said::ok("") },
        _ => Said::ok("{}"),
    })
    .await
}

#[tokio::test]
async fn every_method_arrives_with_its_target() {
    for versions in ALL {
        let mut stage = said_nothing(versions).await;
        for method in METHODS {
            let target = "/a%2Fb//c;d=1/?q=%20+&q=&q";
            let reply = stage.caller.call(method, &format!("/things{target}"), &[], &Payload::Absent).await;
            assert_eq!(reply.status, 200, "{versions:?} {method}: {}", reply.text());
            let arrived = stage.newest();
            assert_eq!((arrived.method.as_str(), arrived.target.as_str()), (method, target), "{versions:?}");
        }
    }
}

/// Fields that gateways like to lose, join, split, sort or improve.
fn fields() -> Vec<(&'static str, Vec<u8>)> {
    let mut fields: Vec<(&str, Vec<u8>)> = [
        ("user-agent", "sdk/1.0 (+https://sdk.test; \"q\")"),
        ("accept-encoding", "br;q=1.0, x-odd, gzip;q=0, *;q=0"),
        ("accept", "*/*"),
        ("accept-language", "de-CH, *;q=0.1"),
        ("x-many", "1"),
        ("x-many", ""),
        ("x-many", "2, 3"),
        ("x-many", "1"),
        ("x_under.score", "kept"),
        ("idempotency-key", "3c9b-\"quoted\""),
        ("if-match", "\"a\", W/\"b\""),
        ("if-none-match", "*"),
        ("if-modified-since", "Sat, 29 Oct 1994 19:43:31 GMT"),
        ("if-unmodified-since", "not a date"),
        ("if-range", "W/\"x\""),
        ("range", "bytes=0-0,-1"),
        ("content-type", "text/plain; charset=\"utf-8\"; x=1"),
        ("content-encoding", "gzip, br"),
        ("content-language", "en"),
        ("content-md5", "Q2hlY2sgSW50ZWdyaXR5IQ=="),
        ("origin", "https://o.test"),
        ("referer", "https://o.test/?a=b"),
        ("priority", "u=1, i"),
        ("prefer", "respond-async, wait=10"),
        ("stripe-version", "2026-01-01"),
        ("x-tab", "a\tb"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.as_bytes().to_vec()))
    .collect();
    fields.push(("x-text", (0x80..=0xff).collect()));
    fields.push(("x-large", vec![b'x'; 40 << 10]));
    fields
}

#[tokio::test]
async fn fields_arrive_in_their_order_and_to_the_byte() {
    let sent = fields();
    let asked: Vec<(&str, &[u8])> = sent.iter().map(|(name, value)| (*name, value.as_slice())).collect();
    for versions in ALL {
        let mut stage = said_nothing(versions).await;
        let body = Payload::Fixed(b"\x1f\x8b\x00 not really gzip".to_vec());
        let reply = stage.caller.call("POST", "/things/x", &asked, &body).await;
        assert_eq!(reply.status, 200, "{versions:?}: {}", reply.text());
        let arrived = stage.newest();
        assert_eq!(arrived.all("authorization"), [b"Bearer sk_real"], "{versions:?}");
        let own = ["host", "authorization", "content-length"];
        let kept: Vec<(&str, Vec<u8>)> = arrived
            .fields
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        assert_eq!(kept, sent, "{versions:?}");
        assert_eq!(arrived.body, body.bytes(), "{versions:?}");
    }
}

#[tokio::test]
async fn bodies_arrive_whole_and_framed_as_they_were() {
    let binary: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let pieces = vec![b"one".to_vec(), b"\r\n0\r\n\r\n".to_vec(), binary.clone()];
    for versions in ALL {
        let mut stage = said_nothing(versions).await;
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
            for (payload, length) in [
                (Payload::Absent, None),
                (Payload::Fixed(binary.clone()), Some("70000")),
                (Payload::Fixed(b"x".to_vec()), Some("1")),
                (Payload::Pieces(pieces.clone()), None),
            ] {
                let reply = stage.caller.call(method, "/things/x", &[], &payload).await;
                assert_eq!(reply.status, 200, "{versions:?} {method} {length:?}: {}", reply.text());
                let arrived = stage.newest();
                let what = format!("{versions:?} {method} {length:?} {:?}", arrived.fields);
                assert!(arrived.body == payload.bytes(), "{what}");
                let lengths: Vec<&[u8]> = length.iter().map(|length| length.as_bytes()).collect();
                assert_eq!(arrived.all("content-length"), lengths, "{what}");
                let chunked = versions.1 == Version::HTTP_11 && matches!(payload, Payload::Pieces(_));
                assert_eq!(arrived.all("transfer-encoding").len(), usize::from(chunked), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_empty_body_is_told_from_none() {
    for versions in ALL {
        let mut stage = said_nothing(versions).await;
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let empty: &[(&str, &[u8])] = &[("content-length", b"0"), ("content-type", b"application/json")];
            stage.caller.call(method, "/things/x", empty, &Payload::Absent).await;
            let arrived = stage.newest();
            assert_eq!(arrived.all("content-length"), [b"0"], "{versions:?} {method}: {arrived:?}");
            assert_eq!(arrived.all("content-type"), [b"application/json"]);
            stage.caller.call(method, "/things/x", &[], &Payload::Absent).await;
            let arrived = stage.newest();
            assert!(arrived.all("content-length").is_empty(), "{versions:?} {method}: {arrived:?}");
            assert!(arrived.all("transfer-encoding").is_empty(), "{versions:?} {method}: {arrived:?}");
        }
    }
}

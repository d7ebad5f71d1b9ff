//! Answers arrive as given.

use http::Version;

use super::stage::{ALL, Said, Stage};
use crate::harness::caller::Payload;

/// What the gateway adds to an answer, and what servers add when it is missing.
const ADDED: [&str; 5] = ["maton-connection", "x-request-id", "date", "content-length", "transfer-encoding"];

#[tokio::test]
async fn every_status_arrives() {
    for versions in ALL {
        let mut stage = Stage::answering(versions, |_, target| {
            let status = target.trim_start_matches('/').parse().unwrap();
            let body =
                if status == 204 || status == 304 { Payload::Absent } else { Payload::Fixed(b"body".into()) };
            Said { status, fields: vec![("x-said", b"1".to_vec())], body }
        })
        .await;
        for status in
            (200..=226).chain(300..=308).chain(400..=451).chain([499, 500, 502, 503, 504, 511, 529, 599, 999])
        {
            if status == 205 {
                continue; // its length is another in each library
            }
            let reply = stage.caller.call("GET", &format!("/things/{status}"), &[], &Payload::Absent).await;
            assert_eq!(reply.status, status, "{versions:?}");
            assert_eq!((reply.header("x-said"), reply.header("keyferry-error")), (Some("1"), None));
            assert_eq!(reply.text(), if status == 204 || status == 304 { "" } else { "body" }, "{status}");
        }
    }
}

/// Fields of an answer that gateways like to lose, join, split, sort or improve.
fn fields() -> Vec<(&'static str, Vec<u8>)> {
    let mut fields: Vec<(&str, Vec<u8>)> = [
        ("server", "upstream/1.0"),
        ("date", "Sat, 29 Oct 1994 19:43:31 GMT"),
        ("content-type", "application/json;charset=utf-8"),
        ("content-encoding", "br"),
        ("x-many", "1"),
        ("x-many", ""),
        ("x-many", "2, 3"),
        ("vary", "Accept-Encoding"),
        ("vary", "Origin"),
        ("etag", "W/\"a\""),
        ("last-modified", "never"),
        ("cache-control", "public, max-age=3600"),
        ("cache-control", "immutable"),
        ("age", "17"),
        ("expires", "0"),
        ("retry-after", "120"),
        ("x-ratelimit-remaining", "0"),
        ("ratelimit", "limit=10"),
        ("content-disposition", "attachment; filename*=UTF-8''%e2%82%ac.txt"),
        ("content-security-policy", "default-src 'none'"),
        ("access-control-allow-origin", "*"),
        ("www-authenticate", "Bearer realm=\"x\", Basic"),
        ("accept-ranges", "bytes"),
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
async fn fields_of_an_answer_arrive_in_their_order_and_to_the_byte() {
    for versions in ALL {
        let body = Payload::Fixed((0..=255).cycle().take(100_000).collect());
        let mut stage =
            Stage::with(versions, Said { status: 200, fields: fields(), body: body.clone() }).await;
        let reply = stage.caller.call("GET", "/things/x", &[], &Payload::Absent).await;
        let kept: Vec<(&str, Vec<u8>)> = reply
            .headers
            .iter()
            .filter(|(name, _)| !ADDED.contains(&name.as_str()) || *name == "date")
            .map(|(name, value)| (name.as_str(), value.as_bytes().to_vec()))
            .collect();
        assert_eq!(kept, fields(), "{versions:?}");
        assert_eq!(reply.header("content-length"), Some("100000"), "{versions:?}");
        assert!(reply.body == body.bytes(), "{versions:?}");
    }
}

#[tokio::test]
async fn hd_9_hd_3_fields_about_the_upstreams_own_connection_and_origin_end_here() {
    for versions in ALL {
        let mut fields: Vec<(&str, Vec<u8>)> = vec![
            ("set-cookie", b"a=b".to_vec()),
            ("set-cookie", b"c=d".to_vec()),
            ("alt-svc", b"h3=\":443\"".to_vec()),
            ("strict-transport-security", b"max-age=1".to_vec()),
            ("keyferry-error", b"key_invalid".to_vec()),
            ("maton-connection", b"forged".to_vec()),
            ("x-kept", b"1".to_vec()),
        ];
        if versions.1 == Version::HTTP_11 {
            fields.push(("connection", b"x-mine".to_vec()));
            fields.push(("x-mine", b"1".to_vec()));
            fields.push(("keep-alive", b"timeout=5".to_vec()));
        }
        let said = Said { fields, ..Said::ok("x") };
        let mut stage = Stage::with(versions, said).await;
        let reply = stage.caller.call("GET", "/things/x", &[], &Payload::Absent).await;
        let others: Vec<_> =
            reply.headers.keys().map(http::HeaderName::as_str).filter(|name| !ADDED.contains(name)).collect();
        assert_eq!(others, ["x-kept"], "{versions:?}");
        assert_ne!(reply.header("maton-connection"), Some("forged"));
    }
}

#[tokio::test]
async fn bodies_of_answers_arrive_whole_and_framed_as_they_were() {
    // The first bytes of gzip, brotli's and zstd's own ways: nobody looks.
    let packed = [&b"\x1f\x8b\x08\x00"[..], &b"\x8b\x01\x80"[..], &b"\x28\xb5\x2f\xfd"[..]];
    for versions in ALL {
        for (coding, start) in ["gzip", "br", "zstd"].into_iter().zip(packed) {
            let bytes: Vec<u8> = start.iter().copied().chain((0..=255).cycle().take(70_000)).collect();
            let (one, two) = bytes.split_at(33);
            for body in [
                Payload::Fixed(bytes.clone()),
                Payload::Pieces(vec![one.to_vec(), two.to_vec()]),
                Payload::Fixed(Vec::new()),
                Payload::Pieces(Vec::new()),
            ] {
                let fields = vec![("content-encoding", coding.as_bytes().to_vec())];
                let mut stage = Stage::with(versions, Said { status: 200, fields, body: body.clone() }).await;
                let reply = stage.caller.call("GET", "/things/x", &[], &Payload::Absent).await;
                assert!(reply.body == body.bytes(), "{versions:?} {coding}");
                assert_eq!(reply.header("content-encoding"), Some(coding));
                let length = matches!(body, Payload::Fixed(_)).then(|| body.bytes().len().to_string());
                assert_eq!(reply.header("content-length"), length.as_deref(), "{versions:?} {coding}");
            }
        }
    }
}

#[tokio::test]
async fn ranges_conditions_and_head_are_the_upstreams_own_business() {
    let field = |name, value: &str| (name, value.as_bytes().to_vec());
    for versions in ALL {
        let mut stage = Stage::answering(versions, move |method, target| match (method, target) {
            ("HEAD", _) => Said {
                status: 200,
                fields: vec![field("content-length", "123456"), field("etag", "\"e\"")],
                body: Payload::Absent,
            },
            (_, "/part") => Said {
                status: 206,
                fields: vec![field("content-range", "bytes 2-4/10"), field("accept-ranges", "bytes")],
                body: Payload::Fixed(b"234".into()),
            },
            (_, "/parts") => Said {
                status: 206,
                fields: vec![field("content-type", "multipart/byteranges; boundary=X")],
                body: Payload::Pieces(vec![b"--X\r\n".to_vec(), b"\r\n--X--\r\n".to_vec()]),
            },
            (_, "/beyond") => Said {
                status: 416,
                fields: vec![field("content-range", "bytes */10")],
                body: Payload::Fixed(Vec::new()),
            },
            _ => Said { status: 304, fields: vec![field("etag", "\"e\"")], body: Payload::Absent },
        })
        .await;
        for (method, path, status, body, name, value) in [
            ("HEAD", "/x", 200, "", "content-length", "123456"),
            ("GET", "/part", 206, "234", "content-range", "bytes 2-4/10"),
            (
                "GET",
                "/parts",
                206,
                "--X\r\n\r\n--X--\r\n",
                "content-type",
                "multipart/byteranges; boundary=X",
            ),
            ("GET", "/beyond", 416, "", "content-range", "bytes */10"),
            ("GET", "/same", 304, "", "etag", "\"e\""),
            // Whatever came before, the connection is where it should be.
            ("HEAD", "/again", 200, "", "etag", "\"e\""),
        ] {
            let range: &[(&str, &[u8])] = &[("range", b"bytes=2-4"), ("if-none-match", b"\"e\"")];
            let reply = stage.caller.call(method, &format!("/things{path}"), range, &Payload::Absent).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (status, body), "{versions:?} {path}");
            assert_eq!(reply.header(name), Some(value), "{versions:?} {path}");
            assert_eq!(stage.newest().all("range"), [b"bytes=2-4"]);
        }
    }
}

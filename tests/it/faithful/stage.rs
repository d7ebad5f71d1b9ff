//! A gateway between a caller and an upstream, each in either version of HTTP.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response, Version};
use tempfile::TempDir;

use crate::harness::{
    caller::{Caller, Payload},
    resolver::Names,
    secure::{Asked, Certificate, Secure},
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// The versions of caller and upstream.
pub(super) type Versions = (Version, Version);

/// Every pair of versions.
pub(super) const ALL: [Versions; 4] = [
    (Version::HTTP_11, Version::HTTP_11),
    (Version::HTTP_11, Version::HTTP_2),
    (Version::HTTP_2, Version::HTTP_11),
    (Version::HTTP_2, Version::HTTP_2),
];

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) fields: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Arrived {
    /// Every value of a field, in order.
    pub(super) fn all(&self, name: &str) -> Vec<&[u8]> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_slice()).collect()
    }
}

/// An answer to be given.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) fields: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Payload,
}

impl Said {
    pub(super) fn ok(body: &str) -> Self {
        Self { status: 200, fields: Vec::new(), body: Payload::Fixed(body.into()) }
    }

    fn raw(&self) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} Said\r\n", self.status).into_bytes();
        for (name, value) in &self.fields {
            out.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        match &self.body {
            Payload::Absent => out.extend(b"\r\n"),
            Payload::Fixed(bytes) => {
                out.extend(format!("content-length: {}\r\n\r\n", bytes.len()).as_bytes());
                out.extend(bytes);
            }
            Payload::Pieces(pieces) => {
                out.extend(b"transfer-encoding: chunked\r\n\r\n");
                for piece in pieces {
                    out.extend(format!("{:x}\r\n", piece.len()).as_bytes());
                    out.extend([piece, &b"\r\n"[..]].concat());
                }
                out.extend(b"0\r\n\r\n");
            }
        }
        out
    }

    fn response(&self) -> Response<keyferry::net::Body> {
        let mut response = Response::new(self.body.body());
        *response.status_mut() = self.status.try_into().unwrap();
        for (name, value) in &self.fields {
            let value = HeaderValue::from_bytes(value).unwrap();
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
        if let Payload::Fixed(bytes) = &self.body {
            response.headers_mut().insert("content-length", bytes.len().into());
        }
        response
    }
}

enum Peer {
    Plain(Upstream),
    Secure(Secure),
}

/// Caller, gateway and upstream.
pub(super) struct Stage {
    pub(super) caller: Caller,
    peer: Peer,
    _world: World,
    _folder: TempDir,
}

impl Stage {
    /// The app `things` at an upstream that answers every request alike.
    pub(super) async fn with(versions: Versions, said: Said) -> Self {
        Self::answering(versions, move |_, _| said.clone()).await
    }

    /// The app `things` at an upstream that answers by method and target.
    pub(super) async fn answering(
        (caller, upstream): Versions,
        script: impl Fn(&str, &str) -> Said + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut plan = Plan::default();
        let peer = if upstream == Version::HTTP_2 {
            let certificate = Certificate::of("api.secure.test");
            let secure = Secure::start(&certificate, &["h2"], move |head, _| {
                script(head.method.as_str(), head.uri.path_and_query().unwrap().as_str()).response()
            })
            .await;
            plan = plan
                .key_app("things", &format!("https://api.secure.test:{}", secure.address.port()))
                .set(|settings| settings.egress.ca_file = Some(certificate.write(folder.path()).0));
            plan.resolver = Arc::new(Names::default());
            Peer::Secure(secure)
        } else {
            let recorder =
                Upstream::answering(move |seen| Answer::Bytes(script(seen.method(), seen.target()).raw()))
                    .await;
            plan = plan.key_app("things", &recorder.url());
            Peer::Plain(recorder)
        };
        let world = plan.start().await;
        world.connect("things", "sk_real").await;
        let caller = Caller::connect(&world, caller).await;
        Self { caller, peer, _world: world, _folder: folder }
    }

    /// The newest request.
    pub(super) fn newest(&self) -> Arrived {
        match &self.peer {
            Peer::Plain(upstream) => {
                let seen = upstream.seen().pop().unwrap();
                let fields = seen.fields();
                Arrived {
                    method: seen.method().to_owned(),
                    target: seen.target().to_owned(),
                    body: seen.body,
                    fields,
                }
            }
            Peer::Secure(upstream) => {
                let Asked { head, body, .. } = upstream.seen().pop().unwrap();
                assert_eq!(head.version, Version::HTTP_2);
                let fields = head.headers.iter();
                Arrived {
                    method: head.method.to_string(),
                    target: head.uri.path_and_query().unwrap().to_string(),
                    fields: fields.map(|(name, value)| (name.to_string(), value.as_bytes().into())).collect(),
                    body: body.to_vec(),
                }
            }
        }
    }
}

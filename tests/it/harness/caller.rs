//! A caller in either version of HTTP, over one connection, that sends what it is told to the byte.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyferry::net::{Body, body};
use tokio::net::TcpStream;

use super::{http::Reply, world::World};

/// The body of a request or an answer.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// None, and no word about its length.
    Absent,
    /// These bytes, with their length.
    Fixed(Vec<u8>),
    /// These pieces, without a length.
    Pieces(Vec<Vec<u8>>),
}

impl Payload {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Absent => Vec::new(),
            Self::Fixed(bytes) => bytes.clone(),
            Self::Pieces(pieces) => pieces.concat(),
        }
    }

    pub(crate) fn body(&self) -> Body {
        match self {
            Self::Absent => body::absent(),
            Self::Fixed(bytes) => body::full(bytes.clone()),
            Self::Pieces(pieces) => {
                let frames: Vec<_> = pieces
                    .iter()
                    .map(|piece| Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(piece.clone()))))
                    .collect();
                body::boxed(StreamBody::new(futures_util::stream::iter(frames)))
            }
        }
    }
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// One connection of a caller with a key.
pub(crate) struct Caller {
    sender: Sender,
    key: String,
}

impl Caller {
    /// Connects as `sam`.
    pub(crate) async fn connect(world: &World, version: Version) -> Self {
        Self::to(world.gateway, version, &world.key).await
    }

    pub(crate) async fn to(address: SocketAddr, version: Version, key: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let io = TokioIo::new(socket);
        let sender = if version == Version::HTTP_2 {
            let mut http = http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = http.max_header_list_size(1 << 20).handshake(io).await.unwrap();
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Self { sender, key: key.to_owned() }
    }

    /// The same caller on the same connection, for another request at the same time.
    pub(crate) fn beside(&self) -> Self {
        match &self.sender {
            Sender::Http1(_) => panic!("HTTP/1.1 has one request at a time"),
            Sender::Http2(sender) => Self { sender: Sender::Http2(sender.clone()), key: self.key.clone() },
        }
    }

    /// Sends a request and waits for the answer's head.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        fields: &[(&str, &[u8])],
        body: Body,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method);
        request = match &self.sender {
            Sender::Http1(_) => request.uri(target).header("host", "localhost"),
            Sender::Http2(_) => request.uri(format!("http://localhost{target}")),
        };
        let mut request = request.body(body).unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", self.key).parse().unwrap());
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Sender::Http2(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        target: &str,
        fields: &[(&str, &[u8])],
        payload: &Payload,
    ) -> Reply {
        let mut fields = fields.to_vec();
        if let (Payload::Pieces(_), Sender::Http1(_)) = (payload, &self.sender) {
            // Without a word the library takes it for none, with some methods.
            fields.push(("transfer-encoding", b"chunked"));
        }
        let (head, body) = self.ask(method, target, &fields, payload.body()).await.into_parts();
        #[expect(clippy::disallowed_methods, reason = "tests read whole answers")]
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: head.status, headers: head.headers, body }
    }
}

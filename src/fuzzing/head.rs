//! A caller's bytes on an HTTP/1.1 connection, to the requests that go upstream for them.

use std::{cell::RefCell, convert::Infallible, rc::Rc};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;

use super::pipe;
use crate::{
    net::{Body, body},
    server::fuzzing as server,
};

/// The input is all that a caller sends.
pub fn head(data: &[u8]) {
    let sent: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let kept = Rc::clone(&sent);
    let service = service_fn(move |request: Request<Incoming>| {
        let kept = Rc::clone(&kept);
        async move {
            let bytes = pipe::upstream_bytes(request.map(Body::from)).await;
            let refused = bytes.is_none();
            kept.borrow_mut().extend(bytes);
            let mut response = Response::new(body::empty());
            if refused {
                response.headers_mut().insert("connection", http::HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let socket = TokioIo::new(tokio::io::join(data, tokio::io::sink()));
    let _ = pipe::run(server::http1().serve_connection(socket, service));
    let text = String::from_utf8_lossy(data).to_ascii_lowercase();
    let heads = text.replace('\r', "").matches("\n\n").count();
    assert!(sent.borrow().len() <= heads, "more requests than heads");
    for bytes in sent.borrow().iter() {
        let Some(message) = pipe::assert_good(bytes, |name| text.contains(&format!("{name}:"))) else {
            continue;
        };
        let framed = message.fields.iter().any(|(name, _)| name == "content-length");
        let body = &message.body;
        assert!(!framed || body.is_empty() || data.windows(body.len()).any(|found| found == body.as_slice()));
    }
}

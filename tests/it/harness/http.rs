//! A plain HTTP client for tests: sends what it is told, follows nothing, keeps no cookies.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is not JSON ({error}): {:?}", self.status, self.body))
    }

    /// Asserts that the gateway itself answered, as `status` and `reason`, in the one problem shape.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, reason: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        assert_eq!(self.header("keyferry-error"), Some(reason), "{:?}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body = self.json();
        assert_eq!(body["type"], format!("urn:keyferry:problem:{reason}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], status);
        assert_eq!(body["reason"], reason);
        assert_eq!(body["detail"], body["message"]);
        assert!(body["detail"].as_str().unwrap().len() > 20, "a detail says what to do: {body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        body
    }
}

/// The client. Clone it freely.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

impl Default for Http {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Http {
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        let response = self.0.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        #[expect(clippy::disallowed_methods, reason = "tests read whole answers")]
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// Sends `method url` with these headers and this body.
    pub(crate) async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }
}

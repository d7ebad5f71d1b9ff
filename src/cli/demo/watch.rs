//! The demo as a caller of its own gateway: makes the connection that the page shows, and sees when it is connected.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Method, Request, header};
use ipnet::IpNet;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    net::{
        client::{Client, Egress},
        guard::SystemResolver,
    },
    vault::token::ApiKey,
};

/// How often to look whether somebody has connected an account.
const EVERY: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_secs(10);
const LIMIT: usize = 64 * 1024;

/// A caller with the demo's key.
pub(super) struct Watch {
    client: Client,
    control_url: String,
    authorization: String,
}

/// The connection that waits for consent.
#[derive(Deserialize)]
pub(super) struct Pending {
    pub(super) connection_id: String,
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Answer {
    connection: Connection,
}

#[derive(Deserialize)]
struct Connection {
    status: String,
    metadata: Value,
}

impl Watch {
    /// A caller of the control API at this address.
    pub(super) fn new(control_url: &str, key: &ApiKey) -> anyhow::Result<Self> {
        let here = IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        let egress = Egress { allow: vec![here], plain_http: true, ..Egress::default() };
        Ok(Self {
            client: Client::new(&egress, Arc::new(SystemResolver))?,
            control_url: control_url.replace("localhost", "127.0.0.1"),
            authorization: format!("Bearer {}", key.reveal()),
        })
    }

    /// Makes the connection.
    pub(super) async fn begin(&self) -> anyhow::Result<Pending> {
        self.call(Method::POST, "/connections", r#"{"app":"sandbox"}"#).await
    }

    /// Waits until the connection is there and gives whose account it is; nothing when `stop` comes first.
    pub(super) async fn connected(&self, id: &str, stop: &CancellationToken) -> Option<String> {
        let path = format!("/connections/{id}");
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(EVERY) => {}
            }
            // Deleted, or the gateway is busy: no reason to end the demo.
            let Ok(Answer { connection }) = self.call(Method::GET, &path, "").await else { continue };
            if connection.status == "ACTIVE" {
                let account = connection.metadata.get("email").and_then(Value::as_str);
                return Some(account.unwrap_or("an account").to_owned());
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &'static str,
    ) -> anyhow::Result<T> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.control_url))
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from_static(body.as_bytes()))?;
        let answer = self.client.fetch(request, LIMIT, DEADLINE).await?;
        if !answer.status().is_success() {
            bail!("{path} answered {}: {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        serde_json::from_slice(answer.body()).context("an answer of the control API")
    }
}

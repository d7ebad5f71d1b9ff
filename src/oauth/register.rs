//! Registering a client at connect time: by RFC 7591, or as a server asks that had a way of its own before.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Client, OAuthError, discovery, params::Params};
use crate::{
    catalog::{
        auth::{ClientAuth, Register},
        template::Values,
    },
    net,
    vault::Secret,
};

/// A client as its provider has just made it.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// How it proves itself, if the answer says so.
    pub auth: Option<ClientAuth>,
    /// When its secret ends, in seconds since 1970.
    pub expires: Option<u64>,
}

/// Registers a client as an app's file says.
pub async fn register(
    http: &net::client::Client,
    rule: &Register,
    values: &(dyn Values + Sync),
) -> Result<Registered, OAuthError> {
    let none = BTreeMap::new();
    let mut params = Params::new(&none);
    params.fill(&rule.params, values)?;
    let url = rule.url.fill(values)?;
    let (content_type, body) = params.body(rule.format);
    read(&discovery::post(http, &url, content_type, body).await?)
}

/// Registers a client by RFC 7591, to prove itself by `auth`.
pub async fn register_dynamically(
    http: &net::client::Client,
    url: &str,
    redirect_uri: &str,
    auth: ClientAuth,
) -> Result<Registered, OAuthError> {
    let metadata = json!({
        "client_name": "keyferry",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": name_of(auth),
    });
    read(&discovery::post(http, url, "application/json", metadata.to_string()).await?)
}

fn read(response: &Response<Bytes>) -> Result<Registered, OAuthError> {
    let body: Option<Value> = serde_json::from_slice(response.body()).ok();
    if response.status() != StatusCode::OK && response.status() != StatusCode::CREATED {
        return Err(OAuthError::of_status(response.status(), body.as_ref(), None));
    }
    let body = body.ok_or(OAuthError::Protocol("it registered no client"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| is_plain(text));
    let id = text("client_id").ok_or(OAuthError::Protocol("it registered no client"))?.to_owned();
    let secret = Secret::from(text("client_secret").unwrap_or_default());
    Ok(Registered {
        client: Client { id, secret },
        auth: text("token_endpoint_auth_method").and_then(auth_of),
        expires: body.get("client_secret_expires_at").and_then(Value::as_u64).filter(|end| *end > 0),
    })
}

/// As it can stand in a query and in a header.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name of RFC 7591 2 for a way to prove oneself.
pub(super) const fn name_of(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::None => "none",
        _ => "client_secret_post",
    }
}

/// The other way round, for those that the gateway knows.
pub(super) fn auth_of(name: &str) -> Option<ClientAuth> {
    match name {
        "client_secret_post" => Some(ClientAuth::Body),
        "client_secret_basic" => Some(ClientAuth::Basic),
        "none" => Some(ClientAuth::None),
        _ => None,
    }
}

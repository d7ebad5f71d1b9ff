//! The browser pages of the control door: connect, callback, what came of it, and a word at the root.
//!
//! Pages work without script, load nothing from elsewhere and show nothing secret. What the flow does is
//! [`crate::connections`]' business; here is what people see of it and what browsers are told.

mod assets;
mod away;
mod callback;
mod choose;
mod connect;
mod cookie;
mod csrf;
mod done;
mod form;
mod frame;
mod headers;
mod html_pattern;
mod inert;
mod input;
mod language;
mod link;
mod monogram;
mod origin;
mod pages;
mod scopes;
mod success;
mod trouble;
mod why;
mod words;

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::Extensions,
    middleware,
    response::Response,
    routing::{get, post},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use self::{cookie::Jar, words::Words};
use crate::{
    connections::Connections,
    limits::Limits,
    owners::Owners,
    vault::{Vault, sha256},
};

/// What the pages need.
pub struct Parts {
    /// The connect flow.
    pub connections: Connections,
    /// The names of receiving owners.
    pub owners: Owners,
    /// Seals what a browser carries from a finished flow to the page about it.
    pub vault: Vault,
    /// Counts who asks, by address.
    pub limits: Limits,
    /// `control.url`.
    pub control_url: String,
    /// `gateway.url`.
    pub gateway_url: String,
}

/// The pages of one control door.
#[derive(Clone)]
struct Web(Arc<Parts>);

impl Web {
    fn jar(&self) -> Jar {
        Jar { secure: self.0.control_url.starts_with("https://") }
    }

    /// The origin of the control door, as browsers write it.
    fn origin(&self) -> String {
        url::Url::parse(&self.0.control_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

/// The routes of the pages. Other paths of the door are the control API's.
pub fn router(parts: Parts) -> Router {
    let web = Web(Arc::new(parts));
    let secure = web.jar().secure;
    let limit = middleware::from_fn_with_state(web.clone(), trouble::limit);
    let language = middleware::from_fn_with_state(web.clone(), language::choose);
    Router::new()
        .route("/", get(home))
        .route("/connect", get(connect::open).post(connect::submit))
        .route("/connect/{connection}", get(connect::page))
        .route("/callback/{app}", get(callback::arrive))
        .route("/choose", post(choose::submit))
        .route("/choose/{ticket}", get(choose::page))
        .route("/done/{flow}", get(done::page))
        .fallback(trouble::nowhere)
        .method_not_allowed_fallback(trouble::no_method)
        .layer(limit)
        .layer(language)
        // A page has several of these, and none costs anything.
        .route("/assets/{name}", get(assets::serve))
        .layer(middleware::map_response(move |response: Response| ready(headers::protect(secure, response))))
        .with_state(web)
}

/// Enough of a digest to name something by, in characters that paths and cookies' names may have.
fn short_digest(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(data).first_chunk::<9>().unwrap_or(&[0; 9]))
}

async fn home(State(web): State<Web>, extensions: Extensions) -> Response {
    pages::home(&Words::of(&extensions), &web.0.gateway_url)
}

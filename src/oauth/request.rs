//! A request to a token endpoint: proof of the client, own parameters and headers, sent once, answer read.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};

use super::{Client, OAuthError, TokenAnswer, answer, client_auth, params::Params};
use crate::{
    catalog::{
        auth::{ClientAuth, Format, Token},
        template::{Template, Values},
    },
    clock::Clock,
    net,
};

/// An answer of an OAuth endpoint is small; a longer one is not read.
const LIMIT: usize = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// What every request to a token endpoint needs.
#[derive(Clone, Copy)]
pub struct TokenEndpoint<'a> {
    /// Sends it.
    pub http: &'a net::client::Client,
    /// What a date in `Retry-After` is compared with.
    pub clock: &'a Clock,
    /// The token step of the app's file.
    pub token: &'a Token,
    /// Who asks.
    pub client: &'a Client,
    /// What the templates read.
    pub values: &'a (dyn Values + Sync),
}

impl TokenEndpoint<'_> {
    /// Parameters that begin with the grant type.
    pub(super) fn params(&self, standard_grant: &str) -> Params<'_> {
        let mut params = Params::new(&self.token.rename);
        params.standard("grant_type", self.token.grant_type.as_deref().unwrap_or(standard_grant));
        params
    }

    /// Sends a request as [`TokenEndpoint::ask`] does, and reads the answer.
    pub(super) async fn send(
        &self,
        url: &Template,
        how: ClientAuth,
        params: Params<'_>,
        own: &BTreeMap<String, Template>,
    ) -> Result<TokenAnswer, OAuthError> {
        answer::read(&self.ask(url, how, params, own).await?, self.token, self.clock.now())
    }

    /// Adds the proof of the client and the app's own parameters, and sends all of it.
    pub(super) async fn ask(
        &self,
        url: &Template,
        how: ClientAuth,
        mut params: Params<'_>,
        own: &BTreeMap<String, Template>,
    ) -> Result<Response<Bytes>, OAuthError> {
        let mut headers = HeaderMap::new();
        client_auth::apply(how, self.client, &mut params, &mut headers)?;
        params.fill(own, self.values)?;
        fill(&mut headers, &self.token.headers, self.values)?;
        post(self.http, &url.fill(self.values)?, headers, &params, self.token.format).await
    }
}

/// Posts parameters to an OAuth endpoint.
pub(super) async fn post(
    http: &net::client::Client,
    url: &str,
    mut headers: HeaderMap,
    params: &Params<'_>,
    format: Format,
) -> Result<Response<Bytes>, OAuthError> {
    let (content_type, body) = params.body(format);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Some answer with a form or a page unless they are asked for JSON, and some refuse who has no name.
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!("keyferry/", env!("CARGO_PKG_VERSION"))));
    let mut request = Request::post(url)
        .body(Bytes::from(body))
        .map_err(|_| OAuthError::Configuration("the endpoint's address is not a URL".to_owned()))?;
    *request.headers_mut() = headers;
    Ok(http.fetch(request, LIMIT, DEADLINE).await?)
}

fn fill(
    headers: &mut HeaderMap,
    own: &BTreeMap<String, Template>,
    values: &dyn Values,
) -> Result<(), OAuthError> {
    for (name, template) in own {
        let bad = || OAuthError::Configuration(format!("{name} can't be a header"));
        let value = HeaderValue::try_from(template.fill(values)?).map_err(|_| bad())?;
        headers.insert(HeaderName::try_from(name).map_err(|_| bad())?, value);
    }
    Ok(())
}

//! A request to a token endpoint: proof of the client, own parameters and headers, sent once, answer read.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};

use super::{
    Client, OAuthError, TokenAnswer,
    answer::{self, Shape},
    client_auth,
    params::Params,
};
use crate::{
    catalog::{
        auth::{ClientAuth, Format, Token, Verb},
        limit::Limit,
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
    /// What a date in an answer is compared with.
    pub clock: &'a Clock,
    /// The token step of the app's file.
    pub token: &'a Token,
    /// How this provider asks to be left alone.
    pub limit: Option<&'a Limit>,
    /// Who asks.
    pub client: &'a Client,
    /// What the templates read.
    pub values: &'a (dyn Values + Sync),
}

/// One request, in the words of the app's file.
#[derive(Clone, Copy)]
pub(super) struct Step<'s> {
    pub(super) url: &'s Template,
    pub(super) method: Verb,
    pub(super) format: Format,
    pub(super) client_auth: ClientAuth,
    pub(super) params: &'s BTreeMap<String, Template>,
    /// The later ones take the place of the earlier.
    pub(super) headers: [&'s BTreeMap<String, Template>; 2],
}

static NO_HEADERS: BTreeMap<String, Template> = BTreeMap::new();

impl<'a> TokenEndpoint<'a> {
    /// Parameters that begin with the grant type, unless the file leaves that out.
    pub(super) fn params(&self, standard_grant: &str) -> Params<'a> {
        let mut params = Params::new(&self.token.rename);
        let grant_type = self.token.grant_type.as_deref().unwrap_or(standard_grant);
        if !grant_type.is_empty() {
            params.standard("grant_type", grant_type);
        }
        params
    }

    /// The token step itself.
    pub(super) fn step(&self) -> Step<'a> {
        let Token { url, method, format, client_auth, params, headers, .. } = self.token;
        Step {
            url,
            method: *method,
            format: *format,
            client_auth: *client_auth,
            params,
            headers: [headers, &NO_HEADERS],
        }
    }

    /// The signed token that templates call `${jwt}`.
    pub(super) fn signed(&self) -> Result<&str, OAuthError> {
        let missing = || OAuthError::Configuration("the app's file has no [auth.jwt]".to_owned());
        self.values.value("jwt").ok_or_else(missing)
    }

    /// Sends a request as [`TokenEndpoint::ask`] does, and reads the answer.
    pub(super) async fn send(&self, step: &Step<'_>, params: Params<'_>) -> Result<TokenAnswer, OAuthError> {
        self.read(&self.ask(step, params).await?, self.token.into())
    }

    /// Reads an answer.
    pub(super) fn read(
        &self,
        response: &Response<Bytes>,
        shape: Shape<'_>,
    ) -> Result<TokenAnswer, OAuthError> {
        answer::read(response, shape, self.limit, self.clock.now())
    }

    /// Adds the proof of the client and the app's own parameters, and sends all of it.
    pub(super) async fn ask(
        &self,
        step: &Step<'_>,
        mut params: Params<'_>,
    ) -> Result<Response<Bytes>, OAuthError> {
        let mut headers = HeaderMap::new();
        client_auth::apply(step.client_auth, self.client, self.values, &mut params, &mut headers)?;
        params.fill(step.params, self.values)?;
        for own in step.headers {
            fill(&mut headers, own, self.values)?;
        }
        let url = step.url.fill(self.values)?;
        send(self.http, step.method, &url, headers, &params, step.format).await
    }
}

/// Sends parameters to an OAuth endpoint: in the body, or behind the address.
pub(super) async fn send(
    http: &net::client::Client,
    method: Verb,
    url: &str,
    mut headers: HeaderMap,
    params: &Params<'_>,
    format: Format,
) -> Result<Response<Bytes>, OAuthError> {
    // Some answer with a form or a page unless they are asked for JSON, and some refuse who has no name.
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(net::AGENT));
    let request = match method {
        Verb::Post => {
            let (content_type, body) = params.body(format);
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
            Request::post(url).body(Bytes::from(body))
        }
        Verb::Get if params.is_empty() => Request::get(url).body(Bytes::new()),
        Verb::Get => {
            let joint = if url.contains('?') { '&' } else { '?' };
            Request::get(format!("{url}{joint}{}", params.form())).body(Bytes::new())
        }
    };
    let mut request =
        request.map_err(|_| OAuthError::Configuration("the endpoint's address is not a URL".to_owned()))?;
    *request.headers_mut() = headers;
    Ok(http.fetch(request, LIMIT, DEADLINE).await?)
}

/// Fills headers of the app's file; one that may hold a credential is not printed anywhere.
pub(super) fn fill(
    headers: &mut HeaderMap,
    own: &BTreeMap<String, Template>,
    values: &dyn Values,
) -> Result<(), OAuthError> {
    for (name, template) in own {
        let bad = || OAuthError::Configuration(format!("{name} can't be a header"));
        let mut value = HeaderValue::try_from(template.fill(values)?).map_err(|_| bad())?;
        value.set_sensitive(template.names().next().is_some());
        headers.insert(HeaderName::try_from(name).map_err(|_| bad())?, value);
    }
    Ok(())
}

//! The first and the third leg of OAuth 1.0a (RFC 5849 2.1, 2.3); the second is a browser's. Both are signed requests
//! without a body, and both answers are forms.

use bytes::Bytes;
use http::{
    Method, Request, Uri,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use serde_json::Value;
use url::Url;

use super::{Begin, Client, Consent, OAuthError, TokenAnswer, discovery};
use crate::{
    catalog::{auth::OAuth1, template::Values},
    clock::Clock,
    net,
    sign::oauth1::{OAuth1 as Signer, Stamp},
    vault::{self, Secret},
};

/// What both legs need.
#[derive(Clone, Copy)]
pub struct Legs<'a> {
    /// Sends them.
    pub http: &'a net::client::Client,
    /// When.
    pub clock: &'a Clock,
    /// Where.
    pub steps: &'a OAuth1,
    /// Who asks.
    pub client: &'a Client,
}

/// Asks for temporary credentials, with which the browser goes on. Their token comes back with it, like a `state`; their
/// secret stays here, like a proof key.
pub async fn begin_oauth1(legs: &Legs<'_>, consent: &Consent<'_>) -> Result<Begin, OAuthError> {
    let url = legs.steps.request_token_url.fill(consent.values)?;
    let answer = legs.ask(&url, None, &[("oauth_callback", consent.redirect_uri)]).await?;
    // Without this the provider would lead whoever it likes to a callback that nobody named (RFC 5849 2.1).
    if answer.one("oauth_callback_confirmed")? != "true" {
        return Err(OAuthError::Protocol("it does not confirm the callback"));
    }
    let (state, secret) = (answer.secret("oauth_token")?, answer.secret("oauth_token_secret")?);
    let bad = || OAuthError::Configuration("the authorization URL is not a web address".to_owned());
    let mut url = Url::parse(&consent.authorize.url.fill(consent.values)?).map_err(|_| bad())?;
    for (name, value) in &consent.authorize.params {
        url.query_pairs_mut().append_pair(name, &value.fill(consent.values)?);
    }
    url.query_pairs_mut().append_pair("oauth_token", state.expose());
    Ok(Begin { url: url.into(), state, verifier: Some(secret), issuer: None })
}

/// Exchanges temporary credentials and what the browser brought for a token and its secret, which a provider does once.
pub async fn finish_oauth1(
    legs: &Legs<'_>,
    values: &(dyn Values + Sync),
    temporary: (&Secret, &Secret),
    verifier: &Secret,
) -> Result<(TokenAnswer, Secret), OAuthError> {
    let url = legs.steps.access_token_url.fill(values)?;
    let answer = legs.ask(&url, Some(temporary), &[("oauth_verifier", verifier.expose())]).await?;
    let secret = answer.secret("oauth_token_secret")?;
    let token = TokenAnswer {
        access_token: answer.secret("oauth_token")?,
        refresh_token: None,
        lifetime: None,
        scopes: None,
        earlier: None,
        raw: answer.0.into_iter().map(|(name, value)| (name, Value::from(value))).collect(),
    };
    Ok((token, secret))
}

/// A form, in which a name that comes twice is as good as none.
struct Answer(Vec<(String, String)>);

impl Answer {
    fn one(&self, name: &str) -> Result<&str, OAuthError> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(value),
            _ => Err(OAuthError::Protocol("it lacks a part of a token")),
        }
    }

    fn secret(&self, name: &str) -> Result<Secret, OAuthError> {
        let value = self.one(name)?;
        let is_plain =
            !value.is_empty() && value.len() <= 4096 && value.bytes().all(|c| c.is_ascii_graphic());
        is_plain.then(|| Secret::from(value)).ok_or(OAuthError::Protocol("it has no usable token"))
    }
}

impl Legs<'_> {
    async fn ask(
        &self,
        url: &str,
        token: Option<(&Secret, &Secret)>,
        further: &[(&str, &str)],
    ) -> Result<Answer, OAuthError> {
        let bad = || OAuthError::Configuration("the endpoint's address is not a URL".to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let signer =
            Signer::new(self.steps.signature, (&self.client.id.as_str().into(), &self.client.secret), token);
        let stamp = Stamp { nonce: &vault::random_text(), time: self.clock.now() };
        let value = signer.authorization(&Method::POST, &uri, None, further, &stamp).map_err(|_| bad())?;
        let request = Request::post(uri)
            .header(AUTHORIZATION, value.expose())
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, net::AGENT)
            .body(Bytes::new())
            .map_err(|_| bad())?;
        let response = self.http.fetch(request, discovery::LIMIT, discovery::DEADLINE).await?;
        if !response.status().is_success() {
            return Err(refused(&response));
        }
        Ok(Answer(form_urlencoded::parse(response.body()).into_owned().collect()))
    }
}

/// A refusal. Its words differ from provider to provider, so that only its status tells.
fn refused(response: &http::Response<Bytes>) -> OAuthError {
    match response.status().as_u16() {
        400 | 401 | 403 => OAuthError::InvalidGrant("oauth1_refused".to_owned()),
        _ => OAuthError::of_status(response.status(), None, None),
    }
}

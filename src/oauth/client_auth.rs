//! How the client proves itself at the token endpoint (RFC 6749 2.3.1, RFC 7523 2.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use form_urlencoded::byte_serialize;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::{Client, OAuthError, params::Params};
use crate::catalog::{auth::ClientAuth, template::Values};

/// What kind of proof a signed token is.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Adds the proof to a request's parameters or headers.
pub(super) fn apply(
    how: ClientAuth,
    client: &Client,
    values: &dyn Values,
    params: &mut Params<'_>,
    headers: &mut HeaderMap,
) -> Result<(), OAuthError> {
    match how {
        ClientAuth::Body => {
            params.standard("client_id", client.id.as_str());
            params.standard("client_secret", client.secret.clone());
        }
        ClientAuth::None => params.standard("client_id", client.id.as_str()),
        ClientAuth::SecretOnly => params.standard("client_secret", client.secret.clone()),
        ClientAuth::Basic => {
            headers.insert(AUTHORIZATION, basic(client)?);
        }
        ClientAuth::Absent => {}
        ClientAuth::PrivateKeyJwt => {
            let missing = || OAuthError::Configuration("the app's file has no [auth.jwt]".to_owned());
            if !client.id.is_empty() {
                params.standard("client_id", client.id.as_str());
            }
            params.standard("client_assertion_type", ASSERTION_TYPE);
            params.standard("client_assertion", values.value("jwt").ok_or_else(missing)?);
        }
    }
    Ok(())
}

/// Both halves are form-encoded before they are joined, so that a colon in the id stays part of it.
fn basic(client: &Client) -> Result<HeaderValue, OAuthError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&client.id), encoded(client.secret.expose()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
        .map_err(|_| OAuthError::Configuration("the client can't be written as a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn applied(how: ClientAuth) -> Result<(String, HeaderMap), OAuthError> {
        let client = Client { id: "a:b c".into(), secret: "s&=/+ü".into() };
        let (rename, mut headers) = (BTreeMap::new(), HeaderMap::new());
        let mut params = Params::new(&rename);
        let values = BTreeMap::from([("jwt".to_owned(), "a.b.c".to_owned())]);
        apply(how, &client, &values, &mut params, &mut headers)?;
        Ok((params.form(), headers))
    }

    #[test]
    fn the_body_carries_what_each_kind_asks() {
        for (how, form) in [
            (ClientAuth::Body, "client_id=a%3Ab+c&client_secret=s%26%3D%2F%2B%C3%BC"),
            (ClientAuth::None, "client_id=a%3Ab+c"),
            (ClientAuth::SecretOnly, "client_secret=s%26%3D%2F%2B%C3%BC"),
        ] {
            let (sent, headers) = applied(how).unwrap();
            assert_eq!(sent, form);
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn basic_form_encodes_both_halves() {
        let (sent, headers) = applied(ClientAuth::Basic).unwrap();
        assert_eq!(sent, "");
        let value = &headers[AUTHORIZATION];
        assert!(value.is_sensitive());
        let pair = STANDARD.decode(value.to_str().unwrap().strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"a%3Ab+c:s%26%3D%2F%2B%C3%BC");
    }

    #[test]
    fn a_signed_proof_says_what_it_is() {
        let (sent, headers) = applied(ClientAuth::PrivateKeyJwt).unwrap();
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        assert_eq!(sent, format!("client_id=a%3Ab+c&client_assertion_type={kind}&client_assertion=a.b.c"));
        assert!(headers.is_empty());
        assert_eq!(applied(ClientAuth::Absent).unwrap(), (String::new(), HeaderMap::new()));
    }
}

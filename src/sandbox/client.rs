//! How a client proves itself at the token and revocation endpoints (RFC 6749 2.3.1): by HTTP Basic or in the body.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::{SandboxClient, error::Refusal, params::Params, random};

/// The client that sent this request.
pub(super) fn authenticate<'c>(
    clients: &'c [SandboxClient],
    headers: &HeaderMap,
    form: &Params,
) -> Result<&'c SandboxClient, Refusal> {
    let in_body = form.get("client_id").zip(form.get("client_secret"));
    let (id, secret) = match (basic(headers)?, in_body) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new("invalid_request", "one way to authenticate the client, not two"));
        }
        (Some(pair), None) => pair,
        (None, Some((id, secret))) => (id.to_owned(), secret.to_owned()),
        (None, None) => return Err(refused()),
    };
    clients
        .iter()
        .find(|client| client.id == id)
        .filter(|client| random::same(&client.secret, &secret))
        .ok_or_else(refused)
}

fn refused() -> Refusal {
    Refusal::new("invalid_client", "client_id and client_secret are needed, and these are not right")
}

/// Id and secret from the `Authorization` header, each form-encoded before it was joined.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let pair = || -> Option<(String, String)> {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then_some((decoded(id)?, decoded(secret)?))
    };
    pair().map(Some).ok_or_else(refused)
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(authorization: Option<&str>, form: &str) -> Result<String, &'static str> {
        let clients = [SandboxClient {
            id: "demo app".to_owned(),
            secret: "s:e%c".to_owned(),
            name: String::new(),
            redirect_uris: Vec::new(),
        }];
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        authenticate(&clients, &headers, &Params::parse(form.as_bytes()))
            .map(|client| client.id.clone())
            .map_err(|refusal| refusal.error)
    }

    #[test]
    fn both_ways_are_read_and_mixing_them_is_refused() {
        let basic = format!("Basic {}", STANDARD.encode("demo+app:s%3Ae%25c"));
        assert_eq!(found(Some(&basic), "").as_deref(), Ok("demo app"));
        assert_eq!(found(None, "client_id=demo+app&client_secret=s%3Ae%25c").as_deref(), Ok("demo app"));
        assert_eq!(found(Some(&basic), "client_id=demo+app&client_secret=x"), Err("invalid_request"));
        assert_eq!(found(Some(&basic), "client_id=demo+app").as_deref(), Ok("demo app"));
    }

    #[test]
    fn wrong_or_missing_proof_is_invalid_client() {
        for (header, form) in [
            (None, ""),
            (None, "client_id=demo+app"),
            (None, "client_id=demo+app&client_secret=wrong"),
            (None, "client_id=other&client_secret=s%3Ae%25c"),
            (Some("Basic !!"), ""),
            (Some("Bearer x"), ""),
        ] {
            assert_eq!(found(header, form), Err("invalid_client"), "{header:?} {form}");
        }
    }
}

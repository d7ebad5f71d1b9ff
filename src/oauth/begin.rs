//! The consent URL (RFC 6749 4.1.1): `state`, PKCE S256 (RFC 7636), scopes, the app's own parameters.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use form_urlencoded::byte_serialize;
use url::Url;

use super::{OAuthError, params::Params};
use crate::{
    catalog::{
        auth::{Authorize, Pkce},
        template::Values,
    },
    vault::{self, Secret},
};

/// What consent is asked for.
pub struct Consent<'a> {
    /// The consent step of the app's file.
    pub authorize: &'a Authorize,
    /// The operator's client.
    pub client_id: &'a str,
    /// Where the browser comes back.
    pub redirect_uri: &'a str,
    /// The scopes to ask for.
    pub scopes: &'a [String],
    /// What the templates read.
    pub values: &'a (dyn Values + Sync),
}

/// A flow as it begins: what the browser gets, and what stays here until it comes back.
#[derive(Debug)]
pub struct Begin {
    /// Where the browser goes.
    pub url: String,
    /// Comes back with the browser.
    pub state: Secret,
    /// The proof key, where the provider takes one; goes out only with the code.
    pub verifier: Option<Secret>,
    /// The `iss` the callback must carry (RFC 9207).
    pub issuer: Option<String>,
}

/// Begins a flow with a new `state` and proof key.
pub fn begin(consent: &Consent<'_>) -> Result<Begin, OAuthError> {
    let Consent { authorize, client_id, redirect_uri, scopes, values } = *consent;
    let state = Secret::new(vault::random_text());
    let verifier = (authorize.pkce == Pkce::S256).then(|| Secret::new(vault::random_text()));
    let mut params = Params::new(&authorize.rename);
    params.standard("response_type", "code");
    params.standard("client_id", client_id);
    params.standard("redirect_uri", redirect_uri);
    params.standard("state", state.clone());
    if let Some(verifier) = &verifier {
        params.standard("code_challenge", challenge(verifier));
        params.standard("code_challenge_method", "S256");
    }
    params.fill(&authorize.params, values)?;
    let mut query = params.form();
    if !scopes.is_empty() && !authorize.scope_param.is_empty() {
        query.push('&');
        query.push_str(&scope(authorize, scopes));
    }
    let issuer = authorize.issuer.as_ref().map(|issuer| issuer.fill(values)).transpose()?;
    Ok(Begin { url: joined(&authorize.url.fill(values)?, &query)?, state, verifier, issuer })
}

/// BASE64URL(SHA256(verifier)): RFC 7636 4.2.
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(vault::sha256(verifier.expose().as_bytes()))
}

/// The scope parameter. A `+` between scopes goes out as it is: providers that use it want that very character.
fn scope(authorize: &Authorize, scopes: &[String]) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let separator = match authorize.separator.as_str() {
        "+" => Cow::Borrowed("+"),
        other => Cow::Owned(encoded(other)),
    };
    let scopes: Vec<String> = scopes.iter().map(|scope| encoded(scope)).collect();
    format!("{}={}", encoded(&authorize.scope_param), scopes.join(&separator))
}

/// Query parameters behind a URL, also where it ends in a fragment route (`/#/oauth/authorize`), which then takes them.
fn joined(url: &str, query: &str) -> Result<String, OAuthError> {
    let bad = || OAuthError::Configuration("the authorization URL is not a web address".to_owned());
    let parsed = Url::parse(url).map_err(|_| bad())?;
    let is_web = matches!(parsed.scheme(), "https" | "http") && parsed.has_host();
    if !is_web || !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(bad());
    }
    let text = parsed.as_str();
    let tail = text.split_once('#').map_or(text, |(_, fragment)| fragment);
    let between = match tail.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    Ok(format!("{text}{between}{query}"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    fn authorize(toml: &str) -> Authorize {
        toml::from_str(toml).unwrap()
    }

    fn begun(authorize: &Authorize, scopes: &[&str]) -> Begin {
        let values = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let redirect_uri = "https://gw.test/callback/x?";
        begin(&Consent { authorize, client_id: "id&1", redirect_uri, scopes: &scopes, values: &values })
            .unwrap()
    }

    fn query(url: &str) -> HashMap<String, String> {
        Url::parse(url).unwrap().query_pairs().into_owned().collect()
    }

    #[test]
    fn oc_9_the_url_carries_state_and_an_s256_challenge_and_never_the_verifier() {
        let authorize = authorize(
            "url = 'https://${tenant}.test/authorize?prompt=consent'\nparams = {access_type = 'offline'}",
        );
        let begun = begun(&authorize, &["read", "write:all"]);
        let sent = query(&begun.url);
        let verifier = begun.verifier.as_ref().unwrap();
        let expected = [
            ("prompt", "consent"),
            ("response_type", "code"),
            ("client_id", "id&1"),
            ("redirect_uri", "https://gw.test/callback/x?"),
            ("state", begun.state.expose()),
            ("code_challenge", &challenge(verifier)),
            ("code_challenge_method", "S256"),
            ("access_type", "offline"),
            ("scope", "read write:all"),
        ];
        assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(begun.url.starts_with("https://acme.test/authorize?prompt=consent&response_type=code&"));
        assert!(!begun.url.contains(verifier.expose()));
    }

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let verifier = Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn state_and_verifier_are_never_the_same_twice() {
        let authorize = authorize("url = 'https://a.test/'");
        let (one, two) = (begun(&authorize, &[]), begun(&authorize, &[]));
        assert_ne!(one.state, two.state);
        assert_ne!(one.verifier, two.verifier);
        assert!(one.state.expose().len() >= 43 && one.verifier.unwrap().expose().len() >= 43);
    }

    #[test]
    fn oc_9_no_challenge_where_the_provider_refuses_one() {
        let begun = begun(&authorize("url = 'https://a.test/'\npkce = 'none'"), &["a"]);
        assert!(begun.verifier.is_none());
        assert!(!begun.url.contains("code_challenge"));
    }

    #[test]
    fn separators_names_and_fragments_are_the_providers() {
        for (toml, expected) in [
            ("separator = ','", "scope=a%3A1%2Cb"),
            ("separator = '+'", "scope=a%3A1+b"),
            ("scope_param = 'user_scope'", "user_scope=a%3A1+b"),
        ] {
            let begun = begun(&authorize(&format!("url = 'https://a.test/x'\n{toml}")), &["a:1", "b"]);
            assert!(begun.url.ends_with(expected), "{}", begun.url);
        }
        let renamed = begun(
            &authorize("url = 'https://a.test/'\nrename = {client_id = 'app_id', response_type = ''}"),
            &[],
        );
        assert!(renamed.url.contains("app_id=id%261") && !renamed.url.contains("response_type"));
        let fragment = begun(&authorize("url = 'https://a.test/#/oauth/authorize'"), &[]);
        assert!(
            fragment.url.starts_with("https://a.test/#/oauth/authorize?response_type=code"),
            "{}",
            fragment.url
        );
    }

    #[test]
    fn the_issuer_is_filled_like_the_rest() {
        let begun = begun(&authorize("url = 'https://a.test/'\nissuer = 'https://${tenant}.test'"), &[]);
        assert_eq!(begun.issuer.as_deref(), Some("https://acme.test"));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in
            ["javascript:alert(1)", "https://user@a.test/", "https://u:p@a.test/", "/authorize", "https://"]
        {
            assert!(matches!(joined(url, "a=b"), Err(OAuthError::Configuration(_))), "{url}");
        }
    }
}

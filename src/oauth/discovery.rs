//! Where the endpoints of a resource are, from its own mouth: RFC 9728 names the authorization server, RFC 8414, or what
//! `OpenID` Connect made of it before, the endpoints.
//!
//! Nothing that is found is followed further than the app's file allows: every address is https and in one of its
//! domains, the issuer is the one that was asked, to the letter, no redirect is taken, and a server without PKCE is
//! none. The guard of the outgoing client looks at each address besides.

use std::time::Duration;

use bytes::Bytes;
use http::{
    Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use serde_json::Value;
use url::Url;

use super::{OAuthError, register::auth_of};
use crate::{catalog::auth::ClientAuth, net};

/// Longer than any such document is.
pub(super) const LIMIT: usize = 256 * 1024;
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// What a server says of itself, as far as a client needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Who answers; the `iss` of callbacks, where `sends_iss`.
    pub issuer: String,
    /// Whether callbacks carry `iss` (RFC 9207).
    pub sends_iss: bool,
    /// Authorization endpoint.
    pub authorize: String,
    /// Token endpoint.
    pub token: String,
    /// Registration endpoint, where clients may register themselves.
    pub register: Option<String>,
    /// Revocation endpoint.
    pub revoke: Option<String>,
    /// How a client proves itself best.
    pub auth: ClientAuth,
    /// What tokens are asked for (RFC 8707).
    pub resource: String,
    /// The scopes of the resource, if it names any.
    pub scopes: Vec<String>,
}

/// Asks the resource at `url` and its server for their endpoints, all of them in one of `domains`.
pub async fn discover(
    http: &net::client::Client,
    url: &str,
    domains: &[String],
) -> Result<Endpoints, OAuthError> {
    let bad = || OAuthError::Configuration("the server's URL is not a web address".to_owned());
    let server = Url::parse(url).map_err(|_| bad())?;
    let within = Within { domains, may_be_plain: server.scheme() == "http" };
    within.check(&server)?;
    let resource = resource(http, &server, &within).await?;
    let issuer = within.parse(&resource.issuer)?;
    for place in metadata_of(&issuer) {
        if let Some(document) = get(http, &place).await? {
            return endpoints(&document, resource, &within);
        }
    }
    Err(OAuthError::Protocol("it does not say where its endpoints are"))
}

/// What a resource says of itself.
struct Resource {
    /// As tokens are asked for.
    name: String,
    issuer: String,
    scopes: Vec<String>,
}

/// RFC 9728 3.1: first below the resource's own path, then for the whole host. A server without such a document is its
/// own authorization server, as the first edition of the protocol had it.
async fn resource(
    http: &net::client::Client,
    server: &Url,
    within: &Within<'_>,
) -> Result<Resource, OAuthError> {
    for place in well_known(server, "oauth-protected-resource") {
        let Some(document) = get(http, &place).await? else { continue };
        let name = text(&document, "resource").ok_or(OAuthError::Protocol("it names no resource"))?;
        if !covers(&within.parse(name)?, server) {
            return Err(OAuthError::Protocol("it names the resource of somebody else"));
        }
        let issuer =
            document.get("authorization_servers").and_then(|list| list.get(0)).and_then(Value::as_str);
        let issuer = issuer.ok_or(OAuthError::Protocol("it names no authorization server"))?.to_owned();
        return Ok(Resource { name: name.to_owned(), issuer, scopes: list(&document, "scopes_supported") });
    }
    let origin = server.origin().ascii_serialization();
    Ok(Resource { name: server.as_str().to_owned(), issuer: origin, scopes: Vec::new() })
}

/// Whether `named` is `server` itself, or a whole part of its path.
fn covers(named: &Url, server: &Url) -> bool {
    let base = named.path().trim_end_matches('/');
    let rest = server.path().strip_prefix(base);
    named.origin() == server.origin()
        && named.query().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn endpoints(document: &Value, resource: Resource, within: &Within<'_>) -> Result<Endpoints, OAuthError> {
    if text(document, "issuer") != Some(resource.issuer.as_str()) {
        return Err(OAuthError::Protocol("it answers as another issuer"));
    }
    let place =
        |name: &str| text(document, name).map(|url| within.parse(url).map(|_| url.to_owned())).transpose();
    let needed = |name: &str| place(name)?.ok_or(OAuthError::Protocol("it lacks an endpoint"));
    if !list(document, "code_challenge_methods_supported").iter().any(|method| method == "S256") {
        return Err(OAuthError::Protocol("it does not take a proof key (PKCE with S256)"));
    }
    let known = list(document, "token_endpoint_auth_methods_supported");
    let by = |auth: ClientAuth| known.iter().any(|name| auth_of(name) == Some(auth));
    // Without a word the standard means Basic (RFC 8414 2).
    let auth = [ClientAuth::Body, ClientAuth::Basic, ClientAuth::None].into_iter().find(|auth| by(*auth));
    Ok(Endpoints {
        authorize: needed("authorization_endpoint")?,
        token: needed("token_endpoint")?,
        register: place("registration_endpoint")?,
        revoke: place("revocation_endpoint")?,
        sends_iss: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
        issuer: resource.issuer,
        auth: auth.unwrap_or(ClientAuth::Basic),
        resource: resource.name,
        scopes: resource.scopes,
    })
}

/// Where addresses may lie.
struct Within<'a> {
    domains: &'a [String],
    /// The app's file itself says `http`, which settings have to permit.
    may_be_plain: bool,
}

impl Within<'_> {
    fn parse(&self, text: &str) -> Result<Url, OAuthError> {
        // A `$` would be read as the beginning of a template later on.
        let url = Url::parse(text).ok().filter(|_| !text.contains('$'));
        let url = url.ok_or(OAuthError::Protocol("it names an endpoint that is no web address"))?;
        self.check(&url)?;
        Ok(url)
    }

    fn check(&self, url: &Url) -> Result<(), OAuthError> {
        let is_secure = url.scheme() == "https" || (self.may_be_plain && url.scheme() == "http");
        let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host_str().unwrap_or_default();
        let is_ours = self.domains.iter().any(|domain| {
            let below = host.strip_suffix(domain.as_str());
            below.is_some_and(|front| front.is_empty() || front.ends_with('.'))
        });
        if is_secure && is_bare && is_ours {
            Ok(())
        } else {
            Err(OAuthError::Protocol("it names an endpoint outside of the app's domains"))
        }
    }
}

/// RFC 9728 3.1 and RFC 8414 3.1: between host and path.
fn well_known(url: &Url, name: &str) -> Vec<Url> {
    let path = url.path().trim_end_matches('/');
    let at = |path: &str| {
        let mut place = url.clone();
        place.set_path(&format!("/.well-known/{name}{path}"));
        place.set_query(None);
        place
    };
    let mut places = vec![at(path)];
    if !path.is_empty() {
        places.push(at(""));
    }
    places
}

/// Where a server's metadata may be, in the order of RFC 8414 5.
fn metadata_of(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut place = issuer.clone();
        place.set_path(&path);
        place
    };
    let mut places = vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("/.well-known/openid-configuration{path}")),
    ];
    if !path.is_empty() {
        places.push(at(format!("{path}/.well-known/openid-configuration")));
    }
    places
}

/// A document, or nothing where there is none.
async fn get(http: &net::client::Client, url: &Url) -> Result<Option<Value>, OAuthError> {
    let request = Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, net::AGENT)
        .header("mcp-protocol-version", "2025-06-18")
        .body(Bytes::new())
        .map_err(|_| OAuthError::Protocol("it names an endpoint that is no web address"))?;
    let response = http.fetch(request, LIMIT, DEADLINE).await?;
    match response.status() {
        StatusCode::OK => {
            let document: Option<Value> = serde_json::from_slice(response.body()).ok();
            let document = document.filter(Value::is_object);
            document.map(Some).ok_or(OAuthError::Protocol("its description of itself is no JSON"))
        }
        status if status.is_server_error() => Err(OAuthError::Transient("it answered with a server error")),
        status if status.is_redirection() => {
            Err(OAuthError::Protocol("it redirects, which is never followed"))
        }
        _ => Ok(None),
    }
}

/// Posts to an endpoint that was found.
pub(super) async fn post(
    http: &net::client::Client,
    url: &str,
    content_type: &'static str,
    body: String,
) -> Result<Response<Bytes>, OAuthError> {
    let request = Request::post(url)
        .header(CONTENT_TYPE, content_type)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, net::AGENT)
        .body(Bytes::from(body))
        .map_err(|_| OAuthError::Configuration("the endpoint's address is not a URL".to_owned()))?;
    Ok(http.fetch(request, LIMIT, DEADLINE).await?)
}

fn text<'d>(document: &'d Value, name: &str) -> Option<&'d str> {
    document.get(name).and_then(Value::as_str)
}

fn list(document: &Value, name: &str) -> Vec<String> {
    let list = document.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn within(domains: &[String]) -> Within<'_> {
        Within { domains, may_be_plain: false }
    }

    #[test]
    fn oc_7_an_endpoint_lies_in_the_apps_domains_and_is_https() {
        let domains = ["notion.com".to_owned(), "auth.example.net".to_owned()];
        let within = within(&domains);
        for good in ["https://notion.com/a", "https://mcp.notion.com", "https://auth.example.net:8443/x?y=z"]
        {
            assert!(within.parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://evil.test/",
            "https://notnotion.com/",
            "https://notion.com.evil.test/",
            "https://example.net/",
            "http://notion.com/",
            "https://u@notion.com/",
            "https://notion.com@evil.test/",
            "https://notion.com/#a",
            "https://notion.com/${code}",
            "javascript:alert(1)",
            "notion.com",
            "",
            "https://evil.test\\@notion.com/",
        ] {
            assert!(within.parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn documents_are_looked_for_below_the_path_first() {
        let texts = |places: Vec<Url>| places.iter().map(Url::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts(well_known(&url("https://a.test/v2/mcp?x=1"), "oauth-protected-resource")),
            [
                "https://a.test/.well-known/oauth-protected-resource/v2/mcp",
                "https://a.test/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            texts(metadata_of(&url("https://a.test/tenant/"))),
            [
                "https://a.test/.well-known/oauth-authorization-server/tenant",
                "https://a.test/.well-known/openid-configuration/tenant",
                "https://a.test/tenant/.well-known/openid-configuration"
            ]
        );
        assert_eq!(texts(metadata_of(&url("https://a.test"))).len(), 2);
    }

    #[test]
    fn a_resource_is_the_servers_own() {
        let server = url("https://a.test/v2/mcp");
        for (named, is_own) in [
            ("https://a.test/v2/mcp", true),
            ("https://a.test/v2", true),
            ("https://a.test/", true),
            ("https://a.test/v2/mcp/other", false),
            ("https://a.test/v", false),
            ("https://a.test/v2/mcp?x=1", false),
            ("https://b.test/v2/mcp", false),
            ("http://a.test/v2/mcp", false),
        ] {
            assert_eq!(covers(&url(named), &server), is_own, "{named}");
        }
    }

    #[test]
    fn oc_8_oc_9_a_server_has_the_issuer_that_was_asked_and_takes_a_proof_key() {
        let domains = ["a.test".to_owned()];
        let good = json!({
            "issuer": "https://a.test", "authorization_endpoint": "https://a.test/authorize",
            "token_endpoint": "https://a.test/token", "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": true,
        });
        let read = |changes: &Value| {
            let mut document = good.clone();
            for (name, value) in changes.as_object().unwrap() {
                document[name] = value.clone();
            }
            let (name, issuer) = ("https://a.test/mcp".to_owned(), "https://a.test".to_owned());
            endpoints(&document, Resource { name, issuer, scopes: Vec::new() }, &within(&domains))
        };
        let found = read(&json!({})).unwrap();
        assert_eq!((found.auth, found.sends_iss, found.register), (ClientAuth::Basic, true, None));
        for changes in [
            json!({"issuer": "https://a.test/"}),
            json!({"issuer": "https://A.test"}),
            json!({"issuer": null}),
            json!({"code_challenge_methods_supported": ["plain"]}),
            json!({"code_challenge_methods_supported": null}),
            json!({"token_endpoint": "https://evil.test/token"}),
            json!({"authorization_endpoint": "http://a.test/authorize"}),
            json!({"registration_endpoint": "https://evil.test/register"}),
            json!({"revocation_endpoint": "https://evil.test/revoke"}),
            json!({"token_endpoint": null}),
        ] {
            assert!(read(&changes).is_err(), "{changes}");
        }
    }
}

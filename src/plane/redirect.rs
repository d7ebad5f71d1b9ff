//! Following a sealed link: the target is fetched for the owner it was sealed for, without any credential.
//!
//! Only https targets are: an upstream doesn't get to name what answers without TLS, also where the operator lets
//! apps of their own do so. And only those that a redirect of this upstream may lead to (`src/net/strangers.rs`).

use http::{Request, Uri, uri::Scheme};

use super::{
    Passed, Plane, account::Record, answer, authenticate, authenticate::Credentials, authorize, links::Link,
    refusal::Refusal, rewrite,
};
use crate::net::{Body, SendError, client::Terms};

impl Plane {
    /// The answer of the sealed link's target, and the caller's place among the calls in flight.
    pub(super) async fn follow(
        &self,
        sealed: &str,
        request: Request<Body>,
        record: &mut Record,
    ) -> Result<Passed, Refusal> {
        let plane = &*self.0;
        let link = plane.links.open(sealed);
        let app = link.as_ref().and_then(|link| plane.apps.app(&link.app));
        let places = app.as_ref().map(|app| app.credential_headers()).unwrap_or_default();
        let known =
            authenticate::caller(&plane.keys, &plane.limits, &Credentials::of(&request, places)).await?;
        record.know_caller(known.caller());
        let link = link.filter(|link| link.owner == known.caller().owner);
        let app = link.as_ref().map(|link| link.app.as_str());
        let permit = authorize::permit(known, app, request.method(), request.headers())?;
        let slot = permit.caller().standing.admit()?;
        let link = link.ok_or(Refusal::Link)?;
        let target = link.https()?;
        let (head, body) = request.into_parts();
        let mut outgoing = Request::new(body);
        *outgoing.method_mut() = head.method;
        *outgoing.uri_mut() = target;
        *outgoing.headers_mut() = rewrite::caller_fields(head.headers, places);
        let terms = Terms { body_limit: plane.body_limit, body_rate: plane.body_rate, ..Terms::default() };
        let client = plane.strangers.client(&link.home).await;
        let mut response = client.exchange(Box::new(outgoing), terms).await.map_err(unreachable)?;
        let ending = answer::clean(response.headers_mut(), false);
        answer::translate_sealed(response.headers_mut(), &plane.links, &link);
        Ok(Passed { response, ending, slot })
    }
}

/// No answer. What callers and operators are told of an app's own address would be wrong advice here.
fn unreachable(error: SendError) -> Refusal {
    match error {
        SendError::Forbidden(_) => Refusal::bad_request(
            "This link leads to a private or reserved address. A redirect is followed there only from an upstream \
             that is in a private range itself.",
        ),
        other => other.into(),
    }
}

impl Link {
    /// The target, if it may be fetched.
    fn https(&self) -> Result<Uri, Refusal> {
        let target: Uri = self.target.parse().map_err(|_| Refusal::Link)?;
        if target.scheme() != Some(&Scheme::HTTPS) {
            return Err(Refusal::bad_request(
                "This link leads to a target without TLS; only https targets are fetched.",
            ));
        }
        Ok(target)
    }

    /// Where a target in the answer of this link's own leads.
    pub(super) fn onwards(&self, target: &str) -> Option<Self> {
        let url = url::Url::parse(&self.target).ok()?.join(target).ok()?;
        let http = matches!(url.scheme(), "http" | "https");
        http.then(|| Self {
            target: url.to_string(),
            app: self.app.clone(),
            home: self.home.clone(),
            ..*self
        })
    }
}

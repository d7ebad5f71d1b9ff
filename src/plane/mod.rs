//! The data plane: one call in, the same call out with the owner's own credential. Plain functions in one order.
//!
//! Each step yields what only it can make and the next one demands. Bodies are never collected here, and nothing of
//! the target but its first segment is understood.

mod account;
mod again;
mod answer;
mod authenticate;
mod authorize;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod lasting;
mod links;
mod redirect;
mod refusal;
mod rewrite;
mod route;
mod select;
mod sign;
mod target;
mod upgrade;

use std::{pin::pin, sync::Arc};

use http::{Request, Response, StatusCode};
use http_body::Body as _;

use self::{
    account::{Accounted, Record},
    answer::Ending,
    links::Links,
    refusal::Refusal,
    upgrade::Wish,
};
use crate::{
    catalog::Apps,
    clock::Clock,
    connections::{Chosen, Connections, Credential},
    keys::Keys,
    limits::{Limits, Slot},
    net::{Body, Client, Strangers, body, client::Terms, stream::Streamed},
    telemetry::Metrics,
    vault::Vault,
};

pub use self::route::{Names, SEALED};

/// What the data plane is made of.
pub struct Parts {
    /// The apps.
    pub apps: Apps,
    /// Who may call.
    pub keys: Keys,
    /// How much.
    pub limits: Limits,
    /// What is presented upstream.
    pub connections: Connections,
    /// The way out.
    pub client: Client,
    /// The way out to where redirects lead.
    pub strangers: Strangers,
    /// Seals redirect targets.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// The numbers.
    pub metrics: Metrics,
    /// What the settings say.
    pub settings: PlaneSettings,
}

/// What the settings say about the data plane.
#[derive(Clone, Debug)]
pub struct PlaneSettings {
    /// The public URL, without a slash at the end.
    pub gateway_url: String,
    /// The domain below which apps have hosts.
    pub app_domain: String,
    /// Whether requests that go out carry `Via`.
    pub via: bool,
    /// How many bytes a request's body may have.
    pub body_limit: Option<u64>,
    /// How many bytes of it have to come in a second.
    pub body_rate: u32,
    /// How many bytes of a body are held where a signature covers it.
    pub signed_body: usize,
}

/// The data plane. A clone shares everything.
#[derive(Clone)]
pub struct Plane(Arc<Inner>);

struct Inner {
    apps: Apps,
    keys: Keys,
    limits: Limits,
    connections: Connections,
    client: Client,
    strangers: Strangers,
    links: Links,
    metrics: Metrics,
    names: Names,
    gateway_url: String,
    via: bool,
    body_limit: Option<u64>,
    body_rate: u32,
    signed_body: usize,
    clock: Clock,
}

/// An upstream's answer, what must not come behind it, and the call's place among those in flight.
struct Passed {
    response: Response<Streamed>,
    ending: Ending,
    slot: Slot,
}

impl Passed {
    /// The answer as it goes on, with what has to live as long as its body.
    fn streamed(self, plane: Plane, record: Record) -> Response<Body> {
        let Self { response, ending, slot } = self;
        response.map(|body| body::boxed(Accounted::new(body, ending, (record, plane), slot)))
    }
}

impl Plane {
    /// The data plane out of its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let settings = parts.settings;
        Self(Arc::new(Inner {
            apps: parts.apps,
            keys: parts.keys,
            limits: parts.limits,
            connections: parts.connections,
            client: parts.client,
            strangers: parts.strangers,
            links: Links::new(parts.vault, parts.clock.clone(), &settings.gateway_url),
            metrics: parts.metrics,
            names: Names::new(&settings.gateway_url, &settings.app_domain),
            gateway_url: settings.gateway_url,
            via: settings.via,
            body_limit: settings.body_limit,
            body_rate: settings.body_rate,
            signed_body: settings.signed_body,
            clock: parts.clock,
        }))
    }

    /// The answer to a request: the upstream's, or a problem that says why there is none.
    pub async fn handle(self, mut request: Request<Body>) -> Response<Body> {
        let mut record = Record::open(&self.0.metrics, request.extensions());
        let wish = upgrade::wish(&mut request);
        let outcome = match route::sealed(&self.0.names, &request).map(str::to_owned) {
            // Apart, so that the usual way needs no room for this one.
            Some(sealed) => Box::pin(self.follow(&sealed, request, &mut record)).await,
            // Pinned where it stands: to wait for it as it is would move it once more.
            None => pin!(self.pass(Box::new(request), wish.as_ref(), &mut record)).await,
        };
        match outcome {
            Ok(passed) => {
                let status = passed.response.status();
                record.answered(status);
                match wish.filter(|_| status == StatusCode::SWITCHING_PROTOCOLS) {
                    Some(wish) => wish.granted(passed, &self, record),
                    None => passed.streamed(self, record),
                }
            }
            Err(refusal) => refused(refusal, &mut record),
        }
    }

    /// The path of a call.
    async fn pass(
        &self,
        request: Box<Request<Body>>,
        wish: Option<&Wish>,
        record: &mut Record,
    ) -> Result<Passed, Refusal> {
        let plane = &*self.0;
        let call = route::find(&plane.apps.now(), &plane.names, request)?;
        record.know_app(call.app());
        let known = authenticate::caller(&plane.keys, &plane.limits, &call.credentials()).await?;
        record.know_caller(known.caller());
        let method = if wish.is_some() { &upgrade::METHOD } else { call.method() };
        let permit = authorize::permit(known, Some(&call.app().name), method, call.headers())?;
        let owner = permit.caller().owner;
        let slot = permit.caller().standing.admit()?;
        let wanted = select::wanted(call.headers())?;
        let chosen = plane.connections.choose(owner, call.app(), wanted, permit.rules()).await?;
        record.know_connection(chosen.connection.id);
        let mut credential = plane.connections.credential(&chosen.connection, chosen.at).await?;
        let call = call.by(credential.edition, &plane.apps)?;
        let (asked, mut outgoing) = rewrite::outgoing(call, &credential, plane.via)?;
        let terms = Terms {
            http2: asked.app.http2,
            body_limit: plane.body_limit,
            body_rate: plane.body_rate,
            trailers: (!outgoing.body().is_end_stream()).then(|| asked.sieve()),
            upgrade: wish.is_some(),
        };
        if let Some(signer) = credential.signer.as_deref().filter(|_| !asked.has_own_credential()) {
            // Apart, so that the usual way needs no room for this one.
            outgoing = Box::pin(self.signed(outgoing, signer)).await?;
        }
        if wish.is_some() {
            Wish::put(outgoing.headers_mut());
        }
        let mut response = pin!(plane.client.exchange(outgoing, terms)).await?;
        wish.map_or(Ok(()), |wish| wish.check(&response))?;
        if response.status() == StatusCode::UNAUTHORIZED && wish.is_none() {
            // Apart, so that all other answers need no room for this.
            let again = Box::pin(self.again(&asked, &chosen, &credential, &mut response)).await;
            if let Some(renewed) = again {
                (credential, response) = renewed;
                record.sent_again();
            }
        }
        self.note(&chosen, &credential, (!asked.is_anonymous()).then(|| response.status()));
        let context = answer::Context {
            gateway_url: &plane.gateway_url,
            links: &plane.links,
            owner,
            asked: &asked,
            credential: &credential,
        };
        let ending = answer::clean(response.headers_mut(), asked.trailers);
        answer::translate(response.headers_mut(), &context);
        answer::add(response.headers_mut(), &chosen);
        Ok(Passed { response, ending, slot })
    }

    /// Tells the connections how their credential fared, where it went along and there is an answer to it.
    fn note(&self, chosen: &Chosen, credential: &Credential, answer: Option<StatusCode>) {
        self.0.connections.used_by(chosen.connection.id, credential, chosen.at);
        match answer {
            Some(StatusCode::UNAUTHORIZED) => {
                self.0.connections.unauthorized(&chosen.connection, credential);
            }
            Some(_) => self.0.connections.worked(&chosen.connection, credential),
            None => {}
        }
    }
}

/// The answer that says why there is none.
fn refused(refusal: Refusal, record: &mut Record) -> Response<Body> {
    if let Some(cause) = refusal.inside() {
        tracing::error!(request_id = record.request_id().as_str(), cause, "a call failed inside the gateway");
    }
    let problem = refusal.problem(record.app());
    record.refused(problem.status, problem.reason);
    problem.into_response(record.request_id()).map(body::full)
}

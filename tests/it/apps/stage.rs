//! One gateway that many apps are tried at, one after the other, and an internet that answers for all of them.
//!
//! A visit goes the whole way: it connects, calls, lets the grant grow old, calls again and takes the connection away.
//! What left the gateway at each step is its record.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use http::Method;
use keyferry::config::ClientSettings;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::way::Table;
use crate::harness::{
    browser::{Browser, parameter},
    http::Reply,
    tls::Internet,
    upstream::{Answer, Seen},
    world::World,
};

pub(super) const CLIENT_ID: &str = "client:1";
pub(super) const CLIENT_SECRET: &str = "secret/1+=";
pub(super) const CODE: &str = "4/co de+&1";

/// Longer than the token of any provider lives.
const AGES: Duration = Duration::from_hours(24 * 100);
/// Nearly as long as the sixty days that some tokens live.
const NEARLY: Duration = Duration::from_mins(60 * 24 * 60 - 2);
/// How long a visit waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the internet says to a request; whether the first tokens are old by now.
type Script = Box<dyn Fn(&Seen, bool) -> Said + Send + Sync>;

/// A status line's end and a body.
pub(super) struct Said(pub(super) &'static str, pub(super) String);

impl From<String> for Said {
    fn from(body: String) -> Self {
        Self("200 OK", body)
    }
}

/// The gateway and the internet.
pub(super) struct Stage {
    pub(super) internet: Internet,
    pub(super) world: World,
    script: Arc<Mutex<Script>>,
    phase: Arc<Phase>,
    arrived: watch::Sender<usize>,
}

/// How far a visit is.
#[derive(Default)]
struct Phase {
    /// Tokens are old by now.
    aged: AtomicBool,
    /// Connections are closed behind this request: hosts are many.
    closing: AtomicBool,
}

/// One way into an app, and what is to be done with it.
#[expect(clippy::struct_excessive_bools, reason = "each is a step that some ways have")]
#[derive(Clone, Debug, Default)]
pub(super) struct Visit {
    pub(super) app: String,
    pub(super) method: String,
    pub(super) fields: Table,
    pub(super) typed: Table,
    /// Whether somebody consents in a browser.
    pub(super) consents: bool,
    /// The parameter by which the code comes back.
    pub(super) code: String,
    pub(super) back: Table,
    /// The parameter by which the provider signs the callback.
    pub(super) signed_back: String,
    /// `METHOD /path` at the gateway.
    pub(super) calls: Vec<String>,
    /// Whether the token is renewed once it is old.
    pub(super) renews: bool,
    /// Whether only a token that is still good can be renewed: shortly before its sixty days are over.
    pub(super) renews_in_time: bool,
    /// Whether the provider is told of the end.
    pub(super) ends: bool,
}

/// What left the gateway.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Where the provider sends the browser back to.
    pub(super) redirect_uri: String,
    /// The URL of the consent page.
    pub(super) consent: Option<String>,
    /// What was asked until the connection stood.
    pub(super) asked: Vec<Seen>,
    /// What came of each call, and why it was refused where it was.
    pub(super) calls: Vec<(Vec<Seen>, Option<String>)>,
    /// What came of the first call with an old token.
    pub(super) renewal: Vec<Seen>,
    pub(super) ending: Vec<Seen>,
    /// The connection as the API tells it.
    pub(super) connection: Value,
}

impl Stage {
    /// With a client for each of these names, and what the operator gives beside it.
    pub(super) async fn start(clients: BTreeMap<String, Table>) -> Self {
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_, _| "{}".to_owned().into())));
        let (phase, arrived) = (Arc::<Phase>::default(), watch::Sender::new(0));
        let (current, now, count) = (Arc::clone(&script), Arc::clone(&phase), arrived.clone());
        let internet = Internet::answering(move |seen| {
            let Said(status, body) = (current.lock().unwrap())(seen, now.aged.load(SeqCst));
            count.send_modify(|count| *count += 1);
            if now.closing.load(SeqCst) { closed(&body) } else { Answer::with(status, "", &body) }
        })
        .await;
        let mut plan = internet.plan().standing_clock();
        let clients = clients.into_iter().map(|(name, extra)| {
            let client_id = CLIENT_ID.to_owned();
            (name, ClientSettings { client_id, client_secret: CLIENT_SECRET.into(), extra })
        });
        plan.settings.clients.extend(clients);
        let world = plan.start().await;
        Self { internet, world, script, phase, arrived }
    }

    /// From now on the internet answers like this.
    pub(super) fn answer<S: Into<Said>>(&self, script: impl Fn(&Seen, bool) -> S + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Box::new(move |seen, aged| script(seen, aged).into());
    }

    /// Tokens grow old.
    pub(super) fn age(&self) {
        self.age_by(AGES);
    }

    /// So much time goes by, after which the provider gives other tokens.
    pub(super) fn age_by(&self, time: Duration) {
        self.world.clock.advance(time);
        self.phase.aged.store(true, SeqCst);
    }

    /// Waits until the internet was asked for something like this.
    pub(super) async fn until(&self, is_it: impl Fn(&Seen) -> bool) {
        let mut arrived = self.arrived.subscribe();
        while !self.internet.seen().iter().any(&is_it) {
            timeout(PATIENCE, arrived.changed()).await.expect("what is waited for comes in time").unwrap();
        }
    }

    /// Goes the whole way.
    pub(super) async fn visit(&self, visit: &Visit) -> Result<Record, String> {
        self.internet.take();
        let mut record = self.connect(visit).await?;
        let id = record.connection["connection_id"].as_str().unwrap().to_owned();
        record.asked = self.internet.take();
        for (at, call) in visit.calls.iter().enumerate() {
            self.phase.closing.store(at + 1 == visit.calls.len() && !visit.renews, SeqCst);
            let reply = self.send(&id, call, &[]).await;
            let refused = reply.header("keyferry-error").map(str::to_owned);
            record.calls.push((self.internet.take(), refused));
        }
        if visit.renews {
            self.phase.closing.store(true, SeqCst);
            self.age_by(if visit.renews_in_time { NEARLY } else { AGES });
            let reply = self.send(&id, &visit.calls[0], &[]).await;
            if reply.header("keyferry-error").is_some() {
                return Err(format!("not renewed: {}", reply.json()["reason"]));
            }
            if visit.renews_in_time {
                // It runs beside the call, which goes out with what there is.
                let path =
                    visit.calls[0].split_once(' ').unwrap().1.trim_start_matches(&format!("/{}", visit.app));
                self.until(|seen| !seen.target().ends_with(path)).await;
            }
            record.renewal = self.internet.take();
            let is_call = |seen: &Seen| seen.header("x-mine").is_some();
            record.renewal.sort_by_key(is_call);
        }
        self.end(&id, visit.ends, &mut record).await?;
        Ok(record)
    }

    /// Connects, and leaves what was asked with the internet.
    pub(super) async fn connect(&self, visit: &Visit) -> Result<Record, String> {
        self.phase.closing.store(false, SeqCst);
        self.phase.aged.store(false, SeqCst);
        let mut record = Record {
            redirect_uri: format!("http://localhost:{}/callback/{}", self.world.control.port(), visit.app),
            ..Record::default()
        };
        let made = self.create(visit).await?;
        if visit.consents {
            self.consent(visit, &made, &mut record).await?;
        }
        record.connection = self.connection(made["connection_id"].as_str().unwrap()).await;
        if record.connection["status"] != "ACTIVE" {
            let (status, why) = (&record.connection["status"], &record.connection["status_reason"]);
            return Err(format!("not connected: {status} {why}; asked {:?}", lines(&self.internet.seen())));
        }
        Ok(record)
    }

    pub(super) async fn create(&self, visit: &Visit) -> Result<Value, String> {
        let mut body = json!({"app": visit.app, "method": visit.method, "fields": visit.fields});
        if !visit.consents {
            body["credentials"] = json!(visit.typed);
        }
        let reply = self.world.api(&self.world.key, Method::POST, "/connections", Some(body)).await;
        if reply.status != 200 {
            return Err(format!("not made: {}", reply.json()["detail"]));
        }
        Ok(reply.json())
    }

    /// Signs in at the provider.
    async fn consent(&self, visit: &Visit, made: &Value, record: &mut Record) -> Result<(), String> {
        let browser = Browser::new(&self.world);
        let page = browser.open_link(made).await;
        let reply = browser.press(&page, &[]).await;
        if reply.status != 303 {
            return Err(format!("no consent: {}; asked {:?}", reply.status, lines(&self.internet.seen())));
        }
        let consent = reply.header("location").unwrap().to_owned();
        let mut back = visit.back.clone();
        back.insert(visit.code.clone(), CODE.to_owned());
        if !visit.signed_back.is_empty() {
            back.insert("state".to_owned(), parameter(&consent, "state").unwrap());
            let signature = signature(&back);
            back.remove("state");
            back.insert(visit.signed_back.clone(), signature);
        }
        let back: Vec<_> = back.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.come_back(&visit.app, &consent, &back).await;
        record.consent = Some(consent);
        Ok(())
    }

    pub(super) async fn connection(&self, id: &str) -> Value {
        let path = format!("/connections/{id}");
        self.world.api(&self.world.key, Method::GET, &path, None).await.json()["connection"].clone()
    }

    /// `METHOD /path` at the gateway, as a caller who sends whatever must not get through.
    pub(super) async fn send(&self, id: &str, call: &str, more: &[(&str, &str)]) -> Reply {
        let (method, path) = call.split_once(' ').unwrap();
        let mut headers = vec![
            ("maton-connection", id),
            ("cookie", "session=of-the-caller"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-mine", "1"),
        ];
        headers.extend(more);
        self.world.call(method.parse().unwrap(), path, &headers, "").await
    }

    /// Deletes the connection, and waits until the provider knows where it is told.
    pub(super) async fn end(&self, id: &str, is_told: bool, record: &mut Record) -> Result<(), String> {
        let mut arrived = self.arrived.subscribe();
        let before = *arrived.borrow_and_update();
        let path = format!("/connections/{id}");
        let reply = self.world.api(&self.world.key, Method::DELETE, &path, None).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        if is_told {
            let one = arrived.wait_for(|count| *count > before);
            timeout(PATIENCE, one).await.map_err(|_| "the provider was not told of the end")?.unwrap();
            record.ending = self.internet.take();
        }
        Ok(())
    }
}

fn closed(body: &str) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    Answer::Close((head + body).into_bytes())
}

/// A provider's HMAC over all parameters of a callback, with the client's secret.
fn signature(parameters: &Table) -> String {
    use aws_lc_rs::hmac;
    // What would make one parameter look like two is escaped, and nothing else.
    let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26");
    let pairs: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    let tag = hmac::sign(&key, pairs.join("&").as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// `METHOD https://host/path?query` of a request.
pub(super) fn line(seen: &Seen) -> String {
    format!("{} https://{}{}", seen.method(), seen.header("host").unwrap(), seen.target())
}

/// The same of several.
pub(super) fn lines(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(line).collect()
}

/// Shares items out among gateways, each in a thread of its own; what comes of all.
pub(super) fn shared_out<T: Clone + Send, R: Send, F: Future<Output = Vec<R>>>(
    items: &[T],
    among: usize,
    work: impl Fn(Vec<T>) -> F + Sync,
) -> Vec<R> {
    let shares = (0..among).map(|at| items.iter().skip(at).step_by(among).cloned().collect::<Vec<T>>());
    thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = shares
            .map(|share| {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(work(share))
                })
            })
            .collect();
        started.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

//! Every way that a file under `expected` describes, gone through the real gateway: what its provider gets to see has
//! to be what somebody wrote down who had not read the app's own file.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use keyferry::vault::sha256;

use super::{
    given,
    params::{jwt, of_request, of_url, said},
    stage::{CLIENT_ID, CLIENT_SECRET, CODE, Record, Stage, Visit, line, lines, shared_out},
    way::{self, Proof, Table, Way},
};
use crate::harness::upstream::Seen;

/// Gateways that the ways are shared among.
const STAGES: usize = 4;

#[test]
fn every_way_is_as_its_provider_documents_it() {
    let ways = way::all();
    assert!(ways.iter().all(Way::is_shipped), "what is expected is shipped");
    let wrong = shared_out(&ways, STAGES, wrong_of);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn wrong_of(ways: Vec<Way>) -> Vec<String> {
    let stage = stage(&ways).await;
    let mut wrong = Vec::new();
    for way in &ways {
        provide(&stage, way);
        let found = match stage.visit(&visit(way)).await {
            Ok(record) => differences(way, &record),
            Err(why) => vec![why],
        };
        wrong.extend(found.into_iter().map(|text| format!("{} {}: {text}", way.app, way.method)));
    }
    stage.world.stop().await;
    wrong
}

/// A gateway with what operators give for these ways.
pub(super) async fn stage(ways: &[Way]) -> Stage {
    let mut clients = given::clients();
    for way in ways {
        clients.entry(given::client_of(&way.app)).or_default().extend(way.operator.clone());
    }
    Stage::start(clients).await
}

/// From now on the internet is a provider that knows what this way asks for.
pub(super) fn provide(stage: &Stage, way: &Way) {
    let provider = way.clone();
    let in_an_hour = stage.world.clock.now() + std::time::Duration::from_hours(1);
    let soon = serde_json::to_value(in_an_hour).unwrap().as_str().unwrap().to_owned();
    stage.answer(move |seen, aged| answer(&provider, seen, aged).replace("<in an hour>", &soon));
}

/// What is to be done for a way.
pub(super) fn visit(way: &Way) -> Visit {
    let typed = |value: &String| {
        if value.starts_with('<') { given::document(value).to_owned() } else { value.clone() }
    };
    Visit {
        app: way.app.clone(),
        method: way.method.clone(),
        fields: way.fields.clone(),
        typed: way.typed.iter().map(|(name, value)| (name.clone(), typed(value))).collect(),
        consents: way.has_page(),
        code: if way.code.is_empty() { "code".to_owned() } else { way.code.clone() },
        back: way.back.clone(),
        signed_back: way.signed_back.clone(),
        calls: (0..way.calls.len()).map(|at| way.call(at).0.to_owned()).collect(),
        renews: renews(way),
        renews_in_time: way.renew.as_ref().is_some_and(|renew| renew.exact),
        ends: given::is_told(&way.app, &way.method),
    }
}

/// Whether a token like this is renewed once it is old.
fn renews(way: &Way) -> bool {
    let ends = way.answer().contains("expires_in\":") || way.answer().contains("expires_at");
    let again = way.answer().contains("refresh_token") || !way.has_page();
    !way.token.is_empty() && (way.renew.is_some() || (ends && again))
}

/// What the provider of this way says to a request.
fn answer(way: &Way, seen: &Seen, aged: bool) -> String {
    let line = in_order(&line(seen));
    let bare = line.split('?').next().unwrap();
    let asks = way.asks.iter().flatten().map(|ask| (ask[0].as_str(), ask[1].as_str()));
    let register = way.register.iter().map(|(at, answer)| (at.as_str(), answer.as_str()));
    if let Some((_, answer)) = asks.chain(register).find(|(at, _)| in_order(at) == line || *at == bare) {
        return if aged { answer.replace("at.1", "at.2") } else { answer.to_owned() };
    }
    if let Some((_, answer)) = way.found.iter().find(|(path, _)| seen.target().starts_with(path.as_str())) {
        return answer.clone();
    }
    let renewal = way.renew.as_ref().map(|renew| in_order(&renew.at));
    let is_token = bare == token_line(way) || renewal.is_some_and(|at| at == line || at == bare);
    match (is_token, aged) {
        (true, true) => again(way),
        (true, false) => way.answer().to_owned(),
        (false, _) => r#"{"ok":true}"#.to_owned(),
    }
}

/// The answer to a renewal: like the first; where that token renews itself, like the one it was exchanged for.
fn again(way: &Way) -> String {
    let exchanged = way.asks.iter().flatten().find(|ask| ask[1].contains("at.1~x"));
    let renews_itself = way.renew.as_ref().is_some_and(|renew| renew.exact);
    let first = exchanged.filter(|_| renews_itself).map_or(way.answer(), |ask| ask[1].as_str());
    first.replace("at.1", "at.2").replace("rt.1", "rt.2")
}

/// A request's line with its parameters in order: which comes first is nobody's business.
fn in_order(line: &str) -> String {
    let Some((page, query)) = line.split_once('?') else { return line.to_owned() };
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    format!("{page}?{}", pairs.join("&"))
}

fn token_line(way: &Way) -> String {
    let verb = if way.verb.is_empty() { "POST" } else { &way.verb };
    format!("{verb} {}", way.token)
}

/// What is not as it should be.
fn differences(way: &Way, record: &Record) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    if let Some(consent) = &record.consent {
        wrong.same("consent page", &consent_of(way, consent, &record.redirect_uri), &of_url(consent));
    }
    let token = record.asked.iter().find(|seen| line(seen).split('?').next() == Some(&token_line(way)));
    match token {
        Some(seen) => token_request(way, record, seen, &mut wrong),
        None if way.token.is_empty() => {}
        None => wrong.0.push(format!("no {}, but {:?}", token_line(way), lines(&record.asked))),
    }
    asks(way, record, &mut wrong);
    let account = record.connection["metadata"]["account_id"].as_str().unwrap_or_default();
    if way.asks.is_some() {
        wrong.same("account", &way.account.as_str(), &account);
    }
    for (at, (seen, refused)) in record.calls.iter().enumerate() {
        let (call, arrives, carries) = way.call(at);
        wrong.same(call, &None, refused);
        wrong.same(call, &vec![arrives.to_owned()], &lines(seen));
        if let [seen] = seen.as_slice() {
            carried(call, &carries, seen, &mut wrong);
        }
    }
    renewal(way, record, &mut wrong);
    wrong.0
}

/// What differs, as it is found.
struct Wrong(Vec<String>);

impl Wrong {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, found: &T) {
        if expected != found {
            self.0.push(format!("{what}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
}

/// The consent page as it should be asked for; what is random is taken from what was found.
fn consent_of(way: &Way, found: &str, redirect_uri: &str) -> (String, Table) {
    let random = of_url(found).1;
    let taken = |name: &str| {
        let value = random.get(name).filter(|value| value.len() >= 43).cloned();
        (name.to_owned(), value.unwrap_or_else(|| "<43 random letters>".to_owned()))
    };
    let mut params: Table = [
        ("response_type".to_owned(), "code".to_owned()),
        ("client_id".to_owned(), CLIENT_ID.to_owned()),
        ("redirect_uri".to_owned(), redirect_uri.to_owned()),
        taken("state"),
    ]
    .into();
    if way.pkce.unwrap_or(true) {
        params.extend([taken("code_challenge"), ("code_challenge_method".to_owned(), "S256".to_owned())]);
    }
    if !way.scope.is_empty() {
        params.insert("scope".to_owned(), way.scope.clone());
    }
    params.retain(|name, _| !way.without.contains(name));
    params.extend(way.ask.iter().map(|(name, value)| (name.clone(), filled(value, redirect_uri))));
    (way.page.clone(), any_of(params, &random))
}

/// `<any>` is whatever was found.
fn any_of(mut expected: Table, found: &Table) -> Table {
    for (name, value) in &mut expected {
        if value == "<any>" {
            *value = found.get(name).unwrap_or(value).clone();
        }
    }
    expected
}

fn filled(value: &str, redirect_uri: &str) -> String {
    let client = value.replace("<client_id>", CLIENT_ID).replace("<client_secret>", CLIENT_SECRET);
    client.replace("<code>", CODE).replace("<redirect_uri>", redirect_uri)
}

/// Who asks at the token endpoint: the operator's client, or one that was typed in.
fn client(way: &Way) -> (String, String) {
    let typed = |name: &str| way.typed.get(name).cloned();
    (
        typed("client_id").unwrap_or_else(|| CLIENT_ID.to_owned()),
        typed("client_secret").unwrap_or_else(|| CLIENT_SECRET.to_owned()),
    )
}

fn prove(way: &Way, proof: Proof, params: &mut Table) -> Option<String> {
    let (id, secret) = client(way);
    match proof {
        Proof::Form | Proof::Json => {
            params.extend([("client_id".to_owned(), id), ("client_secret".to_owned(), secret)]);
        }
        Proof::Secret => drop(params.insert("client_secret".to_owned(), secret)),
        Proof::Public => drop(params.insert("client_id".to_owned(), id)),
        // RFC 6749 2.3.1: both halves as in a form.
        Proof::Basic | Proof::BasicJson => {
            let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            return Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", half(&id), half(&secret)))));
        }
        Proof::Nothing | Proof::NothingJson => {}
    }
    None
}

fn token_request(way: &Way, record: &Record, seen: &Seen, wrong: &mut Wrong) {
    let mut found = of_request(seen);
    let mut expected = if way.has_page() {
        Table::from(
            [("grant_type", "authorization_code"), ("code", CODE), ("redirect_uri", &record.redirect_uri)]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        )
    } else {
        Table::from([("grant_type".to_owned(), "client_credentials".to_owned())])
    };
    expected.retain(|name, _| !way.token_without.contains(name));
    if let Some(consent) = record.consent.as_ref().filter(|_| way.pkce.unwrap_or(true)) {
        let verifier = found.remove("code_verifier").unwrap_or_default();
        let challenge = of_url(consent).1.remove("code_challenge");
        let hashed = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
        wrong.same("proof key", &challenge, &Some(hashed));
    }
    expected.extend(way.with.iter().map(|(name, value)| (name.clone(), filled(value, &record.redirect_uri))));
    let basic = prove(way, way.proof, &mut expected);
    signed(way, &mut found, wrong);
    wrong.same("token request", &any_of(expected, &found), &found);
    wrong.same("authorization of the token request", &basic.as_deref(), &seen.header("authorization"));
    wrong.same("accept of the token request", &Some("application/json"), &seen.header("accept"));
    let is_json = seen.header("content-type") == Some("application/json");
    wrong.same("token request as JSON", &way.proof.is_json(), &is_json);
}

/// A signed assertion: what it says, and `<jwt>` in its place.
fn signed(way: &Way, found: &mut Table, wrong: &mut Wrong) {
    for value in found.values_mut() {
        if let Some(token) = jwt(value).filter(|_| !way.jwt.is_empty()) {
            let (said, lasts) = (said(&token), token.1["exp"].as_i64() > token.1["iat"].as_i64());
            wrong.same("assertion", &(way.jwt.clone(), true), &(said, lasts));
            "<jwt>".clone_into(value);
        }
    }
}

/// What is asked beside the token, each once.
fn asks(way: &Way, record: &Record, wrong: &mut Wrong) {
    let Some(asks) = &way.asks else { return };
    let found: Vec<&Seen> = record
        .asked
        .iter()
        .filter(|seen| {
            line(seen).split('?').next() != Some(&token_line(way))
                || asks.iter().any(|ask| in_order(&ask[0]) == in_order(&line(seen)))
        })
        .filter(|seen| !way.found.iter().any(|(path, _)| seen.target().starts_with(path.as_str())))
        .filter(|seen| way.register.as_ref().is_none_or(|(at, _)| *at != line(seen)))
        .collect();
    let mut asked: Vec<String> = found.iter().map(|seen| in_order(&line(seen))).collect();
    asked.dedup();
    let expected: Vec<String> = asks.iter().map(|ask| in_order(&ask[0])).collect();
    wrong.same("asked", &expected, &asked);
    for ask in asks.iter().filter(|ask| ask.len() > 2) {
        let form = found.iter().find(|seen| line(seen) == ask[0]).map(|seen| of_request(seen));
        let expected: Table = form_urlencoded::parse(ask[2].as_bytes()).into_owned().collect();
        wrong.same(&ask[0], &Some(expected), &form);
    }
}

fn carried(call: &str, carries: &[&str], seen: &Seen, wrong: &mut Wrong) {
    let host = format!("host: {}", seen.header("host").unwrap());
    let basic = |field: &str| match field.strip_prefix("authorization: Basic <") {
        Some(text) => format!("authorization: Basic {}", STANDARD.encode(text.strip_suffix('>').unwrap())),
        None => field.to_owned(),
    };
    let mut found: Vec<String> =
        seen.head.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let mut expected: Vec<String> = carries.iter().map(|field| basic(field)).collect();
    expected.extend([host, "x-mine: 1".to_owned()]);
    for field in &mut expected {
        if let Some(start) = field.strip_suffix('*') {
            let whole = found.iter().find(|found| found.starts_with(start)).cloned();
            *field = whole.unwrap_or_else(|| field.clone());
        }
    }
    found.sort_unstable();
    expected.sort_unstable();
    wrong.same(&format!("fields of {call}"), &expected, &found);
}

/// The renewal: the standard's (RFC 6749 6), but for what the file says.
fn renewal(way: &Way, record: &Record, wrong: &mut Wrong) {
    if !renews(way) {
        return;
    }
    let at = way.renew.as_ref().map_or_else(|| token_line(way), |renew| renew.at.clone());
    let Some(seen) = record.renewal.first() else { return wrong.0.push("no renewal".to_owned()) };
    let exact = way.renew.as_ref().is_some_and(|renew| renew.exact);
    wrong.same("renewal", &in_order(&at), &in_order(&line(seen)));
    if !exact && way.has_page() {
        let mut expected = Table::from(
            [("grant_type", "refresh_token"), ("refresh_token", "rt.1~x")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let proof = way.renew.as_ref().and_then(|renew| renew.proof).unwrap_or(way.proof);
        let basic = prove(way, proof, &mut expected);
        let with: BTreeMap<_, _> = way.renew.as_ref().map(|renew| renew.with.clone()).unwrap_or_default();
        expected.extend(with);
        let found = of_request(seen);
        wrong.same("renewal", &any_of(expected, &found), &found);
        wrong.same("authorization of the renewal", &basic.as_deref(), &seen.header("authorization"));
    }
    let last = record.renewal.last().map(line).unwrap_or_default();
    wrong.same("call after the renewal", &way.call(0).1.replace("at.1", "at.2"), &last);
}

//! Providers that differ from the standard: how their tokens are asked for, exchanged, renewed and ended. One app file
//! each, and a server that answers from a script.

use std::sync::Arc;

use keyferry::{
    catalog::Method,
    connections::{Connection, CredentialError, NewConnection, Outcome, Status},
};
use serde_json::{Value, json};

use super::world::{START, World, bearer, new, secrets, until};
use crate::harness::upstream::{Answer, Seen, Upstream};

/// An app of consent whose other endpoints are the script's, `@`.
fn consent_app(provider: &str, script: &Upstream, rest: &str) -> String {
    let head = format!(
        "name = 'odd'\ndisplay_name = 'Odd'\nno_probe = 'a script'\n{}",
        if rest.contains("base =") { "" } else { "base = '@'\n" }
    );
    let (fields, way) = rest.split_once("---").unwrap_or(("", rest));
    let text = format!(
        "{head}{fields}\n[[auth]]\nmethod = 'OAUTH2'\nclient = 'fake'\nauthorize = {{ url = '{provider}/authorize' }}\n\
         inject = [{{ header = 'Authorization', value = 'Bearer ${{access_token}}' }}]\n{way}"
    );
    text.replace('@', &script.url()).replace("PORT", &script.address.port().to_string())
}

async fn stage(script: &Upstream, rest: &str) -> World {
    World::with_apps(|provider| vec![("odd", consent_app(provider, script, rest))]).await
}

async fn connected(world: &World) -> Arc<Connection> {
    match world.consent(&world.pending("odd").await).await {
        Outcome::Connected(finished) => finished.connection,
        other => panic!("not connected: {other:?}"),
    }
}

fn json_answer(body: &Value) -> Answer {
    Answer::ok(&body.to_string())
}

/// What was asked for, without its query.
fn path(seen: &Seen) -> &str {
    seen.target().split('?').next().unwrap()
}

fn body(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

/// Instagram's way: a short token is exchanged for a long one, which is itself what its successor is asked for with.
const LONG_LIVED: &str = r"
token = { url = '@/token', client_auth = 'body' }
exchange = { url = '@/long', method = 'GET', params = { grant_type = 'ig_exchange_token', client_secret = '${client_secret}', access_token = '${access_token}' } }
refresh = { url = '@/again', method = 'GET', grant_type = 'ig_refresh_token', client_auth = 'absent', spend = 'access_token', params = { access_token = '${access_token}' } }
";

async fn long_lived() -> Upstream {
    Upstream::answering(|seen| match path(seen) {
        "/token" => json_answer(&json!({"access_token": "short", "user_id": 7})),
        "/long" => json_answer(&json!({"access_token": "long-1", "expires_in": 5_184_000})),
        "/again" => json_answer(&json!({"access_token": "long-2", "expires_in": 5_184_000})),
        other => panic!("{other}"),
    })
    .await
}

#[tokio::test]
async fn a_short_token_is_exchanged_and_the_long_one_is_renewed_with_itself_ahead_of_its_end() {
    const DAY: u64 = 24 * 3600;
    let script = long_lived().await;
    let world = stage(&script, LONG_LIVED).await;
    let connection = connected(&world).await;
    assert_eq!(world.token(&connection).await, "long-1");
    let seen = script.take();
    assert_eq!(
        seen[1].target(),
        "/long?access_token=short&client_secret=canary-client-secret&grant_type=ig_exchange_token"
    );
    world.pass(50 * DAY);
    assert_eq!(world.token(&connection).await, "long-1");
    assert!(script.take().is_empty(), "ten days are left");
    world.pass(9 * DAY);
    until("the renewed token", async || world.token(&connection).await == "long-2").await;
    let seen = script.take();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(seen[0].target(), "/again?grant_type=ig_refresh_token&access_token=long-1");
    assert_eq!(world.credential(&connection).await.unwrap().generation, 2);
}

#[tokio::test]
async fn an_access_token_that_has_ended_can_not_renew_itself() {
    let script = long_lived().await;
    let world = stage(&script, LONG_LIVED).await;
    let connection = connected(&world).await;
    script.take();
    world.pass(61 * 24 * 3600);
    assert!(matches!(world.credential(&connection).await, Err(CredentialError::Reauthorize { .. })));
    let now = world.get(connection.id).await;
    assert_eq!((now.status, now.status_reason.as_deref()), (Status::Failed, Some("token_expired")));
    assert!(script.take().is_empty(), "an ended token is not sent");
}

/// Bullhorn's way: a session and its address, both new with every renewal.
const SESSIONS: &str = r"
base = '${rest_url}'
[[field]]
name = 'rest_url'
label = 'Address'
from = 'token'
path = 'restUrl'
pattern = '^http://127\.0\.0\.1:PORT/rest-[0-9]+$'
regex = '^(.+?)/?$'
---
token = { url = '@/token' }
exchange = { url = '@/login', method = 'GET', always = true, path = 'BhRestToken', params = { access_token = '${access_token}' } }
";

/// Each token answer is numbered; `address` makes the session's address out of the number.
async fn sessions(address: fn(usize) -> String) -> Upstream {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Upstream::answering(move |seen| {
        let host = seen.header("host").unwrap();
        match path(seen) {
            "/token" => {
                let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                json_answer(&json!({"access_token": format!("at-{count}"), "refresh_token": format!("rt-{count}"), "expires_in": 600}))
            }
            "/login" => {
                let number: usize = seen.target().rsplit('-').next().unwrap().parse().unwrap();
                json_answer(&json!({"BhRestToken": format!("session-{number}"), "restUrl": address(number).replace("HOST", host)}))
            }
            other => panic!("{other}"),
        }
    })
    .await
}

#[tokio::test]
async fn a_session_and_its_address_change_together_at_each_renewal() {
    let script = sessions(|number| format!("http://HOST/rest-{number}/")).await;
    let world = stage(&script, SESSIONS).await;
    let connection = connected(&world).await;
    for round in 1..4 {
        let credential = world.credential(&connection).await.unwrap();
        assert_eq!(
            (bearer(&credential), credential.base.prefix.as_str()),
            (format!("session-{round}"), &*format!("/rest-{round}"))
        );
        let stored = world.get(connection.id).await;
        assert_eq!(stored.fields["rest_url"], format!("{}/rest-{round}", script.url()));
        assert_eq!(stored.metadata["rest_url"], stored.fields["rest_url"]);
        world.pass(601);
    }
    let refreshed: Vec<_> = script.take().iter().map(body).filter(|body| body.contains("refresh")).collect();
    assert_eq!(refreshed.len(), 2);
    assert!(refreshed[1].contains("refresh_token=rt-2&"), "{refreshed:?}");
}

#[tokio::test]
async fn tl_9_a_renewal_that_tells_a_value_out_of_its_pattern_leaves_the_old_credential_and_keeps_the_new_refresh_token()
 {
    let script = sessions(|number| match number {
        2 => "http://evil.test/rest-2/".to_owned(),
        _ => format!("http://HOST/rest-{number}/"),
    })
    .await;
    let world = stage(&script, SESSIONS).await;
    let connection = connected(&world).await;
    world.pass(590);
    assert_eq!(world.token(&connection).await, "session-1", "due, but still good");
    until("the renewal that fails", async || script.seen().len() == 4).await;
    until("its new refresh token", async || {
        world.store.grants().find(connection.id).await.unwrap().unwrap().generation == 2
    })
    .await;
    let credential = world.credential(&connection).await.unwrap();
    assert_eq!((bearer(&credential).as_str(), credential.base.prefix.as_str()), ("session-1", "/rest-1"));
    assert_eq!(world.get(connection.id).await.fields["rest_url"], format!("{}/rest-1", script.url()));
    script.take();
    world.pass(121);
    assert_eq!(world.token(&connection).await, "session-3", "the next attempt has the new refresh token");
    assert!(body(&script.take()[0]).contains("refresh_token=rt-2&"));
}

#[tokio::test]
async fn a_token_answer_may_be_asked_for_by_get_and_end_at_a_nested_time() {
    let script = Upstream::answering(|_| {
        json_answer(&json!({"data": {"token": "at", "ends": "2023-11-14T23:13:20Z"}, "code": 0}))
    })
    .await;
    let world = stage(
        &script,
        "token = { url = '@/token', method = 'GET', client_auth = 'absent', grant_type = '', path = 'data.token', \
         ok = ['code', 0], expiry = { path = 'data.ends', unit = 'rfc3339' } }",
    )
    .await;
    let connection = connected(&world).await;
    let seen = script.only();
    assert_eq!((seen.method(), path(&seen), seen.body.len()), ("GET", "/token", 0));
    assert!(seen.target().starts_with("/token?code=code-") && !seen.target().contains("client"), "{seen:?}");
    let expires = world.credential(&connection).await.unwrap().expires.unwrap();
    assert_eq!(expires.since(START), std::time::Duration::from_hours(1));
}

/// An app that logs in: what is typed in gives a token.
fn login_app(script: &Upstream) -> String {
    r#"
name = "site"
display_name = "Site"
base = "@"
[[auth]]
method = "BASIC"
fields = [{ name = "user", label = "User" }, { name = "password", label = "Password", secret = true }]
token = { url = "@/signin", format = "json", path = "credentials.token", lifetime_s = 600, params = { "credentials.name" = "${user}", "credentials.password" = "${password}", "credentials.site.contentUrl" = "" } }
revoke = { url = "@/signout", token = "none", client_auth = "absent", headers = { X-Auth = "${access_token}" } }
inject = [{ header = "X-Auth", value = "${access_token}" }]
[probe]
get = "/me"
id = "id"
"#
    .replace('@', &script.url())
}

fn typed_in(app: &str, method: Method, credentials: &[(&str, &str)]) -> NewConnection {
    NewConnection { method: Some(method), credentials: Some(secrets(credentials)), ..new(app) }
}

fn auth(credential: &keyferry::connections::Credential) -> &str {
    credential.headers[0].1.to_str().unwrap()
}

#[tokio::test]
async fn a_login_gives_a_token_and_is_repeated_when_it_ends_and_signed_out_at_the_end() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let script = Upstream::answering(move |seen| match path(seen) {
        "/signin" => {
            let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            json_answer(&json!({"credentials": {"token": format!("t{count}")}}))
        }
        "/me" | "/signout" => json_answer(&json!({"id": "ada"})),
        other => panic!("{other}"),
    })
    .await;
    let world = World::with_apps(|_| vec![("site", login_app(&script))]).await;
    let new = typed_in("site", Method::Basic, &[("user", "ada"), ("password", "canary")]);
    let connection = Arc::new(world.create(new).await.unwrap());
    assert_eq!(connection.metadata["account_id"], "ada");
    let seen = script.take();
    let sent: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(
        sent,
        json!({"credentials": {"name": "ada", "password": "canary", "site": {"contentUrl": ""}}}),
        "no grant type, no client"
    );
    assert_eq!(seen[1].header("x-auth"), Some("t1"));
    assert_eq!(auth(&world.credential(&connection).await.unwrap()), "t1");
    world.pass(601);
    assert_eq!(auth(&world.credential(&connection).await.unwrap()), "t2");
    script.take();
    world.connections.delete(world.owner, connection.id).await.unwrap();
    until("the sign-out", async || !script.seen().is_empty()).await;
    let out = script.only();
    assert_eq!((out.target(), out.header("x-auth"), out.body.len()), ("/signout", Some("t2"), 0));
}

/// An app whose credential is signed here, and one that asks for a token with what is signed here.
fn signing_apps(script: &Upstream) -> Vec<(&'static str, String)> {
    let signed = r#"
name = "signed"
display_name = "Signed"
base = "@"
no_probe = "a script"
[[auth]]
method = "JWT"
fields = [{ name = "key_id", label = "Key id" }, { name = "key", label = "Key", secret = true }]
jwt = { algorithm = "HS256", key = "${key}", key_encoding = "hex", header = { kid = "${key_id}" }, claims = { aud = "/admin/" }, lifetime_s = 300 }
inject = [{ header = "Authorization", value = "Bearer ${jwt}" }]
"#;
    let asserted = r#"
name = "asserted"
display_name = "Asserted"
base = "@"
no_probe = "a script"
[[field]]
name = "client_email"
label = "E-mail"
of = "account"
path = "client_email"
pattern = "^[a-z]+.[a-z]+[.][a-z]+$"
[[field]]
name = "private_key"
label = "Key"
of = "account"
path = "private_key"
secret = true
multiline = true
[[auth]]
method = "JWT"
fields = [{ name = "account", label = "Account", secret = true, multiline = true }]
jwt = { algorithm = "RS256", key = "${private_key}", claims = { iss = "${client_email}", aud = "@/token" } }
token = { url = "@/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#;
    [("signed", signed), ("asserted", asserted)]
        .map(|(name, text)| (name, text.replace('@', &script.url())))
        .into()
}

fn claims(token: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_credential_that_is_signed_here_is_signed_anew_ahead_of_its_end() {
    let script = Upstream::start().await;
    let world = World::with_apps(|_| signing_apps(&script)).await;
    let new = typed_in("signed", Method::Jwt, &[("key_id", "k1"), ("key", "00ff")]);
    let connection = Arc::new(world.create(new).await.unwrap());
    let first = world.token(&connection).await;
    assert_eq!(claims(&first)["aud"], "/admin/");
    world.pass(100);
    assert_eq!(world.token(&connection).await, first, "it is still good");
    world.pass(160);
    until("the next one", async || world.token(&connection).await != first).await;
    world.pass(3600);
    let last = claims(&world.token(&connection).await);
    assert!(last["exp"].as_i64().unwrap() > world.clock.now().as_secs(), "nobody waits for an ended one");
    assert_eq!(world.credential(&connection).await.unwrap().generation, 1, "nothing was stored");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_signs_nothing_is_refused_by_its_name_before_anything_is_stored() {
    use keyferry::connections::CreateError;
    let script = Upstream::start().await;
    let world = World::with_apps(|_| signing_apps(&script)).await;
    let account = json!({"client_email": "a@b.c", "private_key": "canary"}).to_string();
    for (app, credentials, field) in [
        ("signed", vec![("key_id", "k1"), ("key", "canary")], "credentials.key"),
        ("asserted", vec![("account", account.as_str())], "credentials.account"),
        ("asserted", vec![("account", "canary")], "fields.client_email"),
    ] {
        let error = world.create(typed_in(app, Method::Jwt, &credentials)).await.unwrap_err();
        assert!(
            matches!(&error, CreateError::Invalid { field: named, problem } if named == field && !problem.contains("canary")),
            "{error:?}"
        );
    }
    script.assert_untouched();
    let page = world.connections.list(world.owner, keyferry::connections::Filter::default()).await.unwrap();
    assert!(page.connections.is_empty());
}

#[tokio::test]
async fn a_signed_assertion_is_exchanged_for_a_token_again_and_again() {
    let script =
        Upstream::answering(|_| json_answer(&json!({"access_token": "at", "expires_in": 3600}))).await;
    let world = World::with_apps(|_| signing_apps(&script)).await;
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let account =
        json!({"client_email": "robot@things.test", "private_key": pair.serialize_pem()}).to_string();
    let new = typed_in("asserted", Method::Jwt, &[("account", &account)]);
    let connection = Arc::new(world.create(new).await.unwrap());
    assert_eq!(world.token(&connection).await, "at");
    world.pass(3601);
    assert_eq!(world.token(&connection).await, "at");
    let seen = script.take();
    assert_eq!(seen.len(), 2);
    for (round, seen) in seen.iter().enumerate() {
        let sent: std::collections::BTreeMap<_, _> =
            form_urlencoded::parse(&seen.body).into_owned().collect();
        assert_eq!(sent.keys().collect::<Vec<_>>(), ["assertion", "grant_type"], "no client beside");
        assert_eq!(sent["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let claims = claims(&sent["assertion"]);
        assert_eq!(claims["iss"], "robot@things.test");
        assert_eq!(
            claims["iat"].as_i64().unwrap(),
            START.as_secs() - 30 + 3601 * i64::try_from(round).unwrap()
        );
    }
    let stored = world.get(connection.id).await;
    assert_eq!(stored.fields["client_email"], "robot@things.test");
    assert!(!stored.fields.contains_key("private_key") && !stored.metadata.contains_key("private_key"));
}

#[tokio::test]
async fn oc_14_a_grant_that_makes_no_connection_is_ended_at_its_provider() {
    for (fields, probe) in [
        ("[[field]]\nname = 'realm'\nlabel = 'Realm'\nfrom = 'token'\npattern = '^[0-9]+$'\n---\n", ""),
        ("", "probe = { get = '@/me' }\n"),
    ] {
        let script = Upstream::answering(|seen| match path(seen) {
            "/token" => json_answer(&json!({"access_token": "at", "refresh_token": "rt", "realm": "evil"})),
            "/me" => Answer::with("403 Forbidden", "", ""),
            "/revoke" => Answer::ok(""),
            other => panic!("{other}"),
        })
        .await;
        let rest = format!("{fields}token = {{ url = '@/token' }}\nrevoke = {{ url = '@/revoke' }}\n{probe}");
        let world = stage(&script, &rest).await;
        let outcome = world.consent(&world.pending("odd").await).await;
        assert!(matches!(outcome, Outcome::Failed { .. }));
        until("the revocation", async || script.seen().iter().any(|seen| path(seen) == "/revoke")).await;
        let seen = script.take();
        assert!(body(seen.last().unwrap()).starts_with("token=rt&token_type_hint=refresh_token&"));
    }
}

/// Slack's way: one answer, a token for the bot and one for the user.
fn twins(script: &Upstream, provider: &str) -> Vec<(&'static str, String)> {
    let probe = "[probe]\nget = '/me'\nid = 'id'\n";
    let bot = consent_app(
        provider,
        script,
        "token = { url = '@/token' }\n[[auth.also]]\napp = 'odd-user'\npath = 'authed_user.access_token'\n",
    )
    .replace("no_probe = 'a script'\n", "")
        + probe;
    let user = consent_app(
        provider,
        script,
        "token = { url = '@/token', path = 'authed_user.access_token' }\nrevoke = { url = '@/revoke', client_auth = 'absent' }\n",
    )
    .replace("no_probe = 'a script'\n", "")
    .replace("'odd'", "'odd-user'")
        + probe;
    vec![("odd", bot), ("odd-user", user)]
}

/// Answers for the twins; `user` is what stands beside the bot's token.
async fn twin_script(user: Value) -> Upstream {
    Upstream::answering(move |seen| match path(seen) {
        "/token" => json_answer(
            &json!({"ok": true, "access_token": "bot", "scope": "chat:write", "authed_user": user}),
        ),
        "/revoke" => Answer::ok(""),
        "/me" => match seen.header("authorization") {
            Some("Bearer bad") => Answer::with("401 Unauthorized", "", ""),
            token => json_answer(&json!({"id": format!("id of {}", token.unwrap())})),
        },
        other => panic!("{other}"),
    })
    .await
}

fn finished(outcome: Outcome) -> keyferry::connections::Finished {
    match outcome {
        Outcome::Connected(finished) => finished,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_answer_with_two_tokens_makes_a_connection_of_each_app_and_a_second_consent_renews_both() {
    let script = twin_script(json!({"access_token": "user", "scope": "search:read,users:read"})).await;
    let world = World::with_apps(|provider| twins(&script, provider)).await;
    let first = finished(world.consent(&world.pending("odd").await).await);
    let [also] = first.also.as_slice() else { panic!("{:?}", first.also) };
    assert_eq!((also.app.as_str(), also.status, also.owner), ("odd-user", Status::Active, world.owner));
    assert_eq!(also.scopes, ["search:read", "users:read"]);
    assert_eq!(also.metadata["account_id"], "id of Bearer user");
    assert_eq!(
        (world.token(also).await, world.token(&first.connection).await),
        ("user".into(), "bot".into())
    );
    let again = world.connections.reconnect(world.owner, first.connection.id).await.unwrap();
    let second = finished(world.consent(&again).await);
    assert_eq!(second.also[0].id, also.id, "the same account has one connection");
}

#[tokio::test]
async fn a_further_token_that_does_not_work_is_ended_and_the_connection_asked_for_stands() {
    let script = twin_script(json!({"access_token": "bad"})).await;
    let world = World::with_apps(|provider| twins(&script, provider)).await;
    let done = finished(world.consent(&world.pending("odd").await).await);
    assert_eq!((done.connection.status, done.also.len()), (Status::Active, 0));
    until("the revocation", async || script.seen().iter().any(|seen| path(seen) == "/revoke")).await;
    assert!(body(script.take().last().unwrap()).contains("token=bad"));

    let script = twin_script(json!({"id": "U1"})).await;
    let world = World::with_apps(|provider| twins(&script, provider)).await;
    assert!(
        finished(world.consent(&world.pending("odd").await).await).also.is_empty(),
        "no token, no connection"
    );
}

#[tokio::test]
async fn oc_15_a_reconnect_that_can_not_tell_whose_account_it_is_waits_for_its_owners_word() {
    let world = World::new().await;
    let connection = world.connected().await;
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    world.provider.memory().probe_status = 500;
    let finished = finished(world.consent(&again).await);
    assert!(finished.connection.awaits_confirmation() && finished.other_account);
    assert!(matches!(world.credential(&finished.connection).await, Err(CredentialError::Unusable(_))));
    world.connections.confirm(world.owner, connection.id).await.unwrap();
    assert_eq!(world.get(connection.id).await.status, Status::Active);
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_told_and_asked_for_again() {
    let world = World::new().await;
    world.provider.fail_next(crate::harness::provider::Fault::With(json!({"scope": "read"})));
    let connection = world.connected().await;
    assert_eq!(
        (connection.scopes.as_slice(), connection.missing_scopes()),
        (&["read".to_owned()][..], vec!["write".to_owned()])
    );
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    let journey = world.leave(&again, &[]).await;
    assert!(journey.url.contains("scope=read+write"), "{}", journey.url);
}

#[tokio::test]
async fn oc_14_a_grant_is_not_ended_where_that_would_end_another_that_serves() {
    for (ends, ended) in [("account", 0), ("grant", 1)] {
        let token = json!({"access_token": "at", "refresh_token": "rt", "expires_in": 3600});
        let script = Upstream::answering(move |_| json_answer(&token)).await;
        let rest = format!("token = {{ url = '@/token' }}\nrevoke = {{ url = '@/revoke', ends = '{ends}' }}");
        let world = stage(&script, &rest).await;
        let (first, second) = (connected(&world).await, connected(&world).await);
        world.connections.delete(first.owner, first.id).await.unwrap();
        world.connections.finish().await;
        let revoked = script.seen().iter().filter(|seen| path(seen) == "/revoke").count();
        assert_eq!(revoked, ended, "{ends}");
        assert_eq!(world.get(second.id).await.status, Status::Active);
    }
}

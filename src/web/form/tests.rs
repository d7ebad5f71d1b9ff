//! What of an offer reaches the page.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::{Map, json};

use super::*;
use crate::{
    catalog::Catalog,
    clock::Timestamp,
    connections::{Asked, Connection, Status},
    id::{ConnectionId, OwnerId},
    web::cookie::Jar,
};

const DESK: &str = r#"
name = "desk"
display_name = "Desk"
docs = "https://docs.example.com"
base = "https://${subdomain}.desk.example"
no_probe = "a test needs none"

[scopes]
read = "Read your tickets"

[[field]]
name = "subdomain"
label = "Subdomain"
example = "acme"
pattern = "^[a-z0-9][a-z0-9-]*$"

[[auth]]
method = "OAUTH2"
client = "desk"
authorize = { url = "https://${subdomain}.desk.example/oauth", scopes = ["read", "write"] }
token = { url = "https://${subdomain}.desk.example/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]

[[auth]]
method = "API_KEY"
docs = "https://docs.example.com/keys"
fields = [{ name = "api_key", label = "API key", secret = true, pattern = "^sk_[a-z]+$" }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
"#;

fn asked(name: &str, secret: bool) -> Asked {
    Asked {
        name: name.to_owned(),
        label: name.to_owned(),
        help: None,
        example: Some("acme".to_owned()),
        value: None,
        choices: Vec::new(),
        secret,
        multiline: false,
        optional: false,
    }
}

fn offer() -> Offer {
    let now = Timestamp::from_micros(1_700_000_000_000_000);
    let app = Catalog::of(&[("desk", DESK)], false).unwrap().app("desk").unwrap().clone();
    let connection = Connection {
        id: ConnectionId::new(now),
        owner: OwnerId::new(now),
        app: "desk".into(),
        method: Method::Oauth2,
        status: Status::Pending,
        status_reason: None,
        name: Some("help desk".into()),
        metadata: Map::new(),
        fields: BTreeMap::new(),
        scopes: Vec::new(),
        requested_scopes: Vec::new(),
        generation: 1,
        return_url: None,
        creation_time: now,
        last_updated_time: now,
        last_used_time: None,
    };
    let way = |method, leaves, fields| OfferedWay {
        method,
        leaves,
        scopes: if leaves { vec!["read".into(), "write".into()] } else { Vec::new() },
        fields,
        docs: (!leaves).then(|| "https://docs.example.com/keys".to_owned()),
    };
    Offer {
        connection: Arc::new(connection),
        app,
        owner_name: "Ada".into(),
        reconnect: false,
        confirms: false,
        ways: vec![
            way(Method::ApiKey, false, vec![asked("subdomain", false), asked("api_key", true)]),
            way(Method::Oauth2, true, vec![asked("subdomain", false)]),
        ],
    }
}

fn shown(offer: &Offer, method: Method, earlier: Earlier) -> ConnectPage {
    let link = Link::new(Jar { secure: true }, &HeaderMap::new(), offer.connection.id, "token");
    page(&Words::english(), offer, way(offer, Some(method)).unwrap(), &link, earlier)
}

#[test]
fn oc_3_the_page_names_the_app_the_receiving_owner_the_connection_and_the_scopes() {
    let page = shown(&offer(), Method::Oauth2, Earlier::default());
    assert_eq!((page.app.name.as_str(), page.owner.name.as_str()), ("Desk", "Ada"));
    assert_eq!(page.connection_name.as_deref(), Some("help desk"));
    let words: Vec<&str> = page.scopes.iter().map(|line| line.words.as_str()).collect();
    assert_eq!(words, ["Read your tickets", "write"]);
    assert!(page.leaves && page.leaves_to.is_none() && page.find.is_none());
}

#[test]
fn wp_1_the_form_may_lead_to_the_providers_origin_and_no_further() {
    let mut offer = offer();
    let target = |offer: &Offer, method| form_action(offer, way(offer, Some(method)).unwrap());
    assert_eq!(target(&offer, Method::Oauth2).as_deref(), Some("https://*.desk.example"));
    assert_eq!(target(&offer, Method::ApiKey), None);
    let connection = Arc::make_mut(&mut offer.connection);
    connection.fields.insert("subdomain".into(), "acme".into());
    assert_eq!(target(&offer, Method::Oauth2).as_deref(), Some("https://acme.desk.example"));
    let page = shown(&offer, Method::Oauth2, Earlier::default());
    assert_eq!(page.leaves_to.as_deref(), Some("acme.desk.example"));
}

#[test]
fn browsers_check_what_the_apps_file_says_and_tabs_keep_its_order() {
    let page = shown(&offer(), Method::ApiKey, Earlier::default());
    let patterns: Vec<_> = page.fields.iter().map(|field| field.pattern.as_deref()).collect();
    assert_eq!(patterns, [Some(r"[a-z0-9][a-z0-9\-]*"), Some("sk_[a-z]+")]);
    assert_eq!(page.find.as_deref(), Some("https://docs.example.com/keys"));
    let tabs: Vec<_> = page.ways.iter().map(|way| (way.label.as_str(), way.now)).collect();
    assert_eq!(tabs, [("Sign in", false), ("API key", true)]);
}

#[test]
fn what_was_typed_in_stays_unless_it_is_secret() {
    let typed = |name: &str| (name.to_owned(), format!("typed {name}"));
    let earlier = Earlier {
        form: BTreeMap::from([typed("subdomain"), typed("api_key")]),
        trouble: Some(Trouble::Input { field: "api_key".into(), wrong: Wrong::Form }),
    };
    let page = shown(&offer(), Method::ApiKey, earlier);
    let fields: Vec<_> =
        page.fields.iter().map(|field| (field.value.as_str(), field.wrong.as_deref())).collect();
    assert_eq!(fields, [("typed subdomain", None), ("", Some("Please write it like acme"))]);
}

#[test]
fn a_known_account_and_environment_are_shown() {
    let mut offer = offer();
    let connection = Arc::make_mut(&mut offer.connection);
    connection.metadata = json!({ "account_id": "7", "email": "ada@example.com", "environment": "live" })
        .as_object()
        .unwrap()
        .clone();
    offer.reconnect = true;
    let page = shown(&offer, Method::Oauth2, Earlier::default());
    assert_eq!(page.account.as_deref(), Some("ada@example.com"));
    assert_eq!(page.environment, None, "the app has none of that name");
}

#[test]
fn what_is_wrong_stands_beside_its_input_and_the_keyboard_begins_there() {
    let wrong = |trouble| {
        let earlier = Earlier { trouble: Some(trouble), ..Earlier::default() };
        let page = shown(&offer(), Method::ApiKey, earlier);
        let said: Vec<_> = page.fields.iter().map(|field| (field.wrong.is_some(), field.focus)).collect();
        (page.notice.is_some(), said)
    };
    let (nothing, here) = ((false, false), (true, true));
    let input = |field: &str, wrong| Trouble::Input { field: field.into(), wrong };
    assert_eq!(wrong(input("subdomain", Wrong::Missing)), (false, vec![here, nothing]));
    assert_eq!(wrong(Trouble::Rejected), (false, vec![nothing, here]), "beside the key");
    assert_eq!(wrong(input("dc", Wrong::Form)), (false, vec![nothing, here]), "what the key tells");
    assert_eq!(wrong(Trouble::NotReached), (true, vec![nothing, nothing]));
}

#[test]
fn labels_that_many_apps_have_are_in_the_pages_language() {
    let link = Link::new(Jar { secure: true }, &HeaderMap::new(), offer().connection.id, "token");
    let mut offer = offer();
    offer.ways[0].fields[1].label = "API key".into();
    let german = Words::tagged("de").unwrap();
    let page = page(german, &offer, &offer.ways[0], &link, Earlier::default());
    let labels: Vec<_> = page.fields.iter().map(|field| (field.label.as_str(), field.lang)).collect();
    assert_eq!(labels, [("Subdomain", "de"), ("API-Schlüssel", "de")]);
}

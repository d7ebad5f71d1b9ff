//! Keys, passwords and clients that somebody types in: at the API or on the page.

use std::sync::Arc;

use keyferry::{
    catalog::Method,
    connections::{BeginError, Begun, CreateError, CredentialError, NewConnection, Status},
};

use super::world::{World, bearer, new, secrets, typed, with_key};
use crate::harness::provider::{CLIENT, Fault};

fn field_of(made: Result<keyferry::connections::Connection, CreateError>) -> String {
    match made {
        Err(CreateError::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_is_tried_and_serves_at_once() {
    let world = World::new().await;
    let connection = Arc::new(world.create(with_key("sk_test_canary")).await.unwrap());
    assert_eq!((connection.status, connection.status_reason.as_deref()), (Status::Active, None));
    assert_eq!(connection.metadata["environment"], "test");
    assert_eq!(connection.metadata["email"], "ada@example.com");
    assert_eq!(*connection, stored(&world, &connection).await);
    let credential = world.credential(&connection).await.unwrap();
    assert_eq!(bearer(&credential), "sk_test_canary");
    assert_eq!((credential.headers[1].1.to_str().unwrap(), credential.expires), ("eu", None));
    assert!(!format!("{connection:?} {credential:?}").contains("canary"));
}

async fn stored(
    world: &World,
    connection: &keyferry::connections::Connection,
) -> keyferry::connections::Connection {
    world.get(connection.id).await
}

#[tokio::test]
async fn the_key_tells_the_environment() {
    let world = World::new().await;
    let live = world.create(with_key("sk_live_1")).await.unwrap();
    assert_eq!(live.metadata["environment"], "live");
}

#[tokio::test]
async fn a_key_that_the_provider_refuses_is_not_stored() {
    let world = World::new().await;
    let made = world.create(with_key("sk_wrong_1")).await;
    assert!(matches!(&made, Err(CreateError::Rejected(why)) if !why.contains("sk_wrong")), "{made:?}");
    world.provider.memory().probe_status = 403;
    assert!(matches!(world.create(with_key("sk_test_1")).await, Err(CreateError::Rejected(_))));
    assert!(world.connections.list(world.owner, limited(10)).await.unwrap().connections.is_empty());
}

fn limited(limit: u32) -> keyferry::connections::Filter {
    keyferry::connections::Filter { limit, ..Default::default() }
}

#[tokio::test]
async fn a_provider_that_can_not_be_asked_does_not_stand_in_the_way() {
    let world = World::new().await;
    world.provider.memory().probe_status = 500;
    let made = world.create(with_key("sk_test_1")).await.unwrap();
    assert_eq!((made.status, made.status_reason.as_deref()), (Status::Active, Some("unprobed")));
}

#[tokio::test]
async fn hd_7_a_key_with_odd_characters_is_refused_and_named() {
    let world = World::new().await;
    for bad in ["sk_test_1\r\nX-Evil: 1", "sk_test_1\n", "sk_test_\0", "sk_test_ü", "", "pk_test_1"] {
        assert_eq!(field_of(world.create(with_key(bad)).await), "credentials.api_key", "{bad:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_taken_is_named_by_its_place_in_the_body() {
    let world = World::new().await;
    let named = async |new: NewConnection| field_of(world.create(new).await);
    assert_eq!(named(new("nobody")).await, "app");
    assert_eq!(named(NewConnection { method: Some(Method::Basic), ..new("fake") }).await, "method");
    let fields = typed(&[("nobody", "x")]);
    assert_eq!(named(NewConnection { fields, ..new("fake") }).await, "fields.nobody");
    let fields = typed(&[("region", "too long")]);
    assert_eq!(named(NewConnection { fields, ..with_key("sk_test_1") }).await, "fields.region");
    let credentials = Some(secrets(&[("api_key", "sk_test_1"), ("nobody", "x")]));
    let method = Some(Method::ApiKey);
    assert_eq!(named(NewConnection { method, credentials, ..new("keyed") }).await, "credentials.nobody");
    let credentials = Some(secrets(&[("api_key", "sk_test_1")]));
    let method = Some(Method::Oauth2);
    assert_eq!(named(NewConnection { method, credentials, ..new("fake") }).await, "credentials");
    let scopes = Some(vec!["read".to_owned(), "a b".to_owned()]);
    assert_eq!(named(NewConnection { scopes, ..new("fake") }).await, "scopes[1]");
    assert_eq!(named(NewConnection { name: Some("x".repeat(201)), ..new("fake") }).await, "name");
}

#[tokio::test]
async fn without_a_method_the_names_of_the_credentials_choose_it() {
    let world = World::new().await;
    let credentials = Some(secrets(&[("client_id", CLIENT.0), ("client_secret", CLIENT.1)]));
    let made = world.create(NewConnection { credentials, ..new("keyed") }).await.unwrap();
    assert_eq!((made.method, made.status), (Method::ClientCredentials, Status::Active));
}

#[tokio::test]
async fn an_app_without_its_client_says_what_to_do() {
    let world = World::new().await;
    let made = world.create(new("closed")).await;
    let Err(CreateError::NotConfigured { app, client, redirect_uri }) = made else { panic!("{made:?}") };
    assert_eq!((app.as_str(), client.as_str()), ("closed", "nobody"));
    assert!(redirect_uri.ends_with("/callback/closed"));
}

#[tokio::test]
async fn a_client_of_the_users_own_gets_its_token_and_the_next_ones() {
    let world = World::new().await;
    let credentials = Some(secrets(&[("client_id", CLIENT.0), ("client_secret", CLIENT.1)]));
    let method = Some(Method::ClientCredentials);
    let made = Arc::new(world.create(NewConnection { method, credentials, ..new("keyed") }).await.unwrap());
    let first = world.token(&made).await;
    assert!(world.provider.takes(&first));
    world.pass(3601);
    assert_ne!(world.token(&made).await, first);
    let sent = world.provider.memory().token_requests.clone();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| sent["grant_type"] == "client_credentials" && sent["scope"] == "all"));
}

#[tokio::test]
async fn a_client_that_the_provider_does_not_know_is_not_stored() {
    let world = World::new().await;
    let try_it = async |secret| {
        let credentials = Some(secrets(&[("client_id", CLIENT.0), ("client_secret", secret)]));
        world
            .create(NewConnection { method: Some(Method::ClientCredentials), credentials, ..new("keyed") })
            .await
    };
    assert!(matches!(try_it("wrong").await, Err(CreateError::Rejected(_))));
    world.provider.fail_next(Fault::Status(503, None));
    assert!(matches!(try_it(CLIENT.1).await, Err(CreateError::TokenEndpoint(_))));
    assert!(world.connections.list(world.owner, limited(10)).await.unwrap().connections.is_empty());
}

#[tokio::test]
async fn a_key_can_be_typed_in_on_the_page() {
    let world = World::new().await;
    let pending = world.pending("keyed").await;
    assert_eq!((pending.status, pending.method), (Status::Pending, Method::ApiKey));
    let offer = world.connections.open(&world.link(&pending)).await.unwrap();
    let asked: Vec<_> = offer.ways[0]
        .fields
        .iter()
        .map(|asked| (asked.name.as_str(), asked.secret, asked.value.as_deref()))
        .collect();
    assert_eq!(asked, [("region", false, Some("eu")), ("api_key", true, None)]);
    assert_eq!(offer.ways.len(), 2);
    let press = async |form: &[(&str, &str)]| {
        world.connections.begin(&world.link(&pending), None, &typed(form)).await
    };
    assert!(matches!(press(&[]).await, Err(BeginError::Invalid { field, .. }) if field == "api_key"));
    assert!(matches!(press(&[("api_key", "sk_wrong_1")]).await, Err(BeginError::Rejected(_))));
    assert_eq!(world.get(pending.id).await.status, Status::Pending, "and one can try again");
    let begun = press(&[("api_key", " sk_test_1 \n"), ("region", "us"), ("csrf", "x")]).await.unwrap();
    let Begun::Connected(finished) = begun else { panic!("no consent is needed") };
    assert_eq!(finished.connection.status, Status::Active);
    assert_eq!(finished.connection.fields["region"], "us");
    assert_eq!(world.token(&finished.connection).await, "sk_test_1");
    assert!(press(&[("api_key", "sk_test_2")]).await.is_err(), "the link is spent");
}

#[tokio::test]
async fn a_client_that_is_refused_later_is_asked_for_once_and_left_alone() {
    let world = World::new().await;
    let credentials = Some(secrets(&[("client_id", CLIENT.0), ("client_secret", CLIENT.1)]));
    let made = Arc::new(world.create(NewConnection { credentials, ..new("keyed") }).await.unwrap());
    for code in ["invalid_grant", "invalid_client"] {
        world.pass(3700);
        let asked = world.provider.token_requests();
        world.provider.fail_next(Fault::Error(code));
        for _ in 0..3 {
            assert!(
                matches!(world.credential(&made).await, Err(CredentialError::TokenEndpoint(_))),
                "{code}"
            );
        }
        assert_eq!(world.provider.token_requests(), asked + 1, "{code}");
        assert_eq!(world.get(made.id).await.status, Status::Active, "{code}");
        world.pass(61);
        assert!(world.credential(&made).await.is_ok(), "{code}");
    }
}

#[tokio::test]
async fn tl_7_what_was_typed_in_and_is_refused_twice_in_a_row_is_sent_no_more() {
    let world = World::new().await;
    let credentials = Some(secrets(&[("client_id", CLIENT.0), ("client_secret", CLIENT.1)]));
    let made = Arc::new(world.create(NewConnection { credentials, ..new("keyed") }).await.unwrap());
    world.pass(3700);
    for _ in 0..2 {
        world.provider.fail_next(Fault::Error("invalid_client"));
        assert!(matches!(world.credential(&made).await, Err(CredentialError::TokenEndpoint(_))));
        world.pass(61);
    }
    let asked = world.provider.token_requests();
    assert!(matches!(world.credential(&made).await, Err(CredentialError::Reauthorize { .. })));
    assert_eq!(world.provider.token_requests(), asked);
    assert!(world.get(made.id).await.needs_reauthorization());
}

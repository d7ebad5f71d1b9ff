use std::time::Duration;

use super::*;
use crate::{clock::Timestamp, store::ClientRow};

struct World {
    store: Store,
    clients: Clients,
}

async fn world() -> World {
    let store = Store::in_memory().await.unwrap();
    let (vault, clock) = (Vault::generate().0, Clock::test(Timestamp::from_micros(1)));
    let given = ClientSettings {
        client_id: "from settings".to_owned(),
        client_secret: Secret::from("s"),
        extra: BTreeMap::new(),
    };
    let given = BTreeMap::from([("google".to_owned(), given)]);
    let parts = (store.clone(), vault, clock);
    let clients = Clients::new(&given, parts, &CacheSettings::default(), &StoreSettings::default());
    World { store, clients }
}

fn client(id: &str) -> OAuthClient {
    OAuthClient {
        client_id: id.to_owned(),
        client_secret: Secret::from("canary-secret"),
        extra: BTreeMap::from([("developer_token".to_owned(), "canary-token".to_owned())]),
    }
}

#[tokio::test]
async fn a_client_is_kept_sealed_and_comes_back_whole() {
    let World { store, clients } = world().await;
    assert_eq!(clients.get("slack").await.unwrap(), None);
    clients.put("slack", &client("a")).await.unwrap();
    assert_eq!(*clients.get("slack").await.unwrap().unwrap(), client("a"));
    let row = store.clients().find("slack").await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.sealed).contains("canary"));
    clients.put("slack", &client("b")).await.unwrap();
    assert_eq!(clients.get("slack").await.unwrap().unwrap().client_id, "b", "effective at once");
    assert!(clients.remove("slack").await.unwrap());
    assert!(!clients.configured("slack").await.unwrap());
    assert!(!clients.remove("slack").await.unwrap());
}

#[tokio::test]
async fn what_another_app_gave_with_a_shared_client_stays() {
    let World { clients, .. } = world().await;
    clients.put("shared", &client("a")).await.unwrap();
    let extra = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let rotated =
        OAuthClient { client_secret: Secret::from("new"), extra: extra(&[("other", "x")]), ..client("a") };
    clients.put("shared", &rotated).await.unwrap();
    let both = extra(&[("developer_token", "canary-token"), ("other", "x")]);
    assert_eq!(
        *clients.get("shared").await.unwrap().unwrap(),
        OAuthClient { extra: both, ..rotated.clone() }
    );
    let emptied = OAuthClient { extra: extra(&[("developer_token", "")]), ..rotated.clone() };
    clients.put("shared", &emptied).await.unwrap();
    assert_eq!(*clients.get("shared").await.unwrap().unwrap(), rotated, "an empty value goes");
}

#[tokio::test]
async fn a_client_that_does_not_open_can_be_replaced() {
    let World { store, clients } = world().await;
    clients.put("slack", &client("a")).await.unwrap();
    let mut row = store.clients().find("slack").await.unwrap().unwrap();
    row.sealed[20] ^= 1;
    store.clients().upsert(&row).await.unwrap();
    clients.put("slack", &client("b")).await.unwrap();
    assert_eq!(*clients.get("slack").await.unwrap().unwrap(), client("b"));
}

#[tokio::test]
async fn the_settings_file_wins_and_is_not_written_to() {
    let World { clients, .. } = world().await;
    assert_eq!(clients.get("google").await.unwrap().unwrap().client_id, "from settings");
    let refused = Err(ClientError::InSettings("google".to_owned()));
    assert_eq!(clients.put("google", &client("a")).await, refused);
    assert_eq!(clients.remove("google").await, refused.map(|()| false));
    assert_eq!(clients.put("slack", &client("")).await, Err(ClientError::NoId));
    clients.put("slack", &client("a")).await.unwrap();
    assert_eq!(clients.names().await.unwrap().into_iter().collect::<Vec<_>>(), ["google", "slack"]);
}

#[tokio::test]
async fn sc_2_a_client_that_was_moved_or_changed_does_not_open() {
    let World { store, clients } = world().await;
    clients.put("slack", &client("a")).await.unwrap();
    clients.put("github", &client("b")).await.unwrap();
    let row = store.clients().find("slack").await.unwrap().unwrap();
    store.clients().upsert(&ClientRow { name: "jira".to_owned(), ..row.clone() }).await.unwrap();
    assert!(matches!(clients.get("jira").await, Err(ClientError::Internal(_))));
    let mut changed = row;
    changed.sealed[20] ^= 1;
    store.clients().upsert(&changed).await.unwrap();
    assert!(matches!(clients.get("slack").await, Err(ClientError::Internal(_))));
    assert!(clients.get("github").await.unwrap().is_some());
}

#[tokio::test]
async fn a_known_client_serves_while_the_store_is_down() {
    let World { store, clients } = world().await;
    clients.put("slack", &client("a")).await.unwrap();
    clients.get("slack").await.unwrap();
    store.close().await;
    clients.clock.advance(Duration::from_mins(1));
    assert!(clients.configured("slack").await.unwrap());
    assert!(matches!(clients.get("github").await, Err(ClientError::Unavailable(_))));
}

#[test]
fn a_client_prints_without_its_secrets() {
    let shown = format!("{:?}", client("visible"));
    assert!(
        shown.contains("visible") && shown.contains("developer_token") && !shown.contains("canary"),
        "{shown}"
    );
}

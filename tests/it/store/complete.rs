//! Connections as they come to a grant, change their status and end.

use keyferry::{
    id::{ConnectionId, OwnerId},
    store::{Completion, ConnectionRow, FlowRow, GrantRow, Store, StoreError},
};
use serde_json::json;

use super::{
    on_both,
    rows::{self, NOW, at},
};

pub(super) fn completion(grant: GrantRow) -> Completion {
    Completion {
        grant,
        method: "API_KEY".into(),
        status: "ACTIVE".into(),
        status_reason: None,
        metadata: json!({"email": "new@example.com"}).as_object().unwrap().clone(),
        fields: [("subdomain".to_owned(), "other".to_owned())].into(),
        scopes: vec!["all".into()],
        requested_scopes: vec!["all".into(), "more".into()],
    }
}

fn completed(row: &ConnectionRow, done: &Completion) -> ConnectionRow {
    ConnectionRow {
        generation: row.generation + 1,
        method: done.method.clone(),
        status: done.status.clone(),
        status_reason: done.status_reason.clone(),
        metadata: done.metadata.clone(),
        fields: done.fields.clone(),
        scopes: done.scopes.clone(),
        requested_scopes: Some(done.requested_scopes.clone()),
        last_updated_time: at(9),
        ..row.clone()
    }
}

async fn a_connection_comes_with_its_grant_or_not_at_all(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(grant.clone()));
    let again =
        store.connections().insert_with_grant(&row, &GrantRow { sealed: vec![1], ..grant.clone() }).await;
    assert_eq!(again, Err(StoreError::Taken("connection id")));
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(grant));
}

async fn a_first_completion_brings_the_grant_and_ends_the_links(store: &Store) {
    let row = rows::stored_connection(store).await;
    let done = completion(rows::grant(row.id));
    assert!(store.connections().complete(row.id, row.generation, &done, at(9)).await.unwrap());
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(completed(&row, &done)));
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(done.grant.clone()));

    let late = store.connections().complete(row.id, row.generation, &done, at(10)).await.unwrap();
    assert!(!late, "the link generation was spent");
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(completed(&row, &done)));
    let gone = ConnectionId::new(NOW);
    assert!(!store.connections().complete(gone, 3, &completion(rows::grant(gone)), at(9)).await.unwrap());
}

async fn a_later_completion_continues_the_generations_of_the_grant(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    let new = GrantRow { generation: 1, sealed: vec![42], expires_time: None, ..grant.clone() };
    let done = completion(new.clone());
    assert!(store.connections().complete(row.id, row.generation, &done, at(9)).await.unwrap());
    let wanted = GrantRow { generation: grant.generation + 1, ..new };
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(wanted));
    assert!(
        !store.grants().replace(&grant, grant.generation).await.unwrap(),
        "a refresh of the old grant came late"
    );
}

async fn a_completion_belongs_to_its_connection_whatever_the_grant_says(store: &Store) {
    let (row, other) = (rows::stored_connection(store).await, rows::stored_connection(store).await);
    let done = completion(rows::grant(other.id));
    assert!(store.connections().complete(row.id, row.generation, &done, at(9)).await.unwrap());
    assert!(store.grants().find(row.id).await.unwrap().is_some());
    assert_eq!(store.grants().find(other.id).await.unwrap(), None);
}

async fn the_status_changes_with_its_reason(store: &Store) {
    let row = rows::stored_connection(store).await;
    let set_at = async |id, expected, reason| {
        store.connections().set_status(id, expected, "PENDING", reason, at(9)).await.unwrap()
    };
    let set = async |id, reason| set_at(id, row.generation, reason).await;
    assert!(set(row.id, Some("confirm")).await);
    let wanted = ConnectionRow { status: "PENDING".into(), last_updated_time: at(9), ..row.clone() };
    let with =
        |reason: Option<&str>| ConnectionRow { status_reason: reason.map(Into::into), ..wanted.clone() };
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(with(Some("confirm"))));
    assert!(set(row.id, None).await);
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(with(None)));
    assert!(!set(ConnectionId::new(NOW), None).await);
    assert!(!set_at(row.id, row.generation - 1, Some("late")).await);
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(with(None)));
}

async fn a_dead_grant_fails_its_connection_unless_it_was_replaced(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    let fail =
        async |id, expected| store.connections().fail_grant(id, expected, "revoked", at(9)).await.unwrap();
    assert!(!fail(row.id, grant.generation - 1).await);
    assert!(!fail(row.id, grant.generation + 1).await);
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(row.clone()));
    assert!(fail(row.id, grant.generation).await);
    let wanted = ConnectionRow {
        status: "FAILED".into(),
        status_reason: Some("revoked".into()),
        last_updated_time: at(9),
        ..row.clone()
    };
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(wanted));
    assert_eq!(
        store.grants().find(row.id).await.unwrap(),
        Some(grant),
        "it stays, so that it can be revoked"
    );
    assert!(!fail(rows::stored_connection(store).await.id, 1).await, "there is no grant");
    assert!(!fail(ConnectionId::new(NOW), 1).await);
}

async fn raising_the_generation_ends_the_links(store: &Store) {
    let row = rows::stored_connection(store).await;
    let raised = store.connections().raise_generation(row.id).await.unwrap();
    assert_eq!(raised, Some(row.generation + 1));
    let done = completion(rows::grant(row.id));
    assert!(!store.connections().complete(row.id, row.generation, &done, at(9)).await.unwrap());
    assert_eq!(store.connections().raise_generation(ConnectionId::new(NOW)).await.unwrap(), None);
}

async fn a_deleted_connection_answers_what_it_was(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    let flow = rows::flow(row.id);
    store.flows().insert(&flow).await.unwrap();
    assert_eq!(store.connections().delete(OwnerId::new(NOW), row.id).await.unwrap(), None);
    assert!(store.grants().find(row.id).await.unwrap().is_some());

    let pick = FlowRow { app: String::new(), ..rows::flow(row.id) };
    store.flows().insert(&pick).await.unwrap();
    let was = store.connections().delete(row.owner, row.id).await.unwrap().unwrap();
    assert_eq!(ConnectionRow { generation: row.generation, ..was.row }, row);
    assert_eq!((was.grant, was.picks), (Some(grant), vec![pick]), "whatever holds a grant");
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), None);
    assert_eq!(store.grants().find(row.id).await.unwrap(), None);
    assert_eq!(store.flows().take(&flow.state_digest, &flow.app).await.unwrap(), None);
    assert_eq!(store.connections().delete(row.owner, row.id).await.unwrap(), None);

    let bare = rows::stored_connection(store).await;
    let was = store.connections().delete(bare.owner, bare.id).await.unwrap().unwrap();
    assert_eq!(was.grant, None);
}

on_both! {
    a_connection_comes_with_its_grant_or_not_at_all,
    a_first_completion_brings_the_grant_and_ends_the_links,
    a_later_completion_continues_the_generations_of_the_grant,
    a_completion_belongs_to_its_connection_whatever_the_grant_says,
    the_status_changes_with_its_reason,
    a_dead_grant_fails_its_connection_unless_it_was_replaced,
    raising_the_generation_ends_the_links,
    a_deleted_connection_answers_what_it_was,
}

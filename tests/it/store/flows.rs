use keyferry::{
    id::ConnectionId,
    store::{FlowRow, Store, StoreError},
};

use super::{
    on_both,
    rows::{self, NOW, at},
};

async fn a_flow_is_taken_once(store: &Store) {
    let flow = rows::flow(rows::stored_connection(store).await.id);
    store.flows().insert(&flow).await.unwrap();
    assert_eq!(store.flows().insert(&flow).await, Err(StoreError::Taken("state")));
    assert_eq!(store.flows().take(b"another", &flow.app).await.unwrap(), None);
    assert_eq!(store.flows().find(b"another").await.unwrap(), None);
    assert_eq!(store.flows().find(&flow.state_digest).await.unwrap().as_ref(), Some(&flow));
    assert_eq!(
        store.flows().take(&flow.state_digest, "another").await.unwrap(),
        None,
        "it stays for its own app"
    );
    assert_eq!(store.flows().take(&flow.state_digest, &flow.app).await.unwrap(), Some(flow.clone()));
    assert_eq!(store.flows().take(&flow.state_digest, &flow.app).await.unwrap(), None);
    let orphan = rows::flow(ConnectionId::new(NOW));
    assert_eq!(store.flows().insert(&orphan).await, Err(StoreError::Gone));
}

async fn the_sweep_takes_only_what_has_ended(store: &Store) {
    let id = rows::stored_connection(store).await.id;
    let flows = [9, 10, 11].map(|end| FlowRow { expires_time: at(end), ..rows::flow(id) });
    for flow in &flows {
        store.flows().insert(flow).await.unwrap();
    }
    let mut ended = store.flows().sweep(at(10)).await.unwrap();
    ended.sort_by_key(|flow| flow.expires_time);
    assert_eq!(ended, flows[..2]);
    assert_eq!(store.flows().sweep(at(10)).await.unwrap(), []);
    assert_eq!(store.flows().take(&flows[1].state_digest, &flows[1].app).await.unwrap(), None);
    assert_eq!(
        store.flows().take(&flows[2].state_digest, &flows[2].app).await.unwrap().as_ref(),
        Some(&flows[2])
    );
}

on_both! {
    a_flow_is_taken_once,
    the_sweep_takes_only_what_has_ended,
}

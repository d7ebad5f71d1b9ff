//! Many at once: exactly one wins what can be won once, and nobody hears of a lock.

use std::future::Future;

use futures_util::future::join_all;
use keyferry::store::{GrantRow, Store};

use super::{Stage, complete::completion, on_both, rows};

/// Runs so many at the same time, each in a task of its own.
async fn at_once<T, F>(count: u8, run: impl Fn(u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(run(n))).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn of_twenty_takers_one_gets_the_flow(store: &Store) {
    let flow = rows::flow(rows::stored_connection(store).await.id);
    store.flows().insert(&flow).await.unwrap();
    let taken = at_once(20, |_| {
        let (store, flow) = (store.clone(), flow.clone());
        async move { store.flows().take(&flow.state_digest, &flow.app).await.unwrap() }
    });
    assert_eq!(taken.await.into_iter().flatten().collect::<Vec<_>>(), [flow]);
}

async fn of_twenty_refreshes_one_is_stored(store: &Store) {
    let (_, grant) = rows::stored_with_grant(store).await;
    let stored = at_once(20, |n| {
        let (store, old) = (store.clone(), grant.generation);
        let new = GrantRow { sealed: vec![n], ..grant.clone() };
        async move { store.grants().replace(&new, old).await.unwrap().then_some(new) }
    });
    let winners: Vec<_> = stored.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let found = store.grants().find(grant.connection).await.unwrap().unwrap();
    assert_eq!((found.sealed, found.generation), (winners[0].sealed.clone(), grant.generation + 1));
}

async fn of_twenty_completions_one_is_stored(store: &Store) {
    let row = rows::stored_connection(store).await;
    let stored = at_once(20, |n| {
        let (store, row) = (store.clone(), row.clone());
        let done = completion(GrantRow { sealed: vec![n], ..rows::grant(row.id) });
        async move { store.connections().complete(row.id, row.generation, &done, rows::NOW).await.unwrap() }
    });
    assert_eq!(stored.await.into_iter().filter(|stored| *stored).count(), 1);
    let found = store.connections().find_by_id(row.id).await.unwrap().unwrap();
    assert_eq!(found.generation, row.generation + 1);
}

/// Whatever the order: a grant is not declared dead once it was replaced, and no two wait for each other in a circle.
async fn everything_at_once_on_one_connection_ends_well(store: &Store) {
    for _ in 0..10 {
        let (row, grant) = rows::stored_with_grant(store).await;
        let done = at_once(12, |n| {
            let (store, row, grant) = (store.clone(), row.clone(), grant.clone());
            async move {
                let connections = store.connections();
                match n % 6 {
                    0 => {
                        connections.fail_grant(row.id, grant.generation, "revoked", rows::NOW).await.unwrap()
                    }
                    1 => store.grants().replace(&grant, grant.generation).await.unwrap(),
                    2 => {
                        let done = completion(grant);
                        connections.complete(row.id, row.generation, &done, rows::NOW).await.unwrap()
                    }
                    3 => connections.touch(&[(row.id, rows::at(n.into()))]).await.is_ok(),
                    4 => connections.raise_generation(row.id).await.unwrap().is_some(),
                    _ => connections.delete(row.owner, row.id).await.unwrap().is_some(),
                }
            }
        });
        let deleted = done.await.into_iter().skip(5).step_by(6).filter(|deleted| *deleted).count();
        assert_eq!(deleted, 1);
        assert_eq!(store.grants().find(row.id).await.unwrap(), None);
    }
}

async fn a_grant_is_replaced_or_declared_dead_but_not_both(store: &Store) {
    for _ in 0..20 {
        let (row, grant) = rows::stored_with_grant(store).await;
        let done = at_once(2, |n| {
            let (store, grant) = (store.clone(), grant.clone());
            async move {
                let (id, old) = (grant.connection, grant.generation);
                match n {
                    0 => store.grants().replace(&grant, old).await.unwrap(),
                    _ => store.connections().fail_grant(id, old, "revoked", rows::NOW).await.unwrap(),
                }
            }
        });
        let failed = done.await[1];
        let status = store.connections().find_by_id(row.id).await.unwrap().unwrap().status;
        assert_eq!(status == "FAILED", failed);
        let generation = store.grants().find(row.id).await.unwrap().unwrap().generation;
        assert!(failed || generation == grant.generation + 1);
    }
}

on_both! {
    of_twenty_takers_one_gets_the_flow,
    of_twenty_refreshes_one_is_stored,
    of_twenty_completions_one_is_stored,
    everything_at_once_on_one_connection_ends_well,
    a_grant_is_replaced_or_declared_dead_but_not_both,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sc_6_sixty_four_writers_and_readers_hear_of_no_lock() {
    let stage = Stage::sqlite().await;
    // As the command line does while the server runs.
    let other = Store::open(&stage.url).await.unwrap();
    let owner = rows::stored_owner(&stage).await;
    at_once(64, |n| {
        let store = if n % 4 == 0 { other.clone() } else { stage.store.clone() };
        async move {
            for _ in 0..4 {
                let row = rows::connection(owner);
                store.connections().insert_with_grant(&row, &rows::grant(row.id)).await.unwrap();
                store.connections().touch(&[(row.id, rows::at(9))]).await.unwrap();
                assert!(store.grants().find(row.id).await.unwrap().is_some());
            }
        }
    })
    .await;
    assert_eq!(stage.connections().of_app(owner, "zendesk").await.unwrap().len(), 256);
}

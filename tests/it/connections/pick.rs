//! A sign-in that opens several sites: the user picks one, once, in the browser that signed in; a grant that nobody
//! picks from is given back.

use std::{sync::Arc, time::Duration};

use keyferry::{
    catalog::Method,
    connections::{
        Begun, Connection, ConnectionError, CreateError, NewConnection, Outcome, PickError, Picking, Status,
    },
};
use serde_json::json;

use super::world::{World, new, secrets, typed, until};

/// A world whose provider knows two sites.
async fn world() -> World {
    let world = World::new().await;
    world.provider.memory().tenants = json!([
        {"id": "north", "name": "Acme North", "plan": "gold"},
        {"id": "south", "name": "Acme South", "plan": "tin"},
    ]);
    world
}

fn picking(outcome: Outcome) -> Picking {
    let Outcome::Choose(picking) = outcome else { panic!("{outcome:?}") };
    picking
}

async fn pick(world: &World, picking: &Picking, value: Option<&str>) -> Result<Outcome, PickError> {
    world.connections.pick(&picking.ticket, Some(&picking.cookie), value).await
}

fn revocations(world: &World) -> usize {
    world.provider.memory().revocations.len()
}

#[tokio::test]
async fn one_of_several_is_picked_once_and_all_its_fields_come_from_it() {
    let world = world().await;
    let pending = world.pending("sites").await;
    let picking = picking(world.consent(&pending).await);
    assert_eq!(world.get(pending.id).await.status, Status::Pending, "nothing is stored before");
    let shown = world.connections.choosing(&picking.ticket, Some(&picking.cookie)).await.unwrap();
    let offered: Vec<_> =
        shown.candidates.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect();
    assert_eq!(
        (shown.label.as_str(), offered),
        ("Site", vec![("north", "Acme North"), ("south", "Acme South")])
    );

    assert!(
        matches!(pick(&world, &picking, Some("west")).await, Err(PickError::Unknown)),
        "and may try again"
    );
    let outcome = pick(&world, &picking, Some("south")).await.unwrap();
    let Outcome::Connected(finished) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        (&finished.connection.fields["site"], &finished.connection.fields["plan"]),
        (&"south".into(), &"tin".into())
    );
    let credential = world.credential(&finished.connection).await.unwrap();
    let site = credential.headers.iter().find(|(name, _)| name == "site").unwrap();
    assert_eq!(site.1, "south");
    assert_eq!(world.provider.token_requests(), 1, "the code was exchanged once");
    assert!(matches!(pick(&world, &picking, Some("north")).await, Err(PickError::Refused)), "it works once");
    assert_eq!(revocations(&world), 0);
}

#[tokio::test]
async fn oc_5_oc_6_a_pick_is_its_browsers_and_of_many_at_once_one_counts() {
    let world = world().await;
    let pending = world.pending("sites").await;
    let picking = picking(world.consent(&pending).await);
    for cookie in [None, Some("guessed"), Some(picking.ticket.as_str())] {
        let shown = world.connections.choosing(&picking.ticket, cookie).await;
        assert!(matches!(shown, Err(PickError::Refused)), "{cookie:?}");
        let picked = world.connections.pick(&picking.ticket, cookie, Some("north")).await;
        assert!(matches!(picked, Err(PickError::Refused)), "{cookie:?}");
    }
    let all = (0..20).map(|_| pick(&world, &picking, Some("north")));
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|one| matches!(one, Ok(Outcome::Connected(_)))).count(), 1);
    assert_eq!(world.get(pending.id).await.status, Status::Active);
}

#[tokio::test]
async fn a_ticket_is_no_state_and_a_state_no_ticket() {
    let world = world().await;
    let pending = world.pending("sites").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    let state = &query.iter().find(|(name, _)| name == "state").unwrap().1;
    let shown = world.connections.choosing(state, Some(&journey.cookie)).await;
    assert!(matches!(shown, Err(PickError::Refused)));
    let picking = picking(world.come_back("sites", &journey, &query).await.unwrap());
    let forged = [("state".to_owned(), picking.ticket.clone()), ("code".to_owned(), "c".to_owned())];
    assert!(world.connections.callback("sites", &forged, Some(&picking.cookie)).await.is_err());
    assert_eq!(world.provider.token_requests(), 1);
}

#[tokio::test]
async fn oc_14_a_pick_that_was_overtaken_stores_nothing_and_its_token_is_ended() {
    for deleted in [false, true] {
        let world = world().await;
        let pending = world.pending("sites").await;
        let picking = picking(world.consent(&pending).await);
        if deleted {
            world.connections.delete(world.owner, pending.id).await.unwrap();
        } else {
            world.connections.reconnect(world.owner, pending.id).await.unwrap();
        }
        assert!(matches!(pick(&world, &picking, Some("north")).await, Err(PickError::Refused)));
        until("the token is ended", async || revocations(&world) > 0).await;
        match world.connections.get(world.owner, pending.id).await {
            Ok(connection) => assert_eq!((deleted, connection.status), (false, Status::Pending)),
            Err(error) => assert!(deleted && matches!(error, ConnectionError::Unknown), "{error}"),
        }
    }
}

#[tokio::test]
async fn oc_14_a_grant_that_nobody_picks_from_is_given_back() {
    let world = world().await;
    let pending = world.pending("sites").await;
    let left = picking(world.consent(&pending).await);
    let outcome = pick(&world, &left, None).await.unwrap();
    let Outcome::Failed { reason, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "cancelled");
    let now = world.get(pending.id).await;
    assert_eq!((now.status, now.status_reason.as_deref()), (Status::Failed, Some("cancelled")));
    until("the token is ended", async || revocations(&world) > 0).await;

    let ended = revocations(&world);
    let late = picking(world.consent(&world.pending("sites").await).await);
    world.clock.advance(Duration::from_mins(10));
    assert!(matches!(pick(&world, &late, Some("north")).await, Err(PickError::Refused)));
    world.connections.sweep().await;
    until("the token is ended", async || revocations(&world) > ended).await;
}

#[tokio::test]
async fn a_caller_may_name_the_site_beforehand_and_gets_that_or_none() {
    let world = world().await;
    let named = |site: &str| NewConnection { fields: typed(&[("site", site)]), ..new("sites") };
    let connection = world.create(named("south")).await.unwrap();
    let outcome = world.consent(&connection).await;
    let Outcome::Connected(finished) = outcome else { panic!("{outcome:?}") };
    assert_eq!(finished.connection.fields["site"], "south");

    let outcome = world.consent(&world.create(named("west")).await.unwrap()).await;
    assert!(matches!(&outcome, Outcome::Failed { reason, .. } if reason == "not_among"), "{outcome:?}");
    let refused = world.create(named("No Site")).await;
    assert!(
        matches!(&refused, Err(CreateError::Invalid { field, .. }) if field == "fields.site"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn oc_15_a_reconnect_stays_at_its_site_or_fails() {
    let world = world().await;
    let pending = world.pending("sites").await;
    let first = picking(world.consent(&pending).await);
    pick(&world, &first, Some("south")).await.unwrap();
    let again = async || {
        let connection = world.connections.reconnect(world.owner, pending.id).await.unwrap();
        world.consent(&connection).await
    };
    assert!(matches!(again().await, Outcome::Connected(_)), "nothing is asked again");
    world.provider.memory().tenants = json!([{"id": "north", "name": "Acme North", "plan": "gold"}]);
    let outcome = again().await;
    assert!(matches!(&outcome, Outcome::Failed { reason, .. } if reason == "not_among"), "{outcome:?}");
    let now: Connection = world.get(pending.id).await;
    assert_eq!(
        (now.status, &now.fields["site"]),
        (Status::Active, &"south".to_owned()),
        "the old grant serves"
    );
    assert!(world.credential(&Arc::new(now)).await.is_ok());
}

#[tokio::test]
async fn typed_in_keys_pick_on_the_page_and_name_it_in_the_api() {
    let world = world().await;
    let by_key = |site: &[(&str, &str)]| NewConnection {
        method: Some(Method::ApiKey),
        credentials: Some(secrets(&[("api_key", "k")])),
        fields: typed(site),
        ..new("sites")
    };
    match world.create(by_key(&[])).await {
        Err(CreateError::Invalid { field, problem }) => {
            assert_eq!(field, "fields.site");
            assert!(problem.contains("north (Acme North), south (Acme South)"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    let made = world.create(by_key(&[("site", "north")])).await.unwrap();
    assert_eq!((made.status, &made.fields["site"]), (Status::Active, &"north".to_owned()));

    let pending = world.create(NewConnection { method: Some(Method::ApiKey), ..new("sites") }).await.unwrap();
    let begun = world.connections.begin(&world.link(&pending), None, &typed(&[("api_key", "k")])).await;
    let Ok(Begun::Choose(picking)) = begun else { panic!("{begun:?}") };
    assert!(matches!(pick(&world, &picking, Some("north")).await, Ok(Outcome::Connected(_))));
    assert_eq!(world.get(pending.id).await.status, Status::Active);
}

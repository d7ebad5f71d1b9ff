use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::sync::oneshot;

use super::*;

const TIMES: Times = Times { fresh: Duration::from_secs(5), grace: Duration::from_mins(5) };

fn cache(entries: u64) -> (Cache<u32, u32>, Clock) {
    let clock = Clock::test(Timestamp::from_micros(0));
    (Cache::new(clock.clone(), TIMES, entries), clock)
}

async fn put(cache: &Cache<u32, u32>, key: u32, value: u32) {
    assert_eq!(cache.get(&key, async { Ok::<_, Infallible>(Some(value)) }).await, Ok(Some(value)));
}

/// What the cache has at hand for 1, or `default` from the store.
async fn get_or(cache: &Cache<u32, u32>, default: u32) -> Option<u32> {
    cache.get(&1, async { Ok::<_, Infallible>(Some(default)) }).await.unwrap()
}

async fn get_or_error(cache: &Cache<u32, u32>) -> Result<Option<u32>, &'static str> {
    cache.get(&1, async { Err("down") }).await
}

#[tokio::test]
async fn a_value_is_believed_while_it_is_fresh() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    clock.advance(Duration::from_millis(4_999));
    assert_eq!(get_or(&cache, 11).await, Some(10));
    clock.advance(Duration::from_millis(1));
    assert_eq!(get_or(&cache, 11).await, Some(11));
}

#[tokio::test]
async fn a_known_good_value_serves_through_the_grace_and_not_longer() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    clock.advance(Duration::from_secs(299));
    assert_eq!(get_or_error(&cache).await, Ok(Some(10)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(get_or_error(&cache).await, Err("down"));
    assert_eq!(get_or_error(&cache).await, Err("down"), "the failure is not kept either");
}

#[tokio::test]
async fn a_store_that_failed_is_left_alone_for_a_moment() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    clock.advance(Duration::from_secs(6));
    assert_eq!(get_or_error(&cache).await, Ok(Some(10)));
    assert_eq!(get_or(&cache, 11).await, Some(10), "not asked yet");
    clock.advance(Duration::from_secs(1));
    assert_eq!(get_or(&cache, 11).await, Some(11));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_only_those_without_a_value() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    clock.advance(Duration::from_secs(6));
    let start = tokio::time::Instant::now();
    assert_eq!(cache.get(&1, std::future::pending::<Result<_, Infallible>>()).await, Ok(Some(10)));
    assert_eq!(start.elapsed(), PATIENCE);
}

#[tokio::test]
async fn that_there_is_none_is_not_remembered_and_ends_an_older_value() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    clock.advance(Duration::from_secs(6));
    assert_eq!(cache.get(&1, async { Ok::<_, Infallible>(None) }).await, Ok(None));
    assert_eq!(get_or_error(&cache).await, Err("down"), "no grace for what the store says is gone");
    put(&cache, 1, 11).await;
}

#[tokio::test]
async fn one_caller_loads_and_the_others_take_its_value() {
    let (cache, _) = cache(10);
    let loads = Arc::new(AtomicUsize::new(0));
    let (go, gate) = oneshot::channel::<()>();
    let first = load_behind(&cache, &loads, gate);
    let others: Vec<_> = (0..20)
        .map(|_| {
            let (cache, loads) = (cache.clone(), Arc::clone(&loads));
            tokio::spawn(async move {
                let load = async {
                    loads.fetch_add(1, SeqCst);
                    Ok::<_, Infallible>(Some(99))
                };
                cache.get(&1, load).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Some(10));
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(Some(10)));
    }
    assert_eq!(loads.load(SeqCst), 1);
}

/// Starts a load of 10 for key 1 that ends when `gate` opens, and returns once it has begun.
fn load_behind(
    cache: &Cache<u32, u32>,
    loads: &Arc<AtomicUsize>,
    gate: oneshot::Receiver<()>,
) -> tokio::task::JoinHandle<Option<u32>> {
    let (cache, loads) = (cache.clone(), Arc::clone(loads));
    tokio::spawn(async move {
        let load = async {
            loads.fetch_add(1, SeqCst);
            _ = gate.await;
            Ok::<_, Infallible>(Some(10))
        };
        cache.get(&1, load).await.unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn those_who_waited_in_vain_do_not_queue_for_another_failure() {
    let (cache, _) = cache(10);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let load = async {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                    Err::<Option<u32>, _>("down")
                };
                cache.get(&1, load).await
            })
        })
        .collect();
    let start = tokio::time::Instant::now();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Err("down"));
    }
    assert_eq!(start.elapsed(), Duration::from_secs(6));
}

#[tokio::test]
async fn forgetting_is_immediate() {
    let (cache, _) = cache(10);
    put(&cache, 1, 10).await;
    put(&cache, 2, 20).await;
    cache.forget(&1);
    assert_eq!(get_or_error(&cache).await, Err("down"), "no grace for what was forgotten");
    assert_eq!(cache.get(&2, async { Err("down") }).await, Ok(Some(20)));
}

#[tokio::test]
async fn a_load_that_raced_with_forgetting_does_not_bring_the_old_value_back() {
    for forget in
        [|cache: &Cache<u32, u32>| cache.forget(&1), |cache: &Cache<u32, u32>| cache.forget_if(|_| false)]
    {
        let (cache, _) = cache(10);
        let loads = Arc::new(AtomicUsize::new(0));
        let (go, gate) = oneshot::channel();
        let racing = load_behind(&cache, &loads, gate);
        while loads.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        forget(&cache);
        assert_eq!(get_or(&cache, 11).await, Some(11), "asks for itself, without waiting for the old load");
        go.send(()).unwrap();
        assert_eq!(racing.await.unwrap(), Some(10));
        assert_eq!(get_or(&cache, 12).await, Some(11));
    }
}

#[tokio::test]
async fn what_is_gone_is_forgotten_by_its_value() {
    let (cache, _) = cache(10);
    put(&cache, 1, 10).await;
    put(&cache, 2, 20).await;
    cache.forget_if(|value| *value == 10);
    assert_eq!(get_or_error(&cache).await, Err("down"));
    assert_eq!(cache.get(&2, async { Err("down") }).await, Ok(Some(20)));
}

#[tokio::test]
async fn the_number_of_entries_is_bounded() {
    let (cache, _) = cache(10);
    for key in 0..1_000 {
        put(&cache, key, key).await;
    }
    assert!(cache.slots.iter().count() <= 10);
}

#[tokio::test]
async fn what_nobody_asks_for_any_more_goes_with_the_sweep() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    put(&cache, 2, 20).await;
    for _ in 0..3 {
        pass(&cache, &clock, TIMES.grace.as_secs(), true);
        assert_eq!(get_or(&cache, 11).await, Some(10));
        cache.sweep();
    }
    assert!(cache.knows(&1) && !cache.knows(&2));
    cache.sweep();
    cache.sweep();
    assert!(cache.knows(&1), "within the time of grace it is kept for an outage");
}

/// Lets so many seconds pass; `told` says whether somebody tells of changes meanwhile.
fn pass(cache: &Cache<u32, u32>, clock: &Clock, seconds: u64, is_told: bool) {
    for _ in 0..seconds {
        clock.advance(Duration::from_secs(1));
        if is_told {
            cache.told(Some(clock.now()));
        }
    }
}

#[tokio::test]
async fn who_is_told_of_changes_asks_for_nothing_else() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    pass(&cache, &clock, 600, true);
    assert_eq!(get_or(&cache, 11).await, Some(10));
    cache.forget(&1);
    assert_eq!(get_or(&cache, 12).await, Some(12));
}

#[tokio::test]
async fn who_is_no_longer_told_asks_again_when_what_it_has_is_no_longer_fresh() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    pass(&cache, &clock, 60, true);
    clock.advance(Duration::from_millis(4_999));
    assert_eq!(get_or(&cache, 11).await, Some(10));
    clock.advance(Duration::from_millis(1));
    assert_eq!(get_or(&cache, 11).await, Some(11));

    put(&cache, 2, 20).await;
    cache.told(None);
    clock.advance(Duration::from_secs(5));
    assert_eq!(cache.get(&2, async { Ok::<_, Infallible>(Some(21)) }).await, Ok(Some(21)), "at once by age");
}

#[tokio::test]
async fn grace_counts_from_when_it_was_last_known_that_nothing_had_changed() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    pass(&cache, &clock, 1_000, true);
    pass(&cache, &clock, 299, false);
    assert_eq!(get_or_error(&cache).await, Ok(Some(10)));
    pass(&cache, &clock, 1, false);
    assert_eq!(get_or_error(&cache).await, Err("down"));
}

#[tokio::test]
async fn a_value_that_came_through_an_outage_is_believed_on_when_somebody_tells_again() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    pass(&cache, &clock, 10, false);
    assert_eq!(get_or_error(&cache).await, Ok(Some(10)));
    pass(&cache, &clock, 10, true);
    assert_eq!(get_or(&cache, 11).await, Some(10));
}

#[tokio::test]
async fn nothing_is_believed_for_longer_than_an_hour() {
    let (cache, clock) = cache(10);
    cache.told(Some(clock.now()));
    put(&cache, 1, 10).await;
    pass(&cache, &clock, 3_599, true);
    assert_eq!(get_or(&cache, 11).await, Some(10));
    pass(&cache, &clock, 1, true);
    assert_eq!(get_or(&cache, 11).await, Some(11));
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_nothing_fresh_for_longer() {
    let (cache, clock) = cache(10);
    put(&cache, 1, 10).await;
    cache.told(Some(clock.now() + Duration::from_secs(100)));
    clock.advance(Duration::from_secs(5));
    assert_eq!(get_or(&cache, 11).await, Some(11), "told in the future is not told");
}

#[tokio::test]
async fn with_everything_forgotten_what_is_being_loaded_is_forgotten_too() {
    let (cache, clock) = cache(10);
    put(&cache, 2, 20).await;
    let loads = Arc::new(AtomicUsize::new(0));
    let (go, gate) = oneshot::channel();
    let racing = load_behind(&cache, &loads, gate);
    while loads.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // Somebody begins to tell: what was read before may have changed untold.
    cache.forget_all();
    cache.told(Some(clock.now()));
    go.send(()).unwrap();
    assert_eq!(racing.await.unwrap(), Some(10), "its own caller asked before");
    assert_eq!(get_or(&cache, 11).await, Some(11));
    assert_eq!(cache.get(&2, async { Ok::<_, Infallible>(Some(21)) }).await, Ok(Some(21)));
}

use super::*;
use crate::clock::Timestamp;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn limits(rate: u32, burst: u32, concurrent: u32) -> (Limits, Clock) {
    let count = |number| NonZeroU32::new(number).unwrap();
    let clock = Clock::test(START);
    let settings = config::Limits {
        owner_rate: count(rate),
        owner_burst: count(burst),
        key_concurrency: count(concurrent),
        address_rate: count(5),
        address_burst: count(10),
    };
    (Limits::new(&settings, &clock), clock)
}

impl Limits {
    /// A call of a key that nobody remembers.
    fn admit(&self, owner: OwnerId, key: KeyId) -> Result<Slot, Limited> {
        self.standing(owner, key).admit()
    }
}

fn ids(limits: u64) -> (OwnerId, KeyId) {
    let now = START + Duration::from_secs(limits);
    (OwnerId::new(now), KeyId::new(now))
}

#[test]
fn rl_1_the_burst_and_then_the_rate_pass_and_the_rest_hears_when() {
    let (limits, clock) = limits(10, 20, 1000);
    let (owner, key) = ids(0);
    let mut passed = 0;
    for _ in 0..100 {
        passed += u32::from(limits.admit(owner, key).is_ok());
        clock.advance(Duration::from_millis(10));
    }
    // 20 at once, and 10 more in the second that went by.
    assert!((29..=30).contains(&passed), "{passed}");

    let refused = (0..20).find_map(|_| limits.admit(owner, key).err()).unwrap();
    assert_eq!(refused.reason, LimitReason::RateLimited);
    assert!(refused.retry_after <= Duration::from_millis(100), "{refused:?}");
    assert_eq!(refused.retry_after_seconds(), 1);
    clock.advance(refused.retry_after);
    assert!(limits.admit(owner, key).is_ok(), "the time told was too short");
}

#[test]
fn a_refusal_carries_the_numbers_of_the_headers() {
    let (limits, _clock) = limits(50, 100, 1000);
    let (owner, key) = ids(0);
    (0..100).for_each(|_| drop(limits.admit(owner, key).unwrap()));
    let rate = limits.admit(owner, key).unwrap_err().rate.unwrap();
    assert_eq!((rate.policy(), rate.state()), ("\"owner\";q=100;w=2".into(), "\"owner\";r=0;t=1".into()));
}

#[test]
fn rl_2_all_keys_of_an_owner_share_its_rate_and_others_keep_theirs() {
    let (limits, _clock) = limits(1, 2, 10);
    let ((alice, first), (_, second), (bob, third)) = (ids(0), ids(1), ids(2));
    assert!(limits.admit(alice, first).is_ok());
    assert!(limits.admit(alice, second).is_ok());
    assert_eq!(limits.admit(alice, first).unwrap_err().reason, LimitReason::RateLimited);
    assert!(limits.admit(bob, third).is_ok());
}

#[test]
fn rl_4_a_key_has_so_many_places_and_gets_one_back_when_a_slot_is_dropped() {
    let (limits, _clock) = limits(1000, 1000, 2);
    let (owner, key) = ids(0);
    let (_, other) = ids(1);
    let first = limits.admit(owner, key).unwrap();
    let _second = limits.admit(owner, key).unwrap();
    let refused = limits.admit(owner, key).unwrap_err();
    assert_eq!((refused.reason, refused.rate), (LimitReason::TooManyConcurrent, None));
    assert_eq!(refused.retry_after_seconds(), 1);
    assert!(limits.admit(owner, other).is_ok(), "another key has its own places");
    std::thread::spawn(move || drop(first)).join().unwrap();
    assert!(limits.admit(owner, key).is_ok());
}

#[test]
fn what_one_limit_refuses_counts_in_none() {
    let (limits, clock) = limits(1, 2, 1);
    let (owner, key) = ids(0);
    let slot = limits.admit(owner, key).unwrap();
    for _ in 0..10 {
        assert_eq!(limits.admit(owner, key).unwrap_err().reason, LimitReason::TooManyConcurrent);
    }
    drop(slot);
    assert!(limits.admit(owner, key).is_ok(), "refused calls used up the rate");
    for _ in 0..10 {
        assert_eq!(limits.admit(owner, key).unwrap_err().reason, LimitReason::RateLimited);
    }
    clock.advance(Duration::from_secs(1));
    assert!(limits.admit(owner, key).is_ok(), "refused calls used up the places");
}

#[test]
fn idle_owners_and_keys_are_forgotten_but_not_those_with_calls_in_flight() {
    let (limits, clock) = limits(1, 2, 1);
    let ((owner, key), (_, busy)) = (ids(0), ids(1));
    drop(limits.admit(owner, key).unwrap());
    let slot = limits.admit(owner, busy).unwrap();
    limits.forget_idle();
    assert!(limits.admit(owner, busy).is_err(), "a forgotten key has all its places again");
    assert!(!limits.0.keys.contains_key(&key));
    assert_eq!(limits.0.owners.len(), 1);
    drop(slot);
    limits.forget_idle();
    assert!(limits.admit(owner, key).is_err(), "a forgotten owner has all its rate again");
    let remembered = limits.standing(owner, key);
    clock.advance(Duration::from_mins(1));
    limits.forget_idle();
    assert_eq!((limits.0.owners.len(), limits.0.keys.len()), (1, 1), "somebody remembers them");
    let slot = remembered.admit().unwrap();
    assert!(limits.admit(owner, key).is_err(), "its place is taken");
    drop((slot, remembered));
    clock.advance(Duration::from_mins(1));
    limits.forget_idle();
    assert!(limits.0.owners.is_empty() && limits.0.keys.is_empty());
}

#[test]
fn rl_5_refused_credentials_are_counted_by_address() {
    let (limits, clock) = limits(1, 1, 1);
    let address: IpAddr = "203.0.113.7".parse().unwrap();
    let passed = (0..1000).filter(|_| limits.guess(address).is_ok()).count();
    assert_eq!(passed, 100);
    assert_eq!(
        limits.guess("::ffff:203.0.113.7".parse().unwrap()).unwrap_err().rate.unwrap().name,
        "address"
    );
    assert!(limits.guess("203.0.113.8".parse().unwrap()).is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!((0..1000).filter(|_| limits.guess(address).is_ok()).count(), 20);
}

#[test]
fn rl_5_pages_look_ups_and_management_have_rates_of_their_own() {
    let (limits, clock) = limits(1, 3, 1);
    let address: IpAddr = "203.0.113.7".parse().unwrap();
    let (owner, key) = ids(0);
    let visits = || (0..2000).filter(|_| limits.visit(address).is_ok()).count();
    let look_ups = || (0..2000).filter(|_| limits.look_up(address).is_ok()).count();
    assert_eq!(look_ups(), 2000, "nobody has tried keys");
    while limits.guess(address).is_ok() {}
    let managed = || (0..100).filter(|_| limits.manage(owner).is_ok()).count();
    assert_eq!((visits(), look_ups(), managed()), (10, 1000, 3));
    assert!(limits.admit(owner, key).is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!((visits(), look_ups(), managed()), (5, 200, 1));
    clock.advance(SUSPICION);
    assert_eq!(look_ups(), 2000, "nobody has tried keys any more");
}

#[test]
fn rl_5_all_of_one_ipv6_site_counts_as_one_address() {
    let (limits, _clock) = limits(1, 1, 1);
    let site = |host: u16| format!("2001:db8:0:1::{host:x}").parse().unwrap();
    assert_eq!((0..1000).filter(|host| limits.guess(site(*host)).is_ok()).count(), 100);
    assert!(limits.guess("2001:db8:0:2::1".parse().unwrap()).is_ok());
}

#[test]
fn the_systems_clock_works_too() {
    let settings = config::Settings::default().limits;
    let limits = Limits::new(&settings, &Clock::System);
    let (owner, key) = ids(0);
    let slots: Vec<_> = (0..100).map(|_| limits.admit(owner, key)).collect();
    assert!(slots.iter().all(Result::is_ok));
}

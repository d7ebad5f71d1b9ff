//! When a grant is renewed: ahead of its end, not for everybody at once, and never faster than once in a while.

use std::time::Duration;

use crate::{clock::Timestamp, id::ConnectionId};

/// How renewals are spaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The longest time before its end that a token is renewed.
    pub(super) ahead: Duration,
    /// The shortest time between two renewals of one connection, whatever its provider says (TL-11).
    pub(super) spacing: Duration,
}

impl Schedule {
    /// For tokens that can't be had again once they have ended: in the last tenth of their life, however long.
    pub(super) fn early(self) -> Self {
        Self { ahead: Duration::MAX, ..self }
    }

    /// When a token ends that was given at `issued` for `lifetime`.
    pub(super) fn end(&self, issued: Timestamp, lifetime: Option<Duration>) -> Option<Timestamp> {
        lifetime.map(|lifetime| issued + lifetime.max(self.spacing))
    }

    /// When it is time to renew a token: in its last tenth or minute, at most `ahead` before its end. Where in
    /// there depends on the connection, so that those given together are not renewed together (TL-12).
    pub(super) fn renewal(&self, id: ConnectionId, issued: Timestamp, end: Timestamp) -> Timestamp {
        let life = end.since(issued);
        let margin = (life / 10).max(Duration::from_mins(1)).min(self.ahead).min(life / 2);
        (end - margin.mul_f64(0.5 + 0.5 * spread(id))).max(issued + self.spacing).min(end)
    }
}

/// Somewhere from 0 to 1, always the same for one connection. The last bytes of its id are random.
fn spread(id: ConnectionId) -> f64 {
    let [.., high, low] = id.uuid().into_bytes();
    f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SCHEDULE: Schedule = Schedule { ahead: Duration::from_mins(5), spacing: Duration::from_mins(1) };

    fn seconds_before_end(id: u128, life: u64) -> i64 {
        let issued = Timestamp::from_micros(0);
        let end = SCHEDULE.end(issued, Some(Duration::from_secs(life))).unwrap();
        let renewal = SCHEDULE.renewal(ConnectionId::from(Uuid::from_u128(id)), issued, end);
        end.as_secs() - renewal.as_secs()
    }

    #[test]
    fn tl_12_renewals_are_spread_over_half_of_their_margin() {
        for (life, least, most) in [
            (3600, 150, 300), // five minutes, which is less than a tenth
            (1200, 60, 120),  // a tenth
            (300, 30, 60),    // a minute
            (90, 23, 30),     // no sooner than a minute after it was given
            (60, 0, 0),
            (5, 0, 0),
        ] {
            assert_eq!(seconds_before_end(0, life), least, "{life} soonest id");
            assert_eq!(seconds_before_end(u128::MAX, life), most, "{life} latest id");
        }
    }

    #[test]
    fn tl_11_no_token_is_believed_to_end_sooner_than_the_spacing() {
        let issued = Timestamp::from_micros(0);
        assert_eq!(SCHEDULE.end(issued, Some(Duration::from_secs(1))), Some(issued + SCHEDULE.spacing));
        assert_eq!(SCHEDULE.end(issued, None), None);
    }
}

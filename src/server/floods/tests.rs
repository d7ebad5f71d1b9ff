use super::*;
use std::time::Duration;

fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
    let length = u32::try_from(payload).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 1], &vec![0; payload]].concat()
}

/// How many of these may come at once.
fn allowed(meter: &mut Meter, frame: &[u8]) -> usize {
    (0..100_000).take_while(|_| meter.read(frame).is_ok()).count()
}

fn open() -> Meter {
    let mut meter = Meter::new();
    meter.read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    meter
}

#[tokio::test(start_paused = true)]
async fn rp_15_every_kind_has_a_budget_that_comes_back_with_time() {
    for (kind, payload, burst, second) in [
        (RST_STREAM, 4, 200, 20),
        (SETTINGS, 0, 50, 1),
        (PING, 8, 200, 20),
        (DATA, 0, 100, 10),
        (PRIORITY, 5, 200, 10),
        (WINDOW_UPDATE, 4, 500, 50),
        (0x20, 100, 100, 10),
    ] {
        let mut meter = open();
        let frame = frame(kind, 0, payload);
        assert_eq!(allowed(&mut meter, &frame), burst, "{kind}");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!((second - 1..=second).contains(&allowed(&mut meter, &frame)), "{kind}");
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(allowed(&mut meter, &frame), burst, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn rp_15_honest_frames_are_never_too_many() {
    let mut meter = open();
    for at in 0..100_000 {
        meter.read(&frame(HEADERS, 4, 30)).unwrap();
        meter.read(&frame(DATA, 0, 1_000)).unwrap();
        meter.read(&frame(DATA, END_STREAM, 0)).unwrap();
        meter.read(&frame(WINDOW_UPDATE, 0, 4)).unwrap();
        meter.read(&frame(PRIORITY, 0, 5)).unwrap();
        meter.sent += 4_096;
        meter.read(&frame(PING, 0, 8)).unwrap();
        if at % 2 == 0 {
            meter.read(&frame(RST_STREAM, 0, 4)).unwrap();
        }
    }
    // The same resets as often as requests.
    let both = [frame(HEADERS, 4, 30), frame(RST_STREAM, 0, 4)].concat();
    assert!(allowed(&mut meter, &both) <= 400);
}

#[tokio::test(start_paused = true)]
async fn rp_15_frames_are_found_however_they_are_cut() {
    let all = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(DATA, 0, 20), &frame(PING, 0, 8).repeat(201)]
        .concat();
    for size in 1..40 {
        let mut meter = Meter::new();
        let outcome = all.chunks(size).try_for_each(|part| meter.read(part));
        assert_eq!(outcome, Err(Flood::Ping), "{size}");
    }
}

#[test]
fn rp_15_the_librarys_own_word_is_found_however_it_is_cut() {
    let word = |word: &str| {
        let payload = [&[0, 0, 0, 1, 0, 0, 0, 11], word.as_bytes()].concat();
        let mut away = frame(GOAWAY, 0, payload.len());
        away.splice(9.., payload);
        [frame(SETTINGS, 0, 6), frame(DATA, 0, 300), away].concat()
    };
    for (text, kind) in [
        ("too_many_resets", Some(Flood::RapidReset)),
        ("too_many_internal_resets", Some(Flood::MadeYouReset)),
        ("", None),
    ] {
        for size in [1, 7, 50, 1_000] {
            let mut farewell = Farewell::new();
            let found = word(text).chunks(size).find_map(|part| farewell.wrote(part));
            assert_eq!(found, kind, "{text} {size}");
        }
    }
}

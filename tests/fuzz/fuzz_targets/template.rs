#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry::fuzzing::template(data));

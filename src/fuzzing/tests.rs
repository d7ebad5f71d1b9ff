//! The corpora, replayed without a fuzzer.

use std::{fs, path::Path};

use super::{lists::field_list, *};

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 8] = [
    ("head", head),
    ("fields", fields),
    ("route", route),
    ("location", location),
    ("key", key),
    ("template", template),
    ("tenant", tenant),
    ("token_answer", token_answer),
];

#[test]
fn rp_16_every_input_that_fuzzing_kept_still_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (name, target) in TARGETS {
        assert!(root.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} is fuzzed");
        let corpus = fs::read_dir(root.join("corpus").join(name)).unwrap();
        let inputs: Vec<_> = corpus.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        assert!(inputs.len() > 3, "{name} has a corpus");
        for input in &inputs {
            target(input);
        }
    }
    assert_eq!(fs::read_dir(root.join("fuzz_targets")).unwrap().count(), TARGETS.len(), "each is replayed");
}

#[test]
fn rp_13_generated_field_lists_go_upstream_as_one_request_or_not_at_all() {
    let each = 25_000;
    let passed = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..4)
            .map(|part| {
                let lists = (part * each..(part + 1) * each).map(field_list);
                scope.spawn(move || lists.filter(|list| super::fields::pass(list.as_bytes())).count())
            })
            .collect();
        parts
            .into_iter()
            .map(|part| part.join().expect("no list fails; each is made from its number"))
            .sum::<usize>()
    });
    assert!(passed > 10_000, "{passed} of them are requests for the app");
}

//! The cases, the same on every host.

use konbini_browser_tests::{SCENARIOS, codec_sums, trace_hash};
use konbini_cluster::run_scenario_file;
use konbini_sim::sample::{SAMPLE, hash_of, parse};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

macro_rules! on_every_host {
    ($(fn $name:ident() $body:block)*) => {$(
        #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
        #[cfg_attr(not(target_arch = "wasm32"), test)]
        fn $name() $body
    )*};
}

fn reaches_its_hash(place: usize) {
    let scenario = &SCENARIOS[place];
    let name = scenario.name;
    match run_scenario_file(scenario.text) {
        Ok(report) => {
            assert!(report.checks > 0, "{name} checks nothing");
            assert_eq!(report.hash, report.expected_hash, "{name}");
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

on_every_host! {
    fn a_history_has_its_hash() {
        let (hash, expected) = trace_hash();
        assert_eq!(hash, expected);
    }

    fn codecs_write_the_same_bytes() {
        for (codec, sum, expected) in codec_sums() {
            assert_eq!(sum, expected, "{codec:?}");
        }
    }

    fn first_light() {
        reaches_its_hash(0);
    }

    fn replay() {
        reaches_its_hash(1);
    }

    fn one_partition() {
        reaches_its_hash(2);
    }

    fn two_partitions() {
        reaches_its_hash(3);
    }

    fn codecs() {
        reaches_its_hash(4);
    }

    fn crash_and_pause() {
        reaches_its_hash(5);
    }

    fn admin() {
        reaches_its_hash(6);
    }

    fn a_leader_dies() {
        reaches_its_hash(7);
    }

    fn random_faults() {
        for (seed, hash) in parse(SAMPLE) {
            assert_eq!(hash_of(seed), hash, "seed {seed}");
        }
    }
}

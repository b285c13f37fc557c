//! The sampled seeds reach the hashes that are written down.

use konbini_sim::sample::{SAMPLE, hash_of, parse};

#[test]
fn sampled_seeds_reach_their_hashes() {
    let sample = parse(SAMPLE);
    let found: Vec<(u64, String)> = sample
        .iter()
        .map(|(seed, _)| (*seed, hash_of(*seed)))
        .collect();
    if std::env::var("KONBINI_BLESS").is_ok() {
        let lines: String = found
            .iter()
            .map(|(seed, hash)| format!("{seed} {hash}\n"))
            .collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample.txt");
        std::fs::write(path, lines).expect("the file can be written");
        return;
    }
    assert_eq!(found, sample);
}

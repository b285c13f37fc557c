#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::disallowed_methods)] // A test may read its folder.

mod cases;

use konbini_browser_tests::SCENARIOS;

#[test]
fn every_scenario_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    found.sort();
    let listed: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    assert_eq!(found, listed);
}

//! Every file of `tests/scenarios/`: its expectations and its hash, twice, and with logs that are
//! never in memory.

#![allow(clippy::disallowed_methods)] // A test may read and write its files.

use konbini_cluster::{run_limited, run_scenario_file};
use std::path::PathBuf;

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 4, "the four experiments are there");
    files
}

#[test]
fn scenario_files() {
    let bless = std::env::var_os("KONBINI_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let report = match run_scenario_file(&text) {
            Ok(report) => report,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        assert!(report.checks > 0, "{name} checks nothing");
        if bless {
            let blessed = text.replace(&report.expected_hash, &report.hash);
            std::fs::write(&path, blessed).unwrap();
        } else if report.hash != report.expected_hash {
            wrong.push(format!("{name}: the hash is {}", report.hash));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_same_run_gives_the_same_hash() {
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            run_scenario_file(&text),
            run_scenario_file(&text),
            "{path:?}"
        );
    }
}

#[test]
fn what_is_in_memory_does_not_matter() {
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let free = run_scenario_file(&text).unwrap();
        let tight = run_limited(&text, Some(1)).unwrap();
        assert_eq!(free.hash, tight.hash, "{path:?}");
    }
}

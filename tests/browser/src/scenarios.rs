//! The files of `tests/scenarios`, compiled in: a browser has no folder to read.

/// A scenario file.
pub struct Scenario {
    /// Its file name.
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! scenario {
    ($name:literal) => {
        Scenario {
            name: $name,
            text: include_str!(concat!("../../scenarios/", $name)),
        }
    };
}

/// Every file of the folder; a native test compares.
pub const SCENARIOS: [Scenario; 8] = [
    scenario!("1-first-light.json"),
    scenario!("2-replay.json"),
    scenario!("3-one-partition.json"),
    scenario!("4-two-partitions.json"),
    scenario!("5-codecs.json"),
    scenario!("6-crash-and-pause.json"),
    scenario!("7-admin.json"),
    scenario!("8-a-leader-dies.json"),
];

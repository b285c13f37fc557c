//! The host with a real cluster over IndexedDB, in a browser's worker.
#![cfg(target_family = "wasm")]

mod lies;
mod page;
mod ports;
mod runs;
mod storage;
mod tabs;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

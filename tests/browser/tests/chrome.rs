#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod cases;

// Where the cluster runs.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

//! The page: Yew views over the newest snapshot, and commands to the worker.
//!
//! It knows `bridge` and nothing behind it. No view keeps cluster state: every view reads
//! [`state::AppState`], which one pure reducer makes from the worker's frames and from what the
//! reader does. Moving things (shelf cells, curves, parcels) are drawn on one canvas, see `stage`.

pub mod app;
pub mod code;
pub mod context;
pub mod dialogs;
pub mod faults;
pub mod format;
pub mod frame_loop;
pub mod guide;
pub mod header;
pub mod i18n;
pub mod inspector;
pub mod lessons;
pub mod panic_notice;
pub mod save;
pub mod script_api;
pub mod share;
pub mod stage;
pub mod state;
pub mod store;
pub mod timeline;
pub mod worker_link;

pub use konbini_bridge::scenario;
pub use konbini_bridge::trace;

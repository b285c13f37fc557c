//! Words of the timeline.

use super::Text;

pub const TIMELINE: Text = ["Timeline", "時間軸"];
pub const EVENTS: Text = ["Lanes", "分道"];
pub const LIST: Text = ["Event list", "事件列表"];
pub const PRODUCE: Text = ["produce", "produce"];
pub const FETCH: Text = ["fetch", "fetch"];
pub const GROUP: Text = ["group", "group"];
pub const CLUSTER: Text = ["cluster", "cluster"];
pub const CLIENTS: Text = ["clients", "client"];
pub const RATE: Text = ["rec/s", "rec/s"];
pub const LAG: Text = ["lag", "lag"];
pub const NO_EVENTS: Text = ["Nothing has happened yet.", "還沒有事件。"];
pub const LATEST: Text = ["Latest events", "最新事件"];
pub const PRODUCED_NOW: Text = ["{n} rec/s in", "寫入 {n} rec/s"];
pub const CONSUMED_NOW: Text = ["{n} rec/s out", "讀出 {n} rec/s"];
pub const LAG_NOW: Text = ["total lag {n}", "總 lag {n}"];

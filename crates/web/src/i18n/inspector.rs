//! Words of the inspector.

use super::Text;

pub const INSPECTOR: Text = ["Inspector", "檢視器"];
pub const INSPECT: Text = ["Inspect", "檢視"];
pub const MESSAGES: Text = ["Messages", "訊息"];
pub const WIRE: Text = ["Wire", "Wire"];
pub const CONFIG: Text = ["Config", "設定"];
pub const NOTHING_TITLE: Text = ["Nothing selected", "尚未選取"];
pub const NOTHING: Text = [
    "Click a store, a shelf, a van, a customer or a group to look inside.",
    "點一下店面、貨架、貨車、取貨的人或 group，就能看裡面。",
];
pub const OVERVIEW: Text = ["The cluster", "整個 cluster"];
pub const CLOSE: Text = ["Unselect", "取消選取"];

pub const LEADER: Text = ["leader", "leader"];
pub const NO_LEADER: Text = ["none", "沒有"];
pub const LEADER_IS: Text = ["broker {id} · epoch {epoch}", "broker {id} · epoch {epoch}"];
pub const REPLICAS: Text = ["replicas", "replicas"];
pub const ISR: Text = ["in sync", "ISR"];
pub const IN_SYNC: Text = ["in sync {n}/{of}", "ISR {n}/{of}"];
pub const WITHOUT: Text = ["without {ids}", "缺 {ids}"];
pub const ADDING: Text = ["adding {ids}", "加入 {ids}"];
pub const REMOVING: Text = ["removing {ids}", "移出 {ids}"];
pub const BROKER: Text = ["broker", "broker"];
pub const ROLE: Text = ["role", "角色"];
pub const EPOCH: Text = ["epoch", "epoch"];
pub const ISR_HEAD: Text = ["ISR", "ISR"];
pub const ISR_IN: Text = ["in", "在"];
pub const ISR_OUT: Text = ["out", "不在"];
pub const END: Text = ["end", "尾端"];
pub const BEHIND: Text = ["behind", "落後"];
pub const HW: Text = ["HW", "HW"];
pub const LOG_START: Text = ["log start", "log start"];
pub const HIGH_WATERMARK: Text = ["high watermark", "high watermark"];
pub const LOG_END: Text = ["log end", "log end"];
pub const ON_DISK: Text = ["on disk", "磁碟上"];
pub const ON_DISK_IS: Text = ["{bytes} · {n} segments", "{bytes} · {n} 個 segment"];
pub const ON_DISK_ONE: Text = ["{bytes} · 1 segment", "{bytes} · 1 個 segment"];
pub const STORED: Text = ["IndexedDB", "IndexedDB"];
pub const STORED_ALL: Text = ["all written", "全部寫入"];
pub const STORED_PENDING: Text = ["{bytes} on the way", "{bytes} 寫入中"];
pub const STORED_NOT: Text = ["memory only", "只在記憶體"];
pub const COMMITTED: Text = ["Committed offsets", "Committed offset"];
pub const NO_COMMITTED: Text = [
    "No group has committed here yet.",
    "還沒有 group 在這裡 commit。",
];
pub const SEGMENTS: Text = ["Segments", "Segment"];
pub const SEGMENT_ACTIVE: Text = ["active", "使用中"];
pub const BATCHES: Text = ["Batches", "Batch"];
pub const BATCH: Text = ["Batch at {offset}", "Batch {offset}"];
pub const CRC_OK: Text = ["CRC ok", "CRC 正確"];
pub const CRC_BAD: Text = ["CRC wrong", "CRC 錯誤"];
pub const PAYLOAD: Text = ["records", "record 內容"];
pub const SIZES: Text = [
    "{packed} on disk, {plain} unpacked",
    "磁碟上 {packed}，解開 {plain}",
];
pub const RECORDS: Text = ["Records", "Record"];
pub const NO_RECORDS: Text = ["There are no records here.", "這裡沒有 record。"];
pub const NOT_COMMITTED: Text = ["not yet readable", "還不能讀"];
pub const FROM_OFFSET: Text = ["From offset", "從 offset"];
pub const GO: Text = ["Go", "前往"];
pub const NEWEST: Text = ["Newest", "最新"];
pub const OLDER: Text = ["Older", "較舊"];
pub const NEWER: Text = ["Newer", "較新"];
pub const DOWNLOAD_LOG: Text = ["Download .log", "下載 .log"];
pub const COPY_JSON: Text = ["Copy JSON", "複製 JSON"];
pub const COPIED: Text = ["Copied", "已複製"];
pub const LOADING: Text = ["Reading …", "讀取中 …"];
pub const OFFSET: Text = ["offset", "offset"];
pub const KEY: Text = ["key", "key"];
pub const VALUE: Text = ["value", "value"];
pub const TIMESTAMP: Text = ["timestamp", "時間戳記"];
pub const HEADERS: Text = ["headers", "headers"];
pub const SIZE: Text = ["size", "大小"];
pub const NULL: Text = ["null", "null"];
pub const DELETE_RECORDS: Text = ["Delete records …", "刪除 record …"];

pub const TOPIC_ID: Text = ["topic id", "topic id"];
pub const PARTITIONS: Text = ["Partitions", "Partition"];
pub const PARTITION: Text = ["partition", "partition"];
pub const MORE_PARTITIONS: Text = ["More partitions …", "增加 partition …"];
pub const DELETE_TOPIC: Text = ["Delete topic …", "刪除 topic …"];
pub const INTERNAL: Text = ["internal", "內部"];
pub const OVERRIDES: Text = ["Settings that differ", "與預設不同的設定"];

pub const ADDRESS: Text = ["address", "位址"];
pub const STATE: Text = ["state", "狀態"];
pub const LEADS: Text = ["leads", "leader 數"];
pub const FOLLOWS: Text = ["follows", "follower 數"];
pub const HERE: Text = ["Partitions here", "這裡的 partition"];
pub const UNDER_REPLICATED: Text = ["under-replicated", "副本不足"];
pub const UNDER_REPLICATED_NONE: Text = ["none", "沒有"];
pub const LOG_BYTES: Text = ["log bytes", "log 大小"];
pub const IN_MEMORY: Text = ["in memory", "在記憶體中"];
pub const QUORUM: Text = ["Quorum", "Quorum"];
pub const QUORUM_STATE: Text = ["{state}, epoch {epoch}", "{state}，epoch {epoch}"];
pub const METADATA_LOG: Text = ["Metadata log", "Metadata log"];
pub const METADATA_COMMITTED: Text = [
    "committed to {committed}, ends at {end}",
    "已 commit 到 {committed}，結尾在 {end}",
];
pub const CONNECTIONS: Text = ["connections", "連線數"];
pub const SPEED: Text = ["speed", "速度"];
pub const CLOCK: Text = ["clock", "時鐘"];
pub const OFFLINE: Text = ["Offline logs", "離線的 log"];
pub const CONTROLLER: Text = ["active controller", "active controller"];

pub const TOPIC: Text = ["topic", "topic"];
pub const PACE: Text = ["pace", "步調"];
pub const SENT: Text = ["records made", "產生筆數"];
pub const ACKED: Text = ["acknowledged", "已 ack"];
pub const WAITING: Text = ["waiting or in flight", "等待或傳送中"];
pub const FAILED: Text = ["given up", "放棄"];
pub const RETRIES: Text = ["retries", "重試"];
pub const REQUESTS: Text = ["produce requests", "Produce request 數"];
pub const PER_REQUEST: Text = ["{n} records each", "平均每個 {n} 筆"];
pub const BATCH_BYTES: Text = ["bytes of batches", "batch 位元組"];
pub const RATE: Text = ["rate", "速率"];
pub const LAST_ERROR: Text = ["last error", "最近錯誤"];
pub const LAST_ACKS: Text = ["Latest acknowledgements", "最近的 ack"];
pub const EDIT: Text = ["Edit …", "編輯 …"];
pub const SEND: Text = ["Send a record …", "送一筆 record …"];
pub const REMOVE: Text = ["Remove …", "移除 …"];
pub const START: Text = ["Start", "啟動"];
pub const STOP: Text = ["Stop", "停止"];
pub const STOP_CONSUMER: Text = ["Stop (leave)", "停止（離開 group）"];
pub const CRASH: Text = ["Crash", "當掉"];
pub const PAUSE: Text = ["Pause fetching", "暫停取用"];
pub const RESUME: Text = ["Resume fetching", "恢復取用"];

pub const GROUP: Text = ["group", "group"];
pub const MEMBER_ID: Text = ["member id", "member id"];
pub const GENERATION: Text = ["generation", "generation"];
pub const CONSUMED: Text = ["records handled", "處理筆數"];
pub const COMMIT: Text = ["commit", "commit"];
pub const RESET_POLICY: Text = ["auto.offset.reset", "auto.offset.reset"];
pub const PROCESSING: Text = ["work per record", "每筆處理時間"];
pub const OWNED: Text = ["Owned partitions", "擁有的 partition"];
pub const POSITION: Text = ["position", "position"];
pub const NONE_OWNED: Text = ["None at the moment.", "目前沒有。"];
pub const HANDLED_AT: Text = ["handled at", "處理時間"];
pub const SEEK_START: Text = ["Seek to start", "移到開頭"];

pub const ASSIGNOR: Text = ["assignor", "assignor"];
pub const COORDINATOR: Text = ["coordinator", "coordinator"];
pub const MEMBERS: Text = ["Members", "成員"];
pub const NO_MEMBERS: Text = ["No members now.", "目前沒有成員。"];
pub const MEMBER: Text = ["member", "成員"];
pub const ASSIGNED: Text = ["assigned", "分配到"];
pub const ASSIGNS: Text = [
    "group leader: computed this assignment",
    "group leader：這次分配由它計算",
];
pub const LAG: Text = ["lag", "lag"];
pub const LAG_TITLE: Text = ["Lag for each partition", "各 partition 的 lag"];
pub const RESET: Text = ["Reset offsets …", "重設 offset …"];
pub const DELETE_GROUP: Text = ["Delete group …", "刪除 group …"];
pub const NOT_FORMED: Text = ["This group has not formed yet.", "這個 group 還沒形成。"];

pub const EVENT: Text = ["Event", "事件"];
pub const ABOUT: Text = ["What it is about", "相關的對象"];
pub const LATEST_EVENTS: Text = ["Its latest events", "最近的事件"];
pub const WHEN: Text = ["virtual time", "虛擬時間"];
pub const WHO: Text = ["who", "誰"];
pub const CODE: Text = ["code", "代碼"];
pub const DECIDED_BY: Text = ["decided by", "決定的設定"];

pub const WIRE_OF: Text = [
    "Requests and responses of {who}",
    "{who} 的 request 與 response",
];
pub const NO_WIRE: Text = ["Nothing has crossed the wire yet.", "還沒有任何往來。"];
pub const WIRE_SELECT: Text = [
    "Select a broker, a producer or a consumer to see what it sends and gets.",
    "選一個 broker、producer 或 consumer，看它收送了什麼。",
];
pub const UNANSWERED: Text = ["waiting", "等待中"];
pub const REQUEST: Text = ["request", "request"];
pub const RESPONSE: Text = ["response", "response"];
pub const HOLD: Text = ["Hold still", "先停住"];

pub const CONFIG_SELECT: Text = [
    "Select a topic, a shelf or a broker to see its settings.",
    "選一個 topic、貨架或 broker，看它的設定。",
];
pub const CONFIG_OF: Text = ["Settings of {name}", "{name} 的設定"];
pub const CONFIG_FILTER: Text = ["Filter by name", "依名稱篩選"];
pub const CONFIG_SET: Text = ["Set", "設定"];
pub const CONFIG_DEFAULT: Text = ["Back to default", "回到預設"];
pub const READ_ONLY: Text = ["read only", "唯讀"];
pub const CONFIG_BROKER: Text = [
    "Broker settings come from the scenario and cannot be changed while it runs.",
    "Broker 的設定來自情境，執行中不能更改。",
];

/// Why there is nothing to show.
pub fn why(code: &str) -> Text {
    known_why(code).unwrap_or(["There is nothing to show.", "沒有內容可顯示。"])
}

/// Why an inspection found nothing, for the codes that are known.
#[rustfmt::skip]
pub fn known_why(code: &str) -> Option<Text> {
    Some(match code {
        "no-such-topic" => ["There is no such topic.", "沒有這個 topic。"],
        "no-such-broker" => ["There is no such broker, or it is down.", "沒有這台 broker，或它停機了。"],
        "no-such-replica" => ["That broker has no replica of it.", "這台 broker 上沒有它的副本。"],
        "no-leader" => ["The partition has no leader now.", "這個 partition 目前沒有 leader。"],
        "no-such-segment" => ["That segment is gone: it was deleted or rolled away.", "這個 segment 已經不在了，可能被刪除了。"],
        "segment-too-large" => ["That segment is too large to hand out as a file.", "這個 segment 太大，無法下載成檔案。"],
        "too-many-loads" => ["It could not be read from the disk.", "無法從磁碟讀取。"],
        _ => return None,
    })
}

//! Words on the stage.

use super::Text;

pub const LABEL: Text = ["Stage", "舞台"];
pub const PRODUCERS: Text = ["Producers", "Producer"];
pub const CLUSTER: Text = ["Cluster · {n} brokers", "Cluster · {n} 個 broker"];
pub const CLUSTER_ONE: Text = ["Cluster · 1 broker", "Cluster · 1 個 broker"];
pub const GROUPS: Text = ["Consumer groups", "Consumer group"];
pub const ADD_PRODUCER: Text = ["+ producer", "+ producer"];
pub const ADD_CONSUMER: Text = ["+ consumer", "+ consumer"];
pub const ADD_MEMBER: Text = ["+ member", "+ 成員"];
pub const ADD_TOPIC: Text = ["+ topic", "+ topic"];
pub const SHOW_INTERNAL: Text = ["internal topics", "內部 topic"];
pub const CLIENT: Text = ["client {name}", "client {name}"];
pub const OVER_CONNECTION: Text = ["over a connection", "由外部連線"];
pub const LAST_RECORD: Text = ["last record {time}", "最近一筆 {time}"];
pub const EVERY: Text = ["every {span}", "每 {span} 一筆"];
pub const COMMIT_AUTO: Text = ["auto commit every {span}", "每 {span} 自動 commit"];
pub const COMMIT_RECORD: Text = ["commit after each record", "每筆 record 後 commit"];
pub const COMMIT_POLL: Text = ["commit after each poll", "每次 poll 後 commit"];
pub const COMMIT_NEVER: Text = ["never commits", "不 commit"];
pub const LEADS_NONE: Text = ["leads none", "沒有 leader partition"];
pub const LEADS_ONE: Text = ["leads 1 partition", "1 個 partition 的 leader"];
pub const LEADS: Text = ["leads {n} partitions", "{n} 個 partition 的 leader"];
pub const LEADS_AND_FOLLOWS: Text = ["leads {n} · follows {m}", "leader {n} · follower {m}"];
pub const CONTROLLER: Text = ["controller", "controller"];
pub const LEADER: Text = ["leader", "leader"];
pub const FOLLOWER: Text = ["follower", "follower"];
/// Beside a shelf whose broker has not heard yet that another one leads.
pub const OLD_LEADER: Text = ["old leader", "舊 leader"];
pub const STANDBY: Text = ["no leader to follow", "沒有 leader 可跟"];
pub const OFFLINE: Text = ["log offline", "log 離線"];
/// A replica of a broker that does not run, or that has not made its log yet.
pub const NOT_SEEN: Text = ["out of sight", "目前看不到"];
pub const IN_ISR: Text = ["in ISR", "在 ISR"];
pub const NOT_IN_ISR: Text = ["not in ISR", "不在 ISR"];
/// While the brokers start.
pub const ISR_NOT_KNOWN: Text = ["ISR not known yet", "還不知道 ISR"];
pub const EPOCH_TITLE: Text = ["leader epoch {epoch}", "leader epoch {epoch}"];
pub const EMPTY_SHELVES: Text = ["no partition here yet", "這裡還沒有 partition"];
pub const NO_PRODUCERS: Text = [
    "Nobody delivers yet. Add a producer.",
    "還沒有人送貨。新增一個 producer 吧。",
];
pub const NO_CONSUMERS: Text = [
    "Nobody collects yet. Add a consumer.",
    "還沒有人取貨。新增一個 consumer 吧。",
];
pub const NO_TOPICS: Text = [
    "There is no topic yet. A topic is a set of shelves (partitions); create one to begin.",
    "還沒有 topic。Topic 就是一組貨架（partition），先建立一個吧。",
];
pub const STATE_UP: Text = ["up", "運作中"];
pub const STATE_STARTING: Text = ["starting", "啟動中"];
pub const STATE_FENCED: Text = ["fenced", "被隔離（fenced）"];
pub const STATE_DOWN: Text = ["down", "停機"];
pub const STOPPED: Text = ["stopped", "已停止"];
pub const CRASHED: Text = ["crashed", "當掉了"];
pub const CONNECTING: Text = ["connecting", "連線中"];
pub const JOINING: Text = ["joining the group", "正在加入 group"];
pub const RUNNING: Text = ["running", "執行中"];
pub const PAUSED: Text = ["paused", "已暫停取用"];
pub const IDLE: Text = [
    "no partition: {members} members, {partitions} partitions",
    "沒有 partition：{members} 個成員，{partitions} 個 partition",
];
pub const IDLE_ONE: Text = [
    "no partition: {members} members, 1 partition",
    "沒有 partition：{members} 個成員，1 個 partition",
];
pub const LAG: Text = ["lag {n}", "lag {n}"];
pub const ALONE: Text = ["No group", "不屬於 group"];
pub const ALONE_SUB: Text = [
    "assign: reads all, commits nothing",
    "assign：全部自己讀，不 commit",
];
pub const GENERATION: Text = ["{state} · generation {n}", "{state} · generation {n}"];
pub const ACKED: Text = ["{n} acked", "已 ack {n} 筆"];
pub const FAILED: Text = ["{n} failed", "失敗 {n} 筆"];
pub const HANDLED: Text = ["{n} read", "已讀 {n} 筆"];
pub const START: Text = ["Start", "啟動"];
pub const STOP: Text = ["Stop", "停止"];
pub const CRASH: Text = ["Crash", "當掉"];
pub const MORE_RECORDS: Text = [
    "{n} records on their way are not drawn; the numbers count them",
    "還有 {n} 筆在路上沒有畫出來，數字都有算進去",
];
pub const LEGEND_KEY: Text = ["colour = key", "顏色＝key"];
pub const LEGEND_HW: Text = ["high watermark", "high watermark"];
pub const LEGEND_COMMITTED: Text = ["committed offset of a group", "group 的 committed offset"];
pub const LEGEND_FADED: Text = ["not replicated to the whole ISR yet", "還沒複製到整個 ISR"];
pub const LEGEND_COPY: Text = [
    "follower fetching from its leader",
    "follower 向 leader 複製",
];
pub const LEGEND_ISR: Text = [
    "ISR: replicas in sync with the leader",
    "ISR：跟得上 leader 的副本",
];
pub const LEGEND_EPOCH: Text = ["leader epoch", "leader epoch"];
pub const OPEN: Text = ["{what}, open in the inspector", "{what}，在檢視器中打開"];
pub const SHELF_LABEL: Text = [
    "{name} on broker {broker}, {role}, {member}",
    "broker {broker} 上的 {name}，{role}，{member}",
];
pub const SHELF_LOG: Text = [
    "leader epoch {epoch}, log start {start}, log end {end}, high watermark {hw}",
    "leader epoch {epoch}，log 從 {start} 到 {end}，high watermark {hw}",
];
/// Between the parts of what a screen reader says.
pub const COMMA: Text = [", ", "，"];

/// A group's state; Chinese readers know it by Kafka's name.
pub fn group_state(state: &str) -> Text {
    match state {
        "Empty" => ["empty", "Empty"],
        "PreparingRebalance" => ["preparing rebalance", "PreparingRebalance"],
        "CompletingRebalance" => ["completing rebalance", "CompletingRebalance"],
        "Assigning" => ["assigning", "Assigning"],
        "Reconciling" => ["reconciling", "Reconciling"],
        "Stable" => ["stable", "Stable"],
        "Dead" => ["dead", "Dead"],
        _ => ["not formed yet", "尚未形成"],
    }
}

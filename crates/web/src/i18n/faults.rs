//! Words for breaking things and mending them.

use super::Text;
use crate::scenario::fault::{DiskState, DownWhy};

pub const MENU: Text = ["Break or mend broker {id}", "弄壞或修好 broker {id}"];
pub const PROCESS: Text = ["Broker", "Broker"];
pub const DISK: Text = ["Disk", "磁碟"];
pub const NETWORK: Text = ["Network", "網路"];
/// An entry that asks before it does something.
pub const ASKS: Text = ["{what} …", "{what} …"];
pub const START: Text = ["Start", "啟動"];
pub const STOP: Text = ["Stop (controlled shutdown)", "停機（controlled shutdown）"];
pub const KILL: Text = ["Kill", "強制結束"];
pub const POWER: Text = ["Pull the power", "拔掉電源"];
pub const POWER_TITLE: Text = [
    "Pull the power of broker {id}?",
    "要拔掉 broker {id} 的電源嗎？",
];
pub const POWER_BODY: Text = [
    "Nobody is told, and what its system has not written back to the disk yet is gone: {bytes} now. Replicas on other brokers keep theirs.",
    "不會通知任何人，作業系統還沒寫回磁碟的資料也會消失，目前有 {bytes}。其他 broker 上的副本不受影響。",
];
pub const FILL: Text = ["Fill its disk", "塞滿磁碟"];
pub const FREE: Text = ["Free its disk", "清出磁碟空間"];
pub const FAIL: Text = ["Fail its disk", "讓磁碟故障"];
pub const WIPE: Text = ["Wipe its disk", "清空磁碟"];
pub const WIPE_TITLE: Text = [
    "Wipe the disk of broker {id}?",
    "要清空 broker {id} 的磁碟嗎？",
];
pub const WIPE_BODY: Text = [
    "It starts with nothing and copies what other replicas still have. What only this disk holds is gone for good.",
    "它啟動時一無所有，只能從其他副本複製回來。只存在這顆磁碟上的資料會永遠消失。",
];
pub const CUT_OFF: Text = ["Cut it off from everyone", "切斷它和所有人的連線"];
pub const ISOLATE: Text = [
    "Cut it off from the other brokers",
    "切斷它和其他 broker 的連線",
];
pub const CUT_LINK: Text = ["Cut the link to broker {id}", "切斷和 broker {id} 的連線"];
pub const SLOW: Text = ["Slow it down by {ms} ms", "放慢 {ms} ms"];
pub const FAST: Text = ["Back to full speed", "恢復正常速度"];
pub const HEAL_ONE: Text = ["Mend its network", "修復它的網路"];
pub const DRAG: Text = [
    "Drag to another broker to cut the link between them",
    "拖到另一台 broker，切斷兩台之間的連線",
];
pub const CUT_HERE: Text = [
    "cut broker {a} from broker {b}",
    "切斷 broker {a} 與 broker {b}",
];

pub const RULES: Text = ["Network rules in force", "生效中的網路規則"];
pub const HEAL: Text = ["Heal all", "全部修復"];
pub const REMOVE: Text = ["Remove", "移除"];
pub const REMOVE_RULE: Text = ["Remove the rule: {rule}", "移除規則：{rule}"];
pub const HITS: Text = ["hits {n}", "作用 {n} 次"];
pub const EFFECT_CUT: Text = ["cut", "切斷"];
pub const EFFECT_DROP: Text = ["{n} % dropped", "丟棄 {n} %"];
pub const EFFECT_DELAY: Text = [
    "{ms} ms later, up to {jitter} ms more",
    "晚 {ms} ms，最多再加 {jitter} ms",
];
pub const BROKERS: Text = ["all brokers", "所有 broker"];
pub const CLIENTS: Text = ["all clients", "所有 client"];
pub const EVERYONE: Text = ["everyone", "所有人"];

pub const STOPPING: Text = ["shutting down", "停機中"];
pub const DISK_FULL: Text = ["disk full", "磁碟已滿"];
pub const DISK_FAILED: Text = ["disk failed", "磁碟故障"];
pub const SLOWED: Text = ["{ms} ms slower", "慢 {ms} ms"];
pub const SKEWED: Text = ["clock off by {ms} ms", "時鐘偏差 {ms} ms"];
pub const UNFLUSHED: Text = ["not flushed yet", "尚未寫回"];
pub const DISK_OK: Text = ["well", "正常"];

/// Why a broker is down.
pub fn down(why: DownWhy) -> Text {
    match why {
        DownWhy::Stopped => ["stopped", "已停機"],
        DownWhy::Killed => ["killed", "被強制結束"],
        DownWhy::PowerCut => ["power cut", "斷電"],
        DownWhy::Failed => ["halted", "自行停擺"],
    }
}

pub fn disk(state: DiskState) -> Text {
    match state {
        DiskState::Ok => DISK_OK,
        DiskState::Full => DISK_FULL,
        DiskState::Failed => DISK_FAILED,
    }
}

//! Words of the code view.

use super::{Lang, Text};

pub const STAGE: Text = ["Stage", "舞台"];
pub const CODE: Text = ["Code", "程式"];
pub const VIEW: Text = ["View", "檢視方式"];
pub const LOADING: Text = [
    "Loading kafkajs and the editor …",
    "正在載入 kafkajs 與編輯器 …",
];
pub const NOT_LOADED: Text = [
    "The code view could not be loaded; reload the page to try again.",
    "程式畫面載入失敗，請重新整理頁面再試。",
];
pub const FILES: Text = ["Files", "檔案"];
pub const EDITOR: Text = ["Text of the file", "檔案內容"];
pub const NEW_FILE: Text = ["new file", "新檔案"];
pub const NEW_FILE_LABEL: Text = [
    "Name of a new file, then Enter",
    "輸入新檔案的名稱，再按 Enter",
];
pub const DELETE: Text = ["Delete", "刪除"];
pub const DELETE_FILE: Text = ["Delete {name}", "刪除 {name}"];
pub const DELETE_ASK: Text = [
    "Delete {name}? Its text is gone then.",
    "要刪除 {name} 嗎？刪了就找不回來。",
];
pub const FORMAT: Text = ["Format", "排版"];
pub const FORMAT_KEY: Text = [
    "Lay out the file (Shift+Alt+F)",
    "整理這個檔案的排版（Shift+Alt+F）",
];
pub const EXAMPLES: Text = ["Examples", "範例"];
pub const EXAMPLE_ASK: Text = [
    "Open the example? Your files of the same names are replaced.",
    "要開啟範例嗎？同名的檔案會被取代。",
];
pub const TERMINALS: Text = ["Terminals", "終端機"];
pub const NO_TERMINALS: Text = [
    "Programs run here, each in a terminal: press ▶ above. They are ordinary Node programs with kafkajs; localhost:9092 is broker 1 of this page. For the programs of an article, start from the empty playground: a scenario's own group may have the same name.",
    "程式會在這裡執行，一支程式一個終端機：按上面的 ▶ 開始。都是一般的 Node 程式，用 kafkajs；localhost:9092 就是這個頁面的 broker 1。要跑文章裡的程式，建議先開空白遊樂場，免得情境裡已經有同名的 group。",
];
pub const OUTPUT: Text = ["Output", "輸出"];
pub const RUNNING: Text = ["running", "執行中"];
pub const STOPPING: Text = ["stopping …", "正在停止 …"];
pub const ENDED: Text = ["ended, exit code {code}", "已結束，exit code {code}"];
pub const MEMBER: Text = [
    "{group} · {partitions} · lag {lag}",
    "{group} · {partitions} · lag {lag}",
];
pub const IDLE: Text = ["{group} · no partition", "{group} · 沒分到 partition"];
pub const STOP: Text = ["Stop", "停止"];
pub const KILL: Text = ["Kill", "強制結束"];
pub const RESTART: Text = ["Restart", "重跑"];
pub const COPY: Text = ["Copy", "複製"];
pub const CLEAR: Text = ["Clear", "清空"];
pub const CLOSE: Text = ["Close", "關閉"];

pub const EXPORT: Text = ["Export", "匯出"];
pub const EXPORT_LABEL: Text = [
    "A zip for Apache Kafka: programs, topics, records and a docker-compose.yml",
    "給 Apache Kafka 用的 zip：程式、topic、record 和 docker-compose.yml",
];
pub const LINKED: Text = [
    "These files came with the link. Nothing of them runs until you press run.",
    "這些檔案是連結帶來的。在你按下執行之前，什麼都不會跑。",
];
pub const LINKED_KEPT: Text = [
    "Your own files are kept as they were. What you change here is gone with the tab, unless you copy it to your files.",
    "你自己的檔案原封不動。在這裡改的內容，關掉分頁就沒了；要留下來，請複製到你的檔案。",
];
pub const RERUN: Text = ["Run as recorded", "照紀錄重跑"];
pub const RERUN_HINT: Text = [
    "Run as recorded starts the run over, and begins and stops its programs ({n}) at the recorded moments.",
    "「照紀錄重跑」會把這次執行從頭開始，當時在哪一刻啟動或停止程式（共 {n} 支），就在同一刻重做一遍。",
];
pub const RERUN_ASK: Text = ["Run as recorded?", "要照紀錄重跑嗎？"];
pub const RERUN_BODY: Text = [
    "The run of the link begins anew, with its programs. The run that this browser keeps now is deleted.",
    "連結裡的執行會連同程式從頭開始。這個瀏覽器目前保存的執行會被刪除。",
];
pub const KEEP: Text = ["Copy to my files", "複製到我的檔案"];
pub const KEEP_ASK: Text = [
    "Copy the files of the link to your files? These of yours are replaced: {names}",
    "要把連結的檔案複製到你的檔案嗎？你的這些檔案會被取代：{names}",
];
pub const SHOW_OWN: Text = ["Show my files", "看我的檔案"];
pub const SHOW_LINKED: Text = ["Show the link's files", "看連結的檔案"];
pub const OWN_SHOWN: Text = [
    "These are your own files. The link brought others.",
    "這是你自己的檔案。連結另外帶了一些檔案來。",
];

const EXAMPLE_NAMES: [(&str, Text); 8] = [
    (
        "first",
        ["First producer and consumer", "第一個 producer 與 consumer"],
    ),
    (
        "two-consumers",
        [
            "Two partitions, two consumers",
            "兩個 partition、兩個 consumer",
        ],
    ),
    (
        "replay",
        ["Replay with another group", "換個 group 重新讀一遍"],
    ),
    ("keys", ["Order by key", "同一個 key 保證順序"]),
    ("batches", ["Batches and compression", "批次與壓縮"]),
    (
        "commit",
        ["Manual commit and a crash", "手動 commit 與當掉"],
    ),
    (
        "transactions",
        [
            "Transactions: consume, transform, produce",
            "交易：讀取、轉換、寫出",
        ],
    ),
    ("admin", ["Tour of the admin client", "Admin client 巡禮"]),
];

/// The title of an example; its name where it has none.
pub fn example(lang: Lang, name: &str) -> String {
    let found = EXAMPLE_NAMES.iter().find(|(known, _)| *known == name);
    found.map_or_else(|| name.to_owned(), |(_, title)| lang.of(*title).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that come with the page.
    const INDEX: &str = include_str!("../../../../www/code/examples/index.json");

    #[test]
    fn every_example_has_a_title() {
        let index: serde_json::Value = serde_json::from_str(INDEX).unwrap();
        let names = index.as_array().unwrap().iter();
        let names: Vec<_> = names.map(|one| one["name"].as_str().unwrap()).collect();
        let titled: Vec<_> = EXAMPLE_NAMES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, titled);
    }
}

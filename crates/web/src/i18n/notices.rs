//! Notices about storage and other tabs, and why a command was refused.

use super::{Lang, Text, fill};
use crate::format::bytes;
use konbini_bridge::{Notice, Refusal};

pub const DISMISS: Text = ["Dismiss", "關閉"];
pub const DETAILS: Text = ["Details", "詳細內容"];
pub const REFUSED: Text = ["Refused", "被拒絕"];
pub const RELOAD: Text = ["Reload the page", "重新整理"];
pub const RUN_KEPT: Text = ["Your own run goes on.", "你原本的執行內容繼續。"];
pub const EMPTY: Text = ["Open an empty playground", "開啟空白遊樂場"];
pub const EMPTY_TITLE: Text = [
    "Replace your run with an empty playground?",
    "要用空白遊樂場取代目前的執行內容嗎？",
];
pub const EMPTY_BODY: Text = [
    "This browser keeps one run. The empty playground takes its place, and the run that goes on now is deleted with all its data. Copy its share link first if you want to keep it.",
    "這個瀏覽器只存一份執行內容。開啟空白遊樂場會取代它，目前的執行內容連同資料都會刪除。想留著就先複製分享連結。",
];
pub const CLEAR: Text = ["Start over", "重新開始"];
pub const RESUMED: Text = [
    "Your last run goes on where it was: the brokers recovered from what this browser had stored.",
    "接續上次的執行內容：broker 已從這個瀏覽器存下的資料復原。",
];

/// What has happened and what can be done, as one sentence or two.
pub fn words(lang: Lang, notice: &Notice) -> String {
    match notice {
        Notice::StorageDenied { .. } => lang.of(DENIED).to_owned(),
        Notice::StorageNewer { .. } => lang.of(NEWER).to_owned(),
        Notice::StorageUnguarded { .. } => lang.of(UNGUARDED).to_owned(),
        Notice::StorageUnusable { .. } => lang.of(UNUSABLE).to_owned(),
        Notice::MemoryFull { limit_bytes } => {
            fill(lang.of(MEMORY_FULL), &[("limit", &bytes(*limit_bytes))])
        }
        Notice::StorageFull { .. } => lang.of(FULL).to_owned(),
        Notice::StorageFailed { .. } => lang.of(FAILED).to_owned(),
        Notice::StorageRecovered => lang.of(RECOVERED).to_owned(),
        Notice::StorageDamaged { log, .. } => fill(lang.of(DAMAGED), &[("log", log)]),
        Notice::OwnedByOtherTab => lang.of(OTHER_TAB).to_owned(),
        Notice::BecameOwner => lang.of(OWNER).to_owned(),
        Notice::Crashed { .. } => lang.of(CRASHED).to_owned(),
    }
}

/// What the browser or the engine said, where it said something.
pub fn detail(notice: &Notice) -> Option<&str> {
    match notice {
        Notice::StorageDenied { detail }
        | Notice::StorageNewer { detail }
        | Notice::StorageUnguarded { detail }
        | Notice::StorageUnusable { detail }
        | Notice::StorageFull { detail }
        | Notice::StorageFailed { detail }
        | Notice::StorageDamaged { detail, .. }
        | Notice::Crashed { detail } => (!detail.is_empty()).then_some(detail),
        Notice::MemoryFull { .. }
        | Notice::StorageRecovered
        | Notice::OwnedByOtherTab
        | Notice::BecameOwner => None,
    }
}

const DENIED: Text = [
    "This browser refuses to store data here, so this run lives in memory and ends with the tab. Allow site data, or keep the run as a share link.",
    "瀏覽器不允許在這裡儲存資料，所以這次執行只在記憶體裡，關掉分頁就沒了。請允許網站資料，或用分享連結存起來。",
];
const NEWER: Text = [
    "A newer Konbini has stored its data in this browser. It stays untouched; this run lives in memory and ends with the tab. Reload to get the newer page.",
    "這個瀏覽器裡存的是較新版 Konbini 的資料，我們不會動它；這次執行只在記憶體裡。重新整理即可取得新版頁面。",
];
const UNGUARDED: Text = [
    "The browser grants this page no locks (it does over https and on localhost), so two tabs could write the same data. This run therefore lives in memory and ends with the tab. Keep it as a share link.",
    "瀏覽器不讓這個頁面使用 lock（https 或 localhost 才可以），無法防止兩個分頁同時寫入同一份資料，所以這次執行只在記憶體裡，關掉分頁就沒了。想留著請用分享連結存起來。",
];
const UNUSABLE: Text = [
    "What this browser had stored cannot be used, so a new run has begun, which lives in memory and ends with the tab. The stored data stays untouched until you start over; that deletes it.",
    "這個瀏覽器存下的資料無法使用，所以開始了一次新的執行，只在記憶體裡，關掉分頁就沒了。存下的資料會原封不動，直到你按「重新開始」才會刪除。",
];
const MEMORY_FULL: Text = [
    "This run lives in memory and has used up the {limit} that it may have there. The cluster is paused and cannot go on. Keep the run as a share link, or start over.",
    "這次執行只在記憶體裡，可用的 {limit} 已經用完。cluster 已暫停，無法再繼續。請用分享連結存起來，或重新開始。",
];
const FULL: Text = [
    "The disk is full, so the cluster is paused and nothing that was acknowledged is lost. Free some space, then press resume.",
    "磁碟滿了，cluster 已暫停，已經 ack 的資料不會遺失。清出空間後按「繼續」。",
];
const FAILED: Text = [
    "The browser failed to write or read, so the cluster is paused and nothing that was acknowledged is lost. Press resume to try again.",
    "瀏覽器寫入或讀取失敗，cluster 已暫停，已經 ack 的資料不會遺失。按「繼續」再試一次。",
];
const RECOVERED: Text = [
    "What was waiting has been written. The cluster goes on.",
    "等待中的資料已經寫入，cluster 繼續執行。",
];
const DAMAGED: Text = [
    "What was stored of {log} is damaged or missing. That log is offline; everything else goes on. Delete the topic, or start over, to get rid of it.",
    "{log} 存下來的資料有損毀或遺失。這個 log 已離線，其他不受影響。刪除該 topic 或重新開始即可清除。",
];
const OTHER_TAB: Text = [
    "This playground runs in another tab; this tab is attached to it and shows the same cluster.",
    "這個遊樂場正在另一個分頁執行，這個分頁接在它上面，看到的是同一個 cluster。",
];
const OWNER: Text = [
    "The other tab is gone; the cluster now runs in this one.",
    "另一個分頁已關閉，cluster 改由這個分頁執行。",
];
const CRASHED: Text = [
    "The engine has failed. What it had acknowledged is on disk: reload to recover. Please report the details below.",
    "引擎出錯停止了。已經 ack 的資料都在磁碟上，重新整理即可復原。請回報以下內容。",
];

/// Codes of refusals with a sentence for Chinese readers; English ones come with the refusal.
const REFUSALS: &[(&str, &str)] = &[
    ("no-format", "這種檔案不能排版。"),
    ("syntax-error", "檔案裡有語法錯誤，內容維持原樣。"),
    ("name-taken", "這個名稱已經有人用了。"),
    ("unknown-producer", "沒有這個 producer。"),
    ("unknown-consumer", "沒有這個 consumer。"),
    (
        "topic-name",
        "Topic 名稱只能用英文字母、數字、點、底線和連字號，最多 249 個字元。",
    ),
    ("group-id", "這個 group id 不能用。"),
    ("client-name", "名稱是空的、太長，或含有不能用的字元。"),
    ("config-name", "沒有這種設定名稱。"),
    ("header-name", "Header 名稱不能用。"),
    ("out-of-range", "數值超出允許範圍。"),
    ("too-long", "內容太長。"),
    ("too-many-bytes", "每秒產生的資料量太大。"),
    ("stage-full", "舞台上已經放不下了。"),
    ("internal-topic", "內部 topic 不能這樣用。"),
    ("idempotence-needs-acks-all", "開啟冪等需要 acks=all。"),
    (
        "heartbeat-above-session",
        "heartbeat.interval.ms 必須小於 session.timeout.ms。",
    ),
    ("broker-down", "這台 broker 沒有在執行，請先啟動它。"),
    ("broker-runs", "這台 broker 正在執行，請先停止它。"),
    (
        "broker-stopping",
        "這台 broker 正在停機，請稍候，或強制結束它。",
    ),
    ("disk-in-use", "這顆磁碟正在使用中，請先停止 broker。"),
    ("disk-full", "這顆磁碟已經滿了。"),
    ("disk-not-full", "這顆磁碟沒有滿。"),
    ("no-such-log", "這台 broker 沒有這個 log。"),
    ("half-a-log", "要指定 log，topic 與 partition 缺一不可。"),
    (
        "replica-twice",
        "同一個 partition 的副本必須放在不同的 broker。",
    ),
    ("rule-taken", "已經有同名的網路規則。"),
    ("too-many-rules", "生效中的網路規則已經到上限。"),
    ("unknown-rule", "沒有這條網路規則。"),
    ("too-many-actions", "這次執行記錄的動作已經到上限。"),
    ("run-replaced", "已經換成另一份執行內容。"),
    ("owner-gone", "執行 cluster 的那個分頁不在了，請再試一次。"),
    ("run-replaced", "這次執行已經重新開始，來不及回應。"),
    ("not-open", "還沒有開啟任何執行內容。"),
    ("run-replaced", "還沒來得及回答，這次執行就重新開始了。"),
    ("storage", "瀏覽器無法儲存或讀取資料。"),
    (
        "memory-full",
        "這次執行只在記憶體裡，空間已經用完。請用分享連結存起來，或重新開始。",
    ),
    ("connection-refused", "連線被拒：那個位址沒有 broker。"),
    ("no-port", "這個連線要求沒有附上 MessagePort。"),
    (
        "too-many-programs",
        "執行中的程式已經到上限，請先停掉一支。",
    ),
    ("not-sendable", "無法把要求送給引擎。"),
    ("worker-gone", "引擎已經停止。"),
    ("link-too-long", "連結太長，無法讀取。"),
    ("link-not-a-link", "這不是一個執行內容的連結。"),
    (
        "link-newer",
        "這個連結來自較新的版本；重新整理頁面取得新版後再試。",
    ),
    ("link-damaged", "連結損壞了，可能在傳送途中被截斷或更動。"),
    ("link-too-large", "解開後的內容太大。"),
    ("link-misshapen", "連結內容的格式不對。"),
    ("link-invalid", "連結內容要求了不允許的事。"),
    (
        "replay-gave-up",
        "紀錄裡有一支程式沒有及時啟動，後面的步驟就略過了。",
    ),
    ("no-linked-code", "目前沒有開著帶程式碼的連結。"),
    ("file-name", "檔案名稱不合規定。"),
    ("unknown-file", "沒有這個檔案。"),
    ("not-ordered", "紀錄沒有在等這支程式。"),
];

/// The sentence for a refusal, and the engine's own words where they say more.
pub fn refusal_words(lang: Lang, refusal: &Refusal) -> (String, Option<String>) {
    let known = REFUSALS.iter().find(|(code, _)| *code == refusal.code);
    if let (Lang::ZhTw, None, Some(why)) = (lang, known, super::inspector::known_why(&refusal.code))
    {
        return (lang.of(why).to_owned(), None);
    }
    match (lang, known) {
        (Lang::ZhTw, Some((_, words))) => ((*words).to_owned(), Some(refusal.message.clone())),
        _ => (refusal.message.clone(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Source files in which refusals are made, and what stands before their codes.
    const MADE_IN: &[(&str, &str)] = &[
        ("scenario/src/link.rs", "=> \""),
        ("scenario/src/validate/field.rs", "\""),
        ("scenario/src/validate/scenario.rs", "Invalid::new(\""),
        ("scenario/src/validate/cast.rs", "Invalid::new(\""),
        ("scenario/src/validate/fault.rs", "Invalid::new(\""),
        ("scenario/src/validate/machines.rs", "Invalid::new(\""),
        ("scenario/src/validate/machines.rs", "self.down(*broker, \""),
        ("cluster/src/cluster/act.rs", "Invalid::new(\""),
        ("cluster/src/cluster/machines.rs", "refuse(\""),
        ("worker/src/host/open.rs", "refusal(\""),
        ("worker/src/host/command.rs", "refusal(\""),
        ("worker/src/relay/tab.rs", "let code = \""),
        ("web/src/worker_link.rs", "refusal(\""),
    ];

    fn is_code(text: &str) -> bool {
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        letters && text.len() > 2 && text.contains('-')
    }

    #[test]
    fn every_code_of_a_refusal_has_a_chinese_sentence() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let crates = crates.expect("crates/");
        let mut missing = Vec::new();
        let mut seen = 0;
        for (file, before) in MADE_IN {
            let source = std::fs::read_to_string(crates.join(file)).expect("readable source");
            // A call may be broken over lines.
            let joined = source.replace("(\n", "(").replace("    ", "");
            let rest = joined.split(before).skip(1);
            for code in rest.filter_map(|rest| rest.split('"').next()) {
                if is_code(code) {
                    seen += 1;
                    if !REFUSALS.iter().any(|(known, _)| *known == code) {
                        missing.push(format!("{code} in {file}"));
                    }
                }
            }
        }
        assert!(seen > 25, "only {seen} codes were found");
        assert!(missing.is_empty(), "{missing:?}");
    }
}

//! Words of dialogs and their forms.

use super::Text;

pub const CLOSE: Text = ["Close", "關閉"];
pub const CANCEL: Text = ["Cancel", "取消"];
pub const CREATE: Text = ["Create", "建立"];
pub const ADD: Text = ["Add", "加入"];
pub const SAVE: Text = ["Apply", "套用"];
pub const REMOVE: Text = ["Remove", "移除"];
pub const DELETE: Text = ["Delete", "刪除"];
pub const SEND: Text = ["Send", "送出"];
pub const MORE: Text = ["More settings", "更多設定"];
pub const NAME: Text = ["Name", "名稱"];
pub const NAME_HINT: Text = ["its client.id", "同時也是 client.id"];

pub const TOPIC_TITLE: Text = ["New topic", "新增 topic"];
pub const TOPIC: Text = ["Topic", "Topic"];
pub const TOPIC_HINT: Text = [
    "letters, digits, dots, underscores and hyphens",
    "英文字母、數字、點、底線、連字號",
];
pub const PARTITIONS: Text = ["Partitions", "Partition 數"];
pub const PARTITIONS_HINT: Text = ["can grow later, never shrink", "之後只能增加，不能減少"];
pub const REPLICATION: Text = ["Replication factor", "Replication factor"];
pub const REPLICATION_HINT: Text = [
    "copies of each partition, each on another broker",
    "每個 partition 的副本數，各放在不同 broker",
];
pub const CONFIGS: Text = ["Settings, one on a line", "設定，一行一個"];
pub const CONFIGS_HINT: Text = [
    "such as retention.ms=60000; the broker checks them",
    "例如 retention.ms=60000；由 broker 檢查",
];
pub const GROW_TITLE: Text = ["More partitions for {topic}", "增加 {topic} 的 partition"];
pub const GROW_HINT: Text = [
    "Records stay where they are, but keys may map to another partition from now on, so their order across the change is lost.",
    "既有的 record 不會搬家，但之後同一個 key 可能落到別的 partition，跨越這次變更的順序就不保證了。",
];
pub const GROW: Text = ["Add partitions", "增加 partition"];

pub const PRODUCER_TITLE: Text = ["New producer", "新增 producer"];
pub const PRODUCER_EDIT: Text = ["Producer {name}", "Producer {name}"];
pub const PACE: Text = ["Pace", "步調"];
pub const PACE_EVERY: Text = ["one record each … ms", "每隔幾 ms 一筆"];
pub const PACE_PER_SECOND: Text = ["records each second", "每秒幾筆"];
pub const MILLISECONDS: Text = ["Milliseconds", "毫秒"];
pub const PER_SECOND: Text = ["Records each second", "每秒筆數"];
pub const KEYS: Text = ["Keys", "Key"];
pub const KEYS_NONE: Text = ["none (null)", "沒有（null）"];
pub const KEYS_FIXED: Text = ["always the same", "固定一個"];
pub const KEYS_RANDOM: Text = ["one of several, evenly", "從若干個裡平均抽"];
pub const KEYS_HOT: Text = [
    "one of several, one of them hot",
    "從若干個裡抽，其中一個特別熱門",
];
pub const KEY: Text = ["Key", "Key"];
pub const KEY_COUNT: Text = ["How many keys", "幾個 key"];
pub const HOT_SHARE: Text = ["Share of key-0, percent", "key-0 佔幾 %"];
pub const VALUE: Text = ["Value", "Value"];
pub const VALUE_HINT: Text = [
    "{n} is the record's number, {key} its key, {time} the virtual time",
    "{n} 是第幾筆，{key} 是它的 key，{time} 是虛擬時間",
];
pub const VALUE_SIZE: Text = ["Value size, bytes", "Value 大小（bytes）"];
pub const VALUE_SIZE_HINT: Text = [
    "padded to it; empty: as long as it is",
    "不足會補滿；留空＝原長度",
];
pub const PARTITION: Text = ["Partition", "Partition"];
pub const PARTITION_DEFAULT: Text = [
    "by key; keyless records stick for a batch",
    "依 key；沒 key 的整批黏在一起",
];
pub const PARTITION_ROUND: Text = [
    "by key; keyless records take turns",
    "依 key；沒 key 的輪流",
];
pub const PARTITION_FIXED: Text = ["always the same one", "固定一個"];
pub const PARTITION_EACH: Text = ["one record to each, at every tick", "每次各放一筆"];
pub const PARTITION_NUMBER: Text = ["Partition number", "Partition 編號"];
pub const IDEMPOTENT: Text = [
    "enable.idempotence (needs acks=all)",
    "enable.idempotence（需要 acks=all）",
];
pub const RETRIES: Text = ["retries", "retries"];
pub const RETRIES_HINT: Text = [
    "empty: until delivery.timeout.ms",
    "留空＝重試到 delivery.timeout.ms",
];
pub const LIMIT: Text = ["Stop after so many records", "送滿幾筆就停"];
pub const LIMIT_HINT: Text = ["empty: never", "留空＝不停"];
pub const RUNNING: Text = ["starts at once", "立刻啟動"];

pub const CONSUMER_TITLE: Text = ["New consumer", "新增 consumer"];
pub const CONSUMER_EDIT: Text = ["Consumer {name}", "Consumer {name}"];
pub const GROUP: Text = ["Group (group.id)", "Group（group.id）"];
pub const GROUP_HINT: Text = [
    "empty: no group; it reads all partitions and commits nothing",
    "留空＝不屬於 group，自己讀全部 partition，也不 commit",
];
pub const TOPICS: Text = ["Topics, with commas between", "Topic，用逗號分開"];
pub const START: Text = ["auto.offset.reset", "auto.offset.reset"];
pub const START_HINT: Text = [
    "only asked without a committed offset",
    "沒有 committed offset 時才會用到",
];
pub const COMMIT: Text = ["Commit", "Commit"];
pub const COMMIT_AUTO: Text = ["automatically", "自動"];
pub const COMMIT_RECORD: Text = ["after each record", "每筆 record 後"];
pub const COMMIT_POLL: Text = ["after each poll", "每次 poll 後"];
pub const COMMIT_NEVER: Text = ["never", "不 commit"];
pub const PROCESS: Text = ["Work for each record, ms", "處理每筆要幾 ms"];
pub const INSTANCE: Text = ["group.instance.id", "group.instance.id"];
pub const INSTANCE_HINT: Text = ["makes it a static member", "填了就是靜態成員"];

pub const SEND_TITLE: Text = ["Send a record through {name}", "透過 {name} 送一筆 record"];
pub const HEADERS: Text = ["Headers, one on a line", "Header，一行一個"];
pub const HEADERS_HINT: Text = ["such as trace=42", "例如 trace=42"];
pub const PARTITION_EMPTY: Text = ["empty: the producer decides", "留空＝由 producer 決定"];
pub const NULL_HINT: Text = ["empty: null", "留空＝null"];

pub const RESET_TITLE: Text = ["Reset offsets of {group}", "重設 {group} 的 offset"];
pub const RESET_HINT: Text = [
    "The broker takes it only while the group has no active member.",
    "Group 沒有在線成員時，broker 才會接受。",
];
pub const RESET_TO: Text = ["To", "移到"];
pub const RESET_EARLIEST: Text = ["earliest: the start of the log", "earliest：log 的開頭"];
pub const RESET_LATEST: Text = ["latest: its end", "latest：log 的尾端"];
pub const RESET_OFFSET: Text = ["an offset", "指定 offset"];
pub const OFFSET: Text = ["Offset", "Offset"];
pub const RESET: Text = ["Reset", "重設"];

pub const DELETE_RECORDS_TITLE: Text = ["Delete records of {name}", "刪除 {name} 的 record"];
pub const DELETE_RECORDS_HINT: Text = [
    "Records before this offset go for good; the log start offset moves there.",
    "這個 offset 之前的 record 會永久刪除，log start offset 移到這裡。",
];
pub const BEFORE: Text = ["Before offset", "刪到 offset"];

pub const SHARE_TITLE: Text = ["Share this run", "分享這次執行"];
pub const SHARE_INTRO: Text = [
    "The link holds the scenario itself; nothing is uploaded. Whoever opens it gets the same run, record by record.",
    "連結本身就裝著整個情境，不會上傳任何東西。打開它的人會得到一模一樣的執行過程，每一筆 record 都相同。",
];
pub const SHARE_ACTIONS: Text = [
    "with everything done so far ({n} actions)",
    "連同到目前為止做過的事（{n} 個動作）",
];
pub const SHARE_CODE: Text = [
    "with the code: {files} files of {chars} characters, {programs} programs begun",
    "連同程式碼：{files} 個檔案共 {chars} 個字元，啟動過 {programs} 支程式",
];
pub const SHARE_CODE_HINT: Text = [
    "Whoever opens it sees the files; nothing of them runs until they press run.",
    "打開的人會看到這些檔案；在按下執行之前，什麼都不會跑。",
];
pub const OPEN_OVER_CODE: Text = [
    "It brings program files. They do not run until you press run, and yours are kept.",
    "它帶了程式檔案來。在你按下執行之前不會跑，你自己的檔案也會保留。",
];
pub const SHARE_LINK: Text = ["Link", "連結"];
pub const SHARE_SIZE: Text = ["{n} characters", "{n} 個字元"];
pub const SHARE_LONG: Text = [
    "Some chat programs cut links of more than 2,000 characters: a file is safer.",
    "有些通訊軟體會截斷超過 2,000 字元的連結，用檔案比較保險。",
];
pub const COPY: Text = ["Copy link", "複製連結"];
pub const COPIED: Text = ["Copied", "已複製"];
pub const COPY_FAILED: Text = [
    "The browser did not allow it: select the link and copy it.",
    "瀏覽器不允許，請選取連結自行複製。",
];
pub const DOWNLOAD: Text = ["Download as a file", "下載成檔案"];
pub const OPEN_FILE: Text = ["Open a file", "打開檔案"];
pub const WORKING: Text = ["Preparing …", "準備中 …"];

pub const OPEN_OVER_TITLE: Text = [
    "Open the run in this link?",
    "要打開這個連結裡的執行內容嗎？",
];
pub const OPEN_OVER_BODY: Text = [
    "“{name}” replaces the run that is stored in this browser. Cancel to keep yours.",
    "「{name}」會取代這個瀏覽器裡存的執行內容。想保留自己的就按取消。",
];
pub const OPEN_OVER_YES: Text = ["Open and replace", "打開並取代"];

pub const DELETE_TOPIC: Text = ["Delete topic {name}?", "要刪除 topic {name} 嗎？"];
pub const DELETE_TOPIC_BODY: Text = [
    "All its records and its committed offsets go for good.",
    "它的 record 和 committed offset 會全部永久刪除。",
];
pub const REMOVE_CLIENT: Text = ["Remove {name}?", "要移除 {name} 嗎？"];
pub const REMOVE_PRODUCER_BODY: Text = [
    "Records that it has not sent yet are lost; what it has sent stays.",
    "還沒送出的 record 會消失，已經送出的會留著。",
];
pub const REMOVE_CONSUMER_BODY: Text = [
    "It leaves its group first. Committed offsets stay.",
    "它會先離開 group，committed offset 會保留。",
];
pub const DELETE_GROUP: Text = ["Delete group {name}?", "要刪除 group {name} 嗎？"];
pub const DELETE_GROUP_BODY: Text = [
    "Its committed offsets go for good. The broker refuses while it has members.",
    "它的 committed offset 會永久刪除。還有成員時 broker 會拒絕。",
];
pub const RESET_ALL: Text = ["Delete everything stored", "刪除所有儲存的資料"];
pub const RESET_ALL_BODY: Text = [
    "Everything that Konbini has stored in this browser is deleted, and the first lesson starts from nothing.",
    "Konbini 存在這個瀏覽器裡的東西全部刪除，從第一課重新開始。",
];

pub const HELP_TITLE: Text = ["Keyboard and help", "快捷鍵與說明"];
pub const KEY_SPACE: Text = ["pause or resume", "暫停或繼續"];
pub const KEY_STEP: Text = ["one step", "單步"];
pub const KEY_SPEED: Text = ["speed: 0.1×, 1×, 10×, 100×", "速度：0.1×、1×、10×、100×"];
pub const KEY_HELP: Text = ["this help", "這份說明"];
pub const KEY_ESCAPE: Text = ["close a dialog, or unselect", "關閉對話框，或取消選取"];
pub const HELP_MORE: Text = [
    "Everything on the stage can be clicked, or reached with Tab and opened with Enter.",
    "舞台上的東西都可以點，也可以用 Tab 移過去、按 Enter 打開。",
];

pub const FORWARD_TITLE: Text = ["Go to where it was shared?", "要快轉到分享的那一刻嗎？"];
pub const FORWARD_BODY: Text = [
    "This run was shared at {time} of virtual time. Go there at once, or cancel to watch it from the start.",
    "這次執行是在虛擬時間 {time} 時分享的。可以直接快轉到那裡，或按取消從頭看起。",
];
pub const FORWARD_YES: Text = ["Fast-forward", "快轉"];

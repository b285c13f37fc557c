//! Words of the header, its menus and the guide's frame.

use super::Text;

pub const HEADER: Text = ["Controls", "控制列"];
pub const SCENARIO: Text = ["Scenario", "情境"];
pub const NO_SCENARIO: Text = ["Untitled", "未命名"];
pub const EMPTY_PLAYGROUND: Text = ["Empty playground", "空白遊樂場"];
pub const RESTART: Text = ["Start over", "重新開始"];
pub const RESTART_ASK: Text = ["Start over?", "要重新開始嗎？"];
pub const RESTART_BODY: Text = [
    "All records, offsets and changes of this run are deleted from the browser, and “{name}” starts from nothing.",
    "這次執行的 record、offset 與所有變更都會從瀏覽器刪除，「{name}」從頭開始。",
];
pub const PAUSE: Text = ["Pause", "暫停"];
pub const RESUME: Text = ["Resume", "繼續"];
pub const STEP: Text = ["Step", "單步"];
pub const STEP_LABEL: Text = [
    "Step: to the next virtual millisecond at which something happens",
    "單步：前進到下一個有事發生的虛擬毫秒",
];
pub const TRANSPORT: Text = ["Run and pause", "執行與暫停"];
pub const SPEED: Text = ["Speed of virtual time", "虛擬時間的速度"];
pub const BEHIND: Text = ["this device cannot keep up", "這台裝置跟不上這個速度"];
pub const CLOCK: Text = ["Virtual time", "虛擬時間"];
pub const LANGUAGE: Text = ["Read this page in English", "切換成繁體中文"];
pub const LANGUAGE_SHORT: Text = ["繁中", "EN"];
pub const THEME_SYSTEM: Text = ["Theme: as the system", "主題：跟隨系統"];
pub const THEME_LIGHT: Text = ["Theme: light", "主題：淺色"];
pub const THEME_DARK: Text = ["Theme: dark", "主題：深色"];
pub const SHARE: Text = ["Share link", "分享連結"];
pub const HELP: Text = ["Keyboard and help", "快捷鍵與說明"];
pub const ABOUT: Text = ["What is real here", "這裡哪些是真的"];
pub const STARTING: Text = ["Starting the cluster …", "正在啟動 cluster …"];

pub const GUIDE: Text = ["Guide", "導覽"];
pub const LESSONS: Text = ["Lessons", "課程"];
pub const READING: Text = ["Reading", "閱讀"];
pub const PART_GROUPS: Text = ["Groups and partitions", "Group 與 partition"];
pub const PART_REPLICATION: Text = ["Replication", "副本"];
pub const CRUMB: Text = ["Lesson {n} of {of}", "第 {n} 課，共 {of} 課"];
pub const SET_STAGE: Text = ["Set the stage for this lesson", "佈置這一課的場景"];
pub const SET_STAGE_WHY: Text = [
    "This lesson runs in a scenario of its own. The present run is replaced by it.",
    "這一課有自己的情境，會取代目前的執行內容。",
];
pub const BEGIN_ANEW: Text = ["Begin the lesson anew", "這一課從頭來過"];
pub const BEGIN_ANEW_WHY: Text = [
    "The cluster may not be where this step expects it, after a reload or another fault. If the step does not come true, begin anew.",
    "重新整理過頁面，或另外弄壞了什麼，cluster 可能不是這一步預期的狀態。如果一直打不了勾，就從頭來過。",
];
pub const SET_STAGE_ASK: Text = ["Start this lesson?", "要開始這一課嗎？"];
pub const SET_STAGE_BODY: Text = [
    "The lesson starts its own scenario from nothing; the present run is deleted. A share link keeps it, if you want it back.",
    "課程會從頭啟動自己的情境，目前的執行內容會被刪除。想保留的話，先用分享連結存起來。",
];
pub const SET_STAGE_YES: Text = ["Start the lesson", "開始這一課"];
pub const STEP_DONE: Text = ["done", "完成"];
pub const STEP_NOW: Text = ["now", "進行中"];
pub const STEP_WAITS: Text = ["Waiting for the cluster …", "等 cluster 跑到這一步 …"];
pub const PREDICT_FIRST: Text = [
    "Make your prediction below, then press.",
    "先在下面選出你的預測，再按按鈕。",
];
pub const PREDICT: Text = ["Before you press", "按下去之前"];
pub const YOUR_GUESS_RIGHT: Text = ["You predicted it.", "你猜對了。"];
pub const YOUR_GUESS_WRONG: Text = ["It went otherwise.", "結果不是這樣。"];
pub const LESSON_DONE: Text = ["Lesson finished", "完成這一課"];
pub const NEXT_LESSON: Text = ["Next lesson", "下一課"];
pub const CHECKED_BY_ENGINE: Text = [
    "Each step is ticked off by the state of the brokers, not by your click.",
    "每一步打勾與否看的是 broker 的狀態，不是你按了沒。",
];

pub const PANE_GUIDE: Text = ["Guide", "導覽"];
pub const PANE_STAGE: Text = ["Stage", "舞台"];
pub const PANE_INSPECT: Text = ["Inspect", "檢視"];
pub const PANE_TIME: Text = ["Timeline", "時間軸"];
pub const PANES: Text = ["Parts of the page", "頁面各區"];
pub const SET_STAGE_ASK_SCENARIO: Text = ["Start another scenario?", "要換一個情境嗎？"];
pub const SET_STAGE_BODY_SCENARIO: Text = [
    "The present run with its records and offsets is deleted from this browser. A share link keeps it, if you want it back.",
    "目前的執行內容（含 record 與 offset）會從這個瀏覽器刪除。想保留的話，先用分享連結存起來。",
];

//! Persistence: reading takes nothing off the shelf.

use super::checks::{self, GROUP, GROUP_2};
use super::{Lesson, Part, Question, Step, nothing, scenarios};
use crate::scenario::Action;
use crate::scenario::action::ResetTo;
use crate::scenario::snapshot::ConsumerState;

const FIRST: &str = "consumer-1";
const SECOND: &str = "replayer";

pub const LESSON: Lesson = Lesson {
    part: Part::Groups,
    title: ["Reading takes nothing away", "讀過的 record 不會消失"],
    scenario_name: ["Persistence: read it all again", "持久化：再讀一次"],
    intro: &[
        [
            "A queue forgets what it has handed out. Kafka keeps a log: records stay on disk until retention removes them, no matter who has read them.",
            "一般的 queue 交出去就忘了。Kafka 存的是 log：不管誰讀過，record 都留在磁碟上，直到超過保留期限（retention）。",
        ],
        [
            "How far somebody has read is not written on the record but beside the log, once for each group: the committed offset, the small triangle under the shelf.",
            "「讀到哪裡」不是記在 record 上，而是每個 group 各記一份，就是貨架下方的小三角形：committed offset。",
        ],
    ],
    scenario: scenarios::two,
    steps: &[
        Step {
            title: ["Let 20 records be read", "先讀完 20 筆"],
            text: [
                "orders makes 20 records and stops. Wait until test-group has committed all of them (lag 0).",
                "orders 會產生 20 筆 record 然後停下。等 test-group 全部 commit 完（lag 0）。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| checks::log_end(s) >= 20 && checks::committed(s, GROUP) >= 20,
        },
        Step {
            title: ["A second group comes", "第二個 group 來了"],
            text: [
                "replayer belongs to test-group2, which has never committed anything, and its auto.offset.reset is earliest.",
                "replayer 屬於 test-group2，這個 group 從來沒 commit 過，而它的 auto.offset.reset 是 earliest。",
            ],
            button: Some([
                "Add replayer in test-group2",
                "在 test-group2 加入 replayer",
            ]),
            actions: |_| vec![Action::AddConsumer(scenarios::consumer(SECOND, GROUP_2))],
            check: |s, _| {
                checks::consumer(s, SECOND).is_some_and(|c| c.consumed >= 20)
                    && checks::committed(s, GROUP_2) >= 20
            },
        },
        Step {
            title: ["Cut the power", "拔掉電源"],
            text: [
                "Brokers and clients all go dark at once and start again from what their disks hold. Reloading this page is the same thing.",
                "Broker 和 client 同時斷電，再從磁碟上的內容重新開機。重新整理這個頁面也是同一回事。",
            ],
            button: Some(["Cut the power", "斷電"]),
            actions: |_| vec![Action::PowerCut],
            check: |s, marks| {
                s.boot > marks.boot
                    && checks::log_end(s) >= 20
                    && checks::stable(s, GROUP, 1)
                    && checks::committed(s, GROUP) >= 20
            },
        },
        Step {
            title: [
                "Stop test-group's only member",
                "停下 test-group 唯一的成員",
            ],
            text: [
                "Offsets of a group can only be moved while nobody in it is reading.",
                "Group 裡還有人在讀的時候，offset 不能搬動。",
            ],
            button: Some(["Stop consumer-1", "停止 consumer-1"]),
            actions: |_| {
                vec![Action::StopConsumer {
                    name: FIRST.to_owned(),
                }]
            },
            check: |s, _| {
                checks::state(s, FIRST) == Some(ConsumerState::Stopped)
                    && checks::group(s, GROUP).is_none_or(|g| g.members.is_empty())
            },
        },
        Step {
            title: ["Move its offset back to the start", "把 offset 移回開頭"],
            text: [
                "This is how the same group replays: not by fromBeginning, which only matters without a committed offset, but by moving the marker.",
                "同一個 group 要重讀就得這樣做：fromBeginning 只在沒有 committed offset 時有用，真正要搬的是這個標記。",
            ],
            button: Some([
                "Reset test-group to earliest",
                "把 test-group 重設到 earliest",
            ]),
            actions: |_| {
                vec![Action::ResetOffsets {
                    group: GROUP.to_owned(),
                    topic: checks::TOPIC.to_owned(),
                    to: ResetTo::Earliest,
                }]
            },
            check: |s, _| checks::committed(s, GROUP) == 0,
        },
        Step {
            title: ["Read it all once more", "再讀一遍"],
            text: [
                "Start consumer-1 and watch its triangle run along the shelf.",
                "啟動 consumer-1，看它的三角形沿著貨架一路跑過去。",
            ],
            button: Some(["Start consumer-1", "啟動 consumer-1"]),
            actions: |_| {
                vec![Action::StartConsumer {
                    name: FIRST.to_owned(),
                }]
            },
            check: |s, _| checks::committed(s, GROUP) >= 20,
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "test-group has read and committed all 20 records. How many does a new group with earliest get?",
            "test-group 已經讀完並 commit 了 20 筆。一個設定 earliest 的新 group 會讀到幾筆？",
        ],
        options: &[
            ["None: they have been consumed", "0 筆，已經被消費掉了"],
            ["Only what comes from now on", "只有之後新進來的"],
            ["All 20", "20 筆全部"],
        ],
        right: 2,
        because: [
            "Records belong to the log, progress belongs to the group. A group without a committed offset asks auto.offset.reset, and earliest means the start of the log.",
            "Record 屬於 log，進度屬於 group。沒有 committed offset 的 group 會看 auto.offset.reset，earliest 就是從 log 的開頭讀起。",
        ],
    },
    closing: [
        "Add readers freely: none of them costs another its records. And nobody has to be at the desk when the news is told, because it stays on the blackboard.",
        "想加多少讀者都可以，不會搶走別人的 record。消息寫在黑板上，當下不在座位也沒關係。",
    ],
};

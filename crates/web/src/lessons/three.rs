//! One partition, two consumers of one group.

use super::checks::{self, GROUP};
use super::{Lesson, Part, Question, Step, nothing, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::{ConsumerState, Snapshot};

const FIRST: &str = "consumer-1";
const SECOND: &str = "consumer-2";

/// The one of the two that owns the partition.
fn owner(snapshot: &Snapshot) -> &'static str {
    if checks::owned(snapshot, SECOND) > 0 {
        SECOND
    } else {
        FIRST
    }
}

pub const LESSON: Lesson = Lesson {
    part: Part::Groups,
    title: ["One bowl, two people", "一碗飯，兩個人"],
    scenario_name: [
        "One partition, two consumers",
        "一個 partition，兩個 consumer",
    ],
    intro: &[
        [
            "Think of a partition as a bowl of rice and of a consumer as somebody at the table. Within one group, two people never eat from the same bowl.",
            "把 partition 想成一碗飯，consumer 是坐在桌邊的人。同一個 group 裡，兩個人不會共吃一碗。",
        ],
        [
            "That is what keeps the order: one reader for each partition, one offset to commit.",
            "順序就是這樣保住的：一個 partition 只有一個人在讀，也只有一個 offset 要 commit。",
        ],
    ],
    scenario: scenarios::three,
    steps: &[
        Step {
            title: [
                "One consumer, one partition",
                "一個 consumer，一個 partition",
            ],
            text: [
                "Wait until test-group is stable and consumer-1 owns p0.",
                "等 test-group 穩定下來，consumer-1 分到 p0。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| checks::stable(s, GROUP, 1) && checks::owned(s, FIRST) == 1,
        },
        Step {
            title: ["A second one sits down", "第二個人坐下"],
            text: [
                "consumer-2 joins the same group. The group rebalances: a new generation, a new assignment.",
                "consumer-2 加入同一個 group，於是 rebalance：新的 generation，重新分配一次。",
            ],
            button: Some(["Add consumer-2", "加入 consumer-2"]),
            actions: |_| vec![Action::AddConsumer(scenarios::consumer(SECOND, GROUP))],
            check: |s, marks| {
                checks::stable(s, GROUP, 2)
                    && checks::hungry_and_fed(s, GROUP) == (1, 1)
                    && checks::group(s, GROUP).is_some_and(|g| g.generation > marks.generation)
            },
        },
        Step {
            title: ["The one who eats falls over", "正在吃的人倒下了"],
            text: [
                "A crash says nothing. The coordinator notices when no heartbeat has come for session.timeout.ms (10 s here; Kafka's default is 45 s). Watch the lag grow meanwhile, or press 10×.",
                "當掉的人不會打招呼。要等 session.timeout.ms（這裡 10 秒，Kafka 預設 45 秒）都沒有 heartbeat，coordinator 才會發現。這段時間 lag 會一直長；等不及可以按 10×。",
            ],
            button: Some(["Crash the owner", "讓擁有者當掉"]),
            actions: |s| {
                vec![Action::CrashConsumer {
                    name: owner(s).to_owned(),
                }]
            },
            check: |s, marks| {
                let fed = checks::owned(s, FIRST) + checks::owned(s, SECOND);
                checks::group(s, GROUP).is_some_and(|g| g.generation > marks.generation)
                    && checks::stable(s, GROUP, 1)
                    && fed >= 1
                    && (checks::state(s, FIRST) == Some(ConsumerState::Crashed)
                        || checks::state(s, SECOND) == Some(ConsumerState::Crashed))
            },
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "The topic has one partition. consumer-2 joins the group of consumer-1. What does it get?",
            "這個 topic 只有一個 partition。consumer-2 加入 consumer-1 所在的 group，會分到什麼？",
        ],
        options: &[
            ["Every second record", "一人一筆輪流讀"],
            ["A copy of every record", "每一筆都讀到一份"],
            [
                "Nothing, or all of it: never a share",
                "全有或全無，不會對分",
            ],
        ],
        right: 2,
        because: [
            "Partitions are handed out whole. With one partition and two members somebody goes hungry; which one, the assignor decides. To get copies, use two groups; to share the work, use more partitions.",
            "Partition 是整個分出去的。一個 partition 兩個成員，一定有人餓肚子，餓誰由 assignor 決定。想各拿一份，就用兩個 group；想分工，就增加 partition。",
        ],
    },
    closing: [
        "The hungry one was not useless: it was the spare who took over, and it went on where the committed offset stood.",
        "餓肚子的那位不是多餘的：他是備援，接手後就從 committed offset 的位置繼續。",
    ],
};

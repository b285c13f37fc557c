//! Two partitions: two consumers, then a third, then one leaves.

use super::checks::{self, GROUP};
use super::{Lesson, Part, Question, Step, nothing, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::{ConsumerState, Snapshot};

const NAMES: [&str; 3] = ["consumer-1", "consumer-2", "consumer-3"];

fn join(name: &str) -> Vec<Action> {
    vec![Action::AddConsumer(scenarios::consumer(name, GROUP))]
}

/// The first member that owns a partition.
fn fed(snapshot: &Snapshot) -> &'static str {
    let owns = |name: &&&str| checks::owned(snapshot, name) > 0;
    NAMES.iter().find(owns).copied().unwrap_or(NAMES[0])
}

pub const LESSON: Lesson = Lesson {
    part: Part::Groups,
    title: ["One bowl each is just right", "一人一碗，剛剛好"],
    scenario_name: [
        "Two partitions, two consumers",
        "兩個 partition，兩個 consumer",
    ],
    intro: &[
        [
            "Two partitions, on two brokers, and a producer that puts a record on each of them every 2 s.",
            "兩個 partition 放在兩台 broker 上，producer 每 2 秒往兩邊各放一筆。",
        ],
        [
            "One person may eat from two bowls; two people still never share one. So a group can grow up to the number of partitions, and anyone beyond that waits.",
            "一個人可以吃兩碗，兩個人還是不能共吃一碗。所以 group 的人數到 partition 數為止都有得吃，再多的就只能等。",
        ],
    ],
    scenario: scenarios::four,
    steps: &[
        Step {
            title: ["One consumer eats both", "一個人吃兩碗"],
            text: [
                "consumer-1 owns p0 and p1.",
                "consumer-1 同時擁有 p0 和 p1。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| checks::stable(s, GROUP, 1) && checks::owned(s, NAMES[0]) == 2,
        },
        Step {
            title: ["A second one joins", "第二個人加入"],
            text: [
                "Watch the group rebalance and each take one bowl.",
                "看 group 重新分配，一人一碗。",
            ],
            button: Some(["Add consumer-2", "加入 consumer-2"]),
            actions: |_| join(NAMES[1]),
            check: |s, _| {
                checks::stable(s, GROUP, 2)
                    && checks::owned(s, NAMES[0]) == 1
                    && checks::owned(s, NAMES[1]) == 1
            },
        },
        Step {
            title: ["A third one joins", "第三個人加入"],
            text: ["Who goes hungry?", "這次換誰餓肚子？"],
            button: Some(["Add consumer-3", "加入 consumer-3"]),
            actions: |_| join(NAMES[2]),
            check: |s, _| checks::stable(s, GROUP, 3) && checks::hungry_and_fed(s, GROUP) == (1, 2),
        },
        Step {
            title: ["One who eats leaves", "有人吃飽離席"],
            text: [
                "It says goodbye (LeaveGroup) before it goes. Look at the timeline: how long is its bowl without an owner?",
                "離開前會先說一聲（LeaveGroup）。看看時間軸：它那碗飯空了多久沒人接？",
            ],
            button: Some([
                "Stop a consumer that owns a partition",
                "停止一個有 partition 的 consumer",
            ]),
            actions: |s| {
                vec![Action::StopConsumer {
                    name: fed(s).to_owned(),
                }]
            },
            check: |s, marks| {
                let stopped = |name: &&str| checks::state(s, name) == Some(ConsumerState::Stopped);
                checks::group(s, GROUP).is_some_and(|g| g.generation > marks.generation)
                    && checks::stable(s, GROUP, 2)
                    && checks::hungry_and_fed(s, GROUP) == (0, 2)
                    && NAMES.iter().any(stopped)
            },
        },
    ],
    question: Question {
        before: 3,
        ask: [
            "Three members, two partitions. A member that owns one leaves politely. When does the hungry one get its bowl?",
            "三個成員、兩個 partition。擁有 partition 的成員好好道別後離開，餓肚子的那位什麼時候接手？",
        ],
        options: &[
            [
                "At once: leaving starts a rebalance",
                "馬上，離開就會觸發 rebalance",
            ],
            ["After session.timeout.ms", "等 session.timeout.ms 到期"],
            ["Never: assignments are fixed", "不會接手，分配好就固定了"],
        ],
        right: 0,
        because: [
            "LeaveGroup tells the coordinator right away. The others learn of the rebalance with their next heartbeat (heartbeat.interval.ms) and join anew. Only a crash has to wait for session.timeout.ms.",
            "LeaveGroup 會立刻告訴 coordinator，其他成員在下一次 heartbeat（heartbeat.interval.ms）得知要 rebalance，重新加入。只有當掉才需要等 session.timeout.ms。",
        ],
    },
    closing: [
        "As many members as partitions is the most a group can use. More partitions let it grow; fewer members only means fuller plates.",
        "成員數等於 partition 數，就是一個 group 用得上的極限。想再擴充就增加 partition；人少一點，只是每個人吃得比較多。",
    ],
};

//! min.insync.replicas: how few replicas are too few.

use super::checks::{self, TOPIC};
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;

const SETTING: &str = "min.insync.replicas";

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["How few are too few?", "少到幾份就不行了？"],
    scenario_name: ["min.insync.replicas", "min.insync.replicas"],
    intro: &[
        [
            "acks=all means all replicas of the ISR. But the ISR may shrink to the leader alone, and then “all” is one.",
            "acks=all 的「全部」是指 ISR 的全部。但 ISR 可能縮到只剩 leader，這時「全部」就只有一份。",
        ],
        [
            "min.insync.replicas puts a floor under it: with fewer replicas in sync, a write with acks=all is refused. Better no answer than an empty promise.",
            "min.insync.replicas 就是底線：同步的副本比它少，acks=all 的寫入就會被拒絕。寧可不收，也不要空口答應。",
        ],
    ],
    scenario: scenarios::seven,
    steps: &[
        Step {
            title: ["Three of three", "三份都在"],
            text: [
                "Replication factor 3, min.insync.replicas 2, acks=all: the usual setting for data that matters.",
                "Replication factor 3、min.insync.replicas 2、acks=all：重要資料的標準配備。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| replicas::isr(s).len() == 3 && checks::acked(s) >= 3,
        },
        Step {
            title: ["Lose a follower", "少一個 follower"],
            text: [
                "The leader waits for it until the controller has taken it out of the ISR; then two of three are enough.",
                "Leader 會等到 controller 把它移出 ISR；之後三份有兩份就夠了。",
            ],
            button: Some(["Kill a follower", "強制結束一個 follower"]),
            actions: |s| {
                vec![Action::KillBroker {
                    broker: replicas::spare(s),
                }]
            },
            check: |s, marks| replicas::isr(s).len() == 2 && checks::acked(s) >= marks.acked + 4,
        },
        Step {
            title: ["Raise the floor", "把底線拉高"],
            text: [
                "Set min.insync.replicas to 3, as many as there are replicas. Two are in sync. Watch the producer's last error.",
                "把 min.insync.replicas 設成 3，跟副本數一樣。現在同步的只有兩份。看看 producer 最近的錯誤。",
            ],
            button: Some([
                "Set min.insync.replicas to 3",
                "把 min.insync.replicas 設成 3",
            ]),
            actions: |_| vec![set("3")],
            check: |s, _| {
                let refused = |error: &String| error.starts_with("NOT_ENOUGH_REPLICAS");
                let last = s.producers.iter().find_map(|p| p.last_error.as_ref());
                replicas::isr(s).len() == 2 && last.is_some_and(refused)
            },
        },
        Step {
            title: ["Bring the follower back", "讓 follower 回來"],
            text: [
                "It catches up, the ISR is three again, and the producer's retries go through. Nothing had to be sent anew by hand.",
                "它追上之後 ISR 又是三份，producer 的重試就成功了，不用手動補送。",
            ],
            button: Some(["Start the broker", "啟動 broker"]),
            actions: replicas::start_again,
            check: |s, marks| replicas::isr(s).len() == 3 && checks::acked(s) >= marks.acked + 3,
        },
        Step {
            title: ["Back to two", "改回 2"],
            text: [
                "With the floor as high as the replication factor, any single broker that is away stops all writes. One less leaves room for one.",
                "底線跟 replication factor 一樣高，任何一台不在就全部停擺。少一，才有餘裕壞一台。",
            ],
            button: Some([
                "Set min.insync.replicas to 2",
                "把 min.insync.replicas 設成 2",
            ]),
            actions: |_| vec![set("2")],
            check: |s, marks| checks::acked(s) >= marks.acked + 2,
        },
    ],
    question: Question {
        before: 2,
        ask: [
            "Two of three replicas are in sync and min.insync.replicas becomes 3. What happens to the next record with acks=all?",
            "三份副本有兩份同步，min.insync.replicas 改成 3。下一筆 acks=all 的 record 會怎樣？",
        ],
        options: &[
            [
                "It is written and acknowledged late",
                "照樣寫入，只是比較晚 ack",
            ],
            [
                "The leader refuses it, the producer tries again",
                "Leader 拒絕，producer 再試",
            ],
            [
                "The partition loses its leader",
                "這個 partition 失去 leader",
            ],
        ],
        right: 1,
        because: [
            "The leader answers NOT_ENOUGH_REPLICAS before it writes anything. The error can be retried, so the producer tries again until delivery.timeout.ms. Reading goes on all the while, and acks=1 would still be taken.",
            "Leader 什麼都還沒寫就回 NOT_ENOUGH_REPLICAS。這種錯誤可以重試，所以 producer 會一直試到 delivery.timeout.ms。讀取不受影響，acks=1 的寫入也照收。",
        ],
    },
    closing: [
        "Replication factor 3 with min.insync.replicas 2: one broker may be away and all goes on. With two away, writes with acks=all stop rather than promise what a single disk holds.",
        "Replication factor 3 配 min.insync.replicas 2：少一台照常運作；少兩台，acks=all 的寫入寧可停下，也不拿單獨一顆磁碟來答應你。",
    ],
};

fn set(value: &str) -> Action {
    Action::AlterTopicConfig {
        topic: TOPIC.to_owned(),
        key: SETTING.to_owned(),
        value: Some(value.to_owned()),
    }
}

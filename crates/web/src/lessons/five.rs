//! The leader dies and a follower takes over.

use super::checks;
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["The leader dies", "Leader 倒下了"],
    scenario_name: ["Three replicas, one leader", "三份副本，一個 leader"],
    intro: &[
        [
            "One store can burn down. So Kafka puts the same shelf in several stores: one replica leads and takes all the records, the others follow and copy. The dashed lines are followers fetching, with the very same Fetch request that a consumer sends.",
            "一間店可能失火，所以 Kafka 把同一個貨架放進好幾間店：一份副本當 leader，收下所有 record，其他的當 follower 跟著複製。虛線就是 follower 在抓資料，用的跟 consumer 是同一種 Fetch request。",
        ],
        [
            "Replicas that keep up are the ISR, the in-sync replicas. Only one of them may become leader, because only they are sure to have all that was promised.",
            "跟得上的副本叫 ISR（in-sync replicas）。只有它們能接任 leader，因為只有它們確定擁有所有答應過的資料。",
        ],
    ],
    scenario: scenarios::five,
    steps: &[
        Step {
            title: ["See three copies grow", "看三份副本一起長"],
            text: [
                "orders sends with acks=all: the leader answers when every replica of the ISR has the record.",
                "orders 用 acks=all 送：ISR 的每份副本都有了，leader 才回覆。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| replicas::isr(s).len() == 3 && checks::acked(s) >= 3,
        },
        Step {
            title: ["Kill the leader", "強制結束 leader"],
            text: [
                "The broker's process is gone without a goodbye. The controller notices when no heartbeat has come for broker.session.timeout.ms (9 s), takes it out of the ISR and makes another replica of the ISR the leader, with a new epoch.",
                "Broker 的行程無預警消失。超過 broker.session.timeout.ms（9 秒）沒有 heartbeat，controller 才會發現，把它移出 ISR，再讓 ISR 裡的另一份副本當 leader，epoch 加一。",
            ],
            button: Some(["Kill the leader's broker", "強制結束 leader 所在的 broker"]),
            actions: |s| {
                vec![Action::KillBroker {
                    broker: replicas::leader(s),
                }]
            },
            check: |s, marks| {
                let leader = replicas::leader(s);
                leader > 0
                    && leader != marks.leader
                    && replicas::epoch(s) > marks.epoch
                    && !replicas::isr(s).contains(&marks.leader)
                    && checks::acked(s) >= marks.acked + 3
                    && checks::consumed(s, "consumer-1") > marks.consumed("consumer-1") + 2
            },
        },
        Step {
            title: ["Start it again", "把它再開起來"],
            text: [
                "It comes back as a follower, asks the leader where their logs part, cuts off what the leader does not have, and copies the rest. Then it is back in the ISR.",
                "它回來之後只是 follower：先問 leader 兩邊的 log 從哪裡開始不同，截掉 leader 沒有的，再把缺的補上，才能回到 ISR。",
            ],
            button: Some(["Start the broker", "啟動 broker"]),
            actions: replicas::start_again,
            // Who leads says nothing: after 5 minutes leadership goes back by itself.
            check: |s, _| replicas::isr(s).len() == 3,
        },
        Step {
            title: ["Give the leadership back", "把 leader 還給它"],
            text: [
                "The first replica of the list is the preferred leader. Kafka gives leadership back by itself every 5 minutes (auto.leader.rebalance.enable); an operator can ask for it at once. Nobody loses anything: the follower is in sync.",
                "副本清單的第一台是 preferred leader。Kafka 每 5 分鐘會自動把 leader 還回去（auto.leader.rebalance.enable），管理者也可以馬上要求。誰都不會掉資料，因為它已經同步了。",
            ],
            button: Some(["Elect the preferred leader", "選回 preferred leader"]),
            actions: |_| vec![replicas::elect_preferred()],
            check: |s, marks| {
                replicas::leader(s) == replicas::preferred(s) && checks::acked(s) >= marks.acked + 2
            },
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "The leader is killed in the midst of it all. What does the producer with acks=all live through?",
            "Leader 在途中被強制結束。用 acks=all 的 producer 會遇到什麼？",
        ],
        options: &[
            [
                "Some acknowledged records are lost",
                "有些已經 ack 的 record 遺失",
            ],
            [
                "A pause of about 10 s, then all goes on",
                "停頓大約 10 秒，之後照常",
            ],
            [
                "Errors until the broker is back",
                "一直出錯，直到那台 broker 回來",
            ],
        ],
        right: 1,
        because: [
            "What was acknowledged is on every replica of the ISR, so whoever leads next has it. The pause is the controller waiting for a heartbeat (broker.session.timeout.ms); the producer retries meanwhile, within delivery.timeout.ms.",
            "已經 ack 的 record，ISR 每份副本都有，誰接任都不會少。停頓是因為 controller 在等 heartbeat（broker.session.timeout.ms）；這段時間 producer 會在 delivery.timeout.ms 之內一直重試。",
        ],
    },
    closing: [
        "A controlled stop would have been quicker: a broker that is asked to stop hands its leaderships over first, and nobody waits for a timeout.",
        "如果是好好關機會更快：broker 被要求停機時會先把 leader 交出去，不用等逾時。",
    ],
};

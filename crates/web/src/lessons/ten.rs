//! The controller dies: KRaft in the place where ZooKeeper was.

use super::checks;
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::BrokerState;

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: [
        "Who decides when the one who decides is gone?",
        "做決定的那台倒了，誰來決定？",
    ],
    scenario_name: ["Controller fail-over", "Controller 容錯移轉"],
    intro: &[
        [
            "Who leads which partition, which topics there are, who is alive: that is metadata, and one broker, the controller (★), decides about it. ZooKeeper used to choose it and to keep its notes.",
            "哪個 partition 由誰當 leader、有哪些 topic、誰還活著，這些都是 metadata，由其中一台 broker 也就是 controller（★）決定。以前是 ZooKeeper 負責選它、替它記錄。",
        ],
        [
            "With KRaft Kafka does it by itself: ready for production since 3.3, and since 4.0 there is nothing else. The notes are a log, __cluster_metadata, and the three here vote for the one who may write it. A majority is enough, and a majority is needed.",
            "有了 KRaft，Kafka 自己就能做：3.3 起可用於正式環境，4.0 起只剩這一種。記錄寫成一個叫 __cluster_metadata 的 log，這裡的三台投票決定由誰寫。過半數就夠，也非過半數不可。",
        ],
    ],
    scenario: scenarios::ten,
    steps: &[
        Step {
            title: ["Find the star", "找到星星"],
            text: [
                "One of the three has been elected controller. It is a broker like the others besides. orders sends with acks=1: it needs the partition's leader and nobody else.",
                "三台之中選出了一台 controller，它同時也是一般的 broker。orders 用 acks=1 送，只需要 partition 的 leader，不用等別人。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| {
                replicas::controller(s) > 0 && replicas::isr(s).len() == 3 && checks::acked(s) >= 3
            },
        },
        Step {
            title: ["Kill the controller", "強制結束 controller"],
            text: [
                "The other two miss its answers after controller.quorum.fetch.timeout.ms (2 s). One asks for votes with a higher epoch, and two of three are a majority.",
                "另外兩台過了 controller.quorum.fetch.timeout.ms（2 秒）沒得到回應，其中一台就用更高的 epoch 徵求選票；三票有兩票就過半。",
            ],
            button: Some(["Kill the controller", "強制結束 controller"]),
            actions: |s| {
                vec![Action::KillBroker {
                    broker: replicas::controller(s),
                }]
            },
            check: |s, marks| {
                let controller = replicas::controller(s);
                controller > 0
                    && controller != marks.controller
                    && replicas::broker_state(s, marks.controller) == Some(BrokerState::Down)
                    && checks::acked(s) >= marks.acked + 3
                    && replicas::isr(s).len() == 2
            },
        },
        Step {
            title: ["Let it decide something", "讓新的做個決定"],
            text: [
                "Create a topic. The new controller writes it into the same log, right after what the old one wrote.",
                "建立一個 topic。新的 controller 把它寫進同一個 log，就接在前一任寫的後面。",
            ],
            button: Some(["Create topic “after”", "建立 topic「after」"]),
            actions: |_| vec![Action::CreateTopic(scenarios::small_topic("after", 2))],
            check: |s, _| replicas::has_leader(s, "after"),
        },
        Step {
            title: ["The old one comes back", "前一任回來了"],
            text: [
                "It reads of the newer epoch, fetches what it missed, and follows. Nothing is decided twice.",
                "它發現已經有更新的 epoch，把漏掉的補上，然後跟著走。沒有任何事被決定兩次。",
            ],
            button: Some(["Start the broker", "啟動 broker"]),
            actions: replicas::start_again,
            check: |s, marks| {
                replicas::isr(s).len() == 3
                    && replicas::first_in(s, BrokerState::Down).is_none()
                    && replicas::controller(s) == marks.controller
            },
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "The controller is killed. Until the next is elected, what stands still?",
            "Controller 被強制結束。選出下一任之前，什麼會停下來？",
        ],
        options: &[
            ["Everything: no record moves", "全部，record 都不動"],
            [
                "Decisions only; leaders that live go on taking records",
                "只有決策；活著的 leader 照常收 record",
            ],
            [
                "Nothing: followers decide for themselves",
                "什麼都不停，follower 自己決定",
            ],
        ],
        right: 1,
        because: [
            "Produce and fetch go straight to a partition's leader, and it needs no controller for them. Elections, ISR changes and new topics wait for the next one, about 3 s here. With acks=all the pause would be longer: the dead broker is a follower too, and the leader waits for it until the new controller takes it out of the ISR, broker.session.timeout.ms (9 s) later.",
            "Produce 和 fetch 直接找 partition 的 leader，不用經過 controller。要等的是選舉、ISR 變更、建立 topic，這裡大約 3 秒。換成 acks=all 會停更久：倒下的那台也是 follower，leader 得等新的 controller 過了 broker.session.timeout.ms（9 秒）把它移出 ISR。",
        ],
    },
    closing: [
        "A log, followers that fetch, an epoch for each leader, a majority instead of an ISR: the cluster keeps its own metadata with the same tools as your records.",
        "一個 log、會 fetch 的 follower、每任 leader 一個 epoch，只是 ISR 換成過半數：cluster 管理自己的 metadata，用的就是管理 record 的那套工具。",
    ],
};

//! An unclean election brings the partition back and loses records.

use super::checks::{self, TOPIC};
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::BrokerState;

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["Back, but not whole", "救回來了，但少了一截"],
    scenario_name: ["Unclean leader election", "Unclean leader election"],
    intro: &[
        [
            "Sometimes the only replica that has everything is gone, and one that lags behind is alive. Kafka can wait for the first, or go on with the second.",
            "有時候，資料最齊全的那份副本不在了，活著的那份卻落後。Kafka 可以等前者回來，也可以先用後者頂著。",
        ],
        [
            "unclean.leader.election.enable decides, and it is false: Kafka waits. Two replicas here, so that you can see the choice.",
            "由 unclean.leader.election.enable 決定，預設 false：寧可等。這裡只放兩份副本，好讓你看到這個取捨。",
        ],
    ],
    scenario: scenarios::eight,
    steps: &[
        Step {
            title: ["Leader and follower", "Leader 和 follower"],
            text: [
                "Replication factor 2; the third broker has no replica. min.insync.replicas is 1, Kafka's default.",
                "Replication factor 2，第三台 broker 沒有副本。min.insync.replicas 是 Kafka 的預設值 1。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| replicas::isr(s).len() == 2 && checks::acked(s) >= 3,
        },
        Step {
            title: ["The follower goes away", "Follower 離開了"],
            text: [
                "Without a heartbeat for broker.session.timeout.ms (9 s) the follower is out of the ISR, and from then on the leader acknowledges alone.",
                "超過 broker.session.timeout.ms（9 秒）沒有 heartbeat，follower 就離開 ISR，之後由 leader 獨自 ack。",
            ],
            button: Some(["Kill the follower", "強制結束 follower"]),
            actions: |s| {
                vec![Action::KillBroker {
                    broker: replicas::spare(s),
                }]
            },
            check: |s, marks| {
                let leader = replicas::leader(s);
                leader == marks.leader
                    && replicas::isr(s) == [leader]
                    && checks::acked(s) >= marks.acked + 4
            },
        },
        Step {
            title: ["They change places", "兩台交換"],
            text: [
                "The leader dies just as the follower comes back. The partition has no leader now: the last replica of the ISR is gone, and the living one is not in it. Nothing can be written or read.",
                "Leader 倒下的同時 follower 回來了。Partition 現在沒有 leader：ISR 最後一份副本不在，活著的又不在 ISR 裡。讀寫都停。",
            ],
            button: Some([
                "Kill the leader, start the follower",
                "強制結束 leader、啟動 follower",
            ]),
            actions: |s| {
                let kill = Action::KillBroker {
                    broker: replicas::leader(s),
                };
                let start = replicas::start_again(s);
                [kill].into_iter().chain(start).collect()
            },
            check: |s, _| {
                let alive = replicas::replicas(s)
                    .iter()
                    .any(|id| replicas::broker_state(s, *id) == Some(BrokerState::Up));
                replicas::leader(s) < 0 && alive
            },
        },
        Step {
            title: ["Let the lagging one lead", "讓落後的那份當 leader"],
            text: [
                "An operator may order an unclean election; unclean.leader.election.enable=true would do it unasked.",
                "管理者可以下令做 unclean election；如果 unclean.leader.election.enable=true，它會自己發生。",
            ],
            button: Some(["Elect a leader uncleanly", "進行 unclean election"]),
            actions: |_| {
                vec![Action::ElectLeaders {
                    topic: TOPIC.to_owned(),
                    partition: 0,
                    unclean: true,
                }]
            },
            check: |s, _| {
                replicas::leader(s) > 0 && replicas::isr(s).len() == 1 && replicas::lost(s) >= 3
            },
        },
        Step {
            title: ["The old leader comes back", "舊 leader 回來了"],
            text: [
                "It has the lost records on its disk. See what it does with them.",
                "那些遺失的 record 它的磁碟上都有。看看它怎麼處理。",
            ],
            button: Some(["Start the broker", "啟動 broker"]),
            actions: replicas::start_again,
            // Whoever leads by then: leadership goes back to the old one by itself.
            check: |s, _| replicas::isr(s).len() == 2 && replicas::lost(s) >= 3,
        },
    ],
    question: Question {
        before: 3,
        ask: [
            "Several acknowledged records are on the dead broker only. The lagging replica becomes leader. Are they back when the old leader is?",
            "有幾筆已經 ack 的 record 只在倒掉的 broker 上。現在由落後的副本當 leader，等舊 leader 回來，那些 record 會回來嗎？",
        ],
        options: &[
            ["Yes, they are still on its disk", "會，還在它的磁碟上"],
            [
                "No, it cuts them off to follow the new leader",
                "不會，它得截掉它們來跟隨新 leader",
            ],
            [
                "Yes, if they were sent with acks=all",
                "會，只要當初是 acks=all",
            ],
        ],
        right: 1,
        because: [
            "The new leader's log is the truth now, and it has other records at those offsets. The old one truncates to match. acks=all did not help: the ISR was one replica, and min.insync.replicas of 1 allowed that.",
            "現在以新 leader 的 log 為準，同樣的 offset 上已經是別的 record，舊 leader 只能截到一致。acks=all 也沒用：ISR 只剩一份，而 min.insync.replicas 是 1，容許這種情況。",
        ],
    },
    closing: [
        "Availability or data: with unclean.leader.election.enable=false a partition waits for its data. With min.insync.replicas of 2 nothing sent with acks=all is acknowledged while only one replica is in sync, so nothing that was promised lies on one disk alone.",
        "要可用還是要資料？unclean.leader.election.enable=false 會等資料回來。min.insync.replicas 設 2，只剩一份同步時 acks=all 的寫入就不會 ack，答應過的資料不會只躺在一顆磁碟上。",
    ],
};

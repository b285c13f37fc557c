//! A minority is cut off: what goes on, what stops.

use super::checks;
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::ReplicaRole;

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["One against two", "一台對兩台"],
    scenario_name: ["Minority partition", "網路分裂：少數派"],
    intro: &[
        [
            "A cut network is worse than a dead broker: the one that is cut off is well and believes itself in office, while the others have elected somebody else.",
            "網路斷掉比 broker 倒掉更麻煩：被隔開的那台好好的，還以為自己在位，另一邊卻已經選了別人。",
        ],
        [
            "Two things keep the two sides from both being right: a controller needs a majority, and without the controller no leader can shrink its ISR. So acks=all goes on waiting for the replicas that are out of reach.",
            "有兩件事讓兩邊不會同時「都對」：controller 需要過半數，而沒有 controller 點頭，leader 不能縮小自己的 ISR。所以 acks=all 會一直等那些連不到的副本。",
        ],
    ],
    scenario: scenarios::eleven,
    steps: &[
        Step {
            title: ["Three together", "三台在一起"],
            text: [
                "orders sends with acks=all; min.insync.replicas is 2.",
                "orders 用 acks=all 送，min.insync.replicas 是 2。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| {
                replicas::controller(s) > 0 && replicas::isr(s).len() == 3 && checks::acked(s) >= 3
            },
        },
        Step {
            title: ["Cut the leader off", "把 leader 隔開"],
            text: [
                "It loses both other brokers; clients still reach all three. Watch who is in office on either side, and what the old leader can still promise.",
                "它和另外兩台斷線，client 則三台都連得到。看看兩邊各是誰在位，舊 leader 又還能答應什麼。",
            ],
            button: Some([
                "Cut the leader off from the brokers",
                "切斷 leader 和其他 broker",
            ]),
            actions: |s| vec![replicas::cut_off(s, replicas::leader(s))],
            check: |s, marks| {
                let leader = replicas::leader(s);
                let old = replicas::replica(s, marks.leader);
                leader > 0
                    && leader != marks.leader
                    && replicas::controller_besides(s, marks.leader) > 0
                    && replicas::isr(s).len() == 2
                    && old.is_some_and(|log| log.role == ReplicaRole::Leader)
                    && old.is_some_and(|log| log.log_end > log.high_watermark)
            },
        },
        Step {
            title: ["The majority decides", "多數派照常決策"],
            text: [
                "Two of three can create a topic. The one that is cut off hears nothing of it.",
                "三台有兩台就能建立 topic。被隔開的那台完全不知道。",
            ],
            button: Some(["Create topic “majority”", "建立 topic「majority」"]),
            actions: |_| vec![Action::CreateTopic(scenarios::small_topic("majority", 2))],
            check: |s, _| replicas::has_leader(s, "majority"),
        },
        Step {
            title: ["Together again", "重新連上"],
            text: [
                "The old leader learns of the newer epoch, cuts off what it could not commit, and follows. The producer sends again what was never acknowledged.",
                "舊 leader 得知更新的 epoch，截掉沒能 commit 的部分，改當 follower。沒有 ack 過的，producer 會重送。",
            ],
            button: Some(["Heal the network", "修復網路"]),
            actions: |_| vec![Action::Heal],
            check: |s, marks| {
                replicas::isr(s).len() == 3
                    && checks::acked(s) >= marks.acked + 3
                    && replicas::lost(s) <= 0
            },
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "The leader is cut off from the other two brokers, but not from the producer (acks=all, min.insync.replicas 2). Which side goes on?",
            "Leader 和另外兩台斷線，但跟 producer 還連著（acks=all，min.insync.replicas 2）。哪一邊能繼續？",
        ],
        options: &[
            [
                "The leader's side: it has the producer",
                "Leader 這邊，因為 producer 在這裡",
            ],
            [
                "The two: they elect a controller and a leader",
                "兩台那邊：能選出 controller 和 leader",
            ],
            [
                "Both, and the logs are merged later",
                "兩邊都能，之後再合併 log",
            ],
        ],
        right: 1,
        because: [
            "Two of three are a majority: they have a controller, and it gives the partition another leader. The old leader goes on appending but can acknowledge nothing, because its followers are out of reach; so nothing that was promised is lost.",
            "三台有兩台就是過半數：它們有 controller，能替 partition 換 leader。舊 leader 還是會寫進自己的 log，但連不到 follower，什麼都不能 ack；所以答應過的都不會掉。",
        ],
    },
    closing: [
        "With two of three gone it would be the other way round: nothing about metadata changes any more, while a leader that lives still takes what its ISR allows.",
        "要是三台少了兩台就反過來：metadata 完全不能動，活著的 leader 則還能收下 ISR 容許的部分。",
    ],
};

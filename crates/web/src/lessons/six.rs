//! acks=1 against acks=all: the same accident twice.

use super::checks;
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::snapshot::ReplicaRole;
use crate::scenario::spec::{Acks, ProducerSpec};
use crate::scenario::{Action, Snapshot};

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["What “acknowledged” is worth", "「收到了」值多少"],
    scenario_name: ["acks=1 against acks=all", "acks=1 對上 acks=all"],
    intro: &[
        [
            "With acks=1 the leader says “got it” as soon as the record is in its own log. With acks=all it waits until every replica of the ISR has it.",
            "acks=1：leader 自己的 log 寫好就回「收到了」。acks=all：ISR 的每份副本都有了才回。",
        ],
        [
            "On a good day the difference is a few milliseconds. This is about a bad day: the leader loses its line to the other brokers, but not to the producer.",
            "平常兩者只差幾毫秒。這一課看的是出事那天：leader 和其他 broker 斷線，跟 producer 卻還連得上。",
        ],
    ],
    scenario: scenarios::six,
    steps: &[
        Step {
            title: ["Everything is well", "一切正常"],
            text: [
                "orders sends with acks=1. The followers copy a moment later.",
                "orders 用 acks=1 送，follower 晚一點點就會複製到。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| replicas::isr(s).len() == 3 && checks::acked(s) >= 4,
        },
        Step {
            title: ["Cut the leader off", "切斷 leader 的連線"],
            text: [
                "The leader reaches neither the followers nor the controller, so it never hears that another one was elected. It goes on saying “got it” to the producer, for records that nobody else has.",
                "Leader 連不到 follower 也連不到 controller，所以不知道別人已經當選。它還是一直跟 producer 說「收到了」，但那些 record 只有它有。",
            ],
            button: Some([
                "Cut the leader off from the brokers",
                "切斷 leader 和其他 broker",
            ]),
            actions: |s| vec![replicas::cut_off(s, replicas::leader(s))],
            check: |s, marks| deposed_unaware(s, marks.leader, 3) && checks::acked(s) > marks.acked,
        },
        Step {
            title: ["Reconnect it", "把線接回去"],
            text: [
                "The old leader learns of the newer epoch and becomes a follower. Watch its shelf and the timeline.",
                "舊 leader 得知有更新的 epoch，變成 follower。注意它的貨架和時間軸。",
            ],
            button: Some(["Heal the network", "修復網路"]),
            actions: |_| vec![Action::Heal],
            check: |s, _| replicas::isr(s).len() == 3 && replicas::lost(s) >= 3,
        },
        Step {
            title: ["Now with acks=all", "換成 acks=all"],
            text: [
                "The same producer with the safe setting (Kafka's default since 3.0), and the old leader gets its place back.",
                "同一個 producer 改用安全的設定（Kafka 3.0 起的預設值），也把 leader 還給原來那台。",
            ],
            button: Some(["Change to acks=all", "改成 acks=all"]),
            actions: |s| {
                let orders = s.producers.first();
                let change = orders.map(|orders| {
                    Action::ChangeProducer(ProducerSpec {
                        acks: Acks::All,
                        ..orders.spec.clone()
                    })
                });
                change
                    .into_iter()
                    .chain([replicas::elect_preferred()])
                    .collect()
            },
            check: |s, _| {
                let all = s.producers.iter().all(|p| p.spec.acks == Acks::All);
                all && replicas::leader(s) == replicas::preferred(s)
                    && replicas::isr(s).len() == 3
                    && checks::acked(s) >= 2
            },
        },
        Step {
            title: ["The same accident", "同樣的事故"],
            text: [
                "The cut-off leader still takes records into its log, but it does not acknowledge them: the ISR that it knows of cannot be reached. The producer waits.",
                "被切斷的 leader 還是會把 record 寫進自己的 log，但不會 ack，因為它所知道的 ISR 連不到。Producer 只能等。",
            ],
            button: Some(["Cut the leader off again", "再切斷一次 leader"]),
            actions: |s| vec![replicas::cut_off(s, replicas::leader(s))],
            check: |s, marks| deposed_unaware(s, marks.leader, 1),
        },
        Step {
            title: ["And the end of it", "結局"],
            text: [
                "The old leader cuts off its tail as before. But nobody was promised anything about it: the producer sends those records again, to the new leader.",
                "舊 leader 一樣把尾巴截掉，但那些 record 從來沒有答應過誰：producer 會重新送給新的 leader。",
            ],
            button: Some(["Heal the network", "修復網路"]),
            actions: |_| vec![Action::Heal],
            check: |s, marks| {
                replicas::isr(s).len() == 3
                    && checks::acked(s) >= marks.acked + 3
                    && replicas::lost(s) <= marks.lost
            },
        },
    ],
    question: Question {
        before: 2,
        ask: [
            "With acks=1 the cut-off leader has acknowledged records that no other replica has. The network heals. What becomes of them?",
            "acks=1 之下，被切斷的 leader 已經 ack 了一些別的副本沒有的 record。網路恢復後，這些 record 會怎樣？",
        ],
        options: &[
            ["They are copied to the new leader", "會複製給新的 leader"],
            ["They are cut off and gone", "會被截掉，就此消失"],
            ["Both logs are merged by time", "兩邊的 log 依時間合併"],
        ],
        right: 1,
        because: [
            "There is one truth for each partition: the log of the present leader. A follower whose log goes another way truncates to where both agree. Acknowledged or not does not matter; committed does, and those records never were.",
            "每個 partition 只有一個標準：現任 leader 的 log。Follower 的 log 如果走岔了，就截到雙方一致的地方。有沒有 ack 不重要，有沒有 commit 才重要，而那些 record 從來沒有 commit。",
        ],
    },
    closing: [
        "acks=all together with min.insync.replicas of 2 or more is the pair that makes “acknowledged” mean “will survive one broker”.",
        "acks=all 加上 min.insync.replicas 至少 2，「收到了」才代表「壞掉一台也不會掉」。",
    ],
};

/// Whether another one leads, and the old leader, not knowing it, took so many records that it
/// cannot commit. It stays like this for as long as the line is cut, however late somebody looks;
/// the new leader's end and what the producer waits for do not.
fn deposed_unaware(s: &Snapshot, old: i32, records: i64) -> bool {
    let leader = replicas::leader(s);
    let stuck = replicas::replica(s, old).is_some_and(|log| {
        log.role == ReplicaRole::Leader && log.log_end >= log.high_watermark + records
    });
    leader > 0 && leader != old && stuck
}

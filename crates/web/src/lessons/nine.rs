//! The high watermark: why a consumer cannot read what the leader has.

use super::checks;
use super::{Lesson, Part, Question, Step, nothing, replicas, scenarios};
use crate::scenario::Action;

const WHO: &str = "consumer-1";

pub const LESSON: Lesson = Lesson {
    part: Part::Replication,
    title: ["So near, yet not readable", "看得到，讀不到"],
    scenario_name: ["The high watermark", "High watermark"],
    intro: &[
        [
            "The black line on each shelf is the high watermark: up to it every replica of the ISR has the records. Consumers read up to the line and not one record further.",
            "每個貨架上的黑線是 high watermark：在它之前的 record，ISR 每份副本都有。Consumer 只能讀到線為止，一筆也不能超過。",
        ],
        [
            "Records right of the line are faded. They are in the leader's log, but they could still vanish if the leader died; nobody shall have acted on what never was.",
            "線右邊的 record 比較淡：已經在 leader 的 log 裡，但 leader 一倒就可能消失。不能讓人讀了之後，它又變成沒發生過。",
        ],
    ],
    scenario: scenarios::nine,
    steps: &[
        Step {
            title: ["The line follows close behind", "線緊緊跟在後面"],
            text: [
                "A follower's next fetch tells the leader how far it has come; only then does the line move. orders uses acks=1 and does not wait for it.",
                "Follower 下一次 fetch 時，leader 才知道它複製到哪裡，線才會往前。orders 用 acks=1，不等它。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| {
                replicas::isr(s).len() == 3
                    && checks::high_watermark(s) >= 4
                    && checks::consumed(s, WHO) >= 3
            },
        },
        Step {
            title: ["Kill a follower", "強制結束一個 follower"],
            text: [
                "The leader lives and takes every record. Watch the line, and what consumer-1 gets.",
                "Leader 活得好好的，每一筆都收。看看線，再看 consumer-1 讀到什麼。",
            ],
            button: Some(["Kill a follower", "強制結束一個 follower"]),
            actions: |s| {
                vec![Action::KillBroker {
                    broker: replicas::spare(s),
                }]
            },
            check: |s, _| {
                let line = checks::high_watermark(s);
                let waits = checks::log_end(s) >= line + 5 && checks::position(s, WHO) <= line;
                // At 100× it may be over between two looks.
                waits || replicas::isr(s).len() == 2
            },
        },
        Step {
            title: ["The line jumps", "線跳了一大步"],
            text: [
                "After broker.session.timeout.ms (9 s) the controller takes the dead broker out of the ISR. Every replica that is left has the records, so the line moves at once, and consumer-1 gets them all.",
                "過了 broker.session.timeout.ms（9 秒），controller 把死掉的 broker 移出 ISR。剩下的副本都有那些 record，線立刻往前，consumer-1 一次全拿到。",
            ],
            button: None,
            actions: nothing,
            check: |s, marks| {
                replicas::isr(s).len() == 2
                    && checks::high_watermark(s) >= marks.log_end
                    && checks::position(s, WHO) >= marks.log_end
            },
        },
        Step {
            title: ["The follower returns", "Follower 回來"],
            text: [
                "It is not in the ISR until its log reaches the high watermark (and where the leader's epoch began); so its return does not pull the line back.",
                "它的 log 要追到 high watermark（也要過了這任 leader 開始的地方）才算 ISR，所以回來的時候不會把線往回拉。",
            ],
            button: Some(["Start the broker", "啟動 broker"]),
            actions: replicas::start_again,
            check: |s, marks| {
                replicas::isr(s).len() == 3 && checks::high_watermark(s) > marks.high_watermark
            },
        },
    ],
    question: Question {
        before: 1,
        ask: [
            "One of three replicas is killed. The leader goes on writing records. What does a consumer see in the first seconds?",
            "三份副本死了一份，leader 照樣寫入。頭幾秒 consumer 會看到什麼？",
        ],
        options: &[
            ["All of them: the leader has them", "全部，因為 leader 有"],
            [
                "Nothing new, until the ISR is smaller",
                "看不到新的，要等 ISR 變小",
            ],
            [
                "Those that two of three replicas have",
                "三份裡有兩份的那些",
            ],
        ],
        right: 1,
        because: [
            "Kafka does not count a majority. The high watermark is the lowest log end within the ISR, and the dead follower is in it until the controller takes it out. Then the line jumps.",
            "Kafka 不是算過半數。High watermark 是 ISR 裡最短的 log end；死掉的 follower 在被 controller 移出之前都還算數，移出之後線才跳上去。",
        ],
    },
    closing: [
        "So a slow follower makes consumers wait, not lose. replica.lag.time.max.ms says how long it may.",
        "所以 follower 慢，consumer 只會等，不會漏。最多能拖多久，由 replica.lag.time.max.ms 決定。",
    ],
};

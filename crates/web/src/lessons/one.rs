//! One producer, one consumer: the store between a courier and a customer.

use super::checks::{self, GROUP};
use super::{Lesson, Part, Question, Step, nothing, scenarios};
use crate::scenario::Action;
use crate::scenario::snapshot::ConsumerState;

const WHO: &str = "consumer-1";
const GREETING: &str = "hello from me";
/// Records after which the greeting must have been read.
const LATER: i64 = 10;

fn name() -> String {
    WHO.to_owned()
}

pub const LESSON: Lesson = Lesson {
    part: Part::Groups,
    title: ["A courier, a store, a customer", "司機、超商、取貨的人"],
    scenario_name: ["One producer, one consumer", "一個 producer，一個 consumer"],
    intro: &[
        [
            "A courier who has to ring at every door waits a lot. A courier who leaves parcels at a convenience store drives on at once, and you collect when it suits you.",
            "每一戶都要按門鈴的司機，時間都花在等人。把包裹放在超商的司機馬上就能跑下一單，收件人有空再去拿。",
        ],
        [
            "Kafka is that store. The van on the left is a producer, the store is a broker, the shelf is a partition, and the customer on the right is a consumer. Squares are records; their colour is their key.",
            "Kafka 就是那間超商：左邊的貨車是 producer，店面是 broker，貨架是 partition，右邊取貨的是 consumer。小方塊是 record，顏色代表 key。",
        ],
    ],
    scenario: scenarios::one,
    steps: &[
        Step {
            title: ["Watch records arrive", "看 record 上架、取走"],
            text: [
                "orders puts a record on the shelf every 2 s. consumer-1 reads each one and commits how far it has come.",
                "orders 每 2 秒放一筆 record 上架，consumer-1 一筆一筆讀，並 commit 自己讀到哪裡。",
            ],
            button: None,
            actions: nothing,
            check: |s, _| {
                checks::acked(s) >= 2 && checks::consumer(s, WHO).is_some_and(|c| c.consumed >= 2)
            },
        },
        Step {
            title: ["Send the customer away", "讓取貨的人離開"],
            text: [
                "Stop consumer-1 and let three more records come. Does the van wait?",
                "停下 consumer-1，再等三筆 record 進來。貨車有停下來等嗎？",
            ],
            button: Some(["Stop consumer-1", "停止 consumer-1"]),
            actions: |_| vec![Action::StopConsumer { name: name() }],
            check: |s, marks| {
                checks::state(s, WHO) == Some(ConsumerState::Stopped)
                    && checks::log_end(s) >= marks.log_end + 3
                    && checks::lag(s, GROUP) >= 3
            },
        },
        Step {
            title: ["Bring the customer back", "讓取貨的人回來"],
            text: [
                "Start consumer-1 again. Nothing was lost: the store kept it all, and the group's committed offset says where to go on.",
                "再啟動 consumer-1。東西都還在店裡，group 的 committed offset 記著要從哪裡接下去。",
            ],
            button: Some(["Start consumer-1", "啟動 consumer-1"]),
            actions: |_| vec![Action::StartConsumer { name: name() }],
            check: |s, marks| {
                checks::state(s, WHO) == Some(ConsumerState::Running)
                    && checks::position(s, WHO) >= marks.log_end
                    && checks::committed(s, GROUP) >= marks.log_end
            },
        },
        Step {
            title: ["Send a record of your own", "自己送一筆"],
            text: [
                "It takes the same way as all others. Click the shelf afterwards to see its bytes.",
                "它走的路跟其他 record 一模一樣。送完可以點貨架，看看它在 log 裡的 bytes。",
            ],
            button: Some(["Send “hello from me”", "送出「hello from me」"]),
            actions: |_| {
                vec![Action::Send {
                    producer: "orders".to_owned(),
                    key: Some("mine".to_owned()),
                    value: Some(GREETING.to_owned()),
                    partition: None,
                    headers: Vec::new(),
                }]
            },
            check: |s, marks| {
                let seen = checks::consumer(s, WHO).is_some_and(|consumer| {
                    let mut seen = consumer.last_records.iter();
                    seen.any(|record| record.value.as_deref() == Some(GREETING))
                });
                // It is not among the last ones for long; what came after it was read after it.
                seen || checks::position(s, WHO) >= marks.log_end + LATER
            },
        },
    ],
    question: Question {
        before: 2,
        ask: [
            "consumer-1 was away while records came. Which record does it read first when it is back?",
            "consumer-1 不在的時候又進了幾筆 record。它回來之後，第一筆會讀到哪一筆？",
        ],
        options: &[
            [
                "The newest; the others are gone",
                "最新的那筆，錯過的就沒了",
            ],
            [
                "The one after the last it committed",
                "上次 commit 的下一筆",
            ],
            ["The very first, at offset 0", "最前面的那筆，offset 0"],
        ],
        right: 1,
        because: [
            "The group test-group had committed an offset, and a committed offset wins. auto.offset.reset (earliest here) is only asked when there is none.",
            "test-group 已經 commit 過 offset，有 committed offset 就以它為準；auto.offset.reset（這裡是 earliest）只有在沒有 committed offset 時才會派上用場。",
        ],
    },
    closing: [
        "Producer and consumer never met. Neither waited for the other, and a rush of parcels is collected at the customer's own pace.",
        "Producer 和 consumer 從頭到尾沒碰過面，誰也不用等誰；就算一次來了一大堆包裹，也能照自己的步調取貨。",
    ],
};

//! Replication: who leads, who is in sync, what a log lost.

use crate::i18n::Text;

/// Code and sentence.
#[rustfmt::skip]
pub const EVENTS: &[(&str, Text)] = &[
    ("leader-elected",
        ["broker {leader} leads {topic}-{partition} from epoch {epoch} on (before: {previous}); it was in the ISR", "broker {leader} 從 epoch {epoch} 起擔任 {topic}-{partition} 的 leader（之前：{previous}），它在 ISR 裡"]),
    ("unclean-leader-elected",
        ["broker {leader} leads {topic}-{partition} from epoch {epoch} on though it was not in sync: records that it never got are lost", "broker {leader} 從 epoch {epoch} 起擔任 {topic}-{partition} 的 leader，但它不在 ISR：它沒複製到的 record 就此遺失"]),
    ("partition-without-leader",
        ["{topic}-{partition} has no leader from epoch {epoch} on (before: {previous}): no replica of its ISR is alive", "{topic}-{partition} 從 epoch {epoch} 起沒有 leader（之前：{previous}）：ISR 裡的副本都不在線上"]),
    ("isr-shrunk",
        ["broker {out} left the ISR of {topic}-{partition}; in sync now: {isr}", "broker {out} 離開 {topic}-{partition} 的 ISR，現在的 ISR：{isr}"]),
    ("isr-expanded",
        ["broker {in} caught up and is back in the ISR of {topic}-{partition}; in sync now: {isr}", "broker {in} 追上 leader，回到 {topic}-{partition} 的 ISR，現在的 ISR：{isr}"]),
    ("reassignment-started",
        ["{topic}-{partition} moves to brokers {to}: the new replicas copy first", "{topic}-{partition} 要搬到 broker {to}：新副本先開始複製"]),
    ("reassignment-cancelled",
        ["the move of {topic}-{partition} was called off; its replicas stay", "取消搬移 {topic}-{partition}，副本維持原樣"]),
    ("reassignment-done",
        ["{topic}-{partition} has moved: its replicas are {replicas}", "{topic}-{partition} 搬移完成，副本在 broker {replicas}"]),
    ("controlled-shutdown",
        ["broker {broker} asked to shut down: its leaderships are handed over first", "broker {broker} 要求關機：先把它的 leader 交給別人"]),
    ("became-follower",
        ["follows broker {leader} in {topic}-{partition} from epoch {epoch} on", "從 epoch {epoch} 起跟隨 broker {leader} 複製 {topic}-{partition}"]),
    ("replica-truncated",
        ["{records} records of {topic}-{partition} vanish, offsets {to} to {last}: they were never committed, and the leader (broker {leader}) does not have them", "{topic}-{partition} 截掉 {records} 筆 record（offset {to} 到 {last}）：它們從未 commit，leader（broker {leader}）也沒有"]),
    ("replica-truncated-committed",
        ["{records} records of {topic}-{partition} vanish, offsets {to} to {last}, committed ones among them: the leader (broker {leader}) does not have them", "{topic}-{partition} 截掉 {records} 筆 record（offset {to} 到 {last}），其中有已經 commit 的：leader（broker {leader}）沒有這些資料"]),
    ("replica-started-over",
        ["{topic}-{partition} is emptied and copied anew from {to} on (it ended at {from}): the leader (broker {leader}) no longer has what would join the two", "清空 {topic}-{partition}（原本到 {from}），從 {to} 重新複製：leader（broker {leader}）已經沒有能銜接的資料"]),
    ("replica-append-failed",
        ["partition {partition}: what the leader sent could not be appended: {reason}", "partition {partition}：leader 送來的資料寫不進去：{reason}"]),
    ("replica-fetch-refused",
        ["broker {leader} does not answer for {topic}-{partition}: {error}", "broker {leader} 不肯提供 {topic}-{partition}：{error}"]),
    ("alter-partition-refused",
        ["the controller did not take a change of the ISR: {error}", "controller 沒有接受 ISR 的變更：{error}"]),
];

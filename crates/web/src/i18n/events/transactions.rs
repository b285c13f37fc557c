//! Transactions, as their coordinator and the partitions see them.

use crate::i18n::Text;

/// Code and sentence.
#[rustfmt::skip]
pub const EVENTS: &[(&str, Text)] = &[
    ("transaction-coordinator-loaded",
        ["coordinator of __transaction_state-{partition} is ready from epoch {epoch} on: {transactional-ids} transactional ids", "__transaction_state-{partition} 的 coordinator 從 epoch {epoch} 起就緒：{transactional-ids} 個 transactional id"]),
    ("transaction-coordinator-unloaded",
        ["no longer coordinates __transaction_state-{partition} ({transactional-ids} transactional ids)", "不再是 __transaction_state-{partition} 的 coordinator（{transactional-ids} 個 transactional id）"]),
    ("transactional-id-initialized",
        ["{transactional-id} belongs to producer id {producer-id} in epoch {epoch}; older epochs are fenced", "{transactional-id} 由 producer id {producer-id} 使用，epoch 為 {epoch}；更舊的 epoch 一律擋下"]),
    ("transactional-producer-fenced",
        ["another producer takes over {transactional-id}: what producer id {producer-id} has open in epoch {epoch} is aborted", "另一個 producer 接手 {transactional-id}：producer id {producer-id} 在 epoch {epoch} 還沒結束的交易會被中止"]),
    ("transaction-began",
        ["{transactional-id} began a transaction (producer id {producer-id}, epoch {epoch})", "{transactional-id} 開始一筆交易（producer id {producer-id}、epoch {epoch}）"]),
    ("transaction-partitions-added",
        ["the transaction of {transactional-id} now has {partitions}", "{transactional-id} 的交易現在包含 {partitions}"]),
    ("transaction-prepared",
        ["the transaction of {transactional-id} is decided: {outcome}; markers go to {partitions} partitions", "{transactional-id} 的交易已定案：{outcome}，接著在 {partitions} 個 partition 寫入 marker"]),
    ("transaction-completed",
        ["the transaction of {transactional-id} is over ({outcome}): every partition has its marker", "{transactional-id} 的交易結束（{outcome}）：每個 partition 都寫好 marker 了"]),
    ("transaction-timed-out",
        ["the transaction of {transactional-id} was open for more than {after-ms} ms and is aborted", "{transactional-id} 的交易超過 {after-ms} ms 還沒結束，予以中止"]),
    ("transactional-id-expired",
        ["transactional id {transactional-id} is forgotten: nobody used it", "transactional id {transactional-id} 太久沒人用，不再保留"]),
    ("transaction-request-refused",
        ["{api} of {transactional-id} refused (producer id {producer-id}, epoch {epoch}): {error}", "{transactional-id} 的 {api} 被拒（producer id {producer-id}、epoch {epoch}）：{error}"]),
    ("transaction-records-refused",
        ["records of the transaction coordinator were not taken by __transaction_state-{partition}: {reason}", "__transaction_state-{partition} 沒收下 transaction coordinator 的紀錄：{reason}"]),
    ("transaction-load-failed",
        ["__transaction_state-{partition} cannot be read: {reason}; its transactional ids have no coordinator", "讀不了 __transaction_state-{partition}：{reason}，它的 transactional id 因此沒有 coordinator"]),
    ("transaction-record-unreadable",
        ["a record at offset {offset} of __transaction_state-{partition} was passed over: {reason}", "略過 __transaction_state-{partition} 在 offset {offset} 的一筆紀錄：{reason}"]),
    ("transaction-marker-refused",
        ["the marker of {transactional-id} for {topic}-{partition} was not written: {error}; it is tried again", "{transactional-id} 在 {topic}-{partition} 的 marker 沒寫進去：{error}，稍後再試"]),
    ("transaction-markers-void",
        ["the markers of {transactional-id} are void: {topic}-{partition} knows of a later decision ({error})", "{transactional-id} 的 marker 已經作廢：{topic}-{partition} 知道更新的決定（{error}）"]),
];

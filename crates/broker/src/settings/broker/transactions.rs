//! Settings of transactions and of `__transaction_state`.

use super::{Any, AtLeast, Boolean, Int, Setting, setting};

pub(super) static TABLE: &[Setting] = &[
    setting(
        "add.partitions.to.txn.retry.backoff.max.ms",
        Int,
        "100",
        AtLeast(0),
        "How long a broker asks the transaction coordinator again while the transaction before is being completed, in ms.",
    ),
    setting(
        "add.partitions.to.txn.retry.backoff.ms",
        Int,
        "20",
        AtLeast(1),
        "Pause of a broker before it asks the transaction coordinator again, in ms.",
    ),
    setting(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        Int,
        "10000",
        AtLeast(1),
        "How often transactions are looked for that took too long, in ms.",
    ),
    setting(
        "transaction.max.timeout.ms",
        Int,
        "900000",
        AtLeast(1),
        "The largest transaction.timeout.ms that a producer may ask for.",
    ),
    setting(
        "transaction.partition.verification.enable",
        Boolean,
        "true",
        Any,
        "Whether the transaction coordinator is asked before a partition takes the first records of a transaction.",
    )
    .cluster_wide(),
    setting(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        Int,
        "3600000",
        AtLeast(1),
        "How often transactional ids are looked for that nobody uses, in ms.",
    ),
    setting(
        "transaction.state.log.min.isr",
        Int,
        "2",
        AtLeast(1),
        "min.insync.replicas of __transaction_state.",
    ),
    setting(
        "transaction.state.log.num.partitions",
        Int,
        "50",
        AtLeast(1),
        "Partitions of __transaction_state.",
    ),
    setting(
        "transaction.state.log.replication.factor",
        Int,
        "3",
        AtLeast(1),
        "Replicas of __transaction_state.",
    ),
    setting(
        "transaction.state.log.segment.bytes",
        Int,
        "104857600",
        AtLeast(1),
        "segment.bytes of __transaction_state.",
    ),
    setting(
        "transactional.id.expiration.ms",
        Int,
        "604800000",
        AtLeast(1),
        "How long a transactional id is kept that nobody uses, in ms.",
    ),
];

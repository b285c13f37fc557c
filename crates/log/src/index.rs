//! The index files of a segment, in memory as the bytes that are stored.

mod offset;
mod time;
mod transaction;

pub use offset::OffsetIndex;
pub use time::TimeIndex;
pub use transaction::AbortedTransaction;
pub(crate) use transaction::TransactionIndex;

#[cfg(test)]
mod tests;

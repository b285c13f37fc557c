mod harness;
mod random;
mod random_consumer;
mod records;
mod script;
mod shards;
mod show;
mod transactions;

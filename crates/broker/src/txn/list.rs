//! DescribeTransactions and ListTransactions.

use kafka_protocol::ResponseError::{
    CoordinatorLoadInProgress, InvalidRequest, TransactionalIdNotFound,
};
use kafka_protocol::messages::describe_transactions_response::{
    TopicData, TransactionState as Described,
};
use kafka_protocol::messages::list_transactions_response::TransactionState as Listed;
use kafka_protocol::messages::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, ListTransactionsRequest,
    ListTransactionsResponse, ProducerId, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;

use super::Effects;
use super::coordinator::{Asked, Coordinator, Slot};
use super::record::by_topic;
use super::state::{State, Transaction};

/// States that filters may name although no transaction here is ever in them.
const OTHER_STATES: [&str; 2] = ["Dead", "PrepareEpochFence"];

impl Coordinator {
    pub fn describe(&self, asked: Asked, request: &DescribeTransactionsRequest) -> Effects {
        let mut effects = Effects::default();
        let mut after = Vec::new();
        let each = request.transactional_ids.iter().map(|id| {
            let answer = Described::default().with_transactional_id(id.clone());
            if id.is_empty() {
                return answer.with_error_code(InvalidRequest.code());
            }
            let (shard, partition) = match self.shard(id) {
                Ok(found) => found,
                Err(error) => return answer.with_error_code(error.code()),
            };
            after.push(partition);
            match shard.get(id) {
                Some(transaction) => describe(answer, transaction),
                None => answer.with_error_code(TransactionalIdNotFound.code()),
            }
        });
        let response =
            DescribeTransactionsResponse::default().with_transaction_states(each.collect());
        asked.answer(&mut effects, response.into(), after);
        effects
    }

    /// Transactional ids of this node's shards, by name.
    pub fn list(&self, asked: Asked, request: &ListTransactionsRequest) -> Effects {
        let mut effects = Effects::default();
        let mut after = Vec::new();
        let mut response = ListTransactionsResponse::default()
            .with_unknown_state_filters(unknown(&request.state_filters));
        for (partition, slot) in self.slots() {
            match slot {
                Slot::Loading(_) => response.error_code = CoordinatorLoadInProgress.code(),
                Slot::Active(shard) => {
                    after.push(partition);
                    let listed = shard
                        .transactions()
                        .filter(|(_, transaction)| passes(request, asked.now, transaction));
                    response
                        .transaction_states
                        .extend(listed.map(|(id, transaction)| {
                            Listed::default()
                                .with_transactional_id(TransactionalId(text(id)))
                                .with_producer_id(ProducerId(transaction.producer_id))
                                .with_transaction_state(text(transaction.state.name()))
                        }));
                }
            }
        }
        if response.error_code != 0 {
            response.transaction_states.clear();
        }
        let states = &mut response.transaction_states;
        states.sort_by(|a, b| a.transactional_id.cmp(&b.transactional_id));
        asked.answer(&mut effects, response.into(), after);
        effects
    }
}

fn describe(answer: Described, transaction: &Transaction) -> Described {
    let topics = by_topic(&transaction.partitions).into_iter();
    let topics = topics.map(|(topic, partitions)| {
        TopicData::default()
            .with_topic(TopicName(text(topic)))
            .with_partitions(partitions)
    });
    answer
        .with_transaction_state(text(transaction.state.name()))
        .with_transaction_timeout_ms(transaction.timeout_ms)
        .with_transaction_start_time_ms(transaction.start_ms)
        .with_producer_id(ProducerId(transaction.producer_id))
        .with_producer_epoch(transaction.epoch)
        .with_topics(topics.collect())
}

fn unknown(filters: &[StrBytes]) -> Vec<StrBytes> {
    let known = |name: &str| {
        State::ALL.iter().any(|state| state.name() == name) || OTHER_STATES.contains(&name)
    };
    let unknown = filters.iter().filter(|name| !known(name.as_str()));
    unknown.cloned().collect()
}

fn passes(request: &ListTransactionsRequest, now: i64, transaction: &Transaction) -> bool {
    let names = &request.state_filters;
    let producers = &request.producer_id_filters;
    let runs_ms = now.saturating_sub(transaction.start_ms);
    let long_enough = request.duration_filter < 0 || runs_ms > request.duration_filter;
    (names.is_empty()
        || names
            .iter()
            .any(|name| name.as_str() == transaction.state.name()))
        && (producers.is_empty()
            || producers
                .iter()
                .any(|producer| producer.0 == transaction.producer_id))
        && long_enough
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

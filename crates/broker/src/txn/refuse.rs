use kafka_protocol::ResponseError;
use konbini_protocol::messages::{ProducerId, ResponseKind};

use super::state::{NO_EPOCH, NO_PRODUCER_ID};

/// The same answer with all that succeeded turned into `error`: for an answer that was held back and
/// whose records are not going to be committed here. What was refused already stays as it was.
pub fn refuse(response: ResponseKind, error: ResponseError) -> ResponseKind {
    let code = error.code();
    let fail = |field: &mut i16| {
        if *field == 0 {
            *field = code;
        }
    };
    let mut response = response;
    match &mut response {
        ResponseKind::InitProducerId(response) => {
            fail(&mut response.error_code);
            response.producer_id = ProducerId(NO_PRODUCER_ID);
            response.producer_epoch = NO_EPOCH;
        }
        ResponseKind::AddPartitionsToTxn(response) => {
            let batched = response.results_by_transaction.iter_mut();
            let topics = batched
                .flat_map(|transaction| &mut transaction.topic_results)
                .chain(&mut response.results_by_topic_v3_and_below);
            let partitions = topics.flat_map(|topic| &mut topic.results_by_partition);
            partitions.for_each(|partition| fail(&mut partition.partition_error_code));
        }
        ResponseKind::AddOffsetsToTxn(response) => fail(&mut response.error_code),
        ResponseKind::EndTxn(response) => {
            fail(&mut response.error_code);
            response.producer_id = ProducerId(NO_PRODUCER_ID);
            response.producer_epoch = NO_EPOCH;
        }
        ResponseKind::DescribeTransactions(response) => {
            for state in &mut response.transaction_states {
                fail(&mut state.error_code);
                state.topics.clear();
            }
        }
        ResponseKind::ListTransactions(response) => {
            fail(&mut response.error_code);
            response.transaction_states.clear();
        }
        _ => {}
    }
    response
}

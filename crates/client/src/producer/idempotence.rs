//! Getting and renewing the producer's id and epoch (InitProducerId).

use konbini_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use konbini_protocol::{ResponseError, error};
use konbini_trace::Event;

use super::sequences::Bump;
use super::{Producer, Purpose};
use crate::TopicPartition;
use crate::failure::response_error;
use crate::network::Call;

impl Producer {
    /// Resolves lost batches, takes a new epoch where needed, asks for an id where there is none.
    pub(super) fn keep_identity(&mut self, now: i64) {
        self.sequences.resolve();
        self.take_next_epoch();
        let due = self.sequences.identity.is_none() && !self.init_under_way;
        if !due || now < self.init_not_before {
            return;
        }
        let Some(node) = self.net.least_loaded(now) else {
            return;
        };
        self.init_under_way = true;
        self.net.send(
            now,
            node,
            Purpose::InitProducerId,
            Call::default(),
            |version| {
                let request = InitProducerIdRequest::default()
                    .with_transactional_id(None)
                    .with_transaction_timeout_ms(i32::MAX);
                if version >= 3 {
                    return request
                        .with_producer_id((-1).into())
                        .with_producer_epoch(-1);
                }
                request
            },
        );
    }

    /// A partition's numbers are rewritten only while none of its batches is on the wire, so that
    /// one batch never travels under two epochs at once.
    fn take_next_epoch(&mut self) {
        let all = self.sequences.rewrites();
        let at_rest: Vec<TopicPartition> = all
            .filter(|tp| !self.accumulator.is_on_wire(tp))
            .cloned()
            .collect();
        if at_rest.is_empty() || self.sequences.identity.is_none() {
            return;
        }
        let (outcome, changed) = self.sequences.bump(&at_rest);
        let partitions: Vec<String> = at_rest.iter().map(ToString::to_string).collect();
        let event = Event::warn("producer-epoch-bumped").with("partitions", partitions.join(", "));
        let event = match outcome {
            Bump::Epoch(epoch) => event.with("epoch", i32::from(epoch)),
            Bump::NewId => event.with("epoch", -1),
        };
        self.net.event(event.because_of("enable.idempotence"));
        for (batch, state) in changed {
            let found = at_rest
                .iter()
                .find(|tp| self.accumulator.batch_mut(tp, batch).is_some())
                .cloned();
            if let Some(tp) = found
                && let Some(batch) = self.accumulator.batch_mut(&tp, batch)
            {
                batch.set_sequence(Some(state));
            }
        }
    }

    pub(super) fn identity_answered(&mut self, now: i64, answer: &InitProducerIdResponse) {
        match response_error(answer.error_code) {
            None => {
                self.init_under_way = false;
                self.init_attempts = 0;
                let (id, epoch) = (answer.producer_id.0, answer.producer_epoch);
                self.sequences.set_identity(id, epoch);
                let event = Event::info("producer-id-assigned").with("producer-id", id);
                let event = event.with("epoch", i32::from(epoch));
                self.net.event(event.because_of("enable.idempotence"));
            }
            Some(refused) => {
                self.stats.last_error = Some(error::name(refused.code()));
                if refused == ResponseError::NotController {
                    self.net.metadata.request_update();
                }
                self.identity_lost(now);
            }
        }
    }

    pub(super) fn identity_lost(&mut self, now: i64) {
        self.init_under_way = false;
        let delay = self
            .retry_backoff
            .delay(self.init_attempts, &mut self.net.seed);
        self.init_attempts = self.init_attempts.saturating_add(1);
        self.init_not_before = now + delay;
    }

    /// When an id is asked for again.
    pub(super) fn identity_at(&self) -> Option<i64> {
        let waiting = self.idempotent && self.sequences.identity.is_none() && !self.init_under_way;
        waiting.then_some(self.init_not_before)
    }
}

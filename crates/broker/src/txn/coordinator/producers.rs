//! Who owns a transactional id, and how its transactions end.

use kafka_protocol::ResponseError::{
    self, CoordinatorNotAvailable, InvalidProducerIdMapping, InvalidRequest,
    InvalidTransactionTimeout,
};
use kafka_protocol::messages::{
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId,
};

use super::super::config::{MAX_ID_BYTES, MAX_IDS};
use super::super::state::{NO_EPOCH, NO_PRODUCER_ID, Transaction};
use super::super::transition::{self, EPOCH_BUMPS, Init, Producer};
use super::super::{Effects, events};
use super::{Asked, Coordinator, TXN_FENCED};

/// From this EndTxn version on, the client goes on with the epoch of the answer (KIP-890).
const END_BUMPS: i16 = 5;
/// From this InitProducerId version on, PRODUCER_FENCED is an error of its own (KIP-588).
const INIT_FENCED: i16 = 4;

impl Coordinator {
    /// Whether a request about this id may need a producer id that nobody has: then the next call has
    /// to bring one.
    pub fn needs_producer_id(&self, transactional_id: &str) -> bool {
        let found = self.shard(transactional_id);
        found.is_ok_and(|(shard, _)| transition::needs_producer_id(shard.get(transactional_id)))
    }

    pub fn init_producer_id(
        &mut self,
        asked: Asked,
        request: &InitProducerIdRequest,
        fresh: Option<i64>,
    ) -> Effects {
        let mut effects = Effects::default();
        let id = request
            .transactional_id
            .as_ref()
            .map_or("", |id| id.as_str());
        let partition = self.partition_for(id);
        let known = (request.producer_id.0 != NO_PRODUCER_ID).then_some(Producer {
            id: request.producer_id.0,
            epoch: request.producer_epoch,
        });
        let response = InitProducerIdResponse::default();
        let response = match self.init(&mut effects, asked, request, known, fresh) {
            Ok(producer) => response
                .with_producer_id(ProducerId(producer.id))
                .with_producer_epoch(producer.epoch),
            Err(error) => {
                let producer = known.unwrap_or(Producer {
                    id: NO_PRODUCER_ID,
                    epoch: NO_EPOCH,
                });
                let event = events::refused("InitProducerId", id, producer, error);
                effects.events.push(event);
                response
                    .with_error_code(asked.error(error, INIT_FENCED))
                    .with_producer_id(ProducerId(NO_PRODUCER_ID))
                    .with_producer_epoch(NO_EPOCH)
            }
        };
        asked.answer(&mut effects, response.into(), vec![partition]);
        effects
    }

    fn init(
        &mut self,
        effects: &mut Effects,
        asked: Asked,
        request: &InitProducerIdRequest,
        known: Option<Producer>,
        fresh: Option<i64>,
    ) -> Result<Producer, ResponseError> {
        let id = request
            .transactional_id
            .as_ref()
            .map_or("", |id| id.as_str());
        let timeout_ms = request.transaction_timeout_ms;
        let max_timeout_ms = self.config.max_timeout_ms;
        let half_known = known.is_none() && request.producer_epoch >= 0;
        if id.is_empty() || id.len() > MAX_ID_BYTES || half_known {
            return Err(InvalidRequest);
        }
        if timeout_ms <= 0 || timeout_ms > max_timeout_ms {
            return Err(InvalidTransactionTimeout);
        }
        let (shard, _) = self.shard_mut(id)?;
        let current = match shard.get(id) {
            Some(transaction) => transaction.clone(),
            None if shard.len() >= MAX_IDS => return Err(CoordinatorNotAvailable),
            None => {
                let producer_id = fresh.ok_or(CoordinatorNotAvailable)?;
                Transaction::new(producer_id, timeout_ms, asked.now)
            }
        };
        match transition::init(&current, known, timeout_ms, asked.now, fresh)? {
            Init::Ready(next) => {
                let producer = Producer {
                    id: next.producer_id,
                    epoch: next.epoch,
                };
                effects.events.push(events::initialized(id, &next));
                shard.put(effects, id, Some(next));
                Ok(producer)
            }
            Init::AbortFirst(next) => {
                effects.events.push(events::fenced(id, &current));
                shard.prepare(effects, id, next);
                Err(ResponseError::ConcurrentTransactions)
            }
        }
    }

    pub fn end_txn(
        &mut self,
        asked: Asked,
        request: &EndTxnRequest,
        fresh: Option<i64>,
    ) -> Effects {
        let mut effects = Effects::default();
        let id = request.transactional_id.as_str();
        let after = self.partition_for(id);
        let mut response = EndTxnResponse::default()
            .with_producer_id(ProducerId(NO_PRODUCER_ID))
            .with_producer_epoch(NO_EPOCH);
        match self.end(&mut effects, asked, request, fresh) {
            Ok(producer) => {
                response.producer_id = ProducerId(producer.id);
                response.producer_epoch = producer.epoch;
            }
            Err(error) => {
                let producer = Producer {
                    id: request.producer_id.0,
                    epoch: request.producer_epoch,
                };
                let event = events::refused("EndTxn", id, producer, error);
                effects.events.push(event);
                response.error_code = asked.error(error, TXN_FENCED);
            }
        }
        asked.answer(&mut effects, response.into(), vec![after]);
        effects
    }

    fn end(
        &mut self,
        effects: &mut Effects,
        asked: Asked,
        request: &EndTxnRequest,
        fresh: Option<i64>,
    ) -> Result<Producer, ResponseError> {
        let id = request.transactional_id.as_str();
        if id.is_empty() {
            return Err(InvalidRequest);
        }
        let client_version = if asked.version >= END_BUMPS {
            EPOCH_BUMPS
        } else {
            0
        };
        let producer = Producer {
            id: request.producer_id.0,
            epoch: request.producer_epoch,
        };
        let (commit, now) = (request.committed, asked.now);
        let (shard, _) = self.shard_mut(id)?;
        let current = shard.get(id).ok_or(InvalidProducerIdMapping)?;
        let ended = transition::end(current, producer, commit, client_version, now, fresh)?;
        let Some(next) = ended else {
            return Ok(transition::producer_after(current));
        };
        let producer = transition::producer_after(&next);
        shard.prepare(effects, id, next);
        Ok(producer)
    }
}

//! The built-in clients and what drives them.

pub(crate) mod admin;
pub(crate) mod consumer;
pub(crate) mod pace;
pub(crate) mod producer;
pub(crate) mod template;

use crate::outbox::Outbox;
use admin::AdminActor;
use consumer::ConsumerActor;
use konbini_client::Input;
use konbini_scenario::snapshot::Who;
use producer::ProducerActor;

/// A built-in client with its application.
// There are few of them, and each is used all the time: a box would gain nothing.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Client {
    Admin(AdminActor),
    Producer(ProducerActor),
    Consumer(ConsumerActor),
}

impl Client {
    /// `now` in Unix ms, here and below.
    pub(crate) fn handle(&mut self, now: i64, input: Input, out: &mut Outbox) {
        match self {
            Client::Admin(actor) => actor.handle(now, input, out),
            Client::Producer(actor) => actor.handle(now, input, out),
            Client::Consumer(actor) => actor.handle(now, input, out),
        }
    }

    pub(crate) fn work(&mut self, now: i64, out: &mut Outbox) {
        match self {
            Client::Admin(actor) => actor.work(now, out),
            Client::Producer(actor) => actor.work(now, out),
            Client::Consumer(actor) => actor.work(now, out),
        }
    }

    pub(crate) fn wake_at(&self) -> Option<i64> {
        match self {
            Client::Admin(actor) => actor.wake_at(),
            Client::Producer(actor) => actor.wake_at(),
            Client::Consumer(actor) => actor.wake_at(),
        }
    }

    pub(crate) fn who(&self) -> Who {
        match self {
            Client::Admin(_) => Who::Admin,
            Client::Producer(actor) => Who::Producer(actor.name().to_owned()),
            Client::Consumer(actor) => Who::Consumer(actor.name().to_owned()),
        }
    }

    /// Whether nothing more will come of it, once it is off the stage.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Client::Admin(_) => false,
            Client::Producer(actor) => actor.is_closed(),
            Client::Consumer(actor) => actor.is_stopped(),
        }
    }
}

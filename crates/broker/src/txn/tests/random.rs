//! Many producers that know nothing of each other, fail-overs and timeouts in any order: what was
//! answered is what the markers say.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;

use super::super::State;
use super::harness::Harness;

const IDS: [&str; 2] = ["a", "b"];
const TOPICS: [&str; 3] = ["x", "y", "z"];
const STEPS: usize = 400;

/// A small generator: what is random here is the seed's.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A client of a transactional id, old or new, with what it believes.
#[derive(Clone, Copy)]
struct Client {
    id: &'static str,
    producer: (i64, i16),
    bumps: bool,
}

/// What has to be true of one id.
#[derive(Default)]
struct Model {
    /// What was added to the open transaction.
    open: BTreeSet<(String, i32)>,
    /// The outcome that was answered and has no markers yet.
    answered: Option<bool>,
    /// Every producer id and epoch that InitProducerId gave to somebody new.
    given: BTreeSet<(i64, i16)>,
}

struct World {
    it: Harness,
    dice: Dice,
    clients: Vec<Client>,
    models: BTreeMap<&'static str, Model>,
    /// Committed, aborted, refused.
    counts: [usize; 3],
}

impl World {
    fn new(seed: u64) -> World {
        let client = |n: usize| Client {
            id: IDS[n % 2],
            producer: (-1, -1),
            bumps: (n / 2).is_multiple_of(2),
        };
        World {
            it: Harness::new(),
            dice: Dice(seed),
            clients: (0..6).map(client).collect(),
            models: IDS.map(|id| (id, Model::default())).into(),
            counts: [0; 3],
        }
    }

    fn step(&mut self) {
        let n = self.dice.roll(self.clients.len());
        let client = self.clients[n];
        let known = client.producer.0 >= 0;
        match self.dice.roll(60) {
            0..=1 => self.init(n, (-1, -1)),
            2 if known => self.init(n, client.producer),
            3..=25 if known => self.add(client),
            26..=40 if known => self.end(n, true),
            41..=43 if known => self.end(n, false),
            44..=57 => self.write_markers(),
            58 => self.it.fail_over(),
            59 if self.it.coordinator.wake_at().is_some() => self.it.wake(),
            _ => {}
        }
    }

    fn init(&mut self, n: usize, known: (i64, i16)) {
        let client = &mut self.clients[n];
        let model = self.models.get_mut(client.id).expect("one of two");
        match self.it.init(client.id, known) {
            Ok(producer) => {
                assert!(
                    model.open.is_empty() && model.answered.is_none(),
                    "left open"
                );
                let is_new = model.given.insert(producer);
                assert!(is_new || known.0 >= 0, "{producer:?} was given twice");
                client.producer = producer;
            }
            Err(_) => self.counts[2] += 1,
        }
    }

    fn add(&mut self, client: Client) {
        let topic = TOPICS[self.dice.roll(TOPICS.len())];
        let model = self.models.get_mut(client.id).expect("one of two");
        match self.it.add(client.id, client.producer, topic, 3) {
            Ok(()) => {
                assert_eq!(
                    model.answered, None,
                    "the transaction before has no markers"
                );
                let current = self.it.transaction(client.id);
                assert_eq!((current.producer_id, current.epoch), client.producer);
                model.open.insert((topic.to_owned(), 0));
            }
            Err(_) => self.counts[2] += 1,
        }
    }

    fn end(&mut self, n: usize, commit: bool) {
        let client = &mut self.clients[n];
        let mut all = self.it.coordinator.transactions();
        let was_open = all.any(|(id, found)| id == client.id && found.state == State::Ongoing);
        drop(all);
        let version = if client.bumps { 5 } else { 4 };
        let model = self.models.get_mut(client.id).expect("one of two");
        match self.it.end(client.id, client.producer, commit, version) {
            Ok(producer) => {
                if was_open {
                    assert_eq!(model.answered, None);
                    model.answered = Some(commit);
                }
                if client.bumps {
                    client.producer = producer;
                }
            }
            Err(error) => {
                let both = [
                    ResponseError::ProducerFenced,
                    ResponseError::ConcurrentTransactions,
                ];
                let known = both.contains(&error)
                    || error == ResponseError::InvalidTxnState
                    || error == ResponseError::InvalidProducerIdMapping;
                assert!(known, "{error}");
                self.counts[2] += 1;
            }
        }
    }

    fn write_markers(&mut self) {
        let mut ended = Vec::new();
        for markers in &self.it.markers {
            let id = IDS.into_iter().find(|id| *id == markers.transactional_id);
            ended.push((
                id.expect("one of two"),
                markers.commit,
                markers.partitions.clone(),
            ));
        }
        self.it.write_markers();
        for (id, commit, partitions) in ended {
            let model = self.models.get_mut(id).expect("one of two");
            assert_eq!(partitions, model.open, "other partitions than were added");
            // Who is not asked for an end, aborts.
            assert_eq!(
                commit,
                model.answered.unwrap_or(false),
                "another end than was answered"
            );
            self.counts[usize::from(!commit)] += 1;
            model.open.clear();
            model.answered = None;
        }
    }
}

#[test]
fn what_was_answered_is_what_the_markers_say() {
    let mut counts = [0; 3];
    for seed in 0..60 {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        for (sum, count) in counts.iter_mut().zip(world.counts) {
            *sum += count;
        }
    }
    assert!(counts.iter().all(|count| *count > 200), "{counts:?}");
}

//! Requests at a broker, beside a connection that is served all the time.

use super::{STEPS_MAX, Target, host_of};
use crate::corpus;
use crate::mutate::mutate;
use bytes::{Bytes, BytesMut};
use konbini_cluster::{ExternalId, ExternalOutput, MemoryHost};
use konbini_protocol::frame::frame;
use konbini_scenario::{Scenario, catalogue};
use konbini_sim::dice::Dice;

/// Virtual ms until a broker that starts serves.
const START_MS: i64 = 5_000;
/// Virtual ms that an input is given.
const INPUT_MS: i64 = 5;
/// Virtual ms until the other connection has its answer.
const ANSWER_MS: i64 = 50;
/// Inputs until there is a new cluster: topics and groups pile up.
const INPUTS_MAX: u32 = 500;
/// ApiVersions v0 with correlation id 7 and no client id, with its size.
const ASK: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

pub struct Frames {
    corpus: Vec<Bytes>,
    host: MemoryHost,
    good: ExternalId,
    inputs: u32,
    input: Bytes,
}

impl Frames {
    pub fn new() -> Frames {
        let (host, good) = start();
        Frames {
            corpus: corpus::frames(),
            host,
            good,
            inputs: 0,
            input: Bytes::new(),
        }
    }

    /// The connection that says nothing wrong gets its answer.
    fn check_good(&mut self) -> Result<(), String> {
        let cluster = &mut self.host.cluster;
        cluster.send(self.good, Bytes::from_static(&ASK));
        self.run_for(ANSWER_MS)?;
        let told = self.host.cluster.take_external();
        let mut answers = told.iter().filter(|(id, _)| *id == self.good);
        match answers.next() {
            Some((_, ExternalOutput::Received(bytes))) if bytes[4..8] == [0, 0, 0, 7] => Ok(()),
            other => Err(format!("the other connection was told {other:?}")),
        }
    }

    fn run_for(&mut self, ms: i64) -> Result<(), String> {
        let until = self.host.cluster.now() + ms;
        let ran = self.host.run_until(until, STEPS_MAX);
        ran.map_err(|stopped| stopped.to_string())
    }
}

fn start() -> (MemoryHost, ExternalId) {
    let scenario = Scenario {
        brokers: 1,
        producers: Vec::new(),
        consumers: Vec::new(),
        ..catalogue::two_partitions()
    };
    let mut host = host_of(scenario, START_MS);
    let good = connect(&mut host);
    let until = START_MS + ANSWER_MS;
    host.run_until(until, STEPS_MAX).expect("it connects");
    host.cluster.take_external();
    (host, good)
}

fn connect(host: &mut MemoryHost) -> ExternalId {
    host.cluster
        .connect("localhost", 9092)
        .expect("there is room")
}

impl Target for Frames {
    fn run(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.inputs += 1;
        if self.inputs.is_multiple_of(INPUTS_MAX) {
            (self.host, self.good) = start();
        }
        let mut bytes = dice.one_of(&self.corpus).to_vec();
        let other = dice.one_of(&self.corpus).clone();
        mutate(&mut bytes, &other, dice);
        let mut framed = BytesMut::from(&frame(&bytes)[..]);
        if dice.percent(5) {
            let size = *dice.one_of(&[0, -1, i32::MAX, i32::MIN, bytes.len() as i32 + 1]);
            framed[..4].copy_from_slice(&size.to_be_bytes());
        }
        self.input = framed.freeze();
        let bad = connect(&mut self.host);
        self.host.cluster.send(bad, self.input.clone());
        self.run_for(INPUT_MS)?;
        self.host.cluster.take_external();
        self.check_good()?;
        self.host.cluster.close(bad);
        Ok(())
    }

    fn input(&self) -> Bytes {
        self.input.clone()
    }
}

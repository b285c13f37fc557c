use super::*;
use bytes::BufMut;
use konbini_bridge::Order;
use konbini_cluster::MemoryHost;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{ApiKey, ApiVersionsRequest};
use konbini_protocol::request::{self, RequestHeader};
use konbini_scenario::code::File;
use konbini_scenario::validate::Invalid;
use konbini_scenario::{Recording, catalogue};
use std::cell::RefCell;
use std::rc::Rc;

const STEPS: u64 = 1_000_000;
const BEGIN_MS: i64 = 3_000;

/// Turns that a program was given and that it has not reported.
type Given = Rc<RefCell<Vec<Bytes>>>;

struct World {
    host: MemoryHost,
    programs: Programs,
    given: Vec<Given>,
    /// Turns so far, of each program: number, virtual ms, bytes.
    seen: Vec<Vec<(u32, i64, usize)>>,
    real: f64,
    /// What a repeated recording wanted.
    orders: Vec<Order>,
}

impl World {
    fn new(count: u32) -> World {
        let recording = Recording::of(catalogue::playground());
        let mut host = MemoryHost::start(&recording, None).unwrap();
        host.run_until(BEGIN_MS, STEPS).unwrap();
        let mut world = World {
            host,
            programs: Programs::default(),
            given: Vec::new(),
            seen: Vec::new(),
            real: 0.0,
            orders: Vec::new(),
        };
        for id in 0..count {
            let begun = world.begin(false);
            assert_eq!(begun, Ok(id));
        }
        world
    }

    /// Another program, whose worker is there; its number.
    fn begin(&mut self, ordered: bool) -> Result<u32, Invalid> {
        let given = Given::default();
        let to_program = given.clone();
        let port = PortId(self.given.len() as u32);
        let end = PortEnd::new(port, move |message| {
            if let ToClient::Bytes(bytes) = message {
                to_program.borrow_mut().push(bytes);
            }
        });
        let number = self.begin_at(end, ordered)?;
        self.given.push(given);
        self.seen.push(Vec::new());
        let cluster = &mut self.host.cluster;
        self.programs.report(number, ready(), cluster);
        Ok(number)
    }

    fn begin_at(&mut self, end: PortEnd, ordered: bool) -> Result<u32, Invalid> {
        let file = File {
            name: "main.js".to_owned(),
            text: "main()".to_owned(),
        };
        let what = (file.name.clone(), vec![file], ordered);
        let cluster = &self.host.cluster;
        self.programs.begin(end, PageId::OWN, what, cluster)
    }

    /// The turns of a moment that has settled, after what readers did.
    fn turns(&mut self, now: i64) -> Vec<Turn> {
        self.programs.take_steps(self.real, &mut self.host.cluster);
        while let Some((_, orders)) = self.programs.take_orders() {
            for order in orders {
                self.obey(order);
            }
            self.programs.take_steps(self.real, &mut self.host.cluster);
        }
        self.programs.turns(now, self.real)
    }

    /// Begins the program that a repeated recording wants, after a while.
    fn obey(&mut self, order: Order) {
        if let Order::Begin { file, files } = &order {
            assert_eq!((file.as_str(), files.len()), ("main.js", 1));
            self.real += 900.0;
            let waits = self.programs.wait(self.real, &mut self.host.cluster);
            assert!(waits.is_some(), "the cluster waits for it");
            self.begin(true).unwrap();
        }
        self.orders.push(order);
    }

    /// Runs in step to that time. Reports come in this order, each after so many real ms.
    fn run(&mut self, until: i64, reversed: bool, late_ms: f64) {
        while self.host.cluster.now() < until {
            let next = [self.host.cluster.next_at(), self.programs.next_at()];
            let next = next.into_iter().flatten().min().unwrap_or(until).min(until);
            self.host.run_until(next, STEPS).unwrap();
            let now = self.host.cluster.now();
            for (id, output) in self.host.cluster.take_external() {
                assert!(self.programs.tell(id, &output, now));
            }
            for turn in self.turns(now) {
                self.programs.send(turn.number, turn.message, self.real);
            }
            let mut order: Vec<u32> = (0..self.given.len() as u32).collect();
            if reversed {
                order.reverse();
            }
            for number in order {
                self.answer(number, now, late_ms);
            }
            assert!(self.programs.is_quiet(now));
        }
    }

    fn answer(&mut self, number: u32, now: i64, late_ms: f64) {
        for turn in self.given[number as usize].take() {
            self.real += late_ms;
            let still = self.programs.wait(self.real, &mut self.host.cluster);
            assert!(still.is_some(), "the cluster waits");
            let seen = &mut self.seen[number as usize];
            seen.push((
                u32::from_le_bytes(turn[..4].try_into().unwrap()),
                now,
                turn.len(),
            ));
            let report = report(seen.len() as u32, now);
            self.programs.report(number, report, &mut self.host.cluster);
        }
    }
}

/// A program that dials at first, then asks for the versions each 50 ms, and after some turns exits.
fn report(turn: u32, now: i64) -> Bytes {
    let mut out = Vec::new();
    out.put_u32_le(turn);
    out.put_f64_le((now + 50) as f64);
    match turn {
        1 => {
            out.put_slice(&[1, 1, 0, 0, 0, 0x84, 0x23, 9]);
            out.put_slice(b"localhost");
        }
        40 => out.put_u8(5),
        _ => {
            let bytes = api_versions(turn as i32);
            out.put_slice(&[2, 1, 0, 0, 0]);
            out.put_u32_le(bytes.len() as u32);
            out.put_slice(&bytes);
        }
    }
    out.into()
}

/// What a worker says when it is there.
fn ready() -> Bytes {
    let mut out = Vec::new();
    out.put_u32_le(0);
    out.put_f64_le(-1.0);
    out.into()
}

fn api_versions(correlation_id: i32) -> Bytes {
    let header = RequestHeader {
        api_key: ApiKey::ApiVersions as i16,
        api_version: 3,
        correlation_id,
        client_id: Some(StrBytes::from_static_str("program")),
    };
    let body = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("test"))
        .with_client_software_version(StrBytes::from_static_str("1"));
    request::encode(&header, &body).unwrap()
}

mod replay;

#[test]
fn real_time_and_the_order_of_reports_do_not_change_a_run() {
    let outcome = |reversed, late_ms| {
        let mut world = World::new(3);
        world.run(BEGIN_MS + 4_000, reversed, late_ms);
        (world.seen.clone(), world.host.cluster.trace_hash())
    };
    let (seen, hash) = outcome(false, 0.0);
    assert_eq!(seen[0][0].1, BEGIN_MS + 1, "begins at the next ms");
    assert_eq!(seen[0].len(), 40, "until it exits");
    let answered = seen[0].iter().filter(|(_, _, bytes)| *bytes > 200);
    assert!(answered.count() > 10, "brokers answered: {:?}", seen[0]);
    assert_eq!(outcome(false, 600.0), (seen.clone(), hash));
    assert_eq!(outcome(true, 1.0), (seen, hash));
}

#[test]
fn connections_of_a_program_that_ends_are_closed() {
    let connections = |world: &mut World| -> usize {
        let brokers = &world.host.cluster.snapshot().brokers;
        brokers
            .iter()
            .map(|broker| broker.connections as usize)
            .sum()
    };
    let mut world = World::new(2);
    world.run(BEGIN_MS + 500, false, 0.0);
    let with_both = connections(&mut world);
    world.programs.remove(1, &mut world.host.cluster);
    world.given[1].borrow_mut().clear();
    world.run(BEGIN_MS + 700, false, 0.0);
    assert_eq!(connections(&mut world), with_both - 1);
    world.run(BEGIN_MS + 6_000, false, 0.0);
    assert!(world.programs.is_empty(), "the other has exited");
    assert_eq!(connections(&mut world), with_both - 2);
}

#[test]
fn the_cluster_goes_on_without_a_program_that_does_not_report() {
    let mut world = World::new(1);
    world.host.run_until(BEGIN_MS + 1, STEPS).unwrap();
    let turn = world.turns(BEGIN_MS + 1).pop().unwrap();
    world.programs.send(0, turn.message, 0.0);
    let cluster = &mut world.host.cluster;
    assert_eq!(
        world.programs.wait(500.0, cluster),
        Some(PATIENCE_MS - 500.0)
    );
    assert!(!world.programs.is_quiet(BEGIN_MS + 1));
    assert_eq!(world.programs.wait(PATIENCE_MS, cluster), None);
    assert!(world.programs.is_quiet(BEGIN_MS + 5_000));
    // It is back in step with its report.
    world.programs.report(0, report(1, BEGIN_MS + 1), cluster);
    assert!(world.programs.next_at().is_some());
}

#[test]
fn the_cluster_waits_longer_for_a_worker_that_starts() {
    let mut world = World::new(1);
    let end = PortEnd::new(PortId(7), |_| {});
    let number = world.begin_at(end, false).unwrap();
    world.host.run_until(BEGIN_MS + 1, STEPS).unwrap();
    let turns = world.turns(BEGIN_MS + 1);
    let cluster = &mut world.host.cluster;
    assert_eq!(turns.len(), 1, "only the other has one");
    world.programs.report(0, report(1, BEGIN_MS + 1), cluster);
    let wait = world.programs.wait(PATIENCE_MS, cluster);
    assert_eq!(wait, Some(START_MS - PATIENCE_MS));
    world.programs.report(number, ready(), cluster);
    assert_eq!(world.programs.wait(PATIENCE_MS, cluster), None);
    let turns = world.programs.turns(BEGIN_MS + 1, PATIENCE_MS);
    assert_eq!(turns[0].number, number, "it begins when it should");
}

#[test]
fn nonsense_ends_a_program_and_there_is_a_limit() {
    let mut world = World::new(PROGRAMS_MAX as u32);
    let another = PortEnd::new(PortId(99), |_| {});
    let refused = world.begin_at(another, false).unwrap_err();
    assert_eq!(refused.code, "too-many-programs");
    let cluster = &mut world.host.cluster;
    world
        .programs
        .report(3, Bytes::from_static(b"what"), cluster);
    assert_eq!(world.programs.by_port(PortId(3)), None);
    world.programs.remove_page(PageId::OWN, cluster);
    world.run(BEGIN_MS + 1, false, 0.0);
    assert!(world.programs.is_empty());
}

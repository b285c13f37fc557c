//! Requests that fail at random, and producers that brokers forgot.

use super::*;

/// What happens to the nth produce request.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// An error for every partition, nothing appended.
    Refused(i16),
    /// An error for the first partition only.
    FirstRefused(i16),
    /// Appended, and the answer is lost.
    AnswerLost,
    RequestLost,
    Slow,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::None),
        1 => prop_oneof![Just(6i16), Just(3), Just(5), Just(19), Just(7)].prop_map(Fault::Refused),
        1 => prop_oneof![Just(6i16), Just(19)].prop_map(Fault::FirstRefused),
        1 => Just(Fault::AnswerLost),
        1 => Just(Fault::RequestLost),
        1 => Just(Fault::Slow),
    ]
}

fn with_faults(faults: &[Fault], config: ProducerConfig, n: usize) -> (Logs, Heard) {
    let mut at = 0;
    let (logs, told, p, _) = send_all(config, n, |logs, _, request| {
        let fault = faults.get(at).copied().unwrap_or(Fault::None);
        at += 1;
        match fault {
            Fault::None => Reply::Answer(answer(&logs.produce(request))),
            Fault::Slow => Reply::Later(700, answer(&logs.produce(request))),
            Fault::AnswerLost => {
                logs.produce(request);
                Reply::Hang
            }
            Fault::RequestLost => Reply::Hang,
            Fault::Refused(code) => {
                let all = incoming(request);
                let told: Vec<Answered> = all.iter().map(|(p, _)| (*p, code, -1)).collect();
                Reply::Answer(answer(&told))
            }
            Fault::FirstRefused(code) => {
                let mut told = Vec::new();
                for (i, (partition, batch)) in incoming(request).into_iter().enumerate() {
                    let refused = (partition, code, -1);
                    told.push(if i == 0 {
                        refused
                    } else {
                        logs.append(partition, batch)
                    });
                }
                Reply::Answer(answer(&told))
            }
        }
    });
    assert_eq!(p.0.buffered_bytes(), 0);
    (logs, told)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn idempotent_records_arrive_once_and_in_order_whatever_fails(
        faults in prop::collection::vec(fault(), 0..30),
        batch_size in 80usize..600,
        in_flight in 1usize..6,
        n in 1usize..120,
    ) {
        let mut config = config();
        config.batch_size = batch_size;
        config.max_in_flight_requests_per_connection = in_flight;
        let (logs, told) = with_faults(&faults, config, n);
        prop_assert!(told.failed.is_empty(), "{:?}", told.failed);
        for partition in 0..2 {
            prop_assert_eq!(logs.values(partition), expected(n, partition as usize));
        }
        let mut ids: Vec<u64> =
            told.delivered.iter().flat_map(|d| d.ids.iter().map(|id| id.0)).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (0..n as u64).collect::<Vec<_>>());
        for delivery in told.delivered.iter().filter(|d| d.base_offset >= 0) {
            for (i, id) in delivery.ids.iter().enumerate() {
                let offset = delivery.base_offset + i as i64;
                prop_assert_eq!(id.0 as i64, 2 * offset + i64::from(delivery.partition));
            }
        }
    }

    #[test]
    fn without_idempotence_nothing_is_lost_and_one_in_flight_keeps_order(
        faults in prop::collection::vec(fault(), 0..30),
        in_flight in 1usize..6,
        n in 1usize..120,
    ) {
        let mut config = config();
        config.batch_size = 150;
        config.enable_idempotence = false;
        config.max_in_flight_requests_per_connection = in_flight;
        let (logs, told) = with_faults(&faults, config, n);
        prop_assert!(told.failed.is_empty());
        for partition in 0..2 {
            let mut values = logs.values(partition);
            if in_flight == 1 {
                // A batch whose answer was lost may come twice, one right after the other.
                let mut firsts: Vec<String> = Vec::new();
                for value in &values {
                    if !firsts.contains(value) {
                        firsts.push(value.clone());
                    }
                }
                prop_assert_eq!(firsts, expected(n, partition as usize));
            }
            values.sort();
            values.dedup();
            let mut all = expected(n, partition as usize);
            all.sort();
            prop_assert_eq!(values, all);
        }
    }
}

#[test]
fn a_forgotten_producer_takes_a_new_epoch_and_goes_on() {
    for code in [59, 45, 47] {
        let mut config = config();
        config.batch_size = 150;
        let mut n = 0;
        let (logs, told, p, net) = send_all(config, 60, |logs, _, request| {
            n += 1;
            if n == 4 {
                let told: Vec<Answered> = incoming(request)
                    .iter()
                    .map(|(p, _)| (*p, code, -1))
                    .collect();
                return Reply::Answer(answer(&told));
            }
            Reply::Answer(answer(&logs.produce(request)))
        });
        assert!(told.failed.is_empty(), "{code}: {:?}", told.failed);
        for partition in 0..2 {
            assert_eq!(
                logs.values(partition),
                expected(60, partition as usize),
                "{code}"
            );
        }
        assert!(p.0.identity().unwrap().1 >= 1, "{code}");
        assert!(
            net.events.iter().any(|e| e.code == "producer-epoch-bumped"),
            "{code}"
        );
    }
}

#[test]
fn after_a_lost_batch_the_next_ones_are_not_out_of_order() {
    // The first batches are never answered and given up; the producer goes on under a new epoch.
    let mut config = config();
    config.delivery_timeout_ms = 3_000;
    config.client.request_timeout_ms = 2_000;
    config.batch_size = 150;
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config);
    let one = |i: usize| {
        let mut r = record("t", &format!("v{i}"));
        r.partition = Some(0);
        r
    };
    (0..10).for_each(|i| {
        p.0.send(fake::START, one(i));
    });
    let mut logs = Logs::default();
    let mut told = Heard::default();
    for (until, from, to) in [(6_000, 10, 20), (20_000, 0, 0)] {
        run(
            &mut net,
            &mut p,
            until,
            &mut |asked| match &asked.body {
                RequestKind::Produce(_) if asked.at < fake::START + 5_000 => Reply::Silence,
                RequestKind::Produce(request) => Reply::Answer(answer(&logs.produce(request))),
                _ => usual(&asked),
            },
            |_, _, output| told.take(output),
        );
        (from..to).for_each(|i| {
            p.0.send(net.now, one(i));
        });
    }
    assert_eq!(told.failed.iter().map(|f| f.ids.len()).sum::<usize>(), 10);
    assert_eq!(
        logs.values(0),
        (10..20).map(|i| format!("v{i}")).collect::<Vec<_>>()
    );
}

/// A broker remembers five batches of a producer. While the old leader owes the answers to so many,
/// the new one is sent nothing: the oldest would be forgotten, and refused when it is sent again.
#[test]
fn a_new_leader_gets_no_sixth_batch() {
    let mut config = config();
    config.batch_size = 1;
    config.client.metadata_max_age_ms = 1_000;
    let owed_until = fake::START + config.client.request_timeout_ms;
    let mut p = producer(config);
    for i in 0..8 {
        let mut record = record("t", &format!("v{i}"));
        record.partition = Some(0);
        p.0.send(fake::START, record);
    }
    p.0.close(fake::START);
    let (mut logs, mut told, mut heard_of_it) = (Logs::default(), Heard::default(), 0);
    run(
        &mut Net::new(&[1, 2]),
        &mut p,
        1_000_000,
        &mut |asked| match &asked.body {
            RequestKind::Produce(request) if asked.node == 1 && logs.requests == 0 => {
                Reply::Answer(answer(&logs.produce(request)))
            }
            RequestKind::Produce(request) if asked.node == 1 => {
                logs.produce(request);
                Reply::Silence
            }
            RequestKind::Produce(request) => {
                assert!(asked.at >= owed_until, "sent at {}", asked.at - fake::START);
                Reply::Answer(answer(&logs.produce(request)))
            }
            // It comes from the other broker: the first has no room for another request.
            RequestKind::Metadata(_) => {
                heard_of_it += i32::from(asked.at < owed_until);
                let leader = 1 + i32::from(asked.at >= fake::START + 1_000);
                let leaders = vec![leader];
                Reply::Answer(metadata(&[1, 2], &[Topic { name: "t", leaders }]))
            }
            _ => usual(&asked),
        },
        |_, _, output| told.take(output),
    );
    assert!(heard_of_it > 10, "metadata came {heard_of_it} times");
    assert_eq!(told.delivered.len(), 8, "{:?}", told.failed);
    let all: Vec<String> = (0..8).map(|i| format!("v{i}")).collect();
    assert_eq!(logs.values(0), all);
}

/// The broker has no room in its ISR when the first batch comes, and has it right after: what was
/// sent behind it must not be taken for the first.
#[test]
fn the_first_batch_of_a_partition_goes_alone() {
    let mut config = config();
    config.batch_size = 1;
    let mut refused = 0;
    let (logs, told, _, _) = send_all(config, 8, |logs, _, request| {
        let (partition, batch) = incoming(request).remove(0);
        if partition == 0 && refused == 0 {
            assert_eq!(batch.header.base_sequence, 0);
            refused += 1;
            let not_enough_replicas = 19;
            return Reply::Later(500, answer(&[(partition, not_enough_replicas, -1)]));
        }
        if partition == 0 && logs.end(0) == 0 {
            assert_eq!(batch.header.base_sequence, 0, "nothing overtakes it");
        }
        Reply::Answer(answer(&logs.produce(request)))
    });
    assert_eq!((refused, told.delivered.len()), (1, 8));
    assert_eq!(logs.values(0), expected(8, 0));
}

//! Batching, waiting, errors, settings.

use super::*;

#[test]
fn records_arrive_in_order_with_offsets() {
    for codec in [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ] {
        let mut config = config();
        config.compression_type = codec;
        config.batch_size = 200;
        let (logs, told, p, _) = send_all(config, 100, |logs, _, request| {
            Reply::Answer(answer(&logs.produce(request)))
        });
        for partition in 0..2 {
            assert_eq!(
                logs.values(partition),
                expected(100, partition as usize),
                "{codec:?}"
            );
        }
        assert!(told.failed.is_empty());
        for delivery in &told.delivered {
            for (i, id) in delivery.ids.iter().enumerate() {
                // Record n of a partition has number 2n + partition.
                let offset = delivery.base_offset + i as i64;
                assert_eq!(id.0 as i64, 2 * offset + i64::from(delivery.partition));
            }
        }
        assert_eq!(p.0.stats().acked, 100);
        assert_eq!(p.0.stats().waiting(), 0);
    }
}

#[test]
fn old_brokers_are_spoken_to_in_old_versions() {
    for (max_versions, produce_version) in [
        (vec![(18i16, 0i16), (0, 7), (3, 6), (22, 1)], 7i16),
        (vec![(18, 2), (0, 12)], 12),
    ] {
        let mut net = Net::new(&[1, 2]);
        net.max_versions = max_versions.into_iter().collect();
        let mut p = producer(config());
        p.0.send(fake::START, record("t", "v"));
        let mut logs = Logs::default();
        let mut told = Heard::default();
        run(
            &mut net,
            &mut p,
            60_000,
            &mut |asked| match &asked.body {
                RequestKind::Produce(request) => {
                    assert_eq!(asked.version, produce_version);
                    Reply::Answer(answer(&logs.produce(request)))
                }
                _ => usual(&asked),
            },
            |_, _, output| {
                told.take(output);
                !told.delivered.is_empty()
            },
        );
        assert_eq!(told.delivered.len(), 1);
    }
}

#[test]
fn retriable_errors_are_retried_in_order_without_duplicates() {
    // Every third request fails: refused, appended with the answer lost, or not answered at all.
    let mut config = config();
    config.batch_size = 150;
    let mut n = 0;
    let (logs, told, p, net) = send_all(config, 200, |logs, _, request| {
        n += 1;
        match n % 9 {
            3 => Reply::Answer(answer(
                &incoming(request)
                    .iter()
                    .map(|(p, _)| (*p, 6, -1))
                    .collect::<Vec<_>>(),
            )),
            6 => {
                logs.produce(request);
                Reply::Hang
            }
            8 => Reply::Hang,
            _ => Reply::Answer(answer(&logs.produce(request))),
        }
    });
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    for partition in 0..2 {
        assert_eq!(logs.values(partition), expected(200, partition as usize));
    }
    assert!(p.0.stats().retries > 0);
    let retry = net
        .events
        .iter()
        .find(|e| e.code == "producer-retry")
        .unwrap();
    assert_eq!(retry.setting.as_deref(), Some("retry.backoff.ms"));
}

#[test]
fn a_batch_that_is_too_large_is_split() {
    let (logs, told, _, net) = send_all(config(), 64, |logs, _, request| {
        let too_large = |b: &Batch| b.header.records_count > 5;
        let batches = incoming(request);
        if batches.iter().any(|(_, b)| too_large(b)) {
            let told = batches
                .iter()
                .map(|(p, _)| (*p, 10, -1))
                .collect::<Vec<_>>();
            return Reply::Answer(answer(&told));
        }
        Reply::Answer(answer(&logs.produce(request)))
    });
    assert!(told.failed.is_empty());
    for partition in 0..2 {
        assert_eq!(logs.values(partition), expected(64, partition as usize));
    }
    assert!(net.events.iter().any(|e| e.code == "producer-batch-split"));
}

#[test]
fn a_record_that_is_too_large_fails_and_the_rest_goes_on() {
    let mut config = config();
    config.batch_size = 1;
    let (logs, told, _, _) = send_all(config, 20, |logs, _, request| {
        let mut told = Vec::new();
        for (partition, batch) in incoming(request) {
            let value = batch.records().next().unwrap().unwrap().value.unwrap();
            let bad = &value[..] == b"v4";
            told.push(if bad {
                (partition, 10, -1)
            } else {
                logs.append(partition, batch)
            });
        }
        Reply::Answer(answer(&told))
    });
    assert_eq!(told.failed.len(), 1);
    assert_eq!(
        told.failed[0].error,
        ClientError::Broker {
            code: 10,
            message: None
        }
    );
    let mut all = expected(20, 0);
    all.remove(2);
    assert_eq!(logs.values(0), all);
    assert_eq!(logs.values(1), expected(20, 1));
}

#[test]
fn a_silent_leader_ends_in_delivery_timeout() {
    let (_, told, p, net) = send_all(config(), 4, |_, _, _| Reply::Silence);
    assert_eq!(told.failed.iter().map(|f| f.ids.len()).sum::<usize>(), 4);
    let expect = ClientError::Timeout {
        setting: "delivery.timeout.ms",
        after_ms: 120_000,
        last: None,
    };
    assert!(told.failed.iter().all(|f| f.error == expect));
    // It counts from when metadata had come and the batch was begun.
    assert!((120_000..120_050).contains(&(net.now - fake::START)));
    assert_eq!(p.0.stats().failed, 4);
    let gave_up = net
        .events
        .iter()
        .find(|e| e.code == "producer-gave-up")
        .unwrap();
    assert_eq!(gave_up.setting.as_deref(), Some("delivery.timeout.ms"));
}

#[test]
fn retries_are_limited() {
    let mut config = config();
    config.retries = 3;
    let mut n = 0;
    let (_, told, p, _) = send_all(config, 1, |_, _, request| {
        n += 1;
        Reply::Answer(answer(&[(incoming(request)[0].0, 19, -1)]))
    });
    assert_eq!(n, 4);
    assert_eq!(p.0.stats().retries, 3);
    assert_eq!(
        told.failed[0].error,
        ClientError::Broker {
            code: 19,
            message: None
        }
    );
}

#[test]
fn acks_0_waits_for_nobody() {
    let mut config = config();
    config.acks = Acks::None;
    let (logs, told, _, net) = send_all(config, 10, |logs, _, request| {
        assert_eq!(request.acks, 0);
        logs.produce(request);
        Reply::Silence
    });
    assert_eq!(logs.values(0), expected(10, 0));
    assert!(told.delivered.iter().all(|d| d.base_offset == -1));
    let off = net
        .events
        .iter()
        .find(|e| e.code == "producer-not-idempotent")
        .unwrap();
    assert_eq!(off.setting.as_deref(), Some("acks"));
}

#[test]
fn linger_gathers_and_a_full_batch_does_not_wait() {
    let mut net = Net::new(&[1, 2]);
    let mut c = config();
    c.linger_ms = 500;
    c.batch_size = 4_000;
    let mut p = producer(c);
    let one = |i: i32| {
        let mut r = record("t", &"x".repeat(100));
        r.partition = Some(i);
        r
    };
    for _ in 0..5 {
        p.0.send(fake::START, one(0));
    }
    for _ in 0..60 {
        p.0.send(fake::START, one(1));
    }
    let mut arrivals = Vec::new();
    let mut logs = Logs::default();
    run(
        &mut net,
        &mut p,
        5_000,
        &mut |asked| match &asked.body {
            RequestKind::Produce(request) => {
                for (partition, batch) in incoming(request) {
                    arrivals.push((
                        asked.at - fake::START,
                        partition,
                        batch.header.records_count,
                    ));
                }
                Reply::Answer(answer(&logs.produce(request)))
            }
            _ => usual(&asked),
        },
        |_, _, _| false,
    );
    assert!(
        arrivals.iter().any(|(at, p, _)| *p == 1 && *at < 100),
        "{arrivals:?}"
    );
    let lingered = arrivals.iter().find(|(_, p, _)| *p == 0).unwrap();
    assert_eq!(lingered.2, 5);
    assert!((500..520).contains(&lingered.0), "{arrivals:?}");
}

#[test]
fn an_unknown_topic_is_waited_for_until_max_block_ms() {
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config());
    p.0.send(fake::START, record("t", "v"));
    assert!(!p.0.is_blocked() || p.0.stats().waiting() == 1);
    let mut told = Heard::default();
    let mut asked_for = 0;
    run(
        &mut net,
        &mut p,
        100_000,
        &mut |asked| match &asked.body {
            RequestKind::Metadata(_) => {
                asked_for += 1;
                Reply::Answer(metadata_error(&[1, 2], "t", 3))
            }
            _ => usual(&asked),
        },
        |_, _, output| {
            told.take(output);
            !told.failed.is_empty()
        },
    );
    let last = Some(Box::new(ClientError::Broker {
        code: 3,
        message: None,
    }));
    let expect = ClientError::Timeout {
        setting: "max.block.ms",
        after_ms: 60_000,
        last,
    };
    assert_eq!(told.failed[0].error, expect);
    assert_eq!(net.now - fake::START, 60_000);
    // Backed off to about one a second.
    assert!((50..90).contains(&asked_for), "{asked_for}");
}

#[test]
fn a_topic_that_appears_is_used() {
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config());
    p.0.send(fake::START, record("t", "v"));
    let mut told = Heard::default();
    let mut logs = Logs::default();
    run(
        &mut net,
        &mut p,
        100_000,
        &mut |asked| match &asked.body {
            RequestKind::Metadata(request) => {
                assert!(request.allow_auto_topic_creation);
                if asked.at < fake::START + 500 {
                    return Reply::Answer(metadata_error(&[1, 2], "t", 5));
                }
                usual(&asked)
            }
            RequestKind::Produce(request) => Reply::Answer(answer(&logs.produce(request))),
            _ => usual(&asked),
        },
        |_, _, output| {
            told.take(output);
            !told.delivered.is_empty()
        },
    );
    assert_eq!(told.delivered.len(), 1);
    assert!(net.now - fake::START < 2_500);
}

#[test]
fn a_dead_leader_is_redialled_with_backoff_and_a_new_leader_is_used() {
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config());
    let mut r = record("t", "v");
    r.partition = Some(0);
    net.down.push(1);
    p.0.send(fake::START, r);
    let mut told = Heard::default();
    let mut logs = Logs::default();
    run(
        &mut net,
        &mut p,
        100_000,
        &mut |asked| match &asked.body {
            RequestKind::Metadata(_) if asked.at < fake::START + 5_000 => {
                Reply::Answer(two_leaders())
            }
            RequestKind::Metadata(_) => Reply::Answer(metadata(
                &[2],
                &[Topic {
                    name: "t",
                    leaders: vec![2, 2],
                }],
            )),
            RequestKind::Produce(request) => {
                assert_eq!(asked.node, 2);
                Reply::Answer(answer(&logs.produce(request)))
            }
            _ => usual(&asked),
        },
        |_, _, output| {
            told.take(output);
            !told.delivered.is_empty()
        },
    );
    assert_eq!(told.delivered.len(), 1);
    let dials: Vec<i64> = net
        .dials
        .iter()
        .filter(|(_, node)| *node == 1)
        .map(|(at, _)| at - fake::START)
        .collect();
    assert!((6..14).contains(&dials.len()), "{dials:?}");
    assert!(net.events.iter().any(|e| e.code == "client-disconnected"));
}

#[test]
fn a_full_buffer_blocks_in_order_and_drains() {
    let mut config = config();
    config.buffer_memory = 3_000;
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config);
    for i in 0..200 {
        let mut r = record("t", &format!("v{i:0>50}"));
        r.partition = Some(0);
        p.0.send(fake::START, r);
    }
    p.0.close(fake::START);
    let mut logs = Logs::default();
    let mut told = Heard::default();
    let mut most = 0;
    run(
        &mut net,
        &mut p,
        100_000,
        &mut |asked| match &asked.body {
            RequestKind::Produce(request) => Reply::Answer(answer(&logs.produce(request))),
            _ => usual(&asked),
        },
        |p, _, output| {
            most = most.max(p.0.buffered_bytes());
            told.take(output)
        },
    );
    let expect: Vec<String> = (0..200).map(|i| format!("v{i:0>50}")).collect();
    assert_eq!(logs.values(0), expect);
    assert!(most <= 3_000);
}

#[test]
fn same_seed_same_frames() {
    let frames = |seed| {
        let mut net = Net::new(&[1, 2]);
        let mut p = P(Producer::new(config(), seed, fake::START));
        for i in 0..50 {
            p.0.send(fake::START, record("t", &format!("v{i}")));
        }
        let mut logs = Logs::default();
        let mut all = Vec::new();
        let mut n = 0;
        run(
            &mut net,
            &mut p,
            10_000,
            &mut |asked| {
                all.push(format!("{} {} {:?}", asked.at, asked.node, asked.body));
                n += 1;
                match &asked.body {
                    RequestKind::Produce(_) if n % 2 == 0 => Reply::Hang,
                    RequestKind::Produce(request) => Reply::Answer(answer(&logs.produce(request))),
                    _ => usual(&asked),
                }
            },
            |_, _, _| false,
        );
        all
    };
    assert_eq!(frames(1), frames(1));
    assert!((2..8).any(|seed| frames(seed) != frames(1)));
}

#[test]
fn a_topic_that_is_no_longer_used_is_not_asked_about() {
    let mut net = Net::new(&[1, 2]);
    let mut c = config();
    c.client.metadata_max_age_ms = 50_000;
    let mut p = producer(c);
    p.0.send(fake::START, record("t", "v"));
    let mut logs = Logs::default();
    let mut asked = Vec::new();
    run(
        &mut net,
        &mut p,
        500_000,
        &mut |request| match &request.body {
            RequestKind::Metadata(body) => {
                let topics = body.topics.as_ref().unwrap().len();
                asked.push((request.at - fake::START, topics));
                usual(&request)
            }
            RequestKind::Produce(body) => Reply::Answer(answer(&logs.produce(body))),
            _ => usual(&request),
        },
        |_, _, _| false,
    );
    let while_used = asked.iter().filter(|(at, _)| *at < 300_000);
    assert!(while_used.clone().count() >= 5 && while_used.clone().all(|(_, n)| *n == 1));
    // It is noticed at the next thing to do.
    assert_eq!(asked.last().unwrap().1, 0, "{asked:?}");
}

//! Membership, rebalances, commits.

use super::*;

#[test]
fn a_lone_member_reads_everything_and_commits_on_the_timer() {
    for assignor in [
        Assignor::Range,
        Assignor::RoundRobin,
        Assignor::Sticky,
        Assignor::CooperativeSticky,
    ] {
        let mut net = Net::new(&[1, 2]);
        let mut cluster = Cluster::new(3, 25);
        cluster.leaders = vec![1, 2, 1];
        cluster.committed.insert(1, 13);
        let mut config = config();
        config.partition_assignment_strategy = vec![assignor];
        let mut c = subscribed(config);
        let (records, outputs) = consume(&mut net, &mut c, &mut cluster, 12_000);
        assert_eq!(values(&records, 0), cluster.logs[&0], "{assignor:?}");
        assert_eq!(values(&records, 1), cluster.logs[&1][13..]);
        assert_eq!(records[0].leader_epoch, 3);
        assert_eq!(outputs, [Told::Assigned(vec![tp(0), tp(1), tp(2)])]);
        assert_eq!(
            cluster.committed,
            BTreeMap::from([(0, 25), (1, 25), (2, 25)])
        );
        assert_eq!(c.0.state(), State::Running);
        assert_eq!(c.0.protocol(), Some(assignor.name()));
        assert_eq!(cluster.count("heartbeat"), 3);
        assert_eq!(cluster.count("commit 0@25"), 2);
        let reset = net
            .events
            .iter()
            .find(|e| e.code == "consumer-offset-reset")
            .unwrap();
        assert_eq!(reset.setting.as_deref(), Some("auto.offset.reset"));
    }
}

#[test]
fn close_commits_and_leaves() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 1_000);
    c.0.close(net.now);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 1_000);
    assert_eq!(outputs, [Told::Closed]);
    assert_eq!(cluster.committed[&0], 7);
    assert_eq!(cluster.count("leave the consumer is being closed"), 1);
    assert_eq!(c.0.wake_at(), None);
}

#[test]
fn a_static_member_does_not_leave() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut config = config();
    config.group_instance_id = Some("i".to_owned());
    let mut c = subscribed(config);
    consume(&mut net, &mut c, &mut cluster, 1_000);
    c.0.close(net.now);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 1_000);
    assert_eq!(outputs, [Told::Closed]);
    assert_eq!(cluster.count("leave"), 0);
}

#[test]
fn an_eager_rebalance_commits_revokes_and_joins_again() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(2, 7);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 1_000);
    cluster.heartbeat_error = 27;
    cluster.other = Some(("z", subscription_bytes(&[], -1)));
    let (records, outputs) = consume(&mut net, &mut c, &mut cluster, 2_800);
    cluster.heartbeat_error = 0;
    assert!(records.is_empty(), "nothing is read twice");
    let expect = [
        Told::Revoked(vec![tp(0), tp(1)]),
        Told::Assigned(vec![tp(0)]),
    ];
    assert_eq!(outputs, expect);
    assert_eq!(cluster.committed, BTreeMap::from([(0, 7), (1, 7)]));
    assert_eq!(cluster.count("join us: group is already rebalancing"), 1);
    let (commit, join) = (cluster.when("commit")[0], cluster.when("join")[1]);
    assert!(commit <= join);
    assert_eq!(c.0.generation(), 2);
}

#[test]
fn a_cooperative_rebalance_keeps_reading_and_hands_over_in_two_rounds() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(2, 7);
    let mut config = config();
    config.partition_assignment_strategy = vec![Assignor::CooperativeSticky];
    let mut c = subscribed(config);
    consume(&mut net, &mut c, &mut cluster, 1_000);
    cluster.heartbeat_error = 27;
    cluster.other = Some(("z", subscription_bytes(&[], -1)));
    let mut outputs = Vec::new();
    for _ in 0..29 {
        outputs.extend(consume(&mut net, &mut c, &mut cluster, 100).1);
        if cluster.count("join") > 1 {
            cluster.heartbeat_error = 0;
        }
    }
    assert_eq!(outputs, [Told::Revoked(vec![tp(1)])]);
    assert_eq!(
        cluster.count("join us: need to revoke partitions and re-join"),
        1
    );
    assert_eq!(cluster.count("sync"), 3);
    let owned: Vec<TopicPartition> = c.0.assignment().into_iter().map(|(tp, _)| tp).collect();
    assert_eq!(owned, [tp(0)]);
    assert_eq!(c.0.position(&tp(0)), Some(7), "it went on where it was");
}

#[test]
fn a_member_that_the_coordinator_forgot_loses_its_partitions_and_comes_back() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 1_000);
    cluster.heartbeat_error = 25;
    consume(&mut net, &mut c, &mut cluster, 2_030);
    cluster.heartbeat_error = 0;
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert!(cluster.count("join us") == 2, "{:?}", cluster.seen);
    assert_eq!(c.0.state(), State::Running);
    assert!(!outputs.contains(&Told::Revoked(vec![tp(0)])));
    assert!(
        net.events
            .iter()
            .any(|e| e.code == "consumer-partitions-lost")
    );
}

#[test]
fn a_handler_that_is_too_slow_leaves_the_group() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut config = config();
    config.max_poll_interval_ms = 10_000;
    let mut c = subscribed(config);
    run(
        &mut net,
        &mut c,
        40_000,
        &mut |asked| cluster.answer(asked),
        |c, now, output| {
            if output == Told::RecordsReady {
                assert_eq!(c.0.poll_records(now, 1).len(), 1);
            }
            false
        },
    );
    assert_eq!(cluster.count("leave consumer poll timeout has expired."), 1);
    let left = cluster.when("leave")[0];
    assert!((10_000..10_100).contains(&left), "{left}");
    assert!(cluster.when("heartbeat").iter().all(|at| *at < left));
    let kicked = net
        .events
        .iter()
        .find(|e| e.code == "consumer-kicked-out")
        .unwrap();
    assert_eq!(kicked.setting.as_deref(), Some("max.poll.interval.ms"));
    assert!(
        c.0.poll_records(net.now, 10).is_empty(),
        "the rest belongs to others now"
    );
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 1_000);
    assert_eq!(
        outputs,
        [Told::Lost(vec![tp(0)]), Told::Assigned(vec![tp(0)])]
    );
}

#[test]
fn heartbeats_that_nobody_answers_end_the_session() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut config = config();
    config.client.request_timeout_ms = 100_000;
    // A commit's answer could not overtake that of a heartbeat.
    config.enable_auto_commit = false;
    let mut c = subscribed(config);
    consume(&mut net, &mut c, &mut cluster, 1_000);
    run(
        &mut net,
        &mut c,
        60_000,
        &mut |asked| match asked.body {
            RequestKind::Heartbeat(_) => Reply::Silence,
            _ => cluster.answer(asked),
        },
        |_, _, _| false,
    );
    let lost = net
        .events
        .iter()
        .find(|e| e.code == "consumer-session-timeout")
        .unwrap();
    assert_eq!(lost.setting.as_deref(), Some("session.timeout.ms"));
}

#[test]
fn manual_commits_are_answered_and_sync_ones_are_retried() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut config = config();
    config.enable_auto_commit = false;
    let mut c = subscribed(config);
    consume(&mut net, &mut c, &mut cluster, 1_000);
    let asked =
        c.0.commit(net.now, Some(vec![(tp(0), 3)]), CommitKind::Async);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 100);
    assert_eq!(outputs, [Told::Committed(asked, Ok(()))]);
    assert_eq!(cluster.committed[&0], 3);
    cluster.commit_error = 14;
    let once = c.0.commit(net.now, None, CommitKind::Async);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 100);
    let refused = ClientError::Broker {
        code: 14,
        message: None,
    };
    assert_eq!(outputs, [Told::Committed(once, Err(refused))]);
    let again = c.0.commit(net.now, None, CommitKind::Sync);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 500);
    assert!(outputs.is_empty());
    cluster.commit_error = 0;
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(outputs, [Told::Committed(again, Ok(()))]);
    assert_eq!(cluster.committed[&0], 7);
}

#[test]
fn more_partitions_make_the_leader_rebalance() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 5);
    let mut config = config();
    config.client.metadata_max_age_ms = 3_000;
    let mut c = subscribed(config);
    consume(&mut net, &mut c, &mut cluster, 1_000);
    cluster.leaders.push(1);
    cluster.logs.insert(1, vec!["x".to_owned()]);
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 5_000);
    assert_eq!(values(&records, 1), ["x"]);
    assert_eq!(
        cluster.count("join us: partitions of the subscribed topics changed"),
        1
    );
}

//! Fetching, positions, resets.

use super::*;

#[test]
fn an_idle_consumer_makes_two_fetches_a_second_and_names_nothing() {
    let mut net = Net::new(&[1, 2]);
    let mut cluster = Cluster::new(2, 5);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 2_000);
    let before = cluster.seen.len();
    consume(&mut net, &mut c, &mut cluster, 5_000);
    let fetches: Vec<&String> = cluster.seen[before..]
        .iter()
        .map(|(_, what)| what)
        .filter(|what| what.starts_with("fetch"))
        .collect();
    assert!((8..=11).contains(&fetches.len()), "{fetches:?}");
    assert!(
        fetches.iter().all(|what| *what == "fetch node 1 of 0"),
        "{fetches:?}"
    );
}

#[test]
fn an_offset_that_is_gone_is_reset() {
    for (reset, expect) in [(OffsetReset::Earliest, 7), (OffsetReset::Latest, 0)] {
        let mut net = Net::new(&[1]);
        let mut cluster = Cluster::new(1, 7);
        cluster.starts.insert(0, 100);
        cluster.committed.insert(0, 50);
        let mut config = config();
        config.auto_offset_reset = reset;
        let mut c = subscribed(config);
        let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
        assert_eq!(records.len(), expect, "{reset:?}");
        assert_eq!(c.0.position(&tp(0)), Some(107));
    }
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 7);
    let mut config = config();
    config.auto_offset_reset = OffsetReset::None;
    let mut c = subscribed(config);
    let (records, outputs) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert!(records.is_empty());
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Told::Failed(_)))
    );
    // A seek helps.
    assert!(c.0.seek(net.now, &tp(0), 4));
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(values(&records, 0), cluster.logs[&0][4..]);
}

#[test]
fn a_moved_leader_is_followed() {
    let mut net = Net::new(&[1, 2]);
    let mut cluster = Cluster::new(1, 5);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 1_000);
    cluster.leaders = vec![2];
    cluster.fetch_error = 6;
    cluster.logs.get_mut(&0).unwrap().push("more".to_owned());
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(values(&records, 0), ["more"]);
    assert!(cluster.count("fetch node 2") > 0);
}

#[test]
fn pause_holds_back_and_seek_replays() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(2, 5);
    let mut c = subscribed(config());
    consume(&mut net, &mut c, &mut cluster, 1_000);
    c.0.pause(net.now, &[tp(0)]);
    for p in 0..2 {
        cluster.logs.get_mut(&p).unwrap().push("new".to_owned());
    }
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(records.iter().map(|r| r.partition).collect::<Vec<_>>(), [1]);
    c.0.resume(net.now, &[tp(0)]);
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(
        records
            .iter()
            .map(|r| (r.partition, r.offset))
            .collect::<Vec<_>>(),
        [(0, 5)]
    );
    assert!(c.0.seek_to_beginning(net.now, &tp(1)));
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 2_000);
    assert_eq!(records.len(), 6);
}

#[test]
fn max_poll_records_and_prefetch() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(1, 30);
    let mut config = config();
    config.max_poll_records = 4;
    let mut c = subscribed(config);
    let mut sizes = Vec::new();
    run(
        &mut net,
        &mut c,
        1_000,
        &mut |asked| cluster.answer(asked),
        |c, now, output| {
            if output == Told::RecordsReady {
                sizes.push(c.0.poll_records(now, 500).len());
            }
            false
        },
    );
    // The application works on 4 records of a batch of 10: nothing more is fetched.
    assert_eq!((sizes.clone(), cluster.count("fetch")), (vec![4], 1));
    assert_eq!(c.0.poll_records(net.now, 500).len(), 4);
    assert_eq!(c.0.poll_records(net.now, 500).len(), 2);
    // The last of them are being worked on, and the next are on their way.
    run(
        &mut net,
        &mut c,
        1_500,
        &mut |asked| cluster.answer(asked),
        |_, _, _| false,
    );
    assert_eq!(cluster.count("fetch"), 2);
    assert!(c.0.has_records());
}

#[test]
fn without_a_group_it_follows_topics_and_commits_nothing() {
    let mut net = Net::new(&[1]);
    let mut cluster = Cluster::new(2, 5);
    let mut config = config();
    config.group_id = None;
    let mut c = C(Consumer::new(config, 1, fake::START));
    c.0.follow(fake::START, ["t".to_owned()]);
    let (records, _) = consume(&mut net, &mut c, &mut cluster, 10_000);
    assert_eq!(records.len(), 10);
    assert_eq!(cluster.count("commit") + cluster.count("join"), 0);
    c.0.close(net.now);
    let (_, outputs) = consume(&mut net, &mut c, &mut cluster, 10);
    assert_eq!(outputs, [Told::Closed]);
}

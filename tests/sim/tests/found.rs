//! Seeds that found something once, by what it was.

use konbini_sim::plan::Plan;
use konbini_sim::run::run;
use konbini_sim::twice::twice;

fn holds(seed: u64) {
    let plan = Plan::new(seed);
    let outcome = run(&plan);
    assert_eq!(outcome.violation, None, "seed {seed}");
    assert_eq!(twice(&plan, &outcome), None, "seed {seed}");
}

/// The logs of a broker failed one by one, and while the first made it load bytes, the others.
#[test]
fn a_disk_fails_while_bytes_are_loaded() {
    for seed in [400, 1904, 4608, 4816] {
        holds(seed);
    }
}

/// A compaction that waited for bytes went on a millisecond later than one that had them.
#[test]
fn a_compaction_goes_on_at_once() {
    holds(4_294_967_888);
}

/// A leader had copied a log from which compaction had taken all records of an epoch, or its first ones. Not
/// knowing the epoch, it let a follower throw away what was committed; not knowing its start, keep what
/// was not.
#[test]
fn compaction_leaves_where_leader_epochs_begin() {
    for seed in [4_294_969_057, 4_294_971_271] {
        holds(seed);
    }
}

/// The disk was full while a broker stopped: where recovery starts was written down in a step whose
/// records were not.
#[test]
fn a_recovery_point_is_not_moved_over_what_could_not_be_written() {
    for seed in [5365, 5592, 14332, 14464, 15059] {
        holds(seed);
    }
}

/// Of five batches in flight to a broker that could not answer, the first was retried at one that
/// had been killed meanwhile: its snapshot of producers knew only the last.
#[test]
fn any_batch_in_flight_is_known_after_a_restart() {
    holds(7371);
}

/// The controller stopped before its unclean election was known to be committed. It was, and nobody
/// told of it.
#[test]
fn an_unclean_election_is_told_without_its_controller() {
    holds(11747);
}

/// While a cut line kept the old leader's answers back, the new leader was sent a sixth batch of a
/// producer, and forgot the first.
#[test]
fn no_more_batches_are_in_flight_than_brokers_remember() {
    holds(13695);
}

/// A producer's first batches were refused for want of replicas, and the next one was taken for its
/// first when there were enough.
#[test]
fn nothing_overtakes_the_first_batch_of_a_producer() {
    holds(16018);
}

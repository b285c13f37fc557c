//! A change of one partition on its way to a record, by the rules that hold for every change: who
//! may lead, what becomes of the in-sync replicas, and what a finished reassignment leaves.
//!
//! The election rule is Kafka's before KIP-966: the leader comes from the in-sync replicas, the
//! last in-sync replica stays one when it dies, and the partition waits for it; with
//! `unclean.leader.election.enable` any replica that is alive may lead, and what it does not have is
//! lost. There are no eligible leader replicas (ELR).

use konbini_trace::Event;

use crate::config::BrokerConfig;
use crate::metadata::{
    Image, NO_LEADER, PartitionChangeRecord, PartitionImage, Record, TopicImage,
};
use crate::settings;

/// What decides who leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// Only if the present leader cannot go on.
    IfNeeded,
    /// The preferred leader if it is in sync and alive; else as before.
    Preferred,
    /// Any replica that is alive if none in sync is, whatever the setting says.
    Unclean,
}

/// Records of a decision with what the timeline is told.
#[derive(Default)]
pub(super) struct Changes {
    pub records: Vec<Record>,
    pub events: Vec<Event>,
}

/// One partition that is changed.
pub(super) struct PartitionChange<'a> {
    config: &'a BrokerConfig,
    image: &'a Image,
    topic: &'a TopicImage,
    index: i32,
    old: &'a PartitionImage,
    /// Brokers that count as gone, whatever the image says.
    without: Option<i32>,
    isr: Vec<i32>,
    replicas: Vec<i32>,
    removing: Vec<i32>,
    adding: Vec<i32>,
    pub election: Election,
    /// Whether the leader, elected uncleanly, still has to say that it took over (KIP-704).
    recovering: bool,
    /// The setting that decided, for the timeline.
    pub cause: Option<&'static str>,
}

impl<'a> PartitionChange<'a> {
    pub fn new(
        config: &'a BrokerConfig,
        image: &'a Image,
        topic: &'a TopicImage,
        index: i32,
        old: &'a PartitionImage,
    ) -> Self {
        PartitionChange {
            config,
            image,
            topic,
            index,
            old,
            without: None,
            isr: old.isr.clone(),
            replicas: old.replicas.clone(),
            removing: old.removing.clone(),
            adding: old.adding.clone(),
            election: Election::IfNeeded,
            recovering: old.leader_is_recovering,
            cause: None,
        }
    }

    /// A broker is gone, or about to go: it leaves the in-sync replicas, unless it is the last of
    /// them, and leads nothing.
    pub fn without(mut self, id: i32) -> Self {
        self.without = Some(id);
        let left = self.isr.iter().copied().filter(|x| *x != id);
        let left: Vec<i32> = left.collect();
        if !left.is_empty() {
            self.isr = left;
        }
        self
    }

    pub fn isr(mut self, isr: Vec<i32>) -> Self {
        self.isr = isr;
        self
    }

    /// The leader says that it took over, or not yet.
    pub fn recovering(mut self, recovering: bool) -> Self {
        self.recovering = recovering;
        self
    }

    /// Replicas on the way to what a reassignment wants: those of before and those to come.
    pub fn reassign(mut self, replicas: Vec<i32>, removing: Vec<i32>, adding: Vec<i32>) -> Self {
        self.replicas = replicas;
        self.removing = removing;
        self.adding = adding;
        self
    }

    /// Adds the record to `out`, if anything changes.
    pub fn add_to(mut self, out: &mut Changes) {
        let finished = self.finish_reassignment();
        let (leader, clean) = self.elect();
        if !clean {
            self.isr = vec![leader];
            self.recovering = true;
        }
        let mut record = PartitionChangeRecord {
            partition_id: self.index,
            topic_id: self.topic.id,
            ..PartitionChangeRecord::default()
        };
        let changed = |new: &[i32], old: &[i32]| (new != old).then(|| new.to_vec());
        record.isr = changed(&self.isr, &self.old.isr);
        record.replicas = changed(&self.replicas, &self.old.replicas);
        record.removing = changed(&self.removing, &self.old.removing);
        record.adding = changed(&self.adding, &self.old.adding);
        record.leader_is_recovering =
            (self.recovering != self.old.leader_is_recovering).then_some(self.recovering);
        // Where a replica goes, the leader goes on in a new epoch: what it was to the one that went
        // is over.
        let goes = self
            .old
            .replicas
            .iter()
            .any(|id| !self.replicas.contains(id));
        record.leader = (leader != self.old.leader || goes).then_some(leader);
        let blank = PartitionChangeRecord {
            partition_id: self.index,
            topic_id: self.topic.id,
            ..PartitionChangeRecord::default()
        };
        if record == blank {
            return;
        }
        self.tell(out, &record, clean, finished);
        out.records.push(Record::PartitionChange(record));
    }

    /// Once all that a reassignment wants are in sync, the others go (KIP-455). Says whether it is
    /// done now.
    fn finish_reassignment(&mut self) -> bool {
        if self.removing.is_empty() && self.adding.is_empty() {
            return false;
        }
        let stays = |id: &i32| !self.removing.contains(id);
        let target: Vec<i32> = self.replicas.iter().copied().filter(stays).collect();
        let isr: Vec<i32> = self.isr.iter().copied().filter(stays).collect();
        let all_there = target.iter().all(|id| self.isr.contains(id));
        if target.is_empty() || isr.is_empty() || !all_there {
            return false;
        }
        self.replicas = target;
        self.isr = isr;
        self.removing.clear();
        self.adding.clear();
        true
    }

    fn may_lead(&self, id: i32) -> bool {
        Some(id) != self.without && self.image.is_active(id)
    }

    /// Who leads from now on, and whether it has all that was committed.
    fn elect(&self) -> (i32, bool) {
        let in_sync = |id: &i32| self.isr.contains(id) && self.may_lead(*id);
        let preferred = self.replicas.first().copied();
        if self.election == Election::Preferred
            && let Some(id) = preferred.filter(in_sync)
        {
            return (id, true);
        }
        if self.replicas.contains(&self.old.leader) && in_sync(&self.old.leader) {
            return (self.old.leader, true);
        }
        if let Some(id) = self.replicas.iter().copied().find(|id| in_sync(id)) {
            return (id, true);
        }
        if self.election == Election::Unclean || self.unclean_is_enabled() {
            let alive = self.replicas.iter().copied().find(|id| self.may_lead(*id));
            if let Some(id) = alive {
                return (id, self.isr == [id]);
            }
        }
        (NO_LEADER, true)
    }

    fn unclean_is_enabled(&self) -> bool {
        settings::log_config(self.config, self.image, &self.topic.name)
            .unclean_leader_election_enable
    }

    fn tell(&self, out: &mut Changes, record: &PartitionChangeRecord, clean: bool, done: bool) {
        let about = |event: Event| {
            event
                .with("topic", self.topic.name.as_str())
                .with("partition", self.index)
        };
        let because = |event: Event| match self.cause {
            Some(setting) => event.because_of(setting),
            None => event,
        };
        // A leader that was not in sync tells so itself, for that must not be missed: this node may
        // be gone before the record is known to be committed.
        let new = record.leader.filter(|id| clean && *id != self.old.leader);
        if let Some(leader) = new {
            let event = match leader {
                NO_LEADER => because(about(Event::error("partition-without-leader"))),
                _ => because(about(Event::info("leader-elected"))).with("leader", leader),
            };
            let event = event
                .with("epoch", self.old.leader_epoch + 1)
                .with("previous", self.old.leader);
            out.events.push(event);
        }
        let gone = difference(&self.old.isr, &self.isr);
        let come = difference(&self.isr, &self.old.isr);
        let isr = list(&self.isr);
        if !gone.is_empty() && clean && !done {
            let event = because(about(Event::warn("isr-shrunk")));
            out.events
                .push(event.with("out", list(&gone)).with("isr", isr.as_str()));
        }
        if !come.is_empty() && clean {
            let event = about(Event::info("isr-expanded"));
            out.events
                .push(event.with("in", list(&come)).with("isr", isr.as_str()));
        }
        if done {
            let event = about(Event::info("reassignment-done"));
            out.events
                .push(event.with("replicas", list(&self.replicas)));
        }
    }
}

/// Those of `these` that are not among `those`, in their order.
pub(super) fn difference(these: &[i32], those: &[i32]) -> Vec<i32> {
    let missing = these.iter().copied().filter(|id| !those.contains(id));
    missing.collect()
}

/// Node ids as people write them.
pub(super) fn list(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

#[cfg(test)]
mod tests;

//! What can be done to a running cluster. The page, share links, scripts and tests all use these.

use crate::code::Code;
use crate::fault::NetworkRule;
use crate::spec::{ConsumerSpec, ProducerSpec, Scenario, TopicSpec};
use serde::{Deserialize, Serialize};

/// One action. As JSON the kind stands in `do`: `{"do":"stop-consumer","name":"consumer-1"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    CreateTopic(TopicSpec),
    DeleteTopic {
        name: String,
    },
    /// Raises the number of partitions to `count`; Kafka never lowers it.
    CreatePartitions {
        topic: String,
        count: i32,
    },
    /// Sets a topic's dynamic setting, or returns it to its default when `value` is absent.
    AlterTopicConfig {
        topic: String,
        key: String,
        #[serde(default)]
        value: Option<String>,
    },
    /// Moves the log start offset up to `before`.
    DeleteRecords {
        topic: String,
        partition: i32,
        before: i64,
    },
    /// Sends one record by hand, through an existing producer.
    Send {
        producer: String,
        #[serde(default)]
        key: Option<String>,
        #[serde(default)]
        value: Option<String>,
        #[serde(default)]
        partition: Option<i32>,
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    AddProducer(ProducerSpec),
    /// Replaces the settings of the producer of that name; it reconnects as a new client.
    ChangeProducer(ProducerSpec),
    StartProducer {
        name: String,
    },
    StopProducer {
        name: String,
    },
    RemoveProducer {
        name: String,
    },
    AddConsumer(ConsumerSpec),
    /// Replaces the settings of the consumer of that name; it leaves and joins anew.
    ChangeConsumer(ConsumerSpec),
    StartConsumer {
        name: String,
    },
    /// Leaves its group politely (LeaveGroup) and stops.
    StopConsumer {
        name: String,
    },
    /// Stops without a word: its group notices after `session.timeout.ms`.
    CrashConsumer {
        name: String,
    },
    RemoveConsumer {
        name: String,
    },
    /// Stops fetching from its assigned partitions, still heartbeating.
    PauseConsumer {
        name: String,
    },
    ResumeConsumer {
        name: String,
    },
    /// Moves one consumer's position in a partition that it owns.
    Seek {
        name: String,
        topic: String,
        partition: i32,
        offset: i64,
    },
    /// Commits new offsets for a group without active members, by an admin client.
    ResetOffsets {
        group: String,
        topic: String,
        to: ResetTo,
    },
    DeleteGroup {
        group: String,
    },
    /// Every broker and client loses power at once; all start again from what their disks hold.
    /// A reload of the page is this. A broker that was down stays down, and rules stay in force.
    PowerCut,

    /// Controlled shutdown: the broker hands its leaderships over, then it ends.
    StopBroker {
        broker: i32,
    },
    /// Its process ends at once. Its system closes the sockets and keeps what was appended.
    KillBroker {
        broker: i32,
    },
    /// Its machine goes dark: nobody is told, and what the system had not written back is gone.
    CutBrokerPower {
        broker: i32,
    },
    /// Starts a broker that is down, from its disk.
    StartBroker {
        broker: i32,
    },
    /// Empties the disk of a broker that is down.
    WipeDisk {
        broker: i32,
    },
    /// From now on nothing can be appended on this broker's disk.
    FillDisk {
        broker: i32,
    },
    /// There is room again; a log that went offline stays so until its broker starts again.
    FreeDisk {
        broker: i32,
    },
    /// One log of a broker goes offline, or all but the metadata log, until it starts again.
    FailDisk {
        broker: i32,
        #[serde(default)]
        topic: Option<String>,
        #[serde(default)]
        partition: Option<i32>,
    },
    /// What arrives at a broker waits so many ms before it is handled; 0 ends that.
    SlowBroker {
        broker: i32,
        ms: u32,
    },
    /// A broker's clock is ahead by so many ms, behind if negative; 0 ends that.
    SkewClock {
        broker: i32,
        ms: i64,
    },
    /// Puts a rule in force; earlier rules are asked first.
    CutNetwork(NetworkRule),
    RemoveRule {
        name: String,
    },
    /// Ends all rules.
    Heal,
    /// Elects the preferred leader of a partition, or, `unclean`, any replica that is alive.
    ElectLeaders {
        topic: String,
        partition: i32,
        #[serde(default)]
        unclean: bool,
    },
    /// Moves a partition to these brokers; the first is preferred as leader.
    Reassign {
        topic: String,
        partition: i32,
        replicas: Vec<i32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetTo {
    Earliest,
    Latest,
    Offset(i64),
}

/// An action and when it was taken, in virtual ms since the start of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedAction {
    pub at: i64,
    #[serde(flatten)]
    pub action: Action,
}

/// A whole run: where it started and all that was done to it. What a share link holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    pub scenario: Scenario,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<TimedAction>,
    /// Where the run stood when it was shared, in virtual ms: a reader may fast-forward to it.
    #[serde(default)]
    pub until: i64,
    /// The reader's programs.
    #[serde(default, skip_serializing_if = "Code::is_empty")]
    pub code: Code,
}

impl Recording {
    /// A scenario to which nothing has been done.
    pub fn of(scenario: Scenario) -> Recording {
        Recording {
            scenario,
            actions: Vec::new(),
            until: 0,
            code: Code::default(),
        }
    }
}

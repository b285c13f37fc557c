use super::Invalid;
use super::field::{self, Checked, at_most, within};
use crate::action::{Action, ResetTo};
use crate::limit;

/// Stands before a field's name in messages about an action.
const PLACE: &str = "action";

impl Action {
    /// Whether the action makes sense by itself. Whether its actors exist is
    /// [`Cast::check`](super::Cast::check)'s question.
    pub fn validate(&self) -> Checked {
        match self {
            Action::CreateTopic(topic) => topic.validate(PLACE),
            Action::DeleteTopic { name } => field::topic_name("action.name", name),
            Action::CreatePartitions { topic, count } => {
                field::topic_name("action.topic", topic)?;
                within("action.count", *count, &limit::PARTITIONS)
            }
            Action::AlterTopicConfig { topic, key, value } => {
                field::topic_name("action.topic", topic)?;
                field::config("action.key", key, value.as_deref().unwrap_or(""))
            }
            Action::DeleteRecords {
                topic,
                partition,
                before,
            } => {
                place_in_log(topic, *partition)?;
                field::offset("action.before", *before)
            }
            Action::Send { .. } => self.validate_send(),
            Action::AddProducer(producer) | Action::ChangeProducer(producer) => {
                producer.validate(PLACE)
            }
            Action::AddConsumer(consumer) | Action::ChangeConsumer(consumer) => {
                consumer.validate(PLACE)
            }
            Action::StartProducer { name }
            | Action::StopProducer { name }
            | Action::RemoveProducer { name }
            | Action::StartConsumer { name }
            | Action::StopConsumer { name }
            | Action::CrashConsumer { name }
            | Action::RemoveConsumer { name }
            | Action::PauseConsumer { name }
            | Action::ResumeConsumer { name } => field::client_name("action.name", name),
            Action::Seek {
                name,
                topic,
                partition,
                offset,
            } => {
                field::client_name("action.name", name)?;
                place_in_log(topic, *partition)?;
                field::offset("action.offset", *offset)
            }
            Action::ResetOffsets { group, topic, to } => {
                field::group_id("action.group", group)?;
                field::topic_name("action.topic", topic)?;
                match to {
                    ResetTo::Earliest | ResetTo::Latest => Ok(()),
                    ResetTo::Offset(offset) => field::offset("action.to.offset", *offset),
                }
            }
            Action::DeleteGroup { group } => field::group_id("action.group", group),
            fault_or_mend => fault_or_mend.validate_fault(),
        }
    }

    fn validate_send(&self) -> Checked {
        let Action::Send {
            producer,
            key,
            value,
            partition,
            headers,
        } = self
        else {
            return Ok(());
        };
        field::client_name("action.producer", producer)?;
        let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        at_most("action.key", size(key), limit::KEY_BYTES_MAX, "bytes")?;
        at_most("action.value", size(value), limit::VALUE_BYTES_MAX, "bytes")?;
        if let Some(partition) = partition {
            field::partition("action.partition", *partition)?;
        }
        at_most(
            "action.headers",
            headers.len(),
            limit::HEADERS_MAX,
            "entries",
        )?;
        for (n, (name, text)) in headers.iter().enumerate() {
            let place = format!("action.headers[{n}]");
            at_most(
                &place,
                name.len() + text.len(),
                limit::HEADER_BYTES_MAX,
                "bytes",
            )?;
            if name.is_empty() {
                let allowed = "a header needs a name";
                return Err(Invalid::new("header-name", &place, "has no name", allowed));
            }
        }
        Ok(())
    }
}

pub(super) fn place_in_log(topic: &str, partition: i32) -> Checked {
    field::topic_name("action.topic", topic)?;
    field::partition("action.partition", partition)
}

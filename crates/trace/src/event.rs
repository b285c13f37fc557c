use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One thing that happened, said by the node or client to which it happened.
///
/// `code` is a stable kebab-case name such as `group-rebalance-started`; every code has a
/// sentence in each language of the page (a test over `konbini-web` holds the two together).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub level: Level,
    pub code: Cow<'static, str>,
    /// Named arguments in a fixed order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(Cow<'static, str>, Arg)>,
    /// The Kafka setting that decided this outcome, such as `session.timeout.ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<Cow<'static, str>>,
}

/// How loud an event is on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Happens all the time; shown only in the inspector of its source.
    Detail,
    /// Worth a mark on the timeline.
    Info,
    /// Something was refused or retried.
    Warn,
    /// Something failed or was lost.
    Error,
}

/// An argument of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arg {
    Int(i64),
    Text(String),
}

impl Event {
    pub fn new(level: Level, code: &'static str) -> Event {
        Event {
            level,
            code: Cow::Borrowed(code),
            args: Vec::new(),
            setting: None,
        }
    }

    pub fn detail(code: &'static str) -> Event {
        Event::new(Level::Detail, code)
    }

    pub fn info(code: &'static str) -> Event {
        Event::new(Level::Info, code)
    }

    pub fn warn(code: &'static str) -> Event {
        Event::new(Level::Warn, code)
    }

    pub fn error(code: &'static str) -> Event {
        Event::new(Level::Error, code)
    }

    /// Adds a named argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Event {
        self.args.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// Names the setting that decided this.
    #[must_use]
    pub fn because_of(mut self, setting: &'static str) -> Event {
        self.setting = Some(Cow::Borrowed(setting));
        self
    }

    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(n, _)| n == name).map(|(_, a)| a)
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Arg {
        Arg::Int(value)
    }
}

impl From<i32> for Arg {
    fn from(value: i32) -> Arg {
        Arg::Int(i64::from(value))
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Arg {
        Arg::Text(value.to_owned())
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Arg {
        Arg::Text(value)
    }
}

impl std::fmt::Display for Arg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Arg::Int(value) => write!(f, "{value}"),
            Arg::Text(value) => f.write_str(value),
        }
    }
}

//! How a config is described and how a value of it is read.

use thiserror::Error;

/// The type of a config, as DescribeConfigs numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigKind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// How much it matters to most people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    High,
    Medium,
    Low,
}

/// Which values are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Valid {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// -1, or a number between the two.
    DefaultOrBetween(i64, i64),
    OneOf(&'static [&'static str]),
    /// A list of at least one of these.
    ListOf(&'static [&'static str]),
    /// A number from 0 to 1.
    Ratio,
    /// `*`, or a list of `partition:broker`.
    ThrottledReplicas,
}

impl std::fmt::Display for Valid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Valid::Any => write!(f, "any value"),
            Valid::AtLeast(low) => write!(f, "at least {low}"),
            Valid::Between(low, high) => write!(f, "{low} to {high}"),
            Valid::DefaultOrBetween(low, high) => write!(f, "-1, or {low} to {high}"),
            Valid::OneOf(all) => write!(f, "one of {}", all.join(", ")),
            Valid::ListOf(all) => write!(f, "a list of {}", all.join(", ")),
            Valid::Ratio => write!(f, "0 to 1"),
            Valid::ThrottledReplicas => {
                write!(f, "*, or a list like 0:1,1:2 of partition and broker")
            }
        }
    }
}

/// A broker config that gives a topic config its default; `scale` turns its unit into the topic's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synonym {
    pub name: &'static str,
    pub scale: i64,
}

/// One config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigDef {
    pub name: &'static str,
    pub kind: ConfigKind,
    pub default: &'static str,
    pub valid: Valid,
    /// Broker configs in the order in which they win.
    pub synonyms: &'static [Synonym],
    pub importance: Importance,
    /// One sentence.
    pub doc: &'static str,
    /// Not listed by DescribeConfigs unless it is set.
    pub internal: bool,
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigValue {
    Boolean(bool),
    Text(String),
    /// Also ratios, in thousandths.
    Number(i64),
    List(Vec<String>),
}

impl ConfigValue {
    pub(super) fn as_long(&self) -> i64 {
        match self {
            ConfigValue::Number(value) => *value,
            _ => 0,
        }
    }

    pub(super) fn as_bool(&self) -> bool {
        matches!(self, ConfigValue::Boolean(true))
    }

    pub(super) fn as_text(&self) -> &str {
        match self {
            ConfigValue::Text(value) => value,
            _ => "",
        }
    }

    pub(super) fn into_list(self) -> Vec<String> {
        match self {
            ConfigValue::List(value) => value,
            _ => Vec::new(),
        }
    }
}

/// Why a config is refused (INVALID_CONFIG).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("Unknown topic config name: {name}")]
    Unknown { name: String },
    #[error("Invalid value {value:?} for configuration {name}: allowed is {reason}")]
    Invalid {
        name: String,
        value: String,
        reason: String,
    },
}

impl ConfigDef {
    /// Reads a value; an error names the value and what is allowed.
    pub fn parse(&self, text: &str) -> Result<ConfigValue, ConfigError> {
        let trimmed = text.trim();
        let value = match self.kind {
            ConfigKind::Boolean if trimmed.eq_ignore_ascii_case("true") => {
                Some(ConfigValue::Boolean(true))
            }
            ConfigKind::Boolean if trimmed.eq_ignore_ascii_case("false") => {
                Some(ConfigValue::Boolean(false))
            }
            ConfigKind::Boolean => return Err(self.invalid(text, "true or false".to_owned())),
            ConfigKind::String => Some(ConfigValue::Text(trimmed.to_owned())),
            ConfigKind::Int => trimmed
                .parse::<i32>()
                .ok()
                .map(|v| ConfigValue::Number(v.into())),
            ConfigKind::Long => trimmed.parse::<i64>().ok().map(ConfigValue::Number),
            ConfigKind::Double => parse_permille(trimmed).map(ConfigValue::Number),
            ConfigKind::List => Some(ConfigValue::List(list(trimmed))),
        };
        match value {
            Some(value) if self.allows(&value) => Ok(value),
            Some(_) => Err(self.invalid(text, self.valid.to_string())),
            None => Err(self.invalid(text, format!("a number, {}", self.valid))),
        }
    }

    fn invalid(&self, value: &str, reason: String) -> ConfigError {
        ConfigError::Invalid {
            name: self.name.to_owned(),
            value: value.to_owned(),
            reason,
        }
    }

    fn allows(&self, value: &ConfigValue) -> bool {
        match (self.valid, value) {
            (Valid::Any, _) => true,
            (Valid::AtLeast(low), ConfigValue::Number(v)) => *v >= low,
            (Valid::Between(low, high), ConfigValue::Number(v)) => (low..=high).contains(v),
            (Valid::DefaultOrBetween(low, high), ConfigValue::Number(v)) => {
                *v == -1 || (low..=high).contains(v)
            }
            (Valid::OneOf(all), ConfigValue::Text(v)) => all.contains(&v.as_str()),
            (Valid::ListOf(all), ConfigValue::List(v)) => {
                !v.is_empty() && v.iter().all(|item| all.contains(&item.as_str()))
            }
            (Valid::Ratio, ConfigValue::Number(v)) => (0..=1000).contains(v),
            (Valid::ThrottledReplicas, ConfigValue::List(v)) => {
                v.is_empty() || *v == ["*"] || v.iter().all(|item| is_replica(item))
            }
            _ => false,
        }
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_replica(item: &str) -> bool {
    let parts: Vec<&str> = item.split(':').collect();
    parts.len() == 2 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

/// Thousandths of a decimal number, further digits cut off.
fn parse_permille(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut thousandths = fraction.chars().chain("000".chars()).take(3);
    let fraction = thousandths.try_fold(0, |sum, digit| {
        digit.to_digit(10).map(|digit| sum * 10 + i64::from(digit))
    })?;
    whole
        .checked_mul(1000)?
        .checked_add(fraction)
        .map(|value| sign * value)
}

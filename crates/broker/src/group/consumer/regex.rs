//! Subscriptions by regular expression (KIP-848, ConsumerGroupHeartbeat 1). Apache Kafka uses RE2/J;
//! the expressions here are those of the `regex-lite` crate, which has the same syntax but for
//! character classes of Unicode (`\p{…}`), which topic names have no use for.

use super::ResolvedRegex;
use super::record::ConsumerRecord;
use super::scope::{Refusal, Scope};
use kafka_protocol::ResponseError;
use regex_lite::{Regex, RegexBuilder};
use std::collections::BTreeSet;

/// How often a group's expressions are looked up among the topics, milliseconds.
const LOOK_UP_INTERVAL_MS: i64 = 10_000;
/// The largest compiled expression, bytes.
const MAX_COMPILED_BYTES: usize = 256 * 1024;
/// How deep groups may be nested.
const MAX_NESTING: u32 = 50;

/// Whether an expression can be used. The empty one is no expression.
pub fn check(pattern: &str) -> Result<(), Refusal> {
    match compile(pattern) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("`{pattern}` is no regular expression: {error}");
            Err(Refusal::new(
                ResponseError::InvalidRegularExpression,
                message,
            ))
        }
    }
}

/// Topics match as a whole.
fn compile(pattern: &str) -> Result<Regex, regex_lite::Error> {
    // Without its own check, `a)(b` would pass inside the parentheses.
    RegexBuilder::new(pattern).nest_limit(MAX_NESTING).build()?;
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(MAX_COMPILED_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
}

impl Scope<'_> {
    /// Looks up new expressions at once and the others from time to time. True when any stands for
    /// other topics than before.
    pub(super) fn look_up_regexes(&mut self) -> bool {
        self.forget_regexes();
        if self.group().subscribed_regexes().is_empty() {
            return false;
        }
        let now = self.turn.now;
        let last = self.soft().regexes_looked_up;
        let due = last.is_none_or(|last| now - last >= LOOK_UP_INTERVAL_MS);
        if due {
            self.soft().regexes_looked_up = Some(now);
        }
        let group = self.group();
        let wanted = group.subscribed_regexes().keys();
        let wanted = wanted.filter(|regex| due || !group.regexes.contains_key(*regex));
        let wanted: Vec<String> = wanted.cloned().collect();
        let mut changed = false;
        for regex in wanted {
            let topics = self.matching(&regex);
            let known = self.group().regexes.get(&regex);
            if known.is_some_and(|known| known.topics == topics) {
                continue;
            }
            changed |= known.map_or(!topics.is_empty(), |_| true);
            let resolved = ResolvedRegex {
                topics,
                version: 0,
                timestamp: now,
            };
            let value = Some(resolved);
            self.write(ConsumerRecord::Regex { regex, value });
        }
        changed
    }

    fn matching(&self, pattern: &str) -> BTreeSet<String> {
        // It was checked when it came. In the log of another broker it may be one that cannot be used
        // here: it stands for nothing.
        let Ok(regex) = compile(pattern) else {
            return BTreeSet::new();
        };
        let names = self.topics.names().into_iter();
        names
            .filter(|name| regex.is_match(name))
            .map(str::to_owned)
            .collect()
    }

    /// Drops expressions that nobody subscribes by any more.
    pub(super) fn forget_regexes(&mut self) {
        let group = self.group();
        let known = group.regexes.keys();
        let gone = known.filter(|regex| !group.subscribed_regexes().contains_key(*regex));
        let gone: Vec<String> = gone.cloned().collect();
        for regex in gone {
            self.write(ConsumerRecord::Regex { regex, value: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_match() {
        let table = [
            ("orders", "orders", true),
            ("orders", "orders-2", false),
            ("orders.*", "orders-2", true),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("[a-c]+\\d", "abc7", true),
            ("(?i)ORDERS", "orders", true),
        ];
        for (pattern, name, expect) in table {
            assert_eq!(
                compile(pattern).unwrap().is_match(name),
                expect,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let nested = format!("{}a{}", "(".repeat(500), ")".repeat(500));
        let huge = "(a{1000}){1000}".to_owned();
        for pattern in ["(", "a)(b", "[a", "a{2,1}", "(?=a)", &nested, &huge] {
            let refusal = check(pattern).expect_err(pattern);
            assert_eq!(refusal.error, ResponseError::InvalidRegularExpression);
        }
        assert!(check("").is_ok());
    }
}

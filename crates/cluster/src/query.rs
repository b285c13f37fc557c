//! Asking a snapshot for a value by a path, so that expectations can be data.
//!
//! A path is names with dots between them. In a list, a name finds the element of that `name`,
//! `id`, `topic`, `partition`, `clientId` or client's name, or the element at that place. `#` is a
//! list's length, and `+` goes into each element and adds up what is found there.

use serde_json::Value;

/// The fields by which an element of a list is known, in this order.
const NAMES: [&str; 5] = ["name", "id", "clientId", "partition", "topic"];

/// The value at a path.
///
/// # Errors
/// A sentence that says where the path leads nowhere, and what is there.
pub fn query(value: &Value, path: &str) -> Result<Value, String> {
    let mut here = value.clone();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('.').unwrap_or((rest, ""));
        if name == "+" {
            return sum(&here, after);
        }
        here = go(&here, name)
            .ok_or_else(|| format!("there is no {name:?} of {path:?} in {}", shorten(&here)))?;
        rest = after;
    }
    Ok(here)
}

fn go(here: &Value, name: &str) -> Option<Value> {
    match here {
        Value::Object(fields) => fields.get(name).cloned(),
        Value::Array(list) if name == "#" => Some(Value::from(list.len())),
        Value::Array(list) => {
            let named = list.iter().find(|element| is_called(element, name));
            let placed = || list.get(name.parse::<usize>().ok()?);
            named.or_else(placed).cloned()
        }
        _ => None,
    }
}

fn is_called(element: &Value, name: &str) -> bool {
    let own = NAMES.iter().find_map(|field| element.get(field));
    let client = element.get("spec").and_then(|spec| spec.get("name"));
    match own.or(client) {
        Some(Value::String(text)) => text == name,
        Some(Value::Number(number)) => number.to_string() == name,
        _ => false,
    }
}

fn sum(here: &Value, path: &str) -> Result<Value, String> {
    let Value::Array(list) = here else {
        return Err(format!("'+' adds up lists, not {}", shorten(here)));
    };
    let mut total = 0;
    for element in list {
        let value = query(element, path)?;
        let number = value.as_i64();
        total += number.ok_or_else(|| format!("{} is not a whole number", shorten(&value)))?;
    }
    Ok(Value::from(total))
}

fn shorten(value: &Value) -> String {
    const SHOWN_CHARS: usize = 400;
    value.to_string().chars().take(SHOWN_CHARS).collect()
}

/// Whether a value is as expected: equal, or within `{"atLeast": …, "atMost": …}`.
pub fn meets(value: &Value, expected: &Value) -> bool {
    let Value::Object(bounds) = expected else {
        return value == expected;
    };
    let known = |name: &String| name == "atLeast" || name == "atMost";
    if bounds.is_empty() || !bounds.keys().all(known) {
        return value == expected;
    }
    let Some(number) = value.as_i64() else {
        return false;
    };
    let bound = |name: &str| bounds.get(name).map(|bound| bound.as_i64());
    let above = match bound("atLeast") {
        Some(bound) => bound.is_some_and(|bound| number >= bound),
        None => true,
    };
    let below = match bound("atMost") {
        Some(bound) => bound.is_some_and(|bound| number <= bound),
        None => true,
    };
    above && below
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = r#"{
        "now": 7,
        "topics": [{"name": "a", "id": "x", "partitions": [{"partition": 0, "end": 3}, {"partition": 1, "end": 4}]}],
        "producers": [{"spec": {"name": "p1"}, "sent": 5}],
        "owned": [{"topic": "a", "position": 9}]
    }"#;

    fn check(path: &str, expect: &str) {
        let world = serde_json::from_str(WORLD).unwrap();
        let found = match query(&world, path) {
            Ok(value) => value.to_string(),
            Err(error) => error.split(" in ").next().unwrap_or("").to_owned(),
        };
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn paths() {
        check("now", "7");
        check("topics.#", "1");
        check("topics.a.partitions.1.end", "4");
        check("topics.0.name", "\"a\"");
        check("topics.a.partitions.+.end", "7");
        check("producers.p1.sent", "5");
        check("owned.a.position", "9");
        check(
            "topics.b.partitions",
            r#"there is no "b" of "topics.b.partitions""#,
        );
        check("topics.+.name", r#""a" is not a whole number"#);
    }

    #[test]
    fn expectations() {
        let check = |value: &str, expected: &str, is: bool| {
            let parse = |text| serde_json::from_str(text).unwrap();
            assert_eq!(
                meets(&parse(value), &parse(expected)),
                is,
                "{value} {expected}"
            );
        };
        check("5", "5", true);
        check("5", "6", false);
        check("\"a\"", "\"a\"", true);
        check("5", r#"{"atLeast": 5}"#, true);
        check("5", r#"{"atLeast": 3, "atMost": 4}"#, false);
        check("5", r#"{"atLeast": "many"}"#, false);
        check("\"a\"", r#"{"atLeast": 5}"#, false);
        check("[]", "[]", true);
    }
}

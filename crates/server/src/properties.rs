//! Files in the syntax of Java's `Properties`, which is that of Kafka's `server.properties`.
//!
//! ```text
//! # a comment, as is a line with !
//! key=value      key: value      key value
//! list=a,\
//!      b                 goes on in the next line, whose leading blanks do not count
//! path=C\:\\kafka        a backslash takes the next character as it is; \t \n \r \f \uXXXX
//! ```

use anyhow::{Result, bail};
use std::iter::Peekable;
use std::str::Chars;

/// Keys and values in the order in which they stand in the file.
///
/// # Errors
/// A `\u` without four hexadecimal digits; the line is named.
pub fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (number, line) in logical_lines(text) {
        let mut chars = line.chars().peekable();
        let (Some(key), Some(value)) = (key(&mut chars), value(&mut chars)) else {
            bail!("line {number}: \\u needs four hexadecimal digits");
        };
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// Lines without comments and blank ones, joined where they go on, with the number of their first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut numbered = text.lines().enumerate();
    while let Some((at, line)) = numbered.next() {
        let mut whole = line.trim_start().to_owned();
        if whole.is_empty() || whole.starts_with(['#', '!']) {
            continue;
        }
        while goes_on(&whole) {
            whole.pop();
            match numbered.next() {
                Some((_, next)) => whole.push_str(next.trim_start()),
                None => break,
            }
        }
        lines.push((at + 1, whole));
    }
    lines
}

/// Whether a line ends with a backslash that is not itself taken as it is.
fn goes_on(line: &str) -> bool {
    let backslashes = line.chars().rev().take_while(|c| *c == '\\').count();
    backslashes % 2 == 1
}

fn key(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut key = String::new();
    while let Some(next) = chars.peek() {
        if matches!(next, '=' | ':') || next.is_whitespace() {
            break;
        }
        key.push(character(chars)?);
    }
    skip_blanks(chars);
    if matches!(chars.peek(), Some('=' | ':')) {
        chars.next();
        skip_blanks(chars);
    }
    Some(key)
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.peek().is_some_and(|next| next.is_whitespace()) {
        chars.next();
    }
}

fn value(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut value = String::new();
    while chars.peek().is_some() {
        value.push(character(chars)?);
    }
    // Kafka trims what it reads; Java keeps blanks at the end.
    Some(value.trim_end().to_owned())
}

/// The next character, whatever it is written as.
fn character(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '\\' => match chars.next()? {
            't' => Some('\t'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            'f' => Some('\u{c}'),
            'u' => {
                let digits: String = chars.by_ref().take(4).collect();
                let is_whole = digits.len() == 4;
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| is_whole)?;
                char::from_u32(code)
            }
            other => Some(other),
        },
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_syntax() {
        let check = |text: &str, expect: &[(&str, &str)]| {
            let found = parse(text).expect("it is well formed");
            let found: Vec<_> = found
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("", &[]);
        check("# no\n! no\n\n  # no\n", &[]);
        check(
            "a=1\nb: 2\nc 3\nd = 4 \ne",
            &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "")],
        );
        check(
            "list=a,\\\n     b\nnext=1",
            &[("list", "a,b"), ("next", "1")],
        );
        check(
            "path=C\\:\\\\kafka\\\\\nx=1",
            &[("path", "C:\\kafka\\"), ("x", "1")],
        );
        check("a\\=b=c=d", &[("a=b", "c=d")]);
        check("e=\\u00e9\\t.", &[("e", "\u{e9}\t.")]);
        check("end=1\\", &[("end", "1")]);
    }

    #[test]
    fn a_bad_escape_is_named_with_its_line() {
        let error = parse("a=1\n\nb=\\u12").expect_err("too few digits");
        assert_eq!(
            error.to_string(),
            "line 3: \\u needs four hexadecimal digits"
        );
    }
}

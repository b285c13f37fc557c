//! Usage: `konbini-differential KAFKA-ADDRESS KAFKA-DIR KONBINI-ADDRESS KONBINI-DIR`
//!
//! Each case is a sequence of requests. It runs against Apache Kafka and against Konbini; the
//! decoded answers, made comparable by [`normal`], have to be the same. Prints `ok CASE` or
//! `not ok CASE: …` with what differs; differences that are known, with their reasons, are in
//! `known.txt` and are counted apart. A known one that is not met any more is a failure too.

mod cases;
mod known;
mod normal;
mod session;

use anyhow::{Context, Result};
use known::Known;
use session::{Session, Step};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kafka, kafka_dir, konbini, konbini_dir] = arguments.as_slice() else {
        anyhow::bail!("usage: KAFKA-ADDRESS KAFKA-DIR KONBINI-ADDRESS KONBINI-DIR");
    };
    let mut known = Known::read()?;
    let mut total = Total::default();
    // For trying out one case: a part of its name.
    let only = std::env::var("ONLY").unwrap_or_default();
    for (name, case) in cases::ALL.iter().filter(|(name, _)| name.contains(&only)) {
        let steps = |address: &str, dir: &str| -> Result<Vec<Step>> {
            let mut session = Session::new(address, PathBuf::from(dir));
            case(&mut session);
            Ok(session.into_steps())
        };
        let theirs = steps(kafka, kafka_dir).with_context(|| format!("{name} at Kafka"))?;
        let ours = steps(konbini, konbini_dir).with_context(|| format!("{name} at Konbini"))?;
        compare(name, theirs, ours, &mut known, &mut total);
    }
    for (step, reason) in known.unmet() {
        total.differ += 1;
        println!("not ok {step}: it is known to differ ({reason}), but it does not");
    }
    println!(
        "{} answers: {} the same, {} differ for a known reason, {} differ",
        total.same + total.known + total.differ,
        total.same,
        total.known,
        total.differ
    );
    Ok(if total.differ == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Lines of each that are shown of a difference.
const LINES: usize = 14;

#[derive(Default)]
struct Total {
    same: usize,
    known: usize,
    differ: usize,
}

fn compare(name: &str, theirs: Vec<Step>, ours: Vec<Step>, known: &mut Known, total: &mut Total) {
    let (kafka, mut konbini) = (numbered(theirs), numbered(ours));
    let mut differs = Vec::new();
    let mut judge = |step: &str, kafka: Option<&str>, konbini: Option<&str>| {
        let step = format!("{name}, {step}");
        if kafka == konbini {
            total.same += 1;
        } else if known.meets(&step) {
            total.known += 1;
        } else {
            total.differ += 1;
            differs.push(format!("{step}\n{}", lines(kafka, konbini)));
        }
    };
    for (step, text) in kafka {
        let at = konbini.iter().position(|(other, _)| *other == step);
        let other = at.map(|at| konbini.remove(at).1);
        judge(&step, Some(&text), other.as_deref());
    }
    for (step, text) in konbini {
        judge(&step, None, Some(&text));
    }
    match differs.as_slice() {
        [] => println!("ok {name}"),
        differs => println!("not ok {name}: {} answers differ", differs.len()),
    }
    for one in differs {
        println!("  {one}");
    }
}

/// Steps by name; of those with the same name, the second is called so.
fn numbered(steps: Vec<Step>) -> Vec<(String, String)> {
    let mut times = BTreeMap::new();
    let names = steps.into_iter().map(|step| {
        let time = times.entry(step.name.clone()).or_insert(0);
        *time += 1;
        let name = match *time {
            1 => step.name,
            time => format!("{} ({time})", step.name),
        };
        (name, step.text)
    });
    names.collect()
}

/// The lines that only one of them has.
fn lines(kafka: Option<&str>, konbini: Option<&str>) -> String {
    let of = |text: Option<&str>| -> Vec<String> {
        let lines = text.unwrap_or("no such step").lines();
        lines.map(str::to_owned).collect()
    };
    let (kafka, konbini) = (of(kafka), of(konbini));
    let begin = kafka
        .iter()
        .zip(&konbini)
        .take_while(|(a, b)| a == b)
        .count();
    let ends = kafka[begin..]
        .iter()
        .rev()
        .zip(konbini[begin..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let mut out = String::new();
    for (mark, all) in [("Kafka  ", &kafka), ("Konbini", &konbini)] {
        for line in all[begin..all.len() - end].iter().take(LINES) {
            out.push_str(&format!("    {mark} {line}\n"));
        }
    }
    out
}

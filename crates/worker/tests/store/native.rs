//! The planner over plain tables: what IndexedDB would do with the writes, in memory.

use crate::model::{self, Disks, LogFiles};
use crate::script::{self, Step};
use bytes::Bytes;
use konbini_log::{LogDir, StoreOp};
use konbini_worker::store::catalog::{Catalog, Entry, LogAt, ValueAt};
use konbini_worker::store::plan::{Range, Write, plan};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Default)]
struct Tables {
    data: BTreeMap<ValueAt, Bytes>,
    index: BTreeMap<ValueAt, Entry>,
    files: BTreeMap<(LogAt, String), Bytes>,
}

impl Tables {
    fn write(&mut self, write: Write) {
        match write {
            Write::Value { at, bytes, entry } => {
                self.data.insert(at.clone(), bytes);
                self.index.insert(at, entry);
            }
            Write::Entry { at, entry } => {
                self.index.insert(at, entry);
            }
            Write::Drop(range) => {
                let covers = |at: &ValueAt| match &range {
                    Range::Log(log) => at.log == *log,
                    Range::Segment(log, segment) => at.log == *log && at.segment == *segment,
                    Range::From(from) => {
                        at.log == from.log
                            && at.segment == from.segment
                            && at.position >= from.position
                    }
                    Range::One(one) => at == one,
                };
                self.data.retain(|at, _| !covers(at));
                self.index.retain(|at, _| !covers(at));
            }
            Write::File { log, name, bytes } => {
                self.files.insert((log, name), bytes);
            }
            Write::DropFile { log, name } => {
                self.files.remove(&(log, name));
            }
            Write::DropFiles { log } => self.files.retain(|(other, _), _| *other != log),
        }
    }

    fn catalog(&self) -> Catalog {
        let mut catalog = Catalog::default();
        for (at, entry) in &self.index {
            catalog.insert(at.clone(), *entry);
        }
        for (log, name) in self.files.keys() {
            catalog.insert_file(log.clone(), name.clone());
        }
        catalog
    }

    fn disks(&self) -> Disks {
        let mut disks = Disks::new();
        let mut log_of = |log: &LogAt, change: &mut dyn FnMut(&mut LogFiles)| {
            change(disks.entry((log.node, log.dir.to_string())).or_default());
        };
        for (at, entry) in &self.index {
            let value = self.data.get(at).cloned().unwrap_or_default();
            assert_eq!(value.len(), entry.len as usize);
            log_of(&at.log, &mut |log| {
                let content = log.segments.entry(at.segment).or_default();
                assert_eq!(
                    content.len(),
                    at.position as usize,
                    "values lie back to back"
                );
                content.extend_from_slice(&value[..entry.kept as usize]);
            });
        }
        for ((log, name), bytes) in &self.files {
            log_of(log, &mut |log| {
                log.files.insert(name.clone(), bytes.clone());
            });
        }
        let known = self.data.keys().all(|at| self.index.contains_key(at));
        assert!(known, "no value without an entry");
        disks
    }
}

#[test]
fn the_script_holds_for_the_planner() {
    let (mut disks, mut tables) = (Disks::new(), Tables::default());
    let mut catalog = Catalog::default();
    let mut waiting = Vec::new();
    for (line, step) in script::parse(script::SCRIPT) {
        match step {
            Step::Op(node, op) => {
                model::apply(&mut disks, node, &op);
                waiting.push((node, op));
            }
            Step::Generation => {}
            Step::Commit | Step::Reopen => {
                let planned = plan(&mut catalog, std::mem::take(&mut waiting));
                planned
                    .writes
                    .into_iter()
                    .for_each(|write| tables.write(write));
                assert_eq!(tables.disks(), disks, "line {line}");
                assert_eq!(tables.catalog(), catalog, "line {line}");
            }
            Step::Values(node, dir, segment, expect) => {
                let log = LogAt::new(node, &dir);
                let values = catalog.segment(&log, segment).into_iter().flatten();
                let values: Vec<_> = values.map(|(&at, entry)| (at, entry.kept)).collect();
                assert_eq!(values, expect, "line {line}");
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Draw {
    Append {
        log: usize,
        segment: i64,
        len: usize,
    },
    Truncate {
        log: usize,
        segment: i64,
        back: u32,
    },
    Replace {
        log: usize,
        segment: i64,
        /// So many offsets, and what segments begin in them.
        span: i64,
        len: usize,
    },
    DeleteSegment {
        log: usize,
        segment: i64,
    },
    DeleteDir {
        log: usize,
    },
    Put {
        log: usize,
        name: u8,
    },
    Remove {
        log: usize,
        name: u8,
    },
    Commit,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let log = 0usize..3;
    let segment = 0i64..3;
    let draw = prop_oneof![
        8 => (log.clone(), segment.clone(), prop_oneof![1usize..200, 50_000usize..70_000, 200_000usize..300_000])
            .prop_map(|(log, segment, len)| Draw::Append { log, segment, len }),
        3 => (log.clone(), segment.clone(), 0u32..100_000)
            .prop_map(|(log, segment, back)| Draw::Truncate { log, segment, back }),
        2 => (log.clone(), segment.clone(), 1i64..3, prop_oneof![1usize..200, 200_000usize..300_000])
            .prop_map(|(log, segment, span, len)| Draw::Replace { log, segment, span, len }),
        1 => (log.clone(), segment).prop_map(|(log, segment)| Draw::DeleteSegment { log, segment }),
        1 => log.clone().prop_map(|log| Draw::DeleteDir { log }),
        1 => (log.clone(), 0u8..3).prop_map(|(log, name)| Draw::Put { log, name }),
        1 => (log, 0u8..3).prop_map(|(log, name)| Draw::Remove { log, name }),
        3 => Just(Draw::Commit),
    ];
    prop::collection::vec(draw, 1..40)
}

/// Some are deleted with a segment, others not.
fn file_name(number: u8) -> String {
    match number {
        0 | 1 => format!("{number:020}.index"),
        _ => "leader-epoch-checkpoint".to_owned(),
    }
}

/// Turns a draw into an operation that fits what the disks hold.
fn op_of(draw: &Draw, number: usize, disks: &Disks) -> Option<(i32, StoreOp)> {
    const LOGS: [(i32, &str); 3] = [(1, "a-0"), (1, "a-1"), (2, "a-0")];
    let place = |log: usize| (LOGS[log].0, LogDir(LOGS[log].1.to_owned()));
    let size = |log: usize, segment: &i64| {
        let log = disks.get(&(LOGS[log].0, LOGS[log].1.to_owned()));
        let content = log.and_then(|log| log.segments.get(segment));
        content.map_or(0, Vec::len) as u32
    };
    let (log, op): (usize, Box<dyn Fn(LogDir) -> StoreOp>) = match *draw {
        Draw::Append { log, segment, len } => {
            let (position, bytes) = (size(log, &segment), script::content(number, len));
            let append = move |dir| StoreOp::Append {
                dir,
                segment,
                position,
                bytes: bytes.clone(),
            };
            (log, Box::new(append))
        }
        Draw::Truncate { log, segment, back } => {
            let size = size(log, &segment).saturating_sub(back);
            (
                log,
                Box::new(move |dir| StoreOp::Truncate { dir, segment, size }),
            )
        }
        // Only what is there is replaced.
        Draw::Replace { log, segment, .. } if size(log, &segment) == 0 => {
            return op_of(&Draw::Put { log, name: 2 }, number, disks);
        }
        Draw::Replace {
            log,
            segment,
            span,
            len,
        } => {
            let bytes = script::content(number, len);
            let replace = move |dir| StoreOp::Replace {
                dir,
                segment,
                until: segment + span,
                bytes: bytes.clone(),
            };
            (log, Box::new(replace))
        }
        Draw::DeleteSegment { log, segment } => (
            log,
            Box::new(move |dir| StoreOp::DeleteSegment { dir, segment }),
        ),
        Draw::DeleteDir { log } => (log, Box::new(|dir| StoreOp::DeleteDir { dir })),
        Draw::Put { log, name } => {
            let put = move |dir| StoreOp::Put {
                dir,
                name: file_name(name),
                bytes: script::content(number, 9),
            };
            (log, Box::new(put))
        }
        Draw::Remove { log, name } => {
            let name = file_name(name);
            (
                log,
                Box::new(move |dir| StoreOp::Remove {
                    dir,
                    name: name.clone(),
                }),
            )
        }
        Draw::Commit => return None,
    };
    let (node, dir) = place(log);
    Some((node, op(dir)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_operations_hold_for_the_planner(draws in draws()) {
        let (mut disks, mut tables) = (Disks::new(), Tables::default());
        let mut catalog = Catalog::default();
        let mut waiting = Vec::new();
        for (number, draw) in draws.iter().chain([&Draw::Commit]).enumerate() {
            if let Some((node, op)) = op_of(draw, number, &disks) {
                model::apply(&mut disks, node, &op);
                waiting.push((node, op));
                continue;
            }
            let planned = plan(&mut catalog, std::mem::take(&mut waiting));
            planned.writes.into_iter().for_each(|write| tables.write(write));
            prop_assert_eq!(&tables.disks(), &disks);
            prop_assert_eq!(&tables.catalog(), &catalog);
        }
    }
}

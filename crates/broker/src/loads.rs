//! Bytes that are wanted from the disk: each piece is asked for once, however many wait for it.

use std::collections::BTreeMap;

use konbini_log::{Load, LogDir};

use crate::{LoadId, Output};

#[derive(Debug, Default)]
pub(crate) struct Loads {
    next: u64,
    by_id: BTreeMap<LoadId, Load>,
    by_load: BTreeMap<Load, LoadId>,
}

impl Loads {
    /// The id of a load, which is asked for unless it is under way.
    pub fn ask(&mut self, load: Load, out: &mut std::collections::VecDeque<Output>) -> LoadId {
        if let Some(id) = self.by_load.get(&load) {
            return *id;
        }
        let id = LoadId(self.next);
        self.next += 1;
        self.by_id.insert(id, load.clone());
        self.by_load.insert(load.clone(), id);
        out.push_back(Output::Load(id, load));
        id
    }

    /// Whether bytes of that directory are asked for.
    pub fn are_under_way(&self, dir: &LogDir) -> bool {
        self.by_load.keys().any(|load| load.dir == *dir)
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The load that an answer belongs to.
    pub fn done(&mut self, id: LoadId) -> Option<Load> {
        let load = self.by_id.remove(&id)?;
        self.by_load.remove(&load);
        Some(load)
    }
}

//! One setting of a broker: what it may be, and whether it can change.

use konbini_log::config::{ConfigDef, ConfigKind, Importance, Valid};

/// Whether a broker setting can change while the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    ReadOnly,
    ClusterWide,
}

/// One setting of a broker.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub def: ConfigDef,
    /// False: without a value it is null.
    pub has_default: bool,
    pub update: Update,
}

pub(super) const fn setting(
    name: &'static str,
    kind: ConfigKind,
    default: &'static str,
    valid: Valid,
    doc: &'static str,
) -> Setting {
    let synonyms = &[];
    let importance = Importance::Medium;
    let def = ConfigDef {
        name,
        kind,
        default,
        valid,
        synonyms,
        importance,
        doc,
        internal: false,
    };
    Setting {
        def,
        has_default: true,
        update: Update::ReadOnly,
    }
}

impl Setting {
    pub fn default_value(&self) -> Option<&'static str> {
        self.has_default.then_some(self.def.default)
    }

    pub(super) const fn cluster_wide(mut self) -> Setting {
        self.update = Update::ClusterWide;
        self
    }

    pub(super) const fn without_default(mut self) -> Setting {
        self.has_default = false;
        self
    }
}

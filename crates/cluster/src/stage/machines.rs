//! The brokers' machines as actions left them: who is to run, whose disk is full, whose clock is
//! off. What happens to them by itself, the cluster knows.

use konbini_scenario::Action;
use konbini_scenario::fault::DownWhy;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machines(BTreeMap<i32, OnStage>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnStage {
    /// Why it is not to run.
    pub(crate) down: Option<DownWhy>,
    /// How often an action started it: each start is another process.
    pub(crate) starts: u32,
    pub(crate) full: bool,
    /// Virtual ms by which its clock is ahead.
    pub(crate) skew_ms: i64,
}

impl Machines {
    pub(crate) fn of(&self, broker: i32) -> OnStage {
        self.0.get(&broker).copied().unwrap_or_default()
    }

    /// Follows an action about a machine; others change nothing.
    pub(super) fn fold(&mut self, action: &Action) {
        match action {
            Action::StopBroker { broker } => self.at(*broker).down = Some(DownWhy::Stopped),
            Action::KillBroker { broker } => self.at(*broker).down = Some(DownWhy::Killed),
            Action::CutBrokerPower { broker } => self.at(*broker).down = Some(DownWhy::PowerCut),
            Action::StartBroker { broker } => {
                let machine = self.at(*broker);
                machine.down = None;
                machine.starts += 1;
            }
            Action::FillDisk { broker } => self.at(*broker).full = true,
            Action::FreeDisk { broker } => self.at(*broker).full = false,
            Action::SkewClock { broker, ms } => self.at(*broker).skew_ms = *ms,
            _ => {}
        }
    }

    fn at(&mut self, broker: i32) -> &mut OnStage {
        self.0.entry(broker).or_default()
    }
}

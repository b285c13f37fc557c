use super::field::{Checked, at_most, within};
use super::{Cast, Invalid};
use crate::action::Recording;
use crate::limit;

impl Recording {
    /// The scenario, each action by itself, their order in time, who is there to hear them, and the
    /// programs.
    pub fn validate(&self) -> Checked {
        self.scenario.validate().map_err(|e| within_scenario(&e))?;
        at_most("actions", self.actions.len(), limit::ACTIONS_MAX, "entries")?;
        within("until", self.until, &(0..=limit::RUN_MS_MAX))?;
        let mut cast = Cast::of(&self.scenario)?;
        let mut earliest = 0;
        for (n, timed) in self.actions.iter().enumerate() {
            let place = format!("actions[{n}]");
            within(
                &format!("{place}.at"),
                timed.at,
                &(earliest..=limit::RUN_MS_MAX),
            )?;
            earliest = timed.at;
            timed
                .action
                .validate()
                .map_err(|e| within_action(&e, &place))?;
            cast.fold(&timed.action)
                .map_err(|e| within_action(&e, &place))?;
        }
        self.code.validate()
    }
}

fn within_scenario(invalid: &Invalid) -> Invalid {
    Invalid {
        code: invalid.code,
        field: format!("scenario.{}", invalid.field),
        message: format!("scenario.{}", invalid.message),
    }
}

fn within_action(invalid: &Invalid, place: &str) -> Invalid {
    let moved = |text: &str| match text.strip_prefix("action") {
        Some(rest) => format!("{place}{rest}"),
        None => format!("{place}: {text}"),
    };
    Invalid {
        code: invalid.code,
        field: moved(&invalid.field),
        message: moved(&invalid.message),
    }
}

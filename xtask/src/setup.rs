//! The list of what a command needs, worked off in order: present, or installed now.

use anyhow::{Context, Result};
use std::time::Instant;

/// Something that must be there before work begins.
pub struct Need {
    pub name: String,
    /// What is already there, in a few words.
    pub present: Box<dyn Fn() -> Option<String>>,
    /// What installing does and about how long it takes.
    pub how: &'static str,
    pub install: Box<dyn Fn() -> Result<()>>,
}

/// Installs what is missing of `needs`, saying what it does.
pub fn provide(needs: &[Need]) -> Result<()> {
    for (index, need) in needs.iter().enumerate() {
        let place = format!("[{}/{}] {}", index + 1, needs.len(), need.name);
        if let Some(found) = (need.present)() {
            println!("{place}: present ({found})");
            continue;
        }
        println!("{place}: {}", need.how);
        let started = Instant::now();
        (need.install)().with_context(|| format!("{} could not be set up", need.name))?;
        let found = (need.present)()
            .with_context(|| format!("{} is still missing after its installation", need.name))?;
        println!(
            "{place}: installed in {:.0} s ({found})",
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

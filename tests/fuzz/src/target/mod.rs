//! What is given inputs.

pub mod batches;
pub mod frames;
pub mod recovery;

use bytes::Bytes;
use konbini_sim::dice::Dice;

pub trait Target {
    /// Makes an input, gives it, and says what does not hold.
    fn run(&mut self, dice: &mut Dice) -> Result<(), String>;

    /// The last one.
    fn input(&self) -> Bytes;
}

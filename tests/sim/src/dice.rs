//! Chance from a seed: splitmix64, so that a plan is the same on every machine.

pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        // Neighbouring seeds must not begin alike.
        let mut dice = Dice(seed ^ 0x6b6f_6e62_696e_6921);
        dice.roll();
        dice
    }

    /// 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = (high - low).unsigned_abs() + 1;
        low + (self.roll() % width) as i64
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let last = choices.len() as i64 - 1;
        &choices[self.between(0, last) as usize]
    }
}

mod harness;
mod random;
mod records;
mod script;
mod transitions;

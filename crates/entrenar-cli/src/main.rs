//! The `entrenar` command.
fn main() {}

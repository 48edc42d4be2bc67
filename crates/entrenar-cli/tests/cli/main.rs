//! The program as its users meet it: output, errors and exit codes in an environment of its own.

/// Compares what a command prints with its snapshot.
#[cfg(test)]
macro_rules! transcript {
    ($home:expr, $args:expr) => {
        insta::assert_snapshot!($home.transcript(&$args))
    };
}

#[cfg(test)]
mod artifact;
mod bad_input;
#[cfg(test)]
mod charts;
#[cfg(test)]
mod citing;
mod crates;
#[cfg(test)]
mod deposit;
#[cfg(test)]
#[path = "../../../entrenar/tests/fake_archive/mod.rs"]
mod fake_archive;
#[cfg(test)]
mod live;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod preserve;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod verbs;
#[cfg(test)]
mod verify;

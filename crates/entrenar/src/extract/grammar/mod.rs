//! Small grammars: each reads one way of printing numbers from one line.
//!
//! A grammar says what is there (names, numbers, places), not what it means; the reader above
//! decides which of it are metrics.

pub(super) mod bar;
pub(super) mod boxed;
pub(super) mod columns;
pub(super) mod dict;
pub(super) mod pairs;
pub(super) mod report;
pub(super) mod symbols;
pub(super) mod validator;

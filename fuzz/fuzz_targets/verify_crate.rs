#![no_main]
//! The metadata files of a crate, each with any content.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| entrenar::preserve::verify::fuzz_content(bytes));

#![no_main]
//! Zips: no name leaves the folder, and no file gives more than it states.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| entrenar::preserve::verify::fuzz_zip(bytes));

#![no_main]
//! Lists of checksums: whatever is read, no path leaves the folder.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| entrenar::preserve::verify::fuzz_sums(bytes));

#![no_main]
//! Any bytes as a file at the secret gate: the scan ends, what it tells lies in the file, pieces
//! give what the whole gives, and nothing that was replaced is found again.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| entrenar::secrets::fuzz_scan(bytes));
